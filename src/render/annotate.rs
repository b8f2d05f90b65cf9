//! Source lines with their time, for people.

use std::io::{self, Write};

use super::{
    Style,
    table::file_and_line,
    text::{amount, one_line, percent, shorten_left, shorten_right, weight_titles, width},
};
use crate::{
    profile::{
        aggregate::{
            Times, Totals,
            annotate::{Annotated, Section},
            excerpt::excerpt,
        },
        model::Unit,
        source::Source,
    },
    units,
};

/// Share of the section's time from which a line is marked.
const HOT: f64 = 0.1;
/// What a tab is shown as on a terminal.
const TAB: &str = "    ";

/// Writes a section: what it is, and its lines with `context` as [`excerpt`] takes it.
///
/// # Errors
/// Those of the writer.
pub fn write(
    w: &mut dyn Write,
    section: &Section<'_>,
    source: &Source,
    totals: Totals,
    context: Option<u32>,
    style: Style,
) -> io::Result<()> {
    head(w, section, source, totals, style)?;
    let rows = rows(section, source, context);
    let numbers = Numbers::of(section, totals.unit, &rows);
    writeln!(w, "{}", style.dim(&numbers.title()))?;
    for row in rows {
        match row {
            Row::Gap => writeln!(w, "{}", style.dim(&numbers.gap(style)))?,
            Row::Line { line, times, text } => {
                let hot = times.is_some_and(|t| numbers.share(t) >= HOT);
                let start = numbers.line(line, times, hot);
                let room = style.width.map(|columns| usize::from(columns).saturating_sub(width(&start)));
                let text = format!("{start}{}", code(text, room, style));
                let text = text.trim_end();
                writeln!(w, "{}", if hot { style.bold(text) } else { text.to_owned() })?;
            }
        }
    }
    Ok(())
}

fn head(
    w: &mut dyn Write,
    section: &Section<'_>,
    source: &Source,
    totals: Totals,
    style: Style,
) -> io::Result<()> {
    let (name, place) = match section.subject {
        Annotated::Function(place) => {
            let file = one_line(place.file, style);
            (one_line(place.name, style), format!("  {}", file_and_line(&file, place.line)))
        }
        Annotated::File(file) => (one_line(file, style), String::new()),
    };
    let place = match style.width {
        Some(columns) => {
            let room = usize::from(columns).saturating_sub(width(&name)).max(TAB.len());
            shorten_left(place.trim_end(), room, style)
        }
        None => place.trim_end().to_owned(),
    };
    writeln!(w, "{}{}", style.bold(&name), style.dim(&place))?;
    let t = section.times;
    writeln!(
        w,
        "{} on these lines, {} with what they call: {} of the recording",
        amount(t.tottime_ns, totals.unit),
        amount(t.cumtime_ns, totals.unit),
        percent(totals.share(t.cumtime_ns))
    )?;
    match source {
        Source::Missing(why) => writeln!(w, "note: no source: {}", one_line(why, style)),
        Source::Found { newer: true, path, .. } => {
            let path = path.display().to_string();
            let path = one_line(&path, style);
            writeln!(
                w,
                "{} {path} was changed after the recording began; its lines may have moved",
                style.yellow("warning:")
            )
        }
        Source::Found { .. } => Ok(()),
    }
}

enum Row<'a> {
    Line {
        line: u32,
        times: Option<Times>,
        text: &'a str,
    },
    /// Lines left out.
    Gap,
}

fn rows<'a>(section: &Section<'_>, source: &'a Source, context: Option<u32>) -> Vec<Row<'a>> {
    let lines: &[String] = match source {
        Source::Found { lines, .. } => lines,
        Source::Missing(_) => &[],
    };
    let times = |line: u32| {
        let at = section.lines.binary_search_by_key(&line, |l| l.line).ok()?;
        section.lines.get(at).map(|l| l.times)
    };
    let mut rows = Vec::new();
    for range in excerpt(section, lines, context) {
        if !rows.is_empty() {
            rows.push(Row::Gap);
        }
        rows.extend(range.map(|line| {
            let text = lines.get(line as usize - 1).map_or("", String::as_str);
            Row::Line { line, times: times(line), text }
        }));
    }
    let elsewhere = section.lines.iter().filter(|l| l.line == 0 || l.line as usize > lines.len());
    rows.extend(elsewhere.map(|l| {
        let text = match source {
            _ if l.line == 0 => "(line not known)",
            Source::Found { .. } => "(beyond the end of the file)",
            Source::Missing(_) => "",
        };
        Row::Line { line: l.line, times: Some(l.times), text }
    }));
    rows
}

/// The columns before the source text.
struct Numbers {
    whole_ns: u64,
    unit: Unit,
    line: usize,
    samples: usize,
}

impl Numbers {
    fn of(section: &Section<'_>, unit: Unit, rows: &[Row<'_>]) -> Self {
        let last = rows.iter().map(|row| if let Row::Line { line, .. } = row { *line } else { 0 }).max();
        let samples = section.lines.iter().map(|l| units::count(l.times.samples).len()).max();
        Self {
            whole_ns: section.times.cumtime_ns,
            unit,
            line: last.unwrap_or(0).to_string().len().max(4),
            samples: samples.unwrap_or(0).max(7),
        }
    }

    fn share(&self, times: Times) -> f64 {
        if self.whole_ns == 0 { 0.0 } else { times.cumtime_ns as f64 / self.whole_ns as f64 }
    }

    fn title(&self) -> String {
        let (line, samples) = (self.line, self.samples);
        let [own, cum] = weight_titles(self.unit);
        let share = if self.unit == Unit::Nanoseconds { "time%" } else { "cum%" };
        format!("  {:>line$}  {:>samples$}  {own:>8}  {cum:>8}  {share:>6}  source", "line", "samples")
    }

    fn line(&self, line: u32, times: Option<Times>, hot: bool) -> String {
        let (line_width, samples) = (self.line, self.samples);
        let line = if line == 0 { "-".to_owned() } else { line.to_string() };
        let mark = if hot { '*' } else { ' ' };
        let Some(t) = times else {
            return format!("{mark} {line:>line_width$}  {:>samples$}  {:8}  {:8}  {:6}  ", "", "", "", "");
        };
        format!(
            "{mark} {line:>line_width$}  {:>samples$}  {:>8}  {:>8}  {:>6}  ",
            units::count(t.samples),
            amount(t.tottime_ns, self.unit),
            amount(t.cumtime_ns, self.unit),
            percent(self.share(t))
        )
    }

    fn gap(&self, style: Style) -> String {
        let line = self.line;
        format!("  {:>line$}", if style.unicode { "…" } else { ".." })
    }
}

/// A line of source as the reader can show it: raw in a pipe.
fn code(text: &str, room: Option<usize>, style: Style) -> String {
    let text = if style.escape || room.is_some() { text.replace('\t', TAB) } else { text.to_owned() };
    let text = if style.escape { one_line(&text, style).into_owned() } else { text };
    room.map_or(text.clone(), |room| shorten_right(&text, room, style))
}
