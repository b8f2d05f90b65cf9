//! `cache check` and its repairs, on caches made by Python, compared with what Python's own check says.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::support::{
    diskcache::{Cache, NOW, maker, names, python_check, run, script},
    hotcold, scratch,
    tree::{differences, tree},
};

/// The cache's report and the exit code.
fn check(dir: &Path, flags: &[&str]) -> (Value, i32) {
    let mut command = hotcold();
    command.args(["cache", "check", "--json"]).args(flags).arg(dir);
    if !flags.contains(&"--now") {
        command.args(["--now", NOW]);
    }
    let output = command.output().expect("hotcold starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (
        serde_json::from_slice(&output.stdout).expect("it is there"),
        output.status.code().expect("an exit code"),
    )
}

/// What was found, as `what where`, of problems or of notes.
fn found(report: &Value, list: &str) -> Vec<String> {
    let rows = report[list].as_array().expect("a list").iter();
    let mut found: Vec<String> = rows
        .map(|row| {
            format!("{} {}", row["what"].as_str().expect("text"), row["where"].as_str().expect("text"))
        })
        .collect();
    found.sort();
    found
}

fn kinds(report: &Value, list: &str) -> Vec<String> {
    let mut kinds: Vec<String> = found(report, list)
        .iter()
        .map(|line| line.split(' ').next().expect("it is there").to_owned())
        .collect();
    kinds.dedup();
    kinds
}

/// Caches that Python can open and that nothing is wrong with.
const SOUND: [&str; 26] = [
    "community",
    "deque_dir",
    "django",
    "empty",
    "fanout",
    "fanout_reshard",
    "index_dir",
    "json_disk",
    "json_level9",
    "keys",
    "no_autovacuum",
    "odd_pragmas",
    "open_transaction",
    "policy_lfu",
    "policy_lrs",
    "policy_lru",
    "policy_none",
    "policy_switched",
    "recipes",
    "statistics",
    "tags",
    "tags_noindex",
    "values",
    "wal_left",
    "killed_expire",
    "orphans",
];

#[test]
fn sound_caches_have_no_problems() {
    for name in SOUND {
        let (report, code) = check(&Cache::new(name).path(), &["--deep"]);
        assert_eq!((found(&report, "problems"), code), (vec![], 0), "{name}");
        assert_eq!(report["schema"], "hotcold.cache.check/1");
    }
}

#[test]
fn lost_values_are_found_and_repaired() {
    let cache = Cache::new("missing_files");
    let (report, code) = check(&cache.path(), &[]);
    let expected =
        ["empty-file 4", "missing-file 1", "missing-file 2", "not-a-file 5", "not-a-file 6", "wrong-size 3"];
    assert_eq!((found(&report, "problems").as_slice(), code), (expected.map(String::from).as_slice(), 3));
    let (report, code) = check(&cache.path(), &["--fix"]);
    let left: Vec<&Value> =
        report["problems"].as_array().expect("a list").iter().filter(|p| p["fixed"] == false).collect();
    // Python reads through a link, so its entry stays.
    assert_eq!((left.len(), &left[0]["where"], code), (1, &Value::from("6"), 3));
    assert_eq!(kinds(&check(&cache.path(), &[]).0, "problems"), ["not-a-file"]);
    let Some(mut python) = script(
        "import sys, diskcache\nc = diskcache.Cache(sys.argv[1])\nprint(sorted(c), c.volume() > 0, len(c))",
    ) else {
        return;
    };
    let said = run(python.arg(cache.path())).stdout;
    assert_eq!(String::from_utf8(said).expect("it is there"), "[2, 5, 6, 7] True 4\n");
}

