//! Recordings of calls as cProfile's users know them.

use std::io::{self, Write};

use super::{
    Style, header,
    table::{self, Cells},
    text::{percent, seconds},
};
use crate::{
    profile::{
        aggregate::{TracedRow, TracedTable},
        calls::{CallGraph, Calls, Counted},
    },
    units,
};

/// Writes what the recording is, and its sums.
///
/// # Errors
/// Those of the writer.
pub fn header(w: &mut dyn Write, graph: &CallGraph, style: Style) -> io::Result<()> {
    header::write_calls(w, graph, style)
}

/// Writes a table and, where rows were left out, how many.
///
/// # Errors
/// Those of the writer.
pub fn table(w: &mut dyn Write, table: &TracedTable, counted: Counted, style: Style) -> io::Result<()> {
    if table.rows.is_empty() {
        writeln!(w, "no function matches")?;
    } else {
        let numbers = [count_title(counted), "tottime", "percall", "cumtime", "percall"];
        let lines =
            table.rows.iter().map(|row| cells(row, table.share(row.calls.tottime_ns), style)).collect();
        table::grid(w, &numbers, &table::PLACE, lines, style)?;
    }
    if table.left_out == 0 {
        return Ok(());
    }
    let left_out = units::plural(table.left_out as u64, "function", "functions");
    let share = percent(table.share(table.left_out_ns));
    let all = table::show_all(table.too_small);
    writeln!(w, "{}", style.dim(&format!("{left_out} left out with {share} of the time; {all} shows all")))
}

fn count_title(counted: Counted) -> &'static str {
    match counted {
        Counted::Calls => "ncalls",
        Counted::Samples => "samples",
    }
}

fn cells(row: &TracedRow, share: f64, style: Style) -> Cells {
    let calls = row.calls;
    let mut cells = vec![
        ncalls(calls),
        seconds(calls.tottime_ns),
        percall(calls.tottime_ns, calls.total),
        seconds(calls.cumtime_ns),
        percall(calls.cumtime_ns, calls.primitive),
    ];
    cells.extend(table::place_cells(row.place, "", style));
    (cells, share >= table::HOT)
}

/// As pstats writes it: all calls, and those that are no recursion where that is another number.
fn ncalls(calls: Calls) -> String {
    if calls.total == calls.primitive {
        calls.total.to_string()
    } else {
        format!("{}/{}", calls.total, calls.primitive)
    }
}

/// Seconds a call; nothing without a call.
fn percall(ns: u64, calls: u64) -> String {
    if calls == 0 { String::new() } else { format!("{:.6}s", ns as f64 / 1e9 / calls as f64) }
}
