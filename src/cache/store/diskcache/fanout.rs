//! What stands around a `cache.db`: shards, and caches inside caches.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{DATABASE, Part, keys, open};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Kind},
    model::Eviction,
    store::Access,
};
use open::Header;

/// Directories that are looked into for nested caches.
const MOST_DIRECTORIES: usize = 1000;
/// How deep they may be.
const DEEPEST: usize = 6;
/// Where a `FanoutCache` keeps caches of its own.
const INSIDE: [&str; 3] = ["cache", "deque", "index"];

/// Whether `dir`, which has no `cache.db`, is a `FanoutCache`.
pub(super) fn probe(dir: &Path) -> Result<Verdict, Error> {
    let shards = shards(dir)?;
    let Some(&first) = shards.first() else { return of_diskcache_rs(dir) };
    let path = dir.join(format!("{first:03}")).join(DATABASE);
    match super::probe_database(&path, open::header(&path)?)? {
        Verdict::Yes(_) => {
            let n = crate::units::plural(shards.len() as u64, "shard", "shards");
            Ok(Verdict::Yes(format!("{n} with a cache.db that has the tables `Settings` and `Cache`")))
        }
        other => Ok(other),
    }
}

/// Says that a cache is that of diskcache-rs, which shares nothing with the library but its name.
fn of_diskcache_rs(dir: &Path) -> Result<Verdict, Error> {
    const INDEX: &str = "index.sqlite3";
    for path in [dir.join(INDEX), dir.join("shard_000").join(INDEX)] {
        let header = open::header(&path)?;
        if !matches!(header, Header::Journal | Header::Wal) {
            continue;
        }
        let Ok(database) = open::Database::open(&path, Access::Look, header) else { continue };
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cache_index'";
        if database.connection.query_row(sql, [], |_| Ok(())).is_ok() {
            return Ok(Verdict::Unsure("it is one of diskcache-rs, which keeps another format".to_owned()));
        }
    }
    Ok(Verdict::No)
}

/// The numbers of the shards in `dir`, in order; none if it has a `cache.db` itself.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn shards(dir: &Path) -> Result<Vec<u32>, Error> {
    if open::header(&dir.join(DATABASE))? != Header::Missing {
        return Ok(Vec::new());
    }
    let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
    let mut found = Vec::new();
    for (name, _) in look::names_in(dir).map_err(read)? {
        let number = name.to_str().and_then(|name| name.parse::<u32>().ok());
        let Some(number) = number.filter(|n| name.to_str() == Some(format!("{n:03}").as_str())) else {
            continue;
        };
        if is_directory(&dir.join(&name)) && is_database(&dir.join(&name).join(DATABASE)) {
            found.push(number);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn is_database(path: &Path) -> bool {
    matches!(open::header(path), Ok(Header::Journal | Header::Wal))
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

/// What the cache in `dir` was made as, as far as that can be seen.
pub(super) fn kind(dir: &Path, parts: &[Part]) -> &'static str {
    let Some(part) = parts.first() else { return "diskcache" };
    if part.shard.is_some() {
        return if has_keys_of_django(parts) { "djangocache" } else { "fanoutcache" };
    }
    match inside_fanout(dir) {
        Some("deque") => "deque",
        Some("index") => "index",
        _ if part.eviction == Eviction::None && has_only_queue_keys(part) => "deque",
        _ => "diskcache",
    }
}

/// Whether all keys, as far as they are looked at, are `prefix:version:name` with few prefixes and versions. A program of its own may name
/// its keys `user:42:profile`, which is as many versions as users.
fn has_keys_of_django(parts: &[Part]) -> bool {
    const SAMPLE: usize = 20;
    let sql = format!("SELECT iif(octet_length(key) > 4096, NULL, key) FROM Cache LIMIT {SAMPLE}");
    let mut owners = BTreeSet::new();
    let mut keys = 0;
    for part in parts {
        let read = || {
            let mut statement = part.database.connection.prepare(&sql)?;
            statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        };
        // What is no text is no key of Django's either.
        let Ok(found) = read() else { return false };
        keys += found.len();
        for key in &found {
            let Some((prefix, version, _)) = keys::django_parts(key) else { return false };
            owners.insert((prefix.to_owned(), version.to_owned()));
        }
    }
    let unnamed = owners.iter().all(|(prefix, _)| prefix.is_empty());
    keys > 0 && (unnamed || owners.len() * 5 <= keys)
}

/// In which of the places of a `FanoutCache` the directory is.
fn inside_fanout(dir: &Path) -> Option<&'static str> {
    let dir = fs::canonicalize(dir).ok()?;
    dir.ancestors().skip(1).take(DEEPEST).find_map(|above| {
        let name = above.file_name()?.to_str()?;
        let place = *INSIDE.iter().find(|&&place| place == name)?;
        is_database(&above.parent()?.join("000").join(DATABASE)).then_some(place)
    })
}

/// Whether the first and the last key are a deque's numbers, which start in the middle of fifteen digits.
fn has_only_queue_keys(part: &Part) -> bool {
    let ends = part.database.connection.query_row(
        "SELECT (SELECT key FROM Cache ORDER BY key, raw LIMIT 1), (SELECT key FROM Cache ORDER BY key DESC, raw DESC LIMIT 1)",
        [],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    );
    let middle = 499_000_000_000_000..501_000_000_000_000_i64;
    part.schema.has_index("cache_key_raw")
        && ends.is_ok_and(|(first, last)| middle.contains(&first) && middle.contains(&last))
}

/// Caches below `dir`, relative to it, sorted.
pub(super) fn nested(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![(PathBuf::new(), 0)];
    let mut looked_into = 0;
    while let Some((place, depth)) = waiting.pop() {
        looked_into += 1;
        let Ok(names) = look::names_in(&dir.join(&place)) else { continue };
        for (name, _) in names.into_iter().filter(|(_, kind)| *kind == Kind::Dir) {
            let ours = name.to_str().is_some_and(|n| is_shard_or_values(n) && depth == 0);
            let below = place.join(&name);
            if ours || depth >= DEEPEST || looked_into + waiting.len() >= MOST_DIRECTORIES {
                continue;
            }
            if is_database(&dir.join(&below).join(DATABASE)) {
                found.push(below.clone());
            }
            waiting.push((below, depth + 1));
        }
    }
    found.sort();
    found
}

/// Whether a name at the top is one of the cache's own directories.
fn is_shard_or_values(name: &str) -> bool {
    let values = name.len() == 2 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    values || (name.len() >= 3 && name.bytes().all(|b| b.is_ascii_digit()))
}
