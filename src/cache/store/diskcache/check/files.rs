//! Value files and the rows that name them.

use std::{collections::HashSet, fs, path::Path};

use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use rustix::fs::FileType;

use super::{
    super::value_name::ValueName,
    Subject,
    finding::{Finding, Fix, Gone},
    rows::{Rows, shorten},
    sqlite,
    walk::{self, Foreign, Named, Unknown, describe},
};
use crate::{cache::store::CheckOptions, units};

/// Compares the rows with the files, and looks again at whatever does not fit.
pub(super) fn compare(
    subject: &Subject<'_>,
    rows: &Rows,
    options: &CheckOptions,
    findings: &mut Vec<Finding>,
) {
    let found = match walk::walk(subject.dir, &rows.named) {
        Ok(found) => found,
        Err(error) => {
            return findings.push(Finding::problem("unreadable", subject.place("."), error.to_string()));
        }
    };
    if let Err(error) = suspects(subject, rows, &found, options, findings) {
        findings.push(Finding::problem("damaged-database", subject.place("cache.db"), sqlite(&error)));
    }
    for path in &found.empty {
        let finding = Finding::note("empty-directory", subject.place(path), "no value file is in it");
        findings.push(finding.fixed_by(Fix::RemoveDirectory { path: path.clone() }));
    }
    for (path, error) in &found.unreadable {
        findings.push(Finding::problem("unreadable", subject.place(path), error.to_string()));
    }
    found.foreign.iter().filter_map(|other| foreign(subject, other, rows)).for_each(|f| findings.push(f));
}

fn suspects(
    subject: &Subject<'_>,
    rows: &Rows,
    found: &walk::Found,
    options: &CheckOptions,
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<()> {
    let mut again = Again::new(subject)?;
    for (named, seen) in rows.named.iter().zip(&found.seen) {
        if !seen.load(std::sync::atomic::Ordering::Relaxed) && again.still_lacks(named)? {
            let detail = format!("the value should be in {}, which is not there", named.name);
            findings.push(gone(subject, named, "missing-file", detail, Gone::Missing));
        }
    }
    for &(i, bytes) in &found.wrong_size {
        let Some(named) = rows.named.get(i) else { continue };
        if again.names(named)? {
            findings.push(wrong_size(subject, named, bytes));
        }
    }
    for &(i, kind) in &found.not_a_file {
        let Some(named) = rows.named.get(i) else { continue };
        if again.names(named)? {
            let detail = format!("the value should be in {}, which is {kind}", named.name);
            findings.push(if kind == describe(FileType::Symlink) {
                // Python reads through it, so there may be something to lose.
                Finding::row("not-a-file", subject.part, named.rowid, detail)
            } else {
                gone(subject, named, "not-a-file", detail, Gone::Missing)
            });
        }
    }
    duplicates(subject, &rows.named, findings);
    windows(subject, rows, findings);
    inside(subject, rows, findings);
    let unknown = again.without_row(&found.unknown, rows)?;
    unknown.iter().for_each(|file| findings.push(orphan(subject, file, options)));
    Ok(())
}

fn gone(subject: &Subject<'_>, named: &Named, what: &'static str, detail: String, why: Gone) -> Finding {
    let fix = Fix::DropRow { rowid: named.rowid, filename: named.name.to_string().into_bytes(), why };
    Finding::row(what, subject.part, named.rowid, detail).fixed_by(fix)
}

fn wrong_size(subject: &Subject<'_>, named: &Named, bytes: u64) -> Finding {
    if bytes == 0 {
        let detail = format!("{} is empty, and {} bytes were written", named.name, named.size);
        return gone(subject, named, "empty-file", detail, Gone::Empty);
    }
    let detail = format!("{} has {bytes} bytes, and {} were written", named.name, named.size);
    let fix = Fix::SetSize { rowid: named.rowid, name: named.name };
    Finding::row("wrong-size", subject.part, named.rowid, detail).fixed_by(fix)
}

/// Rows that share a file, which removing one of them takes from the other.
fn duplicates(subject: &Subject<'_>, named: &[Named], findings: &mut Vec<Finding>) {
    for pair in named.windows(2) {
        if let [a, b] = pair
            && a.name == b.name
        {
            let detail = format!("the value is in {}, and so is that of entry {}", a.name, b.rowid);
            findings.push(Finding::row("shared-file", subject.part, a.rowid, detail));
        }
    }
}

fn windows(subject: &Subject<'_>, rows: &Rows, findings: &mut Vec<Finding>) {
    for (named, filename) in &rows.windows {
        let path = named.name.to_string();
        if fs::symlink_metadata(subject.dir.join(&path)).is_ok_and(|about| about.is_file()) {
            let detail = format!(
                "file name `{}`, as Windows writes it; Python does not find the value here",
                shorten(filename)
            );
            let fix = Fix::Slashes { rowid: named.rowid, filename: filename.clone(), name: named.name };
            findings.push(Finding::row("windows-file-name", subject.part, named.rowid, detail).fixed_by(fix));
        } else {
            let detail =
                format!("the value should be in {path} (written with backslashes), which is not there");
            let fix = Fix::DropRow { rowid: named.rowid, filename: filename.clone(), why: Gone::Missing };
            findings.push(Finding::row("missing-file", subject.part, named.rowid, detail).fixed_by(fix));
        }
    }
}

/// Names that a Disk class of one's own has given.
fn inside(subject: &Subject<'_>, rows: &Rows, findings: &mut Vec<Finding>) {
    for (rowid, path, size) in &rows.inside {
        let shown = shorten(path.as_bytes());
        let row = |what, detail: String| Finding::row(what, subject.part, *rowid, detail);
        match about(subject.dir, path) {
            Ok(None) => {
                let detail = format!("the value should be in `{shown}`, which is not there");
                let fix =
                    Fix::DropRow { rowid: *rowid, filename: path.clone().into_bytes(), why: Gone::Missing };
                findings.push(row("missing-file", detail).fixed_by(fix));
            }
            Ok(Some(bytes)) if i64::try_from(bytes) != Ok(*size) => {
                findings
                    .push(row("wrong-size", format!("`{shown}` has {bytes} bytes, and {size} were written")));
            }
            Ok(Some(_)) => {}
            Err(kind) => {
                findings.push(row("not-a-file", format!("the value should be in `{shown}`, which is {kind}")))
            }
        }
    }
}

/// The size of a file below `dir`, following no link on the way; what it is if it is no file.
fn about(dir: &Path, path: &str) -> Result<Option<u64>, &'static str> {
    let mut here = dir.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        here.push(part);
        let Ok(about) = fs::symlink_metadata(&here) else { return Ok(None) };
        match parts.peek() {
            Some(_) if about.is_dir() => {}
            Some(_) => return Err("behind something that is no directory"),
            None if about.is_file() => return Ok(Some(about.len())),
            None => return Err("not a file"),
        }
    }
    Ok(None)
}

