//! `hotcold cache stats` on caches made by the real library.

use std::path::Path;

use serde_json::Value;

use super::support::{
    diskcache::{Cache, NOW, names},
    hotcold,
};

fn stats(dir: &Path, more: &[&str]) -> String {
    let output =
        hotcold().args(["cache", "stats", "--now", NOW]).arg(dir).args(more).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace(&dir.display().to_string(), "DIR");
    // File systems differ in what a directory takes.
    text.lines().filter(|line| !line.starts_with("  on disk")).map(|line| format!("{line}\n")).collect()
}

fn document(dir: &Path, more: &[&str]) -> Value {
    serde_json::from_str(&stats(dir, &[&["--json"], more].concat())).expect("JSON")
}

#[test]
fn totals_are_those_of_the_rows() {
    for name in names() {
        let cache = Cache::new(&name);
        let Some(truth) = cache.truth["entries"].as_array() else { continue };
        let found = document(&cache.path(), &[]);
        assert_eq!(found["schema"], "hotcold.cache.stats/1");
        assert_eq!(found["entries"], truth.len(), "{name}");
        assert_eq!(found["expired_entries"], cache.truth["expired"].as_array().unwrap().len(), "{name}");
        // Infinity, text and bytes never come either, which Python keeps apart from NULL.
        let never = found["never_expire_entries"].as_u64().unwrap();
        let nulls = cache.truth["never"].as_array().unwrap().len() as u64;
        assert!(
            never == nulls || ["expiry", "wrong_types"].contains(&name.as_str()) && never > nulls,
            "{name}"
        );
        let sum = |field: &str| truth.iter().filter_map(|e| e[field].as_u64()).sum::<u64>();
        assert_eq!(found["size_bytes"], sum("size") + sum("inline_bytes"), "{name}");
        let in_bins = |what: &str| -> u64 {
            found[what].as_array().unwrap().iter().map(|bin| bin["entries"].as_u64().unwrap()).sum()
        };
        assert_eq!(in_bins("sizes"), truth.len() as u64, "{name}");
        for by in ["tag", "type", "group"] {
            let found = document(&cache.path(), &["--by", by]);
            let shares = found["by"].as_array().unwrap();
            let entries: u64 = shares.iter().map(|share| share["entries"].as_u64().unwrap()).sum();
            assert_eq!(entries, truth.len() as u64, "{name} by {by}");
        }
    }
}

#[test]
fn a_person_sees_what_fills_the_cache() {
    insta::assert_snapshot!(stats(&Cache::new("tags").path(), &[]), @r"
    DIR: DiskCache
      entries      96 entries, 48 expired (480 B), 48 never expire
      size         97.6 KiB: 930 B in the database, 96.7 KiB in value files
      limit        <0.1% of 1.0 GiB; when full, nothing goes (cull_limit=0)
      lookups      not counted; `cache.stats(enable=True)` in its program counts them
      stored       16m ago
      reclaimable  480 B in expired entries: hotcold cache expire DIR
      settings     cull_limit=0  disk_min_file_size=32768  disk_pickle_protocol=5
                   eviction_policy=least-recently-stored  size_limit=1073741824  statistics=0
                   tag_index=1

      age                    entries       bytes
      under 1 hour                96    97.6 KiB  ████████████████████████

      size                   entries       bytes
      under 64 B                  93       930 B  ████████████████████████
      under 1.0 KiB                0         0 B
      under 16.0 KiB               0         0 B
      under 256.0 KiB              3    96.7 KiB  ▊
    ");
    insta::assert_snapshot!(stats(&Cache::new("recipes").path(), &["--by", "group"]), @r"
    DIR: DiskCache
      entries      25 entries, 14 expired (48 B), 11 never expire
      size         288 B: 288 B in the database, 0 B in value files
      limit        <0.1% of 1.0 GiB; when full, the least recently stored go
      lookups      not counted; `cache.stats(enable=True)` in its program counts them
      stored       16m ago
      reclaimable  48 B in expired entries: hotcold cache expire DIR
      settings     cull_limit=10  disk_min_file_size=32768  disk_pickle_protocol=5
                   eviction_policy=least-recently-stored  size_limit=1073741824  statistics=0
                   tag_index=0

           entries       bytes   share       expired  group
                 3       132 B   45.8%             0  app.typed
                 2        29 B   10.1%             2  app.stamp
                 1        28 B    9.7%             0  diskcache.RLock
                 4        27 B    9.4%             1  (no group)
                 1        25 B    8.7%             0  diskcache.Averager
                 1        25 B    8.7%             0  diskcache.throttle
                11        15 B    5.2%            11  app.fib
                 1         6 B    2.1%             0  q
                 1         1 B    0.3%             0  app.ignoring
    ");
    let fanout = stats(&Cache::new("fanout").path(), &[]);
    let shards: Vec<&str> = fanout.lines().rev().take(4).collect();
    assert!(shards.iter().all(|line| line.split_whitespace().count() == 6), "{fanout}");
    assert!(
        fanout.contains("  inside       3 other caches: cache/sub/deep, deque/queue, index/idx\n"),
        "{fanout}"
    );
    let nested = document(&Cache::new("fanout").path(), &[])["nested"].clone();
    assert_eq!(nested, serde_json::json!(["cache/sub/deep", "deque/queue", "index/idx"]));
}

#[test]
fn hits_are_told_where_they_are_counted() {
    let counted = document(&Cache::new("statistics").path(), &[]);
    assert_eq!(
        (&counted["hits"], &counted["misses"], &counted["hit_ratio"]),
        (&10.into(), &15.into(), &0.4.into())
    );
    let not = document(&Cache::new("tags").path(), &[]);
    assert_eq!((&not["hits"], &not["hit_ratio"]), (&Value::Null, &Value::Null));
    assert!(stats(&Cache::new("statistics").path(), &[]).contains("10 hits, 15 misses, 40.0% hit"));
}

#[test]
fn kinds_are_recognised_by_content() {
    for (name, kind) in [
        ("tags", "diskcache"),
        ("fanout", "fanoutcache"),
        ("django", "djangocache"),
        ("deque_dir", "deque"),
        ("json_disk", "diskcache"),
    ] {
        assert_eq!(document(&Cache::new(name).path(), &[])["kind"], kind, "{name}");
    }
    let fanout = Cache::new("fanout");
    assert_eq!(document(&fanout.join("index/idx"), &[])["kind"], "index");
    assert_eq!(document(&fanout.join("deque/queue"), &[])["kind"], "deque");
}

#[test]
fn one_of_several_that_fails_does_not_stop_the_rest() {
    let (good, bad) = (Cache::new("tags"), Cache::new("not_a_cache"));
    let run = |dirs: &[&Path]| {
        let output = hotcold().args(["cache", "stats", "--json", "--now", NOW]).args(dirs).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap().lines().count())
    };
    assert_eq!(run(&[&good.path(), &bad.path()]), (Some(3), 1));
    assert_eq!(run(&[&bad.path(), &bad.path()]), (Some(1), 0));
    assert_eq!(run(&[&good.path(), &good.path()]), (Some(0), 2));
}
