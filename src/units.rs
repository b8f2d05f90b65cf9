//! Byte sizes, durations and counts as people read and type them.

use std::time::Duration;

/// `n` bytes in binary units with one decimal: `512 B`, `1.5 KiB`, `3.1 GiB`.
pub fn bytes(n: u64) -> String {
    let mut out = String::with_capacity(12);
    push_bytes(&mut out, n);
    out
}

/// Appends what [`bytes`] gives. Tables of a million rows are why this and its neighbours do without the formatting machinery.
pub fn push_bytes(out: &mut String, n: u64) {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let power = (n.max(1).ilog2() / 10).min(5);
    if power == 0 {
        push_number(out, n);
    } else {
        let unit = 1_u128 << (10 * power);
        let tenths = (u128::from(n) * 10 + unit / 2) / unit;
        push_number(out, (tenths / 10) as u64);
        out.push('.');
        push_number(out, (tenths % 10) as u64);
    }
    out.push(' ');
    out.push_str(UNITS.get(power as usize).copied().unwrap_or("B"));
}

/// Appends `n` in decimal.
pub fn push_number(out: &mut String, n: u64) {
    let digit = |n: u64| char::from(b'0' + (n % 10) as u8);
    // Most numbers of a table are short.
    if n < 100 {
        if n >= 10 {
            out.push(digit(n / 10));
        }
        out.push(digit(n));
        return;
    }
    let mut digits = [0_u8; 20];
    let (mut left, mut first) = (n, digits.len());
    for (i, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (left % 10) as u8;
        (left, first) = (left / 10, i);
        if left == 0 {
            break;
        }
    }
    out.push_str(digits.get(first..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default());
}

/// What [`bytes`] means the other way round, as people type it: `500MB` and `500M` in powers of 1000, `1GiB` in powers of 1024,
/// `1.5 GB`, `2048`. `None` for anything else, and for more than a `u64` holds.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (prefix, base) = match unit.strip_suffix("ib") {
        Some(prefix) => (prefix, 1024_u64),
        None => (unit.strip_suffix('b').unwrap_or(&unit), 1000),
    };
    let power = ["", "k", "m", "g", "t", "p"].iter().position(|known| *known == prefix)?;
    let factor = base.pow(u32::try_from(power).ok()?);
    if base == 1024 && power == 0 {
        return None;
    }
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let value = number.parse::<f64>().ok()? * factor as f64;
    (value < u64::MAX as f64).then_some(value as u64)
}

/// `n` with thousands separators: `1,204`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `n` things, with the noun in the right number: `1 sample`, `1,204 samples`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// What people type for a duration: `30d`, `12h`, `1h 30m`. `None` for anything else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// A duration for a header: `812 ms`, `3.42 s`, `2m 05s`, `1h 02m 03s`.
pub fn duration(d: Duration) -> String {
    let seconds = d.as_secs_f64();
    if seconds < 0.9995 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 59.995 {
        return format!("{seconds:.2} s");
    }
    let whole = seconds.round() as u64;
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60);
    if h > 0 { format!("{h}h {m:02}m {s:02}s") } else { format!("{m}m {s:02}s") }
}

/// A span of time for a narrow column, in its biggest unit: `12s`, `5m`, `3h`, `2d`, `2.3y`, `19y`. At most five
/// characters. The sign is dropped.
pub fn span(seconds: f64) -> String {
    let mut out = String::with_capacity(8);
    push_span(&mut out, seconds);
    out
}

/// Appends what [`span`] gives.
pub fn push_span(out: &mut String, seconds: f64) {
    const DAY: f64 = 86_400.0;
    const YEAR: f64 = 365.25 * DAY;
    let s = seconds.abs();
    let (n, unit) = match s {
        s if s < 60.0 => (s as u64, 's'),
        s if s < 3600.0 => ((s / 60.0) as u64, 'm'),
        s if s < 2.0 * DAY => ((s / 3600.0) as u64, 'h'),
        s if s < 730.0 * DAY => ((s / DAY) as u64, 'd'),
        s if s < 10.0 * YEAR => {
            let tenths = (s / YEAR * 10.0) as u64;
            push_number(out, tenths / 10);
            out.push('.');
            (tenths % 10, 'y')
        }
        s if s < 1000.0 * YEAR => ((s / YEAR) as u64, 'y'),
        _ => return out.push_str(">999y"),
    };
    push_number(out, n);
    out.push(unit);
}

