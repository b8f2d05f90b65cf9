//! Which symbols of symbol tables contain the wanted addresses: one pass over each table, nothing sorted or copied but the hits.

use object::{Object, ObjectSymbol, SymbolKind, SymbolSection};

use super::object_file::Facts;

/// More symbols than any real file has; the rest is not read.
const MAX_SYMBOLS: usize = 20_000_000;
/// Names of one address that are kept.
const MAX_ALIASES: usize = 16;

/// The innermost symbol that contains an address, with all its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Containing<'a> {
    pub(super) start: u64,
    /// First address behind it.
    pub(super) end: u64,
    /// Whether the table tells how long it is.
    pub(super) sized: bool,
    /// Its names, the one to show first; never empty.
    pub(super) names: Vec<&'a [u8]>,
}

/// A symbol table of a file.
#[derive(Clone, Copy)]
pub(super) enum Table<'o, 'a> {
    /// All symbols.
    Full(&'o object::File<'a>),
    /// Those that other files may use.
    Exported(&'o object::File<'a>),
}

/// For each of the sorted `wanted` addresses the symbol that contains it, in code as `facts` have it. A symbol without a size
/// reaches up to the next symbol of its section.
pub(super) fn containing<'a>(
    tables: &[Table<'_, 'a>],
    facts: &Facts,
    wanted: &[u64],
) -> Vec<Option<Containing<'a>>> {
    let mut search = Search::new(wanted);
    for table in tables {
        match table {
            Table::Full(object) => search.offer_all(object.symbols()),
            Table::Exported(object) => search.offer_all(object.dynamic_symbols()),
        }
    }
    search.finish(facts)
}

/// Number of underscores a name begins with.
pub(super) fn underscores(name: &[u8]) -> usize {
    name.iter().take_while(|&&b| b == b'_').count()
}

/// What to prefer among names of one address: global, few leading underscores, strong; then by name.
type Rank = (bool, usize, bool);

#[derive(Clone, Default)]
struct Best<'a> {
    start: u64,
    end: u64,
    names: Vec<(Rank, &'a [u8])>,
}

impl<'a> Best<'a> {
    fn offer(&mut self, start: u64, end: u64, name: (Rank, &'a [u8])) {
        if self.names.is_empty() || start > self.start {
            *self = Self { start, end, names: vec![name] };
        } else if start == self.start && self.names.len() < MAX_ALIASES {
            self.end = self.end.max(end);
            self.names.push(name);
        }
    }
}

struct Search<'a, 'w> {
    wanted: &'w [u64],
    /// For each address the last symbol with a size that contains it.
    sized: Vec<Best<'a>>,
    /// For each address the last symbol between the address wanted before it and itself; its end is its start if it has no size.
    before: Vec<Best<'a>>,
    /// How many more times a symbol may be entered, so that a hostile table of symbols that contain everything ends.
    budget: usize,
}

impl<'a, 'w> Search<'a, 'w> {
    fn new(wanted: &'w [u64]) -> Self {
        let slots = vec![Best::default(); wanted.len()];
        Self { wanted, sized: slots.clone(), before: slots, budget: 10_000_000 + wanted.len() * 64 }
    }

    fn offer_all<S: ObjectSymbol<'a>>(&mut self, symbols: impl Iterator<Item = S>) {
        let is_code = |s: &S| {
            matches!(s.kind(), SymbolKind::Text | SymbolKind::Unknown)
                && matches!(s.section(), SymbolSection::Section(_))
        };
        for symbol in symbols.take(MAX_SYMBOLS).filter(is_code) {
            if let Ok(name) = symbol.name_bytes() {
                let rank = (!symbol.is_global(), underscores(name), symbol.is_weak());
                self.offer(symbol.address(), symbol.size(), name, rank);
            }
        }
    }

