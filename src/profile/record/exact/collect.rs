//! What the processes wrote, put together.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::profile::{
    calls::CallGraphBuilder,
    format::{MAX_BYTES, pstats},
};

/// Processes that are looked at, one after the other in the order of their names.
const MOST_PROCESSES: usize = 100_000;
/// Bytes of a command line or a reason.
const MOST_TEXT: u64 = 8192;
/// Characters of a command line that are kept.
const MOST_COMMAND: usize = 120;

/// What one run of an interpreter is called: its process id and a number.
type Run = (u32, u64);

/// The calls of all processes.
#[derive(Debug, Default)]
pub struct Collected {
    /// Functions and edges.
    pub graph: CallGraphBuilder,
    /// Interpreters that wrote their calls.
    pub heard: usize,
    /// Interpreters that started to count and left nothing.
    pub missing: Vec<Unheard>,
    /// Interpreters that wrote only some of their calls, because the program profiled itself.
    pub displaced: Vec<Unheard>,
    /// Interpreters that do not count, with the reason.
    pub refused: Vec<(Unheard, String)>,
    /// Workers of a pool that were killed at work: what they did since they last waited for it is missing.
    pub interrupted: Vec<Unheard>,
    /// What is wrong with what was written, a line each.
    pub damaged: Vec<String>,
}

/// A process without calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// Its process id.
    pub pid: u32,
    /// What it was started with, as far as it could be read.
    pub command: String,
}

pub(super) fn running(out: &Path) -> Vec<u32> {
    let files = Files::of(out);
    let unfinished: BTreeSet<u32> = files.started.difference(&files.written).map(|&(pid, _)| pid).collect();
    unfinished.into_iter().filter(|&pid| is_running(pid)).collect()
}

pub(super) fn collect(out: &Path) -> Collected {
    let files = Files::of(out);
    let mut collected = Collected::default();
    for ((pid, number), kind) in files.readable() {
        let name = format!("{pid}.{number}.{kind}");
        let graph = read(&out.join(&name), MAX_BYTES).and_then(|bytes| pstats::read(&bytes));
        match graph {
            Ok(graph) => {
                collected.heard += 1;
                collected.graph.absorb(&graph);
            }
            Err(reason) => {
                collected.damaged.push(format!("the calls of process {pid} cannot be read: {reason}"))
            }
        }
    }
    let process = |(pid, number): Run, kind: &str| {
        let command = read(&out.join(format!("{pid}.{number}.{kind}")), MOST_TEXT).unwrap_or_default();
        Unheard { pid, command: command_line(&command) }
    };
    collected.missing = files.silent().map(|run| process(run, "started")).collect();
    collected.displaced = files.displaced.iter().map(|&run| process(run, "displaced")).collect();
    collected.interrupted = files.interrupted().map(|run| process(run, "started")).collect();
    for &pid in &files.refused {
        let text = read(&out.join(format!("{pid}.refused")), MOST_TEXT).unwrap_or_default();
        let (reason, command) = text.split_at(text.iter().position(|&byte| byte == 0).unwrap_or(text.len()));
        let unheard = Unheard { pid, command: command_line(command.get(1..).unwrap_or_default()) };
        collected.refused.push((unheard, String::from_utf8_lossy(reason).into_owned()));
    }
    collected
}

/// The files by kind.
#[derive(Default)]
struct Files {
    started: BTreeSet<Run>,
    written: BTreeSet<Run>,
    idle: BTreeSet<Run>,
    busy: BTreeSet<Run>,
    displaced: BTreeSet<Run>,
    refused: BTreeSet<u32>,
}

impl Files {
    fn of(out: &Path) -> Self {
        let mut files = Self::default();
        // Nobody but the program writes there; without the directory there is nothing.
        for entry in fs::read_dir(out).into_iter().flatten().flatten() {
            if files.count() >= 2 * MOST_PROCESSES {
                break;
            }
            files.add(&entry.file_name().to_string_lossy());
        }
        files
    }

