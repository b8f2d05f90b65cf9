//! What a recording says, against programs whose answer is known.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    backend::Way,
    fixture::{Fixture, fixture},
    process::{is_alive, send, state, wait_until},
    require::{perf_available, require},
    scratch,
};
use hotcold::profile::doctor::Scope;

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

fn hotcold() -> assert_cmd::Command {
    way().hotcold()
}

/// Runs a program under hotcold and gives the report as JSON.
fn record(flags: &[&str], program: &Path, args: &[&str]) -> Value {
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "--no-save", "--json", "--table-to", "t.json"]);
    hotcold.args(flags).arg("--").arg(program).args(args).assert().success();
    serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap()
}

fn number(report: &Value, field: &str) -> f64 {
    report[field].as_f64().unwrap_or_else(|| panic!("{field} in {report}"))
}

fn row<'a>(report: &'a Value, rows: &str, name: &str) -> &'a Value {
    let rows = report[rows].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {report}"))
}

/// cumtime of a function as a share of all.
fn share(report: &Value, name: &str) -> f64 {
    number(row(report, "functions", name), "cumtime_s") / number(report, "total_s")
}

/// A share may be off by four standard errors of its sample count: once in 16,000 runs.
fn assert_share(report: &Value, name: &str, truth: f64) {
    let n = number(report, "samples");
    let error = 4.0 * (truth * (1.0 - truth) / n).sqrt();
    let seen = share(report, name);
    assert!((seen - truth).abs() <= error, "{name}: {seen} of {truth} ± {error}, {n} samples");
}

fn assert_quality(report: &Value) {
    // A test may run beside many others, so that the recorder has to wait for a processor; benches/ has the strict figure.
    assert!(number(report, "lost_samples") <= 0.1 * number(report, "samples"), "{report}");
    assert_rooted(report, 0.97);
    assert_eq!(report["backend"], way().name());
}

fn assert_rooted(report: &Value, least: f64) {
    let rooted = number(report, "rooted_share");
    assert!(rooted >= least, "{rooted} of the stacks reach the root: {report}");
}

#[test]
fn shares_are_those_of_the_program_in_c_rust_and_go() {
    if !way().works() {
        return;
    }
    for (source, [hot, warm, cool]) in [
        ("shares.c", ["hot", "warm", "cool"]),
        ("shares.rs", ["shares::hot", "shares::warm", "shares::cool"]),
        ("shares.go", ["main.hot", "main.warm", "main.cool"]),
    ] {
        let Some(program) = fixture(source) else { continue };
        let report = record(&[], &program, &[]);
        assert_quality(&report);
        for (name, truth) in [(hot, 0.6), (warm, 0.3), (cool, 0.1)] {
            assert_share(&report, name, truth);
        }
    }
}

#[test]
fn stacks_are_complete_at_any_depth() {
    if !way().works() {
        return;
    }
    for source in ["depth.c", "depth.rs", "depth.go"] {
        let Some(program) = fixture(source) else { continue };
        // What exceeds the kernel's 64 KB is read from the process, which may have ended by then.
        for (bytes, least) in [("1000", 0.97), ("37000", 0.97), ("200000", 0.85)] {
            assert_rooted(&record(&[], &program, &[bytes]), least);
        }
    }
}

#[test]
fn a_static_and_a_stripped_program_unwind_as_well() {
    if !way().works() {
        return;
    }
    let fixed = Fixture { source: "shares.c", flags: &["-static"], stripped: false };
    if let Some(program) = fixed.build() {
        let report = record(&[], &program, &[]);
        assert_quality(&report);
        assert_share(&report, "hot", 0.6);
    }
    // A static program has no index of its tables for unwinding.
    for flags in [&[][..], &["-static"]] {
        let stripped = Fixture { source: "shares.c", flags, stripped: true };
        let Some(program) = stripped.build() else { continue };
        let report = record(&[], &program, &[]);
        assert_quality(&report);
        // Each function is one row, named by the module and the address where it begins.
        for (row, truth) in [(0, 0.6), (1, 0.3), (2, 0.1)] {
            let name = report["functions"][row]["name"].as_str().unwrap();
            assert!(name.starts_with("shares+0x"), "no wrong name: {name}");
            assert_share(&report, name, truth);
        }
    }
}

