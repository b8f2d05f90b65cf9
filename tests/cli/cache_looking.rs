//! Looking changes nothing, whatever is looked at and however it may be opened.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Command, Output},
};

use super::support::{
    command,
    diskcache::{Cache, NOW, names},
    require::met,
    tree::{Tree, differences, tree},
};

/// Everything that only looks, without the directory.
const LOOKS: [&[&str]; 8] = [
    &["list"],
    &["list", "--json", "--sort", "size"],
    &["stats"],
    &["stats", "--json", "--by", "tag"],
    &["check"],
    &["check", "--deep", "--audit", "--json"],
    &["watch", "--count", "1"],
    &["show", "--id", "1"],
];

fn look(words: &[&str], dir: &Path) -> Command {
    let mut command = command();
    command.args(["cache", words[0], "--now", NOW]);
    let (flags, id) = if words[0] == "show" { (&[][..], &words[1..]) } else { (&words[1..], &[][..]) };
    command.args(flags).arg(dir).args(id);
    command
}

/// The names that differ, but for what SQLite may make beside a database: its `-shm`, and a `-wal` with nothing in it.
fn changed(before: &Tree, after: &Tree, dir: &Path) -> Vec<String> {
    let mut changed = differences(before, after);
    changed.retain(|name| {
        let empty_log =
            name.ends_with("cache.db-wal") && fs::metadata(dir.join(name)).is_ok_and(|m| m.len() == 0);
        !name.ends_with("cache.db-shm") && (!empty_log || before.contains_key(Path::new(name)))
    });
    changed
}

fn ended_well(words: &[&str], output: &Output, name: &str) {
    let code = output.status.code();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(code, Some(0 | 1 | 3)), "{name} {words:?}: {:?} {err}", output.status);
    assert!(!err.contains("panicked"), "{name} {words:?}: {err}");
    let errors = err.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, usize::from(code == Some(1)), "{name} {words:?}: {err}");
}

#[test]
fn of_a_writable_cache() {
    for name in names() {
        let cache = Cache::new(&name);
        let before = tree(cache.base());
        for words in LOOKS {
            let output = look(words, &cache.path()).output().expect("hotcold starts");
            ended_well(words, &output, &name);
            let changed = changed(&before, &tree(cache.base()), cache.base());
            assert_eq!(changed, Vec::<String>::new(), "{name} {words:?}");
        }
    }
}

#[test]
fn access_times_stay() {
    use std::os::unix::fs::MetadataExt;

    let cache = Cache::new("values");
    let file = cache.truth["files"][0].as_str().expect("text");
    let paths = [cache.join(file), cache.join("cache.db")];
    for path in &paths {
        let long_ago = fs::FileTimes::new().set_accessed(std::time::UNIX_EPOCH);
        let file = fs::File::options().write(true).open(path).expect("it is there");
        file.set_times(long_ago).expect("it is there");
    }
    for words in LOOKS {
        look(words, &cache.path()).output().expect("hotcold starts");
        let times = paths.each_ref().map(|path| fs::metadata(path).expect("it is there").atime());
        assert_eq!(times, [0, 0], "{words:?}");
    }
}

/// An ordinary user, to whom the permissions of files mean something.
const NOBODY: u32 = 65534;

/// Makes everything below `dir` readable and nothing writable.
fn forbid_writing(dir: &Path) {
    for entry in fs::read_dir(dir).expect("it is there").flatten() {
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() {
            forbid_writing(&entry.path());
        } else if kind.is_file() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o444)).expect("it is there");
        }
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o555)).expect("it is there");
}

/// Whether a file in `dir` can be opened by an ordinary user at all; the tests may run below a private home.
fn can_become_nobody(dir: &Path) -> bool {
    let mut cat = Command::new("true");
    cat.current_dir("/").uid(NOBODY).gid(NOBODY);
    let may = cat.status().is_ok_and(|status| status.success());
    let mut list = Command::new("ls");
    list.arg(dir).uid(NOBODY).gid(NOBODY);
    met(
        may && list.output().is_ok_and(|output| output.status.success()),
        "a user who may not write, as root can become",
    )
}

