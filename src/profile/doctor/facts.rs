//! The facts a diagnosis rests on, and how they are collected.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// How an attempt ended: it worked, or what the kernel answered.
pub type Attempt = Result<(), Errno>;

/// What a perf event is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This process, outside the kernel.
    User,
    /// This process, inside the kernel too.
    Kernel,
    /// Every process on a processor.
    SystemWide,
}

/// The machine as far as a diagnosis needs it; the tests have one of their own.
pub trait Machine {
    /// Opens and closes a perf event.
    fn open_perf(&self, scope: Scope) -> Attempt;
    /// Opens a perf event and maps a ring of `kib` KiB (a power of two) on each of `cpus`, all at once, and closes them.
    fn map_rings(&self, cpus: &[u32], kib: u64) -> Attempt;
    /// Traces a child process made for that, and ends it.
    fn trace_child(&self) -> Attempt;
    /// The first bytes of a text file, at most a few KiB; `None` where it cannot be read.
    fn read(&self, path: &Path) -> Option<String>;
    /// Whether a file exists.
    fn exists(&self, path: &Path) -> bool;
    /// GNU build id of an ELF file in lower-case hex; `None` where it has none or cannot be read.
    fn build_id(&self, path: &Path) -> Option<String>;
    /// Effective user id.
    fn uid(&self) -> u32;
    /// Locked memory a process may have, in bytes.
    fn memlock(&self) -> Limit;
    /// Open files a process may have.
    fn open_files(&self) -> Limit;
    /// Size of a memory page in bytes.
    fn page_size(&self) -> u64;
    /// This program's own file; `None` where it is not known.
    fn executable(&self) -> Option<PathBuf>;
}

/// A resource limit; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// What is in force.
    pub soft: Option<u64>,
    /// How far the process may raise it by itself.
    pub hard: Option<u64>,
}

/// System call filters of this process, as `/proc/self/status` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seccomp {
    /// 0 none, 1 strict, 2 filters.
    pub mode: u32,
    /// How many filters are active; 0 where the kernel does not say.
    pub filters: u32,
}

/// What `/proc/kallsyms` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kallsyms {
    /// Symbols with their addresses.
    Addresses,
    /// Symbols whose addresses are all zero.
    Zeros,
    /// Nothing.
    #[default]
    Unreadable,
}

/// Where the C library's debug information is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibcDebug {
    /// The C library.
    pub library: PathBuf,
    /// The file with its debug information, where there is one.
    pub debug_file: Option<PathBuf>,
}

/// Everything a diagnosis rests on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// A perf event for this process, outside the kernel.
    pub perf_user: Attempt,
    /// A perf event for this process, inside the kernel too.
    pub perf_kernel: Attempt,
    /// A perf event for all processes.
    pub perf_system_wide: Attempt,
    /// Tracing an own child.
    pub trace_child: Attempt,
    /// `kernel.perf_event_paranoid`.
    pub paranoid: Option<i64>,
    /// `kernel.yama.ptrace_scope`; `None` without Yama.
    pub yama_scope: Option<i64>,
    /// `kernel.kptr_restrict`.
    pub kptr_restrict: Option<i64>,
    /// `kernel.perf_event_mlock_kb`, in KiB per processor.
    pub mlock_kb: Option<u64>,
    /// `kernel.perf_event_max_sample_rate`, in samples per second.
    pub max_sample_rate: Option<u64>,
    /// `kernel.perf_cpu_time_max_percent`; 0 and 100 switch its limit off.
    pub cpu_time_max_percent: Option<u64>,
    /// Effective user id.
    pub uid: u32,
    /// Effective capabilities, bit n for capability n.
    pub capabilities: u64,
    /// Whether capabilities that a file carries would take effect: nothing forbids new privileges, and CAP_PERFMON is
    /// not out of bounds.
    pub file_capabilities: bool,
    /// System call filters.
    pub seccomp: Seccomp,
    /// Whether the process is inside a container (Docker, Podman) that restricts it.
    pub container: bool,
    /// What `/proc/kallsyms` shows.
    pub kallsyms: Kallsyms,
    /// Processors online.
    pub cpus: u64,
    /// Largest ring per processor, in KiB, that could be mapped on all of them; `None` where none could.
    pub ring_kib: Option<u64>,
    /// Locked memory, in bytes.
    pub memlock: Limit,
    /// Open files.
    pub open_files: Limit,
    /// Size of a memory page in bytes.
    pub page_size: u64,
    /// The C library's debug information; `None` without a C library.
    pub libc: Option<LibcDebug>,
    /// `ID` and `ID_LIKE` of `/etc/os-release`.
    pub distribution: String,
    /// This program's own file.
    pub executable: Option<PathBuf>,
}

/// Ring sizes to try, in KiB: what a recording asks for, halved down to 16 stack dumps of 32 KiB.
const RING_KIB: [u64; 4] = [4096, 2048, 1024, 512];

