//! The removing commands on caches made by the real library, next to it, and killed in the middle.

use std::{
    collections::BTreeSet,
    fs,
    hash::{BuildHasher, RandomState},
    io::Read,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{
    command,
    diskcache::{Cache, NOW, maker, python_check, run, script},
    hotcold,
    process::{send, wait_until},
    scratch,
    terminal::Terminal,
    tree::{differences, tree},
};

/// Exit code, standard output, standard error.
fn cache(args: &[&str], dir: &Path) -> (i32, String, String) {
    let output = hotcold().args(["cache", "--now", NOW]).args(args).arg(dir).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], dir: &Path) -> Value {
    let (code, out, err) = cache(&[args, &["--json"]].concat(), dir);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn ids(dir: &Path, filters: &[&str]) -> BTreeSet<String> {
    let (code, out, err) = cache(&[&["list", "--json"], filters].concat(), dir);
    assert_eq!(code, 0, "{err}");
    let id =
        |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["id"].as_str().unwrap().to_owned();
    out.lines().map(id).collect()
}

fn planned(document: &Value) -> BTreeSet<String> {
    let ids = document["entries"].as_array().expect("a dry run names its entries").iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Python finds nothing wrong, in a shard neither.
fn assert_sound(dir: &Path) {
    let shards = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let shards: Vec<_> = shards.filter(|path| path.join("cache.db").exists()).collect();
    let whole = [dir.to_owned()];
    for dir in if dir.join("cache.db").exists() { &whole[..] } else { &shards } {
        let found = python_check(dir).unwrap_or_default();
        assert!(found.is_empty(), "{}: {found:?}", dir.display());
    }
}

#[test]
fn a_dry_run_names_exactly_what_then_goes() {
    let cases: [(&str, &[&str]); 13] = [
        ("expiry", &["expire"]),
        ("tags", &["expire"]),
        ("fanout", &["expire"]),
        ("values", &["clear", "-y"]),
        ("fanout", &["clear", "-y"]),
        ("keys", &["clear", "-y"]),
        ("tags", &["prune", "-y", "--tag", "none"]),
        ("keys", &["prune", "-y", "--key", "*a*"]),
        ("values", &["prune", "-y", "--larger-than", "1kB"]),
        ("policy_lru", &["prune", "-y", "--max-entries", "7"]),
        ("policy_lfu", &["prune", "-y", "--max-entries", "7"]),
        ("fanout", &["prune", "-y", "--max-entries", "20"]),
        ("policy_lru", &["prune", "-y", "--unused-for", "1s"]),
    ];
    for (name, args) in cases {
        let fixture = Cache::new(name);
        let dir = fixture.path();
        let (before, files) = (ids(&dir, &[]), tree(&dir));
        let dry = json(&[args, &["-n"]].concat(), &dir);
        let mut changed = differences(&files, &tree(&dir));
        // SQLite makes and removes files of its own next to the database.
        changed.retain(|path| dir.join(path).is_file());
        assert_eq!(changed, [""; 0], "{name}: a dry run changes nothing");
        let wet = json(args, &dir);
        let at = format!("{name} {args:?}");
        let gone: BTreeSet<_> = before.difference(&ids(&dir, &[])).cloned().collect();
        assert_eq!(planned(&dry), gone, "{at}");
        assert!(!gone.is_empty(), "{at}");
        assert_eq!(wet["removed_entries"], gone.len(), "{at}");
        assert_eq!(wet["kept_entries"], before.len() - gone.len(), "{at}");
        for field in ["planned_entries", "planned_bytes", "kept_entries"] {
            assert_eq!(dry[field], wet[field], "{at}: {field}");
        }
        assert_eq!(wet["freed_bytes"], wet["planned_bytes"], "{at}");
        assert_sound(&dir);
        let again = json(args, &dir);
        assert_eq!(again["removed_entries"], 0, "{at}: done once is done");
    }
}

/// Python's `expire` skips rows with equal times, its `clear` rows below one.
#[test]
fn nothing_is_left_that_python_would_leave() {
    let fixture = Cache::new("expiry");
    assert_eq!(cache(&["expire", "-q"], &fixture.path()), (0, String::new(), String::new()));
    assert!(ids(&fixture.path(), &["--expired"]).is_empty());

    let dir = scratch();
    let low = "import sys, diskcache
c = diskcache.Cache(sys.argv[1])
for i in range(5): c.set(i, b'x' * 40000)
c._sql('UPDATE Cache SET rowid = -rowid')
c._sql('UPDATE Cache SET rowid = 0 WHERE rowid = -3')";
    let Some(mut python) = script(low) else { return };
    run(python.arg(dir.path()));
    let (code, out, _) = cache(&["clear", "-y"], dir.path());
    assert_eq!((code, out.as_str()), (0, "Removed 5 entries, freed 195.3 KiB\n"));
    assert!(ids(dir.path(), &[]).is_empty());
    assert_sound(dir.path());
}

#[test]
fn limits_take_what_the_policy_would_take() {
    let first = |name: &str, sort: &str| -> Vec<String> {
        let fixture = Cache::new(name);
        let (_, out, _) = cache(&["list", "--json", "--sort", sort], &fixture.path());
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        out.lines().map(id).collect()
    };
    for (name, sort) in [("policy_lru", "used"), ("policy_lrs", "age")] {
        let order = first(name, sort);
        let fixture = Cache::new(name);
        let dir = fixture.path();
        let expired = ids(&dir, &["--expired"]);
        let most = order.len() - expired.len() - 3;
        let document = json(&["prune", "-n", "--max-entries", &most.to_string()], &dir);
        let wanted: BTreeSet<String> = order
            .iter()
            .filter(|id| !expired.contains(*id))
            .take(3)
            .cloned()
            .chain(expired.clone())
            .collect();
        assert_eq!(planned(&document), wanted, "{name}");
    }
    let fixture = Cache::new("values");
    let dir = fixture.path();
    for (most, bytes) in [("300kB", 300_000), ("100kB", 100_000)] {
        let document = json(&["prune", "-y", "--max-size", most], &dir);
        assert!(document["removed_entries"].as_u64() > Some(0));
        let volume = "import sys, diskcache; print(diskcache.Cache(sys.argv[1]).volume())";
        let Some(mut python) = script(volume) else { return };
        let volume: u64 = String::from_utf8(run(python.arg(&dir)).stdout).unwrap().trim().parse().unwrap();
        assert!(volume <= bytes, "{volume} bytes are left of {most}");
        assert!(!ids(&dir, &[]).is_empty());
    }
}

#[test]
fn a_rule_on_what_is_not_recorded_is_refused() {
    let fixture = Cache::new("policy_lrs");
    let files = tree(&fixture.path());
    for (args, flag, why) in [
        (&["prune", "-y", "--unused-for", "1s"][..], "--unused-for", "record when entries are used"),
        (&["prune", "-y", "--max-entries", "1", "--by", "used"], "--by", "record when entries are used"),
        (&["prune", "-y", "--max-entries", "1", "--by", "hits"], "--by", "count uses"),
    ] {
        let (code, out, err) = cache(args, &fixture.path());
        let policy = "the cache's eviction policy `least-recently-stored`";
        assert_eq!((code, out.as_str()), (1, ""));
        let error = format!("error: cannot use `{flag}`: {policy} does not {why}\n");
        assert!(err.starts_with(&error), "{err}");
    }
    assert_eq!(differences(&files, &tree(&fixture.path())), [""; 0]);
}

#[test]
fn without_a_yes_nothing_goes() {
    let fixture = Cache::new("tags");
    let dir = fixture.path();
    let files = tree(&dir);
    for command in [&["clear"][..], &["prune", "--tag", "none"], &["rm", "--id", "1"]] {
        let (code, out, err) = cache(command, &dir);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with("error: cannot ask whether to remove "), "{err}");
        assert_eq!(cache(&[command, &["-n", "-y"]].concat(), &dir).0, 0, "a dry run beats a yes");
    }
    let (code, out, err) = cache(&["prune", "-y"], &dir);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cannot prune without a rule\n\nhint: "), "{err}");
    assert_eq!(differences(&files, &tree(&dir)), [""; 0]);

    // A size that the database alone exceeds.
    let mut prune = command();
    prune.args(["cache", "prune", "--max-size", "1", "--now", NOW]).arg(&dir);
    let mut terminal = Terminal::spawn(&mut prune, 200, 10);
    terminal.wait_for("Remove all 96 entries (97.6 KiB) from");
    terminal.press(b"n\n");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(!screen.contains("note:"), "{screen}");

    for (key, code, left) in [("n", 1, 96), ("y", 0, 0)] {
        let mut command = command();
        command.args(["cache", "clear", "--now", NOW]).arg(&dir);
        let mut terminal = Terminal::spawn(&mut command, 200, 10);
        terminal.wait_for("Remove all 96 entries (97.6 KiB) from");
        terminal.press(format!("{key}\n").as_bytes());
        let (status, screen) = terminal.finish();
        assert_eq!(status.code(), Some(code), "{screen}");
        assert_eq!(screen.contains("Removed 96 entries, freed 97.6 KiB"), key == "y", "{screen}");
        assert_eq!(ids(&dir, &[]).len(), left);
    }
}

#[test]
fn entries_go_by_name() {
    let fixture = Cache::new("tags");
    let dir = fixture.path();
    let all = ids(&dir, &[]);
    let (_, out, _) = cache(&["list", "--json", "--limit", "1"], &dir);
    let first: Value = serde_json::from_str(&out).unwrap();
    let (key, id) = (first["key"].as_str().unwrap(), first["id"].as_str().unwrap());
    let rm = |args: &[&str]| {
        let output =
            hotcold().args(["cache", "rm", "-y", "--now", NOW]).arg(&dir).args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, err) = rm(&["no such key"]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("error: cannot find `no such key`: no such key\n"), "{err}");
    assert_eq!(rm(&["--id", "99999"]).0, Some(1));
    assert_eq!(rm(&["--id", "nonsense"]).0, Some(1));
    assert_eq!(ids(&dir, &[]), all);
    let (code, out, err) = rm(&[key, "no such key"]);
    assert_eq!((code, err.as_str()), (Some(3), "warning: there is no key `no such key`\n"));
    assert!(out.starts_with("Removed 1 entry, freed "), "{out}");
    let left = ids(&dir, &[]);
    assert_eq!(all.difference(&left).map(String::as_str).collect::<Vec<_>>(), [id]);
    let two: Vec<&str> = left.iter().take(2).flat_map(|id| ["--id", id.as_str()]).collect();
    assert_eq!(rm(&two).0, Some(0));
    assert_eq!(ids(&dir, &[]).len(), all.len() - 3);
    assert_sound(&dir);
}

#[test]
fn what_is_young_is_spared() {
    let fixture = Cache::new("tags");
    let all = ids(&fixture.path(), &[]).len();
    let spared = json(&["clear", "-y", "--grace", "1000y"], &fixture.path());
    assert_eq!((&spared["removed_entries"], &spared["kept_entries"]), (&0.into(), &all.into()));
    let grown = json(&["clear", "-y", "--grace", "0s"], &fixture.path());
    assert!(grown["removed_entries"].as_u64() > Some(0));
}

#[test]
fn the_outcome_is_told_as_json() {
    let fixture = Cache::new("expiry");
    let mut document = json(&["expire"], &fixture.path());
    document["root"] = "cache".into();
    insta::assert_snapshot!(document.to_string(), @r#"{"dry_run":false,"error":null,"failed":[],"freed_bytes":40163,"kept_entries":25,"kind":"diskcache","planned_bytes":40163,"planned_entries":164,"reclaimed_bytes":null,"refused":[],"removed_entries":164,"root":"cache","schema":"hotcold.cache.removal/1","size_counts":"database pages and value files","verb":"expire"}"#);
}

#[test]
fn space_is_given_back() {
    let fixture = Cache::new("no_autovacuum");
    let dir = fixture.path();
    let size = || fs::metadata(dir.join("cache.db")).unwrap().len();
    let (_, _, err) = cache(&["prune", "-y", "--max-entries", "10"], &dir);
    assert!(err.ends_with("for new entries; `--vacuum` gives it back\n"), "{err}");
    assert_eq!(cache(&["clear", "-y", "-q"], &dir), (0, String::new(), String::new()));
    let before = size();
    let document = json(&["clear", "-y", "--vacuum"], &dir);
    assert_eq!(document["reclaimed_bytes"], before - size());
    assert!(size() < before);
    assert_sound(&dir);
}

#[test]
fn names_from_the_database_lead_nowhere() {
    let fixture = Cache::new("hostile");
    let outside = |base: &Path| {
        let mut files = tree(base);
        files.retain(|path, _| !path.starts_with("cache"));
        files
    };
    let before = outside(fixture.base());
    assert!(!before.is_empty());
    let (code, out, err) = cache(&["expire"], &fixture.path());
    assert_eq!(code, 3, "{err}");
    assert!(out.starts_with("Removed 21 entries, freed "), "{out}");
    assert_eq!(cache(&["clear", "-y"], &fixture.path()).0, 0);
    assert_eq!(differences(&before, &outside(fixture.base())), [""; 0]);
    assert!(ids(&fixture.path(), &[]).is_empty());
}

#[test]
fn a_foreign_trigger_keeps_us_from_removing() {
    let fixture = Cache::new("tags");
    let add = "import sys, diskcache
diskcache.Cache(sys.argv[1])._sql('CREATE TRIGGER mine AFTER DELETE ON Cache BEGIN SELECT 1; END')";
    let Some(mut python) = script(add) else { return };
    run(python.arg(fixture.path()));
    let all = ids(&fixture.path(), &[]);
    let (code, _, err) = cache(&["clear", "-y", "-qq"], &fixture.path());
    assert_eq!(code, 1);
    assert!(err.ends_with("cache.db`: it has the trigger `mine`, which DiskCache does not make\n"), "{err}");
    assert_eq!(ids(&fixture.path(), &[]), all);
}

/// A Python process whose `times` processes have each written `ready` and a line end, in whatever order.
fn ready(command: &mut Command, times: usize) -> (Child, ChildStdout) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
    let mut out = child.stdout.take().unwrap();
    let mut said = vec![0; times * "ready\n".len()];
    out.read_exact(&mut said).expect("it gets ready");
    assert_eq!(said.iter().filter(|&&byte| byte == b'r').count(), times);
    (child, out)
}

#[test]
fn a_locked_cache_is_waited_for_and_then_given_up() {
    let fixture = Cache::new("tags");
    let dir = fixture.path();
    let hold = "import sys, diskcache
with diskcache.Cache(sys.argv[1]).transact():
    print('ready', flush=True)
    sys.stdin.read()";
    let Some(mut python) = script(hold) else { return };
    let (mut holder, _out) = ready(python.arg(&dir), 1);
    let (code, out, err) = cache(&["expire", "--lock-timeout", "50ms"], &dir);
    assert_eq!((code, out.as_str()), (1, ""));
    let text = "cache.db`: another process held it for 50 ms\n\n\
                hint: wait longer with `--lock-timeout`, or try again later\n";
    assert!(err.starts_with("error: cannot lock `") && err.ends_with(text), "{err}");

    let mut waiting = command();
    waiting.args(["cache", "expire", "--lock-timeout", "1h", "--now", NOW]).arg(&dir);
    let mut waiting = waiting.stdout(Stdio::piped()).spawn().unwrap();
    let shm = dir.join("cache.db-shm");
    let is_connected = || {
        let fds = fs::read_dir(format!("/proc/{}/fd", waiting.id())).ok()?;
        fds.flatten().find(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == shm)).map(|_| ())
    };
    wait_until("the database to be open", is_connected);
    // Signals are held back from the first transaction on.
    wait_until("signals to be held back", || {
        let mask = super::support::process::status(waiting.id(), "SigBlk")?;
        (u64::from_str_radix(&mask, 16).ok()? & 2 != 0).then_some(())
    });
    send(waiting.id(), Signal::INT);
    assert_eq!(waiting.wait().unwrap().signal(), Some(2));
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    assert_sound(&dir);
    assert_eq!(cache(&["expire"], &dir).0, 0);
}

