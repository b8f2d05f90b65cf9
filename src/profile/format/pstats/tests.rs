//! Files that Python could have written, and files that it could not. Real ones are read in `tests/cli/pstats.rs`.

use proptest::{prelude::*, sample::Index};

use super::{Pstats, SAMPLES_MARK, marshal::Writer, read, write::write};
use crate::profile::{
    calls::{
        CallGraph, Calls, Counted,
        sketch::{any_graph, calls, canon, graph},
    },
    format::Format,
    model::{Language, Origin},
};

fn small() -> CallGraph {
    let functions = [("a.py", 1, "main", calls(1, 1, 10, 100)), ("a.py", 5, "work", calls(9, 3, 90, 90))];
    graph(&functions, &[(0, 1, calls(3, 3, 30, 90)), (1, 1, calls(6, 0, 60, 80))])
}

/// A dictionary of one function, whose parts `function` and `value` write.
fn one(function: impl FnOnce(&mut Writer), value: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    w.begin_dict();
    function(&mut w);
    value(&mut w);
    w.end_dict();
    w.into_bytes()
}

fn name(w: &mut Writer) {
    w.begin_tuple(3);
    w.named_text("a.py");
    w.int(7);
    w.named_text("work");
}

fn value(w: &mut Writer) {
    numbers(w, 5, 2.0);
    w.begin_dict();
    w.end_dict();
}

