use std::{fs, path::Path, time::Duration};

use rusqlite::Connection;

use super::super::fixture::{self, NOW, add, scattered};
use super::*;
use crate::cache::{
    model::Timestamp,
    store::{Pace, Store},
};

#[derive(Default)]
struct Told {
    entries: u64,
    bytes: u64,
    failed: Vec<String>,
}

impl RemovalWatcher for Told {
    fn go_on(&mut self) -> bool {
        true
    }

    fn removed(&mut self, entries: u64, bytes: u64) {
        self.entries += entries;
        self.bytes += bytes;
    }

    fn refused(&mut self, id: &EntryId, why: &str) {
        self.failed.push(format!("{id} {why}"));
    }

    fn failed(&mut self, id: &EntryId, error: &str) {
        self.failed.push(format!("{id} {error}"));
    }
}

fn act(store: &DiskStore, target: Target<'_>, pace: Pace) -> Told {
    let mut told = Told::default();
    let now = Timestamp::from_seconds(NOW).unwrap();
    store.remove(&Removal { target, now, pace }, &mut told).unwrap();
    told
}

/// Rows, rows that have expired, the two counters, files.
fn state(connection: &Connection, dir: &Path) -> [i64; 5] {
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let files = walk(&dir.join("00"));
    [
        one("SELECT count(*) FROM Cache"),
        one("SELECT count(*) FROM Cache WHERE expire_time < 1000"),
        one("SELECT value FROM Settings WHERE key = 'count'"),
        one("SELECT value FROM Settings WHERE key = 'size'"),
        files,
    ]
}

fn walk(dir: &Path) -> i64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

const CHANGE: Access = Access::Change { lock_timeout: Duration::from_secs(10) };

#[test]
fn what_has_expired_goes_wherever_its_rows_are() {
    for (with_log, counted, pace) in [
        (true, true, Pace::Fast),
        (true, true, Pace::Polite),
        (false, true, Pace::Fast),
        (true, false, Pace::Fast),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), with_log);
        let [rows, expired, .., files] = state(&connection, dir.path());
        let store = fixture::open(dir.path(), CHANGE);
        let filter = Filter::only_expired();
        let now = Timestamp::from_seconds(NOW).unwrap();
        if counted {
            // Many have expired, so that they are removed from the first row to the last.
            let totals = store.totals(&filter, now).unwrap().unwrap();
            assert_eq!((totals.entries, totals.of), (expired as u64, rows as u64));
        }
        let told = act(&store, Target::Rule(&filter), pace);
        assert_eq!((told.entries, told.failed.len()), (expired as u64, 0));
        // All files belong to even rows, which have expired.
        assert!(files > 400);
        assert_eq!(state(&connection, dir.path()), [rows - expired, 0, rows - expired, 0, 0]);
        let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}

#[test]
fn clearing_takes_what_came_since_the_plan_with_its_file() {
    for (with_log, meanwhile) in [(true, true), (true, false), (false, true), (false, false)] {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), with_log);
        let store = fixture::open(dir.path(), CHANGE);
        let totals =
            store.totals(&Filter::default(), Timestamp::from_seconds(NOW).unwrap()).unwrap().unwrap();
        if meanwhile {
            add(&connection, dir.path(), 7000);
        }
        let [rows, .., files] = state(&connection, dir.path());
        let told = act(&store, Target::Everything, Pace::Fast);
        assert_eq!((told.entries, told.failed.len()), (rows as u64, 0));
        assert_eq!(told.bytes - totals.bytes, if meanwhile { 5 } else { 0 });
        assert!(files > 400);
        assert_eq!(state(&connection, dir.path()), [0; 5]);
    }
}

#[test]
fn clearing_without_files_needs_no_second_look() {
    let dir = tempfile::tempdir().unwrap();
    let connection = scattered(dir.path(), true);
    connection.execute_batch("DELETE FROM Cache WHERE filename IS NOT NULL").unwrap();
    let store = fixture::open(dir.path(), CHANGE);
    let all = |store: &DiskStore| {
        store.totals(&Filter::default(), Timestamp::from_seconds(NOW).unwrap()).unwrap().unwrap()
    };
    let before = all(&store);
    // Somebody writes: what was counted does not hold any more.
    add(&connection, dir.path(), 8000);
    assert!(Counted::still(&store.parts[0]).is_none());
    let again = all(&store);
    assert_eq!((again.entries, again.bytes), (before.entries + 1, before.bytes + 5));
    connection.execute_batch("DELETE FROM Cache WHERE rowid = 8000").unwrap();
    let last = all(&store);
    assert_eq!(last, before);
    let told = act(&store, Target::Everything, Pace::Fast);
    assert_eq!((told.entries, told.bytes), (before.entries, before.bytes));
}
