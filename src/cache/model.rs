//! What a cache holds, as plain data that fits every kind of cache.

use std::{cmp::Ordering, fmt, path::PathBuf};

/// A moment: seconds since 1970-01-01 00:00 UTC, finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timestamp(f64);

impl Timestamp {
    /// The moment `seconds` after 1970; `None` for what is not a finite number.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        // Adding zero turns -0.0 into 0.0, so that equal moments are equal bits.
        seconds.is_finite().then_some(Self(seconds + 0.0))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> f64 {
        self.0
    }

    /// Seconds from `earlier` to this; negative if it is later.
    pub fn since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Where a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The cache's owner wrote it down.
    Recorded,
    /// The file system's modification time.
    Mtime,
    /// The file system's access time, which mounts may keep coarsely or not at all.
    Atime,
    /// When the file system made the file.
    Btime,
}

/// A moment and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The moment.
    pub at: Timestamp,
    /// How it is known.
    pub source: TimeSource,
}

/// Until when an entry is good: three different answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Expiry {
    /// Its owner said that it never expires.
    Never,
    /// Its owner said when.
    At(Timestamp),
    /// The cache does not keep it.
    #[default]
    NotRecorded,
}

impl Expiry {
    /// Whether the owner has declared the entry dead at `now`; at the very moment itself it is not yet.
    pub fn is_past(self, now: Timestamp) -> bool {
        matches!(self, Self::At(at) if at < now)
    }
}

/// The condition an entry is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing speaks against it.
    #[default]
    Ok,
    /// No longer of use to its owner.
    Stale {
        /// Whether that is certain, or only likely.
        sure: bool,
    },
    /// Not complete: a download or write that has not ended.
    Partial,
    /// Its owner cannot read it.
    Corrupt,
    /// Held on purpose.
    Pinned,
}

/// Names an entry within its store. Its text is what `--id` takes; it says nothing to anybody but the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryId {
    /// A row of the only table: `42`.
    Row(i64),
    /// A row of one of several tables, such as a shard: `003:42`.
    Part(u32, i64),
    /// A name: a path below the root, a hash.
    Name(Box<str>),
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "{row}"),
            Self::Part(part, row) => write!(f, "{part:03}:{row}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What a key, tag or value is in its owner's terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataType {
    /// Nothing: SQL's NULL, Python's None where it is stored as such.
    #[default]
    None,
    /// A string.
    Text,
    /// Bytes.
    Bytes,
    /// A whole number.
    Integer,
    /// A floating-point number.
    Float,
    /// A pickled Python object.
    Pickle,
    /// JSON, as it may be compressed.
    Json,
    /// A name that is no data of the owner: a path, a URL, a hash.
    Name,
    /// None of these.
    Other,
}

impl DataType {
    /// Its name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Pickle => "pickle",
            Self::Json => "json",
            Self::Name => "name",
            Self::Other => "other",
        }
    }
}

/// A key or a tag.
///
/// For [`DataType::Text`] and [`DataType::Name`], `text` is the string itself, without quotes. For every other type it is how the owner's
/// language writes it: `1`, `1.5`, `b'ab'`, `app.fetch('x', page=2)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub data_type: DataType,
    /// The text; unescaped, so hostile; at most [`Label::LONGEST`] bytes and a little.
    pub text: String,
    /// The string's bytes where they are not UTF-8; `text` then holds replacement characters.
    pub bytes: Option<Vec<u8>>,
    /// Whether `text` is only the beginning.
    pub cut: bool,
    /// Whether reading it the owner's way would run code (a pickle that imports or calls what plain data does not need).
    pub runs_code: bool,
}

impl Label {
    /// Bytes of a key or tag that are looked at; the rest of a longer one is not read.
    pub const LONGEST: usize = 64 * 1024;

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self { data_type: DataType::Text, text: text.into(), ..Self::default() }
    }
}

