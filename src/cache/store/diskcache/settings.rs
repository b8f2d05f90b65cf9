//! The table `Settings`: what the owner was told, and its counters.

use rusqlite::{Connection, types::ValueRef};

use crate::cache::model::{Eviction, Setting};

/// Most settings that are read; the library has 16, and a program may add some.
const MOST: usize = 256;
/// Longest text of a setting that is kept, in bytes.
const LONGEST: usize = 4096;

/// The owner's settings, in the order of their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(pub(super) Vec<(String, Setting)>);

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT key, value FROM Settings LIMIT ?1")?;
        let mut rows = statement.query([i64::try_from(MOST).unwrap_or(i64::MAX)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let key = match row.get_ref(0)? {
                ValueRef::Text(text) => clipped(text),
                _ => continue,
            };
            found.push((key, setting(row.get_ref(1)?)));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self(found))
    }

    /// A setting; `None` if it is not there.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// A whole number that is not negative; a fraction is cut off.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Setting::Integer(n) => u64::try_from(*n).ok(),
            Setting::Real(x) if *x >= 0.0 && *x < 9.2e18 => Some(*x as u64),
            _ => None,
        }
    }

    /// Whether hits and misses are counted.
    pub(super) fn counts(&self) -> bool {
        self.number("statistics").is_some_and(|on| on != 0)
    }

    /// The eviction policy's name, and what it means.
    pub(super) fn policy(&self) -> (&str, Eviction) {
        let name = match self.get("eviction_policy") {
            Some(Setting::Text(name)) => name.as_str(),
            _ => "unknown",
        };
        let eviction = match name {
            "least-recently-stored" => Eviction::LeastRecentlyStored,
            "least-recently-used" => Eviction::LeastRecentlyUsed,
            "least-frequently-used" => Eviction::LeastFrequentlyUsed,
            _ => Eviction::None,
        };
        (name, eviction)
    }
}

fn setting(value: ValueRef<'_>) -> Setting {
    match value {
        ValueRef::Null => Setting::Null,
        ValueRef::Integer(n) => Setting::Integer(n),
        ValueRef::Real(x) => Setting::Real(x),
        ValueRef::Text(text) => Setting::Text(clipped(text)),
        ValueRef::Blob(bytes) => Setting::Bytes(bytes.len() as u64),
    }
}

fn clipped(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..LONGEST).unwrap_or(text)).into_owned()
}
