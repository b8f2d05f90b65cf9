//! One pass over the table: impossible rows, the files that rows name, and what the counters should say.

use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    super::value_name::{FileName, ValueName},
    Subject,
    finding::{Finding, Fix, Gone},
    walk::Named,
};
use crate::units;

/// So many impossible rows are told one by one.
const MOST_ROWS: usize = 1000;

/// What the table says.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Number of rows.
    pub(super) count: i64,
    /// Sum of their sizes, as the triggers compute it.
    pub(super) size: i64,
    /// Files with DiskCache's own names, sorted by name.
    pub(super) named: Vec<Named>,
    /// Those written with backslashes, sorted by name, with what the rows say.
    pub(super) windows: Vec<(Named, Vec<u8>)>,
    /// Files with other names inside the cache.
    pub(super) inside: Vec<(i64, String, i64)>,
}

const COLUMNS: &str =
    "SELECT rowid, raw, store_time, expire_time, access_time, access_count, size, mode, filename,
    typeof(key), typeof(value) FROM Cache NOT INDEXED";

/// Reads all rows.
pub(super) fn read(
    db: &Connection,
    subject: &Subject<'_>,
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<Rows> {
    let mut found = Rows::default();
    let mut impossible = 0_usize;
    let mut statement = db.prepare(COLUMNS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let rowid: i64 = row.get(0)?;
        found.count += 1;
        let size = match row.get_ref(6)? {
            ValueRef::Integer(size) => size,
            _ => 0,
        };
        found.size = found.size.saturating_add(size);
        let faults = faults(row, rowid)?;
        if !faults.is_empty() {
            impossible += 1;
            if impossible <= MOST_ROWS {
                findings.push(Finding::row("impossible-row", subject.part, rowid, faults.join("; ")));
            }
        }
        if let ValueRef::Text(name) = row.get_ref(8)? {
            let mode = match row.get_ref(7)? {
                ValueRef::Integer(mode) => mode,
                _ => 0,
            };
            file(&mut found, subject, (rowid, size, mode), name, findings);
        }
    }
    if impossible > MOST_ROWS {
        let detail = format!("{} more rows like these", impossible - MOST_ROWS);
        findings.push(Finding::problem("impossible-row", subject.place("Cache"), detail));
    }
    found.named.sort_unstable_by_key(|file| file.name);
    found.windows.sort_unstable_by_key(|(file, _)| file.name);
    Ok(found)
}

fn file(
    found: &mut Rows,
    subject: &Subject<'_>,
    (rowid, size, mode): (i64, i64, i64),
    name: &[u8],
    findings: &mut Vec<Finding>,
) {
    let named = |name: ValueName| Named { name, rowid, size, mode };
    match FileName::of(name) {
        FileName::Own(value) => found.named.push(named(value)),
        FileName::Windows(value) => found.windows.push((named(value), name.to_vec())),
        FileName::Inside(path) => found.inside.push((rowid, path.to_owned(), size)),
        FileName::Outside(why) => {
            let detail = format!("file name `{}`: {why}", shorten(name));
            let fix = Fix::DropRow { rowid, filename: name.to_vec(), why: Gone::Outside };
            findings.push(Finding::row("bad-file-name", subject.part, rowid, detail).fixed_by(fix));
        }
    }
}

/// Text for a message, which nobody wants in full.
pub(super) fn shorten(text: &[u8]) -> String {
    let mut shown: String = String::from_utf8_lossy(text).chars().take(80).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// What no row of DiskCache's has.
fn faults(row: &Row<'_>, rowid: i64) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(text);
    if rowid <= 0 {
        fault(format!("rowid {rowid}, which Python's clear() leaves behind"));
    }
    let (key, value) = (row.get_ref(9)?, row.get_ref(10)?);
    let (raw, mode, filename) = (row.get_ref(1)?, row.get_ref(7)?, row.get_ref(8)?);
    let is = |kind: ValueRef<'_>, name: &str| kind.as_bytes().is_ok_and(|kind| kind == name.as_bytes());
    match raw {
        ValueRef::Integer(1) if is(key, "null") => {
            fault("no key (NaN is stored as NULL), so that nothing can ever find it".to_owned());
        }
        ValueRef::Integer(0) if !is(key, "blob") => {
            fault("the key is marked as a pickle and is none".to_owned())
        }
        ValueRef::Integer(0 | 1) => {}
        other => fault(format!("raw is {}", show(other))),
    }
    for (i, column) in [(2, "store_time"), (4, "access_time")] {
        match row.get_ref(i)? {
            ValueRef::Real(time) if time.is_finite() && time.abs() < 1e15 => {}
            ValueRef::Integer(_) => {}
            other => fault(format!("{column} is {}", show(other))),
        }
    }
    match row.get_ref(3)? {
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Integer(_) => {}
        other => fault(format!("expire_time is {}", show(other))),
    }
    match row.get_ref(5)? {
        ValueRef::Integer(0..) => {}
        other => fault(format!("access_count is {}", show(other))),
    }
    match row.get_ref(6)? {
        ValueRef::Integer(0) => {}
        ValueRef::Integer(1..) if !matches!(filename, ValueRef::Null) => {}
        ValueRef::Integer(size @ 1..) => fault(format!("size is {size} without a file")),
        other => fault(format!("size is {}", show(other))),
    }
    let no_file = matches!(filename, ValueRef::Null);
    if !matches!(filename, ValueRef::Null | ValueRef::Text(_)) {
        fault(format!("filename is {}", show(filename)));
    }
    match mode {
        ValueRef::Integer(2 | 3) if no_file => {
            fault("the value should be in a file, and none is named".to_owned())
        }
        ValueRef::Integer(4) if no_file && !is(value, "blob") => {
            fault("the value is marked as a pickle and is none".to_owned());
        }
        ValueRef::Integer(1) if !no_file => fault("the value is said to be here and in a file".to_owned()),
        ValueRef::Integer(0..=4) => {}
        other => fault(format!("mode is {}", show(other))),
    }
    Ok(faults)
}

pub(super) fn show(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "missing".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.abs() < 1e15 => number.to_string(),
        ValueRef::Real(number) => format!("{number:e}"),
        ValueRef::Text(text) => format!("the text `{}`", shorten(text)),
        ValueRef::Blob(bytes) => units::plural(bytes.len() as u64, "byte", "bytes"),
    }
}
