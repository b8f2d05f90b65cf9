//! The cache commands on what a running Streamlit app has persisted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{
    cache_stores::{cache, json, lines},
    support::{
        scratch,
        stores::{fixtures, program, said},
    },
};

/// A home directory in which the app has run.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Option<Self> {
        let home = Self(scratch());
        fs::create_dir(home.0.path().join(".streamlit")).unwrap();
        fs::write(home.0.path().join(".streamlit/secrets.toml"), "password = 1").unwrap();
        let visits = home.visit(&["visit"])?;
        assert_eq!((&visits[0]["computed"], &visits[0]["errors"]), (&4.into(), &Value::Array(Vec::new())));
        Some(home)
    }

    fn visit(&self, steps: &[&str]) -> Option<Value> {
        let mut command = program("streamlit", "visit_streamlit.py")?;
        Some(said(command.arg(self.0.path()).arg(app()).args(steps)))
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join(".streamlit/cache")
    }

    fn memos(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.cache()).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn app() -> PathBuf {
    fixtures().join("app.py")
}

#[test]
fn entries_are_named_from_the_source() {
    let Some(home) = Home::new() else { return };
    let dir = home.cache();
    let app = app();
    let app = app.to_str().unwrap();
    let entries = lines(&["list", "--app", app], &dir);
    let groups = |name: &str| entries.iter().filter(|entry| entry["group"] == name).count();
    assert_eq!((groups("app.py:rows"), groups("app.py:quote"), entries.len()), (2, 2, 4));
    assert!(entries.iter().all(|entry| entry["expiry"] == "not recorded" && entry["state"] == "ok"));
    let (_, rows, _) = cache(&["list", "--app", app], &dir);
    assert_eq!(
        (rows.matches("  app.py:rows ").count(), rows.matches("  app.py:quote ").count()),
        (2, 2),
        "{rows}"
    );
    let found = json(&["stats", "--by", "group", "--app", app], home.0.path().join(".streamlit").as_path());
    assert_eq!((&found["kind"], &found["by"][0]["name"]), (&"streamlit".into(), &"app.py:rows".into()));
    let (code, _, err) = cache(&["expire"], &dir);
    assert_eq!(code, 1);
    assert!(err.contains("Streamlit does not record when entries expire"), "{err}");
    // A function that was changed leaves its results behind.
    let edited = home.0.path().join("app.py");
    fs::write(&edited, fs::read_to_string(app).unwrap().replace("list(range(n))", "[n]")).unwrap();
    let edited = edited.to_str().unwrap();
    let args = ["expire", "--include", "unsure", "--grace", "0s", "--app", edited];
    assert_eq!(
        json(&["expire", "--grace", "0s", "--app", edited], &dir)["removed_entries"],
        0,
        "it may be another app's"
    );
    assert_eq!(json(&args, &dir)["removed_entries"], 2);
    let visits = home.visit(&["visit"]).unwrap();
    assert_eq!((&visits[0]["computed"], &visits[0]["errors"]), (&2.into(), &Value::Array(Vec::new())));
    let id = lines(&["list"], &dir)[0]["id"].as_str().unwrap().to_owned();
    let output =
        super::support::hotcold().args(["cache", "show"]).arg(&dir).args(["--id", &id]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("CachedResult") && output.status.success(), "{text}");
}

#[test]
fn a_running_app_goes_on() {
    let Some(home) = Home::new() else { return };
    let tool = assert_cmd::cargo::cargo_bin!("hotcold");
    let clear = format!("{} cache clear -y --grace 0s {}", tool.display(), home.cache().display());
    let visits = home.visit(&["visit", &clear, "visit"]).unwrap();
    let quiet = serde_json::json!({"computed": 0, "errors": []});
    assert_eq!(visits, serde_json::json!([quiet, quiet]), "it has them in memory");
    assert!(home.memos().is_empty());
    let visits = home.visit(&["visit"]).unwrap();
    assert_eq!(visits, serde_json::json!([{"computed": 4, "errors": []}]), "a new process computes again");
    assert!(home.0.path().join(".streamlit/secrets.toml").exists());
    let (_, _, err) = cache(&["clear", "-y", "--grace", "0s"], &home.cache());
    assert_eq!(err, "note: a running app still has its entries in memory: restart it\n");
}

#[test]
fn damage_that_breaks_the_app_is_found_and_repaired() {
    let Some(home) = Home::new() else { return };
    let memos = home.memos();
    let half = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    fs::write(&memos[0], "").unwrap();
    half(&memos[1]);
    fs::write(home.cache().join("notes.memo"), "todo").unwrap();
    fs::write(home.cache().join(format!("{}-{}.memo", "a".repeat(32), "b".repeat(32))), "just text").unwrap();
    let visits = home.visit(&["visit"]).unwrap();
    assert_eq!(visits[0]["errors"].as_array().unwrap().len(), 1, "{visits}");
    let (code, out, _) = cache(&["check", "--json"], &home.cache());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["notes"].as_array().unwrap().len()), (0, 2), "they may be just being written");
    let check = |more: &[&str]| cache(&[&["check", "--grace", "0s"], more].concat(), &home.cache());
    let (code, out, _) = check(&[]);
    assert!(code == 3 && out.matches("corrupt-entry").count() == 2, "{out}");
    let (code, out, _) = check(&["--fix", "--deep"]);
    assert_eq!((code, out.matches("repaired  corrupt-entry").count()), (0, 2), "{out}");
    assert_eq!(check(&["--deep"]).0, 0);
    assert_eq!(home.memos().len(), 4, "foreign files stay");
    let visits = home.visit(&["visit"]).unwrap();
    assert_eq!(visits, serde_json::json!([{"computed": 2, "errors": []}]));
}

#[test]
fn a_project_is_no_cache() {
    let dir = scratch();
    let project = dir.path().join(".streamlit");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("secrets.toml"), "password = 1").unwrap();
    for path in [project.as_path(), dir.path()] {
        assert_eq!(cache(&["list"], path).0, 1);
    }
    fs::write(project.join("a.memo"), "mine").unwrap();
    assert_eq!(cache(&["clear", "-y"], &project).0, 1);
    assert!(Command::new("test").arg("-f").arg(project.join("a.memo")).status().unwrap().success());
}
