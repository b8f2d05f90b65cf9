//! The procedure linkage table: a stub for each function of another file that is called through it. No symbol names them;
//! each jumps to where a slot points, and a relocation tells for which function that slot is.

use std::{collections::HashMap, ops::Range};

use object::{Architecture, Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationTarget};

use super::{demangle, module::NamedFunction};

/// More relocations than any real file has; the rest is not read.
const MAX_RELOCATIONS: usize = 2_000_000;

/// The stubs of one file.
#[derive(Default)]
pub(super) struct Stubs<'a> {
    sections: Vec<Section<'a>>,
    /// Name of the function that a slot at this address is for.
    slots: HashMap<u64, &'a [u8]>,
}

struct Section<'a> {
    address: u64,
    code: &'a [u8],
}

impl<'a> Stubs<'a> {
    /// The stubs of an x86-64 file; those of others are not understood. Slots are read only if one of the sorted `wanted`
    /// addresses lies in a stub.
    pub(super) fn of(object: &object::File<'a>, wanted: &[u64]) -> Self {
        let mut stubs = Self::default();
        if object.architecture() != Architecture::X86_64 {
            return stubs;
        }
        for section in object.sections() {
            if !section.name_bytes().is_ok_and(|name| name.starts_with(b".plt")) {
                continue;
            }
            if let Ok(code) = section.data() {
                stubs.sections.push(Section { address: section.address(), code });
            }
        }
        if wanted.iter().any(|&address| stubs.contains(address)) {
            stubs.slots = slots(object).unwrap_or_default();
        }
        stubs
    }

    /// Whether an address lies in a stub.
    pub(super) fn contains(&self, address: u64) -> bool {
        self.sections.iter().any(|section| section.range().contains(&address))
    }

    /// `memcpy@plt` for the stub of `memcpy`.
    pub(super) fn name(&self, address: u64) -> Option<NamedFunction> {
        let section = self.sections.iter().find(|section| section.range().contains(&address))?;
        let symbol = self.slots.get(&section.slot(address)?)?;
        let (name, language) = demangle::demangle(symbol);
        let stub = |name: &str| format!("{name}@plt");
        Some(NamedFunction {
            name: stub(&name),
            system_name: stub(&demangle::printable(symbol)),
            language,
            ..NamedFunction::default()
        })
    }
}

impl Section<'_> {
    fn range(&self) -> Range<u64> {
        self.address..self.address.saturating_add(self.code.len() as u64)
    }

    /// Address of the slot that the stub around an address jumps through. Stubs are 16 bytes long; those without a lazy half
    /// are 8, which are tried first: half a longer stub does not jump.
    fn slot(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.address)?).ok()?;
        [8, 16].into_iter().find_map(|len| {
            let start = at / len * len;
            let stub = self.code.get(start..(start + len).min(self.code.len()))?;
            let (end, distance) = jump(stub)?;
            let next = self.address.wrapping_add((start + end) as u64);
            Some(next.wrapping_add_signed(distance.into()))
        })
    }
}

/// Where the first instruction of a stub ends that is `jmp *distance(%rip)`, after `endbr64` and with a `bnd` prefix perhaps, and
/// the distance. Not so in the stub that all lazy ones share.
fn jump(stub: &[u8]) -> Option<(usize, i32)> {
    let code = stub.strip_prefix(b"\xf3\x0f\x1e\xfa").unwrap_or(stub);
    let code = code.strip_prefix(b"\xf2").unwrap_or(code);
    let distance = code.strip_prefix(b"\xff\x25")?.first_chunk::<4>()?;
    Some((stub.len() - code.len() + 6, i32::from_le_bytes(*distance)))
}

/// Names of functions by the address of the slot that is to point to them.
fn slots<'a>(object: &object::File<'a>) -> Option<HashMap<u64, &'a [u8]>> {
    let symbols = object.dynamic_symbol_table()?;
    let named = object.dynamic_relocations()?.take(MAX_RELOCATIONS).filter_map(|(address, relocation)| {
        let RelocationTarget::Symbol(symbol) = relocation.target() else { return None };
        let name = symbols.symbol_by_index(symbol).ok()?.name_bytes().ok()?;
        (!name.is_empty()).then_some((address, name))
    });
    Some(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jump_of_each_kind_of_stub_is_found() {
        type Case<'a> = (&'a [u8], Option<(usize, i32)>);
        let cases: [Case<'_>; 5] = [
            (b"\xff\x25\x0a\x00\x00\x00\x68\x00\x00\x00\x00\xe9\x00\x00\x00\x00", Some((6, 10))),
            (b"\xf3\x0f\x1e\xfa\xff\x25\xf6\xff\xff\xff\x66\x0f\x1f\x44\x00\x00", Some((10, -10))),
            (b"\xf3\x0f\x1e\xfa\xf2\xff\x25\x01\x00\x00\x00\x0f\x1f\x44\x00\x00", Some((11, 1))),
            (b"\xff\x35\x02\x00\x00\x00\xff\x25\x04\x00\x00\x00\x0f\x1f\x40\x00", None),
            (b"\xff\x25", None),
        ];
        for (stub, expected) in cases {
            assert_eq!(jump(stub), expected, "{stub:x?}");
        }
    }
}
