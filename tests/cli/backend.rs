//! What records where perf events are refused, and that it does the program no harm.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    backend::{Way, without_perf},
    command,
    fixture::fixture,
    process::{children, is_alive, send, state, status, wait_until},
    require::{met, require},
    scratch,
};

/// An unprivileged user that every system has.
const NOBODY: u32 = 65534;

/// `hotcold profile ARGS`.
fn profile(args: &[&str]) -> Command {
    let mut command = command();
    command.args(["profile"]).args(args);
    command
}

/// A busy program, ended when it is dropped.
struct Busy(Child);

impl Busy {
    fn start(program: &mut Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Whether no thread is traced or stands still, and one or more run.
    fn runs_untouched(&self) -> bool {
        let threads = threads(self.pid());
        let state = |tid: u32| state(tid).unwrap_or('X');
        threads.iter().all(|&tid| status(tid, "TracerPid").is_some_and(|pid| pid == "0"))
            && threads.iter().all(|&tid| !matches!(state(tid), 'T' | 't'))
            && threads.iter().any(|&tid| state(tid) == 'R')
    }
}

/// Ids of the threads of a process.
fn threads(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| task.file_name().to_str()?.parse().ok()).collect()
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in children(self.0.id()) {
            send(child, Signal::KILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command; its code, standard output and standard error.
fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A program as an unprivileged user may run it: below a directory that is open to all.
fn open_to_all(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mut dirs = program.ancestors();
    let open = dirs.all(|path| path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0));
    met(open, "a build directory that every user may enter")
}

#[test]
fn the_header_names_the_backend_and_why() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let behave = behave.to_str().unwrap();
    for (flags, reason) in [
        (&[][..], "perf events are blocked"),
        (&["--errno", "13"], "perf events are not allowed"),
        (&["--errno", "38"], "the kernel has no perf events"),
    ] {
        let mut run =
            without_perf(flags, &profile(&["run", "--no-save", "--", behave, "cpu", "0.1"])).unwrap();
        let (code, _, error) = output(&mut run);
        assert_eq!(code, Some(0), "{error}");
        assert!(error.contains(&format!(" by ptrace ({reason}), cpu clock")), "{error}");
        assert!(error.contains("burn"), "{error}");
    }
}

#[test]
fn a_backend_can_be_forced_and_its_refusal_is_told() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let behave = behave.to_str().unwrap();
    let run =
        |backend: &str| profile(&["run", "--no-save", "--backend", backend, "--", behave, "cpu", "0.1"]);
    let (code, _, error) = output(&mut run("ptrace"));
    assert_eq!(code, Some(0), "{error}");
    assert!(error.contains(" by ptrace, cpu clock"), "{error}");

    let (code, _, error) = output(&mut without_perf(&[], &run("perf")).unwrap());
    assert_eq!(code, Some(125));
    assert!(error.contains("perf events are blocked") && error.contains("hotcold doctor"), "{error}");

    let (code, _, error) = output(&mut without_perf(&["--no-ptrace"], &run("auto")).unwrap());
    assert_eq!(code, Some(125));
    let message = format!(
        "error: cannot record `{behave}`: perf events are blocked, as they are in most containers; ptrace is blocked\n"
    );
    assert!(error.starts_with(&message), "{error}");
    assert_eq!(error.lines().count(), 3, "{error}");

    let all =
        profile(&["run", "--no-save", "--backend", "ptrace", "--system-wide", "--", behave, "exit", "0"]);
    let (code, _, error) = output(&mut { all });
    assert_eq!(code, Some(125));
    assert!(error.contains("only perf events can watch all processors"), "{error}");
}

#[test]
fn the_doctor_shows_what_is_left() {
    if !Way::Ptrace.works() {
        return;
    }
    let mut doctor = command();
    doctor.args(["doctor", "--json"]);
    let (code, out, _) = output(&mut without_perf(&[], &doctor).unwrap());
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!((&document["backend"], &document["can_profile"]), (&"ptrace".into(), &true.into()));
    let (code, out, _) = output(&mut without_perf(&["--no-ptrace"], &doctor).unwrap());
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!((&document["backend"], &document["can_profile"]), (&Value::Null, &false.into()));
}

