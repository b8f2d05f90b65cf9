//! Removing entries of a cache of files.

use std::{io, ops::ControlFlow, path::Path, thread, time::Duration};

use rustc_hash::FxHashMap;

use super::{FileStore, Item, Layout, Part};
use crate::cache::{
    Error,
    look::Kind,
    model::EntryId,
    safe_delete::{Bin, Fate, Root},
    select::Filter,
    store::{Access, CheckOptions, Problem, Removal, RemovalWatcher, Target},
};

/// Entries that are looked at again, and then go, together.
const TOGETHER: usize = 1024;
/// The same where there is a pause between two steps.
const PAUSED_TOGETHER: usize = 8192;

impl<L: Layout> FileStore<L> {
    /// Removes what `removal` says.
    pub(super) fn act(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error> {
        let timeout = self.require_change()?;
        let root = self.deleter()?;
        let _lock = self.layout.lock(&self.ground, timeout)?;
        let (below, suffix) = self.layout.trash();
        let mut work = Work {
            store: self,
            bin: self.bin(&root, Path::new(below), suffix),
            removed: 0,
            gone: FxHashMap::default(),
            watcher,
        };
        let all = Filter::default();
        match removal.target {
            Target::List { entries, spare_used } => {
                for chunk in entries.chunks(self.together()) {
                    if !work.watcher.go_on() {
                        break;
                    }
                    let mut items = Vec::with_capacity(chunk.len());
                    for planned in chunk {
                        match self.find(&planned.id) {
                            None => work.watcher.refused(&planned.id, "it was removed meanwhile"),
                            Some(item) => {
                                let (was, is) = (planned.stamp, item.entry.stamp);
                                if was.content != is.content {
                                    work.watcher.refused(&planned.id, "it changed meanwhile");
                                } else if spare_used && was.usage != is.usage {
                                    work.watcher.refused(&planned.id, "it was used meanwhile");
                                } else {
                                    items.push(item);
                                }
                            }
                        }
                    }
                    work.chunk(items);
                }
            }
            Target::Everything => work.matching(&all, removal)?,
            Target::Rule(filter) => work.matching(filter, removal)?,
        }
        let removed = work.removed;
        drop(work);
        if removed > 0 {
            self.layout.removed(&self.ground, &root, removed);
        }
        Ok(())
    }

    /// Removes damaged entries, which their owner cannot read.
    pub(super) fn repair_all(
        &self,
        broken: Vec<(Item, Problem)>,
        options: &CheckOptions,
        found: &mut dyn FnMut(Problem),
    ) -> Result<(), Error> {
        let timeout = self.require_change()?;
        let root = self.deleter()?;
        let _lock = self.layout.lock(&self.ground, timeout)?;
        let (below, suffix) = self.layout.trash();
        let grace = Filter { grace: Some(options.grace), ..Filter::default() };
        let mut removed = 0;
        for (item, mut problem) in broken {
            let mut told = Told::default();
            if problem.fixable && grace.matches(&item.entry, options.now) {
                let bin = self.bin(&root, Path::new(below), suffix);
                let mut work =
                    Work { store: self, bin, removed: 0, gone: FxHashMap::default(), watcher: &mut told };
                work.chunk(vec![item]);
                problem.fixed = work.removed > 0;
                removed += work.removed;
            }
            problem.detail.extend(told.0.map(|why| format!("; it stays: {why}")));
            found(problem);
        }
        if removed > 0 {
            self.layout.removed(&self.ground, &root, removed);
        }
        Ok(())
    }

    fn bin<'r>(&self, root: &'r Root, below: &Path, suffix: &'static str) -> Bin<'r> {
        let bin = root.bin(below, suffix);
        if self.layout.keeps_directories() { bin.keeping_directories() } else { bin }
    }

    fn together(&self) -> usize {
        if self.layout.pause().is_some() { PAUSED_TOGETHER } else { TOGETHER }
    }

    fn deleter(&self) -> Result<Root, Error> {
        let path = &self.ground.path;
        Root::open(path).map_err(|source| Error::Write { path: path.clone(), source })
    }

    fn require_change(&self) -> Result<Duration, Error> {
        if let Some(why) = self.layout.owners_tool() {
            return Err(Error::ReadOnly { path: self.ground.path.clone(), reason: why.to_owned() });
        }
        let path = self.ground.path.clone();
        match self.access {
            Access::Change { .. } if self.ground.dir.is_read_only() => {
                Err(Error::ReadOnly { path, reason: "read-only file system".to_owned() })
            }
            Access::Change { lock_timeout } => Ok(lock_timeout),
            Access::Look => Err(Error::ReadOnly { path, reason: "it was opened to look".to_owned() }),
        }
    }
}

/// A removal that is going on.
struct Work<'a, L> {
    store: &'a FileStore<L>,
    bin: Bin<'a>,
    removed: u64,
    /// How many references to shared objects are gone.
    gone: FxHashMap<u64, u64>,
    watcher: &'a mut dyn RemovalWatcher,
}

