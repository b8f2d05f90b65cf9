//! System calls that a stop must not end.
//!
//! A thread may begin to wait between the moment when it was seen running and the moment when it is told to stop. Most system
//! calls go on waiting afterwards, the time that is left included. Some return EINTR, after a stop as after a signal
//! (signal(7), "Interruption of system calls and library functions by stop signals"), and programs that handle no signals do
//! not expect that. The kernel has a code of its own for "wait again unless a handler has run", which is what these calls are
//! given instead.

use super::calls;

/// What the kernel understands as "again, unless a handler has run": ERESTARTNOHAND of `linux/errno.h`.
const AGAIN_WITHOUT_HANDLER: i64 = -514;
const INTERRUPTED: i64 = -(libc::EINTR as i64);

/// Calls that return EINTR where nothing but a stop has come between, and that can be made again without harm.
const WAITING: [i64; 23] = [
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_io_getevents,
    libc::SYS_io_uring_enter,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_mq_timedreceive,
];

/// The code segment of 64-bit programs; others number their system calls differently.
const CODE_SEGMENT: u64 = 0x33;

/// Makes a tracee that stands still at our bidding go on waiting where it would have returned EINTR.
pub(super) fn keep_waiting(tid: u32, mut registers: libc::user_regs_struct) {
    if is_cut_short(&registers) {
        registers.rax = AGAIN_WITHOUT_HANDLER.cast_unsigned();
        // A refusal means that it was killed meanwhile.
        let _ = calls::set_registers(tid, &registers);
    }
}

fn is_cut_short(registers: &libc::user_regs_struct) -> bool {
    registers.cs == CODE_SEGMENT
        && registers.rax.cast_signed() == INTERRUPTED
        && WAITING.contains(&registers.orig_rax.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waiting_that_a_stop_has_ended_begins_again() {
        // SAFETY: plain numbers, for which all zeros is a value.
        let zero: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        let at = |call: i64, result: i64| libc::user_regs_struct {
            cs: CODE_SEGMENT,
            orig_rax: call.cast_unsigned(),
            rax: result.cast_unsigned(),
            ..zero
        };
        assert!(is_cut_short(&at(libc::SYS_epoll_wait, INTERRUPTED)));
        assert!(!is_cut_short(&at(libc::SYS_epoll_wait, 1)));
        assert!(!is_cut_short(&at(libc::SYS_close, INTERRUPTED)), "the file is closed already");
        assert!(!is_cut_short(&at(-1, INTERRUPTED)), "not in a system call");
        assert!(!is_cut_short(&libc::user_regs_struct { cs: 0x23, ..at(libc::SYS_read, INTERRUPTED) }));
    }
}
