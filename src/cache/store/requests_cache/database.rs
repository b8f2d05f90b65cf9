//! The `sqlite` backend as a store.

use std::{
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{OptionalExtension, Row, types::ValueRef};

use super::{
    super::{
        By, CheckOptions, Kind as _, Problem, Pulse, Query, Reclaimed, Removal, RemovalWatcher, Totals,
        Value, Visit, Walk, tally::Tally,
    },
    Access, Database, Header, RequestsDatabase, Store, is_table,
    response::{self, Stored},
    sqlite,
};
use crate::cache::{
    Error,
    model::{Entry, EntryId, Eviction, Expiry, Facts, Kept, Stamp, State, Summary, Timestamp},
    pickle::{Limits, Pickle},
    select::Filter,
};

/// Bytes of a value that are read; of a longer one only the beginning.
const MOST_VALUE: u64 = 64 << 20;
const BEGINNING: u64 = 4096;
/// Bytes of a key that are read.
const MOST_KEY: u64 = 4096;
/// How the id of a row begins whose key is none that can be named.
const NUMBERED: &str = "rowid:";
/// How far a pickle is looked into for what it would run.
const AUDIT: Limits = Limits { opcodes: 20_000_000, memory: 64 << 20, kept_items: 1000, findings: 8 };
/// Lines of SQLite's that are told.
const MOST_LINES: usize = 100;

/// An open database of responses.
pub(super) struct Responses {
    root: PathBuf,
    pub(super) database: Database,
    access: Access,
    facts: Facts,
    warnings: Vec<String>,
    /// Why nothing may be removed.
    pub(super) unchangeable: Option<String>,
    /// What else is in it, so that it is not written anew.
    pub(super) foreign: Option<String>,
    /// Whether free pages have stayed in it.
    pub(super) holds_back: Cell<bool>,
}

impl Responses {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// As [`super::super::Kind::open`].
    pub(super) fn open(path: &Path, access: Access) -> Result<Self, Error> {
        let not = |reason: &str| Error::NotACache { path: path.to_owned(), reason: reason.to_owned() };
        let header = sqlite::header(path)?;
        if !matches!(header, Header::Journal | Header::Wal) {
            return Err(not("it is not an SQLite database"));
        }
        let database = Database::open(path, access, header)?;
        if !(is_table(&database.connection, "responses") && is_table(&database.connection, "redirects")) {
            return Err(not("its tables are not those of requests-cache"));
        }
        let others = others(&database).map_err(|error| database.error(error))?;
        let unchangeable = others
            .iter()
            .find(|(kind, _)| kind == "trigger")
            .map(|(_, name)| format!("it has the trigger `{name}`, which requests-cache does not make"));
        let foreign = others
            .iter()
            .find(|(kind, _)| kind == "table")
            .map(|(_, name)| format!("it has the table `{name}` too"));
        let mut warnings: Vec<String> = others
            .iter()
            .map(|(kind, name)| {
                format!("the database has the {kind} `{name}`, which requests-cache does not make")
            })
            .collect();
        if database.mode == sqlite::Opened::Immutable {
            warnings.push(
                "it cannot be locked here; if a program writes to it now, what is shown may be wrong"
                    .to_owned(),
            );
        }
        let facts = facts();
        let holds_back = Cell::new(false);
        Ok(Self {
            root: path.to_owned(),
            database,
            access,
            facts,
            warnings,
            unchangeable,
            foreign,
            holds_back,
        })
    }

    /// How long a lock is waited for.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] where nothing may be changed.
    pub(super) fn require_change(&self) -> Result<Duration, Error> {
        let refuse = |reason: &str| Error::ReadOnly { path: self.root.clone(), reason: reason.to_owned() };
        match (self.access, &self.unchangeable) {
            (Access::Look, _) => Err(refuse("it was opened to look")),
            (_, Some(why)) => Err(refuse(why)),
            (Access::Change { lock_timeout }, None) => Ok(lock_timeout),
        }
    }

    /// Visits rows that a condition on the table finds, each with its row number.
    pub(super) fn rows(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
        visit: &mut dyn FnMut(i64, &Entry) -> ControlFlow<()>,
    ) -> rusqlite::Result<ControlFlow<()>> {
        let sql = format!(
            "SELECT rowid, iif(octet_length(key) > {MOST_KEY}, NULL, key), octet_length(value), expires,
             iif(octet_length(value) > {MOST_VALUE}, substr(value, 1, {BEGINNING}), value) FROM responses {condition}"
        );
        let mut statement = self.database.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            let (number, entry) = entry(row)?;
            if visit(number, &entry).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The entry of this id and its row, as they are now.
    pub(super) fn find(&self, id: &EntryId) -> rusqlite::Result<Option<(i64, Entry)>> {
        let EntryId::Name(name) = id else { return Ok(None) };
        let mut found = None;
        let mut keep = |row, entry: &Entry| {
            found = Some((row, entry.clone()));
            ControlFlow::Break(())
        };
        let _ = self.rows("WHERE key = ?1", [&**name], &mut keep)?;
        if let (None, Some(row)) =
            (&found, name.strip_prefix(NUMBERED).and_then(|row| row.parse::<i64>().ok()))
        {
            let mut keep = |row, entry: &Entry| {
                found = (entry.id == *id).then(|| (row, entry.clone()));
                ControlFlow::Break(())
            };
            let _ = self.rows("WHERE rowid = ?1", [row], &mut keep)?;
        }
        Ok(found)
    }

    fn error(&self, error: rusqlite::Error) -> Error {
        self.database.error(error)
    }

    /// Everything, sorted.
    fn sorted(&self, walk: Walk, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut order: Vec<(f64, Box<str>, EntryId)> = Vec::new();
        let flow = self.rows("", [], &mut |_, entry| {
            let (rank, key) = match walk {
                Walk::ByEviction(_) => {
                    (entry.created.map_or(f64::INFINITY, |time| time.at.seconds()), "".into())
                }
                Walk::ByKey | Walk::Stored => (0.0, entry.key.text.as_str().into()),
            };
            order.push((rank, key, entry.id.clone()));
            ControlFlow::Continue(())
        });
        flow.map_err(|error| self.error(error)).map(drop)?;
        order.sort_unstable_by(|a, b| {
            a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2))
        });
        self.lookup(&mut order.into_iter().map(|(_, _, id)| id), visit)
    }

    /// Rows that are no longer readable, and redirects that lead nowhere.
    fn problems(
        &self,
        options: &CheckOptions,
        found: &mut dyn FnMut(Option<&EntryId>, Problem),
    ) -> rusqlite::Result<()> {
        for line in self.page_lines(options.deep)? {
            found(None, problem("damaged-page", self.root.display().to_string(), line, false));
        }
        let _ = self.rows("", [], &mut |_, entry| {
            if entry.state == State::Corrupt {
                let why = entry.note.clone().unwrap_or_default();
                let mut problem = problem("corrupt-entry", entry.id.to_string(), why, true);
                problem.bytes = entry.own_bytes;
                found(Some(&entry.id), problem);
            }
            ControlFlow::Continue(())
        })?;
        let lost: u64 = self.database.connection.query_row(LOST, [], |row| row.get(0))?;
        if lost > 0 {
            let text = format!(
                "{} to a response that is gone",
                crate::units::plural(lost, "redirect leads", "redirects lead")
            );
            let mut problem = problem("lost-redirects", "redirects".to_owned(), text, true);
            problem.note = true;
            found(None, problem);
        }
        Ok(())
    }

    fn page_lines(&self, deep: bool) -> rusqlite::Result<Vec<String>> {
        let pragma = if deep { "integrity_check" } else { "quick_check" };
        let mut statement = self.database.connection.prepare(&format!("PRAGMA {pragma}({MOST_LINES})"))?;
        let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let lines = lines.iter().flat_map(|line| line.lines());
        Ok(lines.filter(|line| *line != "ok" && !line.starts_with("***")).map(str::to_owned).collect())
    }

    /// What reading a value the owner's way would run.
    fn audit(&self, found: &mut dyn FnMut(Problem)) -> rusqlite::Result<()> {
        let sql =
            format!("SELECT rowid, iif(octet_length(value) > {MOST_VALUE}, NULL, value) FROM responses");
        let mut statement = self.database.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let ValueRef::Blob(value @ [0x80, ..]) = row.get_ref(1)? else { continue };
            let pickle = Pickle::read(value, AUDIT);
            if pickle.findings.is_empty() {
                continue;
            }
            let mut told: Vec<String> = pickle
                .findings
                .iter()
                .map(|found| format!("{} {}", found.action.verb(), found.name))
                .collect();
            told.dedup();
            let what = if pickle.runs_code { "code-in-pickle" } else { "import-in-pickle" };
            let place = format!("row {}", row.get::<_, i64>(0)?);
            let mut one = problem(what, place, format!("reading the value {}", told.join(", ")), false);
            one.note = !pickle.runs_code;
            found(one);
        }
        Ok(())
    }
}