#[test]
fn of_a_cache_that_may_not_be_written() {
    for name in ["tags", "values", "wal_left", "open_transaction", "killed_expire", "fanout", "orphans"] {
        let cache = Cache::new(name);
        fs::set_permissions(cache.base(), fs::Permissions::from_mode(0o755)).expect("it is there");
        forbid_writing(&cache.path());
        if !can_become_nobody(&cache.path()) {
            return;
        }
        let before = tree(cache.base());
        for words in LOOKS {
            let mut command = look(words, &cache.path());
            command.uid(NOBODY).gid(NOBODY).env("TMPDIR", "/tmp");
            let output = command.output().expect("hotcold starts");
            let err = String::from_utf8_lossy(&output.stderr);
            let audited = words.contains(&"--audit") && output.status.code() == Some(3);
            let fine = words[0] == "show" || audited || output.status.success();
            assert!(fine, "{name} {words:?}: {:?} {err}", output.status);
            assert_eq!(differences(&before, &tree(cache.base())), Vec::<String>::new(), "{name} {words:?}");
            if let (["list"], Some(rows)) = (words, cache.truth["rows"].as_u64()) {
                let lines = look(&["list", "--json"], &cache.path())
                    .uid(NOBODY)
                    .gid(NOBODY)
                    .env("TMPDIR", "/tmp")
                    .output();
                let lines = lines.expect("it is there").stdout.iter().filter(|&&byte| byte == b'\n').count();
                assert_eq!(lines as u64, rows, "{name}: no committed row is missing");
            }
        }
    }
}

/// A directory of a file system that is mounted in a namespace of our own: `fill` is run in it, then it becomes read-only, then `then` is
/// run. Both are shell programs, in which `$fs` is the directory and `$hotcold` the tool.
fn on_a_read_only_file_system(fill: &str, then: &str) -> Option<Output> {
    let dir = super::support::scratch();
    let mount = "mount -t tmpfs tmpfs \"$fs\" && cd / && ";
    let run = |text: &str| {
        let hotcold = command();
        let mut shell = Command::new("unshare");
        shell.args(["-rm", "sh", "-c", text]).env("fs", dir.path()).env("hotcold", hotcold.get_program());
        for (name, value) in hotcold.get_envs() {
            value.map(|value| shell.env(name, value));
        }
        shell.output()
    };
    let can = run(&format!("{mount} true")).is_ok_and(|output| output.status.success());
    if !met(can, "mounting in a namespace of one's own") {
        return None;
    }
    let text = format!("{mount} ( set -e; {fill} ) && mount -o remount,ro \"$fs\" && {{ {then} ; }}");
    Some(run(&text).expect("a shell starts"))
}

#[test]
fn of_a_read_only_file_system() {
    for name in ["tags", "values", "wal_left", "open_transaction", "fanout", "orphans", "odd_pragmas"] {
        for without_shm in [false, true] {
            let cache = Cache::new(name);
            if without_shm {
                let _ = fs::remove_file(cache.join("cache.db-shm"));
            }
            let from = cache.base().display();
            let fill = format!("cp -a '{from}'/. \"$fs\"");
            let args = format!("--now {NOW} \"$fs/cache\"");
            let wanted = cache.truth["rows"].as_u64();
            // What has to be copied finds room even where there is none for temporary files.
            let list = format!("TMPDIR=/nonexistent \"$hotcold\" cache list --json {args} | wc -l");
            let looks = ["stats", "check", "check --deep", "watch --count 1"]
                .map(|look| format!("\"$hotcold\" cache {look} {args} > /dev/null || echo {look} gave $?"));
            let then = format!("{list}; {}", looks.join("; "));
            let Some(output) = on_a_read_only_file_system(&fill, &then) else { return };
            let out = String::from_utf8(output.stdout).expect("UTF-8");
            let mut lines = out.lines();
            let rows: u64 = lines.next().expect("a count").trim().parse().expect("a number");
            assert!(wanted.is_none_or(|wanted| wanted == rows) && rows > 0, "{name}: {rows} of {wanted:?}");
            // What is wrong with `orphans` is wrong here, too.
            let failed: Vec<&str> = lines.filter(|_| name != "orphans").collect();
            assert_eq!(failed, [""; 0], "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn a_read_only_file_system_is_the_reason_that_is_given() {
    for name in ["tags", "wal_left", "fanout"] {
        let cache = Cache::new(name);
        let fill = format!("cp -a '{}'/. \"$fs\"; rm -f \"$fs\"/cache/cache.db-shm", cache.base().display());
        let commands = ["expire", "clear -y", "prune -y --larger-than 1", "rm -y --id 1", "check --fix"]
            .map(|words| format!("\"$hotcold\" cache {words} -q \"$fs/cache\"; echo $?"));
        let Some(output) = on_a_read_only_file_system(&fill, &commands.join("; ")) else { return };
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out.lines().collect::<Vec<_>>(), ["1"; 5], "{name}: {err}");
        assert_eq!(err.lines().count(), 5, "{name}: {err}");
        let told = |line: &str| {
            line.starts_with("error: cannot change `") && line.ends_with("cache.db`: read-only file system")
        };
        assert!(err.lines().all(told), "{name}: {err}");
    }
}
