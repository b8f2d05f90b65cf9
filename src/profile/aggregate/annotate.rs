//! The time of each line of a function or a file.
//!
//! Everything here goes by lines as [`By::Line`](super::By::Line) does: the innermost frame counts where it stands, inlined or
//! not, so that inlined code has its time at its own lines, and the line that called it has that in its cumtime.

use super::{
    Place, Times, Totals,
    keys::{self, Keys},
    named,
    rows::times,
    sums::{NONE, Sum, Weights, per_key},
};
use crate::profile::{Error, model::Profile};

/// What a section shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotated<'p> {
    /// A function.
    Function(Place<'p>),
    /// A source file, with all functions in it.
    File(&'p str),
}

/// The time of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineTimes {
    /// Line in the file, from 1; 0 where the recording does not know it.
    pub line: u32,
    /// Its numbers.
    pub times: Times,
}

/// A function or file and its lines with time.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'p> {
    /// What it shows.
    pub subject: Annotated<'p>,
    /// Path of the source file as recorded, or empty.
    pub file: &'p str,
    /// The numbers of all its lines, each sample once.
    pub times: Times,
    /// Lines with samples, in the order of the file.
    pub lines: Vec<LineTimes>,
}

/// The lines of what a user named.
#[derive(Clone, Debug)]
pub struct Annotation<'p> {
    /// What was found, by falling cumtime.
    pub sections: Vec<Section<'p>>,
    /// Functions or files that match and are not in `sections`.
    pub left_out: usize,
    /// The whole profile.
    pub totals: Totals,
}

/// The lines of the function or file that `what` names; of several, at most `limit`, those with the most time.
///
/// # Errors
/// [`Error::NoFunction`] where nothing in the profile is called so.
pub fn annotate<'p>(profile: &'p Profile, what: &str, limit: usize) -> Result<Annotation<'p>, Error> {
    let functions = keys::by_function(profile);
    let totals = Totals::of(profile);
    let weights = Weights::of(profile);
    let lines = Lines { profile, functions: &functions, weights: &weights, totals };
    let files = named::files(&functions.places, what);
    let named = named::functions(&functions.places, what);
    // A path is a path; a word is a function where there is one of exactly this name or end.
    let is_path = what.contains('/') || named.iter().all(|&i| !exactly(&functions.places, i, what));
    let mut sections: Vec<Section> = if is_path && !files.is_empty() {
        files.iter().filter_map(|file| lines.of_file(file)).collect()
    } else {
        lines.of_functions(&named, limit)
    };
    if sections.is_empty() {
        return Err(Error::NoFunction { name: what.to_owned() });
    }
    sections.sort_by_key(|section| std::cmp::Reverse(section.times.cumtime_ns));
    let found = if is_path && !files.is_empty() { sections.len() } else { named.len() };
    sections.truncate(limit);
    Ok(Annotation { left_out: found.saturating_sub(sections.len()), sections, totals })
}

/// The lines of these functions, in their order; functions without samples are left out.
pub fn sections<'p>(profile: &'p Profile, wanted: &[Place<'p>]) -> Vec<Section<'p>> {
    let functions = keys::by_function(profile);
    let weights = Weights::of(profile);
    let lines = Lines { profile, functions: &functions, weights: &weights, totals: Totals::of(profile) };
    let section = |place: &Place<'p>| {
        let key = functions.places.iter().position(|known| known == place)?;
        lines.section(Annotated::Function(*place), place.file, |frame| {
            lines.function_of(frame) as usize == key
        })
    };
    wanted.iter().filter_map(section).collect()
}

