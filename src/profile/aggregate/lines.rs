//! The lines on which functions spend their own time, for formats that have costs by line.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::keys;
use crate::profile::model::Profile;

/// Name, file, first line and module of a function.
pub type FunctionKey<'p> = (&'p str, &'p str, u32, &'p str);

/// By function, nanoseconds in itself by line, inlined code counting for the line that it was inlined at. Sums to the tottime of
/// [`By::Function`](super::By::Function).
pub fn own_lines(profile: &Profile) -> FxHashMap<FunctionKey<'_>, BTreeMap<u32, u64>> {
    let keys = keys::by_function(profile);
    let real = keys::real_nodes(profile);
    let nodes = profile.stacks.nodes();
    let mut lines: FxHashMap<FunctionKey<'_>, BTreeMap<u32, u64>> = FxHashMap::default();
    for sample in &profile.samples {
        let Some(&node) = real.get(sample.stack.index()) else { continue };
        let frame = nodes[node as usize].frame;
        let place = keys.places[keys.of_frame[frame.index()] as usize];
        let of_function = lines.entry((place.name, place.file, place.line, place.module)).or_default();
        let sum = of_function.entry(profile.frames[frame.index()].line).or_default();
        *sum = sum.saturating_add(sample.weight_ns);
    }
    lines
}
