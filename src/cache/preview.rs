//! A stored value as something to read: text, JSON, or a Python object in Python's notation; or the word that it is none of these.
//!
//! Nothing is unpickled, at most [`MOST_BYTES`] are read, and compressed data is unpacked no further than it is shown.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read},
};

use flate2::read::ZlibDecoder;

use super::{
    model::DataType,
    pickle::{Finding, Limits, Pickle, Shown, notation},
    store::Value,
};

/// Most bytes of a value that are looked at.
pub const MOST_BYTES: u64 = 256 << 20;

/// Most bytes that are unpacked to find out whether bytes are compressed JSON.
const MOST_PROBED: usize = 1 << 20;

/// Bytes up to which a value that is no text is shown all the same.
const SHORT_BYTES: usize = 256;

/// A value to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Bytes as stored: compressed or pickled where its owner did that.
    pub stored_bytes: u64,
    /// How `text` is to be read.
    pub form: Form,
    /// The value; hostile where its form is [`Form::Text`] or [`Form::Json`].
    pub text: String,
    /// Whether something is left out of `text`.
    pub cut: bool,
    /// The Python class, as far as it is known; hostile.
    pub type_name: Option<String>,
    /// What Python would import or call if it read the value.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_left_out: u64,
    /// Whether reading it in Python would run code beyond the making of plain objects.
    pub runs_code: bool,
    /// What is wrong with it, in a few words.
    pub problem: Option<String>,
}

/// How the text of a [`Preview`] is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// There is none.
    #[default]
    None,
    /// As it is.
    Text,
    /// JSON, unpacked where it was compressed.
    Json,
    /// Python's notation.
    Python,
}

impl Form {
    /// Its name in JSON.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Text => Some("text"),
            Self::Json => Some("json"),
            Self::Python => Some("python"),
        }
    }
}

/// Looks at a value that its owner stored as `data_type`; about `budget` characters of it are shown.
///
/// # Errors
/// Those of reading its file.
pub fn preview(value: Value, data_type: DataType, budget: usize) -> io::Result<Preview> {
    let mut stored = match value {
        Value::Text(text) => return Ok(number(text, data_type)),
        Value::Inline(bytes) => Stored::Inline(bytes),
        Value::File(file, length) => Stored::File(file, length),
    };
    let stored_bytes = stored.length();
    let preview = match data_type {
        DataType::Pickle => pickle(&mut stored, budget)?,
        DataType::Json => json(&mut stored, budget)?,
        DataType::Text => text(&mut stored, budget)?,
        _ => bytes(&mut stored, budget)?,
    };
    Ok(Preview { stored_bytes, ..preview })
}

enum Stored {
    Inline(Vec<u8>),
    File(File, u64),
}

impl Stored {
    fn length(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// At most `most` bytes from the beginning; asked once.
    fn head(&mut self, most: u64) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Inline(bytes) => {
                let end = bytes.len().min(usize::try_from(most).unwrap_or(usize::MAX));
                Ok(Cow::Borrowed(&bytes[..end]))
            }
            Self::File(file, _) => {
                let mut head = Vec::new();
                file.take(most).read_to_end(&mut head)?;
                Ok(Cow::Owned(head))
            }
        }
    }
}

fn number(text: String, data_type: DataType) -> Preview {
    let type_name = match data_type {
        DataType::Integer => "int",
        DataType::Float => "float",
        _ => "NoneType",
    };
    Preview { form: Form::Python, text, type_name: Some(type_name.to_owned()), ..Preview::default() }
}

fn pickle(stored: &mut Stored, budget: usize) -> io::Result<Preview> {
    let whole = stored.length() <= MOST_BYTES;
    let head = stored.head(MOST_BYTES)?;
    let pickle = Pickle::read(&head, Limits::VALUE);
    let Shown { text, cut } = pickle.text(budget);
    let problem = match pickle.damage() {
        Some(_) if !whole => {
            Some(format!("only its first {} were looked at", crate::units::bytes(MOST_BYTES)))
        }
        Some(damage) => Some(format!("damaged pickle: {damage}")),
        None if pickle.trailing > 0 => {
            Some(format!("{} behind the pickle", crate::units::plural(pickle.trailing, "byte", "bytes")))
        }
        None => None,
    };
    let readable = pickle.damage().is_none();
    Ok(Preview {
        form: if readable { Form::Python } else { Form::None },
        text,
        cut,
        type_name: readable.then(|| pickle.type_name()),
        runs_code: pickle.runs_code,
        findings_left_out: pickle.findings_left_out,
        findings: pickle.findings,
        problem,
        ..Preview::default()
    })
}

