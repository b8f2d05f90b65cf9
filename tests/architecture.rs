//! Which module may import which, checked against the source text.

use std::{fs, path::Path};

/// (folder or file under `src/`, paths it must not mention)
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("units.rs", &["crate::"]),
    ("progress.rs", &["crate::", "indicatif"]),
    (
        "profile",
        &[
            "crate::cli",
            "crate::render",
            "crate::cache",
            "clap::",
            "anyhow::",
            "comfy_table",
            "indicatif",
            "rusqlite",
        ],
    ),
    (
        "cache",
        &["crate::cli", "crate::render", "crate::profile", "clap::", "anyhow::", "comfy_table", "indicatif"],
    ),
    ("cache/act.rs", &["rusqlite", "std::fs"]),
    ("cache/plan.rs", &["rusqlite", "std::fs", "SystemTime::now"]),
    ("cache/select.rs", &["rusqlite", "std::fs", "SystemTime::now"]),
    ("profile/aggregate.rs", &["std::fs", "std::process", "SystemTime::now"]),
    (
        "render",
        &[
            "crate::cli",
            "std::fs",
            "std::env",
            "std::process",
            "rusqlite",
            "is_terminal",
            "io::stdout",
            "io::stderr",
        ],
    ),
    ("main.rs", &["clap", "anyhow", "hotcold::profile", "hotcold::cache", "hotcold::render"]),
];

#[test]
fn imports_point_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for (place, words) in FORBIDDEN {
        for file in rust_files(&src.join(place)) {
            let text = fs::read_to_string(&file).expect("source is readable");
            for (n, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                for word in words.iter().filter(|w| code.contains(**w)) {
                    violations.push(format!("{}:{}: {place} must not use {word}", file.display(), n + 1));
                }
            }
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn every_test_file_is_compiled() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let main = fs::read_to_string(dir.join("main.rs")).expect("tests/cli/main.rs exists");
    for file in rust_files(&dir) {
        let stem = file.file_stem().and_then(|s| s.to_str()).expect("utf-8 name");
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{} is not compiled",
            file.display()
        );
    }
}

fn rust_files(path: &Path) -> Vec<std::path::PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())) {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() || path.extension().is_some_and(|x| x == "rs") {
            found.extend(rust_files(&path));
        }
    }
    found
}
