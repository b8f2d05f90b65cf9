//! Waiting: what threads wait for, with which stack, and for how long.
//!
//! Every now and then the threads that wait are looked at, without stopping them. How long they wait is known exactly where
//! the kernel tells each time that a thread leaves a processor and gets it back. Otherwise it is what the scheduler has not
//! counted of the time between two looks: neither running nor ready to run.
//!
//! A wait during which the thread was looked at has the stack that was seen then. Long waits all are; of short ones, that begin and
//! end between two looks, a share is, which is the larger the longer they are. So each that is seen stands for those before it
//! that were not.

pub(super) mod kind;
pub(super) mod look;

use rustc_hash::FxHashMap;

use crate::profile::{
    model::Wait,
    process::{
        ProcessTable,
        thread_files::{Blocked, Doing, Scheduled, ThreadFiles},
    },
    record::{Event, Switch},
    stack::StackId,
};

/// Between two looks, on average: where switches are told, only those are looked at that have moved since the look before.
const PERIOD_TOLD_NS: u64 = 4_000_000;
/// Otherwise it depends on what a look costs: the fewer threads there are, the closer is the beginning of each wait watched.
const SHORTEST_NS: u64 = 2_000_000;
const LONGEST_NS: u64 = 10_000_000;
const USUAL_COST: u64 = 40;
/// Looking takes no more than this part of a processor, however many threads there are.
const MOST_COST: u64 = 12;
/// What is waited for without end is added up so often, so that a long wait is not all in its last second.
const SETTLE_NS: u64 = 500_000_000;
/// Waits shorter than this may go unseen.
const SHORT_NS: u64 = PERIOD_TOLD_NS * 2;

/// The waiting threads of a recording.
#[derive(Debug)]
pub(super) struct Waits {
    /// Whether an event tells of every switch.
    told: bool,
    start_ns: u64,
    threads: FxHashMap<u32, Waiter>,
    next_ns: u64,
    settled_ns: u64,
    /// Time of the latest event or look.
    last_ns: u64,
    random: fastrand::Rng,
    buffer: Vec<u8>,
    blind: bool,
}

#[derive(Debug)]
struct Waiter {
    pid: u32,
    files: ThreadFiles,
    /// Waits that were not seen, in nanoseconds.
    unseen_ns: u64,
    /// Where the last short wait was seen; as long as there was none, the last long one.
    short: Option<Place>,
    /// What it does, where switches are told.
    off: Option<Off>,
    /// How it was found by the last look, where they are not.
    found: Option<Found>,
    /// What the scheduler has counted too little or too much so far.
    owed_ns: i64,
}

/// Where a thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    thread: u32,
    stack: StackId,
    wait: Wait,
}

/// A thread that has left its processor on its own account.
#[derive(Clone, Copy, Debug)]
struct Off {
    began_ns: u64,
    /// Up to here it has been added up.
    since_ns: u64,
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    at_ns: u64,
    scheduled: Option<Scheduled>,
    place: Option<(Blocked, Place)>,
}

impl Waits {
    /// For a recording that has started; `told` says whether [`Event::Switch`] tells of every switch.
    pub(super) fn new(told: bool, start_ns: u64) -> Self {
        Self {
            told,
            start_ns,
            threads: FxHashMap::default(),
            next_ns: start_ns,
            settled_ns: start_ns,
            last_ns: start_ns,
            random: fastrand::Rng::new(),
            buffer: Vec::new(),
            blind: false,
        }
    }

    /// Nanoseconds until the next look.
    pub(super) fn left_ns(&self, now_ns: u64) -> u64 {
        self.next_ns.saturating_sub(now_ns)
    }

    /// Whether there were waiting threads whose stacks may not be read.
    pub(super) fn was_blind(&self) -> bool {
        self.blind
    }

    /// Takes in an event before the table does.
    pub(super) fn hear(&mut self, event: &Event<'_>, table: &mut ProcessTable) {
        match *event {
            Event::Switch { pid, tid, time_ns, what } if self.told => {
                self.last_ns = time_ns;
                self.switched(table, (pid, tid), time_ns, what);
            }
            Event::Stopped { tid, ns } => {
                if let Some(waiter) = self.threads.get_mut(&tid) {
                    waiter.owed_ns -= ns.cast_signed();
                }
            }
            // From now on it is known what it does.
            Event::Fork { pid, tid, .. } => _ = self.threads.insert(tid, Waiter::new(pid, tid)),
            Event::Exit { tid, .. } => {
                // What nobody has told and nobody has seen may as well be the time that a tracer has taken.
                if let Some(waiter) = self.threads.remove(&tid).filter(|_| self.told) {
                    waiter.end(tid, self.last_ns, table);
                }
            }
            Event::Exec { pid, .. } => {
                self.threads.retain(|&tid, waiter| waiter.pid != pid || tid == pid);
                self.threads.insert(pid, Waiter::new(pid, pid));
            }
            _ => {}
        }
    }

