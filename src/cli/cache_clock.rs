//! The clock of the cache commands, which tests can set.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cache::model::Timestamp;

/// This moment.
pub(super) fn now() -> Timestamp {
    from_system(SystemTime::now())
}

fn from_system(time: SystemTime) -> Timestamp {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    };
    Timestamp::from_seconds(seconds).unwrap_or_default()
}

/// A moment as it is typed: RFC 3339, also without its time or zone, or seconds since 1970.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    if let Some(at) = text.parse::<f64>().ok().and_then(Timestamp::from_seconds) {
        return Ok(at);
    }
    humantime::parse_rfc3339_weak(text)
        .map(from_system)
        .map_err(|_| "not a time such as 2025-06-15T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_or_seconds() {
        for text in ["1750000000", "2025-06-15T15:06:40Z", "2025-06-15 15:06:40"] {
            assert_eq!(time(text).map(Timestamp::seconds), Ok(1_750_000_000.0), "{text}");
        }
        for text in ["", "soon", "nan", "inf", "2025-13-01T00:00:00Z"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
