//! Source lines with their time as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{Numbers, PlaceFields, Quality, numbers, place_fields, quality};
use crate::profile::{
    aggregate::annotate::{Annotated, Annotation, LineTimes, Section},
    model::{Profile, Unit},
    source::Source,
};

const SCHEMA: &str = "hotcold.profile.annotate/1";

/// The document of annotated source lines.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    quality: Quality<'a>,
    sections_left_out: usize,
    sections: Vec<SectionRow<'a>>,
}

#[derive(Serialize)]
struct SectionRow<'a> {
    function: Option<PlaceFields<'a>>,
    file: Option<&'a str>,
    source: Option<String>,
    source_missing: Option<&'a str>,
    source_newer: bool,
    #[serde(flatten)]
    numbers: Numbers,
    lines: Vec<LineRow<'a>>,
}

#[derive(Serialize)]
struct LineRow<'a> {
    line: Option<u32>,
    #[serde(flatten)]
    numbers: Numbers,
    text: Option<&'a str>,
}

/// Writes sections with the sources that were found for them. Only lines with time are in it.
///
/// # Errors
/// Those of the writer.
pub fn annotate(
    w: &mut dyn Write,
    profile: &Profile,
    annotation: &Annotation<'_>,
    sources: &[Source],
) -> io::Result<()> {
    let sections = annotation
        .sections
        .iter()
        .zip(sources)
        .map(|(section, source)| section_row(section, source, annotation.totals.unit));
    let document = Document {
        schema: SCHEMA,
        quality: quality(&profile.recording, annotation.totals),
        sections_left_out: annotation.left_out,
        sections: sections.collect(),
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}

fn section_row<'a>(section: &'a Section<'_>, source: &'a Source, unit: Unit) -> SectionRow<'a> {
    let (path, missing, newer, text): (_, _, _, &[String]) = match source {
        Source::Found { path, lines, newer } => (Some(path.display().to_string()), None, *newer, lines),
        Source::Missing(why) => (None, Some(why.as_str()), false, &[]),
    };
    let line = |l: &LineTimes| LineRow {
        line: (l.line > 0).then_some(l.line),
        numbers: numbers(&l.times, unit, false),
        text: (l.line as usize).checked_sub(1).and_then(|i| text.get(i)).map(String::as_str),
    };
    SectionRow {
        function: match section.subject {
            Annotated::Function(place) => Some(place_fields(place)),
            Annotated::File(_) => None,
        },
        file: Some(section.file).filter(|file| !file.is_empty()),
        source: path,
        source_missing: missing,
        source_newer: newer,
        numbers: numbers(&section.times, unit, false),
        lines: section.lines.iter().map(line).collect(),
    }
}
