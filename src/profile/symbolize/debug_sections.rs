//! The sections with a file's debug information, decompressed where they have to be.

use std::{cell::RefCell, collections::HashMap, ops::Range, sync::Arc};

use addr2line::gimli::{self, EndianSlice, RunTimeEndian, SectionId};
use object::{CompressionFormat, Object, ObjectSection};
use typed_arena::Arena;

use super::object_file::ObjectFile;

pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// Largest section after decompression, in bytes.
const MAX_SECTION: u64 = 4 << 30;
/// Zlib cannot do better than 1032:1, and Zstandard on debug information never does.
const MAX_RATIO: u64 = 1100;

/// The debug sections of a file, of the one it shares information with, and of those that units were split off to.
pub(super) struct Sections {
    endian: RunTimeEndian,
    main: SectionTable,
    supplement: Option<SectionTable>,
    split: Arena<SectionTable>,
    split_files: RefCell<Vec<Arc<ObjectFile>>>,
}

/// The debug sections of one file.
pub(super) struct SectionTable {
    object: Arc<ObjectFile>,
    pieces: HashMap<SectionId, Piece>,
}

enum Piece {
    InFile(Range<usize>),
    Decompressed(Vec<u8>),
}

impl Sections {
    /// `None` where the file cannot be read.
    pub(super) fn load(main: &Arc<ObjectFile>, supplement: Option<&Arc<ObjectFile>>) -> Option<Self> {
        let little = main.parse()?.is_little_endian();
        Some(Self {
            endian: if little { RunTimeEndian::Little } else { RunTimeEndian::Big },
            main: SectionTable::load(main, &USED, |id| Some(id.name()))?,
            supplement: supplement.and_then(|file| SectionTable::load(file, &USED, |id| Some(id.name()))),
            split: Arena::new(),
            split_files: RefCell::default(),
        })
    }

    /// What the file itself has.
    pub(super) fn dwarf(&self) -> Option<gimli::Dwarf<Slice<'_>>> {
        let mut dwarf = self.main.dwarf(self.endian)?;
        if let Some(supplement) = &self.supplement {
            dwarf.set_sup(supplement.dwarf(self.endian)?);
        }
        dwarf.populate_abbreviations_cache(gimli::AbbreviationsCacheStrategy::Duplicates);
        Some(dwarf)
    }

    /// What one more file has, to which a unit was split off.
    pub(super) fn split_unit(&self, file: ObjectFile) -> Option<gimli::Dwarf<Slice<'_>>> {
        self.split_table(file)?.dwarf(self.endian)
    }

    /// What one more file has, to which many units were split off.
    pub(super) fn package(&self, file: ObjectFile) -> Option<gimli::DwarfPackage<Slice<'_>>> {
        let table = self.split_table(file)?;
        let section = |id| Ok::<_, gimli::Error>(EndianSlice::new(table.section(id), self.endian));
        gimli::DwarfPackage::load(section, EndianSlice::new(&[], self.endian)).ok()
    }

    fn split_table(&self, file: ObjectFile) -> Option<&SectionTable> {
        let file = Arc::new(file);
        let table = SectionTable::load(&file, &[USED.as_slice(), &INDEXED].concat(), SectionId::dwo_name)?;
        self.split_files.borrow_mut().push(file);
        Some(self.split.alloc(table))
    }

    /// Whether nobody changed the files of units while they were read.
    pub(super) fn are_intact(&self) -> bool {
        self.split_files.borrow().iter().all(|file| file.is_intact())
    }
}

/// What names, lines and inlined calls are read from.
const USED: [SectionId; 13] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugAranges,
    SectionId::DebugCuIndex,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugTuIndex,
    SectionId::DebugTypes,
];
/// What the index of a package lists, too: without them it is refused.
const INDEXED: [SectionId; 4] =
    [SectionId::DebugLoc, SectionId::DebugLocLists, SectionId::DebugMacinfo, SectionId::DebugMacro];

impl SectionTable {
    fn load(
        object: &Arc<ObjectFile>,
        ids: &[SectionId],
        name: impl Fn(SectionId) -> Option<&'static str>,
    ) -> Option<Self> {
        let file = object.parse()?;
        let piece = |&id| Some((id, Piece::load(&file, name(id)?)?));
        let pieces = ids.iter().filter_map(piece).collect();
        Some(Self { object: Arc::clone(object), pieces })
    }

    fn dwarf(&self, endian: RunTimeEndian) -> Option<gimli::Dwarf<Slice<'_>>> {
        gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(EndianSlice::new(self.section(id), endian))).ok()
    }

    fn section(&self, id: SectionId) -> &[u8] {
        match self.pieces.get(&id) {
            Some(Piece::InFile(range)) => self.object.bytes().get(range.clone()).unwrap_or_default(),
            Some(Piece::Decompressed(bytes)) => bytes,
            None => &[],
        }
    }
}

impl Piece {
    fn load(file: &object::File<'_>, name: &str) -> Option<Self> {
        let section = file.section_by_name(name)?;
        let place = section.compressed_file_range().ok()?;
        if place.format == CompressionFormat::None {
            let start = usize::try_from(place.offset).ok()?;
            let length = usize::try_from(place.uncompressed_size).ok()?;
            return Some(Self::InFile(start..start.checked_add(length)?));
        }
        let data = section.compressed_data().ok()?;
        let limit = MAX_SECTION.min((data.data.len() as u64).saturating_mul(MAX_RATIO));
        if data.uncompressed_size > limit {
            return None;
        }
        Some(Self::Decompressed(data.decompress().ok()?.into_owned()))
    }
}
