//! Which of a file's sample values are counted, and what they mean.

use super::{super::unit, Tables};
use crate::profile::{
    format::no_event,
    model::{Clock, Unit},
};

/// A sample with more or fewer values than there are sample types.
pub(super) const WRONG_COUNT: &str = "damaged: a sample has not as many values as there are sample types";

/// How the values of a sample become a count and a weight.
#[derive(Debug)]
pub(super) struct Values {
    /// How many values each sample has.
    types: usize,
    weight: Weight,
    count: Count,
    pub(super) clock: Clock,
    pub(super) unit: Unit,
    /// What is weighed where it is no time.
    pub(super) event: String,
    /// Whether the counts are of something else than samples.
    pub(super) tallied: bool,
    period_ns: Option<u64>,
    /// The value that is a time of waiting in our own files.
    wait: Option<usize>,
    /// What a reader should know about the choice.
    pub(super) notes: Vec<String>,
}

#[derive(Debug)]
enum Weight {
    /// This value times so many nanoseconds or bytes.
    Scaled { column: usize, ns: u64 },
    /// A sample stands for one period.
    Period { ns: u64 },
}

#[derive(Debug)]
enum Count {
    /// This value.
    Column(usize),
    /// As many as periods fit into the weight; at least one.
    Periods(u64),
    /// Every sample of the file is one.
    One,
}

struct Type {
    name: String,
    unit: String,
}

impl Type {
    fn is_sample_count(&self) -> bool {
        self.unit == unit::COUNT && matches!(self.name.as_str(), unit::SAMPLES | "sample")
    }
}

impl Values {
    /// Which values they are: those of the type with the name `asked`, or the preferred ones. In a file of our own there are no others.
    pub(super) fn of(tables: &Tables<'_>, asked: Option<&str>, own: bool) -> Result<Self, String> {
        let mut types = Vec::new();
        for ty in &tables.header.sample_type {
            types.push(Type {
                name: tables.text(ty.ty)?.into_owned(),
                unit: tables.text(ty.unit)?.into_owned(),
            });
        }
        let default = tables.text(tables.header.default_sample_type)?;
        let period_ns = period_ns(tables)?;
        let usual = choose(&types, &default).unwrap_or(0);
        let choice = || types.iter().enumerate().filter(|(i, _)| !own || *i == usual);
        let column = match asked {
            None => usual,
            Some(name) => {
                choice()
                    .find(|(_, ty)| ty.name == name)
                    .ok_or_else(|| no_event(name, choice().map(|(_, ty)| ty.name.as_str())))?
                    .0
            }
        };
        let Some(ty) = types.get(column) else { return Err(super::NOT_PPROF.into()) };
        let time = nanoseconds(&ty.unit);
        let weight = match period_ns {
            Some(ns) if ty.is_sample_count() => Weight::Period { ns },
            _ => Weight::Scaled { column, ns: time.or(bytes(&ty.unit)).unwrap_or(1) },
        };
        let unit = match weight {
            Weight::Scaled { .. } if time.is_none() => {
                if bytes(&ty.unit).is_some() {
                    Unit::Bytes
                } else {
                    Unit::Count
                }
            }
            _ => Unit::Nanoseconds,
        };
        let event = match (unit, ty.name.as_str()) {
            (Unit::Nanoseconds, _) => String::new(),
            (_, name) => name.to_owned(),
        };
        let count = count_column(&types, column);
        let mut notes = Vec::new();
        if unit != Unit::Nanoseconds {
            notes.push(format!("its values are `{}` in {}, not time in nanoseconds", ty.name, ty.unit));
        }
        notes.extend(unread(&types, column, count));
        let tallied = count.and_then(|column| types.get(column)).is_some_and(|t| !t.is_sample_count());
        let count = match (count, period_ns) {
            (Some(column), _) => Count::Column(column),
            (None, Some(ns)) if time.is_some() => Count::Periods(ns),
            (None, _) => Count::One,
        };
        let waits = ["wall", "delay", "off_cpu", "offcpu"].iter().any(|word| ty.name.contains(word));
        let clock = if waits { Clock::Wall } else { Clock::Cpu };
        let wait = types.iter().position(|t| t.name == unit::WAIT && t.unit == unit::NANOSECONDS);
        Ok(Self { types: types.len(), weight, count, clock, unit, event, tallied, period_ns, wait, notes })
    }

    /// Count and weight of a sample; negative values count as 0 and are told through `negative`.
    pub(super) fn get(&self, values: &[i64], negative: &mut u64) -> Result<(u64, u64), String> {
        if values.len() != self.types {
            return Err(WRONG_COUNT.into());
        }
        let mut column = |i: usize| {
            let value = values.get(i).copied().unwrap_or(0);
            *negative += u64::from(value < 0);
            u64::try_from(value).unwrap_or(0)
        };
        let weight = match self.weight {
            Weight::Scaled { column: i, ns } => Some(column(i).saturating_mul(ns)),
            Weight::Period { .. } => None,
        };
        let count = match self.count {
            Count::Column(i) => column(i),
            Count::Periods(ns) => (weight.unwrap_or(0) / ns).max(1),
            Count::One => 1,
        };
        let weight = match (weight, &self.weight) {
            (None, Weight::Period { ns }) => count.saturating_mul(*ns),
            (weight, _) => weight.unwrap_or(0),
        };
        Ok((count, weight))
    }

