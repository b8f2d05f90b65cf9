//! The page of `report --html`, in a real browser.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::{
    formats::npm,
    report::recording,
    support::{
        fixture::fixture,
        hotcold,
        require::{met, require, require_perf},
        scratch,
    },
};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Uses the page as a reader does; what was seen.
fn check(page: &Path) -> Option<Value> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = BROWSERS
        .iter()
        .find_map(|name| std::env::split_paths(&path).map(|dir| dir.join(name)).find(|p| p.is_file()));
    if !met(found.is_some(), "Chromium") || !require("npm") || !require("node") {
        return None;
    }
    let dir = npm("npm-browser", &["puppeteer-core@24"]);
    let dir = met(dir.is_some(), "puppeteer-core from npm").then_some(dir)??;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/html/check.mjs");
    let library = dir.join("node_modules/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js");
    let home = scratch();
    let mut command = Command::new("node");
    command.arg(script).arg(library).arg(found?).arg(page).env("HOME", home.path());
    let output = command.output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn a_real_recording_is_a_page_to_use() {
    let Some(program) = fixture("shares.c").filter(|_| require_perf()) else { return };
    let dir = scratch();
    let run = |args: &[&str]| hotcold().current_dir(&dir).args(["profile"]).args(args).assert().success();
    let program = program.to_str().unwrap();
    run(&[
        "run",
        "-qq",
        "--table-to",
        "t.txt",
        "--",
        program,
        "deep",
        "20",
        "--seconds",
        "0.4",
        "--truth",
        "t.json",
    ]);
    run(&["report", "--html", "page.html"]).stdout("").stderr("note: wrote the page to page.html\n");
    let Some(seen) = check(&dir.path().join("page.html")) else { return };
    assert_eq!(seen["hottest"], "hot");
    assert_eq!(seen["open"], 1, "its source lines are shown");
}

#[test]
fn the_page_goes_to_standard_output_and_is_private_in_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = scratch();
    let file = recording(&dir);
    let run = |to: &str| {
        let mut command = hotcold();
        command.current_dir(&dir).args(["profile", "report", "--html", to]).arg(&file);
        command.assert().success().get_output().stdout.clone()
    };
    let page = run("-");
    assert!(page.starts_with(b"<!doctype html>"));
    assert!(run("a.html").is_empty());
    let path = dir.path().join("a.html");
    assert_eq!(std::fs::read(&path).unwrap(), page);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600,
        "it has the command line"
    );
}

#[test]
fn pages_are_made_of_functions() {
    for other in [&["--tree"][..], &["--by", "line"], &["--callers", "f"]] {
        hotcold().args(["profile", "report", "--html", "x.html"]).args(other).assert().code(2).stdout("");
    }
}
