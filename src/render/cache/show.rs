//! One entry and its value, as text and as JSON.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use super::{
    super::Style,
    json::{EntryJson, moment},
    list::{notation, push_expiry},
};
use crate::{
    cache::{
        model::{DataType, Entry, Expiry, State, Time, Timestamp},
        pickle::Finding,
        preview::{Form, Preview},
    },
    render::text::{command, escape, escape_lines, one_line},
    units,
};

/// Findings that are shown to people.
const MOST_FINDINGS: usize = 10;

/// What is shown.
pub struct Show<'a> {
    /// The cache's kind.
    pub kind: &'a str,
    /// Its directory as it was given; hostile.
    pub root: &'a str,
    /// The entry.
    pub entry: &'a Entry,
    /// What its store knows beside that: names and texts; hostile.
    pub details: &'a [(&'static str, String)],
    /// Its value; `None` where it could not be read.
    pub value: Option<&'a Preview>,
    /// The moment that counts as now.
    pub now: Timestamp,
}

/// Writes everything known of an entry as a list, then its value.
///
/// # Errors
/// Those of the writer.
pub fn text(show: &Show, style: Style, w: &mut dyn Write) -> io::Result<()> {
    let fields = fields(show, style);
    let columns = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &fields {
        writeln!(w, "{name:columns$}  {value}")?;
    }
    let Some(value) = show.value else { return Ok(()) };
    findings(value, style, w)?;
    writeln!(w)?;
    body(show, value, style, w)
}

fn fields(show: &Show, style: Style) -> Vec<(&'static str, String)> {
    let Show { entry, now, .. } = *show;
    let mut key = String::new();
    notation(&mut key, &entry.key);
    let mut expiry = String::new();
    push_expiry(&mut expiry, entry.expiry, now);
    if let Expiry::At(at) = entry.expiry
        && let Some(date) = moment(at)
    {
        let _ = write!(expiry, ", {date}");
    }
    if expiry == "-" {
        expiry = "not recorded".to_owned();
    }
    let shown = |text: &str| one_line(text, style).into_owned();
    let mut fields = vec![
        ("key", shown(&key)),
        ("key type", entry.key.data_type.name().to_owned()),
        ("id", shown(&entry.id.to_string())),
    ];
    if entry.key.runs_code {
        fields.push(("key warning", style.yellow("would run code if Python read it")));
    }
    if let Some(group) = &entry.group {
        fields.push(("group", shown(group)));
    }
    if let (State::Ok, Some(note), true) = (entry.state, &entry.note, show.details.is_empty()) {
        fields.push(("recipe", shown(note)));
    }
    fields.push(("size", size(entry.size_bytes())));
    fields.push(("stored", time(entry.created, now)));
    fields.push(("last used", time(entry.accessed, now)));
    fields.push(("expiry", expiry));
    fields.push(("hits", entry.hits.map_or_else(|| "not recorded".to_owned(), units::count)));
    if let Some(tags) = &entry.tags {
        let names = tags.iter().map(|tag| {
            let mut name = String::new();
            notation(&mut name, tag);
            shown(&name)
        });
        let names = names.collect::<Vec<_>>().join(", ");
        fields.push(("tag", if names.is_empty() { "none".to_owned() } else { names }));
    }
    let state = match entry.state {
        State::Ok => None,
        State::Stale { sure: true } => Some("stale"),
        State::Stale { sure: false } => Some("stale, as it seems"),
        State::Partial => Some("not complete"),
        State::Corrupt => Some("corrupt: its owner cannot read it"),
        State::Pinned => Some("held on purpose"),
    };
    let note = entry.note.as_deref().map(|note| format!("; {}", shown(note))).unwrap_or_default();
    fields.extend(state.map(|state| ("state", format!("{state}{note}"))));
    fields.extend(show.details.iter().map(|(name, text)| (*name, shown(text))));
    let place = entry.path.as_ref().map(|path| shown(&path.to_string_lossy()));
    fields.push(("stored in", place.unwrap_or_else(|| "the database".to_owned())));
    fields.push(("value", value_line(show, style)));
    if let Some(problem) = show.value.and_then(|value| value.problem.as_deref()) {
        fields.push(("value warning", style.yellow(&shown(problem))));
    }
    fields
}

