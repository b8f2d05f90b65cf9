//! Medians and their intervals.

use std::fmt;

/// A median and where it lies with 95 % confidence.
#[derive(Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Estimate {
    /// By resampling (percentile bootstrap), which assumes nothing about the distribution. The same values give the
    /// same interval every time.
    pub(crate) fn of(values: &[f64]) -> Self {
        const RESAMPLES: usize = 4000;
        let mut random = 88_172_645_463_325_252_u64;
        let mut medians: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let resampled = values.iter().map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    values[(random % values.len() as u64) as usize]
                });
                median(&mut resampled.collect::<Vec<_>>())
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        let at = |share: f64| medians[(share * (RESAMPLES - 1) as f64).round() as usize];
        Self { median: median(&mut values.to_vec()), low: at(0.025), high: at(0.975) }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} (95 %: {:.3} to {:.3})", self.median, self.low, self.high)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
