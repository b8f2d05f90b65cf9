use super::{report::recording, support::hotcold};

#[test]
fn a_picture_is_written_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir);
    let draw = |args: &[&str]| {
        let output =
            hotcold().current_dir(&dir).args(["profile", "flamegraph"]).arg(&file).args(args).assert();
        let output = output.success().get_output().clone();
        (output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let (stdout, stderr) = draw(&[]);
    assert_eq!((stdout.len(), stderr.as_str()), (0, "note: wrote the flamegraph to hotcold.svg\n"));
    let svg = std::fs::read_to_string(dir.path().join("hotcold.svg")).unwrap();
    assert!(svg.contains("<title>work &lt;T; 2&gt; (3 samples, 75.00%)</title>"));
    assert_eq!(draw(&["-o", "-"]), (svg.into_bytes(), String::new()));
    assert_eq!(draw(&["-q", "-o", "x.svg", "--title", "a < b"]).1, "");
    assert!(std::fs::read_to_string(dir.path().join("x.svg")).unwrap().contains("a &lt; b"));
}

#[test]
fn nothing_to_draw_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(&dir);
    let run = || {
        let mut command = hotcold();
        command.current_dir(&dir).args(["profile", "flamegraph"]).arg(&file);
        command
    };
    run().args(["--filter", "zzz"]).assert().code(1).stdout("").stderr("error: no stack matches `zzz`\n");
    let output = run().args(["-o", "no/such/dir.svg"]).assert().code(1).stdout("");
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.starts_with("error: cannot write `no/such/dir.svg`: "), "{stderr}");
    assert!(!dir.path().join("hotcold.svg").exists());
}

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
