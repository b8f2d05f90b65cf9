//! Python's DiskCache itself, made on first use, and the generator of `fixtures/diskcache/`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::environment::environment;

/// The clock of every truth, for `--now`.
pub(crate) const NOW: &str = "2025-06-15T15:06:40Z";
/// What the tests are written against.
const LIBRARY: &str = "diskcache==5.6.3";

/// A Python interpreter that has the library; `None` where it cannot be made.
pub(crate) fn interpreter() -> Option<PathBuf> {
    environment("diskcache-5.6.3", &[LIBRARY])
}

/// `fixtures/diskcache/make.py`, to which arguments are added: `big DIR`, `live DIR`, `ask DIR OP`.
pub(crate) fn generator(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(fixtures().join("make.py"));
    command
}

/// `fixtures/diskcache`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/diskcache")
}

/// Runs a command that must succeed.
///
/// # Panics
/// If it does not.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}
