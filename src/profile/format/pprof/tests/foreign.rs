//! Files of other tools.

use std::path::Path;

use pprof::protos::{self as proto, Message};

use super::canon::canon;
use super::{
    super::{Pprof, write},
    read,
};
use crate::profile::{calls::Measurements, format::Format as _, model::*};

fn fixture(name: &str) -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pprof").join(name);
    let profile = read(&std::fs::read(path).unwrap()).unwrap();
    // Once read it is a profile like any other.
    assert_eq!(canon(&read(&write(&profile)).unwrap()), canon(&profile));
    profile
}

/// Name and own weight of the function with the largest one.
fn top(p: &Profile) -> (&str, u64) {
    let mut flat = vec![0; p.functions.len()];
    for sample in &p.samples {
        flat[p.frames[p.stacks.node(sample.stack).frame.index()].function.index()] += sample.weight_ns;
    }
    let (top, weight) = flat.iter().enumerate().max_by_key(|(_, w)| **w).unwrap();
    (p.str(p.functions[top].name), *weight)
}

#[test]
fn other_values_may_be_asked_for() {
    let ty = |ty, unit| proto::ValueType { ty, unit };
    let heap = proto::Profile {
        sample_type: vec![ty(1, 2), ty(3, 4), ty(5, 2), ty(6, 4)],
        sample: vec![proto::Sample { location_id: vec![1], value: vec![30, 4000, 2, 100], label: vec![] }],
        location: vec![proto::Location {
            id: 1,
            line: vec![proto::Line { function_id: 1, line: 1 }],
            ..Default::default()
        }],
        function: vec![proto::Function { id: 1, name: 7, ..Default::default() }],
        string_table: [
            "",
            "alloc_objects",
            "count",
            "alloc_space",
            "bytes",
            "inuse_objects",
            "inuse_space",
            "f",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Default::default()
    };
    let bytes = heap.encode_to_vec();
    let of = |event: &str| match Pprof.read_event(&mut &bytes[..], event) {
        Ok(Measurements::Sampled(p)) => Ok((p.recording.event.clone(), p.total_ns(), p.sample_count())),
        Ok(Measurements::Traced(_)) => Err("calls".to_owned()),
        Err(failure) => Err(failure.content()),
    };
    assert_eq!(of("alloc_space").unwrap(), ("alloc_space".to_owned(), 4000, 30));
    assert_eq!(of("inuse_objects").unwrap(), ("inuse_objects".to_owned(), 2, 2));
    let names = "`alloc_objects`, `alloc_space`, `inuse_objects`, `inuse_space`";
    assert_eq!(of("x").unwrap_err(), format!("it has no event `x`, only {names}"));
    // What we saved of it has one kind of values.
    let saved = write(&read(&bytes).unwrap());
    assert!(Pprof.read_event(&mut &saved[..], "inuse_space").is_ok());
    let error = Pprof.read_event(&mut &saved[..], "inuse_objects").unwrap_err().content();
    assert_eq!(error, "it has no event `inuse_objects`, only `inuse_space`");
}

#[test]
fn a_cpu_profile_of_go() {
    let p = fixture("go-cpu.pb.gz");
    assert_eq!((p.sample_count(), p.total_ns()), (60, 600_000_000));
    assert_eq!(top(&p), ("main.hot", 600_000_000));
    assert_eq!(
        (p.recording.backend.as_str(), p.recording.rate_hz, p.recording.clock),
        ("pprof", 100, Clock::Cpu)
    );
    assert!(p.recording.started.is_some() && p.recording.duration_ns > 600_000_000);
    assert_eq!(p.recording.notes, ["the label `worker` left out"]);
    assert!(p.functions.iter().all(|f| f.language == Language::Go && f.origin == Origin::Native));
    assert_eq!(p.module_path(&p.functions[0]), "/spin");
    let thread = p.threads[p.samples[0].thread.index()];
    let process = p.processes[thread.process.index()];
    assert_eq!((p.str(thread.name), process.pid, p.str(process.name)), ("spinner", 77, "spin"));
    let names: Vec<_> = p
        .stacks
        .frames(p.samples[0].stack)
        .map(|f| p.str(p.functions[p.frames[f.index()].function.index()].name))
        .collect();
    assert_eq!(names, ["main.hot", "main.main.func1", "runtime/pprof.Do", "main.main", "runtime.main"]);
}

#[test]
fn a_heap_profile_of_go_says_that_its_values_are_bytes() {
    let p = fixture("go-heap.pb.gz");
    assert_eq!(top(&p), ("main.hoard", 71_549_101));
    assert_eq!((p.recording.unit, p.recording.event.as_str()), (Unit::Bytes, "inuse_space"));
    assert_eq!((p.total_ns(), p.sample_count()), (71_549_101 + 524_336 + 524_496, 68 + 5461 + 1260));
    assert_eq!(
        p.recording.notes,
        [
            "its values are `inuse_space` in bytes, not time in nanoseconds",
            "of its values `inuse_space` is shown; `alloc_objects`, `alloc_space` left out",
            "the label `bytes` left out",
        ]
    );
    assert_eq!(p.recording.rate_hz, 0);
}

#[test]
fn a_plain_file_of_pprof_rs() {
    let p = fixture("pprof-rs.pb");
    assert_eq!((p.sample_count(), p.total_ns()), (79, 316_000_000));
    assert_eq!(top(&p), ("wrapping_mul", 316_000_000));
    assert_eq!(p.recording.rate_hz, 250);
    assert_eq!(p.str(p.threads[0].name), "worker");
    let work = p.functions.iter().find(|f| p.str(f.name) == "work").unwrap();
    assert_eq!((p.str(work.file), work.language, work.module), ("spin/src/main.rs", Language::Rust, None));
}

/// As Pyroscope sends what py-spy sampled: no mappings, no addresses, other label keys; and a stack of mere addresses.
fn python() -> proto::Profile {
    let strings = [
        "",
        "cpu",
        "nanoseconds",
        "work",
        "app/work.py",
        "<module>",
        "app/main.py",
        "thread_id",
        "140",
        "process_id",
        "thread name",
        "MainThread",
        "/usr/lib/libssl.so.3",
        "colour",
        "samples",
        "count",
    ];
    let index = |text: &str| strings.iter().position(|s| *s == text).unwrap() as i64;
    let function = |id, name, file| proto::Function {
        id,
        name: index(name),
        filename: index(file),
        ..Default::default()
    };
    let location = |id, function_id, line| proto::Location {
        id,
        line: vec![proto::Line { function_id, line }],
        ..Default::default()
    };
    let label = |key, str, num| proto::Label { key: index(key), str: index(str), num, ..Default::default() };
    let address = proto::Location { id: 70, mapping_id: 4, address: 0x7f00_1234, ..Default::default() };
    proto::Profile {
        sample_type: vec![proto::ValueType { ty: index("samples"), unit: index("count") }],
        period_type: Some(proto::ValueType { ty: index("cpu"), unit: index("nanoseconds") }),
        period: 10_000_000,
        sample: vec![
            proto::Sample {
                location_id: vec![50, 60],
                value: vec![3],
                label: vec![
                    label("thread_id", "140", 0),
                    label("process_id", "", 9),
                    label("colour", "work", 0),
                ],
            },
            proto::Sample {
                location_id: vec![70],
                value: vec![1],
                label: vec![label("thread name", "MainThread", 0)],
            },
            proto::Sample { location_id: vec![], value: vec![2], label: vec![] },
        ],
        mapping: vec![proto::Mapping {
            id: 4,
            memory_start: 0x7f00_0000,
            memory_limit: 0x7f01_0000,
            file_offset: 0x1000,
            filename: index("/usr/lib/libssl.so.3"),
            ..Default::default()
        }],
        location: vec![location(50, 5, 10), location(60, 6, 2), address],
        function: vec![function(5, "work", "app/work.py"), function(6, "<module>", "app/main.py")],
        string_table: strings.map(str::to_owned).to_vec(),
        ..Default::default()
    }
}

#[test]
fn python_functions_addresses_and_other_label_keys() {
    let p = read(&python().encode_to_vec()).unwrap();
    assert_eq!((p.sample_count(), p.total_ns()), (6, 60_000_000), "each sample stands for one period");
    let named = |name| p.functions.iter().find(|f| p.str(f.name) == name).unwrap();
    assert_eq!((named("work").origin, named("work").language), (Origin::Python, Language::Python));
    assert_eq!(named("work").system_name, named("work").name);
    assert_eq!(p.module_path(named("libssl.so.3+0x2234")), "/usr/lib/libssl.so.3");
    assert_eq!(named("[no stack]").origin, Origin::Marker);
    let threads: Vec<_> =
        p.threads.iter().map(|t| (p.processes[t.process.index()].pid, t.tid, p.str(t.name))).collect();
    assert_eq!(threads, [(9, 140, ""), (0, 0, "MainThread"), (0, 0, "")]);
    assert!(p.recording.notes.contains(&"the label `colour` left out".to_owned()), "{:?}", p.recording.notes);
}

#[test]
fn a_profile_without_samples_is_an_empty_one() {
    let mut p = python();
    p.sample.clear();
    let p = read(&p.encode_to_vec()).unwrap();
    assert_eq!((p.samples.len(), p.total_ns()), (0, 0));
}
