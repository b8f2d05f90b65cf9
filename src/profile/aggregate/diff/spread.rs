//! How much the recordings of one side differ among themselves, as all rows together tell.
//!
//! Three recordings say next to nothing about the spread of one row: a test that takes it from them alone finds no change of a row among
//! hundreds. But there are hundreds of rows. What is estimated:
//!
//! * the spread of whole recordings (a machine that is slower this time), from their totals;
//! * the spread of a row's share of its recording: what counts of samples explain and a relative spread that all rows have in common;
//! * how far each row's own spread is from that. The variances of rows are taken for one another's as in G. K. Smyth, "Linear models and
//!   empirical Bayes methods for assessing differential expression in microarray experiments" (2004), section 6.2: the more alike
//!   they are, the more the common one counts. A row that varies more than that explains speaks for itself.
//!
//! The first two are taken for independent of each other. That a row with much of the time is not: where the times of a large row vary more than
//! the estimate, what they vary by themselves counts (Welch's test).

use statrs::function::{
    beta::beta_reg,
    erf::erfc,
    gamma::{digamma, gamma_ur},
};

use super::noise::{Counts, mean, variance_of_mean};

/// Samples of a row in each recording from which its spread is that of counts with a normal distribution, roughly.
const ENOUGH: f64 = 5.0;
/// Rows from which the spread of all is estimated.
const FEWEST_ROWS: usize = 5;
/// A row that varies so much that others would with this probability is not one of them.
const OUTLIER: f64 = 0.05;
/// Share from which a row is so much of a recording that it makes the total vary.
const LARGE: f64 = 0.25;
/// Degrees of freedom that are as good as infinitely many.
const MANY: f64 = 1e6;

/// What the recordings of two sides say about chance beyond that of sampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    /// Whether shares are compared, which do not vary as the totals do.
    by_share: bool,
    /// Variance of a recording's total, as a share of its square, and its degrees of freedom.
    whole: f64,
    whole_degrees: f64,
    /// Variance of a share that all rows have beside that of counts, as a part of its square.
    common: f64,
    /// What the variances of rows are multiplied with on the whole, and for how many degrees of freedom that counts.
    factor: f64,
    factor_degrees: f64,
}

/// One side of a row as the model sees it.
struct Side<'c> {
    shares: &'c [f64],
    share: f64,
    /// Variance of one recording's share.
    variance: f64,
}

impl<'c> Side<'c> {
    fn of(counts: &'c Counts, common: f64) -> Self {
        let share = mean(&counts.shares);
        let samples = counts.of as f64 / counts.runs();
        let counted = if samples > 0.0 { share * (1.0 - share).max(0.0) / samples } else { 0.0 };
        Self { shares: &counts.shares, share, variance: counted + common * share * share }
    }

    fn runs(&self) -> f64 {
        self.shares.len().max(1) as f64
    }

    /// Degrees of freedom, 0 where nothing is known.
    fn degrees(&self) -> f64 {
        if self.share > 0.0 && self.variance > 0.0 { self.runs() - 1.0 } else { 0.0 }
    }

    fn squares(&self) -> f64 {
        self.shares.iter().map(|share| (share - self.share).powi(2)).sum()
    }
}

impl Spread {
    /// The spread of rows, old and new side of each; `None` where no side has two recordings.
    pub(super) fn of(
        rows: &[(Counts, Counts)],
        old_totals: &[f64],
        new_totals: &[f64],
        by_share: bool,
    ) -> Option<Self> {
        let (mut squares, mut degrees) = (0.0, 0.0);
        for totals in [old_totals, new_totals] {
            let mean = mean(totals);
            if totals.len() > 1 && mean > 0.0 {
                squares += totals.iter().map(|total| (total / mean - 1.0).powi(2)).sum::<f64>();
                degrees += totals.len() as f64 - 1.0;
            }
        }
        if degrees == 0.0 {
            return None;
        }
        let common = common(rows);
        let ratios: Vec<(f64, f64)> = rows.iter().filter_map(|row| ratio(row, common)).collect();
        let (factor, factor_degrees) = prior(&ratios);
        let whole = squares / degrees;
        Some(Self { by_share, whole, whole_degrees: degrees, common, factor, factor_degrees })
    }