/// Seconds since 1970 as RFC 3339 in UTC with microseconds, `2025-06-15T15:06:40.000000Z`; `None` outside of the years 0 to 9999.
pub fn rfc3339(seconds: f64) -> Option<String> {
    const FIRST: f64 = -62_167_219_200.0;
    const END: f64 = 253_402_300_800.0;
    let micros = (seconds * 1e6).round();
    if !(FIRST * 1e6..END * 1e6).contains(&micros) {
        return None;
    }
    let micros = micros as i64;
    let (whole, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, second) = (whole.div_euclid(86_400), whole.rem_euclid(86_400));
    // Days from 0000-03-01, in eras of 400 years, which all have the same days: months then begin with March.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + next;
    let mut out = String::with_capacity(27);
    let parts =
        [(year, 4, '-'), (month, 2, '-'), (day, 2, 'T'), (second / 3600, 2, ':'), (second / 60 % 60, 2, ':')];
    for (n, digits, end) in parts.into_iter().chain([(second % 60, 2, '.'), (micros, 6, 'Z')]) {
        push_padded(&mut out, n, digits);
        out.push(end);
    }
    Some(out)
}

/// Appends `n` with leading zeros.
fn push_padded(out: &mut String, n: i64, digits: u32) {
    for power in (0..digits).rev() {
        let digit = n / 10_i64.pow(power) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(plural(1, "sample", "samples"), "1 sample");
        assert_eq!(plural(2000, "sample", "samples"), "2,000 samples");
    }

    #[test]
    fn durations_carry_their_unit() {
        let cases = [(0, "0 ms"), (812, "812 ms"), (999, "999 ms"), (3420, "3.42 s"), (125_000, "2m 05s")];
        for (ms, text) in cases {
            assert_eq!(duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(duration(Duration::from_secs(3723)), "1h 02m 03s");
    }

    #[test]
    fn sizes_are_read_as_typed() {
        let cases = [
            ("0", 0),
            ("2048", 2048),
            ("500MB", 500_000_000),
            ("1GiB", 1 << 30),
            ("1.5 kb", 1500),
            ("3b", 3),
        ];
        for (text, n) in cases {
            assert_eq!(parse_bytes(text), Some(n), "{text}");
        }
        for text in ["", "MB", "-1", "1..2", "1XB", "1ib", "99999999PB", "inf", "1e9"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_use_binary_units() {
        let cases =
            [(0, "0 B"), (512, "512 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (u64::MAX, "16384.0 PiB")];
        for (n, text) in cases {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn spans_fit_a_narrow_column() {
        let cases = [
            (0.0, "0s"),
            (59.9, "59s"),
            (-3600.0, "1h"),
            (7200.0 * 20.0, "40h"),
            (86_400.0 * 9.5, "9d"),
            (1e8, "3.1y"),
            (6.3e8, "19y"),
            (3.1e10, "982y"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
        assert_eq!(span(f64::MAX), ">999y");
    }

    #[test]
    fn moments_are_utc() {
        let cases = [
            (1_750_000_000.0, Some("2025-06-15T15:06:40.000000Z")),
            (951_827_696.25, Some("2000-02-29T12:34:56.250000Z")),
            (-0.5, Some("1969-12-31T23:59:59.500000Z")),
            (-62_167_219_200.0, Some("0000-01-01T00:00:00.000000Z")),
            (253_402_300_799.0, Some("9999-12-31T23:59:59.000000Z")),
            (253_402_300_800.0, None),
            (f64::NAN, None),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339(seconds).as_deref(), text);
        }
    }
}
