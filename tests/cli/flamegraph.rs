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

#[test]
fn short_help_is_one_line_a_flag() {
    let output = hotcold().args(["profile", "flamegraph", "-h"]).assert().success().stderr("");
    let help = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    let own = help.split("Global options:").next().unwrap_or_default();
    insta::assert_snapshot!(own, @r"
    Draw a recording as a flamegraph

    Usage: hotcold profile flamegraph [OPTIONS] [FILE]

    Arguments:
      [FILE]  Recording to read; `-` for standard input [default: hotcold.pb.gz]

    Options:
      -o, --output <SVG>    Write the picture to SVG; `-` for standard output [default: hotcold.svg]
          --inverted        Put the innermost functions on top and their callers below
          --title <T>       Title of the picture instead of the recorded command
          --filter <REGEX>  Draw only stacks with a frame whose function, file or module matches
      -h, --help            Print help (see more with '--help')
    ");
}
