//! `hotcold profile run`: the program behaves as if it were alone, and its profile survives whatever happens to it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;

use super::support::{
    backend::Way,
    fixture::fixture,
    process::{children, is_alive, send, state, status, wait_until},
    scratch,
    terminal::Terminal,
};

/// This file is compiled twice.
fn way() -> Way {
    Way::of(module_path!())
}

fn hotcold() -> assert_cmd::Command {
    way().hotcold()
}

/// `hotcold profile run FLAGS -- behave MODE…`, in a directory of its own.
fn run(dir: &Path, flags: &[&str], mode: &[&str]) -> Option<Command> {
    let behave = fixture("behave.c").filter(|_| way().works())?;
    let mut command = way().command();
    command.current_dir(dir).args(["profile", "run"]).args(flags).arg("--").arg(behave).args(mode);
    Some(command)
}

/// Names of the functions in a recording.
fn functions(dir: &Path) -> Vec<String> {
    let out = hotcold().current_dir(dir).args(["profile", "report", "--json"]).assert().success();
    let report: serde_json::Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    let rows = report["functions"].as_array().unwrap();
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

fn spawn(command: &mut Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, out)
}

fn rest(mut out: BufReader<std::process::ChildStdout>) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    text
}

#[test]
fn exit_codes_and_signals_are_those_of_the_program_and_the_profile_is_there() {
    let dir = scratch();
    for (mode, code) in [
        (&["exit", "0"][..], 0),
        (&["exit", "3"], 3),
        (&["segv"], 139),
        (&["signal", "15"], 143),
        (&["signal", "9"], 137),
        (&["signal", "6"], 134),
    ] {
        let Some(mut command) = run(dir.path(), &[], mode) else { return };
        let output = command.stdin(Stdio::null()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{mode:?}: {error}");
        assert_eq!(output.stdout, b"", "{mode:?}");
        assert!(error.contains("burn"), "{mode:?}: {error}");
        assert!(functions(dir.path()).iter().any(|name| name == "burn"), "{mode:?}");
    }
}

#[test]
fn standard_input_and_output_are_the_programs_own() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["cat"]) else { return };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 / 3) as u8).collect();
    let mut input = child.stdin.take().unwrap();
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || input.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(
        output.stdout == bytes,
        "{} of {} bytes came through unchanged",
        output.stdout.len(),
        bytes.len()
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_reader_that_leaves_ends_the_program_as_it_would_alone() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["cat"]) else { return };
    let zero = fs::File::open("/dev/zero").unwrap();
    let mut child = command.stdin(zero).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut some = [0; 10];
    std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut some).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 13), "by SIGPIPE");
}

#[test]
fn what_follows_the_program_is_the_programs() {
    let dir = scratch();
    let Some(behave) = fixture("behave.c").filter(|_| way().works()) else { return };
    let out = hotcold()
        .current_dir(dir.path())
        // At this rate there is no sample, so that there is no table.
        .args(["profile", "run", "-qq", "--no-save", "-r", "1"])
        .arg(behave)
        .args(["args", "--json", "-q", "--", "--help", "a b"])
        .assert()
        .success()
        .stdout("--json\n-q\n--\n--help\na b\n");
    assert_eq!(out.get_output().stderr, b"");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "--no-save saves nothing");
}

#[test]
fn signals_to_hotcold_reach_the_program() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-qq"], &["print-signals", "5"]) else { return };
    let (mut child, mut out) = spawn(&mut command);
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::USR1, Signal::USR2] {
        send(child.id(), signal);
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{}\n", signal.as_raw()));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(dir.path().join("hotcold.pb.gz").exists());
}

#[test]
fn sigterm_ends_the_program_saves_the_profile_and_leaves_no_child() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &[], &["busy"]) else { return };
    let (mut child, _out) = spawn(&mut command);
    let program = children(child.id())[0];
    send(child.id(), Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!is_alive(program));
    assert!(functions(dir.path()).iter().any(|name| name == "burn"));
}

#[test]
fn ctrl_c_reaches_the_program_and_hotcold_stays_to_print() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &[], &["busy"]) else { return };
    let mut terminal = Terminal::spawn(&mut command, 100, 30);
    terminal.wait_for("ready");
    terminal.press(b"\x03");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(130), "{screen}");
    assert!(screen.contains("burn") && screen.contains("samples"), "{screen}");
    assert!(dir.path().join("hotcold.pb.gz").exists());
}

#[test]
fn a_program_that_outlasts_ctrl_c_goes_on() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["print-signals", "2"]) else { return };
    let mut terminal = Terminal::spawn(&mut command, 100, 200);
    terminal.wait_for("ready");
    terminal.press(b"\x03");
    terminal.wait_for("2");
    terminal.press(b"\x1c");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(screen.contains("ready") && screen.contains("\n2\n") | screen.contains("2"), "{screen}");
    let twos = screen.lines().filter(|line| line.trim_start_matches("^C") == "2").count();
    assert_eq!(twos, 1, "the terminal's signal is not sent again: {screen}");
}

