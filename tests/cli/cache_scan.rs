//! `hotcold cache scan`: what is a cache is found, and nothing else.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use serde_json::Value;

use super::{
    cache_stores::{cache, json},
    support::{
        diskcache::{Cache, run},
        hotcold, scratch,
        tree::{differences, tree},
    },
};

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Look-alikes: each is somebody's data.
fn look_alikes(dir: &Path) {
    let w = |name: &str, text: &[u8]| write(&dir.join(name), text);
    w("mlruns/0/0123456789abcdef0123456789abcdef/meta.yaml", b"run");
    w("repo/.git/objects/ab/cdef", b"object");
    w("repo/.git/HEAD", b"ref: refs/heads/main");
    w(&format!("gitea/ab/cd/abcd{}", "e".repeat(60)), b"lfs");
    w("app/.streamlit/secrets.toml", b"password");
    w(&format!("memo/{}-{}.memo", "a".repeat(32), "b".repeat(32)), b"just some text memo");
    w("memo/notes.memo", b"todo");
    w("dumps/model.pkl", b"\x80\x04K\x01.");
    w("saved/dataset_info.json", b"{}");
    w("saved/state.json", b"{}");
    w("saved/data-00000-of-00001.arrow", b"ARROW1");
    w(&format!("docker/blobs/sha256/{}", "a".repeat(64)), b"layer");
    w(&format!("hashes/{}", "b".repeat(64)), b"content");
    w("photos/2024/IMG_1.jpg", b"jpeg");
    symlink("/etc", dir.join("photos/link")).unwrap();
    w("model/config.json", b"{}");
    w("model/.cache/huggingface/download/config.json.metadata", b"x");
    w("cargo/credentials.toml", b"token");
    w("cargo/registry/cache/x.crate", b"crate");
    w("cargo/registry/src/x/lib.rs", b"source");
    w("cargo/registry/index/x", b"index");
    let tag = b"Signature: 8a477f597d28d172789f06886806bc55\n# created by cargo.\n";
    w("cargo/registry/CACHEDIR.TAG", tag);
    w("bare.git/HEAD", b"ref: refs/heads/main");
    w(&format!("bare.git/lfs/objects/ab/cd/abcd{}", "f".repeat(60)), b"the only copy");
    w("tag/CACHEDIR.TAG", b"not the signature");
    w("models--not/readme", b"no snapshots");
    w("joblib/notes.txt", b"mine");
}

#[test]
fn look_alikes_are_not_listed() {
    let dir = scratch();
    look_alikes(dir.path());
    let before = tree(dir.path());
    assert_eq!(json(&["scan"], dir.path())["caches"], Value::Array(Vec::new()));
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        for command in [&["list"][..], &["clear", "-y", "--grace", "0s"]] {
            assert_eq!(cache(command, &path).0, 1, "{}", path.display());
        }
    }
    assert_eq!(differences(&before, &tree(dir.path())), [""; 0]);
}

/// Caches of several kinds beside look-alikes.
fn many() -> tempfile::TempDir {
    let dir = scratch();
    look_alikes(dir.path());
    let copy = |name: &str, to: &str| {
        run(Command::new("cp").arg("-a").arg(Cache::new(name).path()).arg(dir.path().join(to)));
    };
    fs::create_dir(dir.path().join("deep")).unwrap();
    copy("tags", "deep/tags");
    copy("fanout", "fanout");
    write(&dir.path().join("target/CACHEDIR.TAG"), b"Signature: 8a477f597d28d172789f06886806bc55");
    write(&dir.path().join("target/debug/big"), &[b'x'; 100_000]);
    copy("expiry", "target/inner");
    dir
}

#[test]
fn caches_are_found_wherever_they_are() {
    let dir = many();
    let before = tree(dir.path());
    let found = json(&["scan", "--now", "2025-06-15T15:06:40Z"], dir.path());
    let rows: Vec<(String, &str)> = found["caches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let root = Path::new(row["root"].as_str().unwrap()).strip_prefix(dir.path()).unwrap();
            (root.display().to_string(), row["kind"].as_str().unwrap())
        })
        .collect();
    let mut names = rows.clone();
    names.sort();
    let row = |root: &str, kind: &'static str| (root.to_owned(), kind);
    assert_eq!(
        names,
        [
            row("deep/tags", "diskcache"),
            row("fanout", "fanoutcache"),
            row("target", "files"),
            row("target/inner", "diskcache")
        ]
    );
    let of = |root: &str| {
        found["caches"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["root"].as_str().unwrap().ends_with(root))
            .unwrap()
    };
    assert_eq!((&of("/tags")["entries"], &of("/tags")["expired_entries"]), (&96.into(), &48.into()));
    assert_eq!((&of("/target")["entries"], &of("/target")["expired_entries"]), (&1.into(), &Value::Null));
    assert_eq!(of("/target")["evidence"], "tagged by CACHEDIR.TAG");
    let freeable: Vec<u64> = found["caches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["expired_bytes"].as_u64().unwrap_or(0))
        .collect();
    assert!(freeable.is_sorted_by(|a, b| a >= b), "{freeable:?}");
    let changed = differences(&before, &tree(dir.path()));
    assert!(changed.iter().all(|name| name.ends_with("-shm") || name.ends_with("-wal")), "{changed:?}");
    let (code, out, err) = cache(&["scan", "--long"], dir.path());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("tagged by CACHEDIR.TAG") && out.ends_with(" of no more use\n"), "{out}");
}

#[test]
fn without_a_directory_the_known_places_are_searched() {
    let dir = scratch();
    let (home, project) = (dir.path().join("home"), dir.path().join("project"));
    write(&home.join(".cache/tool/file"), b"x");
    write(&home.join("documents/CACHEDIR.TAG"), b"Signature: 8a477f597d28d172789f06886806bc55");
    write(&project.join("target/CACHEDIR.TAG"), b"Signature: 8a477f597d28d172789f06886806bc55");
    write(&project.join("target/x"), b"x");
    let output = hotcold()
        .args(["cache", "scan", "--json"])
        .env("HOME", &home)
        .current_dir(&project)
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut roots: Vec<&str> =
        found["caches"].as_array().unwrap().iter().map(|row| row["root"].as_str().unwrap()).collect();
    roots.sort_unstable();
    let tool = home.join(".cache/tool");
    assert_eq!(roots, ["./target", tool.to_str().unwrap()]);
}

#[test]
fn loops_and_what_cannot_be_read_do_not_stop_it() {
    let dir = many();
    symlink(dir.path(), dir.path().join("deep/loop")).unwrap();
    let found = json(&["scan"], dir.path())["caches"].as_array().unwrap().len();
    assert_eq!(found, 4);
    // Through a link that was typed.
    symlink(dir.path(), dir.path().join("self")).unwrap();
    assert_eq!(json(&["scan"], &dir.path().join("self"))["caches"].as_array().unwrap().len(), 4);
    assert_eq!(cache(&["scan"], &dir.path().join("none")).0, 1);
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_err() {
        let (code, _, err) = cache(&["scan"], dir.path());
        assert!(code == 3 && err.contains("closed`: permission denied"), "{err}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}
