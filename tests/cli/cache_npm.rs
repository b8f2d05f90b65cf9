//! The cache commands on npm's cache, with npm judging and installing from what is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json as value;

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        library::run,
        require::require,
        scratch,
        tree::{differences, tree},
    },
};

/// npm with a cache of its own, in which two keys share the one content.
fn made() -> Option<tempfile::TempDir> {
    if !require("npm") {
        return None;
    }
    let dir = scratch();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("demo/package.json", r#"{"name": "demo", "version": "1.0.0"}"#);
    write("demo/index.js", "module.exports = 1\n");
    write("app/package.json", r#"{"name": "app", "version": "1.0.0"}"#);
    npm(dir.path(), "", &["pack", "./demo"]);
    install(dir.path());
    Some(dir)
}

fn npm(dir: &Path, at: &str, args: &[&str]) -> Output {
    let mut command = Command::new("npm");
    command.args(args).args(["--offline", "--no-audit", "--no-fund", "--no-update-notifier"]);
    command.env("npm_config_cache", dir.join("npm")).env("HOME", dir).current_dir(dir.join(at));
    run(&mut command)
}

fn install(dir: &Path) {
    npm(dir, "app", &["install", "../demo-1.0.0.tgz"]);
    assert!(dir.join("app/node_modules/demo/index.js").exists());
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn keys_go_with_the_content_that_nobody_else_needs() {
    let Some(dir) = made() else { return };
    let root = dir.path().join("npm");
    let before = tree(&root);
    let entries = lines(&["list"], &root);
    assert_eq!(entries.len(), 2, "{entries:#?}");
    assert!(entries.iter().any(|entry| entry["key"] == "pacote:tarball:file:../demo-1.0.0.tgz"));
    assert_eq!(json(&["stats"], &root)["kind"], "npm");
    assert_eq!(cache(&["check", "--deep", "--grace", "0s"], &root).0, 0);
    assert_eq!(differences(&before, &tree(&root)), [""; 0]);
    let content = files_below(&root.join("_cacache/content-v2"));
    assert_eq!(content.len(), 1);
    let length = fs::metadata(&content[0]).unwrap().len();
    // Of one of two keys nothing but its line goes.
    let one = ["rm", "-y", "--grace", "0s", "--id", entries[0]["id"].as_str().unwrap()];
    let done = json(&one, &root);
    assert!(done["removed_entries"] == 1 && done["freed_bytes"].as_u64().unwrap() < length + 300, "{done}");
    assert!(content[0].exists());
    let verified = npm(dir.path(), "", &["cache", "verify"]);
    let text = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(text.contains("Content verified: 1") && text.contains("Index entries: 1"), "{text}");
    assert_eq!(json(&["clear", "-y", "--grace", "0s"], &root)["removed_entries"], 1);
    assert!(!content[0].exists());
    npm(dir.path(), "", &["cache", "verify"]);
    install(dir.path());
}

#[test]
fn content_is_checked_by_its_hash_and_what_nothing_leads_to_goes() {
    let Some(dir) = made() else { return };
    let root = dir.path().join("npm/_cacache");
    let content = files_below(&root.join("content-v2")).pop().unwrap();
    let whole = fs::read(&content).unwrap();
    let mut other = whole.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&content, &other).unwrap();
    assert_eq!(cache(&["check", "--grace", "0s"], &root).0, 0);
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s"], &root);
    assert!(code == 3 && out.contains("wrong-content"), "{out}");
    fs::write(&content, &whole[..10]).unwrap();
    let (code, out, _) = cache(&["check", "--grace", "0s"], &root);
    assert!(code == 3 && out.contains("not as long as the index says"), "{out}");
    let (code, out, _) = cache(&["check", "--fix", "--grace", "0s"], &root);
    assert_eq!(code, 0, "{out}");
    install(dir.path());
    // A second content, to which no key leads.
    let orphan = root.join("content-v2/sha1/aa/bb").join("c".repeat(36));
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    let dry = json(&["expire", "-n", "--grace", "0s"], &root);
    assert_eq!(planned(&dry), [format!("content-v2/sha1/aa/bb/{}", "c".repeat(36))]);
    assert_eq!(json(&["expire", "--grace", "0s"], &root)["removed_entries"], 1);
    assert!(!orphan.exists());
    // A key whose content is gone.
    fs::remove_file(&content).unwrap();
    let states = lines(&["list"], &root).iter().map(|entry| entry["state"].clone()).collect::<Vec<_>>();
    assert!(!states.is_empty() && states.iter().all(|state| *state == value!("stale")), "{states:?}");
    npm(dir.path(), "", &["cache", "verify"]);
    install(dir.path());
}
