//! Where functions begin and end by the tables for unwinding, which survive when symbols are stripped.

use std::ops::Range;

use addr2line::gimli::{
    BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, ParsedEhFrameHdr, UnwindSection,
};
use object::{Object, ObjectSection};

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The functions of one file that can be unwound.
pub(super) struct Extents<'a> {
    index: ParsedEhFrameHdr<Slice<'a>>,
    frames: EhFrame<Slice<'a>>,
    bases: BaseAddresses,
}

impl<'a> Extents<'a> {
    /// Finds the tables; `None` where there are none, or no sorted index of them.
    pub(super) fn of(object: &object::File<'a>) -> Option<Self> {
        let section = |name| object.section_by_name(name).and_then(|s| Some((s.address(), s.data().ok()?)));
        let (index_at, index) = section(".eh_frame_hdr")?;
        let (frames_at, frames) = section(".eh_frame")?;
        let bases = BaseAddresses::default().set_eh_frame_hdr(index_at).set_eh_frame(frames_at);
        let index = EhFrameHdr::new(index, LittleEndian).parse(&bases, 8).ok()?;
        Some(Self { index, frames: EhFrame::new(frames, LittleEndian), bases })
    }

    /// The function around an address, or the part of it that the compiler has set apart.
    pub(super) fn around(&self, address: u64) -> Option<Range<u64>> {
        let table = self.index.table()?;
        let entry =
            table.fde_for_address(&self.frames, &self.bases, address, EhFrame::cie_from_offset).ok()?;
        Some(entry.initial_address()..entry.end_address())
    }
}
