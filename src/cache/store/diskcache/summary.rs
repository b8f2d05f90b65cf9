//! A cache as a whole, from its settings and one pass over its rows.

use rusqlite::{Row, types::ValueRef};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    DiskStore, Part, Settings, keys, recipes,
    rows::{Number, value_type},
    usage,
    value_name::{FileName, ValueName},
};
use crate::cache::{
    Error,
    model::{
        Bin, DataType, Expiry, Histogram, Label, Limit, Reclaimable, Setting, Share, Summary, Timestamp,
    },
    store::{By, Pulse},
};

/// Upper ends of the classes of ages, in seconds: an hour, a day, a week, 30 and 90 days, a year.
const AGES: [f64; 6] = [3600.0, 86_400.0, 604_800.0, 2_592_000.0, 7_776_000.0, 31_536_000.0];
/// Upper ends of the classes of sizes, in bytes.
const SIZES: [f64; 7] = [64.0, 1024.0, 16_384.0, 262_144.0, 4_194_304.0, 67_108_864.0, 1_073_741_824.0];
/// Different tags, groups or types that are told apart; what comes after that is only counted.
const MOST_SHARES: usize = 10_000;

/// The cache as a whole.
pub(super) fn summary(store: &DiskStore, now: Timestamp, by: Option<By>) -> Result<Summary, Error> {
    let mut total = Total::new(now);
    let mut parts = Vec::new();
    for part in &store.parts {
        let (entries, bytes, expired) =
            (total.summary.entries, total.summary.size_bytes, total.summary.expired_entries);
        total.read(part, by).map_err(|error| part.error(error))?;
        if let Some(shard) = part.shard {
            parts.push(Share {
                label: Label::text(format!("{shard:03}")),
                entries: total.summary.entries - entries,
                bytes: total.summary.size_bytes - bytes,
                expired_entries: total.summary.expired_entries - expired,
            });
        }
    }
    let mut summary = total.finish(store);
    summary.parts = parts;
    Ok(summary)
}

/// What has been added up.
struct Total {
    now: Timestamp,
    summary: Summary,
    never: u64,
    ages: Vec<(u64, u64)>,
    sizes: Vec<(u64, u64)>,
    /// By what is asked for: entries, bytes, expired ones.
    by: FxHashMap<(DataType, String), Share>,
    limit: Limit,
    free_bytes: u64,
    usage: usage::Usage,
    hits: u64,
    misses: u64,
    counts: bool,
}

