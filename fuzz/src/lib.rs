//! What must hold of whatever bytes a reader is given: it ends, it does not panic, and what it has read can be written and read again.

mod described;

use std::path::Path;

use hotcold::{
    cache::{
        locate::{Places, locate},
        model::Timestamp,
        pickle::{Limits, Pickle},
        select::Filter,
        store::{Access, By, CheckOptions, Query},
    },
    profile::{
        calls::Measurements,
        format::{FORMATS, Format, How, Unwritable, by_name, load_from},
    },
};

use described::Described;

/// Characters that a pickle is shown in.
const BUDGET: usize = 300;

/// Reads bytes as a format.
pub fn reader(name: &str, bytes: &[u8]) {
    let format = by_name(name).expect("a format of this name");
    match load_from(bytes, Path::new("fuzzed"), How { format: Some(format), event: None }) {
        Ok(read) => {
            survives_saving(&read);
            survives_writing(&read);
        }
        Err(error) => one_line(&error.to_string()),
    }
}

/// Reads bytes that may be of any format, zipped or not.
pub fn any_format(bytes: &[u8]) {
    match load_from(bytes, Path::new("fuzzed"), How::default()) {
        Ok(read) => survives_saving(&read),
        Err(error) => one_line(&error.to_string()),
    }
}

/// What was read, saved and read again is the same.
fn survives_saving(read: &Measurements) {
    let pprof = by_name("pprof").expect("the save format");
    let again = pprof.read(&written(pprof, read).expect("a file of the save format")).expect("a recording");
    assert_eq!(Described::of(read), Described::of(&again));
}

/// Every format can be written, and what is not empty can be read again; written once more it stands for as much. Not every format
/// counts samples.
fn survives_writing(read: &Measurements) {
    for &format in FORMATS.iter().filter(|format| format.is_written()) {
        let Some(bytes) = written(format, read) else { continue };
        if !format.is_read() || is_empty(read) {
            continue;
        }
        let again = match format.read(&bytes) {
            Ok(again) => again,
            Err(reason) => panic!("what was written as {} is refused: {reason}", format.name()),
        };
        let bytes_again = written(format, &again).expect("of the same format");
        let third = format.read(&bytes_again).expect("what was written again");
        assert_eq!(totals(&again).1, totals(&third).1, "{}", format.name());
    }
}

fn written(format: &dyn Format, measurements: &Measurements) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match format.write(measurements, &mut bytes) {
        Ok(()) => Some(bytes),
        Err(Unwritable::NoStacks) => None,
        Err(error) => panic!("{} cannot be written: {error}", format.name()),
    }
}

/// Samples or calls, and what they stand for.
fn totals(read: &Measurements) -> (u64, u64) {
    match read {
        Measurements::Sampled(profile) => (profile.sample_count(), profile.total_ns()),
        Measurements::Traced(graph) => (graph.total().total, graph.total().tottime_ns),
    }
}

fn is_empty(read: &Measurements) -> bool {
    let (count, ns) = totals(read);
    count == 0 || ns == 0
}

fn one_line(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.len() < 1000, "{text:?}");
}

/// Reads bytes as a pickle and shows it in every way.
pub fn pickle(bytes: &[u8]) {
    let pickle = Pickle::read(bytes, Limits::VALUE);
    let shown = pickle.text(BUDGET);
    assert!(shown.text.chars().count() <= BUDGET + 1, "{shown:?}");
    assert!(!shown.text.contains(char::is_control), "{shown:?}");
    assert!(pickle.findings.len() <= Limits::VALUE.findings);
    let _ = (pickle.memoized(BUDGET), pickle.pair(), pickle.type_name(), pickle.damage());
}

/// Takes bytes for the database of a DiskCache and looks at it in every way that changes nothing.
pub fn diskcache(bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("a directory");
    let database = dir.path().join("cache.db");
    std::fs::write(&database, bytes).expect("a file");
    let now = Timestamp::from_seconds(1.7e9).expect("a finite number");
    if let Ok(found) = locate(dir.path(), &Places::default())
        && let Ok(store) = found.open(Access::Look, &[])
    {
        let everything = Filter::default();
        let mut ids = Vec::new();
        let _ = store.entries(Query::stored(&everything, now), &mut |entry| {
            ids.push(entry.id.clone());
            std::ops::ControlFlow::Continue(())
        });
        for id in ids.iter().take(100) {
            let _ = (store.value(id), store.details(id));
        }
        let _ = [None, Some(By::Tag), Some(By::Group), Some(By::Type)].map(|by| store.summary(now, by));
        let _ = (store.pulse(now), store.totals(&everything, now));
        let options = CheckOptions { deep: true, audit: true, now, grace: std::time::Duration::ZERO };
        let _ = store.check(&options, &mut |_| {});
    }
    assert!(std::fs::read(&database).is_ok_and(|now| now == bytes), "looking has changed the database");
}
