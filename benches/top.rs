//! What the live view costs beyond the recording.
//!
//! `cargo bench --bench top -- [--seconds 10] [--repeats 2]`
//!
//! A busy program is recorded by `profile attach`, and watched by `profile top` on a terminal of 120 by 40, in turn; both are measured
//! once they have settled. Limit: 4 % of a core more.

// Helpers of tests are here for more than one bench needs.
#[allow(dead_code)]
mod common;
#[path = "../tests/support/fixture.rs"]
mod fixture;
#[allow(dead_code)]
#[path = "../tests/support/process.rs"]
mod process;
#[path = "../tests/support/pythons.rs"]
mod pythons;
#[path = "../tests/support/require.rs"]
mod require;
#[allow(dead_code)]
#[path = "../tests/support/terminal.rs"]
mod terminal;

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{Options, hotcold, say};
use require::require_perf;
use terminal::Terminal;

/// By then the program is named and stacks are as long as they need to be.
const SETTLE: Duration = Duration::from_secs(4);

fn main() {
    let options = Options::from_env();
    let seconds = options.get("--seconds", 10_u64);
    let repeats = options.get("--repeats", 2_usize);
    if !require_perf() {
        return;
    }
    for (name, program) in programs() {
        for backend in ["perf", "ptrace"] {
            let mut more = Vec::new();
            for _ in 0..repeats {
                let mut child = start(&program);
                let alone = attached(child.id(), backend, seconds);
                let watched = watched(child.id(), backend, seconds);
                more.push((alone, watched));
                child.kill().expect("it runs");
                child.wait().expect("a child");
            }
            let percent =
                |part: fn(&(f64, f64)) -> f64| more.iter().map(part).sum::<f64>() / more.len() as f64 * 100.0;
            let (alone, watched) = (percent(|m| m.0), percent(|m| m.1));
            say(format!(
                "{name}, {backend}: attach {alone:.2} % of a core, top {watched:.2} %, {:.2} more (limit 4)",
                watched - alone
            ));
        }
    }
}

/// Busy programs that go on for longer than they are looked at.
fn programs() -> Vec<(&'static str, Vec<String>)> {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let mut programs = Vec::new();
    if let Some(shares) = fixture::fixture("shares.c") {
        programs.push(("C", [vec![text(&shares)], words(&["plain", "--seconds", "600"])].concat()));
        programs.push((
            "C, 8 threads",
            [vec![text(&shares)], words(&["threads", "8", "--seconds", "600"])].concat(),
        ));
    }
    if let Some(python) = pythons::interpreters().pop() {
        let script = text(&pythons::fixture("work.py"));
        programs.push(("Python", vec![text(&python), script, "encode".to_owned(), "600".to_owned()]));
    }
    programs
}

fn start(words: &[String]) -> Child {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

fn attached(pid: u32, backend: &str, seconds: u64) -> f64 {
    let mut command = hotcold();
    command.args(["profile", "attach", "-qq", "--no-save", "--backend", backend, "-p", &pid.to_string()]);
    let mut child = command.stdout(Stdio::null()).spawn().expect("hotcold starts");
    let share = cpu_share(child.id(), seconds);
    process::send(child.id(), rustix::process::Signal::INT);
    assert!(child.wait().expect("a child").success());
    share
}

fn watched(pid: u32, backend: &str, seconds: u64) -> f64 {
    let mut command = hotcold();
    command.args(["profile", "top", "--backend", backend, "-p", &pid.to_string()]);
    let mut terminal = Terminal::spawn(&mut command, 120, 40);
    terminal.wait_for("tottime");
    let share = cpu_share(terminal.pid(), seconds);
    terminal.press(b"q");
    assert!(terminal.finish().0.success());
    share
}

/// CPU time over elapsed time of a process, threads that have ended included.
fn cpu_share(pid: u32, seconds: u64) -> f64 {
    thread::sleep(SETTLE);
    let (before, start) = (cpu_ticks(pid), Instant::now());
    thread::sleep(Duration::from_secs(seconds));
    let ticks = cpu_ticks(pid) - before;
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64 / start.elapsed().as_secs_f64()
}

fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("hotcold runs");
    let rest = stat.rsplit_once(')').expect("a name in parentheses").1;
    rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
}
