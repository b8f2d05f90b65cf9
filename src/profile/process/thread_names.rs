//! What programs call their threads, where that is more than the kernel knows: Python's names.

use rustc_hash::FxHashMap;

use crate::profile::raw::RawThread;

/// Names by the number of a thread.
#[derive(Debug, Default)]
pub(super) struct ThreadNames {
    names: FxHashMap<u32, String>,
    asked: FxHashMap<u32, u32>,
}

impl ThreadNames {
    /// Whether to look at a thread's name at this sample of it: at first, and then ever less often, as most threads that
    /// change their name do it soon.
    pub(super) fn is_due(&mut self, thread: u32) -> bool {
        let asked = self.asked.entry(thread).or_default();
        *asked = asked.saturating_add(1);
        asked.is_power_of_two() || !self.names.contains_key(&thread) && asked.is_multiple_of(TRY_AGAIN)
    }

    /// The thread is called so.
    pub(super) fn set(&mut self, thread: u32, name: String) {
        self.names.insert(thread, name);
    }

    /// The thread runs another program now.
    pub(super) fn forget(&mut self, thread: u32) {
        self.names.remove(&thread);
        self.asked.remove(&thread);
    }

    /// The threads with these names in place of the kernel's.
    pub(super) fn over(&self, mut threads: Vec<RawThread>) -> Vec<RawThread> {
        for (&number, name) in &self.names {
            if let Some(thread) = threads.get_mut(number as usize) {
                thread.name.clone_from(name);
            }
        }
        threads
    }
}

/// A thread without a name is looked at again after so many samples.
const TRY_AGAIN: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_ever_less_often_and_stands_until_the_thread_is_another_one() {
        let mut names = ThreadNames::default();
        let due: Vec<u32> = (1..=10).filter(|_| names.is_due(0)).collect();
        assert_eq!(due, [1, 2, 4, 8]);
        names.set(0, "worker".to_owned());
        let thread = RawThread { process: 0, tid: 7, name: "python3".to_owned() };
        let shown = |names: &ThreadNames| names.over(vec![thread.clone()])[0].name.clone();
        assert_eq!(shown(&names), "worker");
        names.forget(0);
        assert_eq!(shown(&names), "python3");
        assert!(names.is_due(0));
    }
}
