//! Value files that have lost their rows.

use std::fmt::Write;

use super::Part;
use crate::cache::{
    error::plain,
    safe_delete::{BelowRoot, Root},
    store::{
        RemovalWatcher,
        diskcache::value_name::{FileName, ValueName},
    },
};

/// Files that are waited for before they are removed together. Being killed leaves at most so many without rows, and those of the
/// transaction that was on its way.
const TOGETHER: usize = 10_000;

/// A file that is to go.
struct Doomed {
    name: ValueName,
    row: i64,
    bytes: u64,
}

impl BelowRoot for Doomed {
    fn write_to(&self, path: &mut String) {
        let _ = write!(path, "{}", self.name);
    }
}

/// The files of one part.
pub(super) struct Files<'a> {
    part: &'a Part,
    root: &'a Root,
    waiting: Vec<Doomed>,
    /// Names of rows that are removed by a transaction that is not committed yet begin here.
    committed: usize,
    strange: Vec<(i64, String)>,
}

impl<'a> Files<'a> {
    pub(super) fn new(part: &'a Part, root: &'a Root) -> Self {
        Self { part, root, waiting: Vec::new(), committed: 0, strange: Vec::new() }
    }

    /// Notes the file of a row that is being removed, with what the row says of its size.
    pub(super) fn add(&mut self, row: i64, name: &[u8], size: i64) {
        let bytes = u64::try_from(size).unwrap_or(0);
        match FileName::of(name) {
            FileName::Own(name) | FileName::Windows(name) => self.waiting.push(Doomed { name, row, bytes }),
            FileName::Inside(_) => self.stays(row, name, "DiskCache does not name files like this"),
            FileName::Outside(why) => self.stays(row, name, why),
        }
    }

    fn stays(&mut self, row: i64, name: &[u8], why: &str) {
        let name: String = String::from_utf8_lossy(name).chars().take(200).collect();
        self.strange.push((row, format!("its file `{name}` stays: {why}")));
    }

    /// The transaction that removed the rows has been committed.
    pub(super) fn commit(&mut self, watcher: &mut dyn RemovalWatcher) {
        self.committed = self.waiting.len();
        for (row, why) in self.strange.drain(..) {
            watcher.failed(&self.part.id(row), &why);
        }
        if self.waiting.len() >= TOGETHER {
            self.flush(watcher);
        }
    }

    /// Removes the files whose rows are gone for good, and forgets the others.
    pub(super) fn flush(&mut self, watcher: &mut dyn RemovalWatcher) {
        self.waiting.truncate(self.committed);
        self.strange.clear();
        // Files of one directory together, and directories in the order of their names.
        self.waiting.sort_unstable_by_key(|file| file.name);
        for files in self.waiting.chunks(TOGETHER) {
            let tally = self.root.remove_all(files);
            let mut bytes: u64 = files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
            for (i, error) in tally.failed {
                let Some(file) = files.get(i) else { continue };
                bytes = bytes.saturating_sub(file.bytes);
                let text = format!("its file `{}` stays: {}", file.name, plain(&error));
                watcher.failed(&self.part.id(file.row), &text);
            }
            watcher.removed(0, bytes);
        }
        self.waiting.clear();
        self.committed = 0;
    }
}
