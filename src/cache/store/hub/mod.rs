//! The cache of the Hugging Face Hub: repositories, their revisions, and the blobs that these share.
//!
//! A revision goes in the order that leaves every moment readable: the refs that name it, its snapshot, what is remembered of it, the blobs
//! that no other snapshot of the repository links to, and last what the repositories share with each other.
//!
//! Source of the format: huggingface_hub 2.4, as read and run; `fixtures/stores/hub.py` makes such caches.

mod check;
mod repo;
mod shared;

use std::{
    cell::RefCell,
    ffi::OsStr,
    fs, io,
    ops::ControlFlow,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use rustc_hash::FxHashMap;
use rustix::fs::{FlockOperation, flock};

use super::{
    Access, Kind, Problem, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, Leftovers, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{Facts, Kept, State, Timestamp},
};
use repo::Repo;

const KINDS: [&str; 4] = ["models--", "datasets--", "spaces--", "kernels--"];
const SNAPSHOTS: &str = "snapshots";
const BLOBS: &str = "blobs";
const LOCKS: &str = ".locks";
const INCOMPLETE: &str = ".incomplete";
/// Names that are looked at to find out what a directory is.
const MOST_NAMES: usize = 300;

/// Hub caches.
#[derive(Debug)]
pub(super) struct Hub;

impl Kind for Hub {
    fn name(&self) -> &'static str {
        "hf-hub"
    }

    fn sign(&self, name: &[u8]) -> bool {
        KINDS.iter().any(|kind| name.starts_with(kind.as_bytes()))
    }

    fn inside(&self) -> &'static [&'static str] {
        &["hub"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let (mut seen, mut found) = (0, None);
        let _ = look.names(&mut |name, kind| {
            seen += 1;
            let repo = kind == look::Kind::Dir && is_repo(name);
            if repo && look.sub(name).is_ok_and(|repo| repo.sub(OsStr::new(SNAPSHOTS)).is_ok()) {
                found = Some(format!("{} has snapshots", name.to_string_lossy()));
            }
            if found.is_none() && seen < MOST_NAMES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        Ok(found.map_or(Verdict::No, Verdict::Yes))
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts {
            expiry: Kept::No("nothing on the Hub expires".to_owned()),
            stale: Kept::Yes,
            tags: Kept::Yes,
            groups: Kept::Yes,
            ..file_facts(&ground, "the Hub's cache")
        };
        Ok(FileStore::boxed(Revisions { facts, ..Revisions::default() }, ground, access))
    }
}

fn is_repo(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    KINDS.iter().any(|kind| name.strip_prefix(kind.as_bytes()).is_some_and(|rest| !rest.is_empty()))
}

/// The revisions and interrupted downloads of a cache.
#[derive(Default)]
struct Revisions {
    facts: Facts,
    /// Which files have been verified, by inode, and whether they are what their names say.
    verified: RefCell<FxHashMap<u64, bool>>,
}

impl Revisions {
    fn of_repo(&self, ground: &Ground, name: &OsStr, visit: &mut EachItem<'_>) -> ControlFlow<()> {
        let Some(repo) = Repo::read(ground, name) else { return ControlFlow::Continue(()) };
        for (commit, revision) in &repo.revisions {
            visit(repo.item(commit, revision))?;
        }
        for (name, about) in &repo.incomplete {
            visit(repo.download(name, *about))?;
        }
        ControlFlow::Continue(())
    }
}

/// What a path names: the repository, and a commit or an interrupted download.
fn parts(path: &Path) -> Option<(&OsStr, &str, &str)> {
    let mut names = path.iter();
    let (repo, folder, name) = (names.next()?, names.next()?.to_str()?, names.next()?.to_str()?);
    (names.next().is_none() && is_repo(repo)).then_some((repo, folder, name))
}

impl Layout for Revisions {
    fn kind(&self) -> &'static str {
        "hf-hub"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        for name in ground.dirs(&ground.dir, Path::new("")) {
            if is_repo(&name) && self.of_repo(ground, &name, visit).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let (name, folder, entry) = parts(path)?;
        let repo = Repo::read(ground, name)?;
        match folder {
            SNAPSHOTS => repo.revisions.get(entry).map(|revision| repo.item(entry, revision)),
            BLOBS => repo.incomplete.get(entry).map(|about| repo.download(entry, *about)),
            _ => None,
        }
    }

    fn shares(&self) -> bool {
        true
    }

    /// The library looks at everything in its directory but this one.
    fn trash(&self) -> (&'static str, &'static str) {
        (LOCKS, "")
    }

    fn keeps_directories(&self) -> bool {
        true
    }

    fn grace(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    fn lock(&self, ground: &Ground, _timeout: Duration) -> Result<Option<OwnedFd>, Error> {
        let locks = ground.path.join(LOCKS);
        match fs::create_dir(&locks) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::Write { path: locks, source })
            }
            _ => Ok(None),
        }
    }

    fn refuses(&self, ground: &Ground, item: &Item) -> Option<String> {
        let (repo, ..) = parts(item.entry.path.as_deref()?)?;
        let at = Path::new(LOCKS).join(repo);
        let locks = ground.dir.below(&at).ok()?;
        let mut held = false;
        let _ = locks.names(&mut |name, _| {
            let lock = locks.file(name);
            // The lock goes with the descriptor.
            held |= lock.is_ok_and(|lock| flock(lock, FlockOperation::NonBlockingLockExclusive).is_err());
            if held { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        held.then(|| "a download into its repository is going on".to_owned())
    }

    fn leftovers(&self, ground: &Ground, item: &Item, round: usize) -> Option<Leftovers> {
        let (name, folder, _) = parts(item.entry.path.as_deref()?).filter(|parts| parts.1 == SNAPSHOTS)?;
        debug_assert_eq!(folder, SNAPSHOTS);
        match round {
            0 => repo::leftovers(ground, name, item),
            // Each file has one payload in the store that repositories share.
            round => shared::leftovers(ground, item.links.get(round - 1)?),
        }
    }

    fn value(&self, ground: &Ground, item: &Item) -> io::Result<Value> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let files =
            parts(path).and_then(|(name, _, commit)| Some(Repo::read(ground, name)?.files_of(commit)));
        Ok(Value::Inline(files.unwrap_or_default().into_bytes()))
    }

    fn details(&self, ground: &Ground, item: &Item) -> Vec<(&'static str, String)> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let Some((name, _, commit)) = parts(path) else { return Vec::new() };
        let Some(repo) = Repo::read(ground, name) else { return Vec::new() };
        let alone = repo.alone(commit).iter().map(|blob| blob.bytes).sum();
        vec![("its alone", crate::units::bytes(alone))]
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        check::verify(ground, item, &self.verified)
    }

    fn strays(&self, ground: &Ground, _now: Timestamp, found: &mut dyn FnMut(Problem)) {
        for name in ground.dirs(&ground.dir, Path::new("")).iter().filter(|name| is_repo(name)) {
            if let Some(repo) = Repo::read(ground, name) {
                repo.strays(found);
            }
        }
    }
}

/// Whether an entry is a revision, and its state what it would be without any branch.
fn without_refs(others_have_refs: bool, used_since: bool) -> (State, &'static str) {
    match (others_have_refs, used_since) {
        (false, _) => {
            (State::Pinned, "asked for by its commit: no branch points at it, nor at any other revision")
        }
        (true, true) => (State::Pinned, "no branch points at it, but it was used after that"),
        (true, false) => (State::Stale { sure: false }, "no branch or tag points at it any more"),
    }
}

/// A path's text, for the few names of the library's own that are put together.
fn join(parts: &[&OsStr]) -> PathBuf {
    parts.iter().collect()
}
