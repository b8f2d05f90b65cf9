//! Who called a function and what it called, in a recording of calls.

use super::{TracedRow, edges::Direction, keys, named};
use crate::profile::{
    Error,
    calls::{CallGraph, Calls},
    model::Unit,
};

/// A function of a recording of calls and its edges in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedNeighbours<'p> {
    /// The function with its own numbers.
    pub function: TracedRow<'p>,
    /// The functions at the other ends by falling cumtime, each with the numbers of the edge: calls of the callee by the caller,
    /// and the time in them.
    pub edges: Vec<TracedRow<'p>>,
}

/// The edges of all functions that a user named, in a recording of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedEdges<'p> {
    /// Which way they lead.
    pub direction: Direction,
    /// The functions by falling cumtime.
    pub functions: Vec<TracedNeighbours<'p>>,
    /// What stands for nanoseconds.
    pub unit: Unit,
}

/// The callers or callees of the functions that `name` names.
///
/// # Errors
/// [`Error::NoFunction`] where no function is called so.
pub fn traced_edges<'p>(
    graph: &'p CallGraph,
    name: &str,
    direction: Direction,
) -> Result<TracedEdges<'p>, Error> {
    let rows: Vec<TracedRow> = (graph.iter())
        .map(|(function, calls)| TracedRow { place: keys::place_of_call(graph, function), calls })
        .collect();
    let places: Vec<_> = rows.iter().map(|row| row.place).collect();
    let neighbours = |&function: &usize| {
        let edges = graph.edges.iter().filter_map(|edge| {
            let (own, other) = match direction {
                Direction::Callers => (edge.callee, edge.caller),
                Direction::Callees => (edge.caller, edge.callee),
            };
            (own.index() == function).then(|| TracedRow { place: places[other.index()], calls: edge.calls })
        });
        let mut edges: Vec<TracedRow> = edges.collect();
        sort(&mut edges, |edge| *edge);
        let function = *rows.get(function)?;
        let is_known = function.calls != Calls::default() || !edges.is_empty();
        is_known.then_some(TracedNeighbours { function, edges })
    };
    let mut functions: Vec<_> = named::functions(&places, name).iter().filter_map(neighbours).collect();
    if functions.is_empty() {
        return Err(Error::NoFunction { name: name.to_owned() });
    }
    sort(&mut functions, |neighbours| neighbours.function);
    Ok(TracedEdges { direction, functions, unit: graph.recording.unit })
}

/// By falling cumtime, tottime and number of calls, then by name.
fn sort<'p, T>(items: &mut [T], row: impl Fn(&T) -> TracedRow<'p>) {
    let key = |TracedRow { place, calls }: TracedRow<'p>| {
        let falling = std::cmp::Reverse((calls.cumtime_ns, calls.tottime_ns, calls.total));
        (falling, place.name, place.file, place.line)
    };
    items.sort_by(|a, b| key(row(a)).cmp(&key(row(b))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::calls::sketch::{calls, graph};

    #[test]
    fn edges_lead_both_ways_and_to_the_function_itself() {
        let functions = [
            ("a.py", 1, "main", calls(1, 1, 10, 100)),
            ("a.py", 5, "work", calls(9, 3, 60, 90)),
            ("b.py", 2, "rest", calls(2, 2, 30, 30)),
        ];
        let edges = [(0, 1, calls(3, 3, 20, 90)), (1, 1, calls(6, 0, 40, 70)), (1, 2, calls(2, 2, 30, 30))];
        let graph = graph(&functions, &edges);
        let shown = |name, direction| -> Vec<String> {
            let edges = traced_edges(&graph, name, direction).unwrap();
            let neighbours = edges.functions.iter();
            let text = |row: &TracedRow| format!("{} {}", row.place.name, row.calls.total);
            neighbours.flat_map(|n| [text(&n.function)].into_iter().chain(n.edges.iter().map(text))).collect()
        };
        assert_eq!(shown("work", Direction::Callers), ["work 9", "main 3", "work 6"]);
        assert_eq!(shown("work", Direction::Callees), ["work 9", "work 6", "rest 2"]);
        assert_eq!(shown("main", Direction::Callers), ["main 1"]);
        let none = traced_edges(&graph, "nothing", Direction::Callers);
        assert!(matches!(none, Err(Error::NoFunction { .. })));
    }
}
