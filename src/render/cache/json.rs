//! What the JSON of all cache commands has in common.

use std::path::Path;

use serde::Serialize;

use crate::{
    cache::model::{Entry, Expiry, Label, State, Time, TimeSource, Timestamp},
    units,
};

/// Text that may not be UTF-8: a string, or `{"bytes": base64}`.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::render) enum Text<'a> {
    /// UTF-8.
    Plain(&'a str),
    /// Anything else.
    Bytes {
        /// In base64.
        bytes: String,
    },
}

impl<'a> Text<'a> {
    /// A key or tag: the string itself, or how its language writes it.
    pub(in crate::render) fn label(label: &'a Label) -> Self {
        match &label.bytes {
            None => Self::Plain(&label.text),
            Some(bytes) => Self::Bytes { bytes: base64(bytes) },
        }
    }

    /// A path.
    pub(in crate::render) fn path(path: &'a Path) -> Self {
        use std::os::unix::ffi::OsStrExt;

        match path.to_str() {
            Some(text) => Self::Plain(text),
            None => Self::Bytes { bytes: base64(path.as_os_str().as_bytes()) },
        }
    }
}

/// Bytes in base64 with padding, RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * i) & 63) as usize).copied().unwrap_or(b'=');
            out.push(char::from(if i <= chunk.len() { digit } else { b'=' }));
        }
    }
    out
}

/// An entry: a line of `cache list --json`, the beginning of `cache show --json`.
#[derive(Serialize)]
pub(in crate::render) struct EntryJson<'a> {
    id: String,
    key: Text<'a>,
    key_type: &'static str,
    key_cut: bool,
    runs_code: bool,
    group: Option<&'a str>,
    note: Option<&'a str>,
    size_bytes: u64,
    value_type: &'static str,
    created_at: Option<String>,
    accessed_at: Option<String>,
    accessed_source: Option<&'static str>,
    expires_at: Option<String>,
    expiry: &'static str,
    expired: bool,
    hits: Option<u64>,
    tags: Option<Vec<Text<'a>>>,
    state: &'static str,
    state_sure: bool,
    path: Option<Text<'a>>,
}

impl<'a> EntryJson<'a> {
    /// The entry as of `now`.
    pub(in crate::render) fn new(entry: &'a Entry, now: Timestamp) -> Self {
        let (expiry, expires) = match entry.expiry {
            Expiry::Never => ("never", None),
            Expiry::At(at) => ("at", Some(at)),
            Expiry::NotRecorded => ("not recorded", None),
        };
        let (state, state_sure) = state(entry.state);
        Self {
            id: entry.id.to_string(),
            key: Text::label(&entry.key),
            key_type: entry.key.data_type.name(),
            key_cut: entry.key.cut,
            runs_code: entry.key.runs_code,
            group: entry.group.as_deref(),
            note: entry.note.as_deref(),
            size_bytes: entry.size_bytes(),
            value_type: entry.value_type.name(),
            created_at: entry.created.and_then(|time| moment(time.at)),
            accessed_at: entry.accessed.and_then(|time| moment(time.at)),
            accessed_source: entry.accessed.map(source),
            expires_at: expires.and_then(moment),
            expiry,
            expired: entry.expiry.is_past(now),
            hits: entry.hits,
            tags: entry.tags.as_ref().map(|tags| tags.iter().map(Text::label).collect()),
            state,
            state_sure,
            path: entry.path.as_deref().map(Text::path),
        }
    }
}

/// RFC 3339, where the year has four digits.
pub(in crate::render) fn moment(at: Timestamp) -> Option<String> {
    units::rfc3339(at.seconds())
}

fn source(time: Time) -> &'static str {
    match time.source {
        TimeSource::Recorded => "recorded",
        TimeSource::Mtime => "mtime",
        TimeSource::Atime => "atime",
        TimeSource::Btime => "btime",
    }
}

fn state(state: State) -> (&'static str, bool) {
    match state {
        State::Ok => ("ok", true),
        State::Stale { sure } => ("stale", sure),
        State::Partial => ("partial", true),
        State::Corrupt => ("corrupt", true),
        State::Pinned => ("pinned", true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_base64() {
        let cases: [(&[u8], &str); 5] =
            [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xfe\xfd\xfc", "//79/A==")];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes), text);
        }
    }
}
