//! `profile top`, on a terminal and without one.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    backend::Way,
    fixture::fixture,
    hotcold,
    process::{children, is_alive, send, state, status, wait_until},
    python::any_interpreter,
    require::require,
    scratch,
    terminal::Terminal,
};

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn pid(&self) -> u32 {
        self.0.id()
    }
}

/// A program that has said that it is ready.
fn start(program: &mut Command) -> Running {
    let mut running = Running(program.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    running
}

/// `phases`, in `hot_a`.
fn phases() -> Option<Running> {
    let phases = fixture("phases.c").filter(|_| way().works())?;
    Some(start(&mut Command::new(phases)))
}

/// `hotcold profile top` with a short interval.
fn top(dir: &Path, flags: &[&str]) -> Command {
    let mut command = way().command();
    command.current_dir(dir).args(["profile", "top", "--interval", "200ms", "--window", "1s"]).args(flags);
    command
}

fn top_of(running: &Running, dir: &Path, flags: &[&str]) -> Command {
    let mut command = top(dir, flags);
    command.args(["-p", &running.pid().to_string()]);
    command
}

/// The lines below the columns' titles, without the last line of the screen.
fn rows(screen: &str) -> Vec<String> {
    let lines: Vec<&str> = screen.lines().collect();
    // The line above them tells what they are sorted by.
    let titles = lines.iter().rposition(|line| line.contains("function") && line.contains("self%"));
    let rows = titles.map_or(&[][..], |titles| &lines[titles + 1..]);
    rows.iter()
        .filter(|line| !line.is_empty() && !line.starts_with("q quit"))
        .map(|&s| s.to_owned())
        .collect()
}

fn wait_for_rows(terminal: &Terminal, what: &str, wanted: impl Fn(&[String]) -> bool) {
    wait_until(what, || wanted(&rows(&terminal.screen())).then_some(()));
}

fn first_is(name: &'static str) -> impl Fn(&[String]) -> bool {
    move |rows| rows.first().is_some_and(|row| row.contains(name))
}

#[test]
fn what_is_hot_now_stands_first_and_keys_choose_the_order() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    let mut terminal = Terminal::spawn(&mut top_of(&running, dir.path(), &[]), 100, 24);
    wait_for_rows(&terminal, "hot_a first", first_is("hot_a"));
    let screen = terminal.screen();
    assert!(screen.starts_with(&format!("pid {} for ", running.pid())), "{screen}");
    assert!(screen.contains(way().name()) && screen.contains("997 Hz"), "{screen}");
    assert!(screen.contains("1 thread"), "{screen}");
    send(running.pid(), Signal::USR1);
    wait_for_rows(&terminal, "hot_b first", first_is("hot_b"));
    let named = |rows: &[String]| {
        let place = |name: &str| rows.iter().position(|row| row.contains(name));
        place("hot_a").zip(place("hot_b"))
    };
    terminal.press(b"5");
    wait_for_rows(&terminal, "names from a to z", |rows| named(rows).is_some_and(|(a, b)| a < b));
    terminal.press(b"r");
    wait_for_rows(&terminal, "names from z to a", |rows| named(rows).is_some_and(|(a, b)| a > b));
    terminal.press(b"/HOT_B");
    wait_for_rows(&terminal, "hot_b alone", |rows| first_is("hot_b")(rows) && named(rows).is_none());
    terminal.press(b"\x1b");
    wait_for_rows(&terminal, "all rows", |rows| named(rows).is_some());
    terminal.press(b"l");
    terminal.wait_for("by lines");
    terminal.wait_for("phases.c:3");
    terminal.press(b"t");
    terminal.wait_for("by threads");
    wait_until("a thread", || {
        let screen = terminal.screen();
        screen.lines().any(|l| l.contains("phases") && l.contains(&running.pid().to_string())).then_some(())
    });
    terminal.press(b"?");
    terminal.wait_for("any key closes the help");
    terminal.press(b"xq");
    let (status, screen) = terminal.finish();
    assert_eq!((status.code(), screen.as_str()), (Some(0), ""), "the screen before is back");
    assert!(is_alive(running.pid()) && !matches!(state(running.pid()), Some('T' | 't')), "it runs on");
}

