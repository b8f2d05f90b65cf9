//! What the tests of other caches share.

use std::path::Path;

use serde_json::Value;

use super::support::hotcold;

/// Exit code, standard output, standard error.
pub(super) fn cache(args: &[&str], dir: &Path) -> (i32, String, String) {
    let output = hotcold().arg("cache").args(args).arg(dir).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

/// The document of a command that must succeed.
pub(super) fn json(args: &[&str], dir: &Path) -> Value {
    let (code, out, err) = cache(&[args, &["--json"]].concat(), dir);
    assert_eq!(code, 0, "{args:?}: {err}{out}");
    serde_json::from_str(&out).expect("JSON")
}

/// The documents of a list.
pub(super) fn lines(args: &[&str], dir: &Path) -> Vec<Value> {
    let (code, out, err) = cache(&[args, &["--json"]].concat(), dir);
    assert_eq!(code, 0, "{args:?}: {err}");
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The ids of a dry run.
pub(super) fn planned(document: &Value) -> Vec<&str> {
    let ids = document["entries"].as_array().expect("a dry run names its entries").iter();
    ids.map(|id| id.as_str().expect("text")).collect()
}
