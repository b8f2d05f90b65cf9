//! What cProfile saves, against the interpreters' own `pstats`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{
    report::recording,
    support::{
        hotcold,
        python::{fixture, interpreters, rows},
        require::require,
        scratch,
    },
};

/// Prints every function and caller of the file in `argv[1]` as JSON: names joined by `|`, and the numbers as `pstats` formats them.
const TELL: &str = r#"
import json, pstats, sys
name = lambda key: "|".join(map(str, key))
f8 = lambda seconds: "%.3f" % seconds
stats = pstats.Stats(sys.argv[1])
told = {"functions": {}, "callers": {}, "total": stats.total_calls, "primitive": stats.prim_calls}
for key, (cc, nc, tt, ct, callers) in stats.stats.items():
    told["functions"][name(key)] = [nc, cc, f8(tt), f8(ct)]
    for caller, numbers in callers.items():
        nc, cc, tt, ct = numbers
        told["callers"][name(key) + " <- " + name(caller)] = [nc, cc, f8(tt), f8(ct)]
print(json.dumps(told))
"#;

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn tell(python: &Path, file: &Path) -> Value {
    serde_json::from_str(&run(Command::new(python).args(["-c", TELL]).arg(file))).unwrap()
}

/// A file that this interpreter's cProfile saved.
fn profiled(python: &Path, dir: &Path) -> PathBuf {
    let file = dir.join("out.prof");
    run(Command::new(python).args(["-m", "cProfile", "-o"]).arg(&file).arg(fixture("calls.py")).arg("plain"));
    file
}

