//! A store for tests: entries in memory.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    Error,
    model::{Entry, EntryId, Eviction, Facts, Kept, Label, Summary, Time, TimeSource, Timestamp},
    select::Filter,
    store::{
        By, CheckOptions, Problem, Pulse, Query, Reclaimed, Removal, RemovalWatcher, Store, Totals, Value,
        Visit, Walk,
    },
};

pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a moment")
}

pub(crate) fn time(seconds: f64) -> Option<Time> {
    Some(Time { at: at(seconds), source: TimeSource::Recorded })
}

/// The entry in row `row`, with the key `kROW`.
pub(crate) fn entry(row: i64) -> Entry {
    let mut entry = Entry::new(EntryId::Row(row));
    entry.key = Label::text(format!("k{row}"));
    entry.created = time(row as f64);
    entry
}

/// Entries in memory; keeps everything but uses.
pub(crate) struct Sketch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) facts: Facts,
}

impl Sketch {
    /// `n` entries, each as `change` makes it.
    pub(crate) fn new(n: u64, change: impl Fn(u64, &mut Entry)) -> Self {
        let made = |i| {
            let mut entry = entry(i as i64);
            change(i, &mut entry);
            entry
        };
        let no = || Kept::No("the sketch does not record it".to_owned());
        let facts = Facts {
            created: Kept::Yes,
            accessed: no(),
            hits: no(),
            expiry: Kept::Yes,
            stale: no(),
            tags: Kept::Yes,
            groups: Kept::Yes,
        };
        Self { entries: (0..n).map(made).collect(), facts }
    }
}

impl Store for Sketch {
    fn kind(&self) -> &'static str {
        "sketch"
    }

    fn root(&self) -> &Path {
        Path::new("sketch")
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn warnings(&self) -> &[String] {
        &[]
    }

    fn eviction(&self) -> Eviction {
        Eviction::LeastRecentlyStored
    }

    fn nested(&self) -> &[PathBuf] {
        &[]
    }

    fn size_counts(&self) -> &'static str {
        "bytes of its entries"
    }

    fn entries(&self, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut order: Vec<&Entry> = self.entries.iter().collect();
        match query.walk {
            Walk::Stored => {}
            Walk::ByKey => order.sort_by(|a, b| a.key.text.cmp(&b.key.text)),
            Walk::ByEviction(_) => order.sort_by_key(|entry| entry.created.map(|time| time.at)),
        }
        for entry in order {
            if visit(entry) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn lookup(&self, ids: &mut dyn Iterator<Item = EntryId>, visit: &mut Visit<'_>) -> Result<(), Error> {
        for id in ids {
            let found = self.entries.iter().find(|entry| entry.id == id);
            if found.is_some_and(|entry| visit(entry) == ControlFlow::Break(())) {
                break;
            }
        }
        Ok(())
    }

    fn parse_id(&self, text: &str) -> Option<EntryId> {
        text.parse().ok().map(EntryId::Row)
    }

    fn summary(&self, _now: Timestamp, _by: Option<By>) -> Result<Summary, Error> {
        Ok(Summary::default())
    }

    fn value(&self, _id: &EntryId) -> Result<Value, Error> {
        Ok(Value::Text(String::new()))
    }

    fn pulse(&self, _now: Timestamp) -> Result<Pulse, Error> {
        let bytes = self.entries.iter().map(Entry::size_bytes).sum();
        Ok(Pulse { entries: self.entries.len() as u64, bytes, ..Pulse::default() })
    }

    fn check(&self, _options: &CheckOptions, _found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        Ok(())
    }

    fn repair(&self, _options: &CheckOptions, _found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        Ok(())
    }

    fn totals(&self, filter: &Filter, now: Timestamp) -> Result<Option<Totals>, Error> {
        // As a store that knows only what takes no look at its entries.
        if !filter.is_empty() && !filter.expired {
            return Ok(None);
        }
        let matching = || self.entries.iter().filter(|entry| filter.matches(entry, now));
        Ok(Some(Totals {
            entries: matching().count() as u64,
            bytes: matching().map(Entry::size_bytes).sum(),
            of: self.entries.len() as u64,
        }))
    }

    fn remove(&self, _removal: &Removal<'_>, _watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        Ok(())
    }

    fn reclaim(&self) -> Result<Reclaimed, Error> {
        Ok(Reclaimed::default())
    }
}
