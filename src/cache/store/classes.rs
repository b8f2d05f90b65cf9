//! The classes of ages and sizes in which summaries count entries.

use crate::cache::model::{Bin, Histogram};

/// Upper ends of the classes of ages, in seconds: an hour, a day, a week, 30 and 90 days, a year.
pub(super) const AGES: [f64; 6] = [3600.0, 86_400.0, 604_800.0, 2_592_000.0, 7_776_000.0, 31_536_000.0];
/// Upper ends of the classes of sizes, in bytes.
pub(super) const SIZES: [f64; 7] =
    [64.0, 1024.0, 16_384.0, 262_144.0, 4_194_304.0, 67_108_864.0, 1_073_741_824.0];

/// Counts `value` and its `bytes` in the class it belongs to; `classes` has one more than `ends`.
pub(super) fn count(classes: &mut [(u64, u64)], ends: &[f64], value: f64, bytes: u64) {
    let class = ends.iter().position(|&end| value < end).unwrap_or(ends.len());
    if let Some(class) = classes.get_mut(class) {
        class.0 += 1;
        class.1 = class.1.saturating_add(bytes);
    }
}

/// The classes with their ends.
pub(super) fn histogram(ends: &[f64], classes: &[(u64, u64)]) -> Histogram {
    let below = ends.iter().copied().map(Some).chain([None]);
    let bins = below.zip(classes).map(|(below, &(entries, bytes))| Bin { below, entries, bytes });
    Histogram { bins: bins.collect() }
}
