//! Transaction by transaction through one part.

use std::{os::unix::ffi::OsStrExt, thread, time::Instant};

use rusqlite::{Connection, Transaction, types::ValueRef};

use super::{Counted, Database, Files, Lock, Log, Pacer, Part, Scout, changed, entries};
use crate::cache::{
    Error,
    model::{Entry, EntryId, Timestamp},
    plan::Planned,
    store::RemovalWatcher,
};

/// Rows beyond which a shard is not emptied in one transaction beside others, whose patience is 10 ms.
const QUICKLY_EMPTIED: i64 = 2000;

/// Where fewer than one row in so many has expired, the index finds them faster than a look at all.
const DENSE: u64 = 8;

/// What is needed to remove rows of one part.
pub(super) struct Sweep<'a, 'w> {
    pub(super) part: &'a Part,
    pub(super) lock: Lock<'a>,
    pub(super) pacer: Pacer<'a>,
    pub(super) files: Files<'a>,
    pub(super) watcher: &'w mut dyn RemovalWatcher,
}

/// What a transaction takes away.
#[derive(Default)]
pub(super) struct Loss {
    /// Rows.
    pub(super) count: i64,
    /// Sum of their column `size`, which the library keeps.
    size: i64,
    /// Bytes of values in the database.
    inline: u64,
    /// Rows that were looked at.
    looked_at: usize,
}

/// Says why a row that was asked for stays, by what it is like now.
type Keep<'k, W> = dyn FnMut(&W, &Entry) -> Option<&'static str> + 'k;

impl Sweep<'_, '_> {
    /// Removes what has expired: from the first row to the last where that is much, else with the help of the index.
    pub(super) fn expired(&mut self, now: Timestamp) -> Result<(), Error> {
        let counted = self.part.counted.get().filter(|counted| counted.expired_at == Some(now));
        if let Some(each) = counted.and_then(Counted::one_in).filter(|each| *each <= DENSE) {
            return self.by_row(Some(now), each);
        }
        self.repeat(|files, transaction, most| {
            let sql = "SELECT rowid, filename, size, octet_length(value) FROM Cache \
                       WHERE expire_time IS NOT NULL AND expire_time < ?1 ORDER BY expire_time, rowid LIMIT ?2";
            take(files, transaction, sql, (now.seconds(), most))
        })
    }

    /// Removes everything: at once, as an empty table costs nothing; or in small steps where others would miss the lock meanwhile.
    pub(super) fn everything(&mut self) -> Result<(), Error> {
        if self.pacer.is_polite() && self.part.shard.is_some() && self.has_more_than(QUICKLY_EMPTIED)? {
            return self.by_row(None, 1);
        }
        let database = &self.part.database;
        let before = if database.has_log() { database.twin() } else { None };
        let Some(transaction) = self.lock.take(self.watcher)? else { return Ok(()) };
        let result = empty(&mut self.files, transaction, self.part, before.as_ref());
        drop(before);
        let (count, inline) = result.map_err(|error| self.lock.error(error))?;
        self.watcher.removed(count, inline);
        self.files.commit(self.watcher);
        self.part.database.checkpoint().map_err(|error| self.lock.error(error))
    }

    /// Removes everything, or what has expired at a moment, in the order of the rows. One row in `each` is expected to go.
    fn by_row(&mut self, expired_at: Option<Timestamp>, each: u64) -> Result<(), Error> {
        let part = self.part;
        thread::scope(|scope| {
            let log = Log::new(part, scope);
            self.by_range(&Scout::new(part, expired_at, scope), log.as_ref(), each)
        })
    }

    fn by_range(&mut self, scout: &Scout<'_>, log: Option<&Log>, each: u64) -> Result<(), Error> {
        let lock = self.lock;
        let looks = |pacer: &Pacer<'_>| (pacer.rows() as u64).saturating_mul(each);
        let mut range = scout.first(looks(&self.pacer)).map_err(|error| lock.error(error))?;
        while self.watcher.go_on() {
            let Some(transaction) = lock.take(self.watcher)? else { return Ok(()) };
            let began = Instant::now();
            let (loss, next) = scout
                .take(&transaction, range, looks(&self.pacer), &mut self.files)
                .and_then(|(loss, next)| finish(transaction, &loss).map(|()| (loss, next)))
                .map_err(|error| lock.error(error))?;
            let held = began.elapsed();
            self.committed(&loss);
            if let Some(log) = log.filter(|_| !self.pacer.is_polite()) {
                log.committed();
            }
            let Some(next) = next else { return Ok(()) };
            self.pacer.rest(usize::try_from(range.rows / each).unwrap_or(usize::MAX), held);
            range = next;
        }
        Ok(())
    }

