//! The `filesystem` backend: `HASH.json`, one for each response, beside `redirects.sqlite` and, where its size is limited, `lru.db` with
//! when each was used.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::Read,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    super::files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
    Access, Database, Header, Kind as _, RequestsFiles, Store, is_hash, is_table,
    response::{self, Stored},
    sqlite,
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Expiry, Facts, Kept, Time, TimeSource, Timestamp},
    safe_delete::Root,
};

pub(super) const REDIRECTS: &str = "redirects.sqlite";
/// When each response was used, in nanoseconds since 1970, and what all of them take.
const INDEX: &str = "lru.db";
/// Names that are looked at to find out what a directory is.
const MOST_NAMES: usize = 300;
/// Bytes of a response that are read.
const MOST_VALUE: u64 = 64 << 20;
/// How long the owner's lock on its tables is waited for.
const LOCK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether `dir` is such a directory.
pub(super) fn probe(dir: &Path) -> Result<Verdict, Error> {
    let path = dir.join(REDIRECTS);
    let header = sqlite::header(&path)?;
    if !matches!(header, Header::Journal | Header::Wal) {
        return Ok(Verdict::No);
    }
    let database = match Database::open(&path, Access::Look, header) {
        Ok(database) => database,
        Err(Error::Damaged { .. } | Error::Locked { .. }) => return Ok(Verdict::No),
        Err(error) => return Err(error),
    };
    if !is_table(&database.connection, "redirects") || is_table(&database.connection, "responses") {
        return Ok(Verdict::No);
    }
    let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
    let (mut seen, mut foreign) = (0, None);
    let _ = look.names(&mut |name, kind| {
        seen += 1;
        if kind == look::Kind::File && !is_owners(name) && hash(name).is_none() {
            foreign = Some(name.to_string_lossy().into_owned());
        }
        if seen < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    Ok(match foreign {
        Some(name) => Verdict::Unsure(format!("`{name}` beside {REDIRECTS} is nothing of requests-cache")),
        None => Verdict::Yes(format!("{REDIRECTS} has the table `redirects` alone")),
    })
}

/// The library's databases and what SQLite keeps beside them.
fn is_owners(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    [REDIRECTS, INDEX].iter().any(|known| {
        name.strip_prefix(known).is_some_and(|rest| matches!(rest, "" | "-wal" | "-shm" | "-journal"))
    })
}

/// The key in the name of a response.
fn hash(name: &OsStr) -> Option<&str> {
    let (hash, ending) = name.to_str()?.split_once('.')?;
    (is_hash(hash.as_bytes()) && !ending.is_empty()).then_some(hash)
}

/// Opens the one in `dir`.
pub(super) fn open(dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
    let ground = Ground::open(dir)?;
    let used = used(dir);
    let facts = file_facts(&ground, "requests-cache");
    let accessed = if used.is_some() { Kept::Yes } else { facts.accessed };
    let facts = Facts { expiry: Kept::Yes, groups: Kept::Yes, accessed, ..facts };
    Ok(FileStore::boxed(Files { facts, used }, ground, access))
}

/// When each response was used, where the library keeps that.
fn used(dir: &Path) -> Option<HashMap<Box<str>, Timestamp>> {
    let path = dir.join(INDEX);
    let header =
        sqlite::header(&path).ok().filter(|header| matches!(header, Header::Journal | Header::Wal))?;
    let database = Database::open(&path, Access::Look, header).ok()?;
    let mut statement = database.connection.prepare("SELECT key, access_time FROM lru").ok()?;
    let mut rows = statement.query([]).ok()?;
    let mut found = HashMap::new();
    while let Ok(Some(row)) = rows.next() {
        let pair = (row.get::<_, Box<str>>(0), row.get::<_, i64>(1));
        if let (Ok(key), Ok(at)) = pair
            && let Some(at) = Timestamp::from_seconds(at as f64 / 1e9)
        {
            found.insert(key, at);
        }
    }
    Some(found)
}

/// The files of one directory.
struct Files {
    facts: Facts,
    used: Option<HashMap<Box<str>, Timestamp>>,
}

impl Files {
    /// Takes rows of what is gone out of one of the library's databases.
    fn forget(path: &Path, remove: impl Fn(&Database) -> rusqlite::Result<()>) {
        let change = Access::Change { lock_timeout: LOCK_TIMEOUT };
        let Ok(header @ (Header::Journal | Header::Wal)) = sqlite::header(path) else { return };
        let Ok(database) = Database::open(path, change, header) else { return };
        let Ok(Some(transaction)) = database.begin(LOCK_TIMEOUT, &mut || true) else { return };
        // Where that fails nothing is lost: the library passes over what leads nowhere.
        if remove(&database).is_ok() {
            let _ = transaction.commit();
        }
    }
}

/// The keys of a table whose response is gone, by the column that names one.
fn gone(
    database: &Database,
    table: &str,
    column: &str,
    kept: &dyn Fn(&str) -> bool,
) -> rusqlite::Result<Vec<String>> {
    let sql = format!("SELECT key, {column} FROM {table} WHERE typeof(key) = 'text'");
    let mut statement = database.connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !row.get_ref(1)?.as_bytes().is_ok_and(|name| std::str::from_utf8(name).is_ok_and(kept)) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

impl Layout for Files {
    fn kind(&self) -> &'static str {
        RequestsFiles.name()
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let _ = ground.names(&ground.dir, Path::new(""), &mut |name, _| {
            self.find(ground, Path::new(name)).map_or(ControlFlow::Continue(()), &mut *visit)
        });
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let name = path.as_os_str();
        let hash = hash(name)?;
        let about = ground.dir.about(name).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(path, about);
        let (created, mut bytes) = (item.entry.created, Vec::new());
        let read = ground.dir.file(path).and_then(|file| file.take(MOST_VALUE).read_to_end(&mut bytes));
        match read {
            Err(error) => ground.note(path, &error),
            Ok(_) if about.size > MOST_VALUE => {}
            Ok(0) => {
                Stored::Damaged(DataType::Other, "it is empty".to_owned()).describe(&mut item.entry, hash)
            }
            Ok(_) => {
                let stored = response::read(&bytes);
                let known = stored != Stored::Unknown;
                stored.describe(&mut item.entry, hash);
                if !known {
                    item.entry.expiry = Expiry::NotRecorded;
                }
            }
        }
        // Where the response does not tell when it was stored, the file does.
        item.entry.created = item.entry.created.or(created);
        if let Some(used) = &self.used {
            item.entry.accessed = used.get(hash).map(|&at| Time { at, source: TimeSource::Recorded });
        }
        Some(item)
    }

    fn details(&self, _ground: &Ground, item: &Item) -> Vec<(&'static str, String)> {
        let note = item.entry.note.clone().filter(|_| item.entry.state == crate::cache::model::State::Ok);
        note.map(|note| ("response", note)).into_iter().collect()
    }

    fn removed(&self, ground: &Ground, _root: &Root, _entries: u64) {
        let mut left: std::collections::HashSet<String> = std::collections::HashSet::new();
        let _ = ground.names(&ground.dir, Path::new(""), &mut |name, _| {
            left.extend(hash(name).map(str::to_owned));
            ControlFlow::Continue(())
        });
        let kept = |key: &str| left.contains(key);
        let beside = |name: &str| -> PathBuf { ground.path.join(name) };
        Self::forget(&beside(REDIRECTS), |database| {
            for key in gone(database, "redirects", "value", &kept)? {
                database.connection.prepare_cached("DELETE FROM redirects WHERE key = ?1")?.execute([key])?;
            }
            Ok(())
        });
        Self::forget(&beside(INDEX), |database| {
            let connection = &database.connection;
            for key in gone(database, "lru", "key", &kept)? {
                // Its triggers, which would do the second, are off.
                let size: i64 =
                    connection.query_row("SELECT size FROM lru WHERE key = ?1", [&key], |row| row.get(0))?;
                connection.prepare_cached("DELETE FROM lru WHERE key = ?1")?.execute([&key])?;
                connection
                    .prepare_cached("UPDATE lru_size SET total_size = total_size - ?1")?
                    .execute([size])?;
            }
            Ok(())
        });
    }
}
