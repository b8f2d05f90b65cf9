//! A cache of files as a [`Store`].

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Ground, Item, Layout, disk_usage, path_of};
use crate::cache::{
    Error,
    model::{Entry, EntryId, Eviction, Facts, State, Summary, Timestamp},
    select::Filter,
    store::{
        Access, By, CheckOptions, Problem, Pulse, Query, Reclaimed, Removal, RemovalWatcher, Store, Totals,
        Value, Visit, Walk, tally::Tally,
    },
};

/// An open cache of files.
pub(in crate::cache::store) struct FileStore<L> {
    pub(super) layout: L,
    pub(super) ground: Ground,
    pub(super) access: Access,
    facts: Facts,
    warnings: Vec<String>,
}

impl<L: Layout> FileStore<L> {
    /// The cache that lies in `ground` as `layout` says.
    pub(in crate::cache::store) fn new(layout: L, ground: Ground, access: Access) -> Self {
        let (facts, warnings) = (layout.facts(), layout.warnings(&ground));
        Self { layout, ground, access, facts, warnings }
    }

    /// The same, to be handed out.
    pub(in crate::cache::store) fn boxed(layout: L, ground: Ground, access: Access) -> Box<dyn Store>
    where
        L: 'static,
    {
        Box::new(Self::new(layout, ground, access))
    }

    /// The entry of this id, if there is one.
    pub(super) fn find(&self, id: &EntryId) -> Option<Item> {
        self.layout.find(&self.ground, &path_of(id)?).filter(|item| item.entry.id == *id)
    }

    /// How long it was not used, or how long ago it was stored, for an order in which they go.
    fn rank(&self, entry: &Entry, order: Eviction) -> f64 {
        let time = match order {
            Eviction::LeastRecentlyUsed if self.facts.accessed.is_yes() => entry.accessed,
            _ => entry.created,
        };
        time.map_or(f64::INFINITY, |time| time.at.seconds())
    }

    fn sorted(&self, walk: Walk, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut order: Vec<(f64, Box<str>, EntryId)> = Vec::new();
        self.layout.each(&self.ground, &mut |item| {
            let entry = item.entry;
            let (rank, key) = match walk {
                Walk::ByEviction(order) => (self.rank(&entry, order), "".into()),
                Walk::ByKey | Walk::Stored => (0.0, entry.key.text.into()),
            };
            order.push((rank, key, entry.id));
            ControlFlow::Continue(())
        })?;
        order.sort_unstable_by(|a, b| {
            a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2))
        });
        self.lookup(&mut order.into_iter().map(|(_, _, id)| id), visit)
    }

    /// What is wrong with an entry.
    fn problem(&self, item: &Item, options: &CheckOptions) -> Option<Problem> {
        let young = item.entry.touched.is_some_and(|at| options.now.since(at) <= options.grace.as_secs_f64());
        let place = item.entry.id.to_string();
        let (what, note, detail) = match item.entry.state {
            State::Corrupt => ("corrupt-entry", young, item.entry.note.clone().unwrap_or_default()),
            State::Partial => ("partial-entry", true, item.entry.note.clone().unwrap_or_default()),
            _ if options.deep => ("wrong-content", false, self.layout.verify(&self.ground, item)?),
            _ => return None,
        };
        let detail = if note && young { format!("{detail}; it may be just being written") } else { detail };
        Some(Problem { what, place, detail, note, fixable: !note, fixed: false, bytes: item.entry.own_bytes })
    }
}