#[test]
fn an_unprivileged_user_without_perf_events_records_as_well() {
    let Some(shares) = fixture("shares.c").filter(|_| Way::Ptrace.works()) else { return };
    let hotcold = assert_cmd::cargo::cargo_bin!("hotcold");
    let root = rustix::process::geteuid().is_root();
    if root && !(open_to_all(&shares) && open_to_all(hotcold)) {
        return;
    }
    let user = NOBODY.to_string();
    let flags: &[&str] = if root { &["--user", &user] } else { &[] };
    let dir = scratch();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(dir.path(), everybody).unwrap();
    let mut run = profile(&["run", "--json", "--table-to", "t.json", "--flamegraph", "f.svg", "--"]);
    run.current_dir(dir.path()).arg(&shares).args(["threads", "2", "--seconds", "1"]);
    let (code, truth, error) = output(&mut without_perf(flags, &run).unwrap());
    if open_scratch_is_closed(&error) {
        return;
    }
    assert_eq!(code, Some(0), "{error}");
    assert!(truth.starts_with("{\"hot_s\""), "{truth}");
    let report: Value = serde_json::from_slice(&std::fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    assert_eq!(report["backend"], "ptrace");
    let hot = report["functions"].as_array().unwrap().iter().find(|row| row["name"] == "hot").unwrap();
    let share = hot["cumtime_s"].as_f64().unwrap() / report["total_s"].as_f64().unwrap();
    // Where others keep the machine busy, samples stand for very different times.
    assert!((share - 0.6).abs() < 0.15, "{share}");
    assert!(report["coverage"].as_f64().unwrap() > 0.9, "{report}");
    let picture = std::fs::read_to_string(dir.path().join("f.svg")).unwrap();
    assert!(picture.contains("hot") && dir.path().join("hotcold.pb.gz").exists());
}

/// The scratch directory lies below one that the user may not enter.
fn open_scratch_is_closed(error: &str) -> bool {
    !met(!error.contains("permission denied"), "a build directory that every user may write to")
}

/// Kills hotcold again and again, at moments that are spread over a few of its ticks.
fn kill_at_any_moment(busy: &Busy) {
    let pid = busy.pid().to_string();
    for i in 0..20_u64 {
        let mut attach = profile(&["attach", "--no-save", "--backend", "ptrace", "-r", "5000", "-p", &pid]);
        let mut hotcold = attach.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("hotcold to trace", || Way::Ptrace.has_begun(hotcold.id(), busy.pid()).then_some(()));
        let wait = std::time::Instant::now() + std::time::Duration::from_micros(i * 137);
        while std::time::Instant::now() < wait {
            std::hint::spin_loop();
        }
        hotcold.kill().unwrap();
        hotcold.wait().unwrap();
        // A thread would show `t` or `T` for good if it had been left standing.
        wait_until("the program to run, traced by nobody", || busy.runs_untouched().then_some(()));
    }
}

#[test]
fn killing_hotcold_at_any_moment_leaves_the_program_running() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    kill_at_any_moment(&Busy::start(Command::new(behave).arg("busy")));
}

#[test]
fn killing_hotcold_at_any_moment_leaves_all_threads_running() {
    let Some(waits) = fixture("waits.c").filter(|_| Way::Ptrace.works()) else { return };
    kill_at_any_moment(&Busy::start(Command::new(waits).arg("all")));
}

#[test]
fn killing_hotcold_at_any_moment_leaves_a_python_program_running() {
    if !Way::Ptrace.works() || !require("python3") {
        return;
    }
    let code = "\
import threading
def spins():
    while True: sum(range(1000))
for _ in range(3): threading.Thread(target=spins, daemon=True).start()
print('ready', flush=True)
spins()
";
    let ask = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(ask.stdout).unwrap();
    kill_at_any_moment(&Busy::start(Command::new(python.trim()).args(["-c", code])));
}

