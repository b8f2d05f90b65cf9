//! Directories of Python's DiskCache: `Cache`, `FanoutCache`, `DjangoCache`, `Deque`, `Index`.
//!
//! Source of the format: diskcache 5.6.3 and its forks, as read and run; `fixtures/diskcache/` has caches they made.

mod check;
mod draw;
mod entries;
mod fanout;
#[cfg(test)]
mod fixture;
mod keys;
mod open;
mod pace;
mod pages;
mod prefix;
mod recipes;
mod remove;
mod repair;
mod rows;
mod schema;
mod settings;
mod summary;
mod twins;
mod usage;
mod value;
mod value_name;

use std::{
    cell::{Cell, OnceCell},
    path::{Path, PathBuf},
};

use super::{
    Access, By, CheckOptions, Drawers, Kind, Problem, Pulse, Query, Reclaimed, Removal, RemovalWatcher,
    Store, Take, Totals, Value, Visit,
};
use crate::cache::{
    Error,
    locate::Verdict,
    model::{EntryId, Eviction, Facts, Kept, Summary, Timestamp},
    select::Filter,
};
use keys::Encoding;
use open::{Database, Header};
use pages::Pages;
use remove::Counted;
use schema::{NotOurs, Schema};
use settings::Settings;

/// The database's file name.
const DATABASE: &str = "cache.db";

/// DiskCache directories.
#[derive(Debug)]
pub struct DiskCache;

impl Kind for DiskCache {
    fn name(&self) -> &'static str {
        "diskcache"
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let path = dir.join(DATABASE);
        match open::header(&path)? {
            Header::Missing => fanout::probe(dir),
            Header::Foreign => Ok(Verdict::Unsure("cache.db is not an SQLite database".to_owned())),
            Header::Empty => Ok(Verdict::Unsure("cache.db is empty".to_owned())),
            header => probe_database(&path, header),
        }
    }

    fn sign(&self, name: &[u8]) -> bool {
        // A `FanoutCache` has nothing but shards.
        matches!(name, b"cache.db" | b"000")
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        DiskStore::open(dir, access).map(|store| Box::new(store) as Box<dyn Store>)
    }
}

/// Whether a database is a DiskCache's.
fn probe_database(path: &Path, header: Header) -> Result<Verdict, Error> {
    let yes = || Ok(Verdict::Yes("cache.db has the tables `Settings` and `Cache`".to_owned()));
    let database = match Database::open(path, Access::Look, header) {
        Ok(database) => database,
        // Opening it will say so in full.
        Err(Error::Damaged { .. } | Error::Locked { .. }) => return yes(),
        Err(error) => return Err(error),
    };
    match schema::read(&database.connection) {
        Ok(_) | Err(NotOurs::Failed(_)) => yes(),
        Err(NotOurs::Other(why)) => Ok(Verdict::Unsure(why)),
    }
}

/// An open DiskCache directory.
#[derive(Debug)]
pub(super) struct DiskStore {
    kind: &'static str,
    root: PathBuf,
    /// The cache, or the shards of a `FanoutCache` in order; never empty.
    parts: Vec<Part>,
    facts: Facts,
    warnings: Vec<String>,
    eviction: Eviction,
    nested: Vec<PathBuf>,
    access: Access,
}

/// A directory with a `cache.db`: a whole cache or a shard.
#[derive(Debug)]
struct Part {
    /// Its number, where it is a shard.
    shard: Option<u32>,
    dir: PathBuf,
    database: Database,
    schema: Schema,
    /// As they were when it was opened.
    settings: Settings,
    encoding: Encoding,
    eviction: Eviction,
    /// Up to which time of storing entries were counted for a pulse, and how many.
    written: Cell<Option<(f64, u64)>>,
    /// What was counted last for a removal.
    counted: Cell<Option<Counted>>,
    /// The file itself, where it may be read without SQLite's machine.
    pages: OnceCell<Option<Pages>>,
}