fn orphan(subject: &Subject<'_>, file: &Unknown, options: &CheckOptions) -> Finding {
    let (path, grace) = (file.name.to_string(), options.grace.as_secs_f64());
    if grace > 0.0 && options.now.seconds() - file.touched < grace {
        let detail = format!(
            "no entry names it; younger than {}, so it may be just being written",
            units::duration(options.grace)
        );
        return Finding::note("new-file", subject.place(&path), detail).with_bytes(file.bytes);
    }
    let finding = Finding::problem("orphaned-file", subject.place(&path), "no entry names it");
    finding.with_bytes(file.bytes).fixed_by(Fix::RemoveOrphan { name: file.name, bytes: file.bytes })
}

/// What DiskCache has not made; `None` for what a Disk class of one's own has.
fn foreign(subject: &Subject<'_>, other: &Foreign, rows: &Rows) -> Option<Finding> {
    let below = format!("{}/", other.path);
    let known = |path: &str| path == other.path || path.starts_with(&below);
    if rows.inside.iter().any(|(_, path, _)| known(path)) {
        return None;
    }
    let place = subject.place(&other.path);
    if other.kind == FileType::Directory && subject.dir.join(&other.path).join("cache.db").is_file() {
        return Some(Finding::note("nested-cache", place, "another cache, which is not part of this one"));
    }
    let detail = format!("{}, which DiskCache has not made; it is left alone", describe(other.kind));
    Some(Finding::note("foreign-file", place, detail))
}

/// Looks at rows again that did not fit.
struct Again<'a> {
    dir: &'a Path,
    db: &'a Connection,
    row: rusqlite::Statement<'a>,
}

impl<'a> Again<'a> {
    fn new(subject: &Subject<'a>) -> rusqlite::Result<Self> {
        let row = subject.db.prepare("SELECT filename, size FROM Cache WHERE rowid = ?1")?;
        Ok(Self { dir: subject.dir, db: subject.db, row })
    }

    /// Whether the file is not there, and the row names it even after that.
    fn still_lacks(&mut self, named: &Named) -> rusqlite::Result<bool> {
        let path = self.dir.join(named.name.to_string());
        Ok(fs::symlink_metadata(path).is_err() && self.names(named)?)
    }

    /// Whether the row is still as it was.
    fn names(&mut self, named: &Named) -> rusqlite::Result<bool> {
        let row = self.row.query_row([named.rowid], |row| {
            let same = row.get_ref(0)? == ValueRef::Text(named.name.to_string().as_bytes());
            Ok(same && row.get_ref(1)? == ValueRef::Integer(named.size))
        });
        Ok(row.optional()?.unwrap_or(false))
    }

    /// Those that no row names now either.
    fn without_row(&self, files: &[Unknown], rows: &Rows) -> rusqlite::Result<Vec<Unknown>> {
        let windows = |name| rows.windows.binary_search_by_key(&name, |(file, _)| file.name).is_ok();
        let mut rest: HashSet<ValueName> =
            files.iter().map(|file| file.name).filter(|&name| !windows(name)).collect();
        if !rest.is_empty() {
            forget_named(self.db, &mut rest)?;
        }
        Ok(files.iter().filter(|file| rest.contains(&file.name)).copied().collect())
    }
}

/// Takes from `files` those that a row names, in either spelling.
pub(in super::super) fn forget_named(
    db: &Connection,
    files: &mut HashSet<ValueName>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare("SELECT filename FROM Cache NOT INDEXED WHERE filename IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Ok(name) = row.get_ref(0)?.as_bytes() else { continue };
        let name = ValueName::parse(name)
            .or_else(|| ValueName::parse(String::from_utf8_lossy(name).replace('\\', "/").as_bytes()));
        if let Some(name) = name {
            files.remove(&name);
        }
    }
    Ok(())
}
