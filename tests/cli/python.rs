//! Python programs: their functions and lines beside native ones, on every interpreter that the machine has.

use std::{
    collections::BTreeMap,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::support::{
    backend::Way,
    command,
    process::{send, wait_until},
    python::{any_interpreter, fixture, interpreters, number, other_interpreters, record_by, row, rows},
    require::{met, require},
    scratch,
};

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

fn hotcold() -> assert_cmd::Command {
    way().hotcold()
}

/// Runs a command under hotcold; the report, and what the command printed.
fn record(flags: &[&str], command: &[&str]) -> (Value, String) {
    record_by(way(), flags, command)
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
            // Four standard errors of a thousand samples; those without a name are the first ones and not spread evenly.
            let unnamed = (1.0 - named / total).max(0.0);
            let error = 4.0 * (truth * (1.0 - truth) / 1000.0).sqrt() + unnamed;
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
    for kind in ["fork", "spawn", "forkserver", "exec", "bare", "daemon"] {
        let command = [python.to_str().unwrap(), source.to_str().unwrap(), kind];
        let (report, _) = record(&["--wait-children"], &command);
        let busy = number(row(&report, "burn"), "cumtime_s");
        assert!(busy >= 0.5 * 0.6, "{kind}: {busy} s in {report}");
        let (report, _) = record(&["--wait-children", "--by", "process"], &command);
        let enough = |row: &&Value| number(row, "tottime_s") >= 0.15;
        let children = rows(&report, "processes").iter().filter(enough).count();
        assert!(children >= 2, "{kind}: {report}");
    }
}

#[test]
fn a_program_ends_as_it_would_alone() {
    let Some(python) = any_interpreter() else { return };
    let busy = "import os, sys, time\nwhile time.process_time() < 0.2: pass\n";
    for (end, code) in [
        ("sys.exit(3)", 3),
        ("os._exit(4)", 4),
        ("raise KeyError", 1),
        ("os.abort()", 134),
        ("os.kill(os.getpid(), 15)", 143),
        ("import ctypes; ctypes.string_at(8)", 139),
    ] {
        let dir = scratch();
        let mut hotcold = hotcold();
        hotcold.current_dir(dir.path()).args(["profile", "run", "-q", "--table-to", "t", "--no-save", "--"]);
        hotcold.arg(&python).args(["-c", &format!("{busy}{end}")]).assert().code(code);
        let table = std::fs::read_to_string(dir.path().join("t")).unwrap();
        assert!(table.contains("<module __main__>"), "{end}: {table}");
    }
}

#[test]
fn other_names_and_arguments_and_no_symbols_do_not_hide_an_interpreter() {
    let Some(python) = any_interpreter() else { return };
    if !require("strip") {
        return;
    }
    let dir = scratch();
    let stripped = dir.path().join("worker");
    std::fs::copy(&python, &stripped).unwrap();
    assert!(Command::new("strip").arg(&stripped).status().unwrap().success());
    let home = python.ancestors().nth(2).unwrap();
    // It calls itself something else, too.
    let source = "import ctypes, time\nctypes.CDLL(None).prctl(15, b'disguised')\n\
        def work():\n    while time.process_time() < 0.4: sorted(range(99))\nwork()\n";
    hotcold()
        .current_dir(dir.path())
        .args(["profile", "run", "--no-save", "--json", "--limit", "0", "--table-to", "t.json", "--"])
        .args(["env", &format!("PYTHONHOME={}", home.display())])
        .arg(&stripped)
        .args(["-c", source])
        .assert()
        .success();
    let report: Value = serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    assert!(number(row(&report, "work"), "cumtime_s") >= 0.2, "{report}");
}

/// A program with an interpreter linked into it, made with what an installation has for that; `None` where none has it.
fn linked(dir: &Path, python: &Path) -> Option<(PathBuf, PathBuf)> {
    let ask = "import sysconfig as s, sys; v = s.get_config_vars(); print(v['LIBPL'], v['LIBRARY'], v['INCLUDEPY'], sys.prefix, \
        v['LIBS'], v['SYSLIBS'], v['MODLIBS'], sep='\\n')";
    let output = Command::new(python).args(["-c", ask]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let mut lines = told.lines();
    let archive = Path::new(lines.next()?).join(lines.next()?);
    let (headers, home) = (PathBuf::from(lines.next()?), PathBuf::from(lines.next()?));
    if !(archive.is_file() && headers.join("Python.h").is_file()) {
        return None;
    }
    let source = "#include <Python.h>\nint main(int n, char **words) { return Py_BytesMain(n, words); }\n";
    std::fs::write(dir.join("main.c"), source).unwrap();
    let mut cc = Command::new("cc");
    cc.current_dir(dir).args(["-o", "linked", "main.c", "-I"]).arg(headers).arg(archive);
    let made = cc.args(lines.flat_map(str::split_whitespace)).stderr(Stdio::null()).status().unwrap();
    made.success().then(|| (dir.join("linked"), home))
}

#[test]
fn an_interpreter_that_a_program_keeps_to_itself_is_found_and_without_symbols_named() {
    if !way().works() || !require("python3") || !require("cc") || !require("strip") {
        return;
    }
    let dir = scratch();
    let made = interpreters().iter().rev().find_map(|python| linked(dir.path(), python));
    if !met(made.is_some(), "an interpreter with a static library") {
        return;
    }
    let (program, home) = made.unwrap();
    let source = "import os\ndef work():\n    while os.times()[0] < 0.4: sorted(range(99))\nwork()\n";
    let home = format!("PYTHONHOME={}", home.display());
    let command = ["env", &home, program.to_str().unwrap(), "-c", source];
    let (report, _) = record(&[], &command);
    assert!(number(row(&report, "work"), "cumtime_s") >= 0.2, "{report}");
    assert!(Command::new("strip").arg(&program).status().unwrap().success());
    let (report, _) = record(&[], &command);
    let expected =
        format!("no Python frames for {}: it has an interpreter without symbols", program.display());
    assert!(report["notes"].to_string().contains(&expected), "{report}");
}

#[test]
fn interpreters_that_cannot_be_read_are_named() {
    if !way().works() || !require("python3") {
        return;
    }
    for (kind, python) in other_interpreters() {
        let source = "import os\nwhile os.times()[0] < 0.3: sorted(range(99))\n";
        let (report, _) = record(&[], &[python.to_str().unwrap(), "-c", source]);
        let why = match kind.as_str() {
            kind if kind.starts_with("cpython 2") => "it is Python 2",
            kind if kind.ends_with("free-threaded") => "it is a free-threaded build",
            kind if kind.starts_with("cpython 3.0") => "it is older than Python 3.9",
            kind if kind.starts_with("pypy") => "PyPy is recorded as native code",
            _ => continue,
        };
        let notes = report["notes"].to_string();
        assert!(notes.contains("no Python frames for /") && notes.contains(why), "{kind}: {notes}");
        assert!(number(&report, "total_s") >= 0.2, "{kind}: {report}");
    }
}

/// Root may read everything, so this is another user's.
#[test]
fn a_process_that_closes_its_memory_is_named_and_goes_on_as_native_code() {
    const NOBODY: u32 = 65534;
    if way() == Way::Ptrace || !way().works() || !require("python3") {
        return;
    }
    let source = "import ctypes, os\ndef work():\n    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n    \
        while os.times()[0] < 0.5: sorted(range(99))\nwork()\n";
    let as_nobody = |command: &mut Command| {
        let output = command.current_dir("/").uid(NOBODY).gid(NOBODY).env("TMPDIR", "/tmp").output();
        output.ok().filter(|output| output.status.success())
    };
    let python = interpreters()
        .into_iter()
        // What is found may stand in a home directory.
        .chain(["/usr/bin/python3".into()])
        .find(|python| as_nobody(Command::new(python).args(["-c", "import ctypes"])).is_some());
    let version = as_nobody(command().arg("--version"));
    if !met(python.is_some() && version.is_some(), "root, and programs that every user may run") {
        return;
    }
    let mut run = command();
    run.args(["profile", "run", "--no-save", "--"]).arg(python.unwrap()).args(["-c", source]);
    let told = String::from_utf8(as_nobody(&mut run).unwrap().stderr).unwrap();
    assert!(told.contains("note: no Python frames for process "), "{told}");
    assert!(told.contains(": it keeps its memory from this user"), "{told}");
}

/// Builds that have it leave it off by default.
#[test]
fn what_the_interpreter_has_compiled_has_the_names_of_its_functions() {
    if !way().works() || !require("python3") {
        return;
    }
    let has_jit = |python: &PathBuf| {
        let ask = "import sys; sys.exit(not sys._jit.is_available())";
        Command::new(python).args(["-c", ask]).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    };
    for python in interpreters().into_iter().filter(has_jit) {
        let source = fixture("shares.py");
        let command = ["env", "PYTHON_JIT=1", python.to_str().unwrap(), source.to_str().unwrap(), "0.6"];
        let (report, _) = record(&["--native-frames", "none"], &command);
        let named: f64 =
            ["hot", "warm", "Kettle.cool"].map(|name| number(row(&report, name), "cumtime_s")).iter().sum();
        assert!(named >= 0.7 * 0.6, "{}: {report}", python.display());
        let notes = report["notes"].to_string();
        assert!(notes.contains("functions that the JIT of "), "{}: {notes}", python.display());
    }
}

#[test]
fn a_deep_recursion_has_its_functions() {
    if !way().works() || !require("python3") {
        return;
    }
    let source = "import os, sys, threading\nsys.setrecursionlimit(9999)\nthreading.stack_size(64 << 20)\n\
        def leaf():\n    while os.times()[0] < 0.5: sum(range(999))\n\
        def down(n):\n    return down(n - 1) if n else leaf()\n\
        thread = threading.Thread(target=down, args=(3000,))\nthread.start()\nthread.join()\n";
    for python in interpreters() {
        let (report, _) = record(&["--native-frames", "none"], &[python.to_str().unwrap(), "-c", source]);
        for name in ["leaf", "down"] {
            let seconds = number(row(&report, name), "cumtime_s");
            assert!((0.2..0.6).contains(&seconds), "{}: {name} {seconds}", python.display());
        }
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
        .args(["profile", "attach", "--no-save", "--json", "--limit", "0", "--duration", "3s", "-p"])
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
    assert!(inside >= 0.3 * number(&report, "total_s"), "{report}");
}
