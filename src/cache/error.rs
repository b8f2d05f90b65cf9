//! What can go wrong with a cache, each with the thing it is about. The operating system's reason is the `source`.

use std::{io, path::PathBuf, time::Duration};

/// An error of the cache half.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written or removed.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is a file.
    #[error("cannot read `{}`: not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory holds nothing that is known as a cache.
    #[error("cannot read `{}` as a cache: {reason}", path.display())]
    NotACache {
        /// The directory.
        path: PathBuf,
        /// What was found instead, in a few words.
        reason: String,
    },
    /// The directory holds several caches.
    #[error("cannot tell which cache in `{}` is meant: {}", path.display(), shown(roots))]
    Several {
        /// The directory.
        path: PathBuf,
        /// Those of the caches.
        roots: Vec<PathBuf>,
    },
    /// The cache is broken.
    #[error("cannot read `{}`: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in a few words.
        reason: String,
    },
    /// The cache may be looked at, not changed.
    #[error("cannot change `{}`: {reason}", path.display())]
    ReadOnly {
        /// The cache.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Somebody else had the cache locked all the time.
    #[error("cannot lock `{}`: another process held it for {}", path.display(), crate::units::duration(*waited))]
    Locked {
        /// The cache.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// A policy is wrong.
    #[error("cannot read `{}`: line {line}, column {column}: {reason}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Where in the line, in characters from 1.
        column: usize,
        /// What is wrong, in a few words.
        reason: String,
    },
    /// Another run by the same policy goes on.
    #[error("cannot prune by `{}`: another run of it goes on", path.display())]
    Running {
        /// The policy.
        path: PathBuf,
    },
    /// A rule asks for something the owner does not keep.
    #[error("cannot use `{flag}`: {why}")]
    NotKept {
        /// The flag.
        flag: &'static str,
        /// Why it is not known.
        why: String,
    },
    /// No entry has this key or id.
    #[error("cannot find `{what}`: no such {noun}")]
    NoSuchEntry {
        /// As it was typed.
        what: String,
        /// `key` or `id`.
        noun: &'static str,
    },
    /// Several entries have keys that are shown alike.
    #[error("cannot tell which `{what}` is meant: entries {} have it", ids.join(", "))]
    Ambiguous {
        /// As it was typed.
        what: String,
        /// The ids of the first of them.
        ids: Vec<String>,
    },
    /// This kind of cache cannot do what is asked.
    #[error("cannot {verb} `{}`: {reason}", path.display())]
    Unsupported {
        /// What was asked: "clear", "repair".
        verb: &'static str,
        /// The cache.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// An operating system's error without its number, as part of a sentence.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).to_lowercase()
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// The reason of [`Error::NotACache`] where nothing speaks for or against it.
    pub(super) const UNKNOWN: &'static str = "nothing in it is known as a cache";

    /// The same of a directory without anything in it.
    pub(super) const EMPTY: &'static str = "the directory is empty";

    /// Whether it is about an empty directory, which is what an emptied cache is.
    pub fn is_of_empty(&self) -> bool {
        matches!(self, Self::NotACache { reason, .. } if reason == Self::EMPTY)
    }

    /// What the user can do about it, in one line without a final stop.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotACache { reason, .. } if reason == Self::UNKNOWN => {
                Some("if everything in it may go, `hotcold cache prune --adopt DIR …` says so once".into())
            }
            Self::NoSuchEntry { .. } => {
                Some("`hotcold cache list DIR` shows the keys; `--id` takes the first column".into())
            }
            Self::Several { .. } => Some("name one of them".into()),
            Self::NotKept { flag: "--unused-for", .. } => {
                Some("`--older-than` goes by when entries were stored".into())
            }
            Self::Ambiguous { .. } => Some("name one of them with `--id`".into()),
            Self::Locked { .. } => Some("wait longer with `--lock-timeout`, or try again later".into()),
            Self::Damaged { .. } => {
                Some("it is a cache: move the directory away and let its program make a new one".into())
            }
            _ => None,
        }
    }
}
