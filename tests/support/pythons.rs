//! The machine's Python interpreters, and programs for them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Interpreters of CPython 3.9 to 3.15, one a version: those that `HOTCOLD_TEST_PYTHONS` names, then what `PATH` has, then
/// what a version manager keeps.
pub(crate) fn interpreters() -> Vec<PathBuf> {
    let known = |kind: &str| {
        let version = kind.strip_prefix("cpython ").unwrap_or_default();
        version.len() == 4 && ("3.09"..="3.15").contains(&version)
    };
    all().into_iter().filter(|(kind, _)| known(kind)).map(|(_, python)| python).collect()
}

/// The other ones, with what they are: `cpython 2.07`, `cpython 3.14 free-threaded`, `pypy 3.11`.
#[allow(dead_code)] // Not by the benches.
pub(crate) fn other_interpreters() -> Vec<(String, PathBuf)> {
    let mut all = all();
    let known = interpreters();
    all.retain(|_, python| !known.contains(python));
    all.into_iter().collect()
}

/// One interpreter of each kind and version.
fn all() -> BTreeMap<String, PathBuf> {
    let named = std::env::var_os("HOTCOLD_TEST_PYTHONS").unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates: Vec<PathBuf> = std::env::split_paths(&named).collect();
    for dir in std::env::split_paths(&path) {
        candidates.extend((9..=15).map(|minor| dir.join(format!("python3.{minor}"))));
        candidates.push(dir.join("python3"));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let versions = std::fs::read_dir(home.join(".pyenv/versions"));
    for bin in versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin")) {
        candidates.extend([bin.join("python3"), bin.join("python2")]);
    }
    let mut found = BTreeMap::new();
    for candidate in candidates.into_iter().filter(|candidate| candidate.is_file()) {
        let ask = "import platform, sys; free = 't' in getattr(sys, 'abiflags', '') and ' free-threaded' or ''; \
            print('%s %d.%02d%s' % ((platform.python_implementation().lower(),) + tuple(sys.version_info[:2]) + (free,)))";
        let Ok(output) = Command::new(&candidate).args(["-c", ask]).stderr(Stdio::null()).output() else {
            continue;
        };
        let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && told.contains(' ') {
            found.entry(told).or_insert(candidate);
        }
    }
    found
}

/// A program of `fixtures/python/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/python").join(name)
}
