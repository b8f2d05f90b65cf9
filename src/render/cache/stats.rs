//! A cache as a whole, for people and as JSON.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    super::Style,
    json::{Text, moment},
    list::tag_name,
};
use crate::{
    cache::{
        model::{DataType, Histogram, Setting, Share, Summary, Timestamp},
        store::By,
    },
    render::text::{command, escape, one_line, percent, shorten_middle, width},
    units,
};

/// Nested caches that people are told by name.
const NAMED: usize = 5;
/// Columns of the longest bar.
const BAR: usize = 24;
/// Rows of `by` and of the parts that people are shown.
const ROWS: usize = 20;
/// From this share of its limit a cache is about to let entries go.
const NEARLY_FULL: f64 = 0.9;

/// What the numbers are about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Kind of the cache.
    pub kind: &'a str,
    /// Its directory.
    pub root: &'a Path,
    /// The moment that ages refer to.
    pub now: Timestamp,
    /// What [`Summary::by`] is by.
    pub by: Option<By>,
    /// Other caches inside of it, relative to it; they take room on disk and count nowhere else.
    pub nested: &'a [PathBuf],
}

/// Writes a summary for people.
///
/// # Errors
/// Those of the writer.
pub fn text(w: &mut dyn Write, subject: Subject<'_>, summary: &Summary, style: Style) -> io::Result<()> {
    let root = subject.root.to_string_lossy();
    let title = format!("{}: {}", one_line(&root, style), noun(subject.kind));
    writeln!(w, "{}", style.bold(&title))?;
    for (name, value) in facts(subject, summary) {
        let value = if style.escape { escape(&value).into_owned() } else { value };
        writeln!(w, "  {name:<11}  {value}")?;
    }
    for (i, part) in summary.reclaimable.iter().enumerate() {
        let name = if i == 0 { "reclaimable" } else { "" };
        let how = cache_command(part.how, subject.root);
        let line = format!("{} in {}: {how}", units::bytes(part.bytes), part.what);
        writeln!(w, "  {name:<11}  {}", one_line(&line, style))?;
    }
    settings(w, summary, style)?;
    if summary.entries == 0 {
        return Ok(());
    }
    if subject.by.is_none() {
        histogram(w, "age", &summary.ages, &age_class, style)?;
        histogram(w, "size", &summary.sizes, &size_class, style)?;
    }
    if let Some(by) = subject.by {
        shares(w, title_of(by), &summary.by, summary, style)?;
        if summary.by_left_out > 0 {
            let text = units::plural(summary.by_left_out, "entry", "entries");
            writeln!(w, "{}", style.dim(&format!("{text} of further ones not shown")))?;
        }
    } else if !summary.parts.is_empty() {
        shares(w, "shard", &summary.parts, summary, style)?;
    }
    // A pipe has no use for it.
    if style.width.is_some() { next(w, subject, summary, style) } else { Ok(()) }
}

/// `hotcold cache WORDS ROOT`, as it can be typed.
fn cache_command(words: &[&str], root: &Path) -> String {
    let root = root.to_string_lossy();
    let words = ["hotcold", "cache"].iter().chain(words).copied().chain([&*root]);
    command(&words.map(str::to_owned).collect::<Vec<_>>())
}

/// What to type to learn what fills the cache, and to make it smaller.
fn next(w: &mut dyn Write, subject: Subject<'_>, summary: &Summary, style: Style) -> io::Result<()> {
    let by = match subject.by {
        None | Some(By::Type) => "group",
        Some(By::Group) => "tag",
        Some(By::Tag) => "type",
    };
    // Half of what there is, in a number that people would choose.
    let half = summary.limit.map_or(summary.size_bytes, |limit| limit.used) / 2;
    let size = match half {
        0..1_000_000 => format!("{}kB", (half / 1000).max(1)),
        1_000_000..1_000_000_000 => format!("{}MB", half / 1_000_000),
        _ => format!("{}GB", half / 1_000_000_000),
    };
    let lines = [
        ("what fills it", cache_command(&["stats", "--by", by], subject.root)),
        ("", cache_command(&["list", "--sort", "size", "--limit", "20"], subject.root)),
        ("shrink it", cache_command(&["prune", "--max-size", &size, "--dry-run"], subject.root)),
    ];
    writeln!(w)?;
    for (name, line) in lines {
        writeln!(w, "{}", style.dim(&format!("  {name:<15}{}", one_line(&line, style))))?;
    }
    Ok(())
}

