//! The cache commands on what pip and CacheControl keep.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    cache_stores::{cache, json, lines},
    support::{
        scratch,
        stores::{program, said},
    },
};

fn ask(dir: &Path, how: &str) -> Option<Value> {
    Some(said(program("cachecontrol", "cachecontrol.py")?.arg(dir).arg(how)))
}

#[test]
fn responses_go_with_their_bodies_and_are_asked_for_again() {
    for (how, files) in [("old", 1), ("new", 2)] {
        let top = scratch();
        let dir = top.path().join("cache");
        let Some(first) = ask(&dir, how) else { return };
        assert_eq!(first["asked"], 3, "{how}");
        assert_eq!(ask(&dir, how).unwrap()["asked"], 0);
        let entries = lines(&["list"], &dir);
        assert_eq!(entries.len(), 3);
        assert!(entries.iter().all(|entry| entry["size_bytes"].as_u64() > Some(6000)));
        assert_eq!(cache(&["check"], &dir).0, 0);
        let id = entries[0]["id"].as_str().unwrap();
        let header = dir.join(id);
        let beside = fs::read_dir(header.parent().unwrap()).unwrap().count();
        assert!(beside >= files, "{beside}");
        assert_eq!(json(&["rm", "-y", "--id", id], &dir)["removed_entries"], 1);
        let again = ask(&dir, how).unwrap();
        assert_eq!((&again["asked"], &again["sizes"]), (&1.into(), &first["sizes"]));
        assert_eq!(json(&["clear", "-y"], &dir)["removed_entries"], 3);
        assert_eq!(ask(&dir, how).unwrap()["asked"], 3);
    }
}

/// pip itself downloads, and downloads again what is gone.
#[test]
fn wheels_are_named_and_pip_goes_on() {
    let top = scratch();
    let dir = top.path().join("pip");
    let pip = || Some(said(program("cachecontrol", "pip_index.py")?.arg(&dir))["asked"].as_u64());
    let Some(asked) = pip() else { return };
    assert_eq!((asked, pip().unwrap()), (Some(1), Some(0)));
    let entries = lines(&["list"], &dir);
    let wheel = entries.iter().find(|entry| entry["note"] == "demo_thing-1.2.0 (wheel)");
    let wheel = wheel.unwrap_or_else(|| panic!("{entries:#?}"));
    assert_eq!(wheel["key"], wheel["note"]);
    assert_eq!(json(&["stats"], &dir)["kind"], "pip");
    assert_eq!(json(&["rm", "-y", "--id", wheel["id"].as_str().unwrap()], &dir)["removed_entries"], 1);
    assert_eq!((pip().unwrap(), pip().unwrap()), (Some(1), Some(0)));
    // A wheel as pip leaves it after building one.
    let built = dir.join("wheels/aa/bb/cc").join("d".repeat(56));
    fs::create_dir_all(&built).unwrap();
    fs::write(built.join("docopt-0.6.2-py2.py3-none-any.whl"), "zip").unwrap();
    fs::write(built.join("origin.json"), "{}").unwrap();
    let built = lines(&["list", "--group", "wheels"], &dir);
    assert_eq!((built.len(), &built[0]["note"]), (1, &"docopt-0.6.2-py2.py3-none-any.whl".into()));
    json(&["clear", "-y"], &dir);
    assert!(!dir.join("wheels/aa").exists());
    assert_eq!(pip().unwrap(), Some(1));
}
