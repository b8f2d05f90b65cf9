//! The share of stacks that reach the thread's root, by language and depth.
//!
//! `cargo bench --bench complete -- [--seconds 3]`
//!
//! hotcold's own count, and beside it what can be counted in the recordings of `perf` and `samply` where they are
//! installed: a stack is complete when it has more frames than the recursion of the program, which the program tells.
//! For perf of the stacks in `leaf` alone; samply's file has no names, so the few of start and end count as incomplete.
//! Limits: 99.5 % at 1, 13 and 37 KiB of stack, 95 % at 200 KiB, for C, Rust and Go.

mod common;
#[path = "common/json.rs"]
mod json;
#[path = "common/recordings.rs"]
mod recordings;
mod peers {
    //! How complete the stacks of other profilers' recordings are.

    use std::{
        io::Read,
        path::Path,
        process::{Command, Stdio},
    };

    use serde_json::Value;

    use crate::{common::run, json::json};

    /// Share of stacks with more than `frames` frames in a recording by `perf record`.
    pub(crate) fn perf(dir: &Path, program: &[String], frames: u64) -> f64 {
        let data = dir.join("perf.data");
        let mut record = Command::new("perf");
        record.args(["record", "-q", "-F", "997", "--call-graph", "dwarf,32768", "-o"]).arg(&data).arg("--");
        run(record.args(program).stdout(Stdio::null()));
        let mut script = Command::new("perf");
        // A stack may be far deeper than perf shows by itself.
        script.args(["script", "--no-inline", "--max-stack", "65535", "-F", "ip,sym", "-i"]).arg(&data);
        let text = run(&mut script);
        let text = String::from_utf8_lossy(&text);
        // Where the program starts and ends there is no recursion to be complete.
        let stacks = text.split("\n\n").filter(|stack| stack.contains("leaf"));
        let stacks = stacks.map(|stack| stack.lines().filter(|line| !line.trim().is_empty()).count() as u64);
        share(stacks, frames)
    }

    /// The same in a recording by `samply record`.
    pub(crate) fn samply(dir: &Path, program: &[String], frames: u64) -> f64 {
        let file = dir.join("samply.json.gz");
        let mut record = Command::new("samply");
        record.args(["record", "--save-only", "--rate", "997", "-o"]).arg(&file).arg("--").args(program);
        run(record.stdout(Stdio::null()));
        let compressed = std::fs::read(file).expect("samply has written its file");
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(compressed.as_slice()).read_to_end(&mut text).expect("a gzip file");
        let profile = json(&text);
        let threads = profile["threads"].as_array().into_iter().flatten();
        share(threads.flat_map(depths), frames)
    }

    /// Depths of all stacks of a thread of a Firefox profile: samples name a stack, a stack names its prefix.
    fn depths(thread: &Value) -> Vec<u64> {
        let mut depth: Vec<u64> = Vec::new();
        for prefix in thread["stackTable"]["prefix"].as_array().into_iter().flatten() {
            let outer = prefix.as_u64().and_then(|index| depth.get(index as usize)).copied();
            depth.push(outer.unwrap_or(0) + 1);
        }
        let samples = thread["samples"]["stack"].as_array().into_iter().flatten();
        samples.filter_map(|stack| depth.get(stack.as_u64()? as usize).copied()).collect()
    }

    fn share(depths: impl Iterator<Item = u64>, frames: u64) -> f64 {
        let (mut complete, mut all) = (0.0, 0.0);
        for depth in depths {
            all += 1.0;
            complete += f64::from(depth > frames);
        }
        complete / all
    }
}

use std::{
    path::Path,
    process::{Command, Stdio},
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{require::require, scratch, subject};

/// KiB of stack, and the share that must reach the root.
const DEPTHS: [(u64, f64); 5] = [(1, 99.5), (13, 99.5), (37, 99.5), (200, 95.0), (1024, 0.0)];

fn rooted_share(dir: &Path, program: &[String]) -> f64 {
    let table = dir.join("report.json");
    let mut command = hotcold();
    command.args(["profile", "run", "-r", "997", "--no-save", "--json", "--table-to"]).arg(&table).arg("--");
    run(command.args(program).stdout(Stdio::null()));
    number(&json(&std::fs::read(table).expect("hotcold has written its report")), "rooted_share")
}

fn main() {
    let options = Options::from_env();
    let seconds = options.get("--seconds", 3.0_f64).to_string();
    let dir = scratch();
    let (perf, samply) = (require("perf"), require("samply"));
    say("stacks that reach the root, in %  (perf: dwarf,32768; 1,024 KiB has no limit)");
    say("program   KiB   hotcold  limit     perf   samply");
    for source in ["depth.c", "depth.rs", "depth.go"] {
        let Some(program) = subject(source) else { continue };
        for (kib, limit) in DEPTHS {
            let bytes = (kib * 1024).to_string();
            let told = json(&run(Command::new(&program).args([&bytes, "--rounds", "1"])));
            let frames = number(&told, "frames") as u64;
            let words = [program.display().to_string(), bytes, "--seconds".into(), seconds.clone()];
            let hotcold = rooted_share(dir.path(), &words) * 100.0;
            let shown = |share: Option<f64>| share.map_or("-".to_owned(), |s| format!("{:.2}", s * 100.0));
            let perf = shown(perf.then(|| peers::perf(dir.path(), &words, frames)));
            let samply = shown(samply.then(|| peers::samply(dir.path(), &words, frames)));
            let verdict = if hotcold < limit { "  below the limit" } else { "" };
            say(format!("{source:8} {kib:4}  {hotcold:8.2}  {limit:5.1}  {perf:>7}  {samply:>7}{verdict}"));
        }
    }
}
