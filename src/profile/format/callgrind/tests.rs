use super::{read::read, *};
use crate::profile::{aggregate::sketch::profile, calls::CallGraph};

fn outline(graph: &CallGraph) -> Vec<String> {
    let mut out: Vec<String> = graph
        .iter()
        .map(|(f, c)| {
            format!(
                "{} {} {} {}/{} {}/{}",
                graph.str(f.name),
                graph.str(f.file),
                graph.module_path(f),
                c.total,
                c.primitive,
                c.tottime_ns,
                c.cumtime_ns
            )
        })
        .collect();
    out.extend(graph.edges.iter().map(|e| {
        let name = |id: crate::profile::model::FunctionId| graph.str(graph.functions[id.index()].name);
        format!(
            "{} -> {} {} {}/{}",
            name(e.caller),
            name(e.callee),
            e.calls.total,
            e.calls.tottime_ns,
            e.calls.cumtime_ns
        )
    }));
    out.sort();
    out
}

/// The example of the format's description.
const TEXT: &str = "\
# callgrind format
events: Instructions

fl=(1) file1.c
fn=(1) main
16 20
cfn=(2) func1
calls=1 50
16 400
cfi=(2) file2.c
cfn=(3) func2
calls=3 20
16 400

fn=(2)
51 100
cfi=(2)
cfn=(3)
calls=2 20
51 300

fl=(2)
fn=(3)
20 700
";

#[test]
fn a_function_that_is_named_in_two_ways_counts_once() {
    let graph = read(&b"events: Ir\nfl=???\nfn=a\n1 5\nfl=\nfn=a\n1 7\n"[..], None).unwrap();
    assert_eq!(graph.calls.len(), 1);
    assert_eq!((graph.calls[0].total, graph.calls[0].tottime_ns), (1, 12));
}

#[test]
fn costs_that_no_other_format_could_hold_are_refused() {
    for text in [
        "events: Ir\nfn=a\n1 18000000000000000000\n",
        "events: Ir\nfn=a\n1 1\ncfn=b\ncalls=18000000000000000000 1\n1 5\n",
    ] {
        let error = Callgrind.read(text.as_bytes()).unwrap_err();
        assert_eq!(error, "damaged: its values add up to more than a profile can hold");
    }
}

#[test]
fn the_example_of_the_description() {
    assert!(Callgrind.detect(TEXT.as_bytes()));
    let graph = read(TEXT.as_bytes(), None).unwrap();
    assert_eq!(
        outline(&graph),
        [
            "func1 -> func2 2 300/300",
            "func1 file1.c  1/1 100/400",
            "func2 file2.c  5/5 700/700",
            "main -> func1 1 100/400",
            "main -> func2 3 400/400",
            "main file1.c  1/1 20/820",
        ]
    );
    assert_eq!(graph.recording.notes, ["its values are `Instructions`, not time in nanoseconds"]);
}

#[test]
fn times_are_preferred_and_units_known() {
    let text = "version: 1\ncreator: xdebug 3\ncmd: /a.php x\nevents: Memory_(bytes) Time_(10ns)\n\nfl=(1) a.php\nfn=(1) {main}\n3 7 25\n*  1 1\n+2 1 x\n";
    assert!(Callgrind.detect(text.as_bytes()));
    assert!(read(text.as_bytes(), None).is_err());
    let graph = read(text.replace(" x\n", " 4\n").as_bytes(), None).unwrap();
    assert_eq!(outline(&graph), ["{main} a.php  1/1 300/300"]);
    assert_eq!(graph.recording.notes, ["of its events `Time_(10ns)` is shown; `Memory_(bytes)` left out"]);
    assert_eq!(graph.recording.backend, "xdebug 3");
}

#[test]
fn calls_on_several_lines_are_shared_out() {
    // The second one is recursive: lines have more behind them than the edge.
    for (text, expected, edge) in [
        ("main@a.c:3;f@a.c:9 3\nmain@a.c:4;f@a.c:9 7", ["calls=3 0\n3 3000000", "calls=7 0\n4 7000000"], 10),
        ("f@a.c:3;f@a.c:4;f@a.c:9 3\nf@a.c:4;f@a.c:9 3", ["calls=2 0\n3 2000000", "calls=4 0\n4 4000000"], 6),
    ] {
        let mut bytes = Vec::new();
        Callgrind.write(&Measurements::Sampled(profile(text)), &mut bytes).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(expected.iter().all(|part| text.contains(part)), "{text}");
        let graph = read(&bytes[..], None).unwrap();
        assert_eq!(graph.edges.iter().map(|e| e.calls.total).collect::<Vec<_>>(), [edge]);
    }
}

