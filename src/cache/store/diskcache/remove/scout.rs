//! Removing rows range by range. What they hold that must be told or unlinked is found out by a second thread while the first removes
//! them: its connection sees them until that is committed, and as long as we have the write lock nobody changes them.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, Scope},
};

use rusqlite::{Connection, Transaction};

use super::{
    Part,
    files::Files,
    sweep::{Loss, length, whole},
};
use crate::cache::model::Timestamp;

/// Rows from one number to another, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    first: i64,
    last: i64,
    /// How many there were to be, whether they go or not.
    pub(super) rows: u64,
}

/// What those rows of a range hold that go.
struct Report {
    loss: Loss,
    /// Rows with files: their number, the file's name and size.
    named: Vec<(i64, Vec<u8>, i64)>,
    /// What comes after the range.
    next: Option<Range>,
}

/// Knows which rows are to go and finds out what they hold.
pub(super) struct Scout<'a> {
    /// The one that removes.
    connection: &'a Connection,
    expired_at: Option<Timestamp>,
    /// The thread that looks, where there is one.
    away: Option<Away>,
}

struct Away {
    ask: Sender<(Range, u64)>,
    reports: Receiver<rusqlite::Result<Report>>,
}

impl<'a> Scout<'a> {
    /// One for everything, or for what has expired at a moment.
    pub(super) fn new<'s>(part: &'a Part, expired_at: Option<Timestamp>, scope: &'s Scope<'s, '_>) -> Self {
        // Without a log, who reads would keep us from writing.
        let apart = thread::available_parallelism().is_ok_and(|n| n.get() > 1) && part.database.has_log();
        let away = apart.then(|| part.twin()).flatten().map(|twin| {
            let ((ask, asked), (report, reports)) = (channel(), channel());
            scope.spawn(move || {
                for (range, rows) in asked {
                    if report.send(look(&twin.database.connection, expired_at, range, rows)).is_err() {
                        return;
                    }
                }
            });
            Away { ask, reports }
        });
        Self { connection: &part.database.connection, expired_at, away }
    }

    /// The first range, of `rows` rows.
    pub(super) fn first(&self, rows: u64) -> rusqlite::Result<Range> {
        range(self.connection, i64::MIN, rows)
    }

    /// Removes the rows of a range that are to go; what they were, and the next range, of `rows` rows.
    pub(super) fn take(
        &self,
        transaction: &Transaction<'_>,
        range: Range,
        rows: u64,
        files: &mut Files<'_>,
    ) -> rusqlite::Result<(Loss, Option<Range>)> {
        let mut report = None;
        match &self.away {
            // A thread that has ended does not answer either.
            Some(away) => drop(away.ask.send((range, rows))),
            None => report = Some(look(self.connection, self.expired_at, range, rows)?),
        }
        // One statement for all of them costs half of one for each.
        let sql = format!("DELETE {}", which(self.expired_at));
        let now = self.expired_at.map(Timestamp::seconds);
        let removed = transaction.prepare_cached(&sql)?.execute((range.first, range.last, now))?;
        if let Some(away) = &self.away {
            report = away.reports.recv().ok().transpose()?;
        }
        // The same snapshot has the same rows, if its trees are whole.
        let same = |report: &Report| i64::try_from(removed) == Ok(report.loss.count);
        let report = report.filter(same).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        for (row, name, size) in &report.named {
            files.add(*row, name, *size);
        }
        Ok((report.loss, report.next))
    }
}

/// The rows of a range that go: parameters are its ends, and the moment at which they have expired or NULL.
fn which(expired_at: Option<Timestamp>) -> &'static str {
    match expired_at {
        Some(_) => "FROM Cache NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 AND expire_time < ?3",
        None => "FROM Cache NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 AND ?3 IS NULL",
    }
}

fn look(
    connection: &Connection,
    expired_at: Option<Timestamp>,
    here: Range,
    rows: u64,
) -> rusqlite::Result<Report> {
    let mut report = Report { loss: Loss::default(), named: Vec::new(), next: None };
    // A name of any length would be held in memory, and no file has it.
    let name = "iif(octet_length(filename) > 4096, 'a name of more than 4096 bytes', filename)";
    let sql = format!("SELECT rowid, {name}, size, octet_length(value) {}", which(expired_at));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query((here.first, here.last, expired_at.map(Timestamp::seconds)))?;
    while let Some(row) = found.next()? {
        let size = whole(row.get_ref(2)?);
        report.loss.add((size, length(row.get_ref(3)?)));
        if let Ok(name) = row.get_ref(1)?.as_bytes() {
            report.named.push((row.get(0)?, name.to_vec(), size));
        }
    }
    if let Some(first) = here.last.checked_add(1) {
        report.next = Some(range(connection, first, rows)?);
    }
    Ok(report)
}

/// The range of `rows` rows from `first` on; it has no end if there are fewer.
fn range(connection: &Connection, first: i64, rows: u64) -> rusqlite::Result<Range> {
    let most = i64::try_from(rows).unwrap_or(i64::MAX);
    let sql = "SELECT max(rowid), count(*) FROM \
               (SELECT rowid FROM Cache NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2)";
    let (last, found): (Option<i64>, i64) =
        connection.prepare_cached(sql)?.query_row((first, most), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Range { first, last: last.filter(|_| found == most).unwrap_or(i64::MAX), rows })
}
