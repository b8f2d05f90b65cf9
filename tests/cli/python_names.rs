//! What Python's functions, modules and threads are called, and which of them are shown.

use std::{fs, path::Path};

use serde_json::Value;

use super::support::{
    hotcold,
    python::{any_interpreter, fixture, interpreters, number, record, row, rows},
    require::{require, require_perf},
    scratch,
};

/// CPU seconds of each part of `names.py`.
const PART: &str = "0.15";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn functions_are_called_what_python_calls_them() {
    if !require_perf() || !require("python3") {
        return;
    }
    for python in interpreters() {
        let source = fixture("names.py");
        let (report, _) = record(&["--native-frames", "none"], &[text(&python), text(&source), PART]);
        let part: f64 = PART.parse().unwrap();
        for (name, line) in [
            ("Shop.Till.add", 24),
            ("Shop.total", 29),
            ("Shop.total.<locals>.count", 31),
            ("Shop.<lambda>", 37),
            ("numbers", 40),
            ("fetch", 46),
            ("fib", 55),
            ("recurse", 59),
            ("comprehend", 65),
        ] {
            let row = row(&report, name);
            // On a busy machine some samples come too late to be named.
            let seconds = number(row, "cumtime_s");
            assert!(seconds >= 0.3 * part, "{}: {name} {seconds} s", python.display());
            assert_eq!(row["module"], "names", "{}: {name}", python.display());
            assert_eq!(row["line"], line, "{}: {name}", python.display());
        }
        let recursive = number(row(&report, "fib"), "cumtime_s");
        assert!(recursive <= 1.5 * part, "{}: a recursion counts once: {recursive} s", python.display());
        let program = number(row(&report, "<module names>"), "cumtime_s");
        assert!(program >= 3.0 * part, "{}: {program} s", python.display());
    }
}

#[test]
fn threads_are_called_what_python_calls_them() {
    if !require_perf() || !require("python3") {
        return;
    }
    for python in interpreters() {
        let source = fixture("names.py");
        let (report, _) = record(&["--by", "thread"], &[text(&python), text(&source), PART]);
        for name in ["MainThread", "a worker with a long name", "été"] {
            let found = rows(&report, "threads").iter().filter(|row| row["name"] == name).count();
            assert_eq!(found, 1, "{}: {name} in {report}", python.display());
        }
    }
}

/// The report of a saved recording.
fn report(dir: &Path, flags: &[&str]) -> Value {
    let output = hotcold()
        .current_dir(dir)
        .args(["profile", "report", "--json"])
        .args(flags)
        .assert()
        .success()
        .get_output()
        .clone();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn has(report: &Value, name: &str) -> bool {
    rows(report, "functions").iter().any(|row| row["name"] == name)
}

#[test]
fn a_saved_recording_can_be_shown_in_part() {
    let Some(python) = any_interpreter() else { return };
    let dir = scratch();
    let package = dir.path().join("shop/stock");
    fs::create_dir_all(&package).unwrap();
    let work = "import time\ndef burn(seconds):\n    end = time.process_time() + seconds\n    while time.process_time() < end:\n        sorted(range(500))\n";
    // It has no `__init__.py`: only Python knows that it is a package. It is busy while it is being imported, too.
    fs::write(package.join("count.py"), format!("{work}burn(0.2)\n")).unwrap();
    fs::write(
        dir.path().join("run.py"),
        "import decimal, unittest, shop.stock.count as count\ncount.burn(0.2)\n",
    )
    .unwrap();
    let command = ["profile", "run", "-q", "--table-to", "table.txt", "--", text(&python), "-B", "run.py"];
    hotcold().current_dir(dir.path()).args(command).assert().success();

    let whole = report(dir.path(), &[]);
    let burn = row(&whole, "burn");
    assert_eq!(burn["module"], "shop.stock.count");
    assert!(number(burn, "cumtime_s") >= 0.2, "its time counts while it is imported, too: {burn}");
    assert!(has(&whole, "[imports]") && !has(&whole, "_find_and_load"));
    assert!(number(&whole, "gil_held_share") > 0.5, "{whole}");

    let all = report(dir.path(), &["--show-imports"]);
    assert!(has(&all, "_find_and_load") && !has(&all, "[imports]"));
    assert_eq!(all["samples"], whole["samples"]);

    let own = report(dir.path(), &["--only-project"]);
    for row in rows(&own, "functions") {
        let file = row["file"].as_str().unwrap_or("");
        let name = row["name"].as_str().unwrap();
        assert!(file.starts_with(text(dir.path())) || name.starts_with('['), "{row}");
    }
    assert!(number(row(&own, "burn"), "tottime_s") >= 0.9 * number(burn, "cumtime_s"));
    assert_eq!(own["samples"], whole["samples"]);

    let rest = report(dir.path(), &["--no-imports"]);
    assert!(!has(&rest, "[imports]"));
    let imports = number(row(&whole, "[imports]"), "samples");
    assert_eq!(number(&rest, "samples"), number(&whole, "samples") - imports);
    assert!(rest["notes"].to_string().contains("--no-imports leaves"));

    let locked = report(dir.path(), &["--gil"]);
    assert!(number(&locked, "samples") <= number(&whole, "samples"));
    assert!(number(row(&locked, "burn"), "cumtime_s") > 0.2);

    let svg = ["profile", "flamegraph", "--only-project", "--no-imports", "-o", "-"];
    let drawn = hotcold().current_dir(dir.path()).args(svg).assert().success().get_output().clone();
    let drawn = String::from_utf8(drawn.stdout).unwrap();
    assert!(drawn.contains("burn") && !drawn.contains("[imports]") && !drawn.contains("list_sort"));
}
