//! The cache commands on the caches of requests-cache, against what the library finds in them afterwards.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::Connection;
use serde_json::{Value, json as value};

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        hotcold, scratch,
        stores::{program, said},
        tree::{differences, tree},
    },
};

/// All that the caches begin with; `target` is where `moved` leads, once with its redirect and once without, and `short` has half a
/// minute to live.
const ALL: [&str; 8] = ["a", "b", "form", "missing", "never", "short", "target", "target"];
const DATABASES: [&str; 3] = ["http_cache.sqlite", "json.sqlite", "log.sqlite"];

/// The program that owns the caches in `dir`.
fn owner(what: &str, dir: &Path) -> Option<Command> {
    let mut command = program("web", "responses.py")?;
    command.arg(what).arg(dir);
    Some(command)
}

fn made() -> Option<tempfile::TempDir> {
    let dir = scratch();
    super::support::library::run(&mut owner("make", dir.path())?);
    Some(dir)
}

fn read(dir: &Path) -> Value {
    said(&mut owner("read", dir).unwrap())
}

/// A moment a minute ahead, when `short` has expired.
fn soon() -> String {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60).to_string()
}

/// The last parts of the keys, sorted.
fn paths(entries: &[Value]) -> Vec<&str> {
    let mut paths: Vec<&str> =
        entries.iter().map(|entry| entry["key"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    paths.sort_unstable();
    paths
}

fn entry<'a>(entries: &'a [Value], path: &str) -> &'a Value {
    entries.iter().find(|entry| entry["key"].as_str().unwrap().ends_with(path)).expect("it is listed")
}

#[test]
fn responses_are_named_by_what_was_asked_for() {
    let Some(dir) = made() else { return };
    let before = tree(dir.path());
    for name in DATABASES.into_iter().chain(["files"]) {
        let root = dir.path().join(name);
        let entries = lines(&["list"], &root);
        assert_eq!(paths(&entries), ALL, "{name}");
        assert_eq!(entry(&entries, "/form")["note"], "POST 200 OK", "{name}");
        assert_eq!(entry(&entries, "/missing")["note"], "GET 404 Not Found", "{name}");
        let expiry: Vec<&Value> =
            ["/never", "/short"].iter().map(|path| &entry(&entries, path)["expiry"]).collect();
        assert_eq!(expiry, [&value!("never"), &value!("at")], "{name}");
        let used = &entry(&entries, "/a")["accessed_at"];
        assert_eq!(used.is_null(), name != "files", "{name}: {used}");
        let id = entry(&entries, "/a")["id"].as_str().unwrap();
        assert!(id.len() >= 16 && id.bytes().all(|b| b.is_ascii_hexdigit() || name == "files"), "{id}");
        let shown = hotcold().args(["cache", "show"]).arg(&root).args(["--id", id]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains("GET 200 OK") && shown.contains("_content"), "{name}: {shown}");
        let stats = json(&["stats"], &root);
        assert_eq!((&stats["kind"], &stats["entries"]), (&"requests-cache".into(), &8.into()), "{stats}");
        assert_eq!(cache(&["check", "--deep", "--audit"], &root).0, 0);
        let (code, _, err) = cache(&["prune", "-n", "--unused-for", "1d"], &root);
        assert!((code == 0) == (name == "files"), "{err}");
    }
    let changed = differences(&before, &tree(dir.path()));
    assert!(changed.iter().all(|name| name.contains("-shm") || name.contains("-wal")), "{changed:?}");
}

#[test]
fn what_has_expired_goes_and_the_library_goes_on() {
    let Some(dir) = made() else { return };
    let soon = soon();
    for name in DATABASES.into_iter().chain(["files"]) {
        let root = dir.path().join(name);
        let entries = lines(&["list"], &root);
        let dry = json(&["expire", "-n", "--now", &soon], &root);
        assert_eq!(planned(&dry), [entry(&entries, "/short")["id"].as_str().unwrap()], "{name}");
        assert_eq!(json(&["expire", "--now", &soon], &root)["removed_entries"], 1, "{name}");
        let b = entry(&entries, "/b")["id"].as_str().unwrap();
        assert_eq!(json(&["rm", "-y", "--id", b], &root)["removed_entries"], 1, "{name}");
        assert_eq!(json(&["prune", "-y", "--key", "*/target"], &root)["removed_entries"], 2, "{name}");
        assert_eq!(json(&["prune", "-y", "--key", "*/missing"], &root)["removed_entries"], 1, "{name}");
    }
    let said = read(dir.path());
    for name in ["http_cache", "json", "log", "files"] {
        assert_eq!(said[name]["paths"], value!(["a", "form", "never"]), "{name}");
        assert_eq!((&said[name]["redirects"], &said[name]["bodies"]), (&0.into(), &true.into()), "{name}");
    }
    assert_eq!(said["files"]["index"], value!([3, said["files"]["bytes"]]), "{said}");
    for name in DATABASES.into_iter().chain(["files"]) {
        let root = dir.path().join(name);
        assert_eq!(json(&["clear", "-y", "--grace", "0s"], &root)["removed_entries"], 3, "{name}");
        if name != "files" {
            // Three tables and indexes of a page each, or a few.
            assert!(fs::metadata(&root).unwrap().len() <= 8 * 4096, "{name} gives its space back");
        }
    }
    let said = read(dir.path());
    for name in ["http_cache", "json", "log", "files"] {
        assert_eq!(said[name]["paths"], value!([]), "{name}");
    }
    assert_eq!(said["files"]["index"], value!([0, 0]));
}

