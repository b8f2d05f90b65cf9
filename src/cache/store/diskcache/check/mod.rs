//! Looking for damage: everything that Python's `check()` finds and what it does not, without keeping anybody from the cache.
//!
//! A cache may be in use meanwhile. The table is read in one snapshot, the files are looked at afterwards without a lock, and whatever
//! does not fit is looked at again: first at the file, then at the row. DiskCache writes a file before its row and deletes a row before
//! its file, so a row that still names a file after that was missing has lost its value for good.

mod audit;
mod database;
mod files;
pub(super) mod finding;
mod network;
mod rows;
mod structure;
mod values;
mod walk;

use std::path::Path;

use rusqlite::Connection;

use super::{DiskStore, Part, schema::Schema, settings::Settings};
use crate::cache::{
    Error,
    store::{CheckOptions, Problem},
};
pub(super) use files::forget_named;
use finding::{Finding, Fix};

/// Looks for damage in every part of a cache.
pub(super) fn check(
    store: &DiskStore,
    options: &CheckOptions,
    found: &mut dyn FnMut(Problem),
) -> Result<(), Error> {
    for part in &store.parts {
        inspect(part, options).into_iter().for_each(|finding| found(finding.problem));
    }
    Ok(())
}

/// One directory with a `cache.db`, open.
#[derive(Clone, Copy)]
struct Subject<'a> {
    /// The directory.
    dir: &'a Path,
    /// Its number, if it is a shard.
    part: Option<u32>,
    /// The database.
    db: &'a Connection,
    /// What it has besides the rows.
    schema: &'a Schema,
    /// Its settings.
    settings: &'a Settings,
}

impl Subject<'_> {
    /// A path in this directory as seen from the cache that was asked for.
    fn place(&self, path: &str) -> String {
        self.part.map_or_else(|| path.to_owned(), |part| format!("{part:03}/{path}"))
    }
}

/// Looks for damage in one directory.
pub(super) fn inspect(part: &Part, options: &CheckOptions) -> Vec<Finding> {
    let subject = &Subject {
        dir: &part.dir,
        part: part.shard,
        db: &part.database.connection,
        schema: &part.schema,
        settings: &part.settings,
    };
    let mut findings = Vec::new();
    database::file_system(subject, &mut findings);
    database::log(subject, &mut findings);
    structure::look(subject, &mut findings);
    if !database::pages(subject, options.deep, &mut findings) {
        // A row that cannot be read may name any of the files: nothing that follows would be sure.
        return findings;
    }
    if let Err(error) = content(subject, options, &mut findings) {
        findings.push(Finding::problem("damaged-database", subject.place("cache.db"), sqlite(&error)));
    }
    findings
}

/// Rows, files, and on request values and pickles.
fn content(
    subject: &Subject<'_>,
    options: &CheckOptions,
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<()> {
    let rows = snapshot(subject, findings)?;
    files::compare(subject, &rows, options, findings);
    if options.deep {
        values::read_all(subject, &rows, findings);
    }
    if options.audit {
        audit::list(subject, findings)?;
    }
    Ok(())
}

/// Rows and counters as of the same moment.
fn snapshot(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> rusqlite::Result<rows::Rows> {
    let transaction = subject.db.unchecked_transaction()?;
    let rows = rows::read(&transaction, subject, findings)?;
    structure::indexes_agree(subject, rows.count, findings)?;
    counter(subject, "count", "wrong-count", rows.count, findings)?;
    counter(subject, "size", "wrong-size-sum", rows.size, findings)?;
    structure::duplicate_keys(subject, findings)?;
    Ok(rows)
}

fn counter(
    subject: &Subject<'_>,
    key: &str,
    what: &'static str,
    right: i64,
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<()> {
    let stored = subject.db.query_row("SELECT value FROM Settings WHERE key = ?1", [key], |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => Ok(number),
            other => Err(rows::show(other)),
        })
    });
    let stored = match stored {
        Ok(Ok(number)) if number == right => return Ok(()),
        Ok(Ok(number)) => number.to_string(),
        Ok(Err(text)) => text,
        Err(rusqlite::Error::QueryReturnedNoRows) => "missing".to_owned(),
        Err(error) => return Err(error),
    };
    let detail = format!("the counter `{key}` is {stored}, and it should be {right}");
    findings.push(Finding::problem(what, subject.place("Settings"), detail).fixed_by(Fix::Recount));
    Ok(())
}

/// SQLite's own words.
fn sqlite(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}
