//! What a policy makes go, before and after, as a text that reads well in a mail, and as JSON.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    super::{Style, text::one_line},
    json,
    removal::amount,
};
use crate::{
    cache::{
        Error,
        act::{Notes, Outcome},
        policy::plan::{CachePlan, Volume},
    },
    units,
};

const SCHEMA: &str = "hotcold.cache.policy/1";

/// A policy, carried out or not.
pub struct Run<'a> {
    /// Its file.
    pub policy: &'a Path,
    /// Its caches, and what became of each; nothing was done to those without an outcome.
    pub caches: Vec<(&'a CachePlan, Option<Done>)>,
    /// Its file systems, and how many bytes are free now; `None` where nothing was done, or that cannot be said.
    pub volumes: Vec<(&'a Volume, Option<u64>)>,
    /// What could not be looked at at all, and why.
    pub failed: &'a [(PathBuf, Error)],
    /// Whether anything was to be done.
    pub dry: bool,
}

/// What became of a cache.
#[derive(Debug, Default)]
pub struct Done {
    /// Of each of its plans.
    pub outcomes: Vec<Outcome>,
    /// What ended the work before its time, as text.
    pub error: Option<String>,
}

impl Done {
    fn sum(&self, of: impl Fn(&Outcome) -> u64) -> u64 {
        self.outcomes.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Entries that are gone.
    pub fn removed(&self) -> u64 {
        self.sum(|outcome| outcome.removed)
    }

    /// Bytes that went with them.
    pub fn freed(&self) -> u64 {
        self.sum(|outcome| outcome.freed_bytes)
    }

    /// Whether anything of it could not be done.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.sum(|outcome| outcome.failed.count) > 0
    }
}

/// An error and its causes in one line.
pub fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        let end = inner_text.find(" (os error").unwrap_or(inner_text.len());
        text.push_str(": ");
        text.push_str(&inner_text.get(..end).unwrap_or(&inner_text).to_lowercase());
        cause = inner.source();
    }
    text
}

/// A summary: in the first line what it comes to, then a line for each cache and file system.
///
/// # Errors
/// Those of the writer.
pub fn text(w: &mut dyn Write, run: &Run<'_>, style: Style) -> io::Result<()> {
    let touched = run.caches.iter().filter(|(plan, done)| touched(plan, done.as_ref()) > 0).count();
    let of = format!("{touched} of {}", units::plural(run.caches.len() as u64, "cache", "caches"));
    let (entries, bytes) = totals(run);
    if run.dry {
        writeln!(w, "would remove {} from {of}", amount(entries, bytes))?;
    } else {
        let entries = units::plural(entries, "entry", "entries");
        writeln!(w, "Removed {entries}, freed {}, from {of}", units::bytes(bytes))?;
    }
    if !(run.caches.is_empty() && run.volumes.is_empty() && run.failed.is_empty()) {
        writeln!(w)?;
    }
    for (plan, done) in &run.caches {
        let root = plan.found.root.to_string_lossy();
        let line = match done {
            Some(done) => after(plan, done),
            None => before(plan, run.dry),
        };
        writeln!(w, "{} ({}): {}", one_line(&root, style), plan.kind, one_line(&line, style))?;
    }
    for (path, error) in run.failed {
        writeln!(
            w,
            "{}: FAILED: {}",
            one_line(&path.to_string_lossy(), style),
            one_line(&describe(error), style)
        )?;
    }
    for (volume, now) in &run.volumes {
        let line = match now {
            Some(now) if *now < volume.wanted => format!("FAILED: {}", volume.describe(*now)),
            Some(now) => volume.describe(*now),
            None => {
                let then = units::bytes(volume.free.saturating_add(volume.planned));
                format!("{}; {then} after this", volume.describe(volume.free))
            }
        };
        writeln!(w, "{}: {line}", one_line(&volume.path.to_string_lossy(), style))?;
    }
    Ok(())
}

/// Whether something of a cache could not be done.
pub fn has_failed(plan: &CachePlan, done: Option<&Done>) -> bool {
    plan.error.is_some() || done.is_some_and(Done::has_failed)
}

