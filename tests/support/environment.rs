//! Python environments with packages from PyPI, made on first use.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

/// The interpreter of an environment `target/…/tmp/python-NAME` with these packages; `None` where it cannot be made.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let dir = shared(&format!("python-{name}"));
    let (python, ready) = (dir.join("bin/python"), dir.join("ready"));
    // One test makes it, the others wait.
    let lock = File::create(shared(&format!("python-{name}.lock"))).expect("a lock can be made");
    lock.lock().expect("a lock can be taken");
    let wanted = packages.join("\n");
    if !fs::read_to_string(&ready).is_ok_and(|made| made == wanted) {
        let _ = fs::remove_dir_all(&dir);
        let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&dir))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages));
        if !made {
            return None;
        }
        fs::write(&ready, wanted).expect("a file can be made");
    }
    Some(python)
}

/// `target/…/tmp/NAME`, shared by all tests.
pub(crate) fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
