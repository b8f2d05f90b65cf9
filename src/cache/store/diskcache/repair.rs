//! Repairs what a check found, without losing anything: every row and file is looked at again under the lock that its owner takes.
//!
//! Python's own `check(fix=True)` removes values that are just being written, foreign files, the value files of caches inside the cache
//! and everything in a cache copied from Windows. Here a file goes only if it is named as value files are, is older than the grace
//! period, and no row names it; a row goes only if its value is gone already.

use std::{collections::HashSet, fs, path::Path};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    DiskStore, Part,
    check::{
        self,
        finding::{Finding, Fix, Gone},
        forget_named,
    },
    value_name::ValueName,
};
use crate::cache::{
    Error,
    safe_delete::Root,
    store::{CheckOptions, Problem},
};

/// Rows that are changed in one transaction, so that others do not wait for long.
const BATCH: usize = 100;

pub(super) fn repair(
    store: &DiskStore,
    options: &CheckOptions,
    found: &mut dyn FnMut(Problem),
) -> Result<(), Error> {
    for part in &store.parts {
        let mut findings = check::inspect(part, options);
        Repair { part, db: &part.database.connection }.all(&mut findings)?;
        findings.into_iter().for_each(|finding| found(finding.problem));
    }
    Ok(())
}

struct Repair<'a> {
    part: &'a Part,
    db: &'a Connection,
}

impl Repair<'_> {
    /// In an order in which each step may rely on the ones before: indexes first, counters last.
    fn all(&self, findings: &mut [Finding]) -> Result<(), Error> {
        self.checkpoint(findings);
        self.reindex(findings);
        self.rows(findings)?;
        self.orphans(findings)?;
        self.directories(findings)?;
        self.create(findings);
        self.recount(findings)
    }

    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|error| self.part.error(error))
    }

    fn lock(&self) -> Result<Transaction<'_>, Error> {
        self.sql(Transaction::new_unchecked(self.db, TransactionBehavior::Immediate))
    }

    fn checkpoint(&self, findings: &mut [Finding]) {
        for finding in wanted(findings, |fix| *fix == Fix::Checkpoint) {
            let busy = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            finding.problem.fixed = matches!(busy, Ok(0));
        }
    }

    fn reindex(&self, findings: &mut [Finding]) {
        for finding in wanted(findings, |fix| matches!(fix, Fix::Reindex { .. })) {
            let Some(Fix::Reindex { index }) = &finding.fix else { continue };
            let quoted = index.replace('"', "\"\"");
            finding.problem.fixed = self.db.execute_batch(&format!("REINDEX \"{quoted}\"")).is_ok();
        }
    }

    fn rows(&self, findings: &mut [Finding]) -> Result<(), Error> {
        let of_rows =
            |fix: &Fix| matches!(fix, Fix::DropRow { .. } | Fix::SetSize { .. } | Fix::Slashes { .. });
        let mut rows: Vec<&mut Finding> = wanted(findings, of_rows).collect();
        for batch in rows.chunks_mut(BATCH) {
            let transaction = self.lock()?;
            let mut emptied = Vec::new();
            let mut done = Vec::with_capacity(batch.len());
            for finding in batch.iter() {
                done.push(match &finding.fix {
                    Some(fix) => self.sql(change_row(&transaction, &self.part.dir, fix, &mut emptied))?,
                    None => false,
                });
            }
            self.sql(transaction.commit())?;
            for (finding, done) in batch.iter_mut().zip(done) {
                finding.problem.fixed = done;
            }
            self.remove_files(&emptied)?;
        }
        Ok(())
    }

    fn orphans(&self, findings: &mut [Finding]) -> Result<(), Error> {
        let is_orphan = |fix: &Fix| matches!(fix, Fix::RemoveOrphan { .. });
        let name = |finding: &Finding| match finding.fix {
            Some(Fix::RemoveOrphan { name, .. }) => Some(name),
            _ => None,
        };
        let mut rest: HashSet<ValueName> = wanted(findings, is_orphan).filter_map(|f| name(f)).collect();
        if rest.is_empty() {
            return Ok(());
        }
        let transaction = self.lock()?;
        self.sql(forget_named(&transaction, &mut rest))?;
        self.sql(transaction.commit())?;
        let mut names: Vec<ValueName> = rest.iter().copied().collect();
        names.sort_unstable();
        self.remove_files(&names)?;
        for finding in wanted(findings, is_orphan) {
            let gone = |name: ValueName| fs::symlink_metadata(self.part.dir.join(name.to_string())).is_err();
            finding.problem.fixed = name(finding).is_some_and(|name| rest.contains(&name) && gone(name));
        }
        Ok(())
    }

    fn remove_files(&self, names: &[ValueName]) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let paths: Vec<String> = names.iter().map(ToString::to_string).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        self.root()?.remove_all(&paths);
        Ok(())
    }

    fn root(&self) -> Result<Root, Error> {
        let read = |source| Error::Read { path: self.part.dir.clone(), source };
        let root = Root::open(&self.part.dir).map_err(read)?;
        self.part.database.require_in_place()?;
        Ok(root)
    }

    fn directories(&self, findings: &mut [Finding]) -> Result<(), Error> {
        let is_directory = |fix: &Fix| matches!(fix, Fix::RemoveDirectory { .. });
        if !findings.iter().any(|f| f.fix.as_ref().is_some_and(is_directory)) {
            return Ok(());
        }
        let root = self.root()?;
        for finding in wanted(findings, is_directory) {
            let Some(Fix::RemoveDirectory { path }) = &finding.fix else { continue };
            finding.problem.fixed = root.remove_empty(path).is_ok();
            // The one around it may have held nothing else.
            if let (true, Some((around, _))) = (finding.problem.fixed, path.split_once('/')) {
                let _ = root.remove_empty(around);
            }
        }
        Ok(())
    }

    fn create(&self, findings: &mut [Finding]) {
        for finding in wanted(findings, |fix| matches!(fix, Fix::Create { .. })) {
            let Some(Fix::Create { sql }) = finding.fix else { continue };
            // Another program may have made it meanwhile, or something else has its name.
            finding.problem.fixed = self.db.execute_batch(sql).is_ok();
        }
    }

    fn recount(&self, findings: &mut [Finding]) -> Result<(), Error> {
        let is_recount = |fix: &Fix| *fix == Fix::Recount;
        if !findings.iter().any(|f| f.fix.as_ref().is_some_and(is_recount)) {
            return Ok(());
        }
        let transaction = self.lock()?;
        for (key, sum) in [("count", "count(*)"), ("size", SIZES)] {
            let set = format!("SELECT {sum} FROM Cache NOT INDEXED");
            let right: i64 = self.sql(transaction.query_row(&set, [], |row| row.get(0)))?;
            let updated = self.sql(
                transaction.execute("UPDATE Settings SET value = ?2 WHERE key = ?1", params![key, right]),
            )?;
            if updated == 0 {
                self.sql(
                    transaction
                        .execute("INSERT INTO Settings(key, value) VALUES (?1, ?2)", params![key, right]),
                )?;
            }
        }
        self.sql(transaction.commit())?;
        wanted(findings, is_recount).for_each(|finding| finding.problem.fixed = true);
        Ok(())
    }
}

