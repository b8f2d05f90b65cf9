//! The Python interpreter in an ELF file, by its symbols.
//!
//! It exports them because extension modules need them. A program with an interpreter linked into it may keep them to itself,
//! in its full symbol table; where that is stripped, what is left is enough to say so. Whoever takes the names without being
//! an interpreter is found out by looking at its memory.

use std::ops::Range;

use memchr::memmem;
use object::{Object, ObjectSection, ObjectSymbol, ReadRef};

use super::{elf::LARGEST_SECTION, parts};
use crate::profile::frames::python::{Refusal, Symbols};

/// A whole table is read for this, so only where a program may have an interpreter of its own.
const LARGEST_SEARCHED: u64 = 256 << 20;
/// An interpreter's constants are longer than this.
const FEWEST_CONSTANTS: u64 = 256 << 10;
/// What every version says when it cannot go on, its end first: nobody who looks for it shall be taken for an interpreter.
const LAST_WORDS: [&[u8]; 2] = [b" error: ", b"Fatal Python"];

/// The interpreter in a file; `None` where there is none.
pub(super) fn find<'data, R: ReadRef<'data>>(
    file: &object::File<'data, R>,
) -> Option<Result<Symbols, Refusal>> {
    if let Some(found) = Found::among(file.dynamic_symbols()) {
        return Some(found.judged(file));
    }
    // Only a program has one that it does not export, and a shared library begins nowhere.
    if file.entry() == 0 {
        return None;
    }
    if has_names(file) {
        return Found::among(file.symbols()).map(|found| found.judged(file));
    }
    is_anonymous(file).then_some(Err(Refusal::Stripped))
}

/// Addresses as the file counts; 0 where there is no such symbol.
#[derive(Default)]
struct Found {
    runtime: u64,
    version: Option<u64>,
    code_type: u64,
    minor: u8,
    is_python_2: bool,
    is_pypy: bool,
}

impl Found {
    fn among<'data, S: ObjectSymbol<'data>>(symbols: impl Iterator<Item = S>) -> Option<Self> {
        let mut found = Self::default();
        for symbol in symbols.filter(|symbol| symbol.is_definition()) {
            match symbol.name() {
                Ok("_PyRuntime") => found.runtime = symbol.address(),
                Ok("Py_Version") => found.version = Some(symbol.address()),
                Ok("PyCode_Type") => found.code_type = symbol.address(),
                Ok("PyThreadState_GetFrame") => found.minor = found.minor.max(9),
                Ok("Py_NewRef") => found.minor = 10,
                Ok("PyString_Type") => found.is_python_2 = true,
                Ok("pypy_main_startup") => found.is_pypy = true,
                _ => {}
            }
        }
        (found.code_type != 0 || found.is_pypy).then_some(found)
    }

    fn judged<'data, R: ReadRef<'data>>(self, file: &object::File<'data, R>) -> Result<Symbols, Refusal> {
        if self.is_pypy {
            return Err(Refusal::PyPy);
        }
        if self.is_python_2 {
            return Err(Refusal::Python2);
        }
        if self.runtime == 0 || self.minor == 0 {
            return Err(Refusal::TooOld);
        }
        Ok(Symbols {
            runtime: self.runtime,
            version: self.version,
            minor: self.minor,
            code_type: self.code_type,
            evaluation: evaluation(file),
        })
    }
}

/// The functions that run byte code. The parts of them that compilers set apart are in the full symbol table only.
fn evaluation<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Vec<Range<u64>> {
    let evaluates = |name: &str| {
        name.strip_prefix("_PyEval_EvalFrameDefault")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || name.starts_with("_TAIL_CALL_")
    };
    let symbols = file.dynamic_symbols().chain(file.symbols());
    let mut found: Vec<Range<u64>> = symbols
        .filter(|symbol| symbol.size() > 0 && symbol.name().is_ok_and(evaluates))
        .map(|symbol| symbol.address()..symbol.address().saturating_add(symbol.size()))
        .collect();
    if file.symbols().next().is_none() {
        found.extend(parts_of(file, &found));
    }
    found.sort_by_key(|range| range.start);
    found.dedup();
    found
}

/// The parts of these functions that the stripped symbol table named.
fn parts_of<'data, R: ReadRef<'data>>(
    file: &object::File<'data, R>,
    known: &[Range<u64>],
) -> Vec<Range<u64>> {
    let section = |name: &str| {
        let section = file.section_by_name(name).filter(|s| s.size() <= LARGEST_SECTION)?;
        Some((section.address(), section.data().ok()?))
    };
    let (Some((base, text)), Some((header_at, header))) = (section(".text"), section(".eh_frame_hdr")) else {
        return Vec::new();
    };
    let starts = parts::piece_starts(header, header_at);
    known.iter().flat_map(|known| parts::parts(text, base, known, &starts)).collect()
}

/// Whether the full symbol table has an interpreter's names; looking through the names as a whole is much faster than one
/// by one.
fn has_names<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> bool {
    contains(file, ".strtab", b"\0_PyRuntime\0", 0) || contains(file, ".strtab", b"\0PyCode_Type\0", 0)
}

/// Whether there is an interpreter without any symbols.
fn is_anonymous<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> bool {
    // From 3.11 on this is where `_PyRuntime` lies.
    let [end, beginning] = LAST_WORDS;
    file.section_by_name(".PyRuntime").is_some()
        || contains(file, ".rodata", &[beginning, end].concat(), FEWEST_CONSTANTS)
}

fn contains<'data, R: ReadRef<'data>>(
    file: &object::File<'data, R>,
    section: &str,
    text: &[u8],
    at_least: u64,
) -> bool {
    let section = file.section_by_name(section);
    let section = section.filter(|section| (at_least..=LARGEST_SEARCHED).contains(&section.size()));
    section.and_then(|section| section.data().ok()).is_some_and(|data| memmem::find(data, text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_looks_for_interpreters_is_none() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let file = object::File::parse(&*program).unwrap();
        assert!(find(&file).is_none());
        // The words would be found where they are.
        assert!(contains(&file, ".rodata", LAST_WORDS[1], FEWEST_CONSTANTS));
    }
}
