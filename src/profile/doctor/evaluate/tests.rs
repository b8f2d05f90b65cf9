use insta::assert_snapshot;
use rustix::io::Errno;

use super::{
    super::facts::{LibcDebug, Limit, Seccomp},
    *,
};

/// A plain user of a machine with Linux's own defaults: paranoid 2, no Yama.
fn plain_user() -> Facts {
    Facts {
        perf_user: Ok(()),
        perf_kernel: Err(Errno::ACCESS),
        perf_system_wide: Err(Errno::ACCESS),
        trace_child: Ok(()),
        paranoid: Some(2),
        yama_scope: None,
        kptr_restrict: Some(0),
        mlock_kb: Some(516),
        max_sample_rate: Some(100_000),
        cpu_time_max_percent: Some(25),
        uid: 1000,
        capabilities: 0,
        file_capabilities: true,
        seccomp: Seccomp::default(),
        container: false,
        kallsyms: Kallsyms::Zeros,
        cpus: 2,
        ring_kib: Some(4096),
        memlock: Limit { soft: Some(8 << 20), hard: Some(8 << 20) },
        open_files: Limit { soft: Some(1024), hard: Some(1 << 20) },
        page_size: 4096,
        libc: Some(LibcDebug { library: "/lib64/libc.so.6".into(), debug_file: None }),
        distribution: "ubuntu debian".into(),
        executable: Some("/usr/bin/hotcold".into()),
    }
}

fn root() -> Facts {
    Facts {
        perf_kernel: Ok(()),
        perf_system_wide: Ok(()),
        uid: 0,
        capabilities: (1 << 41) - 1,
        kallsyms: Kallsyms::Addresses,
        ..plain_user()
    }
}

/// The diagnosis, a line a check.
fn text(facts: &Facts) -> String {
    let diagnosis = evaluate(facts);
    let mut lines: Vec<String> = diagnosis
        .checks
        .iter()
        .map(|c| format!("{:?} {}: {} | {}", c.state, c.what, c.detail, c.fix.as_deref().unwrap_or("-")))
        .collect();
    let Abilities { backend, programs, attach, system_wide } = diagnosis.abilities;
    lines
        .push(format!("by {backend:?}: programs {programs:?}, attach {attach:?}, system-wide {system_wide}"));
    lines.join("\n")
}

/// One check of a diagnosis.
fn one(facts: &Facts, what: &str) -> Check {
    evaluate(facts).checks.into_iter().find(|c| c.what == what).unwrap()
}

