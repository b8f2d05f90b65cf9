//! The life of one recording: start or find the program, record until it is over, end cleanly. The only place that knows the
//! order of the stages.

mod checkpoint;
mod choose;
mod cpu_meter;
mod dump;
mod exact;
mod waits;

use std::{
    ffi::OsString,
    os::fd::{AsRawFd, RawFd},
    time::{Duration, SystemTime},
};

use checkpoint::Schedule;
pub use checkpoint::{Checkpoints, Reason};
pub use choose::Choice;
use choose::Chosen;
use cpu_meter::CpuMeter;
pub use dump::dump;
pub use exact::{Counting, ExactOptions, count};
use waits::Waits;

use super::{
    error::Error,
    model::{Clock, Host, Recording},
    process::{ProcessTable, read_maps},
    raw::RawProfile,
    record::{Backend, Event, Needs, Refusal, Setup, perf, perf::monotonic_ns, ptrace},
    target::{Change, Child, CpuTime, Ended, Launch, LaunchError, running_tree, threads_of},
};
use crate::{signals::Signals, units};

/// How to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Samples per second of CPU time.
    pub rate_hz: u64,
    /// Stop recording after this long; the program goes on.
    pub duration: Option<Duration>,
    /// Sample everything that runs and keep the program's part: no bias against short-lived processes, but privileged.
    pub system_wide: bool,
    /// Go on recording children that outlive the program.
    pub wait_children: bool,
    /// Take a checkpoint so often.
    pub every: Option<Duration>,
    /// Record waiting, too.
    pub wall: bool,
    /// What to record with.
    pub backend: Choice,
    /// The time now, for the recording's start.
    pub now: SystemTime,
}

/// What a recording has come to so far, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Time since the start.
    pub elapsed: Duration,
    /// Samples taken.
    pub samples: u64,
    /// Samples lost.
    pub lost: u64,
}

/// A finished recording.
#[derive(Debug)]
pub struct Recorded {
    /// What was recorded.
    pub raw: RawProfile,
    /// How recording was set up.
    pub setup: Setup,
    /// The program; how it ended is known once it has.
    pub program: Program,
    /// Processes of the program that are still running and not recorded any more.
    pub outlived: Vec<u32>,
}

/// The program that was profiled.
#[derive(Debug)]
pub enum Program {
    /// It has ended.
    Ended(Ended),
    /// It is our child and still runs; call [`StillRunning::wait`].
    Running(Box<StillRunning>),
    /// It was attached to and is none of our business any more.
    Left,
}

/// A child that outlives its recording.
#[derive(Debug)]
pub struct StillRunning {
    child: Child,
    signals: Signals,
}

/// Starts a program and records it.
///
/// `report` is called now and then while it runs; `checkpoints` gets a snapshot at every [`Options::every`], and at once when
/// SIGTERM or SIGHUP reaches us, which the program gets too.
///
/// # Errors
/// [`Error::Launch`] when the program cannot be started, [`Error::Refused`] when it cannot be recorded; it has not run then.
pub fn run(
    command: &[OsString],
    options: &Options,
    report: &mut dyn FnMut(Status),
    checkpoints: &mut dyn Checkpoints,
) -> Result<Recorded, Error> {
    let program = command.first().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let launch_error = |error| Error::launch(&program, error);
    let signals = Signals::hold_back().map_err(|source| launch_error(LaunchError::NoProcess(source)))?;
    let launch = Launch::fork(command, None, &signals).map_err(launch_error)?;
    let chosen = match choose::for_launched(launch.pid(), options) {
        Ok(chosen) => chosen,
        Err(refusal) => {
            launch.abandon();
            return Err(Error::Refused { what: program, pid: None, refusal });
        }
    };
    let mut session = Session::new(chosen, options);
    session.table.add_launched(launch.pid(), &program);
    session.root = launch.pid();
    if options.system_wide {
        session.enable(&program, None)?;
    }
    let child = match launch.execute() {
        Ok(child) => child,
        Err((error, child)) => {
            session.wait_for(&child);
            return Err(launch_error(error));
        }
    };
    session.recording.command = command.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let end = session.record(&signals, Some(&child), report, checkpoints);
    let program = match end {
        End::Program(ended) => {
            // Its total lacks the children that outlive it.
            session.meter.read(&session.tree());
            session.meter.end(ended.cpu);
            Program::Ended(ended)
        }
        End::Time | End::Asked => {
            session.meter.read(&session.tree());
            Program::Running(Box::new(StillRunning { child, signals }))
        }
    };
    Ok(session.finish(program))
}