    /// Removes rows that were found before, unless `keep` says why not. A row comes with whatever that needs to know of it.
    pub(super) fn rows<W>(
        &mut self,
        rows: impl Iterator<Item = (i64, W)>,
        keep: &mut Keep<'_, W>,
    ) -> Result<(), Error> {
        let mut rows = rows.peekable();
        while rows.peek().is_some() && self.watcher.go_on() {
            let Some(transaction) = self.lock.take(self.watcher)? else { return Ok(()) };
            let began = Instant::now();
            let mut refused = Vec::new();
            // Step by step: a list of all of them could take as much room as a plan.
            let step = rows.by_ref().take(self.pacer.rows());
            let loss = self.look_and_take(&transaction, step, keep, &mut refused)?;
            finish(transaction, &loss).map_err(|error| self.lock.error(error))?;
            let held = began.elapsed();
            self.committed(&loss);
            for (row, why) in refused {
                self.watcher.refused(&self.part.id(row), why);
            }
            self.pacer.rest(loss.looked_at, held);
        }
        Ok(())
    }

    /// Removes the entries of a plan that are in this part and as they were.
    pub(super) fn planned(&mut self, entries: &[Planned], spare_used: bool) -> Result<(), Error> {
        let shard = self.part.shard;
        let row_here = |planned: &Planned| match planned.id {
            EntryId::Row(row) if shard.is_none() => Some(row),
            EntryId::Part(at, row) if shard == Some(at) => Some(row),
            _ => None,
        };
        let here = entries.iter().filter_map(|planned| Some((row_here(planned)?, planned)));
        self.rows(here, &mut |planned, entry| changed(planned, entry, spare_used))
    }

    fn look_and_take<W>(
        &mut self,
        transaction: &Transaction<'_>,
        rows: impl Iterator<Item = (i64, W)>,
        keep: &mut Keep<'_, W>,
        refused: &mut Vec<(i64, &'static str)>,
    ) -> Result<Loss, Error> {
        let mut loss = Loss::default();
        let mut entry = Entry::new(EntryId::Row(0));
        for (row, wanted) in rows {
            loss.looked_at += 1;
            if !entries::read(self.part, row, &mut entry)? {
                refused.push((row, "it was removed meanwhile"));
                continue;
            }
            if let Some(why) = keep(&wanted, &entry) {
                refused.push((row, why));
                continue;
            }
            let sizes = delete(transaction, row).map_err(|error| self.lock.error(error))?;
            loss.add(sizes);
            if let Some(name) = entry.path.as_deref() {
                self.files.add(row, name.as_os_str().as_bytes(), sizes.0);
            }
        }
        Ok(loss)
    }

    /// Transactions until one finds less than it looked for.
    fn repeat(
        &mut self,
        mut work: impl FnMut(&mut Files<'_>, &Transaction<'_>, i64) -> rusqlite::Result<Loss>,
    ) -> Result<(), Error> {
        loop {
            if !self.watcher.go_on() {
                return Ok(());
            }
            let most = self.pacer.rows();
            let Some(transaction) = self.lock.take(self.watcher)? else { return Ok(()) };
            let began = Instant::now();
            let loss = work(&mut self.files, &transaction, i64::try_from(most).unwrap_or(i64::MAX))
                .and_then(|loss| finish(transaction, &loss).map(|()| loss))
                .map_err(|error| self.lock.error(error))?;
            let held = began.elapsed();
            self.committed(&loss);
            if loss.looked_at < most {
                return Ok(());
            }
            self.pacer.rest(loss.looked_at, held);
        }
    }

    fn committed(&mut self, loss: &Loss) {
        self.watcher.removed(u64::try_from(loss.count).unwrap_or(0), loss.inline);
        self.files.commit(self.watcher);
    }

    fn has_more_than(&self, rows: i64) -> Result<bool, Error> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM Cache LIMIT ?1 + 1)";
        let query = self.part.database.connection.query_row(sql, [rows], |row| row.get::<_, i64>(0));
        Ok(query.map_err(|error| self.lock.error(error))? > rows)
    }
}

