//! The recording itself: looks at the sampling buffers again and again, until it is over.

use std::{
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

use super::{
    Options, Program, Recorded, Status,
    attend::{Attended, attend, poll},
    checkpoint::{Checkpoints, Reason, Request, Schedule},
    choose::{self, Chosen},
    cpu_meter::CpuMeter,
    host::host,
    waits::Waits,
};
use crate::{
    profile::{
        error::Error,
        model::{Clock, Recording},
        process::ProcessTable,
        raw::RawProfile,
        record::{Backend, Event, Needs, Refusal, perf, perf::monotonic_ns},
        target::{Change, Child, CpuTime, Ended, running_tree, threads_of},
    },
    signals::{Signals, stop_self},
    units,
};

/// Why recording ended.
pub(super) enum End {
    Program(Ended),
    Time,
    /// The process that we were attached to has ended.
    Gone,
    /// Somebody wanted it to, by this signal if by one.
    Asked(Option<i32>),
}

/// A recording that goes on.
pub(super) struct Session {
    backend: Box<dyn Backend>,
    pub(super) table: ProcessTable,
    pub(super) meter: CpuMeter,
    pub(super) recording: Recording,
    options: Options,
    schedule: Schedule,
    start_ns: u64,
    pub(super) root: u32,
    /// A ring makes no sense any more.
    broken: bool,
    asked: Needs,
    look_every: Duration,
    waits: Option<Waits>,
}

const POLL: Duration = Duration::from_millis(100);
/// Rings are looked at at least after so many periods, because that is also when periods are changed.
const LOOK_AFTER_PERIODS: u32 = 25;
const SHORTEST_LOOK: Duration = Duration::from_millis(10);
/// At first: a program that ends soon takes with it the memory that deep stacks are completed from, and one that has just been
/// started shows soon whether it is one of Python, which wants to be looked at promptly.
const EARLY_POLL: Duration = Duration::from_millis(5);
const EARLY_NS: u64 = 2_000_000_000;
/// Without a descriptor that tells when a ring fills up.
const BLIND_POLL: Duration = Duration::from_millis(20);
/// Before ordinary processes, and behind what matters to the system.
const PROMPT_PRIORITY: i32 = -10;
const METER_EVERY_NS: u64 = 250_000_000;
/// What readings of CPU time may be off by: they count clock ticks of 10 ms, and the last one is a little old.
const METER_GRAIN_NS: u64 = 300_000_000;

impl Session {
    pub(super) fn new(chosen: Chosen, options: &Options) -> Self {
        let Chosen { backend, why } = chosen;
        let start_ns = monotonic_ns();
        let setup = backend.setup();
        let notes = if setup.rate_hz < options.rate_hz {
            vec![format!(
                "the kernel allows {} samples per second (kernel.perf_event_max_sample_rate)",
                units::count(setup.rate_hz)
            )]
        } else {
            Vec::new()
        };
        let recording = Recording {
            notes,
            started: Some(options.now),
            backend: backend.name().to_owned(),
            backend_reason: why,
            clock: Clock::Cpu,
            rate_hz: options.rate_hz,
            kernel_frames: setup.kernel_frames,
            kernel_time: setup.kernel_time,
            waiting: options.wall,
            host: host(),
            ..Recording::default()
        };
        Self {
            backend,
            table: ProcessTable::new(start_ns, options.system_wide, setup.maps_are_told),
            meter: CpuMeter::default(),
            recording,
            options: options.clone(),
            schedule: Schedule::new(options.every),
            start_ns,
            root: 0,
            broken: false,
            asked: Needs::default(),
            waits: options.wall.then(|| Waits::new(setup.switches_are_told, start_ns)),
            look_every: (Duration::from_secs(1) / setup.rate_hz.clamp(1, 1 << 20) as u32
                * LOOK_AFTER_PERIODS)
                .clamp(SHORTEST_LOOK, POLL),
        }
    }

    pub(super) fn enable(&mut self, what: &str, pid: Option<u32>) -> Result<(), Error> {
        let refused = |error| {
            let refusal = Refusal::Perf(perf::Refusal::Other(error));
            Error::Refused { what: what.to_owned(), pid, refusal }
        };
        self.backend.enable().map_err(refused)
    }

    /// Waits for a child that has not become the program.
    pub(super) fn wait_for(&mut self, child: &Child) {
        while !matches!(self.backend.change(child), Change::Ended(_)) {
            poll(&[child.descriptor().as_raw_fd()], EARLY_POLL);
        }
    }

    pub(super) fn record(
        &mut self,
        signals: &Signals,
        child: Option<&Child>,
        report: &mut dyn FnMut(Status),
        checkpoints: &mut dyn Checkpoints,
    ) -> End {
        signals.hear_of_children(!self.backend.waits_for_children());
        checkpoints.begin(self.root);
        let end = self.record_until_the_end(signals, child, report, checkpoints);
        signals.hear_of_children(true);
        end
    }

    fn record_until_the_end(
        &mut self,
        signals: &Signals,
        child: Option<&Child>,
        report: &mut dyn FnMut(Status),
        checkpoints: &mut dyn Checkpoints,
    ) -> End {
        let mut rings = self.backend.descriptors();
        let all_rings = rings.len();
        let mut ended: Option<Ended> = None;
        let mut meter_at = self.start_ns;
        loop {
            let fds: Vec<RawFd> = rings.iter().copied().chain([signals.descriptor().as_raw_fd()]).collect();
            let patience = self.patience(rings.len() < all_rings);
            let patience = patience.min(self.schedule.left(self.elapsed_ns()));
            let patience = match &self.waits {
                Some(waits) => patience.min(Duration::from_nanos(waits.left_ns(monotonic_ns()))),
                None => patience,
            };
            let hung_up = poll(&fds, self.time_left().map_or(patience, |left| left.min(patience)));
            rings.retain(|fd| !hung_up.contains(fd));
            let mut told_to_end = false;
            match child.filter(|_| ended.is_none()) {
                Some(child) => {
                    let change = &mut |child: &Child| self.backend.change(child);
                    let stop = &mut || stop_with(checkpoints);
                    Attended { ended, told_to_end } = attend(child, signals, change, stop);
                }
                None => {
                    if let Some(signal) = asked_to_end(signals) {
                        return self.last_round(End::Asked(Some(signal)), child, ended);
                    }
                }
            }
            self.pump(ended.is_some());
            if let Some(waits) = &mut self.waits {
                waits.look(&mut self.table, &monotonic_ns);
            }
            self.ask_for(self.table.needs());
            let (root, table) = (self.root, &self.table);
            // Refused, it is recorded as before.
            let _ = self.backend.tend(&mut || tasks(root, table));
            let now = monotonic_ns();
            let counts = self.table.counts();
            let elapsed = Duration::from_nanos(now - self.start_ns);
            report(Status { elapsed, samples: counts.samples, lost: counts.lost });
            if let Some(ended) = ended
                && !(self.options.wait_children && self.others_live())
            {
                return self.last_round(End::Program(ended), child, Some(ended));
            }
            if child.is_none()
                && !self.lives(self.root)
                && !(self.options.wait_children && self.others_live())
            {
                return self.last_round(End::Gone, child, ended);
            }
            match checkpoints.request() {
                Some(Request::End) => return self.last_round(End::Asked(None), child, ended),
                Some(Request::Suspend) if child.is_none() => {
                    self.suspend(checkpoints);
                    rings = self.backend.descriptors();
                }
                Some(Request::Signal(number)) => {
                    child.filter(|_| ended.is_none()).inspect(|child| child.signal(number));
                }
                Some(Request::Snapshot) => checkpoints.take(self.snapshot(), Reason::Asked),
                Some(Request::Suspend) | None => {}
            }
            if self.time_left() == Some(Duration::ZERO) {
                return self.last_round(End::Time, child, ended);
            }
            self.checkpoint(told_to_end, checkpoints);
            if (child.is_none() || ended.is_some()) && now - meter_at > METER_EVERY_NS {
                meter_at = now;
                self.meter.read(&self.tree());
            }
        }
    }

    /// Reads what is left. A program that has ended by now has ended, whatever else the reason was.
    fn last_round(&mut self, end: End, child: Option<&Child>, ended: Option<Ended>) -> End {
        self.backend.stop();
        self.pump(true);
        if let Some(waits) = &mut self.waits {
            waits.finish(&mut self.table, monotonic_ns());
        }
        let ended = ended.or_else(|| match self.backend.change(child?) {
            Change::Ended(ended) => Some(ended),
            Change::Stopped | Change::None => None,
        });
        ended.map_or(end, End::Program)
    }

    /// The CPU time that the kernel charged, unless it is less than what was seen of it: a program that ignores SIGCHLD, or
    /// whose children find another parent, has used more than anybody was told.
    fn tell_cpu_time(&mut self) {
        let Some(cpu) = self.meter.total() else { return };
        let visible = if self.recording.kernel_time { cpu.total_ns() } else { cpu.user_ns };
        let sampled = self.table.counts().weight_ns;
        if sampled.saturating_sub(visible) > METER_GRAIN_NS && sampled as f64 > 1.2 * visible as f64 {
            let note = "coverage is not known: the program did not wait for all of its children".to_owned();
            self.recording.notes.push(note);
            return;
        }
        tell_cpu(&mut self.recording, cpu);
    }

    fn pump(&mut self, all: bool) {
        let (table, waits) = (&mut self.table, &mut self.waits);
        if self.broken {
            return;
        }
        let mut handle = |event: Event<'_>| {
            if let Some(waits) = waits {
                waits.hear(&event, table);
            }
            table.handle(event);
        };
        if let Err(error) = self.backend.pump(all, &mut handle) {
            self.broken = true;
            self.backend.stop();
            self.recording.notes.push(format!("recording stopped early: {error}"));
        }
    }

    fn ask_for(&mut self, needs: Needs) {
        if needs.and(self.asked) == self.asked {
            return;
        }
        self.asked = needs.and(self.asked);
        if needs.prompt {
            // On a busy machine we would come too late; who may not ask for it goes without.
            let _ = rustix::process::setpriority_process(None, PROMPT_PRIORITY);
        }
        let (root, table) = (self.root, &self.table);
        if let Err(error) = self.backend.ask_for(needs, &mut || tasks(root, table)) {
            let what =
                if needs.longest_dumps { "stacks over 32 KiB are cut" } else { "Python frames come late" };
            self.recording.notes.push(format!("{what}: cannot ask for more: {error}"));
        }
    }

    /// Hands out a snapshot if it is time for one.
    fn checkpoint(&mut self, told_to_end: bool, checkpoints: &mut dyn Checkpoints) {
        let due = self.schedule.is_due(self.elapsed_ns());
        if told_to_end {
            checkpoints.take(self.snapshot(), Reason::Ending);
        } else if due && checkpoints.is_busy() {
            checkpoints.skip();
        } else if due {
            let snapshot = if checkpoints.wants_sums() { self.sums() } else { self.snapshot() };
            checkpoints.take(snapshot, Reason::Due);
        }
    }

    fn snapshot(&mut self) -> RawProfile {
        let recording = self.recording_so_far();
        self.table.snapshot(recording)
    }

    fn sums(&mut self) -> RawProfile {
        let recording = self.recording_so_far();
        self.table.sums(recording)
    }

    fn recording_so_far(&mut self) -> Recording {
        if let Some(waits) = &mut self.waits {
            waits.settle(&mut self.table, monotonic_ns());
        }
        let cpu = self.meter.peek(&self.table.live_processes());
        let mut recording = self.recording.clone();
        recording.duration_ns = self.elapsed_ns();
        recording.notes.extend(self.backend.notes());
        tell_cpu(&mut recording, cpu);
        recording
    }

    /// Stops us until we are continued. Whom we trace would be stuck with its next signal until then, so that it is let go.
    fn suspend(&mut self, checkpoints: &mut dyn Checkpoints) {
        let traces = self.backend.waits_for_children();
        if traces {
            self.backend.stop();
            self.pump(true);
        }
        stop_with(checkpoints);
        if !traces {
            return;
        }
        match choose::for_running(&running_tree(&[self.root]), &self.options) {
            Ok(chosen) => (self.backend, self.asked) = (chosen.backend, Needs::default()),
            Err(_) if !is_running(self.root) => {}
            Err(_) => {
                self.broken = true;
                let note = "recording ended when hotcold was suspended: it could not be taken up again";
                self.recording.notes.push(note.to_owned());
            }
        }
    }

    fn elapsed_ns(&self) -> u64 {
        monotonic_ns() - self.start_ns
    }

    fn lives(&self, pid: u32) -> bool {
        self.table.live_processes().contains(&pid)
    }

    fn patience(&self, blind: bool) -> Duration {
        match self.elapsed_ns() {
            ..EARLY_NS => EARLY_POLL,
            _ if blind => BLIND_POLL,
            _ => self.look_every,
        }
    }

    fn others_live(&self) -> bool {
        self.table.live_processes().iter().any(|&pid| pid != self.root)
    }

    fn time_left(&self) -> Option<Duration> {
        let elapsed = Duration::from_nanos(self.elapsed_ns());
        Some(self.options.duration?.saturating_sub(elapsed))
    }

    /// Process ids of the program as of now.
    pub(super) fn tree(&self) -> Vec<u32> {
        self.table.live_processes()
    }

    pub(super) fn finish(mut self, program: Program) -> Recorded {
        let setup = self.backend.setup();
        self.recording.duration_ns = self.elapsed_ns();
        self.recording.notes.extend(self.backend.notes());
        if self.waits.as_ref().is_some_and(Waits::was_blind) {
            let note = "stacks of waiting threads may not be read: ptrace is not permitted".to_owned();
            self.recording.notes.push(note);
        }
        self.tell_cpu_time();
        let throttled = self.table.counts().throttled;
        if throttled > 0 {
            self.recording
                .notes
                .push(format!("the kernel throttled sampling {throttled} times; a lower --rate avoids it"));
        }
        let mut outlived = self.table.live_processes();
        outlived.retain(|&pid| pid != self.root);
        Recorded { raw: self.table.into_profile(self.recording), setup, program, outlived }
    }
}

/// Stops us until we are continued.
fn stop_with(checkpoints: &mut dyn Checkpoints) {
    checkpoints.suspend();
    stop_self();
    checkpoints.resume();
}

/// The signal that somebody wants us to end by.
fn asked_to_end(signals: &Signals) -> Option<i32> {
    let mut numbers = std::iter::from_fn(|| signals.next()).map(|signal| signal.number);
    numbers.find(|&number| number != libc::SIGCHLD)
}

fn is_running(pid: u32) -> bool {
    !running_tree(&[pid]).is_empty()
}

/// Ids of all threads of the program.
fn tasks(root: u32, table: &ProcessTable) -> Vec<u32> {
    let mut pids = table.live_processes();
    pids.extend(running_tree(&[root]).iter().map(|process| process.pid));
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().flat_map(threads_of).map(|(tid, _)| tid).collect()
}

/// Notes what the kernel charged.
pub(super) fn tell_cpu(recording: &mut Recording, cpu: CpuTime) {
    recording.user_cpu_ns = Some(cpu.user_ns);
    recording.system_cpu_ns = Some(cpu.system_ns);
}
