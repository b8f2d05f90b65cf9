//! What changes from one look at a cache to the next.

use std::collections::VecDeque;

use super::store::Pulse;

/// Rates that are kept for a chart.
const KEPT: usize = 512;

/// Events per second since the look before; `None` before there is one, and for what the owner does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Lookups that found an entry.
    pub hits: Option<f64>,
    /// Lookups that did not.
    pub misses: Option<f64>,
    /// Entries written.
    pub writes: Option<f64>,
    /// Change of the number of entries, which may be negative.
    pub entries: Option<f64>,
}

impl Rates {
    /// The share (0 to 1) of lookups that found an entry; `None` where there was none.
    pub fn hit_ratio(&self) -> Option<f64> {
        let (hits, misses) = (self.hits?, self.misses?);
        (hits + misses > 0.0).then(|| hits / (hits + misses))
    }
}

/// Looks at a cache again and again.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    last: Option<(f64, Pulse)>,
    history: VecDeque<Rates>,
}

impl Meter {
    /// Takes in how things stand at `seconds` of any clock that only goes forward.
    pub fn look(&mut self, seconds: f64, pulse: Pulse) -> Rates {
        let rates = match self.last {
            Some((before, last)) if seconds > before => {
                let rate = |now: Option<u64>, then: Option<u64>| {
                    // The owner may have set its counters back.
                    Some(now?.saturating_sub(then?) as f64 / (seconds - before))
                };
                Rates {
                    hits: rate(pulse.hits, last.hits),
                    misses: rate(pulse.misses, last.misses),
                    writes: rate(pulse.writes, last.writes),
                    entries: Some((pulse.entries as f64 - last.entries as f64) / (seconds - before)),
                }
            }
            _ => Rates::default(),
        };
        if self.last.is_some() {
            self.history.push_back(rates);
            if self.history.len() > KEPT {
                self.history.pop_front();
            }
        }
        self.last = Some((seconds, pulse));
        rates
    }

    /// The rates so far, the oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Rates> {
        self.history.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(entries: u64, hits: u64, misses: u64) -> Pulse {
        Pulse { entries, hits: Some(hits), misses: Some(misses), ..Pulse::default() }
    }

    #[test]
    fn rates_are_differences_by_time() {
        let mut meter = Meter::default();
        assert_eq!(meter.look(10.0, pulse(5, 100, 10)), Rates::default());
        let rates = meter.look(12.0, pulse(1, 130, 20));
        assert_eq!((rates.hits, rates.misses, rates.entries), (Some(15.0), Some(5.0), Some(-2.0)));
        assert_eq!((rates.hit_ratio(), rates.writes), (Some(0.75), None));
        // Counters that were set back are no negative rate, and no time is no division.
        assert_eq!(meter.look(13.0, pulse(1, 0, 20)).hits, Some(0.0));
        assert_eq!(meter.look(13.0, pulse(1, 5, 20)), Rates::default());
        assert_eq!(meter.history().count(), 3);
    }

    #[test]
    fn history_is_bounded() {
        let mut meter = Meter::default();
        for second in 0..2000_u32 {
            meter.look(f64::from(second), Pulse::default());
        }
        assert_eq!(meter.history().count(), KEPT);
    }
}
