//! A sampled profile as functions and edges, for formats and tables that know callers and no stacks.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{
    keys::{self, Keys},
    lines::FunctionKey,
    sums::{NONE, Sum, Weights, per_key},
};
use crate::profile::{
    calls::{CallGraph, CallGraphBuilder, Calls, Counted},
    model::{FunctionId, Origin, Profile},
    stack::StackId,
};

/// Who called whom in a profile, [`Counted::Samples`]: the numbers of calls are the numbers of samples with the function, or with the
/// caller right below its callee, anywhere in the stack, once per sample. Functions are those of
/// [`By::Function`](super::By::Function), with the time of what was inlined into them. A marker is nobody's caller.
pub fn call_graph(profile: &Profile) -> CallGraph {
    let of_nodes = Functions::of(profile);
    let edges = Edges::of(profile, &of_nodes, false);
    let Functions { keys, real, leaf } = &of_nodes;
    let sums = Sums::of(profile, real);

    let mut out = CallGraphBuilder::default();
    let functions = functions(profile, keys, leaf, &mut out);
    for (key, mut calls) in sums.per(leaf, keys.places.len()).into_iter().enumerate() {
        let Some(function) = functions[key] else { continue };
        if keys.places[key].origin == Origin::Marker {
            calls.cumtime_ns = calls.tottime_ns;
        }
        out.add(function, calls);
    }
    for (&(caller, callee, _), calls) in edges.pairs.iter().zip(sums.per(&edges.of_node, edges.pairs.len())) {
        if let (Some(caller), Some(callee)) = (functions[caller as usize], functions[callee as usize]) {
            out.add_edge(caller, callee, calls);
        }
    }
    out.build(profile.recording.clone(), Counted::Samples)
}

/// By caller and callee, the time behind each line of the caller that the call stands on, in nanoseconds. Under recursion more than one line
/// may be behind a sample.
pub fn call_lines(profile: &Profile) -> FxHashMap<(FunctionKey<'_>, FunctionKey<'_>), BTreeMap<u32, u64>> {
    let functions = Functions::of(profile);
    let edges = Edges::of(profile, &functions, true);
    let sums = Sums::of(profile, &functions.real);
    let place = |key: u32| {
        let place = functions.keys.places[key as usize];
        (place.name, place.file, place.line, place.module)
    };
    let mut lines: FxHashMap<_, BTreeMap<u32, u64>> = FxHashMap::default();
    for (&(caller, callee, line), calls) in
        edges.pairs.iter().zip(sums.per(&edges.of_node, edges.pairs.len()))
    {
        let sum = lines.entry((place(caller), place(callee))).or_default().entry(line).or_default();
        *sum = u64::saturating_add(*sum, calls.cumtime_ns);
    }
    lines
}

/// Which function each node of a profile's stacks is.
struct Functions<'p> {
    keys: Keys<'p>,
    /// By node: the one that is a function of its own.
    real: Vec<u32>,
    /// By node: the key of its function.
    leaf: Vec<u32>,
}

impl<'p> Functions<'p> {
    fn of(profile: &'p Profile) -> Self {
        let (keys, real) = (keys::by_function(profile), keys::real_nodes(profile));
        let nodes = profile.stacks.nodes();
        let key = |&node: &u32| keys.of_frame[nodes[node as usize].frame.index()];
        let leaf = real.iter().map(key).collect();
        Self { keys, real, leaf }
    }
}

/// The edges of a profile.
struct Edges {
    /// Keys of caller and callee, and the caller's line where lines are told apart, else 0.
    pairs: Vec<(u32, u32, u32)>,
    /// By node: the edge through which the function of the samples that end there was entered.
    of_node: Vec<u32>,
}

