//! The caches that were found, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    super::{
        Style,
        text::{one_line, shorten_left, width},
    },
    json::{Text, moment},
};
use crate::{
    cache::{model::Timestamp, scan::Seen},
    units,
};

const SCHEMA: &str = "hotcold.cache.scan/1";
/// A path is not made narrower than this.
const LEAST_PATH: usize = 20;

/// A line for each cache, and a sum.
///
/// # Errors
/// Those of the writer.
pub fn text(w: &mut dyn Write, caches: &[Seen], now: Timestamp, long: bool, style: Style) -> io::Result<()> {
    let title = format!(
        "{:>10}  {:>10}  {:>10}  {:>9}  {:>6}  {:<12}  directory",
        "freeable", "size", "on disk", "entries", "used", "kind"
    );
    writeln!(w, "{}", style.dim(&title))?;
    let (mut freeable, mut on_disk) = (0_u64, 0_u64);
    for seen in caches {
        let mut line = match &seen.summary {
            Ok(summary) => {
                let free = summary.expired_bytes.saturating_add(summary.stale.sure_bytes);
                let likely = summary.stale.likely_bytes;
                freeable = freeable.saturating_add(free);
                on_disk = on_disk.saturating_add(summary.disk_bytes);
                let knows = !summary.expiry_not_recorded || free > 0 || likely > 0;
                let free = match (free, likely) {
                    (0, 0) if !knows => "-".to_owned(),
                    (0, likely) if likely > 0 => format!("{}?", units::bytes(likely)),
                    (free, _) => units::bytes(free),
                };
                let used = summary.last_used.or(summary.newest);
                let used = used.map_or_else(|| "-".to_owned(), |at| units::span(now.since(at).max(0.0)));
                format!(
                    "{free:>10}  {:>10}  {:>10}  {:>9}  {used:>6}",
                    units::bytes(summary.size_bytes),
                    units::bytes(summary.disk_bytes),
                    units::count(summary.entries)
                )
            }
            Err(error) => format!("{:<53}", one_line(&shortened(&error.to_string()), style)),
        };
        line.push_str(&format!("  {:<12}  ", seen.kind));
        let path = seen.root.to_string_lossy();
        let path = one_line(&path, style);
        match style.width {
            Some(columns) => {
                let room = usize::from(columns).saturating_sub(width(&line)).max(LEAST_PATH);
                line.push_str(&shorten_left(&path, room, style));
            }
            None => line.push_str(&path),
        }
        writeln!(w, "{line}")?;
        if long {
            writeln!(w, "{}", style.dim(&format!("{:>12}{}", "", one_line(&seen.evidence, style))))?;
        }
    }
    let sum = format!(
        "{} {}; {} of no more use",
        units::plural(caches.len() as u64, "cache takes", "caches take"),
        units::bytes(on_disk),
        units::bytes(freeable)
    );
    writeln!(w, "{}", style.dim(&sum))
}

fn shortened(text: &str) -> String {
    text.chars().take(53).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    caches: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    kind: &'a str,
    root: Text<'a>,
    entries: Option<u64>,
    size_bytes: Option<u64>,
    disk_bytes: Option<u64>,
    expired_entries: Option<u64>,
    expired_bytes: Option<u64>,
    stale_entries: Option<u64>,
    stale_bytes: Option<u64>,
    stale_unsure_entries: Option<u64>,
    stale_unsure_bytes: Option<u64>,
    newest_at: Option<String>,
    last_used_at: Option<String>,
    evidence: &'a str,
    error: Option<String>,
}

impl<'a> From<&'a Seen> for Row<'a> {
    fn from(seen: &'a Seen) -> Self {
        let known = seen.summary.as_ref().ok();
        Self {
            kind: seen.kind,
            root: Text::path(&seen.root),
            entries: known.map(|s| s.entries),
            size_bytes: known.map(|s| s.size_bytes),
            disk_bytes: known.map(|s| s.disk_bytes),
            expired_entries: known.filter(|s| !s.expiry_not_recorded).map(|s| s.expired_entries),
            expired_bytes: known.filter(|s| !s.expiry_not_recorded).map(|s| s.expired_bytes),
            stale_entries: known.map(|s| s.stale.sure_entries),
            stale_bytes: known.map(|s| s.stale.sure_bytes),
            stale_unsure_entries: known.map(|s| s.stale.likely_entries),
            stale_unsure_bytes: known.map(|s| s.stale.likely_bytes),
            newest_at: known.and_then(|s| s.newest).and_then(moment),
            last_used_at: known.and_then(|s| s.last_used).and_then(moment),
            evidence: &seen.evidence,
            error: seen.summary.as_ref().err().map(ToString::to_string),
        }
    }
}

/// One document.
///
/// # Errors
/// Those of the writer.
pub fn json(w: &mut dyn Write, caches: &[Seen]) -> io::Result<()> {
    let document = Document { schema: SCHEMA, caches: caches.iter().map(Row::from).collect() };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}
