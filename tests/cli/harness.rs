//! The test support itself, against programs whose behaviour is known.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use hotcold::profile::doctor::Scope;
use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    fixture::{Fixture, fixture},
    process::{children, is_alive, send, state, wait_until},
    require::{perf_available, require, require_perf},
    scratch,
    terminal::Terminal,
};

fn answer(command: &mut Command) -> Value {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The programs' own clocks must confirm what they promise, in every language and mode.
#[test]
fn shares_are_60_30_10() {
    let modes: [&[&str]; 5] =
        [&["plain"], &["deep", "40"], &["threads", "2"], &["fork", "3"], &["spawn", "3"]];
    for (source, modes) in [("shares.c", &modes[..]), ("shares.rs", &modes[..3]), ("shares.go", &modes[..3])]
    {
        let Some(program) = fixture(source) else { continue };
        for mode in modes {
            let truth = answer(Command::new(&program).args(*mode).args(["--rounds", "200"]));
            let part = |name: &str| truth[name].as_f64().unwrap();
            let total = part("hot_s") + part("warm_s") + part("cool_s");
            // A machine that stalls a thread inside one of them can shift a short run a little.
            assert!((part("hot_s") / total - 0.6).abs() < 0.1, "{source} {mode:?}: {truth}");
            assert!((part("cool_s") / total - 0.1).abs() < 0.1, "{source} {mode:?}: {truth}");
            let workers = mode.get(1).filter(|_| mode[0] != "deep").map_or(1, |n| n.parse().unwrap());
            assert_eq!(truth["rounds"], 200 * workers, "{source} {mode:?}");
        }
    }
}

#[test]
fn truth_goes_to_a_file() {
    let Some(program) = fixture("shares.c") else { return };
    let dir = scratch();
    let file = dir.path().join("truth");
    let output = Command::new(program).args(["--rounds", "1", "--truth"]).arg(&file).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    let truth: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(truth["rounds"], 1);
}

#[test]
fn depth_is_as_asked() {
    for source in ["depth.c", "depth.rs", "depth.go"] {
        let Some(program) = fixture(source) else { continue };
        for wanted in [1 << 10, 13 << 10, 37 << 10, 200 << 10, 1 << 20] {
            let told = answer(Command::new(&program).arg(wanted.to_string()).args(["--rounds", "1"]));
            let got = told["stack_bytes"].as_u64().unwrap();
            assert!(got.abs_diff(wanted) <= 600, "{source}: {got} bytes for {wanted}");
        }
    }
}

#[test]
fn names_are_mangled_and_strip_removes_them() {
    let Some(program) = fixture("names.cpp") else { return };
    let stripped = Fixture { source: "names.cpp", flags: &[], stripped: true };
    let Some(stripped) = stripped.build() else { return };
    let mangled = b"_ZNK8geometry6MatrixILi3EEmlERKS1_";
    let has = |path: &std::path::Path| {
        std::fs::read(path).unwrap().windows(mangled.len()).any(|window| window == mangled)
    };
    assert!(has(&program) && !has(&stripped));
    let told = answer(Command::new(&stripped).args(["--seconds", "0.01"]));
    assert_eq!(told["hot"], "geometry::Matrix<3>::operator*(geometry::Matrix<3> const&) const");
}

#[test]
fn tests_that_race_share_one_build() {
    let flags = ["-DRACE"];
    let build = || Fixture { source: "behave.c", flags: &flags, stripped: false }.build();
    let paths: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(build)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(paths.windows(2).all(|pair| pair[0] == pair[1]));
    let other = fixture("behave.c");
    assert!(other.is_none() || other != paths[0], "flags make another program");
}

#[test]
fn behave_ends_as_told() {
    use std::os::unix::process::ExitStatusExt;
    let Some(program) = fixture("behave.c") else { return };
    let run = |args: &[&str]| Command::new(&program).args(args).stderr(Stdio::null()).status().unwrap();
    assert_eq!(run(&["exit", "7"]).code(), Some(7));
    assert_eq!(run(&["signal", "15"]).signal(), Some(15));
    assert_eq!(run(&["segv"]).signal(), Some(11));
    assert_eq!(run(&["cpu", "0.01"]).code(), Some(0));
    assert_eq!(run(&["sleep", "0.01"]).code(), Some(0));
    assert_eq!(run(&["exec", "/no/such/program"]).code(), Some(127));
    assert_eq!(run(&["nonsense"]).code(), Some(2));
    let output = Command::new(&program).args(["args", "a b", ""]).output().unwrap();
    assert_eq!(output.stdout, b"a b\n\n");
    let output = Command::new(&program).arg("tty").stdin(Stdio::null()).output().unwrap();
    assert!(output.stdout.starts_with(b"stdin not a terminal\nstdout not a terminal\n"));
}

#[test]
fn behave_tells_the_signals_it_gets() {
    let Some(program) = fixture("behave.c") else { return };
    let mut child =
        Command::new(program).args(["print-signals", "2"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut ready = [0; 6];
    stdout.read_exact(&mut ready).unwrap();
    send(child.id(), Signal::USR1);
    let mut first = [0; 3];
    stdout.read_exact(&mut first).unwrap();
    send(child.id(), Signal::TERM);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((&ready, &first, rest.as_str()), (b"ready\n", b"10\n", "15\n"));
    assert!(child.wait().unwrap().success());
}

#[test]
fn states_of_processes_are_seen() {
    let Some(program) = fixture("behave.c") else { return };
    let mut child = Command::new(program).arg("stop-self").stdout(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    assert!(children(std::process::id()).contains(&pid));
    wait_until("the child to stop", || (state(pid) == Some('T')).then_some(()));
    send(pid, Signal::CONT);
    wait_until("the child to end", || (!is_alive(pid)).then_some(()));
    assert!(child.wait().unwrap().success());
    assert_eq!(state(pid), None);
}

#[test]
fn an_orphan_outlives_its_parent() {
    let Some(program) = fixture("behave.c") else { return };
    let output = Command::new(program).args(["orphan", "0.05"]).output().unwrap();
    let pid: u32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    wait_until("the orphan to end", || (!is_alive(pid)).then_some(()));
}

#[test]
fn keys_reach_a_program_on_a_terminal() {
    let Some(program) = fixture("behave.c") else { return };
    let mut terminal = Terminal::spawn(Command::new(&program).args(["print-signals", "1"]), 80, 10);
    terminal.wait_for("ready");
    assert!(is_alive(terminal.pid()));
    terminal.press(b"\x03");
    let (status, screen) = terminal.finish();
    assert!(status.success());
    assert_eq!(screen, "ready\n^C2");

    let (_, screen) = Terminal::spawn(Command::new(&program).arg("tty"), 80, 10).finish();
    assert_eq!(screen, "stdin terminal\nstdout terminal\nstderr terminal\nforeground");
}

#[test]
fn what_is_there_is_found() {
    assert!(require("sh") && require("/bin/sh"));
    assert_eq!(require_perf(), perf_available(Scope::User));
}