#[test]
fn a_cache_is_a_file_or_the_only_one_of_a_directory() {
    let Some(dir) = made() else { return };
    let found = json(&["scan"], dir.path());
    let mut roots: Vec<(&str, u64)> = found["caches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row["kind"], "requests-cache");
            let name = row["root"].as_str().unwrap().rsplit('/').next().unwrap();
            (name, row["entries"].as_u64().unwrap())
        })
        .collect();
    roots.sort_unstable();
    assert_eq!(roots, [("files", 8), ("http_cache.sqlite", 8), ("json.sqlite", 8), ("log.sqlite", 8)]);
    let (code, _, err) = cache(&["list"], dir.path());
    assert!(code == 1 && err.contains("cannot tell which cache"), "{err}");
    for name in ["json.sqlite", "log.sqlite"] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    assert_eq!(paths(&lines(&["list"], dir.path())), ALL);
    json(&["clear", "-y", "--grace", "0s"], dir.path());
    assert_eq!(read(dir.path())["http_cache"]["paths"], value!([]));
    assert_eq!(fs::read(dir.path().join("notes.txt")).unwrap(), b"mine");
    // One in a directory of files is no file of that directory.
    fs::write(dir.path().join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55").unwrap();
    let files = lines(&["list"], dir.path());
    assert_eq!(files.iter().map(|entry| &entry["key"]).collect::<Vec<_>>(), ["notes.txt"]);
}

#[test]
fn a_program_that_stores_meanwhile_loses_nothing() {
    let Some(dir) = made() else { return };
    let root = dir.path().join("http_cache.sqlite");
    let mut store = owner("store", dir.path()).unwrap();
    let mut child = store.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ten\n");
    for _ in 0..5 {
        json(&["prune", "-y", "--key", "*/a"], &root);
        json(&["expire", "--now", &soon()], &root);
    }
    drop(child.stdin.take());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    let said: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(said["stored"], said["there"], "{said}");
    assert_eq!(cache(&["check", "--deep"], &root).0, 0);
}

#[test]
fn what_changed_since_the_plan_stays() {
    let Some(dir) = made() else { return };
    let root = dir.path().join("http_cache.sqlite");
    let entries = lines(&["list"], &root);
    let id = entry(&entries, "/a")["id"].as_str().unwrap().to_owned();
    let database = Connection::open(&root).unwrap();
    // While the lock is held nothing can be removed.
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, _, err) = cache(&["rm", "-y", "--lock-timeout", "60ms", "--id", &id], &root);
    assert!(code == 1 && err.contains("another process held it for 60 ms"), "{err}");
    assert_eq!(lines(&["list"], &root).len(), 8);
    database.execute_batch("COMMIT").unwrap();
    // What is damaged is found, and mended.
    let cut = "UPDATE responses SET value = substr(value, 1, 100) WHERE key = ?1";
    database.execute(cut, [&id]).unwrap();
    database.execute("INSERT INTO redirects VALUES ('x', 'y', NULL)", []).unwrap();
    drop(database);
    let (code, out, _) = cache(&["check"], &root);
    assert!(code == 3 && out.contains("corrupt-entry") && out.contains("lost-redirects"), "{out}");
    let (code, out, _) = cache(&["check", "--fix"], &root);
    assert!(code == 0 && out.contains("repaired"), "{out}");
    assert_eq!(lines(&["list"], &root).len(), 7);
    assert_eq!(read(dir.path())["http_cache"]["redirects"], 1);
}

#[test]
fn a_database_that_only_looks_alike_is_refused() {
    let dir = scratch();
    let table = "(key TEXT PRIMARY KEY, value BLOB, expires INTEGER);";
    let both = format!("CREATE TABLE responses {table} CREATE TABLE redirects {table}");
    let make = |name: &str, sql: &str| {
        let path = dir.path().join(name);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    };
    let none = [
        make(
            "other.sqlite",
            "CREATE TABLE responses (key TEXT PRIMARY KEY, answer TEXT); CREATE TABLE redirects (a)",
        ),
        make("names.sqlite", &format!("{both} INSERT INTO responses VALUES ('survey-1', x'00', NULL)")),
        make(
            "view.sqlite",
            &format!(
                "CREATE TABLE redirects {table} CREATE VIEW responses AS SELECT 1 AS key, 2 AS value, 3 AS expires"
            ),
        ),
        dir.path().join("text.sqlite"),
    ];
    fs::write(&none[3], "CREATE TABLE responses").unwrap();
    for path in &none {
        for command in [&["list"][..], &["clear", "-y"]] {
            assert_eq!(cache(command, path).0, 1, "{}", path.display());
        }
    }
    assert_eq!(json(&["scan"], dir.path())["caches"], value!([]));
    // One with a trigger of somebody's is only looked at.
    let hash = "0123456789abcdef";
    let trigger =
        "CREATE TABLE log (x); CREATE TRIGGER t AFTER DELETE ON responses BEGIN DELETE FROM log; END;";
    let path =
        make("t.sqlite", &format!("{both} {trigger} INSERT INTO responses VALUES ('{hash}', x'00', 1)"));
    assert_eq!(lines(&["list"], &path)[0]["key"], hash);
    let (code, _, err) = cache(&["clear", "-y", "--grace", "0s"], &path);
    assert!(code == 1 && err.contains("it has the trigger `t`"), "{err}");
    assert_eq!(lines(&["list"], &path).len(), 1);
}
