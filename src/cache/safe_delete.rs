//! The one place that unlinks.
//!
//! Nothing is removed but below an open directory: every directory on the way is opened one by one, relative to the one before, by
//! `openat2` that must stay beneath it, follow no link and cross no mount, and a file goes by its bare name in a directory that is held
//! open. Whoever swaps a directory for a link in the meantime gains nothing. Where the kernel has no `openat2`, or a sandbox forbids
//! it, the same is had from `O_NOFOLLOW` and the device number.

use std::{
    io,
    num::NonZero,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat, fstat, mkdirat, open},
    fs::{openat, openat2, renameat_with, statat, unlinkat},
    io::Errno,
};

/// Fewer files than this are not worth a second thread.
const WORTH_A_THREAD: usize = 512;
/// Threads that unlink; more only wait for the journal of the file system.
const THREADS: NonZero<usize> = NonZero::new(2).expect("two");
const DIRECTORY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const CONFINED: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_XDEV)
    .union(ResolveFlags::NO_MAGICLINKS);
/// Directories below each other that a path may name; each is held open.
const DEEPEST: usize = 64;

/// The directory that nothing outside of is touched.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    device: u64,
    has_openat2: AtomicBool,
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

/// Says whether a file is still the one that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, u64),
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is gone.
    Removed,
    /// It was gone already.
    Missing,
    /// It is another file now, and stays.
    Changed,
}