/// The sum that the check compares with; hostile sizes must not overflow it.
const SIZES: &str = "coalesce(cast(total(CASE typeof(size) WHEN 'integer' THEN size END) AS INTEGER), 0)";

fn wanted<'f>(
    findings: &'f mut [Finding],
    which: impl Fn(&Fix) -> bool + 'f,
) -> impl Iterator<Item = &'f mut Finding> {
    findings.iter_mut().filter(move |finding| finding.fix.as_ref().is_some_and(&which))
}

/// Changes one row if it still is as it was found; whether it did.
fn change_row(
    db: &Connection,
    dir: &Path,
    fix: &Fix,
    emptied: &mut Vec<ValueName>,
) -> rusqlite::Result<bool> {
    let length = |name: &str| {
        fs::symlink_metadata(dir.join(name)).ok().filter(fs::Metadata::is_file).map(|about| about.len())
    };
    match fix {
        Fix::DropRow { rowid, filename, why } => {
            let text = String::from_utf8_lossy(filename);
            let still = match why {
                Gone::Missing => length(&text.replace('\\', "/")).is_none(),
                Gone::Empty => length(&text) == Some(0),
                Gone::Outside => true,
            };
            let dropped = still && drop_row(db, *rowid, filename)?;
            if dropped && *why == Gone::Empty {
                emptied.extend(ValueName::parse(filename));
            }
            Ok(dropped)
        }
        Fix::SetSize { rowid, name } => {
            let path = name.to_string();
            let Some(bytes) = length(&path).and_then(|bytes| i64::try_from(bytes).ok()) else {
                return Ok(false);
            };
            let mut before =
                db.prepare_cached("SELECT size FROM Cache WHERE rowid = ?1 AND filename = ?2")?;
            let Ok(size) = before.query_row(params![rowid, path], |row| row.get::<_, i64>(0)) else {
                return Ok(false);
            };
            db.prepare_cached("UPDATE Cache SET size = ?2 WHERE rowid = ?1")?
                .execute(params![rowid, bytes])?;
            add(db, "size", bytes.saturating_sub(size))?;
            Ok(true)
        }
        Fix::Slashes { rowid, filename, name } => {
            let path = name.to_string();
            if length(&path).is_none() {
                return Ok(false);
            }
            let sql = "UPDATE Cache SET filename = ?3 WHERE rowid = ?1 AND CAST(filename AS BLOB) = ?2";
            Ok(db.prepare_cached(sql)?.execute(params![rowid, filename, path])? == 1)
        }
        _ => Ok(false),
    }
}

/// Deletes a row that still names this file, and does what the library's triggers would.
fn drop_row(db: &Connection, rowid: i64, filename: &[u8]) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM Cache WHERE rowid = ?1 AND CAST(filename AS BLOB) = ?2
        RETURNING CASE typeof(size) WHEN 'integer' THEN size ELSE 0 END";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![rowid, filename])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    let size: i64 = row.get(0)?;
    // Read to its end, which is when SQLite deletes.
    while rows.next()?.is_some() {}
    add(db, "count", -1)?;
    add(db, "size", size.saturating_neg())?;
    Ok(true)
}

fn add(db: &Connection, key: &str, change: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE Settings SET value = value + ?2 WHERE key = ?1")?
        .execute(params![key, change])?;
    Ok(())
}
