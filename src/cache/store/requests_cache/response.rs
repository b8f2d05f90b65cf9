//! A stored response: which one it is, as far as its serializer lets anybody see. Nothing of it is run.

use serde::Deserialize;
use serde_json::error::Category;

use crate::cache::{
    model::{DataType, Entry, Expiry, Label, State, Time, TimeSource, Timestamp},
    pickle::{Limits, Pickle, Plain},
};

/// How far a pickle is looked into.
const LIMITS: Limits = Limits { opcodes: 1_000_000, memory: 16 << 20, kept_items: 1000, findings: 8 };
/// Bytes of a URL that are kept.
const LONGEST: usize = 8192;

/// What a stored response says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Response {
    pub(super) url: String,
    pub(super) method: String,
    /// Status and reason: `200 OK`.
    pub(super) status: String,
    pub(super) created: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
}

/// What the bytes are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored {
    /// A response in a pickle or in JSON.
    Response(DataType, Response),
    /// Something that has no end, so that its owner cannot read it; why.
    Damaged(DataType, String),
    /// Of another serializer.
    Unknown,
}

/// Reads stored bytes.
pub(super) fn read(bytes: &[u8]) -> Stored {
    match bytes {
        [0x80, 2..=5, ..] => unpickle(bytes),
        [b'{', ..] => parse(bytes),
        _ => Stored::Unknown,
    }
}

fn unpickle(bytes: &[u8]) -> Stored {
    let pickle = Pickle::read(bytes, LIMITS);
    if let Some(damage) = pickle.damage() {
        return Stored::Damaged(DataType::Pickle, format!("its pickle is damaged: {damage}"));
    }
    let text = |path: &[&str]| match pickle.field(path) {
        Some(Plain::Text(text)) => Some(text),
        _ => None,
    };
    let Some(url) = text(&["request", "url"]).or_else(|| text(&["url"])) else { return Stored::Unknown };
    let status = match pickle.field(&["status_code"]) {
        Some(Plain::Integer(code)) => Some(code),
        _ => None,
    };
    let time = |name: &str| text(&[name]).as_deref().and_then(moment);
    let response = Response {
        url,
        method: text(&["request", "method"]).unwrap_or_default(),
        status: status_line(status, text(&["reason"])),
        created: time("created_at"),
        expires: time("expires"),
    };
    Stored::Response(DataType::Pickle, response)
}

/// The parts of the JSON that are of interest.
#[derive(Deserialize)]
struct Json {
    url: Option<String>,
    status_code: Option<i64>,
    reason: Option<String>,
    created_at: Option<String>,
    expires: Option<String>,
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    url: Option<String>,
}

fn parse(bytes: &[u8]) -> Stored {
    let json: Json = match serde_json::from_slice(bytes) {
        Ok(json) => json,
        Err(error) if error.classify() == Category::Eof => {
            return Stored::Damaged(DataType::Json, "its JSON has no end".to_owned());
        }
        Err(_) => return Stored::Unknown,
    };
    let (method, url) = json.request.map(|request| (request.method, request.url)).unwrap_or_default();
    let Some(url) = url.or(json.url) else { return Stored::Unknown };
    let response = Response {
        url,
        method: method.unwrap_or_default(),
        status: status_line(json.status_code, json.reason),
        created: json.created_at.as_deref().and_then(moment),
        expires: json.expires.as_deref().and_then(moment),
    };
    Stored::Response(DataType::Json, response)
}

fn status_line(code: Option<i64>, reason: Option<String>) -> String {
    let code = code.map(|code| code.to_string());
    code.into_iter().chain(reason).collect::<Vec<_>>().join(" ")
}

/// A moment as Python writes one: `2026-11-28T01:47:31.264933+00:00`, without an offset in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let (clock, offset) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
        Some((clock, zone)) if zone.starts_with(['+', '-']) => (clock, offset(zone)?),
        _ => (text.strip_suffix('Z').unwrap_or(text), 0.0),
    };
    let utc = humantime::parse_rfc3339_weak(clock).ok()?;
    let since = utc.duration_since(std::time::UNIX_EPOCH).ok()?;
    Timestamp::from_seconds(since.as_secs_f64() - offset)
}

/// Seconds that `+02:00` is ahead.
fn offset(zone: &str) -> Option<f64> {
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let seconds =
        f64::from(hours.parse::<u8>().ok()?) * 3600.0 + f64::from(minutes.parse::<u8>().ok()?) * 60.0;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

impl Stored {
    /// Writes what is known into an entry whose key is `hash` so far; whether it tells when it expires.
    pub(super) fn describe(self, entry: &mut Entry, hash: &str) {
        match self {
            Self::Response(data_type, response) => {
                entry.value_type = data_type;
                let mut url = response.url;
                let cut = url.len() > LONGEST;
                let end = (0..=LONGEST.min(url.len())).rev().find(|&end| url.is_char_boundary(end));
                url.truncate(end.unwrap_or(0));
                entry.group = host(&url);
                entry.key = Label { data_type: DataType::Name, text: url, cut, ..Label::default() };
                entry.note = Some(format!("{} {}", response.method, response.status).trim().to_owned());
                entry.created = response.created.map(|at| Time { at, source: TimeSource::Recorded });
                entry.expiry = response.expires.map_or(Expiry::Never, Expiry::At);
            }
            Self::Damaged(data_type, why) => {
                (entry.value_type, entry.state, entry.note) = (data_type, State::Corrupt, Some(why));
                entry.key = name(hash);
            }
            Self::Unknown => {
                (entry.value_type, entry.key) = (DataType::Other, name(hash));
            }
        }
    }
}

fn name(hash: &str) -> Label {
    Label { data_type: DataType::Name, text: hash.to_owned(), ..Label::default() }
}

/// The host of a URL, with its port.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    // What stands before it is a password.
    let host = host.rsplit('@').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_with_and_without_offsets_are_read() {
        let seconds = |text: &str| moment(text).map(Timestamp::seconds);
        assert_eq!(seconds("1970-01-01T00:01:00.5+00:00"), Some(60.5));
        assert_eq!(seconds("1970-01-01T02:01:00+02:00"), Some(60.0));
        assert_eq!(seconds("1970-01-01T00:01:00"), Some(60.0));
        for text in ["", "+", "soon", "1970-01-01T00:01:00+aa:bb", "é+00:00", "0000-00-00T00:00:00Z"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn json_is_read_as_far_as_it_is_of_interest() {
        let json =
            br#"{"_content": "eA==", "url": "http://u:p@h:1/x?y", "status_code": 404, "reason": "Not Found",
            "created_at": "1970-01-01T00:00:09+00:00", "request": {"method": "POST", "headers": {}}}"#;
        let mut entry = Entry::new(crate::cache::model::EntryId::Row(1));
        read(json).describe(&mut entry, "hash");
        assert_eq!((&*entry.key.text, entry.group.as_deref()), ("http://u:p@h:1/x?y", Some("h:1")));
        assert_eq!((entry.note.as_deref(), entry.expiry), (Some("POST 404 Not Found"), Expiry::Never));
        assert!(matches!(read(&json[..60]), Stored::Damaged(DataType::Json, _)));
        for other in [&b"{\"a\": 1}"[..], b"{]", b"- yaml", b"", b"\x80"] {
            assert_eq!(read(other), Stored::Unknown);
        }
        assert!(matches!(read(b"\x80\x04\x95"), Stored::Damaged(DataType::Pickle, _)));
    }
}
