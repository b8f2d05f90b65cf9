//! Removing rows: few at a time, so that programs which want to store something wait for no longer than that.

use std::{
    ops::ControlFlow,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Transaction;

use super::database::Responses;
use crate::cache::{
    Error,
    model::{Entry, EntryId, State},
    plan::Planned,
    select::Filter,
    store::{Pace, Query, Reclaimed, Removal, RemovalWatcher, Store, Target},
};

/// Rows that go together.
const TOGETHER: usize = 200;
/// Longest pause after them, for others.
const PAUSE: Duration = Duration::from_millis(50);
/// The share of free pages from which the database is written anew: what that costs is then no more than a few times what it gives.
const WORTH_IT: u64 = 4;

const REMOVE: &str = "DELETE FROM responses WHERE rowid = ?1";
/// As the library does after it has removed anything.
const FORGET: &str =
    "DELETE FROM redirects WHERE value NOT IN (SELECT key FROM responses WHERE key IS NOT NULL)";

/// Whether an entry that was looked at again goes; why not, where that is worth telling.
type Judge<'a> = dyn FnMut(usize, &Entry) -> Result<(), Option<&'static str>> + 'a;

impl Responses {
    /// Removes what `removal` says.
    pub(super) fn take(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        let timeout = self.require_change()?;
        self.database.require_in_place()?;
        let mut work = Work { store: self, timeout, pace: removal.pace, removed: 0, watcher };
        match removal.target {
            Target::List { entries, spare_used: _ } => work.list(entries)?,
            Target::Rule(filter) => work.rule(filter, removal)?,
            Target::Everything => work.rule(&Filter::default(), removal)?,
        }
        if work.removed == 0 {
            return Ok(());
        }
        work.forget()?;
        let all = matches!(removal.target, Target::Everything);
        self.holds_back.set(!self.may_shrink(all) || self.give_back()?.refused.is_some());
        Ok(())
    }

    /// Whether writing the database anew is worth it.
    fn may_shrink(&self, all: bool) -> bool {
        let number = |pragma| self.database.number(pragma).unwrap_or(0);
        let (pages, free) = (number("page_count"), number("freelist_count"));
        all || free.saturating_mul(WORTH_IT) >= pages
    }

    /// Writes the database anew, as the library itself does after it has removed several responses.
    pub(super) fn give_back(&self) -> Result<Reclaimed, Error> {
        let timeout = self.require_change()?;
        if let Some(why) = &self.foreign {
            return Ok(Reclaimed { bytes: 0, refused: Some(why.clone()) });
        }
        let run = || -> rusqlite::Result<u64> {
            self.database.connection.busy_timeout(timeout)?;
            let (page, before) = (self.database.number("page_size")?, self.database.number("page_count")?);
            if self.database.number("freelist_count")? > 0 {
                self.database.vacuum()?;
            }
            self.database.checkpoint()?;
            Ok(before.saturating_sub(self.database.number("page_count")?).saturating_mul(page))
        };
        Ok(match run() {
            Ok(bytes) => {
                self.holds_back.set(false);
                Reclaimed { bytes, refused: None }
            }
            Err(error) => {
                Reclaimed { bytes: 0, refused: Some(self.database.error_after(error, timeout).to_string()) }
            }
        })
    }

    /// Removes an entry that its owner cannot read, or redirects that lead nowhere; whether anything is gone.
    pub(super) fn mend(&self, id: Option<&EntryId>, timeout: Duration) -> Result<bool, Error> {
        let error = |error| self.database.error_after(error, timeout);
        let Some(transaction) = self.database.begin(timeout, &mut || true)? else { return Ok(false) };
        let gone = match id {
            Some(id) => match self.find(id).map_err(error)? {
                Some((row, entry)) if entry.state == State::Corrupt => transaction.execute(REMOVE, [row]),
                _ => Ok(0),
            },
            None => transaction.execute(FORGET, []),
        };
        let gone = gone.map_err(error)?;
        transaction.commit().map_err(error)?;
        Ok(gone > 0)
    }
}

/// A removal that is going on.
struct Work<'a> {
    store: &'a Responses,
    timeout: Duration,
    pace: Pace,
    removed: u64,
    watcher: &'a mut dyn RemovalWatcher,
}

