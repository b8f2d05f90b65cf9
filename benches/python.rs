//! Python programs: what recording costs beside other profilers, and whether it says the truth.
//!
//! `cargo bench --bench python -- [--part all] [--pairs 7] [--rounds 150000] [--seconds 3]`
//!
//! * `slowdown`: a fixed amount of pure Python work alone, under hotcold at 997 Hz, py-spy at 1000 Hz (stopping the program,
//!   and not), cProfile, and the sampling profiler of Python 3.15 where there is one; in turn, so that whatever else the
//!   machine does meets all alike. Limit for hotcold: 1.06; for its rate: 95 % of the asked one.
//! * `cost`: hotcold's own CPU time for each busy Python thread. Limit: 8 % of a core.
//! * `shares`: for each interpreter, the largest difference from known shares, in percentage points. Limit: 3 at 2000 samples.
//! * `names`: for each interpreter with symbols, the samples that name another function than the one whose native part they
//!   have. Limit: 1 %.
//! * `aligned`: for each interpreter, samples whose Python and native frames went together, by kind of work. Limit: 90 %.

mod common;
#[path = "../tests/support/environment.rs"]
mod environment;
#[path = "common/json.rs"]
mod json;
#[path = "../tests/support/pythons.rs"]
mod pythons;
#[path = "../tests/support/require.rs"]
mod require;
#[path = "common/stats.rs"]
mod stats;
#[path = "common/usage.rs"]
mod usage;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use pythons::{fixture, interpreters};
use require::{require, require_perf};
use serde_json::Value;
use stats::Estimate;

/// The report of a recording of `python SCRIPT ARGS`, and what that printed.
fn report(dir: &Path, flags: &[&str], python: &Path, script: &str, args: &[&str]) -> (Value, String) {
    let table = dir.join("report.json");
    let mut command = hotcold();
    command.args(["profile", "run", "-r", "997", "-qq", "--no-save", "--limit", "0", "--json", "--table-to"]);
    command.arg(&table).args(flags).arg("--").arg(python).arg(fixture(script)).args(args);
    let printed = run(command.stdout(Stdio::piped()));
    (json(&std::fs::read(table).expect("hotcold has written its report")), text(&printed))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn rows<'a>(report: &'a Value, name: &str) -> &'a [Value] {
    report[name].as_array().map_or(&[], Vec::as_slice)
}

/// `3.12` of an interpreter.
fn version(python: &Path) -> String {
    let ask = "import sys; print('%d.%d' % sys.version_info[:2])";
    text(&run(Command::new(python).args(["-c", ask]))).trim().to_owned()
}

