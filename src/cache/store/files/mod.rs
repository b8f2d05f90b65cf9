//! Caches that are nothing but files: what all of them do the same way. A kind only says, as a [`Layout`], which files make an entry.

mod act;
mod ground;
mod item;
mod store;
mod usage;

use std::{ops::ControlFlow, path::Path, time::Duration};

pub(super) use ground::Ground;
pub(super) use item::{Item, Link, count_file, name_label};
use item::{Part, path_of};
pub(super) use store::FileStore;
pub(super) use usage::{Place, Survey, disk_usage, survey};

use super::{By, Problem, Value, tally::Tally};
use crate::cache::{
    Error,
    model::{Facts, Kept, Timestamp},
    safe_delete::{Care, Root},
};

/// Receives entries; what it breaks with ends the stream.
pub(super) type EachItem<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

/// What is no longer needed by anybody once an entry is gone.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// What goes, as it is now.
    pub(super) parts: Vec<(std::path::PathBuf, crate::cache::look::About)>,
    /// The bytes that go with it.
    pub(super) bytes: u64,
    /// Held until it is gone.
    pub(super) lock: Option<std::os::fd::OwnedFd>,
}

/// How one kind of cache lies in files.
pub(super) trait Layout {
    /// The kind's name.
    fn kind(&self) -> &'static str;

    /// What its owner keeps.
    fn facts(&self) -> Facts;

    /// Streams all entries, each with its files; those of a directory in the order of the file system.
    ///
    /// # Errors
    /// [`Error::Read`] where nothing can be said; what cannot be read in between is noted by [`Ground`].
    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error>;

    /// The entry that is at `path`, as [`Layout::each`] would give it.
    fn find(&self, ground: &Ground, path: &Path) -> Option<Item>;

    /// What a reader must know to understand what it says; a line of text each.
    fn warnings(&self, _ground: &Ground) -> Vec<String> {
        Vec::new()
    }

    /// See [`super::Store::grace`].
    fn grace(&self) -> Option<Duration> {
        None
    }

    /// See [`super::Store::shares`].
    fn shares(&self) -> bool {
        false
    }

    /// See [`super::Store::aftermath`].
    fn aftermath(&self) -> Option<&'static str> {
        None
    }

    /// See [`super::Store::only_copies`].
    fn only_copies(&self) -> Option<&'static str> {
        None
    }

    /// See [`super::Store::owners_tool`].
    fn owners_tool(&self) -> Option<&'static str> {
        None
    }

    /// See [`super::Store::nested`].
    fn nested(&self) -> &[std::path::PathBuf] {
        &[]
    }

    /// Whether files that somebody has open stay.
    fn care(&self) -> Care {
        Care::Any
    }

    /// In which directory below the root, and with which end of its name, the owner overlooks a directory of ours.
    fn trash(&self) -> (&'static str, &'static str) {
        ("", "")
    }

    /// Whether directories stay that removing empties.
    fn keeps_directories(&self) -> bool {
        false
    }

    /// What the going of `item` has left that nobody needs, found out just before it goes too; asked again and again with the number of the
    /// round until there is no answer. The bytes of what entries share are then counted here.
    fn leftovers(&self, _ground: &Ground, _item: &Item, _round: usize) -> Option<Leftovers> {
        None
    }

    /// Where removing takes two steps: how long a program that has looked before the first needs to be done by the second.
    fn pause(&self) -> Option<Duration> {
        None
    }

    /// Takes the owner's lock on the whole cache, if there is one; it is given back with what is returned.
    ///
    /// # Errors
    /// [`Error::Locked`] where somebody has had it for `timeout`.
    fn lock(&self, _ground: &Ground, _timeout: Duration) -> Result<Option<std::os::fd::OwnedFd>, Error> {
        Ok(None)
    }

    /// Why an entry must not be touched now, such as that a download of it goes on.
    fn refuses(&self, _ground: &Ground, _item: &Item) -> Option<String> {
        None
    }

    /// So many entries have been removed: what else must be put right.
    fn removed(&self, _ground: &Ground, _root: &Root, _entries: u64) {}

    /// The value of an entry, for showing it.
    ///
    /// # Errors
    /// Those of reading it.
    fn value(&self, ground: &Ground, item: &Item) -> std::io::Result<Value> {
        item::first_file(ground, item)
    }

    /// See [`super::Store::details`].
    fn details(&self, _ground: &Ground, _item: &Item) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What is wrong with the content of an entry, by reading all of it.
    fn verify(&self, _ground: &Ground, _item: &Item) -> Option<String> {
        None
    }

    /// All entries added up and the bytes of everything on disk, where one pass tells both faster than [`Layout::each`] and another.
    fn survey(&self, _ground: &Ground, _now: Timestamp, _by: Option<By>) -> Option<(Tally, u64)> {
        None
    }

    /// Problems that belong to no entry.
    fn strays(&self, _ground: &Ground, _now: Timestamp, _found: &mut dyn FnMut(Problem)) {}
}

/// The facts of a kind that keeps nothing but files: what the file system knows, where it is asked to know it.
pub(super) fn file_facts(ground: &Ground, kind: &str) -> Facts {
    let no = |what: &str| Kept::No(format!("{kind} does not record {what}"));
    Facts {
        created: Kept::Yes,
        accessed: match ground.dir.keeps_no_access_times() {
            true => Kept::No("the file system is mounted without access times".to_owned()),
            false => Kept::Yes,
        },
        hits: no("how often entries are used"),
        expiry: no("when entries expire"),
        stale: no("what it no longer needs"),
        tags: no("tags"),
        groups: no("what entries belong to"),
    }
}
