//! Opening an SQLite database of somebody else without trusting it and without changing it.
//!
//! SQLite drops its locks on a database when the same process closes the file by other means, so nothing but SQLite opens one that is
//! already open here.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig, ffi, limits::Limit,
};
use rustix::{
    fs::{Access as Permission, CWD, Mode, OFlags, access, openat},
    io::Errno,
};

use super::sqlite_open;
use crate::cache::{Error, error::plain, store::Access};

/// How long a look waits for a lock; readers of a WAL database never need one for long.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for a lock before we ask whether to go on.
const SLICE: Duration = Duration::from_millis(100);
/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const DAMAGED: &str = "the database is damaged";
/// Longest SQL text of a schema that is parsed.
const LONGEST_SQL: i32 = 1 << 20;

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    /// Where the file is, for messages.
    pub(super) path: PathBuf,
    /// How it could be opened.
    pub(super) mode: Opened,
    flags: OpenFlags,
    query: &'static str,
    /// Device and inode that had this name when it was opened.
    pub(super) identity: Option<(u64, u64)>,
}

/// How a database was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// To be changed.
    Change,
    /// To look, with the locks that readers take.
    Look,
    /// To look at a file that nobody can be writing, without locks.
    Immutable,
    /// A private copy, since the original cannot be read in place without changing it.
    Copy,
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// There is no such file.
    Missing,
    /// It is no regular file, or no database.
    Foreign,
    /// It has no bytes at all.
    Empty,
    /// A database that keeps a rollback journal.
    Journal,
    /// A database in WAL mode.
    Wal,
}

/// Looks at the first bytes of `path` without following a link.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn header(path: &Path) -> Result<Header, Error> {
    let read = |source: io::Error| Error::Read { path: path.to_owned(), source };
    let file = match open_quietly(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Header::Missing),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Ok(Header::Foreign),
        Err(error) => return Err(read(error)),
    };
    let about = file.metadata().map_err(read)?;
    if !about.is_file() {
        return Ok(Header::Foreign);
    }
    let mut bytes = Vec::with_capacity(20);
    file.take(20).read_to_end(&mut bytes).map_err(read)?;
    Ok(match bytes.get(18) {
        _ if bytes.is_empty() => Header::Empty,
        _ if !bytes.starts_with(MAGIC) => Header::Foreign,
        Some(2) => Header::Wal,
        _ => Header::Journal,
    })
}

/// Opens a file to read without following a link, waiting for a pipe, or touching its access time where that is allowed.
pub(super) fn open_quietly(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = openat(CWD, path, flags | OFlags::NOATIME, Mode::empty())
        .or_else(|_| openat(CWD, path, flags, Mode::empty()))?;
    Ok(File::from(file))
}

impl Database {
    /// Opens the database at `path`, which must have a database's header.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`], [`Error::Locked`], and [`Error::ReadOnly`] if it is to be changed and cannot be.
    pub(super) fn open(path: &Path, access: Access, header: Header) -> Result<Self, Error> {
        match access {
            Access::Look => look(path, header),
            Access::Change { lock_timeout } => change(path, lock_timeout),
        }
    }

    /// What went wrong in SQLite, in this tool's words.
    pub(super) fn error(&self, error: rusqlite::Error) -> Error {
        describe(&self.path, error)
    }

    /// A second connection, to look, for another thread or another snapshot; `None` where there can be none. Nothing but SQLite touches the
    /// file on the way.
    pub(super) fn twin(&self) -> Option<Self> {
        let mode = match self.mode {
            Opened::Change | Opened::Look => Opened::Look,
            Opened::Immutable => Opened::Immutable,
            // It has no name any more under which it could be opened again.
            Opened::Copy => return None,
        };
        let twin = Self::connect(&self.path, self.flags, self.query, mode, LOOK_TIMEOUT).ok()?;
        // The directory may have been replaced since: then this is the database of another cache.
        (twin.identity.is_some() && twin.identity == self.identity).then_some(twin)
    }

    /// Makes sure that the name still means this database: its value files are looked for beside it, by name.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] where another one has taken its place, [`Error::Read`] where nothing has.
    pub(super) fn require_in_place(&self) -> Result<(), Error> {
        let now = identity(&self.path).map_err(|source| Error::Read { path: self.path.clone(), source })?;
        if self.identity == Some(now) {
            return Ok(());
        }
        let reason = "another one has taken its place meanwhile".to_owned();
        Err(Error::ReadOnly { path: self.path.clone(), reason })
    }

