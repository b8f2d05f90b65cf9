//! The ids by which the entries of a file's tables name each other.

use std::collections::HashMap;

use super::OUTSIDE;

/// Positions by id. Ids that count up from 1 cost an array slot; others go through a hash table that cannot be attacked.
#[derive(Default)]
pub(super) struct Ids {
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
}

impl Ids {
    /// Gives the next position to `id`.
    pub(super) fn add(&mut self, id: u64) -> Result<(), String> {
        let position = u32::try_from(self.len()).map_err(|_| OUTSIDE)?;
        if id == 0 {
            return Err("damaged: an entry of a table has no id".into());
        }
        if id <= self.dense.len() as u64 || self.sparse.contains_key(&id) {
            return Err("damaged: two entries of a table have the same id".into());
        }
        if id == self.dense.len() as u64 + 1 {
            self.dense.push(position);
        } else {
            self.sparse.insert(id, position);
        }
        Ok(())
    }

    /// The position of the entry with this id.
    pub(super) fn position(&self, id: u64) -> Result<usize, String> {
        let dense = id.checked_sub(1).and_then(|i| self.dense.get(usize::try_from(i).ok()?));
        let position = dense.or_else(|| self.sparse.get(&id)).ok_or(OUTSIDE)?;
        Ok(*position as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_to_positions_in_any_order_and_only_once() {
        let mut ids = Ids::default();
        for id in [3, 1, u64::MAX, 2] {
            ids.add(id).unwrap();
        }
        let positions: Vec<_> = [3, 1, u64::MAX, 2].map(|id| ids.position(id).unwrap()).to_vec();
        assert_eq!(positions, [0, 1, 2, 3]);
        for taken in [1, 2, 3, u64::MAX] {
            assert!(ids.add(taken).unwrap_err().contains("same id"), "{taken}");
        }
        assert!(ids.add(0).is_err());
        assert!(ids.position(0).is_err() && ids.position(4).is_err());
    }
}
