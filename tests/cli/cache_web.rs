//! The cache commands on the caches of web frameworks, against what their owners find in them afterwards.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json as value};

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        hotcold, scratch,
        stores::{program, said},
        tree::{differences, tree},
    },
};

/// Caches as their owners make them; `short` has half a minute to live.
fn made() -> Option<tempfile::TempDir> {
    let dir = scratch();
    said(program("web", "web.py")?.arg("make").arg(dir.path()));
    Some(dir)
}

fn read(dir: &Path) -> Value {
    said(program("web", "web.py").unwrap().arg("read").arg(dir))
}

/// A moment a minute ahead, when `short` has expired.
fn soon() -> String {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60).to_string()
}

#[test]
fn django_finds_what_has_not_expired() {
    let Some(dir) = made() else { return };
    let root = dir.path().join("django");
    let (soon, before) = (soon(), tree(&root));
    let entries = lines(&["list", "--sort", "expires", "--now", &soon], &root);
    let expiry: Vec<&Value> = entries.iter().map(|entry| &entry["expiry"]).collect();
    assert_eq!(
        (expiry, &entries[0]["expired"]),
        (vec![&value!("at"), &value!("at"), &value!("never")], &true.into())
    );
    let id = entries[1]["id"].as_str().unwrap();
    let shown = hotcold().args(["cache", "show"]).arg(&root).args(["--id", id]).output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("{'key': 'a', 'text': 'xxx"));
    assert_eq!(differences(&before, &tree(&root)), [""; 0]);
    let dry = json(&["expire", "-n", "--now", &soon], &root);
    assert_eq!(planned(&dry), [entries[0]["id"].as_str().unwrap()]);
    assert_eq!(json(&["expire", "--now", &soon], &root)["removed_entries"], 1);
    assert_eq!(read(dir.path())["django"], value!(["a", "forever"]));
    let file = root.join(id);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 10]).unwrap();
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s", "--fix"], &root);
    assert!(code == 0 && out.contains("repaired  wrong-content"), "{out}");
    assert_eq!(read(dir.path())["django"], value!(["forever"]));
    assert_eq!(json(&["clear", "-y"], &root)["removed_entries"], 1);
}

#[test]
fn cachelib_counts_what_is_left() {
    let Some(dir) = made() else { return };
    let soon = soon();
    for name in ["cachelib", "flask"] {
        let root = dir.path().join(name);
        assert_eq!(lines(&["list"], &root).len(), 3, "{name}: the count is no entry");
        assert_eq!(json(&["expire", "--now", &soon], &root)["removed_entries"], 1);
    }
    let said = read(dir.path());
    assert_eq!((&said["cachelib"], &said["flask"]), (&value!(["a", "forever"]), &value!(["a", "forever"])));
    assert_eq!(said["count"], 2);
    assert_eq!(json(&["clear", "-y"], &dir.path().join("cachelib"))["removed_entries"], 2);
    assert_eq!(read(dir.path())["count"], 0);
}

#[test]
fn a_directory_of_hashes_is_no_cache() {
    let dir = scratch();
    for i in 0..3 {
        fs::write(dir.path().join(format!("{i:064x}")), "content").unwrap();
    }
    assert_eq!(cache(&["list"], dir.path()).0, 1);
}
