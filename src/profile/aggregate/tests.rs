use proptest::prelude::*;
use regex::Regex;

use super::{
    flame::{DEEPER, MAX_DEPTH, Shape, boxes},
    sketch::{SAMPLE_NS, profile},
    *,
};
use crate::profile::{
    Error,
    model::{Builder, Function, Gil, Process, Recording, Sample, Thread},
};

fn by(by: By) -> Selection {
    Selection { by, ..Selection::default() }
}

/// `name samples/tottime/cumtime`, times in samples.
fn lines(profile: &Profile, selection: &Selection) -> Vec<String> {
    let text = |row: &Row| {
        let t = row.times;
        let line = match row.subject {
            Subject::Place(place) if selection.by == By::Line => format!(":{}", place.line),
            _ => String::new(),
        };
        let name = row.subject.name();
        format!("{name}{line} {}/{}/{}", t.samples, t.tottime_ns / SAMPLE_NS, t.cumtime_ns / SAMPLE_NS)
    };
    let mut out = Vec::new();
    for row in rows(profile, selection).unwrap().rows {
        out.push(text(&row));
        out.extend(row.inlined.iter().map(|child| format!("  {}", text(child))));
    }
    out
}

#[test]
fn recursion_counts_once_in_cumtime() {
    let p = profile("main;fib;fib;fib 3\nmain;fib 1\nmain;other;fib;other 2\nmain 1");
    assert_eq!(lines(&p, &by(By::Function)), ["fib 4/4/6", "other 2/2/2", "main 1/1/7"]);
}

#[test]
fn siblings_and_returns_do_not_leak_into_each_other() {
    let p = profile("a;b;a;c 1\na;c 2\nc;a 4\nd 8");
    assert_eq!(lines(&p, &by(By::Function)), ["d 8/8/8", "a 4/4/7", "c 3/3/7", "b 0/0/1"]);
}

#[test]
fn inlined_time_belongs_to_the_real_function() {
    let p = profile("main;work;~step;~add 5\nmain;work 2\nmain;~step 1");
    assert_eq!(lines(&p, &by(By::Function)), ["work 7/7/7", "main 1/1/8"]);
    let children = Selection { inlines: true, ..Selection::default() };
    assert_eq!(
        lines(&p, &children),
        ["work 7/7/7", "  add 5/5/5", "  step 0/0/5", "main 1/1/8", "  step 1/1/1"]
    );
}

#[test]
fn a_frame_inlined_into_nothing_is_a_function() {
    let p = profile("~lost;~deep 2\n[truncated];~cut 3");
    assert_eq!(lines(&p, &by(By::Function)), ["cut 3/3/3", "lost 2/2/2"]);
}

#[test]
fn lines_are_those_of_the_innermost_frame() {
    let p = profile("main@a.c:9;work@a.c:3;~add@a.h:1 5\nmain@a.c:9;work@a.c:4 2\nmain@a.c:8;main@a.c:9 1");
    assert_eq!(
        lines(&p, &by(By::Line)),
        ["add:1 5/5/5", "work:4 2/2/2", "main:9 1/1/8", "work:3 0/0/5", "main:8 0/0/1"]
    );
}

#[test]
fn markers_are_rows_only_where_they_are_a_leaf() {
    let p = profile("[truncated];a;b 3\n[truncated] 1\nmain;[unknown] 2");
    assert_eq!(
        lines(&p, &by(By::Function)),
        ["b 3/3/3", "[unknown] 2/2/2", "[truncated] 1/1/1", "a 0/0/3", "main 0/0/2"]
    );
    assert_eq!(lines(&p, &by(By::Module)), ["/usr/bin/app 3/3/5", "[unknown] 2/2/2", "[truncated] 1/1/1"]);
}

#[test]
fn modules_count_once_and_what_has_none_is_unknown() {
    let p = profile("main;k:read;k:copy 2\nmain;py:run;main 3\npy:run 1");
    assert_eq!(lines(&p, &by(By::Module)), ["/usr/bin/app 3/3/5", "[kernel] 2/2/2", "[unknown] 1/1/4"]);
}

