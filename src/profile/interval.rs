//! What happened between two snapshots of one growing recording. Pure.
//!
//! Sums per thread and stack are compared and not rows per time bucket: buckets grow longer while a recording does.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::{
    model::{Gil, Recording, Wait},
    raw::{RawProfile, RawSample, RawWaiting},
    stack::StackId,
};

/// Number of samples and the nanoseconds they stand for.
type Sum = (u64, u64);

/// How far a recording had come at a moment; the default is its start.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    sums: FxHashMap<(u32, StackId, Gil), Sum>,
    waits: FxHashMap<(u32, StackId, Wait), u64>,
    recording: Option<Recording>,
}

impl Mark {
    /// Moves the mark to `now`, a later snapshot of the same recording, and gives what lies between: its own start, duration,
    /// counts and samples, all of them in one time bucket.
    pub fn advance(&mut self, now: RawProfile) -> RawProfile {
        let mut sums = FxHashMap::<_, Sum>::default();
        for row in &now.samples {
            let sum = sums.entry((row.thread, row.stack, row.gil)).or_default();
            sum.0 = sum.0.saturating_add(row.count);
            sum.1 = sum.1.saturating_add(row.weight_ns);
        }
        let mut samples: Vec<RawSample> = sums
            .iter()
            .filter_map(|(&(thread, stack, gil), &(count, weight_ns))| {
                let before = self.sums.get(&(thread, stack, gil)).copied().unwrap_or_default();
                let (count, weight_ns) = (count.saturating_sub(before.0), weight_ns.saturating_sub(before.1));
                (count > 0).then_some(RawSample { bucket: 0, thread, stack, gil, count, weight_ns })
            })
            .collect();
        samples.sort_unstable_by_key(|row| (row.thread, row.stack, row.gil));
        let waits = self.advance_waits(&now.waits);
        let recording = match &self.recording {
            Some(before) => between(before, &now.recording),
            None => now.recording.clone(),
        };
        let recording = Recording { bucket_ns: recording.duration_ns.max(1), ..recording };
        self.sums = sums;
        self.recording = Some(now.recording.clone());
        RawProfile { recording, samples, waits, ..now }
    }

    fn advance_waits(&mut self, now: &[RawWaiting]) -> Vec<RawWaiting> {
        let mut sums = FxHashMap::<_, u64>::default();
        for row in now {
            let sum = sums.entry((row.thread, row.stack, row.wait)).or_default();
            *sum = sum.saturating_add(row.ns);
        }
        let mut waits: Vec<RawWaiting> = (sums.iter())
            .filter_map(|(&(thread, stack, wait), &ns)| {
                let before = self.waits.get(&(thread, stack, wait)).copied().unwrap_or_default();
                let ns = ns.saturating_sub(before);
                (ns > 0).then_some(RawWaiting { bucket: 0, thread, stack, wait, ns })
            })
            .collect();
        waits.sort_unstable_by_key(|row| (row.thread, row.stack, row.wait));
        self.waits = sums;
        waits
    }
}

