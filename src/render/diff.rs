//! The differences between two sides, for people.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{
    Style,
    table::{Cells, Weight, file_and_line, grid, noun},
    text::{amount, command, one_line, percent},
};
use crate::{
    profile::{
        aggregate::{
            By,
            diff::{Change, Diff, Half, Status, Whole, noise},
        },
        calls::{Counted, Measurements},
        model::Unit,
    },
    units,
};

/// Share of the old total from which a change that is no noise is drawn bold.
const BIG: f64 = 0.05;
/// Columns of a line's title.
const TITLE: usize = 8;

/// Recordings of a side with what the user calls them.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Files, in order.
    pub names: &'a [String],
    /// The recordings in them.
    pub recordings: &'a [Measurements],
}

/// Writes what is compared, the totals, and the rows.
///
/// # Errors
/// Those of the writer.
pub fn write(
    w: &mut dyn Write,
    diff: &Diff<'_>,
    old: Side<'_>,
    new: Side<'_>,
    style: Style,
) -> io::Result<()> {
    side(w, "old", old, diff.old, style)?;
    side(w, "new", new, diff.new, style)?;
    total(w, diff, style)?;
    if old.names.len().min(new.names.len()) < 2 {
        let text = match diff.tallied {
            true => "nothing was sampled, so that nothing tells what is chance; with two or more",
            false => "p tells sampling noise alone; with two or more",
        };
        let also = if diff.tallied { "p" } else { "it also" };
        writeln!(
            w,
            "note: {text} recordings a side (--old A B --new C D) {also} tells how much runs differ by themselves"
        )?;
    }
    let notes = old.recordings.iter().chain(new.recordings).flat_map(|one| &one.recording().notes);
    let mut notes: Vec<&String> = notes.collect();
    notes.sort_unstable();
    notes.dedup();
    for note in notes {
        writeln!(w, "note: {}", one_line(note, style))?;
    }
    if knows_inlined(old) != knows_inlined(new) {
        let (knows, does_not) = if knows_inlined(old) { ("old", "new") } else { ("new", "old") };
        writeln!(
            w,
            "note: the {knows} side knows what was inlined and counts it with the function around it, the {does_not} side does not: \
             such functions seem to come or go"
        )?;
    }
    writeln!(w)?;
    rows(w, diff, style)
}

fn knows_inlined(side: Side<'_>) -> bool {
    side.recordings.iter().any(|one| match one {
        Measurements::Sampled(profile) => profile.frames.iter().any(|frame| frame.inlined),
        Measurements::Traced(_) => false,
    })
}

fn counted(side: Side<'_>, number: u64) -> String {
    let calls = |one: &Measurements| match one {
        Measurements::Sampled(_) => false,
        Measurements::Traced(graph) => graph.counted == Counted::Calls,
    };
    let (one, many) =
        if side.recordings.iter().any(calls) { ("call", "calls") } else { ("sample", "samples") };
    units::plural(number, one, many)
}

fn side(w: &mut dyn Write, title: &str, side: Side<'_>, whole: Whole, style: Style) -> io::Result<()> {
    let recording = side.recordings.first().map(Measurements::recording);
    let measure =
        recording.map_or_else(String::new, |recording| one_line(&recording.measure(), style).into_owned());
    let total = match whole.unit {
        Unit::Nanoseconds => units::duration(Duration::from_nanos(whole.ns as u64)),
        unit => amount(whole.ns as u64, unit),
    };
    let mean = if whole.recordings > 1 { " a recording" } else { "" };
    let mut text = format!("{total} of {measure}{mean}, {}", counted(side, whole.samples));
    let lost = side.recordings.iter().fold(0_u64, |sum, r| sum.saturating_add(r.recording().lost_samples));
    if lost > 0 {
        text.push_str(&format!(", {} lost", units::count(lost)));
    }
    text.push_str(&match side.names {
        [one] => format!(", {}", one_line(one, style)),
        names => format!(", {} recordings", names.len()),
    });
    writeln!(w, "{}{text}", style.dim(&format!("{title:<TITLE$}")))?;
    let line = recording.map(|recording| command(&recording.command)).filter(|c| !c.is_empty());
    if let Some(line) = line {
        writeln!(w, "{:TITLE$}{}", "", style.dim(&one_line(&line, style)))?;
    }
    Ok(())
}

fn total(w: &mut dyn Write, diff: &Diff<'_>, style: Style) -> io::Result<()> {
    let title = style.dim(&format!("{:<TITLE$}", "change"));
    match diff.scale {
        Some(scale) => writeln!(
            w,
            "{title}shares are compared: old times are multiplied by {scale:.3}, so that the totals are alike"
        ),
        None => {
            let share = if diff.old.ns > 0.0 { diff.total_delta_ns() / diff.old.ns } else { 0.0 };
            writeln!(
                w,
                "{title}{} ({}), p {}",
                signed(diff.total_delta_ns(), diff.unit()),
                signed_percent(share),
                probability(diff.total_p)
            )
        }
    }
}

