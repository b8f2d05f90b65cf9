//! Debug information of one file: functions, inlined calls, files and lines of an address.

use std::{ops::Range, sync::Arc};

use addr2line::{
    Context,
    gimli::{self, AttributeValue, UnitOffset, UnitRef},
};
use self_cell::self_cell;

use super::{
    debug_sections::{Sections, Slice},
    object_file::ObjectFile,
    split_dwarf::{Split, SplitPlaces},
};
use crate::profile::model::Language;

/// Deepest nesting of inlined calls that is kept; what lies between them and the real function is left out.
const MAX_INLINED: usize = 256;
/// How many rows of a line table are tried to find a function's file.
const MAX_NEIGHBOURS: usize = 200;

/// What a file's debug information is read through.
struct Reader<'a> {
    context: Context<Slice<'a>>,
    split: Split<'a>,
}

self_cell! {
    struct Parsed {
        owner: Sections,
        #[not_covariant]
        dependent: Reader,
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
    /// Reads the list of units. `None` if there is none or it is broken. Units that were compiled into files of their own
    /// (`-gsplit-dwarf`) are looked for when they are needed.
    pub(super) fn load(
        main: &Arc<ObjectFile>,
        supplement: Option<&Arc<ObjectFile>>,
        places: SplitPlaces,
    ) -> Option<Self> {
        let sections = Sections::load(main, supplement)?;
        let parsed = Parsed::try_new(sections, |sections| Reader::new(sections, places).ok_or(()));
        parsed.ok().map(|parsed| Self { parsed })
    }

    /// The functions at `address`, innermost first; the last is the real one, the others are inlined. Empty where the
    /// debug information knows nothing or is broken.
    pub(super) fn frames(&self, address: u64) -> Vec<DwarfFrame> {
        self.parsed.with_dependent(|sections, reader| reader.frames(sections, address).unwrap_or_default())
    }

    /// Whether the real function at `address` begins within `range`, as the debug information has it.
    pub(super) fn begins_within(&self, address: u64, range: &Range<u64>) -> bool {
        self.parsed.with_dependent(|sections, reader| {
            let starts = reader.begins(sections, address);
            starts.is_some_and(|starts| starts.iter().any(|s| range.contains(s)))
        })
    }

    /// Whether nobody changed the files of split off units while they were read.
    pub(super) fn is_intact(&self) -> bool {
        self.parsed.borrow_owner().are_intact()
    }
}

impl<'a> Reader<'a> {
    fn new(sections: &'a Sections, places: SplitPlaces) -> Option<Self> {
        let context = Context::from_dwarf(sections.dwarf()?).ok()?;
        Some(Self { context, split: Split::new(places) })
    }

    fn frames(&self, sections: &'a Sections, address: u64) -> Option<Vec<DwarfFrame>> {
        let mut found = Vec::new();
        let unit = self.split.finish(sections, self.context.find_dwarf_and_unit(address));
        let mut frames = self.split.finish(sections, self.context.find_frames(address)).ok()?;
        while let Some(frame) = frames.next().ok()? {
            if found.len() > MAX_INLINED {
                found.pop();
            }
            let declared = unit.zip(frame.dw_die_offset).and_then(|(unit, die)| declaration(unit, die, 4));
            let mut file = frame.location.as_ref().and_then(|l| l.file).map(str::to_owned);
            let line = frame.location.as_ref().and_then(|l| l.line).unwrap_or(0);
            if line == 0 && declared.is_none() {
                let at = unit.zip(frame.dw_die_offset);
                file = at.and_then(|(unit, die)| self.neighbours_file(sections, unit, die));
            }
            found.push(DwarfFrame {
                name: frame.function.as_ref().map(|f| f.name.slice().to_vec()).unwrap_or_default(),
                language: frame
                    .function
                    .as_ref()
                    .and_then(|f| f.language)
                    .map_or(Language::Unknown, language),
                file,
                line,
                declared,
            });
        }
        Some(found)
    }

    fn begins(&self, sections: &'a Sections, address: u64) -> Option<Vec<u64>> {
        let unit = self.split.finish(sections, self.context.find_dwarf_and_unit(address))?;
        let mut frames = self.split.finish(sections, self.context.find_frames(address)).ok()?;
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
        &self,
        sections: &'a Sections,
        unit: UnitRef<'_, Slice<'a>>,
        die: UnitOffset,
    ) -> Option<String> {
        let mut ranges = unit.die_ranges(&unit.entry(die).ok()?).ok()?;
        let mut tries = 0;
        while let Some(range) = ranges.next().ok()? {
            for (address, _, location) in self.context.find_location_range(range.begin, range.end).ok()? {
                tries += 1;
                if tries > MAX_NEIGHBOURS {
                    return None;
                }
                if location.line.is_none_or(|l| l == 0) || !(range.begin..range.end).contains(&address) {
                    continue;
                }
                let mut frames = self.split.finish(sections, self.context.find_frames(address)).ok()?;
                if frames.next().ok()?.is_some_and(|f| f.dw_die_offset == Some(die)) {
                    return location.file.map(str::to_owned);
                }
            }
        }
        None
    }
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
