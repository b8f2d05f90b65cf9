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