#[test]
fn a_plain_user_sees_user_frames() {
    assert_snapshot!(text(&plain_user()), @r"
    Ok perf events, user frames: allowed: perf_event_paranoid is 2 | -
    No perf events, kernel frames: refused: perf_event_paranoid is 2 | sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep /usr/bin/hotcold
    No perf events, system-wide: refused: perf_event_paranoid is 2 | sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep /usr/bin/hotcold
    Ok ptrace: processes of the same user | -
    Ok system call filter: none | -
    No kernel symbols: addresses hidden: kptr_restrict is 0, perf_event_paranoid is 2 | sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep /usr/bin/hotcold
    Ok ring memory: 4.0 MiB for each CPU (limit 4.5 MiB) | -
    Ok open files: 1,024, enough to attach to 480 threads | -
    Ok sampling rate: up to 100,000 Hz; lowered when sampling takes 25 % of a CPU | -
    Partly debug files: none for /lib64/libc.so.6 | sudo apt install libc6-dbg
    by PerfUser: programs User, attach Own, system-wide false
    ");
}

#[test]
fn root_sees_everything() {
    assert_snapshot!(text(&root()), @r"
    Ok perf events, user frames: allowed: root | -
    Ok perf events, kernel frames: allowed: root | -
    Ok perf events, system-wide: allowed: root | -
    Ok ptrace: every process: CAP_SYS_PTRACE | -
    Ok system call filter: none | -
    Ok kernel symbols: readable | -
    Ok ring memory: 4.0 MiB for each CPU | -
    Ok open files: 1,024, enough to attach to 480 threads | -
    Ok sampling rate: up to 100,000 Hz; lowered when sampling takes 25 % of a CPU | -
    Partly debug files: none for /lib64/libc.so.6 | sudo apt install libc6-dbg
    by PerfKernel: programs Kernel, attach Any, system-wide true
    ");
}

#[test]
fn file_capabilities_are_as_good_as_root() {
    let facts = Facts { uid: 1000, capabilities: 1 << 38 | 1 << 34 | 1 << 19, ..root() };
    let diagnosis = evaluate(&facts);
    assert_eq!(
        diagnosis.abilities,
        Abilities {
            backend: Backend::PerfKernel,
            programs: Frames::Kernel,
            attach: Attach::Any,
            system_wide: true
        }
    );
    assert_eq!(one(&facts, "perf events, kernel frames").detail, "allowed: CAP_PERFMON");
    // CAP_IPC_LOCK is not among them, so the memory limit holds.
    assert_eq!(one(&facts, "ring memory").detail, "4.0 MiB for each CPU (limit 4.5 MiB)");
}

#[test]
fn docker_refuses_with_eperm() {
    let facts = Facts {
        perf_user: Err(Errno::PERM),
        perf_kernel: Err(Errno::PERM),
        perf_system_wide: Err(Errno::PERM),
        // Docker's root: CHOWN, DAC_OVERRIDE and the like.
        uid: 0,
        capabilities: 0xa804_25fb,
        seccomp: Seccomp { mode: 2, filters: 1 },
        container: true,
        file_capabilities: false,
        ring_kib: None,
        ..plain_user()
    };
    assert!(evaluate(&facts).can_profile());
    let neither = Facts { trace_child: Err(Errno::PERM), ..facts.clone() };
    assert!(!evaluate(&neither).can_profile());
    assert_snapshot!(text(&facts), @r"
    No perf events, user frames: refused by the container's system call filter | docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …
    No perf events, kernel frames: refused by the container's system call filter | docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …
    No perf events, system-wide: refused by the container's system call filter | docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …
    Ok ptrace: processes of the same user | -
    No system call filter: 1 filter active, refuses perf events | docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …
    No kernel symbols: addresses hidden: kptr_restrict is 0, perf_event_paranoid is 2 | docker run --cap-add PERFMON --cap-add SYS_PTRACE --cap-add SYSLOG --security-opt seccomp=unconfined …
    No ring memory: not tried: perf events are refused | -
    Ok open files: 1,024, enough to attach to 480 threads | -
    Ok sampling rate: up to 100,000 Hz; lowered when sampling takes 25 % of a CPU | -
    Partly debug files: none for /lib64/libc.so.6 | sudo apt install libc6-dbg
    by Ptrace: programs User, attach Own, system-wide false
    ");
}

#[test]
fn paranoid_3_refuses_with_eacces() {
    let facts = Facts {
        perf_user: Err(Errno::ACCESS),
        paranoid: Some(3),
        yama_scope: Some(1),
        kptr_restrict: Some(1),
        ring_kib: None,
        ..plain_user()
    };
    assert!(evaluate(&facts).can_profile());
    let neither = Facts { trace_child: Err(Errno::PERM), ..facts.clone() };
    assert!(!evaluate(&neither).can_profile());
    assert_snapshot!(text(&facts), @r"
    No perf events, user frames: refused: perf_event_paranoid is 3 | sudo sysctl kernel.perf_event_paranoid=2
    No perf events, kernel frames: refused: perf_event_paranoid is 3 | sudo sysctl kernel.perf_event_paranoid=1
    No perf events, system-wide: refused: perf_event_paranoid is 3 | sudo sysctl kernel.perf_event_paranoid=0
    Partly ptrace: only programs it starts: yama.ptrace_scope is 1 | sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep /usr/bin/hotcold
    Ok system call filter: none | -
    No kernel symbols: addresses hidden: kptr_restrict is 1, perf_event_paranoid is 3 | sudo setcap cap_perfmon,cap_sys_ptrace,cap_syslog+ep /usr/bin/hotcold
    No ring memory: not tried: perf events are refused | -
    Ok open files: 1,024, enough to attach to 480 threads | -
    Ok sampling rate: up to 100,000 Hz; lowered when sampling takes 25 % of a CPU | -
    Partly debug files: none for /lib64/libc.so.6 | sudo apt install libc6-dbg
    by Ptrace: programs User, attach None, system-wide false
    ");
}

#[test]
fn a_kernel_without_perf_events_is_named() {
    for error in [Errno::NOSYS, Errno::NOENT, Errno::OPNOTSUPP] {
        let facts = Facts { perf_user: Err(error), perf_kernel: Err(error), ring_kib: None, ..plain_user() };
        let check = one(&facts, "perf events, user frames");
        assert_eq!(check.detail, "this kernel has no perf events");
        assert!(check.fix.unwrap().contains("CONFIG_PERF_EVENTS"));
    }
}

#[test]
fn without_file_capabilities_a_setting_is_the_way() {
    let facts = Facts { file_capabilities: false, ..plain_user() };
    let fix = one(&facts, "perf events, kernel frames").fix;
    assert_eq!(fix.as_deref(), Some("sudo sysctl kernel.perf_event_paranoid=1"));
}

#[test]
fn small_rings_are_partly() {
    let facts = Facts { ring_kib: Some(1024), cpus: 64, ..plain_user() };
    let check = one(&facts, "ring memory");
    assert_eq!(check.state, State::Partly);
    assert_eq!(check.detail, "1.0 MiB of 4.0 MiB for each CPU (limit 644.0 KiB); samples may be lost");
    assert_eq!(check.fix.as_deref(), Some("sudo sysctl kernel.perf_event_mlock_kb=4100"));
    assert_eq!(one(&Facts { ring_kib: None, ..facts }, "ring memory").state, State::No);
}

#[test]
fn open_files_limit_attaching() {
    let limited = |soft, hard, cpus| {
        one(
            &Facts { open_files: Limit { soft: Some(soft), hard: Some(hard) }, cpus, ..plain_user() },
            "open files",
        )
    };
    assert_eq!(limited(1024, 4096, 2).state, State::Ok);
    assert_eq!(limited(1024, 1 << 20, 128).detail, "1,024, enough to attach to 7 threads");
    assert_eq!(limited(1024, 1 << 20, 128).fix.as_deref(), Some("ulimit -n 8256"));
    assert_eq!(limited(1024, 1024, 128).fix.as_deref(), Some("sudo prlimit --nofile=8256 --pid $$"));
    assert_eq!(limited(100, 100, 128).state, State::No);
}

#[test]
fn a_lowered_rate_is_partly() {
    let check = one(&Facts { max_sample_rate: Some(500), ..plain_user() }, "sampling rate");
    assert_eq!(check.state, State::Partly);
    assert!(check.fix.unwrap().contains("perf_event_max_sample_rate"));
}

#[test]
fn yama_decides_about_processes_of_others() {
    let scoped = |scope| one(&Facts { yama_scope: Some(scope), ..plain_user() }, "ptrace");
    assert_eq!(scoped(0).state, State::Ok);
    assert_eq!(scoped(1).state, State::Partly);
    assert_eq!(one(&Facts { yama_scope: Some(1), ..root() }, "ptrace").state, State::Ok);
    let refused = Facts { trace_child: Err(Errno::PERM), yama_scope: Some(3), ..plain_user() };
    assert_eq!(one(&refused, "ptrace").state, State::No);
}

#[test]
fn whatever_does_not_work_says_what_to_do() {
    for (paranoid, error) in [(2, Errno::ACCESS), (4, Errno::PERM), (-1, Errno::INVAL)] {
        for container in [false, true] {
            let facts = Facts {
                perf_user: Err(error),
                perf_kernel: Err(error),
                perf_system_wide: Err(error),
                trace_child: Err(error),
                paranoid: Some(paranoid),
                container,
                executable: None,
                ..plain_user()
            };
            for check in evaluate(&facts).checks {
                let silent = check.what == "ring memory" || check.state == State::Ok;
                assert!(silent || check.fix.is_some(), "{check:?}");
            }
        }
    }
}
