//! The thread that traces.
//!
//! `ptrace` binds tracees to one thread. That suits us: nothing that takes long is done on it, so that no tracee stands still
//! for longer than it takes to copy its stack; and when it ends, for whatever reason, the kernel lets all tracees go without
//! stopping them once more. Only who runs is stopped. The samples of a thread share out the CPU time that it has used
//! (see [`Weights`](super::weight::Weights)), so that it does not matter how often it was its turn.
//!
//! The tracer takes turns on the processors that the program runs on, and stops whom it has displaced there (see [`Place`]).
//! Where there are too many of them for that, all threads that run are told to stop before the first is waited for.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustc_hash::FxHashMap;

use super::{
    calls::{self, Stop},
    place::Place,
    privileges::lost_privileges,
    prompt::be_prompt,
    queue::{Caught, Queue, Record},
    refusal::Refusal,
    restart::keep_waiting,
    tracee::{Process, State, Tracee, Used},
};
use crate::profile::{
    process::memory,
    record::perf::monotonic_ns,
    target::{Change, CpuTime, Ended, threads_of},
};

/// What the tracer is told while it works.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) stop: AtomicBool,
    /// Bytes of stack to copy.
    pub(super) dump: AtomicUsize,
}

/// Whom to trace.
#[derive(Clone, Debug)]
pub(super) enum Targets {
    /// A child of ours that is about to execute the program.
    Launch(u32),
    /// Processes that run already; the first one must be there.
    Running(Vec<u32>),
}

/// A thread that has not stopped for so long is a sample that is missed.
const MISSED_NS: u64 = 1_000_000_000;
/// How long at most to look at nothing at all, so that the end is noticed.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// How often to look at a program that has stopped before it is believed: it may be about to be continued together with us.
const STANDING_LOOKS: u32 = 3;
const STANDING_WAIT: Duration = Duration::from_millis(2);
/// Who comes so soon after its time has displaced whoever had the processor then. Who comes later may have waited until somebody else
/// had no use for it any more.
const SOON_NS: u64 = 20_000;
/// Who lost its processor at most so long before we got it, by the scheduler's clock, had to go for our sake.
const SWITCH_NS: u64 = 5_000;
/// We do not take turns on more processors than these: there would be too many looks.
const MOST_TURNS: usize = 4;
/// A thread is sampled after so many periods of CPU time even if it was never seen on a processor.
const MOST_PERIODS: u64 = 16;
/// A thread born while its siblings are being attached is found by another look.
const MOST_LOOKS: usize = 3;

pub(super) struct Tracer {
    queue: Arc<Queue>,
    control: Arc<Control>,
    threads: FxHashMap<u32, Tracee>,
    processes: FxHashMap<u32, Process>,
    /// The program, if it is our child.
    child: Option<u32>,
    /// Looks since the program has stopped.
    standing: Option<u32>,
    period_ns: u64,
    next_ns: u64,
    ticks: u64,
    random: u64,
    due: Vec<u32>,
    place: Place,
    /// The processors that the program runs on.
    processors: Vec<u32>,
    /// Which of them the next look is for: each in turn.
    lot: usize,
}

impl Tracer {
    pub(super) fn new(queue: Arc<Queue>, control: Arc<Control>, rate_hz: u64) -> Self {
        Self {
            queue,
            control,
            threads: FxHashMap::default(),
            processes: FxHashMap::default(),
            child: None,
            standing: None,
            period_ns: 1_000_000_000 / rate_hz.max(1),
            next_ns: 0,
            ticks: 0,
            random: monotonic_ns() | 1,
            due: Vec::new(),
            place: Place::new(),
            processors: Vec::new(),
            lot: 0,
        }
    }

