//! The samples of a recording, summed per thread, stack and time bucket, in bounded memory.

use rustc_hash::FxHashMap;

use crate::profile::{
    model::{Gil, Wait},
    raw::{RawSample, RawWaiting},
    stack::StackId,
};

/// So many rows are kept; then buckets get twice as long, so that a day of recording takes no more than an hour.
const MOST_ROWS: usize = 250_000;
const FIRST_BUCKET_NS: u64 = 1_000_000_000;

/// Sums samples. Times are nanoseconds since the start of the recording.
#[derive(Debug)]
pub(in crate::profile) struct Samples {
    bucket_ns: u64,
    bucket: u32,
    current: FxHashMap<Key, (u64, u64)>,
    rows: Vec<Row>,
    /// Sums of `rows`, once somebody has asked for them.
    sums: Option<FxHashMap<Key, (u64, u64)>>,
    most_rows: usize,
}

/// What makes two samples of a time bucket one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    thread: u32,
    stack: StackId,
    gil: Gil,
    /// For a time of waiting: what for.
    wait: Option<Wait>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    bucket: u32,
    key: Key,
    count: u64,
    ns: u64,
}

/// Rows as they are handed on.
#[derive(Debug, Default)]
pub(in crate::profile) struct Rows {
    pub(in crate::profile) samples: Vec<RawSample>,
    pub(super) waits: Vec<RawWaiting>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            bucket_ns: FIRST_BUCKET_NS,
            bucket: 0,
            current: FxHashMap::default(),
            rows: Vec::new(),
            sums: None,
            most_rows: MOST_ROWS,
        }
    }
}

impl Samples {
    /// Adds a sample.
    pub(super) fn add(&mut self, time_ns: u64, thread: u32, stack: StackId, gil: Gil, weight_ns: u64) {
        self.add_many(time_ns, thread, stack, gil, (1, weight_ns));
    }

    /// Adds a number of samples and the nanoseconds they stand for.
    pub(in crate::profile) fn add_many(
        &mut self,
        time_ns: u64,
        thread: u32,
        stack: StackId,
        gil: Gil,
        (count, weight_ns): (u64, u64),
    ) {
        self.sum(time_ns, Key { thread, stack, gil, wait: None }, count, weight_ns);
    }

    /// Adds a time of waiting that ended at `time_ns`.
    pub(super) fn add_waiting(&mut self, time_ns: u64, thread: u32, stack: StackId, wait: Wait, ns: u64) {
        self.sum(time_ns, Key { thread, stack, gil: Gil::Unknown, wait: Some(wait) }, 0, ns);
    }

    fn sum(&mut self, time_ns: u64, key: Key, count: u64, ns: u64) {
        let bucket = u32::try_from(time_ns / self.bucket_ns).unwrap_or(u32::MAX);
        // Rings are read in time order but for a little; a straggler may as well count for the bucket that is open.
        if bucket > self.bucket {
            self.close_bucket();
            self.bucket = u32::try_from(time_ns / self.bucket_ns).unwrap_or(u32::MAX);
        }
        add(&mut self.current, key, (count, ns));
    }

    /// Length of a bucket as of now.
    pub(in crate::profile) fn bucket_ns(&self) -> u64 {
        self.bucket_ns
    }

    /// All rows, in (bucket, thread, stack, …) order.
    pub(in crate::profile) fn into_rows(mut self) -> Rows {
        let rows = self.open_rows();
        self.rows.extend(rows);
        // The open bucket may be one that was closed before buckets were widened.
        self.merge();
        Rows::of(self.rows.into_iter())
    }

    /// All rows so far, in no order; rows of one bucket, thread and stack may stand apart.
    pub(super) fn snapshot(&self) -> Rows {
        Rows::of(self.rows.iter().copied().chain(self.open_rows()))
    }

    /// All samples so far in one bucket, in no order. After the first time it takes as long as there are different stacks.
    pub(super) fn sums(&mut self) -> Rows {
        let rows = &self.rows;
        let closed = self.sums.get_or_insert_with(|| {
            let mut sums = FxHashMap::default();
            rows.iter().for_each(|row| add(&mut sums, row.key, (row.count, row.ns)));
            sums
        });
        let mut sums = closed.clone();
        self.current.iter().for_each(|(&key, &sum)| add(&mut sums, key, sum));
        Rows::of(sums.into_iter().map(|(key, (count, ns))| Row { bucket: 0, key, count, ns }))
    }

