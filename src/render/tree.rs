//! The call tree for people.

use std::io::{self, Write};

use super::{
    Style,
    table::file_and_line,
    text::{amount, ellipsis, one_line, percent, shorten_left, shorten_middle, weight_titles, width},
};
use crate::{
    profile::{
        aggregate::{Call, CallTree},
        model::Unit,
    },
    units,
};

/// Share of the total in the call itself from which its line is drawn bold.
const HOT: f64 = 0.1;
/// Columns that a name is given even where the tree is deep.
const LEAST: usize = 24;
/// Bytes of indentation after which forks are no longer drawn: a tree of a hundred thousand forks must not fill the memory.
const DEEPEST: usize = 400;

/// Writes a call tree, a line a call. What a function alone calls stands right below it, without a step to the right, so that only
/// forks cost width and a stack of sixty frames stays readable. With `fold`, calls whose whole time is in a single call share a line
/// with it.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, tree: &CallTree, fold: bool, style: Style) -> io::Result<()> {
    if tree.calls.is_empty() {
        writeln!(w, "no call matches")?;
    } else {
        let [own, cum] = match tree.totals.unit {
            Unit::Nanoseconds => ["time", "cumtime"],
            unit => weight_titles(unit),
        };
        let title = if tree.inverted {
            format!(" self% {own:>9}  function")
        } else {
            format!(" cum%   self% {cum:>9}  function")
        };
        writeln!(w, "{}", style.dim(&title))?;
    }
    let lines = lines(tree, fold);
    for (line, branch) in lines.iter().zip(branches(&lines, style)) {
        let Some(last) = line.calls.last() else { continue };
        let (own, whole) = (tree.totals.share(last.tottime_ns), tree.totals.share(last.cumtime_ns));
        let numbers = if tree.inverted {
            format!("{:>6} {:>9}  ", percent(whole), amount(last.cumtime_ns, tree.totals.unit))
        } else {
            format!(
                "{:>6} {:>6} {:>9}  ",
                percent(whole),
                percent(own),
                amount(last.cumtime_ns, tree.totals.unit)
            )
        };
        let room = style.width.map(|columns| usize::from(columns).saturating_sub(width(&numbers)));
        let text = format!("{numbers}{}", label(line.calls, tree.inverted, &branch, room, style));
        writeln!(w, "{}", if own >= HOT { style.bold(&text) } else { text })?;
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

/// Calls that are drawn as one line.
struct Line<'t, 'p> {
    /// Position of the line above in the tree.
    parent: Option<usize>,
    /// Each the only call of the one before.
    calls: &'t [Call<'p>],
}

fn lines<'t, 'p>(tree: &'t CallTree<'p>, fold: bool) -> Vec<Line<'t, 'p>> {
    let calls = &tree.calls;
    let mut called = vec![0_usize; calls.len()];
    calls.iter().filter_map(|call| call.parent).for_each(|parent| called[parent] += 1);
    // In preorder, the only call of a call follows it.
    let goes_on = |i: usize| {
        let alike = |next: &Call| next.parent == Some(i) && next.cumtime_ns == calls[i].cumtime_ns;
        fold && called[i] == 1 && calls.get(i + 1).is_some_and(alike)
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut line_of = vec![0_usize; calls.len()];
    let mut start = 0;
    for i in 0..calls.len() {
        line_of[i] = lines.len();
        if !goes_on(i) {
            let parent = calls[start].parent.map(|parent| line_of[parent]);
            lines.push(Line { parent, calls: &calls[start..=i] });
            start = i + 1;
        }
    }
    lines
}

fn label(calls: &[Call], inverted: bool, branch: &str, room: Option<usize>, style: Style) -> String {
    let names: Vec<String> = calls.iter().map(|call| name(call, style)).collect();
    let arrow = match (inverted, style.unicode) {
        (false, true) => " → ",
        (false, false) => " > ",
        (true, true) => " ← ",
        (true, false) => " < ",
    };
    let file = calls
        .last()
        .map_or(String::new(), |call| file_and_line(&one_line(call.place.file, style), call.place.line));
    let Some(room) = room else {
        let gap = if file.is_empty() { "" } else { "  " };
        return format!("{branch}{}{gap}{file}", names.join(arrow));
    };
    let branch = shorten_left(branch, room.saturating_sub(LEAST), style);
    let room = room.saturating_sub(width(&branch));
    let names = shorten_middle(&chain(&names, arrow, room, style), room, style);
    let left = room.saturating_sub(width(&names) + 2);
    if file.is_empty() || left < LEAST / 2 {
        return format!("{branch}{names}");
    }
    format!("{branch}{names}  {}", shorten_left(&file, left, style))
}

fn name(call: &Call, style: Style) -> String {
    let mut name = one_line(call.place.name, style).into_owned();
    if call.recursion > 1 {
        let times = if style.unicode { "×" } else { "x" };
        name.push_str(&format!(" {times}{}", call.recursion));
    }
    if call.inlined {
        name.push_str(" (inlined)");
    }
    name
}

/// The names with arrows between them, in at most `room` columns where leaving names out in the middle achieves that.
fn chain(names: &[String], arrow: &str, room: usize, style: Style) -> String {
    let (gap, widths) = (width(arrow), names.iter().map(|name| width(name)).collect::<Vec<_>>());
    let whole: usize = widths.iter().sum::<usize>() + gap * names.len().saturating_sub(1);
    if whole <= room || names.len() < 3 {
        return names.join(arrow);
    }
    let dots = |n: usize| format!("{} {n} more {}", ellipsis(style), ellipsis(style));
    // The end says most; then as many as fit from the beginning.
    let end = widths.len() - 1;
    let mut used = widths[end] + gap + width(&dots(names.len()));
    let mut first = 0;
    while first + 1 < end && used + widths[first] + gap <= room {
        used += widths[first] + gap;
        first += 1;
    }
    let mut parts: Vec<String> = names[..first].to_vec();
    parts.push(dots(end - first));
    parts.push(names[end].clone());
    parts.join(arrow)
}

/// What stands before each name.
fn branches(lines: &[Line<'_, '_>], style: Style) -> Vec<String> {
    let (fork, last, through) =
        if style.unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
    // By line, and for the roots at the end: how many lines are below it, and how many of them have been drawn.
    let slots = lines.len() + 1;
    let slot = |line: &Line| line.parent.unwrap_or(slots - 1);
    let mut called = vec![0_usize; slots];
    lines.iter().for_each(|line| called[slot(line)] += 1);
    let mut drawn = vec![0_usize; slots];
    // What stands before the lines below each line.
    let mut below: Vec<String> = vec![String::new(); slots];
    let mut out = Vec::with_capacity(lines.len());
    for (i, line) in lines.iter().enumerate() {
        let parent = slot(line);
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
