//! Finds out what kind of cache a directory is, by its content. Writes nothing, and never goes by a name alone.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    Error,
    store::{self, Access, Kind, Store},
};

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
pub struct Found {
    /// What kind it is.
    pub kind: &'static dyn Kind,
    /// Its directory, as it was given.
    pub root: PathBuf,
    /// What proves it, in a few words.
    pub evidence: String,
}

impl Found {
    /// Opens it.
    ///
    /// # Errors
    /// Those of the kind: [`Error::Read`], [`Error::Damaged`], [`Error::ReadOnly`], [`Error::Locked`].
    pub fn open(&self, access: Access) -> Result<Box<dyn Store>, Error> {
        self.kind.open(&self.root, access)
    }
}

/// Finds out what `dir` is.
///
/// # Errors
/// [`Error::Read`], [`Error::NotADirectory`] and [`Error::NotACache`].
pub fn locate(dir: &Path) -> Result<Found, Error> {
    let read = |source: io::Error| Error::Read { path: dir.to_owned(), source };
    let about = std::fs::metadata(dir).map_err(read)?;
    if !about.is_dir() {
        return Err(Error::NotADirectory { path: dir.to_owned() });
    }
    let mut unsure = None;
    for &kind in store::KINDS {
        match kind.probe(dir)? {
            Verdict::Yes(evidence) => return Ok(Found { kind, root: dir.to_owned(), evidence }),
            Verdict::Unsure(why) => unsure = unsure.or(Some(why)),
            Verdict::No => {}
        }
    }
    let empty = std::fs::read_dir(dir).map_err(read)?.next().is_none();
    let none = || if empty { "the directory is empty" } else { "nothing in it is known as a cache" };
    Err(Error::NotACache { path: dir.to_owned(), reason: unsure.unwrap_or_else(|| none().to_owned()) })
}

/// Finds out what `dir` is and opens it.
///
/// # Errors
/// Those of [`locate`] and [`Found::open`].
pub fn open(dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
    locate(dir)?.open(access)
}
