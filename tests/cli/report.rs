use std::path::PathBuf;

use hotcold::profile::{
    format::pprof,
    model::{Builder, Frame, Function, Gil, Language, Origin, Process, Recording, Sample, Thread},
};

use super::support::hotcold;

/// A saved recording of `main` calling `work <T; 2>` (three samples), calling itself (one sample).
pub(crate) fn recording(dir: &tempfile::TempDir) -> PathBuf {
    let mut b = Builder::new();
    let app = b.string("app");
    let process = b.process(Process { pid: 7, parent_pid: 1, name: app });
    let thread = b.thread(Thread { process, tid: 8, name: app });
    let frames = ["main", "work <T; 2>"].map(|name| {
        let name = b.string(name);
        let file = b.string("src/main.rs");
        let function = b.function(Function {
            name,
            system_name: name,
            file,
            start_line: 3,
            module: None,
            origin: Origin::Native,
            language: Language::Rust,
        });
        b.frame(Frame { function, line: 4, inlined: false })
    });
    let main = b.stack(None, frames[0]);
    let work = b.stack(Some(main), frames[1]);
    for (stack, count) in [(main, 1), (work, 3)] {
        b.sample(Sample {
            bucket: 0,
            thread,
            stack,
            gil: Gil::Unknown,
            count,
            weight_ns: count * 1_000_000_000,
        });
    }
    let recording = Recording {
        command: vec!["./app".into(), "\u{1b}[31m".into()],
        duration_ns: 4_000_000_000,
        backend: "perf".into(),
        rate_hz: 1,
        kernel_frames: true,
        kernel_time: true,
        user_cpu_ns: Some(4_000_000_000),
        system_cpu_ns: Some(0),
        ..Recording::default()
    };
    let path = dir.path().join("a.pb.gz");
    std::fs::write(&path, pprof::write(&b.build(recording))).expect("a file in a temporary directory");
    path
}

fn report(args: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let output =
        hotcold().args(["profile", "report"]).arg(recording(&dir)).args(args).assert().success().stderr("");
    String::from_utf8(output.get_output().stdout.clone()).expect("UTF-8")
}

