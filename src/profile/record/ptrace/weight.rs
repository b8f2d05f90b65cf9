//! What the samples of a thread stand for.

/// Shares out the CPU time of a thread among its samples: all of it, and about the same to each.
///
/// The time between two samples says how much was not looked at, but not at what. A thread that is seen three times in a millisecond and
/// then not for five has spent its time on much the same all the while, and a sample that alone stands for five makes shares as uncertain
/// as a fifth of the samples would. So each gets the mean of late, and what that leaves or lacks is evened out by those to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weights {
    samples: u32,
    mean_ns: f64,
    /// What the samples so far do not stand for; less than nothing where they stand for too much.
    owed_ns: f64,
}

/// How many samples the mean is of, and a difference is evened out by.
const MANY: u32 = 16;

impl Weights {
    /// What a sample stands for that comes `ns` of CPU time after the one before.
    pub(super) fn next(&mut self, ns: u64) -> u64 {
        self.samples = (self.samples + 1).min(MANY);
        self.mean_ns += (ns as f64 - self.mean_ns) / f64::from(self.samples);
        self.owed_ns += ns as f64;
        let weight = self.mean_ns + (self.owed_ns - self.mean_ns) / f64::from(MANY);
        let weight = weight.max(0.0).round();
        self.owed_ns -= weight;
        weight as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_time_is_shared_out_evenly() {
        let mut weights = Weights::default();
        assert_eq!(weights.next(700), 700, "the first one has what there is");
        let mut weights = Weights::default();
        // Three in quick succession, then none for long.
        let gaps = [500, 500, 500, 6500].into_iter().cycle().take(4000);
        let given: Vec<u64> = gaps.map(|gap| weights.next(gap)).collect();
        let sum: u64 = given.iter().sum();
        assert!(sum.abs_diff(8_000_000) < 10_000, "{sum}");
        let late = &given[100..];
        assert!(late.iter().all(|weight| (1000..3500).contains(weight)), "{late:?}");
    }

    #[test]
    fn a_thread_that_was_not_seen_for_long_has_its_time_all_the_same() {
        let mut weights = Weights::default();
        let gaps = std::iter::repeat_n(1000, 100).chain([1_000_000]).chain(std::iter::repeat_n(1000, 400));
        let sum: u64 = gaps.map(|gap| weights.next(gap)).sum();
        assert!(sum.abs_diff(1_500_000) < 2000, "{sum}");
    }
}