#[test]
fn killing_hotcold_leaves_a_program_that_it_has_started_running() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let mut run = profile(&["run", "--no-save", "--backend", "ptrace", "-r", "5000", "--"]);
    let mut busy = Busy::start(run.arg(behave).arg("busy"));
    let program = children(busy.pid())[0];
    busy.0.kill().unwrap();
    busy.0.wait().unwrap();
    wait_until("the tracer to be gone", || (status(program, "TracerPid")? == "0").then_some(()));
    wait_until("the program to run", || (state(program)? == 'R').then_some(()));
    send(program, Signal::KILL);
}

#[test]
fn what_cannot_be_traced_is_told_in_one_line() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let attach = |pid: u32| {
        output(&mut profile(&["attach", "--no-save", "--backend", "ptrace", "-p", &pid.to_string()]))
    };
    // Something else traces it.
    let busy = Busy::start(Command::new(&behave).arg("busy"));
    let pid = busy.pid().to_string();
    let mut first = profile(&["attach", "--no-save", "--backend", "ptrace", "-p", &pid]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the other one to trace", || Way::Ptrace.has_begun(0, busy.pid()).then_some(()));
    let (code, _, error) = attach(busy.pid());
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("traces it already"), "{error}");
    send(first.id(), Signal::INT);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert!(is_alive(busy.pid()));

    // It has ended, and its parent has not asked yet.
    let mut zombie = Command::new(&behave).args(["exit", "0"]).spawn().unwrap();
    wait_until("a zombie", || (state(zombie.id())? == 'Z').then_some(()));
    let (code, _, error) = attach(zombie.id());
    let told = format!(
        "error: cannot record `process {}`: it has ended and waits for its parent to notice\n",
        zombie.id()
    );
    assert_eq!((code, error.as_str()), (Some(1), told.as_str()));
    zombie.wait().unwrap();
}

#[test]
fn a_process_of_another_user_is_refused_with_the_command_that_helps() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let hotcold = assert_cmd::cargo::cargo_bin!("hotcold");
    if !met(rustix::process::geteuid().is_root(), "root, to be somebody else") || !open_to_all(hotcold) {
        return;
    }
    let busy = Busy::start(Command::new(behave).arg("busy"));
    let pid = busy.pid().to_string();
    let attach = profile(&["attach", "--no-save", "-p", &pid]);
    let (code, _, error) = output(&mut without_perf(&["--user", &NOBODY.to_string()], &attach).unwrap());
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("it belongs to another user"), "{error}");
    assert!(error.contains(&format!("sudo hotcold profile attach -p {pid}")), "{error}");
}

#[test]
fn waiting_is_not_cut_short_by_being_looked_at() {
    let Some(waits) = fixture("waits.c").filter(|_| Way::Ptrace.works()) else { return };
    // Short waits, so that many of them begin in the moment when the thread is told to stop.
    let mut run = profile(&["run", "--no-save", "-qq", "--backend", "ptrace", "-r", "5000", "--"]);
    let (code, out, error) = output(run.arg(&waits).args(["epoll", "3000"]));
    assert_eq!((code, out.as_str()), (Some(0), "0 of 3000 were interrupted\n"), "{error}");
}

#[test]
fn a_process_without_its_first_thread_is_recorded() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let mut run = profile(&["run", "--no-save", "--backend", "ptrace", "--"]);
    let (code, _, error) = output(run.arg(behave).args(["leaderless", "0.3"]));
    assert_eq!(code, Some(5), "{error}");
    assert!(error.contains(" burn ") && !error.contains("[unknown]"), "{error}");
}

#[test]
fn threads_that_end_at_once_leave_nothing_behind() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    // Many are gone before the thread that has made them tells of them.
    let mut run = profile(&["run", "--no-save", "--backend", "ptrace", "--"]);
    let (code, out, error) = output(run.arg(behave).args(["threads", "2000"]));
    assert_eq!((code, out.as_str()), (Some(0), "2000\n"), "{error}");
    assert!(!error.contains("still run"), "{error}");
}

#[test]
fn a_program_that_a_signal_ends_is_told_from_one_that_exits() {
    let Some(behave) = fixture("behave.c").filter(|_| Way::Ptrace.works()) else { return };
    let mut run = profile(&["run", "--no-save", "-qq", "--backend", "ptrace", "--"]);
    let status = run.arg(behave).args(["signal", "9"]).stderr(Stdio::null()).status().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(137), None));
}
