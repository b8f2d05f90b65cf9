use super::{read::read, *};
use crate::profile::{
    aggregate::{Selection, Subject, Totals, rows, sketch::profile},
    model::{Clock, Profile},
};

fn outline(profile: &Profile) -> Vec<String> {
    let rows = rows(profile, &Selection { inlines: true, ..Selection::default() }).unwrap().rows;
    let text = |row: &crate::profile::aggregate::Row| {
        let Subject::Place(place) = row.subject else { panic!("{row:?}") };
        let t = row.times;
        format!(
            "{} {} {} {} {}/{}",
            place.name, place.file, place.module, t.samples, t.tottime_ns, t.cumtime_ns
        )
    };
    rows.iter().flat_map(|row| std::iter::once(text(row)).chain(row.inlined.iter().map(text))).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let original = profile(
        "main@a.c:3;work@a.c:9;~step@a.h:1 3\nmain@a.c:3;k:read 2\nmain@a.c:4;py:run@x.py:7 1\n[truncated];work@a.c:9 1",
    );
    let mut bytes = Vec::new();
    Firefox.write(&Measurements::Sampled(original.clone()), &mut bytes).unwrap();
    assert!(Firefox.detect(&bytes));
    let again = read(&bytes).unwrap();
    assert_eq!(outline(&again), outline(&original));
    assert_eq!(Totals::of(&again), Totals::of(&original));
    assert_eq!(again.recording.clock, Clock::Cpu);
    assert_eq!((again.processes[0].pid, again.threads[0].tid), (100, 100));
}

const SHARED: &str = r#"{"meta":{"interval":1.5,"startTime":1000,"preprocessedProfileVersion":60,"product":"app"},
    "libs":[{"name":"app","path":"/bin/app"}],
    "shared":{"stringArray":["main","work","a.c"],"funcTable":{"name":[0,1],"source":[0,null],"resource":[0,-1]},
        "sources":{"filename":[2]},"resourceTable":{"lib":[0],"name":[0]},
        "frameTable":{"func":[0,1],"line":[3,null]},"stackTable":{"frame":[0,1],"prefix":[null,0]}},
    "threads":[{"name":"t","pid":"7.1","tid":8,"samples":{"stack":[1,0,null],"timeDeltas":[5,1000,1],"weight":null}}]}"#;

#[test]
fn tables_may_be_shared_by_threads() {
    let p = read(SHARED.as_bytes()).unwrap();
    assert_eq!(
        outline(&p),
        ["main a.c /bin/app 1 1500000/3000000", "[no stack]   1 1500000/1500000", "work   1 1500000/1500000",]
    );
    assert_eq!((p.processes[0].pid, p.threads[0].tid, p.recording.clock), (7, 8, Clock::Wall));
    assert_eq!(p.recording.duration_ns, 1_001_000_000);
}

#[test]
fn damaged_and_unprocessed_profiles_are_refused() {
    let unprocessed = r#"{"meta":{"interval":1},"threads":[]}"#;
    assert!(
        read(unprocessed.as_bytes()).unwrap_err().starts_with("a profile of Firefox that was not processed")
    );
    for (from, to, reason) in [
        ("\"stack\":[1,0,null]", "\"stack\":[9]", "damaged: an index points outside its table"),
        ("\"prefix\":[null,0]", "\"prefix\":[1,0]", "damaged: a stack stands before its caller"),
        (
            "\"name\":[0,1],\"source\"",
            "\"name\":[0,7],\"source\"",
            "damaged: an index points outside its table",
        ),
        ("\"func\":[0,1]", "\"func\":[0,2]", "damaged: an index points outside its table"),
    ] {
        assert!(SHARED.contains(from));
        assert_eq!(read(SHARED.replace(from, to).as_bytes()).unwrap_err(), reason, "{to}");
    }
    for end in 0..SHARED.len() {
        assert!(read(&SHARED.as_bytes()[..end]).is_err());
    }
}

#[test]
fn threads_without_anything_do_not_fill_the_memory() {
    let document = |threads: usize, tail: &str| {
        let threads = vec!["{}"; threads].join(",");
        format!("{{\"meta\":{{\"preprocessedProfileVersion\":40}},\"threads\":[{threads}]{tail}")
    };
    assert!(Firefox.read(document(1000, "}").as_bytes()).is_ok());
    let error = Firefox.read(document(70_000, "}").as_bytes()).unwrap_err();
    assert!(error.starts_with("damaged: it holds more than 65,536 elements in a list"), "{error}");
}

#[test]
fn numbers_of_another_kind_than_samples_are_read() {
    let text = r#"{"meta":{"interval":1,"preprocessedProfileVersion":60},"libs":[],"threads":[{"samples":{"stack":[null,null],"timeDeltas":[0,1],"weight":[9e12,8e12]}}]}"#;
    let profile = super::read::read(text.as_bytes()).unwrap();
    assert_eq!((profile.total_ns(), profile.recording.tallied), (17_000_000_000_000, true));
    assert_eq!(profile.recording.notes.len(), 1);
}
