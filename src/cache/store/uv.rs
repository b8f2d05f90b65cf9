//! uv's cache: unpacked archives under names that say nothing, and links to them by package and version.
//!
//! Environments have hard links to the files of the archives, so that removing an archive frees what nobody has installed, and no more.
//! Every uv that runs holds a shared lock on the whole; we take it for ourselves alone, or give up.
//!
//! Source of the format: uv 0.13, as read and run.

use std::{
    cell::OnceCell,
    collections::HashMap,
    ffi::{OsStr, OsString},
    ops::ControlFlow,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Access, Kind, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept, Label, State},
};

const LOCK: &str = ".lock";
const ARCHIVES: &str = "archive-v";
const WHEELS: &str = "wheels-v";
/// Buckets whose entries are single files.
const OF_FILES: [&str; 3] = ["simple-v", "interpreter-v", "flat-index-v"];
/// Buckets whose entries are directories, and how many levels down.
const OF_TREES: [(&str, usize); 3] = [("sdists-v", 2), ("builds-v", 1), ("environments-v", 1)];
/// Directories inside each other that are looked into.
const DEEPEST: usize = 64;
/// What stands beside a link to an archive.
const BESIDE: [&str; 3] = [".http", ".msgpack", ".rev"];
/// How often a lock is tried.
const PAUSE: Duration = Duration::from_millis(50);

/// uv's caches.
#[derive(Debug)]
pub(super) struct Uv;

impl Kind for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name.starts_with(ARCHIVES.as_bytes())
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let (mut archives, mut others) = (None, false);
        let _ = look.names(&mut |name, kind| {
            if let (look::Kind::Dir, Some((bucket, _))) = (kind, bucket(name)) {
                others |= matches!(bucket, WHEELS | "simple-v");
                archives =
                    archives.take().or((bucket == ARCHIVES).then(|| name.to_string_lossy().into_owned()));
            }
            ControlFlow::Continue(())
        });
        Ok(match archives.filter(|_| others && look.has("CACHEDIR.TAG")) {
            Some(name) => Verdict::Yes(format!("{name} beside uv's other directories")),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts {
            expiry: Kept::No("uv asks the index again when a page is old; it does not drop it".to_owned()),
            stale: Kept::Yes,
            groups: Kept::Yes,
            ..file_facts(&ground, "uv")
        };
        Ok(FileStore::boxed(Buckets { facts, links: OnceCell::new() }, ground, access))
    }
}

/// A bucket's name and version: `wheels-v8`.
fn bucket(name: &OsStr) -> Option<(&'static str, u32)> {
    let names = [ARCHIVES, WHEELS].into_iter().chain(OF_FILES).chain(OF_TREES.map(|(name, _)| name));
    let text = name.to_str()?;
    names.into_iter().find_map(|known| Some((known, text.strip_prefix(known)?.parse().ok()?)))
}

/// The buckets of a cache.
struct Buckets {
    facts: Facts,
    /// How many links there are to each archive.
    links: OnceCell<HashMap<PathBuf, u64>>,
}

impl Buckets {
    /// How many links lead to each archive, from wherever in the cache.
    fn links(&self, ground: &Ground) -> &HashMap<PathBuf, u64> {
        self.links.get_or_init(|| {
            let mut found = HashMap::new();
            for name in ground.dirs(&ground.dir, Path::new("")) {
                let archives = matches!(bucket(&name), Some((ARCHIVES, _)));
                if let (false, Ok(dir)) = (archives, ground.dir.sub(&name)) {
                    count_links(ground, &dir, Path::new(&name), DEEPEST, &mut found);
                }
            }
            found
        })
    }

    fn of_bucket(
        &self,
        ground: &Ground,
        name: &OsStr,
        newest: bool,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        let Some((kind, _)) = bucket(name) else { return ControlFlow::Continue(()) };
        let at = Path::new(name);
        if !newest {
            return self.find(ground, at).map_or(ControlFlow::Continue(()), visit);
        }
        let Some(dir) = ground.sub(&ground.dir, name, at) else { return ControlFlow::Continue(()) };
        let levels = OF_TREES.iter().find(|(known, _)| *known == kind).map(|(_, levels)| *levels);
        match kind {
            ARCHIVES => self.trees(ground, (&dir, at), 1, visit),
            WHEELS => self.walk(ground, (&dir, at), look::Kind::Link, DEEPEST, visit),
            _ => match levels {
                Some(levels) => self.trees(ground, (&dir, at), levels, visit),
                None => self.walk(ground, (&dir, at), look::Kind::File, DEEPEST, visit),
            },
        }
    }

