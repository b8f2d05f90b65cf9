//! The rows of a recording of calls.

use std::cmp::Ordering;

use super::{By, Place, Selection, Sort, keys};
use crate::profile::{
    Error,
    calls::{CallGraph, Calls},
    model::Unit,
};

/// A function with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracedRow<'p> {
    /// The function.
    pub place: Place<'p>,
    /// Its numbers.
    pub calls: Calls,
}

/// The rows that were selected, and how much was not.
#[derive(Clone, Debug)]
pub struct TracedTable<'p> {
    /// The rows in order.
    pub rows: Vec<TracedRow<'p>>,
    /// Rows that match the filter and are not in `rows`.
    pub left_out: usize,
    /// Those of them that are below the selection's share rather than beyond its limit.
    pub too_small: usize,
    /// The tottime of all that were left out, in nanoseconds.
    pub left_out_ns: u64,
    /// The sum over all functions of the recording; its cumtime means nothing.
    pub total: Calls,
    /// What stands for nanoseconds.
    pub unit: Unit,
}

impl TracedTable<'_> {
    /// `ns` as a share (0 to 1) of the tottime of the whole; 0 of an empty recording.
    pub fn share(&self, ns: u64) -> f64 {
        share(ns, self.total)
    }
}

/// The functions of a recording of calls.
///
/// # Errors
/// [`Error::NoSamplesCounted`] for [`Sort::Samples`], [`Error::OnlyFunctions`] for rows other than [`By::Function`].
pub fn traced_rows<'p>(graph: &'p CallGraph, selection: &Selection) -> Result<TracedTable<'p>, Error> {
    if selection.by != By::Function {
        return Err(Error::OnlyFunctions);
    }
    if selection.sort == Sort::Samples {
        return Err(Error::NoSamplesCounted);
    }
    let total = graph.total();
    let mut rows: Vec<TracedRow> = (graph.iter())
        .filter(|(_, calls)| *calls != Calls::default())
        .map(|(function, calls)| TracedRow { place: keys::place_of_call(graph, function), calls })
        .collect();
    if let Some(filter) = &selection.filter {
        rows.retain(|row| row.place.matches(filter));
    }
    sort(&mut rows, selection.sort);
    let (matching, matching_ns) = (rows.len(), tottime(&rows));
    let weighed =
        |calls: Calls| if selection.sort == Sort::Cumtime { calls.cumtime_ns } else { calls.tottime_ns };
    rows.retain(|row| share(weighed(row.calls), total) >= selection.min_share);
    let too_small = matching - rows.len();
    rows.truncate(selection.limit.unwrap_or(usize::MAX));
    Ok(TracedTable {
        left_out: matching - rows.len(),
        too_small,
        left_out_ns: matching_ns.saturating_sub(tottime(&rows)),
        rows,
        total,
        unit: graph.recording.unit,
    })
}

fn tottime(rows: &[TracedRow]) -> u64 {
    rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.calls.tottime_ns))
}

fn share(ns: u64, total: Calls) -> f64 {
    if total.tottime_ns == 0 { 0.0 } else { ns as f64 / total.tottime_ns as f64 }
}

fn sort(rows: &mut [TracedRow], by: Sort) {
    rows.sort_by(|a, b| {
        let (x, y) = (&a.calls, &b.calls);
        let tottime = y.tottime_ns.cmp(&x.tottime_ns);
        let cumtime = y.cumtime_ns.cmp(&x.cumtime_ns);
        let ncalls = y.total.cmp(&x.total);
        let numbers = match by {
            Sort::Name => Ordering::Equal,
            Sort::Cumtime => cumtime.then(tottime).then(ncalls),
            Sort::Ncalls => ncalls.then(tottime).then(cumtime),
            Sort::Time | Sort::Tottime | Sort::Wait | Sort::Samples => tottime.then(cumtime).then(ncalls),
        };
        let (p, q) = (&a.place, &b.place);
        let identity = || (p.name, p.file, p.line, p.module).cmp(&(q.name, q.file, q.line, q.module));
        numbers.then_with(identity)
    });
}
