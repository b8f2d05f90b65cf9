//! `hotcold cache prune --policy`: many caches by one file.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::support::{
    command,
    diskcache::{Cache, NOW, run},
    hotcold, scratch,
    terminal::Terminal,
    tree::{differences, tree},
};

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";
const DAY: u64 = 86_400;
/// Bytes of each file.
const EACH: usize = 40_960;

/// Exit code, standard output, standard error.
fn prune(dir: &Path, policy: &str, args: &[&str]) -> (i32, String, String) {
    let path = dir.join("policy.toml");
    fs::write(&path, policy).unwrap();
    let mut hotcold = hotcold();
    hotcold.env("HOME", dir.join("home")).current_dir("/");
    let output = hotcold.args(["cache", "prune", "--policy"]).arg(&path).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(dir: &Path, policy: &str, args: &[&str]) -> Value {
    let (code, out, err) = prune(dir, policy, &[args, &["--json"]].concat());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn days_ahead(days: u64) -> String {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + days * DAY).to_string()
}

/// A tagged directory of files, each with its age in days; the older, the longer not read.
fn files(root: &Path, ages: &[u64]) {
    fs::create_dir_all(root).unwrap();
    fs::write(root.join("CACHEDIR.TAG"), TAG).unwrap();
    for age in ages {
        let path = root.join(format!("f{age}"));
        fs::write(&path, vec![b'x'; EACH]).unwrap();
        let written = SystemTime::now() - Duration::from_secs(age * DAY);
        // Its own making counts as a use, so that the reads must come after it.
        let read = SystemTime::now() + Duration::from_secs((1000 - age) * 60);
        let times = fs::FileTimes::new().set_modified(written).set_accessed(read);
        File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    }
}

fn left(root: &Path) -> Vec<String> {
    let names = fs::read_dir(root).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with('f')).collect();
    names.sort();
    names
}

/// Three caches below `caches`, a DiskCache, and data.
fn scene() -> tempfile::TempDir {
    let dir = scratch();
    for (name, ages) in [("a", &[1, 40][..]), ("b", &[2, 50]), ("kept", &[90])] {
        files(&dir.path().join("caches").join(name), ages);
    }
    let fixture = Cache::new("tags");
    run(std::process::Command::new("cp").arg("-a").arg(fixture.path()).arg(dir.path().join("caches/db")));
    fs::create_dir_all(dir.path().join("caches/data")).unwrap();
    fs::write(dir.path().join("caches/data/f0"), "precious").unwrap();
    fs::create_dir_all(dir.path().join("precious")).unwrap();
    fs::write(dir.path().join("precious/f0"), "precious").unwrap();
    symlink("../precious", dir.path().join("caches/link")).unwrap();
    dir
}

const POLICY: &str = r#"
[defaults]
expired = true

[kind.files]
older-than = "30d"
grace = "0s"

[[cache]]
path = "caches/kept"
keep = true

[[cache]]
path = "caches/*"
"#;

#[test]
fn each_cache_has_its_rules() {
    let dir = scene();
    let before = tree(dir.path());
    // The files are new, so the clock is put forward.
    let now = ["--now", &days_ahead(20)];
    let dry = json(dir.path(), POLICY, &[&["-n"], &now[..]].concat());
    let mut changed = differences(&before, &tree(dir.path()));
    // SQLite makes and removes files of its own next to the database.
    changed.retain(|name| dir.path().join(name).is_file() && !name.contains("cache.db-"));
    assert_eq!(changed, ["policy.toml"], "a dry run changes nothing");
    let of = |document: &Value, root: &str| -> Value {
        let caches = document["caches"].as_array().unwrap();
        caches.iter().find(|row| row["root"].as_str().unwrap().ends_with(root)).unwrap().clone()
    };
    assert_eq!(dry["schema"], "hotcold.cache.policy/1");
    assert_eq!(of(&dry, "/a")["entries"], serde_json::json!(["f40"]));
    assert_eq!(of(&dry, "/b")["entries"], serde_json::json!(["f50"]));
    assert_eq!(of(&dry, "/kept")["left_alone"], "the policy keeps it");
    let db = of(&dry, "/db")["planned_entries"].as_u64().unwrap();
    assert!(of(&dry, "/db")["kind"] == "diskcache" && db >= 48, "{db}");
    assert_eq!(dry["caches"].as_array().unwrap().len(), 4, "data and links are no caches");
    assert_eq!(dry["planned_entries"], 2 + db);

    let (code, out, err) = prune(dir.path(), POLICY, &[&["-y"], &now[..]].concat());
    assert_eq!((code, err.as_str()), (0, ""));
    let root = dir.path().join("caches");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with(&format!("Removed {} entries, freed ", 2 + db))
            && lines[0].ends_with(", from 3 of 4 caches"),
        "{out}"
    );
    assert_eq!(lines[1], "");
    let line = |name: &str, text: &str| format!("{}/{name}: {text}", root.display());
    assert!(lines.contains(&line("kept (files)", "left alone: the policy keeps it").as_str()), "{out}");
    assert!(
        lines.contains(&line("a (files)", "removed 1 entry, freed 40.0 KiB; 1 entry stays").as_str()),
        "{out}"
    );
    assert_eq!(
        [left(&root.join("a")), left(&root.join("b")), left(&root.join("kept"))],
        [["f1"], ["f2"], ["f90"]]
    );
    assert!(root.join("data/f0").exists() && dir.path().join("precious/f0").exists());

    let (code, out, err) = prune(dir.path(), POLICY, &[&["-y", "-q"], &now[..]].concat());
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""), "nothing to do and nothing to say");
}