    /// Everything of one kind in a directory and below.
    fn walk(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        wanted: look::Kind,
        depth: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        let mut inner: Vec<OsString> = Vec::new();
        ground.names(dir, at, &mut |name, kind| {
            if kind == look::Kind::Dir {
                inner.push(name.to_owned());
            } else if kind == wanted
                && let Some(item) = self.find(ground, &at.join(name))
            {
                return visit(item);
            }
            ControlFlow::Continue(())
        })?;
        inner.sort_unstable();
        for name in inner {
            let path = at.join(&name);
            if let (1.., Some(sub)) = (depth, ground.sub(dir, &name, &path)) {
                self.walk(ground, (&sub, &path), wanted, depth - 1, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The directories so many levels down.
    fn trees(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        levels: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        for name in ground.dirs(dir, at) {
            let path = at.join(&name);
            if levels > 1 {
                if let Some(sub) = ground.sub(dir, &name, &path) {
                    self.trees(ground, (&sub, &path), levels - 1, visit)?;
                }
            } else if let Some(item) = self.find(ground, &path) {
                visit(item)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// A package that was unpacked: the link to it, what stands beside that, and the archive if no other link leads there.
    fn wheel(&self, ground: &Ground, path: &Path, about: look::About) -> Option<Item> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let dir = ground.dir.below(parent).ok()?;
        let archive = archive_of(parent, &dir.link(name).ok()?)?;
        let mut item = Item::new(path);
        item.part(path.to_owned(), about);
        item.stamp_with(&about);
        for end in BESIDE {
            let mut beside = name.to_owned();
            beside.push(end);
            if let Ok(about) = dir.about(&beside) {
                item.add(parent.join(beside), about);
            }
        }
        match ground.dir.below(&archive) {
            Ok(tree) if self.links(ground).get(&archive).is_none_or(|links| *links <= 1) => {
                item.add_tree(ground, archive, &tree);
            }
            Ok(_) => {}
            Err(_) => item.is(State::Stale { sure: true }, "the archive that it links to is gone"),
        }
        let package = parent.file_name()?.to_string_lossy();
        item.entry.key = Label {
            data_type: DataType::Name,
            text: format!("{package}-{}", name.to_string_lossy()),
            ..Label::default()
        };
        Some(item)
    }
}

/// Where a link leads, if that is an archive.
fn archive_of(at: &Path, target: &[u8]) -> Option<PathBuf> {
    let path = look::resolve(at, target)?;
    let mut names = path.iter();
    let archive = matches!(bucket(names.next()?), Some((ARCHIVES, _))) && names.next().is_some();
    (archive && names.next().is_none()).then_some(path)
}

fn count_links(ground: &Ground, dir: &Dir, at: &Path, depth: usize, found: &mut HashMap<PathBuf, u64>) {
    let mut inner: Vec<OsString> = Vec::new();
    let _ = ground.names(dir, at, &mut |name, kind| {
        match kind {
            look::Kind::Dir => inner.push(name.to_owned()),
            look::Kind::Link => {
                if let Some(archive) = dir.link(name).ok().and_then(|target| archive_of(at, &target)) {
                    *found.entry(archive).or_default() += 1;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    for name in inner.iter().filter(|_| depth > 0) {
        if let Ok(sub) = dir.sub(name) {
            count_links(ground, &sub, &at.join(name), depth - 1, found);
        }
    }
}

/// Whether there is a later version of a bucket.
fn is_outdated(ground: &Ground, name: &OsStr) -> bool {
    let Some((kind, version)) = bucket(name) else { return false };
    let others = ground.dirs(&ground.dir, Path::new(""));
    others.iter().filter_map(|other| bucket(other)).any(|(other, later)| other == kind && later > version)
}

impl Layout for Buckets {
    fn kind(&self) -> &'static str {
        "uv"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        for name in ground.dirs(&ground.dir, Path::new("")) {
            if self.of_bucket(ground, &name, !is_outdated(ground, &name), visit).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let first = path.iter().next()?;
        let (kind, _) = bucket(first)?;
        let about = ground.dir.about(path).ok()?;
        let outdated = is_outdated(ground, first);
        let levels = path.components().count() - 1;
        let tree = match kind {
            _ if outdated => levels == 0,
            ARCHIVES => levels == 1,
            _ => OF_TREES.contains(&(kind, levels)),
        };
        let mut item = match about.kind {
            look::Kind::Dir if tree => {
                let mut item = Item::new(path);
                item.add_tree(ground, path.to_owned(), &ground.dir.below(path).ok()?);
                item
            }
            look::Kind::Link if kind == WHEELS && !outdated => self.wheel(ground, path, about)?,
            look::Kind::File if OF_FILES.contains(&kind) && !outdated => Item::of_file(path, about),
            _ => return None,
        };
        item.entry.group = Some(first.to_string_lossy().into_owned());
        item.entry.value_type = DataType::Bytes;
        if outdated {
            item.is(State::Stale { sure: false }, "a later uv keeps this elsewhere");
        } else if kind == ARCHIVES {
            if self.links(ground).contains_key(path) {
                return None;
            }
            item.is(State::Stale { sure: true }, "nothing links to it");
        }
        Some(item)
    }

    fn shares(&self) -> bool {
        true
    }

    fn lock(&self, ground: &Ground, timeout: Duration) -> Result<Option<OwnedFd>, Error> {
        let path = ground.path.join(LOCK);
        // Nobody has ever locked a cache without the file.
        let Ok(lock) = ground.dir.file(LOCK) else { return Ok(None) };
        let start = Instant::now();
        while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            if start.elapsed() >= timeout {
                return Err(Error::Locked { path, waited: timeout });
            }
            thread::sleep(PAUSE.min(timeout));
        }
        Ok(Some(lock.into()))
    }

    fn aftermath(&self) -> Option<&'static str> {
        Some(
            "environments that were made with links to the cache (UV_LINK_MODE=symlink) need to be made again",
        )
    }

    fn value(&self, ground: &Ground, item: &Item) -> std::io::Result<Value> {
        let file = item.parts.iter().find(|part| part.about.kind == look::Kind::File);
        match file {
            Some(part) => Ok(Value::File(ground.dir.file(&part.path)?, part.about.size)),
            None => Ok(Value::Text(String::new())),
        }
    }
}
