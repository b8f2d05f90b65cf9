//! Every command's help, compared with `snapshots/help/`; `UPDATE_HELP=1 cargo test --test cli` rewrites it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory;

use super::support::hotcold;

/// What `-h` may take of a terminal.
const COLUMNS: usize = 100;
const LINES: usize = 45;

/// The names that lead to every command, the root first; `help` itself has no help of its own.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
            walk(sub, &[path, &[sub.get_name().to_owned()]].concat(), found);
        }
    }
    let mut found = Vec::new();
    walk(&hotcold::cli::args::Args::command(), &[], &mut found);
    found
}

fn help(command: &[String], flag: &str) -> String {
    let output = hotcold().args(command).arg(flag).assert().success().stderr("").get_output().stdout.clone();
    String::from_utf8(output).expect("UTF-8")
}

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots/help")
}

#[test]
fn help_is_as_committed() {
    let mut expected = BTreeMap::new();
    for command in commands() {
        let name = [&["hotcold".to_owned()], &command[..]].concat().join("-");
        expected.insert(format!("{name}.short.txt"), help(&command, "-h"));
        expected.insert(format!("{name}.long.txt"), help(&command, "--help"));
    }
    if std::env::var_os("UPDATE_HELP").is_some() {
        let _ = fs::remove_dir_all(dir());
        fs::create_dir_all(dir()).unwrap();
        for (name, text) in &expected {
            fs::write(dir().join(name), text).unwrap();
        }
    }
    let entries = fs::read_dir(dir()).into_iter().flatten().map(|entry| entry.unwrap());
    let mut committed: BTreeMap<String, String> = entries
        .map(|e| (e.file_name().into_string().unwrap(), fs::read_to_string(e.path()).unwrap()))
        .collect();
    let mut stale: Vec<String> = expected
        .into_iter()
        .filter(|(name, text)| committed.remove(name).as_ref() != Some(text))
        .map(|e| e.0)
        .collect();
    stale.extend(committed.into_keys());
    assert!(
        stale.is_empty(),
        "stale in tests/cli/snapshots/help/: {stale:?}; run UPDATE_HELP=1 cargo test --test cli"
    );
}

#[test]
fn short_help_fits_a_screen() {
    for command in commands() {
        let text = help(&command, "-h");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let lines = text.lines().count();
        assert!(widest <= COLUMNS, "{command:?} -h is {widest} columns wide");
        assert!(lines <= LINES, "{command:?} -h is {lines} lines long");
    }
}

/// `-h` says what a command does in the words of the list it is found in.
#[test]
fn every_flag_and_command_is_described() {
    fn walk(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} has no description", command.get_name());
        for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
            assert!(
                argument.get_help().is_some(),
                "{} of {} has no help",
                argument.get_id(),
                command.get_name()
            );
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&hotcold::cli::args::Args::command());
}

#[test]
fn a_noun_alone_prints_help_and_is_wrong_usage() {
    for command in [&[][..], &["profile"], &["cache"]] {
        let alone = || hotcold().args(command).assert().code(2).stdout("").get_output().stderr.clone();
        let text = String::from_utf8(alone()).unwrap();
        assert!(text.contains("Usage: hotcold") && text.contains("Commands:"), "{command:?}: {text}");
        // What the environment sets is no argument.
        let set = hotcold().args(command).env("HOTCOLD_COLOR", "never").assert().code(2).stdout("");
        assert_eq!(String::from_utf8_lossy(&set.get_output().stderr), text, "{command:?}");
    }
}