#[test]
fn threads_and_processes() {
    let mut b = Builder::new();
    let (app, worker) = (b.string("app"), b.string("worker"));
    let f = b.function(Function {
        name: app,
        system_name: app,
        file: app,
        start_line: 0,
        module: None,
        origin: Origin::Native,
        language: Default::default(),
    });
    let frame = b.frame(crate::profile::model::Frame { function: f, line: 0, inlined: false });
    let stack = b.stack(None, frame);
    let one = b.process(Process { pid: 10, parent_pid: 1, name: app });
    let two = b.process(Process { pid: 11, parent_pid: 10, name: app });
    for (process, tid, name, count) in [(one, 10, app, 1), (one, 12, worker, 5), (two, 11, app, 2)] {
        let thread = b.thread(Thread { process, tid, name });
        b.sample(Sample { bucket: 0, thread, stack, gil: Gil::Unknown, count, weight_ns: count * SAMPLE_NS });
    }
    let p = b.build(Recording::default());
    assert_eq!(lines(&p, &by(By::Thread)), ["worker 5/5/5", "app 2/2/2", "app 1/1/1"]);
    let table = rows(&p, &by(By::Process)).unwrap();
    let pids: Vec<_> = (table.rows.iter())
        .map(|row| match row.subject {
            Subject::Process { pid, .. } => (pid, row.times.samples),
            _ => panic!("{row:?}"),
        })
        .collect();
    assert_eq!(pids, [(10, 6), (11, 2)]);
}

#[test]
fn instances_of_a_generic_function_are_one_row() {
    let mut b = Builder::new();
    let empty = b.string("");
    let name = b.string("Vec<T>::push");
    let process = b.process(Process { pid: 1, parent_pid: 0, name });
    let thread = b.thread(Thread { process, tid: 1, name });
    for mangled in ["_ZN4pushE17h1", "_ZN4pushE17h2"] {
        let system_name = b.string(mangled);
        let f = Function {
            name,
            system_name,
            file: empty,
            start_line: 7,
            module: None,
            origin: Origin::Native,
            language: Default::default(),
        };
        let function = b.function(f);
        let frame = b.frame(crate::profile::model::Frame { function, line: 0, inlined: false });
        let stack = b.stack(None, frame);
        b.sample(Sample { bucket: 0, thread, stack, gil: Gil::Unknown, count: 2, weight_ns: 2 * SAMPLE_NS });
    }
    assert_eq!(lines(&b.build(Recording::default()), &by(By::Function)), ["Vec<T>::push 4/4/4"]);
}

#[test]
fn ties_fall_to_the_other_number_and_then_the_name() {
    let p = profile("z 2\na 2\nm;x 2\nm;y 1");
    assert_eq!(lines(&p, &by(By::Function)), ["a 2/2/2", "x 2/2/2", "z 2/2/2", "y 1/1/1", "m 0/0/3"]);
    let sorted = |sort| lines(&p, &Selection { sort, ..Selection::default() });
    assert_eq!(sorted(Sort::Cumtime)[0], "m 0/0/3");
    assert_eq!(sorted(Sort::Name), ["a 2/2/2", "m 0/0/3", "x 2/2/2", "y 1/1/1", "z 2/2/2"]);
    assert!(matches!(
        rows(&p, &Selection { sort: Sort::Ncalls, ..Selection::default() }),
        Err(Error::NoCalls)
    ));
}

#[test]
fn what_is_left_out_is_counted() {
    let p = profile("a 60\nb 30\nc 6\nd 4");
    let table = rows(&p, &Selection { limit: Some(1), ..Selection::default() }).unwrap();
    assert_eq!((table.rows.len(), table.left_out, table.left_out_ns), (1, 3, 40 * SAMPLE_NS));
    let table = rows(&p, &Selection { min_share: 0.06, ..Selection::default() }).unwrap();
    assert_eq!((table.rows.len(), table.left_out, table.too_small), (3, 1, 1));
    let filter = Some(Regex::new("^[ab]$").unwrap());
    let table = rows(&p, &Selection { filter, ..Selection::default() }).unwrap();
    assert_eq!((table.rows.len(), table.left_out, table.totals.samples), (2, 0, 100));
}