    /// Probability of a difference at least this large if nothing has changed.
    pub(super) fn p(&self, old: &Counts, new: &Counts) -> f64 {
        let (a, b) = (Side::of(old, self.common), Side::of(new, self.common));
        let (factor, degrees) = self.factor(ratio_of(&[&a, &b]));
        let (mut of_row, mut of_whole, mut own) = (0.0, 0.0, Estimate::default());
        for (side, counts) in [(&a, old), (&b, new)] {
            let value = mean(&counts.values);
            let unit = if side.share > 0.0 { value / side.share } else { 0.0 };
            let row = factor * side.variance * unit * unit / side.runs();
            let whole = if self.by_share { 0.0 } else { self.whole * value * value / side.runs() };
            (of_row, of_whole) = (of_row + row, of_whole + whole);
            match variance_of_mean(&counts.values) {
                Some(variance) => own.add(variance, side.runs() - 1.0),
                None => own.add(row + whole, f64::INFINITY),
            }
        }
        let mut model = Estimate::default();
        model.add(of_row, degrees);
        model.add(of_whole, self.whole_degrees);
        let speaks_for_itself = a.share.max(b.share) >= LARGE && own.variance > model.variance;
        let delta = mean(&new.values) - mean(&old.values);
        if speaks_for_itself { own.p(delta) } else { model.p(delta) }
    }

    /// The same for the totals where nothing was sampled.
    pub(super) fn p_of_totals(&self, old: &[f64], new: &[f64]) -> f64 {
        let variance = |totals: &[f64]| self.whole * mean(totals).powi(2) / totals.len().max(1) as f64;
        let mut estimate = Estimate::default();
        estimate.add(variance(old) + variance(new), self.whole_degrees);
        estimate.p(mean(new) - mean(old))
    }

    /// What the variance of a row is multiplied with, and the degrees of freedom of that, where its own recordings say `own`.
    fn factor(&self, own: Option<(f64, f64)>) -> (f64, f64) {
        let (ratio, own_degrees) = own.unwrap_or((1.0, 0.0));
        let degrees = own_degrees + self.factor_degrees;
        let is_one_of_them = ratio <= self.factor
            || above(ratio / self.factor.max(f64::MIN_POSITIVE), own_degrees, self.factor_degrees) > OUTLIER;
        let (factor, degrees) = match self.factor_degrees {
            prior if prior > 0.0 && !is_one_of_them => (ratio, own_degrees),
            prior if prior >= MANY => (self.factor, degrees),
            _ if degrees == 0.0 => (1.0, degrees),
            prior => ((prior * self.factor + own_degrees * ratio) / degrees, degrees),
        };
        // Counts vary at least as they do; less is chance, or sampling at a fixed rate, and nothing becomes significant by that. How much
        // they vary need not be estimated.
        let known = factor <= 1.0 && self.common == 0.0;
        (factor.max(1.0), if known { f64::INFINITY } else { degrees.max(1.0) })
    }
}

/// A variance that is the sum of others, and what Satterthwaite's approximation takes its degrees of freedom from.
#[derive(Clone, Copy, Debug, Default)]
struct Estimate {
    variance: f64,
    parts: f64,
}

impl Estimate {
    fn add(&mut self, variance: f64, degrees: f64) {
        self.variance += variance;
        self.parts += variance * variance / degrees;
    }

    /// Probability of a difference at least this large by chance.
    fn p(&self, delta: f64) -> f64 {
        if self.variance <= 0.0 {
            return if delta == 0.0 { 1.0 } else { 0.0 };
        }
        let degrees =
            if self.parts > 0.0 { self.variance * self.variance / self.parts } else { f64::INFINITY };
        tails(delta.abs() / self.variance.sqrt(), degrees)
    }
}

/// Probability of a ratio of variances above this one, with the degrees of freedom of either; 1 where there are none.
fn above(ratio: f64, degrees: f64, other: f64) -> f64 {
    if degrees <= 0.0 || other <= 0.0 {
        return 1.0;
    }
    if other >= MANY {
        return gamma_ur(degrees / 2.0, ratio * degrees / 2.0);
    }
    beta_reg(other / 2.0, degrees / 2.0, other / (other + degrees * ratio))
}

/// The relative variance of shares that counts do not explain, of all rows with enough samples; those with many tell most about it.
fn common(rows: &[(Counts, Counts)]) -> f64 {
    let (mut unexplained, mut squares) = (0.0, 0.0);
    for side in rows.iter().flat_map(|(old, new)| [old, new]) {
        let model = Side::of(side, 0.0);
        if model.share > 0.0 && is_enough(side, &model) {
            let degrees = model.runs() - 1.0;
            unexplained += model.squares() - degrees * model.variance;
            squares += degrees * model.share * model.share;
        }
    }
    if squares > 0.0 { (unexplained / squares).max(0.0) } else { 0.0 }
}

