//! What every bench needs. What only some need stands in the files beside this one.

use std::{fmt::Display, io::Write, process::Command, str::FromStr};

/// The arguments after `cargo bench --bench NAME --`.
pub(crate) struct Options(Vec<String>);

impl Options {
    pub(crate) fn from_env() -> Self {
        Self(std::env::args().skip(1).filter(|arg| arg != "--bench").collect())
    }

    /// The value of `--name VALUE`, or what to take without it.
    pub(crate) fn get<T: FromStr>(&self, name: &str, otherwise: T) -> T {
        let value = self.0.iter().position(|arg| arg == name).and_then(|i| self.0.get(i + 1));
        value.map_or(otherwise, |text| {
            text.parse().ok().unwrap_or_else(|| panic!("{name}: `{text}` is no such value"))
        })
    }
}

/// Prints a line of the result.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the result can be printed");
}

/// The tool, with nothing of the developer's settings that could change what is measured.
pub(crate) fn hotcold() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotcold"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command to its end and gives what it printed.
///
/// # Panics
/// If it fails: a bench without its subject has no result.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
