//! The cache commands on what the `datasets` library keeps.

use super::{
    cache_stores::{cache, json, lines},
    support::{
        scratch,
        stores::{program, said},
    },
};

#[test]
fn results_and_datasets_go_and_programs_go_on() {
    let dir = scratch();
    let Some(mut python) = program("datasets", "hub_datasets.py") else { return };
    let first = said(python.arg("make").arg(dir.path()));
    let root = dir.path().join("home/datasets");
    let entries = lines(&["list"], &root);
    let noted = |note: &str| entries.iter().filter(|entry| entry["note"] == note).count();
    let with_results = "a prepared dataset, with results that are made of it";
    assert_eq!((noted("the result of a map or filter"), noted(with_results), entries.len()), (2, 1, 3));
    assert_eq!(lines(&["list"], &dir.path().join("home")).len(), 3, "HF_HOME leads to it");
    let (code, _, err) = cache(&["list"], &dir.path().join("saved"));
    assert!(code == 1 && err.contains("nothing in it is known as a cache"), "{err}");
    assert_eq!(json(&["clear", "-y"], &root)["removed_entries"], 0, "it was just made");
    // While a program has it mapped.
    let tool = assert_cmd::cargo::cargo_bin!("hotcold");
    let clear = format!("{} cache clear -y --grace 0s {}", tool.display(), root.display());
    let again = program("datasets", "hub_datasets.py")
        .unwrap()
        .arg("use")
        .arg(dir.path())
        .env("REMOVE", clear)
        .output();
    let again = again.unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&again.stdout).unwrap(), first);
    let again = said(program("datasets", "hub_datasets.py").unwrap().arg("use").arg(dir.path()));
    assert_eq!(again, first, "what was removed is made again");
    let results = ["prune", "-y", "--grace", "0s", "--key", "*/cache-*"];
    assert_eq!(json(&results, &root)["removed_entries"], 2);
    assert_eq!(said(program("datasets", "hub_datasets.py").unwrap().arg("use").arg(dir.path())), first);
}
