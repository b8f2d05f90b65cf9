//! Keys and tags as their program wrote them.

use std::io::Read;

use flate2::read::ZlibDecoder;
use rusqlite::{Connection, types::ValueRef};

use crate::cache::model::{DataType, Label};

/// Rows that are looked at to recognise `JSONDisk`.
const SAMPLE: usize = 20;

/// How a cache's `Disk` class stores keys and values; it is not recorded and has to be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `Disk`: numbers, strings and bytes as they are, everything else pickled.
    Plain,
    /// `JSONDisk`: compressed JSON.
    Json,
}

/// Recognises the encoding by the first keys.
///
/// # Errors
/// SQLite's.
pub(super) fn detect(connection: &Connection) -> rusqlite::Result<Encoding> {
    let sql = format!(
        "SELECT iif(octet_length(key) > {}, NULL, key), raw FROM Cache LIMIT {SAMPLE}",
        Label::LONGEST
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut seen = false;
    while let Some(row) = rows.next()? {
        let json = match (row.get_ref(0)?, row.get_ref(1)?) {
            (ValueRef::Blob(bytes), ValueRef::Integer(1)) => inflate(bytes).is_some_and(|(_, cut)| !cut),
            _ => false,
        };
        if !json {
            return Ok(Encoding::Plain);
        }
        seen = true;
    }
    Ok(if seen { Encoding::Json } else { Encoding::Plain })
}

/// Compressed JSON as text, at most [`Label::LONGEST`] bytes of it, and whether there is more; `None` if it is none.
fn inflate(bytes: &[u8]) -> Option<(String, bool)> {
    if !matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]) {
        return None;
    }
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).take(Label::LONGEST as u64 + 1).read_to_end(&mut text).ok()?;
    let cut = text.len() > Label::LONGEST;
    if !cut {
        serde_json::from_slice::<serde::de::IgnoredAny>(&text).ok()?;
    }
    text.truncate(Label::LONGEST);
    Some((String::from_utf8_lossy(&text).into_owned(), cut))
}

/// Makes `label` the key that is stored as `value`.
pub(super) fn key(label: &mut Label, value: ValueRef<'_>, pickled: bool, encoding: Encoding) {
    match value {
        ValueRef::Blob(bytes) if pickled => pickle(label, bytes),
        ValueRef::Blob(bytes) if encoding == Encoding::Json => match inflate(bytes) {
            Some((text, cut)) => {
                *label = Label { data_type: DataType::Json, text, cut, ..Label::default() };
            }
            None => plain(label, value),
        },
        _ => plain(label, value),
    }
}

/// Makes `label` what is stored as it is.
pub(super) fn plain(label: &mut Label, value: ValueRef<'_>) {
    label.text.clear();
    (label.bytes, label.cut, label.runs_code) = (None, false, false);
    label.data_type = match value {
        // As which SQLite stores NaN, and the library reads as None.
        ValueRef::Null => {
            label.text.push_str("None");
            DataType::None
        }
        ValueRef::Integer(n) => {
            use std::fmt::Write;
            let _ = write!(label.text, "{n}");
            DataType::Integer
        }
        ValueRef::Real(x) => {
            label.text.push_str(&float(x));
            DataType::Float
        }
        ValueRef::Text(bytes) => {
            text(label, bytes);
            DataType::Text
        }
        ValueRef::Blob(bytes) => {
            label.text.push_str(&repr(bytes));
            DataType::Bytes
        }
    };
}

fn text(label: &mut Label, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => label.text.push_str(text),
        Err(_) => {
            label.text.push_str(&String::from_utf8_lossy(bytes));
            label.bytes = Some(bytes.to_vec());
        }
    }
}

/// Makes `label` the key or tag of which only `start` has been read.
pub(super) fn cut(
    label: &mut Label,
    class: &str,
    start: &[u8],
    length: u64,
    pickled: bool,
    encoding: Encoding,
) {
    match class {
        "text" => {
            // A character that is cut in two is left out.
            let whole = (0..4).find_map(|n| {
                start.get(..start.len().checked_sub(n)?).filter(|s| std::str::from_utf8(s).is_ok())
            });
            plain(label, ValueRef::Text(whole.unwrap_or(start)));
        }
        _ if pickled => {
            let text = format!("<pickle of {}>", crate::units::bytes(length));
            *label = Label { data_type: DataType::Pickle, text, ..Label::default() };
        }
        _ if encoding == Encoding::Json => {
            let text = format!("<JSON of {}, compressed>", crate::units::bytes(length));
            *label = Label { data_type: DataType::Json, text, ..Label::default() };
        }
        _ => plain(label, ValueRef::Blob(start)),
    }
    label.cut = true;
}

fn pickle(label: &mut Label, bytes: &[u8]) {
    let text = format!("<pickle of {}>", crate::units::bytes(bytes.len() as u64));
    *label = Label { data_type: DataType::Pickle, text, ..Label::default() };
}

fn float(x: f64) -> String {
    format!("{x:?}")
}

fn repr(bytes: &[u8]) -> String {
    format!("b'{}'", bytes.escape_ascii())
}

/// Makes `group` what a key belongs to: the function of a memoized call, the queue of an `Index`.
pub(super) fn group(group: &mut Option<String>, key: &Label, encoding: Encoding) {
    let _ = (key, encoding);
    *group = None;
}
