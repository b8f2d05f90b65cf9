//! The life of one recording: start or find the program, record until it is over, end cleanly. The only place that knows the
//! order of the stages.

mod attend;
mod checkpoint;
mod choose;
mod cpu_meter;
mod dump;
mod exact;
mod host;
mod recorder;
mod waits;

use std::{
    ffi::OsString,
    time::{Duration, SystemTime},
};

pub use attend::StillRunning;
pub use checkpoint::{Checkpoints, Reason, Request};
pub use choose::Choice;
pub use dump::dump;
pub use exact::{Counting, ExactOptions, count};
use host::command_line;
use recorder::{End, Session};

pub use super::target::Redirect;
use super::{
    error::Error,
    process::read_maps,
    raw::RawProfile,
    record::{Refusal, Setup, perf, ptrace},
    target::{Ended, Launch, LaunchError, running_tree},
};
use crate::signals::Signals;

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
    Left {
        /// It has ended.
        gone: bool,
        /// The signal by which we were asked to leave it.
        asked_by: Option<i32>,
    },
}

/// Starts a program, with these streams in place of ours, and records it.
///
/// `report` is called now and then while it runs; `checkpoints` gets a snapshot at every [`Options::every`], and at once when
/// SIGTERM or SIGHUP reaches us, which the program gets too.
///
/// # Errors
/// [`Error::Launch`] when the program cannot be started, [`Error::Refused`] when it cannot be recorded; it has not run then.
pub fn run(
    command: &[OsString],
    redirect: &Redirect,
    options: &Options,
    report: &mut dyn FnMut(Status),
    checkpoints: &mut dyn Checkpoints,
) -> Result<Recorded, Error> {
    let program = command.first().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let launch_error = |error| Error::launch(&program, error);
    let signals = Signals::hold_back().map_err(|source| launch_error(LaunchError::NoProcess(source)))?;
    let launch = Launch::fork(command, None, redirect, &signals).map_err(launch_error)?;
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
        End::Time | End::Asked(_) | End::Gone => {
            session.meter.read(&session.tree());
            Program::Running(Box::new(StillRunning::new(child, signals)))
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
    let end = session.record(&signals, None, report, checkpoints);
    session.meter.read(&session.tree());
    let asked_by = if let End::Asked(signal) = end { signal } else { None };
    Ok(session.finish(Program::Left { gone: matches!(end, End::Gone), asked_by }))
}
