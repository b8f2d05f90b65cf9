//! Directories of which no more is known than that everything in them can be had again: a `CACHEDIR.TAG` says so, the place where they
//! are, or somebody who knows.
//!
//! Source of the tag: the Cache Directory Tagging Specification, <https://bford.info/cachedir/>.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::OsStr,
    fs, io,
    ops::ControlFlow,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

use super::{
    Access, By, Store,
    files::{EachItem, FileStore, Ground, Item, Layout, Place, Survey, count_file, file_facts, survey},
    tally::Tally,
};
use crate::cache::{
    Error,
    locate::{Places, Verdict},
    look::{About, Dir, Kind},
    model::{DataType, Entry, EntryId, Facts, Kept, Timestamp},
    safe_delete::Care,
};

/// What a `CACHEDIR.TAG` begins with.
const TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
/// The file that says that a directory was adopted, and what it begins with.
const ADOPTED: &str = ".hotcold-cache";
const ADOPTION: &[u8] = b"# adopted by hotcold: everything in this directory may be removed";
/// Files that stay in their directory whatever is removed from it.
const KEPT: [&str; 3] = ["CACHEDIR.TAG", ".gitignore", ADOPTED];
/// Names whose presence says that there is more than a cache; a virtual environment has a `CACHEDIR.TAG` where uv has made it.
const PRECIOUS: [&str; 10] = [
    ".git",
    ".ssh",
    ".gnupg",
    "token",
    "stored_tokens",
    "credentials",
    "credentials.json",
    "secrets",
    "secrets.toml",
    "pyvenv.cfg",
];
/// Where the system itself is.
const SYSTEM: [&str; 10] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"];
/// What is said of `~/.cache` itself.
const MANY: &str = "it holds the caches of many programs: name one of them";
/// What is younger may be just being made.
const GRACE: Duration = Duration::from_secs(3600);
/// Directories inside each other that are looked into; each is held open.
const DEEPEST: usize = 256;
/// Directories of which something is remembered.
const MOST_REMEMBERED: usize = 4096;

/// Whether something of this name may say that the directory it is in is a cache.
pub(in crate::cache) fn is_mark(name: &OsStr) -> bool {
    name == "CACHEDIR.TAG" || name == ADOPTED
}

/// Whether `path` may be taken for a cache, and why.
pub(in crate::cache) fn probe(path: &Path, places: &Places) -> Result<Verdict, Error> {
    let read = |source: io::Error| Error::Read { path: path.to_owned(), source };
    let dir = Dir::open(path).map_err(read)?;
    let real = fs::canonicalize(path).map_err(read)?;
    let begins = |name: &str, with: &[u8]| dir.head(name, 4096).is_ok_and(|head| head.starts_with(with));
    let home = real.parent().filter(|parent| places.cache_homes.iter().any(|home| home == *parent));
    let evidence = if begins("CACHEDIR.TAG", TAG) {
        "tagged by CACHEDIR.TAG".to_owned()
    } else if begins(ADOPTED, ADOPTION) {
        format!("adopted by {ADOPTED}")
    } else if let Some(home) = home {
        format!("it stands in {}, where programs keep caches", home.display())
    } else if places.cache_homes.contains(&real) {
        return Ok(Verdict::Unsure(MANY.to_owned()));
    } else {
        return Ok(Verdict::No);
    };
    Ok(match refusal(&dir, &real, places) {
        Some(why) => Verdict::Unsure(format!("{evidence}, but {why}")),
        None => Verdict::Yes(evidence),
    })
}