fn report(args: &[&str], file: &Path) -> String {
    let output = hotcold().args(["profile", "report"]).args(args).arg(file).assert().success().stderr("");
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// File, line and name as `pstats` has them.
fn key(place: &Value) -> String {
    let name = place["name"].as_str().unwrap();
    match place["file"].as_str() {
        None => format!("~|0|{}", name.replacen('{', "<", 1).replace('}', ">")),
        Some(file) if name.starts_with("<module ") => {
            format!("{file}|{}|<module>", place["line"].as_u64().unwrap_or(0))
        }
        Some(file) => format!("{file}|{}|{name}", place["line"].as_u64().unwrap_or(0)),
    }
}

fn numbers(row: &Value) -> Value {
    let seconds = |field: &str| format!("{:.3}", row[field].as_f64().unwrap());
    serde_json::json!([
        row["ncalls"]["total"],
        row["ncalls"]["primitive"],
        seconds("tottime_s"),
        seconds("cumtime_s")
    ])
}

fn keyed(rows: &[Value], key: impl Fn(&Value) -> String) -> BTreeMap<String, Value> {
    rows.iter().map(|row| (key(row), numbers(row))).collect()
}

fn object(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[test]
fn python_and_hotcold_tell_the_same_of_one_file() {
    if !require("python3") {
        return;
    }
    let found = interpreters();
    assert!(!found.is_empty(), "no interpreter of a known version");
    for python in found {
        let dir = scratch();
        let file = profiled(&python, dir.path());
        let truth = tell(&python, &file);
        let json: Value = serde_json::from_str(&report(&["--json"], &file)).unwrap();
        assert_eq!(keyed(rows(&json, "functions"), key), object(&truth["functions"]), "{}", python.display());
        assert_eq!((json["backend"].as_str(), json["counted"].as_str()), (Some("pstats"), Some("calls")));
        assert_eq!(json["samples"], Value::Null);
        let edges: Value = serde_json::from_str(&report(&["--json", "--callers", ".*"], &file)).unwrap();
        let edge = |row: &Value| format!("{} <- {}", key(&row["callee"]), key(&row["caller"]));
        assert_eq!(keyed(rows(&edges, "edges"), edge), object(&truth["callers"]), "{}", python.display());
    }
}

#[test]
fn recordings_of_calls_are_compared_and_put_together() {
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    let dir = scratch();
    let first = profiled(&python, dir.path());
    let (one, two, sum, merged) = (
        dir.path().join("one"),
        dir.path().join("two"),
        dir.path().join("sum"),
        dir.path().join("all.pb.gz"),
    );
    std::fs::rename(&first, &one).unwrap();
    std::fs::rename(profiled(&python, dir.path()), &two).unwrap();
    let add = "import pstats, sys; pstats.Stats(*sys.argv[1:3]).dump_stats(sys.argv[3])";
    run(Command::new(&python).args(["-c", add]).args([&one, &two, &sum]));
    hotcold().args(["profile", "merge"]).args([&one, &two]).arg("-o").arg(&merged).assert().success();
    let json: Value = serde_json::from_str(&report(&["--json"], &merged)).unwrap();
    assert_eq!(keyed(rows(&json, "functions"), key), object(&tell(&python, &sum)["functions"]));

    let diff = |args: &[&std::ffi::OsStr]| {
        let output = hotcold().args(["profile", "diff", "--json"]).args(args).assert().success().stderr("");
        serde_json::from_slice::<Value>(&output.get_output().stdout).unwrap()
    };
    let (one, two) = (one.as_os_str(), two.as_os_str());
    let told = diff(&[one, two]);
    let old: Value = serde_json::from_str(&report(&["--json"], Path::new(one))).unwrap();
    let sum = |json: &Value, list: &str, field: &str| {
        rows(json, list).iter().map(|row| row[field].as_f64().unwrap()).sum::<f64>()
    };
    let difference = sum(&told, "functions", "tottime_old_s") - sum(&old, "functions", "tottime_s");
    assert!(difference.abs() < 1e-6, "{difference}");
    assert_eq!(told["p"], Value::Null);
    // Of two recordings a side the numbers of both are compared, and they tell what is chance.
    let [old, new] = ["--old", "--new"].map(std::ffi::OsStr::new);
    let both = diff(&[old, one, two, new, two, one]);
    assert_eq!((both["p"].as_f64(), both["delta_s"].as_f64()), (Some(1.0), Some(0.0)));
    assert!(rows(&both, "functions").iter().all(|row| row["significant"] == false));

    let sampled = recording(&dir);
    let refused = |command: &str, more: &[&str]| {
        let output = hotcold().args(["profile", command]).arg(one).arg(&sampled).args(more).assert().code(1);
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    };
    let reason =
        "cannot put samples and calls together: some recordings have stacks, others have calls alone";
    for (command, more) in [("diff", &[][..]), ("merge", &["-o", "-"])] {
        assert!(refused(command, more).contains(reason), "{}", refused(command, more));
    }
}

#[test]
fn the_table_has_the_columns_of_pstats() {
    let Some(python) = interpreters().pop().filter(|_| require("python3")) else { return };
    let dir = scratch();
    let file = profiled(&python, dir.path());
    let printed = run(Command::new(&python)
        .args(["-c", "import pstats, sys; pstats.Stats(sys.argv[1]).print_stats()"])
        .arg(&file));
    let line = |text: &str, name: &str| -> Vec<String> {
        let found = text.lines().find(|line| line.contains(name));
        found.unwrap_or_else(|| panic!("{name} in {text}")).split_whitespace().map(str::to_owned).collect()
    };
    let table = report(&["--limit", "0", "--sort", "ncalls"], &file);
    for (pstats, ours) in [
        ("(recurse)", " recurse "),
        ("(leaf)", " leaf "),
        ("{built-in method builtins.sorted}", "{built-in method builtins.sorted}"),
    ] {
        let (theirs, ours) = (line(&printed, pstats), line(&table, ours));
        let number = |text: &String| text.trim_end_matches('s').to_owned();
        assert_eq!([&theirs[0], &theirs[1], &theirs[3]], [&ours[0], &number(&ours[1]), &number(&ours[3])]);
    }
    assert_eq!(line(&table, " recurse ")[0], "3/1");
    let titles: Vec<_> =
        table.lines().find(|line| line.contains("ncalls")).unwrap().split_whitespace().collect();
    assert_eq!(
        titles,
        ["ncalls", "tottime", "percall", "cumtime", "percall", "function", "file:line", "module"]
    );
    assert!(table.contains("every call traced: times are perturbed"), "{table}");
}

#[test]
fn calls_survive_the_save_format_and_come_back_for_python() {
    if !require("python3") {
        return;
    }
    for python in interpreters() {
        let dir = scratch();
        let file = profiled(&python, dir.path());
        let (saved, back) = (dir.path().join("calls.pb.gz"), dir.path().join("back.prof"));
        for (from, to) in [(&file, &saved), (&saved, &back)] {
            hotcold()
                .args(["profile", "convert", "-q"])
                .arg(from)
                .arg("-o")
                .arg(to)
                .assert()
                .success()
                .stdout("")
                .stderr("");
        }
        let same =
            |python: &Path| assert_eq!(tell(python, &back), tell(python, &file), "{}", python.display());
        same(&python);
        assert_eq!(report(&["--limit", "0"], &saved), report(&["--limit", "0"], &file));
    }
}

#[test]
fn a_sampled_recording_becomes_a_file_for_pstats_that_says_so() {
    let dir = scratch();
    let (saved, file) = (recording(&dir), dir.path().join("out.prof"));
    hotcold().args(["profile", "convert"]).arg(&saved).arg("-o").arg(&file).assert().success().stdout("").stderr(format!(
        "note: wrote pstats to {}\nnote: its numbers of calls are numbers of samples, because pstats has room for calls alone\n",
        file.display()
    ));
    insta::assert_snapshot!(report(&[], &file), @r"
    recorded  by pstats, wall clock
    samples   they stand in place of calls, 4.000s in all

    samples  tottime  percall  cumtime  percall  function     file:line      module
          3   3.000s   1.000s   3.000s   1.000s  work <T; 2>  src/main.rs:3  main.rs
          4   1.000s   0.250s   4.000s   1.000s  main         src/main.rs:3  main.rs
    ");
    if !require("python3") {
        return;
    }
    for python in interpreters() {
        let print = "import pstats, sys; pstats.Stats(sys.argv[1]).sort_stats('cumtime').print_stats()";
        let printed = run(Command::new(&python).args(["-c", print]).arg(&file));
        let lines: Vec<_> = printed.lines().map(str::trim).collect();
        for line in [
            "7 function calls in 4.000 seconds",
            "4    1.000    0.250    4.000    1.000 src/main.rs:3(main)",
            "3    3.000    1.000    3.000    1.000 src/main.rs:3(work <T; 2>)",
        ] {
            assert!(lines.contains(&line), "{}: {line} in {printed}", python.display());
        }
        assert!(printed.contains("{samples in place of calls; written by hotcold}"), "{printed}");
    }
}

#[test]
fn convert_works_in_a_pipe() {
    let dir = scratch();
    let bytes = std::fs::read(recording(&dir)).unwrap();
    let convert = |args: &[&str]| {
        let mut command = hotcold();
        command.args(["profile", "convert"]).args(args).write_stdin(bytes.clone());
        command.assert()
    };
    convert(&["-", "-o", "-", "--to", "folded"]).success().stdout("main 1\nmain;work <T: 2> 3\n").stderr("");
    let same = convert(&["-", "-o", "-", "--output-format", "pprof", "--from", "pprof"]).success().stderr("");
    assert_eq!(same.get_output().stdout, bytes);
    let saved = convert(&["-", "-o", "-"]).success().stderr("");
    assert_eq!(saved.get_output().stdout, bytes, "as a recording is saved");
    let unknown = dir.path().join("x.zip");
    let assert = convert(&["-", "-o", unknown.to_str().unwrap()]).code(2).stdout("");
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(stderr.starts_with(&format!(
        "error: cannot tell the format of `{}` by its ending\n\nhint: ",
        unknown.display()
    )));
}

#[test]
fn calls_are_not_stacks() {
    let dir = scratch();
    let (saved, file) = (recording(&dir), dir.path().join("out.prof"));
    hotcold().args(["profile", "convert", "-q"]).arg(&saved).arg("-o").arg(&file).assert().success();
    let name = file.display().to_string();
    for (args, reason) in [
        (
            &["report", "--tree"][..],
            "cannot show anything but functions: calls are recorded, not stacks".to_owned(),
        ),
        (
            &["report", "--by", "line"],
            "cannot show anything but functions: calls are recorded, not stacks".to_owned(),
        ),
        (
            &["report", "--sort", "samples"],
            "cannot sort by `samples`: it counts calls, not samples".to_owned(),
        ),
        (
            &["flamegraph", "-o", "x.svg"],
            format!("cannot draw a flamegraph of `{name}`: calls are recorded, not stacks"),
        ),
        (
            &["convert", "-o", "x.folded"],
            format!("cannot write stacks of `{name}`: calls are recorded, not stacks"),
        ),
    ] {
        let assert =
            hotcold().current_dir(&dir).arg("profile").args(args).arg(&file).assert().code(1).stdout("");
        let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert_eq!(stderr.lines().next(), Some(format!("error: {reason}").as_str()));
    }
    assert!(!dir.path().join("x.svg").exists() && !dir.path().join("x.folded").exists());
}

#[test]
fn damaged_files_are_one_clear_line() {
    let dir = scratch();
    let (saved, file) = (recording(&dir), dir.path().join("out.prof"));
    hotcold().args(["profile", "convert", "-q"]).arg(&saved).arg("-o").arg(&file).assert().success();
    let whole = std::fs::read(&file).unwrap();
    let cases: [(&[u8], &str); 6] = [
        (&whole[..whole.len() - 1], "cut short"),
        (b"{)\x03NNNN0", "damaged: a function is not a tuple of file, line and name"),
        (b"{\xa9\x01r\0\0\0\0N0", "damaged: a reference leads nowhere"),
        (b"{(\xff\xff\xff\x7f", "cut short"),
        (b"{0", "no calls in"),
        (b"{\"json\": 1}", "not a recording of a known format"),
    ];
    for (bytes, reason) in cases {
        std::fs::write(&file, bytes).unwrap();
        for command in [&["report"][..], &["convert", "-o", "x.pb.gz"]] {
            if reason == "no calls in" && command[0] == "convert" {
                continue;
            }
            let assert = hotcold()
                .current_dir(&dir)
                .arg("profile")
                .args(command)
                .arg("out.prof")
                .assert()
                .code(1)
                .stdout("");
            let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
            let first = stderr.lines().next().unwrap_or_default();
            assert!(first.starts_with("error: ") && first.contains(reason), "{bytes:?}: {stderr}");
        }
    }
}
