//! Recording with and without perf events: some tests are compiled twice, and the name of their module says which it is.

use std::{path::PathBuf, process::Command};

use super::{fixture::fixture, require::require_perf};

/// How a test's recordings are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By perf events.
    Perf,
    /// By ptrace, because a filter refuses perf events.
    Ptrace,
}

impl Way {
    /// What the module of this path is to test.
    pub(crate) fn of(module_path: &str) -> Self {
        if module_path.ends_with("_without_perf") { Self::Ptrace } else { Self::Perf }
    }

    /// Whether this machine allows it; where not, says so.
    pub(crate) fn works(self) -> bool {
        match self {
            Self::Perf => require_perf(),
            Self::Ptrace => noperf().is_some(),
        }
    }

    /// The tool as [`super::command`] has it, on a machine as this way needs it.
    pub(crate) fn command(self) -> Command {
        match self {
            Self::Perf => super::command(),
            Self::Ptrace => without_perf(&[], &super::command()).expect("asked for before"),
        }
    }

    /// The same for `assert_cmd`.
    pub(crate) fn hotcold(self) -> assert_cmd::Command {
        assert_cmd::Command::from_std(self.command())
    }

    /// What reports call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Ptrace => "ptrace",
        }
    }

    /// Whether a process of the tool with this id has begun to record the one with the other id.
    pub(crate) fn has_begun(self, hotcold: u32, recorded: u32) -> bool {
        match self {
            Self::Perf => {
                let maps = std::fs::read_to_string(format!("/proc/{hotcold}/maps")).unwrap_or_default();
                maps.contains("perf_event")
            }
            Self::Ptrace => super::process::status(recorded, "TracerPid").is_some_and(|pid| pid != "0"),
        }
    }
}

/// The same command where a filter refuses perf events, with further flags of `fixtures/programs/noperf.c`.
pub(crate) fn without_perf(flags: &[&str], command: &Command) -> Option<Command> {
    let mut filtered = Command::new(noperf()?);
    filtered.args(flags).arg(command.get_program()).args(command.get_args()).env_clear();
    filtered.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(dir) = command.get_current_dir() {
        filtered.current_dir(dir);
    }
    Some(filtered)
}

fn noperf() -> Option<PathBuf> {
    fixture("noperf.c")
}
