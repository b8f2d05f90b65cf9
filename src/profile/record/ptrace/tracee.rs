//! A thread that is traced, and a process as far as sampling needs to know it.

use crate::profile::process::thread_files::{Doing, Scheduled, ThreadFiles};

use super::{calls, weight::Weights};

/// A traced thread.
#[derive(Debug)]
pub(super) struct Tracee {
    pub(super) pid: u32,
    pub(super) state: State,
    files: ThreadFiles,
    /// As of the last sample.
    last: Scheduled,
    /// As of the last look that found it running, or its sample.
    looked: Scheduled,
    /// Whether it had run between the two last looks.
    moved: bool,
    /// Whether the look before found it waiting, or there was none.
    woken: bool,
    /// The processor that it was last seen on.
    processor: Option<u32>,
    weights: Weights,
    /// For how long it was ready to run without a processor between that look and its stop, in nanoseconds.
    delayed_ns: u64,
    /// Looks in a row that found it waiting.
    idle: u32,
    name: Option<String>,
    name_due_ns: u64,
    name_pause_ns: u64,
}

/// What we have done to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing: it goes about its own business.
    Going,
    /// It was told to stop, then, and has not done so yet.
    Interrupted {
        since_ns: u64,
        /// Whether it was on our processor until we needed that.
        displaced: bool,
        /// Whether it has been given up.
        missed: bool,
    },
    /// Its process is stopped.
    Standing,
}

/// What a thread that stands still has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Used {
    /// Some; a sample stands for so many nanoseconds of it.
    Ns(u64),
    /// Nothing.
    Nothing,
    /// Something, but where it stands now is no fair picture of that.
    Elsewhere,
    /// The scheduler does not count.
    Unknown,
}

/// A thread that waits is looked at less and less often, up to each so many ticks.
const LONGEST_PAUSE: u32 = 16;
/// So many looks before the pause doubles.
const PATIENCE: u32 = 4;
/// A thread that has been given a name gets another one rarely, and mostly at its start.
const FIRST_NAME_PAUSE_NS: u64 = 2_000_000;
const LONGEST_NAME_PAUSE_NS: u64 = 1_000_000_000;

impl Tracee {
    pub(super) fn new(pid: u32, tid: u32) -> Self {
        Self {
            pid,
            state: State::Going,
            files: ThreadFiles::new(pid, tid),
            last: Scheduled::default(),
            looked: Scheduled::default(),
            moved: false,
            woken: false,
            processor: None,
            weights: Weights::default(),
            delayed_ns: 0,
            idle: 0,
            name: None,
            name_due_ns: 0,
            name_pause_ns: FIRST_NAME_PAUSE_NS,
        }
    }

    /// What it has used so far is not part of the recording.
    pub(super) fn start_here(&mut self) {
        self.last = self.files.scheduled().unwrap_or_default();
    }

    /// Whether it runs, and has run since its last sample.
    pub(super) fn has_run(&mut self, tick: u64) -> bool {
        self.moved = false;
        let pause = 1_u64 << (self.idle / PATIENCE).min(LONGEST_PAUSE.ilog2());
        if self.state != State::Going || !tick.is_multiple_of(pause) {
            return false;
        }
        if self.files.doing() != Some(Doing::Running) {
            self.idle = self.idle.saturating_add(1);
            return false;
        }
        self.woken = self.idle > 0 || self.processor.is_none();
        self.idle = 0;
        let Some(now) = self.files.scheduled() else { return true };
        self.moved = std::mem::replace(&mut self.looked, now).cpu_ns != now.cpu_ns;
        if self.moved || self.processor.is_none() {
            self.find_processor();
        }
        // While it waits for a processor there is nothing new to see of it.
        (now.turns, now.cpu_ns) != (self.last.turns, self.last.cpu_ns)
    }

    /// Looks up where it runs.
    pub(super) fn find_processor(&mut self) {
        self.processor = self.files.processor();
    }

    /// The processor that it was last seen on.
    pub(super) fn processor(&self) -> Option<u32> {
        self.processor
    }

