//! What a child process took.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

/// Time and memory of a process that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    /// Peak resident memory.
    pub(crate) peak_kib: u64,
}

impl Spent {
    /// Runs a command to its end; what it prints is thrown away.
    ///
    /// # Panics
    /// If it fails.
    #[expect(clippy::zombie_processes, reason = "wait4 waits, and tells what was used")]
    pub(crate) fn by(command: &mut Command) -> Self {
        let begun = Instant::now();
        let child = command.stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let (mut status, pid) = (0, libc::pid_t::try_from(child.id()).expect("a process id"));
        // SAFETY: `rusage` is plain numbers, for which all zeros is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both places are ours and live. `child` is not waited for anywhere else.
        let ended = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        let seconds = begun.elapsed().as_secs_f64();
        assert!(ended == pid && ExitStatus::from_raw(status).success(), "{command:?} failed");
        Self { seconds, peak_kib: u64::try_from(usage.ru_maxrss).unwrap_or(0) }
    }
}
