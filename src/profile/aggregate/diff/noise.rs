//! Whether chance explains a difference.
//!
//! Samples of a row are taken as Poisson counts: a row that takes the time `T` a recording is expected to have `T / w` samples, `w`
//! being the time that a sample stands for. That is a little more variance than sampling at a fixed rate really has, so that the tests say
//! significant too rarely rather than too often.
//!
//! * Times: given the samples of both sides together, those of the new side are binomial if nothing has changed. The test is exact
//!   (both tails, the smaller one doubled), from 10,000 samples on by the normal distribution with continuity correction.
//! * Shares (normalized): Fisher's exact test, tails doubled; the pooled two-proportion z test where all four counts are expected to
//!   be 10 or more.
//! * With several recordings on a side the variance between them is known, too: a t test with what `spread` makes of it is
//!   made as well, and the larger p counts. For the totals, of which there is one a side, it is Welch's, where that variance is larger
//!   than what the counts explain.
//!
//! [`holm`] then corrects for the number of rows, so that the chance that even one of the marked rows is noise stays below
//! [`ALPHA`].

use statrs::function::{beta::beta_reg, erf::erfc, gamma::ln_gamma};

use super::spread::{Spread, tails};

/// A corrected p below this is significant.
pub const ALPHA: f64 = 0.01;
/// A row with fewer samples on both sides together is not tested: it could not become significant. Choosing by the sum does not
/// favour either side.
pub const LEAST: u64 = 8;

/// Samples from which the normal distribution stands for the binomial.
const MANY: u64 = 10_000;
/// Terms of Fisher's test beyond which the normal distribution stands for it.
const TERMS: u64 = 1_000_000;
/// Count expected in each cell for the z test of shares.
const EXPECTED: f64 = 10.0;

/// What one side says about a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Samples of the row in all recordings.
    pub samples: u64,
    /// Samples of all rows in all recordings.
    pub of: u64,
    /// Nanoseconds a sample stands for.
    pub weight_ns: f64,
    /// Per recording, the row's time in nanoseconds, or its share where shares are compared.
    pub values: Vec<f64>,
    /// Per recording, the row's share (0 to 1) of its time.
    pub shares: Vec<f64>,
}

impl Counts {
    pub(super) fn runs(&self) -> f64 {
        self.values.len().max(1) as f64
    }

    /// Samples that a nanosecond of the row in each recording gives.
    fn exposure(&self) -> f64 {
        if self.weight_ns > 0.0 { self.runs() / self.weight_ns } else { 0.0 }
    }
}

/// Probability of a difference between the times of a row at least this large if nothing has changed; 0 to 1. `spread` is that of
/// the sides' recordings, where there are several.
pub(super) fn of_times(old: &Counts, new: &Counts, spread: Option<&Spread>) -> f64 {
    let counted = of_counts(old, new);
    spread.map_or(counted, |spread| spread.p(old, new).max(counted))
}

/// The same for the totals of two sides.
pub fn of_totals(old: &Counts, new: &Counts) -> f64 {
    let variance = |side: &Counts| side.samples as f64 * (side.weight_ns / side.runs()).powi(2);
    let counted = of_counts(old, new);
    between_runs(old, new, variance).map_or(counted, |p| p.max(counted))
}

fn of_counts(old: &Counts, new: &Counts) -> f64 {
    let (a, b) = (old.exposure(), new.exposure());
    // A side without samples at all has no weight of a sample; the other side's is as good.
    let part = match (a > 0.0, b > 0.0) {
        (true, true) => b / (a + b),
        _ => new.runs() / (old.runs() + new.runs()),
    };
    binomial(new.samples, old.samples.saturating_add(new.samples), part)
}

/// As [`of_times`] for the shares of a row.
pub(super) fn of_shares(old: &Counts, new: &Counts, spread: Option<&Spread>) -> f64 {
    let counted = fisher(new.samples, new.of, old.samples, old.of);
    spread.map_or(counted, |spread| spread.p(old, new).max(counted))
}

/// Holm's correction, in place: afterwards a value below [`ALPHA`] is significant although so many were tested.
pub fn holm(values: &mut [&mut f64]) {
    values.sort_by(|a, b| a.total_cmp(b));
    let count = values.len();
    let mut least = 0.0_f64;
    for (i, p) in values.iter_mut().enumerate() {
        least = least.max((**p * (count - i) as f64).min(1.0));
        **p = least;
    }
}

