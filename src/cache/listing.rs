//! Entries in the order in which somebody wants to see them.

use std::{collections::BinaryHeap, ops::ControlFlow};

use super::{
    Error,
    model::{Entry, EntryId, Expiry, Kept, Timestamp},
    select::{Filter, Order},
    store::{Draw, Drawers, Query, Store, Take, Visit, Walk, draw_in_turn},
};

/// Which entries, and how many of them.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Which ones.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// At most so many.
    pub limit: Option<u64>,
}

/// Visits the entries that `listing` chooses, in its order. Holds nothing in the stored order and at most 64 bytes an entry, or an entry of
/// the limit, in any other.
///
/// # Errors
/// [`Error::NotKept`], and those of [`Store::entries`].
pub fn each(
    store: &dyn Store,
    listing: &Listing,
    now: Timestamp,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    check(store, listing)?;
    match listing.order {
        Order::Stored => walk(store, listing, now, Walk::Stored, visit),
        Order::Key => walk(store, listing, now, Walk::ByKey, visit),
        order => sorted(store, listing, now, &|entry| rank(entry, order), visit),
    }
}

/// Has the entries drawn that [`each`] would visit and hands the result over, many at a time. With `full`, whoever draws finds all that is
/// known of an entry, else what [`Query::full`] leaves. Many entries in the stored order are drawn on several threads.
///
/// # Errors
/// As [`each`]; what was drawn before one has been handed over.
pub fn draw(
    store: &dyn Store,
    listing: &Listing,
    now: Timestamp,
    full: bool,
    drawers: &Drawers<'_>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    if listing.order != Order::Stored || listing.limit.is_some() {
        return draw_in_turn(|visit| each(store, listing, now, visit), drawers, take).map(|_| ());
    }
    check(store, listing)?;
    let filter = &listing.filter;
    let query = Query { filter, now, walk: Walk::Stored, full };
    if filter.is_empty() {
        return store.draw(query, drawers, take);
    }
    let chosen = || -> Draw<'_> {
        let mut draw = drawers();
        Box::new(move |entry, bytes| {
            if filter.matches(entry, now) {
                draw(entry, bytes);
            }
        })
    };
    store.draw(query, &chosen, take)
}

/// Whether the cache keeps what is asked for.
fn check(store: &dyn Store, listing: &Listing) -> Result<(), Error> {
    listing.filter.check(store.facts())?;
    let facts = store.facts();
    let needs = match listing.order {
        Order::Age => &facts.created,
        Order::Used => &facts.accessed,
        Order::Expires => &facts.expiry,
        Order::Stored | Order::Size | Order::Key => &Kept::Yes,
    };
    match needs {
        Kept::Yes => Ok(()),
        Kept::No(why) => Err(Error::NotKept { flag: "--sort", why: why.clone() }),
    }
}

fn walk(
    store: &dyn Store,
    listing: &Listing,
    now: Timestamp,
    walk: Walk,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let mut left = listing.limit.unwrap_or(u64::MAX);
    if left == 0 {
        return Ok(());
    }
    let filter = &listing.filter;
    let all = filter.is_empty();
    store.entries(Query { filter, now, walk, full: true }, &mut |entry| {
        if !all && !filter.matches(entry, now) {
            return ControlFlow::Continue(());
        }
        left -= 1;
        match visit(entry) {
            ControlFlow::Continue(()) if left == 0 => ControlFlow::Break(()),
            flow => flow,
        }
    })
}

/// What an entry is ordered by, small ones first; what is not known comes last.
fn rank(entry: &Entry, order: Order) -> f64 {
    let time = |time: Option<super::model::Time>| time.map_or(f64::INFINITY, |time| time.at.seconds());
    match order {
        Order::Size => -(entry.size_bytes() as f64),
        Order::Age => time(entry.created),
        Order::Used => time(entry.accessed),
        Order::Expires => match entry.expiry {
            Expiry::At(at) => at.seconds(),
            Expiry::Never | Expiry::NotRecorded => f64::INFINITY,
        },
        Order::Stored | Order::Key => 0.0,
    }
}

/// An entry's place: its rank, and how many came before it, so that equal ones stay in the stored order.
#[derive(Clone, Debug)]
struct Place {
    rank: f64,
    nth: u64,
    id: EntryId,
}

const _: () = assert!(std::mem::size_of::<Place>() <= 64);

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.total_cmp(&other.rank).then(self.nth.cmp(&other.nth))
    }
}

fn sorted(
    store: &dyn Store,
    listing: &Listing,
    now: Timestamp,
    rank: &dyn Fn(&Entry) -> f64,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let most = listing.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let everything = Listing { limit: None, order: Order::Stored, filter: listing.filter.clone() };
    let mut nth = 0;
    let mut all = Vec::new();
    let mut best = BinaryHeap::new();
    walk(store, &everything, now, Walk::Stored, &mut |entry| {
        nth += 1;
        let place = |id| Place { rank: rank(entry), nth, id };
        if listing.limit.is_none() {
            all.push(place(entry.id.clone()));
        } else if best.len() < most {
            best.push(place(entry.id.clone()));
        } else if best.peek().is_some_and(|worst: &Place| rank(entry).total_cmp(&worst.rank).is_lt()) {
            best.pop();
            best.push(place(entry.id.clone()));
        }
        ControlFlow::Continue(())
    })?;
    if listing.limit.is_none() {
        all.sort_unstable();
    } else {
        all = best.into_sorted_vec();
    }
    store.lookup(&mut all.into_iter().map(|place| place.id), visit)
}

#[cfg(test)]
mod tests {
    use super::{
        super::sketch::{Sketch, at},
        *,
    };

    fn listed(listing: &Listing) -> Vec<u64> {
        let store = Sketch::new(20, |i, entry| entry.own_bytes = i * 7 % 10);
        let mut sizes = Vec::new();
        each(&store, listing, at(0.0), &mut |entry| {
            sizes.push(entry.own_bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
        sizes
    }

    #[test]
    fn a_limit_gives_the_first_of_the_same_order() {
        let by_size = Listing { order: Order::Size, ..Listing::default() };
        let all = listed(&by_size);
        assert_eq!(all.len(), 20);
        assert!(all.is_sorted_by(|a, b| a >= b));
        for n in [0, 1, 3, 19, 20, 50] {
            let some = listed(&Listing { limit: Some(n), ..by_size.clone() });
            assert_eq!(some, all.iter().copied().take(n as usize).collect::<Vec<_>>(), "{n}");
        }
        let stored = listed(&Listing { limit: Some(3), ..Listing::default() });
        assert_eq!(stored, [0, 7, 4]);
    }

    #[test]
    fn an_order_by_what_is_not_kept_is_refused() {
        let store = Sketch::new(1, |_, _| ());
        let listing = Listing { order: Order::Used, ..Listing::default() };
        let error = each(&store, &listing, at(0.0), &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(error.to_string(), "cannot use `--sort`: the sketch does not record it");
    }
}
