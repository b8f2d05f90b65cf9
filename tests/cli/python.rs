//! Python programs: their functions and lines beside native ones, on every interpreter that the machine has.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::support::{
    backend::Way,
    process::{send, wait_until},
    require::require,
    scratch,
};

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

fn hotcold() -> assert_cmd::Command {
    way().hotcold()
}

/// Interpreters of CPython 3.9 to 3.15, one a version: those that `HOTCOLD_TEST_PYTHONS` names, then what `PATH` has, then
/// what a version manager keeps.
fn interpreters() -> Vec<PathBuf> {
    let named = std::env::var_os("HOTCOLD_TEST_PYTHONS").unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates: Vec<PathBuf> = std::env::split_paths(&named).collect();
    for dir in std::env::split_paths(&path) {
        candidates.extend((9..=15).map(|minor| dir.join(format!("python3.{minor}"))));
        candidates.push(dir.join("python3"));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let versions = std::fs::read_dir(home.join(".pyenv/versions"));
    candidates.extend(versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3")));
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for candidate in candidates.into_iter().filter(|candidate| candidate.is_file()) {
        let ask = "import sys; print(sys.implementation.name, '%d.%02d' % sys.version_info[:2])";
        let Ok(output) = Command::new(&candidate).args(["-c", ask]).stderr(Stdio::null()).output() else {
            continue;
        };
        let told = String::from_utf8_lossy(&output.stdout);
        let version = told.trim().strip_prefix("cpython ").unwrap_or("");
        if ("3.09"..="3.15").contains(&version) {
            found.entry(version.to_owned()).or_insert(candidate);
        }
    }
    found.into_values().collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/python").join(name)
}

/// Runs a command under hotcold; the report, and what the command printed.
fn record(flags: &[&str], command: &[&str]) -> (Value, String) {
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "--no-save", "--limit", "0", "--json"]);
    hotcold.args(["--table-to", "t.json"]).args(flags).arg("--").args(command);
    let output = hotcold.assert().success().get_output().clone();
    let report = serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    (report, String::from_utf8(output.stdout).unwrap())
}

fn rows<'a>(report: &'a Value, rows: &str) -> &'a [Value] {
    report[rows].as_array().unwrap()
}

fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let found = rows(report, "functions").iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {report}"))
}

fn number(value: &Value, field: &str) -> f64 {
    value[field].as_f64().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// The first of the machine's interpreters; `None`, and said so, where there is none or nothing can be recorded.
fn any_interpreter() -> Option<PathBuf> {
    if !way().works() || !require("python3") {
        return None;
    }
    // One that can start itself again: not a script that starts it.
    interpreters()
        .into_iter()
        .rfind(|python| std::fs::read(python).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF")))
}

#[test]
fn shares_and_lines_are_right_on_every_version() {
    if !way().works() || !require("python3") {
        return;
    }
    let found = interpreters();
    assert!(!found.is_empty(), "no interpreter of a known version");
    for python in found {
        let source = fixture("shares.py");
        let (report, truth) = record(&[], &[python.to_str().unwrap(), source.to_str().unwrap(), "1.0"]);
        let spent: BTreeMap<&str, f64> = truth
            .split_whitespace()
            .filter_map(|part| part.split_once('='))
            .map(|(name, seconds)| (name, seconds.parse().unwrap()))
            .collect();
        let total: f64 = spent.values().sum();
        let qualified = if report.to_string().contains("Kettle.cool") { "Kettle.cool" } else { "cool" };
        // On a busy machine the first samples come too late to be named.
        let named: f64 =
            ["hot", "warm", qualified].map(|name| number(row(&report, name), "cumtime_s")).iter().sum();
        assert!(named >= 0.7 * total, "{}: {named} s of {total} s named", python.display());
        for (name, shown, line) in [("hot", "hot", 7), ("warm", "warm", 14), ("cool", qualified, 22)] {
            let row = row(&report, shown);
            let (seen, truth) = (number(row, "cumtime_s") / named, spent[name] / total);
            // Four standard errors of a thousand samples.
            let error = 4.0 * (truth * (1.0 - truth) / 1000.0).sqrt();
            assert!((seen - truth).abs() <= error, "{}: {name} {seen} of {truth}", python.display());
            assert_eq!(row["file"], source.to_str().unwrap(), "{}", python.display());
            assert_eq!(row["line"], line, "{}", python.display());
            assert_eq!(row["module"], "shares", "{}", python.display());
        }
        assert!(number(row(&report, "<module shares>"), "cumtime_s") >= 0.7 * total);
        let folded = |name: &Value| name.as_str().unwrap().starts_with("_PyEval_EvalFrameDefault");
        let left: f64 = rows(&report, "functions")
            .iter()
            .filter(|row| folded(&row["name"]))
            .map(|row| number(row, "tottime_s"))
            .sum();
        assert!(left <= 0.3 * total, "{}: {left} s of evaluation left", python.display());
    }
}

#[test]
fn the_line_that_takes_the_time_is_the_hottest() {
    if !way().works() || !require("python3") {
        return;
    }
    for python in interpreters() {
        let source = fixture("shares.py");
        let flags = ["--by", "line", "--native-frames", "none"];
        let (report, _) = record(&flags, &[python.to_str().unwrap(), source.to_str().unwrap(), "0.5"]);
        let hottest = rows(&report, "lines").first().unwrap();
        assert_eq!(hottest["line"], 11, "{}: {report}", python.display());
    }
}

#[test]
fn native_frames_are_shown_as_asked() {
    let Some(python) = any_interpreter() else { return };
    let source = fixture("work.py");
    let names = |how: &str| {
        let command = [python.to_str().unwrap(), source.to_str().unwrap(), "query", "0.5"];
        let (report, _) = record(&["--native-frames", how], &command);
        assert!(number(row(&report, "query"), "cumtime_s") >= 0.25, "{report}");
        let native = |row: &&Value| row["module"].as_str().is_some_and(|module| module.contains("sqlite"));
        let seconds: f64 =
            rows(&report, "functions").iter().filter(native).map(|row| number(row, "tottime_s")).sum();
        seconds / number(&report, "total_s")
    };
    assert!(names("merged") > 0.3, "SQLite's own functions are below the Python frames");
    assert!(names("none") < 0.1);
}

#[test]
fn children_of_every_kind_are_python_too() {
    let Some(python) = any_interpreter() else { return };
    let source = fixture("children.py");
    for kind in ["fork", "spawn", "exec"] {
        let (report, _) = record(&[], &[python.to_str().unwrap(), source.to_str().unwrap(), kind]);
        let busy = number(row(&report, "burn"), "cumtime_s");
        assert!(busy >= 0.5 * 0.6, "{kind}: {busy} s in {report}");
    }
}

#[test]
fn a_running_program_can_be_attached_to() {
    let Some(python) = any_interpreter() else { return };
    let mut child = Command::new(&python)
        .arg(fixture("work.py"))
        .args(["loop", "60"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    wait_until("the program to run", || {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
        maps.contains("_sqlite3").then_some(())
    });
    let dir = scratch();
    let output = hotcold()
        .current_dir(dir.path())
        .args(["profile", "attach", "--no-save", "--json", "--limit", "0", "--duration", "500ms", "-p"])
        .arg(pid.to_string())
        .assert()
        .success()
        .get_output()
        .clone();
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    send(pid, rustix::process::Signal::KILL);
    child.wait().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let inside = number(row(&report, "loop"), "cumtime_s");
    assert!(inside >= 0.5 * number(&report, "total_s"), "{report}");
}
