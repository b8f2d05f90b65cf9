//! What a check finds, with what a repair needs to know about it.

use crate::cache::{model::EntryId, store::Problem};

use super::super::value_name::ValueName;

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub(in super::super) struct Finding {
    pub(in super::super) problem: Problem,
    pub(in super::super) fix: Option<Fix>,
}

/// How it can be repaired without losing anything.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Fix {
    /// Delete the row, whose value cannot be had, unless it has changed; the file it names is not touched.
    DropRow { rowid: i64, filename: Vec<u8>, why: Gone },
    /// Write down the size that the file has.
    SetSize { rowid: i64, name: ValueName },
    /// Write the file's name as it is written here.
    Slashes { rowid: i64, filename: Vec<u8>, name: ValueName },
    /// Remove a file that no row names, as long as none does.
    RemoveOrphan { name: ValueName, bytes: u64 },
    /// Remove a directory that is still empty: `xx` or `xx/yy`.
    RemoveDirectory { path: String },
    /// Count again.
    Recount,
    /// Run a statement that makes what is missing.
    Create { sql: &'static str },
    /// Build an index anew.
    Reindex { index: String },
    /// Let SQLite write the log into the database, which it does when the last user closes it.
    Checkpoint,
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Gone {
    /// The file is not there, or is no file.
    Missing,
    /// The file is empty.
    Empty,
    /// The name leads outside.
    Outside,
}

impl Finding {
    /// A problem.
    pub(super) fn problem(what: &'static str, place: impl Into<String>, detail: impl Into<String>) -> Self {
        let problem = Problem {
            what,
            place: place.into(),
            detail: detail.into(),
            note: false,
            fixable: false,
            fixed: false,
            bytes: 0,
        };
        Self { problem, fix: None }
    }

    /// Something worth knowing that harms nobody.
    pub(super) fn note(what: &'static str, place: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut finding = Self::problem(what, place, detail);
        finding.problem.note = true;
        finding
    }

    /// A problem with an entry.
    pub(super) fn row(what: &'static str, part: Option<u32>, rowid: i64, detail: impl Into<String>) -> Self {
        let id = part.map_or(EntryId::Row(rowid), |part| EntryId::Part(part, rowid));
        Self::problem(what, id.to_string(), detail)
    }

    /// The same, which can be repaired.
    pub(super) fn fixed_by(mut self, fix: Fix) -> Self {
        self.problem.fixable = true;
        self.fix = Some(fix);
        self
    }

    /// The same, which takes so many bytes.
    pub(super) fn with_bytes(mut self, bytes: u64) -> Self {
        self.problem.bytes = bytes;
        self
    }
}
