//! The call tree for people.

use std::io::{self, Write};

use super::{
    Style,
    table::file_and_line,
    text::{one_line, percent, seconds, shorten_left, shorten_middle, width},
};
use crate::{
    profile::aggregate::{Call, CallTree},
    units,
};

/// Share of the total in the call itself from which its line is drawn bold.
const HOT: f64 = 0.1;
/// Columns that a name is given even where the tree is deep.
const LEAST: usize = 24;
/// Bytes of indentation after which forks are no longer drawn: a tree of a hundred thousand forks must not fill the memory.
const DEEPEST: usize = 400;

/// Writes a call tree, a line a call. What a function alone calls stands right below it, without a step to the right, so that only
/// forks cost width and a stack of sixty frames stays readable.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, tree: &CallTree, style: Style) -> io::Result<()> {
    if tree.calls.is_empty() {
        writeln!(w, "no call matches")?;
    } else {
        writeln!(w, "{}", style.dim(" cum%   self%   cumtime  function"))?;
    }
    for (call, branch) in tree.calls.iter().zip(branches(tree, style)) {
        let share = tree.totals.share(call.tottime_ns);
        let numbers = format!(
            "{:>6} {:>6} {:>9}  ",
            percent(tree.totals.share(call.cumtime_ns)),
            percent(share),
            seconds(call.cumtime_ns)
        );
        let room = style.width.map(|columns| usize::from(columns).saturating_sub(width(&numbers)));
        let line = format!("{numbers}{}", label(call, &branch, room, style));
        writeln!(w, "{}", if share >= HOT { style.bold(&line) } else { line })?;
    }
    if tree.left_out > 0 {
        let text = format!(
            "{} left out; --limit 0 --min-percent 0 shows all",
            units::plural(tree.left_out as u64, "call", "calls")
        );
        writeln!(w, "{}", style.dim(&text))?;
    }
    Ok(())
}

fn label(call: &Call, branch: &str, room: Option<usize>, style: Style) -> String {
    let mut notes = String::new();
    if call.recursion > 1 {
        let times = if style.unicode { "×" } else { "x" };
        notes.push_str(&format!(" {times}{}", call.recursion));
    }
    if call.inlined {
        notes.push_str(" (inlined)");
    }
    let name = one_line(call.place.name, style);
    let file = file_and_line(&one_line(call.place.file, style), call.place.line);
    let Some(room) = room else {
        let gap = if file.is_empty() { "" } else { "  " };
        return format!("{branch}{name}{notes}{gap}{file}");
    };
    let branch = shorten_left(branch, room.saturating_sub(LEAST), style);
    let room = room.saturating_sub(width(&branch) + width(&notes));
    let name = shorten_middle(&name, room, style);
    let left = room.saturating_sub(width(&name) + 2);
    if file.is_empty() || left < LEAST / 2 {
        return format!("{branch}{name}{notes}");
    }
    format!("{branch}{name}{notes}  {}", shorten_left(&file, left, style))
}

/// What stands before each name.
fn branches(tree: &CallTree, style: Style) -> Vec<String> {
    let (fork, last, through) =
        if style.unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
    // By call, and for the roots at the end: how many calls are below it, and how many of them have been drawn.
    let slots = tree.calls.len() + 1;
    let slot = |call: &Call| call.parent.unwrap_or(slots - 1);
    let mut called = vec![0_usize; slots];
    tree.calls.iter().for_each(|call| called[slot(call)] += 1);
    let mut drawn = vec![0_usize; slots];
    // What stands before the calls below each call.
    let mut below: Vec<String> = vec![String::new(); slots];
    let mut out = Vec::with_capacity(tree.calls.len());
    for (i, call) in tree.calls.iter().enumerate() {
        let parent = slot(call);
        drawn[parent] += 1;
        let indent = below[parent].clone();
        let (own, next) = match (called[parent], drawn[parent] == called[parent]) {
            _ if indent.len() > DEEPEST => ("", ""),
            (1, _) => ("", ""),
            (_, true) => (last, "   "),
            _ => (fork, through),
        };
        out.push(format!("{indent}{own}"));
        below[i] = format!("{indent}{next}");
    }
    out
}