impl Edges {
    fn of(profile: &Profile, functions: &Functions<'_>, by_line: bool) -> Self {
        let Functions { keys, real, leaf } = functions;
        let nodes = profile.stacks.nodes();
        let line = |node: StackId| {
            let function = nodes[real[node.index()] as usize];
            if by_line { profile.frames[function.frame.index()].line } else { 0 }
        };
        let mut numbers: FxHashMap<(u32, u32, u32), u32> = FxHashMap::default();
        let mut edges = Self { pairs: Vec::new(), of_node: Vec::with_capacity(real.len()) };
        for (i, node) in nodes.iter().enumerate() {
            if real[i] as usize != i {
                edges.of_node.push(edges.of_node[real[i] as usize]);
                continue;
            }
            let caller = node.parent.map(|parent| (leaf[parent.index()], line(parent)));
            let caller = caller.filter(|&(key, _)| keys.places[key as usize].origin != Origin::Marker);
            edges.of_node.push(caller.map_or(NONE, |(caller, line)| {
                let edge = (caller, leaf[i], line);
                *numbers.entry(edge).or_insert_with(|| {
                    edges.pairs.push(edge);
                    edges.pairs.len() as u32 - 1
                })
            }));
        }
        edges
    }
}

struct Sums<'p> {
    profile: &'p Profile,
    real: &'p [u32],
    weights: Weights,
    counts: Weights,
}

impl<'p> Sums<'p> {
    fn of(profile: &'p Profile, real: &'p [u32]) -> Self {
        Self { profile, real, weights: Weights::of(profile), counts: Weights::in_samples(profile) }
    }

    /// Numbers of keys; `of_node` has the key of the samples that end in a node.
    fn per(&self, of_node: &[u32], keys: usize) -> Vec<Calls> {
        let entered: Vec<u32> = (of_node.iter().enumerate())
            .map(|(i, &key)| if self.real[i] as usize == i { key } else { NONE })
            .collect();
        let sums = |weights| per_key(&self.profile.stacks, weights, of_node, &entered, keys);
        let calls = |(time, count): (Sum, Sum)| Calls {
            total: count.total_ns,
            primitive: count.total_ns,
            tottime_ns: time.self_ns,
            cumtime_ns: time.total_ns,
        };
        sums(&self.weights).into_iter().zip(sums(&self.counts)).map(calls).collect()
    }
}

/// A function for each key of `leaf`: of those that a reader could not tell apart the first.
fn functions(
    profile: &Profile,
    keys: &Keys<'_>,
    leaf: &[u32],
    out: &mut CallGraphBuilder,
) -> Vec<Option<FunctionId>> {
    let mut used = vec![false; keys.places.len()];
    leaf.iter().for_each(|&key| used[key as usize] = true);
    let mut functions: Vec<Option<FunctionId>> = vec![None; keys.places.len()];
    for (frame, &key) in profile.frames.iter().zip(&keys.of_frame) {
        let slot = &mut functions[key as usize];
        if slot.is_none() && used[key as usize] {
            let function = &profile.functions[frame.function.index()];
            *slot = Some(out.copy(function, &profile.strings, &profile.modules));
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::profile;

    fn shown(graph: &CallGraph) -> Vec<String> {
        let name = |id: FunctionId| graph.str(graph.functions[id.index()].name);
        let numbers =
            |c: Calls| format!("{} {} {}", c.total, c.tottime_ns / 1_000_000, c.cumtime_ns / 1_000_000);
        let functions = graph.iter().map(|(f, c)| format!("{} {}", graph.str(f.name), numbers(c)));
        let edges = graph
            .edges
            .iter()
            .map(|e| format!("{} > {} {}", name(e.caller), name(e.callee), numbers(e.calls)));
        functions.chain(edges).collect()
    }

    #[test]
    fn a_sample_counts_once_for_each_function_and_edge() {
        let graph =
            call_graph(&profile("main;a;b;a;b 2\nmain;a 1\nmain;~tiny 4\n[truncated];b 8\n[truncated] 1"));
        let told = [
            "main 7 4 7",
            "a 3 1 3",
            "b 10 10 10",
            "[truncated] 9 1 1",
            "main > a 3 1 3",
            "b > a 2 0 2",
            "a > b 2 2 2",
        ];
        assert_eq!(shown(&graph), told);
        assert_eq!(graph.counted, Counted::Samples);
    }
}
