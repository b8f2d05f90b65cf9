//! Kernel symbols from `/proc/kallsyms` (lines of `ADDRESS TYPE NAME[\t[MODULE]]`, see proc(5)).

use std::{fs::File, io::Read, path::Path};

use super::demangle;

/// More than any kernel has; what is beyond is not read.
const MAX_BYTES: u64 = 512 << 20;
/// No kernel function is longer: farther behind a symbol than this lies something without one.
const MAX_FUNCTION: u64 = 1 << 20;
/// Where the module is the kernel itself.
pub(super) const KERNEL: &str = "[kernel]";

/// Name of a kernel address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KernelSymbol {
    pub(super) name: String,
    pub(super) system_name: String,
    /// `[kernel]`, or `[NAME]` of a loadable module.
    pub(super) module: String,
}

/// The kernel's symbol table.
#[derive(Debug, Default)]
pub(super) struct KernelSymbols {
    symbols: Vec<Entry>,
    text: Vec<u8>,
    /// Whether the kernel showed every address as zero.
    pub(super) hidden: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    address: u64,
    /// Among symbols of one address the greatest is the one to show.
    rank: u8,
    /// Where the rest of the line starts in `text`; `u32::MAX` for what is not code.
    line: u32,
}

impl KernelSymbols {
    /// Reads the table; an unreadable one is empty and hidden.
    pub(super) fn read(path: &Path) -> Self {
        let mut text = Vec::with_capacity(8 << 20);
        let read = File::open(path).and_then(|f| f.take(MAX_BYTES).read_to_end(&mut text));
        if read.is_err() { Self { hidden: true, ..Self::default() } } else { Self::parse(text) }
    }

    fn parse(text: Vec<u8>) -> Self {
        let mut symbols = Vec::with_capacity(text.len() / 40);
        let (mut at, mut lines) = (0, 0_usize);
        while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
            let length = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            lines += 1;
            symbols.extend(rest.get(..length).and_then(|line| entry(line, at)));
            at += length + 1;
        }
        // The kernel prints long sorted runs, which the stable sort makes use of.
        symbols.sort();
        let hidden = lines > 0 && symbols.is_empty();
        Self { symbols, text, hidden }
    }

    /// The function that contains `address`.
    pub(super) fn find(&self, address: u64) -> Option<KernelSymbol> {
        let after = self.symbols.partition_point(|s| s.address <= address);
        let found = self.symbols.get(after.checked_sub(1)?)?;
        if found.line == u32::MAX || address - found.address > MAX_FUNCTION {
            return None;
        }
        let rest = self.text.get(found.line as usize..)?;
        let line = rest.split(|&b| b == b'\n').next()?;
        let mut words = line.split(|&b| b == b'\t' || b == b' ');
        let name = words.next().filter(|n| !n.is_empty())?;
        let module = words.next().map_or(KERNEL.to_owned(), demangle::printable);
        let system_name = demangle::printable(name);
        Some(KernelSymbol { name: demangle::demangle(name).0, system_name, module })
    }
}

/// One line; `None` for addresses that are zero or no numbers.
fn entry(line: &[u8], at: usize) -> Option<Entry> {
    let mut address = 0_u64;
    let mut digits = 0;
    for &byte in line.iter().take(16) {
        let Some(digit) = (byte as char).to_digit(16) else { break };
        address = address << 4 | u64::from(digit);
        digits += 1;
    }
    if address == 0 || line.get(digits) != Some(&b' ') || line.get(digits + 2) != Some(&b' ') {
        return None;
    }
    let name_at = digits + 3;
    let kind = *line.get(digits + 1)?;
    let name = line.get(name_at..)?;
    if !matches!(kind, b't' | b'T' | b'w' | b'W') {
        return Some(Entry { address, rank: 0, line: u32::MAX });
    }
    // Section borders share the address of the first function; global names are better known than local ones.
    let underscores = name.iter().take(3).take_while(|&&b| b == b'_').count() as u8;
    let border = matches!(name, b"_text" | b"_stext" | b"_etext" | b"_sinittext" | b"_einittext");
    let global = kind.is_ascii_uppercase();
    let rank = if border { 1 } else { 2 + u8::from(global) * 4 + (3 - underscores) };
    Some(Entry { address, rank, line: u32::try_from(at + name_at).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
ffffffff81000000 T _stext
ffffffff81000000 t __startup
ffffffff81000000 T startup_64
ffffffff81001000 t local_one
ffffffff81001000 T global_one
ffffffff81002000 D some_data
0000000000000010 A percpu
ffffffffc0000000 t ext4_read\t[ext4]
garbage
ffffffffc0000100 b
";

    fn named(address: u64) -> Option<(String, String)> {
        let found = KernelSymbols::parse(TABLE.into()).find(address)?;
        Some((found.name, found.module))
    }

    #[test]
    fn the_nearest_symbol_before_names_an_address() {
        let kernel = |name: &str| Some((name.to_owned(), KERNEL.to_owned()));
        assert_eq!(named(0xffffffff81000000), kernel("startup_64"));
        assert_eq!(named(0xffffffff81000fff), kernel("startup_64"));
        assert_eq!(named(0xffffffff81001234), kernel("global_one"));
        assert_eq!(named(0xffffffff81002001), None, "data is not code");
        assert_eq!(named(0xffffffffc0000020), Some(("ext4_read".into(), "[ext4]".into())));
        assert_eq!(named(0xffffffffd0000000), None, "too far behind the last symbol");
        assert_eq!(named(5), None);
    }

    #[test]
    fn zeroed_addresses_are_hidden() {
        let table = KernelSymbols::parse(b"0000000000000000 T a\n0000000000000000 t b\n".to_vec());
        assert!(table.hidden);
        assert_eq!(table.find(0xffffffff81000000), None);
        assert!(!KernelSymbols::parse(TABLE.into()).hidden);
        assert!(KernelSymbols::read(Path::new("/nonexistent/kallsyms")).hidden);
    }

    #[test]
    fn cut_lines_are_skipped() {
        for end in 0..TABLE.len() {
            let table = KernelSymbols::parse(TABLE.as_bytes()[..end].to_vec());
            let _ = table.find(u64::MAX);
        }
    }
}
