//! A recording as one page for browsers: a table to sort and search, a flamegraph to zoom, source lines, the quality block. Everything is in
//! the page, and its content policy forbids it to ask any server for anything. Text from outside is only ever data: the script puts
//! it into the page as text.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style, header,
    table::file_and_line,
    text::{amount, command, percent, weight_titles},
};
use crate::{
    profile::{
        aggregate::{
            Row, Subject, Table, TracedTable,
            annotate::{Annotated, Section},
            excerpt::excerpt,
            flame::{self, Shape},
            weighed,
        },
        calls::{CallGraph, Counted},
        model::{Origin, Profile, Unit},
        source::Source,
    },
    units,
};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Boxes of the flamegraph, at most: what is narrower than it takes is left out.
const MOST_BOXES: usize = 30_000;
/// Rows of the table, at most.
pub const MOST_ROWS: usize = 3_000;
/// Share of a section's time from which a line is marked.
const HOT: f64 = 0.1;
/// Characters of a name that are kept.
const LONGEST: usize = 4_000;

/// What a page shows of a sampled recording.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The recording.
    pub profile: &'a Profile,
    /// Its functions.
    pub table: &'a Table<'a>,
    /// Source lines of some functions, each with what was found of its file.
    pub sources: &'a [(Section<'a>, Source)],
}

#[derive(Serialize)]
struct Data {
    title: String,
    facts: Vec<(String, String)>,
    notes: Vec<(&'static str, String)>,
    columns: Vec<Column>,
    /// Column that the rows are sorted by at first.
    sorted: usize,
    rows: Vec<RowData>,
    left_out: String,
    names: Vec<String>,
    boxes: Vec<BoxData>,
    sources: Vec<SourceData>,
}

/// Depth, name, kind, samples.
type BoxData = (usize, usize, u8, u64);

#[derive(Serialize)]
struct Column {
    title: &'static str,
    number: bool,
    share: bool,
}

#[derive(Serialize)]
struct RowData {
    cells: Vec<String>,
    /// What cells of numbers are sorted by.
    values: Vec<f64>,
    name: String,
    /// Position among the sources, or -1.
    source: i64,
}

#[derive(Serialize)]
struct SourceData {
    title: String,
    times: String,
    note: String,
    /// Line, samples, tottime, cumtime, whether hot, text.
    lines: Vec<(String, String, String, String, bool, String)>,
}

/// Writes the page of a sampled recording.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, page: Page<'_>) -> io::Result<()> {
    let Page { profile, table, sources } = page;
    let (names, boxes) = boxes(&weighed(profile));
    let (facts, notes) = facts(|out| header::write(out, profile, plain()));
    let unit = profile.recording.unit;
    let [own, cum] = weight_titles(unit);
    let columns = columns(&["samples", "self%", "±", own, cum], Some(1));
    let rows = table.rows.iter().filter_map(|row| row_data(row, table, sources)).collect();
    let data = Data {
        title: title(&profile.recording.command),
        facts,
        notes,
        columns,
        sorted: 3,
        rows,
        left_out: left_out(table.left_out),
        names,
        boxes,
        sources: sources.iter().map(|(section, source)| source_data(section, source, unit)).collect(),
    };
    write_page(w, &data)
}

/// Writes the page of a recording of calls, which has neither a flamegraph nor lines.
///
/// # Errors
/// Those of the writer.
pub fn write_calls(w: &mut dyn Write, graph: &CallGraph, table: &TracedTable<'_>) -> io::Result<()> {
    let (facts, notes) = facts(|out| header::write_calls(out, graph, plain()));
    let counted = match graph.counted {
        Counted::Calls => "ncalls",
        Counted::Samples => "samples",
    };
    let unit = graph.recording.unit;
    let [own, cum] = weight_titles(unit);
    let row = |row: &crate::profile::aggregate::TracedRow| {
        let c = row.calls;
        let share = table.share(c.tottime_ns);
        let numbers = [
            (units::count(c.total), c.total as f64),
            (percent(share), share),
            (amount(c.tottime_ns, unit), c.tottime_ns as f64),
            (amount(c.cumtime_ns, unit), c.cumtime_ns as f64),
        ];
        let place = row.place;
        row_of(numbers, [place.name, &file_and_line(place.file, place.line), place.module], -1)
    };
    let data = Data {
        title: title(&graph.recording.command),
        facts,
        notes,
        columns: columns(&[counted, "self%", own, cum], Some(1)),
        sorted: 2,
        rows: table.rows.iter().map(row).collect(),
        left_out: left_out(table.left_out),
        names: Vec::new(),
        boxes: Vec::new(),
        sources: Vec::new(),
    };
    write_page(w, &data)
}

