//! Which event a thread is counted by.
//!
//! A thread can be watched by several events: one opened for itself and one inherited from its maker, when it was born while
//! events were being opened, or an old one beside a new one with longer dumps. All of them tick, so the samples of all but one
//! have to be left out. A sample carries the id of the event that was opened, not of the inherited copy.

use rustc_hash::FxHashMap;

/// The events opened for one thread, one a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    generation: u32,
    number: u32,
}

/// All lineages and which thread is counted by which.
#[derive(Debug, Default)]
pub(super) struct Lineages {
    by_event: FxHashMap<u64, Lineage>,
    by_thread: FxHashMap<u32, Lineage>,
    generation: u32,
    numbers: u32,
}

impl Lineages {
    /// A new lineage of the current generation.
    pub(super) fn add(&mut self) -> Lineage {
        self.numbers += 1;
        Lineage { generation: self.generation, number: self.numbers }
    }

    /// An event of a lineage.
    pub(super) fn register(&mut self, event: u64, lineage: Lineage) {
        self.by_event.insert(event, lineage);
    }

    /// Lineages added from now on take over from the earlier ones, thread by thread.
    pub(super) fn next_generation(&mut self) {
        self.generation += 1;
    }

    /// Whether a sample of this thread by this event counts.
    pub(super) fn counts(&mut self, tid: u32, event: u64) -> bool {
        if self.numbers == 1 {
            return true;
        }
        let Some(&lineage) = self.by_event.get(&event) else { return false };
        let current = self.by_thread.entry(tid).or_insert(lineage);
        if lineage.generation > current.generation {
            *current = lineage;
        }
        *current == lineage
    }

    /// Forgets a thread that has ended; its number may be used again.
    pub(super) fn forget(&mut self, tid: u32) {
        self.by_thread.remove(&tid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_counted_once_and_by_the_newest() {
        let mut lineages = Lineages::default();
        let (a, b) = (lineages.add(), lineages.add());
        lineages.register(10, a);
        lineages.register(11, b);
        assert!(lineages.counts(1, 10));
        assert!(!lineages.counts(1, 11), "the same thread by a second event");
        assert!(lineages.counts(2, 11));
        lineages.next_generation();
        let c = lineages.add();
        lineages.register(20, c);
        assert!(lineages.counts(1, 10), "the newer event has not been seen yet");
        assert!(lineages.counts(1, 20));
        assert!(!lineages.counts(1, 10));
        lineages.forget(1);
        assert!(lineages.counts(1, 10), "another thread of the same number");
        assert!(!lineages.counts(1, 99), "an event that nobody opened");
    }
}
