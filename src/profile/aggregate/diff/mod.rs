//! What has changed between two recordings, or two sets of recordings. Pure.
//!
//! Times are means over the recordings of a side. Whether a change is more than noise is decided in [`noise`], with `spread` where a side
//! has several recordings; which row is which in `pairs`.

pub mod flame;
pub mod noise;
mod pairs;
mod spread;

use regex::Regex;
use rustc_hash::FxHashMap;

use self::{
    noise::{Counts, mean},
    pairs::{Identity, Pair},
    spread::Spread,
};
use super::{By, Place, Row, Selection, Subject, Totals, TracedRow, UNKNOWN, rows, traced_rows};
use crate::profile::{
    Error,
    calls::Measurements,
    model::{Profile, Recording, Unit},
};

/// What to compare, and what of it to show.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What a row stands for: a function, a line or a module.
    pub by: By,
    /// Compare cumtime instead of tottime.
    pub cumtime: bool,
    /// Scale the old side so that its total is that of the new one: compare shares.
    pub normalize: bool,
    /// Keep rows whose function, file or module matches, on either side.
    pub filter: Option<Regex>,
    /// At most this many rows.
    pub limit: Option<usize>,
    /// Leave out rows whose change is below this share (0 to 1) of the old total.
    pub min_share: f64,
}

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Sampled on both sides.
    Both,
    /// Sampled on both sides, under different names.
    Renamed,
    /// Not sampled on the old side.
    New,
    /// Not sampled on the new side.
    Gone,
}

/// One side of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Half {
    /// Samples in all recordings of the side, or calls.
    pub samples: u64,
    /// Mean time of a recording in the row itself, in nanoseconds; scaled where the sides are normalized.
    pub tottime_ns: f64,
    /// The same with all it called.
    pub cumtime_ns: f64,
    /// Share (0 to 1) of the side's total of the time that is compared.
    pub share: f64,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'p> {
    /// What it stands for, as the new side names it where it has it.
    pub place: Place<'p>,
    /// As the old side names it, where that is different.
    pub was: Option<Place<'p>>,
    /// What it is.
    pub status: Status,
    /// The old side.
    pub old: Half,
    /// The new side.
    pub new: Half,
    /// New minus old of the time that is compared, in nanoseconds.
    pub delta_ns: f64,
    /// Probability of such a difference if nothing has changed, corrected for the number of rows; `None` where there are too few
    /// samples to tell, or none at all.
    pub p: Option<f64>,
    /// Whether `p` is below [`noise::ALPHA`].
    pub significant: bool,
}

/// A side as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Whole {
    /// Recordings.
    pub recordings: usize,
    /// Samples in all of them, or calls.
    pub samples: u64,
    /// Mean time of a recording in nanoseconds, as recorded.
    pub ns: f64,
    /// What stands for nanoseconds.
    pub unit: Unit,
}

/// The differences between two sides.
#[derive(Clone, Debug)]
pub struct Diff<'p> {
    /// What a row stands for.
    pub by: By,
    /// Whether cumtime was compared.
    pub cumtime: bool,
    /// What the times of the old side were multiplied with, where the sides are normalized.
    pub scale: Option<f64>,
    /// The old side.
    pub old: Whole,
    /// The new side.
    pub new: Whole,
    /// Probability of the difference of the totals if nothing has changed; `None` as for a row.
    pub total_p: Option<f64>,
    /// Whether nothing was sampled and no side has several recordings, so that nothing tells what chance does.
    pub tallied: bool,
    /// The changes by size.
    pub rows: Vec<Change<'p>>,
    /// Rows that match and are not in `rows`.
    pub left_out: usize,
}