#[test]
fn filters_look_at_function_file_and_module() {
    let p = profile("main@src/app.c:1 1\nk:read 1\nother@src/lib.rs:2 1");
    let names = |pattern: &str| {
        lines(&p, &Selection { filter: Some(Regex::new(pattern).unwrap()), ..Selection::default() })
    };
    assert_eq!(names("^main$"), ["main 1/1/1"]);
    assert_eq!(names(r"\.rs$"), ["other 1/1/1"]);
    assert_eq!(names(r"^\[kernel\]$"), ["read 1/1/1"]);
    assert!(names("nothing").is_empty());
}

#[test]
fn error_bars_are_scaled_to_the_total() {
    let p = profile("a 50\nb 50");
    let row = rows(&p, &Selection::default()).unwrap().rows.remove(0);
    let share = row.times.tottime_error_ns.unwrap() / (100.0 * SAMPLE_NS as f64);
    assert!((share - error_bar::share_error(50, 100)).abs() < 1e-12);
}

fn outline(tree: &CallTree) -> Vec<String> {
    let mut depths: Vec<usize> = Vec::new();
    (tree.calls.iter())
        .map(|call| {
            let depth = call.parent.map_or(0, |p| depths[p] + 1);
            depths.push(depth);
            let times = format!("{}/{}", call.tottime_ns / SAMPLE_NS, call.cumtime_ns / SAMPLE_NS);
            format!("{}{} {times} x{}", " ".repeat(depth), call.place.name, call.recursion)
        })
        .collect()
}

#[test]
fn the_call_tree_folds_direct_recursion() {
    let p =
        profile("main;fib;fib;fib 3\nmain;fib;fib;add 2\nmain;fib;add 1\nmain;log;fib 4\nmain;log;~fmt 1");
    let all = Selection::default();
    assert_eq!(
        outline(&call_tree(&p, &all)),
        ["main 0/11 x1", " fib 3/6 x3", "  add 3/3 x1", " log 1/5 x1", "  fib 4/4 x1"]
    );
    let tree = call_tree(&p, &Selection { limit: Some(3), ..all.clone() });
    assert_eq!(outline(&tree), ["main 0/11 x1", " fib 3/6 x3", " log 1/5 x1"]);
    assert_eq!(tree.left_out, 2);
    let tree = call_tree(&p, &Selection { filter: Some(Regex::new("^log$").unwrap()), ..all.clone() });
    assert_eq!(outline(&tree), ["main 0/11 x1", " log 1/5 x1", "  fib 4/4 x1"]);
    let tree = call_tree(&p, &Selection { min_share: 0.4, inlines: true, ..all });
    assert_eq!(outline(&tree), ["main 0/11 x1", " fib 3/6 x3", " log 0/5 x1"]);
}

#[test]
fn an_inlined_frame_does_not_break_recursion() {
    let p = profile("main;f;~g;f;~g;f 2");
    assert_eq!(outline(&call_tree(&p, &Selection::default())), ["main 0/2 x1", " f 2/2 x3"]);
}

fn flame(p: &Profile, shape: Shape) -> Vec<String> {
    let text = |b: &flame::FlameBox| format!("{}{} {}/{}", " ".repeat(b.depth), b.name, b.rest, b.samples);
    boxes(p, shape).iter().map(text).collect()
}

#[test]
fn flame_boxes_merge_stacks_from_either_end() {
    let p = profile("main;b2;x 1\nmain;b;c 2\nmain;b 3\nother;c 4");
    assert_eq!(
        flame(&p, Shape::default()),
        ["main 0/6", " b 3/5", "  c 2/2", " b2 0/1", "  x 1/1", "other 0/4", " c 4/4"]
    );
    assert_eq!(
        flame(&p, Shape { inverted: true, ..Shape::default() }),
        [
            "b 0/3",
            " main 3/3",
            "c 0/6",
            " b 0/2",
            "  main 2/2",
            " other 4/4",
            "x 0/1",
            " b2 0/1",
            "  main 1/1"
        ]
    );
    let filter = Regex::new("^c$").unwrap();
    let shape = Shape { filter: Some(&filter), min_samples: 3, ..Shape::default() };
    assert_eq!(flame(&p, shape), ["main 2/2", "other 0/4", " c 4/4"]);
}

