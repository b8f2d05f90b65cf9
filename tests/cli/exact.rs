//! Counting calls with the interpreters' own profiler, on every interpreter that the machine has.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use serde_json::Value;

use super::support::{
    command, hotcold,
    python::{fixture, interpreters, number, row, rows},
    require::require,
    scratch,
};

/// What hotcold says of a program, the program's exit code and what it printed.
struct Counted {
    report: Value,
    code: i32,
    stdout: String,
    stderr: String,
}

fn count(command: &[&str]) -> Counted {
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args([
        "profile",
        "run",
        "--exact",
        "--no-save",
        "--json",
        "--table-to",
        "t.json",
        "--",
    ]);
    // Some interpreters are scripts that start the real one, which cannot start itself.
    let output = hotcold.args(command).env("CALLS_PYTHON", command[0]).output().unwrap();
    Counted {
        report: serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap(),
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn calls_py(python: &Path, mode: &str) -> Counted {
    let program = fixture("calls.py");
    count(&[python.to_str().unwrap(), program.to_str().unwrap(), mode])
}

/// Numbers of calls of the fixture's functions by the last part of their names, as pstats writes them.
fn calls(report: &Value) -> BTreeMap<String, String> {
    let of_fixture = |row: &&Value| row["file"].as_str().is_some_and(|file| file.ends_with("/calls.py"));
    rows(report, "functions")
        .iter()
        .filter(of_fixture)
        .map(|row| {
            let (total, primitive) = (&row["ncalls"]["total"], &row["ncalls"]["primitive"]);
            let name = row["name"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
            (name, if total == primitive { total.to_string() } else { format!("{total}/{primitive}") })
        })
        .collect()
}

/// Runs `test` for each interpreter, those of different versions at the same time.
fn on_every_version(test: impl Fn(&Path) + Sync) {
    if !require("python3") {
        return;
    }
    let found = interpreters();
    assert!(!found.is_empty(), "no interpreter of a known version");
    thread::scope(|scope| {
        for python in &found {
            scope.spawn(|| test(python));
        }
    });
}

#[test]
fn every_way_to_start_and_end_is_counted_on_every_version() {
    // Mode, exit code, number of `work` and of `inner`; `leaf` is called twice as often as that.
    let modes = [
        ("threads", 0, 5, 500),
        ("pool-fork", 0, 8, 80),
        ("pool-spawn", 0, 8, 80),
        ("pool-forkserver", 0, 8, 80),
        ("process", 0, 2, 20),
        ("ended-twice", 0, 1, 10),
        ("executor", 0, 4, 40),
        ("fork", 0, 3, 30),
        ("child", 0, 2, 20),
        ("exec", 0, 2, 20),
        ("exec-nothing", 0, 2, 20),
        ("os-exit", 7, 1, 10),
        ("raise-signal", 143, 1, 10),
        ("abort", 134, 1, 10),
        ("at-exit", 0, 1, 10),
        ("daemon", 0, 1, 10),
        ("coroutines", 0, 3, 30),
    ];
    on_every_version(|python| {
        for (mode, code, work, inner) in modes {
            let counted = calls_py(python, mode);
            let found = calls(&counted.report);
            let at = format!("{} {mode}: {}{found:?}", python.display(), counted.stderr);
            assert_eq!((counted.code, counted.stderr.as_str()), (code, ""), "{at}");
            assert!(!counted.report["notes"].to_string().contains("not complete"), "{at}");
            for (name, expected) in [("work", work), ("inner", inner), ("leaf", 2 * inner)] {
                assert_eq!(found.get(name), Some(&expected.to_string()), "{name} of {at}");
            }
        }
    });
}

#[test]
fn numbers_are_those_of_cprofile() {
    on_every_version(|python| {
        let counted = calls_py(python, "plain");
        let found = calls(&counted.report);
        let at = python.display();
        let expected = [
            ("work", "1"),
            ("inner", "10"),
            ("leaf", "20"),
            ("recurse", "3/1"),
            ("boil", "4"),
            ("count", "3"),
        ];
        for (name, calls) in expected {
            assert_eq!(found.get(name).map(String::as_str), Some(calls), "{at}: {name}");
        }
        let report = &counted.report;
        assert_eq!(row(report, "{built-in method builtins.sorted}")["ncalls"]["total"], 4, "{at}");
        assert_eq!((report["backend"].as_str(), report["clock"].as_str()), (Some("cProfile"), Some("wall")));
        let module = row(report, "<module calls>");
        assert!(number(module, "cumtime_s") >= number(row(report, "work"), "cumtime_s"), "{at}");
        // Neither our module nor what it does is part of the program.
        let text = report["functions"].to_string();
        assert!(!text.contains("hotcold") && !text.contains("_lsprof"), "{at}: {text}");
    });
}

/// One profiler for several threads would take the calls of one for calls inside of those of the other.
#[test]
fn threads_that_take_turns_are_told_apart() {
    on_every_version(|python| {
        let report = calls_py(python, "interleaved").report;
        let found = calls(&report);
        let at = python.display();
        assert_eq!(found.get("take_turns").map(String::as_str), Some("2"), "{at}");
        assert_eq!(found.get("busy_until_later").map(String::as_str), Some("40"), "{at}");
        for name in ["wait_first", "wait_second"] {
            let last = |row: &&Value| row["name"].as_str().unwrap().ends_with(name);
            let row = rows(&report, "functions").iter().find(last).unwrap();
            assert!(number(row, "cumtime_s") >= 0.1, "{at}: {row}");
        }
    });
}

#[test]
fn a_program_that_profiles_itself_still_can() {
    on_every_version(|python| {
        let counted = calls_py(python, "own");
        let at = format!("{}: {}", python.display(), counted.report["notes"]);
        assert_eq!((counted.code, counted.stdout.as_str()), (0, "10\n"), "{at}");
        let complete = calls(&counted.report).get("work").map(String::as_str) == Some("2");
        assert_eq!(complete, !at.contains("are not complete: it profiles itself"), "{at}");
    });
}

#[test]
fn a_process_that_is_killed_is_named() {
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    let counted = calls_py(&python, "die");
    assert_eq!(counted.code, 137);
    assert!(rows(&counted.report, "functions").is_empty());
    let note = counted.report["notes"][0].as_str().unwrap();
    assert!(note.starts_with("process ") && note.contains("has left no calls"), "{note}");
    assert_eq!(counted.stderr, format!("warning: {note}\n"));
}

#[test]
fn a_worker_that_is_killed_at_work_has_told_its_finished_tasks() {
    on_every_version(|python| {
        let counted = calls_py(python, "pool-at-work");
        let at = format!("{}: {}", python.display(), counted.report["notes"]);
        assert_eq!(counted.code, 0, "{at}");
        assert_eq!(calls(&counted.report).get("inner").map(String::as_str), Some("20"), "{at}");
        assert!(at.contains("are missing: killed at work"), "{at}");
    });
}

/// A program sees nothing of it: what it prints, how it ends and what Python says about that are the same.
#[test]
fn the_program_behaves_as_without() {
    on_every_version(|python| {
        let dir = scratch();
        let own = "import sys\nprint('own module', __file__, sys.path[0] == '')\n";
        std::fs::write(dir.path().join("sitecustomize.py"), own).unwrap();
        let mirror = fixture("mirror.py");
        for python_path in [None, Some(dir.path())] {
            for how in ["exit", "raise", "thread", "interrupt"] {
                let run = |command: &mut Command| -> Output {
                    command.current_dir(dir.path()).stdin(Stdio::null());
                    if let Some(path) = python_path {
                        command.env("PYTHONPATH", path);
                    }
                    command.output().unwrap()
                };
                let mut counted = command();
                counted.args(["profile", "run", "-q", "--exact", "--no-save", "--table-to", "t.txt", "--"]);
                let counted = run(counted.arg(python).arg(&mirror).args([how, "a b"]));
                let mut alone = Command::new(python);
                alone.env_clear().envs(command().get_envs().filter_map(|(name, value)| Some((name, value?))));
                let alone = run(alone.arg(&mirror).args([how, "a b"]));
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let at = format!("{} {how} {python_path:?}", python.display());
                assert_eq!(text(&counted.stdout), text(&alone.stdout), "{at}");
                assert_eq!(text(&counted.stderr), text(&alone.stderr), "{at}");
                let ended = |output: &Output| {
                    use std::os::unix::process::ExitStatusExt;
                    output.status.code().or_else(|| Some(128 + output.status.signal()?))
                };
                assert_eq!(ended(&counted), ended(&alone), "{at}");
            }
        }
    });
}

#[test]
fn every_way_to_name_a_program_is_reached() {
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    let dir = scratch();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let program = "def called(): pass\ncalled()\n";
    write("folder/__main__.py", program);
    write("package/__init__.py", "");
    write("package/__main__.py", program);
    let python = python.to_str().unwrap();
    let script = write("script", &format!("#!{python}\n{program}"));
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let quoted = format!("cd '{}' && '{python}' -m package", dir.path().display());
    let folder = dir.path().join("folder");
    for command in [
        &[python, "-c", program][..],
        &[script.as_str()],
        &[python, folder.to_str().unwrap()],
        &["sh", "-c", &quoted],
        &[python, "-X", "dev", "-u", folder.to_str().unwrap()],
    ] {
        let counted = count(command);
        assert_eq!(counted.code, 0, "{command:?}: {}", counted.stderr);
        assert_eq!(row(&counted.report, "called")["ncalls"]["total"], 1, "{command:?}");
    }
}

#[test]
fn what_is_not_reached_is_said() {
    let none = "warning: no calls: no Python was reached: the program runs none, or starts it with -I, -E, -S or an environment of its own\n";
    let counted = count(&["sh", "-c", "echo hello; exit 4"]);
    assert_eq!((counted.code, counted.stdout.as_str(), counted.stderr.as_str()), (4, "hello\n", none));
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    for flag in ["-I", "-E", "-S"] {
        let counted = count(&[python.to_str().unwrap(), flag, "-c", "print(1)"]);
        assert_eq!(
            (counted.code, counted.stdout.as_str(), counted.stderr.as_str()),
            (0, "1\n", none),
            "{flag}"
        );
    }
}

#[test]
fn the_recording_is_private_saved_and_read_again() {
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    let dir = scratch();
    let program = "import os\nhook = os.environ['PYTHONPATH'].split(':')[0]\nprint(hook, oct(os.stat(hook).st_mode & 0o777))\n\
                   def called(): return 1\nfor _ in range(5): called()\n";
    let output = hotcold()
        .current_dir(&dir)
        .args(["profile", "run", "--exact", "--sort", "ncalls", "--filter", "called", "--"])
        .arg(&python)
        .args(["-c", program])
        .assert()
        .success()
        .get_output()
        .clone();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (hook, mode) = stdout.trim().rsplit_once(' ').unwrap();
    assert_eq!(mode, "0o700");
    assert!(!Path::new(hook).exists(), "{hook}");
    let table = String::from_utf8(output.stderr).unwrap();
    assert!(table.contains("by cProfile, wall clock, every call traced: times are perturbed"), "{table}");
    assert!(
        table.lines().any(|line| line.trim_start().starts_with("5 ") && line.contains(" called ")),
        "{table}"
    );
    let report = |args: &[&str]| {
        let output =
            hotcold().current_dir(&dir).args(["profile", "report"]).args(args).assert().success().stderr("");
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    assert_eq!(report(&["--sort", "ncalls", "--filter", "called"]), table);
    let callers = report(&["--callers", "called"]);
    assert!(callers.lines().any(|line| line.contains("← <module <string>>")), "{callers}");
    let callees = report(&["--callees", "<module <string>>"]);
    assert!(callees.lines().any(|line| line.contains("→ called")), "{callees}");
}

#[test]
fn what_calls_do_not_tell_is_refused_before_the_program_starts() {
    for args in [
        &["--tree"][..],
        &["--by", "line"],
        &["--every", "1s"],
        &["--duration", "1s"],
        &["--flamegraph", "x.svg"],
        &["--only-project"],
        &["--sort", "samples"],
    ] {
        let output = hotcold()
            .args(["profile", "run", "--exact"])
            .args(args)
            .args(["--", "echo", "started"])
            .assert()
            .code(2)
            .stdout("");
        let stderr = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(stderr.starts_with("error: "), "{args:?}: {stderr}");
    }
    let missing = hotcold()
        .args(["profile", "run", "--exact", "--no-save", "/no/such/program"])
        .assert()
        .code(127)
        .stdout("");
    assert_eq!(
        missing.get_output().stderr,
        b"error: cannot run `/no/such/program`: no such file or directory\n"
    );
}
