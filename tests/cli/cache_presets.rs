//! The cache commands on directories that a table describes.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::{Value, json as value};
use sha2::{Digest, Sha256};

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        hotcold,
        library::run,
        require::{met, require},
        scratch,
        tree::{differences, tree},
    },
};

/// What in the tests is never too young.
const NOW: [&str; 2] = ["--grace", "0s"];

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ids(entries: &[Value]) -> Vec<&str> {
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn kinds(dir: &Path) -> Vec<String> {
    let found = json(&["scan"], dir);
    let rows = found["caches"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned());
    let mut kinds: Vec<String> = rows.collect();
    kinds.sort_unstable();
    kinds
}

/// A kernel of Triton.
fn kernel(root: &Path, letter: char) -> String {
    let key = letter.to_string().repeat(52);
    let dir = root.join(&key);
    let group = format!(r#"{{"child_paths": {{"k.cubin": "{}/k.cubin"}}}}"#, dir.display());
    write(&dir.join("__grp__k.json"), group);
    write(&dir.join("k.cubin"), [b'x'; 5000]);
    key
}

#[test]
fn kernels_of_triton_go_as_a_whole() {
    let dir = scratch();
    let root = dir.path().join("triton/cache");
    let (a, b) = (kernel(&root, 'A'), kernel(&root, 'B'));
    write(&root.join("notes.txt"), "mine");
    assert_eq!(kinds(dir.path()), ["triton"]);
    let entries = lines(&["list"], &dir.path().join("triton"));
    assert_eq!(ids(&entries), [&*a, &*b]);
    assert!(entries[0]["size_bytes"].as_u64().unwrap() > 5000);
    assert_eq!(cache(&["clear", "-y"], &root).0, 0);
    assert_eq!(lines(&["list"], &root).len(), 2, "both are too young");
    // One that a program has open stays.
    let _open = fs::File::open(root.join(&a).join("k.cubin")).unwrap();
    let done = json(&[&["clear", "-y"], &NOW[..]].concat(), &root);
    assert_eq!((&done["removed_entries"], done["refused"].is_null()), (&value!(1), false), "{done}");
    assert!(root.join(&a).join("__grp__k.json").exists() && !root.join(&b).exists());
    assert!(root.join("notes.txt").exists());
}

#[test]
fn graphs_and_code_of_inductor() {
    let dir = scratch();
    let root = dir.path().join("torchinductor_user");
    let key = |letter: char| format!("{letter}{}", "ab".repeat(26)).chars().take(52).collect::<String>();
    let (graph, function, code) = (key('f'), key('a'), key('c'));
    write(&root.join(format!("fxgraph/ab/{graph}/{}", "b".repeat(51))), b"\x80\x04graph");
    write(&root.join(format!("aotautograd/{function}/entry")), b"\x80\x04function");
    write(&root.join(format!("ab/{code}.py")), "import torch");
    write(&root.join(format!("ab/{code}.so")), "\x7fELF");
    let kernel = kernel(&root.join("triton/0"), 'C');
    write(&root.join("locks/x.lock"), "");
    let entries = lines(&["list"], &root);
    let expected = [
        format!("ab/{code}.py"),
        format!("ab/{code}.so"),
        format!("aotautograd/{function}"),
        format!("fxgraph/ab/{graph}"),
        format!("triton/0/{kernel}"),
    ];
    assert_eq!(ids(&entries), expected);
    assert_eq!(json(&["stats"], &root)["kind"], "inductor");
    let done = json(&[&["prune", "-y", "--group", "fxgraph"], &NOW[..]].concat(), &root);
    assert_eq!(done["removed_entries"], 1);
    json(&[&["clear", "-y"], &NOW[..]].concat(), &root);
    let left = tree(&root);
    let files: Vec<_> = left.keys().filter(|path| root.join(path).is_file()).collect();
    assert_eq!(files, [Path::new("locks/x.lock")]);
    // Found where PyTorch puts it without being told.
    function_of(&root);
    let output = hotcold()
        .args(["cache", "scan", "--json"])
        .env("USER", "user")
        .env("TMPDIR", dir.path())
        .env("HOME", dir.path().join("none"))
        .current_dir(root.join("locks"))
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["caches"][0]["kind"], "inductor", "{found}");
}

/// A compiled function as torch 2.15 keeps it.
fn function_of(root: &Path) {
    let function = format!("a{}", "ab".repeat(26)).chars().take(52).collect::<String>();
    write(&root.join(format!("aotautograd/{function}/{}", "c".repeat(51))), b"\x80\x04function");
}

#[test]
fn weights_of_torch_hub_are_checked_by_the_hash_in_their_names() {
    let dir = scratch();
    let root = dir.path().join("torch/hub");
    let weights = [&b"PK\x03\x04"[..], &[b'w'; 4000]].concat();
    let name = format!("checkpoints/resnet-{}.pth", &hex(&Sha256::digest(&weights))[..8]);
    write(&root.join(&name), &weights);
    write(&root.join("owner_repo_main/hubconf.py"), "x = 1\n");
    assert_eq!(kinds(dir.path()), ["torch-hub"]);
    assert_eq!(ids(&lines(&["list"], &dir.path().join("torch"))), [&*name, "owner_repo_main"]);
    assert_eq!(cache(&["check", "--deep", "--grace", "0s"], &root).0, 0);
    let done = json(&[&["rm", "-y", "--id", "owner_repo_main"], &NOW[..]].concat(), &root);
    assert_eq!(done["removed_entries"], 1);
    // Somebody's own training looks like it.
    let own = dir.path().join("runs");
    write(&own.join("checkpoints/epoch-0012abcd.pth"), &weights);
    assert_eq!(cache(&["list"], &own).0, 1);
    // Beside what is good, what is damaged is told.
    write(&root.join("checkpoints/other-0012abcd.pth"), &weights);
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s"], &root);
    assert!(code == 3 && out.contains("other-0012abcd.pth") && out.contains("wrong-content"), "{out}");
}

#[test]
fn artifacts_of_wandb_are_checked_by_their_names() {
    let dir = scratch();
    let root = dir.path().join("wandb/artifacts");
    let hash = hex(&md5::Md5::digest(b"artifact"));
    let id = format!("obj/md5/{}/{}", &hash[..2], &hash[2..]);
    write(&root.join(&id), b"artifact");
    write(&root.join("tmp/half"), b"half");
    assert_eq!(kinds(dir.path()), ["wandb"]);
    assert_eq!(ids(&lines(&["list"], &dir.path().join("wandb"))), [&*id]);
    write(&root.join(format!("obj/md5/00/{}", "0".repeat(30))), b"other");
    let (code, out, _) = cache(&["check", "--deep", "--grace", "0s"], &root);
    assert!(code == 3 && out.contains("wrong-content"), "{out}");
    assert_eq!(json(&[&["clear", "-y"], &NOW[..]].concat(), &root)["removed_entries"], 2);
    assert!(root.join("tmp/half").exists());
    let other = dir.path().join("other");
    write(&other.join(&id), b"no artifact");
    assert_eq!(cache(&["list"], &other).0, 1);
}

#[test]
fn browsers_that_no_playwright_uses_any_more_go() {
    let dir = scratch();
    let root = dir.path().join("ms-playwright");
    for build in ["chromium-1097", "chromium_headless_shell-1255", "firefox-1000"] {
        write(&root.join(build).join("chrome"), [b'x'; 5000]);
        write(&root.join(build).join("INSTALLATION_COMPLETE"), "");
    }
    write(&root.join("webkit-5/half"), "x");
    write(&root.join("mcp-chrome-1/Cookies"), "mine");
    let install = dir.path().join("app/node_modules/playwright-core");
    let browsers = r#"{"browsers": [{"name": "chromium-headless-shell", "revision": "1255", "installByDefault": true}]}"#;
    write(&install.join("browsers.json"), browsers);
    write(&root.join(".links").join("a".repeat(40)), install.to_str().unwrap());
    write(&root.join(".links").join("b".repeat(40)), dir.path().join("gone").to_str().unwrap());
    assert_eq!(kinds(dir.path()), ["playwright"]);
    let dry = json(&[&["expire", "-n"], &NOW[..]].concat(), &root);
    let mut going = planned(&dry);
    going.sort_unstable();
    assert_eq!(going, ["chromium-1097", "firefox-1000"]);
    let states: Vec<Value> = lines(&["list"], &root).iter().map(|entry| entry["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| **state == "partial").count(), 1);
    // While something is being installed nothing goes.
    fs::create_dir(root.join("__dirlock")).unwrap();
    assert_eq!(json(&[&["expire"], &NOW[..]].concat(), &root)["removed_entries"], 0);
    fs::remove_dir(root.join("__dirlock")).unwrap();
    // What cannot be read may need any of them.
    fs::write(install.join("browsers.json"), "{").unwrap();
    assert_eq!(planned(&json(&[&["expire", "-n"], &NOW[..]].concat(), &root)), [""; 0]);
    fs::write(install.join("browsers.json"), browsers).unwrap();
    assert_eq!(json(&[&["expire"], &NOW[..]].concat(), &root)["removed_entries"], 2);
    assert!(
        root.join("chromium_headless_shell-1255/chrome").exists() && !root.join("chromium-1097").exists()
    );
    assert!(root.join("mcp-chrome-1/Cookies").exists() && root.join("webkit-5/half").exists());
}

/// Looks at a cache that its owner counts: entries are listed, nothing goes, and the command that does is named.
fn is_only_looked_at(root: &Path, command: &str) {
    let before = tree(root);
    assert!(!lines(&["list"], root).is_empty());
    for args in [&["clear", "-y"][..], &["prune", "-y", "--larger-than", "0B"], &["clear", "-n"]] {
        let (code, _, err) = cache(&[args, &NOW[..]].concat(), root);
        assert!(code == 1 && err.contains(command), "{err}");
    }
    assert_eq!(cache(&["check", "--deep"], root).0, 0);
    assert_eq!(differences(&before, &tree(root)), [""; 0]);
}

#[test]
fn ccache_counts_for_itself() {
    if !require("ccache") {
        return;
    }
    let dir = scratch();
    let root = dir.path().join("ccache");
    write(&dir.path().join("a.c"), "int main(void) { return 0; }\n");
    for level in ["-O1", "-O2"] {
        let mut command = Command::new("ccache");
        command
            .args(["cc", level, "-c", "a.c", "-o", "a.o"])
            .env("CCACHE_DIR", &root)
            .current_dir(dir.path());
        run(&mut command);
    }
    assert_eq!(kinds(dir.path()), ["ccache"]);
    is_only_looked_at(&root, "ccache --evict-older-than");
}

#[test]
fn sccache_counts_for_itself() {
    let dir = scratch();
    let root = dir.path().join("sccache");
    let hash = "ab".repeat(32);
    write(&root.join(format!("a/b/{hash}")), b"PK\x03\x04zip");
    assert_eq!(kinds(dir.path()), ["sccache"]);
    is_only_looked_at(&root, "sccache --stop-server");
    let other = dir.path().join("other");
    write(&other.join(format!("0/1/{hash}")), b"PK\x03\x04zip");
    assert_eq!(cache(&["list"], &other).0, 1);
}

#[test]
fn cargo_counts_for_itself_and_tells_when_crates_were_used() {
    if !require("cargo") {
        return;
    }
    let dir = scratch();
    let (home, app) = (dir.path().join("cargo"), dir.path().join("app"));
    write(&app.join("src/lib.rs"), "");
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"=1.0.15\"\n";
    write(&app.join("Cargo.toml"), manifest);
    // Settings of this machine, such as another source for crates.
    if let Some(own) = std::env::var_os("CARGO_HOME")
        .map(Into::into)
        .or_else(|| std::env::home_dir().map(|h| h.join(".cargo")))
    {
        let own: std::path::PathBuf = own;
        if own.join("config.toml").exists() {
            fs::create_dir_all(&home).unwrap();
            symlink(own.join("config.toml"), home.join("config.toml")).unwrap();
        }
    }
    let mut command = Command::new("cargo");
    command.args(["fetch", "-q"]).env("CARGO_HOME", &home).current_dir(&app);
    if !met(command.status().unwrap().success(), "crates.io") {
        return;
    }
    let root = home.join("registry");
    assert_eq!(kinds(&home), ["cargo"]);
    let entries = lines(&["list"], &root);
    let file =
        entries.iter().find(|entry| entry["id"].as_str().unwrap().ends_with("itoa-1.0.15.crate")).unwrap();
    assert_eq!(file["accessed_source"], "recorded", "{file}");
    assert_eq!(lines(&["list"], &home).len(), entries.len());
    is_only_looked_at(&root, "clean gc -Zgc");
}
