//! A database for tests with rows where the library would not put them.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::{DATABASE, DiskStore};
use crate::cache::store::Access;

/// The moment up to which every second row has expired.
pub(super) const NOW: f64 = 1000.0;

const TABLES: &str = "CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value);
    CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
    access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB);
    CREATE UNIQUE INDEX Cache_key_raw ON Cache(key, raw);
    CREATE INDEX Cache_expire_time ON Cache (expire_time);";

/// A database that keeps a log or a rollback journal, with rows at both ends of what there can be, far from each other and close
/// together. Every tenth row from 1 on has a file of 5 bytes.
pub(super) fn scattered(dir: &Path, with_log: bool) -> Connection {
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    let mode = if with_log { "wal" } else { "delete" };
    connection.execute_batch(&format!("PRAGMA journal_mode={mode}; {TABLES} BEGIN")).unwrap();
    let close = 1..5000;
    let far = (0..300).map(|i| 1_000_000 + i * 1_000_003);
    let ends = [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX];
    for row in close.chain(far).chain(ends) {
        add(&connection, dir, row);
    }
    let counted =
        "INSERT INTO Settings SELECT 'count', count(*) FROM Cache UNION SELECT 'size', sum(size) FROM Cache";
    connection.execute_batch(counted).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    connection
}

/// Adds a row.
pub(super) fn add(connection: &Connection, dir: &Path, row: i64) {
    let file = (row > 0 && row % 10 == 0).then(|| format!("00/{:02x}/{row:028x}.val", row % 16));
    if let Some(file) = &file {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), "value").unwrap();
    }
    let expires = if row % 2 == 0 { NOW - 1.0 } else { NOW + 1.0 };
    let (size, mode) = if file.is_some() { (5, 2) } else { (0, 1) };
    let value = file.is_none().then_some(row);
    let sql = "INSERT INTO Cache (rowid, key, raw, store_time, expire_time, size, mode, filename, value)
               VALUES (?1, ?2, 1, 1.0, ?3, ?4, ?5, ?6, ?7)";
    connection.execute(sql, (row, format!("key {row}"), expires, size, mode, file, value)).unwrap();
}

/// The store in `dir`.
pub(super) fn open(dir: &Path, access: Access) -> DiskStore {
    DiskStore::open(dir, access).unwrap()
}
