//! Sampling periods that vary, so that a program which repeats itself in step with the clock is still seen everywhere.
//!
//! The kernel's timer ticks at a constant period. A loop whose length nearly divides it would show the same few places again
//! and again. So the period of every event is changed a little after some dozen samples, which also starts it anew at
//! a random phase. What that loses, the time since the last sample, is made up for by slightly shorter periods, so that
//! each sample goes on to stand for the period that was asked for. (The kernel stamps samples of an event with the
//! period that it was opened with.)
//!
//! A copy that a thread inherits has the period of its birth, is stamped with it, and cannot be reached. Where much time is
//! spent in such threads, they are given events of their own.

use rustc_hash::FxHashMap;

/// Samples after which an event is due, at the least and at the most.
const BLOCK: std::ops::Range<u32> = 12..40;
/// How far periods are spread around what is right on average.
const SPREAD: f64 = 0.05;
/// What periods may be, as multiples of the one asked for.
const FACTORS: (f64, f64) = (0.85, 1.10);
/// Samples that may be owed or be too many, before it is forgotten: the thread has slept then.
const MOST_SURPLUS: f64 = 3.0;

/// Samples of inheriting threads that are worth opening events for these, at first; later it takes more.
const FIRST_RENEWAL: u64 = 100;
const LAST_RENEWAL: u64 = 8_000;
/// And this part of all samples.
const RENEWAL_SHARE: f64 = 0.2;

/// The paces of all events that sample at the moment.
#[derive(Debug)]
pub(super) struct Dither {
    nominal_ns: f64,
    paces: FxHashMap<u64, Pace>,
    random: fastrand::Rng,
    own: u64,
    inherited: u64,
    renewal_at: u64,
}

#[derive(Debug)]
struct Pace {
    period_ns: f64,
    samples: u32,
    last_ns: u64,
    due_at: u32,
    /// Samples that there were more than the time that was run for is worth.
    surplus: f64,
}

impl Dither {
    /// For events of `rate_hz` samples a second.
    pub(super) fn new(rate_hz: u64, random: fastrand::Rng) -> Self {
        let nominal_ns = (1_000_000_000 / rate_hz.max(1)) as f64;
        let paces = FxHashMap::default();
        Self { nominal_ns, paces, random, own: 0, inherited: 0, renewal_at: FIRST_RENEWAL }
    }

    /// An event that is about to sample, and the period in nanoseconds that it shall start with.
    pub(super) fn add(&mut self, event: u64) -> u64 {
        let mut pace = Pace { period_ns: self.nominal_ns, samples: 0, last_ns: 0, due_at: 0, surplus: 0.0 };
        self.next_block(&mut pace);
        let period = pace.period_ns;
        self.paces.insert(event, pace);
        period as u64
    }

    /// Forgets all events: others take over.
    pub(super) fn clear(&mut self) {
        self.paces.clear();
        (self.own, self.inherited) = (0, 0);
    }

    /// An event has sampled at this time: itself, or a copy of it that a thread has inherited.
    pub(super) fn sampled(&mut self, event: u64, copy: bool, time_ns: u64) {
        let Some(pace) = self.paces.get_mut(&event) else { return };
        if copy {
            self.inherited += 1;
        } else {
            self.own += 1;
            pace.samples += 1;
            pace.last_ns = time_ns;
        }
    }

    /// Whether so many samples come from inheriting threads that these had better have events of their own.
    pub(super) fn wants_renewal(&self) -> bool {
        self.inherited >= self.renewal_at
            && self.inherited as f64 >= RENEWAL_SHARE * (self.own + self.inherited) as f64
    }

    /// They get them now, or cannot: a program that starts threads all the time shall not be bothered too often.
    pub(super) fn renewed(&mut self) {
        self.renewal_at = (2 * self.renewal_at).min(LAST_RENEWAL);
        (self.own, self.inherited) = (0, 0);
    }

    /// Whether the event is due for another period.
    pub(super) fn is_due(&self, event: u64) -> bool {
        self.paces.get(&event).is_some_and(|pace| pace.samples >= pace.due_at)
    }