impl Loss {
    pub(super) fn add(&mut self, (size, inline): (i64, u64)) {
        self.count += 1;
        self.size = self.size.saturating_add(size);
        self.inline = self.inline.saturating_add(inline);
    }
}

/// Removes the rows that a query gives as `rowid, filename, size, octet_length(value)`.
fn take(
    files: &mut Files<'_>,
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Loss> {
    let mut loss = Loss::default();
    let mut found = Vec::new();
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        let rowid: i64 = row.get(0)?;
        let size = whole(row.get_ref(2)?);
        loss.add((size, length(row.get_ref(3)?)));
        if let Ok(name) = row.get_ref(1)?.as_bytes() {
            files.add(rowid, name, size);
        }
        found.push(rowid);
    }
    // Only now: a query does not see rows being deleted under it well.
    let mut delete = transaction.prepare_cached("DELETE FROM Cache WHERE rowid = ?1")?;
    for row in &found {
        delete.execute([row])?;
    }
    loss.looked_at = found.len();
    Ok(loss)
}

/// Removes one row; its `size` and the length of its value.
fn delete(transaction: &Transaction<'_>, row: i64) -> rusqlite::Result<(i64, u64)> {
    let sql = "DELETE FROM Cache WHERE rowid = ?1 RETURNING size, octet_length(value)";
    transaction
        .prepare_cached(sql)?
        .query_row([row], |row| Ok((whole(row.get_ref(0)?), length(row.get_ref(1)?))))
}

/// Removes all rows and notes their files; how many there were, and the bytes of their values in the database. With a second connection
/// `before`, which goes on seeing what there was, the rows are not looked at before the lock is free again.
fn empty(
    files: &mut Files<'_>,
    transaction: Transaction<'_>,
    part: &Part,
    before: Option<&Database>,
) -> rusqlite::Result<(u64, u64)> {
    // Nothing has changed since the plan was made, under which nobody can change anything now.
    let known = Counted::still(part).filter(|counted| counted.expired_at.is_none() && counted.files == 0);
    if let Some(counted) = known {
        truncate(transaction)?;
        return Ok((counted.entries, counted.inline_bytes));
    }
    let Some(before) = before else {
        let sums = note(files, &transaction)?;
        truncate(transaction)?;
        return Ok(sums);
    };
    let snapshot = before.connection.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM Settings", [], |_| Ok(()))?;
    truncate(transaction)?;
    note(files, &snapshot)
}

/// Notes the files of all rows; how many rows there are, and the bytes of their values in the database.
fn note(files: &mut Files<'_>, connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT rowid, filename, size FROM Cache NOT INDEXED WHERE filename IS NOT NULL";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        files.add(row.get(0)?, row.get_ref(1)?.as_bytes().unwrap_or_default(), whole(row.get_ref(2)?));
    }
    let sql = "SELECT count(*), total(octet_length(value)) FROM Cache NOT INDEXED";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get::<_, f64>(1)? as u64)))
}

/// Removes all rows and commits.
fn truncate(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    // Without a condition SQLite gives the pages back without looking at the rows.
    transaction.execute("DELETE FROM Cache", [])?;
    transaction.execute("UPDATE Settings SET value = 0 WHERE key IN ('count', 'size')", [])?;
    transaction.commit()
}

/// Counts what the triggers would have counted, and commits.
fn finish(transaction: Transaction<'_>, loss: &Loss) -> rusqlite::Result<()> {
    for (key, lost) in [("count", loss.count), ("size", loss.size)] {
        if lost != 0 {
            transaction
                .prepare_cached("UPDATE Settings SET value = value - ?1 WHERE key = ?2")?
                .execute((lost, key))?;
        }
    }
    transaction.commit()
}

/// A whole number; what is none counts nothing in the library's arithmetic either.
pub(super) fn whole(value: ValueRef<'_>) -> i64 {
    match value {
        ValueRef::Integer(n) => n,
        ValueRef::Real(x) => x as i64,
        _ => 0,
    }
}

pub(super) fn length(value: ValueRef<'_>) -> u64 {
    value.as_i64().ok().and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}
