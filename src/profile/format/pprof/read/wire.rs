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

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// Why the bytes are no sequence of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// They end inside a field.
    CutShort,
    /// They are not protobuf, or not that of a pprof profile.
    Malformed,
}

/// One field.
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
        let start = self.rest;
        let key = self.varint()?;
        let (number, kind) = (key >> 3, key & 7);
        if !known(number, kind) {
            return Err(Broken::Malformed);
        }
        let mut bytes: &[u8] = &[];
        match kind {
            VARINT => drop(self.varint()?),
            FIXED64 => drop(self.skip(8)?),
            FIXED32 => drop(self.skip(4)?),
            _ => {
                let len = self.varint()?;
                bytes = self.skip(len)?;
            }
        }
        let raw = start.get(..start.len() - self.rest.len()).unwrap_or(start);
        Ok(Field { number, raw, bytes })
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Broken::CutShort)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken::Malformed)
    }

    fn skip(&mut self, len: u64) -> Result<&'a [u8], Broken> {
        let len = usize::try_from(len).map_err(|_| Broken::Malformed)?;
        let (skipped, rest) = self.rest.split_at_checked(len).ok_or(Broken::CutShort)?;
        self.rest = rest;
        Ok(skipped)
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