impl<L: Layout> Work<'_, L> {
    /// Removes what matches now.
    fn matching(&mut self, filter: &Filter, removal: &Removal<'_>) -> Result<(), Error> {
        let mut items = Vec::new();
        let store = self.store;
        store.layout.each(&store.ground, &mut |item| {
            if filter.matches(&item.entry, removal.now) {
                items.push(item);
            }
            if items.len() >= store.together() {
                if !self.watcher.go_on() {
                    items.clear();
                    return ControlFlow::Break(());
                }
                self.chunk(std::mem::take(&mut items));
            }
            ControlFlow::Continue(())
        })?;
        if self.watcher.go_on() {
            self.chunk(items);
        }
        Ok(())
    }

    /// Removes entries that have just been looked at.
    fn chunk(&mut self, mut items: Vec<Item>) {
        let store = self.store;
        items.retain(|item| match store.layout.refuses(&store.ground, item) {
            Some(why) => {
                self.watcher.refused(&item.entry.id, &why);
                false
            }
            None => true,
        });
        if let Some(pause) = store.layout.pause() {
            items.retain(|item| self.first_step(item));
            if !items.is_empty() {
                thread::sleep(pause);
            }
        }
        for item in items {
            if !self.watcher.go_on() {
                return;
            }
            self.one(&item);
        }
    }

    /// Takes the part away without which the owner does not find the entry; whether to go on with the others.
    fn first_step(&mut self, item: &Item) -> bool {
        let Some(part) = item.parts.first().filter(|part| part.about.kind == Kind::File) else { return true };
        let result = self.take(part, None);
        self.stays(&item.entry.id, result).is_none()
    }

    fn one(&mut self, item: &Item) {
        let two_steps = self.store.layout.pause().is_some();
        let first = item.parts.first().filter(|part| two_steps && part.about.kind == Kind::File);
        let absent = first.and_then(|part| part.path.file_name());
        let done = usize::from(first.is_some());
        for part in item.parts.iter().skip(done) {
            let result = self.take(part, absent.map(std::ffi::OsStr::as_encoded_bytes));
            if self.stays(&item.entry.id, result).is_some() {
                return;
            }
        }
        let mut bytes = item.entry.own_bytes;
        let mut counted = false;
        for round in 0.. {
            let Some(left) = self.store.layout.leftovers(&self.store.ground, item, round) else { break };
            counted = true;
            let mut gone = true;
            for (path, about) in left.parts {
                let result = self.take(&Part { path, about }, None);
                gone &= self.stays(&item.entry.id, result).is_none();
            }
            bytes = bytes.saturating_add(if gone { left.bytes } else { 0 });
        }
        for object in item.entry.shared.iter().filter(|_| !counted) {
            let gone = self.gone.entry(object.id).or_default();
            *gone += 1;
            if *gone >= object.links {
                bytes = bytes.saturating_add(object.bytes);
            }
        }
        self.removed += 1;
        self.watcher.removed(1, bytes);
    }

    fn take(&mut self, part: &Part, absent: Option<&[u8]>) -> io::Result<Fate> {
        let (seen, care) = (part.about.identity(), self.store.layout.care());
        match part.about.kind {
            Kind::Dir => self.bin.take_tree(&part.path, seen, care, absent),
            _ => self.bin.take(&part.path, seen, care),
        }
    }

    /// Tells why an entry stays, if it does.
    fn stays(&mut self, id: &EntryId, result: io::Result<Fate>) -> Option<()> {
        match result {
            Ok(Fate::Removed(_) | Fate::Missing) => return None,
            Ok(Fate::Changed) => self.watcher.refused(id, "it changed meanwhile"),
            Ok(Fate::InUse) => self.watcher.refused(id, "a program has it open"),
            Err(error) => {
                let text = error.to_string();
                let end = text.find(" (os error").unwrap_or(text.len());
                self.watcher.failed(id, &text.get(..end).unwrap_or(&text).to_lowercase());
            }
        }
        Some(())
    }
}

/// Why an entry stays.
#[derive(Default)]
struct Told(Option<String>);

impl RemovalWatcher for Told {
    fn go_on(&mut self) -> bool {
        true
    }

    fn removed(&mut self, _entries: u64, _bytes: u64) {}

    fn refused(&mut self, _id: &EntryId, why: &str) {
        self.0 = Some(why.to_owned());
    }

    fn failed(&mut self, _id: &EntryId, error: &str) {
        self.0 = Some(error.to_owned());
    }
}
