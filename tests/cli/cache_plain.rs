//! The cache commands on directories that are nothing but files.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    cache_stores::{cache, json},
    support::{hotcold, process::wait_until, scratch},
};

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# a test\n";
const DAY: u64 = 86_400;

/// Writes a file that was written and read so many days ago.
fn write(path: &Path, bytes: usize, days: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, vec![b'x'; bytes]).unwrap();
    age(path, days, days);
}

fn age(path: &Path, written: u64, read: u64) {
    let ago = |days: u64| SystemTime::now() - Duration::from_secs(days * DAY);
    let times = fs::FileTimes::new().set_modified(ago(written)).set_accessed(ago(read));
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let (code, out, err) = cache(&["list", "--json", "--sort", "key"], dir);
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["key"].as_str().unwrap().to_owned())
        .collect()
}

/// Files of several ages, sizes and kinds in a tagged directory.
fn tagged() -> tempfile::TempDir {
    let dir = scratch();
    fs::write(dir.path().join("CACHEDIR.TAG"), TAG).unwrap();
    fs::write(dir.path().join(".gitignore"), "*").unwrap();
    write(&dir.path().join("old"), 5000, 40);
    write(&dir.path().join("a/new"), 300, 1);
    write(&dir.path().join("a/b/older"), 7000, 50);
    symlink("/etc", dir.path().join("link")).unwrap();
    symlink("/etc/hostname", dir.path().join("a/file-link")).unwrap();
    dir
}

#[test]
fn files_are_entries_and_nothing_else_is() {
    let dir = tagged();
    assert_eq!(names(dir.path()), ["a/b/older", "a/new", "old"]);
    let stats = json(&["stats", "--by", "group"], dir.path());
    assert_eq!(
        (&stats["kind"], &stats["entries"], &stats["size_bytes"]),
        (&"files".into(), &3.into(), &12_300.into())
    );
    assert_eq!((&stats["never_expire_entries"], &stats["inline_bytes"]), (&Value::Null, &Value::Null));
    assert_eq!((&stats["by"][0]["name"], &stats["by"][0]["bytes"]), (&"a".into(), &7300.into()));
    let (code, out, _) = cache(&["stats"], dir.path());
    assert!(code == 0 && out.contains("entries      3 entries, expiry not recorded\n"), "{out}");
    let (code, _, err) = cache(&["expire"], dir.path());
    assert_eq!(code, 1);
    assert_eq!(
        err,
        "error: cannot use `--expired`: a directory of files does not record when entries expire\n"
    );
}

#[test]
fn what_was_not_used_goes_and_the_rest_stays() {
    let dir = tagged();
    let before = fs::metadata(dir.path().join("old")).unwrap().atime();
    // Its own making counts as a use, so the clock is put forward.
    let later = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 30 * DAY).to_string();
    let rule = ["prune", "-y", "--older-than", "60d", "--now", &later];
    let dry = json(&[&rule[..], &["-n"]].concat(), dir.path());
    assert_eq!(fs::metadata(dir.path().join("old")).unwrap().atime(), before, "looking leaves no trace");
    let ids: Vec<&str> = dry["entries"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(ids, ["old", "a/b/older"]);
    let wet = json(&rule, dir.path());
    assert_eq!((&wet["removed_entries"], &wet["freed_bytes"]), (&2.into(), &12_000.into()));
    assert_eq!((&wet["freed_bytes"], &wet["planned_bytes"]), (&dry["planned_bytes"], &dry["planned_bytes"]));
    assert_eq!(names(dir.path()), ["a/new"]);
    assert!(!dir.path().join("a/b").exists(), "what became empty goes too");
    for kept in ["CACHEDIR.TAG", ".gitignore", "link", "a/file-link"] {
        assert!(dir.path().join(kept).symlink_metadata().is_ok(), "{kept}");
    }
    let unused = ["prune", "-y", "--unused-for", "20d", "--now", &later];
    assert_eq!(json(&unused, dir.path())["removed_entries"], 1);
}

#[test]
fn what_was_just_made_stays_unless_asked() {
    let dir = tagged();
    let spared = json(&["clear", "-y"], dir.path());
    assert_eq!((&spared["removed_entries"], &spared["kept_entries"]), (&0.into(), &3.into()));
    let cleared = json(&["clear", "-y", "--grace", "0s"], dir.path());
    assert_eq!(cleared["removed_entries"], 3);
    assert!(names(dir.path()).is_empty());
}

#[test]
fn limits_take_what_was_not_used_for_longest() {
    let dir = tagged();
    fs::hard_link(dir.path().join("old"), dir.path().join("old-too")).unwrap();
    age(&dir.path().join("a/new"), 1, 0);
    let later = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + DAY).to_string();
    let plan = |size: &str| {
        let dry = json(&["prune", "-n", "--max-size", size, "--by", "stored", "--now", &later], dir.path());
        (dry["entries"].as_array().unwrap().len(), dry["planned_bytes"].as_u64().unwrap())
    };
    // 12,300 bytes: two names of one file free them only together.
    assert_eq!(plan("12300"), (0, 0));
    assert_eq!(plan("5300"), (1, 7000));
    assert_eq!(plan("5299"), (3, 12_000));
}

