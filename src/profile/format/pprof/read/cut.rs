//! A sample cut up without being understood: most samples of a file have locations and labels that others have, too, and what equal bytes mean
//! is found out once.
//! Source: <https://protobuf.dev/programming-guides/encoding/>, `profile.proto`'s `Sample`.

use pprof::protos::{self as proto, Message as _};

use super::{
    tables::damaged,
    wire::{self, BYTES, VARINT},
};

/// Numbers of the fields of a `Sample`.
const LOCATIONS: u64 = 1;
const VALUES: u64 = 2;
const LABEL: u64 = 3;

/// The parts of a sample; to be used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Location ids, innermost first: packed, whatever way they were written in.
    pub(super) locations: Vec<u8>,
    /// Values, packed.
    pub(super) values: Vec<u8>,
    /// Labels, with their keys and lengths.
    pub(super) labels: Vec<u8>,
}

impl Cut {
    /// Cuts up the bytes of a sample.
    ///
    /// # Errors
    /// When they are none.
    pub(super) fn set(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.locations.clear();
        self.values.clear();
        self.labels.clear();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (part, after) = wire::part(rest).map_err(|_| damaged())?;
            match (part.number, part.kind) {
                (LOCATIONS, VARINT | BYTES) => self.locations.extend_from_slice(part.content),
                (VALUES, VARINT | BYTES) => self.values.extend_from_slice(part.content),
                (LABEL, BYTES) => self.labels.extend_from_slice(part.raw),
                (LOCATIONS | VALUES | LABEL, _) => return Err(damaged()),
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }
}

/// Numbers that stand packed.
pub(super) fn numbers(mut packed: &[u8]) -> impl Iterator<Item = Result<u64, String>> {
    std::iter::from_fn(move || {
        if packed.is_empty() {
            return None;
        }
        let number = wire::varint(packed).map_err(|_| damaged());
        packed = number.as_ref().map_or(&[], |(_, rest)| rest);
        Some(number.map(|(number, _)| number))
    })
}

/// Values of a sample, in place of what is in `into`.
pub(super) fn values(packed: &[u8], into: &mut Vec<i64>) -> Result<(), String> {
    into.clear();
    for value in numbers(packed) {
        into.push(value?.cast_signed());
    }
    Ok(())
}

/// Labels that stand one behind the other, each with its key and length.
pub(super) fn labels(raw: &[u8]) -> Result<Vec<proto::Label>, String> {
    proto::Sample::decode(raw).map(|sample| sample.label).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(packed: &[u8]) -> Option<Vec<u64>> {
        numbers(packed).collect::<Result<_, _>>().ok()
    }

    #[test]
    fn lists_are_the_same_packed_or_not_and_in_any_order() {
        let sample = proto::Sample {
            location_id: vec![1, 300],
            value: vec![-1, 1 << 40],
            label: vec![proto::Label { key: 3, str: 4, ..Default::default() }; 2],
        };
        let mut cut = Cut::default();
        cut.set(&sample.encode_to_vec()).unwrap();
        assert_eq!(all(&cut.locations).unwrap(), [1, 300]);
        assert_eq!(all(&cut.values).unwrap(), [u64::MAX, 1 << 40]);
        assert_eq!(labels(&cut.labels).unwrap(), sample.label);
        // Values first and not packed, as Go's runtime writes short lists; and a field of a later version.
        let go = [&[0x10, 7, 0x10, 8, 0x08][..], &[0xac, 2, 0x08, 1, 0x22, 1, 9]].concat();
        cut.set(&go).unwrap();
        assert_eq!(all(&cut.locations).unwrap(), [300, 1]);
        assert_eq!((all(&cut.values).unwrap(), cut.labels.len()), (vec![7, 8], 0));
    }

    proptest! {
        #[test]
        fn bytes_are_understood_as_the_decoder_does(bytes in proptest::collection::vec(prop_oneof![0_u8..4, 8_u8..36, any::<u8>()], 0..24)) {
            let mut cut = Cut::default();
            let ours = cut.set(&bytes).ok().and_then(|()| {
                let values: Vec<i64> = all(&cut.values)?.into_iter().map(u64::cast_signed).collect();
                Some((all(&cut.locations)?, values, labels(&cut.labels).ok()?))
            });
            if let (Some((locations, values, labels)), Ok(theirs)) = (ours, proto::Sample::decode(&bytes[..])) {
                prop_assert_eq!((locations, values, labels), (theirs.location_id, theirs.value, theirs.label));
            }
        }
    }
}