#[test]
fn a_call_that_never_was_is_none() {
    let graph =
        read(&b"events: ns\nfn=a\n1 5\ncfn=b\ncalls=0 1\n1 0\ncfn=c\ncalls=0 1\n1 7\n"[..], None).unwrap();
    assert_eq!(graph.edges.iter().map(|edge| edge.calls.cumtime_ns).collect::<Vec<_>>(), [7]);
}

#[test]
fn another_event_may_be_asked_for() {
    let text = "events: Ir Dr usec\nfn=a\n1 5 6 7\n";
    let of = |event| {
        read(text.as_bytes(), event).map(|graph| (graph.recording.event.clone(), graph.total().tottime_ns))
    };
    assert_eq!(of(None).unwrap(), ("Ir".to_owned(), 5));
    assert_eq!(of(Some("Dr")).unwrap(), ("Dr".to_owned(), 6));
    let notes = read(text.as_bytes(), Some("Dr")).unwrap().recording.notes;
    assert_eq!(
        notes,
        [
            "its values are `Dr`, not time in nanoseconds",
            "of its events `Dr` is shown; `Ir`, `usec` left out"
        ]
    );
    let error = of(Some("x")).unwrap_err().content();
    assert_eq!(error, "it has no event `x`, only `Ir`, `Dr`, `usec`");
}

#[test]
fn a_sampled_profile_is_written_by_line_and_read_by_function() {
    let p = profile(
        "main@a.c:3;work@a.c:9;~step@a.h:1 3\nmain@a.c:3;work@a.c:8 2\nmain@a.c:4 1\nmain@a.c:3;work@a.c:9;k:read 4",
    );
    let mut bytes = Vec::new();
    Callgrind.write(&Measurements::Sampled(p), &mut bytes).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains("fn=(3) main\n4 1000000\n"), "{text}");
    assert!(text.contains("fn=(4)\n8 2000000\n9 3000000\n"), "{text}");
    // Calls stand on the lines that they were made on.
    assert!(text.contains("cfn=(4) work\ncalls=9 0\n3 9000000\n"), "{text}");
    let graph = read(&bytes[..], None).unwrap();
    assert_eq!(
        outline(&graph),
        [
            "main -> work 9 5000000/9000000",
            "main a.c /usr/bin/app 1/1 1000000/10000000",
            "read  [kernel] 4/4 4000000/4000000",
            "work -> read 4 4000000/4000000",
            "work a.c /usr/bin/app 9/9 5000000/9000000",
        ]
    );
    assert_eq!(graph.counted, Counted::Samples);
    let mut again = Vec::new();
    Callgrind.write(&Measurements::Traced(graph), &mut again).unwrap();
    assert_eq!(outline(&read(&again[..], None).unwrap()).len(), 5);
}

#[test]
fn recursion_and_cycles_do_not_add_up_beyond_the_whole() {
    let text = "events: ns\nfn=a\n1 10\ncfn=a\ncalls=5 1\n1 500\ncfn=b\ncalls=1 1\n1 90\nfn=b\n1 20\ncfn=a\ncalls=1 1\n1 70\n";
    let graph = read(text.as_bytes(), None).unwrap();
    assert_eq!(outline(&graph)[..3], ["a   6/1 10/30", "a -> a 5 0/500", "a -> b 1 20/90"]);
}

#[test]
fn other_texts_are_refused() {
    for other in [&b""[..], b"hello", b"version: 1", b"main;a 1\n", b"events"] {
        assert!(!Callgrind.detect(other), "{other:?}");
    }
    assert!(read(&b"hello\nworld\n"[..], None).is_err());
    assert!(read(&b"events: ns\nfn=a\ncalls=x\n"[..], None).is_err());
    assert!(read(&b"events: ns\nfn=a\ncalls=1 1\n1 1\n"[..], None).is_err());
    for end in 0..TEXT.len() {
        let _ = read(&TEXT.as_bytes()[..end], None);
    }
}
