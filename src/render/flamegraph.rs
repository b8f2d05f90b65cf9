//! Flamegraphs. The only user of inferno's drawing.
//!
//! inferno reads stacks as text, a line a stack: names between semicolons, then the count. That text has no escapes, so what it would
//! misread in a name is replaced by a character that names do not have and put back in the finished picture:
//! `;` would end a name, a last word of digits would be a second count, a leading `#` a comment, and `_[k]` at the end a mark of its own.

mod diff;

use std::{io::Write, time::Duration};

use inferno::flamegraph::{
    self, Direction, Options, TextTruncateDirection,
    color::{BackgroundColor, Color, PaletteMap},
};
use regex::Regex;
use rustc_hash::FxHashMap;

use super::{
    Style, header,
    text::{command, escape, percent, shorten_middle},
};
use crate::{
    profile::{
        Error,
        aggregate::{
            Totals, WALL_UNIT_NS,
            flame::{FlameBox, Shape, boxes},
            wait_label, wait_totals, wall, weighed,
        },
        model::{Origin, Profile, Unit, Wait},
    },
    units,
};

pub use diff::write as write_diff;

/// What to draw and how to call it.
#[derive(Clone, Debug, Default)]
pub struct Flamegraph {
    /// Title; the recorded command where `None`.
    pub title: Option<String>,
    /// Leaf functions on top of the picture, their callers below.
    pub inverted: bool,
    /// Only stacks with a frame whose function, file or module matches.
    pub filter: Option<Regex>,
    /// With the waiting of idle threads.
    pub idle: bool,
}

/// Boxes narrower than this share of the picture are not drawn: a ninth of a pixel.
const NARROWEST: f64 = 0.0001;
/// Text handed to inferno at most, in bytes; when a profile would need more, narrow boxes are left out until it does not.
const BUDGET: usize = 128 << 20;
/// Characters of a name and of a title that are drawn at most.
const NAME_LENGTH: usize = 1_000;
const TITLE_LENGTH: usize = 110;

/// Stand for characters of names that inferno would take for its own; control characters, which [`escape`] removes from names.
const STANDINGS: [(char, char); 3] = [(';', '\u{80}'), (' ', '\u{81}'), (']', '\u{82}')];

/// Draws a profile as an SVG document. The same profile gives the same bytes.
///
/// # Errors
/// [`Error::NoSamples`] of an empty profile, [`Error::NoMatch`] when the filter matches no stack, [`Error::Flamegraph`] when the
/// picture could not be written to `w`; nothing is written before the picture is complete.
pub fn write(w: &mut dyn Write, profile: &Profile, what: &Flamegraph) -> Result<(), Error> {
    if profile.recording.waiting {
        return draw(w, profile, &wall(profile, what.idle), what);
    }
    draw(w, profile, &weighed(profile), what)
}

/// Draws what `drawn` has, which is a profile with all of its time, or of what else it weighs, as samples, and tells what `profile` says of it.
fn draw(w: &mut dyn Write, profile: &Profile, drawn: &Profile, what: &Flamegraph) -> Result<(), Error> {
    let boxes = boxes_within(drawn, what, BUDGET)?;
    let labels = labels(&boxes);
    let lines = lines(&boxes, &labels);
    let mut colours = palette(&labels);
    let mut options = options(profile, what, &boxes);
    options.palette_map = Some(&mut colours);
    let mut svg = Vec::with_capacity(64 << 10);
    let failed = |source| Error::Flamegraph { source };
    flamegraph::from_lines(&mut options, lines.iter().rev().map(String::as_str), &mut svg).map_err(failed)?;
    w.write_all(&restore(&svg)).map_err(failed)
}