/// A profiler that runs the work by itself: its name, and its command before the script.
type Wrapper = (&'static str, Vec<PathBuf>);

fn wrappers(python: &Path, dir: &Path) -> Vec<Wrapper> {
    let path = |text: &str| PathBuf::from(text);
    let mut all = vec![("alone", vec![python.to_owned()])];
    let recorder = path(env!("CARGO_BIN_EXE_hotcold"));
    let mut words: Vec<PathBuf> = ["profile", "run", "-r", "997", "-qq", "--table-to"].map(path).into();
    words.insert(0, recorder);
    words.extend([dir.join("slow.json"), path("--json"), path("--no-save"), path("--"), python.to_owned()]);
    all.push(("hotcold", words));
    match environment::environment("py-spy-0.4.3", &["py-spy==0.4.3"]) {
        None => say("skipped: py-spy cannot be installed"),
        Some(environment) => {
            let program = environment.with_file_name("py-spy");
            for (name, how) in [("py-spy", None), ("py-spy --nonblocking", Some("--nonblocking"))] {
                let mut words: Vec<PathBuf> = ["record", "-r", "1000", "-f", "raw", "-o"].map(path).into();
                words.insert(0, program.clone());
                words.push(dir.join("spy.raw"));
                words.extend(how.map(path));
                words.extend([path("--"), python.to_owned()]);
                all.push((name, words));
            }
        }
    }
    let profile = dir.join("c.prof");
    all.push(("cProfile", [python.to_owned(), path("-m"), path("cProfile"), path("-o"), profile].into()));
    if version(python) == "3.15" {
        let words = ["-m", "profiling.sampling", "run", "-r", "1khz", "--binary", "-o"].map(path);
        let own = std::iter::once(python.to_owned()).chain(words).chain([dir.join("own.bin")]);
        all.push(("profiling.sampling", own.collect()));
    }
    all
}

/// CPU and wall seconds that the work took under a profiler; `None` where that fails.
fn times(wrapper: &[PathBuf], rounds: &str, dir: &Path) -> Option<(f64, f64)> {
    let truth = dir.join("truth.json");
    let _ = std::fs::remove_file(&truth);
    let (program, rest) = wrapper.split_first()?;
    let mut command = Command::new(program);
    command.args(rest).arg(fixture("fixed.py")).arg(rounds).arg(&truth);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    let told = json(&std::fs::read(truth).ok()?);
    Some((number(&told, "cpu_s"), number(&told, "wall_s")))
}

fn slowdown(python: &Path, options: &Options, dir: &Path) {
    let rounds = options.get("--rounds", 150_000_u64).to_string();
    let pairs = options.get("--pairs", 7_usize);
    let wrappers = wrappers(python, dir);
    let mut runs: Vec<Vec<Option<(f64, f64)>>> = vec![Vec::new(); wrappers.len()];
    let mut rates = Vec::new();
    times(&wrappers[0].1, &rounds, dir); // once, unmeasured
    for _ in 0..pairs {
        for ((name, wrapper), runs) in wrappers.iter().zip(&mut runs) {
            runs.push(times(wrapper, &rounds, dir));
            if *name == "hotcold" {
                let report = json(&std::fs::read(dir.join("slow.json")).expect("a report"));
                rates.push(number(&report, "rate_got_hz") / 997.0);
            }
        }
    }
    let alone = runs.first().cloned().unwrap_or_default();
    let seconds = alone.iter().flatten().map(|run| run.0).sum::<f64>() / pairs as f64;
    say(format!("slowdown of {seconds:.2} s of pure Python {}, {pairs} runs: wall; cpu", version(python)));
    for ((name, _), runs) in wrappers.iter().zip(&runs).skip(1) {
        let ratios = |of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
            let pairs = runs.iter().zip(&alone);
            pairs.filter_map(|(run, alone)| Some(of(run.as_ref()?) / of(alone.as_ref()?))).collect()
        };
        let (cpu, wall) = (ratios(|t| t.0), ratios(|t| t.1));
        if cpu.is_empty() {
            say(format!("  {name:21} failed"));
        } else {
            say(format!("  {name:21} {}; {}", Estimate::of(&wall), Estimate::of(&cpu)));
        }
    }
    say(format!("  rate got of the asked one {} (limit 0.95)", Estimate::of(&rates)));
}

fn cost(python: &Path, options: &Options, dir: &Path) {
    let rounds = (options.get("--rounds", 150_000_u64) * 3).to_string();
    let truth = dir.join("truth");
    let mut command = hotcold();
    command.args(["profile", "run", "-r", "997", "-qq", "--no-save", "--"]).arg(python);
    command.arg(fixture("fixed.py")).arg(rounds).arg(&truth);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("hotcold starts");
    let used = usage::watch(&mut child, &truth);
    let busy = number(&json(&std::fs::read(truth).expect("the program has told its times")), "cpu_s");
    say(format!(
        "own CPU {:.2} % of a core for a busy thread of Python {} over {busy:.1} s (limit 8), peak memory {:.0} MiB",
        used.cpu_s / busy * 100.0,
        version(python),
        used.peak_kib as f64 / 1024.0
    ));
}

fn shares(python: &Path, seconds: &str, dir: &Path) {
    let (report, told) = report(dir, &[], python, "shares.py", &[seconds]);
    let truth: Vec<(&str, f64)> = told
        .split_whitespace()
        .filter_map(|part| part.split_once('='))
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect();
    let known: f64 = truth.iter().map(|(_, seconds)| seconds).sum();
    let seen = |name: &str| -> f64 {
        let ours =
            |row: &&Value| row["name"].as_str().is_some_and(|full| full.rsplit('.').next() == Some(name));
        rows(&report, "functions").iter().filter(ours).map(|row| number(row, "cumtime_s")).sum()
    };
    let all: f64 = truth.iter().map(|(name, _)| seen(name)).sum();
    let worst = truth.iter().map(|(name, s)| (seen(name) / all - s / known).abs()).fold(0.0, f64::max);
    say(format!(
        "shares {:5} {:.1} points off at {} samples",
        version(python),
        worst * 100.0,
        number(&report, "samples")
    ));
}

