//! Removing from large caches, alone and next to a live writer, against Python's DiskCache and `rm -rf`.
//!
//! `cargo bench --bench cache_remove -- [--part all] [--entries 1000000] [--files 200000] [--repeats 3] [--place DIR]`
//!
//! * `expire`, `clear`: alone
//! * `beside-expire`, `beside-clear`: beside a writer
//! * `files`: value files, against `rm -rf`
//! * `shards`: sets that fail in silence when the writers of a `FanoutCache` give up after their 10 ms
//! * `plan`: memory of removing entry by entry
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
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use caches::{NOW, ask, big, library, make, medians, peak, seconds, verdict};
use common::{Options, hotcold, run, say};
use serde_json::Value;

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

/// Python processes that keep a cache busy.
struct Writers {
    child: Child,
    said: BufReader<ChildStdout>,
    stop: PathBuf,
}

impl Writers {
    fn start(python: &Path, dir: &Path, more: &[&str]) -> Self {
        let stop = dir.with_extension("stop");
        let _ = fs::remove_file(&stop);
        let mut command = library::generator(python);
        command.arg("live").arg(dir).args(["--seconds", "120", "--gap", "0.001", "--until"]).arg(&stop);
        let mut child = command.args(more).stdout(Stdio::piped()).spawn().expect("Python starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a writer is ready");
        Self { child, said, stop }
    }

    /// What each of them says in the end. None has read anything else than it has written.
    fn end(mut self) -> Vec<Value> {
        fs::write(&self.stop, "").expect("a file can be made");
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("the writers end");
        assert!(self.child.wait().expect("a child").success());
        let ends: Vec<Value> = rest.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert!(!ends.is_empty());
        for end in &ends {
            assert_eq!(end["bad_values"], 0, "{end}");
        }
        ends
    }
}

/// Seconds of the operation, and the longest wait of a writer beside it in milliseconds.
fn beside_a_writer(python: &Path, dir: &Path, operation: &mut Command) -> (f64, f64) {
    let writer = Writers::start(python, dir, &["--writers", "1", "--expire", "600"]);
    let begun = Instant::now();
    run(operation);
    let took = begun.elapsed().as_secs_f64();
    let ends = writer.end();
    assert_eq!(ends[0]["failed_sets"], 0, "{ends:?}");
    (took, ends[0]["max_ms"].as_f64().expect("a number"))
}

/// What all parts need.
struct Bench {
    python: PathBuf,
    place: Option<PathBuf>,
    entries: usize,
    files: usize,
    repeats: usize,
}

fn detail(mine: f64, other: f64) -> String {
    format!("{mine:.2} s against {other:.2} s")
}

impl Bench {
    fn copy(&self, dir: &Path) -> PathBuf {
        copy(dir, self.place.as_deref())
    }

    fn alone(&self, what: &str, words: &[&str], program: &str, limit: f64) {
        let dir = big(&self.python, self.entries, false);
        let mut mine = || seconds(&mut remove(words, &self.copy(&dir)));
        let mut theirs = || seconds(&mut ask(&self.python, program, &self.copy(&dir)));
        let mut floor = || giving_back(&self.copy(&dir));
        let [mine, theirs, floor] = medians(self.repeats, [&mut mine, &mut theirs, &mut floor]);
        let mut text = detail(mine, theirs);
        if what == "clear" {
            text.push_str(&format!("; cutting the file alone takes {floor:.2} s"));
        }
        verdict(&format!("{what} against the library's"), theirs / mine, limit, true, &text);
    }

    fn beside(&self, what: &str, words: &[&str], program: &str) {
        let dir = big(&self.python, self.entries, false);
        let (mut waits, mut times) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for _ in 0..self.repeats {
            for side in 0..2 {
                let copy = self.copy(&dir);
                let mut command =
                    if side == 0 { remove(words, &copy) } else { ask(&self.python, program, &copy) };
                let (took, wait) = beside_a_writer(&self.python, &copy, &mut command);
                waits[side].push(wait);
                times[side].push(took);
            }
        }
        let middle = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let [mine, theirs] = waits.each_mut().map(middle);
        let name = format!("longest wait beside {what}, share of the library's");
        verdict(&name, mine / theirs, 0.25, false, &format!("{mine:.0} ms against {theirs:.0} ms"));
        let [mine, theirs] = times.each_mut().map(middle);
        let name = format!("{what} beside a writer against the library's");
        verdict(&name, mine / theirs, 1.0, false, &detail(mine, theirs));
    }

