//! Tables for people. The only user of comfy-table.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table as Grid, presets};

use super::{
    Style,
    text::{amount, one_line, percent, seconds, shorten_left, shorten_middle, weight_titles, width},
};
use crate::{
    profile::{
        aggregate::{By, IDLE, Place, Row, Subject, Table},
        model::{Unit, Wait},
    },
    units,
};

/// Share of the total from which a row is drawn bold.
pub(super) const HOT: f64 = 0.1;
/// Columns between two columns.
const GAP: usize = 2;
/// A name column is not made narrower than this.
const LEAST: usize = 12;

/// Writes a table and, where rows were left out, how many.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, table: &Table, style: Style) -> io::Result<()> {
    if table.rows.is_empty() {
        writeln!(w, "no {} matches", noun(table.by).0)?;
    } else {
        write_rows(w, table, style)?;
    }
    if table.left_out > 0 {
        let (one, many) = noun(table.by);
        let text = format!(
            "{} left out with {} of the {}; {} shows all",
            units::plural(table.left_out as u64, one, many),
            percent(table.share(table.left_out_ns)),
            whole_noun(table.totals.unit),
            show_all(table.too_small)
        );
        writeln!(w, "{}", style.dim(&text))?;
    }
    Ok(())
}

/// What shares are of.
pub(super) fn whole_noun(unit: Unit) -> &'static str {
    if unit == Unit::Nanoseconds { "time" } else { "whole" }
}

/// The options that leave no row out; `too_small` rows were below the least share.
pub(super) fn show_all(too_small: usize) -> &'static str {
    if too_small > 0 { "--limit 0 --min-percent 0" } else { "--limit 0" }
}

