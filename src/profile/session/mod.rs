//! The life of one recording: start or find the program, record until it is over, end cleanly. The only place that knows the
//! order of the stages.

mod cpu_meter;

use std::{
    ffi::OsString,
    os::fd::{AsRawFd, RawFd},
    time::{Duration, SystemTime},
};

use cpu_meter::CpuMeter;

use super::{
    error::Error,
    model::{Clock, Host, Recording},
    process::ProcessTable,
    raw::RawProfile,
    record::{
        Backend, Needs, Setup,
        perf::{Perf, Refusal, Watch, monotonic_ns},
    },
    target::{Change, Child, Ended, Launch, LaunchError, Signals, running_tree, threads_of},
};
use crate::units;

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
/// `ready` is called once the program is about to start; `report` now and then while it runs.
///
/// # Errors
/// [`Error::Launch`] when the program cannot be started, [`Error::Refused`] when it cannot be recorded; it has not run then.
pub fn run(
    command: &[OsString],
    options: &Options,
    report: &mut dyn FnMut(Status),
) -> Result<Recorded, Error> {
    let program = command.first().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let launch_error = |error| Error::launch(&program, error);
    let signals = Signals::hold_back().map_err(|source| launch_error(LaunchError::NoProcess(source)))?;
    let launch = Launch::fork(command, &signals).map_err(launch_error)?;
    raise_file_limit();
    let watch = if options.system_wide { Watch::Everything } else { Watch::Launch(launch.pid()) };
    let perf = match Perf::open(watch, options.rate_hz) {
        Ok(perf) => perf,
        Err(refusal) => {
            launch.abandon();
            return Err(Error::Refused { what: program, refusal });
        }
    };
    let mut session = Session::new(perf, options);
    session.table.add_launched(launch.pid(), &program);
    session.root = launch.pid();
    if options.system_wide {
        session.enable(&program)?;
    }
    let child = launch.execute().map_err(launch_error)?;
    session.recording.command = command.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let end = session.record(&signals, Some(&child), report);
    let program = match end {
        End::Program(ended) => {
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
/// SIGTERM or SIGHUP.
///
/// # Errors
/// [`Error::Gone`] without such a process, [`Error::Refused`] when it cannot be recorded.
pub fn attach(pid: u32, options: &Options, report: &mut dyn FnMut(Status)) -> Result<Recorded, Error> {
    let tree = running_tree(&[pid]);
    if tree.is_empty() {
        return Err(Error::Gone { pid });
    }
    let signals = Signals::hold_back().map_err(|error| Error::refused(pid, Refusal::Other(error)))?;
    raise_file_limit();
    let tids: Vec<u32> = tree.iter().flat_map(|process| &process.threads).map(|(tid, _)| *tid).collect();
    let watch = if options.system_wide { Watch::Everything } else { Watch::Threads(&tids) };
    let perf = match Perf::open(watch, options.rate_hz) {
        Ok(perf) => perf,
        Err(Refusal::Gone) => return Err(Error::Gone { pid }),
        Err(refusal) => return Err(Error::refused(pid, refusal)),
    };
    let mut session = Session::new(perf, options);
    session.root = pid;
    session.meter.start(&tree.iter().map(|process| process.pid).collect::<Vec<_>>());
    session.enable(&pid.to_string())?;
    // After enabling: what is mapped from now on is told by an event, what was mapped before stands in the maps.
    for process in running_tree(&[pid]) {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", process.pid)).unwrap_or_default();
        session.table.add_running(process.pid, process.parent_pid, &process.name, &process.threads, &maps);
    }
    session.recording.command = command_line(pid);
    session.record(&signals, None, report);
    session.meter.read(&session.tree());
    Ok(session.finish(Program::Left))
}

impl StillRunning {
    /// Waits for the program to end, passing on what is sent to it.
    pub fn wait(self) -> Ended {
        loop {
            poll(&[self.signals.descriptor().as_raw_fd()], Duration::from_secs(60));
            if let Some(ended) = attend(&self.child, &self.signals) {
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
    perf: Perf,
    table: ProcessTable,
    meter: CpuMeter,
    recording: Recording,
    duration: Option<Duration>,
    wait_children: bool,
    start_ns: u64,
    root: u32,
    asked: Needs,
}

const POLL: Duration = Duration::from_millis(100);
/// Without a descriptor that tells when a ring fills up.
const BLIND_POLL: Duration = Duration::from_millis(20);
/// A program that has just been started shows soon whether it is one of Python, which wants to be looked at promptly.
const YOUNG_NS: u64 = 1_000_000_000;
const YOUNG_POLL: Duration = Duration::from_millis(4);
/// Before ordinary processes, and behind what matters to the system.
const PROMPT_PRIORITY: i32 = -10;
const METER_EVERY_NS: u64 = 250_000_000;

impl Session {
    fn new(perf: Perf, options: &Options) -> Self {
        let start_ns = monotonic_ns();
        let setup = perf.setup();
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
            backend: perf.name().to_owned(),
            clock: Clock::Cpu,
            rate_hz: options.rate_hz,
            kernel_frames: setup.kernel_frames,
            host: host(),
            ..Recording::default()
        };
        Self {
            perf,
            table: ProcessTable::new(start_ns, options.system_wide),
            meter: CpuMeter::default(),
            recording,
            duration: options.duration,
            wait_children: options.wait_children,
            start_ns,
            root: 0,
            asked: Needs::default(),
        }
    }

    fn enable(&self, what: &str) -> Result<(), Error> {
        let refused = |error| Error::Refused { what: what.to_owned(), refusal: Refusal::Other(error) };
        self.perf.enable().map_err(refused)
    }

    fn record(&mut self, signals: &Signals, child: Option<&Child>, report: &mut dyn FnMut(Status)) -> End {
        let mut rings = self.perf.descriptors();
        let all_rings = rings.len();
        let mut ended: Option<Ended> = None;
        let mut meter_at = self.start_ns;
        loop {
            let fds: Vec<RawFd> = rings.iter().copied().chain([signals.descriptor().as_raw_fd()]).collect();
            let young = monotonic_ns() - self.start_ns < YOUNG_NS;
            let patience = match rings.len() < all_rings {
                _ if young => YOUNG_POLL,
                true => BLIND_POLL,
                false => POLL,
            };
            let hung_up = poll(&fds, self.time_left().map_or(patience, |left| left.min(patience)));
            rings.retain(|fd| !hung_up.contains(fd));
            match child.filter(|_| ended.is_none()) {
                Some(child) => ended = attend(child, signals),
                None if self.asked_to_end(signals) => return self.last_round(End::Asked, ended),
                None => {}
            }
            self.pump(ended.is_some());
            self.ask_for(self.table.needs());
            let now = monotonic_ns();
            let counts = self.table.counts();
            let elapsed = Duration::from_nanos(now - self.start_ns);
            report(Status { elapsed, samples: counts.samples, lost: counts.lost });
            if let Some(ended) = ended
                && !(self.wait_children && self.others_live())
            {
                return self.last_round(End::Program(ended), None);
            }
            if child.is_none() && self.table.live_processes().is_empty() {
                return self.last_round(End::Asked, None);
            }
            if self.time_left() == Some(Duration::ZERO) {
                return self.last_round(End::Time, ended);
            }
            if (child.is_none() || ended.is_some()) && now - meter_at > METER_EVERY_NS {
                meter_at = now;
                self.meter.read(&self.tree());
            }
        }
    }

    /// Reads what is left. A program that has ended by now has ended, whatever else the reason was.
    fn last_round(&mut self, end: End, ended: Option<Ended>) -> End {
        self.perf.stop();
        self.pump(true);
        ended.map_or(end, End::Program)
    }

    fn pump(&mut self, all: bool) {
        let table = &mut self.table;
        if let Err(error) = self.perf.pump(all, &mut |event| table.handle(event)) {
            self.perf.stop();
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
        let (root, table, perf) = (self.root, &self.table, &mut self.perf);
        let mut tasks = || {
            let mut pids = table.live_processes();
            pids.extend(running_tree(&[root]).iter().map(|process| process.pid));
            pids.sort_unstable();
            pids.dedup();
            pids.into_iter().flat_map(threads_of).map(|(tid, _)| tid).collect()
        };
        if let Err(error) = perf.ask_for(needs, &mut tasks) {
            let what =
                if needs.longest_dumps { "stacks over 32 KiB are cut" } else { "Python frames come late" };
            self.recording.notes.push(format!("{what}: cannot ask for more: {error}"));
        }
    }

    fn asked_to_end(&self, signals: &Signals) -> bool {
        std::iter::from_fn(|| signals.next()).any(|signal| signal.number != libc::SIGCHLD)
    }

    fn others_live(&self) -> bool {
        self.table.live_processes().iter().any(|&pid| pid != self.root)
    }

    fn time_left(&self) -> Option<Duration> {
        let elapsed = Duration::from_nanos(monotonic_ns() - self.start_ns);
        Some(self.duration?.saturating_sub(elapsed))
    }

    /// Process ids of the program as of now.
    fn tree(&self) -> Vec<u32> {
        self.table.live_processes()
    }

    fn finish(mut self, program: Program) -> Recorded {
        let setup = self.perf.setup();
        self.recording.duration_ns = monotonic_ns() - self.start_ns;
        if let Some(cpu) = self.meter.total() {
            self.recording.user_cpu_ns = Some(cpu.user_ns);
            self.recording.system_cpu_ns = Some(cpu.system_ns);
        }
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

/// Passes on to the child what was sent to us, stops when it stops, and tells when it has ended.
fn attend(child: &Child, signals: &Signals) -> Option<Ended> {
    while let Some(signal) = signals.next() {
        match signal.number {
            libc::SIGCHLD => {}
            // The terminal has sent it to the program, too.
            _ if signal.from_terminal => {}
            number => child.signal(number),
        }
    }
    match child.change() {
        Change::Ended(ended) => Some(ended),
        Change::Stopped => {
            // Whoever waits for us shall see what it would have seen of the program itself. It may have been continued again
            // while the terminal had stopped us.
            if child.is_stopped() {
                super::target::stop_self();
                child.signal(libc::SIGCONT);
            }
            None
        }
        Change::None => None,
    }
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

fn command_line(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    text.split(|&byte| byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}
