//! What is typed wrong, what is not there, and what cron sees.

use std::{fs, io::Read, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use super::support::{
    command,
    diskcache::{Cache, NOW, script},
    hotcold, scratch,
    tree::{Tree, differences, tree},
};

/// Every command on a cache, with what it needs besides a directory.
const COMMANDS: [&[&str]; 9] = [
    &["list"],
    &["show", "--id", "1"],
    &["stats"],
    &["check"],
    &["expire"],
    &["prune", "-y", "--expired"],
    &["rm", "-y", "--id", "1"],
    &["clear", "-y"],
    &["watch", "--count", "1"],
];

/// Those that remove whatever there is.
const REMOVALS: [&str; 3] = ["expire", "prune", "clear"];

fn cache(words: &[&str], dir: &Path) -> (i32, String, String) {
    let output = hotcold().args(["cache", "--now", NOW]).args(words).arg(dir).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}

#[test]
fn what_is_no_cache_is_said_by_every_command() {
    let dir = scratch();
    let file = dir.path().join("file");
    fs::write(&file, "text").expect("it can be made");
    let other = dir.path().join("other");
    fs::create_dir(&other).expect("it can be made");
    fs::write(other.join("file"), "text").expect("it can be made");
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).expect("it can be made");
    let before = tree(dir.path());
    let cases = [
        (file, "", "not a directory"),
        (empty, " as a cache", "the directory is empty"),
        (other, " as a cache", "nothing in it is known as a cache"),
        (dir.path().join("gone"), "", "no such file or directory"),
    ];
    for words in COMMANDS {
        for (path, how, why) in &cases {
            let text = format!("error: cannot read `{}`{how}: {why}\n", path.display());
            // A hint may follow.
            let (code, out, err) = cache(words, path);
            if *why == "the directory is empty" && REMOVALS.contains(&words[0]) {
                // What was emptied before is no reason to alarm anybody.
                let text = format!("note: `{}` is empty: there is nothing to remove\n", path.display());
                assert_eq!((code, out.as_str(), err), (0, "", text), "{words:?}");
                continue;
            }
            assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
            assert!(err.starts_with(&text), "{words:?}: {err}");
            assert_eq!(cache(&[words, &["-q"]].concat(), path), (1, String::new(), text), "{words:?}");
        }
    }
    assert_eq!(differences(&before, &tree(dir.path())), [""; 0]);
}

#[test]
fn a_cache_that_may_not_be_read_is_said_by_every_command() {
    use std::os::unix::process::CommandExt;

    let fixture = Cache::new("tags");
    fs::set_permissions(fixture.base(), fs::Permissions::from_mode(0o755)).expect("it is there");
    for forbidden in [fixture.path(), fixture.join("cache.db")] {
        let mode = fs::metadata(&forbidden).expect("it is there").permissions();
        fs::set_permissions(&forbidden, fs::Permissions::from_mode(0o000)).expect("it is there");
        for words in COMMANDS {
            let mut command = command();
            command.args(["cache"]).args(words).arg(fixture.path()).uid(65534).gid(65534);
            // Where this user cannot become another one, he is one to whom permissions mean something.
            let output = command.output().unwrap_or_else(|_| {
                let mut again = super::support::command();
                again.args(["cache"]).args(words).arg(fixture.path()).output().expect("it starts")
            });
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words:?}: {err}");
            assert!(
                err.starts_with("error: cannot read `") && err.ends_with("`: permission denied\n"),
                "{err}"
            );
            assert_eq!(err.lines().count(), 1, "{err}");
        }
        fs::set_permissions(&forbidden, mode).expect("it is there");
    }
}

#[test]
fn nonsense_is_wrong_usage() {
    let fixture = Cache::new("tags");
    let before = tree(&fixture.path());
    let cases: [(&[&str], &str); 12] = [
        (&["prune", "-y"], "error: cannot prune without a rule"),
        (&["prune", "-y", "--max-size", "much"], "not a size such as 500MB, 1GiB or 2048"),
        (&["prune", "-y", "--max-size", "-5"], "unexpected argument"),
        (&["prune", "-y", "--max-size", "1e3"], "not a size such as 500MB, 1GiB or 2048"),
        (&["prune", "-y", "--max-size", "99999999999999PB"], "not a size such as 500MB, 1GiB or 2048"),
        (&["prune", "-y", "--older-than", "soon"], "not a duration such as 30d, 12h or 1h 30m"),
        (&["prune", "-y", "--older-than", ""], "not a duration such as 30d, 12h or 1h 30m"),
        (&["prune", "-y", "--max-entries", "few"], "invalid digit found in string"),
        (&["prune", "-y", "--tag", "i:one"], "not a number"),
        (&["expire", "--lock-timeout", "1 parsec"], "not a duration such as 30d, 12h or 1h 30m"),
        (&["list", "--sort", "beauty"], "invalid value"),
        (&["rm", "-y"], "required"),
    ];
    for (words, why) in cases {
        let (code, out, err) = cache(words, &fixture.path());
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(why), "{words:?}: {err}");
    }
    assert_eq!(differences(&before, &tree(&fixture.path())), [""; 0]);
}

