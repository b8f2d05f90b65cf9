//! Writing the log into the database on a second thread while the first removes rows: who removes need not wait for the disk.

use std::{
    cell::Cell,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, Scope},
};

use super::Part;

/// Pages in the log from which on the one that removes is left to write it himself, which he does some pages later. Only when that has
/// been done with nobody writing at the same time does the log begin anew.
const NEARLY_FULL: i64 = 7000;
/// Commits for which he is left to it.
const LEFT_TO_IT: u32 = 6;

/// Asks for checkpoints.
pub(super) struct Log {
    ask: Sender<()>,
    /// Pages that were in the log.
    pages: Receiver<i64>,
    is_idle: Cell<bool>,
    wait: Cell<u32>,
}

impl Log {
    /// One with a thread of its own; `None` where there is no log, or no second processor.
    pub(super) fn new<'s>(part: &Part, scope: &'s Scope<'s, '_>) -> Option<Self> {
        let several = thread::available_parallelism().is_ok_and(|n| n.get() > 1);
        let twin = if several && part.database.has_log() { part.twin()? } else { return None };
        let ((ask, asked), (told, pages)) = (channel(), channel());
        scope.spawn(move || {
            for () in asked {
                let connection = &twin.database.connection;
                // What this leaves is done when the cache is closed, if not before.
                let pages = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1));
                if told.send(pages.unwrap_or(0)).is_err() {
                    return;
                }
            }
        });
        Some(Self { ask, pages, is_idle: Cell::new(true), wait: Cell::new(0) })
    }

    /// A transaction has been committed.
    pub(super) fn committed(&self) {
        if let Ok(pages) = self.pages.try_recv() {
            self.is_idle.set(true);
            if pages > NEARLY_FULL {
                self.wait.set(LEFT_TO_IT);
            }
        }
        match self.wait.get() {
            0 if self.is_idle.get() => self.is_idle.set(self.ask.send(()).is_err()),
            wait => self.wait.set(wait.saturating_sub(1)),
        }
    }
}
