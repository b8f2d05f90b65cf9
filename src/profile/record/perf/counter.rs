//! One perf event: opening it and switching it on and off.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

use super::attr::Attr;

/// An open perf event.
#[derive(Debug)]
pub(super) struct Counter {
    fd: OwnedFd,
    id: u64,
}

/// Whom an event watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One thread, and with `inherit` what it starts.
    Thread(u32),
    /// Everything that runs on the processor.
    Everyone,
}

impl Counter {
    /// Opens an event for a scope on one processor.
    ///
    /// # Errors
    /// The kernel's refusal: EACCES (not with kernel samples, or not at all), EPERM (filtered), ESRCH (thread gone), …
    pub(super) fn open(attr: &Attr, scope: Scope, cpu: u32) -> io::Result<Self> {
        const CLOSE_ON_EXEC: libc::c_ulong = 1 << 3;
        let pid: libc::pid_t = match scope {
            Scope::Thread(tid) => tid.try_into().map_err(|_| io::ErrorKind::InvalidInput)?,
            Scope::Everyone => -1,
        };
        // SAFETY: `attr` is a valid perf_event_attr that states its own size, and the kernel only reads it.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                std::ptr::from_ref(attr),
                pid,
                cpu as libc::c_int,
                -1,
                CLOSE_ON_EXEC,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        const IOC_ID: libc::c_ulong = 0x8008_2407;
        let mut id = 0_u64;
        // SAFETY: the request writes one u64 to the pointer, which is valid for that.
        check(unsafe { libc::ioctl(fd.as_raw_fd(), IOC_ID, &raw mut id) })?;
        Ok(Self { fd, id })
    }

    /// The id that samples of this event and of everything that inherits it carry.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Starts it, with everything that inherited it.
    pub(super) fn enable(&self) -> io::Result<()> {
        self.simple(0x2400, 0)
    }

    /// Stops it, with everything that inherited it.
    pub(super) fn disable(&self) -> io::Result<()> {
        self.simple(0x2401, 0)
    }

    /// Starts it anew with another period, in nanoseconds; what has inherited it keeps its own.
    pub(super) fn set_period(&self, period_ns: u64) -> io::Result<()> {
        const IOC_PERIOD: libc::c_ulong = 0x4008_2404;
        // SAFETY: the request reads one u64 from the pointer, which is valid for that.
        check(unsafe { libc::ioctl(self.fd.as_raw_fd(), IOC_PERIOD, &raw const period_ns) })
    }

    /// Writes its records into the ring of `other`, which must be on the same processor.
    pub(super) fn redirect_to(&self, other: &Counter) -> io::Result<()> {
        self.simple(0x2405, other.fd.as_raw_fd() as libc::c_ulong)
    }

    fn simple(&self, request: libc::c_ulong, argument: libc::c_ulong) -> io::Result<()> {
        // SAFETY: these requests take an integer and touch no memory of ours.
        check(unsafe { libc::ioctl(self.fd.as_raw_fd(), request, argument) })
    }
}

impl AsRawFd for Counter {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