/// Stopped by a signal; a process that is traced shows another letter.
fn is_stopped(pid: u32) -> Option<bool> {
    Some(matches!(state(pid)?, 'T' | 't'))
}

#[test]
fn a_stop_stops_hotcold_too_and_continuing_it_continues_the_program() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["stop-self"]) else { return };
    let (mut child, out) = spawn(&mut command);
    let program = children(child.id())[0];
    wait_until("the program to stop", || is_stopped(program)?.then_some(()));
    wait_until("hotcold to stop", || (state(child.id())? == 'T').then_some(()));
    send(child.id(), Signal::CONT);
    assert_eq!(rest(out), "continued\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_program_inherits_no_signal_setting_and_no_descriptor_of_ours() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["busy"]) else { return };
    let (child, _out) = spawn(&mut command);
    let program = children(child.id())[0];
    let (alone, _out) = spawn(Command::new(fixture("behave.c").unwrap()).arg("busy"));
    for field in ["SigBlk", "SigIgn", "SigCgt"] {
        assert_eq!(status(program, field), status(alone.id(), field), "{field}");
    }
    let fds = |pid: u32| {
        let dir = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let mut names: Vec<_> = dir.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(fds(program), fds(alone.id()));
    let limits = |pid: u32| fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    assert_eq!(limits(program), limits(alone.id()), "what hotcold raises for itself is not the program's");
    send(alone.id(), Signal::TERM);
    alone.wait_with_output().unwrap();
    send(child.id(), Signal::TERM);
    child.wait_with_output().unwrap();
}

#[test]
fn ignored_signals_stay_ignored_as_under_nohup() {
    let dir = scratch();
    let Some(command) = run(dir.path(), &["-q"], &["busy"]) else { return };
    let mut nohup = Command::new("sh");
    nohup.arg("-c").arg("trap '' HUP PIPE; exec \"$@\"").arg("sh").arg(command.get_program());
    nohup.args(command.get_args()).current_dir(dir.path());
    let (child, _out) = spawn(&mut nohup);
    let program = children(child.id())[0];
    let ignored = u64::from_str_radix(&status(program, "SigIgn").unwrap(), 16).unwrap();
    let both = 1 << (libc::SIGHUP - 1) | 1 << (libc::SIGPIPE - 1);
    assert_eq!(ignored & both, both);
    send(child.id(), Signal::TERM);
    child.wait_with_output().unwrap();
}

#[test]
fn the_terminal_is_the_programs() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-qq", "--no-save"], &["tty"]) else { return };
    let (status, screen) = Terminal::spawn(&mut command, 100, 30).finish();
    assert_eq!(status.code(), Some(0));
    let lines: Vec<_> = screen.lines().take(4).collect();
    assert_eq!(lines, ["stdin terminal", "stdout terminal", "stderr terminal", "foreground"]);
}

#[test]
fn after_the_duration_the_table_is_printed_and_the_program_goes_on() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["--duration", "100ms"], &["cpu", "1"]) else { return };
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.contains("burn"), "{error}");
    let out = hotcold().current_dir(dir.path()).args(["profile", "report", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(report["duration_s"].as_f64().unwrap() < 0.9, "the program ran for more than a second: {report}");
}

#[test]
fn children_that_outlive_the_program_are_named_or_waited_for() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &[], &["orphan", "0.3"]) else { return };
    let output = command.output().unwrap();
    let pid = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("still runs") && error.contains(&pid), "{error}");
    let mut command = run(dir.path(), &["--wait-children"], &["orphan", "0.3"]).unwrap();
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("still runs") && error.contains("burn"), "{error}");
}

#[test]
fn the_cpu_time_of_children_that_outlive_the_program_counts() {
    let dir = scratch();
    let Some(behave) = fixture("behave.c").filter(|_| way().works()) else { return };
    let mut hotcold = hotcold();
    hotcold.current_dir(dir.path()).args(["profile", "run", "-q", "--json", "--table-to", "t.json", "--"]);
    // The child is still busy when its parent ends.
    hotcold.args(["sh", "-c", "\"$1\" cpu 3 & exec \"$1\" cpu 0.5", "sh"]).arg(behave).assert().success();
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    let (total, charged) = (report["total_s"].as_f64().unwrap(), report["cpu_s"].as_f64().unwrap());
    assert!(total < 1.3 * charged, "{total} s sampled of {charged} s");
}

#[test]
fn a_reader_of_the_table_that_leaves_changes_nothing() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &[], &["exit", "3"]) else { return };
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(dir.path().join("hotcold.pb.gz").exists());
}