/// A unit of storage that several entries may need, such as a blob of which many revisions consist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Tells it apart within its store.
    pub id: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many references to it there are, where the file system counts them: those of others outside the store keep its bytes where
    /// they are. 1 where nobody but the store can refer to it.
    pub links: u64,
}

/// Says whether an entry is still what it was: hashes of what its store looks at again before it removes the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Of its identity, content and expiry.
    pub content: u64,
    /// Of when and how often it was used.
    pub usage: u32,
}

/// One entry. A store that streams entries fills the same value again and again; clone what you keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name in the store.
    pub id: EntryId,
    /// The key under which its owner finds it.
    pub key: Label,
    /// What it belongs to: a function, a model, a host; `None` where there is nothing to group by.
    pub group: Option<String>,
    /// What its owner keeps in it, in words, where that is known: "held 2 times by process 12"; or why it is in its condition. May hold
    /// text from outside.
    pub note: Option<String>,
    /// Bytes that are its own: all that removing it frees if it shares nothing.
    pub own_bytes: u64,
    /// What it shares with other entries, or might.
    pub shared: Vec<Object>,
    /// When it was stored.
    pub created: Option<Time>,
    /// When it was last used; `None` where the owner does not keep it.
    pub accessed: Option<Time>,
    /// When somebody last wrote, replaced, renamed or linked any of its files, as far as the file system tells: it may be in the middle of
    /// being made. `None` where `created` says it all.
    pub touched: Option<Timestamp>,
    /// Until when it is good.
    pub expiry: Expiry,
    /// How often it was used; `None` where the owner does not count.
    pub hits: Option<u64>,
    /// Its tags; `None` where its kind has none.
    pub tags: Option<Vec<Label>>,
    /// Its condition.
    pub state: State,
    /// What its value is.
    pub value_type: DataType,
    /// Its file or directory, relative to the store's root; as written by the owner, so hostile.
    pub path: Option<PathBuf>,
    /// To notice a change later.
    pub stamp: Stamp,
}

impl Entry {
    /// An entry of which nothing is known but its name.
    pub fn new(id: EntryId) -> Self {
        Self {
            id,
            key: Label::default(),
            group: None,
            note: None,
            own_bytes: 0,
            shared: Vec::new(),
            created: None,
            accessed: None,
            touched: None,
            expiry: Expiry::NotRecorded,
            hits: None,
            tags: None,
            state: State::Ok,
            value_type: DataType::None,
            path: None,
            stamp: Stamp::default(),
        }
    }

    /// Its size as a person would say it: its own bytes and everything it needs.
    pub fn size_bytes(&self) -> u64 {
        self.shared.iter().fold(self.own_bytes, |sum, object| sum.saturating_add(object.bytes))
    }

    /// Whether it is of no more use at `now`: its owner has declared it dead, or it is certainly left over; with `unsure`, also what is so
    /// only by all appearance.
    pub fn is_dead(&self, now: Timestamp, unsure: bool) -> bool {
        match self.state {
            State::Stale { sure } => sure || unsure || self.expiry.is_past(now),
            State::Partial => {
                let begun = self.touched.or(self.created.map(|time| time.at));
                begun.is_some_and(|at| now.since(at) > ABANDONED)
            }
            State::Pinned => false,
            State::Ok | State::Corrupt => self.expiry.is_past(now),
        }
    }
}

/// Seconds after which nobody is going to complete what has been begun.
const ABANDONED: f64 = 86_400.0;

/// What a store's owner writes down. What it does not cannot be asked for: a rule on it is refused, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// When entries were stored.
    pub created: Kept,
    /// When entries were last used.
    pub accessed: Kept,
    /// How often they were used.
    pub hits: Kept,
    /// When they expire.
    pub expiry: Kept,
    /// What would tell that an entry is left over, whether or not it expires.
    pub stale: Kept,
    /// Tags.
    pub tags: Kept,
    /// Groups.
    pub groups: Kept,
}

