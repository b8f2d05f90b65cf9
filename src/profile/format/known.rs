//! What a text was found to mean, so that each is looked into once.

use rustc_hash::FxHashMap;

/// Bytes of texts that are remembered. A recording's distinct lines take a fraction of it; in a hostile file no line is like another though
/// all mean the same, and then everything is forgotten now and then.
const MOST_BYTES: usize = 128 << 20;
/// Bytes that an entry takes beside its text.
const ENTRY: usize = 48;

/// Meanings by text, in bounded memory.
#[derive(Debug)]
pub(super) struct Known<T> {
    meanings: FxHashMap<Box<[u8]>, T>,
    bytes: usize,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { meanings: FxHashMap::default(), bytes: 0 }
    }
}

impl<T: Copy> Known<T> {
    /// What the text means, as far as that is remembered.
    pub(super) fn get(&self, text: &[u8]) -> Option<T> {
        self.meanings.get(text).copied()
    }

    /// Remembers what a text means.
    pub(super) fn insert(&mut self, text: &[u8], meaning: T) {
        self.bytes = self.bytes.saturating_add(text.len() + ENTRY);
        if self.bytes > MOST_BYTES {
            self.meanings.clear();
            self.bytes = text.len() + ENTRY;
        }
        self.meanings.insert(text.into(), meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_remembered_within_bounds() {
        let mut known = Known::default();
        known.insert(b"a", 1);
        known.insert(b"b", 2);
        assert_eq!((known.get(b"a"), known.get(b"b"), known.get(b"c")), (Some(1), Some(2), None));
        known.insert(&vec![b'x'; MOST_BYTES], 3);
        assert_eq!((known.get(b"a"), known.meanings.len()), (None, 1));
    }
}