    fn value_files(&self) {
        let dir = big(&self.python, self.files, true);
        let mut mine = || seconds(&mut remove(&["clear", "-y"], &self.copy(&dir)));
        let mut rm = || seconds(Command::new("rm").arg("-rf").arg(self.copy(&dir)));
        let [mine, rm] = medians(self.repeats, [&mut mine, &mut rm]);
        verdict("clear of value files against rm -rf", mine / rm, 1.0, false, &detail(mine, rm));
        run(Command::new("rm").arg("-rf").arg(self.copy(&dir)));
    }

    /// Two writers with the 10 ms that a `FanoutCache` waits by default, after which `set` says no and nothing else happens.
    fn patience(&self) {
        let dir = make(&self.python, 100_000, &["--shards", "8"]);
        let failed = |operation: &dyn Fn(&Path) -> Command| {
            let (mut failed, mut sets, mut took) = (0, 0, 0.0);
            for _ in 0..self.repeats {
                let copy = self.copy(&dir);
                let writers = Writers::start(&self.python, &copy, &["--shards", "8", "--expire", "600"]);
                took += seconds(&mut operation(&copy));
                for end in writers.end() {
                    failed += end["failed_sets"].as_u64().expect("a number");
                    sets += end["operations"].as_u64().expect("a number") * 6 / 10;
                }
            }
            (failed, format!("{failed} of about {sets} sets in {took:.1} s"))
        };
        let sleep = |_: &Path| {
            let mut sleep = Command::new("sleep");
            sleep.arg("2");
            sleep
        };
        say(format!("     beside nothing: {}", failed(&sleep).1));
        let theirs = |program: &'static str| {
            let program = format!("c = diskcache.FanoutCache(d, shards=8, timeout=60)\n{program}");
            move |dir: &Path| ask(&self.python, &program, dir)
        };
        let (most, text) = failed(&theirs("c.expire(now)"));
        say(format!("     beside the library's expire: {text}"));
        say(format!("     beside the library's clear: {}", failed(&theirs("c.clear()")).1));
        for words in [
            &["expire"][..],
            &["prune", "-y", "--tag", "tag1", "--tag", "tag2"],
            &["prune", "-y", "--key", "user:*"],
            &["prune", "-y", "--max-entries", "50000"],
            &["clear", "-y"],
        ] {
            let (mine, text) = failed(&|dir| remove(words, dir));
            let share = mine as f64 / most.max(1) as f64;
            let name = format!("failed sets beside {}, share of the library's expire", words.join(" "));
            verdict(&name, share, 1.0, false, &text);
        }
    }

    fn plans(&self) {
        let dir = big(&self.python, self.entries, false);
        let prune = |most: usize| {
            peak(&mut remove(&["prune", "-y", "--max-entries", &most.to_string()], &self.copy(&dir)))
        };
        // What changing the database takes, however much of it, is in both.
        let (all, half) = (prune(0), prune(self.entries / 2));
        let each = (all - half) * 1048576.0 / (self.entries - self.entries / 2) as f64;
        verdict("bytes an entry of a removal", each, 64.0, false, &format!("{all:.0} MiB in all"));
    }
}

fn main() {
    let options = Options::from_env();
    let Some(python) = library() else { return };
    let place =
        Some(options.get("--place", String::new())).filter(|place| !place.is_empty()).map(PathBuf::from);
    let bench = Bench {
        python,
        place,
        entries: options.get("--entries", 1_000_000),
        files: options.get("--files", 200_000),
        repeats: options.get("--repeats", 3),
    };
    let part = options.get("--part", "all".to_owned());
    let wants = |name: &str| part == "all" || part == name;
    for (what, program, words, limit) in
        [("expire", EXPIRE, &["expire"][..], 2.5), ("clear", CLEAR, &["clear", "-y"], 20.0)]
    {
        if wants(what) {
            bench.alone(what, words, program, limit);
        }
        if wants(&format!("beside-{what}")) {
            bench.beside(what, words, program);
        }
    }
    if wants("files") {
        bench.value_files();
    }
    if wants("shards") {
        bench.patience();
    }
    if wants("plan") {
        bench.plans();
    }
}