#[test]
fn a_key_that_is_not_there_is_told_with_what_to_do() {
    let fixture = Cache::new("tags");
    let dir = fixture.path();
    let before = tree(&dir);
    for (words, what) in [
        (&["show", "--id", "4711"][..], "`4711`: no such id"),
        (&["show", "--id", "x"], "`x`: no such id"),
        (&["rm", "-y", "--id", "4711"], "`4711`: no such id"),
    ] {
        let (code, out, err) = cache(words, &dir);
        assert_eq!((code, out.as_str()), (1, ""));
        let hint = "hint: `hotcold cache list DIR` shows the keys; `--id` takes the first column";
        assert_eq!(err, format!("error: cannot find {what}\n\n{hint}\n"));
        let (code, out, err) = cache(&[words, &["-q"]].concat(), &dir);
        assert_eq!((code, out.as_str(), err), (1, "", format!("error: cannot find {what}\n")));
    }
    let output = hotcold().args(["cache", "show"]).arg(&dir).arg("nobody").output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.starts_with(b"error: cannot find `nobody`: no such key\n"));
    assert_eq!(differences(&before, &tree(&dir)), [""; 0]);
}

/// `MAILTO` gets what a job prints: nothing, as long as all is well.
#[test]
fn cron_hears_only_of_failures() {
    let fixture = Cache::new("fanout");
    let dir = fixture.path();
    for words in [
        &["expire", "-q"][..],
        &["expire", "-q"],
        &["prune", "-q", "-y", "--max-entries", "5"],
        &["clear", "-q", "-y"],
    ] {
        assert_eq!(cache(words, &dir), (0, String::new(), String::new()), "{words:?}");
    }
    let fixture = Cache::new("tags");
    let dir = fixture.path();
    let hold = "import sys, diskcache
with diskcache.Cache(sys.argv[1]).transact():
    print('ready', flush=True)
    sys.stdin.read()";
    let Some(mut python) = script(hold) else { return };
    let mut holder =
        python.arg(&dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
    let mut ready = [0; 6];
    holder.stdout.as_mut().expect("a pipe").read_exact(&mut ready).expect("it gets ready");
    for words in
        [&["expire"][..], &["prune", "-y", "--tag", "none"], &["clear", "-y"], &["rm", "-y", "--id", "1"]]
    {
        let (code, out, err) = cache(&[words, &["-q", "--lock-timeout", "20ms"]].concat(), &dir);
        let text =
            format!("error: cannot lock `{}/cache.db`: another process held it for 20 ms\n", dir.display());
        assert_eq!((code, out.as_str(), err), (1, "", text), "{words:?}");
    }
    drop(holder.stdin.take());
    assert!(holder.wait().expect("it ends").success());
}

/// A cache may be gone, or be another one, by the time that somebody says yes.
#[test]
fn a_cache_that_vanishes_while_open_is_no_disaster() {
    use super::support::terminal::Terminal;

    let commands: [&[&str]; 3] =
        [&["clear"], &["prune", "--larger-than", "1"], &["prune", "--max-entries", "1"]];
    for words in commands {
        for replaced in [true, false] {
            let fixture = Cache::new("values");
            let dir = fixture.path();
            let mut command = command();
            command.args(["cache", "--now", NOW]).args(words).arg(&dir);
            let mut terminal = Terminal::spawn(&mut command, 200, 20);
            terminal.wait_for("[y/N]");
            let elsewhere = fixture.base().join("elsewhere");
            let before = tree(&dir);
            fs::rename(&dir, &elsewhere).expect("it is there");
            let kept = Cache::new("tags");
            if replaced {
                fs::rename(kept.path(), &dir).expect("it is there");
            }
            let new = if replaced { tree(&dir) } else { Tree::new() };
            terminal.press(b"y\n");
            let (status, screen) = terminal.finish();
            assert_eq!(status.code(), Some(1), "{words:?}: {screen}");
            let why = if replaced {
                "another one has taken its place meanwhile"
            } else {
                "no such file or directory"
            };
            assert!(screen.contains(why) && !screen.contains("panicked"), "{words:?}: {screen}");
            if replaced {
                assert_eq!(differences(&new, &tree(&dir)), [""; 0], "{words:?}: {screen}");
            }
            let mut changed = differences(&before, &tree(&elsewhere));
            changed.retain(|name| !name.starts_with("cache.db-"));
            assert_eq!(changed, [""; 0], "{words:?}: {screen}");
        }
    }
}

/// Rules are looked at under the lock, when somebody has said yes; by then a busy cache is another one.
#[test]
fn what_came_and_went_since_the_plan_is_told() {
    use super::support::terminal::Terminal;

    let change = "import sys, diskcache
c = diskcache.Cache(sys.argv[1])
for i in range(3): c.set('new%d' % i, 1, tag='red')
if sys.argv[2] == 'less':
    for key in [key for key in c if str(key).startswith('new')]: del c[key]
    del c['k1']; del c['k13']";
    for (how, told) in [("more", ", 3 more than planned"), ("less", ", 2 fewer than planned")] {
        let fixture = Cache::new("tags");
        let dir = fixture.path();
        let mut prune = command();
        prune.args(["cache", "prune", "--tag", "red", "--now", NOW]).arg(&dir);
        let mut terminal = Terminal::spawn(&mut prune, 200, 20);
        terminal.wait_for("Remove 8 of 96 entries");
        let Some(mut python) = script(change) else { return };
        assert!(python.arg(&dir).arg(how).status().expect("Python starts").success());
        terminal.press(b"y\n");
        let (status, screen) = terminal.finish();
        assert_eq!(status.code(), Some(0), "{screen}");
        assert!(screen.contains(told), "{screen}");
        let (_, left, _) = cache(&["list", "--json", "--tag", "red"], &dir);
        assert_eq!(left, "", "{how}");
    }
}