/// Bit of CAP_PERFMON.
const PERFMON: u64 = 1 << 38;

/// Collects the facts; nothing of it lasts.
pub fn gather(machine: &dyn Machine) -> Facts {
    let status = machine.read(Path::new("/proc/self/status")).unwrap_or_default();
    let cpus = online_cpus(machine);
    let seccomp = Seccomp {
        mode: status_number(&status, "Seccomp"),
        filters: status_number(&status, "Seccomp_filters"),
    };
    let perfmon_in_bounds = capabilities(&status, "CapBnd") & PERFMON != 0;
    let markers = ["/.dockerenv", "/run/.containerenv"];
    Facts {
        perf_user: machine.open_perf(Scope::User),
        perf_kernel: machine.open_perf(Scope::Kernel),
        perf_system_wide: machine.open_perf(Scope::SystemWide),
        trace_child: machine.trace_child(),
        paranoid: sysctl(machine, "perf_event_paranoid"),
        yama_scope: sysctl(machine, "yama/ptrace_scope"),
        kptr_restrict: sysctl(machine, "kptr_restrict"),
        mlock_kb: sysctl(machine, "perf_event_mlock_kb"),
        max_sample_rate: sysctl(machine, "perf_event_max_sample_rate"),
        cpu_time_max_percent: sysctl(machine, "perf_cpu_time_max_percent"),
        uid: machine.uid(),
        capabilities: capabilities(&status, "CapEff"),
        file_capabilities: perfmon_in_bounds && status_number(&status, "NoNewPrivs") == 0,
        seccomp,
        // Images made from containers keep the marker, so it alone says nothing.
        container: markers.iter().any(|path| machine.exists(Path::new(path)))
            && (seccomp.mode != 0 || !perfmon_in_bounds),
        kallsyms: kallsyms(machine),
        ring_kib: RING_KIB.into_iter().find(|&kib| machine.map_rings(&cpus, kib).is_ok()),
        cpus: cpus.len() as u64,
        memlock: machine.memlock(),
        open_files: machine.open_files(),
        page_size: machine.page_size(),
        libc: libc_debug(machine),
        distribution: distribution(machine),
        executable: machine.executable(),
    }
}

fn sysctl<T: std::str::FromStr>(machine: &dyn Machine, name: &str) -> Option<T> {
    machine.read(&Path::new("/proc/sys/kernel").join(name))?.trim().parse().ok()
}

/// A field of `/proc/PID/status`.
fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A set of capabilities of `/proc/PID/status`.
fn capabilities(status: &str, name: &str) -> u64 {
    status_field(status, name).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0)
}

fn status_number(status: &str, name: &str) -> u32 {
    status_field(status, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The processors of `/sys/devices/system/cpu/online`, which looks like `0-3,5`; processor 0 where it cannot be read.
fn online_cpus(machine: &dyn Machine) -> Vec<u32> {
    /// More than any machine has; a bound, because the text comes from outside.
    const MOST: usize = 8192;
    let text = machine.read(Path::new("/sys/devices/system/cpu/online")).unwrap_or_default();
    let ranges = text.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?)
    });
    let cpus: Vec<u32> = ranges.flatten().take(MOST).collect();
    if cpus.is_empty() { vec![0] } else { cpus }
}

fn kallsyms(machine: &dyn Machine) -> Kallsyms {
    let Some(text) = machine.read(Path::new("/proc/kallsyms")) else { return Kallsyms::Unreadable };
    let address = |line: &str| u64::from_str_radix(line.split(' ').next().unwrap_or(""), 16).ok();
    let addresses: Vec<u64> = text.lines().filter_map(address).collect();
    match addresses.iter().any(|&a| a != 0) {
        true => Kallsyms::Addresses,
        false if addresses.is_empty() => Kallsyms::Unreadable,
        false => Kallsyms::Zeros,
    }
}

