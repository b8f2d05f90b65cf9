//! What the `datasets` library keeps: `BUILDER/CONFIG/VERSION/HASH` with a prepared dataset (`dataset_info.json` and Arrow files), and in it
//! a `cache-HASH.arrow` for the result of each `map` or `filter`; `downloads` with what they were made of.
//!
//! Arrow files are mapped by whoever uses them, so that removing one hurts nobody who has it. A dataset that somebody has saved looks alike
//! but has a `state.json`; that is nobody's cache.
//!
//! Source of the format: datasets 5.2, as read and run; `fixtures/stores/hub_datasets.py` makes such caches.

use std::{
    ffi::{OsStr, OsString},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Access, Kind, Store,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept},
};

const INFO: &str = "dataset_info.json";
const DOWNLOADS: &str = "downloads";
/// Names that are looked at on each level to find out what a directory is.
const MOST_NAMES: usize = 100;
/// Directories above a prepared dataset: builder, configuration, version.
const LEVELS: usize = 3;
const GRACE: Duration = Duration::from_secs(3600);

/// Caches of `datasets`.
#[derive(Debug)]
pub(super) struct Datasets;

impl Kind for Datasets {
    fn name(&self) -> &'static str {
        "hf-datasets"
    }

    fn sign(&self, name: &[u8]) -> bool {
        // Beside each dataset lies a lock named after it.
        name == b"datasets" || name.ends_with(b".lock")
    }

    fn inside(&self) -> &'static [&'static str] {
        &["datasets"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        Ok(match first(&look, LEVELS + 1) {
            Some(path) => Verdict::Yes(format!("{path}/{INFO} describes a prepared dataset")),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts {
            expiry: Kept::No("datasets records neither when results expire nor whose they are".to_owned()),
            groups: Kept::Yes,
            ..file_facts(&ground, "datasets")
        };
        Ok(FileStore::boxed(Prepared { facts }, ground, access))
    }
}

/// The first prepared dataset exactly so many levels down.
fn first(dir: &Dir, levels: usize) -> Option<String> {
    if levels == 0 {
        return is_prepared(dir).then(String::new);
    }
    let mut names: Vec<OsString> = Vec::new();
    let _ = dir.names(&mut |name, kind| {
        if kind == look::Kind::Dir && name != DOWNLOADS {
            names.push(name.to_owned());
        }
        if names.len() < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    names.iter().find_map(|name| {
        let below = first(&dir.sub(name).ok()?, levels - 1)?;
        let name = name.to_string_lossy();
        Some(if below.is_empty() { name.into_owned() } else { format!("{name}/{below}") })
    })
}

fn is_prepared(dir: &Dir) -> bool {
    dir.has(INFO) && !dir.has("state.json")
}

/// Whether it is the result of a `map` or `filter`, which is recomputed when it is missing.
fn is_result(name: &OsStr) -> bool {
    let hash = name.to_str().and_then(|name| name.strip_prefix("cache-")?.strip_suffix(".arrow"));
    // With several processes a number follows.
    hash.is_some_and(|hash| hash.len() >= 16 && hash.bytes().take(16).all(|b| b.is_ascii_hexdigit()))
}

/// Prepared datasets, results, downloads.
struct Prepared {
    facts: Facts,
}

impl Prepared {
    fn levels(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        levels: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        for name in ground.dirs(dir, at) {
            let path = at.join(&name);
            if at.as_os_str().is_empty() && name == DOWNLOADS {
                continue;
            }
            let Some(sub) = ground.sub(dir, &name, &path) else { continue };
            if levels > 0 {
                self.levels(ground, (&sub, &path), levels - 1, visit)?;
            } else if is_prepared(&sub) {
                self.dataset(ground, (&sub, &path), visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The results in a prepared dataset, then itself.
    fn dataset(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        ground.names(dir, at, &mut |name, kind| match dir.about(name) {
            Ok(about) if kind == look::Kind::File && is_result(name) => visit(result(at, name, about)),
            _ => ControlFlow::Continue(()),
        })?;
        whole(ground, at, dir).map_or(ControlFlow::Continue(()), visit)
    }

    fn downloads(&self, ground: &Ground, visit: &mut EachItem<'_>) -> ControlFlow<()> {
        let at = Path::new(DOWNLOADS);
        let Ok(dir) = ground.dir.sub(OsStr::new(DOWNLOADS)) else { return ControlFlow::Continue(()) };
        ground.names(&dir, at, &mut |name, _| match download(&dir, name) {
            Some(item) => visit(item),
            None => ControlFlow::Continue(()),
        })
    }
}

fn result(at: &Path, name: &OsStr, about: look::About) -> Item {
    let mut item = Item::of_file(&at.join(name), about);
    item.entry.group = Some(at.to_string_lossy().into_owned());
    item.entry.value_type = DataType::Bytes;
    item.entry.note = Some("the result of a map or filter".to_owned());
    item
}

/// A prepared dataset as an entry: what is in it but for the results, which are entries of their own.
fn whole(ground: &Ground, at: &Path, dir: &Dir) -> Option<Item> {
    let mut item = Item::new(at);
    let (mut results, mut files) = (false, Vec::new());
    let _ = ground.names(dir, at, &mut |name, _| {
        if is_result(name) {
            results = true;
        } else if let Ok(about) = dir.about(name) {
            files.push((at.join(name), about));
        }
        ControlFlow::Continue(())
    });
    // What tells that it is one goes first, so that half of one is none.
    files.sort_by_key(|(path, _)| path.file_name() != Some(OsStr::new(INFO)));
    for (path, about) in files {
        match path.file_name().filter(|_| about.kind == look::Kind::Dir) {
            Some(name) => item.add_tree(ground, path.clone(), &ground.sub(dir, name, &path)?),
            None => item.add(path, about),
        }
    }
    item.entry.group = Some(at.to_string_lossy().into_owned());
    item.entry.value_type = DataType::Other;
    item.entry.note = Some(match results {
        true => "a prepared dataset, with results that are made of it".to_owned(),
        false => "a prepared dataset".to_owned(),
    });
    Some(item)
}

/// A downloaded file with what is remembered of it, or one that was unpacked.
fn download(dir: &Dir, name: &OsStr) -> Option<Item> {
    let text = name.to_str()?;
    let hash = text
        .split('.')
        .next()
        .filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))?;
    if text.ends_with(".json") || text.ends_with(".lock") {
        return None;
    }
    let at = Path::new(DOWNLOADS);
    let about = dir.about(name).ok().filter(|about| about.kind == look::Kind::File)?;
    let mut item = Item::of_file(&at.join(name), about);
    let beside = format!("{hash}.json");
    if let Ok(about) = dir.about(&beside) {
        item.add(at.join(beside), about);
    }
    item.entry.group = Some(DOWNLOADS.to_owned());
    item.entry.value_type = DataType::Bytes;
    Some(item)
}

impl Layout for Prepared {
    fn kind(&self) -> &'static str {
        "hf-datasets"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        if self.levels(ground, (&ground.dir, Path::new("")), LEVELS, visit).is_continue() {
            let _ = self.downloads(ground, visit);
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let dir = ground.dir.below(parent).ok()?;
        if parent == Path::new(DOWNLOADS) {
            return download(&dir, name);
        }
        match parent.components().count() {
            LEVELS => whole(ground, path, &dir.sub(name).ok().filter(is_prepared)?),
            4 if is_prepared(&dir) && is_result(name) => Some(result(parent, name, dir.about(name).ok()?)),
            _ => None,
        }
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    /// The locks of the dataset, beside its directory and named like it.
    fn refuses(&self, ground: &Ground, item: &Item) -> Option<String> {
        let group = Path::new(item.entry.group.as_deref()?);
        let (parent, name) = (group.parent()?, group.file_name()?.to_string_lossy());
        let dir = ground.dir.below(parent).ok()?;
        let mut held = false;
        let _ = dir.names(&mut |lock, _| {
            let own = lock.to_str().is_some_and(|lock| lock.starts_with(&*name) && lock.ends_with(".lock"));
            // The lock goes with the descriptor.
            held |= own
                && dir.file(lock).is_ok_and(|f| flock(f, FlockOperation::NonBlockingLockExclusive).is_err());
            ControlFlow::Continue(())
        });
        held.then(|| "it is being prepared".to_owned())
    }
}