/// Both tails of `k` of `n` where each is there with probability `part`.
fn binomial(k: u64, n: u64, part: f64) -> f64 {
    if n == 0 || part <= 0.0 || part >= 1.0 {
        return 1.0;
    }
    if n >= MANY {
        let (mean, deviation) = (n as f64 * part, (n as f64 * part * (1.0 - part)).sqrt());
        return normal(((k as f64 - mean).abs() - 0.5).max(0.0) / deviation);
    }
    let (k, n) = (k.min(n) as f64, n as f64);
    let at_least = if k == 0.0 { 1.0 } else { beta_reg(k, n - k + 1.0, part) };
    let at_most = if k == n { 1.0 } else { beta_reg(n - k, k + 1.0, 1.0 - part) };
    (2.0 * at_least.min(at_most)).min(1.0)
}

/// Both tails of `k` of `n` where another sample had `other_k` of `other_n`.
fn fisher(k: u64, n: u64, other_k: u64, other_n: u64) -> f64 {
    let (k, other_k) = (k.min(n), other_k.min(other_n));
    let (all, hits) = (n.saturating_add(other_n), k.saturating_add(other_k));
    if n == 0 || other_n == 0 || hits == 0 || hits == all {
        return 1.0;
    }
    let share = hits as f64 / all as f64;
    let smallest = share.min(1.0 - share) * n.min(other_n) as f64;
    let (first, last) = (hits.saturating_sub(other_n), hits.min(n));
    if smallest >= EXPECTED || last - first > TERMS {
        let (n, other_n) = (n as f64, other_n as f64);
        let error = (share * (1.0 - share) * (1.0 / n + 1.0 / other_n)).sqrt();
        return normal((k as f64 / n - other_k as f64 / other_n).abs() / error);
    }
    let ln_choose =
        |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let whole = ln_choose(all, hits);
    let chance = |x: u64| (ln_choose(n, x) + ln_choose(other_n, hits - x) - whole).exp();
    let at_most: f64 = (first..=k).map(chance).sum();
    let at_least: f64 = (k..=last).map(chance).sum();
    (2.0 * at_least.min(at_most)).min(1.0)
}

/// Welch's t test with, on each side, the larger of the variance between recordings and that of the counts; `None` where no side's
/// recordings differ by more than the counts explain.
fn between_runs(old: &Counts, new: &Counts, variance: impl Fn(&Counts) -> f64) -> Option<f64> {
    let (mut sum, mut degrees, mut used) = (0.0, 0.0, false);
    for side in [old, new] {
        let counted = variance(side);
        match variance_of_mean(&side.values).filter(|&between| between > counted) {
            Some(between) => {
                used = true;
                sum += between;
                degrees += between * between / (side.values.len() - 1) as f64;
            }
            None => sum += counted,
        }
    }
    if !used || sum <= 0.0 {
        return None;
    }
    let degrees = sum * sum / degrees;
    let t = (mean(&new.values) - mean(&old.values)).abs() / sum.sqrt();
    Some(tails(t, degrees))
}

/// Arithmetic mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// `None` of fewer than two values.
pub(super) fn variance_of_mean(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let (mean, n) = (mean(values), values.len() as f64);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(squares / (n - 1.0) / n)
}

