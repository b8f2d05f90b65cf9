//! Chooses what a function is called when debug information and symbol table both have a say.

use super::{
    demangle,
    dwarf::DwarfFrame,
    symbols::{Containing, underscores},
};
use crate::profile::model::Language;

/// The name of the real function at an address, and whether the debug information speaks of the same function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) system_name: String,
    pub(super) language: Language,
    /// Whether files, lines and inlined calls of the debug information belong to it.
    pub(super) trust_dwarf: bool,
}

/// Chooses between the real function of the debug information and the symbol around the address.
///
/// Linkers leave debug information of removed functions behind with addresses near zero, and several functions with equal
/// code share one address. So where the two disagree, the debug information is believed only if `dwarf_fits`: its function
/// begins inside the symbol (or, without a symbol, inside the same section).
pub(super) fn choose(
    real: Option<&DwarfFrame>,
    symbol: Option<&Containing<'_>>,
    is_go: bool,
    dwarf_fits: impl FnOnce() -> bool,
) -> Option<Chosen> {
    let real = real.filter(|r| !r.name.is_empty() || r.file.is_some());
    match (real, symbol) {
        (None, None) => None,
        (Some(real), None) if real.name.is_empty() => None,
        (Some(real), None) => dwarf_fits().then(|| chosen(&real.name, &real.name, real.language, true)),
        (None, Some(symbol)) => first(symbol, is_go, Language::Unknown, false),
        (Some(real), Some(symbol)) if real.name.is_empty() => first(symbol, is_go, real.language, true),
        (Some(real), Some(symbol)) => match agreeing(&real.name, symbol, is_go) {
            Some(name) => Some(chosen(base(name, is_go), name, real.language, true)),
            None if dwarf_fits() => match full_name(&real.name, symbol, is_go) {
                Some(name) => Some(chosen(base(name, is_go), name, real.language, true)),
                None => Some(chosen(&real.name, &real.name, real.language, true)),
            },
            None => first(symbol, is_go, Language::Unknown, false),
        },
    }
}

fn first(symbol: &Containing<'_>, is_go: bool, language: Language, trust_dwarf: bool) -> Option<Chosen> {
    symbol.names.first().map(|name| chosen(base(name, is_go), name, language, trust_dwarf))
}

fn chosen(mangled: &[u8], system_name: &[u8], language: Language, trust_dwarf: bool) -> Chosen {
    let (name, from_mangling) = demangle::demangle(mangled);
    let language = if language == Language::Unknown { from_mangling } else { language };
    Chosen { name, system_name: demangle::printable(system_name), language, trust_dwarf }
}

/// The name without a clone's suffix or a symbol version (`fopen@@GLIBC_2.2.5`). A Go function may be called `cold`: its
/// name `main.cold` has no suffix.
fn base(name: &[u8], is_go: bool) -> &[u8] {
    if is_go {
        return name;
    }
    let version = name.iter().position(|&b| b == b'@').filter(|&at| at > 0);
    demangle::without_clone_suffix(version.and_then(|at| name.get(..at)).unwrap_or(name))
}

/// The symbol's name that means the same function as the name in the debug information.
fn agreeing<'a>(dwarf: &[u8], symbol: &Containing<'a>, is_go: bool) -> Option<&'a [u8]> {
    let same = |name: &&&[u8]| **name == dwarf || base(name, is_go) == dwarf;
    if let Some(name) = symbol.names.iter().find(same) {
        // Libraries define functions under internal names; people know `fread`, not `__GI__IO_fread`.
        let public =
            symbol.names.first().filter(|n| !is_mangled(dwarf) && underscores(n) < underscores(dwarf));
        return Some(public.unwrap_or(name));
    }
    // Debug information without linkage names only has the last part of a qualified name, and spells generic arguments
    // and closures in its own way.
    let short = dwarf.split(|b| b"<(#".contains(b)).next().and_then(|n| std::str::from_utf8(n).ok())?;
    let contains = |name: &&&[u8]| {
        let (readable, language) = demangle::demangle(base(name, is_go));
        language != Language::Unknown && readable.contains(short)
    };
    symbol.names.iter().filter(|_| !short.is_empty() && !is_mangled(dwarf)).find(contains).copied()
}