#[test]
fn open_files_and_locked_directories_stay() {
    let dir = tagged();
    let open = File::open(dir.path().join("old")).unwrap();
    let locked = File::open(dir.path().join("a/b")).unwrap();
    locked.lock_shared().unwrap();
    let wet = json(&["clear", "-y", "--grace", "0s"], dir.path());
    assert_eq!(wet["removed_entries"], 1);
    let mut why: Vec<String> = wet["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{}: {}", row["id"], row["why"]))
        .collect();
    why.sort();
    assert_eq!(
        why,
        [r#""a/b/older": "a program has its directory locked""#, r#""old": "a program has it open""#]
    );
    drop((open, locked));
    // Other tests start processes, which for a moment have everything open that we have.
    wait_until("everything to go", || {
        json(&["clear", "-y", "--grace", "0s"], dir.path());
        names(dir.path()).is_empty().then_some(())
    });
}

#[test]
fn directories_are_caches_by_tag_place_or_word() {
    let dir = scratch();
    let home = dir.path().join("home");
    let tool = home.join(".cache/tool");
    write(&tool.join("file"), 10, 3);
    write(&home.join("work/file"), 10, 3);
    let ask = |args: &[&str], path: &Path| {
        let output = hotcold().env("HOME", &home).arg("cache").args(args).arg(path).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(ask(&["list"], &tool).0, 0);
    let cases = [
        (home.join(".cache"), "it holds the caches of many programs"),
        (home.join("work"), "nothing in it is known as a cache"),
        (home.clone(), "it is a home directory"),
        (Path::new("/").to_owned(), "it is the root of the file system"),
        (Path::new("/usr/share").to_owned(), "it is of the system"),
    ];
    for (path, why) in &cases {
        let adopt = why.starts_with("it is");
        let (code, err) =
            ask(if adopt { &["prune", "-y", "--adopt", "--older-than", "1d"] } else { &["list"] }, path);
        assert!(code == 1 && err.contains(why), "{err}");
    }
    // Whoever has another HOME now has the one of /etc/passwd all the same.
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let me = format!(":x:{}:", rustix::process::getuid().as_raw());
    let mine = users.lines().find(|line| line.contains(&me)).and_then(|line| line.split(':').nth(5));
    if let Some(mine) = mine.filter(|mine| Path::new(mine).is_dir()) {
        let (code, err) = ask(&["prune", "--adopt", "-n", "--older-than", "1d"], Path::new(mine));
        assert!(code == 1 && err.contains("it is a home directory"), "{err}");
    }
    let marker = home.join("work/.hotcold-cache");
    let (code, err) = ask(&["prune", "--adopt", "-n", "--older-than", "1d"], &home.join("work"));
    assert_eq!((code, err.as_str(), marker.exists()), (0, "", false), "a dry run changes nothing");
    let (code, _) = ask(&["prune", "--adopt", "--larger-than", "1", "--grace", "0s"], &home.join("work"));
    assert_eq!((code, marker.exists()), (2, false), "nobody has said yes");
    let (code, err) = ask(&["prune", "--adopt", "-y", "--older-than", "1d"], &home.join("work"));
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, err) = ask(&["prune", "-y", "--larger-than", "1", "--grace", "0s"], &home.join("work"));
    assert_eq!((code, err.as_str()), (0, ""));
    fs::remove_file(&marker).unwrap();
    let (code, err) = ask(&["expire"], &home.join("work"));
    assert!(code == 0 && err.contains("is empty: there is nothing to remove"), "{err}");
    write(&home.join("work/file"), 10, 3);
    assert_eq!(ask(&["prune", "--adopt", "-y", "--older-than", "1d"], &home.join("work")).0, 0);
    write(&home.join("work/file"), 10, 3);
    assert_eq!(ask(&["list"], &home.join("work")).0, 0, "adopted once is adopted");
    fs::write(tool.join("token"), "secret").unwrap();
    assert!(ask(&["list"], &tool).1.contains("`token` in it is no cached data"));
}

#[test]
fn caches_and_repositories_inside_are_not_taken_apart() {
    let dir = tagged();
    write(&dir.path().join("x/repo/.git/config"), 10, 9);
    write(&dir.path().join("x/repo/file"), 10, 9);
    write(&dir.path().join("x/hf/token"), 10, 9);
    write(&dir.path().join("x/env/pyvenv.cfg"), 10, 9);
    write(&dir.path().join("x/env/lib/module.py"), 10, 9);
    let inner = super::support::diskcache::Cache::new("tags");
    let copy = dir.path().join("x/inner");
    super::support::diskcache::run(std::process::Command::new("cp").arg("-a").arg(inner.path()).arg(&copy));
    assert_eq!(names(dir.path()), ["a/b/older", "a/new", "old"]);
    json(&["clear", "-y", "--grace", "0s"], dir.path());
    assert!(dir.path().join("x/repo/file").exists() && copy.join("cache.db").exists());
    assert!(dir.path().join("x/hf/token").exists() && dir.path().join("x/env/lib/module.py").exists());
    let id = |id: &str| cache(&["rm", "-y", "--grace", "0s", "--id", id], dir.path()).0;
    assert_eq!([id("x/repo/file"), id("x/inner/cache.db"), id("../x"), id("link/hostname")], [1; 4]);
}

#[test]
fn odd_names_are_entries_too() {
    use std::os::unix::ffi::OsStrExt;

    let dir = tagged();
    let odd = std::ffi::OsStr::from_bytes(b"odd \xff \\ \n name");
    write(&dir.path().join(odd), 5, 9);
    let (_, out, _) = cache(&["list", "--json"], dir.path());
    let odd =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|e| e["key"].is_object());
    let id = odd.unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(id, "odd \\xff \\\\ \n name");
    assert_eq!(json(&["rm", "-y", "--grace", "0s", "--id", &id], dir.path())["removed_entries"], 1);
    assert_eq!(names(dir.path()).len(), 3);
}
