//! Finds out what kind of cache a directory is, by its content. Writes nothing, and never goes by a name alone.

use std::{
    ffi::OsStr,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    Error,
    look::{self, Dir},
    store::{self, Access, Kind, Store, plain},
};

/// What is known of the machine without looking: directories that belong to somebody, by their real paths.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// That and those of the other people on the machine.
    pub homes: Vec<PathBuf>,
    /// Where programs keep caches, each in a directory of its own: `~/.cache`, `$XDG_CACHE_HOME`.
    pub cache_homes: Vec<PathBuf>,
}

/// What a kind thinks of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is one, because of this.
    Yes(String),
    /// It is none.
    No,
    /// It looks like one, but this speaks against it.
    Unsure(String),
}

/// A cache that was found.
#[derive(Clone)]
pub struct Found {
    /// What kind it is; `None` for a directory that is nothing but files.
    kind: Option<&'static dyn Kind>,
    /// Its directory, or its only file.
    pub root: PathBuf,
    /// What proves it, in a few words.
    pub evidence: String,
}

impl Found {
    /// A directory that is nothing but files, because of `evidence`.
    pub(super) fn plain(root: &Path, evidence: String) -> Self {
        Self { kind: None, root: root.to_owned(), evidence }
    }

    /// Whether it is nothing but files.
    pub(super) fn is_plain(&self) -> bool {
        self.kind.is_none()
    }

    /// The kind's name.
    pub fn kind(&self) -> &'static str {
        self.kind.map_or(store::FILES, Kind::name)
    }

    /// Opens it; `sources` are source files of the programs that use it.
    ///
    /// # Errors
    /// Those of the kind: [`Error::Read`], [`Error::Damaged`], [`Error::ReadOnly`], [`Error::Locked`], [`Error::Unsupported`].
    pub fn open(&self, access: Access, sources: &[PathBuf]) -> Result<Box<dyn Store>, Error> {
        match self.kind {
            Some(kind) => kind.open_with_sources(&self.root, access, sources),
            None => plain::open(&self.root, access),
        }
    }
}

/// Names in a directory of which those that may be caches are looked at.
const MOST_NAMES: usize = 10_000;

/// Finds out what `dir` is, or what the only cache is that it is known to be around, such as `hub` in `HF_HOME`, or that is a file in it.
/// It may also be such a file itself.
///
/// # Errors
/// [`Error::Read`], [`Error::NotADirectory`], [`Error::NotACache`] and [`Error::Several`].
pub fn locate(dir: &Path, places: &Places) -> Result<Found, Error> {
    let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
    let about = std::fs::metadata(dir).map_err(read)?;
    let mut unsure = None;
    if about.is_file()
        && let Some(found) = known_file(dir, &mut unsure)?
    {
        return Ok(found);
    }
    if !about.is_dir() {
        return Err(match unsure {
            Some(reason) => Error::NotACache { path: dir.to_owned(), reason },
            None => Error::NotADirectory { path: dir.to_owned() },
        });
    }
    if let Some(found) = known(dir, &mut unsure)? {
        return Ok(found);
    }
    let mut inside: Vec<Found> = Vec::new();
    for &kind in store::KINDS {
        for root in kind.inside().iter().map(|path| dir.join(path)).filter(|path| path.is_dir()) {
            if let Verdict::Yes(evidence) = kind.probe(&root)? {
                inside.push(Found { kind: Some(kind), root, evidence });
            }
        }
    }
    if let Some(found) = only(dir, inside)? {
        return Ok(found);
    }
    let names = FileCaches::in_dir(dir, &mut unsure)?;
    if names.alone
        && let Some(found) = only(dir, names.found)?
    {
        return Ok(found);
    }
    match plain::probe(dir, places)? {
        Verdict::Yes(evidence) => return Ok(Found { kind: None, root: dir.to_owned(), evidence }),
        Verdict::Unsure(why) => unsure = unsure.or(Some(why)),
        Verdict::No => {}
    }
    only(dir, FileCaches::in_dir(dir, &mut None)?.found)?.ok_or_else(|| not_a_cache(dir, unsure))
}