/// Two-sided tail of the standard normal distribution.
fn normal(z: f64) -> f64 {
    erfc(z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-4 * b.max(1e-3), "{a} is not {b}");
    }

    fn counts(samples: u64, of: u64, values: &[f64]) -> Counts {
        let shares = values.iter().map(|value| value * values.len() as f64 / of.max(1) as f64).collect();
        Counts { samples, of, weight_ns: 1.0, values: values.to_vec(), shares }
    }

    /// Expected values are SciPy's: `2 * min(binom.cdf, binom.sf)`, `2 * min(hypergeom.cdf, hypergeom.sf)`, `ttest_ind`.
    #[test]
    fn agrees_with_scipy() {
        close(binomial(15, 20, 0.5), 0.041_389_465);
        close(binomial(5, 20, 0.5), 0.041_389_465);
        close(binomial(0, 8, 0.5), 0.007_812_5);
        close(binomial(10, 20, 0.5), 1.0);
        close(binomial(30, 40, 2.0 / 3.0), 0.342_870_376);
        close(binomial(5150, 9999, 0.5), 0.002_696_694);
        close(normal(1.959_964), 0.05);
        close(fisher(3, 10, 9, 10), 0.019_766_611);
        close(fisher(2, 5, 100, 1000), 0.166_419_125);
    }

    #[test]
    fn exact_and_normal_tests_meet() {
        let exact = binomial(5_150, MANY - 1, 0.5);
        let normal = binomial(5_150, MANY, 0.5);
        assert!((exact / normal - 1.0).abs() < 0.05, "{exact} {normal}");
    }

    #[test]
    fn equal_times_are_noise_whatever_the_rates() {
        let old = Counts { samples: 1000, of: 5000, weight_ns: 1e6, values: vec![1e9], shares: vec![0.2] };
        let new = Counts { samples: 250, of: 1250, weight_ns: 4e6, values: vec![1e9], shares: vec![0.2] };
        assert!(of_times(&old, &new, None) > 0.9);
        let slower = Counts { samples: 350, weight_ns: 4e6, values: vec![1.4e9], ..new.clone() };
        assert!(of_times(&old, &slower, None) < 1e-6);
        // Three recordings of the same time are no difference to one.
        let three =
            Counts { samples: 3000, of: 15_000, weight_ns: 1e6, values: vec![1e9; 3], shares: vec![0.2; 3] };
        assert!(of_times(&three, &new, None) > 0.9);
    }

    #[test]
    fn variation_between_runs_counts_where_it_is_larger() {
        let steady = counts(4000, 10_000, &[1000.0, 1001.0, 999.0, 1000.0]);
        let higher = counts(4400, 10_000, &[1100.0, 1101.0, 1099.0, 1100.0]);
        assert!(of_totals(&steady, &higher) < 1e-4);
        let wild = counts(4400, 10_000, &[700.0, 1500.0, 900.0, 1300.0]);
        assert!(of_totals(&steady, &wild) > 0.1);
        // A row that alone has several recordings a side speaks for itself.
        let p = |old: &Counts, new: &Counts| {
            let spread = Spread::of(&[(old.clone(), new.clone())], &[2500.0; 4], &[2500.0; 4], false);
            (of_times(old, new, spread.as_ref()), of_shares(old, new, spread.as_ref()))
        };
        assert!(p(&steady, &higher).0 < 1e-4);
        assert!(p(&steady, &wild).0 > 0.1 && p(&steady, &wild).1 > 0.1);
    }

    #[test]
    fn welch_agrees_with_scipy() {
        // ttest_ind([1, 2, 3, 4], [5, 7, 9, 11], equal_var=False); the counts explain nothing here.
        let side = |values: &[f64]| counts(0, 0, values);
        let p = between_runs(&side(&[1.0, 2.0, 3.0, 4.0]), &side(&[5.0, 7.0, 9.0, 11.0]), |_| 0.0);
        close(p.unwrap(), 0.015_790_692);
    }

    #[test]
    fn holm_corrects_for_the_number_of_tests() {
        let (mut a, mut b, mut c) = (0.01, 0.04, 0.03);
        holm(&mut [&mut a, &mut b, &mut c]);
        close(a, 0.03);
        close(c, 0.06);
        close(b, 0.06);
    }

    #[test]
    fn nothing_is_no_difference() {
        let empty = Counts::default();
        assert_eq!((of_times(&empty, &empty, None), of_shares(&empty, &empty, None)), (1.0, 1.0));
        assert!(of_times(&empty, &counts(100, 100, &[100.0]), None) < 1e-6);
    }

    /// Of many differences between equals, no more than the level are found significant.
    #[test]
    fn the_level_is_kept() {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut draw = |share: f64| (0..1000).filter(|_| uniform() < share).count() as u64;
        let side = |k: u64, _: f64| counts(k, 1000, &[k as f64]);
        for share in [0.01, 0.1, 0.5] {
            let (mut times, mut shares) = (0, 0);
            for _ in 0..2000 {
                let (old, new) = (side(draw(share), share), side(draw(share), share));
                times += u32::from(of_times(&old, &new, None) < 0.05);
                shares += u32::from(of_shares(&old, &new, None) < 0.05);
            }
            assert!(times <= 120 && shares <= 130, "{share}: {times} {shares} of 2000");
        }
    }
}