fn distribution(machine: &dyn Machine) -> String {
    let text = machine.read(Path::new("/etc/os-release")).unwrap_or_default();
    let field = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim_matches('"'));
    [field("ID="), field("ID_LIKE=")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Where the usual C libraries stand.
const LIBC: [&str; 7] = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// Looks for the debug file where symbolizing looks: by build id, then by the library's own path.
fn libc_debug(machine: &dyn Machine) -> Option<LibcDebug> {
    let library = LIBC.iter().map(Path::new).find(|path| machine.exists(path))?;
    let debug = Path::new("/usr/lib/debug");
    let by_id = machine.build_id(library).and_then(|id| {
        let (first, rest) = id.split_at_checked(2)?;
        Some(debug.join(".build-id").join(first).join(format!("{rest}.debug")))
    });
    let name = |path: &Path| path.strip_prefix("/").map(Path::to_owned).unwrap_or_default();
    let mut by_path = debug.join(name(library)).into_os_string();
    by_path.push(".debug");
    let candidates = by_id.into_iter().chain([by_path.into(), debug.join(name(library))]);
    let debug_file = candidates.into_iter().find(|path| machine.exists(path));
    Some(LibcDebug { library: library.to_owned(), debug_file })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// A machine whose files are given and where only what is listed works.
    #[derive(Default)]
    struct Fake {
        files: HashMap<&'static str, &'static str>,
        largest_ring: u64,
    }

    impl Machine for Fake {
        fn open_perf(&self, scope: Scope) -> Attempt {
            if scope == Scope::User { Ok(()) } else { Err(Errno::ACCESS) }
        }
        fn map_rings(&self, cpus: &[u32], kib: u64) -> Attempt {
            if kib <= self.largest_ring && !cpus.is_empty() { Ok(()) } else { Err(Errno::PERM) }
        }
        fn trace_child(&self) -> Attempt {
            Ok(())
        }
        fn read(&self, path: &Path) -> Option<String> {
            self.files.get(path.to_str()?).map(|text| (*text).to_owned())
        }
        fn exists(&self, path: &Path) -> bool {
            path.to_str().is_some_and(|path| self.files.contains_key(path))
        }
        fn build_id(&self, _: &Path) -> Option<String> {
            Some("abcdef".into())
        }
        fn uid(&self) -> u32 {
            1000
        }
        fn memlock(&self) -> Limit {
            Limit::default()
        }
        fn open_files(&self) -> Limit {
            Limit { soft: Some(1024), hard: None }
        }
        fn page_size(&self) -> u64 {
            4096
        }
        fn executable(&self) -> Option<PathBuf> {
            None
        }
    }

    #[test]
    fn files_of_the_kernel_are_read() {
        let files = HashMap::from([
            ("/proc/sys/kernel/perf_event_paranoid", "3\n"),
            (
                "/proc/self/status",
                "Name:\tx\nCapBnd:\t000001ffffffffff\nCapEff:\t0000004000080000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n",
            ),
            ("/sys/devices/system/cpu/online", "0-2,5\n"),
            ("/proc/kallsyms", "0000000000000000 T _stext\n0000000000000000 T _text\n"),
            ("/.dockerenv", ""),
            ("/etc/os-release", "NAME=\"x\"\nID=ubuntu\nID_LIKE=debian\n"),
        ]);
        let facts = gather(&Fake { files, largest_ring: 1024 });
        assert_eq!(facts.paranoid, Some(3));
        assert_eq!(facts.capabilities, 1 << 38 | 1 << 19);
        assert!(facts.container && !facts.file_capabilities);
        assert_eq!(facts.seccomp, Seccomp { mode: 2, filters: 3 });
        assert_eq!((facts.cpus, facts.ring_kib), (4, Some(1024)));
        assert_eq!(facts.kallsyms, Kallsyms::Zeros);
        assert_eq!(facts.distribution, "ubuntu debian");
        assert_eq!(facts.yama_scope, None);
        assert_eq!(facts.libc, None);
    }

    #[test]
    fn a_container_that_restricts_nothing_is_none() {
        let gathered = |status| {
            let files = HashMap::from([("/.dockerenv", ""), ("/proc/self/status", status)]);
            gather(&Fake { files, largest_ring: 0 })
        };
        let free = gathered("CapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\n");
        assert!(!free.container && free.file_capabilities);
        let restricted = gathered("CapBnd:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t0\n");
        assert!(restricted.container && !restricted.file_capabilities);
    }

    #[test]
    fn a_debug_file_is_found_by_build_id_or_path() {
        let libc = "/lib/x86_64-linux-gnu/libc.so.6";
        for debug in
            ["/usr/lib/debug/.build-id/ab/cdef.debug", "/usr/lib/debug/lib/x86_64-linux-gnu/libc.so.6.debug"]
        {
            let facts = gather(&Fake { files: HashMap::from([(libc, ""), (debug, "")]), ..Fake::default() });
            assert_eq!(facts.libc.and_then(|l| l.debug_file), Some(debug.into()));
        }
        let facts = gather(&Fake { files: HashMap::from([(libc, "")]), ..Fake::default() });
        assert_eq!(facts.libc, Some(LibcDebug { library: libc.into(), debug_file: None }));
        assert_eq!(facts.ring_kib, None);
    }

    #[test]
    fn odd_contents_are_not_facts() {
        let files = HashMap::from([
            ("/proc/sys/kernel/perf_event_paranoid", "many"),
            ("/proc/self/status", "CapEff: zz\nSeccomp:"),
            ("/sys/devices/system/cpu/online", "9-1,x,0-4294967295"),
            ("/proc/kallsyms", ""),
        ]);
        let facts = gather(&Fake { files, largest_ring: 0 });
        assert_eq!(facts.paranoid, None);
        assert_eq!((facts.capabilities, facts.seccomp.mode), (0, 0));
        assert_eq!(facts.cpus, 8192);
        assert_eq!(facts.kallsyms, Kallsyms::Unreadable);
    }
}
