//! `hotcold cache show`.

use std::{collections::HashMap, fs, path::Path};

use serde_json::Value;

use super::support::{
    command,
    diskcache::{Cache, NOW},
    hotcold, scratch,
    terminal::Terminal,
    tree::{differences, tree},
};

fn show(dir: &Path, args: &[&str]) -> (String, String, i32) {
    let output = hotcold().args(["cache", "show", "--now", NOW]).arg(dir).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let (stdout, stderr, code) = show(dir, &[&["--json"], args].concat());
    assert_eq!((stderr.as_str(), code), ("", 0), "{args:?}");
    serde_json::from_str(&stdout).unwrap()
}

/// What stands on standard output, without the first lines that tell what every entry has.
fn value(dir: &Path, args: &[&str]) -> String {
    let (stdout, stderr, code) = show(dir, args);
    assert_eq!((stderr.as_str(), code), ("", 0), "{args:?}");
    stdout.split_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn an_entry_is_shown_with_everything_that_is_known() {
    let cache = Cache::new("values");
    let (stdout, stderr, code) = show(&cache.path(), &["obj"]);
    assert_eq!((stderr.as_str(), code), ("", 0));
    insta::assert_snapshot!(stdout, @r"
    key        'obj'
    key type   text
    id         24
    size       125 bytes
    stored     16m ago, 2025-06-15T14:50:00.106992Z
    last used  not recorded
    expiry     never
    hits       not recorded
    tag        none
    stored in  the database
    value      pickle (app.Custom), 125 bytes

    To read the value, Python
      imports app.Custom (STACK_GLOBAL at byte 26)
      imports app.Point (STACK_GLOBAL at byte 48)
      restores app.Point (BUILD at byte 86)
      imports app.Slots (STACK_GLOBAL at byte 101)
      restores app.Slots (BUILD at byte 121)
      restores app.Custom (BUILD at byte 123)

    app.Custom(a=app.Point(x=1, y=0.0, name=''), b=app.Slots(a=1, b=2))
    ");
}

#[test]
fn values_are_what_python_says() {
    let cache = Cache::new("values");
    let mut compared = 0;
    for entry in cache.truth["entries"].as_array().unwrap() {
        let (key, python) = (entry["key"]["text"].as_str().unwrap(), entry["py_value"].as_str().unwrap());
        let shown = json(&cache.path(), &[key, "--full"]);
        assert_eq!(shown["id"], entry["rowid"].to_string());
        let text = shown["value"]["text"].as_str();
        let expected = match key {
            "obj" => "app.Custom(a=app.Point(x=1, y=0.0, name=''), b=app.Slots(a=1, b=2))",
            "reduce" => "app.WithReduce(7)",
            "enum" => "app.Color('b')",
            "od" => "OrderedDict({'a': 1})",
            "numpy" => "<numpy.ndarray dtype=int64 shape=(10,), 80 bytes>",
            "numpy_2d" => "<numpy.ndarray dtype=float64 shape=(90, 90), 64800 bytes>",
            "numpy_scalar" => "np.float64(1.5)",
            _ => python,
        };
        match shown["value"]["form"].as_str() {
            Some("python") if expected.ends_with("...") => {
                assert!(text.unwrap().starts_with(expected.trim_end_matches('.')), "{key}");
            }
            Some("python") => assert_eq!(text.unwrap(), expected, "{key}"),
            Some("text") if key == "str_crlf_file" => {
                assert!(text.unwrap().starts_with("line\r\nx\rline\r\n"))
            }
            // Python's truth is the repr of a text without escapes, and cut where it is long.
            Some("text") => {
                let inner = python.trim_start_matches('b').trim_matches('\'');
                let start: String = inner.chars().take(50).collect();
                assert!(text.unwrap().starts_with(&start), "{key}");
            }
            other => panic!("{key}: {other:?}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 41);
}

#[test]
fn every_key_is_found_as_it_is_listed() {
    for name in ["keys", "recipes", "json_disk", "fanout", "index_dir", "django"] {
        let cache = Cache::new(name);
        let listed = hotcold().args(["cache", "list", "--now", NOW]).arg(cache.path()).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let lines =
            hotcold().args(["cache", "list", "--json", "--now", NOW]).arg(cache.path()).output().unwrap();
        let entries: Vec<Value> =
            lines.stdout.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect();
        let start = listed.lines().next().unwrap().find("key").unwrap();
        let keys: Vec<&str> = listed
            .lines()
            .skip(1)
            .map(|line| {
                let at = line.char_indices().nth(start).unwrap().0;
                line[at..].split("  ! would run code").next().unwrap()
            })
            .collect();
        assert_eq!(keys.len(), entries.len(), "{name}");
        let mut times: HashMap<&str, usize> = HashMap::new();
        for key in &keys {
            *times.entry(key).or_default() += 1;
        }
        for (key, entry) in keys.iter().zip(&entries) {
            // A string of the same characters comes first.
            let is_string = entries.iter().any(|e| e["key_type"] == "text" && e["key"] == **key);
            if times[key] > 1 || is_string {
                continue;
            }
            assert_eq!(json(&cache.path(), &["--", key])["id"], entry["id"], "{name}: {key}");
        }
    }
}

#[test]
fn a_bare_key_is_a_string_first() {
    let cache = Cache::new("keys");
    for (typed, key_type) in
        [("1", "text"), ("'1'", "text"), ("b'1'", "bytes"), ("0", "integer"), ("('a', 1)", "pickle")]
    {
        assert_eq!(json(&cache.path(), &[typed])["key_type"], key_type, "{typed}");
    }
}

#[test]
fn keys_that_cannot_be_told_apart_are_named() {
    let cache = Cache::new("duplicates");
    let (stdout, stderr, code) = show(&cache.path(), &["('same-string-object', 'same-string-object')"]);
    assert_eq!((stdout.as_str(), code), ("", 1));
    insta::assert_snapshot!(stderr, @r"
    error: cannot tell which `('same-string-object', 'same-string-object')` is meant: entries 1, 2 have it

    hint: name one of them with `--id`
    ");
}

#[test]
fn raw_bytes_are_written_as_stored() {
    let cache = Cache::new("values");
    let dir = scratch();
    let file = dir.path().join("value");
    let path = file.to_str().unwrap();
    for (key, len) in [
        ("bytes", 3),
        ("str_multibyte_file", 98_304),
        ("pickle_inline", 216),
        ("stream_empty", 0),
        ("int", 1),
    ] {
        assert_eq!(show(&cache.path(), &[key, "--raw", "-o", path]), (String::new(), String::new(), 0));
        assert_eq!(fs::read(&file).unwrap().len(), len, "{key}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"5");
    let stdout = hotcold()
        .args(["cache", "show", "--raw", "-o", "-"])
        .arg(cache.path())
        .arg("bytes")
        .output()
        .unwrap();
    assert_eq!(stdout.stdout, b"\x00\x01\xff");
    let (_, stderr, code) = show(&cache.path(), &["bytes", "--raw", "-o", "/no/such/dir/x"]);
    assert_eq!(
        (stderr.as_str(), code),
        (
            "error: cannot write `/no/such/dir/x`: its directory does not exist\n\n\
             hint: create the directory first, or name another file\n",
            1
        )
    );
    for args in [["bytes", "--raw"].as_slice(), &["bytes", "-o", "x"], &["bytes", "--id", "1"], &[]] {
        assert_eq!(show(&cache.path(), args).2, 2, "{args:?}");
    }
}

#[test]
fn long_values_are_cut_with_a_word() {
    let cache = Cache::new("values");
    let shown = value(&cache.path(), &["str_32768"]);
    let (text, note) = shown.split_once("\n\n").unwrap();
    assert_eq!(text, "x".repeat(2000));
    let dir = cache.path();
    let how = format!("hotcold cache show {} --id=16 --full, or --raw -o FILE", dir.display());
    assert_eq!(note, format!("Only the beginning is shown; for more: {how}\n"));
    assert_eq!(value(&cache.path(), &["str_32768", "--full"]), "x".repeat(32768) + "\n");
    assert!(value(&cache.path(), &["pickle_file"]).starts_with("[0, 0, 0, "));
    assert!(value(&cache.path(), &["bytes_32768"]).ends_with("--full, or --raw -o FILE\n"));
}

#[test]
fn what_is_not_there_is_one_line() {
    let cache = Cache::new("values");
    let hint = "\n\nhint: `hotcold cache list DIR` shows the keys; `--id` takes the first column\n";
    for (args, line) in [
        (["nothing"].as_slice(), "error: cannot find `nothing`: no such key"),
        (&["--id", "4711"], "error: cannot find `4711`: no such id"),
        (&["--id=-1"], "error: cannot find `-1`: no such id"),
        (&["--id", "x"], "error: cannot find `x`: no such id"),
    ] {
        assert_eq!(show(&cache.path(), args), (String::new(), format!("{line}{hint}"), 1), "{args:?}");
    }
    let (stdout, stderr, code) = show(&cache.join("nowhere"), &["x"]);
    assert_eq!((stdout.as_str(), code), ("", 1));
    assert!(stderr.starts_with("error: cannot read `") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn a_value_that_is_gone_is_a_failure_with_all_that_is_known() {
    let cache = Cache::new("missing_files");
    let entries = cache.truth["entries"].as_array().unwrap();
    let mut failed = 0;
    for entry in entries {
        let id = entry["rowid"].to_string();
        let (stdout, stderr, code) = show(&cache.path(), &["--id", &id]);
        assert!(stdout.starts_with("key "), "{stdout}");
        if code == 1 {
            assert!(stderr.starts_with("error: cannot read `") && stderr.lines().count() == 1, "{stderr}");
            assert!(stdout.contains("cannot be read"));
            failed += 1;
        }
        let shown =
            hotcold().args(["cache", "show", "--json", "--id", &id]).arg(cache.path()).output().unwrap();
        let document: Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(document["value"].is_null(), code == 1);
    }
    assert!(failed > 0 && failed < entries.len(), "{failed}");
}

#[test]
fn hostile_values_are_only_shown() {
    let cache = Cache::new("hostile");
    let (victim, before) = (tree(cache.base()), tree(&cache.path()));
    let lines = hotcold().args(["cache", "list", "--json"]).arg(cache.path()).output().unwrap();
    let mut shown = 0;
    for line in lines.stdout.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let entry: Value = serde_json::from_slice(line).unwrap();
        let id = entry["id"].as_str().unwrap();
        for more in [["--full"].as_slice(), &["--json"]] {
            let (stdout, stderr, code) = show(&cache.path(), &[&["--id", id], more].concat());
            assert!(!stdout.contains("must survive"), "{id}");
            assert!(
                code == 0 && stderr.is_empty() || code == 1 && stderr.starts_with("error: "),
                "{id}: {stderr}"
            );
            assert!(stdout.len() < 6 << 20, "{id}: {}", stdout.len());
        }
        shown += 1;
    }
    assert!(shown > 50);
    assert_eq!(differences(&before, &tree(&cache.path())), [""; 0]);
    // SQLite makes and removes a file of its own beside the database.
    let outside = differences(&victim, &tree(cache.base()));
    assert!(outside.iter().all(|name| name == "cache"), "{outside:?}");
    let system = json(&cache.path(), &["value:os.system"]);
    assert_eq!(system["value"]["text"], "posix.system('touch PWNED')");
    assert_eq!(
        (&system["value"]["runs_code"], &system["value"]["findings"][1]["action"]),
        (&true.into(), &"calls".into())
    );
}

#[test]
fn text_cannot_drive_the_terminal() {
    let cache = Cache::new("hostile");
    let mut terminal = command();
    terminal.args(["cache", "show", "--now", NOW]).arg(cache.path()).args(["--id", "55"]);
    let (status, screen) = Terminal::spawn(&mut terminal, 100, 30).finish();
    assert!(status.success());
    assert!(screen.starts_with("key ") && screen.contains(r"'\x1b[2J\x1b[H'"), "{screen}");
}

#[test]
fn looking_changes_nothing() {
    let cache = Cache::new("policy_lru");
    let before = tree(&cache.path());
    let id = cache.truth["entries"][0]["rowid"].to_string();
    let output = command().args(["cache", "show", "--id", &id]).arg(cache.path()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(differences(&before, &tree(&cache.path())), [""; 0]);
}