#[test]
fn counters_indexes_and_triggers_are_made_right() {
    for (name, expected) in [
        ("bad_counters", &["wrong-count", "wrong-size-sum"][..]),
        ("no_indexes", &["missing-index", "missing-trigger"]),
        ("corrupt_index", &["damaged-index"]),
        ("windows_paths", &["windows-file-name"]),
    ] {
        let cache = Cache::new(name);
        let before = tree(&cache.path());
        let (report, code) = check(&cache.path(), &[]);
        assert_eq!(
            (kinds(&report, "problems").as_slice(), code),
            (expected.map_to_owned().as_slice(), 3),
            "{name}"
        );
        let (report, code) = check(&cache.path(), &["--fix"]);
        assert!(
            report["problems"].as_array().expect("a list").iter().all(|p| p["fixed"] == true),
            "{name}: {report}"
        );
        assert_eq!(code, 0, "{name}");
        assert_eq!(differences(&before, &tree(&cache.path())), ["cache.db"], "{name}: no file was lost");
        let (report, code) = check(&cache.path(), &["--deep"]);
        assert_eq!((found(&report, "problems"), code), (vec![], 0), "{name}");
        let Some(python) = python_check(&cache.path()) else { return };
        assert_eq!(python, Vec::<String>::new(), "{name}");
    }
}

trait ToOwnedNames {
    fn map_to_owned(&self) -> Vec<String>;
}

impl ToOwnedNames for &[&str] {
    fn map_to_owned(&self) -> Vec<String> {
        self.iter().map(|&name| name.to_owned()).collect()
    }
}

#[test]
fn only_old_files_of_the_cache_itself_are_removed() {
    let cache = Cache::new("orphans");
    let before = tree(&cache.path());
    let orphans = ["9e/df/e18bd1111031992086b8a250326c.val", "ab/cd/0123456789abcdef0123456789ab.val"];
    // They have only just been unpacked, and may be just being written.
    let (report, code) = check(&cache.path(), &["--fix"]);
    assert_eq!((found(&report, "problems"), code), (vec![], 0));
    assert_eq!(kinds(&report, "notes"), ["empty-directory", "foreign-file", "nested-cache", "new-file"]);
    let gone = |before, after: &_| {
        differences(before, after)
            .into_iter()
            .filter(|name| !name.starts_with("cache.db"))
            .collect::<Vec<_>>()
    };
    assert_eq!(gone(&before, &tree(&cache.path())), ["ee", "ee/ff"]);

    let (report, code) = check(&cache.path(), &["--fix", "--now", "2100-01-01T00:00:00Z"]);
    assert_eq!(found(&report, "problems"), orphans.map(|path| format!("orphaned-file {path}")));
    assert_eq!((report["problems"][0]["fixed"].as_bool(), code), (Some(true), 0));
    let mut expected: Vec<String> = ["9e", "9e/df", "ab", "ab/cd", "ee", "ee/ff"].map(String::from).to_vec();
    expected.extend(orphans.map(String::from));
    expected.sort();
    let mut gone = gone(&before, &tree(&cache.path()));
    gone.retain(|name| !cache.join(name).exists());
    gone.sort();
    expected.retain(|name| name != "ab" && name != "ab/cd"); // somebody's notes are in there
    assert_eq!(gone, expected);
    for kept in [
        "README.txt",
        "CACHEDIR.TAG",
        ".hidden",
        "my-cache.db-backup",
        "subdir/nested/data.bin",
        "ab/cd/notes.txt",
    ] {
        assert!(cache.join(kept).is_file(), "{kept}");
    }
    let (report, code) = check(&cache.join("inner"), &[]);
    assert_eq!((found(&report, "problems"), code), (vec![], 0));
}

