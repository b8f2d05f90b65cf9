//! Which command gives hotcold what it lacks, on this machine.

use rustix::io::Errno;

use super::facts::Facts;

/// Capabilities by their number in `linux/capability.h`.
#[derive(Clone, Copy)]
pub(super) enum Capability {
    IpcLock = 14,
    SysPtrace = 19,
    SysAdmin = 21,
    Perfmon = 38,
}

/// Whether the process has a capability.
pub(super) fn has(facts: &Facts, capability: Capability) -> bool {
    facts.capabilities & (1 << capability as u64) != 0
}

/// Whether perf events are not subject to `perf_event_paranoid`: CAP_PERFMON, or CAP_SYS_ADMIN as before Linux 5.8.
pub(super) fn perfmon(facts: &Facts) -> bool {
    has(facts, Capability::Perfmon) || has(facts, Capability::SysAdmin)
}

/// The kernel's answer in words.
pub(super) fn refusal(facts: &Facts, error: Errno) -> String {
    let paranoid = facts.paranoid.map_or("not readable".to_owned(), |p| p.to_string());
    match error {
        Errno::ACCESS => format!("refused: perf_event_paranoid is {paranoid}"),
        Errno::PERM if facts.seccomp.mode != 0 && facts.container => {
            "refused by the container's system call filter".into()
        }
        Errno::PERM if facts.seccomp.mode != 0 => "refused by a system call filter (seccomp)".into(),
        Errno::PERM => "refused: operation not permitted".into(),
        Errno::NOSYS | Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV => {
            "this kernel has no perf events".into()
        }
        Errno::MFILE => "too many open files".into(),
        other => format!("refused: {}", in_words(other)),
    }
}

/// An error without its number and as part of a sentence.
pub(super) fn in_words(error: Errno) -> String {
    let text = std::io::Error::from(error).to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

/// What makes a refused perf event work, where `perf_event_paranoid` would have to be at most `paranoid`.
pub(super) fn perf_fix(facts: &Facts, error: Errno, paranoid: i64) -> String {
    match error {
        Errno::NOSYS | Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV => {
            "needs a Linux kernel with CONFIG_PERF_EVENTS; gVisor and WSL 1 have none".into()
        }
        Errno::MFILE => "ulimit -n 4096".into(),
        _ if facts.container => docker().into(),
        Errno::ACCESS => format!("sudo sysctl kernel.perf_event_paranoid={paranoid}"),
        Errno::PERM if facts.seccomp.mode != 0 => {
            "run hotcold outside the sandbox that filters its system calls".into()
        }
        _ => "the kernel's security policy (lockdown, SELinux) decides; run hotcold as root".into(),
    }
}

/// What gives hotcold more than an ordinary user may: its own capabilities where a file can carry them, otherwise the
/// given setting for everyone.
pub(super) fn privilege_fix(facts: &Facts, sysctl: &str) -> String {
    if facts.container {
        return docker().into();
    }
    match &facts.executable {
        Some(path) if facts.file_capabilities => {
            let path = shell_quoted(&path.to_string_lossy());
            format!("sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep {path}")
        }
        _ => format!("sudo sysctl {sysctl}"),
    }
}

/// `seccomp=unconfined` because the default filter of older Docker versions refuses perf events even with PERFMON.
pub(super) fn docker() -> &'static str {
    "docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …"
}

fn shell_quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_safe_to_paste() {
        assert_eq!(shell_quoted("/usr/bin/hotcold"), "/usr/bin/hotcold");
        assert_eq!(shell_quoted("/home/a b/it's"), r"'/home/a b/it'\''s'");
    }

    #[test]
    fn errors_have_no_number() {
        assert_eq!(in_words(Errno::BUSY), "device or resource busy");
    }
}
