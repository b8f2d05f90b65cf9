//! Debug information of one file: functions, inlined calls, files and lines of an address.

use std::{collections::HashMap, ops::Range, sync::Arc};

use addr2line::{
    Context,
    gimli::{self, AttributeValue, EndianSlice, RunTimeEndian, SectionId, UnitOffset, UnitRef},
};
use object::{CompressionFormat, Object, ObjectSection};
use self_cell::self_cell;

use super::object_file::ObjectFile;
use crate::profile::model::Language;

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type DwarfContext<'a> = Context<Slice<'a>>;

/// Deepest nesting of inlined calls that is kept; what lies between them and the real function is left out.
const MAX_INLINED: usize = 256;
/// How many rows of a line table are tried to find a function's file.
const MAX_NEIGHBOURS: usize = 200;
/// Largest section after decompression, in bytes.
const MAX_SECTION: u64 = 4 << 30;
/// Zlib cannot do better than 1032:1, and Zstandard on debug information never does.
const MAX_RATIO: u64 = 1100;

self_cell! {
    struct Parsed {
        owner: Sections,
        #[not_covariant]
        dependent: DwarfContext,
    }
}

/// The debug information of a file, parsed as far as it was needed so far.
pub(super) struct Dwarf {
    parsed: Parsed,
}

/// A function at an address: the real one, or one inlined there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DwarfFrame {
    /// Linkage name, or plain name where there is none; empty where not known.
    pub(super) name: Vec<u8>,
    pub(super) language: Language,
    /// Where the code at the address, or the inlined call in it, was written.
    pub(super) file: Option<String>,
    pub(super) line: u32,
    /// Where the function was declared.
    pub(super) declared: Option<(String, u32)>,
}

impl Dwarf {
    /// Reads the list of units. `None` if there is none or it is broken.
    pub(super) fn load(main: &Arc<ObjectFile>, supplement: Option<&Arc<ObjectFile>>) -> Option<Self> {
        let sections = Sections::load(main, supplement)?;
        Parsed::try_new(sections, |s| s.context().ok_or(())).ok().map(|parsed| Self { parsed })
    }

    /// The functions at `address`, innermost first; the last is the real one, the others are inlined. Empty where the
    /// debug information knows nothing or is broken.
    pub(super) fn frames(&self, address: u64) -> Vec<DwarfFrame> {
        self.parsed.with_dependent(|_, context| frames(context, address).unwrap_or_default())
    }

    /// Whether the real function at `address` begins within `range`, as the debug information has it.
    pub(super) fn begins_within(&self, address: u64, range: &Range<u64>) -> bool {
        self.parsed.with_dependent(|_, context| {
            begins(context, address).is_some_and(|starts| starts.iter().any(|s| range.contains(s)))
        })
    }
}

fn frames(context: &DwarfContext<'_>, address: u64) -> Option<Vec<DwarfFrame>> {
    let mut found = Vec::new();
    let unit = context.find_dwarf_and_unit(address).skip_all_loads();
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    while let Some(frame) = frames.next().ok()? {
        if found.len() > MAX_INLINED {
            found.pop();
        }
        let declared = unit.zip(frame.dw_die_offset).and_then(|(unit, die)| declaration(unit, die, 4));
        let mut file = frame.location.as_ref().and_then(|l| l.file).map(str::to_owned);
        let line = frame.location.as_ref().and_then(|l| l.line).unwrap_or(0);
        if line == 0 && declared.is_none() {
            file = unit.zip(frame.dw_die_offset).and_then(|(unit, die)| neighbours_file(context, unit, die));
        }
        found.push(DwarfFrame {
            name: frame.function.as_ref().map(|f| f.name.slice().to_vec()).unwrap_or_default(),
            language: frame.function.as_ref().and_then(|f| f.language).map_or(Language::Unknown, language),
            file,
            line,
            declared,
        });
    }
    Some(found)
}

fn begins(context: &DwarfContext<'_>, address: u64) -> Option<Vec<u64>> {
    let unit = context.find_dwarf_and_unit(address).skip_all_loads()?;
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let mut real = None;
    while let Some(frame) = frames.next().ok()? {
        real = frame.dw_die_offset;
    }
    let mut ranges = unit.die_ranges(&unit.entry(real?).ok()?).ok()?;
    let mut starts = Vec::new();
    while let Some(range) = ranges.next().ok()? {
        starts.push(range.begin);
    }
    Some(starts)
}

/// The file of a function that the line table gives no line for at some address, and so no file to rely on: that of
/// another address at which the same function is innermost.
fn neighbours_file(
    context: &DwarfContext<'_>,
    unit: UnitRef<'_, Slice<'_>>,
    die: UnitOffset,
) -> Option<String> {
    let mut ranges = unit.die_ranges(&unit.entry(die).ok()?).ok()?;
    let mut tries = 0;
    while let Some(range) = ranges.next().ok()? {
        for (address, _, location) in context.find_location_range(range.begin, range.end).ok()? {
            tries += 1;
            if tries > MAX_NEIGHBOURS {
                return None;
            }
            if location.line.is_none_or(|l| l == 0) || !(range.begin..range.end).contains(&address) {
                continue;
            }
            let innermost = context.find_frames(address).skip_all_loads().ok()?.next().ok()?;
            if innermost.is_some_and(|f| f.dw_die_offset == Some(die)) {
                return location.file.map(str::to_owned);
            }
        }
    }
    None
}

