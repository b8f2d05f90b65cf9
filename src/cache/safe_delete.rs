//! The one place that unlinks.
//!
//! Nothing is removed but below an open directory: every directory on the way is opened one by one, confined to the one before, and a file
//! goes by its bare name in a directory that is held open. Whoever swaps a directory for a link in the meantime gains nothing. What has a
//! name that may be used again goes through a [`Bin`].

use std::{
    io,
    num::NonZero,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    sync::{Arc, atomic::AtomicU32},
    thread,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, fstat, open, unlinkat},
    io::Errno,
};

use super::{
    confine::{Confinement, bare, split},
    look::{About, Identity},
};

mod bin;
mod in_use;
mod trash;

pub use bin::{Bin, Care};
pub(super) use trash::PREFIX as TRASH;

/// Fewer files than this are not worth a second thread.
const WORTH_A_THREAD: usize = 512;
/// Threads that unlink; more only wait for the journal of the file system.
const THREADS: NonZero<usize> = NonZero::new(2).expect("two");
/// Directories below each other that a path may name; each is held open.
const DEEPEST: usize = 64;

/// The directory that nothing outside of is touched.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    confinement: Arc<Confinement>,
    trashed: AtomicU32,
}

/// A file's path below the root, with `/` between the parts. A trait, so that many paths can be kept in few bytes.
pub trait BelowRoot: Sync {
    /// Appends the path.
    fn write_to(&self, path: &mut String);
}

impl BelowRoot for &str {
    fn write_to(&self, path: &mut String) {
        path.push_str(self);
    }
}

/// What became of many files.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files that are gone now; those that were gone already are not among them.
    pub removed: u64,
    /// Those that are still there: their position, and why.
    pub failed: Vec<(usize, io::Error)>,
}

/// What became of one file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is gone, and so many bytes with it: none if it has other names.
    Removed(u64),
    /// It was gone already.
    Missing,
    /// It is another one now, and stays.
    Changed,
    /// Somebody has it open or mapped, and it stays.
    InUse,
}

impl Root {
    /// Holds `path` open; here alone a link is followed, as somebody has typed it.
    ///
    /// # Errors
    /// Those of the system: not there, not a directory, no permission.
    pub fn open(path: &Path) -> io::Result<Self> {
        let dir = open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let confinement = Arc::new(Confinement::new(fstat(&dir)?.st_dev));
        Ok(Self { dir, confinement, trashed: AtomicU32::new(0) })
    }

    /// Removes files whose names are never used twice, so that a name is proof enough. Directories that become empty go with them.
    /// Files of one directory should stand together.
    pub fn remove_all<P: BelowRoot>(&self, files: &[P]) -> Tally {
        if files.len() < WORTH_A_THREAD {
            return self.remove_in_turn(files, 0);
        }
        let share = files.len().div_ceil(THREADS.get());
        thread::scope(|scope| {
            let parts = files.chunks(share).enumerate();
            let workers: Vec<_> =
                parts.map(|(i, part)| scope.spawn(move || self.remove_in_turn(part, i * share))).collect();
            let mut sum = Tally::default();
            for worker in workers {
                // A worker that panicked has told so already; its files are still there, which `check` finds.
                let tally = worker.join().unwrap_or_default();
                sum.removed += tally.removed;
                sum.failed.extend(tally.failed);
            }
            sum
        })
    }

    fn remove_in_turn<P: BelowRoot>(&self, files: &[P], first: usize) -> Tally {
        let mut tally = Tally::default();
        let mut place = Place { root: self, open: Vec::new() };
        let mut path = String::new();
        for (i, file) in files.iter().enumerate() {
            path.clear();
            file.write_to(&mut path);
            let (directories, name) = split(path.as_bytes());
            let gone = place.go_to(directories).and_then(|()| place.unlink(name));
            match gone {
                Ok(()) => tally.removed += 1,
                Err(Errno::NOENT) => {}
                Err(error) => tally.failed.push((first + i, error.into())),
            }
        }
        tally
    }

    /// Removes a directory that is empty.
    ///
    /// # Errors
    /// Those of the system, above all that it is not empty; whatever would lead outside.
    pub fn remove_empty(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut place = Place { root: self, open: Vec::new() };
        let (directories, name) = split(path.as_ref().as_os_str().as_bytes());
        place.go_to(directories)?;
        Ok(unlinkat(place.here(), bare(name)?, AtFlags::REMOVEDIR)?)
    }

    /// What is at `path` now, without following a link.
    ///
    /// # Errors
    /// Those of the system; whatever would lead outside.
    pub fn identify(&self, path: impl AsRef<Path>) -> io::Result<Identity> {
        let mut place = Place { root: self, open: Vec::new() };
        let (directories, name) = split(path.as_ref().as_os_str().as_bytes());
        place.go_to(directories)?;
        Ok(About::at(place.here(), bare(name)?)?.identity())
    }

    /// Removes a file whose name may be used again, if it still is the one that was looked at. It is moved out of everybody's sight
    /// first, so that nobody can replace it between the look and the removal.
    ///
    /// # Errors
    /// Those of the system; the file is where it was, or, if that place is taken by then, gone.
    pub fn remove_if_same(&self, path: impl AsRef<Path>, seen: Identity) -> io::Result<Fate> {
        self.bin(Path::new(""), "").take(path.as_ref(), seen, Care::Any)
    }
}

/// Directories below the root that are open, each in the one before it.
#[derive(Debug)]
struct Place<'r> {
    root: &'r Root,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    name: Vec<u8>,
    dir: OwnedFd,
    /// Whether a file of it has been removed, so that it may be empty now.
    emptied: bool,
}

impl Place<'_> {
    fn here(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.root.dir.as_fd(), |open| open.dir.as_fd())
    }

    /// Opens the directory at `path`, starting from what the last one has in common with it.
    fn go_to(&mut self, path: &[u8]) -> Result<(), Errno> {
        let parts = || path.split(|&byte| byte == b'/').filter(|_| !path.is_empty());
        let common = self.open.iter().zip(parts()).take_while(|(open, part)| open.name == *part).count();
        self.leave(common);
        for part in parts().skip(common) {
            if self.open.len() == DEEPEST {
                return Err(Errno::NAMETOOLONG);
            }
            let dir = self.root.confinement.step(self.here(), part, OFlags::PATH)?;
            self.open.push(Open { name: part.to_owned(), dir, emptied: false });
        }
        Ok(())
    }

    fn unlink(&mut self, name: &[u8]) -> Result<(), Errno> {
        let result = unlinkat(self.here(), bare(name)?, AtFlags::empty());
        if let Ok(()) | Err(Errno::NOENT) = result {
            self.has_lost();
        }
        result
    }

    /// Something has been removed from the last directory, which may be empty now.
    fn has_lost(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.emptied = true;
        }
    }

    /// Closes all but the first `depth` directories, and removes those that were emptied.
    fn leave(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(left) = self.open.pop() else { return };
            // That fails for a directory that is not empty, and for a link that took its place.
            if left.emptied
                && unlinkat(self.here(), &*left.name, AtFlags::REMOVEDIR).is_ok()
                && let Some(parent) = self.open.last_mut()
            {
                parent.emptied = true;
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leave(0);
    }
}

#[cfg(test)]
mod tests;