fn value_line(show: &Show, style: Style) -> String {
    let stored = show.entry.value_type.name();
    let Some(value) = show.value else { return format!("{stored}, cannot be read") };
    let mut line = stored.to_owned();
    let plain = matches!(show.entry.value_type, DataType::Text | DataType::Integer | DataType::Float);
    if let Some(class) = value.type_name.as_deref().filter(|class| !plain && *class != stored) {
        let _ = write!(line, " ({})", one_line(class, style));
    }
    if value.stored_bytes > 0 {
        let _ = write!(line, ", {}", size(value.stored_bytes));
    }
    line
}

/// `1.5 KiB (1,536 bytes)`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => units::plural(bytes, "byte", "bytes"),
        _ => format!("{} ({} bytes)", units::bytes(bytes), units::count(bytes)),
    }
}

fn time(time: Option<Time>, now: Timestamp) -> String {
    let Some(time) = time else { return "not recorded".to_owned() };
    let mut line = String::new();
    units::push_span(&mut line, now.since(time.at).max(0.0));
    line.push_str(" ago");
    if let Some(date) = moment(time.at) {
        let _ = write!(line, ", {date}");
    }
    line
}

fn findings(value: &Preview, style: Style, w: &mut dyn Write) -> io::Result<()> {
    if value.findings.is_empty() {
        return Ok(());
    }
    writeln!(w, "\nTo read the value, Python")?;
    for finding in value.findings.iter().take(MOST_FINDINGS) {
        let line = format!(
            "  {} {} ({} at byte {})",
            finding.action.verb(),
            escape(&finding.name),
            finding.opcode,
            finding.offset
        );
        writeln!(
            w,
            "{}",
            if finding.dangerous { style.yellow(&format!("{line}, known as dangerous")) } else { line }
        )?;
    }
    let shown = value.findings.len().min(MOST_FINDINGS) as u64;
    let more = (value.findings.len() as u64 - shown).saturating_add(value.findings_left_out);
    if more > 0 {
        writeln!(w, "  and {} more", units::count(more))?;
    }
    Ok(())
}

fn body(show: &Show, value: &Preview, style: Style, w: &mut dyn Write) -> io::Result<()> {
    let id = format!("--id={}", show.entry.id);
    let get = |what: &str, options: &[&str]| {
        let words = ["hotcold", "cache", "show", show.root, &id].into_iter().chain(options.iter().copied());
        let words: Vec<String> = words.map(str::to_owned).collect();
        format!("{what}: {}", one_line(&command(&words), style))
    };
    if value.form == Form::None {
        let line = get("The value is not text; to get it", &["--raw", "-o", "FILE"]);
        return writeln!(w, "{}", style.dim(&line));
    }
    let text = if style.escape { escape_lines(&value.text) } else { Cow::Borrowed(&*value.text) };
    w.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        writeln!(w)?;
    }
    if value.cut {
        let line = get("Only the beginning is shown; for more", &["--full"]);
        writeln!(w, "\n{}", style.dim(&format!("{line}, or --raw -o FILE")))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    kind: &'a str,
    root: &'a str,
    #[serde(flatten)]
    entry: EntryJson<'a>,
    details: serde_json::Map<String, serde_json::Value>,
    value: Option<ValueJson<'a>>,
}

#[derive(Serialize)]
struct ValueJson<'a> {
    stored_bytes: u64,
    class: Option<&'a str>,
    form: Option<&'static str>,
    text: Option<&'a str>,
    cut: bool,
    runs_code: bool,
    problem: Option<&'a str>,
    findings: Vec<FindingJson<'a>>,
    findings_left_out: u64,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    offset: u64,
    opcode: &'static str,
    action: &'static str,
    name: &'a str,
    dangerous: bool,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { offset, opcode, action, ref name, dangerous } = *finding;
        Self { offset, opcode, action: action.verb(), name, dangerous }
    }
}

