//! What other tools write is read, and what is written other tools read.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::support::{
    environment::shared,
    fixture::fixture,
    hotcold,
    require::{met, require, require_perf},
    scratch,
};

fn report(dir: &Path, args: &[&str]) -> Value {
    let output =
        hotcold().current_dir(dir).args(["profile", "report", "--json"]).args(args).assert().success();
    serde_json::from_slice(&output.get_output().stdout).expect("JSON")
}

fn convert(dir: &Path, from: &str, to: &str) {
    hotcold()
        .current_dir(dir)
        .args(["profile", "convert", "-q", from, "-o", to])
        .assert()
        .success()
        .stderr("");
}

/// Share of a function's own time, in per cent.
fn share(report: &Value, name: &str) -> f64 {
    let rows = report["functions"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["name"] == name);
    let total = report["total_s"].as_f64().expect("a total");
    row.map_or(0.0, |row| row["tottime_s"].as_f64().expect("a time") / total * 100.0)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A recording of the program with known shares, by `perf record` with these options.
fn perf_record(dir: &Path, options: &[&str]) -> Option<PathBuf> {
    let program = fixture("shares.c")?;
    if !require("perf") || !require_perf() {
        return None;
    }
    let data = dir.join("perf.data");
    let mut command = Command::new("perf");
    command.arg("record").args(["-q", "-F", "1997", "-o"]).arg(&data).args(options).arg("--").arg(program);
    run(command.args(["deep", "20", "--seconds", "0.7"]));
    Some(data)
}

/// Symbol and per cent of `perf report`, of those with one per cent or more.
fn perf_shares(data: &Path) -> Vec<(String, f64)> {
    let mut command = Command::new("perf");
    command.args([
        "report",
        "--stdio",
        "--no-children",
        "-g",
        "none",
        "--no-inline",
        "-F",
        "overhead,sym",
        "-i",
    ]);
    let text = run(command.arg(data).env("DEBUGINFOD_URLS", ""));
    let row = |line: &str| {
        let (share, symbol) = line.trim().split_once("%")?;
        let symbol = symbol.trim().split_once("] ")?.1.trim();
        Some((symbol.to_owned(), share.parse::<f64>().ok()?))
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(row)
        .filter(|(_, share)| *share >= 1.0)
        .collect()
}

#[test]
fn perf_data_has_the_shares_of_perf_report() {
    for options in
        [&["-e", "cpu-clock", "-g"][..], &["-e", "cpu-clock", "--call-graph", "dwarf,16384"], &["-g"]]
    {
        let dir = scratch();
        let Some(data) = perf_record(dir.path(), options) else { return };
        let ours = report(dir.path(), &["perf.data"]);
        let theirs = perf_shares(&data);
        assert!(theirs.len() >= 3, "{theirs:?}");
        for (symbol, expected) in theirs {
            let got = share(&ours, &symbol);
            assert!((got - expected).abs() < 1.0, "{options:?}: {symbol} has {got} and not {expected}");
        }
        assert_eq!(ours["backend"], "perf record");
        assert_eq!(ours["command"][1], "deep");
    }
}

#[test]
fn samples_with_the_counters_of_a_group_are_read() {
    let dir = scratch();
    let events = ["-e", "{cpu-clock,page-faults}:S", "-g"];
    if perf_record(dir.path(), &events).is_none() {
        return;
    }
    let ours = report(dir.path(), &["perf.data"]);
    assert!(share(&ours, "hot") > 20.0 && ours["event"].is_null(), "{ours}");
    let note = "what the counters of its groups had counted is left out";
    assert!(ours["notes"].as_array().unwrap().contains(&note.into()), "{ours}");
}

#[test]
fn of_several_events_the_one_with_most_samples_is_read() {
    let dir = scratch();
    let events = ["-e", "page-faults", "-e", "cpu-clock", "-g"];
    if perf_record(dir.path(), &events).is_none() {
        return;
    }
    let ours = report(dir.path(), &["perf.data"]);
    assert!(share(&ours, "hot") > 20.0 && ours["event"].is_null(), "{ours}");
    let notes = ours["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| note.as_str().unwrap().ends_with("of `page-faults` left out")),
        "{notes:?}"
    );
    // The same by the text of `perf script`, and the other one where it is asked for.
    let script = run(Command::new("perf").args(["script", "-i"]).arg(dir.path().join("perf.data")));
    std::fs::write(dir.path().join("two.perf"), script).unwrap();
    for file in ["perf.data", "two.perf"] {
        let faults = report(dir.path(), &[file, "--event", "page-faults"]);
        assert_eq!((&faults["unit"], &faults["event"]), (&"count".into(), &"page-faults".into()), "{file}");
        assert!(report(dir.path(), &[file])["event"].is_null(), "{file}");
        let mut other = hotcold();
        let assert =
            other.current_dir(&dir).args(["profile", "report", file, "--event", "x"]).assert().code(1);
        let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(error.contains("it has no event `x`, only `"), "{error}");
    }
    // Faults taken at a rate are no time.
    let (data, program) = (dir.path().join("faults.data"), fixture("shares.c").unwrap());
    let mut command = Command::new("perf");
    command
        .args(["record", "-q", "-F", "997", "-e", "page-faults", "-g", "-o"])
        .arg(&data)
        .arg("--")
        .arg(program);
    run(command.args(["deep", "20", "--seconds", "0.1"]));
    let faults = report(dir.path(), &["faults.data"]);
    assert_eq!((&faults["unit"], &faults["event"]), (&"count".into(), &"page-faults".into()));
}

#[test]
fn perf_script_says_the_same_as_its_file() {
    let dir = scratch();
    let Some(data) = perf_record(dir.path(), &["-e", "cpu-clock", "--call-graph", "dwarf,16384"]) else {
        return;
    };
    let mut command = Command::new("perf");
    let text =
        run(command.args(["script", "--no-inline", "--header", "-i"]).arg(&data).env("DEBUGINFOD_URLS", ""));
    std::fs::write(dir.path().join("perf.txt"), text).unwrap();
    let (file, text) = (report(dir.path(), &["perf.data"]), report(dir.path(), &["perf.txt"]));
    assert_eq!((&file["samples"], &file["command"]), (&text["samples"], &text["command"]));
    for name in ["hot", "warm", "cool"] {
        assert!((share(&file, name) - share(&text, name)).abs() < 1.0, "{name}");
        assert!(share(&file, name) > 5.0, "{name}");
    }
    let deep = |report: &Value| {
        report["functions"].as_array().unwrap().iter().find(|row| row["name"] == "main").cloned()
    };
    let cumtime = |row: Option<Value>| row.unwrap()["cumtime_s"].as_f64().unwrap();
    let (a, b) = (cumtime(deep(&file)), cumtime(deep(&text)));
    assert!((a - b).abs() < 0.05 * a, "{a} {b}");
}

#[test]
fn perf_data_of_a_pipe_is_read() {
    let dir = scratch();
    let (Some(program), true, true) = (fixture("shares.c"), require("perf"), require_perf()) else { return };
    let mut command = Command::new("perf");
    command
        .args(["record", "-q", "-e", "cpu-clock", "-g", "-o", "-", "--"])
        .arg(program)
        .args(["--seconds", "0.3"]);
    let output = command.args(["--truth", "/dev/null"]).output().unwrap();
    std::fs::write(dir.path().join("piped.data"), output.stdout).unwrap();
    assert!(share(&report(dir.path(), &["piped.data"]), "hot") > 40.0);
}

/// A small recording with everything that formats can lose.
fn recording(dir: &Path) {
    let folded = "main (a.py:3);load (a.py:9);read_[k] 3\nmain (a.py:4);work <T, \"x\"> 5\nmain (a.py:4) 1\n";
    std::fs::write(dir.join("a.folded"), folded).unwrap();
    convert(dir, "a.folded", "a.pb.gz");
}

#[test]
fn every_written_format_that_is_read_keeps_the_times() {
    let dir = scratch();
    recording(dir.path());
    let times = |file: &str| -> Vec<(String, f64, f64)> {
        let rows = report(dir.path(), &[file, "--sort", "name"])["functions"].as_array().unwrap().clone();
        let row = |row: Value| {
            let number = |field: &str| (row[field].as_f64().unwrap() * 1e9).round() / 1e9;
            (row["name"].as_str().unwrap().to_owned(), number("tottime_s"), number("cumtime_s"))
        };
        rows.into_iter().map(row).collect()
    };
    let expected = times("a.pb.gz");
    assert_eq!(
        expected.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        ["load", "main", "read", "work <T, \"x\">"]
    );
    for to in
        ["b.folded", "b.speedscope.json", "b.firefox.json", "b.firefox.json.gz", "b.callgrind", "b.folded.gz"]
    {
        convert(dir.path(), "a.pb.gz", to);
        assert_eq!(times(to), expected, "{to}");
    }
    let gz = std::fs::read(dir.path().join("b.folded.gz")).unwrap();
    assert_eq!(gz[..2], [0x1f, 0x8b]);
}

#[test]
fn pipes_at_both_ends() {
    let dir = scratch();
    recording(dir.path());
    let bytes = std::fs::read(dir.path().join("a.pb.gz")).unwrap();
    for format in ["folded", "speedscope", "firefox", "callgrind", "json", "csv", "pstats", "pprof"] {
        let output = hotcold()
            .args(["profile", "convert", "-q", "-", "-o", "-", "--to", format])
            .write_stdin(bytes.clone())
            .assert()
            .success()
            .stderr("");
        assert!(output.get_output().stdout.len() > 30, "{format}");
    }
}

#[test]
fn formats_that_are_only_read_are_not_written() {
    let dir = scratch();
    recording(dir.path());
    let mut command = hotcold();
    let output =
        command.current_dir(&dir).args(["profile", "convert", "a.pb.gz", "-o", "x.perf"]).assert().code(2);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.starts_with("error: ") && stderr.contains("hint: "), "{stderr}");
    assert!(!dir.path().join("x.perf").exists());
}

#[test]
fn nothing_that_is_no_recording_is_taken_for_one() {
    let dir = scratch();
    for (name, text) in [
        ("a.txt", "hello\nworld\n"),
        ("a.json", "{\"a\": 1}"),
        ("a.csv", "a,b\n1,2\n"),
        ("perf.data", "PERFILE2"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
        let output =
            hotcold().current_dir(&dir).args(["profile", "report", name]).assert().code(1).stdout("");
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.starts_with(&format!("error: cannot read `{name}`: ")), "{stderr}");
    }
}

/// The shared directory of this name, with these packages of npm in it; `None` where they cannot be had.
pub(crate) fn npm(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let dir = shared(name);
    std::fs::create_dir_all(&dir).unwrap();
    let lock = std::fs::File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let ready = dir.join("ready");
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&ready).is_ok_and(|there| there == wanted) {
        return Some(dir);
    }
    let mut command = Command::new("npm");
    command.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&dir).args(packages);
    let made = command.output().is_ok_and(|output| output.status.success());
    if made {
        std::fs::write(&ready, wanted).unwrap();
    }
    made.then_some(dir)
}

