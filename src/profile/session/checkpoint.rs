//! When to look at a recording that goes on.

use std::time::Duration;

use super::super::raw::RawProfile;

/// Why a snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The time for it had come.
    Due,
    /// We were asked to end. Whoever asked may not wait for the program to do so, but kill us, too.
    Ending,
    /// It was asked for by [`Request::Snapshot`].
    Asked,
}

/// What whoever watches a recording wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A snapshot at once.
    Snapshot,
    /// Send the program that we have started this signal.
    Signal(i32),
    /// Be stopped, as by Ctrl-Z. A program that we have started is stopped by the terminal itself, and we with it.
    Suspend,
    /// End the recording.
    End,
}

/// Takes snapshots of a recording while it goes on. Its methods run between two looks at the sampling buffers and must
/// leave all work to another thread.
pub trait Checkpoints {
    /// Whether the work on an earlier snapshot goes on. A checkpoint that comes due then is skipped.
    fn is_busy(&mut self) -> bool;
    /// A checkpoint that was due is skipped.
    fn skip(&mut self);
    /// Takes a snapshot. Numbers of stacks, threads and modules mean the same in every later one of the recording.
    fn take(&mut self, snapshot: RawProfile, reason: Reason);
    /// Recording of this process has begun. From now on threads may be started.
    fn begin(&mut self, _pid: u32) {}
    /// Whether sums since the start will do for snapshots that are due: all of them in one time bucket.
    fn wants_sums(&self) -> bool {
        false
    }
    /// Asked again and again: what is wanted.
    fn request(&mut self) -> Option<Request> {
        None
    }
    /// We are about to be stopped.
    fn suspend(&mut self) {}
    /// We go on.
    fn resume(&mut self) {}
}

/// When checkpoints are due: at whole multiples of an interval since the start.
#[derive(Debug)]
pub(super) struct Schedule {
    every_ns: Option<u64>,
    next_ns: u64,
}

impl Schedule {
    pub(super) fn new(every: Option<Duration>) -> Self {
        let every_ns = every.map(|every| u64::try_from(every.as_nanos()).unwrap_or(u64::MAX).max(1));
        Self { every_ns, next_ns: every_ns.unwrap_or(u64::MAX) }
    }

    /// Time until the next one.
    pub(super) fn left(&self, elapsed_ns: u64) -> Duration {
        Duration::from_nanos(self.next_ns.saturating_sub(elapsed_ns))
    }

    /// Whether one is due, and if so when the next one is: after a long pause only one is made up for.
    pub(super) fn is_due(&mut self, elapsed_ns: u64) -> bool {
        let Some(every_ns) = self.every_ns.filter(|_| elapsed_ns >= self.next_ns) else { return false };
        self.next_ns = (elapsed_ns / every_ns).saturating_add(1).saturating_mul(every_ns);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_keep_to_multiples_of_the_interval() {
        let mut schedule = Schedule::new(Some(Duration::from_nanos(10)));
        let due: Vec<u64> =
            [0, 9, 12, 19, 20, 21, 55, 59, 60].into_iter().filter(|&t| schedule.is_due(t)).collect();
        assert_eq!(due, [12, 20, 55, 60]);
        assert_eq!(schedule.left(64), Duration::from_nanos(6));
        assert!(!Schedule::new(None).is_due(u64::MAX - 1));
    }
}
