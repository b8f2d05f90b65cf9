//! hotcold's own CPU time while recording, and its memory over time.
//!
//! `cargo bench --bench cost -- [--seconds 10,120] [--busy 0]`     (busy threads; 0: one for each CPU)
//!
//! Both are read from `/proc` while the program runs, so that the work after its end does not count.
//! Limits: 4 % of a core for each busy core; memory the same after 10 s and after 120 s.

mod common;
#[path = "common/json.rs"]
mod json;
#[path = "common/recordings.rs"]
mod recordings;
#[path = "common/usage.rs"]
mod usage;

use std::{
    fs,
    process::{Command, Stdio},
    thread,
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{scratch, subject};
use usage::watch;

fn main() {
    let options = Options::from_env();
    let Some(program) = subject("shares.c") else { return };
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let busy = match options.get("--busy", 0_usize) {
        0 => cpus,
        threads => threads,
    };
    let dir = scratch();
    let mut first = None;
    run(Command::new(&program).args(["--rounds", "100"])); // its file is warm afterwards
    for (i, seconds) in options.get("--seconds", "10,120".to_owned()).split(',').enumerate() {
        let truth = dir.path().join(format!("truth{i}"));
        let mut command = hotcold();
        command.args(["profile", "run", "-r", "997", "--no-save", "--"]).arg(&program);
        command.args(["threads", &busy.to_string(), "--seconds", seconds, "--truth"]).arg(&truth);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("hotcold starts");
        let used = watch(&mut child, &truth);
        let told = json(&fs::read(&truth).expect("the program has told its times"));
        let percent = used.cpu_s / number(&told, "cpu_s") * 100.0;
        let ratio = used.peak_kib as f64 / *first.get_or_insert(used.peak_kib) as f64;
        say(format!(
            "{seconds} s, {busy} busy threads on {cpus} CPUs: own CPU {percent:.2} % of a core for each busy core \
             (limit 4), peak memory {:.1} MiB, {ratio:.2} of the first",
            used.peak_kib as f64 / 1024.0
        ));
    }
}