#[test]
fn a_name_for_the_recording_in_the_environment_does_not_forbid_to_save_none() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["--no-save"], &["exit", "0"]) else { return };
    let status = command.env("HOTCOLD_OUTPUT", "x.pb.gz").stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn progress_leaves_what_the_program_asks_on_the_screen() {
    let dir = scratch();
    let Some(behave) = fixture("behave.c").filter(|_| way().works()) else { return };
    let hotcold = way().command();
    let mut shell = Command::new("sh");
    shell.current_dir(dir.path()).args(["-c", "exec \"$@\" > answer", "sh"]).arg(hotcold.get_program());
    shell.args(hotcold.get_args());
    // Progress that is kept up to date would begin after a second.
    let question = "printf 'really? ' >&2; \"$0\" cpu 1.5; read line";
    shell.args(["profile", "run", "--no-save", "--", "sh", "-c", question]).arg(behave);
    let mut terminal = Terminal::spawn(&mut shell, 100, 30);
    terminal.wait_for("really? ");
    terminal.press(b"\n");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(screen.starts_with("really? \n"), "{screen}");
}

#[test]
fn a_program_that_cannot_start_leaves_no_file_behind() {
    let dir = scratch();
    fs::write(dir.path().join("text"), "not a program").unwrap();
    let script = dir.path().join("script");
    fs::write(&script, "#!/no/such/shell\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let cases = [
        ("./missing", 127, "error: cannot run `./missing`: no such file or directory\n"),
        (
            "no-such-program-anywhere",
            127,
            "error: cannot run `no-such-program-anywhere`: no such file or directory\n",
        ),
        (
            "./text",
            126,
            "error: cannot run `./text`: permission denied\n\nhint: it is not marked as a program: `chmod +x ./text`\n",
        ),
        ("/", 126, "error: cannot run `/`: is a directory\n"),
        (
            "./script",
            127,
            "error: cannot run `./script`: no such file or directory\n\nhint: the file is there, but not the interpreter or dynamic linker that it names\n",
        ),
        (
            "text",
            127,
            "error: cannot run `text`: no such file or directory\n\nhint: programs of the current directory are run as `./text`\n",
        ),
    ];
    if !way().works() {
        return;
    }
    for (program, code, message) in cases {
        let mut hotcold = hotcold();
        hotcold.current_dir(dir.path()).args(["profile", "run", "--flamegraph", "f.svg", program]);
        hotcold.assert().code(code).stdout("").stderr(message);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn outputs_that_cannot_be_written_are_found_before_the_program_starts() {
    let dir = scratch();
    for (flags, message) in [
        (
            &["-o", "none/a.pb.gz"][..],
            "error: cannot write `none/a.pb.gz`: its directory does not exist\n\nhint: create the directory first, or name another file\n",
        ),
        (
            &["--flamegraph", "none/a.svg"],
            "error: cannot write `none/a.svg`: its directory does not exist\n\nhint: create the directory first, or name another file\n",
        ),
        (&["--table-to", "/"], "error: cannot write `/`: it is a directory\n\nhint: name a file in it\n"),
    ] {
        let mut hotcold = hotcold();
        hotcold.current_dir(dir.path()).args(["profile", "run"]).args(flags).args(["touch", "started"]);
        hotcold.assert().code(125).stdout("").stderr(message);
    }
    assert!(!dir.path().join("started").exists());
}

#[test]
fn a_full_disk_costs_the_recording_but_not_the_table() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-o", "/dev/full"], &["exit", "0"]) else { return };
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125));
    assert!(error.contains("burn"), "{error}");
    assert!(error.contains("error: cannot write `/dev/full`: no space left on device\n"), "{error}");
}

#[test]
fn wrong_usage_is_told_with_code_2() {
    for (args, part) in [
        (&["-r", "0", "true"][..], "'0'"),
        (&["-r", "1000000", "true"], "'1000000'"),
        (&["--duration", "0s", "true"], "'0s'"),
        (&["--duration", "soon", "true"], "'soon'"),
        (&["-o", "-", "true"], "standard output"),
        (&["--flamegraph", "-", "true"], "standard output"),
        (&["--json", "true"], "--table-to"),
        (&["--bogus", "true"], "--bogus"),
        (&[], "PROGRAM"),
    ] {
        let output = hotcold().args(["profile", "run"]).args(args).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {error}");
        assert!(error.starts_with("error: ") && error.contains(part), "{args:?}: {error}");
    }
}

#[test]
fn a_program_without_cpu_time_is_told_as_such() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &[], &["sleep", "0.01"]) else { return };
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.starts_with("warning: no samples") || error.contains("samples"), "{error}");
}

#[test]
fn an_interrupted_shell_sees_the_programs_own_end() {
    let dir = scratch();
    let Some(mut command) = run(dir.path(), &["-q"], &["signal", "11"]) else { return };
    let status = command.stderr(Stdio::null()).status().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(139), None));
}
