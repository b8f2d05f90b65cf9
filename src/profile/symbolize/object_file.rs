//! An ELF file held open for reading, and what must be known of it before looking anything up.

use std::{
    fs::{File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use object::{Object, ObjectSection, SectionFlags};

use super::guard::Mapping;

/// Bytes of an ELF file: mapped, or an image without a file.
#[derive(Debug)]
pub(super) struct ObjectFile {
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Mapped { map: Mapping, file: File, stamp: Stamp },
    Image(Vec<u8>),
}

/// What changes when somebody writes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
}

impl ObjectFile {
    /// Maps an open file.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let stamp = stamp(&file)?;
        let map = Mapping::new(&file)?;
        Ok(Self { bytes: Bytes::Mapped { map, file, stamp } })
    }

    /// Opens and maps a regular file. Anything else (a FIFO would block for ever) is an error.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Self::new(file)
    }

    /// An image that is in memory already.
    pub(super) fn from_image(image: Vec<u8>) -> Self {
        Self { bytes: Bytes::Image(image) }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped { map, .. } => map,
            Bytes::Image(image) => image,
        }
    }

    /// Its headers, if it is ELF.
    pub(super) fn parse(&self) -> Option<object::File<'_>> {
        let bytes = self.bytes();
        bytes.starts_with(b"\x7fELF").then(|| object::File::parse(bytes).ok())?
    }

    /// Whether it still is what was mapped: nobody wrote to it or cut it meanwhile.
    pub(super) fn is_intact(&self) -> bool {
        match &self.bytes {
            Bytes::Mapped { map, file, stamp: before } => {
                !map.is_torn() && stamp(file).is_ok_and(|now| now == *before)
            }
            Bytes::Image(_) => true,
        }
    }
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let meta = file.metadata()?;
    Ok(Stamp { size: meta.size(), modified: (meta.mtime(), meta.mtime_nsec()) })
}

/// What an ELF file says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) build_id: Vec<u8>,
    /// Name and CRC of the separate debug file.
    pub(super) debug_link: Option<(Vec<u8>, u32)>,
    /// Name and build id of the file that shares debug information with others (made by dwz).
    pub(super) alt_link: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) has_dwarf: bool,
    pub(super) has_symbol_table: bool,
    pub(super) is_go: bool,
    /// Addresses of executable sections, sorted.
    pub(super) code: Vec<Range<u64>>,
}

impl Facts {
    /// Reads the headers. Broken parts are as if absent.
    pub(super) fn read(object: &object::File<'_>) -> Self {
        let mut facts = Self {
            build_id: object.build_id().ok().flatten().unwrap_or_default().to_vec(),
            debug_link: object.gnu_debuglink().ok().flatten().map(|(name, crc)| (name.to_vec(), crc)),
            alt_link: object.gnu_debugaltlink().ok().flatten().map(|(n, id)| (n.to_vec(), id.to_vec())),
            has_symbol_table: object.symbol_table().is_some(),
            ..Self::default()
        };
        for section in object.sections() {
            let has_bytes = section.file_range().is_some_and(|(_, size)| size > 0);
            match section.name_bytes().unwrap_or_default() {
                b".debug_info" | b".zdebug_info" | b".debug_line" | b".zdebug_line" => {
                    facts.has_dwarf |= has_bytes;
                }
                b".gopclntab" | b".note.go.buildid" | b".go.buildinfo" => facts.is_go = true,
                _ => {}
            }
            let end = section.address().saturating_add(section.size());
            if is_code(&section) && end > section.address() {
                facts.code.push(section.address()..end);
            }
        }
        facts.code.sort_unstable_by_key(|r| r.start);
        facts
    }

    /// The executable section that `address` lies in.
    pub(super) fn code_around(&self, address: u64) -> Option<&Range<u64>> {
        let after = self.code.partition_point(|r| r.start <= address);
        self.code.get(after.checked_sub(1)?).filter(|r| r.contains(&address))
    }
}

fn is_code(section: &object::Section<'_, '_>) -> bool {
    match section.flags() {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.0 & object::elf::SHF_EXECINSTR.0 != 0,
        _ => false,
    }
}