/// Only what failed, a line each.
///
/// # Errors
/// Those of the writer.
pub fn failures(w: &mut dyn Write, run: &Run<'_>, style: Style) -> io::Result<()> {
    let path = |path: &Path| one_line(&path.to_string_lossy(), style).into_owned();
    // Most errors name what they are about.
    let told = |at: &Path, error: &str| match error.contains(&*at.to_string_lossy()) {
        true => one_line(error, style).into_owned(),
        false => format!("{}: {}", path(at), one_line(error, style)),
    };
    for (plan, done) in &run.caches {
        let error = plan.error.as_ref().map(describe);
        if let Some(error) = error.or_else(|| done.as_ref().and_then(|done| done.error.clone())) {
            writeln!(w, "error: {}", told(&plan.found.root, &error))?;
        }
    }
    for (at, error) in run.failed {
        writeln!(w, "error: {}", told(at, &describe(error)))?;
    }
    for (volume, now) in &run.volumes {
        if let Some(now) = now.filter(|now| *now < volume.wanted) {
            writeln!(w, "error: {}: {}", path(&volume.path), volume.describe(now))?;
        }
    }
    Ok(())
}

fn touched(plan: &CachePlan, done: Option<&Done>) -> u64 {
    done.map_or_else(|| plan.entries(), Done::removed)
}

/// Entries and bytes of all caches.
pub fn totals(run: &Run<'_>) -> (u64, u64) {
    run.caches.iter().fold((0, 0), |(entries, bytes), (plan, done)| {
        let (e, b) = match done {
            Some(done) => (done.removed(), done.freed()),
            None if run.dry => (plan.entries(), plan.bytes()),
            None => (0, 0),
        };
        (entries.saturating_add(e), bytes.saturating_add(b))
    })
}

fn before(plan: &CachePlan, dry: bool) -> String {
    if let Some(error) = &plan.error {
        return format!("FAILED: {}", describe(error));
    }
    if let Some(why) = &plan.left_alone {
        return format!("left alone: {why}");
    }
    let stays = units::plural(plan.kept, "entry", "entries");
    if !dry && plan.entries() > 0 {
        return "not begun".to_owned();
    }
    if plan.entries() == 0 {
        return format!("nothing to remove; {stays} {}", if plan.kept == 1 { "stays" } else { "stay" });
    }
    let room = match plan.for_room {
        0 => String::new(),
        n if n == plan.entries() => ", for free space".to_owned(),
        n => format!(", {} of them for free space", units::count(n)),
    };
    format!("{}{room}; {stays} would stay", amount(plan.entries(), plan.bytes()))
}

fn after(plan: &CachePlan, done: &Done) -> String {
    let removed = done.removed();
    let stay = plan.kept.saturating_add(plan.entries().saturating_sub(removed));
    let mut line = format!(
        "removed {}, freed {}; {} {}",
        units::plural(removed, "entry", "entries"),
        units::bytes(done.freed()),
        units::plural(stay, "entry", "entries"),
        if stay == 1 { "stays" } else { "stay" }
    );
    let refused = done.sum(|outcome| outcome.refused.count);
    if refused > 0 {
        line.push_str(&format!(", {} of them changed or in use", units::count(refused)));
    }
    let failed = done.sum(|outcome| outcome.failed.count);
    if failed > 0 {
        let first = done.outcomes.iter().flat_map(|outcome| outcome.failed.first.first()).next();
        let why = first.map(|(id, why)| format!(", such as {id}: {why}")).unwrap_or_default();
        line.push_str(&format!("; FAILED: {} could not be removed{why}", units::count(failed)));
    }
    if let Some(error) = &done.error {
        line.push_str(&format!("; FAILED: {error}"));
    }
    line
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    schema: &'static str,
    policy: json::Text<'a>,
    dry_run: bool,
    planned_entries: u64,
    planned_bytes: u64,
    removed_entries: u64,
    freed_bytes: u64,
    caches: Vec<CacheJson<'a>>,
    filesystems: Vec<VolumeJson<'a>>,
    failed: Vec<FailedJson<'a>>,
}