    fn add(&mut self, name: &str) {
        let parts: Vec<&str> = name.split('.').collect();
        match *parts.as_slice() {
            [pid, number, kind] => {
                let (Ok(pid), Ok(number)) = (pid.parse(), number.parse()) else { return };
                match kind {
                    "started" => self.started.insert((pid, number)),
                    "prof" => self.written.insert((pid, number)),
                    "idle" => self.idle.insert((pid, number)),
                    "busy" => self.busy.insert((pid, number)),
                    "displaced" => self.displaced.insert((pid, number)),
                    _ => false,
                };
            }
            [pid, "refused"] => {
                if let Ok(pid) = pid.parse() {
                    self.refused.insert(pid);
                }
            }
            _ => {}
        }
    }

    fn count(&self) -> usize {
        let sets = [&self.started, &self.written, &self.idle, &self.busy, &self.displaced];
        sets.iter().map(|set| set.len()).sum::<usize>() + self.refused.len()
    }

    /// The newest file of each run with calls in it, by its kind.
    fn readable(&self) -> impl Iterator<Item = (Run, &'static str)> + '_ {
        let written = self.written.iter().map(|&run| (run, "prof"));
        let idle = self.idle.difference(&self.written).map(|&run| (run, "idle"));
        written.chain(idle).chain(self.interrupted().map(|run| (run, "busy")))
    }

    fn interrupted(&self) -> impl Iterator<Item = Run> + '_ {
        let newer = |run: &&Run| self.written.contains(run) || self.idle.contains(run);
        self.busy.iter().filter(move |run| !newer(run)).copied()
    }

    fn silent(&self) -> impl Iterator<Item = Run> + '_ {
        let heard = |run: &&Run| [&self.written, &self.idle, &self.busy].iter().any(|set| set.contains(run));
        self.started.iter().filter(move |run| !heard(run)).copied()
    }
}

fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// The content of a regular file; a link or a pipe in its place is none of ours.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let open = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    let file = open.map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit { Err("it is too large".into()) } else { Ok(bytes) }
}

/// Arguments with null bytes behind them as one line.
fn command_line(bytes: &[u8]) -> String {
    let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let args: Vec<_> = text.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
    args.join(" ").chars().take(MOST_COMMAND).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_names_are_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "1.2.started",
            "1.2.prof",
            "3.4.started",
            "part.3.4.prof",
            "x.5.started",
            "7.refused",
            "8.9.10.prof",
            "1.2.displaced",
            "10.1.started",
            "10.1.busy",
            "11.1.started",
            "11.1.busy",
            "11.1.idle",
        ] {
            fs::write(dir.path().join(name), b"why\0python3\0app.py\0").unwrap();
        }
        std::os::unix::fs::symlink("/dev/zero", dir.path().join("5.5.prof")).unwrap();
        let collected = collect(dir.path());
        assert_eq!(collected.heard, 0);
        assert_eq!(
            collected.damaged,
            [
                "the calls of process 1 cannot be read: not a pstats file",
                "the calls of process 5 cannot be read: Too many levels of symbolic links (os error 40)",
                "the calls of process 11 cannot be read: not a pstats file",
                "the calls of process 10 cannot be read: not a pstats file"
            ]
        );
        assert_eq!(collected.missing, [Unheard { pid: 3, command: "why python3 app.py".into() }]);
        assert_eq!(collected.interrupted, [Unheard { pid: 10, command: "why python3 app.py".into() }]);
        assert_eq!(collected.displaced, [Unheard { pid: 1, command: "why python3 app.py".into() }]);
        let refused = Unheard { pid: 7, command: "python3 app.py".into() };
        assert_eq!(collected.refused, [(refused, "why".to_owned())]);
        assert!(collect(&dir.path().join("gone")).missing.is_empty());
    }
}