impl Part {
    fn open(dir: PathBuf, shard: Option<u32>, access: Access) -> Result<Self, Error> {
        let path = dir.join(DATABASE);
        let header = open::header(&path)?;
        let not = |reason: &str| Error::NotACache { path: dir.clone(), reason: reason.to_owned() };
        if matches!(header, Header::Missing | Header::Foreign | Header::Empty) {
            return Err(not("cache.db is not an SQLite database"));
        }
        let database = Database::open(&path, access, header)?;
        let schema = match schema::read(&database.connection) {
            Ok(schema) => schema,
            Err(NotOurs::Other(why)) => return Err(not(&why)),
            Err(NotOurs::Failed(error)) => return Err(database.error(error)),
        };
        if let (Access::Change { .. }, Some(why)) = (access, schema.unknown.first()) {
            return Err(Error::ReadOnly { path: dir, reason: why.clone() });
        }
        let settings = Settings::read(&database.connection).map_err(|e| database.error(e))?;
        let encoding = keys::detect(&database.connection).map_err(|e| database.error(e))?;
        let eviction = settings.policy().1;
        let (written, counted) = (Cell::new(None), Cell::new(None));
        let pages = OnceCell::new();
        Ok(Self { shard, dir, database, schema, settings, encoding, eviction, written, counted, pages })
    }

    /// The same part with a connection of its own, to look; `None` where there can be none.
    fn twin(&self) -> Option<Self> {
        let database = self.database.twin()?;
        let schema = schema::read(&database.connection).ok()?;
        Some(Self {
            shard: self.shard,
            dir: self.dir.clone(),
            database,
            schema,
            settings: self.settings.clone(),
            encoding: self.encoding,
            eviction: self.eviction,
            written: Cell::new(None),
            counted: Cell::new(None),
            pages: OnceCell::from(self.pages()),
        })
    }

    /// The file itself, where the rows may be read from its pages.
    fn pages(&self) -> Option<Pages> {
        *self.pages.get_or_init(|| if self.schema.is_in_order { Pages::of(&self.database) } else { None })
    }

    /// The id of one of its rows.
    fn id(&self, row: i64) -> EntryId {
        self.shard.map_or(EntryId::Row(row), |shard| EntryId::Part(shard, row))
    }

    /// SQLite's error in this tool's words.
    fn error(&self, error: rusqlite::Error) -> Error {
        self.database.error(error)
    }

    /// Its name in messages: nothing, or the shard's directory.
    fn label(&self) -> String {
        self.shard.map_or(String::new(), |shard| format!("{shard:03}: "))
    }
}

impl DiskStore {
    fn open(dir: &Path, access: Access) -> Result<Self, Error> {
        let shards = fanout::shards(dir)?;
        let parts = if shards.is_empty() {
            vec![Part::open(dir.to_owned(), None, access)?]
        } else {
            let open = |&shard: &u32| Part::open(dir.join(format!("{shard:03}")), Some(shard), access);
            shards.iter().map(open).collect::<Result<_, _>>()?
        };
        let kind = fanout::kind(dir, &parts);
        let eviction = parts.first().map_or(Eviction::None, |part| part.eviction);
        Ok(Self {
            kind,
            root: dir.to_owned(),
            facts: facts(&parts),
            warnings: warnings(&parts),
            eviction,
            nested: fanout::nested(dir),
            parts,
            access,
        })
    }

    /// The part and row that an id names.
    fn row(&self, id: &EntryId) -> Option<(&Part, i64)> {
        let (shard, row) = match *id {
            EntryId::Row(row) => (None, row),
            EntryId::Part(shard, row) => (Some(shard), row),
            EntryId::Name(_) => return None,
        };
        self.parts.iter().find(|part| part.shard == shard).map(|part| (part, row))
    }

    /// # Errors
    /// [`Error::ReadOnly`] if it was opened to look.
    fn require_change(&self) -> Result<(), Error> {
        match self.access {
            Access::Change { .. } => Ok(()),
            Access::Look => {
                Err(Error::ReadOnly { path: self.root.clone(), reason: "it was opened to look".to_owned() })
            }
        }
    }
}

