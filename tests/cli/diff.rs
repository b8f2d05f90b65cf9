use std::path::{Path, PathBuf};

use hotcold::profile::{
    format::pprof,
    model::{Builder, Frame, Function, Gil, Language, Origin, Process, Recording, Sample, Thread},
};

use super::support::hotcold;

/// Saves a recording of `main` calling these functions, each with so many samples of a millisecond.
fn save(dir: &Path, name: &str, functions: &[(&str, u64)]) -> PathBuf {
    let mut b = Builder::new();
    let app = b.string("app");
    let process = b.process(Process { pid: 7, parent_pid: 1, name: app });
    let thread = b.thread(Thread { process, tid: 7, name: app });
    let frame = |b: &mut Builder, name: &str, line| {
        let (name, file) = (b.string(name), b.string("src/main.rs"));
        let function = b.function(Function {
            name,
            system_name: name,
            file,
            start_line: line,
            module: None,
            origin: Origin::Native,
            language: Language::Rust,
        });
        b.frame(Frame { function, line: line + 1, inlined: false })
    };
    let main = frame(&mut b, "main", 1);
    let main = b.stack(None, main);
    for (i, (name, count)) in (1_u32..).zip(functions) {
        let frame = frame(&mut b, name, i * 10);
        let stack = b.stack(Some(main), frame);
        b.sample(Sample {
            bucket: 0,
            thread,
            stack,
            gil: Gil::Unknown,
            count: *count,
            weight_ns: count * 1_000_000,
        });
    }
    let recording =
        Recording { command: vec!["./app".into()], duration_ns: 4_000_000_000, ..Recording::default() };
    let path = dir.join(name);
    std::fs::write(&path, pprof::write(&b.build(recording))).unwrap();
    path
}

const OLD: &[(&str, u64)] = &[("parse", 1000), ("send", 500), ("compress", 300)];
const NEW: &[(&str, u64)] = &[("parse", 1400), ("send", 505), ("deflate", 290)];

fn diff(dir: &tempfile::TempDir, args: &[&str]) -> assert_cmd::assert::Assert {
    save(dir.path(), "old.pb.gz", OLD);
    save(dir.path(), "new.pb.gz", NEW);
    hotcold().current_dir(dir).args(["profile", "diff"]).args(args).assert()
}

fn stdout(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("UTF-8")
}