fn options<'a>(profile: &Profile, what: &Flamegraph, boxes: &[FlameBox]) -> Options<'a> {
    let mut options = Options::default();
    let title = what.title.clone().unwrap_or_else(|| match command(&profile.recording.command) {
        command if command.is_empty() => "hotcold".to_owned(),
        command => command,
    });
    options.title = shorten(&xml(&title), TITLE_LENGTH);
    options.subtitle = Some(subtitle(profile, what, boxes));
    if profile.recording.waiting {
        options.count_name = "µs".to_owned();
    }
    match profile.recording.unit {
        Unit::Nanoseconds => {}
        Unit::Bytes => options.count_name = "bytes".to_owned(),
        Unit::Count => options.count_name = xml(&profile.recording.event),
    }
    options.direction = if what.inverted { Direction::Inverted } else { Direction::Straight };
    options.text_truncate_direction = TextTruncateDirection::Right;
    options.bgcolors = Some(BackgroundColor::Flat(Color { r: 250, g: 250, b: 250 }));
    // Narrow boxes are gone already.
    options.min_width = 0.0;
    // Makes inferno take the lines from the last to the first without sorting them: its sorting as text tears `a;b` and `a;b;c`
    // apart when there is an `a;b2`.
    options.flame_chart = true;
    options
}

fn subtitle(profile: &Profile, what: &Flamegraph, boxes: &[FlameBox]) -> String {
    let mut text = header::summary(profile);
    if let Some(filter) = &what.filter {
        let drawn: u64 =
            boxes.iter().filter(|b| b.depth == 0).map(|b| b.samples).fold(0, u64::saturating_add);
        let share = percent(drawn as f64 / all_samples(profile, what) as f64);
        text.push_str(&format!(", drawn: the {share} through {}", shorten(&xml(filter.as_str()), 40)));
    }
    if let Some(waits) = wait_totals(profile, what.idle) {
        text.push_str(&format!(
            ", {} waiting, violet",
            units::duration(Duration::from_nanos(waits.waited.total_ns()))
        ));
        if waits.idle_threads > 0 {
            let threads = units::plural(waits.idle_threads, "idle thread", "idle threads");
            text.push_str(&format!(", without {threads}"));
        }
    }
    for (origin, legend) in [(Origin::Kernel, "blue: kernel"), (Origin::Python, "green: Python")] {
        if boxes.iter().any(|b| b.origin == origin) {
            text.push_str(&format!(", {legend}"));
        }
    }
    text
}

/// Samples of the whole that is drawn a part of.
fn all_samples(profile: &Profile, what: &Flamegraph) -> u64 {
    match wait_totals(profile, what.idle) {
        Some(waits) => Totals::of(profile).ns.saturating_add(waits.waited.total_ns()) / WALL_UNIT_NS,
        None => Totals::of(&weighed(profile)).samples,
    }
}

/// The boxes to draw, with as few narrow ones as it takes for their text to stay below `budget` bytes.
fn boxes_within<'p>(
    profile: &'p Profile,
    what: &Flamegraph,
    budget: usize,
) -> Result<Vec<FlameBox<'p>>, Error> {
    let total = Totals::of(profile).samples;
    if total == 0 {
        return Err(Error::NoSamples { what: command(&profile.recording.command) });
    }
    let mut min_samples = ((total as f64 * NARROWEST).ceil() as u64).max(1);
    loop {
        let shape = Shape { inverted: what.inverted, filter: what.filter.as_ref(), min_samples };
        let boxes = boxes(profile, shape);
        match &what.filter {
            Some(filter) if boxes.is_empty() => {
                return Err(Error::NoMatch { pattern: filter.as_str().to_owned() });
            }
            _ if min_samples >= total || text_size(&boxes) <= budget => return Ok(boxes),
            _ => min_samples = min_samples.saturating_mul(2),
        }
    }
}

/// Bytes that [`lines`] takes at most.
fn text_size(boxes: &[FlameBox]) -> usize {
    let mut sizes: Vec<usize> = Vec::new();
    let mut sum = 0_usize;
    for b in boxes {
        sizes.truncate(b.depth);
        sizes.push(sizes.last().unwrap_or(&0) + 2 * b.name.len().min(NAME_LENGTH) + 8);
        if b.rest > 0 {
            sum = sum.saturating_add(sizes.last().unwrap_or(&0) + 32);
        }
    }
    sum
}

