//! A cache at work: a screen that is drawn again and again, or a line for each look.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use crate::{
    cache::{
        meter::{Meter, Rates},
        model::Timestamp,
        store::Pulse,
    },
    render::{
        Style,
        cache::json::{Text, moment},
        text::{one_line, percent, shorten_left},
    },
    units::{bytes, count},
};

/// What is known at one moment.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The cache's kind.
    pub kind: &'a str,
    /// Its directory.
    pub root: &'a Path,
    /// When.
    pub at: Timestamp,
    /// How things stand.
    pub pulse: Pulse,
    /// What has changed since the look before.
    pub rates: Rates,
}

/// Columns of a label.
const LABEL: usize = 10;
/// Columns before a chart.
const BEFORE_CHART: usize = 38;

/// The lines of a screen of at most `rows` rows.
pub fn screen(view: &View<'_>, meter: &Meter, rows: usize, style: Style) -> Vec<String> {
    let width = usize::from(style.width.unwrap_or(80));
    let root = view.root.display().to_string();
    let title = one_line(&root, style).into_owned();
    let pulse = view.pulse;
    let mut lines = vec![
        format!("{}  {}", style.bold(&shorten_left(&title, width.saturating_sub(14), style)), view.kind),
        String::new(),
    ];
    let mut line = |label: &str, value: String, more: String, series: Option<fn(&Rates) -> Option<f64>>| {
        let room = width.saturating_sub(BEFORE_CHART).min(60);
        let chart = series.map(|series| chart(meter, series, room, style)).unwrap_or_default();
        lines.push(format!("{label:LABEL$}{value:>12}  {more:12}  {chart}").trim_end().to_owned());
    };
    line("entries", count(pulse.entries), signed(view.rates.entries), None);
    line("size", bytes(pulse.bytes), String::new(), None);
    line("expired", count(pulse.expired), String::new(), None);
    if pulse.hits.is_some() {
        let ratio = view.rates.hit_ratio().map_or_else(|| "-".to_owned(), percent);
        line("hits/s", rate(view.rates.hits), ratio, Some(|rates| rates.hits));
        line("misses/s", rate(view.rates.misses), String::new(), Some(|rates| rates.misses));
    }
    line("writes/s", rate(view.rates.writes), String::new(), Some(|rates| rates.writes));
    if pulse.hits.is_none() {
        lines.push(style.dim("the cache does not count hits; open it with statistics=1 to make it"));
    }
    lines.push(String::new());
    lines.push(style.dim("q ends"));
    lines.truncate(rows);
    lines
}

fn signed(rate: Option<f64>) -> String {
    rate.filter(|rate| *rate != 0.0).map_or_else(String::new, |rate| format!("{rate:+.1}/s"))
}

fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(rate) if rate < 99.95 => format!("{rate:.1}"),
        Some(rate) => count(rate.round() as u64),
    }
}

/// The last values as bars, the newest to the right, on a scale from nothing to the greatest of them.
fn chart(meter: &Meter, series: fn(&Rates) -> Option<f64>, room: usize, style: Style) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if !style.unicode {
        return String::new();
    }
    let values: Vec<f64> =
        meter.history().rev().take(room).map(|rates| series(rates).unwrap_or(0.0)).collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    let bar = |value: f64| {
        let level = if top > 0.0 { (value / top * (BARS.len() - 1) as f64).round() as usize } else { 0 };
        BARS.get(level).copied().unwrap_or('█')
    };
    values.into_iter().rev().map(bar).collect()
}

/// The titles of a line.
///
/// # Errors
/// Those of the writer.
pub fn titles(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:20}  {:>12} {:>12} {:>12} {:>9} {:>9} {:>9}",
        "time", "entries", "bytes", "expired", "hits/s", "misses/s", "writes/s"
    )
}

/// One look as a line.
///
/// # Errors
/// Those of the writer.
pub fn line(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Pulse { entries, bytes, expired, .. } = view.pulse;
    let number = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"));
    let (hits, misses, writes) =
        (number(view.rates.hits), number(view.rates.misses), number(view.rates.writes));
    let at = moment(view.at).unwrap_or_else(|| "-".to_owned());
    writeln!(out, "{at:20}  {entries:>12} {bytes:>12} {expired:>12} {hits:>9} {misses:>9} {writes:>9}")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    root: Text<'a>,
    at: Option<String>,
    entries: u64,
    size_bytes: u64,
    expired_entries: u64,
    hits: Option<u64>,
    misses: Option<u64>,
    hits_per_s: Option<f64>,
    misses_per_s: Option<f64>,
    writes_per_s: Option<f64>,
}

/// One look as a document, schema `hotcold.cache.watch/1`, on one line.
///
/// # Errors
/// Those of the writer.
pub fn json(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: "hotcold.cache.watch/1",
        kind: view.kind,
        root: Text::path(view.root),
        at: moment(view.at),
        entries: view.pulse.entries,
        size_bytes: view.pulse.bytes,
        expired_entries: view.pulse.expired,
        hits: view.pulse.hits,
        misses: view.pulse.misses,
        hits_per_s: view.rates.hits,
        misses_per_s: view.rates.misses,
        writes_per_s: view.rates.writes,
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_shows_what_changed() {
        let mut meter = Meter::default();
        let mut pulse = Pulse {
            entries: 1204,
            bytes: 3 << 20,
            expired: 7,
            hits: Some(0),
            misses: Some(0),
            writes: Some(0),
        };
        meter.look(0.0, pulse);
        let mut rates = Rates::default();
        for (second, hits) in [(1.0, 10), (2.0, 110), (3.0, 310)] {
            pulse.hits = Some(hits);
            pulse.misses = Some(hits / 10);
            rates = meter.look(second, pulse);
        }
        let at = Timestamp::from_seconds(1_750_000_000.0).unwrap();
        let view = View { kind: "cache", root: Path::new("/c/\u{1b}x"), at, pulse, rates };
        let style = Style { width: Some(80), unicode: true, escape: true, ..Style::default() };
        let text = screen(&view, &meter, 24, style).join("\n");
        insta::assert_snapshot!(text, @r"
        /c/\u{1b}x  cache

        entries          1,204
        size           3.0 MiB
        expired              7
        hits/s             200  90.9%         ▁▅█
        misses/s          20.0                ▁▅█
        writes/s           0.0                ▁▁▁

        q ends
        ");
        assert_eq!(screen(&view, &meter, 3, style).len(), 3);
        let mut out = Vec::new();
        line(&view, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        2025-06-15T15:06:40.000000Z          1204      3145728            7     200.0      20.0       0.0
        ");
    }
}
