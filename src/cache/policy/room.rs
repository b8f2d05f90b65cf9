//! Which entries of many caches go so that a file system has so much room: what is of no more use, then what was not used for longest.
//! Pure: it is told what there is and what is free.

use std::{cmp::Ordering, collections::BinaryHeap};

use crate::cache::{
    model::{Entry, EntryId, Object, Timestamp},
    plan::{Held, Planned},
};

/// An entry that may go.
#[derive(Debug)]
struct Candidate {
    /// Whether somebody might still want it: what nobody does goes first.
    wanted: bool,
    /// When it was used last.
    used: Timestamp,
    /// Which cache it is in.
    cache: usize,
    planned: Planned,
    shared: Vec<Object>,
}

impl Candidate {
    fn rank(&self) -> (bool, Timestamp, usize, &EntryId) {
        (self.wanted, self.used, self.cache, &self.planned.id)
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

/// The coldest entries of several caches: as many as it takes to free so many bytes, and no more are remembered.
#[derive(Debug)]
pub(super) struct Coldest {
    most: u64,
    /// Bytes that those in the heap free in any case.
    surely: u64,
    heap: BinaryHeap<Candidate>,
}

impl Coldest {
    /// Those that free up to `most` bytes.
    pub(super) fn new(most: u64) -> Self {
        Self { most, surely: 0, heap: BinaryHeap::new() }
    }

    /// Looks at an entry of the cache number `cache`, which was used last at `used`.
    pub(super) fn offer(&mut self, cache: usize, entry: &Entry, used: Timestamp, now: Timestamp) {
        let planned = Planned { id: entry.id.clone(), stamp: entry.stamp, bytes: entry.own_bytes };
        let wanted = !entry.is_dead(now, false);
        let candidate = Candidate { wanted, used, cache, planned, shared: entry.shared.clone() };
        let is_full = self.surely >= self.most;
        if is_full && self.heap.peek().is_none_or(|warmest| candidate >= *warmest) {
            return;
        }
        self.surely = self.surely.saturating_add(candidate.planned.bytes);
        self.heap.push(candidate);
        // What is warmer than all that is needed is not.
        while let Some(warmest) = self.heap.peek() {
            let without = self.surely.saturating_sub(warmest.planned.bytes);
            if without < self.most {
                break;
            }
            self.surely = without;
            self.heap.pop();
        }
    }

    /// What goes to free `need` bytes, the coldest first, and from which cache; `held` says of each cache who needs what is shared.
    pub(super) fn choose(self, need: u64, held: &mut [Held]) -> Vec<(usize, Planned)> {
        let (mut freed, mut chosen) = (0_u64, Vec::new());
        for mut one in self.heap.into_sorted_vec() {
            if freed >= need {
                break;
            }
            if let Some(held) = held.get_mut(one.cache) {
                one.planned.bytes = held.lose_parts(one.planned.bytes, &one.shared);
            }
            freed = freed.saturating_add(one.planned.bytes);
            chosen.push((one.cache, one.planned));
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::{
        model::Expiry,
        sketch::{at, entry},
    };

    const NOW: f64 = 1e6;

    fn chosen(entries: &[(usize, u64, f64, bool)], most: u64, need: u64) -> Vec<(usize, EntryId, u64)> {
        let mut coldest = Coldest::new(most);
        for (row, &(cache, bytes, used, dead)) in entries.iter().enumerate() {
            let mut one = entry(row as i64);
            one.own_bytes = bytes;
            one.expiry = if dead { Expiry::At(at(0.0)) } else { Expiry::Never };
            coldest.offer(cache, &one, at(used), at(NOW));
        }
        let mut held = [Held::default(), Held::default()];
        coldest.choose(need, &mut held).into_iter().map(|(cache, p)| (cache, p.id, p.bytes)).collect()
    }

    #[test]
    fn the_coldest_of_all_caches_go_first_and_what_is_dead_before() {
        let entries = [(0, 10, 5.0, false), (1, 10, 3.0, false), (0, 10, 9.0, true), (1, 10, 1.0, false)];
        let row = |cache, row, bytes| (cache, EntryId::Row(row), bytes);
        assert_eq!(chosen(&entries, 100, 25), [row(0, 2, 10), row(1, 3, 10), row(1, 1, 10)]);
        assert_eq!(chosen(&entries, 100, 0), []);
        assert_eq!(chosen(&entries, 100, 1000).len(), 4, "all there is");
    }

    #[test]
    fn what_is_shared_frees_nothing_until_the_last_goes() {
        let mut coldest = Coldest::new(50);
        let mut held = Held::default();
        let object = Object { id: 1, bytes: 100, links: 2 };
        for row in 0..3 {
            let mut one = entry(row);
            one.shared = if row < 2 { vec![object] } else { Vec::new() };
            one.own_bytes = if row < 2 { 0 } else { 60 };
            coldest.offer(0, &one, at(row as f64), at(NOW));
        }
        // Two names of one file.
        held.expect(&[object]);
        held.expect(&[object]);
        let bytes: Vec<u64> =
            coldest.choose(50, &mut [held]).into_iter().map(|(_, planned)| planned.bytes).collect();
        assert_eq!(bytes, [0, 100]);
    }

    proptest! {
        #[test]
        fn forgetting_the_warm_changes_nothing(
            entries in prop::collection::vec((0_usize..2, 0_u64..100, 0.0_f64..50.0, any::<bool>()), 0..60),
            most in 0_u64..2000,
            share in 0.0_f64..=1.0,
        ) {
            let need = (most as f64 * share) as u64;
            prop_assert_eq!(chosen(&entries, most, need), chosen(&entries, u64::MAX, need));
        }
    }
}