impl Total {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            summary: Summary::default(),
            never: 0,
            ages: vec![(0, 0); AGES.len() + 1],
            sizes: vec![(0, 0); SIZES.len() + 1],
            by: FxHashMap::default(),
            limit: Limit { used: 0, allowed: 0 },
            free_bytes: 0,
            usage: usage::Usage::default(),
            hits: 0,
            misses: 0,
            counts: true,
        }
    }

    fn read(&mut self, part: &Part, by: Option<By>) -> rusqlite::Result<()> {
        let connection = &part.database.connection;
        // One snapshot, so that the counters and the rows tell of the same moment.
        let snapshot = connection.unchecked_transaction()?;
        let settings = Settings::read(connection)?;
        self.counts &= settings.counts();
        self.hits += settings.number("hits").unwrap_or(0);
        self.misses += settings.number("misses").unwrap_or(0);
        let pages = |sql| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
        let page = pages("PRAGMA page_size")?;
        self.limit.used += page * pages("PRAGMA page_count")? + settings.number("size").unwrap_or(0);
        self.limit.allowed += settings.number("size_limit").unwrap_or(0);
        self.free_bytes += page * pages("PRAGMA freelist_count")?;
        let mut named = FxHashSet::default();
        self.rows(part, by, &mut named)?;
        drop(snapshot);
        if part.shard.is_some() || !named.is_empty() {
            let usage = usage::measure(&part.dir, &named, self.now.seconds());
            self.usage.orphans += usage.orphans;
            self.usage.orphan_bytes += usage.orphan_bytes;
            self.usage.disk_bytes += usage.disk_bytes;
        }
        Ok(())
    }

    fn rows(
        &mut self,
        part: &Part,
        by: Option<By>,
        named: &mut FxHashSet<ValueName>,
    ) -> rusqlite::Result<()> {
        let more = match by {
            None => "",
            Some(By::Type) => ", mode, typeof(value)",
            Some(By::Tag) => ", iif(octet_length(tag) > 65536, NULL, tag)",
            Some(By::Group) => {
                concat!(", iif(octet_length(key) > 65536, NULL, key), raw, ", recipes::pair!())
            }
        };
        let sql = format!(
            "SELECT size, octet_length(value), store_time, expire_time,
             iif(octet_length(filename) > 4096, NULL, filename){more} FROM Cache NOT INDEXED"
        );
        let mut statement = part.database.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut label = Label::default();
        while let Some(row) = rows.next()? {
            let (bytes, expired) = self.row(row, named)?;
            if let Some(by) = by {
                describe(&mut label, row, by, part)?;
                self.share(&label, bytes, expired);
            }
        }
        Ok(())
    }

    /// Adds a row; its bytes, and whether it has expired.
    fn row(&mut self, row: &Row<'_>, named: &mut FxHashSet<ValueName>) -> rusqlite::Result<(u64, bool)> {
        let (size, length): (Number, Number) = (row.get(0)?, row.get(1)?);
        let (stored, expires): (Number, Number) = (row.get(2)?, row.get(3)?);
        let (in_file, inline) = (size.count().unwrap_or(0), length.count().unwrap_or(0));
        let bytes = in_file.saturating_add(inline);
        let summary = &mut self.summary;
        summary.entries += 1;
        summary.file_bytes = summary.file_bytes.saturating_add(in_file);
        summary.inline_bytes = summary.inline_bytes.saturating_add(inline);
        summary.size_bytes = summary.size_bytes.saturating_add(bytes);
        let expiry = expires.expiry();
        let expired = expiry.is_past(self.now);
        if expired {
            summary.expired_entries += 1;
            summary.expired_bytes = summary.expired_bytes.saturating_add(bytes);
        }
        self.never += u64::from(expiry == Expiry::Never);
        if let Some(time) = stored.time() {
            summary.oldest = Some(summary.oldest.map_or(time.at, |oldest| oldest.min(time.at)));
            summary.newest = Some(summary.newest.map_or(time.at, |newest| newest.max(time.at)));
            count(&mut self.ages, &AGES, self.now.since(time.at), bytes);
        }
        count(&mut self.sizes, &SIZES, bytes as f64, bytes);
        if let ValueRef::Text(name) = row.get_ref(4)?
            && let FileName::Own(name) | FileName::Windows(name) = FileName::of(name)
        {
            named.insert(name);
        }
        Ok((bytes, expired))
    }

    fn share(&mut self, label: &Label, bytes: u64, expired: bool) {
        let key = (label.data_type, label.text.clone());
        let full = self.by.len() >= MOST_SHARES;
        let share = match self.by.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(_) if full => {
                self.summary.by_left_out += 1;
                return;
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Share { label: label.clone(), ..Share::default() })
            }
        };
        share.entries += 1;
        share.bytes = share.bytes.saturating_add(bytes);
        share.expired_entries += u64::from(expired);
    }

    fn finish(mut self, store: &DiskStore) -> Summary {
        let single = store.parts.first().is_some_and(|part| part.shard.is_none());
        // A single cache has been measured already if it has files.
        if !single || self.usage.disk_bytes == 0 {
            let usage = usage::measure(&store.root, &FxHashSet::default(), self.now.seconds());
            self.usage.disk_bytes = usage.disk_bytes;
            if single {
                (self.usage.orphans, self.usage.orphan_bytes) = (usage.orphans, usage.orphan_bytes);
            }
        }
        let mut summary = self.summary;
        summary.disk_bytes = self.usage.disk_bytes;
        summary.never_expire_entries = Some(self.never);
        summary.limit = (self.limit.allowed > 0).then_some(self.limit);
        if self.counts {
            (summary.hits, summary.misses) = (Some(self.hits), Some(self.misses));
        } else {
            summary.how_to_count = Some("`cache.stats(enable=True)` in its program counts them".to_owned());
        }
        summary.ages = histogram(&AGES, &self.ages);
        summary.sizes = histogram(&SIZES, &self.sizes);
        summary.by = self.by.into_values().collect();
        summary.by.sort_by(|a, b| {
            b.bytes
                .cmp(&a.bytes)
                .then(b.entries.cmp(&a.entries))
                .then_with(|| a.label.text.cmp(&b.label.text))
        });
        summary.settings = settings(&store.parts);
        let mut add = |what: String, bytes: u64, how| {
            if bytes > 0 {
                summary.reclaimable.push(Reclaimable { what, bytes, how });
            }
        };
        add("expired entries".to_owned(), summary.expired_bytes, &["expire"]);
        let files = crate::units::plural(self.usage.orphans, "file", "files");
        add(format!("{files} without an entry"), self.usage.orphan_bytes, &["check", "--fix"]);
        add("free pages of the database".to_owned(), self.free_bytes, &["expire", "--vacuum"]);
        summary
    }
}