    fn switched(&mut self, table: &mut ProcessTable, (pid, tid): (u32, u32), time_ns: u64, what: Switch) {
        let start_ns = self.start_ns;
        let waiter = self.threads.entry(tid).or_insert_with(|| {
            // Of a thread that was there before the recording this is the first sign.
            let off =
                (what == Switch::On).then_some(Off { began_ns: start_ns, since_ns: start_ns, place: None });
            Waiter { off, ..Waiter::new(pid, tid) }
        });
        if let Some(off) = waiter.off.take() {
            waiter.close(off, time_ns, table);
        }
        if what == Switch::Off {
            waiter.off = Some(Off { began_ns: time_ns, since_ns: time_ns, place: None });
        }
    }

    /// Looks at the threads, if it is time to. All events up to now must have been heard.
    pub(super) fn look(&mut self, table: &mut ProcessTable, clock: &dyn Fn() -> u64) {
        let now = clock();
        if now < self.next_ns {
            return;
        }
        self.last_ns = now;
        for (pid, tid) in table.running_threads() {
            let start_ns = self.start_ns;
            // One that nothing was heard of was there before, and has not moved since.
            let off = self.told.then_some(Off { began_ns: start_ns, since_ns: start_ns, place: None });
            self.threads.entry(tid).or_insert_with(|| Waiter { off, ..Waiter::new(pid, tid) });
        }
        if self.told {
            self.look_at_those_off(table, now);
        } else {
            for (&tid, waiter) in &mut self.threads {
                self.blind |= !waiter.look(tid, table, now, &mut self.buffer);
            }
        }
        if now.saturating_sub(self.settled_ns) >= SETTLE_NS {
            self.settle(table, now);
        }
        let cost = clock().saturating_sub(now);
        // Not in step with anything that the program does at fixed times.
        let untold = cost.saturating_mul(USUAL_COST).clamp(SHORTEST_NS, LONGEST_NS);
        let period = if self.told { PERIOD_TOLD_NS } else { untold };
        self.next_ns = now + (period / 2 + self.random.u64(0..period)).max(cost.saturating_mul(MOST_COST));
    }

    fn look_at_those_off(&mut self, table: &mut ProcessTable, now: u64) {
        for (&tid, waiter) in &mut self.threads {
            let Some(Off { place: None, .. }) = waiter.off else { continue };
            let Some(Doing::Blocked(blocked)) = waiter.files.doing() else { continue };
            let place = waiter.place(tid, &blocked, table, now, &mut self.buffer);
            self.blind |= blocked.sp == 0;
            if let (Some(off), Some(place)) = (&mut waiter.off, place) {
                off.place = Some(place);
            }
        }
    }

    /// Adds up what is being waited for, up to now.
    pub(super) fn settle(&mut self, table: &mut ProcessTable, now: u64) {
        self.settled_ns = now;
        for waiter in self.threads.values_mut() {
            if let Some(off) = &mut waiter.off
                && let Some(place) = off.place
                && now.saturating_sub(off.began_ns) >= SHORT_NS
            {
                add(table, place, now, now.saturating_sub(off.since_ns));
                off.since_ns = now;
            }
        }
    }

    /// The end of the recording.
    pub(super) fn finish(&mut self, table: &mut ProcessTable, now: u64) {
        for (tid, mut waiter) in self.threads.drain() {
            if let Some(off) = waiter.off.take() {
                waiter.close(off, now, table);
            }
            if self.told {
                waiter.end(tid, now, table);
            }
        }
    }
}

impl Waiter {
    fn new(pid: u32, tid: u32) -> Self {
        Self {
            pid,
            files: ThreadFiles::new(pid, tid),
            unseen_ns: 0,
            short: None,
            off: None,
            found: None,
            owed_ns: 0,
        }
    }

    /// A wait has ended.
    fn close(&mut self, off: Off, time_ns: u64, table: &mut ProcessTable) {
        let ns = time_ns.saturating_sub(off.since_ns);
        let Some(place) = off.place else {
            self.unseen_ns += ns;
            return;
        };
        let mut unseen_ns = 0;
        if time_ns.saturating_sub(off.began_ns) < SHORT_NS {
            unseen_ns = std::mem::take(&mut self.unseen_ns);
            self.short = Some(place);
        }
        self.short = self.short.or(Some(place));
        add(table, place, time_ns, ns + unseen_ns);
    }