    /// The period in nanoseconds that an event shall have from `now_ns` on, when it starts anew.
    pub(super) fn next(&mut self, event: u64, now_ns: u64) -> Option<u64> {
        let mut pace = self.paces.remove(&event)?;
        let since = now_ns.saturating_sub(pace.last_ns) as f64;
        // Longer than this it has not run since, or not all the time: any part of a period may be lost.
        let lost = if since < 2.0 * pace.period_ns { since } else { pace.period_ns / 2.0 };
        let ran_ns = f64::from(pace.samples) * pace.period_ns + lost;
        pace.surplus += f64::from(pace.samples) - ran_ns / self.nominal_ns;
        pace.surplus = pace.surplus.clamp(-MOST_SURPLUS, MOST_SURPLUS);
        pace.samples = 0;
        self.next_block(&mut pace);
        let period = pace.period_ns;
        self.paces.insert(event, pace);
        Some(period as u64)
    }

    /// Chooses a length in samples, and a period with which so many samples and half a period to be lost take as long as they
    /// are worth, together with what there was too much before.
    fn next_block(&mut self, pace: &mut Pace) {
        pace.due_at = self.random.u32(BLOCK);
        let samples = f64::from(pace.due_at);
        let fair = (samples + pace.surplus) / (samples + 0.5);
        let spread = 1.0 + SPREAD * (2.0 * self.random.f64() - 1.0);
        pace.period_ns = (self.nominal_ns * (fair * spread).clamp(FACTORS.0, FACTORS.1)).round();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a thread without pause under a dithered clock; the times of its samples.
    fn samples(seconds: u64, looks_every_ns: u64) -> Vec<u64> {
        let mut dither = Dither::new(1000, fastrand::Rng::with_seed(7));
        let (mut period, mut now, mut times) = (dither.add(1), 0, Vec::new());
        let mut next = period;
        while now < seconds * 1_000_000_000 {
            now += looks_every_ns;
            while next <= now {
                times.push(next);
                dither.sampled(1, false, next);
                next += period;
            }
            if dither.is_due(1) {
                period = dither.next(1, now).expect("the event is known");
                next = now + period;
            }
        }
        times
    }

    #[test]
    fn each_sample_stands_for_the_period_asked_for() {
        for looks in [1_234_567, 5_100_000, 25_300_000] {
            let got = samples(100, looks).len() as f64;
            assert!(
                (got / 100_000.0 - 1.0).abs() < 0.002,
                "{got} samples of 100,000, looking every {looks} ns"
            );
        }
    }

    #[test]
    fn a_loop_in_step_with_the_clock_is_seen_everywhere() {
        // A constant period of 1 ms would see one place only of a loop of 0.1 ms.
        let mut seen = [0_u32; 10];
        let times = samples(100, 5_137_411);
        for time in &times {
            seen[(time % 100_000 / 10_000) as usize] += 1;
        }
        let expected = times.len() as f64 / 10.0;
        let chi2: f64 = seen.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        // 27.9 is exceeded by chance once in a thousand times with nine degrees of freedom.
        assert!(chi2 < 27.9, "{seen:?}");
    }

    #[test]
    fn what_inherits_or_is_unknown_does_not_count() {
        let mut dither = Dither::new(1000, fastrand::Rng::with_seed(7));
        assert!((900_000..1_050_000).contains(&dither.add(1)));
        for i in 0..40 {
            dither.sampled(1, true, i);
            dither.sampled(2, false, i);
        }
        assert!(!dither.is_due(1) && !dither.is_due(2));
        assert_eq!(dither.next(2, 0), None);
    }

    #[test]
    fn threads_that_inherit_and_work_get_events_of_their_own_ever_more_seldom() {
        let mut dither = Dither::new(1000, fastrand::Rng::with_seed(7));
        dither.add(1);
        let mut after = |own: usize, inherited: usize| {
            (0..own).for_each(|_| dither.sampled(1, false, 0));
            (0..inherited).for_each(|_| dither.sampled(1, true, 0));
            let wants = dither.wants_renewal();
            dither.renewed();
            wants
        };
        assert!(after(0, 100), "nothing but them");
        assert!(!after(0, 100), "so soon again");
        assert!(after(1000, 400), "enough of them");
        assert!(!after(10_000, 1000), "too small a part");
    }
}
