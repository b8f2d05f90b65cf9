//! Finding caches in a large tree, against what tells how much room a tree takes (`dua`, `dust`), and removing many files, against plain
//! unlinking.
//!
//! `cargo bench --bench cache_scan -- [--files 1000000] [--prune 200000] [--repeats 5] [--part scan|cold|prune|all] [--peers DIR]`
//!
//! The peers are looked for in `--peers`, which is `target/peers/bin` if it is not given; get them with
//! `cargo install --root target/peers dua-cli du-dust`. The trees are made once below `target/`: one without any cache, and one that is a
//! cache as a whole, of which each file has to be looked at. Cold means that the kernel has forgotten them, which only root can have.

#[path = "common/caches.rs"]
#[allow(dead_code, unused_imports)]
mod caches;
mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use caches::{environment::shared, medians, seconds, verdict};
use common::{Options, hotcold, run, say};

/// Files in a directory.
const TOGETHER: usize = 100;
const LIMIT: f64 = 1.2;
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// A tree of many small files in directories of a hundred, made once.
fn tree(files: usize, tagged: bool) -> PathBuf {
    let dir = shared(&format!("tree-{files}{}", if tagged { "-tagged" } else { "" }));
    let ready = dir.with_extension("ready");
    if !ready.exists() {
        say(format!("making {}, once", dir.display()));
        let _ = fs::remove_dir_all(&dir);
        fill(&dir, files, tagged);
        fs::write(&ready, "").expect("a file can be made");
        run(Command::new("sync").arg("-f").arg(&dir));
    }
    dir
}

fn fill(dir: &Path, files: usize, tagged: bool) {
    for i in 0..files.div_ceil(TOGETHER) {
        let inner = dir.join(format!("{:02x}/{:02x}", i / 100 % 256, i % 100)).join(format!("d{i}"));
        fs::create_dir_all(&inner).expect("a directory can be made");
        for file in 0..TOGETHER.min(files - i * TOGETHER) {
            fs::write(inner.join(format!("file-{file:04}.o")), "some bytes").expect("a file can be made");
        }
    }
    if tagged {
        fs::write(dir.join("CACHEDIR.TAG"), TAG).expect("a file can be made");
    }
}

/// Has the kernel forget every file; whether it may be told to.
fn forget() -> bool {
    run(&mut Command::new("sync"));
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

fn scan(dir: &Path) -> Command {
    let mut command = hotcold();
    command.args(["cache", "scan", "-q"]).arg(dir);
    command
}

fn peer(peers: &Path, name: &str, dir: &Path) -> Option<Command> {
    let program = peers.join(name);
    program.exists().then(|| {
        let mut command = Command::new(program);
        match name {
            "dua" => command.args(["aggregate", "--no-sort"]),
            _ => command.args(["-d", "1", "-P"]),
        };
        command.arg(dir);
        command
    })
}

fn against_peers(dir: &Path, what: &str, cold: bool, repeats: usize, peers: &Path) {
    let timed = |command: &mut Command| {
        if cold {
            forget();
        }
        seconds(command)
    };
    if !cold {
        run(&mut scan(dir));
    }
    for name in ["dua", "dust"] {
        if peer(peers, name, dir).is_none() {
            say(format!("skipped: needs {name} in {}", peers.display()));
            continue;
        }
        let mut mine = || timed(&mut scan(dir));
        let mut theirs = || peer(peers, name, dir).map_or(f64::NAN, |mut peer| timed(&mut peer));
        let [mine, theirs] = medians(repeats, [&mut mine, &mut theirs]);
        let warmth = if cold { "cold" } else { "warm" };
        let detail = format!("{mine:.2} s against {theirs:.2} s");
        verdict(&format!("scan of {what}, {warmth}, against {name}"), mine / theirs, LIMIT, false, &detail);
    }
}

fn unlink_all(dir: &Path) -> f64 {
    let begun = Instant::now();
    for first in fs::read_dir(dir).expect("it is there").flatten() {
        if first.file_type().is_ok_and(|kind| kind.is_dir()) {
            fs::remove_dir_all(first.path()).expect("it can be removed");
        }
    }
    begun.elapsed().as_secs_f64()
}

fn prune(files: usize, repeats: usize) {
    let dir = shared("tree-prune");
    let fresh = || {
        let _ = fs::remove_dir_all(&dir);
        fill(&dir, files, true);
        run(Command::new("sync").arg("-f").arg(&dir));
    };
    let mut mine = || {
        fresh();
        let mut command = hotcold();
        command.args(["cache", "prune", "-y", "-q", "--larger-than", "1", "--grace", "0s"]).arg(&dir);
        let took = seconds(&mut command);
        assert_eq!(fs::read_dir(&dir).expect("it is there").count(), 1, "only the tag is left");
        took
    };
    let mut plain = || {
        fresh();
        unlink_all(&dir)
    };
    let [mine, plain] = medians(repeats, [&mut mine, &mut plain]);
    let detail = format!("{mine:.2} s against {plain:.2} s");
    verdict(&format!("prune of {files} files against plain unlinking"), mine / plain, 1.3, false, &detail);
    let _ = fs::remove_dir_all(&dir);
}

fn main() {
    let options = Options::from_env();
    let (files, repeats) = (options.get("--files", 1_000_000), options.get("--repeats", 5));
    let part = options.get("--part", "all".to_owned());
    let peers = options.get("--peers", format!("{}/target/peers/bin", env!("CARGO_MANIFEST_DIR")));
    let peers = Path::new(&peers);
    let wanted = |name: &str| part == name || part == "all";
    if part == "make" {
        tree(files, false);
        tree(files, true);
    }
    for (what, tagged) in [("other files", false), ("a cache", true)] {
        if wanted("scan") {
            against_peers(&tree(files, tagged), what, false, repeats, peers);
        }
        if wanted("cold") && forget() {
            against_peers(&tree(files, tagged), what, true, repeats.min(3), peers);
        }
    }
    if wanted("prune") {
        prune(options.get("--prune", 200_000), repeats.min(3));
    }
}
