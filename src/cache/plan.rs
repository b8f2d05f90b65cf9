//! What would be removed, decided before anything is: pure functions of entries, rules and a clock.

use std::ops::ControlFlow;

use rustc_hash::FxHashMap;

use super::{
    Error,
    model::{Entry, EntryId, Eviction, Kept, Object, Stamp, Timestamp},
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

/// How much of a cache may stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// At most so many bytes, as the owner counts them ([`Store::pulse`]).
    pub bytes: Option<u64>,
    /// At most so many entries.
    pub entries: Option<u64>,
    /// In which order they go; `None` for the owner's own.
    pub order: Option<Eviction>,
}

/// Plans to remove what meets `filter` when it is removed.
///
/// # Errors
/// [`Error::NotKept`], and those of [`Store::entries`].
pub fn by_rule(store: &dyn Store, verb: Verb, filter: Filter, now: Timestamp) -> Result<Plan, Error> {
    filter.check(store.facts())?;
    let known = store.totals(&filter, now)?;
    let (entries, bytes, of) = match known {
        Some(totals) => (totals.entries, totals.bytes, totals.of),
        None => count(store, &filter, now)?,
    };
    Ok(Plan { verb, now, what: What::Rule(filter), entries, bytes, kept: of.saturating_sub(entries) })
}

/// Looks at every entry: how many match, what they free, and how many there are.
fn count(store: &dyn Store, filter: &Filter, now: Timestamp) -> Result<(u64, u64, u64), Error> {
    let everything = store.totals(&Filter::default(), now)?.map(|totals| totals.of);
    let (mut entries, mut of) = (0, 0);
    let mut freed = Freed::default();
    let all = Filter::default();
    // A store may leave out what does not match, so that what it leaves out is counted only where nothing else tells.
    let asked = if everything.is_some() { filter } else { &all };
    store.entries(Query::stored(asked, now), &mut |entry| {
        of += 1;
        let goes = filter.matches(entry, now);
        entries += u64::from(goes);
        freed.see(entry, goes);
        ControlFlow::Continue(())
    })?;
    Ok((entries, freed.bytes(), everything.unwrap_or(of)))
}

/// Plans to remove every entry.
///
/// # Errors
/// Those of [`Store::entries`].
pub fn everything(store: &dyn Store, now: Timestamp) -> Result<Plan, Error> {
    let plan = by_rule(store, Verb::Clear, Filter::default(), now)?;
    Ok(Plan { what: What::Everything, ..plan })
}

/// Plans to remove the entries that `filter` names, as they are now.
///
/// # Errors
/// [`Error::NotKept`], and those of [`Store::entries`].
pub fn named(store: &dyn Store, filter: &Filter, now: Timestamp) -> Result<Plan, Error> {
    let plan = by_rule(store, Verb::Remove, filter.clone(), now)?;
    let mut entries = Vec::new();
    store.entries(Query::stored(filter, now), &mut |entry| {
        if filter.matches(entry, now) {
            let bytes = entry.own_bytes;
            entries.push(Planned { id: entry.id.clone(), stamp: entry.stamp, bytes });
        }
        ControlFlow::Continue(())
    })?;
    Ok(Plan { entries: entries.len() as u64, what: What::List { entries, spare_used: false }, ..plan })
}

/// Visits every entry of a plan.
///
/// # Errors
/// Those of [`Store::entries`].
pub fn each(store: &dyn Store, plan: &Plan, visit: &mut dyn FnMut(&Entry)) -> Result<(), Error> {
    let all = Filter::default();
    let filter = match &plan.what {
        What::List { entries, .. } => {
            let mut ids = entries.iter().map(|planned| planned.id.clone());
            return store.lookup(&mut ids, &mut |entry| {
                visit(entry);
                ControlFlow::Continue(())
            });
        }
        What::Rule(filter) => filter,
        What::Everything => &all,
    };
    store.entries(Query::stored(filter, plan.now), &mut |entry| {
        if filter.matches(entry, plan.now) {
            visit(entry);
        }
        ControlFlow::Continue(())
    })
}

/// Refuses an order by what the owner does not keep.
fn check_order(store: &dyn Store, order: Eviction) -> Result<(), Error> {
    let needs = match order {
        Eviction::LeastRecentlyUsed => &store.facts().accessed,
        Eviction::LeastFrequentlyUsed => &store.facts().hits,
        Eviction::LeastRecentlyStored | Eviction::None => &Kept::Yes,
    };
    match needs {
        Kept::Yes => Ok(()),
        Kept::No(why) => Err(Error::NotKept { flag: "--by", why: why.clone() }),
    }
}