fn write_page(w: &mut dyn Write, data: &Data) -> io::Result<()> {
    // Inside of a script element only `<` can end it.
    let json = serde_json::to_string(data)?.replace('<', "\\u003c");
    let mut rest = PAGE;
    for (mark, text) in [("/*STYLE*/", STYLE), ("/*DATA*/", json.as_str()), ("/*SCRIPT*/", SCRIPT)] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        w.write_all(before.as_bytes())?;
        w.write_all(text.trim_end().as_bytes())?;
        rest = after;
    }
    w.write_all(rest.as_bytes())
}

fn title(words: &[String]) -> String {
    match command(words) {
        command if command.is_empty() => "hotcold report".to_owned(),
        command => short(&command),
    }
}

fn plain() -> Style {
    Style { unicode: true, ..Style::default() }
}

/// Titles and texts, and notes of a kind.
type Facts = (Vec<(String, String)>, Vec<(&'static str, String)>);

/// The quality block, taken apart again.
fn facts(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Facts {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(&mut text);
    let (mut facts, mut notes) = (Vec::new(), Vec::new());
    for line in String::from_utf8_lossy(&text).lines() {
        if let Some(note) = line.strip_prefix("note: ") {
            notes.push(("note", short(note)));
        } else if let Some(warning) = line.strip_prefix("warning: ") {
            notes.push(("warning", short(warning)));
        } else if let Some((title, text)) = line.split_once(' ') {
            facts.push((title.to_owned(), short(text.trim())));
        }
    }
    (facts, notes)
}

fn columns(numbers: &[&'static str], share: Option<usize>) -> Vec<Column> {
    let numbers =
        numbers.iter().enumerate().map(|(i, title)| Column { title, number: true, share: share == Some(i) });
    let names =
        ["function", "file:line", "module"].map(|title| Column { title, number: false, share: false });
    numbers.chain(names).collect()
}

fn row_data(row: &Row<'_>, table: &Table<'_>, sources: &[(Section<'_>, Source)]) -> Option<RowData> {
    let Subject::Place(place) = row.subject else { return None };
    let (t, totals) = (row.times, table.totals);
    let share = totals.share(t.tottime_ns);
    let error = t.tottime_error_ns.map(|ns| if totals.ns == 0 { 0.0 } else { ns / totals.ns as f64 });
    let source = sources.iter().position(|(section, _)| section.subject == Annotated::Function(place));
    let numbers = [
        (units::count(t.samples), t.samples as f64),
        (percent(share), share),
        (error.map_or_else(|| "-".to_owned(), percent), error.unwrap_or(0.0)),
        (amount(t.tottime_ns, totals.unit), t.tottime_ns as f64),
        (amount(t.cumtime_ns, totals.unit), t.cumtime_ns as f64),
    ];
    let names = [place.name, &file_and_line(place.file, place.line), place.module];
    Some(row_of(numbers, names, source.map_or(-1, |i| i as i64)))
}

fn row_of<const N: usize>(numbers: [(String, f64); N], names: [&str; 3], source: i64) -> RowData {
    let (mut cells, values): (Vec<String>, Vec<f64>) = numbers.into_iter().unzip();
    cells.extend(names.map(short));
    RowData { cells, values, name: short(names[0]), source }
}

fn left_out(rows: usize) -> String {
    match rows {
        0 => String::new(),
        n => format!("{} left out", units::plural(n as u64, "function", "functions")),
    }
}

/// Names, and boxes that point to them.
fn boxes(profile: &Profile) -> (Vec<String>, Vec<BoxData>) {
    let total = crate::profile::aggregate::Totals::of(profile).samples;
    let mut min_samples = 1;
    let boxes = loop {
        let boxes = flame::boxes(profile, Shape { min_samples, ..Shape::default() });
        if boxes.len() <= MOST_BOXES || min_samples >= total {
            break boxes;
        }
        min_samples = min_samples.saturating_mul(2);
    };
    let mut names: Vec<String> = Vec::new();
    let mut ids = rustc_hash::FxHashMap::default();
    let rows = boxes
        .iter()
        .map(|b| {
            let name = *ids.entry(b.name).or_insert_with(|| {
                names.push(short(b.name));
                names.len() - 1
            });
            let kind = match b.origin {
                Origin::Native => 0,
                Origin::Kernel => 1,
                Origin::Python => 2,
                Origin::Marker => 3,
            };
            (b.depth, name, kind, b.samples)
        })
        .collect();
    (names, rows)
}

fn source_data(section: &Section<'_>, source: &Source, unit: Unit) -> SourceData {
    let title = match section.subject {
        Annotated::Function(place) => format!("{}  {}", place.name, file_and_line(place.file, place.line)),
        Annotated::File(file) => file.to_owned(),
    };
    let t = section.times;
    let amount = |weight| amount(weight, unit);
    let times =
        format!("{} on its lines, {} with what they call", amount(t.tottime_ns), amount(t.cumtime_ns));
    let (text, note): (&[String], String) = match source {
        Source::Found { lines, newer: false, .. } => (lines, String::new()),
        Source::Found { lines, newer: true, path } => (
            lines,
            format!("{} was changed after the recording began; its lines may have moved", path.display()),
        ),
        Source::Missing(why) => (&[], why.clone()),
    };
    let row = |line: u32| {
        let times =
            section.lines.binary_search_by_key(&line, |l| l.line).ok().map(|i| section.lines[i].times);
        let code = text.get((line as usize).wrapping_sub(1)).map_or("", String::as_str);
        let number = |f: &dyn Fn(crate::profile::aggregate::Times) -> String| times.map_or(String::new(), f);
        let hot = times.is_some_and(|l| l.cumtime_ns as f64 >= HOT * t.cumtime_ns as f64);
        (
            line.to_string(),
            number(&|t| units::count(t.samples)),
            number(&|t| amount(t.tottime_ns)),
            number(&|t| amount(t.cumtime_ns)),
            hot,
            short(code),
        )
    };
    let lines = excerpt(section, text, None).into_iter().flatten().map(row).collect();
    SourceData { title: short(&title), times, note, lines }
}

/// Without what no reader needs: a symbol may be as long as a book.
fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::{
        Selection, annotate::annotate, call_graph, rows, sketch::profile, traced_rows,
    };

    fn data(page: &str) -> serde_json::Value {
        let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        serde_json::from_str(&page[start..start + page[start..].find("</script>").unwrap()]).unwrap()
    }

    fn page(stacks: &str) -> String {
        let p = profile(stacks);
        let table = rows(&p, &Selection::default()).unwrap();
        let lines = ["int main() {", "  </script><b>work();", "}"].map(String::from).to_vec();
        let found = Source::Found { path: "a.c".into(), lines, newer: true };
        let sections = annotate(&p, "main", 1).unwrap().sections;
        let sources: Vec<_> = sections.into_iter().map(|section| (section, found.clone())).collect();
        let mut out = Vec::new();
        write(&mut out, Page { profile: &p, table: &table, sources: &sources }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_is_in_the_page() {
        let page = page("main@a.c:2;work@a.c:3 3\nmain@a.c:2 1");
        for mark in ["/*STYLE*/", "/*DATA*/", "/*SCRIPT*/"] {
            assert!(!page.contains(mark), "{mark}");
        }
        let data = data(&page);
        assert_eq!(
            data["rows"][0]["cells"],
            serde_json::json!(["3", "75.0%", "44.9%", "0.003s", "0.003s", "work", "a.c", "/usr/bin/app"])
        );
        assert_eq!(data["boxes"], serde_json::json!([[0, 0, 0, 4], [1, 1, 0, 3]]));
        assert_eq!(data["names"], serde_json::json!(["main", "work"]));
        assert_eq!((&data["rows"][1]["source"], &data["rows"][0]["source"]), (&0.into(), &(-1).into()));
        assert_eq!(data["sources"][0]["lines"][1][4], true);
    }

    #[test]
    fn nothing_in_it_asks_for_anything_else() {
        let page = page("main@a.c:2 1");
        assert!(page.contains("default-src 'none'"));
        for word in ["http://", "https://", "@import", "src=", "fetch(", "XMLHttpRequest", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let page = page("main@a.c:2;</script><img/onerror=alert(1)> 2");
        assert_eq!(page.matches("</script>").count(), 2, "the two of the page itself");
        assert_eq!(data(&page)["names"][1], "</script><img/onerror=alert(1)>");
    }

    #[test]
    fn calls_have_a_table_alone() {
        let graph = call_graph(&profile("main;work 3"));
        let table = traced_rows(&graph, &Selection::default()).unwrap();
        let mut out = Vec::new();
        write_calls(&mut out, &graph, &table).unwrap();
        let data = data(&String::from_utf8(out).unwrap());
        assert_eq!(data["columns"][0]["title"], "samples");
        assert_eq!((data["rows"].as_array().unwrap().len(), data["boxes"].as_array().unwrap().len()), (2, 0));
    }
}
