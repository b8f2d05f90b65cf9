//! The life of a run that counts calls: lead the program's interpreters to our module, wait for the program, put together what
//! they wrote.

use std::{
    ffi::OsString,
    os::fd::AsRawFd,
    time::{Duration, Instant, SystemTime},
};

use super::{
    attend::{attend, poll},
    host::host,
    recorder::tell_cpu,
};
use crate::{
    profile::{
        calls::{CallGraph, Counted},
        error::Error,
        model::{Clock, Recording},
        record::exact::{Collected, Hook, Unheard},
        target::{Child, Ended, Launch, LaunchError, Redirect},
    },
    signals::{Signals, stop_self},
    units,
};

/// How to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactOptions {
    /// Wait for children that outlive the program.
    pub wait_children: bool,
    /// The program's environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The time now, for the recording's start.
    pub now: SystemTime,
}

/// A program whose calls were counted.
#[derive(Debug)]
pub struct Counting {
    /// What was called.
    pub graph: CallGraph,
    /// Interpreters that told what they called; without one there is nothing in the graph.
    pub interpreters: usize,
    /// How the program ended.
    pub ended: Ended,
    /// Interpreters that still run, whose calls are not counted.
    pub outlived: Vec<u32>,
}

/// Variable in which interpreters look for modules.
const PYTHON_PATH: &str = "PYTHONPATH";
/// What helpers of an interpreter, such as those of `multiprocessing`, take to end after it.
const GRACE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_secs(60);
/// Processes that are named in a note of several.
const NAMED: usize = 5;

/// Runs a program to its end and counts the calls of every CPython in it.
///
/// # Errors
/// [`Error::Launch`] when the program cannot be started, [`Error::Hook`] when there is no place for what it leaves.
pub fn count(command: &[OsString], options: &ExactOptions) -> Result<Counting, Error> {
    let program = command.first().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let launch_error = |error| Error::launch(&program, error);
    let hook = Hook::install().map_err(|source| Error::Hook { source })?;
    let environment = environment(&hook, &options.environment);
    let start = Instant::now();
    let signals = Signals::hold_back().map_err(|source| launch_error(LaunchError::NoProcess(source)))?;
    let launch =
        Launch::fork(command, Some(&environment), &Redirect::default(), &signals).map_err(launch_error)?;
    let child = launch.execute().map_err(|(error, child)| {
        child.reap();
        launch_error(error)
    })?;
    let ended = wait(&child, &signals);
    let duration = start.elapsed();
    let outlived = wait_for_others(&hook, &signals, options.wait_children);

    let mut collected = hook.collect();
    collected.missing.retain(|process| !outlived.contains(&process.pid));
    let mut recording = Recording {
        command: command.iter().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        started: Some(options.now),
        duration_ns: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        backend: "cProfile".to_owned(),
        clock: Clock::Wall,
        host: host(),
        notes: notes(&collected),
        ..Recording::default()
    };
    tell_cpu(&mut recording, ended.cpu);
    let interpreters = collected.heard;
    Ok(Counting { graph: collected.graph.build(recording, Counted::Calls), interpreters, ended, outlived })
}

fn environment(hook: &Hook, given: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let before = given.iter().find(|(name, _)| name == PYTHON_PATH).map(|(_, value)| value.as_os_str());
    let path = (PYTHON_PATH.into(), hook.python_path(before));
    given.iter().filter(|(name, _)| name != PYTHON_PATH).cloned().chain([path]).collect()
}

/// Waits for the program's end, and passes on to it what is sent to us.
fn wait(child: &Child, signals: &Signals) -> Ended {
    loop {
        poll(&[signals.descriptor().as_raw_fd()], POLL);
        if let Some(ended) = attend(child, signals, &mut Child::change, &mut stop_self).ended {
            return ended;
        }
    }
}

/// Waits for interpreters that have not told yet, for as long as that is worth it; those that still run. A signal ends the wait.
fn wait_for_others(hook: &Hook, signals: &Signals, for_children: bool) -> Vec<u32> {
    let start = Instant::now();
    loop {
        let running = hook.running();
        let asked = std::iter::from_fn(|| signals.next()).any(|signal| signal.number != libc::SIGCHLD);
        if running.is_empty() || asked || (!for_children && start.elapsed() >= GRACE) {
            return running;
        }
        poll(&[signals.descriptor().as_raw_fd()], LOOK_EVERY);
    }
}

/// What a reader of the recording should know about the processes.
fn notes(collected: &Collected) -> Vec<String> {
    let mut notes = Vec::new();
    if collected.heard > 1 {
        notes
            .push(format!("the calls of {} interpreters are added up", units::count(collected.heard as u64)));
    }
    let missing = &collected.missing;
    if !missing.is_empty() {
        let left = if missing.len() == 1 { "has left no calls" } else { "have left no calls" };
        notes.push(format!(
            "{} {left}: ended by a signal, a crash or native code before Python could write them",
            named(missing)
        ));
    }
    if !collected.displaced.is_empty() {
        let named = named(&collected.displaced);
        notes.push(format!(
            "the calls of {named} are not complete: it profiles itself, and one profiler displaces another"
        ));
    }
    if !collected.interrupted.is_empty() {
        let named = named(&collected.interrupted);
        notes.push(format!("the last calls of {named} are missing: killed at work, a worker of a pool"));
    }
    for (process, reason) in collected.refused.iter().take(NAMED) {
        notes.push(format!("{} is not counted: {reason}", named(std::slice::from_ref(process))));
    }
    notes.extend(collected.damaged.iter().take(NAMED).cloned());
    notes
}

/// `process 12 (python a.py)`, or several of them.
fn named(processes: &[Unheard]) -> String {
    let name = |process: &Unheard| format!("{} ({})", process.pid, process.command);
    let names: Vec<String> = processes.iter().take(NAMED).map(name).collect();
    let noun = if processes.len() == 1 { "process" } else { "processes" };
    let more = processes.len() - names.len();
    let more = if more > 0 { format!(" and {} more", units::count(more as u64)) } else { String::new() };
    format!("{noun} {}{more}", names.join(", "))
}
