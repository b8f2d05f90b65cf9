//! `--every`: what a recording says while it goes on, and what is left when it is killed.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    command,
    fixture::fixture,
    hotcold,
    process::{children, is_alive, send, wait_until},
    require::require_perf,
    scratch,
};

/// Both end with the test, whatever happens in it.
struct Running {
    hotcold: Child,
    program: u32,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.hotcold.kill();
        let _ = self.hotcold.wait();
        if is_alive(self.program) {
            send(self.program, Signal::KILL);
        }
    }
}

/// `hotcold profile run FLAGS -- phases ARGS`, once the program works in `hot_a`.
fn phases(dir: &Path, flags: &[&str], args: &[&str]) -> Option<Running> {
    let phases = fixture("phases.c").filter(|_| require_perf())?;
    let mut command = command();
    command.current_dir(dir).args(["profile", "run"]).args(flags).arg("--").arg(phases).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(fs::File::create(dir.join("err")).unwrap());
    let mut hotcold = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(hotcold.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "{}", fs::read_to_string(dir.join("err")).unwrap());
    let program = wait_until("the program", || children(hotcold.id()).first().copied());
    Some(Running { hotcold, program })
}

/// The documents of a log so far. A reader may see the file grow within one write.
fn documents(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    text[..whole].lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// tottime of a function as a share of all.
fn share(report: &Value, name: &str) -> f64 {
    let rows = report["functions"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name);
    row.map_or(0.0, |row| row["tottime_s"].as_f64().unwrap() / report["total_s"].as_f64().unwrap())
}

fn saved(dir: &Path) -> Value {
    let out = hotcold().current_dir(dir).args(["profile", "report", "--json"]).assert().success();
    serde_json::from_slice(&out.get_output().stdout).unwrap()
}

#[test]
fn each_interval_shows_what_was_hot_in_it_and_the_whole_shows_both() {
    let dir = scratch();
    let log = dir.path().join("log");
    let flags = ["--every", "1s", "--log", "log", "--json", "--table-to", "t.json"];
    let Some(mut running) = phases(dir.path(), &flags, &[]) else { return };
    let first = wait_until("an interval in hot_a", || documents(&log).into_iter().next());
    assert_eq!((&first["schema"], &first["checkpoint"]), (&"hotcold.profile.checkpoint/1".into(), &1.into()));
    assert!(share(&first["interval"], "hot_a") > 0.9, "{first}");
    send(running.program, Signal::USR1);
    let later = wait_until("an interval in hot_b alone", || {
        documents(&log).into_iter().find(|document| share(&document["interval"], "hot_b") > 0.9)
    });
    assert!(share(&later["interval"], "hot_a") < 0.1, "{later}");
    for name in ["hot_a", "hot_b"] {
        assert!(share(&later["whole"], name) > 0.1, "{name}: {later}");
    }
    send(running.program, Signal::USR1);
    assert!(running.hotcold.wait().unwrap().success());

    let all = documents(&log);
    let last = all.last().unwrap();
    assert_eq!(all.iter().filter(|document| document["last"] == true).count(), 1);
    assert_eq!((&last["last"], last["checkpoint"].as_u64().unwrap()), (&true.into(), all.len() as u64));
    for pair in all.windows(2) {
        assert_eq!(pair[0]["to_at"], pair[1]["from_at"], "each starts where the one before ended");
    }
    let sum: u64 = all.iter().map(|document| document["interval"]["samples"].as_u64().unwrap()).sum();
    let table: Value = serde_json::from_slice(&fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    assert_eq!(table["samples"], sum, "no sample is told twice or left out");
    assert_eq!(last["whole"]["functions"], table["functions"]);
    assert_eq!(saved(dir.path())["samples"], sum);
}

#[test]
fn killed_after_a_checkpoint_it_leaves_a_recording() {
    let dir = scratch();
    let Some(mut running) = phases(dir.path(), &["--every", "1s"], &[]) else { return };
    let err = dir.path().join("err");
    let text = wait_until("a checkpoint", || {
        let text = fs::read_to_string(&err).unwrap();
        // The empty line after the second table.
        text.contains("\nso far: ").then_some(text).filter(|text| text.ends_with("\n\n"))
    });
    assert!(text.starts_with("checkpoint 1: "), "{text}");
    assert_eq!(text.matches("tottime").count() / text.matches("so far: ").count(), 2, "{text}");
    running.hotcold.kill().unwrap();
    running.hotcold.wait().unwrap();
    let report = saved(dir.path());
    assert!(share(&report, "hot_a") > 0.9, "{report}");
    let notes = report["notes"].to_string();
    assert!(notes.contains("it was saved while it went on: the end may be missing"), "{notes}");
}

#[test]
fn told_to_end_it_saves_before_the_program_ends() {
    let dir = scratch();
    let recording = dir.path().join("hotcold.pb.gz");
    for signal in [Signal::TERM, Signal::HUP] {
        let Some(mut running) = phases(dir.path(), &["-r", "4999"], &["stubborn"]) else { return };
        assert!(!recording.exists());
        send(running.hotcold.id(), signal);
        wait_until("the recording", || recording.exists().then_some(()));
        assert!(is_alive(running.program));
        running.hotcold.kill().unwrap();
        running.hotcold.wait().unwrap();
        let out = hotcold().current_dir(dir.path()).args(["profile", "report"]).output().unwrap();
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        // The signal may come before the first sample does.
        assert!(out.status.success() || error.contains("no samples"), "{signal:?}: {error}");
        fs::remove_file(&recording).unwrap();
    }
}

#[test]
fn a_process_is_attached_to_in_intervals() {
    let dir = scratch();
    let Some(phases) = fixture("phases.c").filter(|_| require_perf()) else { return };
    let mut program = Command::new(phases).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let mut attach = command();
    attach.current_dir(dir.path()).args(["profile", "attach", "--every", "1s", "--json", "-p"]);
    attach.arg(program.id().to_string()).stdout(Stdio::piped());
    let mut hotcold = attach.spawn().unwrap();
    let mut lines = BufReader::new(hotcold.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let first = next();
    assert!(share(&first["interval"], "hot_a") > 0.9, "{first}");
    send(hotcold.id(), Signal::INT);
    let last = loop {
        let document = next();
        if document["schema"] == "hotcold.profile.report/1" {
            break document;
        }
    };
    assert!(share(&last, "hot_a") > 0.9, "{last}");
    assert!(hotcold.wait().unwrap().success());
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn what_cannot_be_is_refused_before_the_program_starts() {
    let dir = scratch();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--every", "999ms"], 2, "it must be a second or longer"),
        (&["--log", "x"], 2, "--every <TIME>"),
        (&["--every", "1s", "--log", "-"], 2, "cannot append to standard output: name a file"),
        (&["--every", "1s", "--log", "none/x"], 125, "cannot write `none/x`"),
    ];
    for (flags, code, text) in cases {
        let mut hotcold = hotcold();
        hotcold.current_dir(dir.path()).args(["profile", "run"]).args(flags).args(["--", "touch", "ran"]);
        let output = hotcold.assert().code(code).stdout("").get_output().stderr.clone();
        let error = String::from_utf8(output).unwrap();
        assert!(error.contains(text), "{flags:?}: {error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
