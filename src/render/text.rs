//! Making text safe to show and fit for a column.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;
use crate::{profile::model::Unit, units};

/// Escapes what could drive or deceive a terminal: control, bidirectional and zero-width characters.
/// Use it when writing to a terminal; pipes get the raw text.
pub fn escape(s: &str) -> Cow<'_, str> {
    if !s.chars().any(is_hostile) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len() + 8);
    for c in s.chars() {
        if is_hostile(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// As [`escape`], but for line ends and tabs: for text that has lines of its own.
pub fn escape_lines(s: &str) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
    if !s.chars().any(hostile) {
        return Cow::Borrowed(s);
    }
    let mut out = String::with_capacity(s.len() + 8);
    for c in s.chars() {
        if hostile(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// A name as one line of text: escaped for a terminal, else only without line breaks and tabs, which would break the row.
pub fn one_line(s: &str, style: Style) -> Cow<'_, str> {
    if style.escape {
        return escape(s);
    }
    if !s.contains(['\n', '\r', '\t']) {
        return Cow::Borrowed(s);
    }
    Cow::Owned(s.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t"))
}

/// Columns that a text takes.
pub fn width(s: &str) -> usize {
    s.width()
}

/// `s` in at most `columns`, the middle replaced by an ellipsis: both ends of a function's name tell it apart.
pub fn shorten_middle(s: &str, columns: usize, style: Style) -> String {
    let ellipsis = ellipsis(style);
    if width(s) <= columns {
        return s.to_owned();
    }
    let room = columns.saturating_sub(width(ellipsis));
    let end = room / 2;
    format!("{}{ellipsis}{}", head(s, room - end), tail(s, end))
}

/// `s` in at most `columns`, the beginning replaced by an ellipsis: the end of a path tells it apart.
pub fn shorten_left(s: &str, columns: usize, style: Style) -> String {
    let ellipsis = ellipsis(style);
    if width(s) <= columns {
        return s.to_owned();
    }
    format!("{ellipsis}{}", tail(s, columns.saturating_sub(width(ellipsis))))
}

/// `s` in at most `columns`, the end replaced by an ellipsis: the beginning of a line of source tells most.
pub fn shorten_right(s: &str, columns: usize, style: Style) -> String {
    let ellipsis = ellipsis(style);
    if width(s) <= columns {
        return s.to_owned();
    }
    format!("{}{ellipsis}", head(s, columns.saturating_sub(width(ellipsis))))
}

/// What stands for text that was left out.
pub(super) fn ellipsis(style: Style) -> &'static str {
    if style.unicode { "…" } else { ".." }
}

fn head(s: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = s.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    end.map_or(s, |(i, _)| &s[..i])
}

fn tail(s: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = s.char_indices().rev().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    end.map_or(s, |(i, c)| &s[i + c.len_utf8()..])
}

/// A command line as one would type it, as far as people need: arguments with blanks are quoted.
pub fn command(args: &[String]) -> String {
    let special = |c: char| c.is_whitespace() || "'\"$`\\;&|<>()*?".contains(c);
    let quoted = |arg: &String| {
        let plain = !arg.is_empty() && !arg.contains(special);
        if plain { arg.clone() } else { format!("'{}'", arg.replace('\'', r"'\''")) }
    };
    args.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A share (0 to 1) in per cent with one decimal: `12.3%`. Something is never shown as nothing, `<0.1%`, nor almost everything as
/// everything, `>99.9%`.
pub fn percent(share: f64) -> String {
    match share {
        s if s > 0.0 && s < 0.0005 => "<0.1%".to_owned(),
        s if (0.9995..1.0).contains(&s) => ">99.9%".to_owned(),
        s => format!("{:.1}%", s * 100.0),
    }
}

/// Nanoseconds in seconds with milliseconds: `1.234s`.
pub fn seconds(ns: u64) -> String {
    format!("{:.3}s", ns as f64 / 1e9)
}

/// A weight in its unit.
pub fn amount(weight: u64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => seconds(weight),
        Unit::Bytes => units::bytes(weight),
        Unit::Count => units::count(weight),
    }
}

/// Titles of the columns that have weights of a row itself and with all it called.
pub(super) fn weight_titles(unit: Unit) -> [&'static str; 2] {
    match unit {
        Unit::Nanoseconds => ["tottime", "cumtime"],
        Unit::Bytes | Unit::Count => ["self", "cum"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(escape("plain <T as U>::f"), "plain <T as U>::f");
        assert_eq!(escape("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escape("x\u{202e}y\u{200b}z"), "x\\u{202e}y\\u{200b}z");
    }

    #[test]
    fn text_keeps_its_lines() {
        assert_eq!(escape_lines("a\n\tb"), "a\n\tb");
        assert_eq!(escape_lines("a\r\n\u{1b}b"), "a\\u{d}\n\\u{1b}b");
    }

    const UNICODE: Style = Style { width: None, colour: false, escape: false, unicode: true };

    #[test]
    fn rows_stay_on_one_line() {
        assert_eq!(one_line("a\nb\tc\u{7}", UNICODE), "a\\nb\\tc\u{7}");
        assert_eq!(one_line("a\n\u{7}", Style { escape: true, ..UNICODE }), "a\\u{a}\\u{7}");
    }

    #[test]
    fn shortened_text_fits_and_keeps_what_matters() {
        assert_eq!(shorten_middle("alloc::vec::Vec::push", 11, UNICODE), "alloc…:push");
        assert_eq!(shorten_middle("alloc::vec::Vec::push", 11, Style::default()), "alloc..push");
        assert_eq!(shorten_left("/usr/lib/libm.so.6", 10, UNICODE), "…libm.so.6");
        assert_eq!(shorten_left("short", 10, UNICODE), "short");
        assert_eq!(shorten_middle("日本語の関数名", 7, UNICODE), "日…名");
        assert_eq!(shorten_middle("abcdef", 0, UNICODE), "…");
    }

    #[test]
    fn commands_are_quoted_where_needed() {
        let args = ["sh", "-c", "echo 'hi'", ""].map(String::from);
        assert_eq!(command(&args), r"sh -c 'echo '\''hi'\''' ''");
    }

    #[test]
    fn small_shares_are_not_nothing() {
        assert_eq!(
            [0.0, 0.0001, 0.1234, 0.9999, 1.0].map(percent),
            ["0.0%", "<0.1%", "12.3%", ">99.9%", "100.0%"]
        );
    }
}