impl<L: Layout> Store for FileStore<L> {
    fn kind(&self) -> &'static str {
        self.layout.kind()
    }

    fn root(&self) -> &Path {
        &self.ground.path
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn eviction(&self) -> Eviction {
        match self.facts.accessed.is_yes() {
            true => Eviction::LeastRecentlyUsed,
            false => Eviction::LeastRecentlyStored,
        }
    }

    fn grace(&self) -> Option<Duration> {
        self.layout.grace()
    }

    fn shares(&self) -> bool {
        self.layout.shares()
    }

    fn size_counts(&self) -> &'static str {
        "what removing its files would free"
    }

    fn aftermath(&self) -> Option<&'static str> {
        self.layout.aftermath()
    }

    fn only_copies(&self) -> Option<&'static str> {
        self.layout.only_copies()
    }

    fn owners_tool(&self) -> Option<&'static str> {
        self.layout.owners_tool()
    }

    fn unseen(&self) -> Vec<String> {
        self.ground.take_unseen()
    }

    fn nested(&self) -> &[PathBuf] {
        self.layout.nested()
    }

    fn entries(&self, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error> {
        let filter = query.filter;
        if !filter.ids.is_empty() && filter.exact_keys.is_empty() {
            return self.lookup(&mut filter.ids.iter().cloned(), visit);
        }
        match query.walk {
            Walk::Stored => self.layout.each(&self.ground, &mut |item| visit(&item.entry)),
            walk => self.sorted(walk, visit),
        }
    }

    fn lookup(&self, ids: &mut dyn Iterator<Item = EntryId>, visit: &mut Visit<'_>) -> Result<(), Error> {
        for id in ids {
            if self.find(&id).is_some_and(|item| visit(&item.entry).is_break()) {
                break;
            }
        }
        Ok(())
    }

    fn parse_id(&self, text: &str) -> Option<EntryId> {
        let id = EntryId::Name(text.into());
        path_of(&id).map(|_| id)
    }

    fn summary(&self, now: Timestamp, by: Option<By>) -> Result<Summary, Error> {
        let (tally, disk_bytes) = match self.layout.survey(&self.ground, now, by) {
            Some(surveyed) => surveyed,
            None => {
                let mut tally = Tally::new(now, by);
                self.layout.each(&self.ground, &mut |item| {
                    tally.add(&item.entry);
                    ControlFlow::Continue(())
                })?;
                (tally, disk_usage(&self.ground.dir))
            }
        };
        let mut summary = tally.finish();
        if !self.facts.expiry.is_yes() {
            summary.never_expire_entries = None;
            summary.expiry_not_recorded = true;
        }
        if !self.facts.accessed.is_yes() {
            summary.last_used = None;
        }
        summary.disk_bytes = disk_bytes;
        Ok(summary)
    }

    fn value(&self, id: &EntryId) -> Result<Value, Error> {
        let missing = || Error::NoSuchEntry { what: id.to_string(), noun: "id" };
        let item = self.find(id).ok_or_else(missing)?;
        self.layout.value(&self.ground, &item).map_err(|source| {
            let path = item.entry.path.unwrap_or_default();
            Error::Read { path: self.ground.path.join(path), source }
        })
    }

    fn details(&self, id: &EntryId) -> Result<Vec<(&'static str, String)>, Error> {
        Ok(self.find(id).map(|item| self.layout.details(&self.ground, &item)).unwrap_or_default())
    }

    fn pulse(&self, now: Timestamp) -> Result<Pulse, Error> {
        let mut tally = Tally::new(now, None);
        self.layout.each(&self.ground, &mut |item| {
            tally.add(&item.entry);
            ControlFlow::Continue(())
        })?;
        let summary = tally.finish();
        Ok(Pulse {
            entries: summary.entries,
            bytes: summary.size_bytes,
            expired: summary.expired_entries,
            ..Pulse::default()
        })
    }

    fn check(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        self.layout.strays(&self.ground, options.now, found);
        self.layout.each(&self.ground, &mut |item| {
            self.problem(&item, options).into_iter().for_each(&mut *found);
            ControlFlow::Continue(())
        })
    }

    fn repair(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error> {
        self.layout.strays(&self.ground, options.now, found);
        let mut broken = Vec::new();
        self.layout.each(&self.ground, &mut |item| {
            if let Some(problem) = self.problem(&item, options) {
                broken.push((item, problem));
            }
            ControlFlow::Continue(())
        })?;
        self.repair_all(broken, options, found)
    }

    fn totals(&self, _filter: &Filter, _now: Timestamp) -> Result<Option<Totals>, Error> {
        Ok(None)
    }

    fn remove(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        self.act(removal, watcher)
    }

    fn reclaim(&self) -> Result<Reclaimed, Error> {
        Ok(Reclaimed::default())
    }
}
