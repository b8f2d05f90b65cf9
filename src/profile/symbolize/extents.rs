//! Where functions begin and end by the tables for unwinding, which survive when symbols are stripped.

use std::ops::Range;

use addr2line::gimli::{
    BaseAddresses, CieOrFde, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, ParsedEhFrameHdr, UnwindSection,
};
use object::{Object, ObjectSection};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Functions of a file without an index that are listed.
const MOST_LISTED: usize = 1 << 20;

/// The functions of one file that can be unwound.
pub(super) struct Extents<'a> {
    found: Found<'a>,
    frames: EhFrame<Slice<'a>>,
    bases: BaseAddresses,
}

/// How functions are found.
enum Found<'a> {
    /// By the file's own index.
    Index(ParsedEhFrameHdr<Slice<'a>>),
    /// A static program may have none: by a list of all, sorted.
    Listed(Vec<Range<u64>>),
}

impl<'a> Extents<'a> {
    /// Finds the tables; `None` where there are none.
    pub(super) fn of(object: &object::File<'a>) -> Option<Self> {
        let section = |name| object.section_by_name(name).and_then(|s| Some((s.address(), s.data().ok()?)));
        let (frames_at, frames) = section(".eh_frame")?;
        let frames = EhFrame::new(frames, LittleEndian);
        let bases = BaseAddresses::default().set_eh_frame(frames_at);
        let Some((index_at, index)) = section(".eh_frame_hdr") else {
            return Some(Self { found: Found::Listed(list(&frames, &bases)), frames, bases });
        };
        let bases = bases.set_eh_frame_hdr(index_at);
        let index = EhFrameHdr::new(index, LittleEndian).parse(&bases, 8).ok()?;
        Some(Self { found: Found::Index(index), frames, bases })
    }

    /// The function around an address, or the part of it that the compiler has set apart.
    pub(super) fn around(&self, address: u64) -> Option<Range<u64>> {
        match &self.found {
            Found::Index(index) => {
                let table = index.table()?;
                let entry = table
                    .fde_for_address(&self.frames, &self.bases, address, EhFrame::cie_from_offset)
                    .ok()?;
                Some(entry.initial_address()..entry.end_address())
            }
            Found::Listed(functions) => {
                let after = functions.partition_point(|function| function.start <= address);
                functions.get(after.checked_sub(1)?).filter(|function| function.contains(&address)).cloned()
            }
        }
    }
}

/// All functions of the table, sorted; those before the first entry that cannot be read.
fn list(frames: &EhFrame<Slice<'_>>, bases: &BaseAddresses) -> Vec<Range<u64>> {
    let mut functions = Vec::new();
    let mut entries = frames.entries(bases);
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else { continue };
        let Ok(function) = partial.parse(EhFrame::cie_from_offset) else { continue };
        functions.push(function.initial_address()..function.end_address());
        if functions.len() == MOST_LISTED {
            break;
        }
    }
    functions.sort_unstable_by_key(|function| function.start);
    functions
}
