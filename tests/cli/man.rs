use std::fs;

use super::support::{hotcold, scratch};

#[test]
fn a_page_is_written_for_every_command() {
    let dir = scratch();
    let pages = dir.path().join("deep/man1");
    hotcold().arg("man").arg(&pages).assert().success().stdout("").stderr("");
    for (name, heading) in
        [("hotcold.1", "hotcold"), ("hotcold-doctor.1", "doctor"), ("hotcold-profile-report.1", "report")]
    {
        let text = fs::read_to_string(pages.join(name)).unwrap();
        assert!(text.contains(".TH") && text.contains(heading), "{name}:\n{text}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = scratch();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let expected = format!("error: cannot create `{}`: file exists\n", file.display());
    hotcold().arg("man").arg(&file).assert().code(1).stdout("").stderr(expected);
}

#[test]
fn verbose_says_where() {
    let dir = scratch();
    let expected = format!("wrote the manual pages to {}\n", dir.path().display());
    hotcold().arg("-v").arg("man").arg(dir.path()).assert().success().stdout("").stderr(expected);
}
