//! Python interpreters, and programs recorded on them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{
    hotcold,
    require::{require, require_perf},
    scratch,
};

/// Interpreters of CPython 3.9 to 3.15, one a version: those that `HOTCOLD_TEST_PYTHONS` names, then what `PATH` has, then
/// what a version manager keeps.
pub(crate) fn interpreters() -> Vec<PathBuf> {
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

/// A program of `fixtures/python/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/python").join(name)
}

/// Runs a command under hotcold; the report, and what the command printed.
pub(crate) fn record(flags: &[&str], command: &[&str]) -> (Value, String) {
    let dir = scratch();
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "--no-save", "--limit", "0", "--json"]);
    hotcold.args(["--table-to", "t.json"]).args(flags).arg("--").args(command);
    let output = hotcold.assert().success().get_output().clone();
    let report = serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    (report, String::from_utf8(output.stdout).unwrap())
}

/// The rows of a report under this name.
pub(crate) fn rows<'a>(report: &'a Value, rows: &str) -> &'a [Value] {
    report[rows].as_array().unwrap()
}

/// The row of a function.
pub(crate) fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let found = rows(report, "functions").iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {report}"))
}

/// A number of a row or report.
pub(crate) fn number(value: &Value, field: &str) -> f64 {
    value[field].as_f64().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// The first of the machine's interpreters; `None`, and said so, where there is none or nothing can be recorded.
pub(crate) fn any_interpreter() -> Option<PathBuf> {
    if !require_perf() || !require("python3") {
        return None;
    }
    // One that can start itself again: not a script that starts it.
    interpreters()
        .into_iter()
        .rfind(|python| std::fs::read(python).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF")))
}
