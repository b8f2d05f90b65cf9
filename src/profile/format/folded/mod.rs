//! Folded stacks: a line a stack, functions between semicolons, outermost first, then a blank and the number of samples. What
//! `stackcollapse-*.pl` and inferno's collapsers write, and flamegraph tools read: <https://github.com/brendangregg/FlameGraph>.
//!
//! The format has no escapes, so `;` in a name becomes `:`, and line ends become blanks. The frames are those of the flamegraph: inlined
//! functions are frames of their own. Of what is no time the numbers are the weights; and where samples stand for times of different
//! lengths, their times in microseconds, as numbers of samples would give other shares. Reading takes the marks of collapsers (`_[k]`) and places (`f (file.py:3)`) from names, in a memory
//! that goes with the distinct stacks.

mod read;

use std::io::{BufRead, Write};

use super::{Failure, Format, Unwritable};
use crate::profile::{
    aggregate::weighed,
    calls::Measurements,
    model::{Profile, Sample, StackId, StackTree, Unit},
};

/// The format of flamegraph tools.
#[derive(Debug)]
pub struct Folded;

impl Format for Folded {
    fn name(&self) -> &'static str {
        "folded"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["folded", "collapsed"]
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        read::detect(beginning)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes).map(Measurements::Sampled).map_err(Failure::content)
    }

    fn read_from(&self, input: &mut dyn BufRead) -> Result<Measurements, Failure> {
        read::read(input).map(Measurements::Sampled)
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        match measurements {
            Measurements::Sampled(profile) if is_uneven(profile) => write(&in_microseconds(profile), out),
            Measurements::Sampled(profile) => write(&weighed(profile), out),
            Measurements::Traced(_) => Err(Unwritable::NoStacks),
        }
    }

    fn loses(&self, measurements: &Measurements) -> Option<&'static str> {
        let Measurements::Sampled(profile) = measurements else { return None };
        is_uneven(profile).then_some(
            "its numbers are microseconds, because the samples stand for times of different lengths",
        )
    }
}

/// Samples may stand for so much more or less than their mean, which is what random sampling does.
const EVEN: f64 = 2.0;
/// Where one sample in so many stands for more or less than that, their number says little of the time.
const MOST_UNEVEN: u64 = 20;

/// Whether the numbers of samples say something else than their times.
fn is_uneven(profile: &Profile) -> bool {
    let mean = profile.total_ns() as f64 / profile.sample_count().max(1) as f64;
    let differs = |sample: &&Sample| {
        let each = sample.weight_ns as f64 / sample.count.max(1) as f64;
        each > mean * EVEN || each * EVEN < mean
    };
    let uneven = profile.samples.iter().filter(differs).fold(0_u64, |sum, s| sum.saturating_add(s.count));
    profile.recording.unit == Unit::Nanoseconds && uneven.saturating_mul(MOST_UNEVEN) > profile.sample_count()
}

fn in_microseconds(profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    for sample in &mut profile.samples {
        // Nothing that took time is left out.
        sample.count = sample.weight_ns.div_ceil(1000);
    }
    profile
}

fn write(profile: &Profile, out: &mut dyn Write) -> Result<(), Unwritable> {
    let names: Vec<String> = profile.functions.iter().map(|f| name(profile.str(f.name))).collect();
    let (stacks, samples) = by_name(profile, &names);
    let mut line = Vec::new();
    for (leaf, &count) in samples.iter().enumerate().filter(|(_, count)| **count > 0) {
        let mut next = stacks.nodes().get(leaf);
        while let Some(node) = next {
            line.push(node.frame);
            next = node.parent.and_then(|parent| stacks.nodes().get(parent.index()));
        }
        while let Some(name) = line.pop() {
            let separator = if line.is_empty() { " " } else { ";" };
            write!(out, "{name}{separator}")?;
        }
        writeln!(out, "{count}")?;
    }
    Ok(())
}

/// The stacks by names, so that those that differ only in lines are one, and the samples of each.
fn by_name<'n>(profile: &Profile, names: &'n [String]) -> (StackTree<&'n str>, Vec<u64>) {
    let mut stacks: StackTree<&str> = StackTree::default();
    let mut merged: Vec<StackId> = Vec::with_capacity(profile.stacks.len());
    for node in profile.stacks.nodes() {
        let frame = profile.frames[node.frame.index()];
        let parent = node.parent.map(|parent| merged[parent.index()]);
        merged.push(stacks.push(parent, names[frame.function.index()].as_str()));
    }
    let mut samples = vec![0_u64; stacks.len()];
    for sample in &profile.samples {
        let sum = &mut samples[merged[sample.stack.index()].index()];
        *sum = sum.saturating_add(sample.count);
    }
    (stacks, samples)
}

fn name(name: &str) -> String {
    match name {
        "" => crate::profile::aggregate::UNKNOWN.to_owned(),
        name => name.replace(';', ":").replace(|c: char| c.is_ascii_control(), " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{aggregate::sketch, calls::CallGraph};

    #[test]
    fn stacks_are_summed_lines() {
        let profile = sketch::profile("main;a@x.c:1;~b 3\nmain;a@x.c:2;~b 4\nmain 1\nk:entry 2");
        let mut out = Vec::new();
        Folded.write(&Measurements::Sampled(profile), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "main 1\nmain;a;b 7\nentry 2\n");
    }

    #[test]
    fn where_samples_stand_for_different_times_the_numbers_are_times() {
        let mut profile = sketch::profile("main;slow 1\nmain;fast 1");
        for (sample, ms) in profile.samples.iter_mut().zip([900, 100]) {
            sample.weight_ns = ms * 1_000_000;
        }
        let measurements = Measurements::Sampled(profile);
        let mut out = Vec::new();
        Folded.write(&measurements, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "main;slow 900000\nmain;fast 100000\n");
        assert!(Folded.loses(&measurements).is_some());
        assert_eq!(Folded.loses(&Measurements::Sampled(sketch::profile("a 3\nb 1"))), None);
    }

    #[test]
    fn calls_have_no_stacks() {
        let error = Folded.write(&Measurements::Traced(CallGraph::default()), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "it has calls and no stacks");
        assert_eq!(name("a;b\n"), "a:b ");
    }
}
