//! The objects of Git LFS in a repository: `lfs/objects/ab/cd/HASH`, where the hash is that of the content.
//!
//! They may be the only copy of somebody's work: staged, stashed, or committed and not yet pushed. What goes is what `git lfs prune` would
//! remove, asked again when it goes, and of that nothing at which the index, a stash, the reflog or a commit that is not pushed points.
//!
//! Source of the format: git-lfs 3.3, as read and run; `fixtures/stores/lfs.sh` makes such a repository.

mod git;

use std::{
    cell::RefCell,
    ffi::{OsStr, OsString},
    io,
    ops::ControlFlow,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::{
    Access, Kind, Store,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
    hashes,
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, EntryId, Facts, Kept, Label, State},
    safe_delete::Care,
};
use git::{Git, Knowledge, Refs, is_hash};

const OBJECTS: &str = "objects";
/// Where downloads are begun.
const UNFINISHED: &str = "tmp";
/// What is younger may be just being added or fetched.
const GRACE: Duration = Duration::from_secs(3600);
/// Bytes of a repository's settings that are looked at.
const MOST_CONFIG: u64 = 1 << 20;

/// Object stores of Git LFS.
#[derive(Debug)]
pub(super) struct Lfs;

impl Kind for Lfs {
    fn name(&self) -> &'static str {
        "git-lfs"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name == b"lfs"
    }

    fn inside(&self) -> &'static [&'static str] {
        &[".git/lfs", "lfs"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
        let look = Dir::open(dir).map_err(read)?;
        let objects = look.sub(OsStr::new(OBJECTS)).ok();
        let Some(object) = objects.and_then(|objects| first(&objects)) else { return Ok(Verdict::No) };
        let real = dir.canonicalize().map_err(read)?;
        let Some(above) = real.parent().filter(|_| real.file_name().is_some_and(|name| name == "lfs")) else {
            return Ok(Verdict::No);
        };
        let above = Dir::open(above).map_err(read)?;
        if !["HEAD", "objects", "refs", "config"].iter().all(|name| above.has(name)) {
            return Ok(Verdict::No);
        }
        let config =
            String::from_utf8_lossy(&above.head("config", MOST_CONFIG).unwrap_or_default()).into_owned();
        let config = config.to_ascii_lowercase();
        let has = |text: &str| {
            config.lines().any(|line| line.split_whitespace().collect::<String>().starts_with(text))
        };
        Ok(if has("bare=true") {
            Verdict::Unsure("it is a bare repository, whose objects others may fetch from it".to_owned())
        } else if !has("[remote\"") {
            Verdict::Unsure("its repository has no remote, so that nobody else has its objects".to_owned())
        } else {
            Verdict::Yes(format!(
                "{}… is an object of Git LFS below a repository",
                object.get(..8).unwrap_or(&object)
            ))
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts { stale: Kept::Yes, groups: Kept::Yes, ..file_facts(&ground, "Git LFS") };
        let known = RefCell::default();
        Ok(FileStore::boxed(Objects { facts, known }, ground, access))
    }
}

/// Two hexadecimal digits.
fn is_shelf(name: &OsStr) -> bool {
    name.len() == 2 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
}

fn shelves(dir: &Dir) -> Vec<OsString> {
    let mut found = Vec::new();
    let _ = dir.names(&mut |name, kind| {
        if kind == look::Kind::Dir && is_shelf(name) {
            found.push(name.to_owned());
        }
        ControlFlow::Continue(())
    });
    found.sort_unstable();
    found
}

/// The first object that is found.
fn first(objects: &Dir) -> Option<String> {
    shelves(objects).iter().find_map(|outer| {
        let dir = objects.sub(outer).ok()?;
        shelves(&dir).iter().find_map(|inner| {
            let mut found = None;
            let _ = dir.sub(inner).ok()?.names(&mut |name, _| {
                found = name.to_str().filter(|name| path_of_object(name).is_some()).map(str::to_owned);
                if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            found.filter(|name| {
                let shelf = |at: usize| name.get(at..at + 2).map(OsStr::new);
                shelf(0) == Some(outer) && shelf(2) == Some(inner)
            })
        })
    })
}

/// Where an object of this name is.
fn path_of_object(name: &str) -> Option<PathBuf> {
    let hash = Some(name).filter(|name| is_hash(name))?;
    Some([OBJECTS, hash.get(..2)?, hash.get(2..4)?, hash].iter().collect())
}

/// The objects of one repository.
struct Objects {
    facts: Facts,
    /// What git says, or why it says nothing.
    known: RefCell<Option<Rc<Result<Knowledge, String>>>>,
}

impl Objects {
    fn known(&self, ground: &Ground) -> Rc<Result<Knowledge, String>> {
        Rc::clone(self.known.borrow_mut().get_or_insert_with(|| Rc::new(ask(ground))))
    }

    fn object(&self, ground: &Ground, name: &str) -> Option<Item> {
        let path = path_of_object(name)?;
        let about = ground.dir.about(&path).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(&path, about);
        item.entry.id = EntryId::Name(name.into());
        item.entry.key.text = name.to_owned();
        item.entry.value_type = DataType::Bytes;
        match &*self.known(ground) {
            Ok(known) => describe(&mut item, known, name, about.size),
            Err(why) => item.entry.note = Some(why.clone()),
        }
        Some(item)
    }

    fn begun(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let about = ground.dir.about(path).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(path, about);
        item.entry.value_type = DataType::Bytes;
        item.is(State::Partial, "a download or addition that has not ended");
        Some(item)
    }
}

/// What git says about the repository that `ground` is in.
fn ask(ground: &Ground) -> Result<Knowledge, String> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            "git or git-lfs is not installed, so that nobody can say what is needed".to_owned()
        }
        _ => format!("git cannot say what is needed: {error}"),
    };
    let real = ground.path.canonicalize().map_err(failed)?;
    let git = Git::new(real.parent().unwrap_or(&real)).map_err(failed)?;
    if git.setting("lfs.storage").map_err(failed)?.is_some() {
        return Err("the setting `lfs.storage` is made: several repositories may share objects".to_owned());
    }
    git.knowledge().map_err(failed)
}

/// Writes into an entry what is known of its object.
fn describe(item: &mut Item, known: &Knowledge, name: &str, size: u64) {
    let pointed = known.pointed.get(name);
    if let Some(pointed) = pointed.filter(|pointed| !pointed.name.is_empty()) {
        let text = pointed.name.clone();
        item.entry.group = Some(text.clone());
        item.entry.key = Label { data_type: DataType::Name, text, ..Label::default() };
    }
    let refs = pointed.map(|pointed| pointed.refs).unwrap_or_default();
    let prunable = known.prunable.contains(name);
    match guard(refs) {
        Some(why) => item.is(State::Pinned, why),
        None if refs.index => item.entry.note = Some("pushed; checked out or staged".to_owned()),
        None if refs.stash => item.entry.note = Some("pushed; stashed".to_owned()),
        None if prunable && refs.pushed => {
            item.is(
                State::Stale { sure: false },
                "pushed, as the branches of the remote say; no longer checked out",
            );
        }
        None if prunable => {
            item.is(State::Stale { sure: false }, "nothing points at it; it may be the only copy");
        }
        None if refs.pushed => item.entry.note = Some("pushed; recent".to_owned()),
        None => item.entry.note = Some("git lfs keeps it".to_owned()),
    }
    if pointed.and_then(|pointed| pointed.size).is_some_and(|told| told != size) {
        item.is(State::Corrupt, "its size is not what its pointer says");
    }
}

/// Why an object stays, whatever `git lfs prune` thinks of it.
fn guard(refs: Refs) -> Option<&'static str> {
    match refs {
        Refs { unpushed: true, .. } => Some("not pushed: the only copy"),
        Refs { index: true, pushed: false, .. } => Some("staged: the only copy"),
        Refs { stash: true, pushed: false, .. } => Some("stashed: the only copy"),
        Refs { reflog: true, pushed: false, .. } => Some("in the reflog alone: the only copy"),
        _ => None,
    }
}