/// A line for each box with samples of its own, in the order of the boxes.
fn lines(boxes: &[FlameBox], labels: &Labels) -> Vec<String> {
    let total = boxes.iter().fold(0_u64, |sum, b| sum.saturating_add(b.rest));
    // inferno adds the counts up in 64 bits and computes with floating point: counts from a hostile file are scaled down.
    let shift = 64_u32.saturating_sub(total.leading_zeros()).saturating_sub(52);
    let mut path = String::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut lines = Vec::new();
    for b in boxes {
        ends.truncate(b.depth);
        path.truncate(ends.last().copied().unwrap_or(0));
        if b.depth > 0 {
            path.push(';');
        }
        path.push_str(labels.get(&(b.name, b.origin)).map_or("", String::as_str));
        ends.push(path.len());
        if b.rest >> shift > 0 {
            lines.push(format!("{path} {}", b.rest >> shift));
        }
    }
    lines
}

/// Names as inferno takes them, for each name and origin.
type Labels<'p> = FxHashMap<(&'p str, Origin), String>;

fn labels<'p>(boxes: &[FlameBox<'p>]) -> Labels<'p> {
    let mut labels = Labels::default();
    for b in boxes {
        labels.entry((b.name, b.origin)).or_insert_with(|| label(b.name, b.origin));
    }
    labels
}

/// A name as inferno takes it, with inferno's mark for its origin, which it does not show.
fn label(name: &str, origin: Origin) -> String {
    let mark = match origin {
        Origin::Native => "",
        Origin::Kernel => "_[k]",
        Origin::Python => "_[j]",
        Origin::Marker => "_[w]",
    };
    let name = shorten(&xml(name), NAME_LENGTH);
    let stand_in = |c: char| STANDINGS.iter().find(|(own, _)| *own == c).map_or(c, |(_, standing)| *standing);
    let mut label: String = name.chars().map(stand_in).collect();
    label.push_str(mark);
    label
}

/// Puts the replaced characters back and takes out those that carry colours. All of them are two bytes of which the first is this one.
fn restore(svg: &[u8]) -> Vec<u8> {
    const FIRST: u8 = 0xc2;
    let own = |second: u8| {
        STANDINGS.iter().find(|(_, c)| *c as u32 == u32::from(second)).map(|(own, _)| *own as u8)
    };
    let mut pieces = svg.split(|byte| *byte == FIRST);
    let mut out = Vec::with_capacity(svg.len());
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.split_first().map(|(second, rest)| (*second, own(*second), rest)) {
            Some((_, Some(own), rest)) => {
                out.push(own);
                out.extend_from_slice(rest);
            }
            Some((second, None, rest)) if diff::is_mark(second) => out.extend_from_slice(rest),
            _ => {
                out.push(FIRST);
                out.extend_from_slice(piece);
            }
        }
    }
    out
}

/// Without what may not stand in an XML document.
fn xml(text: &str) -> String {
    escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn shorten(text: &str, columns: usize) -> String {
    shorten_middle(text, columns, Style { unicode: true, ..Style::default() })
}

/// A colour for each name: its kind decides the hue, the name the shade, so that a function looks alike in every picture.
fn palette(labels: &Labels) -> PaletteMap {
    let mut map = PaletteMap::default();
    map.insert("", Color { r: 220, g: 220, b: 220 });
    for (&(name, origin), label) in labels {
        map.insert(label, colour(name, origin));
    }
    map
}

fn colour(name: &str, origin: Origin) -> Color {
    // FNV-1a: short, and the same everywhere.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let shade =
        |part: u32, low: u8, range: u8| low + ((hash >> (part * 16) & 0xff) * u64::from(range) / 255) as u8;
    match origin {
        Origin::Native => Color { r: shade(0, 215, 40), g: shade(1, 90, 130), b: shade(2, 20, 50) },
        Origin::Kernel => Color { r: shade(0, 110, 50), g: shade(1, 150, 45), b: shade(2, 215, 40) },
        Origin::Python => Color { r: shade(0, 90, 55), g: shade(1, 185, 50), b: shade(2, 90, 50) },
        Origin::Marker if Wait::ALL.into_iter().any(|wait| wait_label(wait) == name) => {
            Color { r: shade(0, 165, 40), g: shade(1, 130, 40), b: shade(2, 205, 40) }
        }
        Origin::Marker => Color { r: 190, g: 190, b: 190 },
    }
}
