//! The caches that the tests are made with, against Python's own library.

use std::{fs, time::UNIX_EPOCH};

use super::support::{
    diskcache::{Cache, NOW, maker, names, python_check, run, script},
    scratch,
    tree::{differences, tree},
};

#[test]
fn committed_caches_hold_what_their_truth_says() {
    let now = humantime::parse_rfc3339(NOW).unwrap().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(Cache::new("keys").truth["now"], now.as_secs_f64());
    for name in names() {
        let cache = Cache::new(&name);
        assert!(cache.truth["about"].is_string(), "{name}");
        let Some(files) = cache.truth["files"].as_array() else { continue };
        for file in files {
            let path = cache.join(file.as_str().unwrap());
            assert!(fs::symlink_metadata(&path).is_ok(), "{name}: {}", path.display());
        }
    }
}

#[test]
fn python_reads_the_committed_caches() {
    let count = "import sys, diskcache\nprint(len(diskcache.Cache(sys.argv[1])))";
    for name in ["keys", "values", "tags", "community", "wal_left"] {
        let cache = Cache::new(name);
        let Some(mut python) = script(count) else { return };
        let said = run(python.arg(cache.path())).stdout;
        assert_eq!(String::from_utf8(said).unwrap().trim(), cache.truth["rows"].to_string(), "{name}");
    }
}

#[test]
fn python_says_the_same_again() {
    let cache = Cache::new("orphans");
    let before = tree(&cache.path());
    let Some(found) = python_check(&cache.path()) else { return };
    assert_eq!(found.len(), cache.truth["python"][0]["returned"].as_array().unwrap().len());
    // Python writes when it only looks; that is what these helpers must be able to see.
    assert_eq!(differences(&before, &tree(&cache.path())), ["cache.db"]);
    assert!(cache.base().join("cache").is_dir());
}

#[test]
fn large_and_busy_caches_can_be_made() {
    let dir = scratch();
    let (big, live) = (dir.path().join("big"), dir.path().join("live"));
    let Some(mut command) = maker() else { return };
    run(command.arg("big").arg(&big).args(["-n", "500", "--files"]));
    let values = tree(&big).keys().filter(|name| name.extension().is_some_and(|x| x == "val")).count();
    assert_eq!(values, 500);
    let Some(mut command) = maker() else { return };
    let said = run(command.arg("live").arg(&live).args(["--seconds", "0.2", "--writers", "2"])).stdout;
    let said = String::from_utf8(said).unwrap();
    let ends: Vec<serde_json::Value> =
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(ends.len(), 2, "{said}");
    for end in ends {
        assert_eq!(
            (&end["bad_values"], &end["lost_values"], &end["failed_sets"]),
            (&0.into(), &0.into(), &0.into())
        );
    }
}
