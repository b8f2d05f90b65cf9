//! Why a process cannot be traced: the kernel answers "operation not permitted" to almost everything.

use std::{fs, io, os::unix::fs::MetadataExt};

/// Why a process cannot be traced.
#[derive(Debug)]
pub enum Refusal {
    /// It has ended.
    Gone,
    /// It has ended, and nobody has asked yet how.
    Zombie,
    /// Something else traces it already, such as a debugger.
    Traced {
        /// Process id of the tracer.
        by: u32,
        /// Its name.
        name: String,
    },
    /// It belongs to another user, or has privileges that we do not have.
    OtherUser,
    /// Yama lets nobody but an ancestor trace a process (`kernel.yama.ptrace_scope`).
    Yama {
        /// The setting.
        scope: u32,
    },
    /// It is a part of the kernel.
    Kernel,
    /// Not even our own child can be traced: a system call filter, or a security module.
    Filtered(io::Error),
    /// Sampling everything that runs is beyond it.
    SystemWide,
    /// Anything else.
    Other(io::Error),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => write!(f, "it has ended"),
            Self::Zombie => write!(f, "it has ended and waits for its parent to notice"),
            Self::Traced { by, name } => write!(f, "process {by} ({name}) traces it already"),
            Self::OtherUser => write!(f, "it belongs to another user or has privileges of its own"),
            Self::Yama { scope } => {
                write!(f, "only its ancestors may trace it (kernel.yama.ptrace_scope is {scope})")
            }
            Self::Kernel => write!(f, "it is a thread of the kernel"),
            Self::Filtered(_) => write!(f, "ptrace is blocked"),
            Self::SystemWide => write!(f, "only perf events can watch all processors"),
            Self::Other(_) => write!(f, "the kernel refused ptrace"),
        }
    }
}

impl Refusal {
    /// The command that makes it possible for this process, where there is one.
    pub fn fix(&self, pid: u32) -> Option<String> {
        let as_root = format!("`sudo hotcold profile attach -p {pid}`");
        match self {
            Self::OtherUser => Some(format!("record it as root: {as_root}")),
            Self::Yama { scope: 1 | 2 } => Some(format!(
                "record it as root: {as_root}; or allow it for all of your processes: `sudo sysctl kernel.yama.ptrace_scope=0`"
            )),
            Self::Traced { by, .. } => Some(format!("detach process {by} from it first")),
            _ => None,
        }
    }

    /// What stands in the way of tracing a process, as its `/proc` shows it.
    pub(super) fn of(pid: u32, error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ESRCH) => Self::Gone,
            Some(libc::EPERM | libc::EACCES) => {
                let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok();
                let own = rustix::process::geteuid().as_raw();
                let owner = fs::metadata(format!("/proc/{pid}")).map_or(own, |meta| meta.uid());
                Self::of_status(&status, yama.and_then(|text| text.trim().parse().ok()), own, owner, error)
            }
            _ => Self::Other(error),
        }
    }

    /// `owner` is whose files in `/proc` are the process's: root's, where not even its own user may look at it.
    fn of_status(status: &str, yama: Option<u32>, own_uid: u32, owner: u32, error: io::Error) -> Self {
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        if status.is_empty() {
            return Self::Gone;
        }
        if field("State").is_some_and(|state| state.starts_with(['Z', 'X'])) {
            return Self::Zombie;
        }
        if let Some(by) = field("TracerPid").and_then(|pid| pid.parse().ok()).filter(|&pid| pid > 0) {
            let name = fs::read_to_string(format!("/proc/{by}/comm")).unwrap_or_default();
            return Self::Traced { by, name: name.trim_end().to_owned() };
        }
        // A process without memory of its own.
        if field("VmSize").is_none() {
            return Self::Kernel;
        }
        let uids = field("Uid").unwrap_or_default();
        let privileged = own_uid == 0;
        let foreign = owner != own_uid || uids.split_whitespace().any(|uid| uid.parse() != Ok(own_uid));
        if !privileged && foreign {
            return Self::OtherUser;
        }
        match yama.filter(|&scope| scope > 0 && !privileged) {
            Some(scope) => Self::Yama { scope },
            None => Self::Filtered(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: &str, yama: Option<u32>) -> String {
        owned_by(1000, status, yama)
    }

    fn owned_by(owner: u32, status: &str, yama: Option<u32>) -> String {
        Refusal::of_status(status, yama, 1000, owner, io::Error::from_raw_os_error(libc::EPERM)).to_string()
    }

    #[test]
    fn each_reason_is_told_apart() {
        let own =
            "Name:\tx\nState:\tS (sleeping)\nTracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\nVmSize:\t10 kB\n";
        assert_eq!(reason(own, Some(1)), "only its ancestors may trace it (kernel.yama.ptrace_scope is 1)");
        assert_eq!(reason(own, None), "ptrace is blocked");
        let root = own.replace("1000\t1000\t1000\t1000", "0\t0\t0\t0");
        assert_eq!(reason(&root, Some(1)), "it belongs to another user or has privileges of its own");
        let setuid = own.replace("1000\t1000\t1000\t1000", "1000\t0\t0\t0");
        assert!(reason(&setuid, None).contains("privileges"));
        assert!(owned_by(0, own, Some(1)).contains("privileges"), "it has had some, or guards its memory");
        assert!(reason(&own.replace("S (sleeping)", "Z (zombie)"), None).contains("waits for its parent"));
        assert!(reason(&own.replace("VmSize", "Other"), None).contains("kernel"));
        let traced = own.replace("TracerPid:\t0", &format!("TracerPid:\t{}", std::process::id()));
        assert!(reason(&traced, Some(1)).contains("traces it already"));
        assert_eq!(reason("", None), "it has ended");
    }

    #[test]
    fn the_hint_is_a_command_that_helps() {
        assert_eq!(Refusal::Gone.fix(7), None);
        assert!(Refusal::Yama { scope: 1 }.fix(7).unwrap().contains("ptrace_scope=0"));
        assert!(Refusal::OtherUser.fix(7).unwrap().contains("sudo hotcold profile attach -p 7"));
        assert_eq!(Refusal::Yama { scope: 3 }.fix(7), None);
    }
}