fn between(before: &Recording, now: &Recording) -> Recording {
    let grown = |of: fn(&Recording) -> u64| of(now).saturating_sub(of(before));
    let charged = |now: Option<u64>, before: Option<u64>| Some(now?.saturating_sub(before?));
    let start = now.started.and_then(|start| start.checked_add(Duration::from_nanos(before.duration_ns)));
    Recording {
        started: start,
        duration_ns: grown(|r| r.duration_ns),
        lost_samples: grown(|r| r.lost_samples),
        user_stacks: grown(|r| r.user_stacks),
        rooted_stacks: grown(|r| r.rooted_stacks),
        truncated_stacks: grown(|r| r.truncated_stacks),
        completed_stacks: grown(|r| r.completed_stacks),
        approx_python: grown(|r| r.approx_python),
        user_cpu_ns: charged(now.user_cpu_ns, before.user_cpu_ns),
        system_cpu_ns: charged(now.system_cpu_ns, before.system_cpu_ns),
        ..now.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use proptest::prelude::*;

    use super::*;

    fn snapshot(seconds: u64, rows: &[(u32, u32, u64)]) -> RawProfile {
        let recording = Recording {
            started: Some(SystemTime::UNIX_EPOCH),
            duration_ns: seconds * 1_000_000_000,
            lost_samples: seconds,
            user_cpu_ns: Some(seconds),
            ..Recording::default()
        };
        let sample = |&(bucket, stack, count): &(u32, u32, u64)| RawSample {
            bucket,
            thread: 0,
            stack: StackId(stack),
            gil: Gil::Unknown,
            count,
            weight_ns: count * 10,
        };
        RawProfile { recording, samples: rows.iter().map(sample).collect(), ..RawProfile::default() }
    }

    fn counts(raw: &RawProfile) -> Vec<(u32, u64, u64)> {
        raw.samples.iter().map(|row| (row.stack.0, row.count, row.weight_ns)).collect()
    }

    #[test]
    fn an_interval_has_its_own_samples_start_and_counts() {
        let mut mark = Mark::default();
        let first = mark.advance(snapshot(30, &[(0, 1, 5), (1, 1, 2), (1, 2, 1)]));
        assert_eq!(counts(&first), [(1, 7, 70), (2, 1, 10)]);
        assert_eq!(first.recording.started, Some(SystemTime::UNIX_EPOCH));
        // The buckets have been widened meanwhile.
        let second = mark.advance(snapshot(70, &[(0, 1, 7), (0, 2, 4), (1, 3, 2)]));
        assert_eq!(counts(&second), [(2, 3, 30), (3, 2, 20)]);
        let recording = &second.recording;
        assert_eq!(recording.started, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(30)));
        assert_eq!(
            (recording.duration_ns, recording.lost_samples, recording.user_cpu_ns),
            (40_000_000_000, 40, Some(40))
        );
        assert_eq!(counts(&mark.advance(snapshot(80, &[(0, 1, 7), (0, 2, 4), (0, 3, 2)]))), []);
    }

    #[test]
    fn waiting_is_that_of_the_interval() {
        let waiting = |ns| RawWaiting { bucket: 3, thread: 0, stack: StackId(1), wait: Wait::Lock, ns };
        let mut mark = Mark::default();
        for (so_far, grown) in [(vec![waiting(5)], vec![5]), (vec![waiting(5), waiting(6)], vec![6])] {
            let raw = mark.advance(RawProfile { waits: so_far, ..snapshot(1, &[]) });
            assert_eq!(
                raw.waits.iter().map(|w| (w.bucket, w.ns)).collect::<Vec<_>>(),
                grown.iter().map(|&ns| (0, ns)).collect::<Vec<_>>()
            );
        }
    }

    proptest! {
        /// However the samples are cut into intervals and their buckets widened, none is lost or told twice.
        #[test]
        fn intervals_add_up_to_the_whole(parts in prop::collection::vec(
            prop::collection::vec((0..4_u32, 0..5_u32, 1..9_u64), 0..6), 1..6
        )) {
            let mut mark = Mark::default();
            let mut whole: Vec<(u32, u32, u64)> = Vec::new();
            let mut told = FxHashMap::<u32, u64>::default();
            for (i, part) in parts.iter().enumerate() {
                whole.extend(part);
                whole.iter_mut().for_each(|row| row.0 /= 2);
                for (stack, count, _) in counts(&mark.advance(snapshot(i as u64, &whole))) {
                    *told.entry(stack).or_default() += count;
                }
            }
            let mut truth = FxHashMap::<u32, u64>::default();
            for (_, stack, count) in whole {
                *truth.entry(stack).or_default() += count;
            }
            prop_assert_eq!(told, truth);
        }
    }
}
