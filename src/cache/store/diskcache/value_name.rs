//! The names of value files: what DiskCache writes, what it may find, and what points outside.

use std::fmt;

/// The name of a value file as DiskCache makes them, `xx/yy/zzzzzzzzzzzzzzzzzzzzzzzzzzzz.val` with 32 random hex digits, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ValueName(pub(super) u128);

impl ValueName {
    /// The name in `text`, in exactly this form.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        match text {
            [a, b, b'/', c, d, b'/', rest @ ..] => Self::from_parts([*a, *b], [*c, *d], rest),
            _ => None,
        }
    }

    /// The name of the file `file` in the directory `inner` of the directory `outer`.
    pub(super) fn from_parts(outer: [u8; 2], inner: [u8; 2], file: &[u8]) -> Option<Self> {
        let rest = file.strip_suffix(b".val")?;
        if rest.len() != 28 {
            return None;
        }
        let mut digits = outer.iter().chain(&inner).chain(rest);
        let number = digits.try_fold(0_u128, |number, &digit| Some(number << 4 | u128::from(hex(digit)?)))?;
        Some(Self(number))
    }
}

impl fmt::Display for ValueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let (outer, rest) = digits.split_at(2);
        let (inner, rest) = rest.split_at(2);
        write!(f, "{outer}/{inner}/{rest}.val")
    }
}

/// Two lower-case hex digits, as the directories of value files are named.
pub(super) fn is_shelf(name: &[u8]) -> Option<[u8; 2]> {
    let name: [u8; 2] = name.try_into().ok()?;
    name.iter().all(|&digit| hex(digit).is_some()).then_some(name)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What a row says about where its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileName<'a> {
    /// As DiskCache makes them.
    Own(ValueName),
    /// The same with backslashes: the cache was written on Windows.
    Windows(ValueName),
    /// Some other name inside the cache, as a Disk class of one's own may give.
    Inside(&'a str),
    /// One that leaves the cache, or names the database or nothing; with the reason.
    Outside(&'static str),
}

impl<'a> FileName<'a> {
    /// What kind of name this is.
    pub(super) fn of(text: &'a [u8]) -> Self {
        if let Some(name) = ValueName::parse(text) {
            return Self::Own(name);
        }
        let Ok(text) = std::str::from_utf8(text) else { return Self::Outside("it is not text") };
        if let Some(name) = ValueName::parse(text.replace('\\', "/").as_bytes()) {
            return Self::Windows(name);
        }
        match text {
            "" => Self::Outside("it is empty"),
            _ if text.len() > 4096 => Self::Outside("it is too long"),
            _ if text.contains('\0') => Self::Outside("it has a zero byte in it"),
            _ if text.starts_with('/') => Self::Outside("it is an absolute path"),
            _ if text.split('/').any(|part| part == "..") => Self::Outside("it leads out of the cache"),
            _ if text.split('/').any(|part| matches!(part, "." | "")) => Self::Outside("it is no plain path"),
            _ if text.contains('\\') => Self::Outside("it has backslashes"),
            _ if text.starts_with("cache.db") => Self::Outside("it names the database"),
            _ => Self::Inside(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ee/6c/2f308d28bb1febb88186fa6d8aa6.val";

    #[test]
    fn names_survive_the_way_there_and_back() {
        let name = ValueName::parse(NAME.as_bytes()).unwrap();
        assert_eq!(name.to_string(), NAME);
        assert_eq!(name.0, 0xee6c_2f30_8d28_bb1f_ebb8_8186_fa6d_8aa6);
        let zero = ValueName(0).to_string();
        assert_eq!(ValueName::parse(zero.as_bytes()), Some(ValueName(0)));
    }

    #[test]
    fn only_the_exact_form_is_a_name() {
        for other in [
            "ee/6c/2f308d28bb1febb88186fa6d8aa6.VAL",
            "EE/6c/2f308d28bb1febb88186fa6d8aa6.val",
            "ee/6c/2f308d28bb1febb88186fa6d8aa.val",
            "ee/6c/2f308d28bb1febb88186fa6d8aa66.val",
            "/ee/6c/2f308d28bb1febb88186fa6d8aa6.val",
            "ee/6c/2f308d28bb1febb88186fa6d8a/6.val",
            "",
        ] {
            assert_eq!(ValueName::parse(other.as_bytes()), None, "{other}");
        }
        assert_eq!(
            (is_shelf(b"0f"), is_shelf(b"0F"), is_shelf(b"0"), is_shelf(b"000")),
            (Some(*b"0f"), None, None, None)
        );
    }

    #[test]
    fn names_that_leave_the_cache_are_told_apart() {
        assert!(matches!(FileName::of(NAME.as_bytes()), FileName::Own(_)));
        assert!(matches!(FileName::of(NAME.replace('/', "\\").as_bytes()), FileName::Windows(_)));
        assert_eq!(FileName::of(b"mine/a.bin"), FileName::Inside("mine/a.bin"));
        let outside: [&[u8]; 12] = [
            b"../victim",
            b"a/../../b",
            b"/etc/passwd",
            b"",
            b".",
            b"..",
            b"./cache.db",
            b"cache.db",
            b"cache.db-wal",
            b"a\0b",
            b"\xff",
            b"cc\\dd\\back.val",
        ];
        for name in outside {
            assert!(matches!(FileName::of(name), FileName::Outside(_)), "{name:?}");
        }
    }
}
