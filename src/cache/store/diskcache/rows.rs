//! A row of `Cache` as an [`Entry`]. Nothing in a row is trusted: any column may hold any type.

use std::{
    ffi::OsString,
    hash::{Hash, Hasher},
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

use rusqlite::{
    Connection, ErrorCode, Row,
    limits::Limit,
    types::{FromSql, FromSqlResult, ValueRef},
};
use rustc_hash::FxHasher;

use super::{
    Encoding, Part, keys,
    pages::{self, Length},
    recipes,
};
use crate::cache::model::{DataType, Entry, Eviction, Expiry, Label, State, Time, TimeSource, Timestamp};

/// Longest file name that is read.
const LONGEST_NAME: usize = 4096;

/// The columns of a row that [`fill`] expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// All, with the value where a recipe may have stored it, but for long keys, tags and names, which SQLite would hold in memory whole; the last column tells that there are some.
    Bounded,
    /// All as they are, for connections whose [`limit`] refuses long ones.
    Full,
    /// The same without what [`Query::full`](crate::cache::store::Query::full) leaves out.
    Few,
}

impl Columns {
    /// Their SQL, for a part that keeps uses as `eviction` tells. The lengths are those of [`Label::LONGEST`] and [`LONGEST_NAME`].
    pub(super) fn sql(self, eviction: Eviction) -> String {
        let used = match eviction {
            Eviction::LeastRecentlyUsed => "access_time",
            Eviction::LeastFrequentlyUsed => "access_count",
            Eviction::LeastRecentlyStored | Eviction::None => "NULL",
        };
        let few = |key: &str, tag: &str| {
            format!("rowid, {key}, raw, store_time, expire_time, {tag}, size, octet_length(value), {used}")
        };
        match self {
            Self::Bounded => {
                let few = few(
                    "iif(octet_length(key) > 65536, NULL, key)",
                    "iif(octet_length(tag) > 65536, NULL, tag)",
                );
                format!(
                    "{few}, mode, iif(octet_length(filename) > 4096, NULL, filename), typeof(value), {}, \
                     iif(octet_length(tag) > 65536 OR octet_length(filename) > 4096, 1, 0)",
                    recipes::pair!()
                )
            }
            Self::Full => {
                format!("{}, mode, filename, typeof(value), {}", few("key", "tag"), recipes::pair!())
            }
            Self::Few => few("key", "tag"),
        }
    }
}

/// Makes a connection refuse values that are longer than a label may be, with [`is_too_long`], instead of reading them; or not any more.
pub(super) fn limit(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    let most = if on { i32::try_from(Label::LONGEST).unwrap_or(i32::MAX) } else { i32::MAX };
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map(|_| ())
}

/// Whether [`limit`] has kept a row from being read.
pub(super) fn is_too_long(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::TooBig)
}

/// The columns of a row that every list needs.
struct Basics<'r> {
    rowid: i64,
    key: ValueRef<'r>,
    raw: Number,
    stored: Number,
    expires: Number,
    tag: ValueRef<'r>,
    size: Number,
    length: Number,
    used: Number,
}

impl Basics<'_> {
    fn is_pickled(&self) -> bool {
        !matches!(self.raw, Number::Integer(n) if n != 0)
    }
}

/// Fills `entry` from a row with `columns`.
///
/// # Errors
/// SQLite's.
pub(super) fn fill(entry: &mut Entry, row: &Row<'_>, columns: Columns, part: &Part) -> rusqlite::Result<()> {
    let number = |column: usize| row.get_ref(column).map(Number::from);
    let basics = Basics {
        rowid: row.get(0)?,
        key: row.get_ref(1)?,
        raw: number(2)?,
        stored: number(3)?,
        expires: number(4)?,
        tag: row.get_ref(5)?,
        size: number(6)?,
        length: number(7)?,
        used: number(8)?,
    };
    fill_basics(entry, &basics, part)?;
    if columns == Columns::Few {
        return Ok(());
    }
    fill_recipe(entry, row.get_ref(12)?);

    let (mode, name) = (number(9)?, row.get_ref(10)?);
    entry.path = path(name);
    entry.value_type = value_type(mode, row.get_ref(11)?.as_bytes().unwrap_or_default(), part.encoding);
    let mut content = FxHasher::default();
    basics.rowid.hash(&mut content);
    basics.is_pickled().hash(&mut content);
    hash(basics.key, &mut content);
    hash(name, &mut content);
    for number in [basics.stored, basics.expires, basics.size, mode, basics.length] {
        number.hash(&mut content);
    }
    entry.stamp.content = content.finish();
    let mut usage = FxHasher::default();
    basics.used.hash(&mut usage);
    entry.stamp.usage = (usage.finish() >> 32) as u32;
    let long = match columns {
        Columns::Bounded => row.get(13)?,
        _ => name.as_bytes().is_ok_and(|name| name.len() > LONGEST_NAME),
    };
    if long { fill_long(entry, part, basics.rowid) } else { Ok(()) }
}

