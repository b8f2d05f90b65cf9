//! How long the write lock is held, and how long it is left alone in between, so that nobody waits long beside us.
//!
//! SQLite's waiting is a sleep that grows from 1 to 100 ms: whoever takes the lock again at once starves the others, however short each
//! hold is. What counts is the pause.

use std::{
    os::unix::fs::MetadataExt,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{Part, open};
use crate::cache::store::Pace;

/// Rows of the first transaction beside others.
const FIRST_ROWS: usize = 100;
/// Rows of a transaction when nobody else is there.
const ROWS_ALONE: usize = 10_000;
/// Longest hold that is aimed at beside others. The processes of a `FanoutCache` give up after 10 ms, without an error.
const HOLD: Duration = Duration::from_millis(5);
const HOLD_OF_SHARD: Duration = Duration::from_millis(1);
/// Fewest rows beside others: on a machine that does much else a hold is long because we wait too, and smaller ones would not end.
const LEAST_ROWS: usize = 300;
const LEAST_ROWS_OF_SHARD: usize = 100;
/// Shortest and longest pause, and what of a hold it is in between; all of it beside those of a `FanoutCache`.
const PAUSE: Duration = Duration::from_millis(3);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
const SHARE: f64 = 0.6;
/// After how many pages the log is written into the database, and to what length it is cut when it begins anew. Alone we wait for the
/// disk less often; beside others SQLite's own numbers hold, since the log does not become shorter while somebody uses it.
const LOG: &str = "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=4194304";
const LOG_ALONE: &str = "PRAGMA wal_autocheckpoint=10000; PRAGMA journal_size_limit=-1";
/// How long the answer who else is there is believed.
const BELIEVED: Duration = Duration::from_millis(20);
/// The byte of the `-shm` file on which every connection holds a shared lock for as long as it is open.
const CONNECTED: &str = "128";

/// Steers transactions.
pub(super) struct Pacer<'a> {
    part: &'a Part,
    wish: Pace,
    polite: bool,
    rows: usize,
    hold: Duration,
    looked: Instant,
    version: Option<i64>,
}

impl<'a> Pacer<'a> {
    pub(super) fn new(part: &'a Part, wish: Pace) -> Self {
        let hold = if part.shard.is_some() { HOLD_OF_SHARD } else { HOLD };
        let version = data_version(&part.database.connection);
        let mut pacer =
            Self { part, wish, polite: false, rows: FIRST_ROWS, hold, looked: Instant::now(), version };
        pacer.look();
        pacer
    }

    /// Whether others are there, or may be.
    pub(super) fn is_polite(&self) -> bool {
        self.polite
    }

    /// How many rows the next transaction should take.
    pub(super) fn rows(&self) -> usize {
        if self.polite { self.rows } else { ROWS_ALONE }
    }

    /// After a transaction on `rows` rows that held the lock for `held`: leaves it to the others, if there are any.
    pub(super) fn rest(&mut self, rows: usize, held: Duration) {
        if self.polite && rows >= self.rows {
            let least = if self.part.shard.is_some() { LEAST_ROWS_OF_SHARD } else { LEAST_ROWS };
            let wanted = self.hold.as_secs_f64() / held.as_secs_f64().max(1e-6);
            self.rows = ((rows as f64 * wanted.clamp(0.5, 1.5)) as usize).clamp(least, ROWS_ALONE);
        }
        if self.looked.elapsed() >= BELIEVED {
            self.look();
        }
        if self.polite {
            let share = if self.part.shard.is_some() { 1.0 } else { SHARE };
            thread::sleep(held.mul_f64(share).clamp(PAUSE, LONGEST_PAUSE));
        }
    }

    fn look(&mut self) {
        let version = data_version(&self.part.database.connection);
        let written = version != self.version;
        (self.looked, self.version) = (Instant::now(), version);
        self.polite = match self.wish {
            Pace::Fast => false,
            Pace::Polite => true,
            // Somebody who cannot be seen, such as from another container, is betrayed by what he writes.
            Pace::Auto => written || others(self.part).unwrap_or(true),
        };
        // If that fails, the work is slower.
        let _ = self.part.database.connection.execute_batch(if self.polite { LOG } else { LOG_ALONE });
    }
}

/// A number that changes when another connection writes.
pub(super) fn data_version(connection: &Connection) -> Option<i64> {
    connection.prepare_cached("PRAGMA data_version").ok()?.query_row([], |row| row.get(0)).ok()
}

/// Whether another process has the database open; `None` where that cannot be known.
pub(super) fn others(part: &Part) -> Option<bool> {
    let shm = std::fs::symlink_metadata(open::beside(&part.database.path, "-shm")).ok()?;
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let ours = std::process::id();
    let mut we_are_there = false;
    for line in locks.lines() {
        match connected(line, shm.ino()) {
            Some(pid) if pid == i64::from(ours) => we_are_there = true,
            Some(_) => return Some(true),
            None => {}
        }
    }
    // A system that does not show our own lock does not show those of others either.
    we_are_there.then_some(false)
}

/// The process that holds the lock of a connection on the file `inode`, from a line such as
/// `1: POSIX  ADVISORY  READ 1234 08:01:131 128 128`. The device is left out: some file systems have several.
fn connected(line: &str, inode: u64) -> Option<i64> {
    let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "->").collect();
    let &[_, "POSIX", _, _, pid, file, first, _] = words.as_slice() else { return None };
    let same = file.rsplit(':').next()?.parse::<u64>() == Ok(inode);
    (same && first == CONNECTED).then(|| pid.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_others_are_seen() {
        assert_eq!(connected("1: POSIX  ADVISORY  READ 1234 08:01:131 128 128", 131), Some(1234));
        for (line, inode) in [
            ("1: POSIX  ADVISORY  READ 1234 08:01:131 128 128", 132),
            ("1: POSIX  ADVISORY  WRITE 1234 08:01:131 120 120", 131),
            ("1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF", 131),
            ("", 131),
        ] {
            assert_eq!(connected(line, inode), None, "{line}");
        }
    }
}