    fn open_rows(&self) -> Vec<Row> {
        let bucket = self.bucket;
        let row = |(&key, &(count, ns)): (&Key, &(u64, u64))| Row { bucket, key, count, ns };
        let mut rows: Vec<_> = self.current.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| row.key);
        rows
    }

    fn close_bucket(&mut self) {
        let rows = self.open_rows();
        if let Some(sums) = &mut self.sums {
            rows.iter().for_each(|row| add(sums, row.key, (row.count, row.ns)));
        }
        self.rows.extend(rows);
        self.current.clear();
        if self.rows.len() > self.most_rows {
            // A quarter must come free, or every second would end in another round of this.
            while self.rows.len() > self.most_rows / 4 * 3 && self.bucket_ns < u64::MAX / 2 {
                self.widen();
            }
        }
    }

    fn widen(&mut self) {
        self.bucket_ns *= 2;
        for row in &mut self.rows {
            row.bucket /= 2;
        }
        self.merge();
    }

    fn merge(&mut self) {
        self.rows.sort_unstable_by_key(|row| (row.bucket, row.key));
        self.rows.dedup_by(|row, kept| {
            let same = (row.bucket, row.key) == (kept.bucket, kept.key);
            if same {
                kept.count += row.count;
                kept.ns = kept.ns.saturating_add(row.ns);
            }
            same
        });
    }
}

fn add(sums: &mut FxHashMap<Key, (u64, u64)>, key: Key, (count, ns): (u64, u64)) {
    let sum = sums.entry(key).or_default();
    sum.0 = sum.0.saturating_add(count);
    sum.1 = sum.1.saturating_add(ns);
}

impl Rows {
    fn of(rows: impl Iterator<Item = Row>) -> Self {
        let mut out = Self::default();
        for Row { bucket, key: Key { thread, stack, gil, wait }, count, ns } in rows {
            match wait {
                None => {
                    let row = RawSample { bucket, thread, stack, gil, count, weight_ns: ns };
                    out.samples.push(row);
                }
                Some(wait) => out.waits.push(RawWaiting { bucket, thread, stack, wait, ns }),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_summed_and_buckets_widen_without_losing_any() {
        let mut samples = Samples { most_rows: 100, ..Samples::default() };
        let second = FIRST_BUCKET_NS;
        for i in 0..2000_u64 {
            samples.add(i * second / 2, 0, StackId((i % 7) as u32), Gil::Unknown, 3);
            if i == 700 || i == 1999 {
                let sums = samples.sums().samples;
                assert_eq!(sums.len(), 7, "one row for each stack");
                assert_eq!(sums.iter().map(|row| row.count).sum::<u64>(), i + 1);
            }
        }
        let sum = |rows: &[RawSample]| {
            rows.iter().map(|row| (row.count, row.weight_ns)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        assert_eq!(sum(&samples.snapshot().samples), (2000, 6000), "those of the open bucket, too");
        let bucket_ns = samples.bucket_ns();
        assert!(bucket_ns > second);
        let rows = samples.into_rows().samples;
        assert!(rows.len() <= 110, "{} rows", rows.len());
        assert_eq!(sum(&rows), (2000, 6000));
        assert!(rows.is_sorted_by_key(|row| (row.bucket, row.thread, row.stack)));
        let last = rows.last().unwrap();
        assert_eq!(u64::from(last.bucket), 999 * second / bucket_ns);
    }

    #[test]
    fn waiting_stands_apart() {
        let mut samples = Samples::default();
        samples.add(1, 0, StackId(1), Gil::Unknown, 5);
        for ns in [7, 8] {
            samples.add_waiting(2, 0, StackId(1), Wait::Lock, ns);
        }
        let Rows { samples, waits } = samples.into_rows();
        assert_eq!((samples.len(), samples[0].weight_ns), (1, 5));
        assert_eq!((waits.len(), waits[0].ns, waits[0].wait), (1, 15, Wait::Lock));
    }

    #[test]
    fn a_straggler_counts() {
        let mut samples = Samples::default();
        samples.add(5 * FIRST_BUCKET_NS, 0, StackId(1), Gil::Held, 1);
        samples.add(1, 0, StackId(1), Gil::Held, 1);
        assert_eq!(samples.into_rows().samples[0].count, 2);
    }
}
