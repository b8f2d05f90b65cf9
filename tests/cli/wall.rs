//! `--wall`: what threads wait for, and for how long, beside the time that they work.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::{backend::Way, fixture::fixture, process::wait_until, require::require, scratch};

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

/// A recording of a program with waiting: the report, and what the program printed.
fn record(flags: &[&str], command: &[&str]) -> (Value, String) {
    let dir = scratch();
    let mut hotcold = way().hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "--wall", "--no-save", "--limit", "0", "--json"]);
    hotcold.args(["--table-to", "t.json"]).args(flags).arg("--").args(command);
    let output = hotcold.assert().success().get_output().clone();
    let report = serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    (report, String::from_utf8(output.stdout).unwrap())
}

fn number(value: &Value, field: &str) -> f64 {
    value[field].as_f64().unwrap_or_else(|| panic!("{field} in {value}"))
}

fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["functions"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {report}"))
}

/// Beside many other tests a program waits for processors, too; benches/ has the strict figure.
fn assert_near(what: &str, seen: f64, truth: f64) {
    assert!((seen - truth).abs() <= 0.25 * truth + 0.1, "{what}: {seen} s of {truth} s");
}

#[test]
fn waiting_is_told_by_kind_and_by_function() {
    let Some(waits) = fixture("waits.c").filter(|_| way().works()) else { return };
    let (report, truth) = record(&[], &[waits.to_str().unwrap(), "known", "2"]);
    let truth: Value = serde_json::from_str(&truth).unwrap();
    assert_eq!(report["backend"], way().name());
    for (function, known, kind) in
        [("sleeps", "sleep_s", "sleep"), ("locks", "lock_s", "lock"), ("reads", "read_s", "io")]
    {
        let row = row(&report, function);
        assert_near(function, number(row, "cumwait_s"), number(&truth, known));
        let of_kind = number(&row["waits"], kind);
        assert!(of_kind >= 0.95 * number(row, "cumwait_s"), "{row}");
    }
    let works = row(&report, "works");
    assert!(number(works, "cumwait_s") <= 0.1 * number(works, "cumtime_s") + 0.05, "{works}");
    assert_near("works", number(works, "cumtime_s"), number(&truth, "work_s"));
    // Both threads are doing something all the time.
    let total = number(&report, "wait_s") + number(&report, "total_s");
    assert!(total <= 2.1 * number(&report, "duration_s"), "{total} s in {report}");
}

#[test]
fn a_program_that_only_sleeps_has_a_table() {
    if !way().works() || !require("sleep") {
        return;
    }
    let (report, _) = record(&[], &["sleep", "0.5"]);
    assert_near("sleep", number(&report["waits"], "sleep"), 0.5);
    let dir = scratch();
    let mut hotcold = way().command();
    hotcold.current_dir(dir.path()).args([
        "profile",
        "run",
        "--wall",
        "--flamegraph",
        "f.svg",
        "--",
        "sleep",
        "0.5",
    ]);
    let output = hotcold.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("\nwaiting ") && text.contains("waits for"), "{text}");
    let svg = std::fs::read_to_string(dir.path().join("f.svg")).unwrap();
    assert!(svg.contains("nanosleep") && svg.contains("waiting, violet"), "{svg}");
    // It is saved with the recording.
    let report = way().hotcold().current_dir(dir.path()).args(["profile", "report"]).assert().success();
    assert!(String::from_utf8_lossy(&report.get_output().stdout).contains("sleep"), "{report}");
}

#[test]
fn threads_of_a_pool_are_one_row_unless_asked_for() {
    let Some(waits) = fixture("waits.c").filter(|_| way().works()) else { return };
    let dir = scratch();
    let mut hotcold = way().hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "-qq", "--wall", "--table-to", "t", "--"]);
    hotcold.arg(waits).args(["idle", "12", "1"]).assert().success();
    let report = |flags: &[&str]| -> Value {
        let mut hotcold = way().hotcold();
        hotcold.current_dir(dir.path()).args(["profile", "report", "--json"]).args(flags);
        serde_json::from_slice(&hotcold.assert().success().get_output().stdout).unwrap()
    };
    let folded = report(&[]);
    assert_eq!(folded["idle_threads"], 12);
    assert!(number(row(&folded, "[idle threads]"), "wait_s") > 5.0, "{folded}");
    // One that is seen running as it starts has a row for that.
    let waits = |row: &&Value| row["name"] == "pool_thread" && number(row, "cumwait_s") > 0.5;
    assert_eq!(folded["functions"].as_array().unwrap().iter().find(waits), None);
    let shown = report(&["--idle"]);
    assert_eq!(shown["idle_threads"], 0);
    assert!(number(row(&shown, "pool_thread"), "cumwait_s") > 5.0, "{shown}");
    let threads = report(&["--by", "thread"]);
    assert_eq!(threads["threads"].as_array().unwrap().len(), 2, "{threads}");
}