fn text(stored: &mut Stored, budget: usize) -> io::Result<Preview> {
    let length = stored.length();
    let head = stored.head(reach(budget))?;
    let more = length > head.len() as u64;
    let bad = first_bad(&head, more);
    let problem = bad.map(|at| format!("not UTF-8 at byte {at}"));
    let (text, cut) = cut_text(&String::from_utf8_lossy(&head), budget, more);
    Ok(Preview {
        form: Form::Text,
        text,
        cut,
        type_name: Some("str".to_owned()),
        problem,
        ..Preview::default()
    })
}

/// Bytes that hold `budget` characters.
fn reach(budget: usize) -> u64 {
    (budget as u64).saturating_mul(4).saturating_add(4).min(MOST_BYTES)
}

/// Where a text stops to be UTF-8; a character that is cut at the end does not count where there is `more`.
fn first_bad(bytes: &[u8], more: bool) -> Option<usize> {
    let error = std::str::from_utf8(bytes).err()?;
    (error.error_len().is_some() || !more).then(|| error.valid_up_to())
}

fn cut_text(text: &str, budget: usize, more: bool) -> (String, bool) {
    match text.char_indices().nth(budget) {
        Some((end, _)) => (text[..end].to_owned(), true),
        // The last character may be cut in two.
        None if more => (text.trim_end_matches('\u{fffd}').to_owned(), true),
        None => (text.to_owned(), false),
    }
}

/// What `JSONDisk` stores: compressed JSON.
fn json(stored: &mut Stored, budget: usize) -> io::Result<Preview> {
    let head = stored.head(MOST_BYTES)?;
    let mut unpacked = Vec::new();
    let limit = reach(budget);
    let outcome = ZlibDecoder::new(&*head).take(limit + 1).read_to_end(&mut unpacked);
    if outcome.is_err() {
        return Ok(plain_bytes(&head, head.len() as u64, budget, Some("not compressed JSON".to_owned())));
    }
    let more = unpacked.len() as u64 > limit;
    unpacked.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let valid = more || serde_json::from_slice::<serde::de::IgnoredAny>(&unpacked).is_ok();
    let problem = (!valid).then(|| "not JSON".to_owned());
    let (text, cut) = cut_text(&String::from_utf8_lossy(&unpacked), budget, more);
    Ok(Preview {
        form: if valid { Form::Json } else { Form::Text },
        text,
        cut,
        problem,
        ..Preview::default()
    })
}

/// Bytes of which nothing more is known: text or JSON where they are, compressed or not.
fn bytes(stored: &mut Stored, budget: usize) -> io::Result<Preview> {
    let length = stored.length();
    let head = stored.head(reach(budget).max(MOST_PROBED as u64))?;
    if let Some(text) = compressed_json(&head) {
        let (text, cut) = cut_text(&text, budget, false);
        let type_name = Some("bytes, compressed JSON".to_owned());
        return Ok(Preview { form: Form::Json, text, cut, type_name, ..Preview::default() });
    }
    Ok(plain_bytes(&head, length, budget, None))
}

fn plain_bytes(head: &[u8], length: u64, budget: usize, problem: Option<String>) -> Preview {
    let more = length > head.len() as u64;
    let preview = Preview { type_name: Some("bytes".to_owned()), problem, ..Preview::default() };
    let odd = |b: &u8| matches!(b, 0..0x09 | 0x0b | 0x0c | 0x0e..0x20 | 0x7f);
    if !head.is_empty() && first_bad(head, more).is_none() && !head.iter().any(odd) {
        let text = String::from_utf8_lossy(head);
        let is_json = !more && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let (text, cut) = cut_text(&text, budget, more);
        return Preview { form: if is_json { Form::Json } else { Form::Text }, text, cut, ..preview };
    }
    if more || head.len() > SHORT_BYTES {
        return preview;
    }
    let Shown { text, cut } = notation::bytes(head, budget);
    Preview { form: Form::Python, text, cut, ..preview }
}

