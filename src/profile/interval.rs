//! What happened between two snapshots of one growing recording. Pure.
//!
//! Sums per thread and stack are compared and not rows per time bucket: buckets grow longer while a recording does.

use std::{collections::VecDeque, time::Duration};

use rustc_hash::FxHashMap;

use super::{
    model::{Gil, Recording, Wait},
    raw::{RawProfile, RawSample, RawWaiting},
    stack::StackId,
};

/// Number of samples and the nanoseconds they stand for.
type Sum = (u64, u64);

/// What was recorded, by thread and stack.
#[derive(Clone, Debug, Default)]
struct Sums {
    samples: FxHashMap<(u32, StackId, Gil), Sum>,
    waits: FxHashMap<(u32, StackId, Wait), u64>,
}

impl Sums {
    fn of(raw: &RawProfile) -> Self {
        let mut sums = Self::default();
        sums.add(&raw.samples, &raw.waits);
        sums
    }

    fn add(&mut self, samples: &[RawSample], waits: &[RawWaiting]) {
        for row in samples {
            let sum = self.samples.entry((row.thread, row.stack, row.gil)).or_default();
            sum.0 = sum.0.saturating_add(row.count);
            sum.1 = sum.1.saturating_add(row.weight_ns);
        }
        for row in waits {
            let sum = self.waits.entry((row.thread, row.stack, row.wait)).or_default();
            *sum = sum.saturating_add(row.ns);
        }
    }

    /// What has been added since `before`, in one bucket.
    fn samples_since(&self, before: &Self, bucket: u32) -> Vec<RawSample> {
        let grown = |(&(thread, stack, gil), &(count, weight_ns)): (&(u32, StackId, Gil), &Sum)| {
            let before = before.samples.get(&(thread, stack, gil)).copied().unwrap_or_default();
            let (count, weight_ns) = (count.saturating_sub(before.0), weight_ns.saturating_sub(before.1));
            (count > 0).then_some(RawSample { bucket, thread, stack, gil, count, weight_ns })
        };
        let mut samples: Vec<RawSample> = self.samples.iter().filter_map(grown).collect();
        samples.sort_unstable_by_key(|row| (row.thread, row.stack, row.gil));
        samples
    }

    fn waits_since(&self, before: &Self, bucket: u32) -> Vec<RawWaiting> {
        let grown = |(&(thread, stack, wait), &ns): (&(u32, StackId, Wait), &u64)| {
            let before = before.waits.get(&(thread, stack, wait)).copied().unwrap_or_default();
            let ns = ns.saturating_sub(before);
            (ns > 0).then_some(RawWaiting { bucket, thread, stack, wait, ns })
        };
        let mut waits: Vec<RawWaiting> = self.waits.iter().filter_map(grown).collect();
        waits.sort_unstable_by_key(|row| (row.thread, row.stack, row.wait));
        waits
    }
}

/// How far a recording had come at a moment; the default is its start.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    sums: Sums,
    recording: Option<Recording>,
}

impl Mark {
    /// Moves the mark to `now`, a later snapshot of the same recording, and gives what lies between: its own start, duration,
    /// counts and samples, all of them in one time bucket.
    pub fn advance(&mut self, now: RawProfile) -> RawProfile {
        let sums = Sums::of(&now);
        let (samples, waits) = (sums.samples_since(&self.sums, 0), sums.waits_since(&self.sums, 0));
        let recording = between(self.recording.as_ref(), &now.recording);
        let recording = Recording { bucket_ns: recording.duration_ns.max(1), ..recording };
        self.sums = sums;
        self.recording = Some(now.recording.clone());
        RawProfile { recording, samples, waits, ..now }
    }
}

/// The last seconds of a recording that goes on.
#[derive(Debug)]
pub struct Window {
    length_ns: u64,
    now: Sums,
    recording: Option<Recording>,
    steps: VecDeque<Step>,
}

/// What lies between two snapshots.
#[derive(Debug)]
struct Step {
    /// The recording as it was before; `None` for its start.
    before: Option<Recording>,
    samples: Vec<RawSample>,
    waits: Vec<RawWaiting>,
}

/// Time bucket of what lies within a [`Window`].
pub const RECENT: u32 = 1;

impl Window {
    /// A window of this length, as far as snapshots allow.
    pub fn new(length: Duration) -> Self {
        let length_ns = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Self { length_ns, now: Sums::default(), recording: None, steps: VecDeque::new() }
    }

    /// Moves the window's end to `now`, a later snapshot of the same recording. Gives all that was recorded so far, what lies within
    /// the window in the time bucket [`RECENT`] and the rest in bucket 0, and the window's own start, duration and counts.
    pub fn advance(&mut self, now: RawProfile) -> (RawProfile, Recording) {
        let sums = Sums::of(&now);
        let step = Step {
            before: self.recording.replace(now.recording.clone()),
            samples: sums.samples_since(&self.now, RECENT),
            waits: sums.waits_since(&self.now, RECENT),
        };
        self.now = sums;
        self.steps.push_back(step);
        let starts_at = |step: &Step| step.before.as_ref().map_or(0, |before| before.duration_ns);
        let end_ns = now.recording.duration_ns;
        // Without the first step it must be long enough still.
        while (self.steps.get(1))
            .is_some_and(|second| end_ns - starts_at(second).min(end_ns) >= self.length_ns)
        {
            self.steps.pop_front();
        }
        let mut recent = Sums::default();
        self.steps.iter().for_each(|step| recent.add(&step.samples, &step.waits));
        let nothing = Sums::default();
        let mut samples = self.now.samples_since(&recent, 0);
        samples.extend(recent.samples_since(&nothing, RECENT));
        let mut waits = self.now.waits_since(&recent, 0);
        waits.extend(recent.waits_since(&nothing, RECENT));
        let before = self.steps.front().and_then(|step| step.before.as_ref());
        let window = between(before, &now.recording);
        (RawProfile { samples, waits, ..now }, window)
    }
}

/// What lies between two snapshots' recordings; all of it where there is no earlier one.
fn between(before: Option<&Recording>, now: &Recording) -> Recording {
    let Some(before) = before else { return now.clone() };
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

    #[test]
    fn a_window_moves_along_and_the_rest_is_what_was_before() {
        let mut window = Window::new(Duration::from_secs(3));
        let mut parts = |seconds, rows: &[(u32, u32, u64)]| {
            let (raw, recording) = window.advance(snapshot(seconds, rows));
            let rows: Vec<_> = raw.samples.iter().map(|s| (s.bucket, s.stack.0, s.count)).collect();
            (recording.duration_ns / 1_000_000_000, rows)
        };
        assert_eq!(parts(2, &[(0, 1, 5)]), (2, vec![(RECENT, 1, 5)]));
        assert_eq!(parts(4, &[(0, 1, 5), (1, 2, 1)]), (4, vec![(RECENT, 1, 5), (RECENT, 2, 1)]));
        let rows = [(0, 1, 5), (1, 2, 1), (2, 1, 4)];
        assert_eq!(parts(5, &rows), (3, vec![(0, 1, 5), (RECENT, 1, 4), (RECENT, 2, 1)]));
        assert_eq!(
            parts(6, &rows),
            (4, vec![(0, 1, 5), (RECENT, 1, 4), (RECENT, 2, 1)]),
            "not below three seconds"
        );
        assert_eq!(parts(9, &rows), (3, vec![(0, 1, 9), (0, 2, 1)]), "nothing has happened since");
        assert_eq!(parts(9, &rows).0, 3, "no time has passed");
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