impl Diff<'_> {
    /// What stands for nanoseconds in it.
    pub fn unit(&self) -> Unit {
        self.new.unit
    }

    /// Change of the total, in nanoseconds; 0 where the sides are normalized.
    pub fn total_delta_ns(&self) -> f64 {
        if self.scale.is_some() { 0.0 } else { self.new.ns - self.old.ns }
    }

    /// Total of the old side that changes are compared with, in nanoseconds: scaled where the sides are normalized.
    pub fn reference_ns(&self) -> f64 {
        self.old.ns * self.scale.unwrap_or(1.0)
    }

    /// Without the rows that the question does not ask to be shown. What is significant does not depend on what is shown.
    #[must_use]
    pub fn shown(mut self, question: &Question) -> Self {
        if let Some(filter) = &question.filter {
            let hit = |place: &Place<'_>| place.matches(filter);
            self.rows.retain(|row| hit(&row.place) || row.was.as_ref().is_some_and(hit));
        }
        let matching = self.rows.len();
        let least = question.min_share * self.reference_ns();
        self.rows.retain(|row| row.delta_ns.abs() >= least);
        self.rows.truncate(question.limit.unwrap_or(usize::MAX));
        self.left_out = matching - self.rows.len();
        self
    }

    /// Whether a change with this p is more than chance.
    pub fn is_real(&self, p: Option<f64>) -> bool {
        self.tallied || is_significant(p)
    }

    /// Change of a row as a share of the old total.
    pub fn impact(&self, change: &Change<'_>) -> f64 {
        if self.reference_ns() > 0.0 { change.delta_ns / self.reference_ns() } else { 0.0 }
    }
}

fn is_significant(p: Option<f64>) -> bool {
    p.is_some_and(|p| p < noise::ALPHA)
}

/// Compares the recordings of two sides. All rows are there, by size of the change; [`Diff::shown`] takes out what is not asked for.
///
/// # Errors
/// [`Error::MixedKinds`] where some recordings are of samples and others of calls, [`Error::MixedClocks`] where some have CPU time and others
/// elapsed time, [`Error::MixedUnits`] where some have no time at all, [`Error::OnlyFunctions`] for lines or modules of calls.
pub fn diff<'p>(
    old: &'p [Measurements],
    new: &'p [Measurements],
    question: &Question,
) -> Result<Diff<'p>, Error> {
    same_kind(old.iter().chain(new))?;
    same_measure(old.iter().chain(new).map(Measurements::recording))?;
    let (old, new) = (Side::of(old, question)?, Side::of(new, question)?);
    let scale = (question.normalize && old.whole.ns > 0.0).then(|| new.whole.ns / old.whole.ns);
    let pairs = pairs::pairs(question.by, &old.identities, &new.identities, &old.shares(), &new.shares());
    let tallied = old.is_tallied() || new.is_tallied();
    let counts = counts(&pairs, &old, &new, question.normalize);
    let spread = Spread::of(&counts, &old.total_values(), &new.total_values(), question.normalize);
    let spread = spread.as_ref();
    let judged = |(pair, counts): (&Pair, &(Counts, Counts))| {
        let change = change(pair, &old, &new, scale, question.cumtime)?;
        // Functions that only call others have nothing to compare.
        let compared = |half: &Half| if question.cumtime { half.cumtime_ns } else { half.tottime_ns };
        let times = compared(&change.old) + compared(&change.new);
        let anything = times > 0.0 || counts.0.samples > 0 || counts.1.samples > 0;
        anything.then(|| Change { p: p(counts, spread, tallied, question.normalize), ..change })
    };
    let mut rows: Vec<Change> = pairs.iter().zip(&counts).filter_map(judged).collect();
    let mut tested: Vec<&mut f64> = rows.iter_mut().filter_map(|row| row.p.as_mut()).collect();
    noise::holm(&mut tested);
    for row in &mut rows {
        row.significant = is_significant(row.p);
    }
    let total_p = match tallied {
        true => spread.map(|spread| spread.p_of_totals(&old.total_values(), &new.total_values())),
        false => Some(noise::of_totals(&old.counts_of_all(), &new.counts_of_all())),
    };
    let tallied = tallied && spread.is_none();
    let (old, new) = (old.whole, new.whole);
    let name = |row: &Change<'p>| (row.place.name, row.place.file, row.place.line, row.place.module);
    let size = |row: &Change<'p>| row.delta_ns.abs();
    rows.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| name(a).cmp(&name(b))));
    let (by, cumtime) = (question.by, question.cumtime);
    Ok(Diff { by, cumtime, scale, old, new, total_p, tallied, rows, left_out: 0 })
}