    /// The time of waiting of a sample of our own, in nanoseconds.
    pub(super) fn wait_ns(&self, values: &[i64]) -> u64 {
        let value = self.wait.and_then(|column| values.get(column)).copied().unwrap_or(0);
        u64::try_from(value).unwrap_or(0)
    }

    /// Samples per second as the period tells; 0 where it does not.
    pub(super) fn rate_hz(&self) -> u64 {
        self.period_ns.map_or(0, |ns| (1_000_000_000 + ns / 2) / ns)
    }
}

/// The preferred type; but time before a mere number of samples.
fn choose(types: &[Type], default: &str) -> Option<usize> {
    let preferred =
        types.iter().position(|t| !default.is_empty() && t.name == default && !t.is_sample_count());
    let time = || types.iter().rposition(|t| nanoseconds(&t.unit).is_some());
    preferred.or_else(time).or(types.len().checked_sub(1))
}

/// The type that counts what the type at `weight` measures.
fn count_column(types: &[Type], weight: usize) -> Option<usize> {
    let name = types.get(weight).map_or("", |t| t.name.as_str());
    let objects = name.strip_suffix("_space").map(|stem| format!("{stem}_objects"));
    let counts = |t: &Type| t.unit == unit::COUNT;
    types
        .iter()
        .position(Type::is_sample_count)
        .or_else(|| types.iter().position(|t| counts(t) && objects.as_ref() == Some(&t.name)))
        .or_else(|| types.get(weight).filter(|t| counts(t)).map(|_| weight))
        .or_else(|| types.iter().position(counts))
}

fn unread(types: &[Type], weight: usize, count: Option<usize>) -> Option<String> {
    let others = types.iter().enumerate().filter(|(i, _)| *i != weight && Some(*i) != count);
    let others: Vec<_> = others.map(|(_, t)| format!("`{}`", t.name)).take(8).collect();
    let chosen = types.get(weight).map_or("", |t| t.name.as_str());
    (!others.is_empty()).then(|| format!("of its values `{chosen}` is shown; {} left out", others.join(", ")))
}

/// Time between two samples, where the file says it.
fn period_ns(tables: &Tables<'_>) -> Result<Option<u64>, String> {
    let Some(ty) = &tables.header.period_type else { return Ok(None) };
    let ns = nanoseconds(&tables.text(ty.unit)?);
    let period = u64::try_from(tables.header.period).unwrap_or(0);
    Ok(ns.and_then(|ns| ns.checked_mul(period)).filter(|&ns| ns > 0 && ns <= i64::MAX as u64))
}

/// Nanoseconds of a unit of time; `None` for other units.
fn nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "nanoseconds" | "nanosecond" | "ns" => 1,
        "microseconds" | "microsecond" | "us" | "µs" => 1_000,
        "milliseconds" | "millisecond" | "ms" => 1_000_000,
        "seconds" | "second" | "s" => 1_000_000_000,
        _ => return None,
    })
}

/// Bytes of a unit of memory; `None` for other units.
fn bytes(unit: &str) -> Option<u64> {
    Some(match unit {
        "bytes" | "byte" | "b" | "B" => 1,
        "kilobytes" | "kilobyte" | "kb" | "kB" | "KiB" => 1 << 10,
        "megabytes" | "megabyte" | "mb" | "MB" | "MiB" => 1 << 20,
        "gigabytes" | "gigabyte" | "gb" | "GB" | "GiB" => 1 << 30,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[(&str, &str)]) -> Vec<Type> {
        names.iter().map(|(name, unit)| Type { name: (*name).into(), unit: (*unit).into() }).collect()
    }

    #[test]
    fn the_shown_values_are_the_preferred_ones_or_time_or_the_last() {
        let cpu = [("samples", "count"), ("cpu", "nanoseconds")];
        let heap = [
            ("alloc_objects", "count"),
            ("alloc_space", "bytes"),
            ("inuse_objects", "count"),
            ("inuse_space", "bytes"),
        ];
        for (names, default, weight, count) in [
            (&cpu[..], "", 1, Some(0)),
            (&cpu, "samples", 1, Some(0)),
            (&heap, "", 3, Some(2)),
            (&heap, "alloc_space", 1, Some(0)),
            (&[("contentions", "count"), ("delay", "nanoseconds")], "", 1, Some(0)),
            (&[("goroutine", "count")], "", 0, Some(0)),
            (&[("cpu", "nanoseconds")], "", 0, None),
            (&[("wall", "milliseconds"), ("samples", "count")], "", 0, Some(1)),
        ] {
            let types = types(names);
            assert_eq!(choose(&types, default), Some(weight), "{names:?} {default}");
            assert_eq!(count_column(&types, weight), count, "{names:?} {default}");
        }
    }
}
