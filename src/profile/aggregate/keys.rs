//! Which row each frame belongs to.

use std::hash::Hash;

use regex::Regex;
use rustc_hash::FxHashMap;

use super::{Place, UNKNOWN, sums::NONE};
use crate::profile::{
    calls::CallGraph,
    model::{Frame, Function, Origin, Profile},
};

/// A key per frame, and what each key stands for.
pub(super) struct Keys<'p> {
    /// Key by frame id.
    pub(super) of_frame: Vec<u32>,
    /// What the keys stand for.
    pub(super) places: Vec<Place<'p>>,
}

/// Gives equal values one number, in the order they are first seen.
struct Numbers<K>(FxHashMap<K, u32>);

impl<K: Eq + Hash> Numbers<K> {
    fn of<'p>(&mut self, key: K, places: &mut Vec<Place<'p>>, place: impl FnOnce() -> Place<'p>) -> u32 {
        *self.0.entry(key).or_insert_with(|| {
            places.push(place());
            places.len() as u32 - 1
        })
    }
}

/// Functions that a reader could not tell apart (one name, file, line, module) are one row: the instances of a
/// generic function, whose mangled names alone differ.
pub(super) fn by_function(profile: &Profile) -> Keys<'_> {
    let mut numbers = Numbers(FxHashMap::default());
    let mut places = Vec::new();
    let of_function: Vec<u32> = profile
        .functions
        .iter()
        .map(|f| {
            let place = place(profile, f, f.start_line);
            numbers.of(place, &mut places, || place)
        })
        .collect();
    let of_frame = profile.frames.iter().map(|f| of_function[f.function.index()]).collect();
    Keys { of_frame, places }
}

/// One row for each line of each function.
pub(super) fn by_line(profile: &Profile) -> Keys<'_> {
    let functions = by_function(profile);
    let mut numbers = Numbers(FxHashMap::default());
    let mut places = Vec::new();
    let of_frame = (profile.frames.iter().zip(&functions.of_frame))
        .map(|(frame, &function)| {
            let mut place = functions.places[function as usize];
            place.line = frame.line;
            numbers.of((place.name, place.file, place.module, frame.line), &mut places, || place)
        })
        .collect();
    Keys { of_frame, places }
}

/// One row for each module; markers, which have none, are named as they are.
pub(super) fn by_module(profile: &Profile) -> Keys<'_> {
    let mut numbers = Numbers(FxHashMap::default());
    let mut places = Vec::new();
    let of_function: Vec<u32> = (profile.functions.iter())
        .map(|f| {
            let path = match (profile.module_path(f), f.origin) {
                ("", Origin::Marker) => profile.str(f.name),
                ("", _) => UNKNOWN,
                (path, _) => path,
            };
            let origin = f.origin;
            numbers.of((path, origin == Origin::Marker), &mut places, || Place {
                name: path,
                module: path,
                origin,
                ..Place::default()
            })
        })
        .collect();
    let of_frame = profile.frames.iter().map(|f| of_function[f.function.index()]).collect();
    Keys { of_frame, places }
}

fn place<'p>(profile: &'p Profile, function: &Function, line: u32) -> Place<'p> {
    let (name, file) = (profile.str(function.name), profile.str(function.file));
    let module = profile.module_path(function);
    Place { name: known(name), file, line, module, origin: function.origin }
}

/// The function as a row of a recording of calls shows it.
pub(super) fn place_of_call<'p>(graph: &'p CallGraph, function: &Function) -> Place<'p> {
    let (name, file) = (graph.str(function.name), graph.str(function.file));
    let module = graph.module_path(function);
    Place { name: known(name), file, line: function.start_line, module, origin: function.origin }
}

fn known(name: &str) -> &str {
    if name.is_empty() { UNKNOWN } else { name }
}

/// Per node, the nearest node at or below it (towards the root) that is a function of its own.
///
/// A frame that claims to be inlined into nothing, or into a marker, counts as a function.
pub(super) fn real_nodes(profile: &Profile) -> Vec<u32> {
    let is_inlined = |frame: &Frame| frame.inlined;
    let is_marker = |frame: &Frame| profile.functions[frame.function.index()].origin == Origin::Marker;
    let nodes = profile.stacks.nodes();
    let mut real: Vec<u32> = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        let below = node.parent.map_or(NONE, |p| real[p.index()]);
        let inlined = is_inlined(&profile.frames[node.frame.index()])
            && below != NONE
            && !is_marker(&profile.frames[nodes[below as usize].frame.index()]);
        real.push(if inlined { below } else { i as u32 });
    }
    real
}

/// Per node of the stack tree, whether its stack has a frame whose function, file or module matches.
pub(in crate::profile) fn through(profile: &Profile, filter: &Regex) -> Vec<bool> {
    let keys = by_function(profile);
    let hit: Vec<bool> = keys.places.iter().map(|place| place.matches(filter)).collect();
    let mut through: Vec<bool> = Vec::with_capacity(profile.stacks.len());
    for node in profile.stacks.nodes() {
        let inherited = node.parent.is_some_and(|p| through[p.index()]);
        through.push(inherited || hit[keys.of_frame[node.frame.index()] as usize]);
    }
    through
}