/// Where nothing was sampled, each number is what it is.
fn is_enough(counts: &Counts, side: &Side<'_>) -> bool {
    counts.of == 0 || side.share * counts.of as f64 / side.runs() >= ENOUGH
}

/// The variance of a row with enough samples, which is no 0, as [`ratio_of`] tells it.
fn ratio(row: &(Counts, Counts), common: f64) -> Option<(f64, f64)> {
    let (a, b) = (Side::of(&row.0, common), Side::of(&row.1, common));
    let used = [(&a, &row.0), (&b, &row.1)].into_iter().filter(|(side, counts)| is_enough(counts, side));
    let used: Vec<&Side<'_>> = used.map(|(side, _)| side).collect();
    ratio_of(&used).filter(|(ratio, _)| *ratio > 0.0)
}

/// The variance between recordings of these sides as a multiple of what the model says, and its degrees of freedom; `None` without any.
fn ratio_of(sides: &[&Side<'_>]) -> Option<(f64, f64)> {
    let (mut sum, mut degrees) = (0.0, 0.0);
    for side in sides.iter().filter(|side| side.degrees() > 0.0) {
        sum += side.squares() / side.variance;
        degrees += side.degrees();
    }
    (degrees > 0.0).then(|| (sum / degrees, degrees))
}

/// What multiples of variances with so many degrees of freedom each have in common, and the degrees of freedom that this is worth: 0
/// where there are too few to tell, infinitely many where they do not differ by more than chance.
fn prior(ratios: &[(f64, f64)]) -> (f64, f64) {
    if ratios.len() < FEWEST_ROWS {
        return (1.0, 0.0);
    }
    let log = |&(ratio, degrees): &(f64, f64)| ratio.ln() - digamma(degrees / 2.0) + (degrees / 2.0).ln();
    let logs: Vec<f64> = ratios.iter().map(log).collect();
    let center = mean(&logs);
    let count = ratios.len() as f64;
    let spread = logs.iter().map(|log| (log - center).powi(2)).sum::<f64>() / (count - 1.0);
    let chance = ratios.iter().map(|(_, degrees)| trigamma(degrees / 2.0)).sum::<f64>() / count;
    if spread <= chance {
        return (center.exp(), f64::INFINITY);
    }
    let half = trigamma_inverse(spread - chance);
    ((center + digamma(half) - half.ln()).exp(), 2.0 * half)
}

/// Second derivative of the logarithm of the gamma function.
fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 10.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    sum + 1.0 / x + y / 2.0 + y / x * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y / 30.0)))
}

