//! Differences as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{PlaceFields, Quality, place_fields, quality, traced_quality};
use crate::{
    profile::{
        aggregate::{
            By, Totals,
            diff::{Change, Diff, Status, Whole, noise},
        },
        calls::Measurements,
        model::Unit,
    },
    render::diff::Side,
};

const SCHEMA: &str = "hotcold.profile.diff/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    compared: &'static str,
    normalized: bool,
    scale_old: Option<f64>,
    significance_level: f64,
    old: SideFields<'a>,
    new: SideFields<'a>,
    delta_s: f64,
    p: Option<f64>,
    rows_left_out: usize,
    #[serde(flatten)]
    rows: Rows<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Rows<'a> {
    Functions(Vec<ChangeRow<'a>>),
    Lines(Vec<ChangeRow<'a>>),
    Modules(Vec<ChangeRow<'a>>),
}

#[derive(Serialize)]
struct SideFields<'a> {
    total_s: f64,
    samples: u64,
    recordings: Vec<RecordingFields<'a>>,
}

#[derive(Serialize)]
struct RecordingFields<'a> {
    path: &'a str,
    #[serde(flatten)]
    quality: Quality<'a>,
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    #[serde(flatten)]
    place: PlaceFields<'a>,
    was: Option<PlaceFields<'a>>,
    status: &'static str,
    samples_old: u64,
    samples_new: u64,
    tottime_old_s: f64,
    tottime_new_s: f64,
    cumtime_old_s: f64,
    cumtime_new_s: f64,
    delta_s: f64,
    impact: f64,
    share_old: f64,
    share_new: f64,
    p: Option<f64>,
    significant: bool,
}

/// Writes the differences.
///
/// # Errors
/// Those of the writer.
pub fn diff(w: &mut dyn Write, diff: &Diff<'_>, old: Side<'_>, new: Side<'_>) -> io::Result<()> {
    let rows: Vec<ChangeRow> = diff.rows.iter().map(|row| change(row, diff)).collect();
    let document = Document {
        schema: SCHEMA,
        compared: if diff.cumtime { "cumtime" } else { "tottime" },
        normalized: diff.scale.is_some(),
        scale_old: diff.scale,
        significance_level: noise::ALPHA,
        old: side(old, diff.old),
        new: side(new, diff.new),
        delta_s: round(diff.total_delta_ns(), diff.unit()),
        p: diff.total_p,
        rows_left_out: diff.left_out,
        rows: match diff.by {
            By::Line => Rows::Lines(rows),
            By::Module => Rows::Modules(rows),
            _ => Rows::Functions(rows),
        },
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}

fn side<'a>(side: Side<'a>, whole: Whole) -> SideFields<'a> {
    let recordings = side.names.iter().zip(side.recordings);
    let fields = |(path, one): (&'a String, &'a Measurements)| RecordingFields {
        path,
        quality: match one {
            Measurements::Sampled(profile) => quality(&profile.recording, Totals::of(profile)),
            Measurements::Traced(graph) => traced_quality(graph),
        },
    };
    SideFields {
        total_s: round(whole.ns, whole.unit),
        samples: whole.samples,
        recordings: recordings.map(fields).collect(),
    }
}

fn change<'a>(row: &Change<'a>, diff: &Diff<'_>) -> ChangeRow<'a> {
    let unit = diff.unit();
    ChangeRow {
        place: place_fields(row.place),
        was: row.was.map(place_fields),
        status: match row.status {
            Status::Both => "both",
            Status::Renamed => "renamed",
            Status::New => "new",
            Status::Gone => "gone",
        },
        samples_old: row.old.samples,
        samples_new: row.new.samples,
        tottime_old_s: round(row.old.tottime_ns, unit),
        tottime_new_s: round(row.new.tottime_ns, unit),
        cumtime_old_s: round(row.old.cumtime_ns, unit),
        cumtime_new_s: round(row.new.cumtime_ns, unit),
        delta_s: round(row.delta_ns, unit),
        impact: diff.impact(row),
        share_old: row.old.share,
        share_new: row.new.share,
        p: row.p,
        significant: row.significant,
    }
}

/// Seconds, to the nanosecond, or another unit: the digits beyond say nothing.
fn round(ns: f64, unit: Unit) -> f64 {
    unit.amount(ns.abs().round() as u64).copysign(ns)
}
