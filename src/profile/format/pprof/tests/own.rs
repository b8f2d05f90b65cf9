//! What we write is what we read.

use proptest::prelude::*;

use super::canon::{canon, profile};
use super::{super::write, read};
use crate::profile::model::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_profile_survives(p in profile()) {
        let bytes = write(&p);
        let back = read(&bytes).map_err(TestCaseError::fail)?;
        prop_assert_eq!(canon(&back), canon(&p));
        // Reading and writing again changes nothing, not even the order of samples that ids give.
        prop_assert_eq!(canon(&read(&write(&back)).map_err(TestCaseError::fail)?), canon(&p));
    }

    #[test]
    fn equal_profiles_give_equal_bytes(p in profile()) {
        prop_assert_eq!(write(&p), write(&p.clone()));
    }
}

/// A function of every kind, on the stack `main > [inlined] outer > inner`.
fn small() -> Profile {
    let mut b = Builder::new();
    let (path, build_id, name) = (b.string("/bin/demo"), b.string("c0ffee"), b.string("demo"));
    let libc = b.string("/lib/libc.so.6");
    let empty = b.string("");
    let libc = b.module(Module { path: libc, build_id: empty });
    let demo = b.module(Module { path, build_id });
    let mut stack = None;
    for (name, module, inlined, line) in
        [("main", demo, false, 3), ("outer", demo, true, 20), ("inner", libc, false, 7)]
    {
        let (name, file) = (b.string(name), b.string("demo.rs"));
        let function = b.function(Function {
            name,
            system_name: name,
            file,
            start_line: line - 1,
            module: Some(module),
            origin: Origin::Native,
            language: Language::Rust,
        });
        let frame = b.frame(Frame { function, line, inlined });
        stack = Some(b.stack(stack, frame));
    }
    let process = b.process(Process { pid: 42, parent_pid: 1, name });
    let thread = b.thread(Thread { process, tid: 43, name });
    let stack = stack.unwrap();
    b.sample(Sample { bucket: 0, thread, stack, gil: Gil::Unknown, count: 2, weight_ns: 2_000_000 });
    b.sample(Sample { bucket: 5, thread, stack, gil: Gil::Unknown, count: 1, weight_ns: 1_000_000 });
    let recording = Recording {
        command: vec!["./demo".into(), "a b".into()],
        backend: "perf".into(),
        rate_hz: 1000,
        bucket_ns: 1_000_000_000,
        duration_ns: 6_000_000_000,
        ..Default::default()
    };
    b.build(recording)
}

#[test]
fn the_file_is_what_pprof_tools_expect() {
    use pprof::protos::{self as proto, Message};
    let mut plain = Vec::new();
    let gz = write(&small());
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gz[..]), &mut plain).unwrap();
    let p = proto::Profile::decode(&plain[..]).unwrap();
    let text = |i: i64| p.string_table[usize::try_from(i).unwrap()].as_str();
    let types: Vec<_> = p.sample_type.iter().map(|t| format!("{}/{}", text(t.ty), text(t.unit))).collect();
    assert_eq!(types, ["samples/count", "cpu/nanoseconds"]);
    assert_eq!(text(p.default_sample_type), "cpu");
    assert_eq!((p.period, p.duration_nanos), (1_000_000, 6_000_000_000));
    assert_eq!(text(p.mapping[0].filename), "/bin/demo", "the program comes first");
    let functions: Vec<_> = p.function.iter().map(|f| text(f.name)).collect();
    let stack: Vec<Vec<_>> = p.sample[0]
        .location_id
        .iter()
        .map(|id| {
            let location = p.location.iter().find(|l| l.id == *id).unwrap();
            location
                .line
                .iter()
                .map(|line| (functions[usize::try_from(line.function_id).unwrap() - 1], line.line))
                .collect()
        })
        .collect();
    assert_eq!(stack, [vec![("inner", 7)], vec![("outer", 20), ("main", 3)]]);
    let labels: Vec<_> =
        p.sample[1].label.iter().map(|l| (text(l.key), text(l.str), l.num, text(l.num_unit))).collect();
    assert_eq!(
        labels,
        [
            ("thread", "demo", 0, ""),
            ("tid", "43", 0, ""),
            ("pid", "42", 0, ""),
            ("process", "demo", 0, ""),
            ("time", "", 5_000_000_000, "nanoseconds"),
        ]
    );
    let comments: Vec<_> = p.comment.iter().map(|&c| text(c)).collect();
    insta::assert_snapshot!(comments.join("\n"), @r##"
    #hotcold.recording/1 {"command":["./demo","a b"],"backend":"perf","backend_reason":"","rate_hz":1000,"bucket_ns":1000000000,"lost_samples":0,"user_stacks":0,"rooted_stacks":0,"truncated_stacks":0,"completed_stacks":0,"approx_python":0,"waiting":false,"kernel_frames":false,"kernel_time":false,"user_cpu_ns":null,"system_cpu_ns":null,"cpus":0,"kernel":"","notes":[]}
    #hotcold.threads/1 {"processes":[[42,1,"demo"]],"threads":[[0,43,"demo"]]}
    #hotcold.functions/1 {"check":2150763351,"kernel":[],"python":[],"marker":[],"languages":{"rust":[1,2,3]},"modules":[],"open_inlines":[]}
    "##);
}