#[test]
fn a_paused_view_stands_still_while_recording_goes_on_and_is_saved() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    let mut terminal = Terminal::spawn(&mut top_of(&running, dir.path(), &["-o", "my.pb.gz"]), 100, 24);
    wait_for_rows(&terminal, "hot_a", first_is("hot_a"));
    terminal.press(b"p");
    terminal.wait_for(", paused");
    send(running.pid(), Signal::USR1);
    let mut saved = None;
    wait_until("hot_b in what is saved", || {
        terminal.press(b"o");
        terminal.wait_for("to my.pb.gz");
        // The line on the screen may be that of the save before, and this one may just put the older file aside.
        let out = hotcold().current_dir(dir.path()).args(["profile", "report", "my.pb.gz"]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let has = text.contains("hot_b");
        saved = Some(text);
        has.then_some(())
    });
    assert!(saved.unwrap().contains("saved while it went on"));
    assert!(!terminal.screen().contains("hot_b"), "{}", terminal.screen());
    terminal.press(b" ");
    terminal.wait_for("hot_b");
    terminal.press(b"q");
    assert_eq!(terminal.finish().0.code(), Some(0));
}

#[test]
fn every_size_of_terminal_is_fitted() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    let mut terminal = Terminal::spawn(&mut top_of(&running, dir.path(), &[]), 120, 30);
    terminal.wait_for("hot_a");
    for (columns, rows) in [(20, 5), (40, 12), (1, 1), (200, 50), (60, 15)] {
        terminal.resize(columns, rows);
        terminal.press(b"lft\x1b[6~\x1b[5~?x/ab\x7f\x7f\rf");
    }
    terminal.wait_for("hot_a");
    wait_until("a screen of 60 columns", || {
        let screen = terminal.screen();
        (screen.contains("q quit") && screen.lines().all(|line| line.chars().count() <= 60)).then_some(())
    });
    terminal.press(b"q");
    assert_eq!(terminal.finish().0.code(), Some(0));
}

#[test]
fn without_colour_where_that_is_not_wanted() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    for (plain, flag) in [(true, "never"), (false, "always")] {
        let mut command = top_of(&running, dir.path(), &["--color", flag]);
        let mut terminal = Terminal::spawn(&mut command, 100, 24);
        terminal.wait_for("hot_a");
        terminal.press(b"q");
        let raw = terminal.raw();
        assert_eq!(raw.windows(4).any(|bytes| bytes == b"\x1b[1m"), !plain);
        terminal.finish();
    }
}

/// A shell that notes the terminal's settings before and after a command.
fn between_settings(command: &Command, script: &str) -> Option<Command> {
    if !require("sh") || !require("stty") {
        return None;
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap());
    Some(shell)
}

fn settings(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

/// The process that shows the view, somewhere below a shell.
fn viewer(shell: u32) -> u32 {
    wait_until("hotcold below the shell", || {
        let is_it = |pid: &u32| status(*pid, "Name").is_some_and(|name| name == "hotcold");
        children(shell).into_iter().find(is_it)
    })
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let dir = scratch();
    let script = "trap : INT; stty -a > before; \"$@\"; echo code $?; stty -a > after";
    for end in ["q", "\x03", "TERM", "HUP", "killed"] {
        let Some(running) = phases() else { return };
        let Some(mut shell) = between_settings(&top_of(&running, dir.path(), &[]), script) else { return };
        let mut terminal = Terminal::spawn(&mut shell, 100, 24);
        terminal.wait_for("hot_a");
        let viewer = viewer(terminal.pid());
        match end {
            "TERM" => send(viewer, Signal::TERM),
            "HUP" => send(viewer, Signal::HUP),
            "killed" => send(running.pid(), Signal::KILL),
            keys => terminal.press(keys.as_bytes()),
        }
        let (_, screen) = terminal.finish();
        let code = match end {
            "TERM" => "code 143",
            "HUP" => "code 129",
            _ => "code 0",
        };
        assert!(screen.contains(code), "{end:?}: {screen}");
        assert!(!screen.contains("hot_a"), "{end:?}: {screen}");
        assert_eq!(screen.contains("has ended"), end == "killed", "{screen}");
        assert_eq!(settings(dir.path(), "before"), settings(dir.path(), "after"), "{end:?}");
        assert_eq!(is_alive(running.pid()), end != "killed");
    }
}

#[test]
fn ctrl_z_leaves_the_terminal_and_fg_brings_the_view_back() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    let script =
        "set -m; stty -a > before; \"$@\"; stty -a > stopped; echo suspended; read line; fg; stty -a > after";
    let Some(mut shell) = between_settings(&top_of(&running, dir.path(), &[]), script) else { return };
    let mut terminal = Terminal::spawn(&mut shell, 100, 24);
    terminal.wait_for("hot_a");
    let viewer = viewer(terminal.pid());
    terminal.press(b"\x1a");
    terminal.wait_for("suspended");
    assert!(!terminal.screen().contains("hot_a"), "{}", terminal.screen());
    assert_eq!(settings(dir.path(), "before"), settings(dir.path(), "stopped"));
    assert_eq!(state(viewer), Some('T'));
    assert_eq!(status(running.pid(), "TracerPid").as_deref(), Some("0"), "nobody holds it");
    send(running.pid(), Signal::USR1);
    terminal.press(b"\n");
    terminal.wait_for("hot_b");
    terminal.press(b"q");
    terminal.finish();
    assert_eq!(settings(dir.path(), "before"), settings(dir.path(), "after"));
    assert!(is_alive(running.pid()));
}