/// Redirects whose response is gone.
const LOST: &str =
    "SELECT count(*) FROM redirects WHERE value NOT IN (SELECT key FROM responses WHERE key IS NOT NULL)";

fn problem(what: &'static str, place: String, detail: String, fixable: bool) -> Problem {
    Problem { what, place, detail, note: false, fixable, fixed: false, bytes: 0 }
}

fn facts() -> Facts {
    let no = |what: &str| Kept::No(format!("requests-cache does not record {what}"));
    Facts {
        created: Kept::Yes,
        accessed: no("when entries are used"),
        hits: no("how often entries are used"),
        expiry: Kept::Yes,
        stale: no("what it no longer needs"),
        tags: no("tags"),
        groups: Kept::Yes,
    }
}

/// Triggers, views and tables that are not the library's: kind and name.
fn others(database: &Database) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT type, name FROM sqlite_master WHERE (type IN ('trigger', 'view') OR type = 'table'
        AND name NOT IN ('responses', 'redirects') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\') LIMIT 100";
    database.connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// A row: its number and its entry.
fn entry(row: &Row<'_>) -> rusqlite::Result<(i64, Entry)> {
    let number: i64 = row.get(0)?;
    let key = match row.get_ref(1)? {
        ValueRef::Text(key) => std::str::from_utf8(key).ok().filter(|key| !key.is_empty()),
        _ => None,
    };
    let numbered = format!("{NUMBERED}{number}");
    let name = key.unwrap_or(&numbered);
    let mut entry = Entry::new(EntryId::Name(name.into()));
    entry.own_bytes = row.get::<_, Option<u64>>(2)?.unwrap_or(0);
    let mut hasher = DefaultHasher::new();
    (name, number, entry.own_bytes).hash(&mut hasher);
    let bytes = match row.get_ref(4)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => &[],
    };
    bytes.hash(&mut hasher);
    let stored = if entry.own_bytes > MOST_VALUE { Stored::Unknown } else { response::read(bytes) };
    stored.describe(&mut entry, name);
    entry.expiry = match row.get_ref(3)? {
        ValueRef::Integer(at) => Timestamp::from_seconds(at as f64).map_or(Expiry::NotRecorded, Expiry::At),
        ValueRef::Real(at) => Timestamp::from_seconds(at).map_or(Expiry::NotRecorded, Expiry::At),
        ValueRef::Null => Expiry::Never,
        _ => Expiry::NotRecorded,
    };
    if let Expiry::At(at) = entry.expiry {
        at.seconds().to_bits().hash(&mut hasher);
    }
    entry.stamp = Stamp { content: hasher.finish(), usage: 0 };
    Ok((number, entry))
}

