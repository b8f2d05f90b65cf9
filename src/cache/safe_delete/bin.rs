//! Removing what has a name that may be used again.

use std::{
    collections::HashMap,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use rustix::{
    fs::{AtFlags, OFlags, RenameFlags, renameat_with, unlinkat},
    io::Errno,
};

use super::{
    Fate, Place, Root,
    in_use::{InUse, Use},
    trash::{self, Trash},
};
use crate::cache::{
    confine::{bare, split},
    look::{About, Dir, Identity, Kind},
};

/// Files that wait in one trash directory for their end.
const TOGETHER: usize = 512;
/// Full trash directories that wait for the thread that empties them.
const WAITING: usize = 2;

/// What speaks against removing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Nothing but that it has changed.
    Any,
    /// Also that somebody has it open or mapped.
    SpareUsed,
}

/// Moves what is to go out of everybody's sight, looks whether it is what it was, and only then removes it; what has changed is put back.
/// The removal itself happens on another thread where there is much of it, and is complete when the bin is dropped.
#[derive(Debug)]
pub struct Bin<'r> {
    root: &'r Root,
    place: Place<'r>,
    /// Where trash directories are made, below the root.
    below: PathBuf,
    suffix: &'static str,
    trash: Option<Trash>,
    emptier: Option<(SyncSender<Trash>, JoinHandle<()>)>,
    /// Of files with several names: how many they had, and how many of those are gone.
    names: HashMap<(u64, u64), (u64, u64)>,
    in_use: InUse,
    keep_directories: bool,
}

impl Root {
    /// A bin whose trash directories are made in the directory `below`, with names that end in `suffix`: where the owner of the cache does
    /// not look for anything. What killed processes have left there goes now.
    pub fn bin(&self, below: &Path, suffix: &'static str) -> Bin<'_> {
        if let Ok(parent) = self.look(below) {
            trash::sweep(self, &parent);
        }
        Bin {
            root: self,
            place: Place { root: self, open: Vec::new() },
            below: below.to_owned(),
            suffix,
            trash: None,
            emptier: None,
            names: HashMap::new(),
            in_use: InUse::default(),
            keep_directories: false,
        }
    }

    fn look(&self, below: &Path) -> io::Result<Dir> {
        Dir::at(self.dir.as_fd(), &self.confinement)?.below(below)
    }
}

impl Bin<'_> {
    /// From now on directories stay that become empty.
    pub fn keeping_directories(self) -> Self {
        let mut bin = self;
        bin.keep_directories = true;
        bin
    }