const PACKAGES: [&str; 3] = ["speedscope@1.25.0", "ajv@8", "@firefox-devtools/profiler-cli@0.10.0"];

fn peers() -> Option<PathBuf> {
    let dir = (require("npm") && require("node")).then(|| npm("npm", &PACKAGES)).flatten();
    met(dir.is_some(), "speedscope, ajv and Firefox's profiler-cli from npm").then_some(dir)?
}

#[test]
fn speedscope_s_own_schema_accepts_what_is_written() {
    let Some(npm) = peers() else { return };
    let dir = scratch();
    recording(dir.path());
    convert(dir.path(), "a.pb.gz", "a.speedscope.json");
    let script = "const fs = require('fs'); const Ajv = require(process.argv[1] + '/node_modules/ajv');
        const schema = JSON.parse(fs.readFileSync(process.argv[1] + '/node_modules/speedscope/dist/release/file-format-schema.json'));
        delete schema['$schema'];
        const validate = new Ajv({strict: false}).compile(schema);
        if (!validate(JSON.parse(fs.readFileSync(process.argv[2])))) { console.error(validate.errors); process.exit(1); }";
    run(Command::new("node").args(["-e", script]).arg(&npm).arg(dir.path().join("a.speedscope.json")));
}

#[test]
fn the_firefox_profiler_loads_what_is_written() {
    let Some(npm) = peers() else { return };
    let dir = scratch();
    recording(dir.path());
    convert(dir.path(), "a.pb.gz", "a.firefox.json");
    let cli = |args: &[&str]| {
        let mut command = Command::new("node");
        command.arg(npm.join("node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js")).args(args);
        run(command.env("HOME", dir.path()).current_dir(&dir))
    };
    cli(&["load", "a.firefox.json"]);
    let functions = cli(&["thread", "functions"]);
    cli(&["stop"]);
    assert!(functions.contains("work <T, \"x\">"), "{functions}");
    let line = functions.lines().find(|line| line.contains("work <T")).unwrap_or_default().to_owned();
    assert!(line.contains("55.6%"), "{line}");
}

