//! Small recordings of calls for tests.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{CallGraph, CallGraphBuilder, Calls, Counted};
use crate::profile::model::{Clock, Function, FunctionId, Language, Module, Origin, Recording};

/// A function as people tell it apart.
pub(crate) type Name = (String, u32, String);

/// A graph of Python functions: those with their numbers, and edges by position.
pub(crate) fn graph(functions: &[(&str, u32, &str, Calls)], edges: &[(usize, usize, Calls)]) -> CallGraph {
    let mut b = CallGraphBuilder::default();
    let ids: Vec<FunctionId> = functions
        .iter()
        .map(|(file, line, name, calls)| {
            let id = function(&mut b, file, *line, name);
            b.add(id, *calls);
            id
        })
        .collect();
    for (caller, callee, calls) in edges {
        b.add_edge(ids[*caller], ids[*callee], *calls);
    }
    let recording = Recording { backend: "pstats".into(), clock: Clock::Wall, ..Recording::default() };
    b.build(recording, Counted::Calls)
}

fn function(b: &mut CallGraphBuilder, file: &str, start_line: u32, name: &str) -> FunctionId {
    let [name, file, path, build_id] = [name, file, "app", ""].map(|text| b.string(text));
    let module = Some(b.module(Module { path, build_id }));
    let (origin, language) = (Origin::Python, Language::Python);
    b.function(Function { name, system_name: name, file, start_line, module, origin, language })
}

/// Numbers in calls and microseconds.
pub(crate) fn calls(total: u64, primitive: u64, tottime_us: u64, cumtime_us: u64) -> Calls {
    Calls { total, primitive, tottime_ns: tottime_us * 1000, cumtime_ns: cumtime_us * 1000 }
}

/// What two equal graphs have in common whatever their ids are; functions and edges of only zeros are left out.
pub(crate) fn canon(graph: &CallGraph) -> (BTreeMap<Name, Calls>, BTreeMap<(Name, Name), Calls>) {
    let name = |f: &Function| (graph.str(f.file).to_owned(), f.start_line, graph.str(f.name).to_owned());
    let of = |id: FunctionId| name(&graph.functions[id.index()]);
    let is_some = |calls: &Calls| *calls != Calls::default();
    (
        graph.iter().filter(|(_, calls)| is_some(calls)).map(|(f, calls)| (name(f), calls)).collect(),
        (graph.edges.iter())
            .filter(|edge| is_some(&edge.calls))
            .map(|edge| ((of(edge.caller), of(edge.callee)), edge.calls))
            .collect(),
    )
}

prop_compose! {
    fn any_calls()(
        // A dozen of them added up still tell nanoseconds apart as seconds.
        numbers in prop::array::uniform4(prop_oneof![0..3_u64, 0..5_000_000_000_u64, 0..(1_u64 << 46)])
    ) -> Calls {
        let [total, primitive, tottime_ns, cumtime_ns] = numbers;
        Calls { total, primitive, tottime_ns, cumtime_ns }
    }
}

prop_compose! {
    /// Graphs of few functions with any numbers, also ones that contradict each other.
    pub(crate) fn any_graph()(
        functions in prop::collection::btree_map(("[ab/é\u{202e}.]{0,3}", 0..400_u32, "[fgλ<>]{0,3}"), any_calls(), 1..6),
        edges in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any_calls()), 0..12),
    ) -> CallGraph {
        let functions: Vec<_> = functions.iter().map(|((f, l, n), c)| (f.as_str(), *l, n.as_str(), *c)).collect();
        let edges: Vec<_> =
            edges.iter().map(|(a, b, c)| (a.index(functions.len()), b.index(functions.len()), *c)).collect();
        graph(&functions, &edges)
    }
}
