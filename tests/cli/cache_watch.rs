//! `cache watch`, on a terminal and without one.

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    command,
    diskcache::{Cache, NOW},
    hotcold,
    process::{send, wait_until},
    terminal::Terminal,
    tree::{differences, tree},
};

#[test]
fn without_a_terminal_each_look_is_a_line() {
    let cache = Cache::new("statistics");
    let before = tree(&cache.path());
    let mut command = hotcold();
    command.args(["cache", "watch", "--now", NOW, "--interval", "50ms", "--count", "2"]);
    let output = command.arg(cache.path()).output().expect("hotcold starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is there");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["time", "entries", "bytes", "expired", "hits/s", "misses/s", "writes/s"]);
    assert_eq!((lines.len(), &lines[1][1], &lines[1][3], &lines[1][4]), (3, &"10", &"0", &"-"));
    assert_eq!((&lines[2][4], &lines[2][5]), (&"0.0", &"0.0"));
    assert_eq!(differences(&before, &tree(&cache.path())), Vec::<String>::new());
}

#[test]
fn looks_are_documents_too() {
    let cache = Cache::new("policy_lru");
    let mut command = hotcold();
    command.args(["cache", "watch", "--json", "--now", NOW, "--count", "1"]);
    let output = command.arg(cache.path()).output().expect("hotcold starts");
    let look: Value = serde_json::from_slice(&output.stdout).expect("it is there");
    assert_eq!(look["schema"], "hotcold.cache.watch/1");
    assert_eq!(
        (&look["entries"], &look["expired_entries"], &look["hits"]),
        (&40.into(), &4.into(), &Value::Null)
    );
    assert!(look["at"].as_str().expect("text").starts_with("2025-06-15T15:06:40"), "{look}");
}

#[test]
fn a_terminal_is_left_as_it_was() {
    let cache = Cache::new("statistics");
    for end in [&b"q"[..], b"\x03", b""] {
        let mut watch = command();
        watch.args(["cache", "watch"]).arg(cache.path());
        let mut terminal = Terminal::spawn(&mut watch, 100, 24);
        terminal.wait_for("q ends");
        assert!(terminal.screen().contains("entries             10"), "{}", terminal.screen());
        if end.is_empty() {
            send(terminal.pid(), Signal::TERM);
        } else {
            terminal.press(end);
        }
        let (status, screen) = terminal.finish();
        assert_eq!(screen, "", "the screen before is back");
        use std::os::unix::process::ExitStatusExt;
        if end.is_empty() {
            assert_eq!(status.signal(), Some(15));
        } else {
            assert_eq!(status.code(), Some(0));
        }
    }
}

#[test]
fn a_cache_that_vanishes_is_told() {
    let cache = Cache::new("statistics");
    let mut watch = command();
    watch.args(["cache", "watch", "--interval", "50ms"]).arg(cache.path());
    let terminal = Terminal::spawn(&mut watch, 200, 24);
    terminal.wait_for("q ends");
    std::fs::remove_dir_all(cache.path()).expect("it is there");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(1));
    assert!(
        screen.starts_with("error: cannot read") && screen.contains("no such file or directory"),
        "{screen}"
    );
}

#[test]
fn a_terminal_of_another_size_is_drawn_anew() {
    let cache = Cache::new("statistics");
    let mut watch = command();
    // The next look is never due.
    watch.args(["cache", "watch", "--interval", "1h"]).arg(cache.path());
    let mut terminal = Terminal::spawn(&mut watch, 300, 24);
    terminal.wait_for(&format!("{}  diskcache", cache.path().display()));
    terminal.resize(40, 24);
    terminal.wait_for("/cache  diskcache");
    let screen = terminal.screen();
    assert!(screen.lines().all(|line| line.chars().count() <= 40) && screen.contains("q ends"), "{screen}");
    terminal.press(b"q");
    assert_eq!(terminal.finish().0.code(), Some(0));
}

#[test]
fn what_ends_lines_ends_the_watch() {
    let cache = Cache::new("statistics");
    let mut watch = command();
    watch.args(["cache", "watch", "--interval", "50ms"]).arg(cache.path());
    // Nobody reads any more.
    let mut child = watch.stdout(std::process::Stdio::piped()).spawn().expect("hotcold starts");
    drop(child.stdout.take());
    let ended = wait_until("the end", || child.try_wait().expect("a child"));
    assert_eq!(ended.code(), Some(0));

    let mut watch = command();
    watch.args(["cache", "watch", "--interval", "1h"]).arg(cache.path());
    let mut child = watch.stdout(std::process::Stdio::piped()).spawn().expect("hotcold starts");
    let mut titles = [0; 4];
    std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut titles).expect("titles");
    send(child.id(), Signal::INT);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
