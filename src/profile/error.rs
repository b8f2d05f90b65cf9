//! What can go wrong with a profile, each with the thing it is about. The operating system's reason is the `source`.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    record::{Refusal, perf, ptrace},
    target::LaunchError,
};

/// An error of the profiling half.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be created or written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not a recording this tool reads.
    #[error("cannot read `{}`: {reason}", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in a few words.
        reason: String,
    },
    /// A file's name does not tell what to write into it.
    #[error("cannot tell the format of `{}` by its ending", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A recording without a single sample.
    #[error("no samples in `{what}`")]
    NoSamples {
        /// The recording's file or the program.
        what: String,
    },
    /// A recording without a single call.
    #[error("no calls in `{what}`")]
    NothingCalled {
        /// The recording's file or the program.
        what: String,
    },
    /// A sampled recording was asked for numbers of calls.
    #[error("cannot sort by `ncalls`: samples do not count calls")]
    NoCalls,
    /// A recording of calls was asked for numbers of samples.
    #[error("cannot sort by `samples`: it counts calls, not samples")]
    NoSamplesCounted,
    /// A recording of calls was asked for something else than functions.
    #[error("cannot show anything but functions: calls are recorded, not stacks")]
    OnlyFunctions,
    /// A recording of calls was asked for what only stacks tell.
    #[error("cannot {what} of `{}`: calls are recorded, not stacks", path.display())]
    NoStacks {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        what: &'static str,
    },
    /// No stack of a recording contains a match.
    #[error("no stack matches `{pattern}`")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// Nothing in a recording has the name that was asked for.
    #[error("no function or file `{name}` in the recording")]
    NoFunction {
        /// The name.
        name: String,
    },
    /// A selection of samples has left none.
    #[error("no samples match {selection}")]
    NoneSelected {
        /// What was asked for, as it is typed.
        selection: String,
    },
    /// A window of time was asked of a recording that does not know when its samples were taken.
    #[error("cannot select by time: the recording does not say when its samples were taken")]
    NoTimes,
    /// Recordings of CPU time and of elapsed time were to be put together or compared.
    #[error("cannot put CPU time and elapsed time together: the recordings have different clocks")]
    MixedClocks,
    /// Recordings of samples and recordings of calls were to be put together or compared.
    #[error("cannot put samples and calls together: some recordings have stacks, others have calls alone")]
    MixedKinds,
    /// Recordings of different things were to be put together or compared: time and bytes, cycles and cache misses.
    #[error("cannot put {one} and {other} together: the recordings measure different things")]
    MixedUnits {
        /// What one measures.
        one: String,
        /// What another one measures.
        other: String,
    },
    /// The program could not be started.
    #[error("cannot run `{program}`")]
    Launch {
        /// As it was typed.
        program: String,
        /// Whether it is missing rather than not executable.
        missing: bool,
        /// Why.
        source: io::Error,
    },
    /// There is no such process.
    #[error("cannot attach to process {pid}: no such process")]
    Gone {
        /// Its number.
        pid: u32,
    },
    /// There is no place for what a program's interpreters write.
    #[error("cannot make a directory for the program's calls")]
    Hook {
        /// Why.
        source: io::Error,
    },
    /// The system does not let us record.
    #[error("cannot record `{what}`: {}", refusal_reason(refusal))]
    Refused {
        /// The program or process.
        what: String,
        /// Id of a process that was running before.
        pid: Option<u32>,
        /// What stands in the way.
        refusal: Refusal,
    },
    /// A flamegraph could not be drawn.
    #[error("cannot draw the flamegraph")]
    Flamegraph {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(super) fn launch(program: &str, error: LaunchError) -> Self {
        let program = program.to_owned();
        match error {
            LaunchError::NotFound(source) => Self::Launch { program, missing: true, source },
            // The kernel says only that it may not be executed.
            LaunchError::NotExecutable(_) if Path::new(&program).is_dir() => {
                let source = io::Error::from_raw_os_error(libc::EISDIR);
                Self::Launch { program, missing: false, source }
            }
            LaunchError::NotExecutable(source) | LaunchError::NoProcess(source) => {
                Self::Launch { program, missing: false, source }
            }
        }
    }

    pub(super) fn refused(pid: u32, refusal: Refusal) -> Self {
        Self::Refused { what: format!("process {pid}"), pid: Some(pid), refusal }
    }

    /// What the user can do about it, in one line without a final stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotARecording { .. } => Some(format!(
                "hotcold reads its own recordings and the formats {}",
                super::format::read_names().join(", ")
            )),
            Self::Read { path, source }
                if path.as_os_str() == super::DEFAULT_FILE && source.kind() == io::ErrorKind::NotFound =>
            {
                Some("record a program first: `hotcold profile run -- PROGRAM`".into())
            }
            Self::NoFunction { .. } => {
                Some("`hotcold profile report --limit 0 --sort name` lists the functions".into())
            }
            Self::NoneSelected { selection } if selection.contains("--thread") => {
                Some("`hotcold profile report --by thread` lists the threads".into())
            }
            Self::NoneSelected { selection } if selection.contains("--process") => {
                Some("`hotcold profile report --by process` lists the processes".into())
            }
            Self::UnknownFormat { .. } => {
                let names = super::format::written_names().join(", ");
                Some(format!("name the format with `--output-format`: {names}"))
            }
            Self::NoCalls => Some("sort by `samples` or `cumtime` instead".into()),
            Self::Refused { refusal, pid, .. } => hint_of(refusal, *pid),
            Self::NoSamplesCounted => Some("sort by `ncalls` or `tottime` instead".into()),
            Self::Launch { program, missing, source } => {
                super::target::launch_hint(program, *missing, source)
            }
            Self::Write { path, source }
                if source.kind() == io::ErrorKind::NotFound && !path.parent().is_some_and(Path::is_dir) =>
            {
                Some("create the directory first, or name another file".into())
            }
            Self::Write { path, source }
                if path.as_os_str() == super::DEFAULT_FILE
                    && source.kind() == io::ErrorKind::PermissionDenied =>
            {
                Some("name another file with `-o`, or record without saving: `--no-save`".into())
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                Some("name a file in it".into())
            }
            _ => None,
        }
    }
}

