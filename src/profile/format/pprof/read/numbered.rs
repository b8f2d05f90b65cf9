//! Distinct strings of bytes and their numbers.

use std::hash::Hasher as _;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Numbers strings of bytes from 0 on, equal ones alike.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    bytes: Vec<u8>,
    /// Where each ends in `bytes`; it begins where the one before ends.
    ends: Vec<usize>,
    table: HashTable<Entry>,
}

/// What is looked at to find a string, without a detour through `ends`.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    start: usize,
    number: u32,
}

impl Numbered {
    /// The number of these bytes.
    pub(super) fn number(&mut self, bytes: &[u8]) -> u32 {
        let hash = hash(bytes);
        let all = &self.bytes;
        // Equal hashes of other bytes are as rare as it gets, so that the length need not be looked up before.
        let same = |entry: &Entry| {
            entry.hash == hash
                && all.get(entry.start..).is_some_and(|rest| rest.starts_with(bytes))
                && self.ends.get(entry.number as usize) == Some(&(entry.start + bytes.len()))
        };
        if let Some(entry) = self.table.find(hash, same) {
            return entry.number;
        }
        let (start, number) = (self.bytes.len(), u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
        self.table.insert_unique(hash, Entry { hash, start, number }, |entry| entry.hash);
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes with this number; empty for one that was not given.
    pub(super) fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_bytes_have_equal_numbers(all in proptest::collection::vec("[ab]{0,4}", 0..60)) {
            let mut numbered = Numbered::default();
            let mut distinct: Vec<&str> = Vec::new();
            for text in &all {
                let number = numbered.number(text.as_bytes()) as usize;
                let expected = distinct.iter().position(|known| known == text);
                prop_assert_eq!(number, expected.unwrap_or(distinct.len()));
                if expected.is_none() {
                    distinct.push(text);
                }
            }
            prop_assert_eq!(numbered.len(), distinct.len());
            for (number, text) in distinct.iter().enumerate() {
                prop_assert_eq!(numbered.get(number as u32), text.as_bytes());
            }
        }
    }
}