/// Probability of the difference of a row by chance; `None` where nothing tells it.
fn p((old, new): &(Counts, Counts), spread: Option<&Spread>, tallied: bool, shares: bool) -> Option<f64> {
    if tallied {
        return spread.map(|spread| spread.p(old, new));
    }
    let is_tested = old.samples.saturating_add(new.samples) >= noise::LEAST;
    is_tested.then(|| match shares {
        true => noise::of_shares(old, new, spread),
        false => noise::of_times(old, new, spread),
    })
}

/// Fails where not all recordings have time on the same clock.
///
/// # Errors
/// [`Error::MixedUnits`], [`Error::MixedClocks`].
pub fn same_measure<'r>(recordings: impl Iterator<Item = &'r Recording>) -> Result<(), Error> {
    let recordings: Vec<&Recording> = recordings.collect();
    for two in recordings.windows(2) {
        let [a, b] = two else { continue };
        if (a.unit, &a.event) != (b.unit, &b.event) {
            return Err(Error::MixedUnits { one: a.measure(), other: b.measure() });
        }
        if a.unit == Unit::Nanoseconds && a.clock != b.clock {
            return Err(Error::MixedClocks);
        }
    }
    Ok(())
}

fn same_kind<'p>(all: impl Iterator<Item = &'p Measurements>) -> Result<(), Error> {
    let (sampled, traced): (Vec<_>, Vec<_>) = all.partition(|one| matches!(one, Measurements::Sampled(_)));
    if sampled.is_empty() || traced.is_empty() { Ok(()) } else { Err(Error::MixedKinds) }
}

/// Samples or calls, tottime and cumtime in nanoseconds.
type Numbers = (u64, u64, u64);

/// The rows of one side, those of its recordings put together.
struct Side<'p> {
    whole: Whole,
    identities: Vec<Identity<'p>>,
    /// Per row and recording.
    numbers: Vec<Vec<Numbers>>,
    totals: Vec<Totals>,
    cumtime: bool,
}

impl<'p> Side<'p> {
    fn of(recordings: &'p [Measurements], question: &Question) -> Result<Self, Error> {
        let totals: Vec<Totals> = recordings.iter().map(totals).collect();
        let ns: Vec<f64> = totals.iter().map(|t| t.ns as f64).collect();
        let samples = totals.iter().fold(0_u64, |sum, t| sum.saturating_add(t.samples));
        let unit = recordings.first().map_or(Unit::default(), |one| one.recording().unit);
        let whole = Whole { recordings: recordings.len(), samples, ns: mean(&ns), unit };
        let mut side =
            Self { whole, identities: Vec::new(), numbers: Vec::new(), totals, cumtime: question.cumtime };
        let mut ids: FxHashMap<Identity, usize> = FxHashMap::default();
        for (recording, one) in recordings.iter().enumerate() {
            for (identity, numbers) in numbered(one, question.by)? {
                let position = *ids.entry(identity).or_insert_with(|| {
                    side.identities.push(identity);
                    side.numbers.push(vec![(0, 0, 0); recordings.len()]);
                    side.identities.len() - 1
                });
                if let Some(slot) = side.numbers.get_mut(position).and_then(|row| row.get_mut(recording)) {
                    // Rows of one place can only be one row.
                    *slot = numbers;
                }
            }
        }
        Ok(side)
    }

    fn is_tallied(&self) -> bool {
        self.totals.iter().any(|totals| totals.tallied)
    }

    fn shares(&self) -> Vec<f64> {
        let whole = self.whole.ns.max(1.0);
        (0..self.identities.len()).map(|i| self.mean(i, self.cumtime) / whole).collect()
    }

    fn mean(&self, row: usize, cumtime: bool) -> f64 {
        mean(&self.times(row, cumtime))
    }

    fn times(&self, row: usize, cumtime: bool) -> Vec<f64> {
        let time = |n: &Numbers| if cumtime { n.2 } else { n.1 } as f64;
        self.numbers
            .get(row)
            .map_or_else(|| vec![0.0; self.totals.len()], |row| row.iter().map(time).collect())
    }