#[derive(Serialize)]
struct CacheJson<'a> {
    kind: &'a str,
    root: json::Text<'a>,
    planned_entries: u64,
    planned_bytes: u64,
    for_room_entries: u64,
    removed_entries: u64,
    freed_bytes: u64,
    kept_entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<&'a [String]>,
    refused: Vec<NoteJson<'a>>,
    failed: Vec<NoteJson<'a>>,
    left_alone: Option<&'a str>,
    error: Option<String>,
}

#[derive(Serialize)]
struct NoteJson<'a> {
    id: String,
    why: &'a str,
}

#[derive(Serialize)]
struct VolumeJson<'a> {
    path: json::Text<'a>,
    keep_free_bytes: u64,
    free_bytes: u64,
    planned_bytes: u64,
    free_after_bytes: Option<u64>,
}

#[derive(Serialize)]
struct FailedJson<'a> {
    path: json::Text<'a>,
    error: String,
}

impl<'a> CacheJson<'a> {
    fn new(plan: &'a CachePlan, done: Option<&'a Done>, entries: Option<&'a [String]>, dry: bool) -> Self {
        let removed = done.map_or(0, Done::removed);
        let left = if dry { 0 } else { plan.entries().saturating_sub(removed) };
        let error = plan.error.as_ref().map(describe);
        Self {
            kind: plan.kind,
            root: json::Text::path(&plan.found.root),
            planned_entries: plan.entries(),
            planned_bytes: plan.bytes(),
            for_room_entries: plan.for_room,
            removed_entries: removed,
            freed_bytes: done.map_or(0, Done::freed),
            kept_entries: plan.kept.saturating_add(left),
            entries,
            refused: notes(done, |outcome| &outcome.refused),
            failed: notes(done, |outcome| &outcome.failed),
            left_alone: plan.left_alone.as_deref(),
            error: error.or_else(|| done.and_then(|done| done.error.clone())),
        }
    }
}

fn notes(done: Option<&Done>, of: fn(&Outcome) -> &Notes) -> Vec<NoteJson<'_>> {
    let outcomes = done.into_iter().flat_map(|done| &done.outcomes);
    outcomes
        .flat_map(|outcome| &of(outcome).first)
        .map(|(id, why)| NoteJson { id: id.to_string(), why })
        .collect()
}

/// One document; with the ids of what would go of each cache if nothing was to be done.
///
/// # Errors
/// Those of the writer.
pub fn json(w: &mut dyn Write, run: &Run<'_>, ids: Option<&[Vec<String>]>) -> io::Result<()> {
    let caches = run.caches.iter().enumerate().map(|(i, (plan, done))| {
        let ids = ids.and_then(|ids| ids.get(i)).map(Vec::as_slice);
        CacheJson::new(plan, done.as_ref(), ids, run.dry)
    });
    let caches = caches.collect();
    let (entries, bytes) = totals(run);
    let document = PolicyJson {
        schema: SCHEMA,
        policy: json::Text::path(run.policy),
        dry_run: run.dry,
        planned_entries: run.caches.iter().map(|(plan, _)| plan.entries()).sum(),
        planned_bytes: run.caches.iter().map(|(plan, _)| plan.bytes()).fold(0, u64::saturating_add),
        removed_entries: if run.dry { 0 } else { entries },
        freed_bytes: if run.dry { 0 } else { bytes },
        caches,
        filesystems: run
            .volumes
            .iter()
            .map(|(volume, now)| VolumeJson {
                path: json::Text::path(&volume.path),
                keep_free_bytes: volume.wanted,
                free_bytes: volume.free,
                planned_bytes: volume.planned,
                free_after_bytes: *now,
            })
            .collect(),
        failed: run
            .failed
            .iter()
            .map(|(path, error)| FailedJson { path: json::Text::path(path), error: describe(error) })
            .collect(),
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}
