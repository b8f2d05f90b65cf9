//! What would be removed, decided before anything is: pure functions of entries, rules and a clock.

use std::ops::ControlFlow;

use super::{
    Error,
    model::{Entry, EntryId, Eviction, Kept, Stamp, Timestamp},
    select::Filter,
    store::{Query, Store, Walk},
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

/// What somebody wants removed.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The command.
    pub verb: Verb,
    /// Which entries may go.
    pub filter: Filter,
    /// Where to stop, if not all of them shall.
    pub limits: Option<Limits>,
}

/// How much may stay, and in which order the rest goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// At most so many bytes, as the owner counts them.
    pub bytes: Option<u64>,
    /// At most so many entries.
    pub entries: Option<u64>,
    /// Who goes first, after those that have expired.
    pub order: Eviction,
}

/// Receives every planned entry.
pub type Witness<'a> = dyn FnMut(&Entry) + 'a;

/// Makes the plan for a wish. A `witness` costs a look at every entry where totals would do.
///
/// # Errors
/// [`Error::NotKept`], and those of [`Store::entries`].
pub fn make(
    store: &dyn Store,
    wish: &Wish,
    now: Timestamp,
    witness: Option<&mut Witness<'_>>,
) -> Result<Plan, Error> {
    wish.filter.check(store.facts())?;
    let mut plan = Plan { verb: wish.verb, now, what: What::Everything, entries: 0, bytes: 0, kept: 0 };
    let all = store.totals(&Filter::default(), now);
    match (&wish.limits, witness) {
        (Some(limits), witness) => limited(&mut plan, store, wish, limits, witness)?,
        (None, None) => {
            if let Some(totals) = store.totals(&wish.filter, now)? {
                (plan.entries, plan.bytes, plan.kept) =
                    (totals.entries, totals.bytes, totals.of.saturating_sub(totals.entries));
                plan.what = what(wish);
                return Ok(plan);
            }
            each(&mut plan, store, wish, &mut |_| {})?;
        }
        (None, Some(witness)) => each(&mut plan, store, wish, witness)?,
    }
    let of = all?.map_or(plan.entries, |totals| totals.of);
    plan.kept = of.saturating_sub(plan.entries);
    Ok(plan)
}

fn what(wish: &Wish) -> What {
    if wish.filter.is_empty() { What::Everything } else { What::Rule(wish.filter.clone()) }
}

/// All that match.
fn each(plan: &mut Plan, store: &dyn Store, wish: &Wish, witness: &mut Witness<'_>) -> Result<(), Error> {
    let mut named = Vec::new();
    let query = Query { filter: &wish.filter, now: plan.now, walk: Walk::Stored };
    store.entries(query, &mut |entry| {
        if wish.filter.matches(entry, query.now) {
            plan.entries += 1;
            plan.bytes = plan.bytes.saturating_add(entry.size_bytes());
            witness(entry);
            if wish.filter.names_some() {
                named.push(planned(entry));
            }
        }
        ControlFlow::Continue(())
    })?;
    // What is named is meant as it is now.
    let list = What::List { entries: named, spare_used: false };
    plan.what = if wish.filter.names_some() { list } else { what(wish) };
    Ok(())
}

fn planned(entry: &Entry) -> Planned {
    Planned { id: entry.id.clone(), stamp: entry.stamp, bytes: entry.size_bytes() }
}

/// As many of those that match as have to go: what has expired, then the others in their order.
fn limited(
    plan: &mut Plan,
    store: &dyn Store,
    wish: &Wish,
    limits: &Limits,
    mut witness: Option<&mut Witness<'_>>,
) -> Result<(), Error> {
    let needs = match limits.order {
        Eviction::LeastRecentlyUsed => &store.facts().accessed,
        Eviction::LeastFrequentlyUsed => &store.facts().hits,
        Eviction::LeastRecentlyStored | Eviction::None => &Kept::Yes,
    };
    if let Kept::No(why) = needs {
        return Err(Error::NotKept { flag: "--by", why: why.clone() });
    }
    let pulse = store.pulse(plan.now)?;
    let of = store.totals(&Filter::default(), plan.now)?.map_or(pulse.entries, |totals| totals.of);
    let too_many = limits.entries.map_or(0, |most| of.saturating_sub(most));
    let too_big = limits.bytes.map_or(0, |most| pulse.bytes.saturating_sub(most));
    let mut entries = Vec::new();
    for (walk, expired) in [(Walk::Stored, true), (Walk::ByEviction(limits.order), false)] {
        let filter = Filter { expired: wish.filter.expired || expired, ..wish.filter.clone() };
        let query = Query { filter: &filter, now: plan.now, walk };
        store.entries(query, &mut |entry| {
            if plan.entries >= too_many && plan.bytes >= too_big {
                return ControlFlow::Break(());
            }
            if filter.matches(entry, query.now) && entry.expiry.is_past(query.now) == expired {
                plan.entries += 1;
                plan.bytes = plan.bytes.saturating_add(entry.size_bytes());
                if let Some(witness) = &mut witness {
                    witness(entry);
                }
                entries.push(planned(entry));
            }
            ControlFlow::Continue(())
        })?;
    }
    let used_first = matches!(limits.order, Eviction::LeastRecentlyUsed | Eviction::LeastFrequentlyUsed);
    plan.what = What::List { entries, spare_used: used_first };
    Ok(())
}
