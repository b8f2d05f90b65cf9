//! Counting what a removal is about, before it.

use std::ops::ControlFlow;

use rusqlite::ToSql;

use super::{DiskStore, Part, is_indexed, pace};
use crate::cache::{
    Error,
    model::Timestamp,
    select::Filter,
    store::{
        Totals,
        diskcache::{
            pages::{Row, Scanned},
            rows::{Number, length_of},
            twins::Twins,
        },
    },
};

/// What a part held when it was counted.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Counted {
    /// Changes when another connection changes something.
    version: Option<i64>,
    /// When those that are counted have expired; all are if it is `None`.
    pub(super) expired_at: Option<Timestamp>,
    pub(super) entries: u64,
    file_bytes: u64,
    /// Bytes of values in the database.
    pub(super) inline_bytes: u64,
    /// Entries with the name of a file.
    pub(super) files: u64,
    /// Entries, counted or not.
    of: u64,
}

impl Counted {
    /// What was counted, if nobody else has changed anything since. The answer holds as long as we have the write lock.
    pub(super) fn still(part: &Part) -> Option<Self> {
        let counted = part.counted.take()?;
        let now = pace::data_version(&part.database.connection);
        (now.is_some() && counted.version == now).then_some(counted)
    }

    /// One entry in how many was counted; `None` if none was.
    pub(super) fn one_in(self) -> Option<u64> {
        self.of.checked_div(self.entries)
    }
}

/// How many entries there are and their bytes, of all or of those that have expired; `None` where they have to be looked at.
pub(in super::super) fn totals(
    store: &DiskStore,
    filter: &Filter,
    now: Timestamp,
) -> Result<Option<Totals>, Error> {
    let everything = filter.is_empty();
    if !everything && !store.parts.iter().all(|part| is_indexed(part, filter)) {
        return Ok(None);
    }
    let mut sum = Totals::default();
    for part in &store.parts {
        let counted = count(part, (!everything).then_some(now)).map_err(|error| part.error(error))?;
        part.counted.set(Some(counted));
        sum.entries += counted.entries;
        sum.bytes = sum.bytes.saturating_add(counted.file_bytes).saturating_add(counted.inline_bytes);
        sum.of += counted.of;
    }
    Ok(Some(sum))
}

/// One pass over the table, which is faster than an index that leads back to it.
fn count(part: &Part, expired_at: Option<Timestamp>) -> rusqlite::Result<Counted> {
    let connection = &part.database.connection;
    // Asked before: what changes while we count is a change.
    let version = pace::data_version(connection);
    let parts = match Twins::of(part) {
        Some(twins) => twins.share(|part, from, to| count_range(part, from, to, expired_at))?,
        None => vec![count_range(part, i64::MIN, i64::MAX, expired_at)?],
    };
    let mut sums = Sums { of: Some(0), ..Sums::default() };
    parts.iter().for_each(|part| sums.add(part));
    let of = match sums.of {
        Some(of) => of,
        None => connection.query_row("SELECT count(*) FROM Cache", [], |row| row.get(0))?,
    };
    let Sums { entries, file_bytes, inline_bytes, files, .. } = sums;
    Ok(Counted { version, expired_at, entries, file_bytes, inline_bytes, files, of })
}

/// What a range of rows has.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Entries that are counted.
    entries: u64,
    file_bytes: u64,
    inline_bytes: u64,
    /// Entries with the name of a file.
    files: u64,
    /// All entries; `None` where only those that are counted were looked at.
    of: Option<u64>,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.file_bytes = self.file_bytes.saturating_add(other.file_bytes);
        self.inline_bytes = self.inline_bytes.saturating_add(other.inline_bytes);
        self.files += other.files;
        self.of = self.of.zip(other.of).map(|(a, b)| a + b);
    }
}

fn count_range(part: &Part, from: i64, to: i64, expired_at: Option<Timestamp>) -> rusqlite::Result<Sums> {
    if let Some(sums) = count_pages(part, from, to, expired_at)? {
        return Ok(sums);
    }
    let only = if expired_at.is_some() { "expire_time < ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "SELECT count(*), total(iif(typeof(size) = 'integer' AND size > 0, size, 0)), total(octet_length(value)),
         count(filename) FROM Cache NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 AND {only}"
    );
    let now = expired_at.map(Timestamp::seconds);
    let parameters: [&dyn ToSql; 3] = [&from, &to, &now];
    part.database.connection.query_row(&sql, parameters, |row| {
        // Exact up to 2^53 bytes; a cast saturates.
        let bytes = |column| row.get::<_, f64>(column).map(|bytes| bytes as u64);
        let (file_bytes, inline_bytes) = (bytes(1)?, bytes(2)?);
        Ok(Sums { entries: row.get(0)?, file_bytes, inline_bytes, files: row.get(3)?, of: None })
    })
}

/// The same from the pages of the file; `None` where SQLite has to be asked.
fn count_pages(
    part: &Part,
    from: i64,
    to: i64,
    expired_at: Option<Timestamp>,
) -> rusqlite::Result<Option<Sums>> {
    let Some(pages) = part.pages() else { return Ok(None) };
    let (mut sums, mut failed) = (Sums { of: Some(0), ..Sums::default() }, None);
    let scanned = pages.scan(part, from, to, &mut |row| {
        match measure(part, row, expired_at) {
            Ok(one) => sums.add(&one),
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    match failed {
        // A row that is not all on its page.
        Some(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Some(error) => Err(error),
        None => Ok((scanned == Scanned::All).then_some(sums)),
    }
}

/// What one row counts for.
///
/// # Errors
/// SQLite's; [`rusqlite::Error::QueryReturnedNoRows`] where it has to be asked.
fn measure(part: &Part, row: &Row<'_>, expired_at: Option<Timestamp>) -> rusqlite::Result<Sums> {
    let odd = || rusqlite::Error::QueryReturnedNoRows;
    if let Some(now) = expired_at {
        let expired = match row.number(4).ok_or_else(odd)? {
            Number::Integer(at) => (at as f64) < now.seconds(),
            Number::Real(at) => at < now.seconds(),
            Number::Null | Number::Other => false,
        };
        if !expired {
            return Ok(Sums { of: Some(1), ..Sums::default() });
        }
    }
    let file_bytes = row.number(8).ok_or_else(odd)?.count().unwrap_or(0);
    let length = row.length(11).ok_or_else(odd)?;
    let inline_bytes = length_of(part, length)?.count().unwrap_or(0);
    let files = u64::from(!row.is_null(10));
    Ok(Sums { entries: 1, file_bytes, inline_bytes, files, of: Some(1) })
}
