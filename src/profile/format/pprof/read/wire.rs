//! The outermost layer of a protobuf message, field by field, without decoding what is inside.
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// Numbers of the fields of `profile.proto`'s `Profile` that are read here.
pub(super) mod field {
    pub(in super::super) const SAMPLE: u64 = 2;
    pub(in super::super) const MAPPING: u64 = 3;
    pub(in super::super) const LOCATION: u64 = 4;
    pub(in super::super) const FUNCTION: u64 = 5;
    pub(in super::super) const STRING: u64 = 6;
}

/// Wire types.
pub(super) const VARINT: u64 = 0;
const FIXED64: u64 = 1;
pub(super) const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// Why the bytes are no sequence of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// They end inside a field.
    CutShort,
    /// They are not protobuf, or not that of a pprof profile.
    Malformed,
}

/// One field of any message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) number: u64,
    /// Its wire type.
    pub(super) kind: u64,
    /// The whole field, its key included.
    pub(super) raw: &'a [u8],
    /// What comes behind the key, without the length.
    pub(super) content: &'a [u8],
}

/// The first field of a message, and what follows it.
pub(super) fn part(bytes: &[u8]) -> Result<(Part<'_>, &[u8]), Broken> {
    let (key, behind) = varint(bytes)?;
    let (number, kind) = (key >> 3, key & 7);
    let (content, rest) = match kind {
        VARINT => {
            let (_, rest) = varint(behind)?;
            (behind.get(..behind.len() - rest.len()).unwrap_or_default(), rest)
        }
        FIXED64 => split(behind, 8)?,
        FIXED32 => split(behind, 4)?,
        BYTES => {
            let (length, content) = varint(behind)?;
            split(content, length)?
        }
        _ => return Err(Broken::Malformed),
    };
    let raw = bytes.get(..bytes.len() - rest.len()).unwrap_or(bytes);
    Ok((Part { number, kind, raw, content }, rest))
}

/// The first number, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Broken> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Ok((value, bytes.get(i + 1..).unwrap_or_default()));
        }
    }
    Err(if bytes.len() < 10 { Broken::CutShort } else { Broken::Malformed })
}

fn split(bytes: &[u8], length: u64) -> Result<(&[u8], &[u8]), Broken> {
    let length = usize::try_from(length).map_err(|_| Broken::Malformed)?;
    bytes.split_at_checked(length).ok_or(Broken::CutShort)
}

/// One field of a `Profile`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    /// The whole field, its key included.
    pub(super) raw: &'a [u8],
    /// Content of a message or string; empty for a number.
    pub(super) bytes: &'a [u8],
}

/// The fields of a message; ends after the first error.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

pub(super) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Field<'a>, Broken> {
        // What is no profile is told by its first byte, however long the field pretends to be.
        let (key, _) = varint(self.rest)?;
        if !known(key >> 3, key & 7) {
            return Err(Broken::Malformed);
        }
        let (part, rest) = part(self.rest)?;
        self.rest = rest;
        let bytes = if part.kind == BYTES { part.content } else { &[] };
        Ok(Field { number: part.number, raw: part.raw, bytes })
    }
}

/// Whether a `Profile` may have a field of this number and wire type; later fields are allowed in any type.
fn known(number: u64, kind: u64) -> bool {
    match number {
        1..=6 | 11 => kind == BYTES,
        7..=10 | 12 | 14 => kind == VARINT,
        13 => kind == VARINT || kind == BYTES,
        15..=0x1fff_ffff => [VARINT, FIXED64, BYTES, FIXED32].contains(&kind),
        _ => false,
    }
}

/// Whether the first field can be one of a `Profile`.
pub(super) fn begins_like_pprof(bytes: &[u8]) -> bool {
    // Tags and lengths of a message are no text; folded stacks of `python` begin like one all the same.
    let text = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
    if bytes.len() > 2 && bytes.iter().all(text) {
        return false;
    }
    !matches!(fields(bytes).next(), Some(Err(Broken::Malformed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_from_rubbish_and_from_what_is_cut() {
        let bytes = [0x0a, 2, 8, 1, 0x48, 0x96, 1, 0x32, 0];
        let numbers: Vec<_> = fields(&bytes).map(|f| f.unwrap().number).collect();
        assert_eq!(numbers, [1, 9, 6]);
        assert_eq!(fields(&bytes[..3]).last().unwrap().unwrap_err(), Broken::CutShort);
        for rubbish in [&b"\x00"[..], b"\x0b", b"\x0d1234", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"] {
            assert_eq!(fields(rubbish).last().unwrap().unwrap_err(), Broken::Malformed, "{rubbish:?}");
        }
        let raw: Vec<u8> = fields(&bytes).flat_map(|f| f.unwrap().raw.to_vec()).collect();
        assert_eq!(raw, bytes);
    }
}
