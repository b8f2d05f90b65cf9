//! The cache commands on a cache of the Hugging Face Hub, against what the library says about it.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        command,
        library::run,
        process::wait_until,
        scratch,
        stores::{program, said},
        tree::{differences, tree},
    },
};

/// A home of the library with a cache, and what the library said about it.
struct Home {
    dir: tempfile::TempDir,
    truth: Value,
}

impl Home {
    fn new() -> Option<Self> {
        let dir = scratch();
        let truth = said(program("hub", "hub.py")?.arg("make").arg(dir.path()));
        Some(Self { dir, truth })
    }

    fn hub(&self) -> PathBuf {
        self.dir.path().join("hub")
    }

    fn commit(&self, name: &str) -> &str {
        self.truth["commits"][name].as_str().unwrap()
    }

    fn scan(&self) -> Value {
        scan(&self.hub())
    }

    fn get(&self, repo: &str, file: &str, more: &[&str]) -> Value {
        said(program("hub", "hub.py").unwrap().arg("get").arg(self.hub()).args([repo, file]).args(more))
    }
}

fn scan(hub: &Path) -> Value {
    said(program("hub", "hub.py").unwrap().arg("scan").arg(hub))
}

fn of_state<'a>(entries: &'a [Value], state: &str) -> Vec<&'a str> {
    let found = entries.iter().filter(|entry| entry["state"] == state);
    found.map(|entry| entry["key"].as_str().unwrap()).collect()
}

#[test]
fn revisions_are_what_the_library_says() {
    let Some(home) = Home::new() else { return };
    let before = tree(home.dir.path());
    let entries = lines(&["list"], home.dir.path());
    let revisions = home.truth["revisions"].as_object().unwrap();
    assert_eq!(entries.len(), revisions.len() + 1, "and a download");
    for entry in entries.iter().filter(|entry| entry["state"] != "partial") {
        let (_, commit) = entry["key"].as_str().unwrap().split_once('@').unwrap();
        assert_eq!(
            (&entry["tags"], &entry["size_bytes"]),
            (&revisions[commit]["refs"], &revisions[commit]["size"])
        );
    }
    assert_eq!(of_state(&entries, "pinned"), [format!("acme/pinned@{}", home.commit("p0"))]);
    assert_eq!(of_state(&entries, "stale"), [format!("acme/tiny@{}", home.commit("t0"))]);
    let stats = json(&["stats", "--by", "group"], &home.hub());
    let partial =
        entries.iter().find(|entry| entry["state"] == "partial").unwrap()["size_bytes"].as_u64().unwrap();
    assert_eq!(stats["size_bytes"].as_u64().unwrap() - partial, home.truth["size"].as_u64().unwrap());
    assert_eq!(stats["by"][0]["name"], "models/acme/tiny");
    assert_eq!(cache(&["check", "--deep"], &home.hub()).0, 0);
    assert_eq!(differences(&before, &tree(home.dir.path())), [""; 0]);
}

#[test]
fn left_over_revisions_go_and_pinned_ones_stay() {
    let Some(home) = Home::new() else { return };
    let (hub, old) = (home.hub(), home.commit("t0"));
    let args = ["expire", "--include", "unsure", "--grace", "0s"];
    assert_eq!(json(&["expire", "--grace", "0s"], &hub)["removed_entries"], 0, "sure is nothing");
    let dry = json(&[&args[..], &["-n"]].concat(), &hub);
    assert_eq!(planned(&dry), [format!("models--acme--tiny/snapshots/{old}")]);
    let wet = json(&args, &hub);
    // Its weights are those of the tag.
    assert_eq!((&wet["planned_bytes"], &wet["freed_bytes"]), (&7.into(), &7.into()));
    let scan = home.scan();
    assert_eq!(
        (&scan["warnings"], &scan["detached"]),
        (&Value::Array(Vec::new()), &serde_json::json!([home.commit("p0")]))
    );
    assert_eq!(scan["size"].as_u64().unwrap() + 7, home.truth["size"].as_u64().unwrap());
    assert_eq!(home.get("acme/tiny", "model.safetensors", &[])["size"], 700_000);
    assert_eq!(home.get("acme/tiny", "model.safetensors", &["v1"])["size"], 700_000);
    assert_eq!(home.get("acme/pinned", "weights.bin", &[home.commit("p0")])["size"], 300_000);
    assert_eq!(home.get("acme/tiny", "config.json", &[old])["error"], "LocalEntryNotFoundError");
    assert_eq!(cache(&["check", "--deep"], &hub).0, 0);
}

