//! A sample's bytes cut up without being decoded: most samples of a file differ in a few bytes only, and what equal bytes mean was found out
//! before.

/// Field keys of `profile.proto`'s `Sample`, all of them of bytes.
const LOCATIONS: u8 = 0x0a;
const VALUES: u8 = 0x12;
const LABEL: u8 = 0x1a;

/// The parts of a sample as everybody writes them: packed, each field once, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// Location ids.
    pub(super) locations: &'a [u8],
    /// All labels with their keys and lengths.
    pub(super) labels: &'a [u8],
    values: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts; `None` for what is written otherwise, and for what is broken.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (locations, rest) = field(bytes, LOCATIONS)?;
        let (values, labels) = field(rest, VALUES)?;
        let mut rest = labels;
        while !rest.is_empty() {
            (_, rest) = field(rest, LABEL)?;
        }
        Some(Self { locations, labels, values })
    }

    /// The values in place of what is in `into`; `None` where they are broken.
    pub(super) fn values(&self, into: &mut Vec<i64>) -> Option<()> {
        into.clear();
        let mut rest = self.values;
        while !rest.is_empty() {
            let (value, after) = varint(rest)?;
            into.push(value.cast_signed());
            rest = after;
        }
        Some(())
    }
}

/// Content of the first field, which must have this key, and what comes after it.
fn field(bytes: &[u8], key: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first != key {
        return None;
    }
    let (len, rest) = varint(rest)?;
    rest.split_at_checked(usize::try_from(len).ok()?)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    // In nine bytes; what takes ten is left to whoever decodes for good.
    for (i, &byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Some((value, bytes.get(i + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use pprof::protos::{self as proto, Message as _};

    use super::*;

    #[test]
    fn samples_as_everybody_writes_them_are_cut_up() {
        let label = proto::Label { key: 3, str: 4, ..Default::default() };
        let sample =
            proto::Sample { location_id: vec![1, 300], value: vec![7, 1 << 40], label: vec![label; 2] };
        let bytes = sample.encode_to_vec();
        let parts = Parts::of(&bytes).unwrap();
        assert_eq!((parts.locations, parts.labels.len()), (&[1, 0xac, 2][..], 12));
        let mut values = vec![9];
        parts.values(&mut values).unwrap();
        assert_eq!(values, [7, 1 << 40]);
        for end in 0..bytes.len() {
            // What is cut inside of a part is nobody's sample, or one with fewer labels.
            if let Some(cut) = Parts::of(&bytes[..end]) {
                assert!(matches!(cut.labels.len(), 0 | 6), "{end}");
            }
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_the_decoder() {
        for bytes in [&[][..], &[8, 1, 16, 1], &[0x12, 1, 1, 0x0a, 1, 1], &[0x0a, 1, 1, 0x12, 1, 1, 0x20, 1]]
        {
            assert_eq!(Parts::of(bytes), None, "{bytes:?}");
        }
        let negative = proto::Sample { location_id: vec![1], value: vec![-1], label: vec![] }.encode_to_vec();
        assert_eq!(Parts::of(&negative).unwrap().values(&mut Vec::new()), None);
    }
}
