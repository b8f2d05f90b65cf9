//! The cache commands on stores of joblib.Memory.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{
    cache_stores::{cache, json, lines, planned},
    support::{
        hotcold,
        library::run,
        scratch,
        stores::{program, said},
        tree::{differences, tree},
    },
};

/// Stores made by joblib: `str`, `path`, `packed`.
fn made() -> Option<tempfile::TempDir> {
    let dir = scratch();
    run(program("joblib", "joblib_store.py")?.arg("make").arg(dir.path()));
    Some(dir)
}

fn call(dir: &Path) -> Value {
    said(program("joblib", "joblib_store.py").unwrap().arg("call").arg(dir))
}

fn items(dir: &Path) -> Vec<PathBuf> {
    let ids = lines(&["list"], dir);
    ids.iter().map(|entry| dir.join(entry["id"].as_str().unwrap())).collect()
}

#[test]
fn items_of_every_kind_of_location_are_listed() {
    let Some(dir) = made() else { return };
    for (given, real) in
        [("str", "str/joblib"), ("str/joblib", "str/joblib"), ("path", "path"), ("packed", "packed/joblib")]
    {
        let before = tree(dir.path());
        let entries = lines(&["list"], &dir.path().join(given));
        assert_eq!(entries.len(), 8, "{given}");
        assert!(entries.iter().all(|entry| entry["state"] == "ok" && entry["created_at"].is_string()));
        let stats = json(&["stats", "--by", "group"], &dir.path().join(given));
        assert_eq!(stats["kind"], "joblib");
        assert_eq!(stats["root"], dir.path().join(real).to_str().unwrap());
        assert_eq!(stats["by"].as_array().unwrap().len(), 3);
        assert_eq!(differences(&before, &tree(dir.path())), [""; 0]);
    }
    let root = dir.path().join("str/joblib");
    let (_, out, _) = cache(&["list"], &root);
    assert!(!out.contains("ann"), "arguments may be secrets");
    let login = lines(&["list", "--group", "*login"], &root)[0]["id"].as_str().unwrap().to_owned();
    let show = hotcold().args(["cache", "show"]).arg(&root).args(["--id", &login]).output().unwrap();
    let text = String::from_utf8(show.stdout).unwrap();
    assert!(text.contains("login(user='ann')") && text.contains("\n'ANN'\n"), "{text}");
}

#[test]
fn what_goes_is_computed_again_and_foreign_things_stay() {
    let Some(dir) = made() else { return };
    let store = dir.path().join("str/joblib");
    // A run of MLflow: the name of its directory is 32 hex digits as well.
    let run = store.join("mlruns/0").join("0".repeat(32));
    fs::create_dir_all(&run).unwrap();
    fs::write(run.join("meta.yaml"), "run").unwrap();
    let item = items(&store)[0].clone();
    fs::write(item.join("mine.txt"), "mine").unwrap();
    let (code, out, _) = cache(&["check"], &store);
    assert!(code == 0 && out.contains("note  foreign-directory  mlruns"), "{out}");
    let dry = json(&["clear", "-y", "-n", "--grace", "0s"], &store);
    assert_eq!(planned(&dry).len(), 8);
    let wet = json(&["clear", "-y", "--grace", "0s"], &store);
    assert_eq!((&wet["removed_entries"], wet["refused"].as_array().unwrap().len()), (&7.into(), 1));
    assert!(
        run.join("meta.yaml").exists() && item.join("mine.txt").exists() && item.join("output.pkl").exists()
    );
    let code = fs::read_dir(item.parent().unwrap())
        .unwrap()
        .filter(|f| f.as_ref().unwrap().file_name() == "func_code.py");
    assert_eq!(code.count(), 1);
    assert_eq!(call(&dir.path().join("str")), 8);
    assert_eq!(items(&store).len(), 8);
}

#[test]
fn halves_of_items_are_found() {
    let Some(dir) = made() else { return };
    let store = dir.path().join("str/joblib");
    let all = items(&store);
    fs::remove_file(all[0].join("metadata.json")).unwrap();
    fs::remove_file(all[1].join("output.pkl")).unwrap();
    let dead = all[2].parent().unwrap().join("0".repeat(32));
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("output.pkl.thread-1-pid-2"), "part").unwrap();
    let states: Vec<String> =
        lines(&["list"], &store).iter().map(|entry| entry["state"].as_str().unwrap().to_owned()).collect();
    for state in ["corrupt", "stale", "partial"] {
        assert_eq!(states.iter().filter(|found| *found == state).count(), 1, "{states:?}");
    }
    let (code, out, _) = cache(&["check", "--grace", "0s", "--fix"], &store);
    assert!(code == 0 && out.contains("repaired  corrupt-entry"), "{out}");
    assert!(!all[0].exists());
}

/// Ends the programs whatever becomes of the test.
struct End(PathBuf);

impl Drop for End {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, "");
    }
}

/// Six threads of two processes call the same functions without a pause while everything is removed again and again.
#[test]
fn programs_at_work_notice_nothing() {
    let dir = scratch();
    let (store, end) = (dir.path().join("store"), dir.path().join("end"));
    let Some(_) = program("joblib", "joblib_store.py") else { return };
    let start = || {
        let mut command: Command = program("joblib", "joblib_store.py").unwrap();
        command.arg("load").arg(&store).arg(&end).stdout(Stdio::piped()).spawn().unwrap()
    };
    let _end = End(end.clone());
    // One after the other: when two compute a call for the first time, the library fails by itself.
    let loads: Vec<Child> = (0..2)
        .map(|_| {
            let mut load = start();
            load.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
            load
        })
        .collect();
    let mut taken = 0;
    for _ in 0..12 {
        let (code, out, err) =
            cache(&["clear", "-y", "--grace", "0s", "--json", "-q"], &store.join("joblib"));
        assert_eq!(code, 0, "{err}");
        let told: Value = serde_json::from_str(&out).unwrap();
        // Most are computed again before the second step.
        taken += told["removed_entries"].as_u64().unwrap() + told["refused"].as_array().unwrap().len() as u64;
    }
    fs::write(&end, "").unwrap();
    assert!(taken > 30, "{taken}");
    for mut load in loads {
        let mut said = String::new();
        load.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(load.wait().unwrap().success());
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["failures"], &said["failed"]), (&0.into(), &Value::Array(Vec::new())), "{said}");
        assert!(said["calls"].as_u64() > Some(1000), "{said}");
    }
    call(&store);
    assert_eq!(cache(&["check", "--grace", "0s"], &store.join("joblib")).0, 0);
}
