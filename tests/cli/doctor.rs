use hotcold::profile::doctor::{Machine, Scope, ThisMachine};
use serde_json::Value;

use super::support::{command, hotcold, require::perf_available, terminal::Terminal};

/// Whether programs can be profiled, as real attempts say.
fn can_profile() -> bool {
    perf_available(Scope::User) || ThisMachine.trace_child().is_ok()
}

/// Code 0 where programs can be profiled, 1 where not.
fn expected_code() -> i32 {
    i32::from(!can_profile())
}

#[test]
fn json_agrees_with_real_attempts() {
    let output =
        hotcold().args(["doctor", "--json"]).assert().code(expected_code()).stderr("").get_output().clone();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], "hotcold.doctor/1");
    assert_eq!(document["can_profile"], can_profile());
    assert_eq!(document["system_wide"], perf_available(Scope::SystemWide));
    let ok = |what: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["what"] == what).unwrap_or_else(|| panic!("no check {what}"))["ok"]
            .clone()
    };
    assert_eq!(ok("perf events, user frames"), perf_available(Scope::User));
    assert_eq!(ok("perf events, kernel frames"), perf_available(Scope::Kernel));
    for check in document["checks"].as_array().unwrap() {
        assert!(check["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{check}");
        assert!(check["fix"].is_string() || check["fix"].is_null(), "{check}");
    }
}

#[test]
fn text_lists_every_check_with_its_state() {
    let output =
        hotcold().arg("doctor").assert().code(expected_code()).stderr("").get_output().stdout.clone();
    let text = String::from_utf8(output).unwrap();
    let checks: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert!(checks.len() >= 9, "{text}");
    // One column for all: two blanks after the longest name, then the state.
    let column = "perf events, kernel frames  ".len();
    for line in checks {
        let state = line.get(column..).unwrap_or("").split(' ').next().unwrap_or("");
        assert!(["ok", "partly", "no"].contains(&state), "{line}");
    }
    assert!(text.contains("\nprograms hotcold starts"), "{text}");
}

#[test]
fn a_terminal_gets_colour_and_a_pipe_none() {
    let terminal = Terminal::spawn(command().arg("doctor"), 100, 50);
    terminal.wait_for("the whole machine");
    let raw = String::from_utf8(terminal.raw()).unwrap();
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(expected_code()));
    assert!(raw.contains("\x1b[") && !screen.contains("\x1b["), "{raw}");
    let piped = hotcold().arg("doctor").assert().get_output().stdout.clone();
    assert!(!piped.contains(&0x1b));
}

#[test]
fn it_takes_no_arguments() {
    hotcold().args(["doctor", "now"]).assert().code(2).stdout("");
}
