//! From facts to a diagnosis. Pure.

use super::{
    facts::{Facts, Kallsyms},
    privileges::{Capability, docker, has, in_words, perf_fix, perfmon, privilege_fix, refusal},
};
use crate::units;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Works.
    Ok,
    /// Works with a restriction.
    Partly,
    /// Does not work.
    No,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked; the same words on every machine.
    pub what: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, in one line.
    pub detail: String,
    /// The command that changes it, or who could; `None` where there is nothing to change.
    pub fix: Option<String>,
}

/// How much of a program's stacks can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// Nothing.
    None,
    /// Frames outside the kernel.
    User,
    /// All frames.
    Kernel,
}

/// Which running processes can be profiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// None.
    None,
    /// Those of the same user.
    Own,
    /// All.
    Any,
}

/// What records programs, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Perf events that see the kernel, too.
    PerfKernel,
    /// Perf events outside the kernel.
    PerfUser,
    /// Stopping running threads for a moment.
    Ptrace,
    /// Nothing works.
    None,
}

/// What follows from the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// The best that works.
    pub backend: Backend,
    /// Programs that hotcold starts.
    pub programs: Frames,
    /// Processes that run already.
    pub attach: Attach,
    /// The whole machine at once.
    pub system_wide: bool,
}

/// The checks and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order they are shown.
    pub checks: Vec<Check>,
    /// What follows.
    pub abilities: Abilities,
}

/// Ring per processor that a recording asks for, in KiB.
const WANTED_RING_KIB: u64 = 4096;
/// Samples per second that a recording asks for.
const WANTED_RATE_HZ: u64 = 997;
/// Threads that attaching should manage.
const WANTED_THREADS: u64 = 64;
/// Files open besides those of perf events.
const OTHER_FILES: u64 = 64;

/// What the facts mean.
pub fn evaluate(facts: &Facts) -> Diagnosis {
    let checks = vec![
        perf_user(facts),
        perf_kernel(facts),
        perf_system_wide(facts),
        ptrace(facts),
        seccomp(facts),
        kernel_symbols(facts),
        ring_memory(facts),
        open_files(facts),
        sample_rate(facts),
        debug_files(facts),
    ];
    Diagnosis { checks, abilities: abilities(facts) }
}

fn abilities(facts: &Facts) -> Abilities {
    let backend = match (facts.perf_kernel, facts.perf_user, facts.trace_child) {
        (Ok(()), ..) => Backend::PerfKernel,
        (_, Ok(()), _) => Backend::PerfUser,
        (.., Ok(())) => Backend::Ptrace,
        _ => Backend::None,
    };
    let programs = match backend {
        Backend::PerfKernel => Frames::Kernel,
        Backend::PerfUser | Backend::Ptrace => Frames::User,
        Backend::None => Frames::None,
    };
    // Attaching reads the process's memory map, which asks for CAP_SYS_PTRACE where the process has another owner.
    let attach = match backend {
        Backend::None => Attach::None,
        _ if has(facts, Capability::SysPtrace) => Attach::Any,
        Backend::Ptrace if facts.yama_scope.is_some_and(|scope| scope > 0) => Attach::None,
        _ => Attach::Own,
    };
    Abilities { backend, programs, attach, system_wide: facts.perf_system_wide.is_ok() }
}

fn check(what: &'static str, state: State, detail: impl Into<String>) -> Check {
    Check { what, state, detail: detail.into(), fix: None }
}

