//! Finds out what kind of cache a directory is, by its content. Writes nothing, and never goes by a name alone.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    Error,
    store::{self, Access, Kind, Store, plain},
};

/// What is known of the machine without looking: directories that belong to somebody, by their real paths.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The user's home directory.
    pub home: Option<PathBuf>,
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
    /// Its directory.
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

/// Finds out what `dir` is, or what the only cache is that it is known to be around, such as `hub` in `HF_HOME`.
///
/// # Errors
/// [`Error::Read`], [`Error::NotADirectory`], [`Error::NotACache`] and [`Error::Several`].
pub fn locate(dir: &Path, places: &Places) -> Result<Found, Error> {
    let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
    let about = std::fs::metadata(dir).map_err(read)?;
    if !about.is_dir() {
        return Err(Error::NotADirectory { path: dir.to_owned() });
    }
    let mut unsure = None;
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
    match inside.len() {
        0 => {}
        1 => return inside.pop().ok_or_else(|| not_a_cache(dir, None)),
        _ => {
            let roots = inside.into_iter().map(|found| found.root).collect();
            return Err(Error::Several { path: dir.to_owned(), roots });
        }
    }
    match plain::probe(dir, places)? {
        Verdict::Yes(evidence) => return Ok(Found { kind: None, root: dir.to_owned(), evidence }),
        Verdict::Unsure(why) => unsure = unsure.or(Some(why)),
        Verdict::No => {}
    }
    Err(not_a_cache(dir, unsure))
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
    let empty = std::fs::read_dir(dir).is_ok_and(|mut names| names.next().is_none());
    let none = || if empty { "the directory is empty" } else { Error::UNKNOWN };
    Error::NotACache { path: dir.to_owned(), reason: unsure.unwrap_or_else(|| none().to_owned()) }
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