#[test]
fn callgrind_annotate_reads_what_is_written_and_we_what_callgrind_writes() {
    let (Some(program), true) = (fixture("shares.c"), require("valgrind")) else { return };
    let dir = scratch();
    recording(dir.path());
    convert(dir.path(), "a.pb.gz", "a.callgrind");
    let text = run(Command::new("callgrind_annotate").current_dir(&dir).args(["--auto=no", "a.callgrind"]));
    assert!(text.contains("5,000,000 (55.56%)") && text.contains("work <T"), "{text}");
    let mut command = Command::new("valgrind");
    command
        .current_dir(&dir)
        .args(["-q", "--tool=callgrind", "--callgrind-out-file=v.callgrind"])
        .arg(program);
    run(command.args(["--rounds", "3", "--truth", "/dev/null"]));
    let text = run(Command::new("callgrind_annotate").current_dir(&dir).args(["--auto=no", "v.callgrind"]));
    let ours = report(dir.path(), &["v.callgrind"]);
    for name in ["hot", "warm", "cool"] {
        let line = text.lines().find(|line| line.contains(&format!(":{name} ["))).expect("a line");
        let expected: f64 = line.split(['(', '%']).nth(1).unwrap().trim().parse().unwrap();
        assert!((share(&ours, name) - expected).abs() < 0.02, "{name}: {line}");
    }
}