fn rows(w: &mut dyn Write, diff: &Diff<'_>, style: Style) -> io::Result<()> {
    let (one, many) = noun(diff.by);
    if diff.rows.is_empty() {
        writeln!(w, "no {one} matches")?;
    } else {
        let lines = diff.rows.iter().map(|row| cells(row, diff, style)).collect();
        let numbers = ["old", "new", "change", "change%", "share old", "new", "p", ""];
        let names: &[&str] = match diff.by {
            By::Module => &["module"],
            _ => &["function", "file:line", "module"],
        };
        grid(w, &numbers, names, lines, style)?;
    }
    if diff.left_out > 0 {
        let left = units::plural(diff.left_out as u64, one, many);
        writeln!(w, "{}", style.dim(&format!("{left} left out; --limit 0 --min-percent 0 shows all")))?;
    }
    Ok(())
}

fn cells(row: &Change<'_>, diff: &Diff<'_>, style: Style) -> Cells {
    let time = |half: &Half, there: bool| {
        let ns = if diff.cumtime { half.cumtime_ns } else { half.tottime_ns };
        if there { amount(ns.round() as u64, diff.unit()) } else { "-".to_owned() }
    };
    let (in_old, in_new) = (row.status != Status::New, row.status != Status::Gone);
    let old_ns = if diff.cumtime { row.old.cumtime_ns } else { row.old.tottime_ns };
    let relative = if old_ns > 0.0 { signed_percent(row.delta_ns / old_ns) } else { "-".to_owned() };
    let share = |half: &Half, there: bool| if there { percent(half.share) } else { "-".to_owned() };
    let (more, less) = if diff.unit() == Unit::Nanoseconds { ("slower", "faster") } else { ("more", "less") };
    let verdict = match (row.significant, row.status) {
        (_, Status::New) if row.significant || diff.tallied => "new",
        (_, Status::Gone) if row.significant || diff.tallied => "gone",
        (false, _) if diff.tallied => "",
        (false, _) => "noise",
        (true, _) if row.delta_ns > 0.0 => more,
        (true, _) => less,
    };
    let mut cells = vec![
        time(&row.old, in_old),
        time(&row.new, in_new),
        signed(row.delta_ns, diff.unit()),
        relative,
        share(&row.old, in_old),
        share(&row.new, in_new),
        probability(row.p),
        verdict.to_owned(),
    ];
    let name = |text: &str| if text.is_empty() { "-".to_owned() } else { one_line(text, style).into_owned() };
    let place = row.place;
    let was = row.was.filter(|was| was.name != place.name);
    cells.push(match was {
        Some(was) => format!("{} (was {})", name(place.name), name(was.name)),
        None => name(place.name),
    });
    if diff.by != By::Module {
        let moved = row.was.filter(|was| diff.by == By::Line && was.line != place.line && was.line > 0);
        let at = file_and_line(&name(place.file), place.line);
        cells.push(moved.map_or(at.clone(), |was| format!("{at} (was {})", was.line)));
        cells.push(name(place.module));
    }
    let weight = match row.significant {
        false if diff.tallied => Weight::Plain,
        false => Weight::Dim,
        true if diff.impact(row).abs() >= BIG => Weight::Hot,
        true => Weight::Plain,
    };
    (cells, weight)
}

/// A difference with its sign, in seconds or another unit.
pub fn signed(ns: f64, unit: Unit) -> String {
    if unit != Unit::Nanoseconds {
        let sign = if ns < 0.0 { "-" } else { "+" };
        let weight = ns.abs().round() as u64;
        return if weight == 0 { "0".to_owned() } else { format!("{sign}{}", amount(weight, unit)) };
    }
    let text = format!("{:+.3}s", ns / 1e9);
    if matches!(text.as_str(), "-0.000s" | "+0.000s") { "0.000s".to_owned() } else { text }
}

/// A difference as a share with its sign.
pub fn signed_percent(share: f64) -> String {
    let text = format!("{:+.1}%", share * 100.0);
    if matches!(text.as_str(), "-0.0%" | "+0.0%") { "0.0%".to_owned() } else { text }
}

fn probability(p: Option<f64>) -> String {
    match p {
        None => "-".to_owned(),
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) if p < noise::ALPHA => format!("{p:.3}"),
        Some(p) if p >= 0.995 => "1".to_owned(),
        Some(p) => format!("{p:.2}"),
    }
}
