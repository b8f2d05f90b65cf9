//! Trees with folded chains, callers and callees, annotated source.

use super::*;
use crate::{
    profile::{
        aggregate::{
            annotate::annotate,
            edges::{Direction, edges},
            inverted_tree,
        },
        model::Unit,
        source::Source,
    },
    render,
};

fn tree_of(stacks: &str, style: Style) -> String {
    let p = profile(stacks);
    text(|w| tree::write(w, &call_tree(&p, &Selection::default()), true, style))
}

#[test]
fn chains_of_calls_share_a_line() {
    let stacks = "_start;main;run@a.c:1;work@a.c:7;sum 6\n_start;main;run@a.c:1;rest 2\n_start;main;run@a.c:1;work@a.c:7;sum;deep 1";
    insta::assert_snapshot!(tree_of(stacks, PIPE), @r"
     cum%   self%   cumtime  function
    100.0%   0.0%    0.009s  _start → main → run  a.c
     77.8%  66.7%    0.007s  ├─ work → sum
     11.1%  11.1%    0.001s  │  deep
     22.2%  22.2%    0.002s  └─ rest
    ");
    insta::assert_snapshot!(tree_of(stacks, Style { unicode: false, ..columns(60) }), @r"
     cum%   self%   cumtime  function
    100.0%   0.0%    0.009s  _start > main > run  a.c
     77.8%  66.7%    0.007s  |- work > sum
     11.1%  11.1%    0.001s  |  deep
     22.2%  22.2%    0.002s  `- rest
    ");
}

#[test]
fn a_long_chain_keeps_both_ends() {
    let chain: Vec<String> = (0..60).map(|i| format!("f{i}")).collect();
    insta::assert_snapshot!(tree_of(&format!("{} 5", chain.join(";")), columns(70)), @r"
     cum%   self%   cumtime  function
    100.0% 100.0%    0.005s  f0 → f1 → f2 → f3 → f4 → … 54 more … → f59
    ");
    for width in 50..120 {
        let out =
            tree_of(&format!("{};leaf@/some/where/file.c:3 5\nf0;x 1", chain.join(";")), columns(width));
        assert!(out.lines().all(|line| render::text::width(line) <= usize::from(width)), "{width}: {out}");
    }
}

#[test]
fn an_inverted_tree_stands_on_its_leaves() {
    let p = profile("main;parse;read 3\nmain;parse 2\nmain;read 1\nmain;fib;fib;fib 4");
    let draw = |selection: &Selection| text(|w| tree::write(w, &inverted_tree(&p, selection), true, PIPE));
    insta::assert_snapshot!(draw(&Selection::default()), @r"
    self%      time  function
    40.0%    0.004s  ├─ fib ×3 ← main
    40.0%    0.004s  ├─ read
    30.0%    0.003s  │  ├─ parse ← main
    10.0%    0.001s  │  └─ main
    20.0%    0.002s  └─ parse ← main
    ");
    insta::assert_snapshot!(draw(&Selection { limit: Some(3), ..Selection::default() }), @r"
     self%      time  function
     40.0%    0.004s  ├─ fib ×3 ← main
     40.0%    0.004s  └─ read
    3 calls left out; --limit 0 --min-percent 0 shows all
    ");
    insta::assert_snapshot!(draw(&Selection { min_share: 0.25, ..Selection::default() }), @r"
     self%      time  function
     40.0%    0.004s  ├─ fib ×3 ← main
     40.0%    0.004s  └─ read
     30.0%    0.003s     parse ← main
    2 calls left out; --limit 0 --min-percent 0 shows all
    ");
}

#[test]
fn callers_and_callees() {
    let p = profile("main@a.c:1;parse@a.c:5;read 3\nmain@a.c:1;parse@a.c:5 2\nmain@a.c:1;read 1\nread 5");
    let draw = |name, direction| {
        let edges = edges(&p, name, direction, false).unwrap();
        text(|w| render::edges::write(w, &edges, PIPE))
    };
    insta::assert_snapshot!(draw("read", Direction::Callers), @r"
    cum%   tottime   cumtime  function called by
    81.8%    0.009s    0.009s  read
    45.5%    0.005s    0.005s    ← (nothing: it is the outermost)
    27.3%    0.003s    0.003s    ← parse  a.c
     9.1%    0.001s    0.001s    ← main  a.c
    ");
    insta::assert_snapshot!(draw("main|parse", Direction::Callees), @r"
    cum%   tottime   cumtime  function calls
    54.5%    0.000s    0.006s  main  a.c
    45.5%    0.002s    0.005s    → parse  a.c
     9.1%    0.001s    0.001s    → read

    45.5%    0.002s    0.005s  parse  a.c
    27.3%    0.003s    0.003s    → read
    ");
    insta::assert_snapshot!(draw("read", Direction::Callees), @r"
    cum%   tottime   cumtime  function calls
    81.8%    0.009s    0.009s  read
                                  it calls nothing that was sampled
    ");
    let both = [edges(&p, "parse", Direction::Callers, false).unwrap()];
    insta::assert_snapshot!(rows_of(&text(|w| json::write(w, &json::edges(&p, &both)))), @r#"
    "rows_left_out":0,"edges":[
     {"caller":{"name":"main","file":"a.c","line":null,"module":"/usr/bin/app"},"callee":{"name":"parse","file":"a.c","line":null,"module":"/usr/bin/app"},"samples":2,"tottime_s":0.002,"tottime_error_s":0.003246786,"cumtime_s":0.005,"ncalls":null}]
    "#);
}

const SOURCE: &str = "int work(int a) {\n\tint b = 0;\n\tfor (;;)\n\t\tb += add(a);\n\treturn b;\n}\n\nint main(void) {\n\treturn work(1);\n}";

fn source(newer: bool) -> Source {
    let lines = SOURCE.lines().map(str::to_owned).collect();
    Source::Found { path: "/src/a.c".into(), lines, newer }
}

fn annotated(what: &str, source: &Source, context: Option<u32>, style: Style) -> String {
    let p = profile(
        "main@a.c:9;work@a.c:4;~add@a.h:1 5\nmain@a.c:9;work@a.c:4 2\nmain@a.c:9;work@a.c:3 1\nmain@a.c:99 1\nmain@a.c:0 1",
    );
    let annotation = annotate(&p, what, 1).unwrap();
    text(|w| {
        let section = &annotation.sections[0];
        render::annotate::write(w, section, source, annotation.totals, context, style)
    })
}

#[test]
fn source_lines_with_their_time() {
    insta::assert_snapshot!(annotated("a.c", &source(false), None, columns(70)), @r"
    a.c
    0.005s on these lines, 0.010s with what they call: 100.0% of the recording
      line  samples   tottime   cumtime   time%  source
         1                                       int work(int a) {
         2                                           int b = 0;
    *    3        1    0.001s    0.001s   10.0%      for (;;)
    *    4        2    0.002s    0.007s   70.0%          b += add(a);
         5                                           return b;
         6                                       }
         7
         8                                       int main(void) {
    *    9        0    0.000s    0.008s   80.0%      return work(1);
        10                                       }
    *    -        1    0.001s    0.001s   10.0%  (line not known)
    *   99        1    0.001s    0.001s   10.0%  (beyond the end of the f…
    ");
    insta::assert_snapshot!(annotated("work", &source(true), Some(0), PIPE), @r"
    work  a.c
    0.003s on these lines, 0.008s with what they call: 80.0% of the recording
    warning: /src/a.c was changed after the recording began; its lines may have moved
      line  samples   tottime   cumtime   time%  source
    *    3        1    0.001s    0.001s   12.5%  	for (;;)
    *    4        2    0.002s    0.007s   87.5%  		b += add(a);
    ");
    let missing = Source::Missing("`a.h` is not on this machine".into());
    insta::assert_snapshot!(annotated("add", &missing, None, PIPE), @r"
    add  a.h
    0.005s on these lines, 0.005s with what they call: 50.0% of the recording
    note: no source: `a.h` is not on this machine
      line  samples   tottime   cumtime   time%  source
    *    1        5    0.005s    0.005s  100.0%
    ");
}

#[test]
fn annotated_source_as_json() {
    let p = profile("main@a.c:9;work@a.c:4 2\nmain@a.c:99 1\nmain@a.c:0 1");
    let annotation = annotate(&p, "main", 1).unwrap();
    let out = text(|w| json::annotate(w, &p, &annotation, &[source(false)]));
    let sections = &out[out.find("\"sections_left_out\"").unwrap()..out.len() - 2];
    insta::assert_snapshot!(sections.replace("},{", "},\n {").replace(":[{", ":[\n {"), @r#"
    "sections_left_out":0,"sections":[
     {"function":{"name":"main","file":"a.c","line":null,"module":"/usr/bin/app"},"file":"a.c","source":"/src/a.c","source_missing":null,"source_newer":false,"samples":2,"tottime_s":0.002,"tottime_error_s":0.001399844,"cumtime_s":0.004,"lines":[
     {"line":null,"samples":1,"tottime_s":0.001,"tottime_error_s":0.001797433,"cumtime_s":0.001,"text":null},
     {"line":9,"samples":0,"tottime_s":0.0,"tottime_error_s":0.001959563,"cumtime_s":0.002,"text":"\treturn work(1);"},
     {"line":99,"samples":1,"tottime_s":0.001,"tottime_error_s":0.001797433,"cumtime_s":0.001,"text":null}]}]
    "#);
}

#[test]
fn hostile_source_and_narrow_terminals_are_kept_in_bounds() {
    let lines = vec!["\u{1b}[31mred\tx".to_owned(); 100];
    let source = Source::Found { path: "x".into(), lines, newer: false };
    for width in 40..100 {
        let out = annotated("a.c", &source, None, columns(width));
        assert!(!out.contains('\u{1b}'), "{out}");
    }
}

#[test]
fn what_is_no_time_is_shown_in_its_unit() {
    let mut p = profile("main@a.c:1;hoard@a.c:7 3\nmain@a.c:1 1");
    (p.recording.unit, p.recording.event) = (Unit::Bytes, "inuse_space".into());
    let table = rows(&p, &Selection::default()).unwrap();
    let out = text(|w| table::write(w, &table, PIPE));
    let cells: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0][..5], ["samples", "self%", "±", "self", "cum"]);
    assert_eq!(cells[1][3..7], ["2.9", "MiB", "2.9", "MiB"], "{out}");
    let header = text(|w| header::write(w, &p, PIPE));
    assert!(header.contains("`inuse_space` in bytes") && !header.contains("clock"), "{header}");
    let json = serde_json::to_value(json::table(&p, &table, false)).unwrap();
    assert_eq!((&json["unit"], &json["event"]), (&"bytes".into(), &"inuse_space".into()));
    assert_eq!(json["functions"][0]["tottime_s"], 3_000_000.0);
    p.recording.unit = Unit::Count;
    let tree = text(|w| tree::write(w, &call_tree(&p, &Selection::default()), true, PIPE));
    assert!(tree.contains("3,000,000"), "{tree}");
}