    /// Whether the last look found that it had run on `processor` since the look before.
    pub(super) fn has_moved_on(&self, processor: u32) -> bool {
        self.moved && self.processor == Some(processor)
    }

    /// Whether it has begun to run since the look before the last, so that nobody waits for it where it runs.
    pub(super) fn has_woken(&self) -> bool {
        self.woken
    }

    /// When it last lost a processor, by the scheduler's own clock; `None` where that is not told.
    pub(super) fn left_ns(&mut self) -> Option<u64> {
        self.files.exec_start_ns()
    }

    /// Whether it had used so much CPU time since its last sample at the last look.
    pub(super) fn is_owed(&self, ns: u64) -> bool {
        self.looked.cpu_ns.saturating_sub(self.last.cpu_ns) >= ns
    }

    /// Whether it has used CPU time since its last sample, and what of it a sample taken now stands for. It must stand still: then
    /// the count is exact.
    ///
    /// A thread that has a processor stops at once, at a moment like any other. One that has none stops where it has lost it,
    /// and many lose it in the same places: in system calls that have the scheduler look at the clock or wake somebody. What
    /// it has used must not all be told of those. Only who had to go for our sake stands at a moment like any other. Of who has
    /// not been seen like that for long a bad picture is better than none.
    pub(super) fn used(&mut self, longest_ns: u64) -> Used {
        let Some(now) = self.files.scheduled() else { return Used::Unknown };
        let looked = std::mem::replace(&mut self.looked, now);
        self.delayed_ns = now.delay_ns.saturating_sub(looked.delay_ns);
        let ns = now.cpu_ns.saturating_sub(self.last.cpu_ns);
        if ns == 0 {
            self.last = now;
            return Used::Nothing;
        }
        if !self.stands_where_it_ran(looked, now) && ns < longest_ns {
            return Used::Elsewhere;
        }
        self.last = now;
        Used::Ns(self.weights.next(ns))
    }

    fn stands_where_it_ran(&self, looked: Scheduled, now: Scheduled) -> bool {
        let State::Interrupted { displaced, .. } = self.state else { return true };
        // Without a new turn it had its processor all the while.
        displaced || now.turns == looked.turns
    }

    /// For how long it has stood still when it goes on at `now_ns`. The time for which it had no processor before it could
    /// is not a part of that.
    pub(super) fn stood_ns(&self, now_ns: u64) -> Option<u64> {
        let State::Interrupted { since_ns, .. } = self.state else { return None };
        Some(now_ns.saturating_sub(since_ns).saturating_sub(self.delayed_ns))
    }

    /// Its name, when it may be another one than before.
    pub(super) fn new_name(&mut self, now_ns: u64) -> Option<String> {
        if now_ns < self.name_due_ns {
            return None;
        }
        self.name_due_ns = now_ns + self.name_pause_ns;
        self.name_pause_ns = (self.name_pause_ns * 2).min(LONGEST_NAME_PAUSE_NS);
        let name = self.files.name();
        if name == self.name {
            return None;
        }
        self.name.clone_from(&name);
        name
    }
}

/// A traced process.
#[derive(Debug)]
pub(super) struct Process {
    cpu_ns: u64,
    busy_until_ns: u64,
    tick: u64,
}

/// The clock of a process goes on only at clock ticks, of which there are a hundred or more in a second.
const QUIET_NS: u64 = 30_000_000;

impl Process {
    pub(super) fn new(now_ns: u64) -> Self {
        Self { cpu_ns: 0, busy_until_ns: now_ns + QUIET_NS, tick: 0 }
    }

    /// Whether one of its threads may have run of late; looked up once a tick.
    pub(super) fn is_busy(&mut self, pid: u32, tick: u64, now_ns: u64) -> bool {
        if std::mem::replace(&mut self.tick, tick) != tick
            && let Some(cpu_ns) = calls::process_cpu_ns(pid).filter(|&cpu_ns| cpu_ns != self.cpu_ns)
        {
            self.cpu_ns = cpu_ns;
            self.busy_until_ns = now_ns + QUIET_NS;
        }
        now_ns < self.busy_until_ns
    }
}