/// Whether something is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// It is.
    #[default]
    Yes,
    /// It is not, with the reason in a few words: "the eviction policy `least-recently-stored` does not record it".
    No(String),
}

impl Kept {
    /// Whether it is kept.
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }
}

/// In which order the owner itself would let entries go when room is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// Those stored first.
    LeastRecentlyStored,
    /// Those not used for longest.
    LeastRecentlyUsed,
    /// Those used least often.
    LeastFrequentlyUsed,
    /// The owner never does.
    None,
}

/// A cache as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Number of entries, expired ones included.
    pub entries: u64,
    /// Sum of the entries' sizes, each shared object once.
    pub size_bytes: u64,
    /// Whether all of it is in files of the entries' own, so that the next two say nothing.
    pub all_in_files: bool,
    /// Of these, bytes in value files.
    pub file_bytes: u64,
    /// Of these, bytes in the database or index.
    pub inline_bytes: u64,
    /// Bytes that the file system has given out for everything in the cache's directory.
    pub disk_bytes: u64,
    /// What the owner counts against its limit, in bytes, and the limit.
    pub limit: Option<Limit>,
    /// Number of entries that have expired.
    pub expired_entries: u64,
    /// Their bytes.
    pub expired_bytes: u64,
    /// Entries that are left over, and their bytes, where there are any: certainly, and by all appearance.
    pub stale: Stale,
    /// Whether it is recorded when entries expire.
    pub expiry_not_recorded: bool,
    /// Number of entries that never expire; `None` where expiry is not recorded.
    pub never_expire_entries: Option<u64>,
    /// Lookups that found an entry; `None` where the owner does not count.
    pub hits: Option<u64>,
    /// Lookups that did not.
    pub misses: Option<u64>,
    /// How to make the owner count, where it does not; a sentence for people.
    pub how_to_count: Option<String>,
    /// When the oldest entry was stored.
    pub oldest: Option<Timestamp>,
    /// When the newest entry was stored.
    pub newest: Option<Timestamp>,
    /// When any entry was last used, where that is known.
    pub last_used: Option<Timestamp>,
    /// Entries by age: what [`Histogram`] says.
    pub ages: Histogram,
    /// Entries by size.
    pub sizes: Histogram,
    /// Totals by group, tag or type, as asked; the biggest first.
    pub by: Vec<Share>,
    /// Rows left out of `by` because there were too many different ones.
    pub by_left_out: u64,
    /// Space that can be had without losing an entry.
    pub reclaimable: Vec<Reclaimable>,
    /// The owner's settings, as stored, in order.
    pub settings: Vec<(String, Setting)>,
    /// The shards or other parts it consists of: name, entries, bytes.
    pub parts: Vec<Share>,
}

/// What is left over in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    /// Entries that certainly are.
    pub sure_entries: u64,
    /// Their bytes.
    pub sure_bytes: u64,
    /// Entries that are by all appearance.
    pub likely_entries: u64,
    /// Their bytes.
    pub likely_bytes: u64,
}

/// What the owner counts against its own limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Used, in bytes.
    pub used: u64,
    /// Allowed, in bytes.
    pub allowed: u64,
}

/// Entries and bytes in classes with fixed upper bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The classes in order.
    pub bins: Vec<Bin>,
}

/// A class of a [`Histogram`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Up to but not including: seconds of age, or bytes; `None` in the last one.
    pub below: Option<f64>,
    /// Number of entries.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Entries that have something in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// What they have in common.
    pub label: Label,
    /// Number of entries.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them have expired.
    pub expired_entries: u64,
}

/// Space that can be had without losing an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Reclaimable {
    /// What it is: "free pages of the database", "files that no entry refers to".
    pub what: String,
    /// How much, in bytes.
    pub bytes: u64,
    /// What gets it, as words between `hotcold cache` and the directory: `["check", "--fix"]`.
    pub how: &'static [&'static str],
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// Text; hostile.
    Text(String),
    /// Anything else, by its length in bytes.
    Bytes(u64),
}