fn exactly(places: &[Place<'_>], i: usize, what: &str) -> bool {
    places.get(i).is_some_and(|place| place.name == what)
}

struct Lines<'a, 'p> {
    profile: &'p Profile,
    functions: &'a Keys<'p>,
    weights: &'a Weights,
    totals: Totals,
}

impl<'p> Lines<'_, 'p> {
    /// Sections of the `limit` functions among these with the most time.
    fn of_functions(&self, named: &[usize], limit: usize) -> Vec<Section<'p>> {
        let wanted = |key: u32| if named.binary_search(&(key as usize)).is_ok() { key } else { NONE };
        let sums = self.sums(self.functions.places.len(), |frame| wanted(self.function_of(frame)));
        let mut hottest: Vec<usize> = named.to_vec();
        hottest.sort_by_key(|&i| std::cmp::Reverse(sums.get(i).map_or(0, |sum| sum.total_ns)));
        hottest.truncate(limit);
        let section = |&i: &usize| {
            let place = *self.functions.places.get(i)?;
            let subject = Annotated::Function(place);
            self.section(subject, place.file, |frame| self.function_of(frame) as usize == i)
        };
        hottest.iter().filter_map(section).collect()
    }

    fn of_file(&self, file: &'p str) -> Option<Section<'p>> {
        let in_file = |frame: usize| {
            let place = self.functions.places.get(self.function_of(frame) as usize);
            place.is_some_and(|place| place.file == file)
        };
        self.section(Annotated::File(file), file, in_file)
    }

    fn function_of(&self, frame: usize) -> u32 {
        self.functions.of_frame.get(frame).copied().unwrap_or(NONE)
    }

    /// The section of the frames that `belongs` chooses; `None` without samples.
    fn section(
        &self,
        subject: Annotated<'p>,
        file: &'p str,
        belongs: impl Fn(usize) -> bool,
    ) -> Option<Section<'p>> {
        let mut numbers: Vec<u32> = Vec::new();
        let chosen: Vec<Option<u32>> = (self.profile.frames.iter().enumerate())
            .map(|(i, frame)| belongs(i).then_some(frame.line))
            .collect();
        numbers.extend(chosen.iter().flatten());
        numbers.sort_unstable();
        numbers.dedup();
        let key = |frame: usize| {
            let line = chosen.get(frame).copied().flatten();
            line.and_then(|line| numbers.binary_search(&line).ok()).map_or(NONE, |i| i as u32)
        };
        let whole = self.sums(1, |frame| if key(frame) == NONE { NONE } else { 0 });
        let whole = whole.first().copied().filter(|sum| sum.total_ns > 0 || sum.samples > 0)?;
        let lines = (numbers.iter().zip(self.sums(numbers.len(), key)))
            .filter(|(_, sum)| sum.samples > 0 || sum.total_ns > 0)
            .map(|(&line, sum)| LineTimes { line, times: times(sum, self.totals) })
            .collect();
        Some(Section { subject, file, times: times(whole, self.totals), lines })
    }

    fn sums(&self, keys: usize, of_frame: impl Fn(usize) -> u32) -> Vec<Sum> {
        let by_frame: Vec<u32> = (0..self.profile.frames.len()).map(of_frame).collect();
        let nodes = self.profile.stacks.nodes();
        let key: Vec<u32> =
            nodes.iter().map(|node| by_frame.get(node.frame.index()).copied().unwrap_or(NONE)).collect();
        per_key(&self.profile.stacks, self.weights, &key, &key, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::{SAMPLE_NS, profile};

    fn outline(p: &Profile, what: &str) -> Vec<String> {
        let annotation = annotate(p, what, 10).unwrap();
        let mut out = Vec::new();
        for section in &annotation.sections {
            let name = match section.subject {
                Annotated::Function(place) => place.name,
                Annotated::File(file) => file,
            };
            let text = |t: Times| format!("{}/{}", t.tottime_ns / SAMPLE_NS, t.cumtime_ns / SAMPLE_NS);
            out.push(format!("{name} {}", text(section.times)));
            out.extend(section.lines.iter().map(|l| format!("{}: {}", l.line, text(l.times))));
        }
        out
    }

    const STACKS: &str = "\
        main@a.c:9;work@a.c:3;~add@a.h:1 5
        main@a.c:9;work@a.c:4 2
        main@a.c:9;work@a.c:4;work@a.c:3 1
        main@a.c:8 1";

    #[test]
    fn lines_of_a_function() {
        let p = profile(STACKS);
        assert_eq!(outline(&p, "work"), ["work 3/8", "3: 1/6", "4: 2/3"]);
        assert_eq!(outline(&p, "add"), ["add 5/5", "1: 5/5"]);
    }

    #[test]
    fn lines_of_a_file() {
        let p = profile(STACKS);
        assert_eq!(outline(&p, "a.c"), ["a.c 4/9", "3: 1/6", "4: 2/3", "8: 1/1", "9: 0/8"]);
        assert_eq!(outline(&p, "a.h"), ["a.h 5/5", "1: 5/5"]);
    }

    #[test]
    fn several_functions_come_by_time_and_nothing_is_an_error() {
        let p = profile("a;x::f@1.c:1 1\na;y::f@2.c:1 4");
        assert_eq!(outline(&p, "f"), ["y::f 4/4", "1: 4/4", "x::f 1/1", "1: 1/1"]);
        let one = annotate(&p, "f", 1).unwrap();
        assert_eq!((one.sections.len(), one.left_out), (1, 1));
        let error = annotate(&p, "none", 1).unwrap_err();
        assert_eq!(error.to_string(), "no function or file `none` in the recording");
    }
}
