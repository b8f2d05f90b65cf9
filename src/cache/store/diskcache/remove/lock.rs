//! The write lock that the library takes too.

use std::time::Duration;

use rusqlite::Transaction;

use super::Part;
use crate::cache::{Error, store::RemovalWatcher};

/// Takes the write lock of a part.
#[derive(Clone, Copy)]
pub(super) struct Lock<'a> {
    pub(super) part: &'a Part,
    pub(super) timeout: Duration,
}

impl<'a> Lock<'a> {
    /// Begins a transaction that may write; `None` if the watcher does not want to go on.
    ///
    /// # Errors
    /// [`Error::Locked`] when others have had the lock all the time.
    pub(super) fn take(&self, watcher: &mut dyn RemovalWatcher) -> Result<Option<Transaction<'a>>, Error> {
        self.part.database.begin(self.timeout, &mut || watcher.go_on())
    }

    /// SQLite's error in this tool's words, with the time that was really waited.
    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
        self.part.database.error_after(error, self.timeout)
    }
}
