//! Entries as rows of a table with fixed widths, written one by one, or as lines of JSON.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{super::Style, json::EntryJson};
use crate::{
    cache::{
        model::{DataType, Entry, EntryId, Expiry, Facts, Label, State, Time, Timestamp},
        pickle::notation as python,
    },
    render::text::{escape, one_line, shorten_middle, width},
    units,
};

/// Columns of a tag, and on a narrow terminal.
const TAG: usize = 12;
const NARROW_TAG: usize = 8;
/// A terminal with fewer columns is narrow.
const WIDE: u16 = 100;
/// Seconds of which nobody wants to know more: a thousand years.
const AGES: f64 = 3e10;
/// Columns of an expiry: `expired 729d ago`.
const EXPIRY: usize = 16;
/// A key is not made narrower than this.
const LEAST_KEY: usize = 16;
/// Neither is a note; where there is less room it is left out.
const LEAST_NOTE: usize = 16;

/// Which columns a list has; and room for a row.
#[derive(Clone, Debug)]
pub struct List {
    style: Style,
    now: Timestamp,
    used: bool,
    hits: bool,
    tags: bool,
    long: bool,
    tag_columns: usize,
    row: String,
    part: String,
}

impl List {
    /// A list of entries of a cache that keeps `facts`; `long` adds the value's type and its file.
    pub fn new(facts: &Facts, now: Timestamp, long: bool, style: Style) -> Self {
        Self {
            style,
            now,
            used: facts.accessed.is_yes(),
            hits: facts.hits.is_yes(),
            tags: facts.tags.is_yes(),
            long,
            tag_columns: if style.width.is_some_and(|columns| columns < WIDE) { NARROW_TAG } else { TAG },
            row: String::new(),
            part: String::new(),
        }
    }

    /// Writes the titles.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn header(&self, w: &mut dyn Write) -> io::Result<()> {
        let mut line = format!("{:>8}  {:>10}  {:>6}", "id", "size", "age");
        if self.used {
            line.push_str("    used");
        }
        let _ = write!(line, "  {:<EXPIRY$}", "expiry");
        if self.hits {
            line.push_str("    hits");
        }
        if self.tags {
            let _ = write!(line, "  {:<columns$}", "tag", columns = self.tag_columns);
        }
        if self.long {
            let _ = write!(line, "  {:<7}  {:<41}", "type", "file");
        }
        line.push_str("  key");
        writeln!(w, "{line}")
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn row(&mut self, w: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let (now, style) = (self.now, self.style);
        self.row.clear();
        self.right(8, |out| match entry.id {
            EntryId::Row(row) if row >= 0 => units::push_number(out, row.unsigned_abs()),
            ref id => out.push_str(&one_line(&id.to_string(), style)),
        });
        self.right(12, |out| units::push_bytes(out, entry.size_bytes()));
        let age = |time: Option<Time>, out: &mut String| match time {
            Some(time) => units::push_span(out, now.since(time.at).max(0.0)),
            None => out.push('-'),
        };
        self.right(8, |out| age(entry.created, out));
        if self.used {
            self.right(8, |out| age(entry.accessed, out));
        }
        self.row.push_str("  ");
        let start = self.row.len();
        match condition(entry.state).filter(|_| entry.expiry == Expiry::NotRecorded) {
            Some(condition) => self.row.push_str(condition),
            None => push_expiry(&mut self.row, entry.expiry, now),
        }
        let missing = (start + EXPIRY).saturating_sub(self.row.len());
        blanks(&mut self.row, missing);
        if self.hits {
            self.right(8, |out| match entry.hits {
                Some(hits) => units::push_number(out, hits),
                None => out.push('-'),
            });
        }
        if self.tags {
            self.row.push_str("  ");
            self.tag(entry);
        }
        if self.long {
            let _ = write!(self.row, "  {:<7}  ", entry.value_type.name());
            match entry.path.as_deref().map(|path| path.to_string_lossy()) {
                Some(path) => padded(&mut self.row, &one_line(&path, self.style), 41, self.style),
                None => padded(&mut self.row, "-", 41, self.style),
            }
        }
        self.row.push_str("  ");
        self.key(&entry.key);
        self.note(entry);
        if self.style.colour && entry.is_dead(now, false) {
            writeln!(w, "{}", self.style.dim(&self.row))
        } else {
            self.row.push('\n');
            w.write_all(self.row.as_bytes())
        }
    }

    /// Appends a cell that ends `columns` after the one before.
    fn right(&mut self, columns: usize, fill: impl FnOnce(&mut String)) {
        self.part.clear();
        fill(&mut self.part);
        let least = usize::from(!self.row.is_empty());
        blanks(&mut self.row, columns.saturating_sub(self.part.len()).max(least));
        self.row.push_str(&self.part);
    }

    fn tag(&mut self, entry: &Entry) {
        self.part.clear();
        match entry.tags.as_deref().unwrap_or_default() {
            [] => self.part.push('-'),
            tags => {
                for (i, tag) in tags.iter().enumerate() {
                    self.part.push_str(if i > 0 { "," } else { "" });
                    match tag.data_type {
                        DataType::Text => self.part.push_str(&one_line(&tag.text, self.style)),
                        _ => self.part.push_str(&one_line(&tag_name(tag), self.style)),
                    }
                }
            }
        }
        padded(&mut self.row, &self.part, self.tag_columns, self.style);
    }