/// What all parts keep.
fn facts(parts: &[Part]) -> Facts {
    let only = |wanted: Eviction, verb: &str| {
        let other = parts.iter().find(|part| part.eviction != wanted);
        other.map_or(Kept::Yes, |part| {
            let name = part.settings.policy().0;
            Kept::No(format!("the cache's eviction policy `{name}` does not {verb}"))
        })
    };
    Facts {
        created: Kept::Yes,
        accessed: only(Eviction::LeastRecentlyUsed, "record when entries are used"),
        hits: only(Eviction::LeastFrequentlyUsed, "count uses"),
        expiry: Kept::Yes,
        stale: Kept::No("DiskCache drops what is left over by itself".to_owned()),
        tags: Kept::Yes,
        groups: Kept::Yes,
    }
}

fn warnings(parts: &[Part]) -> Vec<String> {
    let mut found = Vec::new();
    for part in parts {
        let at = part.label();
        found.extend(part.schema.unknown.iter().map(|why| format!("{at}{why}; it can only be looked at")));
        let foreign = part.schema.foreign_triggers.iter().map(|name| format!("trigger {name}"));
        let foreign: Vec<String> = foreign.chain(part.schema.foreign_others.iter().cloned()).collect();
        if !foreign.is_empty() {
            found.push(format!("{at}cache.db has what DiskCache does not make: {}", foreign.join(", ")));
        }
        if part.database.mode == open::Opened::Immutable && part.shard.is_none_or(|shard| shard == 0) {
            found.push(format!(
                "{at}cache.db cannot be locked here; if a program writes to it now, what is shown may be wrong"
            ));
        }
    }
    found
}

impl Store for DiskStore {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn root(&self) -> &Path {
        &self.root
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn eviction(&self) -> Eviction {
        self.eviction
    }

    fn nested(&self) -> &[PathBuf] {
        &self.nested
    }

    fn size_counts(&self) -> &'static str {
        "database pages and value files"
    }

    fn aftermath(&self) -> Option<&'static str> {
        remove::keeps_space(self)
            .then_some("the database keeps the room of what went for new entries; `--vacuum` gives it back")
    }

    fn entries(&self, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error> {
        entries::stream(self, query, visit)
    }

    fn draw(&self, query: Query<'_>, drawers: &Drawers<'_>, take: &mut Take<'_>) -> Result<(), Error> {
        draw::draw(self, query, drawers, take)
    }

    fn lookup(&self, ids: &mut dyn Iterator<Item = EntryId>, visit: &mut Visit<'_>) -> Result<(), Error> {
        entries::lookup(self, ids, visit)
    }

    fn parse_id(&self, text: &str) -> Option<EntryId> {
        let fanout = self.parts.first().is_some_and(|part| part.shard.is_some());
        match text.split_once(':') {
            Some((shard, row)) if fanout => Some(EntryId::Part(shard.parse().ok()?, row.parse().ok()?)),
            None if !fanout => text.parse().ok().map(EntryId::Row),
            _ => None,
        }
    }

    fn summary(&self, now: Timestamp, by: Option<By>) -> Result<Summary, Error> {
        summary::summary(self, now, by)
    }

    fn value(&self, id: &EntryId) -> Result<Value, Error> {
        value::value(self, id)
    }

    fn pulse(&self, now: Timestamp) -> Result<Pulse, Error> {
        summary::pulse(self, now)
    }

    fn check(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        check::check(self, options, found)
    }

    fn repair(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        self.require_change()?;
        repair::repair(self, options, found)
    }

    fn remove(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        self.require_change()?;
        remove::remove(self, removal, watcher)
    }

    fn totals(&self, filter: &Filter, now: Timestamp) -> Result<Option<Totals>, Error> {
        remove::totals(self, filter, now)
    }

    fn reclaim(&self) -> Result<Reclaimed, Error> {
        self.require_change()?;
        remove::reclaim(self)
    }
}