/// Where [`trigamma`], which falls, has this value.
fn trigamma_inverse(value: f64) -> f64 {
    let (mut low, mut high) = (1e-8_f64, 1e8_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if trigamma(middle) > value { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

/// Both tails of Student's distribution.
pub(super) fn tails(t: f64, degrees: f64) -> f64 {
    if degrees >= MANY {
        return erfc(t / std::f64::consts::SQRT_2);
    }
    beta_reg(degrees / 2.0, 0.5, degrees / (degrees + t * t))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn functions_agree_with_scipy() {
        // polygamma(1, x)
        close(trigamma(0.5), 4.934_802_200_544_679);
        close(trigamma(2.0), 0.644_934_066_848_226_4);
        close(trigamma(25.5), 0.039_994_694_649_562_9);
        for x in [0.01, 0.7, 3.0, 400.0] {
            close(trigamma_inverse(trigamma(x)) / x, 1.0);
        }
        // 2 * t.sf(3, 4), 2 * norm.sf(2)
        close(tails(3.0, 4.0), 0.039_941_967_984_477_2);
        close(tails(2.0, f64::INFINITY), 0.045_500_263_896_358_4);
        // f.sf(3, 4, 6), chi2.sf(9.487729, 4)
        close(above(3.0, 4.0, 6.0), 0.111_111_111_111_111_1);
        close(above(9.487_729_036_781_154 / 4.0, 4.0, f64::INFINITY), 0.05);
    }

    /// Numbers with a normal distribution, by a linear congruential generator.
    struct Random(u64);

    impl Random {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
        }

        /// As good as a Poisson count where it is not small.
        fn count(&mut self, expected: f64) -> f64 {
            (expected + expected.sqrt() * self.normal()).round().max(0.0)
        }
    }

    /// Recordings of a side: samples by row. Each recording as a whole, and each row in it, is off by so much.
    fn side(random: &mut Random, means: &[f64], runs: usize, whole: f64, row: f64) -> Vec<Vec<f64>> {
        let mut recording = |_| {
            let speed = 1.0 + whole * random.normal();
            let mut samples = |mean: &f64| {
                let expected = mean * speed * (1.0 + row * random.normal());
                random.count(expected.max(0.0))
            };
            means.iter().map(&mut samples).collect()
        };
        (0..runs).map(&mut recording).collect()
    }

    fn totals(side: &[Vec<f64>]) -> Vec<f64> {
        side.iter().map(|run| run.iter().sum()).collect()
    }

    fn counts(side: &[Vec<f64>], row: usize) -> Counts {
        let values: Vec<f64> = side.iter().map(|run| run[row]).collect();
        let totals = totals(side);
        Counts {
            samples: values.iter().sum::<f64>() as u64,
            of: totals.iter().sum::<f64>() as u64,
            weight_ns: 1.0,
            shares: values.iter().zip(&totals).map(|(value, total)| value / total).collect(),
            values,
        }
    }

    /// The corrected p of each row.
    fn judged(old: &[Vec<f64>], new: &[Vec<f64>]) -> Vec<f64> {
        let rows: Vec<_> = (0..old[0].len()).map(|row| (counts(old, row), counts(new, row))).collect();
        let spread = Spread::of(&rows, &totals(old), &totals(new), false).unwrap();
        let mut p: Vec<f64> =
            rows.iter().map(|(old, new)| super::super::noise::of_times(old, new, Some(&spread))).collect();
        super::super::noise::holm(&mut p.iter_mut().collect::<Vec<_>>());
        p
    }

    /// Rows as a program has them: a few with thousands of samples, many with few.
    fn rows() -> Vec<f64> {
        (1..=120).map(|rank| 4000.0 / f64::from(rank)).collect()
    }

    #[test]
    fn a_change_is_found_among_many_rows_by_three_recordings_a_side() {
        let mut random = Random(7);
        let old = rows();
        for (whole, row) in [(0.0, 0.0), (0.01, 0.0), (0.01, 0.01)] {
            let mut found = 0;
            for _ in 0..100 {
                let mut new = old.clone();
                new[9] *= 1.4;
                let p =
                    judged(&side(&mut random, &old, 3, whole, row), &side(&mut random, &new, 3, whole, row));
                found += u32::from(p[9] < super::super::noise::ALPHA);
            }
            // 1,680 samples instead of 1,200 a side.
            assert!(found >= 90, "{whole} {row}: {found} of 100");
        }
    }

    #[test]
    fn of_equal_sides_hardly_any_row_is_significant() {
        let mut random = Random(3);
        let means = rows();
        for (runs, whole, row) in
            [(3, 0.0, 0.0), (3, 0.05, 0.0), (2, 0.03, 0.02), (3, 0.02, 0.05), (5, 0.05, 0.1)]
        {
            let mut wrong = 0;
            for _ in 0..300 {
                let (old, new) = (
                    side(&mut random, &means, runs, whole, row),
                    side(&mut random, &means, runs, whole, row),
                );
                wrong += u32::from(judged(&old, &new).iter().any(|p| *p < super::super::noise::ALPHA));
            }
            // 1 % of 300 are 3; 9 are that and more than three standard deviations.
            assert!(wrong <= 9, "{runs} recordings, {whole} {row}: {wrong} of 300");
        }
    }

    #[test]
    fn a_large_row_that_makes_the_total_vary_is_judged_by_itself() {
        let mut random = Random(5);
        let means: Vec<f64> =
            [3000.0].into_iter().chain((1..=40).map(|rank| 500.0 / f64::from(rank))).collect();
        let mut wrong = 0;
        for _ in 0..300 {
            let mut varied = || {
                let mut side = side(&mut random, &means, 3, 0.0, 0.0);
                for run in &mut side {
                    run[0] = (run[0] * (1.0 + 0.1 * random.normal())).max(0.0).round();
                }
                side
            };
            let (old, new) = (varied(), varied());
            wrong += u32::from(judged(&old, &new).iter().any(|p| *p < super::super::noise::ALPHA));
        }
        assert!(wrong <= 9, "{wrong} of 300");
    }

    #[test]
    fn a_row_that_varies_more_than_others_needs_more() {
        let mut random = Random(11);
        let means = rows();
        let mut wrong = 0;
        for _ in 0..300 {
            let mut wild = || {
                let mut side = side(&mut random, &means, 3, 0.0, 0.0);
                for run in &mut side {
                    run[4] = (run[4] * (1.0 + 0.3 * random.normal())).max(0.0).round();
                }
                side
            };
            let (old, new) = (wild(), wild());
            wrong += u32::from(judged(&old, &new)[4] < super::super::noise::ALPHA);
        }
        assert!(wrong <= 30, "{wrong} of 300");
    }
}
