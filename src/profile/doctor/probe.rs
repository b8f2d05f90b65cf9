//! Really trying, on the machine the process runs on. Every attempt is undone before it returns.

use std::{
    fs::File,
    io::Read,
    os::fd::{FromRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use object::Object;
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

use super::facts::{Attempt, Limit, Machine, Scope};

/// The machine this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisMachine;

/// Bytes of a file that are read; the files of interest are shorter, or their beginning tells.
const READ: u64 = 16 << 10;

impl Machine for ThisMachine {
    fn open_perf(&self, scope: Scope) -> Attempt {
        let (pid, cpu) = match scope {
            Scope::User | Scope::Kernel => (0, -1),
            Scope::SystemWide => (-1, i32::try_from(rustix::thread::sched_getcpu()).unwrap_or(0)),
        };
        open_event(scope, pid, cpu).map(drop)
    }

    fn map_rings(&self, cpus: &[u32], kib: u64) -> Attempt {
        let size = usize::try_from(kib * 1024 + self.page_size()).map_err(|_| Errno::NOMEM)?;
        let mut rings = Vec::new();
        for &cpu in cpus {
            let event = open_event(Scope::User, 0, i32::try_from(cpu).unwrap_or(i32::MAX))?;
            let ring = memmap2::MmapOptions::new().len(size).map_raw(&event);
            rings.push(ring.map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::PERM))?);
        }
        Ok(())
    }

    fn trace_child(&self) -> Attempt {
        trace_child()
    }

    fn read(&self, path: &Path) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(READ).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn build_id(&self, path: &Path) -> Option<String> {
        let data = object::ReadCache::new(File::open(path).ok()?);
        let file = object::File::parse(&data).ok()?;
        let id = file.build_id().ok()??;
        Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn uid(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn memlock(&self) -> Limit {
        limit(Resource::Memlock)
    }

    fn open_files(&self) -> Limit {
        limit(Resource::Nofile)
    }

    fn page_size(&self) -> u64 {
        rustix::param::page_size() as u64
    }

    fn executable(&self) -> Option<PathBuf> {
        std::env::current_exe().ok()
    }
}

fn limit(resource: Resource) -> Limit {
    let limit = getrlimit(resource);
    Limit { soft: limit.current, hard: limit.maximum }
}

/// `struct perf_event_attr` of `linux/perf_event.h`, in its first published size (PERF_ATTR_SIZE_VER0).
#[repr(C)]
#[derive(Default)]
struct PerfEventAttr {
    kind: u32,
    size: u32,
    config: u64,
    sample_freq: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    config1: u64,
}

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_CPU_CLOCK: u64 = 0;
const PERF_SAMPLE_IP: u64 = 1;
const DISABLED: u64 = 1;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HV: u64 = 1 << 6;
const FREQ: u64 = 1 << 10;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;

/// A disabled sampling event on the CPU clock: the kernel checks every permission, nothing is recorded.
fn open_event(scope: Scope, pid: i32, cpu: i32) -> Result<OwnedFd, Errno> {
    let attr = PerfEventAttr {
        kind: PERF_TYPE_SOFTWARE,
        size: size_of::<PerfEventAttr>() as u32,
        config: PERF_COUNT_SW_CPU_CLOCK,
        sample_freq: 1,
        sample_type: PERF_SAMPLE_IP,
        flags: DISABLED | FREQ | EXCLUDE_HV | if scope == Scope::User { EXCLUDE_KERNEL } else { 0 },
        ..PerfEventAttr::default()
    };
    let no_group: libc::c_int = -1;
    // SAFETY: the kernel reads `attr.size` bytes of `attr`, which outlives the call; the other arguments are numbers.
    let fd = unsafe {
        libc::syscall(libc::SYS_perf_event_open, &raw const attr, pid, cpu, no_group, PERF_FLAG_FD_CLOEXEC)
    };
    match i32::try_from(fd) {
        // SAFETY: the kernel has just made this file descriptor for us, nobody else owns it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(last_error()),
    }
}

/// Attaches to a child without stopping it, and reads its memory.
fn trace_child() -> Attempt {
    let mark = 0_u64;
    // SAFETY: the child calls nothing but prctl, pause and _exit, which are safe after a fork with threads around.
    let child = unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::pause();
            libc::_exit(0);
        }
        child
    };
    if child < 0 {
        return Err(last_error());
    }
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: PTRACE_SEIZE takes a process id and numbers; the child is ours and not yet waited for.
    let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, child, nothing, nothing) };
    let outcome = if seized == 0 { read_mark(child, &mark) } else { Err(last_error()) };
    // SAFETY: as above; `child` cannot name another process before it is waited for.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        while libc::waitpid(child, std::ptr::null_mut(), 0) < 0 && last_error() == Errno::INTR {}
    }
    outcome
}

/// Reads a variable where the child, which is a copy of us, has it, too.
fn read_mark(child: libc::pid_t, mark: &u64) -> Attempt {
    let mut copy = 0_u64;
    let local = libc::iovec { iov_base: (&raw mut copy).cast(), iov_len: size_of::<u64>() };
    let remote =
        libc::iovec { iov_base: std::ptr::from_ref(mark).cast_mut().cast(), iov_len: size_of::<u64>() };
    // SAFETY: the local piece is `copy`; the remote one is checked by the kernel against the child's memory.
    let n = unsafe { libc::process_vm_readv(child, &raw const local, 1, &raw const remote, 1, 0) };
    if n < 0 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_can_be_repeated() {
        // Whatever this machine allows: an attempt leaves nothing behind that would change the next.
        for scope in [Scope::User, Scope::Kernel, Scope::SystemWide] {
            assert_eq!(ThisMachine.open_perf(scope), ThisMachine.open_perf(scope));
        }
        assert_eq!(ThisMachine.trace_child(), ThisMachine.trace_child());
    }

    #[test]
    fn an_impossible_ring_is_refused() {
        assert!(ThisMachine.map_rings(&[u32::MAX], 4).is_err());
        if ThisMachine.open_perf(Scope::User).is_ok() {
            assert!(ThisMachine.map_rings(&[0], 12).is_err(), "three pages");
        }
    }

    #[test]
    fn files_are_read_in_part() {
        assert!(ThisMachine.read(Path::new("/dev/zero")).unwrap().len() as u64 <= READ);
        assert_eq!(ThisMachine.read(Path::new("/no/such/file")), None);
        assert_eq!(ThisMachine.build_id(Path::new("/proc/self/status")), None);
    }
}
