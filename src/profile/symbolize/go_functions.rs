//! `.gopclntab`: functions, files and lines of a Go program. Its runtime needs them for tracebacks, so that they are there
//! even when everything else was stripped (`-ldflags="-s -w"`).
//!
//! The format is that of Go 1.18 and later, as `runtime/symtab.go` and `debug/gosym` of the Go project describe it. Inlined calls
//! are told elsewhere and not read.

use object::{Object, ObjectSection};

use super::module::NamedFunction;
use crate::profile::model::Language;

/// Of Go 1.18 and 1.19, and of 1.20 and later, whose functions know their first line.
const MAGIC: [u32; 2] = [0xffff_fff0, 0xffff_fff1];
/// Longest name or path that is believed.
const MAX_NAME: usize = 4096;
/// Steps in a table of lines before it is given up.
const MAX_STEPS: usize = 1_000_000;

/// The function table of one file.
pub(super) struct GoFunctions<'a> {
    names: &'a [u8],
    units: &'a [u8],
    files: &'a [u8],
    values: &'a [u8],
    functions: &'a [u8],
    count: usize,
    /// What addresses are counted from.
    text: u64,
    quantum: u64,
    knows_first_lines: bool,
}

/// One function of the table.
struct Function<'a> {
    start: u64,
    record: &'a [u8],
}

impl<'a> GoFunctions<'a> {
    /// The table of a file; `None` where there is none, or none that is understood.
    pub(super) fn of(object: &object::File<'a>) -> Option<Self> {
        let section = object
            .section_by_name(".gopclntab")
            .or_else(|| object.section_by_name(".data.rel.ro.gopclntab"))?;
        let table = section.data().ok()?;
        let magic = u32_at(table, 0)?;
        let [0, 0, quantum, 8] = *table.get(4..8)? else { return None };
        if !MAGIC.contains(&magic) || !object.is_little_endian() {
            return None;
        }
        let word = |i: usize| usize::try_from(u64_at(table, 8 + 8 * i)?).ok();
        let part = |i: usize| table.get(word(i)?..);
        let functions = part(7)?;
        let count = word(0)?;
        // One more pair than there are functions: where the last one ends.
        functions.get(..count.checked_mul(8)?.checked_add(4)?)?;
        let mut found = Self {
            names: part(3)?,
            units: part(4)?,
            files: part(5)?,
            values: part(6)?,
            functions,
            count,
            text: 0,
            quantum: quantum.into(),
            knows_first_lines: magic == MAGIC[1],
        };
        found.text = found.base(object, section.address() + 24, word(2)? as u64)?;
        Some(found)
    }

    /// What addresses are counted from: `stored`, or what will be put in its place `at` this address when the program starts.
    /// Newer versions leave that out, and mean the beginning of the code.
    fn base(&self, object: &object::File<'a>, at: u64, stored: u64) -> Option<u64> {
        let code = object.section_by_name(".text")?;
        let code = code.address()..code.address().checked_add(code.size())?;
        let relocated = || {
            let mut all = object.dynamic_relocations()?;
            all.find(|(address, _)| *address == at).map(|(_, relocation)| relocation.addend() as u64)
        };
        let told = Some(stored).filter(|&text| text != 0).or_else(relocated);
        let text = told.unwrap_or(code.start);
        let end = text.checked_add(u32_at(self.functions, self.count * 8)?.into())?;
        let is_whole = told.is_some() || end == code.end;
        (is_whole && code.contains(&text) && end <= code.end).then_some(text)
    }

    /// The function around an address and the line there.
    pub(super) fn name(&self, address: u64) -> Option<(NamedFunction, u32)> {
        let function = self.function(address)?;
        let name = text(self.names, function.field(4)? as usize)?;
        let file = |pc| self.file(&function, pc).unwrap_or_default();
        let line = |pc| self.value(&function, function.field(24)?, pc).and_then(|n| u32::try_from(n).ok());
        let (own_file, first_line) = (file(function.start), line(function.start).unwrap_or(0));
        let told = if self.knows_first_lines { function.field(36) } else { None };
        let here = if file(address) == own_file { line(address).unwrap_or(0) } else { 0 };
        let found = NamedFunction {
            name: name.clone(),
            system_name: name,
            file: own_file,
            start_line: told.filter(|&line| line > 0).unwrap_or(first_line),
            language: Language::Go,
        };
        Some((found, here))
    }

    fn function(&self, address: u64) -> Option<Function<'a>> {
        let wanted = u32::try_from(address.checked_sub(self.text)?).ok()?;
        let start = |i: usize| u32_at(self.functions, i * 8);
        if wanted >= start(self.count)? {
            return None;
        }
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if start(middle)? <= wanted { low = middle + 1 } else { high = middle }
        }
        let found = low.checked_sub(1)?;
        let record = self.functions.get(u32_at(self.functions, found * 8 + 4)? as usize..)?;
        let function = Function { start: self.text + u64::from(start(found)?), record };
        (function.field(0)? == start(found)?).then_some(function)
    }

    fn file(&self, function: &Function<'a>, pc: u64) -> Option<String> {
        let in_unit = u32::try_from(self.value(function, function.field(20)?, pc)?).ok()?;
        let index = function.field(32)?.checked_add(in_unit)? as usize;
        text(self.files, u32_at(self.units, index.checked_mul(4)?)? as usize)
    }

    /// What a table of values has for an address: pairs of how much more the value is and for how many more bytes.
    fn value(&self, function: &Function<'a>, table: u32, pc: u64) -> Option<i64> {
        let mut rest = self.values.get(table as usize..).filter(|_| table != 0)?;
        let (mut value, mut end) = (-1_i64, function.start);
        for step in 0..MAX_STEPS {
            let more = varint(&mut rest)?;
            if more == 0 && step > 0 {
                return None;
            }
            value += if more & 1 == 0 { i64::from(more >> 1) } else { !i64::from(more >> 1) };
            end = end.checked_add(u64::from(varint(&mut rest)?) * self.quantum)?;
            if pc < end {
                return Some(value);
            }
        }
        None
    }
}

impl Function<'_> {
    /// Four bytes of the function's record: 0 its beginning, 4 its name, 20 and 24 tables of files and lines, 32 its unit, 36 its
    /// first line.
    fn field(&self, offset: usize) -> Option<u32> {
        u32_at(self.record, offset)
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for shift in (0..32).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn text(table: &[u8], at: usize) -> Option<String> {
    let bytes = table.get(at..)?;
    let len = bytes.iter().take(MAX_NAME).position(|&byte| byte == 0)?;
    let text = String::from_utf8_lossy(&bytes[..len]);
    (len > 0).then(|| text.into_owned())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