#[test]
fn changes_are_told_apart_from_noise() {
    let dir = tempfile::tempdir().unwrap();
    let shown = diff(&dir, &["old.pb.gz", "new.pb.gz"]).success().stderr("");
    insta::assert_snapshot!(stdout(&shown), @r"
    old     1.80 s of CPU time, 1,800 samples, old.pb.gz
            ./app
    new     2.19 s of CPU time, 2,195 samples, new.pb.gz
            ./app
    change  +0.395s (+21.9%), p <0.001
    note: p tells sampling noise alone; with two or more recordings a side (--old A B --new C D) it also tells how much runs differ by themselves

       old     new   change  change%  share old    new       p          function                file:line       module
    1.000s  1.400s  +0.400s   +40.0%      55.6%  63.8%  <0.001  slower  parse                   src/main.rs:10  -
    0.300s  0.290s  -0.010s    -3.3%      16.7%  13.2%       1   noise  deflate (was compress)  src/main.rs:30  -
    0.500s  0.505s  +0.005s    +1.0%      27.8%  23.0%       1   noise  send                    src/main.rs:20  -
    ");
    let shown = diff(&dir, &["old.pb.gz", "new.pb.gz", "--normalize", "--limit", "1"]).success().stderr("");
    insta::assert_snapshot!(stdout(&shown), @r"
    old     1.80 s of CPU time, 1,800 samples, old.pb.gz
            ./app
    new     2.19 s of CPU time, 2,195 samples, new.pb.gz
            ./app
    change  shares are compared: old times are multiplied by 1.219, so that the totals are alike
    note: p tells sampling noise alone; with two or more recordings a side (--old A B --new C D) it also tells how much runs differ by themselves

       old     new   change  change%  share old    new       p          function  file:line       module
    1.219s  1.400s  +0.181s   +14.8%      55.6%  63.8%  <0.001  slower  parse     src/main.rs:10  -
    2 functions left out; --limit 0 --min-percent 0 shows all
    ");
}

#[test]
fn lines_are_compared_too() {
    let dir = tempfile::tempdir().unwrap();
    let shown = diff(&dir, &["old.pb.gz", "new.pb.gz", "--by", "line", "--cumtime", "--filter", "parse"]);
    insta::assert_snapshot!(stdout(&shown.success()).lines().skip(7).collect::<Vec<_>>().join("\n"), @r"
       old     new   change  change%  share old    new       p          function  file:line       module
    1.000s  1.400s  +0.400s   +40.0%      55.6%  63.8%  <0.001  slower  parse     src/main.rs:11  -
    ");
}

#[test]
fn several_recordings_a_side() {
    let dir = tempfile::tempdir().unwrap();
    for (i, extra) in [0, 90, 40].into_iter().enumerate() {
        save(dir.path(), &format!("a{i}"), &[("parse", 1000 + extra), ("send", 500)]);
        save(dir.path(), &format!("b{i}"), &[("parse", 1120 + extra), ("send", 500)]);
    }
    let args = ["--old", "a0", "a1", "a2", "--new", "b0", "b1", "b2"];
    let shown = diff(&dir, &args).success().stderr("");
    insta::assert_snapshot!(stdout(&shown), @r"
    old     1.54 s of CPU time a recording, 4,630 samples, 3 recordings
            ./app
    new     1.66 s of CPU time a recording, 4,990 samples, 3 recordings
            ./app
    change  +0.120s (+7.8%), p 0.03

       old     new   change  change%  share old    new     p         function  file:line       module
    1.043s  1.163s  +0.120s   +11.5%      67.6%  69.9%  0.06  noise  parse     src/main.rs:10  -
    0.500s  0.500s   0.000s     0.0%      32.4%  30.1%     1  noise  send      src/main.rs:20  -
    ");
    diff(&dir, &["--old", "a0", "a1"]).code(2).stdout("");
    diff(&dir, &["a0", "a1", "--old", "a0", "--new", "b0"]).code(2).stdout("");
    diff(&dir, &["a0"]).code(2).stdout("");
}

#[test]
fn ci_fails_on_a_slowdown_alone() {
    let dir = tempfile::tempdir().unwrap();
    let args = |fail: &'static str| ["old.pb.gz", "new.pb.gz", "--fail-above", fail];
    let failed = diff(&dir, &args("5%")).code(3);
    assert!(stdout(&failed).contains("slower"));
    failed.stderr("warning: the total grew by +0.395s (+21.9%); --fail-above allows 5%\n");
    diff(&dir, &args("22"))
        .code(3)
        .stderr("warning: `parse` grew by +0.400s (+22.2% of the total); --fail-above allows 22%\n");
    diff(&dir, &args("25%")).success().stderr("");
    diff(&dir, &["new.pb.gz", "old.pb.gz", "--fail-above", "1%"]).success().stderr("");
    diff(&dir, &["old.pb.gz", "old.pb.gz", "--fail-above", "0"]).success().stderr("");
    diff(&dir, &args("-1")).code(2).stdout("");
}

#[test]
fn json_and_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let shown = diff(&dir, &["old.pb.gz", "new.pb.gz", "--json", "--flamegraph", "d.svg"]).success();
    let value: serde_json::Value = serde_json::from_str(&stdout(&shown)).unwrap();
    shown.stderr("note: wrote the flamegraph to d.svg\n");
    assert_eq!(value["schema"], "hotcold.profile.diff/1");
    let row = &value["functions"][0];
    assert_eq!(
        (&row["name"], &row["delta_s"], &row["significant"]),
        (&"parse".into(), &0.4.into(), &true.into())
    );
    let renamed =
        value["functions"].as_array().unwrap().iter().find(|row| row["status"] == "renamed").unwrap();
    assert_eq!((&renamed["name"], &renamed["was"]["name"]), (&"deflate".into(), &"compress".into()));
    let svg = std::fs::read_to_string(dir.path().join("d.svg")).unwrap();
    assert!(svg.contains("<title>parse +0.400s (1,400 ms, 63.78%)</title>"), "{svg}");
}

#[test]
fn nothing_to_compare_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    diff(&dir, &["old.pb.gz", "none.pb.gz"])
        .code(1)
        .stdout("")
        .stderr("error: cannot read `none.pb.gz`: no such file or directory\n");
    let empty = pprof::write(&Builder::new().build(Recording::default()));
    std::fs::write(dir.path().join("e.pb.gz"), empty).unwrap();
    diff(&dir, &["old.pb.gz", "e.pb.gz"]).code(1).stdout("").stderr("error: no samples in `e.pb.gz`\n");
}

#[test]
fn merged_recordings_have_the_samples_of_all() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), "old.pb.gz", OLD);
    save(dir.path(), "new.pb.gz", NEW);
    let merge = |args: &[&str]| hotcold().current_dir(&dir).args(["profile", "merge"]).args(args).assert();
    merge(&["old.pb.gz", "new.pb.gz", "-o", "all.pb.gz"])
        .success()
        .stdout("")
        .stderr("note: merged 2 recordings into all.pb.gz\n");
    let report =
        hotcold().current_dir(&dir).args(["profile", "report", "all.pb.gz", "--json"]).assert().success();
    let value: serde_json::Value = serde_json::from_str(&stdout(&report)).unwrap();
    assert_eq!((&value["samples"], &value["functions"][0]["samples"]), (&3995.into(), &2400.into()));
    assert_eq!(value["notes"], serde_json::json!(["merged from 2 recordings"]));
    let piped = merge(&["old.pb.gz", "new.pb.gz", "-o", "-"]).success().stderr("");
    assert_eq!(piped.get_output().stdout, std::fs::read(dir.path().join("all.pb.gz")).unwrap());
    merge(&["old.pb.gz"]).code(2).stdout("");
}

