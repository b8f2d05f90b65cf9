//! Damaged and malicious files.

use std::io::{Read, Write};

use pprof::protos::{self as proto, Message};
use proptest::{prelude::*, sample::Index};

use super::canon::profile;
use super::{
    super::{
        read::{Limits, read as read_with},
        write,
    },
    read,
};

fn plain(gz: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(gz).read_to_end(&mut plain).unwrap();
    plain
}

fn gz(plain: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(plain).unwrap();
    gz.finish().unwrap()
}

/// Whatever was read can be looked at: every id leads somewhere and every sum fits.
fn use_it(bytes: &[u8]) {
    if let Ok(p) = read(bytes) {
        let _ = (super::canon::canon(&p), p.total_ns(), p.sample_count(), p.recording.visible_cpu_ns());
        let _ = p.recording.rooted_share();
        assert!(read(&write(&p)).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn flipped_bytes_never_panic(p in profile(), flips in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6)) {
        let gz = write(&p);
        for mut bytes in [plain(&gz), gz] {
            for (at, value) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            use_it(&bytes);
        }
    }

    #[test]
    fn cut_files_are_errors_and_never_panic(p in profile(), at in any::<Index>()) {
        let bytes = write(&p);
        prop_assert!(read(&bytes[..at.index(bytes.len())]).is_err());
        // Plain files have no checksum: one that ends between two fields may be read.
        let bytes = plain(&bytes);
        use_it(&bytes[..at.index(bytes.len())]);
    }

    #[test]
    fn bytes_that_are_no_file_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        use_it(&bytes);
    }

    #[test]
    fn wrong_numbers_never_panic(ids in proptest::collection::vec(any::<i64>(), 12)) {
        let mut p = minimal();
        p.sample[0].location_id = vec![ids[0] as u64 & 3, 1];
        p.sample[0].value = vec![ids[1], ids[2]];
        p.sample[0].label = vec![proto::Label { key: ids[3] & 7, str: ids[4] & 7, num: ids[5], num_unit: ids[6] }];
        p.location[0].mapping_id = ids[7] as u64 & 3;
        p.location[0].address = ids[8] as u64;
        p.period = ids[9];
        p.time_nanos = ids[10];
        p.duration_nanos = ids[11];
        use_it(&p.encode_to_vec());
    }
}

/// One sample, valid.
fn minimal() -> proto::Profile {
    let ty = |ty, unit| proto::ValueType { ty, unit };
    proto::Profile {
        sample_type: vec![ty(1, 2), ty(3, 4)],
        period_type: Some(ty(3, 4)),
        sample: vec![proto::Sample { location_id: vec![1], value: vec![1, 1], label: vec![] }],
        mapping: vec![proto::Mapping { id: 1, filename: 5, ..Default::default() }],
        location: vec![proto::Location {
            id: 1,
            mapping_id: 1,
            line: vec![proto::Line { function_id: 1, line: 1 }],
            ..Default::default()
        }],
        function: vec![proto::Function { id: 1, name: 6, ..Default::default() }],
        string_table: ["", "samples", "count", "cpu", "nanoseconds", "/bin/x", "main"]
            .map(str::to_owned)
            .to_vec(),
        ..Default::default()
    }
}