fn numbers(w: &mut Writer, len: u8, seconds: f64) {
    w.begin_tuple(len);
    w.int(1);
    w.int(1);
    w.float(seconds);
    w.float(seconds);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_graph_survives(graph in any_graph()) {
        let bytes = write(&graph);
        prop_assert!(Pstats.detect(&bytes));
        let back = read(&bytes).map_err(TestCaseError::fail)?;
        prop_assert_eq!(canon(&back), canon(&graph));
        prop_assert_eq!(write(&back), bytes);
    }

    #[test]
    fn what_is_cut_short_is_refused(at: Index) {
        let bytes = write(&small());
        prop_assert!(read(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn damaged_bytes_do_no_harm(changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8)) {
        let mut bytes = write(&small());
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(graph) = read(&bytes) {
            prop_assert!(read(&write(&graph)).is_ok());
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[&b"{"[..], &bytes].concat());
    }
}

#[test]
fn counts_stand_the_other_way_round_for_callers() {
    let bytes = one(name, |w| {
        w.begin_tuple(5);
        [2, 9].into_iter().for_each(|count| w.int(count));
        [1.5, 2.5].into_iter().for_each(|seconds| w.float(seconds));
        w.begin_dict();
        name(w);
        w.begin_tuple(4);
        [7, 1].into_iter().for_each(|count| w.int(count));
        [0.5, 1.0].into_iter().for_each(|seconds| w.float(seconds));
        w.end_dict();
    });
    let graph = read(&bytes).unwrap();
    assert_eq!(graph.calls, [calls(9, 2, 1_500_000, 2_500_000)]);
    assert_eq!(graph.edges[0].calls, calls(7, 1, 500_000, 1_000_000));
    assert_eq!(graph.str(graph.functions[0].name), "work");
    assert_eq!(graph.module_path(&graph.functions[0]), "a");
}

#[test]
fn built_in_functions_are_shown_as_pstats_shows_them_and_written_as_they_were() {
    let builtin = |w: &mut Writer| {
        w.begin_tuple(3);
        w.named_text("~");
        w.int(0);
        w.named_text("<built-in method builtins.len>");
    };
    let bytes = one(builtin, value);
    let graph = read(&bytes).unwrap();
    let function = graph.functions[0];
    assert_eq!(graph.str(function.name), "{built-in method builtins.len}");
    assert_eq!(
        (graph.str(function.file), function.origin, function.language),
        ("", Origin::Native, Language::Python)
    );
    assert_eq!(write(&graph), write(&read(&write(&graph)).unwrap()));
    let text = |bytes: &[u8]| bytes.windows(30).any(|part| part == b"<built-in method builtins.len>");
    assert!(text(&bytes) && text(&write(&graph)));
}

#[test]
fn counts_may_be_missing_for_callers() {
    let bytes = one(name, |w| {
        numbers(w, 5, 2.0);
        w.begin_dict();
        name(w);
        w.int(4);
        w.end_dict();
    });
    assert_eq!(read(&bytes).unwrap().edges[0].calls, Calls { total: 4, primitive: 4, ..Calls::default() });
}

#[test]
fn samples_are_told_from_calls() {
    let sampled = CallGraph { counted: Counted::Samples, ..small() };
    let bytes = write(&sampled);
    let back = read(&bytes).unwrap();
    assert_eq!((canon(&back), back.counted), (canon(&sampled), Counted::Samples));
    assert!(bytes.windows(SAMPLES_MARK.len()).any(|part| part == SAMPLES_MARK.as_bytes()));
    // The mark of CPython 3.15's own sampling profiler.
    let mut w = Writer::default();
    w.begin_dict();
    name(&mut w);
    value(&mut w);
    w.begin_tuple(1);
    w.named_text("__sampled__");
    let bytes = [w.into_bytes(), b"T0".to_vec()].concat();
    let graph = read(&bytes).unwrap();
    assert_eq!((graph.counted, graph.functions.len()), (Counted::Samples, 1));
}

#[test]
fn numbers_of_every_spelling_are_read() {
    let spell = |time: &[u8], count: &[u8]| {
        let parts = [b"{)\x03z\x04a.pyi\x07\0\0\0z\x04work)\x05", count, b"i\x01\0\0\0", time, time, b"{00"];
        read(&parts.concat()).map(|graph| graph.calls[0])
    };
    let one = |primitive| Calls { total: 1, primitive, tottime_ns: 1_500_000_000, cumtime_ns: 1_500_000_000 };
    assert_eq!(spell(b"f\x031.5", b"i\x02\0\0\0"), Ok(one(2)));
    assert_eq!(spell(b"g\0\0\0\0\0\0\xf8\x3f", b"I\x03\0\0\0\0\0\0\0"), Ok(one(3)));
    assert_eq!(spell(b"f\x031.5", b"l\x02\0\0\0\x01\0\x01\0"), Ok(one(32769)));
    let huge = "damaged: a count is larger than a profile can hold";
    let long = [&b"l\x05\0\0\0"[..], &[0xff, 0x7f].repeat(5)].concat();
    assert_eq!(spell(b"f\x031.5", &long).unwrap_err(), huge);
    let late = "damaged: a time is larger than a profile can hold";
    for time in [
        &b"f\x03nan"[..],
        b"f\x03inf",
        b"f\x051e300",
        &[&b"l\x05\0\0\0"[..], &[0xff, 0x7f].repeat(5)].concat(),
    ] {
        assert_eq!(spell(time, b"i\x01\0\0\0").unwrap_err(), late);
    }
    assert_eq!(
        spell(b"f\x041e-x", b"i\x01\0\0\0").unwrap_err(),
        "damaged: it is no sequence of marshalled objects"
    );
}

#[test]
fn negative_numbers_count_as_nothing_and_are_told() {
    let graph = read(&one(name, |w| {
        numbers(w, 5, -2.0);
        w.begin_dict();
        w.end_dict();
    }));
    let graph = graph.unwrap();
    assert_eq!(graph.calls, [calls(1, 1, 0, 0)]);
    assert_eq!(graph.recording.notes, ["2 negative values count as 0"]);
}

#[test]
fn every_refusal_says_why() {
    let not_marshal = "damaged: it is no sequence of marshalled objects";
    let nowhere = "damaged: a reference leads nowhere";
    let function = "damaged: a function is not a tuple of file, line and name";
    let values = "damaged: a function has no counts, times and callers";
    let caller = "damaged: a caller has no counts and times";
    let with_caller = |write: fn(&mut Writer)| {
        one(name, |w| {
            numbers(w, 5, 2.0);
            w.begin_dict();
            name(w);
            write(w);
            w.end_dict();
        })
    };
    let sum = |seconds: f64| {
        let mut w = Writer::default();
        w.begin_dict();
        for _ in 0..2 {
            name(&mut w);
            numbers(&mut w, 5, seconds);
            w.begin_dict();
            w.end_dict();
        }
        w.end_dict();
        w.into_bytes()
    };
    for (bytes, reason) in [
        (b"".to_vec(), "the file is empty"),
        (b"[\0\0\0\0".to_vec(), "not a pstats file"),
        (b"{".to_vec(), "cut short"),
        (b"{)\x03".to_vec(), "cut short"),
        (b"{(\xff\xff\xff\x7f".to_vec(), "cut short"),
        (b"{z\xffabc".to_vec(), "cut short"),
        (b"{u\xff\xff\xff\xff".to_vec(), not_marshal),
        (b"{)\x010".to_vec(), not_marshal),
        (b"{N0".to_vec(), not_marshal),
        (b"{c".to_vec(), "not a pstats file: it holds objects other than numbers and names"),
        ([&b"{"[..], &b")\x01".repeat(1000)].concat(), "it holds objects more than 16 deep"),
        (b"{r\x05\0\0\0N0".to_vec(), nowhere),
        (b"{r\xff\xff\xff\xffN0".to_vec(), nowhere),
        // A tuple that holds itself, and a dictionary that does.
        (b"{\xa9\x01r\0\0\0\0N0".to_vec(), nowhere),
        (b"\xfbr\0\0\0\0N0".to_vec(), nowhere),
        (b"{NN0".to_vec(), function),
        (one(|w| w.int(1), value), function),
        (one(|w| w.begin_tuple(0), value), function),
        (one(name, |w| w.int(1)), values),
        (one(name, |w| w.begin_tuple(0)), values),
        (with_caller(|w| w.float(1.0)), caller),
        (with_caller(|w| w.begin_tuple(0)), caller),
        (with_caller(|w| numbers(w, 4, f64::NAN)), "damaged: a time is larger than a profile can hold"),
        (sum(9e9), "damaged: its values add up to more than a profile can hold"),
    ] {
        assert_eq!(read(&bytes).unwrap_err(), reason, "{bytes:?}");
    }
}

/// One dictionary of callers that every function refers to: a small file that would be a large graph.
#[test]
fn references_do_not_blow_a_small_file_up() {
    let functions = 5000_u32;
    let mut bytes = b"\xfb".to_vec();
    let mut callers = b"\xfb".to_vec();
    for line in 0..functions {
        callers.extend(b")\x03z\x01ai");
        callers.extend(line.to_le_bytes());
        callers.extend(b"z\x01fi\x01\0\0\0");
    }
    callers.push(b'0');
    for line in 0..functions {
        bytes.extend(b")\x03z\x01ai");
        bytes.extend(line.to_le_bytes());
        bytes.extend(b"z\x01f)\x05i\x01\0\0\0i\x01\0\0\0f\x011f\x011");
        if line == 0 { bytes.extend(&callers) } else { bytes.extend(b"r\x01\0\0\0") }
    }
    bytes.push(b'0');
    assert_eq!(read(&bytes).unwrap_err(), "it holds more than 4,194,304 callers");
}

#[test]
fn interned_strings_of_python_2_go_by_numbers_of_their_own() {
    let text = |text: &str| [b"t", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let int = |n: u32| [b"i", &n.to_le_bytes()[..]].concat();
    let tuple = |parts: &[Vec<u8>]| [b"(", &(parts.len() as u32).to_le_bytes()[..], &parts.concat()].concat();
    let float = |x: f64| [b"g", &x.to_le_bytes()[..]].concat();
    let again = |n: u32| [b"R", &n.to_le_bytes()[..]].concat();
    let counts = [int(1), int(1), float(0.5), float(0.5)];
    let file = |caller: Vec<u8>| {
        let callers = [b"{", &caller[..], &tuple(&counts), b"0"].concat();
        let key = tuple(&[text("a.py"), int(7), text("work")]);
        let value = tuple(&[&counts[..], &[callers]].concat());
        [b"{", &key[..], &value, b"0"].concat()
    };
    let graph = read(&file(tuple(&[again(0), int(2), text("main")]))).unwrap();
    let names: Vec<(&str, &str)> =
        graph.functions.iter().map(|f| (graph.str(f.file), graph.str(f.name))).collect();
    assert_eq!((names, graph.edges.len()), (vec![("a.py", "work"), ("a.py", "main")], 1));
    let error = read(&file(tuple(&[again(2), int(2), text("main")]))).unwrap_err();
    assert_eq!(error, "damaged: a reference leads nowhere");
}
