//! What requests-cache keeps: responses in one SQLite file, or each in a file of its own in a directory.
//!
//! The key is a hash of the request; its URL stands inside the stored value, which is a pickle or JSON unless the program has chosen
//! another serializer. Where a redirect leads is kept in a table of its own, whose rows go with the response that they lead to.
//!
//! Source of the format: requests-cache 1.3, as read and run; `fixtures/stores/web.py` makes such caches.

mod database;
mod files;
mod remove;
mod response;

use std::path::Path;

use rusqlite::{Connection, types::ValueRef};

use super::{Access, Kind, Store, sqlite};
use crate::cache::{Error, locate::Verdict, look::Dir};
use sqlite::{Database, Header};

/// What the tables are made of.
const COLUMNS: [&str; 3] = ["key", "value", "expires"];
/// What the text of the table says before its columns.
const TABLE: &[u8] = b"CREATE TABLE responses";
/// Bytes in which that text stands: the first page.
const FIRST_PAGE: u64 = 64 << 10;
/// Names of SQLite files.
const ENDINGS: [&[u8]; 4] = [b".sqlite", b".sqlite3", b".db", b".cache"];

/// Single files of the `sqlite` backend.
#[derive(Debug)]
pub(super) struct RequestsDatabase;

/// Directories of the `filesystem` backend.
#[derive(Debug)]
pub(super) struct RequestsFiles;

impl Kind for RequestsDatabase {
    fn name(&self) -> &'static str {
        "requests-cache"
    }

    fn sign(&self, _name: &[u8]) -> bool {
        false
    }

    fn probe(&self, _dir: &Path) -> Result<Verdict, Error> {
        Ok(Verdict::No)
    }

    fn file_sign(&self, name: &[u8]) -> bool {
        ENDINGS.iter().any(|end| name.ends_with(end))
    }

    fn probe_file(&self, path: &Path) -> Result<Verdict, Error> {
        let header = sqlite::header(path)?;
        if !matches!(header, Header::Journal | Header::Wal) || !says_so(path, header) {
            return Ok(Verdict::No);
        }
        let database = match Database::open(path, Access::Look, header) {
            Ok(database) => database,
            // Opening it will say so in full.
            Err(Error::Damaged { .. } | Error::Locked { .. }) => return Ok(Verdict::Yes(TABLES.to_owned())),
            Err(error) => return Err(error),
        };
        Ok(match is_table(&database.connection, "redirects") && is_table(&database.connection, "responses") {
            true if is_hashed(&database.connection) => Verdict::Yes(TABLES.to_owned()),
            true => Verdict::Unsure("the keys of its table `responses` are no hashes".to_owned()),
            false => Verdict::No,
        })
    }

    fn open(&self, path: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        Ok(Box::new(database::Responses::open(path, access)?))
    }
}

const TABLES: &str = "it has the tables `responses` and `redirects`";

/// Whether the first page, or the beginning of the log, has the text of the table: so that not every database that lies about is opened.
fn says_so(path: &Path, header: Header) -> bool {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let Ok(dir) = Dir::open(parent) else { return false };
    let says = |name: &Path, bytes| {
        let head = dir.head(name, bytes).unwrap_or_default();
        memchr::memmem::find(&head, TABLE).is_some()
    };
    let log = sqlite::beside(Path::new(name), "-wal");
    says(Path::new(name), FIRST_PAGE) || (header == Header::Wal && says(&log, 4 * FIRST_PAGE))
}

/// Whether a plain table of this name has the columns that the library gives it.
fn is_table(connection: &Connection, name: &str) -> bool {
    let columns = || -> rusqlite::Result<Vec<String>> {
        let plain = "SELECT lower(name) FROM pragma_table_xinfo(?1) WHERE hidden = 0 AND EXISTS
            (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1) AND NOT EXISTS
            (SELECT 1 FROM pragma_table_list(?1) WHERE wr OR type <> 'table')";
        connection.prepare(plain)?.query_map([name], |row| row.get(0))?.collect()
    };
    columns().is_ok_and(|columns| columns == COLUMNS)
}

/// Whether the first keys are hashes; those of an empty table are.
fn is_hashed(connection: &Connection) -> bool {
    let look = || -> rusqlite::Result<bool> {
        let mut statement =
            connection.prepare("SELECT iif(octet_length(key) > 128, NULL, key) FROM responses LIMIT 10")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if !matches!(row.get_ref(0)?, ValueRef::Text(key) if is_hash(key)) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    // What cannot be read is told when it is opened.
    look().unwrap_or(true)
}

/// A key: BLAKE2 or SHA-256 in hexadecimal digits.
fn is_hash(text: &[u8]) -> bool {
    matches!(text.len(), 16..=128) && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Kind for RequestsFiles {
    fn name(&self) -> &'static str {
        "requests-cache"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name == files::REDIRECTS.as_bytes()
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        files::probe(dir)
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        files::open(dir, access)
    }
}