    /// Begins a transaction that may write, waiting for others at most `timeout`; `None` if `go_on` says no meanwhile.
    ///
    /// # Errors
    /// [`Error::Locked`] when others have had the lock all the time.
    pub(super) fn begin(
        &self,
        timeout: Duration,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Transaction<'_>>, Error> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = self.connection.busy_timeout(left.min(SLICE));
            wait.map_err(|error| self.error_after(error, timeout))?;
            match Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate) {
                Ok(transaction) => return Ok(Some(transaction)),
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    if !go_on() {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(self.error_after(error, timeout)),
            }
        }
    }

    /// SQLite's error in this tool's words, with the time that was really waited.
    pub(super) fn error_after(&self, error: rusqlite::Error, waited: Duration) -> Error {
        if is_busy(&error) {
            return Error::Locked { path: self.path.clone(), waited };
        }
        self.error(error)
    }

    /// What a pragma answers with a number.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn number(&self, pragma: &str) -> rusqlite::Result<u64> {
        self.connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
    }

    /// Writes the database anew without what is not used in it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn vacuum(&self) -> rusqlite::Result<()> {
        self.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
        let result = self.connection.execute_batch("VACUUM");
        self.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        result
    }

    /// Writes the log into the database as far as nobody needs to wait for it.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
    }

    /// Whether readers and a writer do not keep each other from anything.
    pub(super) fn has_log(&self) -> bool {
        let mode = self.connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
        mode.is_ok_and(|mode| mode == "wal")
    }

    fn connect(
        path: &Path,
        flags: OpenFlags,
        query: &'static str,
        mode: Opened,
        wait: Duration,
    ) -> rusqlite::Result<Self> {
        let uri = format!("file:{}{query}", percent_encoded(path));
        let all = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        sqlite_open::without_access_times();
        let connection = Connection::open_with_flags(uri, all)?;
        for (option, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
            // What others have written stays as it is until one of them checkpoints it.
            (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode != Opened::Change),
        ] {
            connection.set_db_config(option, on)?;
        }
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.busy_timeout(wait)?;
        connection.execute_batch("PRAGMA cell_size_check=1")?;
        connection.set_prepared_statement_cache_capacity(32);
        if mode != Opened::Change {
            connection.execute_batch("PRAGMA query_only=1")?;
        }
        let identity = identity(path).ok();
        let database = Self { connection, path: path.to_owned(), mode, flags, query, identity };
        // The first read finds out whether it can be read at all, and makes SQLite open what belongs to the file.
        database.connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(database)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Without anything in the log there is nothing to keep, and SQLite may remove the files that it made for us.
        if self.mode == Opened::Look && !is_filled(&beside(&self.path, "-wal")) {
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        }
    }
}

/// Device and inode of a file, without opening it.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let about = std::fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

fn change(path: &Path, wait: Duration) -> Result<Database, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Database::connect(path, flags, "", Opened::Change, wait).map_err(|error| {
        let refused = if is_not_in_place(&error) { unwritable(path) } else { None };
        refused.unwrap_or_else(|| describe(path, error))
    })?;
    if database.has_log() {
        // As the library does: nothing can be damaged, and only the last moments may be lost with the power.
        // What a transaction of many rows changes finds room.
        let set = "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000";
        database.connection.execute_batch(set).map_err(|error| describe(path, error))?;
    }
    match database.connection.is_readonly("main") {
        Ok(false) => Ok(database),
        Ok(true) => {
            let unknown = || Error::ReadOnly { path: path.to_owned(), reason: "it is read-only".to_owned() };
            Err(unwritable(path).unwrap_or_else(unknown))
        }
        Err(error) => Err(describe(path, error)),
    }
}

/// Why the database cannot be changed, if the system does not let us write it or beside it.
fn unwritable(path: &Path) -> Option<Error> {
    let beside = path.parent().unwrap_or(path);
    let refused = [path, beside].iter().find_map(|place| access(*place, Permission::WRITE_OK).err())?;
    let reason = match refused {
        Errno::ROFS => "read-only file system",
        Errno::ACCESS | Errno::PERM => "permission denied",
        _ => return None,
    };
    Some(Error::ReadOnly { path: path.to_owned(), reason: reason.to_owned() })
}