    /// Attaches to all threads of the targets. Nothing is stopped by it.
    ///
    /// # Errors
    /// Why the first of them cannot be traced. For any other a note is made.
    pub(super) fn attach(&mut self, targets: &Targets) -> Result<(), Refusal> {
        match targets {
            Targets::Launch(pid) => {
                calls::seize(*pid).map_err(|error| Refusal::of(*pid, error))?;
                self.child = Some(*pid);
                self.add(*pid, *pid, true);
            }
            Targets::Running(pids) => {
                for (i, &pid) in pids.iter().enumerate() {
                    match self.attach_process(pid) {
                        Err(refusal) if i == 0 => return Err(refusal),
                        Err(Refusal::Gone) | Ok(()) => {}
                        Err(refusal) => {
                            self.queue.note(format!("process {pid} is not recorded: {refusal}"));
                        }
                    }
                }
            }
        }
        be_prompt();
        Ok(())
    }

    fn attach_process(&mut self, pid: u32) -> Result<(), Refusal> {
        let mut result = Err(Refusal::Gone);
        for _ in 0..MOST_LOOKS {
            let mut new: Vec<u32> = threads_of(pid).into_iter().map(|(tid, _)| tid).collect();
            new.retain(|tid| !self.threads.contains_key(tid));
            if new.is_empty() {
                break;
            }
            for tid in new {
                match calls::seize(tid) {
                    Ok(()) => {
                        self.add(pid, tid, true);
                        result = Ok(());
                    }
                    // A leader that has ended before its threads cannot be traced, nor does it run.
                    Err(error) if result.is_err() => result = Err(Refusal::of(pid, error)),
                    Err(_) => {}
                }
            }
        }
        result
    }

    fn add(&mut self, pid: u32, tid: u32, from_here: bool) {
        let mut tracee = Tracee::new(pid, tid);
        if from_here {
            tracee.start_here();
        }
        self.threads.insert(tid, tracee);
        let now = monotonic_ns();
        self.processes.entry(pid).or_insert_with(|| Process::new(now));
    }

    /// Traces until it is told to stop.
    pub(super) fn run(mut self) {
        self.schedule(monotonic_ns());
        while !self.control.stop.load(Ordering::Relaxed) {
            let mut rested = true;
            while let Some((tid, change)) = calls::next_change() {
                rested = false;
                match change {
                    calls::Change::Ended { status, cpu } => self.ended(tid, status, cpu),
                    calls::Change::Stopped(stop) => self.stopped(tid, stop),
                }
            }
            let now = monotonic_ns();
            if now >= self.next_ns {
                self.tick(now, rested);
            }
            self.take_place();
            let left = Duration::from_nanos(self.next_ns.saturating_sub(monotonic_ns()));
            calls::wait_for_change(left.min(self.patience()));
        }
    }

    fn patience(&mut self) -> Duration {
        let Some(looks) = &mut self.standing else { return LONGEST_WAIT };
        *looks += 1;
        if *looks == STANDING_LOOKS {
            self.queue.put_change(Change::Stopped);
        }
        if *looks < STANDING_LOOKS { STANDING_WAIT } else { LONGEST_WAIT }
    }

    /// Goes where the next look is for, once those who were told to stop have done so.
    fn take_place(&mut self) {
        let state = |tid: &u32| self.threads.get(tid).map(|tracee| tracee.state);
        if self.due.iter().filter_map(state).any(|state| matches!(state, State::Interrupted { .. })) {
            return;
        }
        self.find_processors();
        let turns = self.takes_turns();
        self.place
            .go_to(self.processors.get(self.lot % self.processors.len().max(1)).copied().filter(|_| turns));
    }

    fn find_processors(&mut self) {
        let processor = |tid: &u32| self.threads.get(tid)?.processor();
        self.processors.clear();
        self.processors.extend(self.due.iter().filter_map(processor));
        self.processors.sort_unstable();
        self.processors.dedup();
    }

    fn takes_turns(&self) -> bool {
        self.place.is_free() && self.processors.len() <= MOST_TURNS
    }

