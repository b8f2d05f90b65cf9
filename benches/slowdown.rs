//! How much slower a CPU-bound program runs while it is recorded.
//!
//! `cargo bench --bench slowdown -- [--pairs 15] [--rounds 20000]`
//!
//! The same fixed work alone, under hotcold and under `perf record`, one after the other and again, so that whatever
//! else the machine does meets all three alike. The program itself tells its CPU and wall time.
//! Limit: at most 2 points over `perf record`; target: at most 3 % in all.

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
use stats::Estimate;

const RATE: &str = "997";

/// CPU and wall seconds of one run.
#[derive(Clone, Copy)]
struct Times {
    cpu: f64,
    wall: f64,
}

struct Bench<'a> {
    program: &'a Path,
    rounds: String,
    dir: &'a Path,
}

impl Bench<'_> {
    /// Runs the program by `wrapper` (the last arguments name the program) and reads what it told.
    fn times(&self, mut wrapper: Command) -> Times {
        let truth = self.dir.join("truth");
        wrapper.args(["deep", "20", "--rounds", &self.rounds, "--truth"]).arg(&truth).stdout(Stdio::null());
        run(&mut wrapper);
        let told = json(&std::fs::read(truth).expect("the program has told its times"));
        Times { cpu: number(&told, "cpu_s"), wall: number(&told, "wall_s") }
    }

    fn alone(&self) -> Times {
        self.times(Command::new(self.program))
    }

    fn under_hotcold(&self) -> Times {
        let mut command = hotcold();
        command.args(["profile", "run", "-r", RATE, "--no-save", "--"]).arg(self.program);
        self.times(command)
    }

    fn under_perf(&self) -> Times {
        let mut command = Command::new("perf");
        command.args(["record", "-q", "-F", RATE, "--call-graph", "dwarf,32768", "-o"]);
        command.arg(self.dir.join("perf.data")).arg("--").arg(self.program);
        self.times(command)
    }
}

/// The median of ratios as what it adds, in per cent.
fn overhead(ratios: &[f64]) -> String {
    let Estimate { median, low, high } = Estimate::of(ratios);
    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
    format!("{:+.2} % (95 %: {:+.2} to {:+.2})", percent(median), percent(low), percent(high))
}

fn main() {
    let options = Options::from_env();
    let Some(program) = subject("shares.c") else { return };
    let dir = scratch();
    let rounds = options.get("--rounds", 20_000_u64).to_string();
    let bench = Bench { program: &program, rounds, dir: dir.path() };
    let with_perf = require("perf");

    let pairs = options.get("--pairs", 15_usize);
    let mut runs = Vec::new();
    bench.alone(); // once, unmeasured: the program's file and the processor's clock are warm afterwards
    for _ in 0..pairs {
        runs.push((bench.alone(), bench.under_hotcold(), with_perf.then(|| bench.under_perf())));
    }

    say(format!("slowdown at {RATE} Hz, {pairs} runs of {:.2} s of CPU time", runs[0].0.cpu));
    for (what, of) in [("cpu", (|t| t.cpu) as fn(&Times) -> f64), ("wall", |t| t.wall)] {
        let ratios: Vec<f64> = runs.iter().map(|(alone, hot, _)| of(hot) / of(alone)).collect();
        say(format!("  {what:4} hotcold              {}", overhead(&ratios)));
        let perf: Option<Vec<f64>> =
            runs.iter().map(|(alone, _, perf)| Some(of(perf.as_ref()?) / of(alone))).collect();
        let Some(perf) = perf else { continue };
        say(format!("  {what:4} perf record          {}", overhead(&perf)));
        let points: Vec<f64> = ratios.iter().zip(&perf).map(|(hot, perf)| 1.0 + hot - perf).collect();
        say(format!("  {what:4} hotcold over perf    {} (limit +2)", overhead(&points)));
    }
}