    fn key(&mut self, key: &Label) {
        if self.style.width.is_none() && !self.style.escape && !key.runs_code {
            return notation(&mut self.row, key);
        }
        self.part.clear();
        notation(&mut self.part, key);
        if key.runs_code {
            self.part.push_str("  ! would run code");
        }
        let text =
            if self.style.escape { escape(&self.part) } else { std::borrow::Cow::Borrowed(&*self.part) };
        match self.style.width {
            Some(columns) => {
                let room = usize::from(columns).saturating_sub(width(&self.row)).max(LEAST_KEY);
                self.row.push_str(&shorten_middle(&text, room, self.style));
            }
            None => self.row.push_str(&text),
        }
    }

    /// Appends what its owner keeps in it, where that is known and there is room. In a pipe a row ends with its key.
    fn note(&mut self, entry: &Entry) {
        let wanted = self.long || self.style.width.is_some();
        let is_said = entry.note.as_deref() == Some(&entry.key.text);
        let Some(note) = entry.note.as_deref().filter(|_| wanted && !is_said) else { return };
        let taken = || width(&self.row) + 2;
        let room =
            self.style.width.map_or(usize::MAX, |columns| usize::from(columns).saturating_sub(taken()));
        if room >= LEAST_NOTE {
            let note = shorten_middle(&one_line(note, self.style), room, self.style);
            let _ = write!(self.row, "  {}", self.style.dim(&note));
        }
    }
}

/// A key as its language writes it: strings with quotes, so that `'1'` and `1` are told apart.
pub fn notation(out: &mut String, key: &Label) {
    match key.data_type {
        DataType::Text => match &key.bytes {
            None => quoted(out, &key.text),
            Some(bytes) => out.push_str(&python::text(bytes, usize::MAX).text),
        },
        _ => out.push_str(&key.text),
    }
    if key.cut {
        out.push('…');
    }
}

/// A tag as it is typed after `--tag`, which is also how groups and types are written.
pub fn tag_name(tag: &Label) -> String {
    let text = &tag.text;
    match tag.data_type {
        DataType::None => "none".to_owned(),
        DataType::Integer => format!("i:{text}"),
        DataType::Float => format!("f:{text}"),
        DataType::Bytes => format!("b:{}", text.trim_start_matches('b').trim_matches(['\'', '"'])),
        DataType::Text
            if text == "none" || matches!(text.as_bytes(), [b's' | b'i' | b'f' | b'b', b':', ..]) =>
        {
            format!("s:{text}")
        }
        _ => text.clone(),
    }
}

fn quoted(out: &mut String, text: &str) {
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\'' && b != b'\\') {
        out.push('\'');
        out.push_str(text);
        out.push('\'');
    } else {
        out.push_str(&python::text(text.as_bytes(), usize::MAX).text);
    }
}

/// Appends `text` in exactly `columns` columns.
fn padded(out: &mut String, text: &str, columns: usize, style: Style) {
    let taken = if text.is_ascii() { text.len() } else { width(text) };
    if taken <= columns {
        out.push_str(text);
        blanks(out, columns - taken);
    } else {
        let short = shorten_middle(text, columns, style);
        let taken = width(&short);
        out.push_str(&short);
        blanks(out, columns.saturating_sub(taken));
    }
}

/// A condition that is worth a word where there is no expiry to be shown.
fn condition(state: State) -> Option<&'static str> {
    match state {
        State::Ok => None,
        State::Stale { sure: true } => Some("left over"),
        State::Stale { sure: false } => Some("left over?"),
        State::Partial => Some("not complete"),
        State::Corrupt => Some("corrupt"),
        State::Pinned => Some("pinned"),
    }
}

/// Appends `never`, `expires in 3h`, `expired 2d ago`, or `-` where nobody knows.
pub fn push_expiry(out: &mut String, expiry: Expiry, now: Timestamp) {
    match expiry {
        Expiry::Never => out.push_str("never"),
        Expiry::NotRecorded => out.push('-'),
        Expiry::At(at) if now.since(at) > AGES => out.push_str("expired ages ago"),
        Expiry::At(at) if at < now => {
            out.push_str("expired ");
            units::push_span(out, now.since(at));
            out.push_str(" ago");
        }
        Expiry::At(at) => {
            out.push_str("expires in ");
            units::push_span(out, at.since(now));
        }
    }
}

fn blanks(out: &mut String, n: usize) {
    const BLANKS: &str = "                                                ";
    match BLANKS.get(..n) {
        Some(blanks) => out.push_str(blanks),
        None => out.extend(std::iter::repeat_n(' ', n)),
    }
}

/// Writes one entry as a line of JSON.
///
/// # Errors
/// Those of the writer.
pub fn json(w: &mut dyn Write, entry: &Entry, now: Timestamp) -> io::Result<()> {
    serde_json::to_writer(&mut *w, &EntryJson::new(entry, now))?;
    w.write_all(b"\n")
}