/// The owner's settings but for SQLite's, in lines that fit.
fn settings(w: &mut dyn Write, summary: &Summary, style: Style) -> io::Result<()> {
    let columns = usize::from(style.width.unwrap_or(100));
    let mut line = String::new();
    let mut name = "settings";
    let shown = summary.settings.iter().filter(|(name, _)| !name.starts_with("sqlite_"));
    for (key, value) in shown {
        let word = format!("{key}={}", setting(value));
        let word = one_line(&word, style);
        if !line.is_empty() && 15 + width(&line) + 2 + width(&word) > columns {
            writeln!(w, "  {name:<11}  {line}")?;
            (line, name) = (String::new(), "");
        }
        line.push_str(if line.is_empty() { "" } else { "  " });
        line.push_str(&word);
    }
    if line.is_empty() { Ok(()) } else { writeln!(w, "  {name:<11}  {line}") }
}

fn noun(kind: &str) -> &str {
    match kind {
        "diskcache" => "DiskCache",
        "fanoutcache" => "DiskCache FanoutCache",
        "djangocache" => "DiskCache DjangoCache",
        "deque" => "DiskCache Deque",
        "index" => "DiskCache Index",
        other => other,
    }
}

/// The lines above the charts: name and value.
fn facts(subject: Subject<'_>, s: &Summary) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut entries = units::plural(s.entries, "entry", "entries");
    if s.expired_entries > 0 {
        entries +=
            &format!(", {} expired ({})", units::count(s.expired_entries), units::bytes(s.expired_bytes));
    }
    let stale = [(s.stale.sure_entries, "left over"), (s.stale.likely_entries, "left over as it seems")];
    for (count, what) in stale.into_iter().filter(|(count, _)| *count > 0) {
        entries += &format!(", {} {what}", units::count(count));
    }
    if s.expiry_not_recorded {
        entries += ", expiry not recorded";
    }
    if let Some(never) = s.never_expire_entries.filter(|&never| never > 0) {
        entries += &format!(", {} never expire", units::count(never));
    }
    lines.push(("entries", entries));
    let (inline, in_files) = (units::bytes(s.inline_bytes), units::bytes(s.file_bytes));
    let size = units::bytes(s.size_bytes);
    lines.push((
        "size",
        match s.all_in_files {
            true => size,
            false => format!("{size}: {inline} in the database, {in_files} in value files"),
        },
    ));
    lines.push(("on disk", units::bytes(s.disk_bytes)));
    if !subject.nested.is_empty() {
        let mut line = units::plural(subject.nested.len() as u64, "other cache", "other caches");
        let names = subject.nested.iter().take(NAMED).map(|path| path.display().to_string());
        line += &format!(": {}", names.collect::<Vec<_>>().join(", "));
        line += if subject.nested.len() > NAMED { ", …" } else { "" };
        lines.push(("inside", line));
    }
    let policy =
        s.settings.iter().find(|(name, _)| name == "eviction_policy").map(|(_, value)| setting(value));
    if let Some(limit) = s.limit {
        let share = limit.used as f64 / limit.allowed as f64;
        let mut line = format!("{} of {}", percent(share), units::bytes(limit.allowed));
        let culls =
            s.settings.iter().all(|(name, value)| name != "cull_limit" || *value != Setting::Integer(0));
        if let Some(policy) = &policy {
            line += &match (policy.as_str(), share) {
                ("none", _) => "; when full, nothing goes".to_owned(),
                _ if !culls => "; when full, nothing goes (cull_limit=0)".to_owned(),
                (policy, s) if s >= 1.0 => format!("; full, the {} go", policy.replace('-', " ")),
                (policy, s) if s >= NEARLY_FULL => format!("; soon the {} go", policy.replace('-', " ")),
                (policy, _) => format!("; when full, the {} go", policy.replace('-', " ")),
            };
        }
        lines.push(("limit", line));
    }
    if !(s.all_in_files && s.hits.is_none()) {
        lines.push(("lookups", lookups(s)));
    }
    if let (Some(oldest), Some(newest)) = (s.oldest, s.newest) {
        let ago = |at: Timestamp| units::span(subject.now.since(at).max(0.0));
        let (oldest, newest) = (ago(oldest), ago(newest));
        let same = oldest == newest;
        let span = if same { oldest } else { format!("between {oldest} and {newest}") };
        lines.push(("stored", format!("{span} ago")));
        lines.extend(s.last_used.map(|at| ("last used", format!("{} ago", ago(at)))));
    }
    lines
}

fn lookups(s: &Summary) -> String {
    match (s.hits, s.misses) {
        (Some(hits), Some(misses)) => {
            let ratio = ratio(s).map_or_else(|| "-".to_owned(), percent);
            format!("{} hits, {} misses, {ratio} hit", units::count(hits), units::count(misses))
        }
        _ => {
            let how = s.how_to_count.as_ref().map(|how| format!("; {how}")).unwrap_or_default();
            format!("not counted{how}")
        }
    }
}