/// Fills `entry` with what [`Columns::Few`] has, from a row on its page; whether nothing of it is too long or elsewhere.
///
/// # Errors
/// SQLite's.
pub(super) fn fill_from_page(entry: &mut Entry, row: &pages::Row<'_>, part: &Part) -> rusqlite::Result<bool> {
    let used = match part.eviction {
        Eviction::LeastRecentlyUsed => row.number(5),
        Eviction::LeastFrequentlyUsed => row.number(6),
        Eviction::LeastRecentlyStored | Eviction::None => Some(Number::Null),
    };
    let (Some(key), Some(raw), Some(stored), Some(expires), Some(tag), Some(size), Some(length), Some(used)) = (
        row.value(1),
        row.number(2),
        row.number(3),
        row.number(4),
        row.value(7),
        row.number(8),
        row.length(11),
        used,
    ) else {
        return Ok(false);
    };
    let is_long = |value: ValueRef<'_>| value.as_bytes().is_ok_and(|bytes| bytes.len() > Label::LONGEST);
    if is_long(key) || is_long(tag) {
        return Ok(false);
    }
    let length = length_of(part, length)?;
    let basics = Basics { rowid: row.rowid, key, raw, stored, expires, tag, size, length, used };
    fill_basics(entry, &basics, part)?;
    Ok(true)
}

/// A length as `octet_length` gives it.
///
/// # Errors
/// SQLite's.
pub(super) fn length_of(part: &Part, length: Length) -> rusqlite::Result<Number> {
    Ok(match length {
        Length::Null => Number::Null,
        Length::Bytes(bytes) => Number::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)),
        // Which digits SQLite writes is its own business.
        Length::Of(number) => part
            .database
            .connection
            .prepare_cached("SELECT octet_length(?1)")?
            .query_row([number], |row| row.get(0))?,
    })
}

fn fill_basics(entry: &mut Entry, basics: &Basics<'_>, part: &Part) -> rusqlite::Result<()> {
    entry.id = part.id(basics.rowid);
    let key = basics.key;
    match key {
        ValueRef::Null => long_label(&mut entry.key, part, basics.rowid, "key", basics.is_pickled())?,
        ValueRef::Blob(_) => keys::key(&mut entry.key, &mut entry.group, key, basics.is_pickled(), part),
        _ => keys::key(&mut entry.key, &mut entry.group, key, false, part),
    }
    entry.created = basics.stored.time();
    entry.expiry = basics.expires.expiry();
    let tags = entry.tags.get_or_insert_default();
    if basics.tag == ValueRef::Null {
        tags.clear();
    } else {
        tags.resize_with(1, Label::default);
        if let Some(label) = tags.first_mut() {
            keys::plain(label, basics.tag);
        }
    }
    entry.own_bytes = basics.size.count().unwrap_or(0).saturating_add(basics.length.count().unwrap_or(0));
    (entry.accessed, entry.hits) = (None, None);
    match part.eviction {
        Eviction::LeastRecentlyUsed => entry.accessed = basics.used.time(),
        Eviction::LeastFrequentlyUsed => entry.hits = basics.used.count(),
        Eviction::LeastRecentlyStored | Eviction::None => {}
    }
    entry.state = State::Ok;
    entry.note = None;
    Ok(())
}

/// What a recipe of the library keeps in it, if it is one's.
fn fill_recipe(entry: &mut Entry, value: ValueRef<'_>) {
    let ValueRef::Blob(bytes) = value else { return };
    if let Some(recipe) = recipes::recognise(bytes, entry.created.map(|time| time.at.seconds())) {
        entry.group.get_or_insert_with(|| recipe.name.to_owned());
        entry.note = Some(recipe.says);
    }
}

/// A tag or a name that [`Columns::Bounded`] leaves out, and a name that [`Columns::Full`] does not.
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

impl From<ValueRef<'_>> for Number {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Real(x) => Self::Real(x),
            ValueRef::Text(_) | ValueRef::Blob(_) => Self::Other,
        }
    }
}

impl FromSql for Number {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(value.into())
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
