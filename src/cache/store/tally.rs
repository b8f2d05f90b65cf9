//! Adding up entries: what every store that looks at each of them does the same way.

use rustc_hash::FxHashMap;

use super::{
    By,
    classes::{AGES, SIZES, count, histogram},
};
use crate::cache::model::{DataType, Entry, Expiry, Label, Reclaimable, Share, Summary, Timestamp};

/// Different tags, groups or types that are told apart; what comes after that is only counted.
const MOST_SHARES: usize = 10_000;

/// What has been added up so far.
pub(super) struct Tally {
    now: Timestamp,
    by: Option<By>,
    summary: Summary,
    never: u64,
    ages: Vec<(u64, u64)>,
    sizes: Vec<(u64, u64)>,
    shares: FxHashMap<(DataType, String), Share>,
    /// Of each shared object: its bytes, how many names it has outside of what was seen, and who needs it.
    objects: FxHashMap<u64, Needed>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Needed {
    bytes: u64,
    links: u64,
    all: u64,
    dead: u64,
    unsure: u64,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new(now: Timestamp, by: Option<By>) -> Self {
        Self {
            now,
            by,
            summary: Summary { all_in_files: true, ..Summary::default() },
            never: 0,
            ages: vec![(0, 0); AGES.len() + 1],
            sizes: vec![(0, 0); SIZES.len() + 1],
            shares: FxHashMap::default(),
            objects: FxHashMap::default(),
        }
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, entry: &Entry) {
        let bytes = entry.size_bytes();
        let (dead, unsure) = (entry.is_dead(self.now, false), entry.is_dead(self.now, true));
        let expired = entry.expiry.is_past(self.now);
        let sum = &mut self.summary;
        sum.entries += 1;
        sum.size_bytes = sum.size_bytes.saturating_add(entry.own_bytes);
        for object in &entry.shared {
            let needed = self.objects.entry(object.id).or_default();
            if needed.all == 0 {
                sum.size_bytes = sum.size_bytes.saturating_add(object.bytes);
            }
            (needed.bytes, needed.links) = (object.bytes, needed.links.max(object.links));
            needed.all += 1;
            needed.dead += u64::from(dead);
            needed.unsure += u64::from(unsure);
        }
        if expired {
            sum.expired_entries += 1;
            sum.expired_bytes = sum.expired_bytes.saturating_add(entry.own_bytes);
        } else if dead {
            sum.stale.sure_entries += 1;
            sum.stale.sure_bytes = sum.stale.sure_bytes.saturating_add(entry.own_bytes);
        } else if unsure {
            sum.stale.likely_entries += 1;
            sum.stale.likely_bytes = sum.stale.likely_bytes.saturating_add(entry.own_bytes);
        }
        self.never += u64::from(entry.expiry == Expiry::Never);
        if let Some(time) = entry.created {
            sum.oldest = Some(sum.oldest.map_or(time.at, |oldest| oldest.min(time.at)));
            sum.newest = Some(sum.newest.map_or(time.at, |newest| newest.max(time.at)));
            count(&mut self.ages, &AGES, self.now.since(time.at), bytes);
        }
        if let Some(time) = entry.accessed {
            sum.last_used = Some(sum.last_used.map_or(time.at, |last| last.max(time.at)));
        }
        count(&mut self.sizes, &SIZES, bytes as f64, bytes);
        self.share(entry, bytes, expired);
    }

    fn share(&mut self, entry: &Entry, bytes: u64, expired: bool) {
        let named =
            |text: &str| Label { data_type: DataType::Name, text: text.to_owned(), ..Label::default() };
        let labels = match self.by {
            None => return,
            Some(By::Type) => vec![named(entry.value_type.name())],
            Some(By::Group) => vec![entry.group.as_deref().map(named).unwrap_or_default()],
            Some(By::Tag) => match entry.tags.as_deref() {
                None | Some([]) => vec![Label::default()],
                Some(tags) => tags.to_vec(),
            },
        };
        for label in labels {
            let key = (label.data_type, label.text.clone());
            if self.shares.len() >= MOST_SHARES && !self.shares.contains_key(&key) {
                self.summary.by_left_out += 1;
                continue;
            }
            let share = self.shares.entry(key).or_insert_with(|| Share { label, ..Share::default() });
            share.entries += 1;
            share.bytes = share.bytes.saturating_add(bytes);
            share.expired_entries += u64::from(expired);
        }
    }

    /// Adds what another has added up of other entries of the same cache.
    pub(super) fn merge(&mut self, other: Self) {
        let (sum, more) = (&mut self.summary, other.summary);
        sum.entries += more.entries;
        sum.size_bytes = sum.size_bytes.saturating_add(more.size_bytes);
        sum.expired_entries += more.expired_entries;
        sum.expired_bytes = sum.expired_bytes.saturating_add(more.expired_bytes);
        sum.stale.sure_entries += more.stale.sure_entries;
        sum.stale.sure_bytes = sum.stale.sure_bytes.saturating_add(more.stale.sure_bytes);
        sum.stale.likely_entries += more.stale.likely_entries;
        sum.stale.likely_bytes = sum.stale.likely_bytes.saturating_add(more.stale.likely_bytes);
        sum.oldest = [sum.oldest, more.oldest].into_iter().flatten().min();
        sum.newest = sum.newest.max(more.newest);
        sum.last_used = sum.last_used.max(more.last_used);
        sum.by_left_out += more.by_left_out;
        for (id, needed) in other.objects {
            let known = self.objects.entry(id).or_default();
            // Both have counted it.
            if known.all > 0 {
                sum.size_bytes = sum.size_bytes.saturating_sub(needed.bytes);
            }
            (known.bytes, known.links) = (needed.bytes, known.links.max(needed.links));
            known.all += needed.all;
            known.dead += needed.dead;
            known.unsure += needed.unsure;
        }
        self.never += other.never;
        for (all, more) in [(&mut self.ages, other.ages), (&mut self.sizes, other.sizes)] {
            for (one, (entries, bytes)) in all.iter_mut().zip(more) {
                *one = (one.0 + entries, one.1.saturating_add(bytes));
            }
        }
        for (key, more) in other.shares {
            if self.shares.len() >= MOST_SHARES && !self.shares.contains_key(&key) {
                self.summary.by_left_out += more.entries;
                continue;
            }
            let share =
                self.shares.entry(key).or_insert_with(|| Share { label: more.label, ..Share::default() });
            share.entries += more.entries;
            share.bytes = share.bytes.saturating_add(more.bytes);
            share.expired_entries += more.expired_entries;
        }
    }

    /// The sum. What the directory takes on disk is for the caller to say.
    pub(super) fn finish(mut self) -> Summary {
        let mut sum = self.summary;
        for needed in self.objects.values() {
            // As long as somebody else refers to it, nothing is freed.
            if needed.dead > 0 && needed.dead == needed.all && needed.all >= needed.links {
                sum.stale.sure_bytes = sum.stale.sure_bytes.saturating_add(needed.bytes);
            } else if needed.unsure > 0 && needed.unsure == needed.all && needed.all >= needed.links {
                sum.stale.likely_bytes = sum.stale.likely_bytes.saturating_add(needed.bytes);
            }
        }
        sum.never_expire_entries = Some(self.never);
        sum.ages = histogram(&AGES, &self.ages);
        sum.sizes = histogram(&SIZES, &self.sizes);
        sum.by = std::mem::take(&mut self.shares).into_values().collect();
        sum.by.sort_by(|a, b| {
            b.bytes
                .cmp(&a.bytes)
                .then(b.entries.cmp(&a.entries))
                .then_with(|| a.label.text.cmp(&b.label.text))
        });
        let stale = sum.stale;
        let rows: [(u64, &str, &'static [&'static str]); 3] = [
            (sum.expired_bytes, "expired entries", &["expire"]),
            (stale.sure_bytes, "entries that are left over", &["expire"]),
            (stale.likely_bytes, "entries that seem to be left over", &["expire", "--include", "unsure"]),
        ];
        sum.reclaimable = rows
            .into_iter()
            .filter(|row| row.0 > 0)
            .map(|(bytes, what, how)| Reclaimable { what: what.to_owned(), bytes, how })
            .collect();
        sum
    }
}