fn hint_of(refusal: &Refusal, pid: Option<u32>) -> Option<String> {
    let doctor = || Some("`hotcold doctor` tells what is missing and the command that allows it".to_owned());
    match refusal {
        Refusal::Perf(perf::Refusal::Gone) => None,
        Refusal::Perf(_) => doctor(),
        Refusal::Ptrace(refusal) | Refusal::Both(_, refusal) => {
            let final_ones =
                matches!(refusal, ptrace::Refusal::Gone | ptrace::Refusal::Zombie | ptrace::Refusal::Kernel);
            if final_ones { None } else { pid.and_then(|pid| refusal.fix(pid)).or_else(doctor) }
        }
    }
}

fn refusal_reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Perf(refusal) => perf_reason(refusal).to_owned(),
        Refusal::Ptrace(refusal) => refusal.to_string(),
        Refusal::Both(perf, ptrace) => format!("{}; {ptrace}", perf_reason(perf)),
    }
}

fn perf_reason(refusal: &perf::Refusal) -> &'static str {
    match refusal {
        perf::Refusal::NotAllowed(_) => "this user may not use perf events on it",
        perf::Refusal::Blocked(_) => "perf events are blocked, as they are in most containers",
        perf::Refusal::Unsupported(_) => "this kernel has no perf events",
        perf::Refusal::Gone => "it has ended",
        perf::Refusal::RingMemory(_) => "not enough lockable memory for the smallest ring",
        perf::Refusal::Other(error) if error.raw_os_error() == Some(libc::EMFILE) => "too many open files",
        perf::Refusal::Other(_) => "the kernel refused perf events",
    }
}
