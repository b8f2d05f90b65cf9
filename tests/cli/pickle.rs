//! Values pickled by the interpreters of this machine, shown as those interpreters show them.

use std::{collections::BTreeSet, path::Path, process::Command};

use hotcold::cache::pickle::{Limits, Pickle};

use super::support::require::require;

/// Every working `python3` and `python3.N` of `PATH`, each version once. What is older than 3.8 shows some things in another way.
fn interpreters() -> Vec<String> {
    let names = std::iter::once("python3".to_owned()).chain((8..20).map(|minor| format!("python3.{minor}")));
    let mut versions = BTreeSet::new();
    let version = |name: &String| {
        let ask = "import sys; assert sys.version_info >= (3, 8); print(sys.version)";
        let output = Command::new(name).args(["-c", ask]).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    names.filter(|name| version(name).is_some_and(|version| versions.insert(version))).collect()
}

#[test]
fn pickled_values_are_shown_as_python_shows_them() {
    if !require("python3") {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pickle/values.py");
    for python in interpreters() {
        let output = Command::new(&python).arg("-B").arg(&script).output().unwrap();
        assert!(output.status.success(), "{python}: {}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.last(), Some(&"end"), "{python}");
        let wrong: Vec<String> = lines[..lines.len() - 1].iter().filter_map(|line| compare(line)).collect();
        assert!(
            wrong.is_empty(),
            "{python}: {} of {}\n{}",
            wrong.len(),
            lines.len(),
            wrong[..wrong.len().min(10)].join("\n")
        );
        assert!(lines.len() > 1500, "{python}: only {} values", lines.len());
    }
}

/// What is wrong with one line of the script.
fn compare(line: &str) -> Option<String> {
    let mut fields = line.splitn(3, ' ');
    let (protocol, hex, json) = (fields.next()?, fields.next()?, fields.next()?);
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let expected: String = serde_json::from_str(json).unwrap();
    let pickle = Pickle::read(&bytes, Limits::VALUE);
    let shown = pickle.text(100_000);
    let audited = expected.contains("app.models") || pickle.findings.is_empty();
    if shown.text == expected && !shown.cut && pickle.damage().is_none() && audited {
        return None;
    }
    let (findings, damage) = (&pickle.findings, pickle.damage());
    let (got, wanted) = difference(&shown.text, &expected);
    Some(format!(
        "protocol {protocol}: {got}\n{:>10}: {wanted}  {damage:?} {findings:?} {}",
        "expected",
        bytes.escape_ascii().to_string().chars().take(200).collect::<String>()
    ))
}

/// Both texts from shortly before where they differ.
fn difference(a: &str, b: &str) -> (String, String) {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count().saturating_sub(20);
    let part = |text: &str| text.chars().skip(same).take(120).collect();
    (part(a), part(b))
}
