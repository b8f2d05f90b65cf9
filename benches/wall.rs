//! `--wall`: what it costs, and how true it is.
//!
//! `cargo bench --bench wall -- [--part all] [--pairs 9] [--rounds 20000] [--runs 3] [--seconds 5]`
//!
//! * `slowdown`: the same fixed work recorded without and with `--wall`, one after the other and again; the program itself tells
//!   its wall time. Limit: 1.02.
//! * `idle`: hotcold's own CPU time at 99 Hz while 64 threads of the program wait. Limit: 10 % of a core.
//! * `truth`: a program that measures how long it sleeps, waits for a lock and reads. Limit: 2 % off.
//!
//! All with perf events and by ptrace.

mod common;
#[path = "common/json.rs"]
mod json;
#[path = "common/recordings.rs"]
mod recordings;
#[path = "common/stats.rs"]
mod stats;
#[path = "common/usage.rs"]
mod usage;

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{scratch, subject};
use stats::Estimate;

const BACKENDS: [&str; 2] = ["perf", "ptrace"];

/// `hotcold profile run`.
fn record(backend: &str, flags: &[&str]) -> Command {
    let mut command = hotcold();
    command.args(["profile", "run", "--backend", backend, "-qq", "--no-save"]).args(flags);
    command
}

fn slowdown(dir: &Path, pairs: usize, rounds: &str) {
    let Some(program) = subject("shares.c") else { return };
    let truth = dir.join("truth");
    for backend in BACKENDS {
        let wall = |flags: &[&str]| {
            let mut command = record(backend, flags);
            command.arg("--table-to").arg(dir.join("table")).arg("--").arg(&program);
            command.args(["deep", "20", "--rounds", rounds, "--truth"]).arg(&truth).stdout(Stdio::null());
            run(&mut command);
            number(&json(&fs::read(&truth).expect("the program has told its times")), "wall_s")
        };
        wall(&[]); // once, unmeasured
        let ratios: Vec<f64> = (0..pairs)
            .map(|_| {
                let without = wall(&[]);
                wall(&["--wall"]) / without
            })
            .collect();
        say(format!("slowdown by --wall, {backend:6}  {} (limit 1.02)", Estimate::of(&ratios)));
    }
}

fn idle(dir: &Path, seconds: f64) {
    let Some(program) = subject("waits.c") else { return };
    for backend in BACKENDS {
        let told = dir.join(format!("told-{backend}"));
        let mut command = record(backend, &["--wall", "-r", "99"]);
        command.arg("--table-to").arg(dir.join("table")).arg("--").arg(&program);
        command.args(["idle", "64", &seconds.to_string()]).stderr(Stdio::null());
        let mut child = command.stdout(File::create(&told).expect("a file")).spawn().expect("hotcold starts");
        let used = usage::watch(&mut child, &told);
        let percent = used.cpu_s / seconds * 100.0;
        let mib = used.peak_kib as f64 / 1024.0;
        say(format!(
            "64 idle threads at 99 Hz, {backend:6}  {percent:.2} % of a core (limit 10), peak memory {mib:.1} MiB"
        ));
    }
}

fn truth(dir: &Path, runs: usize, seconds: &str) {
    let Some(program) = subject("waits.c") else { return };
    for backend in BACKENDS {
        let mut worst = [0.0_f64; 3];
        for _ in 0..runs {
            let table = dir.join("report.json");
            let mut command = record(backend, &["--wall", "--limit", "0", "--json", "--table-to"]);
            command.arg(&table).arg("--").arg(&program).args(["known", seconds]).stdout(Stdio::piped());
            let known = json(&run(&mut command));
            let report = json(&fs::read(table).expect("hotcold has written its report"));
            let rows = report["functions"].as_array().expect("functions");
            for (worst, (function, name)) in worst.iter_mut().zip(FUNCTIONS) {
                let row = rows.iter().find(|row| row["name"] == function).expect("it has waited");
                let off = (number(row, "cumwait_s") / number(&known, name) - 1.0) * 100.0;
                *worst = if off.abs() > worst.abs() { off } else { *worst };
            }
        }
        let [sleep, lock, read] = worst;
        say(format!(
            "waiting off by at most, {backend:6}  sleep {sleep:+.2} %, lock {lock:+.2} %, read {read:+.2} % (limit 2), {runs} runs"
        ));
    }
}

const FUNCTIONS: [(&str, &str); 3] = [("sleeps", "sleep_s"), ("locks", "lock_s"), ("reads", "read_s")];

fn main() {
    let options = Options::from_env();
    let part = options.get("--part", "all".to_owned());
    let is = |name: &str| part == "all" || part == name;
    let seconds = options.get("--seconds", 5.0_f64);
    let dir = scratch();
    if is("slowdown") {
        let rounds = options.get("--rounds", 20_000_u64).to_string();
        slowdown(dir.path(), options.get("--pairs", 9_usize), &rounds);
    }
    if is("idle") {
        idle(dir.path(), seconds);
    }
    if is("truth") {
        truth(dir.path(), options.get("--runs", 3_usize), &seconds.to_string());
    }
}
