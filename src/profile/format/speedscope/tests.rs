use super::{read::read, *};
use crate::profile::{
    aggregate::{Selection, Subject, Totals, rows, sketch::profile},
    model::Profile,
};

fn outline(profile: &Profile) -> Vec<String> {
    let rows = rows(profile, &Selection::default()).unwrap().rows;
    let text = |row: &crate::profile::aggregate::Row| {
        let Subject::Place(place) = row.subject else { panic!("{row:?}") };
        format!("{} {} {}/{}", place.name, place.file, row.times.tottime_ns, row.times.cumtime_ns)
    };
    rows.iter().map(text).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let original = profile("main@a.c:3;work <T>@a.c:9 3\nmain@a.c:3;k:read 2\nmain@a.c:4 1");
    let mut bytes = Vec::new();
    Speedscope.write(&Measurements::Sampled(original.clone()), &mut bytes).unwrap();
    assert!(Speedscope.detect(&bytes));
    let again = read(&bytes).unwrap();
    assert_eq!(
        outline(&again),
        ["work <T> a.c 3000000/3000000", "read  2000000/2000000", "main a.c 1000000/6000000"]
    );
    assert_eq!(Totals::of(&again).ns, Totals::of(&original).ns);
    assert_eq!(again.str(again.threads[0].name), "app (100), app (100)");
    let lines: Vec<u32> = again.frames.iter().map(|f| f.line).collect();
    assert_eq!(lines, [3, 9, 0, 4]);
}

#[test]
fn evented_profiles_are_time_between_events() {
    let text = br#"{"exporter":"x","shared":{"frames":[{"name":"a"},{"name":"b","file":"b.py","line":2}]},"profiles":[
        {"type":"evented","name":"t","unit":"milliseconds","startValue":10,"endValue":20,"events":[
        {"type":"O","at":10,"frame":0},{"type":"O","at":12,"frame":1},{"type":"C","at":15,"frame":1},
        {"type":"C","at":16,"frame":0},{"type":"O","at":18,"frame":1},{"type":"C","at":20,"frame":1}]}]}"#;
    assert_eq!(outline(&read(text).unwrap()), ["b b.py 5000000/5000000", "a  3000000/6000000"]);
}

#[test]
fn numbers_of_samples_and_bytes_are_said_to_be_none_of_time() {
    let document = |unit: &str| {
        format!(
            r#"{{"shared":{{"frames":[{{"name":"a"}}]}},"profiles":[{{"type":"sampled","name":"t","unit":"{unit}","samples":[[0],[]],"weights":[3,1]}}]}}"#
        )
    };
    let samples = read(document("none").as_bytes()).unwrap();
    assert_eq!(Totals::of(&samples), Totals { samples: 4, ns: 4_000_000, ..Totals::default() });
    assert_eq!(samples.recording.notes.len(), 1);
    let bytes = read(document("bytes").as_bytes()).unwrap();
    assert_eq!(bytes.recording.notes, ["its values are bytes, not time in nanoseconds"]);
    assert_eq!(
        read(document("parsecs").as_bytes()).unwrap_err(),
        "its values are in an unknown unit, `parsecs`"
    );
}

#[test]
fn numbers_of_another_kind_than_samples_are_read() {
    let text = br#"{"shared":{"frames":[{"name":"a"}]},"profiles":[{"type":"sampled","unit":"none","samples":[[0],[0]],"weights":[9e12,8e12]}]}"#;
    let profile = read(text).unwrap();
    assert_eq!((profile.total_ns(), profile.recording.tallied), (17_000_000_000_000, true));
    assert_eq!(profile.recording.notes.len(), 1);
}

#[test]
fn damaged_documents_are_refused() {
    let cases = [
        (r#"{"profiles":[]}"#, "not a document of speedscope: it has no frames"),
        (
            r#"{"shared":{"frames":[]},"profiles":[{"type":"sampled","samples":[[0]],"weights":[1]}]}"#,
            "damaged: a frame that is not in its table",
        ),
        (
            r#"{"shared":{"frames":[]},"profiles":[{"type":"sampled","samples":[[]],"weights":[]}]}"#,
            "damaged: it has not as many weights as samples",
        ),
        (
            r#"{"shared":{"frames":[{"name":"a"}]},"profiles":[{"type":"evented","events":[{"type":"C","at":1,"frame":0}]}]}"#,
            "damaged: a frame ends that has not begun",
        ),
        (r#"{"shared":{"frames":[]},"profiles":[{"type":"x"}]}"#, "it has a profile of an unknown type, `x`"),
        (
            r#"{"shared":{"frames":[]},"profiles":[{"type":"sampled","unit":"bytes"},{"type":"sampled"}]}"#,
            "its profiles are in different units",
        ),
        (r#"{"shared":"#, "cut short"),
    ];
    for (text, reason) in cases {
        assert_eq!(read(text.as_bytes()).unwrap_err(), reason, "{text}");
    }
}
