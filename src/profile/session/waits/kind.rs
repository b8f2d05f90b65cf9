//! What a thread waits for, by the system call that it is in. Pure.

use crate::profile::{model::Wait, process::thread_files::Blocked};

/// What a thread that waits there waits for.
pub(in crate::profile::session) fn kind(blocked: &Blocked) -> Wait {
    // A page that has to be read from a file, or from swap.
    let Some(call) = blocked.call.map(u64::cast_signed) else { return Wait::Io };
    let [first, second, ..] = blocked.arguments;
    let nothing_to_select = blocked.arguments[1..4] == [0; 3];
    match call {
        libc::SYS_futex
        | libc::SYS_futex_waitv
        | libc::SYS_semop
        | libc::SYS_semtimedop
        | libc::SYS_flock => Wait::Lock,
        libc::SYS_fcntl if LOCKS.contains(&second) => Wait::Lock,
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => Wait::Sleep,
        // An old way to sleep: wait for none of no files.
        libc::SYS_poll | libc::SYS_ppoll if second == 0 => Wait::Sleep,
        libc::SYS_select | libc::SYS_pselect6 if first == 0 || nothing_to_select => Wait::Sleep,
        // Making a process is waited for only as vfork does: until the child has executed its program.
        libc::SYS_wait4 | libc::SYS_waitid | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
            Wait::Child
        }
        _ if IO.contains(&call) => Wait::Io,
        _ => Wait::Other,
    }
}

/// `F_SETLKW` and `F_OFD_SETLKW`.
const LOCKS: [u64; 2] = [7, 38];

const IO: [i64; 52] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_io_getevents,
    libc::SYS_io_submit,
    libc::SYS_io_uring_enter,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_copy_file_range,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync,
    libc::SYS_syncfs,
    libc::SYS_sync_file_range,
    libc::SYS_msync,
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_stat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rename,
    libc::SYS_ioctl,
    libc::SYS_mq_timedreceive,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(call: i64, arguments: [u64; 6]) -> Wait {
        kind(&Blocked { call: Some(call.cast_unsigned()), arguments, sp: 1, ip: 1 })
    }

    #[test]
    fn what_is_waited_for_is_told_by_the_call() {
        assert_eq!(of(libc::SYS_futex, [0; 6]), Wait::Lock);
        assert_eq!(of(libc::SYS_fcntl, [3, 7, 0, 0, 0, 0]), Wait::Lock);
        assert_eq!(of(libc::SYS_fcntl, [3, 6, 0, 0, 0, 0]), Wait::Other);
        assert_eq!(of(libc::SYS_clock_nanosleep, [0; 6]), Wait::Sleep);
        assert_eq!(of(libc::SYS_wait4, [0; 6]), Wait::Child);
        assert_eq!(of(libc::SYS_vfork, [0; 6]), Wait::Child);
        assert_eq!(of(libc::SYS_read, [0; 6]), Wait::Io);
        assert_eq!(of(libc::SYS_pause, [0; 6]), Wait::Other);
        assert_eq!(kind(&Blocked { call: None, arguments: [0; 6], sp: 1, ip: 1 }), Wait::Io);
    }

    #[test]
    fn waiting_for_no_file_is_sleeping() {
        assert_eq!(of(libc::SYS_poll, [0, 0, 100, 0, 0, 0]), Wait::Sleep);
        assert_eq!(of(libc::SYS_poll, [8, 1, 100, 0, 0, 0]), Wait::Io);
        assert_eq!(of(libc::SYS_select, [0, 0, 0, 0, 8, 0]), Wait::Sleep);
        assert_eq!(of(libc::SYS_select, [5, 8, 0, 0, 8, 0]), Wait::Io);
    }
}
