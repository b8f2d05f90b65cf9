//! What the formats made of JSON share.

use std::{fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};

/// Most bytes of a JSON file: numbers take several times their text in memory, and no viewer opens as much.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// A list of at most `MOST` elements: those that take much more memory than text, such as `{}` of a thread without anything.
#[derive(Debug)]
pub(super) struct AtMost<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Default for AtMost<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Deref for AtMost<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for AtMost<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    super::limit(elements.len(), MOST, "elements in a list").map_err(A::Error::custom)?;
                    elements.push(element);
                }
                Ok(elements)
            }
        }
        deserializer.deserialize_seq(Elements::<T, MOST>(PhantomData)).map(Self)
    }
}

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
    if bytes.len() as u64 > MOST_BYTES {
        return Err(super::too_large(MOST_BYTES));
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
    fn lists_have_bounds() {
        assert_eq!(parse::<AtMost<u8, 3>>(b"[1, 2, 3]").unwrap()[..], [1, 2, 3]);
        let error = parse::<AtMost<u8, 3>>(b"[1, 2, 3, 4]").unwrap_err();
        assert!(error.starts_with("damaged: it holds more than 3 elements in a list"), "{error}");
        assert!(parse::<AtMost<u8, 3>>(b"{}").is_err());
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
