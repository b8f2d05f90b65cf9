//! Keys and tags as their program wrote them.

use std::io::Read;

use flate2::read::ZlibDecoder;
use rusqlite::{Connection, types::ValueRef};

use super::Part;
use crate::cache::{
    model::{DataType, Label},
    pickle::{Limits, Pickle, notation},
};

/// Rows that are looked at to recognise `JSONDisk`.
const SAMPLE: usize = 20;

/// Characters of a pickled key that are shown.
const LONGEST_PICKLE: usize = 2000;

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

/// Makes `label` the key that is stored as `value`, and `group` what it belongs to: the function of a memoized call, the queue of an
/// `Index`, the prefix and version of Django.
pub(super) fn key(
    label: &mut Label,
    group: &mut Option<String>,
    value: ValueRef<'_>,
    pickled: bool,
    part: &Part,
) {
    *group = None;
    match value {
        ValueRef::Blob(bytes) if pickled => *group = pickle(label, bytes),
        ValueRef::Blob(bytes) if part.encoding == Encoding::Json => match inflate(bytes) {
            Some((text, cut)) => {
                *label = Label { data_type: DataType::Json, text, cut, ..Label::default() };
            }
            None => plain(label, value),
        },
        ValueRef::Text(_) => {
            plain(label, value);
            *group = queue(&label.text);
            if group.is_none() && part.shard.is_some() {
                *group = django(&label.text);
            }
        }
        _ => plain(label, value),
    }
}

/// The prefix of a key that `push` has made: a name and fifteen digits that count from the middle.
fn queue(key: &str) -> Option<String> {
    let (prefix, number) = key.split_at_checked(key.len().checked_sub(15)?)?;
    let prefix = prefix.strip_suffix('-').filter(|prefix| !prefix.is_empty())?;
    let middle = number.starts_with("4999") || number.starts_with("5000");
    (middle && number.bytes().all(|b| b.is_ascii_digit())).then(|| prefix.to_owned())
}

/// The function of a call that a `DjangoCache` has memoized, else its prefix and version: keys are `prefix:version:key`.
fn django(key: &str) -> Option<String> {
    let (prefix, version, rest) = django_parts(key)?;
    let function = rest.strip_prefix("('").and_then(|rest| rest.split_once('\'')).map(|(name, _)| name);
    let function = function.filter(|name| name.contains('.') && !name.contains(char::is_whitespace));
    Some(function.map_or_else(|| format!("{prefix}:{version}"), str::to_owned))
}

/// Prefix, version and name of a key of Django's.
pub(super) fn django_parts(key: &str) -> Option<(&str, &str, &str)> {
    let (prefix, rest) = key.split_once(':')?;
    let (version, name) = rest.split_once(':')?;
    let is_number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some((prefix, version, name))
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
            label.text.push_str(&notation::float(x));
            DataType::Float
        }
        ValueRef::Text(bytes) => {
            text(label, bytes);
            DataType::Text
        }
        ValueRef::Blob(bytes) => {
            label.text.push_str(&notation::bytes(bytes, usize::MAX).text);
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

/// Shows a pickle as what it would build; its group, if it is a memoized call.
fn pickle(label: &mut Label, bytes: &[u8]) -> Option<String> {
    let pickle = Pickle::read(bytes, Limits::KEY);
    let memoized = pickle.memoized(LONGEST_PICKLE);
    let (shown, group) = match memoized {
        Some(call) => (call.call, Some(call.function)),
        None => (pickle.text(LONGEST_PICKLE), None),
    };
    let mut text = shown.text;
    if pickle.damage().is_some() {
        text = format!("<damaged pickle of {}>", crate::units::bytes(bytes.len() as u64));
    }
    // What is left out stands as a mark in the text already, perhaps in its middle.
    *label = Label { data_type: DataType::Pickle, text, runs_code: pickle.runs_code, ..Label::default() };
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_queues_and_of_django_have_groups() {
        assert_eq!(queue("jobs-500000000000002").as_deref(), Some("jobs"));
        assert_eq!(queue("jobs-499999999999999").as_deref(), Some("jobs"));
        for key in [
            "500000000000002",
            "-500000000000002",
            "jobs-50000000000000x",
            "jobs-100000000000000",
            "日本語日本語",
        ] {
            assert_eq!(queue(key), None, "{key}");
        }
        assert_eq!(django("site:2:page").as_deref(), Some("site:2"));
        assert_eq!(django(":1:('app.fetch', 1, None)").as_deref(), Some("app.fetch"));
        assert_eq!((django("a:b:c"), django("http://x"), django("::x")), (None, None, None));
    }

    #[test]
    fn json_keys_are_shown_as_json() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zlib, br#"["a", 1]"#).unwrap();
        assert_eq!(inflate(&zlib.finish().unwrap()), Some((r#"["a", 1]"#.to_owned(), false)));
        assert_eq!(inflate(b"\x78\x9cnothing"), None);
    }

    #[test]
    fn half_a_character_is_left_out() {
        let mut label = Label::default();
        cut(&mut label, "text", "日本".as_bytes().get(..5).unwrap(), 6, false, Encoding::Plain);
        assert_eq!((label.text.as_str(), label.cut, &label.bytes), ("日", true, &None));
    }
}