#[test]
fn a_report_in_a_pipe_is_raw_and_full() {
    insta::assert_snapshot!(report(&[]).replace('\u{1b}', "ESC"), @r"
    command   ./app ESC[31m
    recorded  4.00 s by perf, cpu clock, 1 Hz asked, 1 Hz got
    samples   4, 0 lost, 0.0% truncated
    coverage  100.0% of 4.00 s CPU time

    samples  self%      ±  tottime  cumtime  function     file:line      module
          3  75.0%  44.9%   3.000s   3.000s  work <T; 2>  src/main.rs:3  -
          1  25.0%  44.9%   1.000s   4.000s  main         src/main.rs:3  -
    ");
    insta::assert_snapshot!(report(&["--tree"]).lines().skip(5).collect::<Vec<_>>().join("\n"), @r"
     cum%   self%   cumtime  function
    100.0%  25.0%    4.000s  main  src/main.rs:3
     75.0%  75.0%    3.000s  work <T; 2>  src/main.rs:3
    ");
}

#[test]
fn trees_turn_around_and_unfold() {
    let rows = |args: &[&str]| report(args).lines().skip(5).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(rows(&["--tree", "--inverted"]), @r"
    self%      time  function
    75.0%    3.000s  ├─ work <T; 2> ← main  src/main.rs:3
    25.0%    1.000s  └─ main  src/main.rs:3
    ");
    insta::assert_snapshot!(rows(&["--tree", "--inverted", "--no-fold"]), @r"
    self%      time  function
    75.0%    3.000s  ├─ work <T; 2>  src/main.rs:3
    75.0%    3.000s  │  main  src/main.rs:3
    25.0%    1.000s  └─ main  src/main.rs:3
    ");
}

#[test]
fn callers_and_callees_have_the_time_of_each_edge() {
    let rows = |args: &[&str]| report(args).lines().skip(5).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(rows(&["--callers", "work", "--callees", "main"]), @r"
     cum%   tottime   cumtime  function called by
     75.0%    3.000s    3.000s  work <T; 2>  src/main.rs:3
     75.0%    3.000s    3.000s    ← main  src/main.rs:3

     cum%   tottime   cumtime  function calls
    100.0%    1.000s    4.000s  main  src/main.rs:3
     75.0%    3.000s    3.000s    → work <T; 2>  src/main.rs:3
    ");
    let value: serde_json::Value = serde_json::from_str(&report(&["--callers", "work", "--json"])).unwrap();
    assert_eq!(value["edges"][0]["caller"]["name"], "main");
}

#[test]
fn a_part_of_a_recording_is_said_to_be_one() {
    insta::assert_snapshot!(report(&["--ignore", "^work"]).replace('\u{1b}', "ESC"), @r"
    command   ./app ESC[31m
    recorded  4.00 s by perf, cpu clock, 1 Hz asked
    samples   1, 0 lost, 0.0% truncated
    note: only --ignore ^work: 1 of 4 samples, 25.0% of the time; the facts above are those of the whole recording

    samples   self%      ±  tottime  cumtime  function  file:line      module
          1  100.0%  79.3%   1.000s   1.000s  main      src/main.rs:3  -
    ");
    let dir = tempfile::tempdir().unwrap();
    for (args, left) in [(["--focus", "zzz"], "--focus zzz"), (["--thread", "9"], "--thread 9")] {
        let output =
            hotcold().args(["profile", "report"]).arg(recording(&dir)).args(args).assert().code(1).stdout("");
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.starts_with(&format!("error: no samples match {left}\n")), "{stderr}");
    }
    hotcold()
        .args(["profile", "report"])
        .arg(recording(&dir))
        .args(["--since", "1s"])
        .assert()
        .code(1)
        .stdout("")
        .stderr("error: cannot select by time: the recording does not say when its samples were taken\n");
}

#[test]
fn json_goes_through_the_file_and_back() {
    let value: serde_json::Value = serde_json::from_str(&report(&["--json", "--sort", "cumtime"])).unwrap();
    let row = |i: usize, field: &str| value["functions"][i][field].clone();
    assert_eq!((row(0, "name"), row(0, "cumtime_s")), ("main".into(), 4.0.into()));
    assert_eq!((row(1, "name"), row(1, "tottime_s")), ("work <T; 2>".into(), 3.0.into()));
    assert_eq!((value["coverage"].as_f64(), value["lost_samples"].as_u64()), (Some(1.0), Some(0)));
}

#[test]
fn standard_input_and_the_environment_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(recording(&dir)).unwrap();
    let output = hotcold()
        .args(["profile", "report", "-"])
        .env("HOTCOLD_LIMIT", "1")
        .env("HOTCOLD_SORT", "name")
        .write_stdin(bytes)
        .assert()
        .success()
        .stderr("");
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(
        text.contains("1 function left out") && text.contains("main") && !text.contains("work"),
        "{text}"
    );
}

#[test]
fn a_recording_without_samples_has_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let empty = pprof::write(&Builder::new().build(Recording::default()));
    std::fs::write(dir.path().join("e.pb.gz"), empty).unwrap();
    for command in ["report", "flamegraph"] {
        hotcold()
            .current_dir(&dir)
            .args(["profile", command, "e.pb.gz"])
            .assert()
            .code(1)
            .stdout("")
            .stderr("error: no samples in `e.pb.gz`\n");
    }
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn calls_are_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    hotcold()
        .args(["profile", "report", "--sort", "ncalls"])
        .arg(recording(&dir))
        .assert()
        .code(1)
        .stdout("")
        .stderr(
            "error: cannot sort by `ncalls`: samples do not count calls\n\n\
             hint: sort by `samples` or `cumtime` instead\n",
        );
}

#[test]
fn a_missing_recording_is_one_line_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["report", "flamegraph"] {
        hotcold().current_dir(&dir).args(["profile", command]).assert().code(1).stdout("").stderr(
            "error: cannot read `hotcold.pb.gz`: no such file or directory\n\n\
             hint: record a program first: `hotcold profile run -- PROGRAM`\n",
        );
        hotcold()
            .current_dir(&dir)
            .args(["profile", command, "no.pb.gz"])
            .assert()
            .code(1)
            .stdout("")
            .stderr("error: cannot read `no.pb.gz`: no such file or directory\n");
    }
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn wrong_values_are_wrong_usage() {
    let cases: [(&[&str], &str); 9] = [
        (
            &["--since", "soon"],
            "invalid value 'soon' for '--since <T>': not a duration such as 90s or 1m 30s, nor a time",
        ),
        (&["--inverted"], "the following required arguments were not provided:\n  --tree"),
        (&["--callers", "f", "--tree"], "the argument '--callers <FUNCTION>' cannot be used with '--tree'"),
        (&["--filter", "("], "invalid value '(' for '--filter <REGEX>': unclosed group"),
        (
            &["--min-percent", "101"],
            "invalid value '101' for '--min-percent <P>': not a number from 0 to 100",
        ),
        (
            &["--min-percent", "nan"],
            "invalid value 'nan' for '--min-percent <P>': not a number from 0 to 100",
        ),
        (&["--sort", "colour"], "invalid value 'colour' for '--sort <COLUMN>'"),
        (&["--tree", "--by", "line"], "the argument '--tree' cannot be used with '--by <WHAT>'"),
        (&["--inlines", "--by", "module"], "the argument '--inlines' cannot be used with '--by <WHAT>'"),
    ];
    for (args, text) in cases {
        let output = hotcold().args(["profile", "report"]).args(args).assert().code(2).stdout("");
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.starts_with(&format!("error: {text}")), "{stderr}");
    }
    hotcold().env("HOTCOLD_SORT", "colour").args(["profile", "report"]).assert().code(2).stdout("");
}

#[test]
fn full_help_starts_with_examples() {
    for command in ["report", "flamegraph"] {
        let output = hotcold().args(["profile", command, "--help"]).assert().success().stderr("");
        let help = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(help.starts_with(&format!("Examples:\n  hotcold profile {command}")), "{help}");
    }
}
