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

#[test]
fn a_sample_of_more_callers_than_it_has_room_for_is_left_out() {
    let record = |kind: u32, body: Vec<u64>| {
        let size = (8 + 8 * body.len()) as u16;
        let body = body.into_iter().flat_map(u64::to_le_bytes);
        [&kind.to_le_bytes()[..], &[0, 0], &size.to_le_bytes()]
            .concat()
            .into_iter()
            .chain(body)
            .collect::<Vec<u8>>()
    };
    // A clock of software, of which samples have an address, ids and callers.
    let attribute = vec![64 << 32 | 1, 0, 1_000_000, 1 | 2 | 0x20, 0, 0, 0, 0];
    let file = |callers: u64| {
        let sample = record(9, vec![0x1000, 7 << 32 | 7, callers, 0x2000]);
        [b"PERFILE2".to_vec(), 16_u64.to_le_bytes().to_vec(), record(64, attribute.clone()), sample].concat()
    };
    assert_eq!(read::read(&file(1), None).unwrap().sample_count(), 1);
    for callers in [5, 1 << 61, u64::MAX] {
        assert_eq!(read::read(&file(callers), None).unwrap().sample_count(), 0, "{callers}");
    }
}
