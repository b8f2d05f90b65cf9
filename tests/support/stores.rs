//! The owners of other caches: Python libraries in virtual environments made on first use, and programs that use them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    environment::environment,
    library::run,
    require::{met, require},
};

/// `fixtures/stores`.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores")
}

/// A Python with the packages of `fixtures/stores/requirements/NAME.txt`; `None` where it cannot be made.
pub(crate) fn python(name: &str) -> Option<PathBuf> {
    let wanted =
        fs::read_to_string(fixtures().join(format!("requirements/{name}.txt"))).expect("requirements");
    let made = require("python3").then(|| environment(name, &wanted.lines().collect::<Vec<_>>()))?;
    met(made.is_some(), &format!("a Python with venv, and the packages of {name}.txt from PyPI"))
        .then_some(made)?
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
