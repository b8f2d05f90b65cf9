//! `hotcold profile report --html`.

use std::path::Path;

use super::Streams;
use crate::{
    profile::{
        aggregate::{
            Place, Selection, Sort, Subject, Table,
            annotate::{self, Section},
            rows, traced_rows,
        },
        calls::CallGraph,
        format::save::Output,
        model::{Origin, Profile},
        source::{Source, Sources},
    },
    render::html::{self, MOST_ROWS, Page},
};

/// Functions whose source is looked for: those with the most time of their own, and those with the most in all.
const BY_TOTTIME: usize = 30;
const BY_CUMTIME: usize = 15;
/// Share of the time below which a function's source is not worth the room.
const LEAST: f64 = 0.002;

/// Writes the page of a sampled recording to a file, or to standard output.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn write(
    path: &Path,
    profile: &Profile,
    sources: &Sources,
    selection: Selection,
    streams: &mut Streams,
) -> anyhow::Result<()> {
    let selection =
        Selection { limit: Some(selection.limit.unwrap_or(MOST_ROWS).min(MOST_ROWS)), ..selection };
    let table = rows(profile, &selection)?;
    let found = found(profile, &table, sources)?;
    save(path, streams, |out| html::write(out, Page { profile, table: &table, sources: &found }))
}

/// The same of a recording of calls.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn write_calls(
    path: &Path,
    graph: &CallGraph,
    selection: Selection,
    streams: &mut Streams,
) -> anyhow::Result<()> {
    let selection =
        Selection { limit: Some(selection.limit.unwrap_or(MOST_ROWS).min(MOST_ROWS)), ..selection };
    let table = traced_rows(graph, &selection)?;
    save(path, streams, |out| html::write_calls(out, graph, &table))
}

fn save(
    path: &Path,
    streams: &mut Streams,
    mut write: impl FnMut(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return Ok(write(&mut streams.out)?);
    }
    // It has the command line in it, like a recording.
    Output::create(path)?.commit_with(&mut write)?;
    streams.note(&format!("wrote the page to {}", path.display()));
    Ok(())
}

/// The hottest functions whose source is on this machine, with it.
fn found<'p>(
    profile: &'p Profile,
    table: &Table<'p>,
    sources: &Sources,
) -> anyhow::Result<Vec<(Section<'p>, Source)>> {
    let by_cumtime =
        rows(profile, &Selection { sort: Sort::Cumtime, limit: Some(BY_CUMTIME), ..Selection::default() })?;
    let hottest = table.rows.iter().take(BY_TOTTIME).chain(&by_cumtime.rows);
    let mut places: Vec<Place> = Vec::new();
    for row in hottest {
        let Subject::Place(place) = row.subject else { continue };
        let has_source = matches!(place.origin, Origin::Native | Origin::Python) && !place.file.is_empty();
        let share = table.totals.share(row.times.cumtime_ns);
        if has_source && share >= LEAST && !places.contains(&place) {
            places.push(place);
        }
    }
    let with_source = |section: Section<'p>| match sources.find(section.file, profile.recording.started) {
        Source::Missing(_) => None,
        source => Some((section, source)),
    };
    Ok(annotate::sections(profile, &places).into_iter().filter_map(with_source).collect())
}
