//! The kinds of cache, behind one trait. A store knows its files and its owner's habits, and nothing of rules and policies.

mod cachelib;
mod classes;
mod datasets;
pub mod diskcache;
mod django;
mod files;
mod hashes;
mod hub;
mod joblib;
mod lfs;
mod npm;
mod pip;
pub(super) mod plain;
mod presets;
mod requests_cache;
mod sqlite;
mod sqlite_open;
mod streamlit;
mod tally;
mod uv;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Error,
    locate::Verdict,
    model::{Entry, EntryId, Eviction, Facts, Summary, Timestamp},
    plan::Planned,
    select::Filter,
};

/// Every kind of cache, the more certain ones first.
pub const KINDS: &[&dyn Kind] = &[
    &diskcache::DiskCache,
    &streamlit::Streamlit,
    &joblib::Joblib,
    &hub::Hub,
    &datasets::Datasets,
    &uv::Uv,
    &pip::Pip,
    &pip::CacheControl,
    &django::Django,
    &cachelib::Cachelib,
    &requests_cache::RequestsFiles,
    &lfs::Lfs,
    &npm::Npm,
    &presets::TRITON,
    &presets::INDUCTOR,
    &presets::TORCH_HUB,
    &presets::WANDB,
    &presets::PLAYWRIGHT,
    &presets::CCACHE,
    &presets::SCCACHE,
    &presets::CARGO,
];

/// Kinds of cache that are a single file.
pub(super) const FILE_KINDS: &[&dyn Kind] = &[&requests_cache::RequestsDatabase];

/// The name of the kind that is nothing but files.
pub const FILES: &str = "files";

/// Whether a directory in which something has this name may be a cache of some kind.
pub(super) fn has_sign(name: &[u8]) -> bool {
    KINDS.iter().any(|kind| kind.sign(name))
}

/// Whether `dir` is a cache of some kind, as its content says; what cannot be read is none.
pub(super) fn is_any(dir: &Path) -> bool {
    KINDS.iter().any(|kind| matches!(kind.probe(dir), Ok(Verdict::Yes(_))))
}

/// Whether a file of this name may be a cache by itself.
pub(super) fn has_file_sign(name: &[u8]) -> bool {
    FILE_KINDS.iter().any(|kind| kind.file_sign(name))
}

/// Whether the file at `path` is a cache by itself; what cannot be read is none.
pub(super) fn is_cache_file(path: &Path) -> bool {
    FILE_KINDS.iter().any(|kind| matches!(kind.probe_file(path), Ok(Verdict::Yes(_))))
}

/// One kind of cache.
pub trait Kind: Sync {
    /// Its name in JSON and tables: `diskcache`.
    fn name(&self) -> &'static str;

    /// Whether `dir` is one, by its content; changes nothing, not even access times.
    ///
    /// # Errors
    /// [`Error::Read`] if the directory cannot be looked at.
    fn probe(&self, dir: &Path) -> Result<Verdict, Error>;

    /// Opens the one in `dir`, or the one that is the file `dir`.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Damaged`], [`Error::ReadOnly`], [`Error::Locked`].
    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error>;

    /// Whether a directory in which something has this name may be one, so that it is worth a [`Kind::probe`]. Asked for every name of
    /// a tree that is searched: no more than a look at the bytes.
    fn sign(&self, name: &[u8]) -> bool;

    /// Whether a file of this name may be one by itself. Asked for every name of a tree that is searched.
    fn file_sign(&self, _name: &[u8]) -> bool {
        false
    }

    /// Whether the file at `path` is one by itself, by its content.
    ///
    /// # Errors
    /// As [`Kind::probe`].
    fn probe_file(&self, _path: &Path) -> Result<Verdict, Error> {
        Ok(Verdict::No)
    }

    /// Where the cache itself is in a directory that holds it and other things, such as `hub` in `HF_HOME`; relative paths.
    fn inside(&self) -> &'static [&'static str] {
        &[]
    }

    /// Opens the one in `dir`, with the source files of the programs that use it: they say what entries belong to.
    ///
    /// # Errors
    /// As [`Kind::open`]; [`Error::Unsupported`] for a kind to which sources say nothing.
    fn open_with_sources(
        &self,
        dir: &Path,
        access: Access,
        sources: &[PathBuf],
    ) -> Result<Box<dyn Store>, Error> {
        match sources {
            [] => self.open(dir, access),
            _ => Err(Error::Unsupported {
                verb: "name the entries of",
                path: dir.to_owned(),
                reason: format!("sources say nothing about a cache of the kind {}", self.name()),
            }),
        }
    }
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look: nothing is changed, no lock keeps the owner from its work.
    Look,
    /// To remove or repair, waiting for other users at most this long.
    Change {
        /// How long a locked cache is waited for.
        lock_timeout: Duration,
    },
}

/// What is asked of [`Store::entries`].
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// A store may leave out entries that do not match; the caller looks at each that comes with [`Filter::matches`].
    pub filter: &'a Filter,
    /// The moment that the filter refers to.
    pub now: Timestamp,
    /// In which order they come.
    pub walk: Walk,
    /// Whether the value's type, the file, the note and the stamp of an entry are wanted too, and its group where only the value tells it.
    /// Without them a store may be quicker.
    pub full: bool,
}