#[test]
fn deep_stacks_are_walked_without_recursion() {
    let deep = vec!["f;g"; 100_000].join(";");
    let p = profile(&format!("{deep} 1"));
    assert_eq!(lines(&p, &Selection::default()), ["g 1/1/1", "f 0/0/1"]);
    assert_eq!(call_tree(&p, &Selection::default()).calls.len(), 200_000);
    for inverted in [false, true] {
        let drawn = boxes(&p, Shape { inverted, ..Shape::default() });
        assert_eq!((drawn.len(), drawn[MAX_DEPTH].name), (MAX_DEPTH + 1, DEEPER));
    }
}

#[test]
fn an_empty_profile_has_no_rows() {
    let p = Profile::default();
    for what in [By::Function, By::Line, By::Module, By::Thread, By::Process] {
        assert!(rows(&p, &by(what)).unwrap().rows.is_empty());
    }
    assert!(call_tree(&p, &Selection::default()).calls.is_empty());
    assert!(boxes(&p, Shape::default()).is_empty());
}

/// Stacks over few names, so that recursion, inlining and markers are common.
fn stacks() -> impl Strategy<Value = String> {
    let frame = prop::sample::select(vec!["a", "b", "c", "~a", "~d", "k:a", "[truncated]", "py:p"]);
    let line = (prop::collection::vec(frame, 1..8), 1u64..50);
    prop::collection::vec(line, 1..30)
        .prop_map(|lines| lines.iter().map(|(frames, n)| format!("{} {n}\n", frames.join(";"))).collect())
}

proptest! {
    #[test]
    fn tottime_adds_up_and_never_exceeds_cumtime(text in stacks(), inlines: bool) {
        let p = profile(&text);
        let totals = Totals::of(&p);
        for what in [By::Function, By::Line, By::Module, By::Thread, By::Process] {
            let table = rows(&p, &Selection { inlines, ..by(what) }).unwrap();
            let sum: u64 = table.rows.iter().map(|row| row.times.tottime_ns).sum();
            prop_assert_eq!(sum, totals.ns);
            for row in &table.rows {
                let t = row.times;
                prop_assert!(t.tottime_ns <= t.cumtime_ns && t.cumtime_ns <= totals.ns);
                let inner: u64 = row.inlined.iter().map(|child| child.times.tottime_ns).sum();
                prop_assert!(inner <= t.tottime_ns);
                prop_assert!(row.inlined.iter().all(|c| c.times.cumtime_ns <= t.cumtime_ns));
            }
        }
    }

    /// The definition, computed the slow way.
    #[test]
    fn cumtime_is_what_walking_every_stack_gives(text in stacks()) {
        let p = profile(&text);
        for row in rows(&p, &by(By::Module)).unwrap().rows {
            let Subject::Place(place) = row.subject else { panic!("{row:?}") };
            let through = |s: &&Sample| p.stacks.frames(s.stack).any(|f| {
                let function = &p.functions[p.frames[f.index()].function.index()];
                let path = p.module_path(function);
                let path = if path.is_empty() { UNKNOWN } else { path };
                path == place.name && function.origin != Origin::Marker
            });
            let expected: u64 = match place.origin {
                Origin::Marker => row.times.tottime_ns,
                _ => p.samples.iter().filter(through).map(|s| s.weight_ns).sum(),
            };
            prop_assert_eq!(row.times.cumtime_ns, expected);
        }
    }

    #[test]
    fn trees_hold_every_sample_once(text in stacks(), inverted: bool) {
        let p = profile(&text);
        let totals = Totals::of(&p);
        let tree = call_tree(&p, &Selection::default());
        prop_assert_eq!(tree.calls.iter().map(|c| c.tottime_ns).sum::<u64>(), totals.ns);
        prop_assert_eq!(tree.calls.iter().filter(|c| c.parent.is_none()).map(|c| c.cumtime_ns).sum::<u64>(), totals.ns);
        for min_samples in [0, 20] {
            let shape = Shape { inverted, min_samples, ..Shape::default() };
            let drawn = boxes(&p, shape);
            let roots: u64 = drawn.iter().filter(|b| b.depth == 0).map(|b| b.samples).sum();
            prop_assert_eq!(drawn.iter().map(|b| b.rest).sum::<u64>(), roots);
            prop_assert!(min_samples > 0 || roots == totals.samples);
        }
    }
}