/// `top FLAGS -- behave ARGS`.
fn behave(dir: &Path, flags: &[&str], args: &[&str]) -> Option<Command> {
    let behave = fixture("behave.c").filter(|_| way().works())?;
    let mut command = top(dir, flags);
    command.arg("--").arg(behave).args(args);
    Some(command)
}

#[test]
fn a_program_of_its_own_ends_as_it_would_alone() {
    let dir = scratch();
    for (args, code) in [(&["exit", "7"][..], 7), (&["signal", "15"], 143), (&["segv"], 139), (&["cat"], 0)] {
        let Some(mut command) = behave(dir.path(), &[], args) else { return };
        let (status, _) = Terminal::spawn(&mut command, 100, 24).finish();
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn a_program_of_its_own_is_kept_off_the_terminal_and_its_output_is_not_lost() {
    let dir = scratch();
    let Some(mut command) = behave(dir.path(), &[], &["tty"]) else { return };
    let (_, screen) = Terminal::spawn(&mut command, 100, 24).finish();
    let lines: Vec<_> = screen.lines().take(3).collect();
    assert_eq!(lines, ["stdin not a terminal", "stdout not a terminal", "stderr not a terminal"]);
    let Some(mut command) = behave(dir.path(), &["--program-output", "out"], &["tty"]) else { return };
    let (status, screen) = Terminal::spawn(&mut command, 100, 24).finish();
    assert_eq!((status.code(), screen.as_str()), (Some(0), ""));
    assert!(settings(dir.path(), "out").starts_with("stdin not a terminal\n"));
}

#[test]
fn ctrl_c_reaches_a_program_of_its_own_and_q_ends_it_when_confirmed() {
    let dir = scratch();
    for (keys, code) in [(&b"\x03"[..], 130), (b"qy", 143)] {
        let Some(mut command) = behave(dir.path(), &[], &["busy"]) else { return };
        let mut terminal = Terminal::spawn(&mut command, 100, 24);
        terminal.wait_for("burn");
        assert!(!terminal.screen().contains("ready"), "{}", terminal.screen());
        terminal.press(b"qn");
        terminal.press(keys);
        let (status, screen) = terminal.finish();
        assert_eq!((status.code(), screen.as_str()), (Some(code), "ready"));
    }
    // One that will not is killed when asked for once more.
    let Some(phases) = fixture("phases.c").filter(|_| way().works()) else { return };
    let mut command = top(dir.path(), &[]);
    command.arg("--").arg(phases).arg("stubborn");
    let mut terminal = Terminal::spawn(&mut command, 100, 24);
    terminal.wait_for("hot_a");
    terminal.press(b"qy");
    terminal.press(b"q");
    terminal.wait_for("SIGKILL");
    terminal.press(b"y");
    assert_eq!(terminal.finish().0.code(), Some(137));
}

#[test]
fn ctrl_z_stops_a_program_of_its_own_and_fg_continues_both() {
    let dir = scratch();
    let Some(phases) = fixture("phases.c").filter(|_| way().works()) else { return };
    let mut command = top(dir.path(), &[]);
    command.arg("--").arg(phases);
    let script =
        "set -m; stty -a > before; \"$@\"; stty -a > stopped; echo suspended; read line; fg; echo code $?";
    let Some(mut shell) = between_settings(&command, script) else { return };
    let mut terminal = Terminal::spawn(&mut shell, 100, 24);
    terminal.wait_for("hot_a");
    let program = children(viewer(terminal.pid()))[0];
    terminal.press(b"\x1a");
    terminal.wait_for("suspended");
    assert_eq!(settings(dir.path(), "before"), settings(dir.path(), "stopped"));
    assert!(matches!(state(program), Some('T' | 't')), "{:?}", state(program));
    terminal.press(b"\n");
    terminal.wait_for("hot_a");
    wait_until("the program to go on", || (!matches!(state(program), Some('T' | 't'))).then_some(()));
    terminal.press(b"qy");
    let (_, screen) = terminal.finish();
    assert!(screen.contains("code 143"), "{screen}");
}

#[test]
fn in_a_pipe_there_is_a_table_each_interval() {
    let dir = scratch();
    let Some(running) = phases() else { return };
    let output = top_of(&running, dir.path(), &["--count", "2"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tables: Vec<&str> = text.split_terminator("\n\n").collect();
    assert_eq!(tables.len(), 2, "{text}");
    for table in tables {
        assert!(table.starts_with(&format!("pid {} for ", running.pid())), "{table}");
        assert!(table.contains("hot_a") && table.contains("tottime"), "{table}");
    }
    assert!(is_alive(running.pid()));
    let output = top_of(&running, dir.path(), &["--json", "--count", "2"]).output().unwrap();
    let documents: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(documents.len(), 2);
    for (number, document) in (1..).zip(&documents) {
        assert_eq!(document["schema"], "hotcold.profile.checkpoint/1");
        assert_eq!(document["checkpoint"], number);
        let first = &document["interval"]["functions"][0];
        assert_eq!(first["name"], "hot_a", "{document}");
    }
    // Who reads no more ends it.
    let mut child = top_of(&running, dir.path(), &[]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait_until("the end", || child.try_wait().unwrap()).code(), Some(0));
}

#[test]
fn in_a_pipe_the_streams_are_the_programs() {
    let dir = scratch();
    let Some(mut command) = behave(dir.path(), &[], &["busy"]) else { return };
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("burn")), "a table on standard error");
    let reader = std::thread::spawn(move || lines.count());
    send(child.id(), Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "ready\n");
    reader.join().unwrap();
}

#[test]
fn waiting_is_shown_where_it_is_recorded() {
    let dir = scratch();
    let Some(waits) = fixture("waits.c").filter(|_| way().works()) else { return };
    let running = start(Command::new(waits).arg("all"));
    let mut terminal = Terminal::spawn(&mut top_of(&running, dir.path(), &["--wall"]), 100, 60);
    terminal.wait_for("works");
    terminal.press(b"w");
    terminal.wait_for("waiting by functions");
    for function in ["waits_for_lock", "waits_for_input", "sleeps", "waits_for_child"] {
        terminal.wait_for(function);
    }
    terminal.press(b"tc");
    terminal.wait_for("CPU time by threads");
    terminal.press(b"q");
    assert_eq!(terminal.finish().0.code(), Some(0));
    for child in children(running.pid()) {
        send(child, Signal::KILL);
    }
}

#[test]
fn python_functions_are_shown_with_and_without_native_ones() {
    let dir = scratch();
    let Some(python) = any_interpreter().filter(|_| way().works()) else { return };
    let script: PathBuf = dir.path().join("work.py");
    fs::write(
        &script,
        "def brew():\n    x = 0\n    while True:\n        x = (x * 3 + 1) % 7919\nprint('ready', flush=True)\nbrew()\n",
    )
    .unwrap();
    let running = start(Command::new(python).arg(&script));
    let mut terminal = Terminal::spawn(&mut top_of(&running, dir.path(), &[]), 100, 24);
    terminal.wait_for("brew");
    terminal.wait_for("work.py:");
    terminal.wait_for("GIL held");
    terminal.press(b"n");
    terminal.wait_for("no native frames");
    terminal.press(b"n");
    terminal.wait_for("all native frames");
    terminal.wait_for("Py");
    terminal.press(b"q");
    assert_eq!(terminal.finish().0.code(), Some(0));
}

#[test]
fn what_cannot_be_watched_is_told_on_the_ordinary_screen() {
    let dir = scratch();
    let mut command = top(dir.path(), &["-p", "4194305"]);
    let terminal = Terminal::spawn(&mut command, 100, 24);
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(1));
    assert!(screen.starts_with("error: "), "{screen}");
    let terminal = Terminal::spawn(&mut top(dir.path(), &["--", "/no/such/program"]), 100, 24);
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(127));
    assert!(screen.starts_with("error: cannot run `/no/such/program`"), "{screen}");
    for wrong in
        [&[][..], &["-p", "1", "--", "true"], &["-p", "1", "-o", "-"], &["--count", "1", "--", "true"]]
    {
        assert_eq!(top(dir.path(), wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
}