/// File and line where the function of a debugging entry was declared, following at most `hops` references in its unit.
fn declaration(unit: UnitRef<'_, Slice<'_>>, die: UnitOffset, hops: u32) -> Option<(String, u32)> {
    let entry = unit.entry(die).ok()?;
    let line = entry.attr_value(gimli::DW_AT_decl_line).and_then(|v| v.udata_value());
    let file = match entry.attr_value(gimli::DW_AT_decl_file) {
        Some(AttributeValue::FileIndex(index)) => Some(index),
        Some(value) => value.udata_value(),
        None => None,
    };
    if let (Some(line), Some(file)) = (line, file) {
        return Some((file_path(unit, file)?, u32::try_from(line).ok()?));
    }
    let reference = entry
        .attr_value(gimli::DW_AT_abstract_origin)
        .or_else(|| entry.attr_value(gimli::DW_AT_specification));
    match reference {
        Some(AttributeValue::UnitRef(next)) if hops > 0 => declaration(unit, next, hops - 1),
        _ => None,
    }
}

/// Path of a file of the unit's line table, joined the way addr2line does it, so that both are spelled alike.
fn file_path(unit: UnitRef<'_, Slice<'_>>, index: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let mut path = unit.comp_dir.map(|d| d.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = if file.directory_index() == 0 { None } else { file.directory(header) };
    for part in [directory, Some(file.path_name())].into_iter().flatten() {
        let part = unit.attr_string(part).ok()?.to_string_lossy();
        if part.starts_with('/') {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(&part);
    }
    Some(path)
}

fn language(dw: gimli::DwLang) -> Language {
    match dw {
        gimli::DW_LANG_Rust => Language::Rust,
        gimli::DW_LANG_Go => Language::Go,
        gimli::DW_LANG_C
        | gimli::DW_LANG_C89
        | gimli::DW_LANG_C99
        | gimli::DW_LANG_C11
        | gimli::DW_LANG_C17 => Language::C,
        gimli::DW_LANG_C_plus_plus
        | gimli::DW_LANG_C_plus_plus_03
        | gimli::DW_LANG_C_plus_plus_11
        | gimli::DW_LANG_C_plus_plus_14
        | gimli::DW_LANG_C_plus_plus_17
        | gimli::DW_LANG_C_plus_plus_20 => Language::Cpp,
        _ => Language::Unknown,
    }
}

/// The debug sections of a file and of the one it shares information with.
struct Sections {
    endian: RunTimeEndian,
    main: SectionTable,
    supplement: Option<SectionTable>,
}

struct SectionTable {
    object: Arc<ObjectFile>,
    pieces: HashMap<SectionId, Piece>,
}

enum Piece {
    InFile(Range<usize>),
    Decompressed(Vec<u8>),
}

impl Sections {
    fn load(main: &Arc<ObjectFile>, supplement: Option<&Arc<ObjectFile>>) -> Option<Self> {
        let little = main.parse()?.is_little_endian();
        Some(Self {
            endian: if little { RunTimeEndian::Little } else { RunTimeEndian::Big },
            main: SectionTable::load(main)?,
            supplement: supplement.and_then(SectionTable::load),
        })
    }

    fn context(&self) -> Option<DwarfContext<'_>> {
        let mut dwarf = self.main.dwarf(self.endian)?;
        if let Some(supplement) = &self.supplement {
            dwarf.set_sup(supplement.dwarf(self.endian)?);
        }
        dwarf.populate_abbreviations_cache(gimli::AbbreviationsCacheStrategy::Duplicates);
        Context::from_dwarf(dwarf).ok()
    }
}

impl SectionTable {
    fn load(object: &Arc<ObjectFile>) -> Option<Self> {
        const USED: [SectionId; 11] = [
            SectionId::DebugAbbrev,
            SectionId::DebugAddr,
            SectionId::DebugAranges,
            SectionId::DebugInfo,
            SectionId::DebugLine,
            SectionId::DebugLineStr,
            SectionId::DebugRanges,
            SectionId::DebugRngLists,
            SectionId::DebugStr,
            SectionId::DebugStrOffsets,
            SectionId::DebugTypes,
        ];
        let file = object.parse()?;
        let pieces = USED.into_iter().filter_map(|id| Some((id, Piece::load(&file, id)?))).collect();
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
    fn load(file: &object::File<'_>, id: SectionId) -> Option<Self> {
        let section = file.section_by_name(id.name())?;
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
