//! A look at the numbers in a file that its parser takes for sizes, before it does.

use linux_perf_event_reader::{Endianness, RawEventRecord, ReadFormat, SampleFormat};

use super::MAGIC;

const CUT_SHORT: &str = "cut short";
const DAMAGED: &str = "damaged: a size in it leads outside of it";
/// Bytes of the header of a file, and of one from a pipe.
const FILE_HEADER: u64 = 104;
const PIPE_HEADER: u64 = 16;
/// Numbers of features and records.
const EVENT_DESC: usize = 12;
const FEATURES: usize = 32;
const RECORD_FEATURE: u32 = 80;
const RECORD_AUXTRACE: u32 = 71;
const RECORD_COMPRESSED: [u32; 2] = [81, 83];
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

/// What of a sample stands before its counter values and callers, eight bytes each.
const BEFORE: [SampleFormat; 9] = [
    SampleFormat::IDENTIFIER,
    SampleFormat::IP,
    SampleFormat::TID,
    SampleFormat::TIME,
    SampleFormat::ADDR,
    SampleFormat::ID,
    SampleFormat::STREAM_ID,
    SampleFormat::CPU,
    SampleFormat::PERIOD,
];

/// Whether as many callers fit into a sample as it says: its parser multiplies that number without a look at it.
pub(super) fn callers_fit(record: &RawEventRecord<'_>) -> bool {
    let info = &record.parse_info;
    if !info.sample_format.contains(SampleFormat::CALLCHAIN) {
        return true;
    }
    let body = record.data.as_slice();
    let number = |at: u64| {
        let at = usize::try_from(at).ok()?;
        let bytes = body.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(match info.endian {
            Endianness::LittleEndian => u64::from_le_bytes(bytes),
            Endianness::BigEndian => u64::from_be_bytes(bytes),
        })
    };
    let mut at = 8 * BEFORE.iter().filter(|field| info.sample_format.contains(**field)).count() as u64;
    if info.sample_format.contains(SampleFormat::READ) {
        // As the parser takes them.
        let has = |field| u64::from(info.read_format.contains(field));
        let times = has(ReadFormat::TOTAL_TIME_ENABLED) + has(ReadFormat::TOTAL_TIME_RUNNING);
        let values = match info.read_format.contains(ReadFormat::GROUP) {
            true => Some(has(ReadFormat::ID)),
            false => number(at).and_then(|count| count.checked_mul(1 + has(ReadFormat::ID))),
        };
        let end = values.and_then(|values| values.checked_add(1 + times)?.checked_mul(8)?.checked_add(at));
        // What does not fit is an error of the parser's.
        let Some(end) = end else { return true };
        at = end;
    }
    number(at).is_none_or(|callers| callers <= body.len() as u64 / 8)
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