    /// Tells threads to stop that run and have run since their last sample: the one that we have displaced, those that have only
    /// begun and those that have not been seen for long, or all of them. `rested` says that we have slept until now.
    fn tick(&mut self, now: u64, rested: bool) {
        self.ticks += 1;
        let displacing = rested && now.saturating_sub(self.next_ns) <= SOON_NS;
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        let processes = &mut self.processes;
        for (&tid, tracee) in &mut self.threads {
            if let State::Interrupted { since_ns, missed, .. } = &mut tracee.state
                && !*missed
                && now.saturating_sub(*since_ns) > MISSED_NS
            {
                *missed = true;
                self.queue.lose(1);
            }
            let busy = processes
                .get_mut(&tracee.pid)
                .is_some_and(|process| process.is_busy(tracee.pid, self.ticks, now));
            if busy && tracee.has_run(self.ticks) {
                due.push(tid);
            }
        }
        let displaced = if displacing { self.displaced(&due) } else { None };
        self.due = due;
        self.find_processors();
        let only_displaced = self.takes_turns();
        for &tid in &self.due {
            let Some(tracee) = self.threads.get_mut(&tid) else { continue };
            let displaced = displaced == Some(tid);
            let wanted = displaced
                || !only_displaced
                || tracee.has_woken()
                || tracee.is_owed(self.period_ns * MOST_PERIODS);
            if wanted && calls::interrupt(tid).is_ok() {
                tracee.state = State::Interrupted { since_ns: now, displaced, missed: false };
            }
        }
        self.schedule(now);
    }

    /// Who of these was on our processor until we needed it.
    fn displaced(&mut self, due: &[u32]) -> Option<u32> {
        let here = u32::try_from(rustix::thread::sched_getcpu()).ok()?;
        let threads = &self.threads;
        let mut ran_here = due
            .iter()
            .copied()
            .filter(|tid| threads.get(tid).is_some_and(|tracee| tracee.has_moved_on(here)));
        let first = ran_here.next()?;
        let others: Vec<u32> = ran_here.collect();
        if due.len() == 1 {
            return Some(first);
        }
        // Others may have been there before it, and have lost the processor wherever they did.
        let Some(got_ns) = self.place.got_ns() else { return Some(first).filter(|_| others.is_empty()) };
        let mut left_just_now = |tid: &u32| {
            let left_ns = self.threads.get_mut(tid).and_then(Tracee::left_ns);
            left_ns.is_some_and(|left_ns| left_ns.abs_diff(got_ns) <= SWITCH_NS)
        };
        std::iter::once(first).chain(others).find(|tid| left_just_now(tid))
    }

