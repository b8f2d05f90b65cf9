use super::{report::recording, support::hotcold};

const SOURCE: &str = "use std::env;\n\nfn main() {\n    work::<T, 2>();\n}\n";

fn annotate(dir: &tempfile::TempDir, args: &[&str]) -> assert_cmd::assert::Assert {
    let file = recording(dir);
    hotcold().current_dir(dir).args(["profile", "annotate"]).args(args).arg(file).assert()
}

fn stdout(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("UTF-8")
}

#[test]
fn a_function_s_source_stands_beside_its_time() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("elsewhere")).unwrap();
    std::fs::write(dir.path().join("elsewhere/main.rs"), SOURCE).unwrap();
    let shown = annotate(&dir, &["main", "--source-dir", "src=elsewhere"]).success().stderr("");
    insta::assert_snapshot!(stdout(&shown).lines().skip(5).collect::<Vec<_>>().join("\n"), @r"
    main  src/main.rs:3
    1.000s on these lines, 4.000s with what they call: 100.0% of the recording
      line  samples   tottime   cumtime   time%  source
         3                                       fn main() {
    *    4        1    1.000s    4.000s  100.0%      work::<T, 2>();
         5                                       }
    ");
    let same =
        annotate(&dir, &["src/main.rs", "--source-dir", "elsewhere", "--context", "0"]).success().stderr("");
    insta::assert_snapshot!(stdout(&same).lines().skip(5).collect::<Vec<_>>().join("\n"), @r"
    src/main.rs
    4.000s on these lines, 4.000s with what they call: 100.0% of the recording
      line  samples   tottime   cumtime   time%  source
    *    4        4    4.000s    4.000s  100.0%      work::<T, 2>();
    ");
}

#[test]
fn missing_source_is_said_and_the_times_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let shown = annotate(&dir, &["work"]).success().stderr("");
    insta::assert_snapshot!(stdout(&shown).lines().skip(5).collect::<Vec<_>>().join("\n"), @r"
    work <T; 2>  src/main.rs:3
    3.000s on these lines, 3.000s with what they call: 75.0% of the recording
    note: no source: `src/main.rs` is not on this machine; --source-dir OLD=NEW says where it is now
      line  samples   tottime   cumtime   time%  source
    *    4        3    3.000s    3.000s  100.0%
    ");
}

#[test]
fn json_has_the_lines_with_time() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("src/main.rs"), SOURCE).unwrap();
    let shown = annotate(&dir, &["work", "--json"]).success().stderr("");
    let value: serde_json::Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(value["schema"], "hotcold.profile.annotate/1");
    let section = &value["sections"][0];
    assert_eq!((&section["function"]["name"], &section["cumtime_s"]), (&"work <T; 2>".into(), &3.0.into()));
    assert_eq!(section["lines"][0]["text"], "    work::<T, 2>();");
}

#[test]
fn nothing_of_that_name_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    annotate(&dir, &["zzz"]).code(1).stdout("").stderr(
        "error: no function or file `zzz` in the recording\n\n\
         hint: `hotcold profile report --limit 0 --sort name` lists the functions\n",
    );
    annotate(&dir, &["main", "--source-dir", "not there"]).code(2).stdout("");
}
