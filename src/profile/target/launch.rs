//! Starting a program in two steps, so that recording can be set up in between: fork, then execute.
//!
//! The child is made by hand because the standard library waits for its `exec` before it returns. Between fork and exec only
//! functions that are safe there are called; everything is prepared before.

use std::{
    ffi::{CString, OsString},
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
};

use super::child::Child;
use crate::signals::{Original, Signals};

/// A child that waits for permission to execute its program.
#[derive(Debug)]
pub struct Launch {
    child: Child,
    permission: std::fs::File,
    failure: std::fs::File,
}

/// Streams that a program gets in place of ours; `None` for ours.
#[derive(Debug, Default)]
pub struct Redirect {
    /// Standard input.
    pub stdin: Option<OwnedFd>,
    /// Standard output.
    pub stdout: Option<OwnedFd>,
    /// Standard error.
    pub stderr: Option<OwnedFd>,
}

impl Redirect {
    /// The descriptors in the order of the streams that they become; none is one of these itself.
    fn descriptors(&self) -> io::Result<[Option<OwnedFd>; 3]> {
        let beyond = |fd: &Option<OwnedFd>| match fd {
            Some(fd) => Ok(Some(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)),
            None => Ok::<_, io::Error>(None),
        };
        Ok([beyond(&self.stdin)?, beyond(&self.stdout)?, beyond(&self.stderr)?])
    }
}

/// Why a program could not be started.
#[derive(Debug)]
pub enum LaunchError {
    /// There is no such program.
    NotFound(io::Error),
    /// It is there but cannot be executed.
    NotExecutable(io::Error),
    /// No process could be made for it.
    NoProcess(io::Error),
}

impl Launch {
    /// Forks a child for this command line (program and arguments). It gets the signal settings that we started with, and our
    /// environment and streams unless others are given.
    ///
    /// # Errors
    /// [`LaunchError::NoProcess`], and [`LaunchError::NotFound`] for a name that no file can have.
    pub fn fork(
        command: &[OsString],
        environment: Option<&[(OsString, OsString)]>,
        redirect: &Redirect,
        signals: &Signals,
    ) -> Result<Self, LaunchError> {
        let strings: Result<Vec<CString>, _> = command.iter().map(|s| CString::new(s.as_bytes())).collect();
        let strings = strings.map_err(|error| LaunchError::NotFound(error.into()))?;
        let argv = null_terminated(&strings);
        let variable = |(name, value): &(OsString, OsString)| {
            CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
        };
        let variables = environment.map(|all| all.iter().filter_map(variable).collect::<Vec<_>>());
        let envp = variables.as_deref().map(null_terminated);
        let (permission_in, permission_out) = pipe().map_err(LaunchError::NoProcess)?;
        let (failure_in, failure_out) = pipe().map_err(LaunchError::NoProcess)?;
        let held = redirect.descriptors().map_err(LaunchError::NoProcess)?;
        let streams = held.each_ref().map(|fd| fd.as_ref().map_or(-1, AsRawFd::as_raw_fd));
        let original = signals.original();
        // SAFETY: this process has one thread here, and the child calls only async-signal-safe functions until it executes
        // the program or exits.
        match unsafe { libc::fork() } {
            -1 => Err(LaunchError::NoProcess(io::Error::last_os_error())),
            0 => {
                let fds = [permission_in.as_raw_fd(), permission_out.as_raw_fd(), failure_out.as_raw_fd()];
                // SAFETY: we are the new child; both lists are null-terminated and their strings live on in our copy of memory.
                unsafe { become_program(&argv, envp.as_deref(), fds, streams, &original) }
            }
            pid => {
                let child = Child::new(pid).map_err(LaunchError::NoProcess)?;
                Ok(Self { child, permission: permission_out.into(), failure: failure_in.into() })
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Lets it execute the program.
    ///
    /// # Errors
    /// Why it could not; the child ends then and has to be waited for.
    pub fn execute(mut self) -> Result<Child, (LaunchError, Child)> {
        match self.permission.write_all(&[1]) {
            // A signal came first, Ctrl-C for one; how it ended is told like any other end.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(self.child),
            Err(error) => return Err((LaunchError::NoProcess(error), self.child)),
            Ok(()) => {}
        }
        drop(self.permission);
        let mut number = [0; 4];
        // The pipe closes by itself when the program is executed.
        match self.failure.read_exact(&mut number) {
            Ok(()) => {
                let error = io::Error::from_raw_os_error(i32::from_ne_bytes(number));
                let error = match error.raw_os_error() {
                    Some(libc::ENOENT | libc::ENOTDIR) => LaunchError::NotFound(error),
                    _ => LaunchError::NotExecutable(error),
                };
                Err((error, self.child))
            }
            Err(_) => Ok(self.child),
        }
    }

    /// Gives up: the child ends without having executed anything.
    pub fn abandon(self) {
        drop(self.permission);
        self.child.reap();
    }
}

/// The strings as C wants a list of them.
fn null_terminated(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// Waits for permission, then becomes the program. `fds` are the permission pipe's two ends and the failure pipe's inner end,
/// `streams` what the standard streams shall be, where not negative.
///
/// # Safety
/// Only in a child just forked; `argv` and `envp` must be null-terminated and point to null-terminated strings.
unsafe fn become_program(
    argv: &[*const libc::c_char],
    envp: Option<&[*const libc::c_char]>,
    fds: [i32; 3],
    streams: [i32; 3],
    original: &Original,
) -> ! {
    let [permission_in, permission_out, failure_out] = fds;
    // SAFETY: all of these are async-signal-safe, work on this process alone, and get valid pointers to our own stack.
    unsafe {
        original.restore_in_child();
        // Else a dead parent would never be noticed: we would hold the pipe open ourselves.
        libc::close(permission_out);
        let mut byte = 0_u8;
        let n = loop {
            let n = libc::read(permission_in, (&raw mut byte).cast(), 1);
            if n >= 0 || *libc::__errno_location() != libc::EINTR {
                break n;
            }
        };
        if n == 1 {
            for (stream, fd) in (0..).zip(streams) {
                if fd >= 0 {
                    libc::dup2(fd, stream);
                }
            }
            match envp {
                Some(envp) => libc::execvpe(argv[0], argv.as_ptr(), envp.as_ptr()),
                None => libc::execvp(argv[0], argv.as_ptr()),
            };
            let number = (*libc::__errno_location()).to_ne_bytes();
            libc::write(failure_out, number.as_ptr().cast(), number.len());
        }
        libc::_exit(127)
    }
}