    /// The next tick is not in step with anything that the program does at fixed times. Each processor gets as many as were asked
    /// for.
    fn schedule(&mut self, now: u64) {
        let turns = if self.takes_turns() { self.processors.len().max(1) } else { 1 };
        let period_ns = (self.period_ns / turns as u64).max(1);
        self.next_ns = now + period_ns / 2 + self.random() % period_ns;
        self.lot = self.lot.wrapping_add(1);
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn stopped(&mut self, tid: u32, stop: Stop) {
        if !self.threads.contains_key(&tid) {
            // New, and told of before its maker has told.
            self.adopt(tid);
        }
        if stop == Stop::Executed {
            self.executed(tid);
        } else if self
            .threads
            .get(&tid)
            .is_some_and(|tracee| matches!(tracee.state, State::Interrupted { .. }))
        {
            // Whatever it has stopped for: this is what it was doing.
            self.catch(tid, stop);
        }
        if stop == Stop::Made
            && let Ok(new) = calls::message(tid)
            && !self.threads.contains_key(&new)
        {
            self.adopt(new);
        }
        let stood = self.threads.get(&tid).and_then(|tracee| tracee.stood_ns(monotonic_ns()));
        if let Some(ns) = stood {
            self.queue.put(Record::Stopped { tid, ns });
        }
        let state = match stop {
            Stop::Group(_) if calls::listen(tid).is_ok() => State::Standing,
            Stop::Signal(signal) => go_on(tid, signal),
            _ => go_on(tid, 0),
        };
        let Some(tracee) = self.threads.get_mut(&tid) else { return };
        if matches!(tracee.state, State::Interrupted { .. }) {
            // While we have its processor it may go on elsewhere.
            tracee.find_processor();
        }
        tracee.state = state;
        if Some(tracee.pid) == self.child {
            match state {
                State::Standing => self.standing = self.standing.or(Some(0)),
                _ if matches!(stop, Stop::Trap) => self.standing = None,
                _ => {}
            }
        }
    }

    /// Copies what a thread that stands still was doing.
    fn catch(&mut self, tid: u32, stop: Stop) {
        let Some(tracee) = self.threads.get_mut(&tid) else { return };
        let Ok(registers) = calls::registers(tid) else { return };
        let weight_ns = match tracee.used(self.period_ns * MOST_PERIODS) {
            // It was not running after all, or elsewhere.
            Used::Nothing | Used::Elsewhere => None,
            Used::Ns(used) => Some(used),
            Used::Unknown => {
                self.queue.note(
                    "the kernel does not tell each thread's CPU time: every sample weighs the same"
                        .to_owned(),
                );
                Some(self.period_ns)
            }
        };
        if let Some(weight_ns) = weight_ns {
            let unwinding = calls::unwinding(&registers);
            let mut stack = self.queue.buffer();
            stack.resize(self.control.dump.load(Ordering::Relaxed), 0);
            // Without it the sample still has its innermost frame.
            let n = memory::read(tid, unwinding.sp, &mut stack).unwrap_or_else(|error| {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    let pid = tracee.pid;
                    self.queue.note(format!("process {pid} guards its memory: it shows no functions"));
                }
                0
            });
            stack.truncate(n);
            let time_ns = monotonic_ns();
            if let Some(name) = tracee.new_name(time_ns) {
                self.queue.put(Record::ThreadName { pid: tracee.pid, tid, name });
            }
            let caught = Caught { time_ns, pid: tracee.pid, tid, weight_ns, registers: unwinding, stack };
            self.queue.put(Record::Sample(caught));
        }
        if stop == Stop::Trap {
            keep_waiting(tid, registers);
        }
    }

    /// A thread or process that one of the tracees has made. One that is gone when its maker tells of it has been told of by
    /// itself already, and its end, too.
    fn adopt(&mut self, tid: u32) {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{tid}/status")) else { return };
        let number = |name: &str| -> Option<u32> {
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim().parse().ok()
        };
        let Some(pid) = number("Tgid") else { return };
        let parent_pid = if pid == tid { number("PPid").unwrap_or(0) } else { pid };
        self.add(pid, tid, false);
        self.queue.put(Record::Fork { pid, parent_pid, tid, parent_tid: parent_pid });
    }

    /// A process has become another program; the thread that did it has the process's number now, and the others are gone.
    fn executed(&mut self, pid: u32) {
        self.threads.retain(|&tid, tracee| tracee.pid != pid || tid == pid);
        // What it has done before is not the new program's.
        self.add(pid, pid, true);
        let Some(tracee) = self.threads.get_mut(&pid) else { return };
        let name = tracee.new_name(0).unwrap_or_default();
        self.queue.put(Record::Exec { pid, name });
        if let Some(note) = lost_privileges(pid) {
            self.queue.note(note);
        }
    }

    fn ended(&mut self, tid: u32, status: i32, cpu: CpuTime) {
        if let Some(tracee) = self.threads.remove(&tid) {
            self.queue.put(Record::Exit { pid: tracee.pid, tid });
            if tracee.pid == tid {
                self.processes.remove(&tid);
            }
        }
        if self.child == Some(tid) {
            self.standing = None;
            self.queue.put_change(Change::Ended(Ended::new(status, cpu)));
        }
    }
}

/// It may have been killed meanwhile, which is told by another change.
fn go_on(tid: u32, signal: i32) -> State {
    let _: io::Result<()> = calls::resume(tid, signal);
    State::Going
}