/// As `go tool pprof -proto` does: other ids, the same content.
fn renumbered(p: &Profile) -> Vec<u8> {
    use pprof::protos::{self as proto, Message};
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&write(p)[..]), &mut plain).unwrap();
    let mut p = proto::Profile::decode(&plain[..]).unwrap();
    for function in &mut p.function {
        function.id += 100;
    }
    for line in p.location.iter_mut().flat_map(|l| &mut l.line) {
        line.function_id += 100;
    }
    p.encode_to_vec()
}

#[test]
fn a_file_that_another_tool_rewrote_keeps_its_recording_and_guesses_the_rest() {
    let before = small();
    let after = read(&renumbered(&before)).unwrap();
    assert_eq!(after.recording.notes, ["another tool changed this recording after it was made"]);
    assert_eq!(after.recording.command, before.recording.command);
    assert_eq!(after.functions[0].language, Language::Rust);
    let (before, after) = (canon(&before), canon(&after));
    assert_eq!(before.threads, after.threads);
    assert_eq!(before.samples.values().collect::<Vec<_>>(), after.samples.values().collect::<Vec<_>>());
}

#[test]
fn several_recordings_in_one_file_are_read_as_a_foreign_one() {
    let gz = write(&small());
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gz[..]), &mut plain).unwrap();
    use pprof::protos::{self as proto, Message};
    let mut p = proto::Profile::decode(&plain[..]).unwrap();
    p.comment.push(p.comment[0]);
    let merged = read(&p.encode_to_vec()).unwrap();
    assert_eq!(merged.recording.notes, ["several recordings, put together by another tool"]);
    assert_eq!((merged.recording.backend.as_str(), merged.total_ns()), ("pprof", 3_000_000));
}

#[test]
fn a_stack_of_100_000_frames_survives() {
    let mut p = small();
    let mut b = Builder::new();
    let name = b.string("deep");
    let function = Function {
        name,
        system_name: name,
        file: name,
        start_line: 1,
        module: None,
        origin: Origin::Native,
        language: Language::C,
    };
    let function = b.function(function);
    let frames = [1, 2].map(|line| b.frame(Frame { function, line, inlined: line == 2 }));
    let mut stack = None;
    for i in 0..100_000 {
        stack = Some(b.stack(stack, frames[usize::from(i % 3 == 0)]));
    }
    let process = b.process(Process { pid: 1, parent_pid: 0, name });
    let thread = b.thread(Thread { process, tid: 1, name });
    b.sample(Sample { bucket: 0, thread, stack: stack.unwrap(), gil: Gil::Unknown, count: 1, weight_ns: 1 });
    p = b.build(p.recording);
    let back = read(&write(&p)).unwrap();
    assert_eq!(back.stacks.frames(back.samples[0].stack).count(), 100_000);
    assert_eq!(canon(&back), canon(&p));
}
