//! A row of `Cache` as an [`Entry`]. Nothing in a row is trusted: any column may hold any type.

use std::{
    ffi::OsString,
    hash::{Hash, Hasher},
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

use rusqlite::{Row, types::ValueRef};
use rustc_hash::FxHasher;

use super::{Encoding, Part, keys};
use crate::cache::model::{DataType, Entry, Eviction, Expiry, Label, State, Time, TimeSource, Timestamp};

/// Longest file name that is read.
const LONGEST_NAME: usize = 4096;

/// The columns that [`fill`] expects. Long keys, tags and names are not read here, since SQLite would hold them in memory whole; the last
/// column tells that there are some. The lengths are those of [`Label::LONGEST`] and [`LONGEST_NAME`].
pub(super) const COLUMNS: &str = "rowid, iif(octet_length(key) > 65536, NULL, key), raw, store_time, expire_time, \
    access_time, access_count, iif(octet_length(tag) > 65536, NULL, tag), size, mode, \
    iif(octet_length(filename) > 4096, NULL, filename), octet_length(value), typeof(value), \
    iif(octet_length(tag) > 65536 OR octet_length(filename) > 4096, 1, 0)";

/// Fills `entry` from a row with [`COLUMNS`].
///
/// # Errors
/// SQLite's.
pub(super) fn fill(entry: &mut Entry, row: &Row<'_>, part: &Part) -> rusqlite::Result<()> {
    let rowid: i64 = row.get(0)?;
    entry.id = part.id(rowid);
    let (key, raw) = (row.get_ref(1)?, row.get_ref(2)?);
    let pickled = !matches!(raw, ValueRef::Integer(n) if n != 0);
    if key == ValueRef::Null {
        long_label(&mut entry.key, part, rowid, "key", pickled)?;
    } else {
        keys::key(&mut entry.key, key, pickled, part.encoding);
    }
    keys::group(&mut entry.group, &entry.key, part.encoding);

    entry.created = recorded(row.get_ref(3)?);
    entry.expiry = expiry(row.get_ref(4)?);
    let accessed = row.get_ref(5)?;
    entry.accessed = if part.eviction == Eviction::LeastRecentlyUsed { recorded(accessed) } else { None };
    let count = row.get_ref(6)?;
    let counts = part.eviction == Eviction::LeastFrequentlyUsed;
    entry.hits = if counts { count.as_i64().ok().and_then(|n| u64::try_from(n).ok()) } else { None };

    let (tag, name) = (row.get_ref(7)?, row.get_ref(10)?);
    let tags = entry.tags.get_or_insert_default();
    if tag == ValueRef::Null {
        tags.clear();
    } else {
        tags.resize_with(1, Label::default);
        if let Some(label) = tags.first_mut() {
            keys::plain(label, tag);
        }
    }
    entry.path = path(name);
    let (size, mode, length) = (row.get_ref(8)?, row.get_ref(9)?, row.get_ref(11)?);
    let value_class = row.get_ref(12)?.as_bytes().unwrap_or_default();
    let positive = |value: ValueRef<'_>| value.as_i64().ok().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    entry.own_bytes = positive(size).saturating_add(positive(length));
    entry.value_type = value_type(mode, value_class, part.encoding);
    entry.state = State::Ok;

    let mut content = FxHasher::default();
    rowid.hash(&mut content);
    for value in [key, raw, row.get_ref(3)?, row.get_ref(4)?, size, mode, name, length] {
        hash(value, &mut content);
    }
    entry.stamp.content = content.finish();
    let mut usage = FxHasher::default();
    hash(accessed, &mut usage);
    hash(count, &mut usage);
    entry.stamp.usage = (usage.finish() >> 32) as u32;

    if row.get_ref(13)? == ValueRef::Integer(1) {
        fill_long(entry, part, rowid)?;
    }
    Ok(())
}

/// A tag or a name that [`COLUMNS`] left out.
fn fill_long(entry: &mut Entry, part: &Part, rowid: i64) -> rusqlite::Result<()> {
    let sql = "SELECT octet_length(tag) > 65536, octet_length(filename) > 4096 FROM Cache WHERE rowid = ?1";
    let connection = &part.database.connection;
    let (tag, name): (Option<bool>, Option<bool>) =
        connection.prepare_cached(sql)?.query_row([rowid], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if tag == Some(true) {
        let mut label = Label::default();
        long_label(&mut label, part, rowid, "tag", false)?;
        entry.tags = Some(vec![label]);
    }
    if name == Some(true) {
        let start = beginning(part, rowid, "filename", LONGEST_NAME)?;
        entry.path = Some(PathBuf::from(OsString::from_vec(start)));
    }
    Ok(())
}

/// A key or tag of which only the beginning is read; or NULL, as which SQLite stores NaN.
fn long_label(
    label: &mut Label,
    part: &Part,
    rowid: i64,
    column: &str,
    pickled: bool,
) -> rusqlite::Result<()> {
    let sql = format!("SELECT typeof({column}), octet_length({column}) FROM Cache WHERE rowid = ?1");
    let (class, length): (String, Option<u64>) = part
        .database
        .connection
        .prepare_cached(&sql)?
        .query_row([rowid], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(length) = length else {
        keys::plain(label, ValueRef::Null);
        return Ok(());
    };
    let start = beginning(part, rowid, column, Label::LONGEST)?;
    keys::cut(label, &class, &start, length, pickled, part.encoding);
    Ok(())
}

fn beginning(part: &Part, rowid: i64, column: &str, most: usize) -> rusqlite::Result<Vec<u8>> {
    use std::io::Read;

    let blob = part.database.connection.blob_open("main", "Cache", column, rowid, true)?;
    let mut start = Vec::with_capacity(most);
    blob.take(most as u64).read_to_end(&mut start).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
    })?;
    Ok(start)
}

/// A number as a moment that the owner recorded.
pub(super) fn recorded(value: ValueRef<'_>) -> Option<Time> {
    let at = Timestamp::from_seconds(seconds(value)?)?;
    Some(Time { at, source: TimeSource::Recorded })
}

fn seconds(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Integer(n) => Some(n as f64),
        ValueRef::Real(x) => Some(x),
        _ => None,
    }
}