    fn offer(&mut self, start: u64, size: u64, name: &'a [u8], rank: Rank) {
        let first = self.wanted.partition_point(|&a| a < start);
        let Some(before) = self.before.get_mut(first).filter(|_| !name.is_empty()) else { return };
        let end = start.saturating_add(size);
        before.offer(start, end, (rank, name));
        let addresses = self.wanted.iter().zip(&mut self.sized).skip(first);
        for (_, slot) in addresses.take_while(|(a, _)| **a < end) {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            slot.offer(start, end, (rank, name));
        }
    }

    fn finish(self, facts: &Facts) -> Vec<Option<Containing<'a>>> {
        let mut last = Best::default();
        let mut found = Vec::with_capacity(self.wanted.len());
        for ((&address, sized), before) in self.wanted.iter().zip(self.sized).zip(self.before) {
            if !before.names.is_empty() {
                last = before;
            }
            let sizeless = last.end == last.start;
            let best = if sized.names.is_empty() && sizeless { last.clone() } else { sized };
            found.push(best.within(address, facts));
        }
        found
    }
}

impl<'a> Best<'a> {
    fn within(mut self, address: u64, facts: &Facts) -> Option<Containing<'a>> {
        let section = facts.code_around(address).filter(|s| s.start <= self.start)?;
        if self.names.is_empty() {
            return None;
        }
        self.names.sort_unstable();
        self.names.dedup();
        // Without a size it reaches at least over the address that was asked for.
        let sized = self.end > self.start;
        let end = if sized { self.end.min(section.end) } else { address.saturating_add(1) };
        let names = self.names.into_iter().map(|(_, n)| n).collect();
        Some(Containing { start: self.start, end, sized, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(symbols: &[(u64, u64, &'static str)], wanted: &[u64]) -> Vec<Option<(&'static str, u64)>> {
        let facts = Facts { code: vec![0x100..0x200, 0x300..0x400], ..Facts::default() };
        let mut search = Search::new(wanted);
        for &(start, size, name) in symbols {
            search.offer(start, size, name.as_bytes(), (false, underscores(name.as_bytes()), false));
        }
        let name = |c: Containing<'static>| (std::str::from_utf8(c.names[0]).unwrap(), c.start);
        search.finish(&facts).into_iter().map(|c| c.map(name)).collect()
    }

    #[test]
    fn a_size_is_believed_and_a_missing_one_ends_at_the_next_symbol_or_the_section() {
        let symbols = [
            (0x100, 0x10, "sized"),
            (0x120, 0, "sizeless"),
            (0x140, 0x8, "next"),
            (0x1f0, 0, "last"),
            (0x305, 0x10, "other"),
        ];
        let wanted = [0x50, 0x100, 0x10f, 0x110, 0x120, 0x13f, 0x140, 0x148, 0x1ff, 0x300, 0x305, 0x500];
        assert_eq!(
            found(&symbols, &wanted),
            [
                None,
                Some(("sized", 0x100)),
                Some(("sized", 0x100)),
                None,
                Some(("sizeless", 0x120)),
                Some(("sizeless", 0x120)),
                Some(("next", 0x140)),
                None,
                Some(("last", 0x1f0)),
                None,
                Some(("other", 0x305)),
                None,
            ]
        );
    }

    #[test]
    fn the_innermost_symbol_and_its_plainest_name_win() {
        let symbols =
            [(0x100, 0x80, "outer"), (0x110, 0x20, "__inner"), (0x110, 0x20, "inner"), (0x118, 0, "label")];
        assert_eq!(
            found(&symbols, &[0x10f, 0x11a, 0x140]),
            [Some(("outer", 0x100)), Some(("inner", 0x110)), Some(("outer", 0x100))]
        );
    }

    #[test]
    fn a_table_of_symbols_that_contain_everything_ends() {
        let symbols: Vec<_> = (0..20_000).map(|i| (i % 0x100, u64::MAX, "all")).collect();
        let wanted: Vec<u64> = (0x100..0x1ff).collect();
        assert!(found(&symbols, &wanted).iter().all(Option::is_none), "they start before the section");
    }
}
