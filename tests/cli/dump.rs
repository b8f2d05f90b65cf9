//! `hotcold profile dump`: what each thread is doing, without harm.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    backend::without_perf,
    command,
    fixture::fixture,
    process::{children, send, state, status, wait_until},
    require::require,
};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        for child in children(self.0.id()) {
            send(child, Signal::KILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that has said so when it is ready.
fn start(program: &mut Command) -> Running {
    let mut running = Running(program.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    running
}

fn dump(pid: u32, flags: &[&str]) -> Command {
    let mut command = command();
    command.args(["profile", "dump", "-p", &pid.to_string()]).args(flags);
    command
}

fn document(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The thread with this function on its stack.
fn thread_in<'a>(document: &'a Value, function: &str) -> Option<&'a Value> {
    document["threads"].as_array().unwrap().iter().find(|thread| {
        let mut frames = thread["frames"].as_array().unwrap().iter();
        frames.any(|frame| frame["name"].as_str().unwrap().starts_with(function))
    })
}

#[test]
fn every_thread_is_told_with_what_it_waits_for() {
    let Some(waits) = fixture("waits.c") else { return };
    let running = start(Command::new(waits).arg("all"));
    let pid = running.0.id();
    let expected = [
        ("waits_for_lock", "lock"),
        ("waits_for_input", "I/O"),
        ("sleeps", "sleep"),
        ("waits_for_child", "child"),
    ];
    // The threads need a moment to get there.
    let document = wait_until("all threads to wait", || {
        let document = document(&mut dump(pid, &["--json"]));
        let there = |&(function, kind): &(&str, &str)| {
            thread_in(&document, function).is_some_and(|thread| thread["waits_for"] == kind)
        };
        let works = thread_in(&document, "works").is_some_and(|thread| thread["state"] == "running");
        (works && expected.iter().all(there)).then_some(document)
    });
    assert_eq!(document["schema"], "hotcold.profile.dump/1");
    assert_eq!(document["pid"], pid);
    assert_eq!(document["threads"].as_array().unwrap().len(), 6);
    assert!(thread_in(&document, "main").is_some());
    assert_eq!(status(pid, "TracerPid").as_deref(), Some("0"));
    assert!(matches!(state(pid), Some('R' | 'S')), "it goes on");

    let text = String::from_utf8(dump(pid, &[]).output().unwrap().stdout).unwrap();
    assert!(text.starts_with(&format!("process {pid}: ")), "{text}");
    assert!(text.contains(" waits for a lock\n") && text.contains(" sleeps\n"), "{text}");
    assert!(text.contains("    sleeps ("), "{text}");
}

#[test]
fn it_needs_no_perf_events() {
    let Some(behave) = fixture("behave.c") else { return };
    let running = start(Command::new(behave).arg("busy"));
    let Some(mut dump) = without_perf(&[], &dump(running.0.id(), &["--json"])) else { return };
    let document = document(&mut dump);
    assert_eq!(document["threads"][0]["state"], "running");
    assert!(thread_in(&document, "burn").is_some(), "{document}");
}

#[test]
fn a_stopped_process_stays_stopped_and_is_seen() {
    let Some(behave) = fixture("behave.c") else { return };
    let running = start(Command::new(behave).arg("stop-self"));
    let pid = running.0.id();
    wait_until("the program to stop", || (state(pid)? == 'T').then_some(()));
    let document = document(&mut dump(pid, &["--json"]));
    assert!(thread_in(&document, "stop_self").is_some(), "{document}");
    assert!(document["notes"][0].as_str().unwrap().contains("stands still"), "{document}");
    assert_eq!(state(pid), Some('T'));
}

#[test]
fn python_functions_are_named_and_who_holds_the_lock() {
    if !require("python3") {
        return;
    }
    let code = "\
import threading, time
def naps(): time.sleep(100)
def spins():
    print('ready', flush=True)
    while True: sum(range(10000))
threading.Thread(target=naps, name='napper', daemon=True).start()
spins()
";
    // Past scripts that only start the interpreter.
    let ask = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = PathBuf::from(String::from_utf8(ask.stdout).unwrap().trim());
    let running = start(Command::new(python).args(["-c", code]));
    let document = wait_until("the thread to sleep", || {
        let document = document(&mut dump(running.0.id(), &["--json"]));
        thread_in(&document, "naps").is_some_and(|t| t["waits_for"] == "sleep").then_some(document)
    });
    let spinning = thread_in(&document, "spins").unwrap();
    assert_eq!((&spinning["state"], &spinning["holds_gil"]), (&"running".into(), &true.into()));
    let frames = spinning["frames"].as_array().unwrap();
    let frame = frames.iter().find(|frame| frame["name"] == "spins").unwrap();
    assert_eq!((&frame["origin"], &frame["line"]), (&"python".into(), &5.into()));
}

#[test]
fn what_is_not_there_is_told() {
    let output = dump(4_194_304, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: cannot attach to process 4194304: no such process\n");
    assert_eq!(dump(0, &[]).output().unwrap().status.code(), Some(2));
}
