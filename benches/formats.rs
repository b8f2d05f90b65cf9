//! Reading other tools' files: large texts beside inferno's collapsers, and pprof files of a million samples.
//!
//! `cargo bench --bench formats -- [--megabytes 1000] [--samples 1000000] [--repeats 3]`
//!
//! The files are made the same every time, below `target/`, and removed in the end. Whole processes are timed, from start to end, and take
//! turns. inferno's programs are those of `cargo install inferno --root target/peers` and may use all processors, as hotcold may; there is no
//! collapser that reads folded stacks but `inferno-collapse-recursive`, which folds their recursions.
//! Limits: a table of a text in at most the time that the collapser takes for its stacks, in a memory that does not grow with the
//! file; a table of a pprof file of 1,000,000 samples in under 1 s, the difference of two in under 2 s.

#[path = "common/child.rs"]
mod child;
mod common;
#[path = "common/made.rs"]
mod made;
#[path = "common/stats.rs"]
mod stats;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use child::Spent;
use common::{Options, hotcold, run, say};
use stats::Estimate;

/// Memory may be so many times as much for a file of the whole size as for one of a tenth with the same stacks.
const MOST_GROWTH: f64 = 1.2;

fn main() {
    let options = Options::from_env();
    let megabytes = options.get("--megabytes", 1000_usize);
    let samples = options.get("--samples", 1_000_000_u32);
    let repeats = options.get("--repeats", 3);
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made");
    for (name, collapser, write) in [
        ("folded", "inferno-collapse-recursive", made::folded as made::Write),
        ("perf script", "inferno-collapse-perf", made::perf_script),
    ] {
        let [small, large] = [megabytes / 10, megabytes].map(|megabytes| {
            let file = dir.path().join(format!("{name}-{megabytes}"));
            made::text(&file, megabytes << 20, write);
            file
        });
        text(name, collapser, &small, &large, repeats);
        for file in [small, large] {
            std::fs::remove_file(file).expect("the file can go");
        }
    }
    let [old, new] = ["old", "new"].map(|name| dir.path().join(format!("{name}.pb.gz")));
    made::pprof(&old, samples, 0);
    made::pprof(&new, samples, 1);
    let each = |words: &[&str], files: &[&Path]| -> Vec<f64> {
        (0..repeats.max(3)).map(|_| Spent::by(profile(words).args(files)).seconds).collect()
    };
    limit("seconds to a table of a pprof file", &each(&["report"], &[&old]), 1.0);
    limit("seconds to the difference of two", &each(&["diff"], &[&old, &new]), 2.0);
}

/// Compares the times of a large text, and hotcold's memory for it with that for a small one.
fn text(name: &str, collapser: &str, small: &Path, large: &Path, repeats: usize) {
    let ours = || Spent::by(profile(&["report"]).arg(large));
    let grown = ours().peak_kib as f64 / Spent::by(profile(&["report"]).arg(small)).peak_kib as f64;
    verdict(
        &format!("{name}: memory, as many times as for a tenth of it"),
        Estimate::of(&[grown]),
        MOST_GROWTH,
    );
    let Some(collapser) = peer(collapser) else {
        return say(format!("skipped: {collapser} is not there; cargo install inferno --root target/peers"));
    };
    let theirs = || Spent::by(Command::new(&collapser).arg(large));
    let pairs: Vec<(Spent, Spent)> = (0..repeats).map(|_| (ours(), theirs())).collect();
    for (i, who) in ["hotcold", "inferno"].iter().enumerate() {
        let spent = pairs.iter().map(|(ours, theirs)| if i == 0 { ours } else { theirs });
        let peak = spent.clone().map(|s| s.peak_kib).max().unwrap_or(0);
        let seconds: Vec<f64> = spent.map(|s| s.seconds).collect();
        let memory = hotcold::units::bytes(peak * 1024);
        say(format!("  {name}, {who}: {} s, {memory}", Estimate::of(&seconds)));
    }
    let ratios: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours.seconds / theirs.seconds).collect();
    limit(&format!("{name}: time, as many times as inferno's"), &ratios, 1.0);
}

fn profile(words: &[&str]) -> Command {
    let mut command = hotcold();
    command.arg("profile").args(words).arg("-q");
    command
}

/// A program of `target/peers`; tells who it is.
fn peer(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers").join("bin").join(name);
    if !program.is_file() {
        return None;
    }
    say(String::from_utf8_lossy(&run(Command::new(&program).arg("--help")))
        .lines()
        .next()
        .unwrap_or_default());
    Some(program)
}

fn limit(what: &str, values: &[f64], most: f64) {
    verdict(what, Estimate::of(values), most);
}

fn verdict(what: &str, got: Estimate, most: f64) {
    let word = if got.median <= most { "ok  " } else { "MISS" };
    say(format!("{word} {what}: {got} (at most {most})"));
}
