//! Programs recorded on the machine's Python interpreters.

use std::path::PathBuf;

use serde_json::Value;

pub(crate) use super::pythons::{fixture, interpreters, other_interpreters};

use super::{
    backend::Way,
    require::{require, require_perf},
    scratch,
};

/// Runs a command under hotcold; the report, and what the command printed.
pub(crate) fn record(flags: &[&str], command: &[&str]) -> (Value, String) {
    record_by(Way::Perf, flags, command)
}

/// The same by another backend.
pub(crate) fn record_by(way: Way, flags: &[&str], command: &[&str]) -> (Value, String) {
    let dir = scratch();
    let mut hotcold = way.hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "--no-save", "--limit", "0", "--json"]);
    hotcold.args(["--table-to", "t.json"]).args(flags).arg("--").args(command);
    let output = hotcold.timeout(std::time::Duration::from_secs(180)).assert().success().get_output().clone();
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