/// Tries the ways to read a database from the one that takes part in its locks to a copy of its own.
fn look(path: &Path, header: Header) -> Result<Database, Error> {
    let read_write = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY;
    // With a rollback journal a reader that may write would roll back what a killed writer has left.
    let ways: &[OpenFlags] = if header == Header::Wal { &[read_write, read_only] } else { &[read_only] };
    let mut why = None;
    for &flags in ways {
        match Database::connect(path, flags, "", Opened::Look, LOOK_TIMEOUT) {
            Ok(database) => return Ok(database),
            Err(error) if is_not_in_place(&error) => why = Some(error),
            Err(error) => return Err(describe(path, error)),
        }
    }
    if !is_filled(&beside(path, "-wal")) && !is_filled(&beside(path, "-journal")) {
        let immutable = Database::connect(path, read_only, "?immutable=1", Opened::Immutable, LOOK_TIMEOUT);
        return immutable.map_err(|error| describe(path, error));
    }
    match copy(path) {
        Ok(database) => Ok(database),
        Err(Error::Read { source, .. }) => {
            let reason = why.map(|error| error.to_string()).unwrap_or_default();
            let text = format!("{}; neither can it be read in place: {reason}", plain(&source));
            Err(Error::Read { path: path.to_owned(), source: io::Error::new(source.kind(), text) })
        }
        Err(error) => Err(error),
    }
}

/// Whether SQLite refuses to read in place what a copy would show: it would have to write beside it first.
fn is_not_in_place(error: &rusqlite::Error) -> bool {
    matches!(extended(error) & 0xff, ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN)
}

/// Opens a private copy with its log, so that what was committed is seen and nothing beside the original is written.
fn copy(path: &Path) -> Result<Database, Error> {
    let read = |source: io::Error| Error::Read { path: path.to_owned(), source };
    let dir = private_dir().map_err(|error| {
        let text = format!("its log is read in a copy, for which there is no place ({})", plain(&error));
        read(io::Error::new(error.kind(), text))
    })?;
    let private = dir.path().join("cache.db");
    for suffix in ["", "-wal", "-journal"] {
        let from = beside(path, suffix);
        match open_quietly(&from) {
            Ok(mut file) => {
                let mut to = File::create(beside(&private, suffix)).map_err(read)?;
                io::copy(&mut file, &mut to).map_err(read)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Read { path: from, source: error }),
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let opened = Database::connect(&private, flags, "", Opened::Copy, LOOK_TIMEOUT);
    let mut database = opened.map_err(|error| describe(path, error))?;
    path.clone_into(&mut database.path);
    // SQLite holds all its files open by now: their names can go, and nothing is left behind however we end.
    drop(dir);
    Ok(database)
}

/// A directory that nobody else may enter: where temporary files belong, or where there is room otherwise.
fn private_dir() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("hotcold-");
    let usual = builder.tempdir();
    let elsewhere = || ["/dev/shm", "/var/tmp", "/tmp"].iter().find_map(|dir| builder.tempdir_in(dir).ok());
    usual.or_else(|error| elsewhere().ok_or(error))
}

/// What went wrong in SQLite with `path`, in this tool's words.
pub(super) fn describe(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    // What was there a moment ago in the same snapshot can be missing only from a broken tree.
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) {
        return Error::Damaged { path, reason: DAMAGED.to_owned() };
    }
    let reason = || match &error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::Locked { path, waited: LOOK_TIMEOUT }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            let source = File::open(&path).err().unwrap_or_else(|| io::Error::other(reason()));
            Error::Read { path, source }
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::DiskFull) => {
            Error::Read { source: io::Error::other(reason()), path }
        }
        Some(ErrorCode::ReadOnly) => Error::ReadOnly { reason: reason(), path },
        Some(ErrorCode::NotADatabase) => {
            Error::Damaged { path, reason: "it is not an SQLite database".into() }
        }
        Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { path, reason: DAMAGED.to_owned() },
        _ => Error::Damaged { reason: reason(), path },
    }
}

/// Whether somebody else has the lock.
fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn extended(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(0, |error| error.extended_code)
}

/// `path` with `suffix` appended to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn is_filled(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|about| about.len() > 0)
}

/// A path as part of a `file:` URI. An absolute path begins with two slashes at most, which would name a host.
fn percent_encoded(path: &Path) -> String {
    use std::{fmt::Write, os::unix::ffi::OsStrExt};

    let absolute = path.is_absolute();
    let mut out = String::from(if absolute { "//" } else { "" });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