#[test]
fn python_waits_for_its_lock_and_for_time() {
    if !way().works() || !require("python3") {
        return;
    }
    let code = "\
import threading, time
end = time.time() + 1.5
def spins():
    while time.time() < end: sum(range(1000))
def naps():
    while time.time() < end: time.sleep(0.1)
threads = [threading.Thread(target=f) for f in (spins, spins, naps)]
[t.start() for t in threads]
[t.join() for t in threads]
";
    let ask = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(ask.stdout).unwrap();
    let (report, _) = record(&[], &[python.trim(), "-c", code]);
    let spins = row(&report, "spins");
    assert!(number(&spins["waits"], "gil") > 0.3, "{spins}");
    let naps = row(&report, "naps");
    assert!(number(&naps["waits"], "sleep") > 0.7, "{naps}");
}

#[test]
fn attaching_sees_what_has_been_waited_for_since_before() {
    let Some(waits) = fixture("waits.c").filter(|_| way().works()) else { return };
    let mut child = Command::new(waits).args(["known", "60"]).stdout(Stdio::null()).spawn().unwrap();
    wait_until("both threads", || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).ok()?;
        (threads.count() == 2).then_some(())
    });
    let mut hotcold = way().hotcold();
    hotcold.args(["profile", "attach", "--wall", "--no-save", "--json", "--limit", "0", "-d", "1s", "-p"]);
    let output = hotcold.arg(child.id().to_string()).assert().success().get_output().clone();
    child.kill().unwrap();
    child.wait().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let share = number(row(&report, "sleeps"), "cumwait_s") / number(&report, "wait_s");
    // Three of seven units of the one thread's time, as far as it gets a processor.
    assert!((0.05..0.45).contains(&share), "{share} in {report}");
}

#[test]
fn pprof_reads_waiting_as_a_value_of_its_own() {
    let Some(waits) = fixture("waits.c").filter(|_| way().works() && require("go")) else { return };
    let dir = scratch();
    let mut hotcold = way().hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "-qq", "--wall", "--table-to", "t", "--"]);
    hotcold.arg(waits).args(["known", "0.5"]).assert().success();
    let top = |index: &str| {
        let mut pprof = Command::new("go");
        pprof.current_dir(dir.path()).env("GOTOOLCHAIN", "local").env("HOME", dir.path());
        pprof.args(["tool", "pprof", "-top", &format!("-sample_index={index}"), "hotcold.pb.gz"]);
        String::from_utf8(pprof.output().unwrap().stdout).unwrap()
    };
    let (wait, cpu) = (top("wait"), top("cpu"));
    assert!(wait.contains("\nType: wait\n") && wait.contains(" sleeps\n"), "{wait}");
    assert!(cpu.contains("\nType: cpu\n") && cpu.contains(" work"), "{cpu}");
}

#[test]
fn no_sleep_is_interrupted_and_no_signal_is_sent() {
    let Some(waits) = fixture("waits.c").filter(|_| way().works()) else { return };
    // Short sleeps and a high rate, so that many of them begin in the moment when the thread is looked at.
    let (report, told) = record(&["-r", "5000"], &[waits.to_str().unwrap(), "naps", "3000"]);
    assert_eq!(told, "0 of 3000 were interrupted, 0 signals\n");
    assert!(number(&report["waits"], "sleep") > 1.0, "{report}");
}

#[test]
fn it_does_not_go_with_all_processors() {
    let mut hotcold = way().hotcold();
    hotcold.args(["profile", "run", "--wall", "--system-wide", "true"]).assert().code(2);
}