/// The mangled name of a symbol, where the debug information only has a short one for the same code.
fn full_name<'a>(dwarf: &[u8], symbol: &Containing<'a>, is_go: bool) -> Option<&'a [u8]> {
    let mangled = |name: &&&[u8]| demangle::demangle(base(name, is_go)).1 != Language::Unknown;
    symbol.names.iter().filter(|_| !is_mangled(dwarf)).find(mangled).copied()
}

fn is_mangled(name: &[u8]) -> bool {
    name.starts_with(b"_Z") || name.starts_with(b"_R")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str) -> DwarfFrame {
        DwarfFrame { name: name.into(), file: Some("a.c".into()), line: 3, ..DwarfFrame::default() }
    }

    fn symbol(names: &[&'static str]) -> Containing<'static> {
        Containing { start: 16, end: 32, sized: true, names: names.iter().map(|n| n.as_bytes()).collect() }
    }

    fn both(dwarf: &str, names: &[&'static str], fits: bool) -> (String, String, bool) {
        let chosen = choose(Some(&frame(dwarf)), Some(&symbol(names)), false, || fits).unwrap();
        (chosen.name, chosen.system_name, chosen.trust_dwarf)
    }

    fn expect(name: &str, system_name: &str, trust: bool) -> (String, String, bool) {
        (name.to_owned(), system_name.to_owned(), trust)
    }

    #[test]
    fn clones_are_shown_by_their_base_name() {
        assert_eq!(both("work", &["work.part.0"], false), expect("work", "work.part.0", true));
        assert_eq!(both("_Z4workv", &["_Z4workv.cold"], false), expect("work()", "_Z4workv.cold", true));
        let no_dwarf = choose(None, Some(&symbol(&["work.isra.0"])), false, || false).unwrap();
        assert_eq!((no_dwarf.name.as_str(), no_dwarf.trust_dwarf), ("work", false));
    }

    #[test]
    fn of_folded_functions_the_one_the_debug_information_means_is_shown() {
        assert_eq!(both("second", &["first", "second"], false), expect("second", "second", true));
    }

    #[test]
    fn internal_names_of_libraries_give_way_to_public_ones() {
        assert_eq!(
            both("__GI__IO_fread", &["fread", "__GI__IO_fread"], false),
            expect("fread", "fread", true)
        );
        let versioned = "fopen@@GLIBC_2.2.5";
        assert_eq!(both("__new_fopen", &[versioned, "__new_fopen"], false), expect("fopen", versioned, true));
        assert_eq!(both("__hidden", &["__also", "__hidden"], false), expect("__hidden", "__hidden", true));
    }

    #[test]
    fn leftovers_of_removed_functions_do_not_win_over_the_symbol() {
        assert_eq!(both("removed", &["real"], false), expect("real", "real", false));
        assert_eq!(both("renamed", &["real"], true), expect("renamed", "renamed", true));
        assert_eq!(choose(Some(&frame("removed")), None, false, || false), None);
    }

    #[test]
    fn a_short_name_in_the_debug_information_is_completed_by_the_symbol() {
        assert_eq!(
            both("push", &["_ZN5Stack4pushEi"], false),
            expect("Stack::push(int)", "_ZN5Stack4pushEi", true)
        );
        let generic = "_ZN3lib4push17h0123456789abcdefE";
        assert_eq!(both("push<u8>", &[generic], false), expect("lib::push", generic, true));
        assert_eq!(both("{async_fn#0}", &[generic], true), expect("lib::push", generic, true));
    }

    #[test]
    fn a_go_function_called_cold_is_not_a_clone() {
        let chosen = choose(None, Some(&symbol(&["main.cold"])), true, || false).unwrap();
        assert_eq!(chosen.name, "main.cold");
    }

    #[test]
    fn a_nameless_function_takes_the_symbols_name_and_keeps_its_lines() {
        assert_eq!(both("", &["memcpy"], false), expect("memcpy", "memcpy", true));
        assert_eq!(choose(Some(&frame("")), None, false, || true), None);
    }
}