/// Records a running process with all its threads and children, until it ends, until [`Options::duration`], or until SIGINT,
/// SIGTERM or SIGHUP. `report` and `checkpoints` are as for [`run`].
///
/// # Errors
/// [`Error::Gone`] without such a process, [`Error::Refused`] when it cannot be recorded.
pub fn attach(
    pid: u32,
    options: &Options,
    report: &mut dyn FnMut(Status),
    checkpoints: &mut dyn Checkpoints,
) -> Result<Recorded, Error> {
    let tree = running_tree(&[pid]);
    if tree.is_empty() {
        return Err(Error::Gone { pid });
    }
    let signals = Signals::hold_back()
        .map_err(|error| Error::refused(pid, Refusal::Perf(perf::Refusal::Other(error))))?;
    let chosen = match choose::for_running(&tree, options) {
        Ok(chosen) => chosen,
        Err(Refusal::Perf(perf::Refusal::Gone) | Refusal::Ptrace(ptrace::Refusal::Gone)) => {
            return Err(Error::Gone { pid });
        }
        Err(refusal) => return Err(Error::refused(pid, refusal)),
    };
    let mut session = Session::new(chosen, options);
    session.root = pid;
    session.meter.start(&tree.iter().map(|process| process.pid).collect::<Vec<_>>());
    session.enable(&format!("process {pid}"), Some(pid))?;
    // After enabling: what is mapped from now on is told by an event, what was mapped before stands in the maps.
    for process in running_tree(&[pid]) {
        let maps = read_maps(process.pid);
        session.table.add_running(process.pid, process.parent_pid, &process.name, &process.threads, &maps);
    }
    session.recording.command = command_line(pid, tree.first().map(|process| process.name.as_str()));
    session.record(&signals, None, report, checkpoints);
    session.meter.read(&session.tree());
    Ok(session.finish(Program::Left))
}

impl StillRunning {
    /// Waits for the program to end, passing on what is sent to it.
    pub fn wait(self) -> Ended {
        loop {
            let fds = [self.signals.descriptor().as_raw_fd(), self.child.descriptor().as_raw_fd()];
            poll(&fds, Duration::from_secs(60));
            if let Some(ended) = attend(&self.child, &self.signals, &mut Child::change).ended {
                return ended;
            }
        }
    }
}

/// Why recording ended.
enum End {
    Program(Ended),
    Time,
    Asked,
}

struct Session {
    backend: Box<dyn Backend>,
    table: ProcessTable,
    meter: CpuMeter,
    recording: Recording,
    duration: Option<Duration>,
    wait_children: bool,
    schedule: Schedule,
    start_ns: u64,
    root: u32,
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
    fn new(chosen: Chosen, options: &Options) -> Self {
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
            duration: options.duration,
            wait_children: options.wait_children,
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

    fn enable(&mut self, what: &str, pid: Option<u32>) -> Result<(), Error> {
        let refused = |error| {
            let refusal = Refusal::Perf(perf::Refusal::Other(error));
            Error::Refused { what: what.to_owned(), pid, refusal }
        };
        self.backend.enable().map_err(refused)
    }

    /// Waits for a child that has not become the program.
    fn wait_for(&mut self, child: &Child) {
        while !matches!(self.backend.change(child), Change::Ended(_)) {
            poll(&[child.descriptor().as_raw_fd()], EARLY_POLL);
        }
    }

    fn record(
        &mut self,
        signals: &Signals,
        child: Option<&Child>,
        report: &mut dyn FnMut(Status),
        checkpoints: &mut dyn Checkpoints,
    ) -> End {
        signals.hear_of_children(!self.backend.waits_for_children());
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
                    Attended { ended, told_to_end } = attend(child, signals, change);
                }
                None if self.asked_to_end(signals) => return self.last_round(End::Asked, child, ended),
                None => {}
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
                && !(self.wait_children && self.others_live())
            {
                return self.last_round(End::Program(ended), child, Some(ended));
            }
            if child.is_none() && !self.lives(self.root) && !(self.wait_children && self.others_live()) {
                return self.last_round(End::Asked, child, ended);
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
            checkpoints.take(self.snapshot(), Reason::Due);
        }
    }