impl<'a> Query<'a> {
    /// All there is to know of the entries, as they are stored.
    pub fn stored(filter: &'a Filter, now: Timestamp) -> Self {
        Self { filter, now, walk: Walk::Stored, full: true }
    }
}

/// The orders in which a store can stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// As they are stored: whatever is fastest, and the same every time.
    Stored,
    /// By key, as the owner compares keys.
    ByKey,
    /// In the order in which the owner would let them go.
    ByEviction(Eviction),
}

/// Receives entries; what it breaks with ends the stream.
pub type Visit<'a> = dyn FnMut(&Entry) -> ControlFlow<()> + 'a;

/// Appends to the bytes what it makes of an entry.
pub type Draw<'a> = Box<dyn FnMut(&Entry, &mut Vec<u8>) + 'a>;

/// Makes a [`Draw`] for each thread that needs one.
pub type Drawers<'a> = dyn Fn() -> Draw<'a> + Sync + 'a;

/// Receives bytes that have been drawn; what it breaks with ends the stream.
pub type Take<'a> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'a;

/// Bytes that are drawn before they are handed over.
pub const BATCH: usize = 64 << 10;

/// Draws what `stream` visits, on this thread.
///
/// # Errors
/// Those of `stream`; what was drawn before one has been handed over.
pub fn draw_in_turn(
    stream: impl FnOnce(&mut Visit<'_>) -> Result<(), Error>,
    drawers: &Drawers<'_>,
    take: &mut Take<'_>,
) -> Result<ControlFlow<()>, Error> {
    let (mut draw, mut bytes) = (drawers(), Vec::new());
    let mut flow = ControlFlow::Continue(());
    let result = stream(&mut |entry| {
        draw(entry, &mut bytes);
        if bytes.len() >= BATCH {
            flow = take(&bytes);
            bytes.clear();
        }
        flow
    });
    if flow.is_continue() && !bytes.is_empty() {
        flow = take(&bytes);
    }
    result.map(|()| flow)
}

/// What [`Summary::by`] groups by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Tag.
    Tag,
    /// Group.
    Group,
    /// Type of the value.
    Type,
}

/// A stored value, for showing it.
pub enum Value {
    /// Held by the store itself; whole.
    Inline(Vec<u8>),
    /// In a file, opened safely below the root; its length in bytes.
    File(std::fs::File, u64),
    /// Nothing is stored, or a number as its text.
    Text(String),
}

/// One open cache.
///
/// Methods take `&self`, since most stores are connections. A store that has been opened with [`Access::Look`] answers what changes
/// anything with [`Error::ReadOnly`].
pub trait Store {
    /// The kind's name, or a more telling one: `diskcache`, `fanoutcache`, `deque`.
    fn kind(&self) -> &'static str;

    /// Its directory, or its only file.
    fn root(&self) -> &Path;

    /// What its owner keeps.
    fn facts(&self) -> &Facts;

    /// What a reader must know to understand what it says: an unknown version, a schema with additions; a line of text each.
    fn warnings(&self) -> &[String];

    /// How its owner makes room.
    fn eviction(&self) -> Eviction;

    /// What is younger than this stays where nobody asks for anything else: it may be just being made. `None` where the owner makes entries
    /// in one step.
    fn grace(&self) -> Option<Duration> {
        None
    }

    /// Whether entries may share what they consist of, with each other or with others, so that bytes cannot be added up.
    fn shares(&self) -> bool {
        false
    }

    /// What [`Pulse::bytes`] counts, in a few words.
    fn size_counts(&self) -> &'static str;

