//! Recordings of calls as cProfile's users know them.

use std::io::{self, Write};

use super::{
    Style, edges, header,
    table::{self, Cells, Weight},
    text::{amount, percent, seconds, weight_titles},
};
use crate::{
    profile::{
        aggregate::{TracedEdges, TracedRow, TracedTable, edges::Direction},
        calls::{CallGraph, Calls, Counted},
        model::Unit,
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
        let [own, cum] = weight_titles(table.unit);
        let numbers = [count_title(counted), own, "percall", cum, "percall"];
        let lines = table
            .rows
            .iter()
            .map(|row| cells(row, table.share(row.calls.tottime_ns), table.unit, style))
            .collect();
        table::grid(w, &numbers, &table::PLACE, lines, style)?;
    }
    if table.left_out == 0 {
        return Ok(());
    }
    let left_out = units::plural(table.left_out as u64, "function", "functions");
    let share = percent(table.share(table.left_out_ns));
    let (all, whole) = (table::show_all(table.too_small), table::whole_noun(table.unit));
    writeln!(w, "{}", style.dim(&format!("{left_out} left out with {share} of the {whole}; {all} shows all")))
}

/// Writes each function and below it, indented, its callers or what it called.
///
/// # Errors
/// Those of the writer.
pub fn edges(w: &mut dyn Write, edges: &TracedEdges, counted: Counted, style: Style) -> io::Result<()> {
    let called = match edges.direction {
        Direction::Callers => "called by",
        Direction::Callees => "calls",
    };
    let rows = edges.functions.iter().flat_map(|f| std::iter::once(&f.function).chain(&f.edges));
    let widest = rows.map(|row| ncalls(row.calls).len()).max().unwrap_or(0).max(count_title(counted).len());
    let [own, cum] = weight_titles(edges.unit);
    let title = format!("{:>widest$} {own:>9} {cum:>9}  function {called}", count_title(counted));
    writeln!(w, "{}", style.dim(&title))?;
    let numbers = |calls: Calls| {
        let (tottime, cumtime) = (amount(calls.tottime_ns, edges.unit), amount(calls.cumtime_ns, edges.unit));
        format!("{:>widest$} {tottime:>9} {cumtime:>9}", ncalls(calls))
    };
    for (i, function) in edges.functions.iter().enumerate() {
        if i > 0 {
            writeln!(w)?;
        }
        let own = edges::line(&numbers(function.function.calls), Some(function.function.place), "", style);
        writeln!(w, "{}", style.bold(&own))?;
        for edge in &function.edges {
            let mark = edges::mark(edges.direction, style);
            writeln!(w, "{}", edges::line(&numbers(edge.calls), Some(edge.place), mark, style))?;
        }
        if function.edges.is_empty() {
            let nothing = match edges.direction {
                Direction::Callers => "nothing that was traced called it",
                Direction::Callees => "it called nothing that was traced",
            };
            writeln!(w, "{:indent$}{nothing}", "", indent = widest + 24)?;
        }
    }
    Ok(())
}

fn count_title(counted: Counted) -> &'static str {
    match counted {
        Counted::Calls => "ncalls",
        Counted::Samples => "samples",
    }
}

fn cells(row: &TracedRow, share: f64, unit: Unit, style: Style) -> Cells {
    let calls = row.calls;
    let mut cells = vec![
        ncalls(calls),
        amount(calls.tottime_ns, unit),
        percall(calls.tottime_ns, calls.total, unit, style),
        amount(calls.cumtime_ns, unit),
        percall(calls.cumtime_ns, calls.primitive, unit, style),
    ];
    cells.extend(table::place_cells(row.place, "", style));
    (cells, if share >= table::HOT { Weight::Hot } else { Weight::Plain })
}

/// As pstats writes it: all calls, and those that are no recursion where that is another number.
fn ncalls(calls: Calls) -> String {
    if calls.total == calls.primitive {
        calls.total.to_string()
    } else {
        format!("{}/{}", calls.total, calls.primitive)
    }
}

/// Time a call; nothing without a call. Most calls take so little that milliseconds would all be 0.
fn percall(ns: u64, calls: u64, unit: Unit, style: Style) -> String {
    let each = ns as f64 / calls as f64;
    match calls {
        0 => String::new(),
        _ if unit != Unit::Nanoseconds => amount(each.round() as u64, unit),
        _ if each < 1e6 => format!("{:.2}{}", each / 1e3, if style.unicode { "µs" } else { "us" }),
        _ => seconds(each.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_their_times_have_digits_that_tell_something() {
        let unicode = Style { unicode: true, ..Style::default() };
        let shown = [(0, 0), (47, 1), (999_000, 1), (10_000, 3), (3_000_000, 2), (9_000_000_000, 2)];
        let shown = shown.map(|(ns, calls)| percall(ns, calls, Unit::Nanoseconds, unicode));
        assert_eq!(shown, ["", "0.05µs", "999.00µs", "3.33µs", "0.002s", "4.500s"]);
        assert_eq!(percall(47, 1, Unit::Nanoseconds, Style::default()), "0.05us");
        let calls = |total, primitive| ncalls(Calls { total, primitive, ..Calls::default() });
        assert_eq!([calls(120, 1), calls(5, 5), calls(3, 0)], ["120/1", "5", "3/0"]);
    }
}
