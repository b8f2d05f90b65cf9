//! The titles that part the tables of a recording that goes on.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use super::Style;
use crate::{profile::model::Recording, units};

/// What there is to say of a checkpoint besides its tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Counted from 1.
    pub number: u64,
    /// Checkpoints left out since the one before.
    pub skipped: u64,
    /// Whether the recording is over.
    pub last: bool,
}

/// Writes the title of the interval's table.
///
/// # Errors
/// Those of the writer.
pub fn interval(w: &mut dyn Write, facts: Facts, recording: &Recording, style: Style) -> io::Result<()> {
    let last = if facts.last { ", the last" } else { "" };
    title(w, &format!("checkpoint {}{last}: {}", units::count(facts.number), range(recording)), style)
}

/// Writes the title of the table of the whole so far.
///
/// # Errors
/// Those of the writer.
pub fn whole(w: &mut dyn Write, recording: &Recording, style: Style) -> io::Result<()> {
    title(w, &format!("so far: {}", range(recording)), style)
}

fn title(w: &mut dyn Write, text: &str, style: Style) -> io::Result<()> {
    writeln!(w, "{}", style.bold(text))
}

fn range(recording: &Recording) -> String {
    let length = Duration::from_nanos(recording.duration_ns);
    let lasted = units::duration(length);
    match times(recording) {
        (Some(from), Some(to)) => format!("{from} to {to}, {lasted}"),
        _ => lasted,
    }
}

/// Start and end in RFC 3339, where the start is known.
pub(super) fn times(recording: &Recording) -> (Option<String>, Option<String>) {
    let text = |time: SystemTime| humantime::format_rfc3339_millis(time).to_string();
    let end =
        recording.started.and_then(|start| start.checked_add(Duration::from_nanos(recording.duration_ns)));
    (recording.started.map(text), end.map(text))
}