/// Why a directory is never treated as a cache, whatever anybody says.
fn refusal(dir: &Dir, real: &Path, places: &Places) -> Option<String> {
    let Some(parent) = real.parent() else { return Some("it is the root of the file system".to_owned()) };
    if places.homes.iter().any(|home| home == real) {
        return Some("it is a home directory".to_owned());
    }
    if SYSTEM.iter().any(|system| real.starts_with(system)) {
        return Some("it is of the system".to_owned());
    }
    if places.cache_homes.iter().any(|home| home == real) {
        return Some(MANY.to_owned());
    }
    let own = dir.itself().ok()?;
    if Dir::open(parent).and_then(|parent| parent.itself()).is_ok_and(|above| above.device != own.device) {
        return Some("a file system is mounted there".to_owned());
    }
    let me = rustix::process::geteuid();
    if me.is_root() && own.owner != 0 {
        return Some("it belongs to another user: do it as that user".to_owned());
    }
    let mut found = None;
    let _ = dir.names(&mut |name, kind| {
        let text = name.to_string_lossy();
        let secret = kind == Kind::File && text.ends_with(".toml");
        if secret || PRECIOUS.contains(&&*text) {
            found = Some(format!("`{text}` in it is no cached data"));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found.or_else(|| owners_tool(dir))
}

/// The tool that keeps count of what is in a directory, if it must do the removing.
fn owners_tool(dir: &Dir) -> Option<String> {
    let tag = dir.head("CACHEDIR.TAG", 4096).unwrap_or_default();
    let says = |text: &str| tag.windows(text.len()).any(|part| part == text.as_bytes());
    if says("cargo") && ["index", "cache", "src"].iter().all(|name| dir.has(name)) {
        return Some(
            "cargo keeps count of what is in it, and drops what was not used for long by itself".to_owned(),
        );
    }
    says("ccache")
        .then(|| "ccache counts what is in it: use `ccache --evict-older-than` or `ccache -C`".to_owned())
}

/// Whether somebody's word is enough to treat `path` as a cache.
///
/// # Errors
/// [`Error::NotACache`] for what is never one, [`Error::Read`].
pub(in crate::cache) fn may_adopt(path: &Path, places: &Places) -> Result<(), Error> {
    let read = |source: io::Error| Error::Read { path: path.to_owned(), source };
    let dir = Dir::open(path).map_err(read)?;
    let real = fs::canonicalize(path).map_err(read)?;
    let top = real.parent() == Some(Path::new("/"));
    let many = || top.then(|| "it is a directory of the whole machine: name one in it".to_owned());
    match refusal(&dir, &real, places).or_else(many) {
        Some(reason) => Err(Error::NotACache { path: path.to_owned(), reason }),
        None => Ok(()),
    }
}

/// Makes `path` a cache from now on by writing a marker into it.
///
/// # Errors
/// Those of [`may_adopt`], and [`Error::Write`].
pub(in crate::cache) fn adopt(path: &Path, places: &Places) -> Result<(), Error> {
    may_adopt(path, places)?;
    let marker = path.join(ADOPTED);
    let text = [ADOPTION, b"\n# remove this file to take that back\n"].concat();
    let made = fs::OpenOptions::new().write(true).create_new(true).open(&marker);
    let written = made.and_then(|mut file| io::Write::write_all(&mut file, &text));
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(|source| Error::Write { path: marker, source }),
    }
}

/// Opens a directory that [`probe`] has said yes to.
///
/// # Errors
/// [`Error::Read`].
pub(in crate::cache) fn open(path: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
    let ground = Ground::open(path)?;
    let layout = Plain::new("files", 0, &ground);
    Ok(FileStore::boxed(layout, ground, access))
}

fn plain_facts(ground: &Ground) -> Facts {
    Facts { groups: Kept::Yes, ..file_facts(ground, "a directory of files") }
}

/// Files, or directories some levels down, as entries.
#[derive(Debug)]
pub(super) struct Plain {
    kind: &'static str,
    /// Levels of directories above the entries, which then are whole directories; 0 for single files.
    unit: usize,
    facts: Facts,
    /// Which directories somebody has locked.
    locked: RefCell<HashMap<PathBuf, bool>>,
    /// Which directories belong to another cache.
    foreign: RefCell<HashMap<PathBuf, bool>>,
}

impl Plain {
    fn new(kind: &'static str, unit: usize, ground: &Ground) -> Self {
        Self {
            kind,
            unit,
            facts: plain_facts(ground),
            locked: RefCell::default(),
            foreign: RefCell::default(),
        }
    }

    fn walk(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        depth: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        let mut inner = Vec::new();
        let flow = ground.names(dir, at, &mut |name, kind| {
            match kind {
                Kind::Dir => inner.push(name.to_owned()),
                Kind::File if self.unit == 0 => {
                    if let Some(item) = self.file(ground, dir, name, &at.join(name)) {
                        return visit(item);
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
        flow?;
        inner.sort_unstable();
        for name in inner {
            let path = at.join(&name);
            if is_trash(&name) {
                continue;
            }
            let Some(sub) = ground.sub(dir, &name, &path) else { continue };
            if self.unit == depth + 1 {
                visit(self.whole(ground, &path, &sub))?;
            } else if depth < DEEPEST && !self.is_foreign(ground, &path) {
                self.walk(ground, (&sub, &path), depth + 1, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn file(&self, ground: &Ground, dir: &Dir, name: &OsStr, path: &Path) -> Option<Item> {
        let about = dir.about(name).map_err(|error| ground.note(path, &error)).ok()?;
        if !is_entry(name, &about) || is_cache_file(&ground.path, path) {
            return None;
        }
        let mut item = Item::of_file(path, about);
        describe(&mut item, path);
        Some(item)
    }

    fn whole(&self, ground: &Ground, path: &Path, dir: &Dir) -> Item {
        let mut item = Item::new(path);
        item.add_tree(ground, path.to_owned(), dir);
        describe(&mut item, path);
        item
    }

    /// Whether somebody has locked the directory, which by the convention of `systemd-tmpfiles` keeps everything in it.
    fn is_locked(&self, ground: &Ground, path: &Path) -> bool {
        remember(&self.locked, path, || {
            let Ok(dir) = ground.dir.below(path) else { return true };
            // The lock goes with the descriptor.
            flock(dir.fd(), FlockOperation::NonBlockingLockExclusive).is_err()
        })
    }

    fn is_foreign(&self, ground: &Ground, path: &Path) -> bool {
        remember(&self.foreign, path, || {
            ground.dir.below(path).is_ok_and(|dir| is_another(ground, &dir, path))
        })
    }
}

/// An answer about a directory, found out once.
fn remember(answers: &RefCell<HashMap<PathBuf, bool>>, path: &Path, find: impl FnOnce() -> bool) -> bool {
    let mut answers = answers.borrow_mut();
    if answers.len() >= MOST_REMEMBERED {
        answers.clear();
    }
    match answers.get(path) {
        Some(&answer) => answer,
        None => *answers.entry(path.to_owned()).or_insert_with(find),
    }
}

fn describe(item: &mut Item, path: &Path) {
    item.entry.value_type = DataType::Bytes;
    let mut parts = path.components();
    let first = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    item.entry.group = first.filter(|_| parts.next().is_some());
}

/// Whether a directory below belongs to somebody else: another cache, which has its own rules, a repository, an environment, or what
/// has somebody's secrets in it.
fn is_another(ground: &Ground, dir: &Dir, path: &Path) -> bool {
    let mut signs = false;
    let _ = ground.names(dir, path, &mut |name, _| {
        signs |= is_precious(name) || super::has_sign(name.as_bytes());
        if signs { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    signs && (has_precious(dir) || super::is_any(&ground.path.join(path)))
}

fn is_precious(name: &OsStr) -> bool {
    PRECIOUS.iter().any(|precious| name == *precious)
}

fn has_precious(dir: &Dir) -> bool {
    PRECIOUS.iter().any(|name| dir.has(name))
}

/// Whether the file at `path` below `root` is a cache by itself, or what SQLite keeps beside one.
fn is_cache_file(root: &Path, path: &Path) -> bool {
    let bytes = path.file_name().unwrap_or_default().as_bytes();
    let beside = [&b"-wal"[..], b"-shm", b"-journal"].iter().find_map(|end| bytes.strip_suffix(*end));
    let own = beside.unwrap_or(bytes);
    super::has_file_sign(own) && super::is_cache_file(&root.join(path).with_file_name(OsStr::from_bytes(own)))
}

/// All files of a directory added up in one pass.
struct Sums {
    root: PathBuf,
    now: Timestamp,
    by: Option<By>,
}

impl Survey for Sums {
    /// The sum, and an entry that is filled again and again.
    type Sum = (Tally, Entry);

    fn sum(&self) -> Self::Sum {
        let mut entry = Entry::new(EntryId::Row(0));
        entry.value_type = DataType::Bytes;
        (Tally::new(self.now, self.by), entry)
    }

    fn is_sign(&self, name: &OsStr) -> bool {
        is_precious(name) || super::has_sign(name.as_bytes())
    }

    fn counts(&self, place: &Place<'_>) -> bool {
        let is_root = place.path.as_os_str().is_empty();
        let another = || has_precious(place.dir) || super::is_any(&self.root.join(place.path));
        is_root || !(place.path.file_name().is_some_and(is_trash) || place.has_sign && another())
    }

    fn add(&self, (tally, entry): &mut Self::Sum, place: &Place<'_>, name: &OsStr, about: &About) {
        if !is_entry(name, about) || is_cache_file(&self.root, &place.path.join(name)) {
            return;
        }
        entry.created = Some(about.written());
        entry.accessed = Some(about.used());
        entry.own_bytes = 0;
        entry.shared.clear();
        count_file(entry, about);
        if self.by == Some(By::Group) {
            let first = place.path.components().next();
            entry.group = first.map(|part| part.as_os_str().to_string_lossy().into_owned());
        }
        tally.add(entry);
    }
}

/// Whether a file may be removed: not what says that its directory is a cache, and not what asks to be left.
fn is_entry(name: &OsStr, about: &About) -> bool {
    about.kind == Kind::File && !about.is_sticky() && !KEPT.iter().any(|kept| name == *kept)
}

fn is_trash(name: &OsStr) -> bool {
    name.as_bytes().starts_with(crate::cache::safe_delete::TRASH.as_bytes())
}

impl Layout for Plain {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let _ = self.walk(ground, (&ground.dir, Path::new("")), 0, visit);
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let parent = path.parent()?;
        let mut above = parent.ancestors().filter(|above| !above.as_os_str().is_empty());
        if above.any(|above| self.is_foreign(ground, above)) {
            return None;
        }
        let dir = ground.dir.below(parent).ok()?;
        let name = path.file_name()?;
        match self.unit {
            0 => self.file(ground, &dir, name, path),
            unit if path.components().count() == unit => Some(self.whole(ground, path, &dir.sub(name).ok()?)),
            _ => None,
        }
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn shares(&self) -> bool {
        true
    }

    fn care(&self) -> Care {
        Care::SpareUsed
    }

    fn survey(&self, ground: &Ground, now: Timestamp, by: Option<By>) -> Option<(Tally, u64)> {
        if self.unit > 0 {
            return None;
        }
        let surveyed = survey(&ground.dir, &Sums { root: ground.path.clone(), now, by });
        let mut tally = Tally::new(now, by);
        surveyed.sums.into_iter().for_each(|(more, _)| tally.merge(more));
        surveyed.missed.iter().for_each(|(path, error)| ground.note(path, error));
        Some((tally, surveyed.disk_bytes))
    }

    fn refuses(&self, ground: &Ground, item: &Item) -> Option<String> {
        let path = item.entry.path.as_deref()?;
        let tree = item.parts.iter().any(|part| part.about.kind == Kind::Dir);
        let mut above = path.ancestors().skip(usize::from(!tree)).filter(|dir| !dir.as_os_str().is_empty());
        above.any(|dir| self.is_locked(ground, dir)).then(|| "a program has its directory locked".to_owned())
    }
}
