//! Whether sampled shares are right and unbiased, against programs that know theirs.
//!
//! `cargo bench --bench shares -- [--runs 10] [--seconds 3] [--only shares.go]`
//!
//! z is how many standard errors of the sample count a share is off. One run: |z| within 3. Over all runs the mean z
//! times the square root of their number is itself such a z, and it grows without end where there is a bias.

mod common;
#[path = "common/json.rs"]
mod json;
#[path = "common/recordings.rs"]
mod recordings;

use std::{path::Path, process::Stdio};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{scratch, subject};
use serde_json::Value;

const FUNCTIONS: [&str; 3] = ["hot", "warm", "cool"];

/// z of each function's share in one run.
fn one_run(dir: &Path, program: &Path, mode: &[&str], seconds: &str) -> [f64; 3] {
    let table = dir.join("report.json");
    let mut command = hotcold();
    command.args(["profile", "run", "-r", "997", "--no-save", "--json", "--limit", "1000", "--table-to"]);
    command.arg(&table).arg("--").arg(program).args(mode).args(["--seconds", seconds]);
    let truth = json(&run(command.stdout(Stdio::piped())));
    let report = json(&std::fs::read(table).expect("hotcold has written its report"));

    let sampled = FUNCTIONS.map(|name| samples(&report, name));
    let known = FUNCTIONS.map(|name| number(&truth, &format!("{name}_s")));
    let (samples, seconds) = (sampled.iter().sum::<f64>(), known.iter().sum::<f64>());
    assert!(samples > 0.0, "no samples in {FUNCTIONS:?}: {report}");
    std::array::from_fn(|i| {
        let (got, expected) = (sampled[i] / samples, known[i] / seconds);
        (got - expected) / (expected * (1.0 - expected) / samples).sqrt()
    })
}

/// Samples of the functions whose name ends in `name`: `hot`, `main.hot` (Go), `shares::hot` (Rust).
fn samples(report: &Value, name: &str) -> f64 {
    let functions = report["functions"].as_array().into_iter().flatten();
    let ours = |function: &&Value| {
        let full = function["name"].as_str().unwrap_or("");
        full.rsplit(['.', ':']).next() == Some(name)
    };
    functions.filter(ours).map(|function| number(function, "samples")).sum()
}

fn main() {
    let options = Options::from_env();
    let runs = options.get("--runs", 10_usize);
    let seconds = options.get("--seconds", 3.0_f64).to_string();
    let only = options.get("--only", String::new());
    let dir = scratch();
    say(format!(
        "z of hot, warm, cool over {runs} runs of {seconds} s: mean z times sqrt(runs), largest |z| of a run"
    ));
    for source in ["shares.c", "shares.rs", "shares.go"] {
        if !only.is_empty() && only != source {
            continue;
        }
        let Some(program) = subject(source) else { continue };
        for mode in [&["plain"][..], &["deep", "100"], &["threads", "2"]] {
            let all: Vec<[f64; 3]> =
                (0..runs).map(|_| one_run(dir.path(), &program, mode, &seconds)).collect();
            let columns: Vec<String> = (0..FUNCTIONS.len())
                .map(|i| {
                    let mean = all.iter().map(|z| z[i]).sum::<f64>() / runs as f64;
                    let worst = all.iter().map(|z| z[i].abs()).fold(0.0, f64::max);
                    format!("{} {:+.2}, {worst:.2}", FUNCTIONS[i], mean * (runs as f64).sqrt())
                })
                .collect();
            say(format!("{source:9} {:11}  {}", mode.join(" "), columns.join("   ")));
        }
    }
}
