//! The direct child: how it changes and how it ends.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::ExitStatus,
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::cpu_time::CpuTime;

/// A child process that we have not waited for yet.
#[derive(Debug)]
pub struct Child {
    pid: libc::pid_t,
    handle: OwnedFd,
}

/// How a child ended, and the CPU time of it and of the children that it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// As the kernel charged it.
    pub cpu: CpuTime,
}

impl Ended {
    /// How a process ended, from the status that `wait` tells and the CPU time that it and its children were charged.
    pub(in crate::profile) fn new(status: i32, cpu: CpuTime) -> Self {
        Self { status: ExitStatus::from_raw(status), cpu }
    }
}

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing since the last time.
    None,
    /// It was stopped by a signal and is so still.
    Stopped,
    /// It ended and is gone.
    Ended(Ended),
}

impl Child {
    pub(super) fn new(pid: libc::pid_t) -> io::Result<Self> {
        let id = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { pid, handle: pidfd_open(id, PidfdFlags::empty())? })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Becomes readable when the child ends.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// What became of it since the last call. After [`Change::Ended`] the number may belong to another process.
    pub fn change(&self) -> Change {
        let (result, status, usage) = self.wait(libc::WNOHANG | libc::WUNTRACED);
        if result != self.pid {
            return Change::None;
        }
        if libc::WIFSTOPPED(status) {
            // It may have been continued again while the terminal had stopped us.
            return if self.is_stopped() { Change::Stopped } else { Change::None };
        }
        Change::Ended(Ended::new(status, CpuTime::of_usage(&usage)))
    }

    /// Sends it a signal; nothing where it has ended.
    pub fn signal(&self, number: i32) {
        // By its descriptor: the number may be another's by now.
        if let Some(signal) = Signal::from_named_raw(number) {
            let _ = pidfd_send_signal(&self.handle, signal);
        }
    }

    fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
    }

    /// Waits for it to end, whatever it is about.
    pub(in crate::profile) fn reap(self) {
        self.wait(0);
    }

    fn wait(&self, flags: i32) -> (libc::pid_t, i32, libc::rusage) {
        let mut status = 0;
        // SAFETY: `rusage` is plain numbers, for which all zeros is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        loop {
            // SAFETY: both pointers are to our own variables.
            let result = unsafe { libc::wait4(self.pid, &raw mut status, flags, &raw mut usage) };
            if result >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return (result, status, usage);
            }
        }
    }
}