fn ratio(s: &Summary) -> Option<f64> {
    let (hits, misses) = (s.hits?, s.misses?);
    (hits + misses > 0).then(|| hits as f64 / (hits as f64 + misses as f64))
}

/// Draws a histogram, without the empty classes at its ends.
fn histogram(
    w: &mut dyn Write,
    title: &str,
    histogram: &Histogram,
    class: &dyn Fn(Option<f64>, Option<f64>) -> String,
    style: Style,
) -> io::Result<()> {
    let bins = &histogram.bins;
    let filled = |bin: &crate::cache::model::Bin| bin.entries > 0;
    let (Some(first), Some(last)) = (bins.iter().position(filled), bins.iter().rposition(filled)) else {
        return Ok(());
    };
    let most = bins.iter().map(|bin| bin.entries).max().unwrap_or(0);
    writeln!(w, "\n{}", style.bold(&format!("  {title:<16}  {:>12}  {:>10}", "entries", "bytes")))?;
    for (i, bin) in bins.iter().enumerate().take(last + 1).skip(first) {
        let above = i.checked_sub(1).and_then(|i| bins.get(i)).and_then(|bin| bin.below);
        let name = class(above, bin.below);
        let bar = bar(bin.entries, most, style);
        let line = format!(
            "  {name:<16}  {:>12}  {:>10}  {bar}",
            units::count(bin.entries),
            units::bytes(bin.bytes)
        );
        writeln!(w, "{}", line.trim_end())?;
    }
    Ok(())
}

fn age_class(above: Option<f64>, below: Option<f64>) -> String {
    match (above, below) {
        (_, Some(below)) => format!("under {}", long_span(below)),
        (Some(above), None) => format!("{} and more", long_span(above)),
        (None, None) => "any".to_owned(),
    }
}

fn long_span(seconds: f64) -> String {
    let hours = (seconds / 3600.0) as u64;
    match hours {
        0..24 => units::plural(hours, "hour", "hours"),
        _ => units::plural(hours / 24, "day", "days"),
    }
}

fn size_class(above: Option<f64>, below: Option<f64>) -> String {
    match (above, below) {
        (_, Some(below)) => format!("under {}", units::bytes(below as u64)),
        (Some(above), None) => format!("{} and more", units::bytes(above as u64)),
        (None, None) => "any".to_owned(),
    }
}

/// A bar for `n` of at most `most`; something is never nothing.
fn bar(n: u64, most: u64, style: Style) -> String {
    if n == 0 || most == 0 {
        return String::new();
    }
    let eighths = ((n as f64 / most as f64) * (BAR * 8) as f64).round().max(1.0) as usize;
    if !style.unicode {
        return "#".repeat(eighths.div_ceil(8));
    }
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"].get(eighths % 8).copied());
    bar
}

fn title_of(by: By) -> &'static str {
    match by {
        By::Tag => "tag",
        By::Group => "group",
        By::Type => "type",
    }
}

/// Rows of what has something in common; `title` says what that is.
fn shares(w: &mut dyn Write, title: &str, shares: &[Share], s: &Summary, style: Style) -> io::Result<()> {
    let line = format!("  {:>12}  {:>10}  {:>6}  {:>12}  {title}", "entries", "bytes", "share", "expired");
    writeln!(w, "\n{}", style.bold(&line))?;
    for share in shares.iter().take(ROWS) {
        let part = if s.size_bytes > 0 { share.bytes as f64 / s.size_bytes as f64 } else { 0.0 };
        let mut line = format!(
            "  {:>12}  {:>10}  {:>6}  {:>12}  ",
            units::count(share.entries),
            units::bytes(share.bytes),
            percent(part),
            units::count(share.expired_entries)
        );
        let nothing = share.label.data_type == DataType::None && title == "group";
        let name = if nothing { "(no group)".to_owned() } else { tag_name(&share.label) };
        let name = if style.escape { escape(&name) } else { name.into() };
        let room = style
            .width
            .map_or(usize::MAX, |columns| usize::from(columns).saturating_sub(width(&line)).max(12));
        line.push_str(&shorten_middle(&name, room, style));
        writeln!(w, "{line}")?;
    }
    if let Some(more) = shares.len().checked_sub(ROWS).filter(|&more| more > 0) {
        writeln!(w, "{}", style.dim(&format!("  and {} more; --json has all", units::count(more as u64))))?;
    }
    Ok(())
}

