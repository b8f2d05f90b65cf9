//! The owners of other caches: Python libraries in virtual environments made on first use, and programs that use them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    library::{run, shared},
    require::{met, require},
};

/// `fixtures/stores`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores")
}

/// A Python with the packages of `fixtures/stores/requirements/NAME.txt`; `None` where it cannot be made.
pub(crate) fn python(name: &str) -> Option<PathBuf> {
    let made = require("python3").then(|| environment(name))?;
    met(made.is_some(), &format!("a Python with venv, and the packages of {name}.txt from PyPI"))
        .then_some(made)?
}

fn environment(name: &str) -> Option<PathBuf> {
    let wanted =
        fs::read_to_string(fixtures().join(format!("requirements/{name}.txt"))).expect("requirements");
    let dir = shared(&format!("python-{name}"));
    let (python, ready) = (dir.join("bin/python"), dir.join("ready"));
    // One test makes it, the others wait.
    let lock = File::create(shared(&format!("python-{name}.lock"))).expect("a lock can be made");
    lock.lock().expect("a lock can be taken");
    if fs::read_to_string(&ready).is_ok_and(|made| made == wanted) {
        return Some(python);
    }
    let _ = fs::remove_dir_all(&dir);
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&dir))
        && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(wanted.lines()));
    if !made {
        return None;
    }
    fs::write(&ready, wanted).expect("a file can be made");
    Some(python)
}

/// A program of `fixtures/stores`, with the packages of `name`.
pub(crate) fn program(name: &str, file: &str) -> Option<Command> {
    let mut command = Command::new(python(name)?);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(fixtures().join(file));
    Some(command)
}

/// What a program prints, as JSON.
pub(crate) fn said(command: &mut Command) -> serde_json::Value {
    let output = run(command);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
}
