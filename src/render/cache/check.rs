//! What a check found, as text and as JSON.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use crate::{
    cache::store::Problem,
    render::{
        Style,
        cache::json::Text,
        text::{command, one_line},
    },
    units::{bytes, plural},
};

/// A check that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The cache's kind.
    pub kind: &'a str,
    /// Its directory.
    pub root: &'a Path,
    /// What was found.
    pub problems: &'a [Problem],
    /// Whether it was to be repaired.
    pub repaired: bool,
}

impl Report<'_> {
    /// How many problems are still there; notes do not count.
    pub fn remaining(&self) -> usize {
        self.problems.iter().filter(|problem| !problem.note && !problem.fixed).count()
    }
}

/// A line for each problem, those of a kind together and at most `most` of them, then what can be done.
///
/// # Errors
/// Those of the writer.
pub fn text(report: &Report<'_>, most: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (notes, problems): (Vec<&Problem>, Vec<&Problem>) = report.problems.iter().partition(|p| p.note);
    lines(&problems, most, style, out)?;
    lines(&notes, most, style, out)?;
    let shown = report.root.display().to_string();
    let sum = summary(report, &problems, &notes);
    writeln!(out, "{}: {sum}", one_line(&shown, style))?;
    let of_entries = |p: &&Problem| !p.fixable && !p.fixed && OF_ENTRIES.contains(&p.what);
    match problems.into_iter().find(of_entries) {
        Some(problem) => {
            let words = ["hotcold", "cache", "rm", &*shown, "--id", &*problem.place].map(str::to_owned);
            let how = command(&words);
            let line = format!("an entry that cannot be repaired can be removed: {}", one_line(&how, style));
            writeln!(out, "{}", style.dim(&line))
        }
        None => Ok(()),
    }
}

/// Problems of single entries, whose place is the entry's id.
const OF_ENTRIES: [&str; 3] = ["impossible-row", "damaged-value", "duplicate-key"];

fn lines(problems: &[&Problem], most: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut kinds: Vec<&str> = Vec::new();
    for problem in problems {
        if !kinds.contains(&problem.what) {
            kinds.push(problem.what);
        }
    }
    for kind in kinds {
        let of_kind = || problems.iter().filter(|problem| problem.what == kind);
        for problem in of_kind().take(most) {
            let mark = match problem {
                Problem { fixed: true, .. } => style.dim("repaired"),
                Problem { note: true, .. } => style.dim("note"),
                _ => style.yellow("problem"),
            };
            let (place, detail) = (one_line(&problem.place, style), one_line(&problem.detail, style));
            writeln!(out, "{mark}  {kind}  {place}: {detail}")?;
        }
        let left_out = of_kind().count().saturating_sub(most);
        if left_out > 0 {
            let more = plural(left_out as u64, "more like this", "more like these");
            writeln!(out, "{}", style.dim(&format!("         {kind}  {more}; -v shows all")))?;
        }
    }
    Ok(())
}

fn summary(report: &Report<'_>, problems: &[&Problem], notes: &[&Problem]) -> String {
    let count = |n: usize, one, many| plural(n as u64, one, many);
    let mut parts = Vec::new();
    let (all, fixed) = (problems.len(), problems.iter().filter(|p| p.fixed).count());
    parts.push(if all == 0 { "no problems".to_owned() } else { count(all, "problem", "problems") });
    if report.repaired {
        let freed: u64 = report.problems.iter().filter(|p| p.fixed).map(|p| p.bytes).sum();
        if fixed > 0 {
            parts.push(format!("{} repaired", count(fixed, "problem", "problems")));
        }
        if freed > 0 {
            parts.push(format!("{} freed", bytes(freed)));
        }
    } else {
        let fixable = problems.iter().filter(|p| p.fixable).count();
        if fixable > 0 {
            parts.push(format!("{} can be repaired with --fix", crate::units::count(fixable as u64)));
        }
    }
    if !notes.is_empty() {
        parts.push(count(notes.len(), "note", "notes"));
    }
    parts.join(", ")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    root: Text<'a>,
    problems: Vec<Row<'a>>,
    notes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    what: &'static str,
    #[serde(rename = "where")]
    place: &'a str,
    detail: &'a str,
    fixable: bool,
    fixed: bool,
    bytes: u64,
}

impl<'a> From<&'a Problem> for Row<'a> {
    fn from(problem: &'a Problem) -> Self {
        let Problem { what, place, detail, fixable, fixed, bytes, note: _ } = problem;
        Self { what, place, detail, fixable: *fixable, fixed: *fixed, bytes: *bytes }
    }
}

/// One document, schema `hotcold.cache.check/1`, on one line.
///
/// # Errors
/// Those of the writer.
pub fn json(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rows = |note: bool| report.problems.iter().filter(|p| p.note == note).map(Row::from).collect();
    let document = Document {
        schema: "hotcold.cache.check/1",
        kind: report.kind,
        root: Text::path(report.root),
        problems: rows(false),
        notes: rows(true),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