#[test]
fn what_measures_different_things_is_not_put_together() {
    let dir = tempfile::tempdir().expect("a directory");
    save(dir.path(), "cpu.pb.gz", OLD);
    let heap = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pprof/go-heap.pb.gz");
    std::fs::copy(heap, dir.path().join("heap.pb.gz")).expect("a copy");
    for words in
        [&["diff", "cpu.pb.gz", "heap.pb.gz"][..], &["merge", "cpu.pb.gz", "heap.pb.gz", "-o", "x.pb.gz"]]
    {
        let assert = hotcold().current_dir(&dir).arg("profile").args(words).assert().code(1);
        let error = String::from_utf8(assert.get_output().stderr.clone()).expect("UTF-8");
        assert_eq!(
            error,
            "error: cannot put CPU time and `inuse_space` in bytes together: the recordings measure different things\n"
        );
    }
    // Bytes stay bytes on the way through our own files.
    let convert = ["profile", "convert", "-q", "heap.pb.gz", "-o", "own.pb.gz"];
    hotcold().current_dir(&dir).args(convert).assert().success();
    let assert =
        hotcold().current_dir(&dir).args(["profile", "diff", "heap.pb.gz", "own.pb.gz"]).assert().success();
    let text = stdout(&assert);
    assert!(text.contains("69.2 MiB of `inuse_space` in bytes") && text.contains("68.2 MiB"), "{text}");
    // Objects are no samples: nothing is known of chance.
    let mut command = hotcold();
    let assert =
        command.current_dir(&dir).args(["profile", "diff", "--json", "heap.pb.gz", "own.pb.gz"]).assert();
    let document: serde_json::Value = serde_json::from_str(&stdout(&assert)).expect("JSON");
    let rows = document["functions"].as_array().expect("rows");
    assert!(document["p"].is_null() && !rows.is_empty(), "{document}");
    assert!(rows.iter().all(|row| row["p"].is_null() && row["significant"] == false), "{document}");
}