    /// Its thread has ended, or the recording: what was not seen counts for where it was seen.
    fn end(self, tid: u32, now: u64, table: &mut ProcessTable) {
        if self.unseen_ns == 0 {
            return;
        }
        let unknown = table.unknown_stack();
        let place = self.short.or_else(|| {
            let thread = table.number_of(self.pid, tid)?;
            Some(Place { thread, stack: unknown, wait: Wait::Other })
        });
        if let Some(place) = place {
            add(table, place, now, self.unseen_ns);
        }
    }

    /// Reads where it waits.
    fn place(
        &mut self,
        tid: u32,
        blocked: &Blocked,
        table: &mut ProcessTable,
        now: u64,
        buffer: &mut Vec<u8>,
    ) -> Option<Place> {
        let wait = kind::kind(blocked);
        if blocked.sp == 0 {
            let thread = table.number_of(self.pid, tid)?;
            return Some(Place { thread, stack: table.unknown_stack(), wait: Wait::Other });
        }
        let seen = look::look(table, (self.pid, tid), &mut self.files, blocked, now, buffer)?;
        Some(Place { thread: seen.thread, stack: seen.stack, wait })
    }

    /// Looks at a thread of which no event tells; whether its stack could be read if it waits.
    fn look(&mut self, tid: u32, table: &mut ProcessTable, now: u64, buffer: &mut Vec<u8>) -> bool {
        let before = self.found;
        let scheduled = self.files.scheduled();
        let mut blocked = match self.files.doing() {
            Some(Doing::Blocked(blocked)) => Some(blocked),
            Some(Doing::Running) => None,
            None => return true,
        };
        // Standing still for somebody who traces it is no waiting of its own.
        if blocked.is_some_and(|blocked| blocked.call.is_none()) && self.files.is_stopped() {
            blocked = None;
        }
        let unmoved = before.is_some_and(|before| {
            let same = before.place.map(|(at, _)| at) == blocked && blocked.is_some();
            same && scheduled.is_some() && before.scheduled.map(|s| s.turns) == scheduled.map(|s| s.turns)
        });
        let place = if unmoved {
            before.and_then(|before| before.place)
        } else {
            blocked.and_then(|at| Some((at, self.place(tid, &at, table, now, buffer)?)))
        };
        self.found = Some(Found { at_ns: now, scheduled, place });
        if let Some(before) = before {
            let waited = self.waited(before, scheduled, now, place.is_some());
            self.share_out(waited, before.place.map(|(_, p)| p), place.map(|(_, p)| p), unmoved, table, now);
        }
        blocked.is_none_or(|blocked| blocked.sp != 0)
    }

    /// How long it has waited since the look before.
    fn waited(&mut self, before: Found, scheduled: Option<Scheduled>, now: u64, waits: bool) -> u64 {
        let passed = now.saturating_sub(before.at_ns);
        let Some((then, now)) = before.scheduled.zip(scheduled) else {
            // Half of it where it has done something else at one of the looks.
            return passed * (u64::from(waits) + u64::from(before.place.is_some())) / 2;
        };
        let busy = (now.cpu_ns.saturating_sub(then.cpu_ns)) + (now.delay_ns.saturating_sub(then.delay_ns));
        // The counts lag behind at times, and catch up later.
        self.owed_ns += passed.cast_signed() - busy.cast_signed();
        let waited = self.owed_ns.max(0);
        self.owed_ns -= waited;
        waited.unsigned_abs()
    }

    fn share_out(
        &mut self,
        ns: u64,
        before: Option<Place>,
        now: Option<Place>,
        unmoved: bool,
        table: &mut ProcessTable,
        time_ns: u64,
    ) {
        match (before, now) {
            _ if ns == 0 => {}
            (Some(place), Some(_)) if unmoved => add(table, place, time_ns, ns),
            // The end of the one wait and the beginning of the other are as long, on average.
            (Some(one), Some(other)) => {
                add(table, one, time_ns, ns / 2);
                let unseen_ns = std::mem::take(&mut self.unseen_ns);
                add(table, other, time_ns, ns - ns / 2 + unseen_ns);
                self.short = Some(other);
            }
            (None, Some(place)) => {
                let unseen_ns = std::mem::take(&mut self.unseen_ns);
                add(table, place, time_ns, ns + unseen_ns);
                self.short = Some(place);
            }
            (Some(place), None) => add(table, place, time_ns, ns),
            (None, None) => self.unseen_ns += ns,
        }
    }
}

fn add(table: &mut ProcessTable, place: Place, time_ns: u64, ns: u64) {
    if ns > 0 {
        table.add_waiting(time_ns, place.thread, place.stack, place.wait, ns);
    }
}