impl Work<'_> {
    /// Removes these, unless they have changed.
    fn list(&mut self, entries: &[Planned]) -> Result<(), Error> {
        for chunk in entries.chunks(TOGETHER) {
            let ids: Vec<&EntryId> = chunk.iter().map(|planned| &planned.id).collect();
            let mut judge = |i: usize, entry: &Entry| match chunk.get(i) {
                Some(planned) if planned.stamp.content == entry.stamp.content => Ok(()),
                _ => Err(Some("it changed meanwhile")),
            };
            if !self.chunk(&ids, true, &mut judge)? {
                break;
            }
        }
        Ok(())
    }

    /// Removes what matches now.
    fn rule(&mut self, filter: &Filter, removal: &Removal<'_>) -> Result<(), Error> {
        let mut found = Vec::new();
        self.store.entries(Query::stored(filter, removal.now), &mut |entry| {
            if filter.matches(entry, removal.now) {
                found.push(entry.id.clone());
            }
            ControlFlow::Continue(())
        })?;
        for chunk in found.chunks(TOGETHER) {
            let ids: Vec<&EntryId> = chunk.iter().collect();
            let mut judge =
                |_: usize, entry: &Entry| if filter.matches(entry, removal.now) { Ok(()) } else { Err(None) };
            if !self.chunk(&ids, false, &mut judge)? {
                break;
            }
        }
        Ok(())
    }

    /// Looks at some entries again under the lock and removes those of which `judge` agrees; whether to go on.
    fn chunk(&mut self, ids: &[&EntryId], named: bool, judge: &mut Judge<'_>) -> Result<bool, Error> {
        if !self.watcher.go_on() {
            return Ok(false);
        }
        let begun = Instant::now();
        let error = |error| self.store.database.error_after(error, self.timeout);
        let Some(transaction) = self.store.database.begin(self.timeout, &mut || self.watcher.go_on())? else {
            return Ok(false);
        };
        let (mut gone, mut bytes, mut stays) = (0, 0_u64, Vec::new());
        for (i, id) in ids.iter().enumerate() {
            let why = match self.store.find(id).map_err(error)? {
                None => Some("it was removed meanwhile").filter(|_| named),
                Some((row, entry)) => match judge(i, &entry) {
                    Ok(()) => {
                        gone += remove(&transaction, row).map_err(error)?;
                        bytes = bytes.saturating_add(entry.own_bytes);
                        None
                    }
                    Err(why) => why,
                },
            };
            stays.extend(why.map(|why| (*id, why)));
        }
        transaction.commit().map_err(error)?;
        self.removed += gone;
        self.watcher.removed(gone, bytes);
        stays.into_iter().for_each(|(id, why)| self.watcher.refused(id, why));
        if self.pace != Pace::Fast {
            // Whoever waits for the lock only tries now and then.
            thread::sleep(begun.elapsed().min(PAUSE));
        }
        Ok(true)
    }

    /// Removes redirects to what is gone.
    fn forget(&mut self) -> Result<(), Error> {
        let error = |error| self.store.database.error_after(error, self.timeout);
        let Some(transaction) = self.store.database.begin(self.timeout, &mut || true)? else { return Ok(()) };
        transaction.execute(FORGET, []).map_err(error)?;
        transaction.commit().map_err(error)
    }
}

fn remove(transaction: &Transaction<'_>, row: i64) -> rusqlite::Result<u64> {
    transaction.prepare_cached(REMOVE)?.execute([row]).map(|rows| rows as u64)
}
