//! Waiting for conditions, and looking at processes from outside.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// How long a condition may take on a machine that does much else. Reaching it fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until `condition` gives a value.
///
/// # Panics
/// If it has given none for a minute; `what` says what was waited for.
pub(crate) fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited for {what} in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A field of `/proc/PID/status`, such as `State`, `PPid`, `SigIgn`; `None` where there is no such process.
pub(crate) fn status(pid: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// State letter of a process: `R` running, `S` sleeping, `T` stopped, `Z` zombie; `None` where it is gone.
pub(crate) fn state(pid: u32) -> Option<char> {
    status(pid, "State")?.chars().next()
}

/// Whether a process still runs; a zombie does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Process ids of a process's children, in no particular order.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&child| status(child, "PPid").is_some_and(|parent| parent == pid.to_string())).collect()
}

/// Sends a signal.
///
/// # Panics
/// If there is no such process.
pub(crate) fn send(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(pid, signal).expect("the process is there");
}
