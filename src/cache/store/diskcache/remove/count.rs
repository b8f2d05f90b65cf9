//! Counting what a removal is about, before it.

use rusqlite::ToSql;

use super::{DiskStore, Part, is_indexed, pace};
use crate::cache::{
    Error,
    model::Timestamp,
    select::Filter,
    store::{Totals, diskcache::twins::Twins},
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
    let of: u64 = connection.query_row("SELECT count(*) FROM Cache", [], |row| row.get(0))?;
    let parts = match Twins::of(part) {
        Some(twins) => twins.share(|part, from, to| count_range(part, from, to, expired_at))?,
        None => vec![count_range(part, i64::MIN, i64::MAX, expired_at)?],
    };
    let mut counted =
        Counted { version, expired_at, entries: 0, file_bytes: 0, inline_bytes: 0, files: 0, of };
    for (entries, file_bytes, inline_bytes, files) in parts {
        counted.entries += entries;
        // Exact up to 2^53 bytes; a cast saturates.
        counted.file_bytes = counted.file_bytes.saturating_add(file_bytes as u64);
        counted.inline_bytes = counted.inline_bytes.saturating_add(inline_bytes as u64);
        counted.files += files;
    }
    Ok(counted)
}

/// Entries, bytes in files, bytes in the database, entries with files.
fn count_range(
    part: &Part,
    from: i64,
    to: i64,
    expired_at: Option<Timestamp>,
) -> rusqlite::Result<(u64, f64, f64, u64)> {
    let only = if expired_at.is_some() { "expire_time < ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "SELECT count(*), total(iif(typeof(size) = 'integer' AND size > 0, size, 0)), total(octet_length(value)),
         count(filename) FROM Cache NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 AND {only}"
    );
    let now = expired_at.map(Timestamp::seconds);
    let parameters: [&dyn ToSql; 3] = [&from, &to, &now];
    part.database
        .connection
        .query_row(&sql, parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
}