    fn snapshot(&mut self) -> RawProfile {
        if let Some(waits) = &mut self.waits {
            waits.settle(&mut self.table, monotonic_ns());
        }
        let cpu = self.meter.peek(&self.table.live_processes());
        let mut recording = self.recording.clone();
        recording.duration_ns = self.elapsed_ns();
        recording.notes.extend(self.backend.notes());
        tell_cpu(&mut recording, cpu);
        self.table.snapshot(recording)
    }

    fn elapsed_ns(&self) -> u64 {
        monotonic_ns() - self.start_ns
    }

    fn asked_to_end(&self, signals: &Signals) -> bool {
        std::iter::from_fn(|| signals.next()).any(|signal| signal.number != libc::SIGCHLD)
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
        Some(self.duration?.saturating_sub(elapsed))
    }

    /// Process ids of the program as of now.
    fn tree(&self) -> Vec<u32> {
        self.table.live_processes()
    }

    fn finish(mut self, program: Program) -> Recorded {
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

/// Ids of all threads of the program.
fn tasks(root: u32, table: &ProcessTable) -> Vec<u32> {
    let mut pids = table.live_processes();
    pids.extend(running_tree(&[root]).iter().map(|process| process.pid));
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().flat_map(threads_of).map(|(tid, _)| tid).collect()
}

fn tell_cpu(recording: &mut Recording, cpu: CpuTime) {
    recording.user_cpu_ns = Some(cpu.user_ns);
    recording.system_cpu_ns = Some(cpu.system_ns);
}

/// What has happened to the program.
struct Attended {
    ended: Option<Ended>,
    /// It was sent a signal, through us, that ends most programs.
    told_to_end: bool,
}

/// Passes on to the child what was sent to us, stops when it stops, and tells when it has ended. `change` asks for that.
fn attend(child: &Child, signals: &Signals, change: &mut dyn FnMut(&Child) -> Change) -> Attended {
    let mut told_to_end = false;
    while let Some(signal) = signals.next() {
        told_to_end |= matches!(signal.number, libc::SIGTERM | libc::SIGHUP);
        match signal.number {
            libc::SIGCHLD => {}
            // The terminal has sent it to the program, too.
            _ if signal.from_terminal => {}
            number => child.signal(number),
        }
    }
    let ended = match change(child) {
        Change::Ended(ended) => Some(ended),
        Change::Stopped => {
            // Whoever waits for us shall see what it would have seen of the program itself.
            crate::signals::stop_self();
            child.signal(libc::SIGCONT);
            None
        }
        Change::None => None,
    };
    Attended { ended, told_to_end }
}

/// Waits until one of these is readable or time is up; those that hung up.
fn poll(fds: &[RawFd], timeout: Duration) -> Vec<RawFd> {
    use rustix::event::{PollFd, PollFlags, Timespec};
    // SAFETY: the descriptors belong to events and signals that the caller holds open during the call.
    let borrowed = fds.iter().map(|&fd| unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) });
    let borrowed: Vec<_> = borrowed.collect();
    let mut polled: Vec<_> = borrowed.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
    let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
    // An interrupted poll is as good as one that timed out.
    let _ = rustix::event::poll(&mut polled, Some(&timeout));
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    fds.iter().zip(&polled).filter(|(_, p)| p.revents().intersects(gone)).map(|(&fd, _)| fd).collect()
}

/// One event for each thread and processor can be many. The program keeps the limit that it was given: it exists already.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without it there is only less room; opening tells when it does not suffice.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn host() -> Host {
    let cpus = std::thread::available_parallelism().map_or(0, |n| n.get() as u32);
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    Host { cpus, kernel }
}

/// What a process was started with; without that, `name` in brackets as `ps` shows it.
fn command_line(pid: u32, name: Option<&str>) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if bytes.is_empty() {
        // A kernel thread, or one that has ended meanwhile.
        return name.iter().map(|name| format!("[{name}]")).collect();
    }
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    text.split(|&byte| byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}
