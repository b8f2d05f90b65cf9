//! The directory of a cache of files, and what could not be seen of it.

use std::{
    cell::RefCell,
    ffi::OsStr,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use crate::cache::{
    Error,
    look::{Dir, Kind},
};

/// Things that could not be looked at, of which more are only counted.
const MOST_UNSEEN: usize = 20;

/// A cache's directory, open.
#[derive(Debug)]
pub(in crate::cache::store) struct Ground {
    /// As it was given.
    pub(in crate::cache::store) path: PathBuf,
    /// Held open.
    pub(in crate::cache::store) dir: Dir,
    unseen: RefCell<(u64, Vec<String>)>,
}

impl Ground {
    /// Opens `path`.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(in crate::cache::store) fn open(path: &Path) -> Result<Self, Error> {
        let dir = Dir::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), dir, unseen: RefCell::default() })
    }

    /// Notes that something cannot be looked at; what has vanished meanwhile is nobody's business.
    pub(in crate::cache::store) fn note(&self, at: &Path, error: &io::Error) {
        // Gone meanwhile, or another file system, which is not ours to look at.
        if [io::ErrorKind::NotFound, io::ErrorKind::CrossesDevices].contains(&error.kind()) {
            return;
        }
        let mut unseen = self.unseen.borrow_mut();
        unseen.0 += 1;
        if unseen.1.len() < MOST_UNSEEN {
            let text = error.to_string();
            let end = text.find(" (os error").unwrap_or(text.len());
            let why = text.get(..end).unwrap_or(&text).to_lowercase();
            unseen.1.push(format!("cannot read `{}`: {why}", self.path.join(at).display()));
        }
    }

    /// What was noted since the last time.
    pub(in crate::cache::store) fn take_unseen(&self) -> Vec<String> {
        let (count, mut first) = self.unseen.take();
        let more = count.saturating_sub(first.len() as u64);
        if more > 0 {
            first.push(format!("{} more could not be read", crate::units::count(more)));
        }
        first
    }

    /// Visits the names of `dir`, which is `at`; what cannot be read is noted.
    pub(in crate::cache::store) fn names(
        &self,
        dir: &Dir,
        at: &Path,
        visit: &mut dyn FnMut(&OsStr, Kind) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let result = dir.names(&mut |name, kind| {
            flow = visit(name, kind);
            flow
        });
        if let Err(error) = result {
            self.note(at, &error);
        }
        flow
    }

    /// The directories in `dir`, sorted by name.
    pub(in crate::cache::store) fn dirs(&self, dir: &Dir, at: &Path) -> Vec<std::ffi::OsString> {
        let mut found = Vec::new();
        let _ = self.names(dir, at, &mut |name, kind| {
            if kind == Kind::Dir {
                found.push(name.to_owned());
            }
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found
    }

    /// Opens `name` in `dir`; `at` is its path. `None`, and noted, where that cannot be.
    pub(in crate::cache::store) fn sub(&self, dir: &Dir, name: &OsStr, at: &Path) -> Option<Dir> {
        dir.sub(name).map_err(|error| self.note(at, &error)).ok()
    }
}
