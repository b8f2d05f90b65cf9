//! Differential flamegraphs: the new side's picture, coloured by what has changed.
//!
//! inferno would colour a box by the change of its own time alone; here the colour tells the change of the box and everything on it,
//! because that is what its width is. A character that names do not have carries a box's colour to inferno.

use std::io::Write;

use inferno::flamegraph::{
    self, Options, TextTruncateDirection,
    color::{BackgroundColor, Color, PaletteMap},
};

use super::{NAME_LENGTH, NARROWEST, STANDINGS, TITLE_LENGTH, restore, shorten, xml};
use crate::{
    profile::{
        Error,
        aggregate::{
            Totals,
            diff::flame::{DiffBox, boxes},
        },
        model::{Profile, Unit},
    },
    render::{
        diff::{signed, signed_percent},
        text::{amount, command},
    },
};

/// Characters that stand for a colour, the one in the middle for no change: [`LEVELS`] for less, as many for more.
const MIDDLE: u32 = 0x8e;
const LEVELS: i32 = 10;
/// A change within so many standard deviations is drawn as none.
const NOISE: f64 = 2.0;

/// Draws the new side's stacks with their changes as an SVG document. Old times are multiplied with `scale`.
///
/// # Errors
/// [`Error::NoSamples`] where the new side has none, [`Error::Flamegraph`] when the picture could not be written to `w`.
pub fn write(
    w: &mut dyn Write,
    old: &[&Profile],
    new: &[&Profile],
    scale: Option<f64>,
    title: Option<&str>,
) -> Result<(), Error> {
    let runs = new.len().max(1) as f64;
    let total = new.iter().map(|p| Totals::of(p).ns as f64).sum::<f64>() / runs;
    let name = new.first().map(|p| command(&p.recording.command)).unwrap_or_default();
    if total <= 0.0 {
        return Err(Error::NoSamples { what: name });
    }
    let boxes = boxes(old, new, scale.unwrap_or(1.0), total * NARROWEST);
    let unit = new.first().map_or(Unit::default(), |p| p.recording.unit);
    let lines = lines(&boxes, total, unit);
    let mut palette = palette(&boxes, total, unit);
    let mut options = Options::default();
    options.title = shorten(&xml(&title.map_or(name, str::to_owned)), TITLE_LENGTH);
    let old_total: f64 = boxes.iter().filter(|b| b.depth == 0).map(|b| b.old_ns).sum();
    let change = match scale {
        Some(_) => "shares compared".to_owned(),
        None => format!(
            "{} ({})",
            signed(total - old_total, unit),
            signed_percent((total - old_total) / old_total.max(1.0))
        ),
    };
    options.subtitle = Some(format!(
        "new: {}, {change}; red: more, blue: less, grey: no more than noise",
        whole(total, unit)
    ));
    match unit {
        Unit::Nanoseconds => {
            options.count_name = "ms".to_owned();
            options.factor = 0.001;
        }
        unit => options.count_name = unit.name().to_owned(),
    }
    options.text_truncate_direction = TextTruncateDirection::Right;
    options.bgcolors = Some(BackgroundColor::Flat(Color { r: 250, g: 250, b: 250 }));
    options.min_width = 0.0;
    options.flame_chart = true;
    options.palette_map = Some(&mut palette);
    let mut svg = Vec::with_capacity(64 << 10);
    let failed = |source| Error::Flamegraph { source };
    flamegraph::from_lines(&mut options, lines.iter().rev().map(String::as_str), &mut svg).map_err(failed)?;
    w.write_all(&restore(&svg)).map_err(failed)
}

fn whole(total: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => format!("{:.3} s", total / 1e9),
        unit => amount(total.round() as u64, unit),
    }
}