impl Store for Responses {
    fn kind(&self) -> &'static str {
        RequestsDatabase.name()
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
        Eviction::LeastRecentlyStored
    }

    fn nested(&self) -> &[PathBuf] {
        &[]
    }

    fn size_counts(&self) -> &'static str {
        "database pages"
    }

    fn aftermath(&self) -> Option<&'static str> {
        self.holds_back
            .get()
            .then_some("the space stays in the database for new responses; `--vacuum` gives it back")
    }

    fn details(&self, id: &EntryId) -> Result<Vec<(&'static str, String)>, Error> {
        let found = self.find(id).map_err(|error| self.error(error))?;
        let note = found.and_then(|(_, entry)| entry.note.filter(|_| entry.state == State::Ok));
        Ok(note.map(|note| ("response", note)).into_iter().collect())
    }

    fn entries(&self, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error> {
        let filter = query.filter;
        if !filter.ids.is_empty() && filter.exact_keys.is_empty() {
            return self.lookup(&mut filter.ids.iter().cloned(), visit);
        }
        let flow = match query.walk {
            Walk::Stored if filter.expired && !filter.unsure => {
                self.rows("WHERE expires < ?1", [query.now.seconds()], &mut |_, entry| visit(entry))
            }
            Walk::Stored => self.rows("", [], &mut |_, entry| visit(entry)),
            walk => return self.sorted(walk, visit),
        };
        flow.map(drop).map_err(|error| self.error(error))
    }

    fn lookup(&self, ids: &mut dyn Iterator<Item = EntryId>, visit: &mut Visit<'_>) -> Result<(), Error> {
        for id in ids {
            let found = self.find(&id).map_err(|error| self.error(error))?;
            if found.is_some_and(|(_, entry)| visit(&entry).is_break()) {
                break;
            }
        }
        Ok(())
    }

    fn parse_id(&self, text: &str) -> Option<EntryId> {
        (!text.is_empty()).then(|| EntryId::Name(text.into()))
    }

    fn summary(&self, now: Timestamp, by: Option<By>) -> Result<Summary, Error> {
        let mut tally = Tally::new(now, by);
        let read = self.rows("", [], &mut |_, entry| {
            tally.add(entry);
            ControlFlow::Continue(())
        });
        let numbers = read.and_then(|_| {
            let (page, free) = (self.database.number("page_size")?, self.database.number("freelist_count")?);
            Ok(page.saturating_mul(free))
        });
        let free = numbers.map_err(|error| self.error(error))?;
        let mut summary = tally.finish();
        summary.all_in_files = false;
        summary.inline_bytes = summary.size_bytes;
        summary.disk_bytes = disk_bytes(&self.root);
        if free > 0 {
            summary.reclaimable.push(crate::cache::model::Reclaimable {
                what: "free pages of the database".to_owned(),
                bytes: free,
                how: &["expire", "--vacuum"],
            });
        }
        Ok(summary)
    }

    fn value(&self, id: &EntryId) -> Result<Value, Error> {
        let missing = || Error::NoSuchEntry { what: id.to_string(), noun: "id" };
        let find = || -> rusqlite::Result<Option<Vec<u8>>> {
            let Some((row, _)) = self.find(id)? else { return Ok(None) };
            let sql = format!("SELECT substr(value, 1, {MOST_VALUE}) FROM responses WHERE rowid = ?1");
            let value = self.database.connection.query_row(&sql, [row], |row| {
                Ok(match row.get_ref(0)? {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_owned(),
                    _ => Vec::new(),
                })
            });
            value.optional()
        };
        find().map_err(|error| self.error(error))?.map(Value::Inline).ok_or_else(missing)
    }

    fn pulse(&self, now: Timestamp) -> Result<Pulse, Error> {
        let read = || -> rusqlite::Result<Pulse> {
            let counts = "SELECT count(*), count(*) FILTER (WHERE expires < ?1) FROM responses";
            let (entries, expired) = self
                .database
                .connection
                .prepare_cached(counts)?
                .query_row([now.seconds()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let used =
                self.database.number("page_count")?.saturating_sub(self.database.number("freelist_count")?);
            let bytes = used.saturating_mul(self.database.number("page_size")?);
            Ok(Pulse { entries, bytes, expired, ..Pulse::default() })
        };
        read().map_err(|error| self.error(error))
    }

    fn check(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        let mut check = || -> rusqlite::Result<()> {
            self.problems(options, &mut |_, problem| found(problem))?;
            if options.audit { self.audit(found) } else { Ok(()) }
        };
        check().map_err(|error| self.error(error))
    }

    fn repair(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        let timeout = self.require_change()?;
        let mut problems = Vec::new();
        let result = self.problems(options, &mut |id, problem| problems.push((id.cloned(), problem)));
        result.map_err(|error| self.error(error))?;
        for (id, mut problem) in problems {
            if problem.fixable {
                problem.fixed = self.mend(id.as_ref(), timeout)?;
            }
            found(problem);
        }
        if options.audit { self.audit(found).map_err(|error| self.error(error)) } else { Ok(()) }
    }

    fn totals(&self, filter: &Filter, now: Timestamp) -> Result<Option<Totals>, Error> {
        let only_expired =
            filter.expired && Filter { expired: false, unsure: false, ..filter.clone() }.is_empty();
        if !(filter.is_empty() || only_expired) {
            return Ok(None);
        }
        let condition = if only_expired { "expires < ?1" } else { "?1 = ?1" };
        let sql = format!(
            "SELECT count(*) FILTER (WHERE {condition}), ifnull(sum(octet_length(value)) FILTER (WHERE {condition}), 0), count(*) FROM responses"
        );
        let read = self.database.connection.query_row(&sql, [now.seconds()], |row| {
            Ok(Totals { entries: row.get(0)?, bytes: row.get(1)?, of: row.get(2)? })
        });
        read.map(Some).map_err(|error| self.error(error))
    }

    fn remove(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        self.take(removal, watcher)
    }

    fn reclaim(&self) -> Result<Reclaimed, Error> {
        self.give_back()
    }
}

/// What the file and what SQLite keeps beside it take.
fn disk_bytes(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;

    let files = ["", "-wal", "-shm", "-journal"].map(|suffix| sqlite::beside(path, suffix));
    let sizes =
        files.iter().filter_map(|file| std::fs::symlink_metadata(file).ok()).map(|about| about.blocks());
    sizes.sum::<u64>().saturating_mul(512)
}