    /// What its users should know once entries have been removed: a sentence without a final stop.
    fn aftermath(&self) -> Option<&'static str> {
        None
    }

    /// Why what is in it may exist nowhere else, so that a yes does not suffice to remove it.
    fn only_copies(&self) -> Option<&'static str> {
        None
    }

    /// Why nothing is removed here, and the command of its owner that does; without a final stop.
    fn owners_tool(&self) -> Option<&'static str> {
        None
    }

    /// What else is known of an entry, worth showing to whoever asks for this one: a name in a few words and the text, which is hostile.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn details(&self, _id: &EntryId) -> Result<Vec<(&'static str, String)>, Error> {
        Ok(Vec::new())
    }

    /// What could not be looked at so far, a line of text each; forgotten with being told.
    fn unseen(&self) -> Vec<String> {
        Vec::new()
    }

    /// Other caches inside its directory, which are not part of it; relative to the root.
    fn nested(&self) -> &[PathBuf];

    /// Streams entries in constant memory. No value is read, no access time changes.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Locked`], [`Error::Read`].
    fn entries(&self, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error>;

    /// Has every entry that [`Store::entries`] would visit drawn, and hands the result over in the same order, many entries at a time.
    /// A store that can draws on several threads.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn draw(&self, query: Query<'_>, drawers: &Drawers<'_>, take: &mut Take<'_>) -> Result<(), Error> {
        draw_in_turn(|visit| self.entries(query, visit), drawers, take).map(|_| ())
    }

    /// Streams those of `ids` that still exist, in the order of `ids`.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn lookup(&self, ids: &mut dyn Iterator<Item = EntryId>, visit: &mut Visit<'_>) -> Result<(), Error>;

    /// The id that `text` names; `None` if it cannot name any.
    fn parse_id(&self, text: &str) -> Option<EntryId>;

    /// The cache as a whole.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn summary(&self, now: Timestamp, by: Option<By>) -> Result<Summary, Error>;

    /// The stored bytes of an entry's value.
    ///
    /// # Errors
    /// As [`Store::entries`]; [`Error::NoSuchEntry`].
    fn value(&self, id: &EntryId) -> Result<Value, Error>;

    /// How things stand now, cheaply enough to be asked several times a second.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn pulse(&self, now: Timestamp) -> Result<Pulse, Error>;

    /// Looks for damage and reports what it finds, each as soon as it is sure.
    ///
    /// # Errors
    /// As [`Store::entries`], where the damage is such that nothing can be said.
    fn check(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error>;

    /// Looks for damage and repairs what can be repaired without losing anything; every problem comes with what became of it.
    ///
    /// # Errors
    /// As [`Store::check`]; [`Error::ReadOnly`], [`Error::Locked`], [`Error::Write`].
    fn repair(&self, options: &CheckOptions, found: &mut dyn FnMut(Problem)) -> Result<(), Error>;

    /// How many entries match `filter` and what they take; `None` where that is not known without looking at each.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn totals(&self, filter: &Filter, now: Timestamp) -> Result<Option<Totals>, Error>;

    /// Removes entries, with everything that must go with them, in the order and under the locks that the owner expects. Looks at each
    /// entry again first. One that cannot be removed does not stop the rest.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Locked`], [`Error::Damaged`]: nothing more can be removed. What was, has been told to `watcher`.
    fn remove(&self, removal: &Removal<'_>, watcher: &mut dyn RemovalWatcher) -> Result<(), Error>;

    /// Gives back to the file system what removed entries have left behind, as far as nobody else is in the way.
    ///
    /// # Errors
    /// As [`Store::remove`].
    fn reclaim(&self) -> Result<Reclaimed, Error>;
}

/// Entries that match, and all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many match.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many there are.
    pub of: u64,
}

/// What was given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Bytes.
    pub bytes: u64,
    /// Why not all of it, in a few words.
    pub refused: Option<String>,
}

/// How things stand now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulse {
    /// Number of entries.
    pub entries: u64,
    /// What the owner counts against its limit, in bytes.
    pub bytes: u64,
    /// Number of expired entries.
    pub expired: u64,
    /// Lookups that found an entry, since the owner began to count; `None` where it does not.
    pub hits: Option<u64>,
    /// Lookups that did not.
    pub misses: Option<u64>,
    /// A number that grows with every write, by whoever; `None` where there is no such thing.
    pub writes: Option<u64>,
}

/// How thoroughly to look for damage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckOptions {
    /// Whether to read everything: values, and index by index and page by page.
    pub deep: bool,
    /// Whether to tell which entries would run code when their owner reads them.
    pub audit: bool,
    /// The moment that counts as now.
    pub now: Timestamp,
    /// What is younger than this may be just being written and is left alone.
    pub grace: Duration,
}

/// Damage, or what looks like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a fixed word for scripts: `missing-file`, `orphaned-file`, `wrong-count`.
    pub what: &'static str,
    /// Where: an id, a file, an index; hostile text.
    pub place: String,
    /// What is wrong, for people.
    pub detail: String,
    /// Whether it only is worth knowing: nothing is lost or wrong because of it.
    pub note: bool,
    /// Whether it can be repaired without losing anything.
    pub fixable: bool,
    /// Whether it has been.
    pub fixed: bool,
    /// Bytes that repairing it frees.
    pub bytes: u64,
}

/// What to remove.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// Which entries.
    pub target: Target<'a>,
    /// The moment that rules refer to.
    pub now: Timestamp,
    /// How considerate to be.
    pub pace: Pace,
}

/// Which entries to remove.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// All.
    Everything,
    /// Those that match at the moment of removal.
    Rule(&'a Filter),
    /// These, unless their stamps have changed; with `spare_used`, the usage part of the stamp counts too.
    List {
        /// The entries.
        entries: &'a [Planned],
        /// Whether one that was used since stays.
        spare_used: bool,
    },
}

/// How considerate of other users to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As far as there are any.
    #[default]
    Auto,
    /// As fast as possible.
    Fast,
    /// As if there were some.
    Polite,
}

/// Learns how a removal goes on.
pub trait RemovalWatcher {
    /// Whether to go on; asked often. After a no, what has begun is brought to a clean end.
    fn go_on(&mut self) -> bool;
    /// So many entries are gone for good, and so many bytes with them.
    fn removed(&mut self, entries: u64, bytes: u64);
    /// An entry stays, because it is not what it was or must not be touched.
    fn refused(&mut self, id: &EntryId, why: &str);
    /// An entry, or a file of one, could not be removed.
    fn failed(&mut self, id: &EntryId, error: &str);
}