#[test]
fn files_of_a_killed_expire_go() {
    for name in ["killed_expire", "wal_left"] {
        let cache = Cache::new(name);
        let (_, code) = check(&cache.path(), &["--fix", "--grace", "0s"]);
        assert_eq!(code, 0);
        let (report, _) = check(&cache.path(), &["--deep", "--grace", "0s"]);
        assert_eq!((found(&report, "problems"), found(&report, "notes")), (vec![], vec![]), "{name}");
        let Some(python) = python_check(&cache.path()) else { return };
        assert_eq!(python, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn names_that_point_outside_cost_only_their_row() {
    let cache = Cache::new("hostile");
    let before = tree(cache.base());
    let (report, code) = check(&cache.path(), &["--fix", "--grace", "0s"]);
    assert_eq!(code, 3);
    let bad = found(&report, "problems").iter().filter(|line| line.starts_with("bad-file-name")).count();
    assert_eq!(bad, 13);
    assert_eq!(differences(&before, &tree(cache.base())), ["cache/cache.db"]);
}

#[test]
fn nothing_else_is_touched_where_pages_are_damaged() {
    for name in ["corrupt_odd", "corrupt_pages"] {
        let cache = Cache::new(name);
        let before = tree(&cache.path());
        let (report, code) = check(&cache.path(), &["--fix", "--deep", "--grace", "0s"]);
        assert_eq!((kinds(&report, "problems"), code), (vec!["damaged-page".to_owned()], 3), "{name}");
        assert_eq!(differences(&before, &tree(&cache.path())), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn pickles_that_run_code_are_listed() {
    let (report, code) = check(&Cache::new("hostile").path(), &["--audit"]);
    assert_eq!(code, 3);
    let rows = report["problems"].as_array().expect("a list");
    let told = |what: &str| {
        rows.iter()
            .filter(|row| row["what"] == what)
            .map(|row| row["detail"].as_str().expect("text"))
            .collect::<Vec<_>>()
    };
    let running = told("code-in-pickle");
    for name in ["posix.system", "builtins.eval"] {
        assert!(running.iter().any(|detail| detail.contains(name)), "{name}: {running:?}");
    }
    for (name, problems) in [("tags", 0), ("keys", 1)] {
        let (report, _) = check(&Cache::new(name).path(), &["--audit"]);
        assert_eq!(report["problems"].as_array().expect("a list").len(), problems, "{name}: {report}");
    }
}

#[test]
fn deep_reads_what_is_stored() {
    let cache = Cache::new("values");
    let file = |key: &str| {
        let rows = cache.truth["entries"].as_array().expect("a list").iter();
        let row = rows.clone().find(|row| row["py_key"] == format!("'{key}'")).expect("it is there");
        (cache.join(row["filename"]["text"].as_str().expect("text")), row["rowid"].to_string())
    };
    let (text, text_id) = file("str_32768");
    let (pickle, pickle_id) = file("pickle_file");
    let length = fs::metadata(&text).expect("it is there").len() as usize;
    fs::write(&text, vec![0xff; length]).expect("it is there");
    let length = fs::metadata(&pickle).expect("it is there").len() as usize;
    fs::write(&pickle, vec![0; length]).expect("it is there");
    assert_eq!(check(&cache.path(), &[]).1, 0, "the sizes are right");
    let (report, code) = check(&cache.path(), &["--deep"]);
    let mut expected = [format!("damaged-value {text_id}"), format!("damaged-value {pickle_id}")];
    expected.sort();
    assert_eq!((found(&report, "problems").as_slice(), code), (expected.as_slice(), 3));
    let (report, _) = check(&Cache::new("duplicates").path(), &["--deep"]);
    assert_eq!(found(&report, "notes"), ["duplicate-key 2"]);
}

#[test]
fn python_finds_nothing_that_hotcold_does_not() {
    for name in names() {
        let cache = Cache::new(&name);
        let Some(python) = cache.truth["python"][0]["returned"].as_array().cloned() else { continue };
        if cache.truth["python"][0]["op"] != "check" || python.is_empty() {
            continue;
        }
        let (report, _) = check(&cache.path(), &["--deep"]);
        let rows = report["problems"].as_array().expect("a list").len()
            + report["notes"].as_array().expect("a list").len();
        assert!(rows > 0, "{name}: {python:?}");
        for warning in python {
            let warning = warning.as_str().expect("text");
            // Python tells of files of caches inside, and of directories that hold other things.
            let Some((_, path)) = warning.split_once("$DIR/") else { continue };
            let path = path.split(", ").next().expect("it is there");
            let text = report.to_string();
            let known = |path: &str| text.contains(&path.replace('\\', "\\\\")) || text.contains(path);
            let above: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
            let named = Path::new(path).file_name().expect("it is there").to_str().expect("it is there");
            assert!(
                known(path) || known(named) || above.iter().any(|dir| known(&format!("\"{dir}\""))),
                "{name}: {warning}"
            );
        }
    }
}

#[test]
fn values_that_are_being_written_are_never_lost() {
    let dir = scratch();
    let (cache, stop) = (dir.path().join("cache"), dir.path().join("stop"));
    let Some(mut command) = maker() else { return };
    run(command.arg("big").arg(&cache).args(["-n", "300", "--files"]));
    let Some(mut command) = maker() else { return };
    command.arg("live").arg(&cache).args(["--seconds", "60", "--expire", "1000", "--until"]).arg(&stop);
    let child = command.stdout(std::process::Stdio::piped()).spawn().expect("it is there");
    for _ in 0..30 {
        let (report, _) = check(&cache, &["--fix"]);
        assert_eq!(found(&report, "problems"), Vec::<String>::new());
    }
    fs::write(&stop, "").expect("it is there");
    let said = String::from_utf8(child.wait_with_output().expect("it is there").stdout).expect("it is there");
    let ends: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(ends.len(), 2, "{said}");
    for end in ends {
        let faults =
            ["failed_sets", "bad_values", "lost_values"].map(|name| end[name].as_u64().expect("it is there"));
        assert_eq!(faults, [0, 0, 0], "{end}");
    }
    let Some(python) = python_check(&cache) else { return };
    assert_eq!(python, Vec::<String>::new());
}

#[test]
fn people_are_told_what_to_do() {
    let cache = Cache::new("bad_counters");
    let output = hotcold().args(["cache", "check"]).arg(cache.path()).output().expect("hotcold starts");
    let text = String::from_utf8(output.stdout)
        .expect("it is there")
        .replace(cache.path().to_str().expect("it is there"), "DIR");
    insta::assert_snapshot!(text, @"
    problem  wrong-count  Settings: the counter `count` is -7, and it should be 5
    problem  wrong-size-sum  Settings: the counter `size` is 99, and it should be 165000
    DIR: 2 problems, 2 can be repaired with --fix
    ");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn several_caches_are_checked_one_by_one() {
    let (good, bad) = (Cache::new("tags"), Cache::new("not_a_cache"));
    let output =
        hotcold().args(["cache", "check"]).arg(bad.path()).arg(good.path()).output().expect("hotcold starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).expect("it is there").ends_with(": no problems\n"));
    assert!(String::from_utf8(output.stderr).expect("it is there").contains("has no table `Settings`"));
}

/// What no repair can put right without losing something, `rm` removes; after that nothing is wrong.
#[test]
fn what_cannot_be_repaired_can_be_removed() {
    let fixture = Cache::new("wrong_types");
    let dir = fixture.path();
    let run = |words: &[&str]| {
        let output =
            hotcold().args(["cache", "--now", NOW]).args(words).arg(&dir).output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (code, text) = run(&["check", "--fix"]);
    assert_eq!(code, Some(3));
    let how = text.lines().last().expect("a line");
    let command =
        format!("an entry that cannot be repaired can be removed: hotcold cache rm {} --id ", dir.display());
    assert!(how.starts_with(&command), "{how}");
    let (_, found) = run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let rows = found["problems"].as_array().expect("problems").iter();
    let ids: BTreeSet<&str> = rows
        .filter(|row| row["what"] == "impossible-row")
        .map(|row| row["where"].as_str().expect("text"))
        .collect();
    assert!(ids.len() > 10 && ids.iter().any(|id| id.starts_with('-')), "{ids:?}");
    for id in ids {
        // A file with a name that the library does not make stays, which is told.
        assert!(matches!(run(&["rm", "-y", "--id", id]).0, Some(0 | 3)), "{id}");
    }
    run(&["check", "--fix"]);
    let (code, text) = run(&["check"]);
    assert_eq!(code, Some(0), "{text}");
    let found = python_check(&dir).unwrap_or_default();
    assert!(found.is_empty(), "{found:?}");
}