#[test]
fn a_wrong_policy_removes_nothing() {
    let dir = scene();
    let good = "[[cache]]\npath = 'caches/a'\nmax-entries = 0\ngrace = '0s'\n";
    for (wrong, place) in [
        ("[[cache]]\npath = 'caches/b'\nmax-entires = 0\n", "line 7, column 1: unknown key `max-entires`"),
        ("[[cache]]\npath = 'caches/b'\nolder-than = 'x'\n", "line 7, column 14: not a duration"),
        ("[kind.odd]\nexpired = true\n", "line 5, column 7: unknown kind `odd`"),
        ("[[cache]]\npath = 'caches/b'\n", "line 5, column 1: no rule"),
        ("[[cache", "line 5, column 8: "),
    ] {
        let (code, out, err) = prune(dir.path(), &format!("{good}{wrong}"), &["-y"]);
        assert_eq!((code, out.as_str()), (1, ""), "{wrong}");
        assert!(
            err.starts_with("error: cannot read `") && err.contains(&format!("policy.toml`: {place}")),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
        assert_eq!(left(&dir.path().join("caches/a")).len(), 2);
    }
    let output = hotcold().args(["cache", "prune", "-y", "--policy", "/dev/null"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a regular file"));
    for flags in [&["x"][..], &["--expired"], &["--max-size", "1"], &["--grace", "0s"], &["--adopt"]] {
        assert_eq!(prune(dir.path(), good, flags).0, 2, "{flags:?}");
    }
    let latin = dir.path().join("latin.toml");
    fs::write(&latin, b"path = '\xfc'").unwrap();
    let output = hotcold().args(["cache", "prune", "-y", "--policy"]).arg(&latin).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_a_yes_nothing_goes() {
    let dir = scene();
    let (policy, now) = (POLICY, ["--now", &days_ahead(20)]);
    let (code, out, err) = prune(dir.path(), policy, &now);
    assert_eq!(code, 2);
    assert!(out.starts_with("would remove ") && out.contains(" from 3 of 4 caches\n"), "{out}");
    assert!(err.starts_with("error: cannot ask whether to remove "), "{err}");
    assert_eq!(left(&dir.path().join("caches/a")).len(), 2);
    let mut hotcold = command();
    hotcold.args(["cache", "prune", "--policy"]).arg(dir.path().join("policy.toml")).args(now);
    let mut terminal = Terminal::spawn(&mut hotcold, 120, 30);
    terminal.wait_for("from 3 caches? [y/N]");
    terminal.press(b"y\r");
    terminal.wait_for(", from 3 of 4 caches");
    assert_eq!(left(&dir.path().join("caches/a")), ["f1"]);
}

#[test]
fn what_fails_does_not_stop_the_rest_and_is_told() {
    let dir = scene();
    let policy = format!(
        "{}\n[[cache]]\npath = ['caches/none', 'caches/data', 'caches/db']\n[[filesystem]]\npath = '/none'\nkeep-free = 1\n",
        POLICY.replace("caches/*", "caches/[ab]")
    );
    let now = days_ahead(20);
    let (code, out, err) = prune(dir.path(), &policy, &["-y", "-q", "--now", &now]);
    assert_eq!((code, out.as_str()), (3, ""));
    let caches = dir.path().join("caches");
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 3, "{err}");
    for (line, path) in lines.iter().zip([&*caches.join("none"), &caches.join("data"), Path::new("/none")]) {
        assert!(line.starts_with(&format!("error: cannot read `{}`", path.display())), "{err}");
    }
    assert_eq!(left(&caches.join("a")), ["f1"]);
    let (code, out, err) = prune(dir.path(), &policy, &["-y", "--now", &now]);
    assert_eq!((code, err.as_str()), (3, ""));
    assert!(out.contains("none: FAILED: cannot read `"), "{out}");
    // A rule that a cache cannot keep is a mistake only where it was meant for that cache.
    let unused = |path: &str| format!("[[cache]]\npath = '{path}'\nunused-for = '1d'\n");
    let (code, out, _) = prune(dir.path(), &unused("caches/d*"), &["-y", "--now", NOW]);
    assert!(code == 0 && out.contains("left alone: cannot use `--unused-for`"), "{out}");
    let (code, out, _) = prune(dir.path(), &unused("caches/db"), &["-y", "--now", NOW]);
    assert!(code == 1 && out.contains("FAILED: cannot use `--unused-for`"), "{out}");
}

#[test]
fn two_runs_never_overlap() {
    let dir = scene();
    let path = dir.path().join("policy.toml");
    fs::write(&path, POLICY).unwrap();
    let other = File::open(&path).unwrap();
    other.lock().unwrap();
    let run = |args: &[&str]| {
        let output = hotcold().args(["cache", "prune", "--policy"]).arg(&path).args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let told = format!("error: cannot prune by `{}`: another run of it goes on\n", path.display());
    assert_eq!(run(&["-y", "-q"]), (1, told));
    assert_eq!(run(&["-n"]), (0, String::new()), "looking is free");
    drop(other);
    assert_eq!(run(&["-y", "-q"]).0, 0);
    // The real thing holds it while it waits for an answer.
    let mut hotcold = command();
    hotcold.args(["cache", "prune", "--policy"]).arg(&path).args(["--now", &days_ahead(60)]);
    let mut terminal = Terminal::spawn(&mut hotcold, 120, 30);
    terminal.wait_for("[y/N]");
    assert_eq!(run(&["-y", "-q"]).0, 1);
    terminal.press(b"n\r");
    assert_eq!(terminal.finish().0.code(), Some(1));
}

/// Runs a shell program in a mount namespace with a tmpfs of 1 MB at `$fs`.
fn on_a_small_file_system(dir: &Path, program: &str) -> Option<String> {
    let hotcold = command();
    let mut shell = std::process::Command::new("unshare");
    let text = format!("mount -t tmpfs -o size=1m tmpfs \"$fs\" && {program}");
    shell.args(["-rm", "sh", "-ec", &text]).env("fs", dir).env("hotcold", hotcold.get_program());
    let output = shell.stdin(Stdio::null()).output().ok()?;
    let can = !String::from_utf8_lossy(&output.stderr).contains("unshare:");
    super::support::require::met(can, "mounting in a namespace of one's own").then(|| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("{out}{err}")
    })
}

/// Two caches fill a file system of 1 MB; the coldest entries of both go until enough is free.
#[test]
fn room_is_kept_free_by_what_was_not_used_for_longest() {
    let dir = scratch();
    files(&dir.path().join("from/a"), &[10, 30, 50, 70]);
    files(&dir.path().join("from/b"), &[20, 40, 60]);
    let policy = "[kind.files]\nolder-than = '65d'\ngrace = '0s'\n[[cache]]\npath = ['a', 'b']\n[[filesystem]]\npath = '.'\nkeep-free = 'FREE'\n";
    fs::create_dir(dir.path().join("fs")).unwrap();
    let run = |free: &str, args: &str| {
        fs::write(dir.path().join("from/policy.toml"), policy.replace("FREE", free)).unwrap();
        let program = format!(
            "cp -a '{}'/from/. \"$fs\" && code=0; \"$hotcold\" cache prune --policy \"$fs\"/policy.toml {args} || code=$?; \
             cd \"$fs\"; echo $code; ls a b",
            dir.path().display()
        );
        on_a_small_file_system(&dir.path().join("fs"), &program)
    };
    // 1 MiB less seven files of 40 KiB, two tags and the policy: about 732 KiB are free.
    let Some(out) = run("800KiB", "-y --json --now $(( $(date +%s) + 3 * 86400 ))") else { return };
    let document: Value =
        serde_json::from_str(out.lines().next().unwrap()).unwrap_or_else(|_| panic!("{out}"));
    let volume = &document["filesystems"][0];
    assert!(volume["free_after_bytes"].as_u64() >= Some(800 << 10), "{out}");
    let caches = document["caches"].as_array().unwrap();
    let counts =
        |field: &str| -> Vec<u64> { caches.iter().map(|row| row[field].as_u64().unwrap()).collect() };
    // By its rule f70; then, made on the same day, the coldest.
    assert_eq!((counts("removed_entries"), counts("for_room_entries")), (vec![1, 1], vec![0, 1]), "{out}");
    assert!(out.contains("a:\nCACHEDIR.TAG\nf10\nf30\nf50\n\nb:\nCACHEDIR.TAG\nf20\nf40\n"), "{out}");
    // More than there is: everything goes, and that is not enough.
    let out = run("99.5%", "-y -q").unwrap();
    assert!(
        out.starts_with("3\n") && out.contains(": 1012.0 KiB free, ") && out.contains("error: "),
        "{out}"
    );
}
