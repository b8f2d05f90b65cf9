//! What would be removed, decided before anything is: pure functions of entries, rules and a clock.

use std::ops::ControlFlow;

use rustc_hash::FxHashMap;

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
    let mut freed = Freed::default();
    let query = Query { filter: &wish.filter, now: plan.now, walk: Walk::Stored };
    store.entries(query, &mut |entry| {
        let goes = wish.filter.matches(entry, query.now);
        freed.see(entry, goes);
        if goes {
            plan.entries += 1;
            witness(entry);
            if wish.filter.names_some() {
                named.push(planned(entry));
            }
        }
        ControlFlow::Continue(())
    })?;
    plan.bytes = freed.bytes();
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
    let all = store.totals(&Filter::default(), plan.now)?;
    let of = all.map_or(pulse.entries, |totals| totals.of);
    // What the owner counts beside the values (keys, indexes, pages that are not full) goes with the entries as well.
    let beside = all.map_or(0, |all| pulse.bytes.saturating_sub(all.bytes) / of.max(1));
    let mut less = 0_u64;
    let too_many = limits.entries.map_or(0, |most| of.saturating_sub(most));
    let too_big = limits.bytes.map_or(0, |most| pulse.bytes.saturating_sub(most));
    let mut entries = Vec::new();
    for (walk, expired) in [(Walk::Stored, true), (Walk::ByEviction(limits.order), false)] {
        let filter = Filter { expired: wish.filter.expired || expired, ..wish.filter.clone() };
        let query = Query { filter: &filter, now: plan.now, walk };
        store.entries(query, &mut |entry| {
            if plan.entries >= too_many && less >= too_big {
                return ControlFlow::Break(());
            }
            if filter.matches(entry, query.now) && entry.expiry.is_past(query.now) == expired {
                plan.entries += 1;
                plan.bytes = plan.bytes.saturating_add(entry.size_bytes());
                less = less.saturating_add(entry.size_bytes()).saturating_add(beside);
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

/// Adds up what goes: what entries share is freed only when the last of them goes.
#[derive(Default)]
struct Freed {
    own: u64,
    /// By shared object: its bytes, and how many that need it go and stay.
    shared: FxHashMap<u64, (u64, u64, u64)>,
}

impl Freed {
    fn see(&mut self, entry: &Entry, goes: bool) {
        if goes {
            self.own = self.own.saturating_add(entry.own_bytes);
        }
        for object in &entry.shared {
            let (bytes, going, staying) = self.shared.entry(object.id).or_default();
            *bytes = object.bytes;
            *if goes { going } else { staying } += 1;
        }
    }

    fn bytes(&self) -> u64 {
        let gone = self.shared.values().filter(|(_, going, staying)| *going > 0 && *staying == 0);
        gone.fold(self.own, |sum, (bytes, ..)| sum.saturating_add(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            model::{Expiry, Object},
            sketch::{Sketch, at, entry},
        },
        *,
    };

    const NOW: f64 = 1000.0;

    fn planned(store: &Sketch, verb: Verb, filter: Filter, limits: Option<Limits>) -> Plan {
        make(store, &Wish { verb, filter, limits }, at(NOW), None).unwrap()
    }

    fn limits(bytes: Option<u64>, entries: Option<u64>) -> Option<Limits> {
        Some(Limits { bytes, entries, order: Eviction::LeastRecentlyStored })
    }

    #[test]
    fn a_rule_is_planned_as_a_rule() {
        let mut store = Sketch::new(5, |i, entry| entry.own_bytes = i);
        store.entries[1].expiry = Expiry::At(at(NOW - 1.0));
        store.entries[3].expiry = Expiry::At(at(NOW - 1.0));
        store.entries[4].expiry = Expiry::At(at(NOW));
        let plan = planned(&store, Verb::Expire, Filter::only_expired(), None);
        assert_eq!((plan.entries, plan.bytes, plan.kept), (2, 4, 3));
        assert!(matches!(plan.what, What::Rule(filter) if filter.expired));
        let plan = planned(&store, Verb::Clear, Filter::default(), None);
        assert_eq!((plan.entries, plan.bytes, plan.kept), (5, 10, 0));
    }

    #[test]
    fn what_is_shared_is_freed_with_its_last_entry() {
        let mut store = Sketch::new(3, |_, entry| entry.own_bytes = 1);
        for entry in &mut store.entries {
            entry.shared = vec![Object { id: 7, bytes: 100 }];
        }
        let some = |n: usize| {
            let ids = store.entries[..n].iter().map(|entry| entry.id.clone()).collect();
            let filter = Filter { ids, ..Filter::default() };
            planned(&store, Verb::Remove, filter, None).bytes
        };
        assert_eq!([some(1), some(2), some(3)], [1, 2, 103]);
    }

    #[test]
    fn what_the_owner_would_let_go_first_goes_first() {
        let store = Sketch::new(4, |i, entry| {
            entry.own_bytes = 10;
            entry.created = super::super::sketch::time(100.0 - i as f64);
        });
        let plan = planned(&store, Verb::Prune, Filter::default(), limits(None, Some(2)));
        let What::List { entries, .. } = plan.what else { panic!("no list") };
        let ids: Vec<&EntryId> = entries.iter().map(|planned| &planned.id).collect();
        assert_eq!(ids, [&EntryId::Row(3), &EntryId::Row(2)]);
    }

    proptest! {
        #[test]
        fn what_stays_fits_and_not_more_goes_than_must(
            sizes in prop::collection::vec(0_u64..1000, 0..40),
            most_bytes in prop::option::of(0_u64..20_000),
            most_entries in prop::option::of(0_u64..40),
            larger_than in prop::option::of(0_u64..1000),
        ) {
            let mut store = Sketch::new(0, |_, _| ());
            store.entries = sizes.iter().enumerate().map(|(i, &size)| {
                let mut entry = entry(i as i64);
                entry.own_bytes = size;
                entry
            }).collect();
            let filter = Filter { larger_than, ..Filter::default() };
            let plan = planned(&store, Verb::Prune, filter, limits(most_bytes, most_entries));
            let What::List { entries: going, .. } = &plan.what else { panic!("no list") };
            let total: u64 = sizes.iter().sum();
            let freed: u64 = going.iter().map(|planned| planned.bytes).sum();
            let (stay_bytes, stay) = (total - freed, sizes.len() as u64 - going.len() as u64);
            prop_assert_eq!((plan.entries, plan.bytes, plan.kept), (going.len() as u64, freed, stay));
            let may_go = sizes.iter().filter(|&&size| larger_than.is_none_or(|least| size > least)).count();
            let fits = |bytes, entries| most_bytes.is_none_or(|most| bytes <= most) && most_entries.is_none_or(|most| entries <= most);
            prop_assert!(fits(stay_bytes, stay) || going.len() == may_go);
            // Without the last one it would not fit.
            if let Some(last) = going.last() {
                prop_assert!(!fits(stay_bytes + last.bytes, stay + 1));
            }
            let mut names: Vec<&EntryId> = going.iter().map(|planned| &planned.id).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), going.len());
        }
    }
}
