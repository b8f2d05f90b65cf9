//! `hotcold cache list` on caches made by the real library.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use super::support::{
    diskcache::{Cache, NOW, names},
    hotcold, scratch,
    tree::{differences, tree},
};

fn list(dir: &Path, more: &[&str]) -> (i32, String, String) {
    let output =
        hotcold().args(["cache", "list", "--now", NOW]).arg(dir).args(more).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

fn entries(dir: &Path, more: &[&str]) -> Vec<Value> {
    let (code, out, err) = list(dir, &[&["--json"], more].concat());
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn ids(dir: &Path, more: &[&str]) -> Vec<i64> {
    entries(dir, more).iter().map(|e| e["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// What Python shows differently on purpose: classes by their names instead of by their own `repr`.
fn is_shown_otherwise(python: &str, ours: &str) -> bool {
    python.contains(" object at 0x")
        || python.starts_with('<')
        || ours.contains("app.")
        || ours.contains("mod.func")
}

#[test]
fn every_entry_is_as_python_says() {
    let mut compared = 0;
    for name in names() {
        let cache = Cache::new(&name);
        let Some(truth) = cache.truth["entries"].as_array() else { continue };
        let found = entries(&cache.path(), &[]);
        let mut found: BTreeMap<String, &Value> =
            found.iter().map(|e| (e["id"].as_str().unwrap().to_owned(), e)).collect();
        let expired = cache.truth["expired"].as_array().unwrap();
        let never = cache.truth["never"].as_array().unwrap();
        for wanted in truth {
            let id = wanted["rowid"].to_string();
            let at = format!("{name} {id}");
            let entry = found.remove(&id).unwrap_or_else(|| panic!("{at} is missing"));
            let size = wanted["size"].as_u64().unwrap_or(0) + wanted["inline_bytes"].as_u64().unwrap_or(0);
            assert_eq!(entry["size_bytes"], size, "{at}");
            assert_eq!(entry["expired"], expired.contains(&wanted["rowid"]), "{at}");
            if never.contains(&wanted["rowid"]) {
                assert_eq!((&entry["expiry"], &entry["expires_at"]), (&"never".into(), &Value::Null), "{at}");
            }
            if let (Some(path), Some(text)) = (entry["path"].as_str(), wanted["filename"]["text"].as_str()) {
                assert_eq!(path, text, "{at}");
            }
            let (Some(python), Some(ours)) = (wanted["py_key"].as_str(), entry["key"].as_str()) else {
                continue;
            };
            match (entry["key_type"].as_str().unwrap(), wanted["key"]["text"].as_str()) {
                ("text", Some(text)) => assert_eq!(ours, text, "{at}"),
                ("json" | "text", _) => {}
                _ if is_shown_otherwise(python, ours) => {}
                _ => assert_eq!(ours, python, "{at}"),
            }
            compared += 1;
        }
        assert!(found.is_empty(), "{name} has too many entries: {:?}", found.keys());
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn a_row_has_what_a_person_wants_to_know() {
    let (code, out, err) = list(&Cache::new("policy_lru").path(), &["--limit", "2"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out, @r"
    id        size     age    used  expiry            tag           key
     1    39.1 KiB     16m     16m  expired 16m ago   -             0
     2         7 B     16m     16m  never             -             1
    ");
    let (_, out, _) =
        list(&Cache::new("recipes").path(), &["--key", "app.*", "--sort", "expires", "--limit", "4"]);
    insta::assert_snapshot!(out, @r"
    id        size     age  expiry            tag           key
    17         4 B     16m  expired 16m ago   -             app.stamp(21), being computed
    16        25 B     16m  expired 15m ago   -             app.stamp(21)
     1         1 B     16m  expired 14m ago   fib           app.fib(1)
     2         1 B     16m  expired 14m ago   fib           app.fib(0)
    ");
    let (_, out, _) = list(&Cache::new("tags").path(), &["--sort", "size", "--limit", "3", "--long"]);
    insta::assert_snapshot!(out, @r"
    id        size     age  expiry            tag           type     file                                       key
     2    32.2 KiB     16m  never             red           bytes    c4/ce/aae8da8a83ed089a34739a0d9e96.val     'k1'
    34    32.2 KiB     16m  never             b:red         bytes    4d/61/bda0af1e4927376807936cedd0f3.val     'k33'
    66    32.2 KiB     16m  never             i:1           bytes    b3/3d/4926be40bc9c82a845506cd97b48.val     'k65'
    ");
}

#[test]
fn a_line_of_json_has_every_field() {
    let all = entries(&Cache::new("policy_lfu").path(), &["--limit", "1"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&all[0]).unwrap(), @r#"
    {
      "accessed_at": null,
      "accessed_source": null,
      "created_at": "2025-06-15T14:50:00.060996Z",
      "expired": true,
      "expires_at": "2025-06-15T14:50:05.060996Z",
      "expiry": "at",
      "group": null,
      "hits": 0,
      "id": "1",
      "key": "0",
      "key_cut": false,
      "key_type": "integer",
      "note": null,
      "path": "2d/ef/7ab175ca259c0a9ac8a7d507bd48.val",
      "runs_code": false,
      "size_bytes": 40000,
      "state": "ok",
      "state_sure": true,
      "tags": [],
      "value_type": "bytes"
    }
    "#);
}

#[test]
fn filters_choose_as_python_would() {
    let tags = Cache::new("tags");
    let truth = tags.truth["entries"].as_array().unwrap();
    let with = |tag: &dyn Fn(&Value) -> bool| -> Vec<i64> {
        truth.iter().filter(|e| tag(&e["tag"])).map(|e| e["rowid"].as_i64().unwrap()).collect()
    };
    let none = with(&|tag| tag.is_null());
    assert!(!none.is_empty());
    assert_eq!(ids(&tags.path(), &["--tag", "none"]), none);
    assert_eq!(ids(&tags.path(), &["--tag", "red"]), with(&|tag| tag["text"] == "red"));
    assert_eq!(ids(&tags.path(), &["--tag", "1"]), with(&|tag| tag["text"] == "1"));
    assert_eq!(ids(&tags.path(), &["--tag", "i:1"]), with(&|tag| *tag == 1));
    assert_eq!(ids(&tags.path(), &["--tag", "b:red"]), with(&|tag| tag["blob"] == "726564"));
    let both = with(&|tag| tag["text"] == "red" || tag["text"] == "blue");
    assert_eq!(ids(&tags.path(), &["--tag", "red", "--tag", "blue"]), both);

    let expiry = Cache::new("expiry");
    let expired: Vec<i64> =
        expiry.truth["expired"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    assert_eq!(ids(&expiry.path(), &["--expired"]), expired);
    assert_eq!(ids(&expiry.path(), &["--expired", "--larger-than", "1GB"]), Vec::<i64>::new());
}

#[test]
fn orders_are_what_they_say() {
    let cache = Cache::new("tags");
    let sizes = |more: &[&str]| -> Vec<u64> {
        entries(&cache.path(), more).iter().map(|e| e["size_bytes"].as_u64().unwrap()).collect()
    };
    let all = sizes(&["--sort", "size"]);
    assert!(all.is_sorted_by(|a, b| a >= b) && all.len() == 96);
    assert_eq!(sizes(&["--sort", "size", "--limit", "5"]), all[..5]);
    assert_eq!(sizes(&["--limit", "0"]), Vec::<u64>::new());
    let keys = entries(&Cache::new("fanout").path(), &["--sort", "key"]);
    let texts: Vec<&str> =
        keys.iter().filter(|e| e["key_type"] == "text").map(|e| e["key"].as_str().unwrap()).collect();
    assert!(texts.is_sorted() && texts.len() > 20);
    let lru = Cache::new("policy_lru");
    let order: Vec<i64> =
        lru.truth["policy_order"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    assert_eq!(ids(&lru.path(), &["--sort", "used"]), order);
}

#[test]
fn what_the_owner_does_not_keep_cannot_be_asked_for() {
    let dir = Cache::new("policy_lrs");
    let hint = "\nhint: `--older-than` goes by when entries were stored\n";
    for (args, flag, hint) in
        [(["--unused-for", "1d"], "--unused-for", hint), (["--sort", "used"], "--sort", "")]
    {
        let (code, out, err) = list(&dir.path(), &args);
        assert_eq!((code, out.as_str()), (1, ""));
        assert_eq!(
            err,
            format!(
                "error: cannot use `{flag}`: the cache's eviction policy `least-recently-stored` does not record when entries are used\n{hint}"
            )
        );
    }
    let (code, _, err) = list(&dir.path(), &["--older-than", "soon"]);
    assert_eq!(code, 2);
    assert!(err.contains("not a duration such as 30d, 12h or 1h 30m"), "{err}");
}

#[test]
fn what_is_no_cache_is_said_in_a_line() {
    let dir = scratch();
    let path = dir.path().display();
    let file = dir.path().join("file");
    let cases = [
        (dir.path().to_owned(), format!("error: cannot read `{path}` as a cache: the directory is empty\n")),
        (dir.path().join("no"), format!("error: cannot read `{path}/no`: no such file or directory\n")),
    ];
    for (dir, text) in cases {
        assert_eq!(list(&dir, &[]), (1, String::new(), text));
    }
    std::fs::write(&file, "").unwrap();
    assert_eq!(
        list(&file, &[]),
        (1, String::new(), format!("error: cannot read `{path}/file`: not a directory\n"))
    );
    for (name, why) in [
        ("not_a_cache", "cache.db has no table `Settings`"),
        ("zero_byte", "cache.db is empty"),
        ("view_as_cache", "`Cache` of cache.db is a view of another make"),
        ("corrupt_header", "cache.db is not an SQLite database"),
    ] {
        let cache = Cache::new(name);
        let text = format!("error: cannot read `{}` as a cache: {why}\n", cache.path().display());
        assert_eq!(list(&cache.path(), &[]), (1, String::new(), text));
    }
}

#[test]
fn what_a_killed_writer_committed_is_seen_where_nothing_can_be_written() {
    for name in ["wal_left", "open_transaction"] {
        let cache = Cache::new(name);
        let _ = std::fs::remove_file(cache.join("cache.db-shm"));
        let rows = cache.truth["rows"].as_u64().unwrap();
        let before = tree(&cache.path());
        std::fs::set_permissions(cache.path(), PermissionsExt::from_mode(0o555)).unwrap();
        let found = entries(&cache.path(), &[]);
        std::fs::set_permissions(cache.path(), PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(found.len() as u64, rows, "{name}");
        let changed = differences(&before, &tree(&cache.path()));
        assert!(changed.iter().all(|name| name == "cache.db-shm"), "{name}: {changed:?}");
    }
}

#[test]
fn a_schema_with_additions_is_only_looked_at() {
    let cache = Cache::new("foreign_schema");
    let (code, out, err) = list(&cache.path(), &[]);
    assert_eq!((code, out.lines().count()), (0, 11));
    insta::assert_snapshot!(err, @r"
    warning: the table `Cache` has unknown columns: extra; it can only be looked at
    warning: cache.db has what DiskCache does not make: trigger evil, view Stats
    ");
}
