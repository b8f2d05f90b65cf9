//! Caches made by Python's DiskCache: the committed ones with what Python says about them, and the library itself.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use super::library::{NOW, run};
use super::{
    library::{self, fixtures},
    require::{met, require},
};

/// A private copy of a committed cache, gone when it is dropped.
pub(crate) struct Cache {
    dir: TempDir,
    /// What Python says about it; see `fixtures/diskcache/README.md`.
    pub(crate) truth: Value,
}

impl Cache {
    /// Unpacks `fixtures/diskcache/caches/NAME.tar.gz`.
    ///
    /// # Panics
    /// If there is no such fixture.
    pub(crate) fn new(name: &str) -> Self {
        let caches = fixtures().join("caches");
        let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made");
        let archive = caches.join(format!("{name}.tar.gz"));
        run(Command::new("tar").arg("-xzf").arg(archive).arg("--no-same-owner").arg("-C").arg(dir.path()));
        let text = fs::read(caches.join(format!("{name}.json"))).expect("a fixture has its truth");
        Self { dir, truth: serde_json::from_slice(&text).expect("a truth is JSON") }
    }

    /// The cache directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    /// A path below the cache directory.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The directory in which the cache and what must survive stand.
    pub(crate) fn base(&self) -> &Path {
        self.dir.path()
    }
}

/// Names of all committed caches, sorted.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join("caches")).expect("fixtures are readable");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".tar.gz").map(str::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// A Python interpreter that has the library, made on first use; `None` where that cannot be done.
pub(crate) fn python() -> Option<PathBuf> {
    let python = require("python3").then(library::interpreter)?;
    met(python.is_some(), "a Python with venv, and diskcache 5.6.3 from PyPI").then_some(python)?
}

/// `fixtures/diskcache/make.py`, to which arguments are added: `big DIR`, `live DIR`, `ask DIR OP`.
pub(crate) fn maker() -> Option<Command> {
    Some(library::generator(&python()?))
}

/// Python given a program text; `sys.argv[1:]` are the arguments added to it. `diskcache` can be imported.
pub(crate) fn script(text: &str) -> Option<Command> {
    let mut command = Command::new(python()?);
    command.args(["-c", text]);
    Some(command)
}

/// What Python's `check()` finds in a directory, which it changes; `None` where there is no Python.
pub(crate) fn python_check(dir: &Path) -> Option<Vec<String>> {
    let output = run(maker()?.arg("ask").arg(dir).arg("check"));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let warnings = said["returned"].as_array().expect("warnings").iter();
    Some(warnings.map(|w| w.as_str().expect("text").to_owned()).collect())
}