fn setting(value: &Setting) -> String {
    match value {
        Setting::Null => "null".to_owned(),
        Setting::Integer(n) => n.to_string(),
        Setting::Real(x) => x.to_string(),
        Setting::Text(text) => text.clone(),
        Setting::Bytes(n) => units::bytes(*n),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    root: Text<'a>,
    entries: u64,
    size_bytes: u64,
    inline_bytes: Option<u64>,
    file_bytes: Option<u64>,
    disk_bytes: u64,
    limit: Option<LimitJson>,
    expired_entries: u64,
    expired_bytes: u64,
    stale_entries: u64,
    stale_bytes: u64,
    stale_unsure_entries: u64,
    stale_unsure_bytes: u64,
    never_expire_entries: Option<u64>,
    hits: Option<u64>,
    misses: Option<u64>,
    hit_ratio: Option<f64>,
    how_to_count: Option<&'a str>,
    oldest_at: Option<String>,
    newest_at: Option<String>,
    last_used_at: Option<String>,
    ages: Vec<BinJson>,
    sizes: Vec<BinJson>,
    by: Vec<ShareJson<'a>>,
    by_left_out_entries: u64,
    parts: Vec<ShareJson<'a>>,
    reclaimable: Vec<ReclaimableJson<'a>>,
    settings: serde_json::Map<String, serde_json::Value>,
    nested: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct LimitJson {
    used_bytes: u64,
    allowed_bytes: u64,
}

#[derive(Serialize)]
struct BinJson {
    /// Seconds or bytes.
    below: Option<f64>,
    entries: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct ShareJson<'a> {
    name: Option<Text<'a>>,
    #[serde(rename = "type")]
    data_type: &'static str,
    entries: u64,
    bytes: u64,
    expired_entries: u64,
}

#[derive(Serialize)]
struct ReclaimableJson<'a> {
    what: &'a str,
    bytes: u64,
    how: String,
}

/// Writes a summary as one line of JSON.
///
/// # Errors
/// Those of the writer.
pub fn json(w: &mut dyn Write, subject: Subject<'_>, s: &Summary) -> io::Result<()> {
    let bins = |histogram: &Histogram| {
        histogram
            .bins
            .iter()
            .map(|b| BinJson { below: b.below, entries: b.entries, bytes: b.bytes })
            .collect()
    };
    let document = Document {
        schema: "hotcold.cache.stats/1",
        kind: subject.kind,
        root: Text::path(subject.root),
        entries: s.entries,
        size_bytes: s.size_bytes,
        inline_bytes: (!s.all_in_files).then_some(s.inline_bytes),
        file_bytes: (!s.all_in_files).then_some(s.file_bytes),
        disk_bytes: s.disk_bytes,
        limit: s.limit.map(|limit| LimitJson { used_bytes: limit.used, allowed_bytes: limit.allowed }),
        expired_entries: s.expired_entries,
        expired_bytes: s.expired_bytes,
        stale_entries: s.stale.sure_entries,
        stale_bytes: s.stale.sure_bytes,
        stale_unsure_entries: s.stale.likely_entries,
        stale_unsure_bytes: s.stale.likely_bytes,
        never_expire_entries: s.never_expire_entries,
        hits: s.hits,
        misses: s.misses,
        hit_ratio: ratio(s),
        how_to_count: s.how_to_count.as_deref(),
        oldest_at: s.oldest.and_then(moment),
        newest_at: s.newest.and_then(moment),
        last_used_at: s.last_used.and_then(moment),
        ages: bins(&s.ages),
        sizes: bins(&s.sizes),
        by: s.by.iter().map(share_json).collect(),
        by_left_out_entries: s.by_left_out,
        parts: s.parts.iter().map(share_json).collect(),
        reclaimable: s
            .reclaimable
            .iter()
            .map(|part| ReclaimableJson {
                what: &part.what,
                bytes: part.bytes,
                how: cache_command(part.how, subject.root),
            })
            .collect(),
        settings: s.settings.iter().map(|(name, value)| (name.clone(), setting_json(value))).collect(),
        nested: subject.nested.iter().map(|path| Text::path(path)).collect(),
    };
    serde_json::to_writer(&mut *w, &document)?;
    w.write_all(b"\n")
}

fn share_json(share: &Share) -> ShareJson<'_> {
    let nothing = share.label.data_type == DataType::None;
    ShareJson {
        name: (!nothing).then(|| Text::label(&share.label)),
        data_type: share.label.data_type.name(),
        entries: share.entries,
        bytes: share.bytes,
        expired_entries: share.expired_entries,
    }
}

fn setting_json(value: &Setting) -> serde_json::Value {
    match value {
        Setting::Null => serde_json::Value::Null,
        Setting::Integer(n) => (*n).into(),
        Setting::Real(x) => (*x).into(),
        Setting::Text(text) => text.as_str().into(),
        Setting::Bytes(n) => serde_json::json!({ "length": n }),
    }
}
