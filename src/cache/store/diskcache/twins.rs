//! Further connections to one table, so that several threads can look at it at once.

use std::{panic::resume_unwind, thread};

use super::Part;

/// Row numbers that are worth more than one thread.
const WORTH: u64 = 20_000;
/// Most threads.
const MOST: usize = 4;

/// A part several times, each with a connection of its own.
pub(super) struct Twins {
    /// At least two.
    pub(super) parts: Vec<Part>,
    /// The lowest row.
    pub(super) first: i64,
    /// The highest row.
    pub(super) last: i64,
}

impl Twins {
    /// Those of a part that is worth several threads.
    pub(super) fn of(part: &Part) -> Option<Self> {
        let sql = "SELECT (SELECT min(rowid) FROM Cache), (SELECT max(rowid) FROM Cache)";
        let ends = part.database.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        // Where that fails, or there are no rows, going through them in turn tells.
        let (first, last): (i64, i64) = ends.ok()?;
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
        if last.abs_diff(first) < WORTH || threads < 2 {
            return None;
        }
        let parts: Vec<Part> = (0..threads).map_while(|_| part.twin()).collect();
        (parts.len() > 1).then_some(Self { parts, first, last })
    }

    /// Has each look at as many row numbers as the others, from the first to the last that there can be.
    ///
    /// # Errors
    /// The first that one of them has.
    pub(super) fn share<T: Send>(
        self,
        look: impl Fn(&Part, i64, i64) -> rusqlite::Result<T> + Sync,
    ) -> rusqlite::Result<Vec<T>> {
        let width = self.last.abs_diff(self.first) / self.parts.len() as u64;
        let count = self.parts.len();
        let mut from = i64::MIN;
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for (i, part) in self.parts.into_iter().enumerate() {
                let to = match i + 1 {
                    n if n == count => i64::MAX,
                    n => self.first.saturating_add_unsigned(width.saturating_mul(n as u64)),
                };
                let (begin, look) = (from, &look);
                workers.push(scope.spawn(move || look(&part, begin, to)));
                from = to.saturating_add(1);
            }
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }
}