    fn weight_ns(&self) -> f64 {
        let sum = self.totals.iter().map(|t| t.ns as f64).sum::<f64>();
        if self.whole.samples == 0 { 0.0 } else { sum / self.whole.samples as f64 }
    }

    fn total_values(&self) -> Vec<f64> {
        self.totals.iter().map(|t| t.ns as f64).collect()
    }

    /// Samples in all recordings; 0 where what is counted are none.
    fn sampled(&self) -> u64 {
        if self.is_tallied() { 0 } else { self.whole.samples }
    }

    fn counts_of_all(&self) -> Counts {
        Counts {
            samples: self.whole.samples,
            of: self.sampled(),
            weight_ns: self.weight_ns(),
            values: self.total_values(),
            shares: vec![1.0; self.totals.len()],
        }
    }

    /// What noise is judged by. Samples with the row anywhere on the stack are not counted apart; their time tells their number.
    fn counts(&self, row: Option<usize>, shares: bool) -> Counts {
        let times = row.map_or_else(|| vec![0.0; self.totals.len()], |row| self.times(row, self.cumtime));
        let weight_ns = self.weight_ns();
        let own = row
            .and_then(|row| self.numbers.get(row))
            .map_or(0, |row| row.iter().fold(0_u64, |sum, n| sum.saturating_add(n.0)));
        let samples = match self.cumtime && weight_ns > 0.0 {
            true => (times.iter().sum::<f64>() / weight_ns).round() as u64,
            false => own,
        };
        let of_total = |(ns, total): (&f64, &Totals)| ns / (total.ns as f64).max(1.0);
        let own_shares: Vec<f64> = times.iter().zip(&self.totals).map(of_total).collect();
        let values = if shares { own_shares.clone() } else { times };
        Counts { samples, of: self.sampled(), weight_ns, values, shares: own_shares }
    }

    fn half(&self, row: Option<usize>, scale: f64) -> Half {
        let Some(row) = row else { return Half::default() };
        let samples =
            self.numbers.get(row).map_or(0, |row| row.iter().fold(0, |sum: u64, n| sum.saturating_add(n.0)));
        Half {
            samples,
            tottime_ns: self.mean(row, false) * scale,
            cumtime_ns: self.mean(row, true) * scale,
            share: self.mean(row, self.cumtime) / self.whole.ns.max(1.0),
        }
    }
}

fn totals(measurements: &Measurements) -> Totals {
    match measurements {
        Measurements::Sampled(profile) => Totals::of(profile),
        Measurements::Traced(graph) => {
            let total = graph.total();
            Totals { samples: total.total, ns: total.tottime_ns, unit: graph.recording.unit, tallied: true }
        }
    }
}

/// What each row of a recording is, and its numbers.
fn numbered(one: &Measurements, by: By) -> Result<Vec<(Identity<'_>, Numbers)>, Error> {
    let selection = Selection { by, ..Selection::default() };
    let profile = match one {
        Measurements::Sampled(profile) => profile,
        Measurements::Traced(graph) => {
            let rows = traced_rows(graph, &selection)?.rows.into_iter();
            return Ok(rows
                .map(|TracedRow { place, calls }| {
                    (Identity { place, start: 0 }, (calls.total, calls.tottime_ns, calls.cumtime_ns))
                })
                .collect());
        }
    };
    let starts = if by == By::Line { starts(profile) } else { FxHashMap::default() };
    let mut out = Vec::new();
    for row in rows(profile, &selection)?.rows {
        let Row { subject: Subject::Place(place), times, .. } = row else { continue };
        let start = starts.get(&(place.name, place.file, place.module, place.line)).copied();
        let identity = Identity { place, start: start.unwrap_or(0) };
        out.push((identity, (times.samples, times.tottime_ns, times.cumtime_ns)));
    }
    Ok(out)
}

/// First line of the function of each line.
fn starts(profile: &Profile) -> FxHashMap<(&str, &str, &str, u32), u32> {
    let mut starts = FxHashMap::default();
    for frame in &profile.frames {
        let function = &profile.functions[frame.function.index()];
        let name = match profile.str(function.name) {
            "" => UNKNOWN,
            name => name,
        };
        let key = (name, profile.str(function.file), profile.module_path(function), frame.line);
        starts.entry(key).or_insert(function.start_line);
    }
    starts
}

