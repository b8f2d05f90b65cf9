//! Calls as samples.

use std::collections::BTreeMap;

use pprof::protos::{self as proto, Message};
use proptest::prelude::*;

use super::super::{read, write_calls_to};
use crate::profile::calls::{
    CallGraph, Counted, Measurements,
    sketch::{any_graph, calls, canon, graph},
};

fn written(graph: &CallGraph) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_calls_to(graph, &mut bytes).unwrap();
    bytes
}

fn traced(bytes: &[u8]) -> Result<CallGraph, String> {
    match read(bytes)? {
        Measurements::Traced(graph) => Ok(graph),
        Measurements::Sampled(_) => Err("stacks instead of calls".into()),
    }
}

fn message(gz: &[u8]) -> proto::Profile {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(gz), &mut plain).unwrap();
    proto::Profile::decode(&plain[..]).unwrap()
}

fn small() -> CallGraph {
    let functions = [
        ("a.py", 1, "main", calls(1, 1, 10, 100)),
        ("a.py", 5, "work", calls(9, 3, 60, 90)),
        ("", 0, "len", calls(30, 30, 30, 30)),
    ];
    let edges = [(0, 1, calls(3, 3, 20, 90)), (1, 1, calls(6, 0, 40, 70)), (1, 2, calls(30, 30, 30, 30))];
    graph(&functions, &edges)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_graph_survives(graph in any_graph(), sampled: bool) {
        let graph = CallGraph { counted: if sampled { Counted::Samples } else { Counted::Calls }, ..graph };
        let back = traced(&written(&graph)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(canon(&back), canon(&graph));
        prop_assert_eq!(back.counted, graph.counted);
        prop_assert_eq!(&back.recording, &graph.recording);
    }
}

/// As any pprof tool adds them up.
#[test]
fn other_tools_see_the_calls_and_the_time_of_each_function() {
    let p = message(&written(&small()));
    let text = |i: i64| p.string_table[i as usize].as_str();
    let types: Vec<_> = p.sample_type.iter().map(|ty| (text(ty.ty), text(ty.unit))).collect();
    let (count, time) = ("count", "nanoseconds");
    assert_eq!(types, [("calls", count), ("primitive_calls", count), ("tottime", time), ("cumtime", time)]);
    assert_eq!(text(p.default_sample_type), "tottime");
    let mut flat: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
    for sample in &p.sample {
        assert!((1..=2).contains(&sample.location_id.len()));
        let location = &p.location[sample.location_id[0] as usize - 1];
        let function = &p.function[location.line[0].function_id as usize - 1];
        let sum = flat.entry(text(function.name)).or_default();
        for (sum, value) in sum.iter_mut().zip(&sample.value) {
            *sum += value;
        }
    }
    let expected = [("len", [30, 30, 30_000]), ("main", [1, 1, 10_000]), ("work", [9, 3, 60_000])];
    assert_eq!(flat.into_iter().collect::<Vec<_>>(), expected);
}

/// As `go tool pprof -proto a b` does.
#[test]
fn files_merged_by_another_tool_add_up() {
    let mut p = message(&written(&small()));
    let once = p.clone();
    p.sample.extend(once.sample);
    p.comment.extend(once.comment);
    let merged = traced(&p.encode_to_vec()).unwrap();
    let twice = |calls: crate::profile::calls::Calls| calls.plus(calls);
    let (functions, edges) = canon(&small());
    let (functions, edges): (BTreeMap<_, _>, BTreeMap<_, _>) = (
        functions.into_iter().map(|(name, calls)| (name, twice(calls))).collect(),
        edges.into_iter().map(|(names, calls)| (names, twice(calls))).collect(),
    );
    assert_eq!(canon(&merged), (functions, edges));
    assert_eq!(merged.recording.notes, ["several recordings, put together by another tool"]);
}

#[test]
fn a_sample_with_a_value_missing_is_damaged() {
    let mut p = message(&written(&small()));
    p.sample[0].value.pop();
    let reason = "damaged: a sample has not as many values as there are sample types";
    assert_eq!(traced(&p.encode_to_vec()).unwrap_err(), reason);
}