/// Runs `commands` while two Python processes set, get and delete without a pause; `lost` values are meant by them.
fn beside_writers(dir: &Path, shards: &str, commands: &[&[&str]], lost: bool) {
    let stop = dir.with_extension("stop");
    let Some(mut python) = maker() else { return };
    python.arg("live").arg(dir);
    python.args(["--seconds", "60", "--expire", "600", "--timeout", "60", "--shards", shards]);
    let (mut writers, out) = ready(python.arg("--until").arg(&stop), 2);
    for command in commands {
        let (code, _, err) = cache(command, dir);
        assert_eq!((code, err.as_str()), (0, ""), "{command:?}");
    }
    fs::write(&stop, "").unwrap();
    let said = serde_json::Deserializer::from_reader(out).into_iter::<Value>();
    let said: Vec<Value> = said.map(Result::unwrap).collect();
    assert!(writers.wait().unwrap().success());
    assert_eq!(said.len(), 2);
    for said in said {
        // A value that comes back after it was deleted is a bad one.
        for field in ["failed_sets", "bad_values", "lost_values"] {
            assert!(said[field] == 0 || lost && field == "lost_values", "{commands:?}: {said}");
        }
    }
    fs::remove_file(&stop).unwrap();
    assert_sound(dir);
}

#[test]
fn live_writers_notice_nothing() {
    for (shards, id) in [("0", "5"), ("4", "1:5")] {
        let scratch = scratch();
        let dir = scratch.path().join("cache");
        let Some(mut python) = maker() else { return };
        run(python.arg("big").arg(&dir).args(["-n", "8000", "--shards", shards]));
        // Until it has all gone; the writers' own entries are not meant by any of these.
        let commands: [&[&str]; 7] = [
            &["rm", "-y", "--id", id],
            &["prune", "-y", "--key", "user:0000[0-3]*"],
            &["prune", "-y", "--max-entries", "7000"],
            &["expire"],
            &["prune", "-y", "--tag", "tag1", "--tag", "tag2"],
            &["check", "--fix"],
            &["prune", "-y", "--key", "user:*"],
        ];
        beside_writers(&dir, shards, &commands, false);
        assert!(ids(&dir, &["--key", "user:*"]).is_empty());
        // New writers do not know what the first ones have left.
        assert_eq!(cache(&["clear", "-y"], &dir).0, 0);
        let commands: [&[&str]; 3] = [&["clear", "-y"], &["prune", "-y", "--tag", "live"], &["clear", "-y"]];
        beside_writers(&dir, shards, &commands, true);
    }
}