pub(super) fn noun(by: By) -> (&'static str, &'static str) {
    match by {
        By::Function => ("function", "functions"),
        By::Line => ("line", "lines"),
        By::Module => ("module", "modules"),
        By::Thread => ("thread", "threads"),
        By::Process => ("process", "processes"),
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// As it is.
    Plain,
    /// To be seen first.
    Hot,
    /// To be seen last.
    Dim,
}

/// A line of a table: its cells, and how it is drawn.
pub(super) type Cells = (Vec<String>, Weight);

/// Titles of the columns that name a function.
pub(super) const PLACE: [&str; 3] = ["function", "file:line", "module"];

fn write_rows(w: &mut dyn Write, table: &Table, style: Style) -> io::Result<()> {
    let (numbers, names) = match table.waits {
        Some(_) => waiting_columns(table.by),
        None => columns(table.by, table.totals.unit, style),
    };
    let mut lines: Vec<Cells> = Vec::new();
    for row in &table.rows {
        lines.push(cells(row, table, style, ""));
        for child in &row.inlined {
            lines.push(cells(child, table, style, if style.unicode { "└ " } else { "+ " }));
        }
    }
    grid(w, &numbers, &names, lines, style)
}

/// Writes columns with these titles, numbers to the right and names to the left, made to fit where the style has a width.
///
/// # Errors
/// Those of the writer.
pub(super) fn grid(
    w: &mut dyn Write,
    numbers: &[&str],
    names: &[&str],
    mut lines: Vec<Cells>,
    style: Style,
) -> io::Result<()> {
    let mut header: Vec<String> = numbers.iter().chain(names).map(|&title| title.to_owned()).collect();
    if let Some(columns) = style.width {
        fit(&mut header, &mut lines, numbers.len(), usize::from(columns), style);
    }
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_header(header);
    grid.add_rows(lines.iter().map(|(cells, _)| cells.clone()));
    for (i, column) in grid.column_iter_mut().enumerate() {
        column.set_padding((0, GAP as u16));
        if i < numbers.len() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (i, line) in grid.lines().enumerate() {
        let line = line.trim_end();
        let weight = i.checked_sub(1).and_then(|i| lines.get(i)).map_or(Weight::Dim, |(_, weight)| *weight);
        let line = match weight {
            Weight::Dim => style.dim(line),
            Weight::Hot => style.bold(line),
            Weight::Plain => line.to_owned(),
        };
        writeln!(w, "{line}")?;
    }
    Ok(())
}

/// Titles of the columns with numbers and of those with names.
fn columns(by: By, unit: Unit, style: Style) -> (Vec<&'static str>, Vec<&'static str>) {
    let error = style.plus_minus();
    let [own, cum] = weight_titles(unit);
    let (share, whole) = if unit == Unit::Nanoseconds { ("time%", "time") } else { ("self%", own) };
    match by {
        By::Function | By::Line => (vec!["samples", "self%", error, own, cum], PLACE.to_vec()),
        By::Module => (vec!["samples", "self%", error, own, cum], vec!["module"]),
        By::Thread => (vec!["samples", share, error, whole, "tid", "pid"], vec!["thread", "process"]),
        By::Process => (vec!["samples", share, error, whole, "pid", "parent"], vec!["process"]),
    }
}

/// With waiting there is no room for the numbers of samples.
fn waiting_columns(by: By) -> (Vec<&'static str>, Vec<&'static str>) {
    let of_functions = vec!["time%", "cpu", "wait", "cumcpu", "cumwait", "waits for"];
    match by {
        By::Function | By::Line => (of_functions, PLACE.to_vec()),
        By::Module => (of_functions, vec!["module"]),
        By::Thread => (vec!["time%", "cpu", "wait", "waits for", "tid", "pid"], vec!["thread", "process"]),
        By::Process => (vec!["time%", "cpu", "wait", "waits for", "pid", "parent"], vec!["process"]),
    }
}

/// The part of a row's waiting from which a kind is named.
const NAMED: f64 = 0.2;

fn waiting_numbers(row: &Row, table: &Table) -> Vec<String> {
    let times = &row.times;
    // The time of idle threads is no part of the whole.
    let idle = row.subject.name() == IDLE;
    let mut cells = vec![
        if idle { "-".to_owned() } else { percent(table.share(times.self_ns())) },
        seconds(times.tottime_ns),
        seconds(times.wait.total_ns()),
    ];
    if matches!(table.by, By::Function | By::Line | By::Module) {
        cells.extend([seconds(times.cumtime_ns), seconds(times.cumwait.total_ns())]);
    }
    let kinds: Vec<&str> = times.cumwait.main(NAMED).into_iter().map(Wait::name).collect();
    cells.push(kinds.join(", "));
    cells
}

fn cells(row: &Row, table: &Table, style: Style, prefix: &str) -> Cells {
    if table.waits.is_some() {
        let share = if row.subject.name() == IDLE { 0.0 } else { table.share(row.times.self_ns()) };
        let mut cells = waiting_numbers(row, table);
        add_names(&mut cells, row, table.by, style, prefix);
        return (cells, weight(share, prefix));
    }
    let (times, totals) = (&row.times, table.totals);
    let share = totals.share(times.tottime_ns);
    let error = times.tottime_error_ns.map(|ns| if totals.ns == 0 { 0.0 } else { ns / totals.ns as f64 });
    let mut cells = vec![
        units::count(times.samples),
        percent(share),
        error.map_or_else(|| "-".to_owned(), percent),
        amount(times.tottime_ns, totals.unit),
    ];
    if let Subject::Place(_) = row.subject {
        cells.push(amount(times.cumtime_ns, totals.unit));
    }
    add_names(&mut cells, row, table.by, style, prefix);
    (cells, weight(share, prefix))
}

fn weight(share: f64, prefix: &str) -> Weight {
    if share >= HOT && prefix.is_empty() { Weight::Hot } else { Weight::Plain }
}

fn add_names(cells: &mut Vec<String>, row: &Row, by: By, style: Style, prefix: &str) {
    let number = |number: u32| if number == 0 { "-".to_owned() } else { number.to_string() };
    match row.subject {
        Subject::Place(place) => {
            let columns = if by == By::Module { 1 } else { PLACE.len() };
            cells.extend(place_cells(place, prefix, style).into_iter().take(columns));
        }
        Subject::Thread { name: thread, tid, pid, process } => {
            cells.extend([number(tid), number(pid), name(thread, style), name(process, style)]);
        }
        Subject::Process { name: process, pid, parent_pid } => {
            cells.extend([number(pid), number(parent_pid), name(process, style)]);
        }
    }
}

/// The columns of [`PLACE`].
pub(super) fn place_cells(place: Place<'_>, prefix: &str, style: Style) -> [String; 3] {
    let file = file_and_line(&name(place.file, style), place.line);
    [format!("{prefix}{}", name(place.name, style)), file, name(place.module, style)]
}

fn name(name: &str, style: Style) -> String {
    if name.is_empty() { "-".to_owned() } else { one_line(name, style).into_owned() }
}

/// `file:line`, or what of it is known.
pub(super) fn file_and_line(file: &str, line: u32) -> String {
    if line == 0 || file == "-" { file.to_owned() } else { format!("{file}:{line}") }
}

/// Makes the lines fit `columns`: the function keeps the most room, paths lose their beginning, then the module goes, then the file.
fn fit(header: &mut Vec<String>, lines: &mut [Cells], numbers: usize, columns: usize, style: Style) {
    let widest = |header: &[String], lines: &[Cells], i: usize| {
        let cells = lines.iter().filter_map(|(cells, _)| cells.get(i));
        cells.chain(header.get(i)).map(|text| width(text)).max().unwrap_or(0)
    };
    let fixed: usize = (0..numbers).map(|i| widest(header, lines, i) + GAP).sum();
    let room = columns.saturating_sub(fixed).max(LEAST);
    let keep = match header.len() - numbers {
        3 if room < 2 * LEAST + GAP => 1,
        3 if room < 4 * LEAST + 2 * GAP => 2,
        names => names,
    };
    header.truncate(numbers + keep);
    lines.iter_mut().for_each(|(cells, _)| cells.truncate(numbers + keep));
    let wanted: Vec<usize> = (0..keep).map(|i| widest(header, lines, numbers + i)).collect();
    let widths = share_out(&wanted, room - GAP * (keep - 1));
    for (cells, _) in lines {
        for (i, (text, &columns)) in cells[numbers..].iter_mut().zip(&widths).enumerate() {
            let path = i > 0 || text.starts_with('/');
            *text =
                if path { shorten_left(text, columns, style) } else { shorten_middle(text, columns, style) };
        }
    }
}

/// Widths for columns that want these, in all at most `room`: the later ones are held to a fifth (a third, where there are two) of the
/// room where it is short, and what they do not need goes to the first.
fn share_out(wanted: &[usize], room: usize) -> Vec<usize> {
    let part =
        (room / (wanted.len() + 1 + usize::from(wanted.len() > 2))).max(LEAST.min(room / wanted.len()));
    let others: usize = wanted.iter().skip(1).map(|&width| width.min(part)).sum();
    let first = wanted.first().map_or(0, |&width| width.min(room - others));
    let mut spare = room - others - first;
    let mut widths = vec![first];
    for &width in wanted.iter().skip(1) {
        let more = (width - width.min(part)).min(spare);
        spare -= more;
        widths.push(width.min(part) + more);
    }
    widths
}
