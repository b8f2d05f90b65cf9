//! What would be removed, and what was, as text and JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    super::{Style, text::escape},
    json,
};
use crate::{
    cache::{act::Outcome, model::EntryId, plan::Plan},
    units,
};

const SCHEMA: &str = "hotcold.cache.removal/1";

/// The cache that something is removed from.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its directory, as it was typed.
    pub root: &'a std::path::Path,
    /// What [`Pulse::bytes`](crate::cache::store::Pulse) counts.
    pub size_counts: &'a str,
}

/// `1,204 entries (3.1 GiB)`.
pub fn amount(entries: u64, bytes: u64) -> String {
    format!("{} ({})", units::plural(entries, "entry", "entries"), units::bytes(bytes))
}

/// `96 of 1,204 entries (3.1 GiB)`, or `all 1,204 entries (3.1 GiB)`.
pub fn share(plan: &Plan) -> String {
    let all = plan.entries.saturating_add(plan.kept);
    match (plan.kept, all) {
        (_, 0 | 1) => amount(plan.entries, plan.bytes),
        (0, _) => format!("all {}", amount(plan.entries, plan.bytes)),
        _ => format!("{} of {}", units::count(plan.entries), amount(all, plan.bytes)),
    }
}

/// What happens to so many entries.
pub fn they_go(entries: u64) -> String {
    if entries == 1 { "it is removed" } else { "they are removed" }.to_owned()
}

/// The line of a dry run.
///
/// # Errors
/// Those of the writer.
pub fn would(w: &mut dyn Write, place: Place<'_>, plan: &Plan, style: Style) -> io::Result<()> {
    let root = shown(place, style);
    writeln!(
        w,
        "would remove {} from {root}; {} would stay",
        amount(plan.entries, plan.bytes),
        units::plural(plan.kept, "entry", "entries")
    )
}

/// The line of a removal that has ended.
///
/// # Errors
/// Those of the writer.
pub fn done(w: &mut dyn Write, plan: &Plan, outcome: &Outcome) -> io::Result<()> {
    let mut line = format!(
        "Removed {}, freed {}",
        units::plural(outcome.removed, "entry", "entries"),
        units::bytes(outcome.freed_bytes)
    );
    // What ended early tells of its own why it is less.
    let met = outcome.removed.saturating_add(outcome.refused.count);
    if outcome.removed > plan.entries {
        line.push_str(&format!(", {} more than planned", units::count(outcome.removed - plan.entries)));
    } else if met < plan.entries && outcome.error.is_none() {
        line.push_str(&format!(", {} fewer than planned", units::count(plan.entries - met)));
    }
    if outcome.refused.count > 0 {
        line.push_str(&format!("; {} changed or are in use and stay", units::count(outcome.refused.count)));
    }
    if outcome.failed.count > 0 {
        line.push_str(&format!("; {} could not be removed", units::count(outcome.failed.count)));
    }
    writeln!(w, "{line}")
}

/// The cache's directory as text.
pub fn shown(place: Place<'_>, style: Style) -> String {
    let root = place.root.to_string_lossy();
    if style.escape { escape(&root).into_owned() } else { root.into_owned() }
}

#[derive(Serialize)]
struct RemovalJson<'a> {
    schema: &'static str,
    verb: &'static str,
    kind: &'a str,
    root: json::Text<'a>,
    dry_run: bool,
    planned_entries: u64,
    planned_bytes: u64,
    removed_entries: u64,
    freed_bytes: u64,
    reclaimed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<String>>,
    refused: Vec<Refused<'a>>,
    failed: Vec<Failed<'a>>,
    kept_entries: u64,
    size_counts: &'a str,
    error: Option<String>,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: String,
    why: &'a str,
}

#[derive(Serialize)]
struct Failed<'a> {
    id: String,
    error: &'a str,
}

/// One document: the plan, with the ids of its `entries`, if nothing was done; else what became of it.
///
/// # Errors
/// Those of the writer.
pub fn json(
    w: &mut dyn Write,
    place: Place<'_>,
    plan: &Plan,
    entries: Option<&[EntryId]>,
    outcome: Option<(&Outcome, Option<u64>)>,
) -> io::Result<()> {
    let none = Outcome::default();
    let (did, reclaimed_bytes) = outcome.map_or((&none, None), |(did, reclaimed)| (did, reclaimed));
    let refused = did.refused.first.iter().map(|(id, why)| Refused { id: id.to_string(), why }).collect();
    let failed = did.failed.first.iter().map(|(id, error)| Failed { id: id.to_string(), error }).collect();
    let removed = if outcome.is_some() { did.removed } else { 0 };
    let document = RemovalJson {
        schema: SCHEMA,
        verb: plan.verb.name(),
        kind: place.kind,
        root: json::Text::path(place.root),
        dry_run: outcome.is_none(),
        planned_entries: plan.entries,
        planned_bytes: plan.bytes,
        removed_entries: removed,
        freed_bytes: did.freed_bytes,
        reclaimed_bytes,
        entries: entries.map(|ids| ids.iter().map(EntryId::to_string).collect()),
        refused,
        failed,
        kept_entries: if outcome.is_some() {
            (plan.kept + plan.entries).saturating_sub(removed)
        } else {
            plan.kept
        },
        size_counts: place.size_counts,
        error: did.error.as_ref().map(ToString::to_string),
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}
