//! Large caches made by Python's DiskCache, and what the benches do with them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

#[path = "../../tests/support/environment.rs"]
pub(crate) mod environment;
#[path = "../../tests/support/library.rs"]
pub(crate) mod library;

pub(crate) use library::NOW;

use crate::common::say;
use environment::shared;
use library::{generator, interpreter, run};

/// Python with the library; says so where there is none.
pub(crate) fn library() -> Option<PathBuf> {
    let python = interpreter();
    if python.is_none() {
        say("skipped: needs python3 with venv, and diskcache from PyPI");
    }
    python
}

/// A cache with `entries` entries, made once and kept below `target/`; with `files`, a file for each value.
pub(crate) fn big(python: &Path, entries: usize, files: bool) -> PathBuf {
    make(python, entries, if files { &["--files"] } else { &[] })
}

/// As [`big`], with what `make.py big` is to be told besides.
pub(crate) fn make(python: &Path, entries: usize, more: &[&str]) -> PathBuf {
    let dir = shared(&format!("big-{entries}{}", more.concat().replace("--", "-")));
    let ready = dir.with_extension("ready");
    if !ready.exists() {
        say(format!("making {} with Python, once", dir.display()));
        let _ = fs::remove_dir_all(&dir);
        let mut command = generator(python);
        command.arg("big").arg(&dir).args(["-n", &entries.to_string()]).args(more);
        run(&mut command);
        fs::write(&ready, "").expect("a file can be made");
    }
    dir
}

/// Seconds that a command takes from its start to its end.
pub(crate) fn seconds(command: &mut Command) -> f64 {
    let begun = Instant::now();
    run(command);
    begun.elapsed().as_secs_f64()
}

/// Peak memory of a command, in MiB.
pub(crate) fn peak(command: &mut Command) -> f64 {
    let program = command.get_program().to_owned();
    let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let mut measured = Command::new("python3");
    let text = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n\
                print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)";
    measured.args(["-c", text]).arg(program).args(args);
    String::from_utf8(crate::common::run(&mut measured)).expect("text").trim().parse().expect("a number")
}

/// Python given a program that finds the cache's directory in `d`, and its clock at [`NOW`] in `now`.
pub(crate) fn ask(python: &Path, program: &str, dir: &Path) -> Command {
    let text = format!("import sys, diskcache\nd, now = sys.argv[1], 1750000000.0\n{program}");
    let mut command = Command::new(python);
    command.args(["-c", &text]).arg(dir);
    command
}

/// Prints what was measured, its limit, and whether it is met.
pub(crate) fn verdict(what: &str, ratio: f64, limit: f64, at_least: bool, detail: &str) {
    let met = if at_least { ratio >= limit } else { ratio <= limit };
    let word = if at_least { "at least" } else { "at most" };
    say(format!("{} {what}: {ratio:.2} ({word} {limit}); {detail}", if met { "ok  " } else { "MISS" }));
}

/// Medians of what `repeats` runs of each give. They take turns, so that what else the machine does hits all of them.
pub(crate) fn medians<const N: usize>(repeats: usize, mut each: [&mut dyn FnMut() -> f64; N]) -> [f64; N] {
    let mut all = [const { Vec::new() }; N];
    for _ in 0..repeats {
        for (values, one) in all.iter_mut().zip(&mut each) {
            values.push(one());
        }
    }
    all.map(|mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    })
}