#[test]
fn shared_payloads_go_with_the_last_that_needs_them() {
    let Some(home) = Home::new() else { return };
    let hub = home.hub();
    let rm = |repo: &str, name: &str| {
        let id = format!("models--acme--{repo}/snapshots/{}", home.commit(name));
        json(&["rm", "-y", "--grace", "0s", "--id", &id], &hub)
    };
    let first = rm("other", "o0");
    assert_eq!((&first["planned_bytes"], &first["freed_bytes"]), (&7.into(), &7.into()));
    assert_eq!(home.get("acme/third", "shared.bin", &[])["size"], 400_000);
    assert!(!hub.join("models--acme--other").exists());
    let second = rm("third", "x0");
    assert_eq!((&second["planned_bytes"], &second["freed_bytes"]), (&400_000.into(), &400_000.into()));
    let left = tree(&hub.join("blobs"));
    assert!(left.keys().all(|name| !name.to_string_lossy().ends_with(".refs")), "{:?}", left.keys());
    assert_eq!(home.scan()["warnings"], Value::Array(Vec::new()));
}

#[test]
fn everything_goes_but_the_token() {
    let Some(home) = Home::new() else { return };
    let wet = json(&["clear", "-y", "--grace", "0s"], &home.hub());
    assert_eq!(wet["removed_entries"], 10);
    assert_eq!(wet["freed_bytes"], wet["planned_bytes"]);
    let scan = home.scan();
    assert_eq!((&scan["warnings"], &scan["size"]), (&Value::Array(Vec::new()), &0.into()));
    assert!(home.dir.path().join("token").exists() && home.hub().join("CACHEDIR.TAG").exists());
}

#[test]
fn a_download_that_goes_on_is_not_disturbed() {
    let Some(home) = Home::new() else { return };
    let locks = home.hub().join(".locks/models--acme--tiny");
    let lock = fs::read_dir(&locks).unwrap().next().unwrap().unwrap().path();
    let mut holder = program("hub", "hub.py").unwrap();
    let mut holder =
        holder.arg("hold").arg(&lock).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    holder.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    let wet = json(&["clear", "-y", "--grace", "0s"], &home.hub());
    assert_eq!(wet["refused"].as_array().unwrap().len(), 5);
    assert_eq!(wet["refused"][0]["why"], "a download into its repository is going on");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(json(&["clear", "-y", "--grace", "0s"], &home.hub())["removed_entries"], 5);
}

#[test]
fn content_that_is_not_what_its_name_says_is_found() {
    let Some(home) = Home::new() else { return };
    let blobs = home.hub().join("models--gpt2/blobs");
    let blob = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap().path();
    fs::write(&blob, "[]").unwrap();
    fs::remove_file(
        home.hub().join("models--acme--pinned/blobs").join(
            fs::read_dir(home.hub().join("models--acme--pinned/blobs"))
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .file_name(),
        ),
    )
    .unwrap();
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s"], &home.hub());
    assert_eq!(code, 3);
    assert!(
        out.contains("wrong-content  models--gpt2/") && out.contains("corrupt-entry  models--acme--pinned/"),
        "{out}"
    );
}

/// Killed at any moment, the library reads what is left.
#[test]
fn being_killed_leaves_a_cache_that_can_be_read() {
    let Some(home) = Home::new() else { return };
    for round in 0..12_u64 {
        let copy = home.dir.path().join(format!("copy{round}"));
        run(Command::new("cp").arg("-a").arg(home.hub()).arg(&copy));
        let mut child = command();
        let mut child =
            child.args(["cache", "clear", "-y", "-q", "--grace", "0s"]).arg(&copy).spawn().unwrap();
        let count = || fs::read_dir(&copy).map_or(0, Iterator::count);
        let wanted = count().saturating_sub(usize::try_from(round / 2).unwrap());
        wait_until("some to go, or the end", || {
            (count() <= wanted || child.try_wait().unwrap().is_some()).then_some(())
        });
        let _ = child.kill();
        child.wait().unwrap();
        scan(&copy);
        json(&["clear", "-y", "--grace", "0s"], &copy);
        assert_eq!(scan(&copy)["warnings"], Value::Array(Vec::new()));
        fs::remove_dir_all(&copy).unwrap();
    }
}
