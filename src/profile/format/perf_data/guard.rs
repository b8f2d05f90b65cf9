//! A look at the numbers in a file that its parser takes for sizes, before it does.

use super::MAGIC;

const CUT_SHORT: &str = "cut short";
const DAMAGED: &str = "damaged: a size in it leads outside of it";
/// Bytes of the header of a file, and of one from a pipe.
const FILE_HEADER: u64 = 104;
const PIPE_HEADER: u64 = 16;
/// Numbers of features and records.
const EVENT_DESC: usize = 12;
const FEATURES: usize = 32;
const RECORD_ATTRIBUTE: u32 = 64;
const RECORD_FEATURE: u32 = 80;
const RECORD_AUXTRACE: u32 = 71;
const RECORD_COMPRESSED: [u32; 2] = [81, 83];
/// Where the read format stands in an attribute, and its bit for lost samples.
const READ_FORMAT: usize = 32;
const FORMAT_LOST: u64 = 1 << 4;
/// Sizes of an attribute that are or could become usual.
const ATTRIBUTE: std::ops::RangeInclusive<u64> = 64..=4096;
/// Events in a file.
const MOST_EVENTS: u64 = 4096;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// With a table of sections.
    File,
    /// As a stream of records.
    Pipe,
}

/// The layout, once every size that matters is within the file.
///
/// # Errors
/// What is wrong, in a few words.
pub(super) fn check(bytes: &[u8]) -> Result<Layout, String> {
    if !bytes.starts_with(MAGIC) {
        return Err("not a recording of `perf record`".into());
    }
    match u64_at(bytes, 8)? {
        PIPE_HEADER => {
            records(bytes.get(PIPE_HEADER as usize..).ok_or(CUT_SHORT)?)?;
            Ok(Layout::Pipe)
        }
        FILE_HEADER => {
            file(bytes)?;
            Ok(Layout::File)
        }
        _ => Err("a recording of another version of `perf record`".into()),
    }
}

fn file(bytes: &[u8]) -> Result<(), String> {
    let attribute = u64_at(bytes, 16)?;
    // An entry is an attribute and where its ids stand.
    if !ATTRIBUTE.contains(&attribute.saturating_sub(16)) {
        return Err(DAMAGED.into());
    }
    let attributes = section(bytes, 24)?;
    if attributes.len() as u64 / attribute > MOST_EVENTS {
        return Err(DAMAGED.into());
    }
    for entry in attributes.chunks_exact(attribute as usize) {
        within(bytes, u64_at(entry, entry.len() - 16)?, u64_at(entry, entry.len() - 8)?)?;
    }
    let data_end = u64_at(bytes, 40)?.checked_add(u64_at(bytes, 48)?).ok_or(DAMAGED)?;
    let data = section(bytes, 40)?;
    if u64_at(bytes, 64)? != 0 {
        return Err("a recording of an old version of `perf record`".into());
    }
    let mut at = usize::try_from(data_end).map_err(|_| DAMAGED)?;
    for feature in 0..256 {
        let byte = bytes.get(72 + feature / 8).ok_or(CUT_SHORT)?;
        if byte >> (feature % 8) & 1 == 0 {
            continue;
        }
        if feature >= 128 {
            return Err("a recording of `simpleperf`, which is not read".into());
        }
        let content = section(bytes, at)?;
        if feature == EVENT_DESC {
            events(content)?;
        }
        at += 16;
    }
    records(data)
}

