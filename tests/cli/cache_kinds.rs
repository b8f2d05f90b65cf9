//! Kinds of cache that are recognised: older versions of the library, its forks, Django's, the recipes' entries, and what only looks so.

use std::{fs, path::Path};

use rusqlite::Connection;
use serde_json::Value;

use super::support::{
    diskcache::{Cache, NOW, python_check, run, script},
    hotcold, scratch,
};

fn cache(words: &[&str], dir: &Path) -> (i32, String, String) {
    let output = hotcold().args(["cache", "--now", NOW]).args(words).arg(dir).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

fn rows(dir: &Path) -> Vec<Value> {
    let (code, out, err) = cache(&["list", "--json"], dir);
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the library's `len` says, and its `check` finds.
fn python_finds(dir: &Path) -> Option<(usize, Vec<String>)> {
    let mut python = script("import sys, diskcache; print(len(diskcache.Cache(sys.argv[1])))")?;
    let said = run(python.arg(dir)).stdout;
    let len = String::from_utf8(said).expect("UTF-8").trim().parse().expect("a number");
    Some((len, python_check(dir)?))
}

#[test]
fn caches_of_other_versions_and_forks_are_at_home_here() {
    for name in ["version_2", "version_3", "version_4", "community", "weave", "mapped"] {
        let fixture = Cache::new(name);
        let dir = fixture.path();
        let expired = fixture.truth["expired"].as_array().expect("it is there").len();
        let all = rows(&dir).len();
        assert_eq!(
            cache(&["check", "--deep"], &dir),
            (0, format!("{}: no problems\n", dir.display()), String::new())
        );
        let (code, out, err) = cache(&["expire"], &dir);
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        assert!(out.starts_with(&format!("Removed {expired} entries, freed ")), "{name}: {out}");
        assert_eq!(rows(&dir).len(), all - expired, "{name}");
        let Some(found) = python_finds(&dir) else { return };
        assert_eq!(found, (all - expired, Vec::new()), "{name}");
        assert_eq!(cache(&["clear", "-y"], &dir).0, 0, "{name}");
        assert_eq!(python_finds(&dir), Some((0, Vec::new())), "{name}");
    }
    let keys: Vec<Value> = rows(&Cache::new("weave").path()).iter().map(|row| row["key"].clone()).collect();
    assert_eq!((&keys[0], &keys[12]), (&"\"k0\"".into(), &"[\"app.fetch\", 1, null]".into()));
    let old = rows(&Cache::new("version_2").path());
    assert_eq!((&old[12]["key"], &old[12]["group"]), (&"app.fetch(1)".into(), &"app.fetch".into()));
}

#[test]
fn an_unknown_schema_is_only_looked_at() {
    let fixture = Cache::new("version_4");
    let connection = Connection::open(fixture.join("cache.db")).expect("it is there");
    connection.execute_batch("ALTER TABLE Cache ADD COLUMN owner TEXT").expect("it is a table");
    drop(connection);
    let dir = fixture.path();
    let warning = "warning: the table `Cache` has unknown columns: owner; it can only be looked at\n";
    for words in [&["stats"][..], &["list"], &["check"], &["watch", "--count", "1"], &["expire", "-n"]] {
        let (code, _, err) = cache(words, &dir);
        assert_eq!((code, err.as_str()), (0, warning), "{words:?}");
    }
    let before = fs::read(fixture.join("cache.db")).expect("it is there");
    let changes: [&[&str]; 5] = [
        &["expire"],
        &["clear", "-y"],
        &["prune", "-y", "--tag", "t1"],
        &["rm", "-y", "--id", "1"],
        &["check", "--fix"],
    ];
    for words in changes {
        let (code, out, err) = cache(words, &dir);
        let text = format!(
            "error: cannot change `{}`: the table `Cache` has unknown columns: owner\n",
            dir.display()
        );
        assert_eq!((code, out.as_str(), err), (1, "", text), "{words:?}");
    }
    assert!(before == fs::read(fixture.join("cache.db")).expect("it is there"));
}

#[test]
fn a_cache_of_diskcache_rs_is_called_by_its_name() {
    let dir = scratch();
    for place in ["plain", "shards/shard_000"] {
        let place = dir.path().join(place);
        fs::create_dir_all(&place).expect("it can be made");
        let connection = Connection::open(place.join("index.sqlite3")).expect("it can be made");
        let sql = "CREATE TABLE cache_index (key TEXT PRIMARY KEY, value BLOB NOT NULL, generation INTEGER NOT NULL)";
        connection.execute_batch(sql).expect("it is SQL");
    }
    for name in ["plain", "shards"] {
        let dir = dir.path().join(name);
        let why = "it is one of diskcache-rs, which keeps another format";
        let text = format!("error: cannot read `{}` as a cache: {why}\n", dir.display());
        assert_eq!(cache(&["stats"], &dir), (1, String::new(), text));
    }
}

/// Keys such as `user:42:profile` are no reason to see Django everywhere.
#[test]
fn a_fanout_cache_is_djangos_only_with_its_keys() {
    let make = "import sys, diskcache
for name, keys in dict(
        users=['user:%d:profile' % i for i in range(40)], unnamed=[':1:a', ':2:b'], one=['user:1:profile'],
        named=['site:1:page%d' % i for i in range(40)], mixed=[':1:a', 5], empty=[]).items():
    c = diskcache.FanoutCache(sys.argv[1] + '/' + name, shards=2)
    for key in keys: c.set(key, 1, retry=True)
    c.close()";
    let dir = scratch();
    let Some(mut python) = script(make) else { return };
    run(python.arg(dir.path()));
    let kind = |name: &str| {
        let (code, out, err) = cache(&["stats", "--json"], &dir.path().join(name));
        assert_eq!((code, err.as_str()), (0, ""));
        serde_json::from_str::<Value>(&out).expect("JSON")["kind"].as_str().expect("text").to_owned()
    };
    for name in ["users", "one", "mixed", "empty"] {
        assert_eq!(kind(name), "fanoutcache", "{name}");
    }
    for name in ["unnamed", "named"] {
        assert_eq!(kind(name), "djangocache", "{name}");
    }
}

#[test]
fn what_recipes_keep_is_told_in_words() {
    let make = "import os, sys, diskcache, threading
c = diskcache.Cache(sys.argv[1])
held, free = diskcache.RLock(c, 'held'), diskcache.RLock(c, 'free')
held.acquire(); held.acquire(); free.acquire(); free.release()
latency = diskcache.Averager(c, 'latency')
latency.add(0.1); latency.add(0.25)
diskcache.throttle(c, 5, 1, name='calls')(len)
diskcache.Lock(c, 'lock').acquire()
diskcache.BoundedSemaphore(c, 'semaphore').acquire()
c['pair'] = (1.5, 2.5); c['other'] = ('a-b', 1); c['ints'] = (1, 2); c[7] = (0.5, 1)
print(os.getpid(), threading.get_ident())";
    let dir = scratch();
    let Some(mut python) = script(make) else { return };
    let said = String::from_utf8(run(python.arg(dir.path())).stdout).expect("UTF-8");
    let (process, thread) = said.trim().split_once(' ').expect("two numbers");
    let by = format!("by process {process}, thread {thread}");
    let rows = rows(dir.path());
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).expect("it is listed");
    for (key, group, note) in [
        ("held", "diskcache.RLock", format!("held 2 times {by}")),
        ("free", "diskcache.RLock", format!("free, last held {by}")),
        ("latency", "diskcache.Averager", "average 0.175 of 2 values".to_owned()),
        ("calls", "diskcache.throttle", "5 calls left at the last one".to_owned()),
    ] {
        assert_eq!((&row(key)["group"], &row(key)["note"]), (&group.into(), &note.clone().into()), "{key}");
        let (_, shown, _) = cache(&["show", "--id", row(key)["id"].as_str().expect("text")], dir.path());
        assert!(shown.contains(&format!("recipe     {note}\n")), "{shown}");
    }
    for key in ["lock", "semaphore", "pair", "other", "ints", "7"] {
        assert_eq!((&row(key)["group"], &row(key)["note"]), (&Value::Null, &Value::Null), "{key}");
    }
    let (_, long, _) = cache(&["list", "--long", "--group", "diskcache.*"], dir.path());
    assert_eq!(long.lines().count(), 5, "{long}");
    assert!(long.contains("'latency'  average 0.175 of 2 values\n"), "{long}");
    let (_, out, _) = cache(&["stats", "--by", "group", "--json"], dir.path());
    let stats: Value = serde_json::from_str(&out).expect("JSON");
    let of = |name: &str| {
        stats["by"]
            .as_array()
            .expect("rows")
            .iter()
            .find(|row| row["name"] == name)
            .map(|row| row["entries"].clone())
    };
    assert_eq!((of("diskcache.RLock"), of("diskcache.throttle")), (Some(2.into()), Some(1.into())));
}

/// Keys that begin so are found by the index; that must not leave out any that are shown so.
#[test]
fn patterns_find_the_same_with_and_without_the_index() {
    let make = "import sys, diskcache
c = diskcache.Cache(sys.argv[1])
with c.transact():
    for i in range(400): c['user:%03d' % i] = i
    for i in range(5): c['1%d' % i] = c[10 + i] = c[(b'user', i)] = c[b'user:%d' % i] = c['us\u{e9}r:%d' % i] = i
    c['user;'] = c['user9'] = c['user'] = c[''] = 1";
    let dir = scratch();
    let Some(mut python) = script(make) else { return };
    run(python.arg(dir.path()));
    let found = |patterns: &[&str]| {
        let words = patterns.iter().flat_map(|pattern| ["--key", *pattern]);
        let (code, out, err) =
            cache(&["list", "--json"].into_iter().chain(words).collect::<Vec<_>>(), dir.path());
        assert_eq!((code, err.as_str()), (0, ""));
        out
    };
    let cases: [(&[&str], usize); 8] = [
        (&["user:00*"], 10),
        (&["user:1?[0-4]"], 50),
        (&["1*"], 10),
        (&["b'user:*"], 5),
        (&["(b'user', *"], 5),
        (&["us\u{e9}r:*", "user:000"], 6),
        (&["user"], 1),
        (&["user*"], 403),
    ];
    for (patterns, wanted) in cases {
        let out = found(patterns);
        assert_eq!(out.lines().count(), wanted, "{patterns:?}");
        // A pattern that begins with anything cannot use the index.
        let starred: Vec<String> = patterns.iter().map(|pattern| format!("*{pattern}")).collect();
        let starred: Vec<&str> = starred.iter().map(String::as_str).collect();
        let more = found(&starred);
        assert!(out.lines().all(|line| more.contains(line)), "{patterns:?}");
        let ids = |text: &str| -> Vec<i64> {
            let id = |line: &str| serde_json::from_str::<Value>(line).ok()?["id"].as_str()?.parse().ok();
            text.lines().filter_map(id).collect()
        };
        assert!(ids(&out).is_sorted(), "{patterns:?}: in the stored order");
    }
}
