//! Callers and callees of functions, for people.

use std::io::{self, Write};

use super::{
    Style,
    table::file_and_line,
    text::{amount, one_line, percent, shorten_left, shorten_middle, weight_titles, width},
};
use crate::profile::aggregate::{
    Place, Times, Totals,
    edges::{Direction, Edges},
};

/// Share of the function's cumtime from which an edge is drawn bold.
const HOT: f64 = 0.1;
/// Columns that a name is given at least.
const LEAST: usize = 24;

/// Writes each function and below it, indented, its callers or what it called.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, edges: &Edges<'_>, style: Style) -> io::Result<()> {
    let called = match edges.direction {
        Direction::Callers => "called by",
        Direction::Callees => "calls",
    };
    let [own, cum] = weight_titles(edges.totals.unit);
    writeln!(w, "{}", style.dim(&format!(" cum% {own:>9} {cum:>9}  function {called}")))?;
    for (i, function) in edges.functions.iter().enumerate() {
        if i > 0 {
            writeln!(w)?;
        }
        let own = line(&numbers(function.times, edges.totals), Some(function.function), "", style);
        writeln!(w, "{}", style.bold(&own))?;
        for edge in &function.edges {
            let other = match edges.direction {
                Direction::Callers => edge.caller,
                Direction::Callees => Some(edge.callee),
            };
            let numbers = numbers(edge.times, edges.totals);
            let text = line(&numbers, other, mark(edges.direction, style), style);
            let hot = edge.times.cumtime_ns as f64 >= HOT * function.times.cumtime_ns as f64;
            writeln!(w, "{}", if hot { text } else { style.dim(&text) })?;
        }
        if function.edges.is_empty() {
            writeln!(w, "{:29}  it calls nothing that was sampled", "")?;
        }
    }
    Ok(())
}

fn numbers(times: Times, totals: Totals) -> String {
    let share = percent(totals.share(times.cumtime_ns));
    let amount = |weight| amount(weight, totals.unit);
    format!("{share:>6} {:>9} {:>9}", amount(times.tottime_ns), amount(times.cumtime_ns))
}

/// What stands before the function at the other end of an edge.
pub(super) fn mark(direction: Direction, style: Style) -> &'static str {
    match (direction, style.unicode) {
        (Direction::Callers, true) => "  ← ",
        (Direction::Callers, false) => "  <- ",
        (Direction::Callees, true) => "  → ",
        (Direction::Callees, false) => "  -> ",
    }
}

/// The numbers, and behind them the function as far as it fits.
pub(super) fn line(numbers: &str, place: Option<Place<'_>>, mark: &str, style: Style) -> String {
    let numbers = format!("{numbers}  {mark}");
    let Some(place) = place else { return format!("{numbers}(nothing: it is the outermost)") };
    let name = one_line(place.name, style);
    let file = file_and_line(&one_line(place.file, style), place.line);
    let Some(room) = style.width.map(|columns| usize::from(columns).saturating_sub(width(&numbers))) else {
        let gap = if file.is_empty() { "" } else { "  " };
        return format!("{numbers}{name}{gap}{file}");
    };
    let name = shorten_middle(&name, room, style);
    let left = room.saturating_sub(width(&name) + 2);
    if file.is_empty() || left < LEAST / 2 {
        return format!("{numbers}{name}");
    }
    format!("{numbers}{name}  {}", shorten_left(&file, left, style))
}