/// One document, schema `hotcold.cache.show/1`: what `cache list --json` tells of the entry, and the value.
///
/// # Errors
/// Those of the writer.
pub fn json(show: &Show, w: &mut dyn Write) -> io::Result<()> {
    let value = show.value.map(|value| ValueJson {
        stored_bytes: value.stored_bytes,
        class: value.type_name.as_deref(),
        form: value.form.name(),
        text: (value.form != Form::None).then_some(&*value.text),
        cut: value.cut,
        runs_code: value.runs_code,
        problem: value.problem.as_deref(),
        findings: value.findings.iter().map(FindingJson::from).collect(),
        findings_left_out: value.findings_left_out,
    });
    let document = Document {
        schema: "hotcold.cache.show/1",
        kind: show.kind,
        root: show.root,
        entry: EntryJson::new(show.entry, show.now),
        details: show.details.iter().map(|(name, text)| ((*name).to_owned(), text.as_str().into())).collect(),
        value,
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::cache::{
        model::{EntryId, Label, TimeSource},
        pickle::Action,
    };

    fn shown(entry: &Entry, value: Option<&Preview>, style: Style) -> String {
        let now = Timestamp::from_seconds(1_750_000_000.0).unwrap();
        let show = Show { kind: "cache", root: "/c", entry, details: &[], value, now };
        let mut out = Vec::new();
        text(&show, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn entry() -> Entry {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        Entry {
            key: Label { runs_code: true, ..Label::text("k\n\u{1b}[2J") },
            group: Some("app.f\u{202e}".to_owned()),
            own_bytes: 2048,
            accessed: Some(Time { at: at(1_749_999_000.0), source: TimeSource::Recorded }),
            expiry: Expiry::At(at(1_749_990_000.0)),
            hits: Some(1204),
            tags: Some(vec![Label::text("a"), Label::text("b")]),
            state: State::Corrupt,
            path: Some("aa/\u{1b}c.val".into()),
            value_type: DataType::Pickle,
            ..Entry::new(EntryId::Part(3, 7))
        }
    }

    fn value() -> Preview {
        let finding = |offset| Finding {
            offset,
            opcode: "REDUCE",
            action: Action::Call,
            name: "os.\u{1b}system".to_owned(),
            dangerous: true,
        };
        Preview {
            stored_bytes: 1500,
            form: Form::Text,
            text: "one\ttwo\n\u{1b}[2Jthree".to_owned(),
            cut: true,
            type_name: Some("app.\u{7}X".to_owned()),
            findings: (0..12).map(finding).collect(),
            findings_left_out: 5,
            runs_code: true,
            problem: Some("4 bytes behind the pickle".to_owned()),
        }
    }

    #[test]
    fn nothing_from_outside_drives_the_terminal() {
        let text = shown(&entry(), Some(&value()), Style { escape: true, ..Style::default() });
        assert!(
            text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control() && c != '\u{202e}'),
            "{text}"
        );
        assert_snapshot!(text, @r"
        key            'k\n\x1b[2J'
        key type       text
        id             003:7
        key warning    would run code if Python read it
        group          app.f\u{202e}
        size           2.0 KiB (2,048 bytes)
        stored         not recorded
        last used      16m ago, 2025-06-15T14:50:00.000000Z
        expiry         expired 2h ago, 2025-06-15T12:20:00.000000Z
        hits           1,204
        tag            'a', 'b'
        state          corrupt: its owner cannot read it
        stored in      aa/\u{1b}c.val
        value          pickle (app.\u{7}X), 1.5 KiB (1,500 bytes)
        value warning  4 bytes behind the pickle

        To read the value, Python
          calls os.\u{1b}system (REDUCE at byte 0), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 1), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 2), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 3), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 4), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 5), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 6), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 7), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 8), known as dangerous
          calls os.\u{1b}system (REDUCE at byte 9), known as dangerous
          and 7 more

        one	two
        \u{1b}[2Jthree

        Only the beginning is shown; for more: hotcold cache show /c --id=003:7 --full, or --raw -o FILE
        ");
    }

    #[test]
    fn pipes_get_the_value_as_it_is() {
        let text = shown(&entry(), Some(&value()), Style::default());
        assert!(text.contains("\n\none\ttwo\n\u{1b}[2Jthree\n\n"), "{text}");
        let gone = shown(&entry(), None, Style::default());
        assert!(gone.ends_with("value        pickle, cannot be read\n"), "{gone}");
    }

    #[test]
    fn json_has_the_entry_and_the_value() {
        let now = Timestamp::from_seconds(1_750_000_000.0).unwrap();
        let (entry, value) = (entry(), value());
        let mut out = Vec::new();
        json(
            &Show { kind: "cache", root: "/c", entry: &entry, details: &[], value: Some(&value), now },
            &mut out,
        )
        .unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["schema"], "hotcold.cache.show/1");
        assert_eq!((&document["id"], &document["expired"]), (&"003:7".into(), &true.into()));
        let value = &document["value"];
        assert_eq!(
            (&value["form"], &value["cut"], &value["findings_left_out"]),
            (&"text".into(), &true.into(), &5.into())
        );
        assert_eq!(value["findings"][0]["action"], "calls");
        assert!(out.ends_with(b"}\n"));
    }
}
