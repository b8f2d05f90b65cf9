//! Recording by ptrace: what it costs the program, and how true it is where threads compete for processors.
//!
//! `cargo bench --bench ptrace -- [--part all] [--pairs 11] [--rounds 20000] [--runs 5] [--seconds 1]`
//!
//! * `slowdown`: the same fixed work alone, at 100 Hz and at 1000 Hz, one after the other and again, so that whatever else the
//!   machine does meets all alike. The program itself tells its wall time. Limits: 1.03 and 1.12 of it alone.
//! * `shares`: eight threads, each with `--seconds` of work, on two processors: z, which is how many standard errors of the
//!   sample count a share is off, of the three functions from what the program knows, and of the system call that reads the
//!   clock, where most threads lose their processor, from its share in a thread that has one of its own. Limit: 3 in each run;
//!   and over all runs the mean z times the square root of their number is itself such a z, and grows where there is a bias.

mod common;
#[path = "common/json.rs"]
mod json;
#[path = "common/recordings.rs"]
mod recordings;
#[path = "common/stats.rs"]
mod stats;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{require::require, scratch, subject};
use serde_json::Value;
use stats::Estimate;

const FUNCTIONS: [&str; 3] = ["hot", "warm", "cool"];
const CLOCK: &str = "clock_gettime";

/// `hotcold profile run` by ptrace.
fn ptrace(rate: &str) -> Command {
    let mut command = hotcold();
    command.args(["profile", "run", "--backend", "ptrace", "-r", rate, "-qq", "--no-save"]);
    command
}

fn slowdown(program: &Path, dir: &Path, pairs: usize, rounds: &str) {
    let truth = dir.join("truth");
    let wall = |mut wrapper: Command| {
        wrapper.args(["deep", "20", "--rounds", rounds, "--truth"]).arg(&truth).stdout(Stdio::null());
        run(&mut wrapper);
        number(&json(&std::fs::read(&truth).expect("the program has told its times")), "wall_s")
    };
    let alone = || wall(Command::new(program));
    let recorded = |rate| {
        let mut command = ptrace(rate);
        command.arg("--table-to").arg(dir.join("table")).arg("--").arg(program);
        wall(command)
    };
    alone(); // once, unmeasured: the program's file and the processor's clock are warm afterwards
    let runs: Vec<[f64; 3]> = (0..pairs).map(|_| [alone(), recorded("100"), recorded("1000")]).collect();
    say(format!("slowdown, {pairs} runs of {:.2} s", runs[0][0]));
    for (column, rate, limit) in [(1, 100, 1.03), (2, 1000, 1.12)] {
        let ratios: Vec<f64> = runs.iter().map(|run| run[column] / run[0]).collect();
        say(format!("  {rate:4} Hz  {} of the program alone (limit {limit})", Estimate::of(&ratios)));
    }
}

/// A recording of `threads` threads on two processors: the report, and what the program knows of itself.
fn record(program: &Path, dir: &Path, threads: &str, seconds: &str) -> (Value, Value) {
    let table = dir.join("report.json");
    let mut command = ptrace("997");
    command.args(["--json", "--limit", "0", "--table-to"]).arg(&table).args(["--", "taskset", "-c", "0,1"]);
    command.arg(program).args(["threads", threads, "--seconds", seconds]);
    let truth = json(&run(command.stdout(Stdio::piped())));
    (json(&std::fs::read(table).expect("hotcold has written its report")), truth)
}

/// Seconds and samples of a function.
fn of(report: &Value, name: &str) -> (f64, f64) {
    let rows = report["functions"].as_array().into_iter().flatten().filter(|row| row["name"] == name);
    let sums = rows.map(|row| (number(row, "tottime_s"), number(row, "samples")));
    sums.fold((0.0, 0.0), |(s, n), (seconds, samples)| (s + seconds, n + samples))
}

/// z of each function's share of all three.
fn known_shares(report: &Value, truth: &Value) -> [f64; 3] {
    let seen = FUNCTIONS.map(|name| of(report, name));
    let known = FUNCTIONS.map(|name| number(truth, &format!("{name}_s")));
    let (seconds, samples) = seen.iter().fold((0.0, 0.0), |(s, n), one| (s + one.0, n + one.1));
    std::array::from_fn(|i| {
        let expected = known[i] / known.iter().sum::<f64>();
        (seen[i].0 / seconds - expected) / (expected * (1.0 - expected) / samples).sqrt()
    })
}

/// z of the clock's share of the whole, beside that of a thread that has a processor of its own.
fn clock_share(crowd: &Value, single: &Value) -> f64 {
    let share = |report| of(report, CLOCK).0 / number(report, "total_s");
    let (n, m) = (number(crowd, "samples"), number(single, "samples"));
    let both = (share(crowd) * n + share(single) * m) / (n + m);
    (share(crowd) - share(single)) / (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt()
}

fn shares(program: &Path, dir: &Path, runs: usize, seconds: &str) {
    let single_s = seconds.parse::<f64>().expect("a number") * 4.0;
    let all: Vec<[f64; 4]> = (0..runs)
        .map(|_| {
            let (single, _) = record(program, dir, "1", &single_s.to_string());
            let (crowd, truth) = record(program, dir, "8", seconds);
            let [hot, warm, cool] = known_shares(&crowd, &truth);
            [hot, warm, cool, clock_share(&crowd, &single)]
        })
        .collect();
    say(format!("8 threads on 2 processors, {runs} runs: mean z times sqrt(runs), largest |z| (limit 3)"));
    for (i, name) in FUNCTIONS.into_iter().chain([CLOCK]).enumerate() {
        let mean = all.iter().map(|z| z[i]).sum::<f64>() / runs as f64;
        let worst = all.iter().map(|z| z[i].abs()).fold(0.0, f64::max);
        say(format!("  {name:13}  {:+.2}  {worst:.2}", mean * (runs as f64).sqrt()));
    }
}

fn main() {
    let options = Options::from_env();
    let part = options.get("--part", "all".to_owned());
    let Some(program) = subject("shares.c") else { return };
    let dir = scratch();
    if part != "shares" {
        let rounds = options.get("--rounds", 20_000_u64).to_string();
        slowdown(&program, dir.path(), options.get("--pairs", 11_usize), &rounds);
    }
    if part != "slowdown" && require("taskset") {
        let seconds = options.get("--seconds", 1.0_f64).to_string();
        shares(&program, dir.path(), options.get("--runs", 5_usize), &seconds);
    }
}
