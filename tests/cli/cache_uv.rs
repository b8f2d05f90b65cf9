//! The cache commands on uv's cache, with uv running and installing from what is left.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use rustix::fs::{FlockOperation, flock};

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        library::run,
        scratch,
        stores::{fixtures, python},
    },
};

/// uv with a cache and an environment of its own, both in `top`.
struct Uv {
    program: PathBuf,
    top: tempfile::TempDir,
}

impl Uv {
    fn new() -> Option<Self> {
        let program = python("uv")?.with_file_name("uv");
        let uv = Self { program, top: scratch() };
        run(&mut uv.command(&["venv", "-q", "env"]));
        Some(uv)
    }

    fn cache(&self) -> PathBuf {
        self.top.path().join("cache")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env("UV_CACHE_DIR", self.cache()).current_dir(self.top.path());
        command
    }

    /// Installs a wheel that is made here.
    fn install(&self, environment: &str) {
        let wheel = self.top.path().join("demo_thing-1.2.0-py3-none-any.whl");
        if !wheel.exists() {
            run(Command::new(self.program.with_file_name("python"))
                .arg(fixtures().join("wheel.py"))
                .arg(&wheel));
        }
        let python = format!("{environment}/bin/python");
        let wheel = wheel.to_str().unwrap();
        run(&mut self.command(&["pip", "install", "-q", "--offline", "--python", &python, wheel]));
    }
}

#[test]
fn archives_go_with_their_links_and_uv_goes_on() {
    let Some(uv) = Uv::new() else { return };
    uv.install("env");
    let root = uv.cache();
    let entries = lines(&["list"], &root);
    let wheel = entries.iter().find(|entry| entry["key"] == "demo-thing-1.2.0-py3-none-any");
    let Some(wheel) = wheel else { panic!("{entries:#?}") };
    assert_eq!(json(&["stats"], &root)["kind"], "uv");
    // The environment has hard links to all of it.
    let own = wheel["id"].as_str().unwrap();
    let plan = json(&["rm", "-n", "--id", own], &root);
    let alone = plan["planned_bytes"].as_u64().unwrap();
    assert!(alone < 10_000 && wheel["size_bytes"].as_u64().unwrap() > 30_000, "{plan}");
    fs::remove_dir_all(uv.top.path().join("env")).unwrap();
    let plan = json(&["rm", "-n", "--id", own], &root)["planned_bytes"].as_u64().unwrap();
    assert!(plan > 30_000, "{plan}");
    let wet = json(&["rm", "-y", "--id", own], &root);
    assert_eq!((&wet["removed_entries"], &wet["freed_bytes"]), (&1.into(), &plan.into()));
    assert_eq!(fs::read_dir(root.join("archive-v0")).map_or(0, Iterator::count), 0);
    run(&mut uv.command(&["venv", "-q", "env"]));
    uv.install("env");
    run(Command::new(uv.top.path().join("env/bin/python")).args(["-c", "import demo_thing"]));
    // What nothing links to, and what a later uv keeps elsewhere.
    fs::create_dir_all(root.join("archive-v0/orphan/x")).unwrap();
    fs::write(root.join("archive-v0/orphan/x/file"), "x").unwrap();
    fs::create_dir_all(root.join("wheels-v1/pypi")).unwrap();
    let dry = json(&["expire", "-n"], &root);
    assert_eq!(planned(&dry), ["archive-v0/orphan"]);
    let dry = json(&["expire", "-n", "--include", "unsure"], &root);
    assert_eq!(planned(&dry), ["archive-v0/orphan", "wheels-v1"]);
    json(&["clear", "-y"], &root);
    run(&mut uv.command(&["cache", "prune", "-q"]));
    run(&mut uv.command(&["venv", "-q", "--clear", "env"]));
    uv.install("env");
}

#[test]
fn a_uv_that_runs_is_waited_for_and_not_disturbed() {
    let Some(uv) = Uv::new() else { return };
    uv.install("env");
    let lock = File::open(uv.cache().join(".lock")).unwrap();
    flock(&lock, FlockOperation::LockShared).unwrap();
    let entries = lines(&["list"], &uv.cache()).len();
    let (code, _, err) = cache(&["clear", "-y", "--lock-timeout", "60ms"], &uv.cache());
    assert!(code == 1 && err.contains("another process held it for 60 ms"), "{err}");
    assert_eq!(lines(&["list"], &uv.cache()).len(), entries);
}
