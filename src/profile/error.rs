//! What can go wrong with a profile, each with the thing it is about. The operating system's reason is the `source`.

use std::{io, path::PathBuf};

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
    /// A recording without a single sample.
    #[error("no samples in `{what}`")]
    NoSamples {
        /// The recording's file or the program.
        what: String,
    },
    /// A sampled recording was asked for numbers of calls.
    #[error("cannot sort by `ncalls`: samples do not count calls")]
    NoCalls,
    /// No stack of a recording contains a match.
    #[error("no stack matches `{pattern}`")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// A flamegraph could not be drawn.
    #[error("cannot draw the flamegraph")]
    Flamegraph {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// What the user can do about it, in one line without a final stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotARecording { .. } => Some(
                "hotcold reads pprof files: its own recordings, and those of `go tool pprof` and pprof-rs"
                    .into(),
            ),
            Self::Read { path, source }
                if path.as_os_str() == super::DEFAULT_FILE && source.kind() == io::ErrorKind::NotFound =>
            {
                Some("record a program first: `hotcold profile run -- PROGRAM`".into())
            }
            Self::NoCalls => Some("sort by `samples` or `cumtime` instead".into()),
            _ => None,
        }
    }
}