impl Check {
    fn fixed_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Why a perf event is allowed.
fn permission(facts: &Facts) -> String {
    // Root of a container's own user namespace has capabilities that do not count here; system-wide tells.
    let privileged = perfmon(facts) && facts.perf_system_wide.is_ok();
    match facts.paranoid {
        _ if privileged && facts.uid == 0 => "allowed: root".into(),
        _ if privileged => "allowed: CAP_PERFMON".into(),
        Some(paranoid) => format!("allowed: perf_event_paranoid is {paranoid}"),
        None => "allowed".into(),
    }
}

fn perf_user(facts: &Facts) -> Check {
    let what = "perf events, user frames";
    match facts.perf_user {
        Ok(()) => check(what, State::Ok, permission(facts)),
        Err(error) => check(what, State::No, refusal(facts, error)).fixed_by(perf_fix(facts, error, 2)),
    }
}

fn perf_kernel(facts: &Facts) -> Check {
    let what = "perf events, kernel frames";
    match (facts.perf_kernel, facts.perf_user) {
        (Ok(()), _) => check(what, State::Ok, permission(facts)),
        (Err(error), Ok(())) => check(what, State::No, refusal(facts, error))
            .fixed_by(privilege_fix(facts, "kernel.perf_event_paranoid=1")),
        (Err(error), Err(_)) => {
            check(what, State::No, refusal(facts, error)).fixed_by(perf_fix(facts, error, 1))
        }
    }
}

fn perf_system_wide(facts: &Facts) -> Check {
    let what = "perf events, system-wide";
    match (facts.perf_system_wide, facts.perf_user) {
        (Ok(()), _) => check(what, State::Ok, permission(facts)),
        (Err(error), Ok(())) => check(what, State::No, refusal(facts, error))
            .fixed_by(privilege_fix(facts, "kernel.perf_event_paranoid=0")),
        (Err(error), Err(_)) => {
            check(what, State::No, refusal(facts, error)).fixed_by(perf_fix(facts, error, 0))
        }
    }
}

/// It records where perf events are refused, and reading a process's memory completes stacks deeper than a dump. Yama's scope
/// decides whose.
fn ptrace(facts: &Facts) -> Check {
    let what = "ptrace";
    if let Err(error) = facts.trace_child {
        let detail = format!("not even own children: {}", in_words(error));
        let fix = match facts.yama_scope {
            _ if facts.container => docker().into(),
            Some(scope) if scope >= 3 => {
                "boot with another kernel.yama.ptrace_scope; 3 cannot be lowered".into()
            }
            Some(2) => privilege_fix(facts, "kernel.yama.ptrace_scope=1"),
            _ => "run hotcold outside the sandbox that forbids ptrace".into(),
        };
        return check(what, State::No, detail).fixed_by(fix);
    }
    if has(facts, Capability::SysPtrace) {
        return check(what, State::Ok, "every process: CAP_SYS_PTRACE");
    }
    match facts.yama_scope {
        None | Some(0) => check(what, State::Ok, "processes of the same user"),
        Some(scope) => {
            let detail = format!("only programs it starts: yama.ptrace_scope is {scope}");
            check(what, State::Partly, detail).fixed_by(privilege_fix(facts, "kernel.yama.ptrace_scope=0"))
        }
    }
}

fn seccomp(facts: &Facts) -> Check {
    let what = "system call filter";
    if facts.seccomp.mode == 0 {
        return check(what, State::Ok, "none");
    }
    let many = match facts.seccomp.filters {
        0 => "active".to_owned(),
        n => format!("{} active", units::plural(n.into(), "filter", "filters")),
    };
    // A filter answers EPERM where paranoid answers EACCES.
    match facts.perf_user {
        Err(rustix::io::Errno::PERM) => check(what, State::No, format!("{many}, refuses perf events"))
            .fixed_by(perf_fix(facts, rustix::io::Errno::PERM, 2)),
        Err(_) => check(what, State::Ok, many),
        Ok(()) => check(what, State::Ok, format!("{many}, allows perf events")),
    }
}

/// The kernel shows addresses to CAP_SYSLOG; to others only with kptr_restrict 0 and paranoid at most 1.
fn kernel_symbols(facts: &Facts) -> Check {
    let what = "kernel symbols";
    let setting = |name: &str, value: Option<i64>| value.map(|v| format!("{name} is {v}"));
    let settings =
        [setting("kptr_restrict", facts.kptr_restrict), setting("perf_event_paranoid", facts.paranoid)];
    let hidden =
        format!("addresses hidden: {}", settings.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let sysctl = match facts.kptr_restrict {
        Some(0) => "kernel.perf_event_paranoid=1",
        _ => "kernel.kptr_restrict=0 kernel.perf_event_paranoid=1",
    };
    match facts.kallsyms {
        Kallsyms::Addresses => check(what, State::Ok, "readable"),
        // With kptr_restrict 2 not even CAP_SYSLOG helps.
        Kallsyms::Zeros if facts.kptr_restrict == Some(2) => {
            check(what, State::No, hidden).fixed_by(format!("sudo sysctl {sysctl}"))
        }
        Kallsyms::Zeros => check(what, State::No, hidden).fixed_by(privilege_fix(facts, sysctl)),
        Kallsyms::Unreadable => check(what, State::No, "`/proc/kallsyms` cannot be read")
            .fixed_by("kernel frames show as addresses; needs a kernel with CONFIG_KALLSYMS"),
    }
}

fn ring_memory(facts: &Facts) -> Check {
    let what = "ring memory";
    if facts.perf_user.is_err() {
        return check(what, State::No, "not tried: perf events are refused");
    }
    // With the ring comes one page of bookkeeping.
    let needed = WANTED_RING_KIB + facts.page_size / 1024;
    let fix = format!("sudo sysctl kernel.perf_event_mlock_kb={needed}");
    let limits = ring_limits(facts);
    match facts.ring_kib {
        Some(kib) if kib >= WANTED_RING_KIB => {
            check(what, State::Ok, format!("{} for each CPU{limits}", units::bytes(kib * 1024)))
        }
        Some(kib) => {
            let detail = format!(
                "{} of {} for each CPU{limits}; samples may be lost",
                units::bytes(kib * 1024),
                units::bytes(WANTED_RING_KIB * 1024)
            );
            check(what, State::Partly, detail).fixed_by(fix)
        }
        None => check(what, State::No, format!("not even 512.0 KiB for each CPU{limits}")).fixed_by(fix),
    }
}

/// What the kernel allows: `perf_event_mlock_kb` for each processor and RLIMIT_MEMLOCK once, unless CAP_IPC_LOCK or
/// `perf_event_paranoid` -1 lift both.
fn ring_limits(facts: &Facts) -> String {
    let free = has(facts, Capability::IpcLock) || facts.paranoid == Some(-1);
    match (facts.mlock_kb, facts.memlock.soft) {
        _ if free => String::new(),
        (Some(kb), Some(memlock)) => {
            let each = kb + memlock / 1024 / facts.cpus.max(1);
            format!(" (limit {})", units::bytes(each.saturating_mul(1024)))
        }
        _ => String::new(),
    }
}

fn open_files(facts: &Facts) -> Check {
    let what = "open files";
    let Some(soft) = facts.open_files.soft else { return check(what, State::Ok, "unlimited") };
    // Starting a program takes one file for each processor, attaching one for each thread and processor.
    let threads = soft.saturating_sub(OTHER_FILES) / facts.cpus.max(1);
    let detail = format!(
        "{}, enough to attach to {}",
        units::count(soft),
        units::plural(threads, "thread", "threads")
    );
    let needed = (OTHER_FILES + WANTED_THREADS * facts.cpus).max(4096);
    let fix = match facts.open_files.hard {
        Some(hard) if hard < needed => format!("sudo prlimit --nofile={needed} --pid $$"),
        _ => format!("ulimit -n {needed}"),
    };
    match threads {
        0 => check(what, State::No, format!("{}, too few for one file for each CPU", units::count(soft)))
            .fixed_by(fix),
        n if n < WANTED_THREADS => check(what, State::Partly, detail).fixed_by(fix),
        _ => check(what, State::Ok, detail),
    }
}

fn sample_rate(facts: &Facts) -> Check {
    let what = "sampling rate";
    let Some(most) = facts.max_sample_rate else {
        return check(what, State::Partly, "`perf_event_max_sample_rate` cannot be read");
    };
    let lowers = match facts.cpu_time_max_percent {
        Some(0 | 100) | None => String::new(),
        Some(percent) => format!("; lowered when sampling takes {percent} % of a CPU"),
    };
    let detail = format!("up to {} Hz{lowers}", units::count(most));
    if most >= WANTED_RATE_HZ {
        check(what, State::Ok, detail)
    } else {
        check(what, State::Partly, detail).fixed_by("sudo sysctl kernel.perf_event_max_sample_rate=100000")
    }
}

fn debug_files(facts: &Facts) -> Check {
    let what = "debug files";
    let Some(libc) = &facts.libc else { return check(what, State::Ok, "no shared C library here") };
    if let Some(file) = &libc.debug_file {
        return check(what, State::Ok, format!("{}", file.display()));
    }
    let is = |name: &str| facts.distribution.split_whitespace().any(|id| id == name);
    let fix = match () {
        () if is("debian") || is("ubuntu") => "sudo apt install libc6-dbg",
        () if is("fedora") || is("rhel") => "sudo dnf debuginfo-install glibc",
        () if is("suse") => "sudo zypper install glibc-debuginfo",
        () if is("alpine") => "sudo apk add musl-dbg",
        () => "install your distribution's debug files of the C library",
    };
    check(what, State::Partly, format!("none for {}", libc.library.display())).fixed_by(fix)
}

impl Diagnosis {
    /// Whether programs can be profiled at all.
    pub fn can_profile(&self) -> bool {
        self.abilities.programs != Frames::None
    }
}

#[cfg(test)]
mod tests;