#[test]
fn a_stripped_go_program_is_named_by_its_own_table() {
    if !way().works() {
        return;
    }
    let stripped = Fixture { source: "shares.go", flags: &["-ldflags=-s -w"], stripped: true };
    let Some(program) = stripped.build() else { return };
    let report = record(&[], &program, &[]);
    assert_quality(&report);
    for (name, truth) in [("main.hot", 0.6), ("main.warm", 0.3), ("main.cool", 0.1)] {
        assert_share(&report, name, truth);
        let row = row(&report, "functions", name);
        assert!(
            row["file"].as_str().unwrap().ends_with("/shares.go") && row["line"].as_u64() > Some(0),
            "{row}"
        );
    }
}

#[test]
fn threads_forked_and_executed_children_are_followed() {
    let Some(program) = fixture("shares.c").filter(|_| way().works()) else { return };
    for (mode, busy) in [(["threads", "3"], 1), (["fork", "5"], 5), (["spawn", "5"], 5)] {
        let report = record(&["--by", "process"], &program, &mode);
        assert_quality(&report);
        let rows = report["processes"].as_array().unwrap();
        // The parent waits, and may have no sample.
        assert!(rows.len() == busy || rows.len() == busy + 1, "{mode:?}: {report}");
    }
    let report = record(&["--by", "thread"], &program, &["threads", "3"]);
    assert!(report["threads"].as_array().unwrap().len() >= 3, "{report}");
}

#[test]
fn cpp_names_are_demangled() {
    let Some(program) = fixture("names.cpp").filter(|_| way().works()) else { return };
    let report = record(&[], &program, &[]);
    let names: Vec<&str> =
        report["functions"].as_array().unwrap().iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(names.iter().any(|name| name.contains("::") && name.contains('<')), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("_Z")), "{names:?}");
}

#[test]
fn short_lived_children_are_explained_and_found_without_bias_system_wide() {
    let Some(program) = fixture("shares.c").filter(|_| way().works()) else { return };
    let short = ["fork", "60", "--seconds", "0.009"];
    // At a low rate a child of a few milliseconds often ends before its first tick; the coverage says so.
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "-r", "199", "--no-save", "--"]);
    let output = hotcold.arg(&program).args(short).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("live only a few milliseconds"), "{text}");
    if way() == Way::Ptrace || !perf_available(Scope::SystemWide) {
        return;
    }
    let report = record(&["--system-wide"], &program, &short);
    let coverage = number(&report, "total_s") / number(&report, "cpu_s");
    assert!((0.85..1.15).contains(&coverage), "{coverage}: {report}");
}

#[test]
fn children_that_nobody_waits_for_leave_no_absurd_coverage() {
    let Some(program) = fixture("shares.c").filter(|_| way().works() && require("perl")) else { return };
    // Perl rather than a shell: shells wait for their children in any case.
    let script = "$SIG{CHLD} = 'IGNORE'; exec @ARGV unless my $pid = fork; waitpid $pid, 0";
    let program = program.to_str().unwrap();
    let report = record(&[], Path::new("perl"), &["-e", script, program, "plain", "--seconds", "1"]);
    assert!(report["coverage"].is_null(), "{report}");
    assert!(report["notes"].to_string().contains("did not wait for all of its children"), "{report}");
}

