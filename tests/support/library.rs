//! Python's DiskCache itself, made on first use, and the generator of `fixtures/diskcache/`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The clock of every truth, for `--now`.
pub(crate) const NOW: &str = "2025-06-15T15:06:40Z";
/// What the tests are written against.
const LIBRARY: &str = "diskcache==5.6.3";

/// A Python interpreter that has the library; `None` where it cannot be made.
pub(crate) fn interpreter() -> Option<PathBuf> {
    let dir = shared("python-diskcache-5.6.3");
    let (python, ready) = (dir.join("bin/python"), dir.join("ready"));
    // One test makes it, the others wait.
    let lock = File::create(shared("python.lock")).expect("a lock can be made");
    lock.lock().expect("a lock can be taken");
    if !ready.exists() {
        let _ = fs::remove_dir_all(&dir);
        let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&dir))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", LIBRARY]));
        if !made {
            return None;
        }
        File::create(&ready).expect("a file can be made");
    }
    Some(python)
}

/// `fixtures/diskcache/make.py`, to which arguments are added: `big DIR`, `live DIR`, `ask DIR OP`.
pub(crate) fn generator(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(fixtures().join("make.py"));
    command
}

/// `target/…/tmp/NAME`, shared by all tests.
pub(crate) fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// `fixtures/diskcache`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/diskcache")
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
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
