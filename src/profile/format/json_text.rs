//! What the formats made of JSON share.

use serde::de::DeserializeOwned;

/// Most bytes of a JSON file: numbers take several times their text in memory, and no viewer opens as much.
pub(super) const MOST_BYTES: usize = 256 << 20;

/// Whether the first key of the object that begins here is one of these.
pub(super) fn first_key_is(beginning: &[u8], keys: &[&str]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let Some(key) = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start).and_then(|t| t.strip_prefix(b"\""))
    else {
        return false;
    };
    let end = memchr::memchr(b'"', key).unwrap_or(key.len());
    key.get(..end).is_some_and(|key| keys.iter().any(|known| known.as_bytes() == key))
}

/// A whole document.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if bytes.len() > MOST_BYTES {
        return Err(super::too_large(MOST_BYTES as u64));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| match error.is_eof() {
        true => "cut short".to_owned(),
        false => format!("damaged: {error}"),
    })
}

/// A number of a unit as whole nanoseconds: 0 for what is negative or no number.
pub(super) fn nanoseconds(value: f64, unit_ns: f64) -> u64 {
    // A cast saturates, and makes 0 of what is no number.
    (value * unit_ns).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_tells_the_format() {
        assert!(first_key_is(b" {\n \"meta\": {", &["libs", "meta"]));
        for other in [&b"{\"metal\": 1"[..], b"[\"meta\"]", b"{", b"", b"{\"me"] {
            assert!(!first_key_is(other, &["meta"]), "{other:?}");
        }
    }

    #[test]
    fn numbers_of_any_kind_become_nanoseconds() {
        assert_eq!(
            [1.5, -1.0, f64::NAN, f64::INFINITY].map(|n| nanoseconds(n, 1e6)),
            [1_500_000, 0, 0, u64::MAX]
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_a_line() {
        assert_eq!(parse::<Vec<u8>>(b"[1, 2").unwrap_err(), "cut short");
        assert!(parse::<Vec<u8>>(b"[1, x]").unwrap_err().starts_with("damaged: expected value at line 1"));
    }
}
