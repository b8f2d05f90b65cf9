//! What would be removed, decided before anything is: pure functions of entries, rules and a clock.

use super::{
    model::{EntryId, Stamp, Timestamp},
    select::Filter,
};

/// Which command a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Remove what its owner declared expired.
    Expire,
    /// Remove by rule.
    Prune,
    /// Remove what is named.
    Remove,
    /// Remove everything.
    Clear,
}

impl Verb {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::Prune => "prune",
            Self::Remove => "rm",
            Self::Clear => "clear",
        }
    }
}

/// What goes, and what that was worth when the plan was made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which command it is for.
    pub verb: Verb,
    /// The moment that every rule refers to.
    pub now: Timestamp,
    /// What goes.
    pub what: What,
    /// How many entries that were.
    pub entries: u64,
    /// The bytes that their going would free.
    pub bytes: u64,
    /// How many entries would stay.
    pub kept: u64,
}

/// What goes.
#[derive(Clone, Debug)]
pub enum What {
    /// Whatever meets the rule at the moment of removal.
    Rule(Filter),
    /// These entries, unless they have changed.
    List {
        /// The entries, in the order in which they go.
        entries: Vec<Planned>,
        /// Whether an entry that was used since then stays too.
        spare_used: bool,
    },
    /// Everything.
    Everything,
}

/// An entry that is to go: at most 64 bytes, its name's text not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which one.
    pub id: EntryId,
    /// What it was like.
    pub stamp: Stamp,
    /// Bytes that its going frees.
    pub bytes: u64,
}

const _: () = assert!(std::mem::size_of::<Planned>() <= 64);