/// An expiry as the owner compares it: text and bytes are greater than every number, so they never come.
pub(super) fn expiry(value: ValueRef<'_>) -> Expiry {
    match seconds(value) {
        Some(x) if x == f64::NEG_INFINITY => {
            Timestamp::from_seconds(f64::MIN).map_or(Expiry::Never, Expiry::At)
        }
        Some(x) => Timestamp::from_seconds(x).map_or(Expiry::Never, Expiry::At),
        None => Expiry::Never,
    }
}

/// What the owner would read the value as.
pub(super) fn value_type(mode: ValueRef<'_>, class: &[u8], encoding: Encoding) -> DataType {
    match (mode, class) {
        (ValueRef::Integer(1 | 2), _) if encoding == Encoding::Json => DataType::Json,
        (ValueRef::Integer(1), b"integer") => DataType::Integer,
        (ValueRef::Integer(1), b"real") => DataType::Float,
        (ValueRef::Integer(1), b"text") | (ValueRef::Integer(3), _) => DataType::Text,
        (ValueRef::Integer(1), b"blob") | (ValueRef::Integer(2), _) => DataType::Bytes,
        (ValueRef::Integer(4), _) => DataType::Pickle,
        (ValueRef::Integer(0 | 1), _) => DataType::None,
        _ => DataType::Other,
    }
}

fn path(name: ValueRef<'_>) -> Option<PathBuf> {
    match name {
        ValueRef::Text(name) | ValueRef::Blob(name) => Some(PathBuf::from(OsString::from_vec(name.to_vec()))),
        _ => None,
    }
}

fn hash(value: ValueRef<'_>, state: &mut FxHasher) {
    match value {
        ValueRef::Null => 0_u8.hash(state),
        ValueRef::Integer(n) => (1_u8, n).hash(state),
        ValueRef::Real(x) => (2_u8, x.to_bits()).hash(state),
        ValueRef::Text(bytes) => (3_u8, bytes).hash(state),
        ValueRef::Blob(bytes) => (4_u8, bytes).hash(state),
    }
}
