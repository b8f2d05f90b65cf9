//! What programs and hotcold tell in JSON.

use serde_json::Value;

/// JSON that a command printed or wrote.
///
/// # Panics
/// If it is none.
pub(crate) fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(text)))
}

/// A number of a JSON document.
///
/// # Panics
/// If there is none of this name.
pub(crate) fn number(document: &Value, name: &str) -> f64 {
    document[name].as_f64().unwrap_or_else(|| panic!("no number `{name}` in {document}"))
}
