//! Names for people from names for linkers. Every input is hostile: bounded in, bounded out.

use std::{borrow::Cow, fmt};

use cpp_demangle::{DemangleOptions, ParseOptions};

use crate::profile::model::Language;

/// Longest name shown, in bytes; what is longer ends in `…`.
const MAX_NAME: usize = 4096;
/// Longest mangled name that is taken apart.
const MAX_MANGLED: usize = 32 * 1024;

/// A name for people, and the language its mangling betrays.
pub(super) fn demangle(mangled: &[u8]) -> (String, Language) {
    let text = match std::str::from_utf8(mangled) {
        Ok(text) if text.len() <= MAX_MANGLED => text,
        _ => return (printable(mangled), Language::Unknown),
    };
    if let Some(name) = rust(text) {
        return (name, Language::Rust);
    }
    match cpp(text) {
        Some(name) => (name, Language::Cpp),
        None => (printable(mangled), Language::Unknown),
    }
}

/// Bytes as text of bounded length: what is not UTF-8 becomes `\xNN`.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().min(MAX_NAME));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
        if text.len() > MAX_NAME {
            break;
        }
    }
    shorten(text)
}

/// The name without what compilers append to clones and split-off parts: `.cold`, `.part.0`, `.isra.0`, `.llvm.123`, ….
pub(super) fn without_clone_suffix(mut name: &[u8]) -> &[u8] {
    const WORDS: &[&[u8]] = &[
        b"cold",
        b"part",
        b"isra",
        b"constprop",
        b"llvm",
        b"lto_priv",
        b"clone",
        b"localalias",
        b"__uniq",
        b"specialized",
    ];
    // `foo.isra.0.cold`, `foo.part.12`: words from the list, each with a number behind it or none.
    loop {
        let Some(dot) = name.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0) else { return name };
        let (rest, last) = (name.get(..dot).unwrap_or(name), name.get(dot + 1..).unwrap_or_default());
        if WORDS.contains(&last) {
            name = rest;
            continue;
        }
        let number = !last.is_empty() && last.iter().all(u8::is_ascii_digit);
        let word = rest.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0);
        match word.and_then(|dot| Some((rest.get(..dot)?, rest.get(dot + 1..)?))) {
            Some((base, word)) if number && WORDS.contains(&word) => name = base,
            _ => return name,
        }
    }
}

fn rust(text: &str) -> Option<String> {
    // C++ without parameters looks like Rust's older mangling; only that ends in a hash.
    if !is_rust_v0(text) && !ends_in_rust_hash(text) {
        return None;
    }
    let name = rustc_demangle::try_demangle(text).ok()?;
    bounded(|out| fmt::write(out, format_args!("{name:#}")).is_ok())
}

fn is_rust_v0(text: &str) -> bool {
    text.strip_prefix("_R")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()))
}

fn ends_in_rust_hash(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("_ZN") else { return false };
    let Some((_, hash)) = rest.rsplit_once("17h") else { return false };
    hash.len() == 17
        && hash.ends_with('E')
        && hash.bytes().take(16).all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn cpp(text: &str) -> Option<String> {
    if !text.starts_with("_Z") && !text.starts_with("_GLOBAL_") {
        return None;
    }
    let parse = ParseOptions::default().recursion_limit(192);
    let symbol = cpp_demangle::Symbol::new_with_options(text, &parse).ok()?;
    let show = DemangleOptions::default().no_return_type().recursion_limit(192);
    bounded(|out| symbol.structured_demangle(out, &show).is_ok())
}

/// What `write` writes, cut where it gets too long; `None` if it failed for another reason or wrote nothing.
fn bounded(write: impl FnOnce(&mut Bounded) -> bool) -> Option<String> {
    let mut out = Bounded { text: String::new(), full: false };
    let done = write(&mut out);
    ((done || out.full) && !out.text.is_empty()).then(|| shorten(out.text))
}

/// Refuses more once it is full, so that names that grow exponentially end early.
struct Bounded {
    text: String,
    full: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.text.push_str(s);
        self.full |= self.text.len() > MAX_NAME;
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > MAX_NAME {
        let mark = '…';
        let room = MAX_NAME - mark.len_utf8();
        let end = (0..=room).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        text.truncate(end);
        text.push(mark);
    }
    text
}

/// A path from debug information as bounded text.
pub(super) fn path(text: &str) -> Cow<'_, str> {
    if text.len() > MAX_NAME { shorten(text.to_owned()).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(mangled: &str) -> String {
        demangle(mangled.as_bytes()).0
    }

    #[test]
    fn the_manglings_of_rust_and_cpp() {
        assert_eq!(name("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"), "core::fmt::Formatter::pad");
        assert_eq!(name("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(name("_ZN3foo3barEv"), "foo::bar()");
        assert_eq!(name("_ZN3foo3barE"), "foo::bar");
        assert_eq!(name("_Z3addIiET_S0_S0_"), "add<int>(int, int)");
        assert_eq!(name("main.(*Tree).walk"), "main.(*Tree).walk");
        assert_eq!(name("_Rust_is_not_mangled"), "_Rust_is_not_mangled");
        assert_eq!(demangle(b"_ZN3foo3barEv").1, Language::Cpp);
        assert_eq!(demangle(b"_RNvCs1234_7mycrate3foo").1, Language::Rust);
        assert_eq!(demangle(b"plain").1, Language::Unknown);
    }

    #[test]
    fn clone_suffixes_go_and_other_dots_stay() {
        let base = |s: &'static str| std::str::from_utf8(without_clone_suffix(s.as_bytes())).unwrap();
        assert_eq!(base("foo.cold"), "foo");
        assert_eq!(base("foo.isra.0.cold.12"), "foo");
        assert_eq!(base("_ZN3fooEv.llvm.1234567"), "_ZN3fooEv");
        assert_eq!(base("foo.constprop.0"), "foo");
        assert_eq!(base("foo.avx2"), "foo.avx2");
        assert_eq!(base("foo.7"), "foo.7");
        assert_eq!(base(".cold"), ".cold");
        assert_eq!(base("part.0"), "part.0");
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(printable(b"a\xffb\xc3"), "a\\xffb\\xc3");
    }

    #[test]
    fn long_and_exponential_names_are_cut() {
        assert!(name(&"x".repeat(100_000)).len() <= MAX_NAME);
        assert!(name(&"x".repeat(100_000)).ends_with('…'));
        let doubling = format!("_Z1fI1xE{}", (0..60).map(|_| "N1aIS_S_E").collect::<String>());
        assert!(name(&doubling).len() <= MAX_NAME);
        let nested = format!("_Z{}", "N".repeat(30_000));
        assert!(name(&nested).len() <= MAX_NAME);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_longer_than_the_cap(bytes: Vec<u8>, tail in "[A-Z0-9_a-z.]{0,60}") {
            prop_assert!(demangle(&bytes).0.len() <= MAX_NAME);
            for prefix in ["_Z", "_R", "_ZN", "_RNv"] {
                let mangled = [prefix, tail.as_str()].concat();
                prop_assert!(name(&mangled).len() <= MAX_NAME);
            }
            let _ = without_clone_suffix(tail.as_bytes());
        }
    }
}