fn compressed_json(bytes: &[u8]) -> Option<String> {
    if !matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]) {
        return None;
    }
    let mut unpacked = Vec::new();
    ZlibDecoder::new(bytes).take(MOST_PROBED as u64 + 1).read_to_end(&mut unpacked).ok()?;
    serde_json::from_slice::<serde::de::IgnoredAny>(&unpacked).ok()?;
    String::from_utf8(unpacked).ok().filter(|text| text.len() <= MOST_PROBED)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    fn look(bytes: &[u8], data_type: DataType, budget: usize) -> Preview {
        let inline = preview(Value::Inline(bytes.to_vec()), data_type, budget).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        let filed = preview(Value::File(file, bytes.len() as u64), data_type, budget).unwrap();
        assert_eq!(inline, filed);
        assert_eq!(inline.stored_bytes, bytes.len() as u64);
        inline
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[track_caller]
    fn is(preview: &Preview, form: Form, text: &str, cut: bool) {
        assert_eq!((preview.form, preview.text.as_str(), preview.cut), (form, text, cut), "{preview:?}");
    }

    #[test]
    fn text_is_shown_as_it_is_up_to_the_budget() {
        is(&look("a\nü".as_bytes(), DataType::Text, 100), Form::Text, "a\nü", false);
        is(&look("日本語の".as_bytes(), DataType::Text, 3), Form::Text, "日本語", true);
        is(&look("日本語".as_bytes(), DataType::Text, 3), Form::Text, "日本語", false);
        let long = "é".repeat(1000);
        is(&look(long.as_bytes(), DataType::Text, 10), Form::Text, &"é".repeat(10), true);
        let bad = look(b"ab\xffc", DataType::Text, 100);
        assert_eq!(bad.problem.as_deref(), Some("not UTF-8 at byte 2"));
    }

    #[test]
    fn bytes_are_text_json_notation_or_nothing() {
        is(&look(b"plain\ttext\n", DataType::Bytes, 100), Form::Text, "plain\ttext\n", false);
        is(&look(b"{\"a\": [1]}", DataType::Bytes, 100), Form::Json, "{\"a\": [1]}", false);
        is(&look(&zlib(b"{\"a\": [1]}"), DataType::Bytes, 100), Form::Json, "{\"a\": [1]}", false);
        is(&look(b"\x00\xff", DataType::Bytes, 100), Form::Python, "b'\\x00\\xff'", false);
        is(&look(b"", DataType::Bytes, 100), Form::Python, "b''", false);
        is(&look(&[0; 1000], DataType::Bytes, 100), Form::None, "", false);
        is(&look(b"\x1b[2J", DataType::Bytes, 100), Form::Python, "b'\\x1b[2J'", false);
    }

    #[test]
    fn compressed_json_is_unpacked_no_further_than_it_is_shown() {
        is(&look(&zlib(b"[1, 2]"), DataType::Json, 100), Form::Json, "[1, 2]", false);
        let bomb = zlib(&b"[0,".repeat(20_000_000));
        is(&look(&bomb, DataType::Json, 6), Form::Json, "[0,[0,", true);
        is(&look(&bomb, DataType::Bytes, 6), Form::None, "", false);
        let none = look(b"plain", DataType::Json, 100);
        is(&none, Form::Text, "plain", false);
        assert_eq!(none.problem.as_deref(), Some("not compressed JSON"));
    }

    #[test]
    fn pickles_are_shown_in_pythons_notation_with_what_they_would_do() {
        let plain = look(b"(S'a'\nK\x01d.", DataType::Pickle, 100);
        is(&plain, Form::Python, "{'a': 1}", false);
        assert_eq!((plain.type_name.as_deref(), plain.findings.len()), (Some("dict"), 0));
        let evil = look(b"cos\nsystem\n(S'id'\ntR.", DataType::Pickle, 100);
        is(&evil, Form::Python, "os.system('id')", false);
        assert!(evil.runs_code);
        assert_eq!(evil.findings.len(), 2);
        let damaged = look(b"cos\nsystem\n(S'id'\ntR", DataType::Pickle, 100);
        is(&damaged, Form::None, "", false);
        assert!(damaged.runs_code);
        assert_eq!(damaged.problem.as_deref(), Some("damaged pickle: the data ends early at byte 20"));
        let behind = look(b"N.rest", DataType::Pickle, 100);
        assert_eq!(behind.problem.as_deref(), Some("4 bytes behind the pickle"));
    }

    #[test]
    fn numbers_come_as_text() {
        let number = preview(Value::Text("42".to_owned()), DataType::Integer, 10).unwrap();
        is(&number, Form::Python, "42", false);
        assert_eq!(number.type_name.as_deref(), Some("int"));
    }
}
