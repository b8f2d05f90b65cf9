//! From the program's end to its table and flamegraph.
//!
//! `cargo bench --bench finish -- [--seconds 10] [--repeats 5] [--big 'PROGRAM ARG...']`
//!
//! Against `perf script --no-inline | collapse | flamegraph` on a recording of the same work (inferno's own code, run
//! in this process as the pipe delivers), and for `--big`, a program with much debug information, against perf's
//! default look-up of inlined functions too. Ours counts from the program's end; perf's both with and without the time that
//! `perf record` itself takes to end.
//! Limits: at least 10 times faster; 50 times with inlined functions and over 100 MB of debug information; under 0.3 s
//! for 30 s of a Rust release binary with line tables (`--seconds 30`).

mod common;
#[path = "common/recordings.rs"]
mod recordings;
#[path = "common/stats.rs"]
mod stats;

use std::{
    io::BufReader,
    path::Path,
    process::{Command, Stdio},
    time::{Instant, SystemTime},
};

use common::{Options, hotcold, run, say};
use inferno::collapse::Collapse;
use recordings::{require::require, scratch, subject};
use stats::Estimate;

/// What is recorded: `words` is a program and its arguments.
struct Work<'a> {
    words: &'a [String],
    dir: &'a Path,
}

impl Work<'_> {
    /// A shell tells when the program has ended: the modification time of `end`. Recorders follow it into the program.
    fn add_to(&self, command: &mut Command) {
        let end = self.dir.join("end");
        command
            .args(["sh", "-c", r#"end=$1; shift; "$@" >/dev/null; : >"$end""#, "sh"])
            .arg(end)
            .args(self.words);
    }

    /// Seconds from the program's end to hotcold's.
    fn hotcold(&self) -> f64 {
        let mut command = hotcold();
        command.args(["profile", "run", "-r", "997", "-o"]).arg(self.dir.join("hotcold.pb.gz"));
        command.arg("--flamegraph").arg(self.dir.join("hotcold.svg")).arg("--");
        self.add_to(&mut command);
        run(&mut command);
        self.since_the_end()
    }

    fn since_the_end(&self) -> f64 {
        let ended = std::fs::metadata(self.dir.join("end"))
            .and_then(|m| m.modified())
            .expect("the program has ended");
        SystemTime::now().duration_since(ended).map_or(0.0, |d| d.as_secs_f64())
    }

    /// Seconds from the program's end to that of `perf record`.
    fn record_with_perf(&self) -> f64 {
        let mut command = Command::new("perf");
        command
            .args(["record", "-q", "-F", "997", "--call-graph", "dwarf,32768", "-o"])
            .arg(self.perf_data());
        self.add_to(command.arg("--"));
        run(&mut command);
        self.since_the_end()
    }

    fn perf_data(&self) -> std::path::PathBuf {
        self.dir.join("perf.data")
    }

    /// Seconds of perf's and inferno's way from the recording to a flamegraph.
    fn perf(&self, inlines: bool) -> f64 {
        let begin = Instant::now();
        let mut script = Command::new("perf");
        script.arg("script").args((!inlines).then_some("--no-inline")).arg("-i").arg(self.perf_data());
        let mut child =
            script.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("perf script starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut folded = Vec::new();
        inferno::collapse::perf::Folder::default()
            .collapse(stdout, &mut folded)
            .expect("perf's text is understood");
        assert!(child.wait().expect("perf script ends").success());
        let mut options = inferno::flamegraph::Options::default();
        let mut svg = Vec::new();
        inferno::flamegraph::from_reader(&mut options, folded.as_slice(), &mut svg).expect("a flamegraph");
        std::fs::write(self.dir.join("perf.svg"), svg).expect("the flamegraph can be written");
        begin.elapsed().as_secs_f64()
    }

    /// Prints hotcold's seconds, then perf's and how many times as long they are.
    fn compare(&self, title: &str, repeats: usize, pipelines: &[(&str, bool, f64)]) {
        let ours: Vec<f64> = (0..repeats).map(|_| self.hotcold()).collect();
        let hotcold = Estimate::of(&ours);
        say(format!("{title}\n  hotcold, to table, flamegraph and file: {hotcold} s"));
        if !require("perf") {
            return;
        }
        let end = self.record_with_perf();
        say(format!("  perf record, to its own end: {end:.3} s"));
        for &(what, inlines, limit) in pipelines {
            let theirs: Vec<f64> = (0..repeats).map(|_| self.perf(inlines)).collect();
            say(format!("  {what}: {} s", Estimate::of(&theirs)));
            let times = |extra: f64| {
                let ratios: Vec<f64> = theirs.iter().map(|s| (s + extra) / hotcold.median).collect();
                Estimate::of(&ratios)
            };
            say(format!("  times as long as hotcold: {} (limit {limit})", times(0.0)));
            say(format!("  … counted from the program's end as ours is: {}", times(end)));
        }
    }
}

const WITHOUT_INLINES: (&str, bool, f64) = ("perf script --no-inline | inferno", false, 10.0);
const WITH_INLINES: (&str, bool, f64) = ("perf script | inferno", true, 50.0);

fn main() {
    let options = Options::from_env();
    let repeats = options.get("--repeats", 5);
    let seconds = options.get("--seconds", 10.0_f64);
    let dir = scratch();
    for source in ["shares.c", "shares.rs"] {
        let Some(program) = subject(source) else { continue };
        let words = [
            program.display().to_string(),
            "deep".into(),
            "20".into(),
            "--seconds".into(),
            seconds.to_string(),
        ];
        let work = Work { words: &words, dir: dir.path() };
        work.compare(&format!("{source}, {seconds} s"), repeats, &[WITHOUT_INLINES]);
    }
    let big = options.get("--big", String::new());
    let words: Vec<String> = big.split_whitespace().map(str::to_owned).collect();
    if let [program, ..] = &words[..] {
        let size = std::fs::metadata(program).map_or(0, |m| m.len());
        let work = Work { words: &words, dir: dir.path() };
        let title = format!("{big}, a file of {}", hotcold::units::bytes(size));
        work.compare(&title, repeats, &[WITHOUT_INLINES, WITH_INLINES]);
    }
}
