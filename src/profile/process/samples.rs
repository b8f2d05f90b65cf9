//! The samples of a recording, summed per thread, stack and time bucket, in bounded memory.

use rustc_hash::FxHashMap;

use crate::profile::{model::Gil, raw::RawSample, stack::StackId};

/// So many rows are kept; then buckets get twice as long, so that a day of recording takes no more than an hour.
const MOST_ROWS: usize = 250_000;
const FIRST_BUCKET_NS: u64 = 1_000_000_000;

/// Sums samples. Times are nanoseconds since the start of the recording.
#[derive(Debug)]
pub(super) struct Samples {
    bucket_ns: u64,
    bucket: u32,
    current: FxHashMap<(u32, StackId, Gil), (u64, u64)>,
    rows: Vec<RawSample>,
    most_rows: usize,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            bucket_ns: FIRST_BUCKET_NS,
            bucket: 0,
            current: FxHashMap::default(),
            rows: Vec::new(),
            most_rows: MOST_ROWS,
        }
    }
}

impl Samples {
    pub(super) fn add(&mut self, time_ns: u64, thread: u32, stack: StackId, gil: Gil, weight_ns: u64) {
        let bucket = u32::try_from(time_ns / self.bucket_ns).unwrap_or(u32::MAX);
        // Rings are read in time order but for a little; a straggler may as well count for the bucket that is open.
        if bucket > self.bucket {
            self.close_bucket();
            self.bucket = u32::try_from(time_ns / self.bucket_ns).unwrap_or(u32::MAX);
        }
        let sum = self.current.entry((thread, stack, gil)).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(weight_ns);
    }

    /// Length of a bucket as of now.
    pub(super) fn bucket_ns(&self) -> u64 {
        self.bucket_ns
    }

    /// All rows, in (bucket, thread, stack, gil) order.
    pub(super) fn into_rows(mut self) -> Vec<RawSample> {
        let rows = self.open_rows();
        self.rows.extend(rows);
        // The open bucket may be one that was closed before buckets were widened.
        self.merge();
        self.rows
    }

    /// All rows so far, in no order; rows of one bucket, thread and stack may stand apart.
    pub(super) fn snapshot(&self) -> Vec<RawSample> {
        let mut rows = Vec::with_capacity(self.rows.len() + self.current.len());
        rows.extend_from_slice(&self.rows);
        rows.extend(self.open_rows());
        rows
    }

    fn open_rows(&self) -> Vec<RawSample> {
        let bucket = self.bucket;
        let mut rows: Vec<_> = self
            .current
            .iter()
            .map(|(&(thread, stack, gil), &(count, weight_ns))| RawSample {
                bucket,
                thread,
                stack,
                gil,
                count,
                weight_ns,
            })
            .collect();
        rows.sort_unstable_by_key(|row| (row.thread, row.stack, row.gil));
        rows
    }

    fn close_bucket(&mut self) {
        let rows = self.open_rows();
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
        self.rows.sort_unstable_by_key(key);
        self.rows.dedup_by(|row, kept| {
            let same = key(row) == key(kept);
            if same {
                kept.count += row.count;
                kept.weight_ns = kept.weight_ns.saturating_add(row.weight_ns);
            }
            same
        });
    }
}

/// What makes two rows one, and their order.
fn key(row: &RawSample) -> (u32, u32, StackId, Gil) {
    (row.bucket, row.thread, row.stack, row.gil)
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
        }
        let sum = |rows: &[RawSample]| {
            rows.iter().map(|row| (row.count, row.weight_ns)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        assert_eq!(sum(&samples.snapshot()), (2000, 6000), "those of the open bucket, too");
        let bucket_ns = samples.bucket_ns();
        assert!(bucket_ns > second);
        let rows = samples.into_rows();
        assert!(rows.len() <= 110, "{} rows", rows.len());
        assert_eq!(sum(&rows), (2000, 6000));
        assert!(rows.is_sorted_by_key(|row| (row.bucket, row.thread, row.stack)));
        let last = rows.last().unwrap();
        assert_eq!(u64::from(last.bucket), 999 * second / bucket_ns);
    }

    #[test]
    fn a_straggler_counts() {
        let mut samples = Samples::default();
        samples.add(5 * FIRST_BUCKET_NS, 0, StackId(1), Gil::Held, 1);
        samples.add(1, 0, StackId(1), Gil::Held, 1);
        assert_eq!(samples.into_rows()[0].count, 2);
    }
}