impl Root {
    /// Holds `path` open; here alone a link is followed, as somebody has typed it.
    ///
    /// # Errors
    /// Those of the system: not there, not a directory, no permission.
    pub fn open(path: &Path) -> io::Result<Self> {
        let dir = open(path, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty())?;
        let device = fstat(&dir)?.st_dev;
        Ok(Self { dir, device, has_openat2: AtomicBool::new(true), trashed: AtomicU32::new(0) })
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
            let (directories, name) = split(&path);
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
    pub fn remove_empty(&self, path: &str) -> io::Result<()> {
        let mut place = Place { root: self, open: Vec::new() };
        let (directories, name) = split(path);
        place.go_to(directories)?;
        Ok(unlinkat(place.here(), checked(name)?, AtFlags::REMOVEDIR)?)
    }

    /// What the file at `path` is now, without following a link.
    ///
    /// # Errors
    /// Those of the system; whatever would lead outside.
    pub fn identify(&self, path: &str) -> io::Result<Identity> {
        let mut place = Place { root: self, open: Vec::new() };
        let (directories, name) = split(path);
        place.go_to(directories)?;
        Ok(Identity::of(&statat(place.here(), checked(name)?, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Removes a file whose name may be used again, if it still is the one that was looked at. It is moved out of everybody's sight
    /// first, so that nobody can replace it between the look and the removal.
    ///
    /// # Errors
    /// Those of the system; the file is where it was, or, if that place is taken by then, gone.
    pub fn remove_if_same(&self, path: &str, seen: Identity) -> io::Result<Fate> {
        let mut place = Place { root: self, open: Vec::new() };
        let (directories, name) = split(path);
        let name = checked(name)?;
        match place.go_to(directories) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            Err(error) => return Err(error.into()),
        }
        let trash = Trash::new(self)?;
        match renameat_with(place.here(), name, &trash.dir, TRASHED, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            Err(error) => return Err(error.into()),
        }
        let now = statat(&trash.dir, TRASHED, AtFlags::SYMLINK_NOFOLLOW)?;
        if Identity::of(&now) == seen {
            unlinkat(&trash.dir, TRASHED, AtFlags::empty())?;
            return Ok(Fate::Removed);
        }
        // A newer one may stand in its place by now; then this one is out of date in its owner's eyes too.
        match renameat_with(&trash.dir, TRASHED, place.here(), name, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => unlinkat(&trash.dir, TRASHED, AtFlags::empty())?,
            // It was not to be removed, so it is not: it stays in the trash, which is not removed with something in it.
            Err(error) => return Err(error.into()),
        }
        Ok(Fate::Changed)
    }

    /// Opens a directory by its bare name.
    fn step(&self, from: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
        let name = checked(name)?;
        if self.has_openat2.load(Ordering::Relaxed) {
            match openat2(from, name, DIRECTORY, Mode::empty(), CONFINED) {
                Err(Errno::NOSYS | Errno::PERM) => self.has_openat2.store(false, Ordering::Relaxed),
                // Somebody renames directories while the kernel looks: it could not be sure, so try again or give up.
                Err(Errno::AGAIN) => return openat2(from, name, DIRECTORY, Mode::empty(), CONFINED),
                result => return result,
            }
        }
        let dir = openat(from, name, DIRECTORY, Mode::empty())?;
        let about = fstat(&dir)?;
        if about.st_dev != self.device {
            return Err(Errno::XDEV);
        }
        // With `O_PATH` and `O_NOFOLLOW` a link itself may be opened.
        if FileType::from_raw_mode(about.st_mode) != FileType::Directory {
            return Err(Errno::NOTDIR);
        }
        Ok(dir)
    }
}

/// A bare name, which leads nowhere else.
fn checked(name: &str) -> Result<&str, Errno> {
    let bare = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    if bare { Ok(name) } else { Err(Errno::INVAL) }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Directories below the root that are open, each in the one before it.
struct Place<'r> {
    root: &'r Root,
    open: Vec<Open>,
}

struct Open {
    name: String,
    dir: OwnedFd,
    /// Whether a file of it has been removed, so that it may be empty now.
    emptied: bool,
}

impl Place<'_> {
    fn here(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.root.dir.as_fd(), |open| open.dir.as_fd())
    }

    /// Opens the directory at `path`, starting from what the last one has in common with it.
    fn go_to(&mut self, path: &str) -> Result<(), Errno> {
        let parts = || path.split('/').filter(|_| !path.is_empty());
        let common = self.open.iter().zip(parts()).take_while(|(open, part)| open.name == *part).count();
        self.leave(common);
        for part in parts().skip(common) {
            if self.open.len() == DEEPEST {
                return Err(Errno::NAMETOOLONG);
            }
            let dir = self.root.step(self.here(), part)?;
            self.open.push(Open { name: part.to_owned(), dir, emptied: false });
        }
        Ok(())
    }

    fn unlink(&mut self, name: &str) -> Result<(), Errno> {
        let name = checked(name)?;
        let result = unlinkat(self.here(), name, AtFlags::empty());
        if let (Ok(()) | Err(Errno::NOENT), Some(open)) = (result, self.open.last_mut()) {
            open.emptied = true;
        }
        result
    }

    /// Closes all but the first `depth` directories, and removes those that were emptied.
    fn leave(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(left) = self.open.pop() else { return };
            // That fails for a directory that is not empty, and for a link that took its place.
            if left.emptied
                && unlinkat(self.here(), left.name.as_str(), AtFlags::REMOVEDIR).is_ok()
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

impl Identity {
    fn of(about: &Stat) -> Self {
        Self {
            device: about.st_dev,
            inode: about.st_ino,
            size: about.st_size,
            modified: (about.st_mtime, about.st_mtime_nsec),
        }
    }
}

/// Name of the one file in the trash.
const TRASHED: &str = "file";

/// A directory on the root's file system that only we look into; gone when dropped.
struct Trash<'r> {
    root: &'r Root,
    name: String,
    dir: OwnedFd,
}

impl<'r> Trash<'r> {
    fn new(root: &'r Root) -> io::Result<Self> {
        let pid = std::process::id();
        loop {
            let name = format!(".hotcold-trash-{pid}-{}", root.trashed.fetch_add(1, Ordering::Relaxed));
            match mkdirat(&root.dir, name.as_str(), Mode::RWXU) {
                Ok(()) => {
                    let dir = root.step(root.dir.as_fd(), &name)?;
                    return Ok(Self { root, name, dir });
                }
                // Left by somebody who was killed.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Trash<'_> {
    fn drop(&mut self) {
        let _ = unlinkat(&self.root.dir, self.name.as_str(), AtFlags::REMOVEDIR);
    }
}

#[cfg(test)]
mod tests;
