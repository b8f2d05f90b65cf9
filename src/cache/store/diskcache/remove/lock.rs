//! The write lock that the library takes too.

use std::time::{Duration, Instant};

use rusqlite::{ErrorCode, Transaction, TransactionBehavior};

use super::Part;
use crate::cache::{Error, store::RemovalWatcher};

/// How long SQLite waits before we ask whether to go on.
const SLICE: Duration = Duration::from_millis(100);

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
        let connection = &self.part.database.connection;
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            connection.busy_timeout(left.min(SLICE)).map_err(|error| self.error(error))?;
            match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
                Ok(transaction) => return Ok(Some(transaction)),
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    if !watcher.go_on() {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    /// SQLite's error in this tool's words, with the time that was really waited.
    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
        if is_busy(&error) {
            return Error::Locked { path: self.part.database.path.clone(), waited: self.timeout };
        }
        self.part.error(error)
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