/// A line for each box with time of its own, in microseconds, or with what else is weighed.
fn lines(boxes: &[DiffBox<'_>], total: f64, unit: Unit) -> Vec<String> {
    let grain = if unit == Unit::Nanoseconds { 1e3 } else { 1.0 };
    let mut path = String::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut lines = Vec::new();
    for b in boxes {
        ends.truncate(b.depth);
        path.truncate(ends.last().copied().unwrap_or(0));
        if b.depth > 0 {
            path.push(';');
        }
        path.push_str(&label(b, total, unit));
        ends.push(path.len());
        let own = (b.rest_ns / grain).round() as u64;
        if own > 0 {
            lines.push(format!("{path} {}", own.min(1 << 52)));
        }
    }
    lines
}

/// The name as inferno takes it, with the change where there is one, and the character of its colour.
fn label(b: &DiffBox<'_>, total: f64, unit: Unit) -> String {
    let level = level(b, total);
    let mut text = shorten(&xml(b.name), NAME_LENGTH);
    if level != 0 {
        text.push_str(&format!(" {}", signed(b.new_ns - b.old_ns, unit)));
    }
    let stand_in = |c: char| STANDINGS.iter().find(|(own, _)| *own == c).map_or(c, |(_, standing)| *standing);
    let mut label: String = text.chars().map(stand_in).collect();
    label.extend(mark(level));
    label
}

fn mark(level: i32) -> Option<char> {
    char::from_u32(MIDDLE.checked_add_signed(level)?)
}

/// How strongly a box is coloured: 0 for none, up to [`LEVELS`] for a change as large as the whole.
fn level(b: &DiffBox<'_>, total: f64) -> i32 {
    let delta = b.new_ns - b.old_ns;
    if delta.abs() <= NOISE * b.noise_ns || delta.abs() < total * NARROWEST {
        return 0;
    }
    let strength = (delta.abs() / total).sqrt().min(1.0) * f64::from(LEVELS);
    (strength.ceil() as i32).clamp(1, LEVELS) * if delta > 0.0 { 1 } else { -1 }
}

/// Red for more, blue for less, the stronger the more.
fn colour(level: i32) -> Color {
    let pale = 215_u8.saturating_sub((level.unsigned_abs() * 18).min(180) as u8);
    match level {
        0 => Color { r: 225, g: 225, b: 225 },
        1.. => Color { r: 245, g: pale, b: pale.saturating_sub(10) },
        _ => Color { r: pale.saturating_sub(10), g: pale.saturating_add(10), b: 245 },
    }
}

fn palette(boxes: &[DiffBox<'_>], total: f64, unit: Unit) -> PaletteMap {
    let mut map = PaletteMap::default();
    map.insert("", Color { r: 200, g: 200, b: 200 });
    for b in boxes {
        map.insert(label(b, total, unit), colour(level(b, total)));
    }
    map
}

/// Whether this is the second byte of a character that carries a colour.
pub(super) fn is_mark(second: u8) -> bool {
    u32::from(second).abs_diff(MIDDLE) <= LEVELS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::profile;

    fn titles(old: &str, new: &str, scale: Option<f64>) -> Vec<String> {
        let mut svg = Vec::new();
        write(&mut svg, &[&profile(old)], &[&profile(new)], scale, Some("t")).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(!svg.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)), "{svg}");
        let part = |text: &str| {
            let title = text.split("</title>").next().unwrap_or_default().to_owned();
            let fill = text.split("fill=\"").nth(1).and_then(|t| t.split('"').next()).unwrap_or_default();
            let hue = match fill
                .trim_start_matches("rgb(")
                .trim_end_matches(')')
                .split(',')
                .collect::<Vec<_>>()[..]
            {
                [r, g, b] if r == g && g == b => "grey",
                ["245", ..] => "red",
                [_, _, "245"] => "blue",
                _ => "?",
            };
            format!("{title} {hue}")
        };
        svg.split("<title>").skip(1).map(part).collect()
    }

    #[test]
    fn colours_tell_what_has_changed() {
        let mut drawn = titles(
            "main;parse <T>;x 100\nmain;read 900\nmain;same 500",
            "main;parse <T>;x 400\nmain;read 300\nmain;same 505",
            None,
        );
        drawn.sort();
        assert_eq!(
            drawn,
            [
                "all (1,205 ms, 100%) grey",
                "main -0.295s (1,205 ms, 100.00%) blue",
                "parse &lt;T&gt; +0.300s (400 ms, 33.20%) red",
                "read -0.600s (300 ms, 24.90%) blue",
                "same (505 ms, 41.91%) grey",
                "x +0.300s (400 ms, 33.20%) red",
            ]
        );
    }

    #[test]
    fn scaled_sides_compare_shares() {
        let drawn = titles("a 1000\nb 1000", "a 500\nb 500", Some(0.5));
        assert!(drawn.iter().all(|title| title.ends_with("grey")), "{drawn:?}");
    }

    #[test]
    fn nothing_new_is_nothing_to_draw() {
        let empty = Profile::default();
        let result = write(&mut Vec::new(), &[&profile("a 1")], &[&empty], None, None);
        assert!(matches!(result, Err(Error::NoSamples { .. })));
    }
}
