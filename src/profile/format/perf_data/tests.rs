use super::{guard, read};

#[test]
fn damaged_files_are_refused_without_a_panic() {
    assert_eq!(guard::check(b"hello").unwrap_err(), "not a recording of `perf record`");
    assert_eq!(guard::check(b"PERFILE2").unwrap_err(), "cut short");
    let mut header = vec![0_u8; 104];
    header[..8].copy_from_slice(b"PERFILE2");
    header[8] = 104;
    header[16] = 144;
    assert_eq!(guard::check(&header), Ok(guard::Layout::File));
    assert!(read::read(&header, None).is_err());
    // Sections that lead outside.
    for at in [24, 32, 40, 48] {
        for value in [u64::MAX, 1 << 33, 200] {
            let mut bytes = header.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            if at % 16 == 8 || value > 104 {
                let _ = read::read(&bytes, None);
            }
        }
    }
    let mut many = header.clone();
    many[72..104].fill(0xff);
    assert!(read::read(&many, None).is_err());
}

#[test]
fn a_description_of_too_many_events_is_refused() {
    let mut bytes = vec![0_u8; 16];
    bytes[..8].copy_from_slice(b"PERFILE2");
    bytes[8] = 16;
    let mut record = Vec::new();
    record.extend(80_u32.to_le_bytes());
    record.extend([0, 0]);
    record.extend(24_u16.to_le_bytes());
    record.extend(12_u64.to_le_bytes());
    record.extend(u32::MAX.to_le_bytes());
    record.extend(128_u32.to_le_bytes());
    bytes.extend(record);
    assert_eq!(guard::check(&bytes).unwrap_err(), "damaged: a size in it leads outside of it");
}

/// A record of this kind.
fn record(kind: u32, body: &[u64]) -> Vec<u8> {
    let size = (8 + 8 * body.len()) as u16;
    let header = [&kind.to_le_bytes()[..], &[0, 0], &size.to_le_bytes()].concat();
    header.into_iter().chain(body.iter().flat_map(|n| n.to_le_bytes())).collect()
}

/// What `perf record -o -` writes of one sample of a clock of software.
fn piped(sample_type: u64, read_format: u64, sample: &[u64]) -> Vec<u8> {
    let start = [b"PERFILE2".to_vec(), 16_u64.to_le_bytes().to_vec()].concat();
    let attribute = [64 << 32 | 1, 0, 1_000_000, sample_type, read_format, 0, 0, 0];
    [start, record(64, &attribute), record(9, sample)].concat()
}

const IP: u64 = 1;
const TID: u64 = 2;
const READ: u64 = 16;
const CALLCHAIN: u64 = 32;

#[test]
fn a_sample_of_more_callers_than_it_has_room_for_is_left_out() {
    let samples = |callers: u64| {
        let file = piped(IP | TID | CALLCHAIN, 0, &[0x1000, 7 << 32 | 7, callers, 0x2000]);
        read::read(&file, None).unwrap().sample_count()
    };
    assert_eq!([1, 5, 1 << 61, u64::MAX].map(samples), [1, 0, 0, 0]);
}

#[test]
fn counter_values_are_no_part_of_the_callers() {
    // Read formats (times enabled and running, id, group, lost) and what stands there for each of them.
    for (format, values) in [
        (0, &[77][..]),
        (1 | 2 | 4, &[77, 1, 2, 3]),
        (4 | 16, &[77, 3, 0]),
        (8, &[2, 77, 78]),
        (1 | 4 | 8 | 16, &[2, 1, 77, 3, 0, 78, 4, 0]),
    ] {
        let sample = [&[0x1000, 7 << 32 | 7], values, &[2, 0x1000, 0x2000]].concat();
        let read =
            |sample: &[u64]| read::read(&piped(IP | TID | READ | CALLCHAIN, format, sample), None).unwrap();
        assert_eq!(read(&sample).sample_count(), 1, "{format}");
        for cut in 2..sample.len() {
            assert_eq!(read(&sample[..cut]).sample_count(), 0, "{format} {cut}");
        }
    }
}

#[test]
fn more_than_a_profile_can_hold_is_refused() {
    const PERIOD: u64 = 256;
    let read = |period: u64| {
        let sample = record(9, &[0x1000, 7 << 32 | 7, period]);
        let file = piped(IP | TID | PERIOD, 0, &[0x1000, 7 << 32 | 7, period]);
        read::read(&[file, sample].concat(), None).map(|profile| profile.total_ns())
    };
    assert_eq!(read(1000), Ok(2000));
    let error = read(i64::MAX as u64).unwrap_err();
    assert_eq!(error, "damaged: its values add up to more than a profile can hold");
}
