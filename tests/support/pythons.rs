//! The machine's Python interpreters, and programs for them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
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