/// Records of user space whose sizes are no part of the record's own, and the header of each.
fn records(mut data: &[u8]) -> Result<(), String> {
    while data.len() >= 8 {
        let (kind, size) = (u32_at(data, 0)?, usize::from(u16_at(data, 6)?));
        if size < 8 {
            return Err("damaged: a record without a size".into());
        }
        // The parser tells a cut record from the end of a pipe by itself.
        let Some(body) = data.get(8..size) else { return Ok(()) };
        let mut extra = 0;
        match kind {
            RECORD_AUXTRACE => extra = usize::try_from(u64_at(body, 0)?).map_err(|_| DAMAGED)?,
            RECORD_FEATURE if u64_at(body, 0)? as usize == EVENT_DESC => {
                events(body.get(8..).ok_or(DAMAGED)?)?
            }
            RECORD_FEATURE if u64_at(body, 0)? as usize >= FEATURES * 8 => return Err(DAMAGED.into()),
            kind if RECORD_COMPRESSED.contains(&kind) => {
                return Err("it is compressed; record without `-z` to have it read here".into());
            }
            _ => {}
        }
        let end = size.checked_add(extra).ok_or(DAMAGED)?;
        data = data.get(end..).ok_or(CUT_SHORT)?;
    }
    Ok(())
}

/// The description of events: a count, then for each an attribute, a name and ids.
fn events(content: &[u8]) -> Result<(), String> {
    let (count, attribute) = (u64::from(u32_at(content, 0)?), u64::from(u32_at(content, 4)?));
    if count > MOST_EVENTS || !ATTRIBUTE.contains(&attribute) {
        return Err(DAMAGED.into());
    }
    let mut at = 8_usize;
    for _ in 0..count {
        at += attribute as usize;
        let (ids, name) = (u32_at(content, at)? as usize, u32_at(content, at + 4)? as usize);
        let end = at
            .checked_add(8)
            .and_then(|at| at.checked_add(name))
            .and_then(|at| at.checked_add(ids.checked_mul(8)?));
        at = end.filter(|end| *end <= content.len()).ok_or(DAMAGED)?;
    }
    Ok(())
}

/// Whether numbers of lost samples stand beside counter values, as the attributes say; perf asks for all events alike.
pub(super) fn counts_lost(bytes: &[u8], layout: Layout) -> bool {
    let says =
        |attribute: &[u8]| u64_at(attribute, READ_FORMAT).is_ok_and(|format| format & FORMAT_LOST != 0);
    match layout {
        Layout::File => {
            let size = u64_at(bytes, 16).ok().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
            section(bytes, 24).is_ok_and(|attributes| attributes.chunks_exact(size.max(1)).any(says))
        }
        Layout::Pipe => {
            let mut rest = bytes.get(PIPE_HEADER as usize..).unwrap_or_default();
            // Attributes come first.
            while u32_at(rest, 0) == Ok(RECORD_ATTRIBUTE) {
                let size = u16_at(rest, 6).map_or(0, usize::from);
                let Some(attribute) = rest.get(8..size) else { break };
                if says(attribute) {
                    return true;
                }
                rest = rest.get(size..).unwrap_or_default();
            }
            false
        }
    }
}

/// What the offset and size at `at` describe.
fn section(bytes: &[u8], at: usize) -> Result<&[u8], String> {
    within(bytes, u64_at(bytes, at)?, u64_at(bytes, at.saturating_add(8))?)
}

fn within(bytes: &[u8], offset: u64, size: u64) -> Result<&[u8], String> {
    let (start, size) = (usize::try_from(offset).ok(), usize::try_from(size).ok());
    let range = start.zip(size).and_then(|(start, size)| bytes.get(start..start.checked_add(size)?));
    range.ok_or_else(|| if offset < 1 << 40 { CUT_SHORT.to_owned() } else { DAMAGED.to_owned() })
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Result<u64, String> {
    let end = at.checked_add(8).ok_or(DAMAGED)?;
    let field = bytes.get(at..end).and_then(|field| field.try_into().ok());
    field.map(u64::from_le_bytes).ok_or_else(|| CUT_SHORT.to_owned())
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    let end = at.checked_add(4).ok_or(DAMAGED)?;
    let field = bytes.get(at..end).and_then(|field| field.try_into().ok());
    field.map(u32::from_le_bytes).ok_or_else(|| CUT_SHORT.to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, String> {
    let end = at.checked_add(2).ok_or(DAMAGED)?;
    let field = bytes.get(at..end).and_then(|field| field.try_into().ok());
    field.map(u16::from_le_bytes).ok_or_else(|| CUT_SHORT.to_owned())
}
