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

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use common::{Options, hotcold, run, say};
use json::{json, number};
use recordings::{scratch, subject};

/// What a process has used so far.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu_s: f64,
    peak_kib: u64,
}

/// CPU time of all threads in nanoseconds' resolution, and peak resident memory; `None` where the process is gone.
fn usage(pid: u32) -> Option<Usage> {
    let proc = Path::new("/proc").join(pid.to_string());
    let mut ns = 0;
    for thread in fs::read_dir(proc.join("task")).ok()?.flatten() {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        ns += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    let status = fs::read_to_string(proc.join("status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(Usage { cpu_s: ns as f64 * 1e-9, peak_kib: peak.split_whitespace().next()?.parse().ok()? })
}

/// The last reading before the program has told its times, which is its end.
fn watch(child: &mut Child, truth: &Path) -> Usage {
    let mut last = Usage::default();
    while child.try_wait().expect("a child").is_none() {
        let now = usage(child.id());
        if fs::metadata(truth).is_ok_and(|m| m.len() > 0) {
            break;
        }
        last = now.unwrap_or(last);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().expect("a child").success(), "hotcold failed");
    last
}

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