/// Nanoseconds (or bytes) of each function, flat and cum, as `go tool pprof -top` has them.
fn pprof_top(file: &Path, unit: &str, event: Option<&str>) -> Vec<(String, f64, f64)> {
    let mut command = Command::new("go");
    command.args([
        "tool",
        "pprof",
        "-top",
        "-noinlines",
        "-nodecount=100000",
        "-nodefraction=0",
        "-edgefraction=0",
    ]);
    command.args(event.map(|event| format!("-sample_index={event}")));
    let text = run(command.arg(format!("-unit={unit}")).arg(file).env("HOME", file.parent().unwrap()));
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number =
            |word: &str| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<f64>().ok();
        let name = words.get(5..)?.join(" ");
        Some((name.trim_end_matches(" (inline)").to_owned(), number(words[0])?, number(words[3])?))
    };
    text.lines().skip_while(|line| !line.trim_start().starts_with("flat")).skip(1).filter_map(row).collect()
}

/// The same of the usual values, or of those with this name.
fn agrees_with_pprof(file: &Path, unit: &str, event: Option<&str>) {
    let mut words = vec![file.to_str().unwrap(), "--show-imports"];
    words.extend(event.into_iter().flat_map(|event| ["--event", event]));
    let ours = report(file.parent().unwrap(), &words);
    let rows = ours["functions"].as_array().unwrap();
    // Seconds, or the number itself.
    let scale = if unit == "ns" { 1e9 } else { 1.0 };
    let theirs = pprof_top(file, unit, event);
    assert!(theirs.len() > 3, "{theirs:?}");
    for (name, flat, cum) in theirs {
        let named: Vec<&Value> = rows.iter().filter(|row| row["name"] == name.as_str()).collect();
        let sum = |field: &str| named.iter().map(|row| row[field].as_f64().unwrap() * scale).sum::<f64>();
        assert!((sum("tottime_s") - flat).abs() < 2.0, "{name}: flat {flat}, ours {}", sum("tottime_s"));
        if let [row] = named[..] {
            let ours = row["cumtime_s"].as_f64().unwrap() * scale;
            assert!((ours - cum).abs() < 2.0, "{name}: cum {cum}, ours {ours}");
        }
    }
}

#[test]
fn go_s_pprof_agrees_on_our_files_and_on_its_own() {
    if !require("go") {
        return;
    }
    let dir = scratch();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pprof");
    for (name, unit, event) in [
        ("go-cpu.pb.gz", "ns", None),
        ("go-heap.pb.gz", "B", None),
        ("go-heap.pb.gz", "B", Some("alloc_space")),
    ] {
        std::fs::copy(fixtures.join(name), dir.path().join(name)).unwrap();
        agrees_with_pprof(&dir.path().join(name), unit, event);
    }
    let Some(program) = fixture("shares.c").filter(|_| require_perf()) else { return };
    let file = dir.path().join("own.pb.gz");
    let mut command = hotcold();
    command
        .current_dir(&dir)
        .args(["profile", "run", "-qq", "--table-to", "t.txt", "-o"])
        .arg(&file)
        .arg("--");
    command.arg(program).args(["deep", "30", "--seconds", "0.5", "--truth", "/dev/null"]).assert().success();
    agrees_with_pprof(&file, "ns", None);
}
