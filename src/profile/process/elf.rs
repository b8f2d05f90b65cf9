//! What recording needs to know of an ELF file: where its code lies and how its stacks unwind. Read by `pread`, never
//! mapped, so that a file that changes under us cannot crash us.

use std::{fs::File, ops::Deref, ops::Range, sync::Arc};

use framehop::ExplicitModuleSectionInfo;
use object::{
    Object, ObjectSection, ObjectSegment, ObjectSymbol, ReadCache, ReadRef, SegmentFlags, elf::PF_X,
};

use super::python_symbols;
use crate::profile::frames::python::{Refusal, Symbols};

/// More unwind information than this is not believed.
pub(super) const LARGEST_SECTION: u64 = 1 << 30;

/// Bytes of a section, shared by all processes that map the file.
#[derive(Clone, Debug)]
pub(super) struct Bytes(Arc<[u8]>);

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// An executable segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Address as the file counts.
    pub(super) address: u64,
    /// Offset in the file.
    pub(super) offset: u64,
    /// Bytes in the file.
    pub(super) size: u64,
}

/// Facts about an ELF file.
#[derive(Debug, Default)]
pub(super) struct Elf {
    /// Executable segments.
    pub(super) segments: Vec<Segment>,
    /// GNU build id; empty without one.
    pub(super) build_id: Vec<u8>,
    /// Lowest address of any segment, rounded down to a page.
    pub(super) base: u64,
    /// Address ranges of functions that have no caller although nothing in the unwind information says so.
    pub(super) roots: Vec<Range<u64>>,
    /// The Python interpreter in it, or why that cannot be read.
    pub(super) python: Option<Result<Symbols, Refusal>>,
    sections: Option<Sections>,
}

#[derive(Clone, Debug, Default)]
struct Sections {
    text: Option<Range<u64>>,
    got: Option<Range<u64>>,
    eh_frame: Option<(Range<u64>, Bytes)>,
    eh_frame_hdr: Option<(Range<u64>, Bytes)>,
    debug_frame: Option<Bytes>,
}

impl Elf {
    /// Reads an open file; `None` when it is no ELF file.
    pub(super) fn read(file: &File) -> Option<Self> {
        Self::parse(&ReadCache::new(file))
    }

    /// Reads an image in memory, such as that of the `[vdso]`.
    pub(super) fn of_image(image: &[u8]) -> Option<Self> {
        Self::parse(image)
    }

    fn parse<'data, R: ReadRef<'data>>(data: R) -> Option<Self> {
        let file = object::File::parse(data).ok()?;
        let is_code = |flags| matches!(flags, SegmentFlags::Elf { p_flags, .. } if p_flags & PF_X == PF_X);
        let segments = file
            .segments()
            .filter(|segment| is_code(segment.flags()))
            .map(|segment| {
                let (offset, size) = segment.file_range();
                Segment { address: segment.address(), offset, size }
            })
            .filter(|segment| segment.size > 0)
            .collect();
        let lowest = file.segments().map(|segment| segment.address()).min().unwrap_or(0);
        let sections = Sections::read(&file);
        Some(Self {
            segments,
            build_id: file.build_id().ok().flatten().unwrap_or_default().to_vec(),
            base: lowest & !0xfff,
            roots: roots(&file),
            python: python_symbols::find(&file),
            sections: Some(sections),
        })
    }

    /// What has to be added to the file's addresses for memory mapped from `offset` to `start`; `None` where no executable
    /// segment fits, so that addresses of this mapping mean nothing.
    ///
    /// `start - offset` would be wrong wherever a linker lets a segment's address and offset differ by more than whole pages
    /// between segments, as lld does.
    pub(super) fn bias(&self, start: u64, len: u64, offset: u64) -> Option<u64> {
        let exact = self.segments.iter().find(|s| s.offset & !0xfff == offset);
        let overlapping = || {
            let end = offset.checked_add(len)?;
            self.segments.iter().find(|s| offset < s.offset.saturating_add(s.size) && end > s.offset)
        };
        let segment = exact.or_else(overlapping)?;
        Some(start.wrapping_sub(offset).wrapping_add(segment.offset).wrapping_sub(segment.address))
    }

