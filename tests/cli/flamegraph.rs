use super::support::hotcold;

#[test]
fn a_foreign_file_leaves_no_picture() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("notes.txt"), "not a recording").unwrap();
    let output = hotcold()
        .current_dir(&dir)
        .args(["profile", "flamegraph", "notes.txt", "-o", "out.svg"])
        .assert()
        .code(1)
        .stdout("");
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.starts_with("error: cannot read `notes.txt`: "), "{stderr}");
    assert!(!dir.path().join("out.svg").exists());
}
