//! The counter values of a sample (`PERF_SAMPLE_READ`: groups such as `-e '{cycles,instructions}:S'`) taken out of it: its parser takes them for
//! something else. Source: perf_event_open(2).

use linux_perf_event_reader::{Endianness, RawData, RawEventRecord, ReadFormat, SampleFormat};

/// What stands before the counter values, eight bytes each.
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

/// Whether there are any.
pub(super) fn are_in(record: &RawEventRecord<'_>) -> bool {
    record.parse_info.sample_format.contains(SampleFormat::READ)
}

/// The sample without them; `lost` says that numbers of lost samples are among them. `None` where they, or the callers behind them, do not
/// fit into the sample: its parser multiplies their number without a look at it.
pub(super) fn without<'a>(record: &RawEventRecord<'a>, lost: bool) -> Option<RawEventRecord<'a>> {
    let RawData::Single(body) = record.data else { return None };
    let mut info = record.parse_info;
    let number = |bytes: &[u8], at: usize| {
        let bytes = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(match info.endian {
            Endianness::LittleEndian => u64::from_le_bytes(bytes),
            Endianness::BigEndian => u64::from_be_bytes(bytes),
        })
    };
    let before = 8 * BEFORE.iter().filter(|field| info.sample_format.contains(**field)).count();
    let (head, values) = body.split_at_checked(before)?;
    let length = match are_in(record) {
        true => length(info.read_format, lost, number(values, 0))?,
        false => 0,
    };
    let rest = values.get(length..)?;
    if info.sample_format.contains(SampleFormat::CALLCHAIN) && number(rest, 0)? > rest.len() as u64 / 8 {
        return None;
    }
    info.sample_format.remove(SampleFormat::READ);
    Some(RawEventRecord { data: RawData::Split(head, rest), parse_info: info, ..record.clone() })
}

/// Bytes of the counter values, of which the first number is `first`.
fn length(format: ReadFormat, lost: bool, first: Option<u64>) -> Option<usize> {
    let has = |field| u64::from(format.contains(field));
    let times = has(ReadFormat::TOTAL_TIME_ENABLED) + has(ReadFormat::TOTAL_TIME_RUNNING);
    let counter = 1 + has(ReadFormat::ID) + u64::from(lost);
    let numbers = match format.contains(ReadFormat::GROUP) {
        true => first?.checked_mul(counter)?.checked_add(1)?,
        false => counter,
    };
    usize::try_from(numbers.checked_add(times)?.checked_mul(8)?).ok()
}