    /// Removes the file at `path` below the root if it is what was `seen`. Directories that it leaves empty go with it.
    ///
    /// # Errors
    /// Those of the system; it is where it was then, or, if that place is taken, gone.
    pub fn take(&mut self, path: &Path, seen: Identity, care: Care) -> io::Result<Fate> {
        let (directories, name) = split(path.as_os_str().as_bytes());
        let name = bare(name)?;
        match self.place.go_to(directories) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            Err(error) => return Err(error.into()),
        }
        let _lease = match care {
            Care::Any => None,
            Care::SpareUsed => match self.in_use.of(self.place.here(), name) {
                Ok(Use::Free(lease)) => lease,
                Ok(Use::Busy) => return Ok(Fate::InUse),
                Err(Errno::NOENT) => return Ok(Fate::Missing),
                // A link or a pipe is not opened, so that nobody can be using it in this sense.
                Err(Errno::LOOP | Errno::NXIO | Errno::INVAL) => None,
                Err(error) => return Err(error.into()),
            },
        };
        self.move_away(name, seen, None)
    }

    /// Removes the directory at `path` with everything in it if it is the one that was `seen`, and has nothing called `absent` in it, where
    /// that is given.
    ///
    /// # Errors
    /// As [`Bin::take`].
    pub fn take_tree(
        &mut self,
        path: &Path,
        seen: Identity,
        care: Care,
        absent: Option<&[u8]>,
    ) -> io::Result<Fate> {
        if care == Care::SpareUsed {
            match self.root.look(path) {
                Ok(dir) if self.in_use.anything_below(&dir) => return Ok(Fate::InUse),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Fate::Missing),
                result => drop(result?),
            }
        }
        let (directories, name) = split(path.as_os_str().as_bytes());
        match self.place.go_to(directories) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            Err(error) => return Err(error.into()),
        }
        let name = bare(name)?;
        let has_it = |dir: BorrowedFd<'_>, name: &[u8]| {
            let inner = self.root.confinement.step(dir, name, OFlags::PATH);
            absent.is_some_and(|absent| inner.is_ok_and(|inner| About::at(&inner, absent).is_ok()))
        };
        if has_it(self.place.here(), name) {
            return Ok(Fate::Changed);
        }
        self.move_away(name, seen, absent)
    }

    /// Moves `name` of the place to the trash and decides there.
    fn move_away(&mut self, name: &[u8], seen: Identity, absent: Option<&[u8]>) -> io::Result<Fate> {
        match self.make_room() {
            Ok(()) => {}
            Err(error) if is_full(&error) => return self.remove_in_place(name, seen).map_err(|_| error),
            Err(error) => return Err(error),
        }
        let Some(trash) = &mut self.trash else { return Err(Errno::NOENT.into()) };
        let trashed = trash.name_for(seen);
        match renameat_with(self.place.here(), name, &trash.dir, trashed.as_str(), RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            Err(error) => return Err(error.into()),
        }
        let now = About::at(&trash.dir, trashed.as_bytes())?;
        let step = |name: &str| self.root.confinement.step(trash.dir.as_fd(), name.as_bytes(), OFlags::PATH);
        let has_it =
            absent.is_some_and(|absent| step(&trashed).is_ok_and(|inner| About::at(&inner, absent).is_ok()));
        if now.identity() == seen && !has_it {
            trash.inside.push(trashed);
            if !self.keep_directories {
                self.place.has_lost();
            }
            return Ok(Fate::Removed(self.freed(&now)));
        }
        // A newer one may stand in its place by now; then this one is out of date in its owner's eyes too.
        match renameat_with(&trash.dir, trashed.as_str(), self.place.here(), name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(Fate::Changed),
            Err(Errno::EXIST) if now.kind != Kind::Dir => {
                unlinkat(&trash.dir, trashed.as_str(), AtFlags::empty())?;
                Ok(Fate::Changed)
            }
            // It was not to be removed, so it is not: it stays in the trash, which is not removed with something in it.
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file where it is: on a disk so full that there is no room for a trash directory, something must go first. That it is the
    /// one that was seen is looked up just before.
    fn remove_in_place(&mut self, name: &[u8], seen: Identity) -> io::Result<Fate> {
        let now = match About::at(self.place.here(), name) {
            Err(Errno::NOENT) => return Ok(Fate::Missing),
            result => result?,
        };
        if now.identity() != seen {
            return Ok(Fate::Changed);
        }
        unlinkat(self.place.here(), name, AtFlags::empty())?;
        if !self.keep_directories {
            self.place.has_lost();
        }
        Ok(Fate::Removed(self.freed(&now)))
    }

    /// Bytes that go with it; those of a file with several names go with the last of them.
    fn freed(&mut self, about: &About) -> u64 {
        match (about.kind, about.links) {
            (Kind::Dir, _) => 0,
            (_, ..=1) => about.frees(),
            (_, links) => {
                let (had, gone) = self.names.entry((about.device, about.inode)).or_insert((links, 0));
                *gone += 1;
                if gone >= had { about.frees() } else { 0 }
            }
        }
    }

    /// Sees to a trash directory with room in it.
    fn make_room(&mut self) -> io::Result<()> {
        if self.trash.as_ref().is_some_and(|trash| trash.inside.len() < TOGETHER) {
            return Ok(());
        }
        if let Some(full) = self.trash.take() {
            let (sender, _) = self.emptier.get_or_insert_with(emptier);
            if let Err(back) = sender.send(full) {
                back.0.empty();
            }
        }
        let parent = self.root.look(&self.below)?;
        self.trash = Some(Trash::new(self.root, parent.fd().as_fd(), self.suffix)?);
        Ok(())
    }

    /// Waits until everything that was taken is gone.
    pub fn finish(&mut self) {
        if let Some(last) = self.trash.take() {
            last.empty();
        }
        if let Some((sender, thread)) = self.emptier.take() {
            drop(sender);
            // One that panicked has told so; what it left is swept the next time.
            let _ = thread.join();
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    [Some(libc::ENOSPC), Some(libc::EDQUOT)].contains(&error.raw_os_error())
}

fn emptier() -> (SyncSender<Trash>, JoinHandle<()>) {
    let (sender, full) = sync_channel::<Trash>(WAITING);
    let thread = thread::spawn(move || full.into_iter().for_each(Trash::empty));
    (sender, thread)
}

impl Drop for Bin<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}