/// Plans to remove what meets `filter`, and then what has expired, and then, in the owner's own order or that of `room`, as many more as it
/// takes until no more is left than `room` allows. Entries younger than the filter's grace period stay in any case.
///
/// # Errors
/// [`Error::NotKept`], and those of [`Store::entries`].
pub fn to_fit(store: &dyn Store, filter: &Filter, room: Room, now: Timestamp) -> Result<Plan, Error> {
    filter.check(store.facts())?;
    let order = room.order.unwrap_or(store.eviction());
    check_order(store, order)?;
    let pulse = store.pulse(now)?;
    let everything = store.totals(&Filter::default(), now)?;
    let of = everything.map_or(pulse.entries, |totals| totals.of);
    let mut listed = Vec::new();
    let mut bytes = 0_u64;
    let mut held = Held::of(store, now)?;
    let mut add = |entry: &Entry, listed: &mut Vec<Planned>| {
        let size = held.lose(entry);
        bytes = bytes.saturating_add(size);
        listed.push(Planned { id: entry.id.clone(), stamp: entry.stamp, bytes: size });
    };
    let rule = filter.has_rule();
    if rule {
        store.entries(Query::stored(filter, now), &mut |entry| {
            if filter.matches(entry, now) {
                add(entry, &mut listed);
            }
            ControlFlow::Continue(())
        })?;
    }
    // What the owner counts beside the values (keys, indexes, pages that are not full) goes with the entries as well.
    let beside = everything.map_or(0, |totals| pulse.bytes.saturating_sub(totals.bytes) / of.max(1));
    let mut left = Left { bytes: pulse.bytes, entries: of, beside };
    listed.iter().for_each(|planned| left.lose(planned));
    let rest = Filter { grace: filter.grace, spare_pinned: filter.spare_pinned, ..Filter::default() };
    let expired = Filter { expired: true, ..rest.clone() };
    for (which, walk) in [(&expired, Walk::Stored), (&rest, Walk::ByEviction(order))] {
        if left.fits(room) {
            break;
        }
        store.entries(Query { filter: which, now, walk, full: true }, &mut |entry| {
            let planned_already =
                rule && filter.matches(entry, now) || !which.expired && entry.is_dead(now, false);
            if which.matches(entry, now) && !planned_already {
                add(entry, &mut listed);
                listed.last().into_iter().for_each(|planned| left.lose(planned));
            }
            if left.fits(room) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    let entries = listed.len() as u64;
    let what = What::List { entries: listed, spare_used: true };
    Ok(Plan { verb: Verb::Prune, now, what, entries, bytes, kept: of.saturating_sub(entries) })
}

/// What stays.
struct Left {
    bytes: u64,
    entries: u64,
    /// Bytes that an entry takes beside its own.
    beside: u64,
}

impl Left {
    fn lose(&mut self, planned: &Planned) {
        self.bytes = self.bytes.saturating_sub(planned.bytes.saturating_add(self.beside));
        self.entries = self.entries.saturating_sub(1);
    }

    fn fits(&self, room: Room) -> bool {
        room.bytes.is_none_or(|most| self.bytes <= most)
            && room.entries.is_none_or(|most| self.entries <= most)
    }
}

/// Who needs which shared object: entries of the store and others.
#[derive(Debug, Default)]
pub(super) struct Held(FxHashMap<u64, u64>);

impl Held {
    /// Looks at every entry of a store whose entries share anything.
    pub(super) fn of(store: &dyn Store, now: Timestamp) -> Result<Self, Error> {
        let mut held = FxHashMap::default();
        if store.shares() {
            let all = Filter::default();
            store.entries(Query::stored(&all, now), &mut |entry| {
                for object in &entry.shared {
                    let (seen, links) = held.entry(object.id).or_insert((0, object.links));
                    *seen += 1;
                    *links = object.links.max(*links);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(Self(held.into_iter().map(|(id, (seen, links))| (id, seen.max(links))).collect()))
    }

    /// One more needs these.
    #[cfg(test)]
    pub(super) fn expect(&mut self, shared: &[Object]) {
        shared.iter().for_each(|object| *self.0.entry(object.id).or_default() += 1);
    }

    /// What the going of one more entry frees.
    pub(super) fn lose(&mut self, entry: &Entry) -> u64 {
        self.lose_parts(entry.own_bytes, &entry.shared)
    }

    /// The same of an entry that consists of this.
    pub(super) fn lose_parts(&mut self, own_bytes: u64, shared: &[Object]) -> u64 {
        let mut freed = own_bytes;
        for object in shared {
            let holders = self.0.entry(object.id).or_insert(object.links.max(1));
            *holders = holders.saturating_sub(1);
            if *holders == 0 {
                freed = freed.saturating_add(object.bytes);
            }
        }
        freed
    }
}

/// Adds up what goes: what entries share is freed only when the last of them goes.
#[derive(Default)]
struct Freed {
    own: u64,
    /// By shared object: its bytes, how many names it has, and how many that need it go and stay.
    shared: FxHashMap<u64, (u64, u64, u64, u64)>,
}

impl Freed {
    fn see(&mut self, entry: &Entry, goes: bool) {
        if goes {
            self.own = self.own.saturating_add(entry.own_bytes);
        }
        for object in &entry.shared {
            let (bytes, links, going, staying) = self.shared.entry(object.id).or_default();
            (*bytes, *links) = (object.bytes, object.links.max(*links));
            *if goes { going } else { staying } += 1;
        }
    }

    fn bytes(&self) -> u64 {
        let gone = self.shared.values().filter(|(_, links, going, staying)| {
            // Names that are no entry's keep it as well.
            *going > 0 && *staying == 0 && going >= links
        });
        gone.fold(self.own, |sum, (bytes, ..)| sum.saturating_add(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            model::Expiry,
            sketch::{Sketch, at, entry},
        },
        *,
    };

    const NOW: f64 = 1000.0;

    #[test]
    fn a_rule_is_planned_as_a_rule() {
        let mut store = Sketch::new(5, |i, entry| entry.own_bytes = i);
        store.entries[1].expiry = Expiry::At(at(NOW - 1.0));
        store.entries[3].expiry = Expiry::At(at(NOW - 1.0));
        store.entries[4].expiry = Expiry::At(at(NOW));
        let plan = by_rule(&store, Verb::Expire, Filter::only_expired(), at(NOW)).unwrap();
        assert_eq!((plan.entries, plan.bytes, plan.kept), (2, 4, 3));
        assert!(matches!(plan.what, What::Rule(filter) if filter.expired));
        let plan = everything(&store, at(NOW)).unwrap();
        assert_eq!((plan.entries, plan.bytes, plan.kept), (5, 10, 0));
    }

    #[test]
    fn what_is_shared_is_freed_with_its_last_entry() {
        let mut store = Sketch::new(3, |_, entry| entry.own_bytes = 1);
        for entry in &mut store.entries {
            entry.shared =
                vec![Object { id: 7, bytes: 100, links: 1 }, Object { id: 8, bytes: 1000, links: 4 }];
        }
        let some = |n: usize| {
            let ids = store.entries[..n].iter().map(|entry| entry.id.clone()).collect();
            let filter = Filter { ids, ..Filter::default() };
            by_rule(&store, Verb::Remove, filter, at(NOW)).unwrap().bytes
        };
        assert_eq!([some(1), some(2), some(3)], [1, 2, 103]);
    }

    #[test]
    fn what_the_owner_would_let_go_first_goes_first() {
        let store = Sketch::new(4, |i, entry| {
            entry.own_bytes = 10;
            entry.created = super::super::sketch::time(100.0 - i as f64);
        });
        let room = Room { entries: Some(2), ..Room::default() };
        let plan = to_fit(&store, &Filter::default(), room, at(NOW)).unwrap();
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
            let room = Room { bytes: most_bytes, entries: most_entries, order: None };
            let filter = Filter { larger_than, ..Filter::default() };
            let plan = to_fit(&store, &filter, room, at(NOW)).unwrap();
            let What::List { entries: going, .. } = &plan.what else { panic!("no list") };
            let total: u64 = sizes.iter().sum();
            let freed: u64 = going.iter().map(|planned| planned.bytes).sum();
            let (stay_bytes, stay) = (total - freed, sizes.len() as u64 - going.len() as u64);
            prop_assert_eq!((plan.entries, plan.bytes, plan.kept), (going.len() as u64, freed, stay));
            prop_assert!(most_bytes.is_none_or(|most| stay_bytes <= most));
            prop_assert!(most_entries.is_none_or(|most| stay <= most));
            let ruled = sizes.iter().filter(|&&size| larger_than.is_some_and(|least| size > least)).count();
            prop_assert!(going.len() >= ruled);
            // Without the last one it would not fit, unless the rule wants it gone.
            if let Some(last) = going.last().filter(|_| going.len() > ruled) {
                let fits = most_bytes.is_none_or(|most| stay_bytes + last.bytes <= most)
                    && most_entries.is_none_or(|most| stay < most);
                prop_assert!(!fits);
            }
            let mut names: Vec<&EntryId> = going.iter().map(|planned| &planned.id).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), going.len());
        }
    }
}