/// A directory of the test's own, in memory where there is enough of it: removing a hundred thousand files again and again is quick there.
fn quick_scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |fs| fs.f_bavail * fs.f_frsize);
    if room > 2 << 30 { tempfile::tempdir_in(memory).unwrap_or_else(|_| scratch()) } else { scratch() }
}

/// A copy that shares the value files, which are never written again, and has a database of its own.
fn linked_copy(template: &Path, copy: &Path) {
    run(Command::new("cp").arg("-al").arg(template).arg(copy));
    fs::remove_file(copy.join("cache.db")).unwrap();
    fs::copy(template.join("cache.db"), copy.join("cache.db")).unwrap();
}

fn removing(args: &[&str], dir: &Path) -> Child {
    let mut command = command();
    command.args(["cache", "--now", NOW]).args(args).arg(dir);
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Killed at any moment of removing from 100,000 entries in files: the library opens the cache and finds files without rows at worst, which
/// `check --fix` removes; what was not meant to go is there.
#[test]
fn being_killed_leaves_files_at_worst() {
    let dir = quick_scratch();
    let template = dir.path().join("template");
    let Some(mut python) = maker() else { return };
    run(python.arg("big").arg(&template).args(["-n", "100000", "--files"]));
    let live = ids(&template, &[]);
    let live: BTreeSet<_> = live.difference(&ids(&template, &["--expired"])).cloned().collect();
    assert_eq!(live.len(), 50_000);
    let mut in_the_middle = 0;
    for args in [&["expire"][..], &["clear", "-y"]] {
        let whole = dir.path().join("whole");
        linked_copy(&template, &whole);
        let begun = Instant::now();
        assert!(removing(args, &whole).wait().unwrap().success());
        let takes = begun.elapsed();
        fs::remove_dir_all(&whole).unwrap();
        for round in 0..3 {
            let copy = dir.path().join(format!("copy{round}"));
            linked_copy(&template, &copy);
            let share = f64::from(RandomState::new().hash_one(round) as u32) / f64::from(u32::MAX);
            let mut child = removing(args, &copy);
            // Any moment will do: this is no waiting for something.
            std::thread::sleep(takes.mul_f64(share));
            let _ = child.kill();
            in_the_middle += usize::from(child.wait().unwrap().signal().is_some());
            let at = format!("{args:?} killed at {share} of {takes:?}");
            let is_orphan = |w: &&String| w.starts_with("unknown file") || w.starts_with("empty directory");
            let found = python_check(&copy).unwrap_or_default();
            let strange: Vec<_> = found.iter().filter(|w| !is_orphan(w)).take(5).collect();
            assert!(strange.is_empty(), "{at}: {strange:?}");
            if args == ["expire"] {
                assert!(ids(&copy, &[]).is_superset(&live), "{at}");
            }
            let fix =
                hotcold().args(["cache", "check", "--fix", "--grace", "0s"]).arg(&copy).output().unwrap();
            assert!(fix.status.success(), "{at}: {}", String::from_utf8_lossy(&fix.stdout));
            assert_eq!(python_check(&copy).unwrap_or_default(), [""; 0], "{at}");
            assert_eq!(cache(args, &copy).0, 0, "the rest goes the next time");
            assert_eq!(ids(&copy, &[]).len(), if args == ["expire"] { live.len() } else { 0 }, "{at}");
            fs::remove_dir_all(&copy).unwrap();
        }
    }
    assert!(in_the_middle > 0, "no moment was in the middle");
}
