//! When crates were last used, which cargo keeps in a database beside its registry.

use std::collections::HashMap;

use super::{
    super::{
        Access,
        files::Ground,
        sqlite::{self, Database, Header},
    },
    Judge,
};
use crate::cache::model::{Time, TimeSource, Timestamp};

/// The database, in cargo's home directory.
const LAST_USE: &str = ".global-cache";
/// Crates of which it is read.
const MOST: usize = 1_000_000;

/// Of each registry and crate when it was used, seconds since 1970; crates that are unpacked have no ending.
type Used = HashMap<(String, String), i64>;

/// Puts the time of use into entries.
pub(super) fn judge(ground: &Ground) -> Judge {
    let used = read(ground).unwrap_or_default();
    Box::new(move |_, item| {
        let path = item.entry.path.as_deref();
        let mut names = path
            .into_iter()
            .flat_map(|path| path.iter())
            .skip(1)
            .map(|name| name.to_string_lossy().into_owned());
        let key = names.next().zip(names.next());
        let at = key.and_then(|key| used.get(&key)).and_then(|&at| Timestamp::from_seconds(at as f64));
        if let Some(at) = at {
            item.entry.accessed = Some(Time { at, source: TimeSource::Recorded });
        }
    })
}

fn read(ground: &Ground) -> Option<Used> {
    let path = ground.path.canonicalize().ok()?.parent()?.join(LAST_USE);
    let header =
        sqlite::header(&path).ok().filter(|header| matches!(header, Header::Journal | Header::Wal))?;
    let database = Database::open(&path, Access::Look, header).ok()?;
    let mut used = Used::new();
    for table in ["registry_crate", "registry_src"] {
        let sql = format!(
            "SELECT i.name, c.name, c.timestamp FROM {table} c JOIN registry_index i ON i.id = c.registry_id LIMIT {MOST}"
        );
        let mut statement = database.connection.prepare(&sql).ok()?;
        let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).ok()?;
        used.extend(rows.flatten());
    }
    Some(used)
}
