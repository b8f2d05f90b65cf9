//! The cache commands on the objects of Git LFS, with git-lfs judging what is left.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json as value};

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        library::run,
        require::require,
        scratch,
        stores::{fixtures, said},
        tree::{differences, tree},
    },
};

/// A repository with objects in every state, and which is which.
fn made() -> Option<(tempfile::TempDir, Value)> {
    if !(require("git") && require("git-lfs")) {
        return None;
    }
    let dir = scratch();
    let said = said(Command::new("bash").arg(fixtures().join("lfs.sh")).arg(dir.path()));
    Some((dir, said))
}

fn git(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir.join("repo"));
    command.env("HOME", dir).env("GIT_CONFIG_GLOBAL", dir.join("gitconfig"));
    run(&mut command)
}

fn ids(entries: &[Value], state: &str) -> Vec<String> {
    let mut ids: Vec<String> = entries
        .iter()
        .filter(|entry| entry["state"] == state)
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

fn sorted(of: &[&Value]) -> Vec<String> {
    let flat = of.iter().flat_map(|one| one.as_array().cloned().unwrap_or_else(|| vec![(*one).clone()]));
    let mut found: Vec<String> = flat.map(|one| one.as_str().unwrap().to_owned()).collect();
    found.sort_unstable();
    found
}

/// No object that may be the only copy is younger than an hour in the tests.
const REMOVE: [&str; 6] = ["expire", "--include", "unsure", "--only-copies", "--grace", "0s"];

#[test]
fn objects_have_names_and_states() {
    let Some((dir, truth)) = made() else { return };
    let repo = dir.path().join("repo");
    let before = tree(dir.path());
    let entries = lines(&["list"], &repo);
    assert_eq!(entries.len(), 10);
    let only = sorted(&[
        &truth["unpushed"],
        &truth["stash"],
        &truth["staged"],
        &truth["elsewhere"],
        &truth["reflog"],
    ]);
    assert_eq!(ids(&entries, "pinned"), only);
    // The other old one is checked out in another work tree.
    assert_eq!(ids(&entries, "stale"), sorted(&[&truth["old"][0], &truth["unreferenced"]]));
    let of = |id: &Value| entries.iter().find(|entry| entry["id"] == *id).unwrap();
    assert_eq!(
        (&of(&truth["staged"])["key"], &of(&truth["head"])["key"]),
        (&value!("staged.bin"), &value!("model.bin"))
    );
    let note = |id: &Value| of(id)["note"].as_str().unwrap();
    assert_eq!(note(&truth["staged"]), "staged: the only copy");
    assert_eq!(note(&truth["stash"][0]), "stashed: the only copy");
    assert_eq!(note(&truth["unpushed"]), "not pushed: the only copy");
    assert_eq!(note(&truth["reflog"]), "in the reflog alone: the only copy");
    assert_eq!(note(&truth["head"]), "pushed; checked out or staged");
    assert_eq!(note(&truth["unreferenced"]), "nothing points at it; it may be the only copy");
    assert_eq!(cache(&["check", "--deep"], &repo).0, 0);
    assert_eq!(differences(&before, &tree(dir.path())), [""; 0]);
    // From the repository, its directory, and the store itself; found by a search.
    for path in [repo.join(".git"), repo.join(".git/lfs")] {
        assert_eq!(lines(&["list"], &path).len(), 10);
    }
    let found = json(&["scan"], dir.path());
    assert_eq!(found["caches"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["caches"][0]["kind"], &found["caches"][0]["entries"]),
        (&value!("git-lfs"), &value!(10))
    );
}

#[test]
fn what_may_be_the_only_copy_needs_a_word_of_its_own_and_some_stays_nevertheless() {
    let Some((dir, truth)) = made() else { return };
    let repo = dir.path().join("repo");
    let before = tree(dir.path());
    let gone = sorted(&[&truth["old"][0], &truth["unreferenced"]]);
    let (code, _, err) = cache(&["expire", "--include", "unsure", "--grace", "0s"], &repo);
    assert!(code == 2 && err.contains("objects of Git LFS may exist nowhere else"), "{err}");
    let (code, _, err) = cache(&["clear", "-y", "--only-copies", "--grace", "0s"], &repo);
    assert!(code == 1 && err.contains("cannot clear"), "{err}");
    let dry = json(&[&REMOVE[..], &["-n"]].concat(), &repo);
    assert_eq!(planned(&dry), gone);
    for id in [&truth["staged"], &truth["stash"][1], &truth["unpushed"], &truth["reflog"], &truth["head"]] {
        let one = ["rm", "-y", "--only-copies", "--grace", "0s", "--id", id.as_str().unwrap()];
        assert_eq!(cache(&one, &repo).0, 3, "{id}");
    }
    assert_eq!(differences(&before, &tree(dir.path())), [""; 0]);
    let done = json(&REMOVE, &repo);
    assert_eq!(done["removed_entries"], 2, "{done}");
    let left: Vec<Value> = lines(&["list"], &repo);
    assert!(left.len() == 8 && ids(&left, "stale").is_empty());
    let fsck = git(dir.path(), &["lfs", "fsck"]);
    assert!(String::from_utf8_lossy(&fsck.stdout).contains("Git LFS fsck OK"), "{fsck:?}");
    // What was pushed comes back.
    git(dir.path(), &["stash"]);
    git(dir.path(), &["checkout", "-q", "main~2"]);
    assert_eq!(fs::metadata(repo.join("model.bin")).unwrap().len(), 30_000);
}

#[test]
fn what_is_staged_between_plan_and_removal_stays() {
    let Some((dir, truth)) = made() else { return };
    let repo = dir.path().join("repo");
    // A plan that was made before is what a look says; the removal asks git again.
    let object = truth["unreferenced"].as_str().unwrap();
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{object}\nsize 34000\n");
    fs::write(repo.join("again.txt"), pointer).unwrap();
    git(dir.path(), &["-c", "filter.lfs.clean=cat", "add", "again.txt"]);
    let one = ["rm", "-y", "--only-copies", "--grace", "0s", "--id", object];
    let (code, _, err) = cache(&[&one[..], &["-v"]].concat(), &repo);
    assert!(code == 3 && err.contains("staged: the only copy"), "{err}");
    // Settings that share the objects between repositories are respected.
    git(dir.path(), &["config", "lfs.storage", "/elsewhere"]);
    let (_, _, err) = cache(&REMOVE, &repo);
    assert!(err.contains("lfs.storage"), "{err}");
    assert_eq!(lines(&["list"], &repo).len(), 10);
}

#[test]
fn damaged_objects_are_found() {
    let Some((dir, truth)) = made() else { return };
    let repo = dir.path().join("repo");
    let path = |id: &Value| {
        let id = id.as_str().unwrap();
        repo.join(format!(".git/lfs/objects/{}/{}/{id}", &id[..2], &id[2..4]))
    };
    let change = |id: &Value, bytes: &[u8]| {
        let path = path(id);
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        fs::set_permissions(&path, permissions).unwrap();
        fs::write(&path, bytes).unwrap();
    };
    change(&truth["head"], &[b'x'; 32_000]);
    assert_eq!(cache(&["check", "--grace", "0s"], &repo).0, 0, "its size is right");
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s"], &repo);
    assert!(code == 3 && out.contains("wrong-content"), "{out}");
    change(&truth["head"], b"short");
    let (code, out, _) = cache(&["check", "--grace", "0s"], &repo);
    assert!(code == 3 && out.contains("its size is not what its pointer says"), "{out}");
    assert!(path(&truth["head"]).exists());
}

#[test]
fn a_store_that_others_fetch_from_is_refused() {
    let Some((dir, _)) = made() else { return };
    for args in [&["list"][..], &["clear", "-y", "--only-copies"]] {
        assert_eq!(cache(args, &dir.path().join("remote.git")).0, 1);
        assert_eq!(cache(args, &dir.path().join("remote.git/lfs")).0, 1);
    }
    git(dir.path(), &["remote", "remove", "origin"]);
    let (code, _, err) = cache(&["list"], &dir.path().join("repo/.git/lfs"));
    assert!(code == 1 && err.contains("has no remote"), "{err}");
}

#[test]
fn settings_of_a_repository_run_nothing() {
    let Some((dir, _)) = made() else { return };
    let (repo, mark) = (dir.path().join("repo"), dir.path().join("mark"));
    let evil = dir.path().join("evil");
    fs::write(&evil, format!("#!/bin/sh\ntouch {}\n", mark.display())).unwrap();
    fs::set_permissions(&evil, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let evil = evil.to_str().unwrap();
    for key in ["core.fsmonitor", "gpg.program", "core.sshCommand", "core.pager", "core.askPass"] {
        git(dir.path(), &["config", key, evil]);
    }
    git(dir.path(), &["config", "log.showSignature", "true"]);
    git(dir.path(), &["config", "alias.lfs", &format!("!{evil}")]);
    git(dir.path(), &["config", "lfs.pruneverifyremotealways", "true"]);
    let _ = fs::remove_file(&mark);
    assert_eq!(lines(&["list"], &repo).len(), 10);
    assert!(!mark.exists());
    if rustix::process::geteuid().is_root() {
        // That of somebody else is not read at all.
        run(Command::new("chown").args(["-R", "12345"]).arg(&repo));
        let (code, out, err) = cache(&["list"], &repo);
        assert!(
            code == 0 && !out.contains("model.bin") && err.contains("git cannot say what is needed"),
            "{err}"
        );
    }
}