    /// What the unwinder wants to know.
    pub(super) fn unwind_info(&self) -> ExplicitModuleSectionInfo<Bytes> {
        let sections = self.sections.clone().unwrap_or_default();
        let (eh_frame_svma, eh_frame) = sections.eh_frame.unzip();
        let (eh_frame_hdr_svma, eh_frame_hdr) = sections.eh_frame_hdr.unzip();
        ExplicitModuleSectionInfo {
            base_svma: self.base,
            text_svma: sections.text,
            text: None,
            stubs_svma: None,
            stub_helper_svma: None,
            got_svma: sections.got,
            unwind_info: None,
            eh_frame_svma,
            eh_frame,
            eh_frame_hdr_svma,
            eh_frame_hdr,
            debug_frame: sections.debug_frame,
            text_segment_svma: None,
            text_segment: None,
        }
    }
}

impl Sections {
    fn read<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Self {
        let range = |name: &str| {
            let section = file.section_by_name(name)?;
            Some(section.address()..section.address().checked_add(section.size())?)
        };
        let bytes = |name: &str| {
            let section = file.section_by_name(name).filter(|s| s.size() <= LARGEST_SECTION)?;
            let data = section.uncompressed_data().ok().filter(|data| !data.is_empty())?;
            Some(Bytes(Arc::from(&*data)))
        };
        let both = |name: &str| Some((range(name)?, bytes(name)?));
        let eh_frame = both(".eh_frame");
        // Go has no .eh_frame, but its debug information describes every prologue.
        let debug_frame = if eh_frame.is_none() { bytes(".debug_frame") } else { None };
        Self {
            text: range(".text"),
            got: range(".got"),
            eh_frame,
            eh_frame_hdr: both(".eh_frame_hdr"),
            debug_frame,
        }
    }
}

/// Functions of the Go runtime at which a goroutine's or thread's stack begins.
const GO_ROOTS: [&str; 7] = [
    "runtime.goexit",
    "runtime.mstart",
    "runtime.rt0_go",
    "_rt0_amd64_linux",
    "runtime.goexit.abi0",
    "runtime.mstart.abi0",
    "runtime.rt0_go.abi0",
];

/// The entry code of a program or dynamic loader is short, and it is where the first thread's stack begins.
const ENTRY_BYTES: u64 = 48;

fn roots<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Vec<Range<u64>> {
    let entry = file.entry();
    let mut roots = Vec::new();
    if entry != 0 {
        roots.push(entry..entry.saturating_add(ENTRY_BYTES));
    }
    if file.section_by_name(".gopclntab").is_some() {
        let is_root = |name: &str| GO_ROOTS.contains(&name);
        let symbols = file.symbols().filter(|symbol| symbol.name().is_ok_and(is_root));
        roots.extend(symbols.map(|symbol| symbol.address()..symbol.address().saturating_add(symbol.size())));
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bias_comes_from_the_executable_segment() {
        // As lld lays it out: the code's address is a page further on than its offset.
        let elf = Elf {
            segments: vec![Segment { address: 0x16db0, offset: 0x15db0, size: 0x4000 }],
            ..Elf::default()
        };
        let start = 0x5555_0001_6000;
        assert_eq!(elf.bias(start, 0x5000, 0x15000), Some(start - 0x16000));
        // A piece of the segment, split off by mprotect.
        assert_eq!(elf.bias(start + 0x2000, 0x1000, 0x17000), Some(start - 0x16000));
        assert_eq!(elf.bias(start, 0x1000, 0x40000), None);
    }

    #[test]
    fn this_very_program_has_unwind_information() {
        let file = File::open("/proc/self/exe").unwrap();
        let elf = Elf::read(&file).unwrap();
        assert!(!elf.segments.is_empty());
        assert!(elf.unwind_info().eh_frame.is_some());
        assert!(Elf::of_image(b"#!/bin/sh\n").is_none());
    }
}