#[test]
fn a_program_that_is_deleted_while_it_runs_is_named() {
    let Some(program) = fixture("shares.c").filter(|_| way().works()) else { return };
    let dir = scratch();
    let copy = dir.path().join("gone");
    std::fs::copy(&program, &copy).unwrap();
    let report =
        record(&[], Path::new("sh"), &["-c", "\"$0\" & sleep 0.05; rm \"$0\"; wait", copy.to_str().unwrap()]);
    let hot = row(&report, "functions", "hot");
    assert!(hot["module"].as_str().unwrap().starts_with(copy.to_str().unwrap()), "{hot}");
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that is busy, and running already.
fn busy() -> Option<Running> {
    let program = fixture("behave.c").filter(|_| way().works())?;
    let child = Command::new(program).arg("busy").stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut ready = [0; 6];
    std::io::Read::read_exact(running.0.stdout.as_mut().unwrap(), &mut ready).unwrap();
    Some(running)
}

fn attach(dir: &Path, pid: u32, flags: &[&str]) -> Command {
    let mut command = way().command();
    command.current_dir(dir).args(["profile", "attach", "-p", &pid.to_string()]).args(flags);
    command
}

fn wait_until_it_records(hotcold: u32, recorded: u32) {
    wait_until("hotcold to attach", || way().has_begun(hotcold, recorded).then_some(()));
}

#[test]
fn attaching_leaves_the_process_as_it_was() {
    let dir = scratch();
    let Some(running) = busy() else { return };
    let pid = running.0.id();
    let output = attach(dir.path(), pid, &["--duration", "300ms", "--json"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_quality(&report);
    assert!(share(&report, "burn") > 0.9, "{report}");
    assert!(report["command"][0].as_str().unwrap().ends_with("behave"), "{report}");
    assert!(dir.path().join("hotcold.pb.gz").exists());
    assert!(is_alive(pid) && state(pid) != Some('T'));
}

/// Clock ticks of user time that a process has used.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(11).unwrap().parse().unwrap()
}

#[test]
fn attaching_ends_with_the_process_or_with_ctrl_c() {
    let dir = scratch();
    let Some(mut running) = busy() else { return };
    for signal in [Signal::INT, Signal::TERM] {
        let child = attach(dir.path(), running.0.id(), &["-qq"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It holds its signals back from before it records.
        wait_until_it_records(child.id(), running.0.id());
        send(child.id(), signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    let child = attach(dir.path(), running.0.id(), &[]).stdout(Stdio::piped()).spawn().unwrap();
    wait_until_it_records(child.id(), running.0.id());
    // Without a sample there would be nothing to save.
    let used = cpu_ticks(running.0.id());
    wait_until("some CPU time is used", || (cpu_ticks(running.0.id()) > used + 5).then_some(()));
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn attaching_ends_with_the_process_though_its_children_live_on() {
    let Some(behave) = fixture("behave.c").filter(|_| way().works()) else { return };
    let dir = scratch();
    let mut parent = Command::new("sh")
        .args(["-c", "\"$1\" busy > /dev/null & echo $!; read line", "sh"])
        .arg(behave)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let busy: u32 = line.trim().parse().unwrap();
    let child = attach(dir.path(), parent.id(), &["-q"]).stdout(Stdio::piped()).spawn().unwrap();
    wait_until_it_records(child.id(), parent.id());
    drop(parent.stdin.take());
    parent.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(is_alive(busy), "hotcold waited for the child");
    assert_eq!(output.status.code(), Some(0));
    send(busy, Signal::TERM);
}

#[test]
fn threads_that_run_and_threads_to_come_are_both_attached() {
    let Some(program) = fixture("shares.c").filter(|_| way().works()) else { return };
    let dir = scratch();
    let child = Command::new(&program).args(["threads", "4"]).stdout(Stdio::null()).spawn().unwrap();
    let running = Running(child);
    let pid = running.0.id();
    let output = attach(dir.path(), pid, &["--json", "--by", "thread"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let threads = report["threads"].as_array().unwrap();
    assert!(threads.len() >= 2, "{report}");
    let coverage = number(&report, "total_s") / number(&report, "cpu_s");
    assert!((0.8..1.2).contains(&coverage), "each thread is counted once: {coverage}");
}

#[test]
fn a_process_that_is_not_there_or_not_ours_is_told() {
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "attach", "-p", "4194304"]);
    hotcold.assert().code(1).stdout("").stderr("error: cannot attach to process 4194304: no such process\n");
    let nothing: Vec<PathBuf> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(nothing, [] as [PathBuf; 0]);
}
