//! Removing from large caches, alone and next to a live writer, against Python's DiskCache and `rm -rf`.
//!
//! `cargo bench --bench cache_remove -- [--entries 1000000] [--files 200000] [--repeats 3] [--place DIR]`
//!
//! Each run gets a fresh copy, in `--place`, which is `target/` if it is not given. Ratios are of medians of the same run, in which both
//! took turns; the waits are the longest that a writer's `set` took.
//!
//! A file system that discards freed blocks at once (`mount -o discard`) takes its time for a large file, whoever gives the space back:
//! `clear` cannot be faster than that, which is measured too. On a place in memory, such as `/dev/shm`, there is no such limit.

#[path = "common/caches.rs"]
mod caches;
mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use caches::{NOW, ask, big, library, medians, seconds, verdict};
use common::{Options, hotcold, run};

fn remove(words: &[&str], dir: &Path) -> Command {
    let mut command = hotcold();
    command.args(["cache", words[0], "--now", NOW, "-q"]).args(&words[1..]).arg(dir);
    command
}

const EXPIRE: &str = "print(diskcache.Cache(d).expire(now))";
const CLEAR: &str = "print(diskcache.Cache(d).clear())";

/// A copy that may be changed; the one before goes.
fn copy(dir: &Path, place: Option<&Path>) -> PathBuf {
    let copy = place.map_or_else(|| dir.with_extension("copy"), |place| place.join("hotcold-bench.copy"));
    run(Command::new("rm").arg("-rf").arg(&copy));
    run(Command::new("cp").arg("-a").arg(dir).arg(&copy));
    run(Command::new("sync").arg("-f").arg(&copy));
    copy
}

/// Seconds that the file system takes to give the space of a database back, but for what an empty one has.
fn giving_back(dir: &Path) -> f64 {
    let file = fs::File::options().write(true).open(dir.join("cache.db")).expect("the copy can be changed");
    let begun = Instant::now();
    file.set_len(36_864).expect("a file can be cut");
    begun.elapsed().as_secs_f64()
}

/// Seconds of the operation, and the longest wait of a writer beside it in milliseconds.
fn beside_a_writer(python: &Path, dir: &Path, operation: &mut Command) -> (f64, f64) {
    let stop = dir.with_extension("stop");
    let _ = fs::remove_file(&stop);
    let mut writer = library::generator(python);
    writer
        .arg("live")
        .arg(dir)
        .args(["--writers", "1", "--seconds", "120", "--gap", "0.001", "--until"])
        .arg(&stop);
    let mut child = writer.stdout(Stdio::piped()).spawn().expect("Python starts");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("the writer is ready");
    let begun = Instant::now();
    run(operation);
    let took = begun.elapsed().as_secs_f64();
    fs::write(&stop, "").expect("a file can be made");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("the writer ends");
    assert!(child.wait().expect("a child").success());
    let end: serde_json::Value = rest.lines().find_map(|line| serde_json::from_str(line).ok()).expect("JSON");
    assert_eq!((end["bad_values"].as_u64(), end["failed_sets"].as_u64()), (Some(0), Some(0)), "{end}");
    (took, end["max_ms"].as_f64().expect("a number"))
}

fn main() {
    let options = Options::from_env();
    let Some(python) = library() else { return };
    let (entries, files, repeats) =
        (options.get("--entries", 1_000_000), options.get("--files", 200_000), options.get("--repeats", 3));
    let dir = big(&python, entries, false);
    let place = options.get("--place", String::new());
    let place = Some(Path::new(&place)).filter(|_| !place.is_empty());
    let copy = |dir: &Path| copy(dir, place);
    let alone = |command: &dyn Fn(&Path) -> Command, dir: &Path| seconds(&mut command(&copy(dir)));
    let detail = |mine: f64, other: f64| format!("{mine:.2} s against {other:.2} s");
    for (what, program, words, limit) in
        [("expire", EXPIRE, &["expire"][..], 2.5), ("clear", CLEAR, &["clear", "-y"], 20.0)]
    {
        let mut mine = || alone(&|dir| remove(words, dir), &dir);
        let mut theirs = || alone(&|dir| ask(&python, program, dir), &dir);
        let mut floor = || giving_back(&copy(&dir));
        let [mine, theirs, floor] = medians(repeats, [&mut mine, &mut theirs, &mut floor]);
        let mut text = detail(mine, theirs);
        if what == "clear" {
            text.push_str(&format!("; cutting the file alone takes {floor:.2} s"));
        }
        verdict(&format!("{what} against the library's"), theirs / mine, limit, true, &text);
        let (mut waits, mut times) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for _ in 0..repeats {
            for side in 0..2 {
                let copy = copy(&dir);
                let mut command = if side == 0 { remove(words, &copy) } else { ask(&python, program, &copy) };
                let (took, wait) = beside_a_writer(&python, &copy, &mut command);
                waits[side].push(wait);
                times[side].push(took);
            }
        }
        let middle = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let [mine, theirs] = &mut waits;
        let (mine, theirs) = (middle(mine), middle(theirs));
        let text = format!("{mine:.0} ms against {theirs:.0} ms");
        verdict(
            &format!("longest wait beside {what}, share of the library's"),
            mine / theirs,
            0.25,
            false,
            &text,
        );
        let [mine, theirs] = &mut times;
        let (mine, theirs) = (middle(mine), middle(theirs));
        verdict(
            &format!("{what} beside a writer against the library's"),
            mine / theirs,
            1.0,
            false,
            &detail(mine, theirs),
        );
    }
    let dir = big(&python, files, true);
    let mut mine = || alone(&|dir| remove(&["clear", "-y"], dir), &dir);
    let mut rm = || {
        let rm = |dir: &Path| {
            let mut rm = Command::new("rm");
            rm.arg("-rf").arg(dir);
            rm
        };
        alone(&rm, &dir)
    };
    let [mine, rm] = medians(repeats, [&mut mine, &mut rm]);
    verdict("clear of value files against rm -rf", mine / rm, 1.0, false, &detail(mine, rm));
    run(Command::new("rm").arg("-rf").arg(copy(&dir)));
}