#[test]
fn each_fault_has_its_reason() {
    let outside = "damaged: an index points outside its table";
    type Harm = fn(&mut proto::Profile);
    let cases: [(&str, Harm); 12] = [
        (outside, |p| p.sample[0].location_id = vec![2]),
        (outside, |p| p.location[0].line[0].function_id = 9),
        (outside, |p| p.location[0].mapping_id = 9),
        (outside, |p| p.function[0].name = 99),
        (outside, |p| p.function[0].filename = -1),
        (outside, |p| p.sample_type[0].ty = i64::MIN),
        (outside, |p| p.sample[0].label = vec![proto::Label { key: 99, ..Default::default() }]),
        (outside, |p| p.comment = vec![99]),
        ("damaged: two entries of a table have the same id", |p| p.location.push(p.location[0].clone())),
        ("damaged: an entry of a table has no id", |p| p.function[0].id = 0),
        ("damaged: a sample has not as many values as there are sample types", |p| {
            p.sample[0].value = vec![1]
        }),
        ("damaged: its values add up to more than a profile can hold", |p| {
            p.sample[0].value = vec![1, i64::MAX];
            p.sample.push(p.sample[0].clone());
        }),
    ];
    read(&minimal().encode_to_vec()).unwrap();
    for (i, (reason, harm)) in cases.iter().enumerate() {
        let mut p = minimal();
        harm(&mut p);
        assert_eq!(read(&p.encode_to_vec()).unwrap_err(), *reason, "case {i}");
    }
}

#[test]
fn what_is_no_recording_is_told_from_what_is_damaged() {
    let whole = gz(&minimal().encode_to_vec());
    let mut bad = whole.clone();
    let end = bad.len();
    bad[end - 6] ^= 0xff;
    let newer = |mut p: proto::Profile| {
        p.comment = vec![p.string_table.len() as i64];
        p.string_table.push("#hotcold.recording/2 {}".into());
        p.encode_to_vec()
    };
    let plain = minimal().encode_to_vec();
    for (bytes, reason) in [
        (&b""[..], "the file is empty"),
        (b"hello, world, this is text", "not a pprof file"),
        (b"<?xml version=\"1.0\"?><svg>", "not a pprof file"),
        (b"{\"json\": true}", "not a pprof file"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "not a pprof file"),
        (&gz(b"a gzipped text"), "not a pprof file"),
        (&gz(b""), "not a pprof file"),
        (b"PERFILE2........", "not a pprof file"),
        (b"\x1f\x8b", "cut short"),
        (
            b"\x1f\x8b\x08\0\0\0\0\0\0\xff and what follows is no deflate stream",
            "damaged: its gzip data cannot be decompressed",
        ),
        (&whole[..whole.len() / 2], "cut short"),
        (&bad, "damaged: its gzip data cannot be decompressed"),
        (&plain[..plain.len() - 1], "cut short"),
        (&newer(minimal()), "written by another version of hotcold"),
    ] {
        assert_eq!(read(bytes).unwrap_err(), reason, "{bytes:?}");
    }
}

#[test]
fn a_small_file_cannot_fill_the_memory() {
    let with = |limits: fn(&mut Limits), p: &proto::Profile| {
        let mut all = Limits::DEFAULT;
        limits(&mut all);
        read_with(&gz(&p.encode_to_vec()), None, &all).unwrap_err()
    };
    let mut p = minimal();
    p.sample[0].location_id = vec![1; 5000];
    assert_eq!(with(|l| l.stacks = 4096, &p), "it holds more than 4,096 distinct stacks");
    assert_eq!(with(|l| l.message = 1000, &p), "it holds a message of 4.9 KiB");
    assert_eq!(with(|l| l.bytes = 2048, &p), "it holds more than 2.0 KiB");
    let mut p = minimal();
    p.sample = vec![p.sample[0].clone(); 10];
    assert_eq!(with(|l| l.samples = 9, &p), "it holds more than 9 samples");
    p.string_table.resize(100, String::new());
    assert_eq!(with(|l| l.strings = 99, &p), "it holds more than 99 strings");
    for id in 2..20 {
        p.function.push(proto::Function { id, ..Default::default() });
    }
    assert_eq!(with(|l| l.entries = 18, &p), "it holds more than 18 functions");
}

#[test]
fn negative_values_count_as_nothing_and_are_told() {
    let mut p = minimal();
    p.sample.push(proto::Sample { location_id: vec![1], value: vec![-1, -5], label: vec![] });
    let p = read(&p.encode_to_vec()).unwrap();
    assert_eq!((p.total_ns(), p.sample_count()), (1, 1));
    assert_eq!(p.recording.notes, ["2 negative values count as 0"]);
}