/// Makes `label` what a row counts under.
fn describe(label: &mut Label, row: &Row<'_>, by: By, part: &Part) -> rusqlite::Result<()> {
    match by {
        By::Type => {
            let kind = value_type(row.get(5)?, row.get_ref(6)?.as_bytes().unwrap_or_default(), part.encoding);
            *label = Label { data_type: DataType::Name, text: kind.name().to_owned(), ..Label::default() };
        }
        By::Tag => match row.get_ref(5)? {
            ValueRef::Null => none(label),
            tag => keys::plain(label, tag),
        },
        By::Group => {
            let pickled = !matches!(row.get(6)?, Number::Integer(n) if n != 0);
            let mut group = None;
            match row.get_ref(5)? {
                ValueRef::Null => none(label),
                key => keys::key(label, &mut group, key, pickled, part),
            }
            if let (None, ValueRef::Blob(value)) = (&group, row.get_ref(7)?) {
                let stored = row.get::<_, Number>(2)?.time().map(|time| time.at.seconds());
                group = recipes::recognise(value, stored).map(|recipe| recipe.name.to_owned());
            }
            match group {
                Some(text) => *label = Label { data_type: DataType::Name, text, ..Label::default() },
                None => none(label),
            }
        }
    }
    Ok(())
}

/// Makes `label` nothing.
fn none(label: &mut Label) {
    *label = Label::default();
}

fn count(classes: &mut [(u64, u64)], ends: &[f64], value: f64, bytes: u64) {
    let class = ends.iter().position(|&end| value < end).unwrap_or(ends.len());
    if let Some(class) = classes.get_mut(class) {
        class.0 += 1;
        class.1 = class.1.saturating_add(bytes);
    }
}

fn histogram(ends: &[f64], classes: &[(u64, u64)]) -> Histogram {
    let below = ends.iter().copied().map(Some).chain([None]);
    let bins = below.zip(classes).map(|(below, &(entries, bytes))| Bin { below, entries, bytes });
    Histogram { bins: bins.collect() }
}

/// The settings of the first part, without the counters.
fn settings(parts: &[Part]) -> Vec<(String, Setting)> {
    const COUNTERS: [&str; 4] = ["count", "size", "hits", "misses"];
    let first = parts.first().map(|part| part.settings.0.clone()).unwrap_or_default();
    first.into_iter().filter(|(name, _)| !COUNTERS.contains(&name.as_str())).collect()
}

/// Pages in use, in bytes. Free ones are the owner's to count too, but no entry can be removed to lose them.
const IN_USE: &str = "SELECT (page_count - freelist_count) * page_size \
                      FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

/// Rows up to which those stored since a moment are looked for without an index.
const FEW: u64 = 100_000;

/// How many entries were written since the first time that this was asked; one written twice in between counts once. `None` where it
/// would take too long to find out.
fn written(part: &Part, entries: u64) -> rusqlite::Result<Option<u64>> {
    if !part.schema.has_index("cache_store_time") && entries > FEW {
        return Ok(None);
    }
    let connection = &part.database.connection;
    let newest = "SELECT max(store_time) FROM Cache WHERE store_time < 1e15";
    let newest: Option<f64> = connection.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    let (before, sum) = part.written.get().unwrap_or((newest.unwrap_or(0.0), 0));
    let since = "SELECT count(*) FROM Cache WHERE store_time > ?1 AND store_time < 1e15";
    let more: u64 = connection.prepare_cached(since)?.query_row([before], |row| row.get(0))?;
    let sum = sum.saturating_add(more);
    part.written.set(Some((newest.map_or(before, |newest| newest.max(before)), sum)));
    Ok(Some(sum))
}

/// How things stand now.
pub(super) fn pulse(store: &DiskStore, now: Timestamp) -> Result<Pulse, Error> {
    let mut pulse = Pulse::default();
    let (mut hits, mut misses) = (0, 0_u64);
    let mut writes = Some(0);
    let mut counts = true;
    for part in &store.parts {
        let connection = &part.database.connection;
        let read = || {
            let settings = Settings::read(connection)?;
            let expired: u64 = connection
                .prepare_cached("SELECT count(*) FROM Cache WHERE expire_time < ?1")?
                .query_row([now.seconds()], |row| row.get(0))?;
            let bytes: u64 = connection.prepare_cached(IN_USE)?.query_row([], |row| row.get(0))?;
            Ok((settings, expired, bytes))
        };
        let (settings, expired, bytes) = read().map_err(|error| part.error(error))?;
        let number = |key| settings.number(key).unwrap_or(0);
        let entries = number("count");
        pulse.entries = pulse.entries.saturating_add(entries);
        pulse.bytes = pulse.bytes.saturating_add(bytes).saturating_add(number("size"));
        pulse.expired = pulse.expired.saturating_add(expired);
        counts &= settings.counts();
        hits = number("hits").saturating_add(hits);
        misses = number("misses").saturating_add(misses);
        let written = written(part, entries).map_err(|error| part.error(error))?;
        writes = writes.zip(written).map(|(sum, more): (u64, u64)| sum.saturating_add(more));
    }
    pulse.writes = writes;
    (pulse.hits, pulse.misses) = if counts { (Some(hits), Some(misses)) } else { (None, None) };
    Ok(pulse)
}
