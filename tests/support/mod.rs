//! What the integration tests share: the tool in a clean environment, fixtures, a terminal, waiting for conditions.

pub(crate) mod backend;
pub(crate) mod diskcache;
pub(crate) mod environment;
pub(crate) mod fixture;
pub(crate) mod library;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod pythons;
pub(crate) mod require;
pub(crate) mod stores;
pub(crate) mod terminal;
pub(crate) mod tree;

use std::path::PathBuf;

/// The tool with nothing from the developer's environment, for `assert_cmd`.
pub(crate) fn hotcold() -> assert_cmd::Command {
    assert_cmd::Command::from_std(command())
}

/// The same as a plain command, to spawn or to run on a [`terminal::Terminal`].
pub(crate) fn command() -> std::process::Command {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("hotcold"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir("home"))
        .env("TMPDIR", dir("tmp"))
        .env("LC_ALL", "C.UTF-8")
        .env("COLUMNS", "100");
    command
}

/// A directory of the test's own, gone when it is dropped.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(dir("tmp")).expect("a directory can be made")
}

/// A directory under `target/` that all tests share.
fn dir(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("a directory can be made");
    dir
}
