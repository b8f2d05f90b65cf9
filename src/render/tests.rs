//! What people and scripts see, as a whole.

mod views;

use regex::Regex;

use super::{
    Style,
    checkpoint::{self, Facts},
    flamegraph::{self, Flamegraph},
    header, json, table, tree,
};
use crate::profile::{
    Error,
    aggregate::{
        By, Selection, call_tree, rows,
        sketch::{profile, recorded},
    },
    model::{Profile, Recording},
};

const STACKS: &str = "\
    main@/home/user/project/src/main.rs:10;parse@/home/user/project/src/parse/lexer.rs:42;~peek@/home/user/project/src/parse/lexer.rs:7 1500
    main@/home/user/project/src/main.rs:10;parse@/home/user/project/src/parse/lexer.rs:43;<alloc::vec::Vec<core::option::Option<T>> as core::iter::Extend<T>>::extend_from_iter 900
    main@/home/user/project/src/main.rs:12;k:copy_user_generic 90
    main@/home/user/project/src/main.rs:12;py:run@app.py:3 9
    [truncated];parse@/home/user/project/src/parse/lexer.rs:43 1";

fn sample() -> Profile {
    let recording = Recording {
        command: ["./app", "--input", "two words.txt"].map(String::from).to_vec(),
        started: Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)),
        duration_ns: 2_600_000_000,
        backend: "perf".into(),
        rate_hz: 997,
        user_stacks: 2500,
        rooted_stacks: 2499,
        truncated_stacks: 1,
        completed_stacks: 12,
        kernel_frames: true,
        kernel_time: true,
        user_cpu_ns: Some(2_400_000_000),
        system_cpu_ns: Some(110_000_000),
        ..Recording::default()
    };
    recorded(STACKS, recording)
}

const PIPE: Style = Style { width: None, colour: false, escape: false, unicode: true };

fn columns(width: u16) -> Style {
    Style { width: Some(width), escape: true, ..PIPE }
}