/// What each pair is judged by.
fn counts(pairs: &[Pair], old: &Side<'_>, new: &Side<'_>, shares: bool) -> Vec<(Counts, Counts)> {
    pairs.iter().map(|pair| (old.counts(pair.old, shares), new.counts(pair.new, shares))).collect()
}

/// The change of a row, not judged yet.
fn change<'p>(
    pair: &Pair,
    old: &Side<'p>,
    new: &Side<'p>,
    scale: Option<f64>,
    cumtime: bool,
) -> Option<Change<'p>> {
    let place = |side: &Side<'p>, row: Option<usize>| Some(side.identities.get(row?)?.place);
    let (was, is) = (place(old, pair.old), place(new, pair.new));
    let status = match (was, is) {
        (Some(_), Some(_)) if pair.renamed => Status::Renamed,
        (Some(_), Some(_)) => Status::Both,
        (None, _) => Status::New,
        (_, None) => Status::Gone,
    };
    let (old, new) = (old.half(pair.old, scale.unwrap_or(1.0)), new.half(pair.new, 1.0));
    let compared = |half: &Half| if cumtime { half.cumtime_ns } else { half.tottime_ns };
    Some(Change {
        place: is.or(was)?,
        was: was.filter(|_| was != is && is.is_some()),
        status,
        delta_ns: compared(&new) - compared(&old),
        old,
        new,
        p: None,
        significant: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{
        aggregate::sketch::{SAMPLE_NS, profile, recorded},
        calls::sketch::{calls, graph as call_graph},
        model::{Clock, Recording},
    };

    fn outline(old: &[&str], new: &[&str], question: &Question) -> Vec<String> {
        let profiles = |texts: &[&str]| {
            texts.iter().map(|text| Measurements::Sampled(profile(text))).collect::<Vec<_>>()
        };
        let (old, new) = (profiles(old), profiles(new));
        let diff = diff(&old, &new, question).unwrap();
        let text = |c: &Change| {
            let ms = |ns: f64| (ns / SAMPLE_NS as f64).round();
            let time = |half: &Half| ms(if question.cumtime { half.cumtime_ns } else { half.tottime_ns });
            let sure = if c.significant { "!" } else { "" };
            format!("{} {}->{} {:?}{sure}", c.place.name, time(&c.old), time(&c.new), c.status)
        };
        diff.rows.iter().map(text).collect()
    }

    #[test]
    fn changes_by_size_with_noise_told_apart() {
        assert_eq!(
            outline(
                &["main;work@a.c:1 1000\nmain;rest@b.c:1 500\nmain;old@c.c:1 300"],
                &["main;work@a.c:1 1400\nmain;rest@b.c:1 510\nmain;fresh@d.c:1 100"],
                &Question::default()
            ),
            ["work 1000->1400 Both!", "old 300->0 Gone!", "fresh 0->100 New!", "rest 500->510 Both"]
        );
    }

    #[test]
    fn several_recordings_are_means_and_tell_more() {
        let one = outline(&["a 100\nb 900"], &["a 130\nb 900"], &Question::default());
        assert_eq!(one, ["a 100->130 Both", "b 900->900 Both"]);
        let four = outline(&["a 100\nb 900"; 8], &["a 130\nb 900"; 8], &Question::default());
        assert_eq!(four, ["a 100->130 Both!", "b 900->900 Both"]);
        let wild = ["a 10\nb 900", "a 300\nb 900", "a 20\nb 900", "a 190\nb 900"];
        let wild = outline(&["a 100\nb 900"; 4], &wild, &Question::default());
        assert_eq!(wild, ["a 100->130 Both", "b 900->900 Both"]);
    }

    #[test]
    fn normalized_sides_compare_shares() {
        let (old, new) = (&["a 1000\nb 1000"], &["a 500\nb 500"]);
        assert_eq!(outline(old, new, &Question::default()), ["a 1000->500 Both!", "b 1000->500 Both!"]);
        let normalized = Question { normalize: true, ..Question::default() };
        assert_eq!(outline(old, new, &normalized), ["a 500->500 Both", "b 500->500 Both"]);
        assert_eq!(outline(old, &["a 700\nb 300"], &normalized), ["a 500->700 Both!", "b 500->300 Both!"]);
    }

    #[test]
    fn cumtime_counts_what_was_called() {
        let question = Question { cumtime: true, ..Question::default() };
        assert_eq!(
            outline(&["main;f;g 1000"], &["main;f;g 1500"], &question),
            ["f 1000->1500 Both!", "g 1000->1500 Both!", "main 1000->1500 Both!"]
        );
    }

    #[test]
    fn filters_limits_and_what_is_left_out() {
        let sampled = |text| [Measurements::Sampled(profile(text))];
        let (old, new) = (sampled("a 100\nb 10\nc 10"), sampled("a 200\nb 20\nc 10"));
        let ask = |question: &Question| {
            let diff = diff(&old, &new, question).unwrap().shown(question);
            (diff.rows.len(), diff.left_out)
        };
        assert_eq!(ask(&Question { limit: Some(1), ..Question::default() }), (1, 2));
        assert_eq!(ask(&Question { min_share: 0.05, ..Question::default() }), (2, 1));
        let filter = Some(Regex::new("^[bc]$").unwrap());
        assert_eq!(ask(&Question { filter, ..Question::default() }), (2, 0));
        assert_eq!(ask(&Question { by: By::Module, ..Question::default() }), (1, 0));
    }

    #[test]
    fn calls_are_compared_and_several_recordings_tell_what_is_chance() {
        let graph = |work: u64, other: u64| {
            let functions = [
                ("a.py", 1, "work", calls(10, 10, work, work)),
                ("a.py", 9, "other", calls(5, 5, other, other)),
            ];
            Measurements::Traced(call_graph(&functions, &[]))
        };
        let changes = |old: &[Measurements], new: &[Measurements]| {
            let diff = diff(old, new, &Question::default()).unwrap();
            let row =
                |row: &Change| (row.place.name.to_owned(), row.delta_ns, row.old.samples, row.significant);
            (diff.rows.iter().map(row).collect::<Vec<_>>(), diff.tallied, diff.total_p.is_some())
        };
        let (rows, tallied, total) = changes(&[graph(1000, 500)], &[graph(1500, 500)]);
        assert_eq!(rows, [("work".to_owned(), 500_000.0, 10, false), ("other".to_owned(), 0.0, 5, false)]);
        assert!(tallied && !total);
        let runs = |base: u64| [0, 4, 2, 6].map(|more| graph(base + more, 500 - more));
        let (rows, tallied, total) = changes(&runs(1000), &runs(1500));
        assert!(rows[0].3 && !rows[1].3 && !tallied && total, "{rows:?}");
        let (traced, sampled) = ([graph(1, 1)], [Measurements::Sampled(profile("a 1"))]);
        assert!(matches!(diff(&traced, &sampled, &Question::default()), Err(Error::MixedKinds)));
        let lines = Question { by: By::Line, ..Question::default() };
        assert!(matches!(diff(&traced, &traced, &lines), Err(Error::OnlyFunctions)));
    }

    #[test]
    fn different_clocks_are_not_compared() {
        let wall = recorded("a 1", Recording { clock: Clock::Wall, ..Recording::default() });
        let (cpu, wall) = ([Measurements::Sampled(profile("a 1"))], [Measurements::Sampled(wall)]);
        let result = diff(&cpu, &wall, &Question::default());
        assert!(matches!(result, Err(Error::MixedClocks)));
    }

    #[test]
    fn a_recording_is_no_different_from_itself() {
        let p = [Measurements::Sampled(profile("a;b 1000\na;c 10\na 1"))];
        let diff = diff(&p, &p, &Question::default()).unwrap();
        assert!(diff.rows.iter().all(|row| row.delta_ns == 0.0 && !row.significant));
        assert_eq!(diff.total_p, Some(1.0));
    }
}
