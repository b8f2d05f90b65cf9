//! A row of `Cache` as an [`Entry`]. Nothing in a row is trusted: any column may hold any type.

use std::{
    ffi::OsString,
    hash::{Hash, Hasher},
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

use rusqlite::{
    Row,
    types::{FromSql, FromSqlResult, ValueRef},
};
use rustc_hash::FxHasher;

use super::{Encoding, Part, keys, recipes};
use crate::cache::model::{DataType, Entry, Eviction, Expiry, Label, State, Time, TimeSource, Timestamp};

/// Longest file name that is read.
const LONGEST_NAME: usize = 4096;

/// The columns that [`fill`] expects. Long keys, tags and names are not read here, since SQLite would hold them in memory whole; the last
/// but one column tells that there are some. The lengths are those of [`Label::LONGEST`] and [`LONGEST_NAME`]; the value is there
/// where a recipe may have stored it.
pub(super) const COLUMNS: &str = concat!(
    "rowid, iif(octet_length(key) > 65536, NULL, key), raw, store_time, expire_time, \
    access_time, access_count, iif(octet_length(tag) > 65536, NULL, tag), size, mode, \
    iif(octet_length(filename) > 4096, NULL, filename), octet_length(value), typeof(value), \
    iif(octet_length(tag) > 65536 OR octet_length(filename) > 4096, 1, 0), ",
    recipes::pair!()
);

/// Fills `entry` from a row with [`COLUMNS`].
///
/// # Errors
/// SQLite's.
pub(super) fn fill(entry: &mut Entry, row: &Row<'_>, part: &Part) -> rusqlite::Result<()> {
    let rowid: i64 = row.get(0)?;
    entry.id = part.id(rowid);
    let pickled = !matches!(row.get(2)?, Number::Integer(n) if n != 0);
    let key = row.get_ref(1)?;
    let mut content = FxHasher::default();
    rowid.hash(&mut content);
    pickled.hash(&mut content);
    hash(key, &mut content);
    if key == ValueRef::Null {
        long_label(&mut entry.key, part, rowid, "key", pickled)?;
    } else {
        keys::key(&mut entry.key, &mut entry.group, key, pickled, part);
    }
    fill_times(entry, row, part, &mut content)?;
    fill_recipe(entry, row.get_ref(14)?);

    let tag = row.get_ref(7)?;
    let tags = entry.tags.get_or_insert_default();
    if tag == ValueRef::Null {
        tags.clear();
    } else {
        tags.resize_with(1, Label::default);
        if let Some(label) = tags.first_mut() {
            keys::plain(label, tag);
        }
    }
    let (size, mode, length): (Number, Number, Number) = (row.get(8)?, row.get(9)?, row.get(11)?);
    let name = row.get_ref(10)?;
    entry.path = path(name);
    entry.own_bytes = size.count().unwrap_or(0).saturating_add(length.count().unwrap_or(0));
    entry.value_type = value_type(mode, row.get_ref(12)?.as_bytes().unwrap_or_default(), part.encoding);
    entry.state = State::Ok;
    hash(name, &mut content);
    for number in [size, mode, length] {
        number.hash(&mut content);
    }
    entry.stamp.content = content.finish();
    if row.get(13)? { fill_long(entry, part, rowid) } else { Ok(()) }
}

/// What a recipe of the library keeps in it, if it is one's.
fn fill_recipe(entry: &mut Entry, value: ValueRef<'_>) {
    entry.note = None;
    let ValueRef::Blob(bytes) = value else { return };
    if let Some(recipe) = recipes::recognise(bytes, entry.created.map(|time| time.at.seconds())) {
        entry.group.get_or_insert_with(|| recipe.name.to_owned());
        entry.note = Some(recipe.says);
    }
}

/// What a row tells about when and how often, which is not kept under every policy.
fn fill_times(entry: &mut Entry, row: &Row<'_>, part: &Part, content: &mut FxHasher) -> rusqlite::Result<()> {
    let (stored, expires): (Number, Number) = (row.get(3)?, row.get(4)?);
    stored.hash(content);
    expires.hash(content);
    entry.created = stored.time();
    entry.expiry = expires.expiry();
    (entry.accessed, entry.hits, entry.stamp.usage) = (None, None, 0);
    let used: Number = match part.eviction {
        Eviction::LeastRecentlyUsed => row.get(5)?,
        Eviction::LeastFrequentlyUsed => row.get(6)?,
        Eviction::LeastRecentlyStored | Eviction::None => return Ok(()),
    };
    match part.eviction {
        Eviction::LeastRecentlyUsed => entry.accessed = used.time(),
        _ => entry.hits = used.count(),
    }
    let mut usage = FxHasher::default();
    used.hash(&mut usage);
    entry.stamp.usage = (usage.finish() >> 32) as u32;
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

/// A column that should be a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// Text or bytes.
    Other,
}

impl FromSql for Number {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Real(x) => Self::Real(x),
            ValueRef::Text(_) | ValueRef::Blob(_) => Self::Other,
        })
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match *self {
            Self::Null => 0_u64.hash(state),
            Self::Integer(n) => n.hash(state),
            Self::Real(x) => x.to_bits().hash(state),
            Self::Other => u64::MAX.hash(state),
        }
    }
}

impl Number {
    fn seconds(self) -> Option<f64> {
        match self {
            Self::Integer(n) => Some(n as f64),
            Self::Real(x) => Some(x),
            Self::Null | Self::Other => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(self) -> Option<u64> {
        match self {
            Self::Integer(n) => u64::try_from(n).ok(),
            _ => None,
        }
    }

    /// A moment that the owner recorded.
    pub(super) fn time(self) -> Option<Time> {
        let at = Timestamp::from_seconds(self.seconds()?)?;
        Some(Time { at, source: TimeSource::Recorded })
    }

    /// An expiry as the owner compares it: text and bytes are greater than every number, so they never come.
    pub(super) fn expiry(self) -> Expiry {
        match self.seconds() {
            Some(f64::NEG_INFINITY) => Timestamp::from_seconds(f64::MIN).map_or(Expiry::Never, Expiry::At),
            Some(x) => Timestamp::from_seconds(x).map_or(Expiry::Never, Expiry::At),
            None => Expiry::Never,
        }
    }
}

/// What the owner would read the value as.
pub(super) fn value_type(mode: Number, class: &[u8], encoding: Encoding) -> DataType {
    let Number::Integer(mode) = mode else { return DataType::Other };
    match (mode, class) {
        (1 | 2, _) if encoding == Encoding::Json => DataType::Json,
        (1, b"integer") => DataType::Integer,
        (1, b"real") => DataType::Float,
        (1, b"text") | (3, _) => DataType::Text,
        (1, b"blob") | (2, _) => DataType::Bytes,
        (4, _) => DataType::Pickle,
        (0 | 1, _) => DataType::None,
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