fn text(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn shown(selection: &Selection, style: Style) -> String {
    let p = sample();
    let rows = rows(&p, selection).unwrap();
    text(|w| table::write(w, &rows, style))
}

#[test]
fn a_table_in_a_pipe_has_full_names() {
    insta::assert_snapshot!(shown(&Selection::default(), PIPE), @r"
    samples  self%     ±  tottime  cumtime  function                                                                               file:line                              module
      1,501  60.0%  1.9%   1.501s   2.401s  parse                                                                                  /home/user/project/src/parse/lexer.rs  /usr/bin/app
        900  36.0%  1.9%   0.900s   0.900s  <alloc::vec::Vec<core::option::Option<T>> as core::iter::Extend<T>>::extend_from_iter  -                                      /usr/bin/app
         90   3.6%  0.8%   0.090s   0.090s  copy_user_generic                                                                      -                                      [kernel]
          9   0.4%  0.3%   0.009s   0.009s  run                                                                                    app.py                                 -
          0   0.0%  0.2%   0.000s   2.499s  main                                                                                   /home/user/project/src/main.rs         /usr/bin/app
    ");
}

#[test]
fn a_table_fits_the_terminal() {
    insta::assert_snapshot!(shown(&Selection::default(), columns(80)), @r"
    samples  self%     ±  tottime  cumtime  function                    file:line
      1,501  60.0%  1.9%   1.501s   2.401s  parse                       …se/lexer.rs
        900  36.0%  1.9%   0.900s   0.900s  <alloc::vec::…nd_from_iter  -
         90   3.6%  0.8%   0.090s   0.090s  copy_user_generic           -
          9   0.4%  0.3%   0.009s   0.009s  run                         app.py
          0   0.0%  0.2%   0.000s   2.499s  main                        …src/main.rs
    ");
    insta::assert_snapshot!(shown(&Selection::default(), columns(120)), @r"
    samples  self%     ±  tottime  cumtime  function                                           file:line        module
      1,501  60.0%  1.9%   1.501s   2.401s  parse                                              …parse/lexer.rs  /usr/bin/app
        900  36.0%  1.9%   0.900s   0.900s  <alloc::vec::Vec<core::o…nd<T>>::extend_from_iter  -                /usr/bin/app
         90   3.6%  0.8%   0.090s   0.090s  copy_user_generic                                  -                [kernel]
          9   0.4%  0.3%   0.009s   0.009s  run                                                app.py           -
          0   0.0%  0.2%   0.000s   2.499s  main                                               …ct/src/main.rs  /usr/bin/app
    ");
}

#[test]
fn lines_are_never_wider_than_asked() {
    for by in [By::Function, By::Line, By::Module, By::Thread, By::Process] {
        for width in 60..150 {
            let out = shown(&Selection { by, inlines: true, ..Selection::default() }, columns(width));
            for line in out.lines() {
                assert!(super::text::width(line) <= usize::from(width), "{width}: {line}");
            }
        }
    }
}

#[test]
fn other_rows_and_what_is_left_out() {
    let show = |by| shown(&Selection { by, limit: Some(2), ..Selection::default() }, columns(100));
    insta::assert_snapshot!(show(By::Line), @r"
    samples  self%     ±  tottime  cumtime  function                          file:line     module
      1,500  60.0%  1.9%   1.500s   1.500s  peek                              …/lexer.rs:7  /usr/bin/app
        900  36.0%  1.9%   0.900s   0.900s  <alloc::vec::Vec…xtend_from_iter  -             /usr/bin/app
    6 lines left out with 4.0% of the time; --limit 0 shows all
    ");
    insta::assert_snapshot!(show(By::Module), @r"
    samples  self%     ±  tottime  cumtime  module
      2,401  96.0%  0.8%   2.401s   2.500s  /usr/bin/app
         90   3.6%  0.8%   0.090s   0.090s  [kernel]
    1 module left out with 0.4% of the time; --limit 0 shows all
    ");
    insta::assert_snapshot!(show(By::Thread), @r"
    samples   time%     ±    time  tid  pid  thread  process
      2,500  100.0%  0.2%  2.500s  100  100  app     app
    ");
    insta::assert_snapshot!(show(By::Process), @r"
    samples   time%     ±    time  pid  parent  process
      2,500  100.0%  0.2%  2.500s  100       1  app
    ");
}

#[test]
fn inlined_functions_are_child_rows() {
    let selection = Selection { inlines: true, limit: Some(1), ..Selection::default() };
    insta::assert_snapshot!(shown(&selection, Style { unicode: false, ..columns(80) }), @r"
    samples  self%   +/-  tottime  cumtime  function  file:line
      1,501  60.0%  1.9%   1.501s   2.401s  parse     ..r/project/src/parse/lexer.rs
      1,500  60.0%  1.9%   1.500s   1.500s  + peek    ..r/project/src/parse/lexer.rs
    4 functions left out with 40.0% of the time; --limit 0 shows all
    ");
}

#[test]
fn nothing_matches() {
    let filter = Some(Regex::new("nothing").unwrap());
    assert_eq!(shown(&Selection { filter, ..Selection::default() }, PIPE), "no function matches\n");
}

#[test]
fn colour_is_used_only_when_asked() {
    let one = Selection { limit: Some(1), ..Selection::default() };
    assert!(!shown(&one, PIPE).contains('\u{1b}'));
    let coloured = shown(&one, Style { colour: true, ..columns(80) });
    assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
    let plain = coloured.replace("\u{1b}[1m", "").replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
    assert_eq!(plain, shown(&one, columns(80)));
}

#[test]
fn hostile_names_stay_in_their_row() {
    let p = profile("a\u{1b}[2J\u{202e}b\u{9}c@x\u{7}y:1 1");
    let rows = rows(&p, &Selection::default()).unwrap();
    let out = text(|w| table::write(w, &rows, columns(120)));
    assert!(out.contains(r"a\u{1b}[2J\u{202e}b\u{9}c"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{7}', '\u{202e}']));
}

#[test]
fn a_header_tells_how_far_to_trust_the_recording() {
    insta::assert_snapshot!(text(|w| header::write(w, &sample(), PIPE)), @r"
    command   ./app --input 'two words.txt'
    recorded  2.60 s by perf, cpu clock, 997 Hz asked, 996 Hz got
    samples   2,500, 0 lost, <0.1% truncated, >99.9% of stacks reach the root (12 completed from memory)
    coverage  99.6% of 2.51 s CPU time
    ");
}

#[test]
fn a_header_explains_low_coverage_and_unseen_time() {
    let mut p = sample();
    p.recording.kernel_frames = false;
    p.recording.kernel_time = false;
    p.recording.user_cpu_ns = Some(5_000_000_000);
    p.recording.lost_samples = 1204;
    p.recording.approx_python = 250;
    p.recording.notes = vec!["libfoo.so has no debug information".into()];
    insta::assert_snapshot!(text(|w| header::write(w, &p, columns(80))), @r"
    command   ./app --input 'two words.txt'
    recorded  2.60 s by perf, cpu clock, 997 Hz asked, 500 Hz got
    samples   2,500, 1,204 lost, <0.1% truncated, 
              >99.9% of stacks reach the root (12 completed from memory), 
              10.0% approximate Python
    coverage  50.0% of 5.00 s user CPU time; 110 ms in the kernel not sampled
    warning: samples stand for 50.0% less CPU time than the kernel charged; samples were lost
    note: libfoo.so has no debug information
    ");
}

#[test]
fn a_header_of_a_foreign_file_claims_nothing() {
    insta::assert_snapshot!(text(|w| header::write(w, &profile("main 3"), PIPE)), @r"
    recorded  cpu clock
    samples   3, 0 lost, 0.0% truncated
    ");
}

fn drawn(stacks: &str, selection: &Selection, style: Style) -> String {
    let p = profile(stacks);
    text(|w| tree::write(w, &call_tree(&p, selection), true, style))
}

#[test]
fn a_tree_forks_where_calls_do() {
    let p = sample();
    let all = Selection::default();
    insta::assert_snapshot!(text(|w| tree::write(w, &call_tree(&p, &all), false, columns(80))), @r"
     cum%   self%   cumtime  function
    >99.9%   0.0%    2.499s  ├─ main  /home/user/project/src/main.rs
     96.0%  60.0%    2.400s  │  ├─ parse  /home/user/project/src/parse/lexer.rs
     36.0%  36.0%    0.900s  │  │  <alloc::vec::Vec<core::o…nd<T>>::extend_from_iter
      3.6%   3.6%    0.090s  │  ├─ copy_user_generic
      0.4%   0.4%    0.009s  │  └─ run  app.py
     <0.1%   0.0%    0.001s  └─ [truncated]
     <0.1%  <0.1%    0.001s     parse  /home/user/project/src/parse/lexer.rs
    ");
    let ascii = Style { unicode: false, ..PIPE };
    let inlines = Selection { inlines: true, min_share: 0.01, ..Selection::default() };
    insta::assert_snapshot!(text(|w| tree::write(w, &call_tree(&p, &inlines), false, ascii)), @r"
     cum%   self%   cumtime  function
    >99.9%   0.0%    2.499s  main  /home/user/project/src/main.rs
     96.0%   0.0%    2.400s  |- parse  /home/user/project/src/parse/lexer.rs
     60.0%  60.0%    1.500s  |  |- peek (inlined)  /home/user/project/src/parse/lexer.rs
     36.0%  36.0%    0.900s  |  `- <alloc::vec::Vec<core::option::Option<T>> as core::iter::Extend<T>>::extend_from_iter
      3.6%   3.6%    0.090s  `- copy_user_generic
    3 calls left out; --limit 0 --min-percent 0 shows all
    ");
}

#[test]
fn a_deep_chain_does_not_wander_off() {
    let chain: Vec<String> = (0..60).map(|i| format!("f{i};f{i}")).collect();
    let p = profile(&format!("{};leaf 5\nf0;x 1", chain.join(";")));
    let out = text(|w| tree::write(w, &call_tree(&p, &Selection::default()), false, columns(60)));
    assert!(out.lines().all(|line| super::text::width(line) < 45), "{out}");
    assert_eq!(out.lines().count(), 1 + 60 + 2);
    insta::assert_snapshot!(out.lines().take(5).collect::<Vec<_>>().join("\n"), @r"
     cum%   self%   cumtime  function
    100.0%   0.0%    0.006s  f0 ×2
     83.3%   0.0%    0.005s  ├─ f1 ×2
     83.3%   0.0%    0.005s  │  f2 ×2
     83.3%   0.0%    0.005s  │  f3 ×2
    ");
}

#[test]
fn a_tree_of_endless_forks_is_bounded() {
    let mut stacks = String::new();
    let mut path = String::from("f0");
    for i in 1..600 {
        stacks.push_str(&format!("{path};x 1\n"));
        path.push_str(&format!(";f{i}"));
    }
    let out = drawn(&format!("{stacks}{path} 1"), &Selection::default(), PIPE);
    assert!(out.lines().map(str::len).max().unwrap() < 500);
    assert_eq!(out.lines().count(), 1 + 600 + 599);
}

#[test]
fn a_checkpoint_says_its_time_range() {
    let recording = sample().recording;
    let facts = Facts { number: 3, ..Facts::default() };
    let title = |facts| text(|w| checkpoint::interval(w, facts, &recording, PIPE));
    insta::assert_snapshot!(title(facts), @"checkpoint 3: 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:22.600Z, 2.60 s");
    insta::assert_snapshot!(title(Facts { last: true, ..facts }), @"checkpoint 3, the last: 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:22.600Z, 2.60 s");
    let unknown = Recording { duration_ns: 90_000_000_000, ..Recording::default() };
    insta::assert_snapshot!(text(|w| checkpoint::whole(w, &unknown, PIPE)), @"so far: 1m 30s");
}

#[test]
fn json_of_a_checkpoint_is_one_line_around_two_reports() {
    let (p, rows) = (sample(), |p| rows(p, &Selection::default()).unwrap());
    let table = rows(&p);
    let report = json::table(&p, &table, false);
    let facts = Facts { number: 3, skipped: 1, last: false };
    let out = text(|w| json::checkpoint(w, facts, &p, [&report, &report]));
    assert_eq!(out.lines().count(), 1);
    let mut value: serde_json::Value = serde_json::from_str(&out).unwrap();
    let alone: serde_json::Value = serde_json::from_str(&text(|w| json::write(w, &report))).unwrap();
    for name in ["interval", "whole"] {
        assert_eq!(value.as_object_mut().unwrap().remove(name).as_ref(), Some(&alone));
    }
    insta::assert_snapshot!(pretty(&format!("{value}\n")), @r#"
    {
      "checkpoint": 3,
      "from_at": "2023-11-14T22:13:20.000Z",
      "last": false,
      "schema": "hotcold.profile.checkpoint/1",
      "skipped_checkpoints": 1,
      "to_at": "2023-11-14T22:13:22.600Z"
    }
    "#);
}

#[test]
fn json_of_functions() {
    let p = sample();
    let rows = rows(&p, &Selection { limit: Some(2), ..Selection::default() }).unwrap();
    insta::assert_snapshot!(pretty(&text(|w| json::write(w, &json::table(&p, &rows, false)))), @r#"
    {
      "approx_python": 0,
      "backend": "perf",
      "backend_reason": null,
      "clock": "cpu",
      "command": [
        "./app",
        "--input",
        "two words.txt"
      ],
      "completed_stacks": 12,
      "coverage": 0.99601593625498,
      "cpu_s": 2.51,
      "duration_s": 2.6,
      "event": null,
      "functions": [
        {
          "cumtime_s": 2.401,
          "file": "/home/user/project/src/parse/lexer.rs",
          "line": null,
          "module": "/usr/bin/app",
          "name": "parse",
          "ncalls": null,
          "samples": 1501,
          "tottime_error_s": 0.048350899,
          "tottime_s": 1.501
        },
        {
          "cumtime_s": 0.9,
          "file": null,
          "line": null,
          "module": "/usr/bin/app",
          "name": "<alloc::vec::Vec<core::option::Option<T>> as core::iter::Extend<T>>::extend_from_iter",
          "ncalls": null,
          "samples": 900,
          "tottime_error_s": 0.047543084,
          "tottime_s": 0.9
        }
      ],
      "gil_held_share": null,
      "gil_waiting_share": null,
      "lost_samples": 0,
      "notes": [],
      "rate_got_hz": 996.01593625498,
      "rate_hz": 997,
      "rooted_share": 0.9996,
      "rows_left_out": 3,
      "samples": 2500,
      "schema": "hotcold.profile.report/1",
      "started_at": "2023-11-14T22:13:20.000Z",
      "total_s": 2.5,
      "truncated_stacks": 1,
      "unit": "seconds",
      "unseen_kernel_s": null
    }
    "#);
}

#[test]
fn json_of_every_other_kind() {
    let p = profile("main@a.c:3;~add@a.h:1 3\nk:read 1");
    let selection = |by| Selection { by, limit: Some(1), ..Selection::default() };
    let mut out = String::new();
    for by in [By::Line, By::Module, By::Thread, By::Process] {
        let rows = rows(&p, &selection(by)).unwrap();
        out.push_str(&rows_of(&text(|w| json::write(w, &json::table(&p, &rows, false)))));
    }
    let inlines = Selection { inlines: true, ..Selection::default() };
    let rows = rows(&p, &inlines).unwrap();
    out.push_str(&rows_of(&text(|w| json::write(w, &json::table(&p, &rows, true)))));
    out.push_str(&rows_of(&text(|w| json::write(w, &json::tree(&p, &call_tree(&p, &inlines))))));
    insta::assert_snapshot!(out, @r#"
    "rows_left_out":2,"lines":[
     {"name":"add","file":"a.h","line":1,"module":"/usr/bin/app","samples":3,"tottime_s":0.003,"tottime_error_s":0.001797433,"cumtime_s":0.003,"ncalls":null}]
    "rows_left_out":1,"modules":[
     {"name":"/usr/bin/app","samples":3,"tottime_s":0.003,"tottime_error_s":0.001797433,"cumtime_s":0.003}]
    "rows_left_out":0,"threads":[
     {"name":"app","tid":100,"pid":100,"process":"app","samples":4,"tottime_s":0.004,"tottime_error_s":0.001959563,"cumtime_s":0.004}]
    "rows_left_out":0,"processes":[
     {"name":"app","pid":100,"parent_pid":1,"samples":4,"tottime_s":0.004,"tottime_error_s":0.001959563,"cumtime_s":0.004}]
    "rows_left_out":0,"functions":[
     {"name":"main","file":"a.c","line":null,"module":"/usr/bin/app","samples":3,"tottime_s":0.003,"tottime_error_s":0.001797433,"cumtime_s":0.003,"ncalls":null,"inlined":[
     {"name":"add","file":"a.h","line":null,"module":"/usr/bin/app","samples":3,"tottime_s":0.003,"tottime_error_s":0.001797433,"cumtime_s":0.003,"ncalls":null}]},
     {"name":"read","file":null,"line":null,"module":"[kernel]","samples":1,"tottime_s":0.001,"tottime_error_s":0.001797433,"cumtime_s":0.001,"ncalls":null,"inlined":[]}]
    "rows_left_out":0,"tree":[
     {"parent":null,"name":"main","file":"a.c","line":null,"module":"/usr/bin/app","inlined":false,"recursion":1,"samples":0,"tottime_s":0.0,"cumtime_s":0.003},
     {"parent":0,"name":"add","file":"a.h","line":null,"module":"/usr/bin/app","inlined":true,"recursion":1,"samples":3,"tottime_s":0.003,"cumtime_s":0.003},
     {"parent":null,"name":"read","file":null,"line":null,"module":"[kernel]","inlined":false,"recursion":1,"samples":1,"tottime_s":0.001,"cumtime_s":0.001}]
    "#);
}

fn pretty(json: &str) -> String {
    assert_eq!(json.matches('\n').count(), 1);
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(json).unwrap()).unwrap()
}

/// The part with the rows, a row a line.
fn rows_of(json: &str) -> String {
    let rows = &json[json.find("\"rows_left_out\"").unwrap()..json.len() - 2];
    format!("{}\n", rows.replace("},{", "},\n {").replace(":[{", ":[\n {"))
}

fn svg(p: &Profile, what: &Flamegraph) -> String {
    let mut out = Vec::new();
    flamegraph::write(&mut out, p, what).unwrap();
    String::from_utf8(out).unwrap()
}

/// The boxes of a picture: tooltip, share of the width, height on the picture, and colour.
fn boxes(svg: &str) -> Vec<(String, String, u32, String)> {
    let between = |s: &str, a: &str, b: &str| {
        let from = s.find(a).unwrap() + a.len();
        s[from..from + s[from..].find(b).unwrap()].to_owned()
    };
    (svg.split("<title>").skip(1))
        .map(|part| {
            let title = part[..part.find("</title>").unwrap()].to_owned();
            let y = between(part, " y=\"", "\"").parse().unwrap();
            (title, between(part, " width=\"", "\""), y, between(part, "fill=\"", "\""))
        })
        .collect()
}

fn tooltips(svg: &str) -> Vec<String> {
    boxes(svg).into_iter().map(|b| b.0).collect()
}

#[test]
fn names_reach_the_picture_unharmed() {
    let names = [
        "core::fill::<[u8; 16]>",
        "foo 12",
        "foo 1.5 3",
        "# comment",
        "a<b>&\"c\"",
        "odd_[k]",
        "--x-- 7",
        "日本 1",
    ];
    for name in names {
        let p = {
            // Not through the sketch's own syntax.
            let mut p = profile("main;NAME 3\nmain 1");
            let at = p.strings.iter().position(|s| s == "NAME").unwrap();
            p.strings[at] = name.to_owned();
            p
        };
        let escaped =
            name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let mut expected = [
            format!("{escaped} (3 samples, 75.00%)"),
            "main (4 samples, 100.00%)".into(),
            "all (4 samples, 100%)".into(),
        ];
        let mut found = tooltips(&svg(&p, &Flamegraph::default()));
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn names_cannot_break_the_document() {
    let mut p = profile("main;NAME 3");
    let at = p.strings.iter().position(|s| s == "NAME").unwrap();
    p.strings[at] = "]]></script><script>alert(1)</script>\n\u{0}\u{1b}\u{ffff}\u{80}".into();
    let out = svg(&p, &Flamegraph { title: Some("</text><script>".into()), ..Flamegraph::default() });
    assert_eq!(out.matches("<script").count(), 1);
    assert!(!out.contains(['\u{0}', '\u{1b}', '\u{ffff}', '\u{80}']));
    assert!(out.contains(r"\u{a}\u{0}\u{1b}"));
}

#[test]
fn callers_of_similar_names_are_not_torn_apart() {
    let out = svg(&profile("a;b 1\na;b;c 1\na;b2;x 1"), &Flamegraph::default());
    assert_eq!(
        tooltips(&out).iter().filter(|t| t.starts_with("b (")).collect::<Vec<_>>(),
        ["b (2 samples, 66.67%)"]
    );
}

#[test]
fn a_picture_is_the_same_every_time_and_coloured_by_kind() {
    let p = sample();
    let out = svg(&p, &Flamegraph::default());
    assert_eq!(out, svg(&p, &Flamegraph::default()));
    let colour = |name: &str| {
        let found = boxes(&out).into_iter().find(|b| b.0.starts_with(name)).unwrap();
        let rgb = found.3.trim_start_matches("rgb(").trim_end_matches(')').to_owned();
        let [r, g, b]: [u32; 3] =
            rgb.split(',').map(|n| n.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
        (r, g, b)
    };
    let ((r, _, b), kernel, python) = (colour("main"), colour("copy_user"), colour("run"));
    assert!(r > b && kernel.2 > kernel.0 && python.1 > python.0 && python.1 > python.2);
    assert!(out.contains("./app --input &apos;two words.txt&apos;"));
    assert!(out.contains("2,500, 0 lost, &lt;0.1% truncated"), "{out}");
}

#[test]
fn inverted_puts_leaves_on_top_and_filters_keep_stacks() {
    let p = profile("main;a;leaf 2\nmain;b;leaf 2\nmain 4");
    let out = svg(&p, &Flamegraph { inverted: true, ..Flamegraph::default() });
    let place = |name: &str| boxes(&out).into_iter().find(|b| b.0.starts_with(name)).unwrap();
    assert!(place("all").2 < place("leaf").2 && place("leaf").2 < place("a (").2);
    assert_eq!(place("leaf").0, "leaf (4 samples, 50.00%)");
    let filter = Some(Regex::new("^b$").unwrap());
    let out = svg(&p, &Flamegraph { filter, ..Flamegraph::default() });
    assert!(tooltips(&out).contains(&"main (2 samples, 100.00%)".to_owned()));
    assert!(out.contains("drawn: the 25.0% through ^b$"));
}

#[test]
fn empty_pictures_are_errors_and_write_nothing() {
    let mut out = Vec::new();
    let empty = flamegraph::write(&mut out, &Profile::default(), &Flamegraph::default());
    assert!(matches!(empty, Err(Error::NoSamples { .. })));
    let filter = Some(Regex::new("nothing").unwrap());
    let none = flamegraph::write(&mut out, &sample(), &Flamegraph { filter, ..Flamegraph::default() });
    assert_eq!(none.unwrap_err().to_string(), "no stack matches `nothing`");
    assert!(out.is_empty());
}

#[test]
fn absurd_counts_do_not_overflow() {
    let p = profile("a;b 9000000000000\na;c 4000000000000\na 1");
    let mut p2 = p.clone();
    p2.samples.iter_mut().for_each(|s| (s.count, s.weight_ns) = (u64::MAX, u64::MAX));
    for p in [p, p2] {
        assert!(svg(&p, &Flamegraph::default()).contains("</svg>"));
        text(|w| table::write(w, &rows(&p, &Selection::default()).unwrap(), columns(80)));
        text(|w| header::write(w, &p, PIPE));
    }
}