impl Layout for Objects {
    fn kind(&self) -> &'static str {
        Lfs.name()
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let at = Path::new(OBJECTS);
        let Ok(objects) = ground.dir.sub(OsStr::new(OBJECTS)) else { return Ok(()) };
        for outer in shelves(&objects) {
            let path = at.join(&outer);
            let Some(dir) = ground.sub(&objects, &outer, &path) else { continue };
            for inner in shelves(&dir) {
                let path = path.join(&inner);
                let Some(dir) = ground.sub(&dir, &inner, &path) else { continue };
                let flow = ground.names(&dir, &path, &mut |name, _| {
                    let item = name.to_str().and_then(|name| self.object(ground, name));
                    item.map_or(ControlFlow::Continue(()), &mut *visit)
                });
                if flow.is_break() {
                    return Ok(());
                }
            }
        }
        if let Ok(begun) = ground.dir.sub(OsStr::new(UNFINISHED)) {
            let _ = ground.names(&begun, Path::new(UNFINISHED), &mut |name, _| {
                let item = self.begun(ground, &Path::new(UNFINISHED).join(name));
                item.map_or(ControlFlow::Continue(()), &mut *visit)
            });
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        if path.parent() == Some(Path::new(UNFINISHED)) {
            return self.begun(ground, path);
        }
        self.object(ground, path.to_str()?)
    }

    fn warnings(&self, ground: &Ground) -> Vec<String> {
        self.known(ground).as_ref().as_ref().err().cloned().into_iter().collect()
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn care(&self) -> Care {
        Care::SpareUsed
    }

    fn only_copies(&self) -> Option<&'static str> {
        Some("objects of Git LFS may exist nowhere else")
    }

    fn lock(&self, ground: &Ground, _timeout: Duration) -> Result<Option<OwnedFd>, Error> {
        // Git LFS has no lock. What was known when the plan was made is asked for anew.
        *self.known.borrow_mut() = Some(Rc::new(ask(ground)));
        Ok(None)
    }

    fn refuses(&self, ground: &Ground, item: &Item) -> Option<String> {
        let EntryId::Name(name) = &item.entry.id else { return Some("it is no object".to_owned()) };
        if item.entry.state == State::Partial {
            return None;
        }
        let known = self.known(ground);
        let known = match known.as_ref() {
            Ok(known) => known,
            Err(why) => return Some(why.clone()),
        };
        let refs = known.pointed.get(name).map(|pointed| pointed.refs).unwrap_or_default();
        match guard(refs) {
            Some(why) => Some(why.to_owned()),
            None if refs.index || refs.stash => Some("the index or a stash points at it".to_owned()),
            None if known.prunable.contains(name) => None,
            None => Some("git lfs keeps it".to_owned()),
        }
    }

    fn aftermath(&self) -> Option<&'static str> {
        Some("`git lfs fetch` gets from the remote what is needed again")
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        let EntryId::Name(name) = &item.entry.id else { return None };
        let path = path_of_object(name)?;
        let found = ground.dir.file(&path).and_then(|mut file| hashes::of(Sha256::new(), &mut file));
        let found = found.map_err(|error| ground.note(&path, &error)).ok()?;
        (hashes::hex(&found) != **name).then(|| "its content is not what its name says".to_owned())
    }
}
