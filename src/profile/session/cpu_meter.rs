//! How much CPU time the recorded processes were charged while they were recorded.

use super::super::target::{CpuTime, charged};

/// Sums what the kernel charged. A program of ours tells its total when it ends; for others it has to be read while they live.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    start: CpuTime,
    growth: Option<CpuTime>,
    ended: Option<CpuTime>,
    peeked: CpuTime,
}

impl CpuMeter {
    /// Notes what these processes have used before recording.
    pub(super) fn start(&mut self, pids: &[u32]) {
        self.start = charged(pids.iter().copied());
    }

    /// Reads the live processes. A smaller sum than before means that some have gone, and their last reading stands.
    pub(super) fn read(&mut self, pids: &[u32]) {
        let grown = charged(pids.iter().copied()).since(self.start);
        if self.growth.is_none_or(|before| grown.total_ns() >= before.total_ns()) {
            self.growth = Some(grown);
        }
    }

    /// What was charged up to now, for a look at a recording that goes on; it never falls.
    pub(super) fn peek(&mut self, pids: &[u32]) -> CpuTime {
        let live = charged(pids.iter().copied()).since(self.start);
        let now = self.ended.map_or(live, |ended| ended.plus(live));
        if now.total_ns() > self.peeked.total_ns() {
            self.peeked = now;
        }
        self.peeked
    }

    /// The program has ended with this total. What outlived it is measured on its own from now on.
    pub(super) fn end(&mut self, total: CpuTime) {
        self.ended = Some(total);
    }

    /// What was charged; `None` when nothing could be read.
    pub(super) fn total(&self) -> Option<CpuTime> {
        match (self.ended, self.growth) {
            (Some(ended), Some(growth)) => Some(ended.plus(growth)),
            (ended, growth) => ended.or(growth),
        }
    }
}
