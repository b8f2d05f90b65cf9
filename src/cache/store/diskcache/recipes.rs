//! What the library's recipes keep under a string key, as far as the value shows which of them it is.
//!
//! Source: `recipes.py` of diskcache 5.6.3. `RLock` stores `('PID-THREAD', times)`, `throttle` `(last, left)` with the moment of the last
//! call, which is when the pair was stored, `Averager` `(total, count)`. `Lock`, and `barrier` with it, stores None and `BoundedSemaphore`
//! a number: values like those of any program, so that nothing tells them apart.

use crate::{
    cache::pickle::{Limits, Pickle, Plain},
    units::plural,
};

/// SQL for the value, where it may be one of a recipe's: a short pickle under a string. [`recognise`] takes it.
macro_rules! pair {
    () => {
        "iif(mode = 4 AND octet_length(value) BETWEEN 8 AND 96 AND typeof(key) = 'text', value, NULL)"
    };
}
pub(super) use pair;

/// Seconds between the moment that `throttle` writes down and that at which the library stores it; busy caches are waited for.
const AT_ONCE: f64 = 300.0;

/// What a recipe keeps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    /// Its class or function, by which its entries are grouped.
    pub(super) name: &'static str,
    /// What it stands at, in words.
    pub(super) says: String,
}

/// The recipe whose value is the pickle `bytes`, stored at `stored` in seconds since 1970.
pub(super) fn recognise(bytes: &[u8], stored: Option<f64>) -> Option<Recipe> {
    if !ends_with_pair(bytes) {
        return None;
    }
    let pickle = Pickle::read(bytes, Limits::KEY);
    match pickle.pair()? {
        (Plain::Text(owner), Plain::Integer(times)) => lock(&owner, times),
        (Plain::Float(first), Plain::Integer(second)) => match stored {
            Some(stored) if (first - stored).abs() < AT_ONCE => Some(throttle(second as f64)),
            _ if second > 0 && first.is_finite() => Some(average(first, second)),
            _ => None,
        },
        (Plain::Float(first), Plain::Float(left)) => {
            stored.filter(|stored| (first - stored).abs() < AT_ONCE).map(|_| throttle(left))
        }
        _ => None,
    }
}

/// Whether a pickle's last opcodes make a pair: TUPLE2 or, up to protocol 1, TUPLE; remembered or not; STOP.
fn ends_with_pair(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_suffix(b".") else { return false };
    match rest {
        [.., b'\x86' | b't'] | [.., b'\x86', b'\x94'] | [.., b'\x86', b'q', _] | [.., b't', b'q', _] => true,
        // Protocol 0 remembers by a number in decimal.
        rest => rest.ends_with(b"\n") && rest.windows(2).any(|two| two == b"tp"),
    }
}

fn lock(owner: &str, times: i64) -> Option<Recipe> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (process, thread) = owner.split_once('-')?;
    if !(is_number(process) && is_number(thread) && times >= 0) {
        return None;
    }
    let says = match u64::try_from(times).ok()? {
        0 => format!("free, last held by process {process}, thread {thread}"),
        times => format!("held {} by process {process}, thread {thread}", plural(times, "time", "times")),
    };
    Some(Recipe { name: "diskcache.RLock", says })
}

fn average(total: f64, count: i64) -> Recipe {
    let values = plural(count.unsigned_abs(), "value", "values");
    Recipe {
        name: "diskcache.Averager",
        says: format!("average {} of {values}", short(total / count as f64)),
    }
}

fn throttle(left: f64) -> Recipe {
    let calls = if left == 1.0 { "call" } else { "calls" };
    Recipe { name: "diskcache.throttle", says: format!("{} {calls} left at the last one", short(left)) }
}

/// A number with as many decimals as people care for.
fn short(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    if !(0.001..1e15).contains(&number.abs()) {
        return format!("{number:e}");
    }
    format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8], stored: f64) -> Option<(&'static str, String)> {
        recognise(bytes, Some(stored)).map(|recipe| (recipe.name, recipe.says))
    }

    #[test]
    fn pairs_of_recipes_are_told_apart() {
        let lock = b"\x80\x05\x95\x11\0\0\0\0\0\0\0\x8c\x0912-345678\x94K\x02\x86\x94.";
        let says = "held 2 times by process 12, thread 345678".to_owned();
        assert_eq!(seen(lock, 0.0), Some(("diskcache.RLock", says)));
        // 2.0 and 4, in protocols 2 and 5.
        for bytes in [
            &b"\x80\x02G@\0\0\0\0\0\0\0K\x04\x86q\x01."[..],
            b"\x80\x05\x95\x0e\0\0\0\0\0\0\0G@\0\0\0\0\0\0\0K\x04\x86\x94.",
        ] {
            assert_eq!(seen(bytes, 1e9), Some(("diskcache.Averager", "average 0.5 of 4 values".to_owned())));
            let throttle = "4 calls left at the last one".to_owned();
            assert_eq!(seen(bytes, 2.5), Some(("diskcache.throttle", throttle)));
        }
    }

    #[test]
    fn other_pairs_are_not() {
        let others: [&[u8]; 6] = [
            // ('a', 1), (1, 2), (2.0, 0), a list, a pair in protocol 0, nothing
            b"\x80\x02X\x01\0\0\0aK\x01\x86q\x01.",
            b"\x80\x02K\x01K\x02\x86q\x01.",
            b"\x80\x02G@\0\0\0\0\0\0\0K\0\x86q\x01.",
            b"\x80\x02]q\0.",
            b"(I1\nI2\ntp0\n.",
            b"",
        ];
        for bytes in others {
            assert_eq!(seen(bytes, 1e9), None, "{bytes:?}");
        }
        let protocol_0 = b"(F2.0\nI4\ntp0\n.";
        assert_eq!(seen(protocol_0, 1e9).map(|(name, _)| name), Some("diskcache.Averager"));
    }
}
