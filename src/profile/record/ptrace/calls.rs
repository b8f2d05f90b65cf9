//! The system calls of a tracer, `ptrace(2)`. All of them concern the calling thread's own tracees.

use std::{io, time::Duration};

use crate::profile::{
    process::arch::{Registers, ptrace_registers},
    target::CpuTime,
};

/// What a tracee has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has ended and is gone.
    Ended {
        /// As `wait` tells it.
        status: i32,
        /// Of the whole process and the children that it waited for.
        cpu: CpuTime,
    },
    /// It stands still and waits for us.
    Stopped(Stop),
}

/// Why a tracee stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is about to get this signal.
    Signal(i32),
    /// Its process was stopped by this signal, as job control does it.
    Group(i32),
    /// We have interrupted it, it is new, or its process was continued.
    Trap,
    /// It has made a thread or process.
    Made,
    /// It has executed a program.
    Executed,
    /// Nothing that concerns us.
    Other,
}

/// Follow what it starts. Not among them is PTRACE_O_EXITKILL: whatever becomes of us, the program lives on.
const OPTIONS: i32 = libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACEEXEC;

/// Attaches to a thread without stopping it, now and with all that it will start.
pub(super) fn seize(tid: u32) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, tid, OPTIONS as usize)
}

/// Stops a tracee as soon as it is about to run its own code.
pub(super) fn interrupt(tid: u32) -> io::Result<()> {
    request(libc::PTRACE_INTERRUPT, tid, 0)
}

/// Lets a tracee go on; `signal` is the one that it gets, 0 for none.
pub(super) fn resume(tid: u32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_CONT, tid, signal as usize)
}

/// Leaves a tracee stopped whose process is stopped, and hears when that is over.
pub(super) fn listen(tid: u32) -> io::Result<()> {
    request(libc::PTRACE_LISTEN, tid, 0)
}

/// What comes with an event: the thread that was made, or the number that a thread had before it executed a program.
pub(super) fn message(tid: u32) -> io::Result<u32> {
    let mut message: libc::c_ulong = 0;
    request(libc::PTRACE_GETEVENTMSG, tid, &raw mut message as usize)?;
    u32::try_from(message).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Registers of a tracee that stands still.
pub(super) fn registers(tid: u32) -> io::Result<libc::user_regs_struct> {
    // SAFETY: plain numbers, for which all zeros is a value.
    let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    request(libc::PTRACE_GETREGS, tid, &raw mut registers as usize)?;
    Ok(registers)
}

/// Puts registers in place of those of a tracee that stands still.
pub(super) fn set_registers(tid: u32, registers: &libc::user_regs_struct) -> io::Result<()> {
    request(libc::PTRACE_SETREGS, tid, std::ptr::from_ref(registers) as usize)
}

/// The registers that unwinding starts from.
pub(super) fn unwinding(registers: &libc::user_regs_struct) -> Registers {
    ptrace_registers(registers)
}

/// The next change of a tracee, if there is one; each is told once. It must have been made a tracee by the calling thread.
pub(super) fn next_change() -> Option<(u32, Change)> {
    let mut status = 0;
    // SAFETY: plain numbers, for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // Of this thread alone: what other threads of ours have started is theirs to wait for.
    let flags = libc::WNOHANG | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: both pointers are to our own variables.
    let tid = unsafe { libc::wait4(-1, &raw mut status, flags, &raw mut usage) };
    let tid = u32::try_from(tid).ok().filter(|&tid| tid > 0)?;
    if libc::WIFSTOPPED(status) {
        return Some((tid, Change::Stopped(stop(status))));
    }
    Some((tid, Change::Ended { status, cpu: CpuTime::of_usage(&usage) }))
}

fn stop(status: i32) -> Stop {
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 => Stop::Signal(signal),
        libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Trap,
        libc::PTRACE_EVENT_STOP => Stop::Group(signal),
        libc::PTRACE_EVENT_CLONE | libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => Stop::Made,
        libc::PTRACE_EVENT_EXEC => Stop::Executed,
        _ => Stop::Other,
    }
}

/// Waits until a tracee has changed or time is up. SIGCHLD must be held back in every thread and be nobody else's.
pub(super) fn wait_for_change(patience: Duration) {
    let patience = libc::timespec {
        tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(patience.subsec_nanos()),
    };
    // SAFETY: `sigemptyset` initializes the set; the other pointer is to our own variable, and no details are asked for.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const patience);
    }
}

/// What a thread of another process has done on a processor cannot be asked of a clock, but a whole process can: its CPU time
/// in nanoseconds, up to the last clock tick; `None` when it is gone.
pub(super) fn process_cpu_ns(pid: u32) -> Option<u64> {
    const CPUCLOCK_SCHED: libc::clockid_t = 2;
    // `MAKE_PROCESS_CPUCLOCK` of the kernel's `posix-timers_types.h`.
    let clock = !(pid.cast_signed()) << 3 | CPUCLOCK_SCHED;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to our own variable; an unknown clock is refused.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    (result == 0).then(|| time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs())
}

fn request(request: libc::c_uint, tid: u32, data: usize) -> io::Result<()> {
    let tid = libc::pid_t::try_from(tid).map_err(|_| io::ErrorKind::InvalidInput)?;
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: `data` is a number, or the address of a variable of the type that the request fills or reads; a thread that is
    // none of our tracees is refused.
    let result = unsafe { libc::ptrace(request, tid, nothing, data as *mut libc::c_void) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_told_apart() {
        let stopped = |signal: i32, event: i32| stop(event << 16 | signal << 8 | 0x7f);
        assert_eq!(stopped(libc::SIGUSR1, 0), Stop::Signal(libc::SIGUSR1));
        assert_eq!(stopped(libc::SIGTRAP, 0), Stop::Signal(libc::SIGTRAP), "a breakpoint of its own");
        assert_eq!(stopped(libc::SIGTRAP, libc::PTRACE_EVENT_STOP), Stop::Trap);
        assert_eq!(stopped(libc::SIGTSTP, libc::PTRACE_EVENT_STOP), Stop::Group(libc::SIGTSTP));
        assert_eq!(stopped(libc::SIGTRAP, libc::PTRACE_EVENT_EXEC), Stop::Executed);
        assert_eq!(stopped(libc::SIGTRAP, libc::PTRACE_EVENT_VFORK), Stop::Made);
    }

    #[test]
    fn the_clock_of_a_process_goes_on() {
        let pid = std::process::id();
        let before = process_cpu_ns(pid).unwrap();
        let mut x = 1_u64;
        while process_cpu_ns(pid).unwrap() == before {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert_eq!(process_cpu_ns(4_194_304), None);
    }
}