/// Functions of `short.py` and the interpreter's functions that only they call, over all versions.
const NATIVE: [(&str, &[&str]); 6] = [
    ("multiply", &["long_mul", "k_mul", "x_mul", "_PyLong_Multiply"]),
    ("divide", &["long_mod", "l_mod", "l_divmod", "x_divrem", "long_rem"]),
    ("join", &["PyUnicode_Join", "unicode_join", "_PyUnicode_JoinArray"]),
    ("sort", &["list_sort", "list_sort_impl", "binarysort", "builtin_sorted"]),
    ("split", &["unicode_split", "unicode_split_impl", "PyUnicode_Split", "split"]),
    ("count", &["dict_fromkeys", "_PyDict_FromKeys"]),
];

fn names(python: &Path, seconds: &str, dir: &Path) {
    let (report, _) = report(dir, &["--tree", "--min-percent", "0"], python, "short.py", &[seconds]);
    let calls = rows(&report, "tree");
    let (mut checked, mut wrong) = (0.0, 0.0);
    for call in calls.iter().filter(|call| number(call, "samples") > 0.0) {
        let outer = |call: &&Value| call["parent"].as_u64().and_then(|parent| calls.get(parent as usize));
        let stack: Vec<&Value> = std::iter::successors(Some(call), outer).collect();
        let bare = |call: &Value| {
            call["name"].as_str().and_then(|name| name.split('.').next()).unwrap_or("").to_owned()
        };
        let must = stack.iter().find_map(|call| {
            let native = call["module"].as_str().is_some_and(|module| module.starts_with('/'));
            NATIVE
                .iter()
                .find(|(_, natives)| native && natives.contains(&bare(call).as_str()))
                .map(|(name, _)| *name)
        });
        let ours = |call: &&&Value| call["file"].as_str().is_some_and(|file| file.ends_with("/short.py"));
        if let Some((must, is)) = must.zip(stack.iter().find(ours)) {
            checked += number(call, "samples");
            wrong += if bare(is) == must { 0.0 } else { number(call, "samples") };
        }
    }
    if checked == 0.0 {
        return say(format!("names  {:5} not known: the interpreter has no symbols", version(python)));
    }
    say(format!(
        "names  {:5} {:.2} % wrong of {checked} samples (limit 1)",
        version(python),
        wrong / checked * 100.0
    ));
}

fn aligned(python: &Path, seconds: &str, dir: &Path) {
    let with_numpy = Command::new(python).args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    let mut kinds = vec!["loop", "encode", "query", "expressions", "recurse", "threads"];
    kinds.extend(with_numpy.is_ok_and(|status| status.success()).then_some("arrays"));
    let shares: Vec<String> = kinds
        .into_iter()
        .map(|kind| {
            let (report, _) = report(dir, &[], python, "work.py", &[kind, seconds]);
            let share = 1.0 - number(&report, "approx_python") / number(&report, "samples");
            format!("{kind} {:.1}", share * 100.0)
        })
        .collect();
    say(format!("aligned {:5} % {}", version(python), shares.join(", ")));
}

fn main() {
    let options = Options::from_env();
    let pythons = interpreters();
    let Some(newest) = pythons.last().filter(|_| require("python3") && require_perf()) else { return };
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made");
    let part = options.get("--part", "all".to_owned());
    let seconds = options.get("--seconds", 3.0_f64).to_string();
    let wants = |name: &str| part == "all" || part == name;
    // A shell script that starts an interpreter is none that py-spy can start.
    let binary = |python: &&PathBuf| std::fs::read(python).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF"));
    let binary = pythons.iter().rev().find(binary).unwrap_or(newest);
    if wants("slowdown") {
        slowdown(binary, &options, dir.path());
        if binary != newest {
            slowdown(newest, &options, dir.path());
        }
    }
    if wants("cost") {
        cost(binary, &options, dir.path());
    }
    // Few interpreters have it by themselves.
    let numpy = environment::environment("numpy", &["numpy"]).filter(|_| wants("aligned"));
    for python in pythons.iter().chain(&numpy) {
        let is_numpy = numpy.as_ref() == Some(python);
        for (name, measure) in
            [("shares", shares as fn(&Path, &str, &Path)), ("names", names), ("aligned", aligned)]
        {
            if wants(name) && (!is_numpy || name == "aligned") {
                measure(python, &seconds, dir.path());
            }
        }
    }
}