/// The only one of those that were found in `dir`.
fn only(dir: &Path, mut found: Vec<Found>) -> Result<Option<Found>, Error> {
    if found.len() > 1 {
        let roots = found.into_iter().map(|found| found.root).collect();
        return Err(Error::Several { path: dir.to_owned(), roots });
    }
    Ok(found.pop())
}

/// Files in a directory that are caches by themselves.
pub(super) struct FileCaches {
    pub(super) found: Vec<Found>,
    /// Whether there is nothing else in the directory but what belongs to them.
    pub(super) alone: bool,
}

impl FileCaches {
    /// Looks at the files in `dir` whose names may be those of caches.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(super) fn in_dir(dir: &Path, unsure: &mut Option<String>) -> Result<Self, Error> {
        let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
        let mut names = Vec::new();
        let look = Dir::open(dir).map_err(read)?;
        let result = look.names(&mut |name, kind| {
            names.push((name.to_owned(), kind));
            if names.len() < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        result.map_err(read)?;
        let mut found = Vec::new();
        let files = names.iter().filter(|(name, kind)| {
            *kind == look::Kind::File && store::has_file_sign(name.as_encoded_bytes())
        });
        for (name, _) in files {
            found.extend(known_file(&dir.join(name), unsure)?);
        }
        let of_one = |name: &OsStr| {
            found.iter().filter_map(|found| found.root.file_name()).any(|root| {
                let rest = name.as_encoded_bytes().strip_prefix(root.as_encoded_bytes());
                rest.is_some_and(|rest| BESIDE.contains(&rest))
            })
        };
        let alone = names.len() < MOST_NAMES && names.iter().all(|(name, _)| of_one(name));
        Ok(Self { found, alone })
    }
}

/// What SQLite adds to the name of a file for those beside it; nothing for the file itself.
const BESIDE: [&[u8]; 4] = [b"", b"-wal", b"-shm", b"-journal"];

/// What kind of cache the file `path` is by its content.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn known_file(path: &Path, unsure: &mut Option<String>) -> Result<Option<Found>, Error> {
    for &kind in store::FILE_KINDS {
        match kind.probe_file(path)? {
            Verdict::Yes(evidence) => {
                return Ok(Some(Found { kind: Some(kind), root: path.to_owned(), evidence }));
            }
            Verdict::Unsure(why) => *unsure = unsure.take().or(Some(why)),
            Verdict::No => {}
        }
    }
    Ok(None)
}

/// What kind `dir` is by its content; what speaks against it where it only looks like one.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn known(dir: &Path, unsure: &mut Option<String>) -> Result<Option<Found>, Error> {
    for &kind in store::KINDS {
        match kind.probe(dir)? {
            Verdict::Yes(evidence) => {
                return Ok(Some(Found { kind: Some(kind), root: dir.to_owned(), evidence }));
            }
            Verdict::Unsure(why) => *unsure = unsure.take().or(Some(why)),
            Verdict::No => {}
        }
    }
    Ok(None)
}

fn not_a_cache(dir: &Path, unsure: Option<String>) -> Error {
    let empty = look::names_in(dir).is_ok_and(|names| names.is_empty());
    let none = || if empty { Error::EMPTY } else { Error::UNKNOWN };
    Error::NotACache { path: dir.to_owned(), reason: unsure.unwrap_or_else(|| none().to_owned()) }
}

/// As [`locate`], but a directory that is not known as a cache is taken for one of files because somebody says so.
///
/// # Errors
/// [`Error::NotACache`] for what is never one; those of [`locate`].
pub fn locate_adopted(dir: &Path, places: &Places) -> Result<Found, Error> {
    match locate(dir, places) {
        Err(Error::NotACache { .. }) => {
            plain::may_adopt(dir, places)?;
            Ok(Found::plain(dir, "to be adopted".to_owned()))
        }
        located => located,
    }
}

/// Makes a directory that is not known as a cache one, for good.
///
/// # Errors
/// [`Error::NotACache`] for what is never one, [`Error::Read`], [`Error::Write`].
pub fn adopt(dir: &Path, places: &Places) -> Result<(), Error> {
    match locate(dir, places) {
        Ok(_) => Ok(()),
        Err(Error::NotACache { .. }) => plain::adopt(dir, places),
        Err(error) => Err(error),
    }
}
