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
fn short_help_is_one_line_a_flag() {
    let output = hotcold().args(["profile", "report", "-h"]).assert().success().stderr("");
    let help = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    let own = help.split("Global options:").next().unwrap_or_default();
    insta::assert_snapshot!(own, @r"
    Print where a recording spent its time

    Usage: hotcold profile report [OPTIONS] [FILE]

    Arguments:
      [FILE]  Recording to read; `-` for standard input [default: hotcold.pb.gz]

    Options:
      -h, --help  Print help (see more with '--help')

    Table options:
          --sort <COLUMN>    Order by tottime, cumtime, ncalls, samples or name [default: tottime]
          --by <WHAT>        Group by function, line, module, thread or process [default: function]
          --limit <N>        Show at most N rows; 0 for all [default: 20]
          --min-percent <P>  Leave out rows below P % of the total [default: 0, with --tree 1]
          --filter <REGEX>   Keep rows whose function, file or module matches
          --tree             Print the call tree
          --inlines          Show inlined functions below the function they were inlined into
    ");
}

#[test]
fn full_help_starts_with_examples() {
    for command in ["report", "flamegraph"] {
        let output = hotcold().args(["profile", command, "--help"]).assert().success().stderr("");
        let help = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(help.starts_with(&format!("Examples:\n  hotcold profile {command}")), "{help}");
    }
}
