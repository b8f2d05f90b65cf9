use super::support::hotcold;

#[test]
fn a_missing_recording_is_one_line_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["report", "flamegraph"] {
        hotcold().current_dir(&dir).args(["profile", command]).assert().code(1).stdout("").stderr(
            "error: cannot read `hotcold.pb.gz`: no such file or directory\n\n\
             hint: record a program first: `hotcold profile run -- PROGRAM`\n",
        );
        hotcold()
            .current_dir(&dir)
            .args(["profile", command, "no.pb.gz"])
            .assert()
            .code(1)
            .stdout("")
            .stderr("error: cannot read `no.pb.gz`: no such file or directory\n");
    }
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn wrong_values_are_wrong_usage() {
    let cases: [(&[&str], &str); 6] = [
        (&["--filter", "("], "invalid value '(' for '--filter <REGEX>': unclosed group"),
        (
            &["--min-percent", "101"],
            "invalid value '101' for '--min-percent <P>': not a number from 0 to 100",
        ),
        (
            &["--min-percent", "nan"],
            "invalid value 'nan' for '--min-percent <P>': not a number from 0 to 100",
        ),
        (&["--sort", "time"], "invalid value 'time' for '--sort <COLUMN>'"),
        (&["--tree", "--by", "line"], "the argument '--tree' cannot be used with '--by <WHAT>'"),
        (&["--inlines", "--by", "module"], "the argument '--inlines' cannot be used with '--by <WHAT>'"),
    ];
    for (args, text) in cases {
        let output = hotcold().args(["profile", "report"]).args(args).assert().code(2).stdout("");
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.starts_with(&format!("error: {text}")), "{stderr}");
    }
    hotcold().env("HOTCOLD_SORT", "time").args(["profile", "report"]).assert().code(2).stdout("");
}

#[test]
fn full_help_starts_with_examples() {
    for command in ["report", "flamegraph"] {
        let output = hotcold().args(["profile", command, "--help"]).assert().success().stderr("");
        let help = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(help.starts_with(&format!("Examples:\n  hotcold profile {command}")), "{help}");
    }
}
