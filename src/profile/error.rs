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
            Self::Write { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("create the directory first, or name another file with `-o`".into())
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                Some("name a file in it".into())
            }
            _ => None,
        }
    }
}
