//! What somebody who means harm, a full disk or a kill can do to a removal: nothing outside of the cache is touched, and what was not to go
//! is there.

use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{
    cache_stores::{cache, json},
    support::{command, diskcache::Cache, diskcache::run, require::met, scratch, terminal::Terminal},
};

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";
const PRECIOUS: usize = 2000;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A tagged cache with `files` files in `sub/dir`, and precious ones of the same names beside it.
fn scene(files: usize) -> (tempfile::TempDir, PathBuf) {
    let dir = scratch();
    let cache = dir.path().join("cache");
    write(&cache.join("CACHEDIR.TAG"), TAG);
    for i in 0..files {
        write(&cache.join(format!("sub/dir/f{i}")), "old");
    }
    for i in 0..PRECIOUS {
        write(&dir.path().join(format!("victim/dir/f{i}")), "precious");
    }
    (dir, cache)
}

fn precious(dir: &Path) -> usize {
    let files = fs::read_dir(dir.join("victim/dir")).unwrap();
    files.filter(|f| fs::read_to_string(f.as_ref().unwrap().path()).unwrap() == "precious").count()
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir).map_or(0, Iterator::count)
}

/// The directory of the cache, wherever the exchanges have left it.
fn real_dir(cache: &Path, evil: &Path) -> Option<PathBuf> {
    [cache.join("sub"), evil.to_owned()]
        .into_iter()
        .find(|path| !path.is_symlink())
        .map(|sub| sub.join("dir"))
}

/// A directory of the cache and a link to precious files change places again and again while every removing command runs, until some
/// command has won a file in between: else nothing was attacked.
#[test]
fn a_directory_swapped_for_a_link_costs_nothing_outside() {
    let (dir, cache) = scene(PRECIOUS);
    let evil = dir.path().join("evil");
    symlink(dir.path().join("victim"), &evil).unwrap();
    let policy = dir.path().join("policy.toml");
    fs::write(&policy, "[[cache]]\npath = 'cache'\nlarger-than = 1\ngrace = '0s'\n").unwrap();
    let stop = AtomicBool::new(false);
    let swaps = thread::scope(|scope| {
        let attacker = scope.spawn(|| {
            let mut swaps = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                let done = renameat_with(CWD, cache.join("sub"), CWD, &evil, RenameFlags::EXCHANGE).is_ok();
                swaps += u32::from(done);
                // At once, or after up to four milliseconds: exchanges at full speed leave a removal no moment to begin.
                let pause = Duration::from_micros(1 << (swaps % 13));
                let held = Instant::now();
                while swaps.is_multiple_of(3) && held.elapsed() < pause {
                    std::hint::spin_loop();
                }
            }
            swaps
        });
        let ways: [&[&str]; 4] = [
            &["prune", "-y", "-qq", "--larger-than", "1", "--grace", "0s"],
            &["prune", "-y", "-qq", "--max-entries", "10", "--grace", "0s"],
            &["clear", "-y", "-qq", "--grace", "0s"],
            &["rm", "-y", "-qq", "--grace", "0s", "--id", "sub/dir/f7"],
        ];
        let won = || real_dir(&cache, &evil).is_none_or(|dir| count(&dir) < PRECIOUS);
        let end = Instant::now() + Duration::from_secs(60);
        for (round, way) in ways.iter().cycle().enumerate() {
            if round >= 12 && (won() || Instant::now() > end) {
                break;
            }
            let _ = command().arg("cache").args(*way).arg(&cache).stderr(Stdio::null()).status().unwrap();
            let mut all = command();
            all.args(["cache", "prune", "-y", "-qq", "--policy"]).arg(&policy);
            let _ = all.stderr(Stdio::null()).status().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        attacker.join().unwrap()
    });
    assert!(swaps > 0);
    assert_eq!(precious(dir.path()), PRECIOUS);
    assert!(
        real_dir(&cache, &evil).is_none_or(|dir| count(&dir) < PRECIOUS),
        "no command took anything of the cache"
    );
}

#[test]
fn what_is_replaced_after_the_plan_was_shown_stays() {
    let (_dir, cache) = scene(3);
    let mut hotcold = command();
    hotcold.args(["cache", "prune", "--max-entries", "0", "--grace", "0s"]).arg(&cache);
    let mut terminal = Terminal::spawn(&mut hotcold, 100, 20);
    terminal.wait_for("[y/N]");
    write(&cache.join("fresh"), "fresh");
    fs::rename(cache.join("fresh"), cache.join("sub/dir/f1")).unwrap();
    write(&cache.join("later"), "not in the plan");
    terminal.press(b"y\r");
    let (status, text) = terminal.finish();
    assert!(status.success() && text.contains("1 changed or are in use and stay"), "{text}");
    assert_eq!(fs::read_to_string(cache.join("sub/dir/f1")).unwrap(), "fresh");
    assert_eq!((count(&cache.join("sub/dir")), cache.join("later").exists()), (1, true));
}

#[test]
fn a_root_may_be_a_link_and_what_is_in_it_may_not() {
    let (dir, cache_dir) = scene(2);
    symlink(dir.path().join("victim/dir"), cache_dir.join("sub/link")).unwrap();
    symlink("..", cache_dir.join("sub/loop")).unwrap();
    symlink(&cache_dir, dir.path().join("typed")).unwrap();
    let cleared = json(&["clear", "-y", "--grace", "0s"], &dir.path().join("typed"));
    assert_eq!(cleared["removed_entries"], 2);
    assert_eq!(precious(dir.path()), PRECIOUS);
    assert!(cache_dir.join("sub/link").is_symlink() && cache_dir.join("sub/loop").is_symlink());
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_goes() {
    let (_dir, cache_dir) = scene(2);
    write(&cache_dir.join("closed/f"), "x");
    fs::set_permissions(cache_dir.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything, unless it gives that up.
    let mut clear = Command::new("setpriv");
    clear.arg("--bounding-set=-dac_override,-dac_read_search").arg(command().get_program());
    clear.args(["cache", "clear", "-y", "--grace", "0s"]).arg(&cache_dir);
    let output = clear.stdin(Stdio::null()).output();
    if met(output.is_ok(), "setpriv") {
        let output = output.unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && err.contains("closed`: permission denied"), "{err}");
        assert!(!cache_dir.join("sub").exists());
    }
    fs::set_permissions(cache_dir.join("closed"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Sets the access and modification times of everything to long ago; those of access are what `before` tells.
fn long_ago(dir: &Path) {
    let at = SystemTime::now() - Duration::from_secs(40 * 86_400);
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            long_ago(&path);
        } else if path.is_file() && !path.is_symlink() {
            let times = fs::FileTimes::new().set_accessed(at).set_modified(at);
            File::open(&path).unwrap().set_times(times).unwrap();
        }
    }
    File::open(dir).unwrap().set_times(fs::FileTimes::new().set_accessed(at).set_modified(at)).unwrap();
}

fn access_times(dir: &Path) -> Vec<(PathBuf, i64)> {
    // The times first, as listing a directory changes its own.
    let mut all = vec![(dir.to_owned(), fs::symlink_metadata(dir).unwrap().atime())];
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            all.extend(access_times(&entry.path()));
        } else {
            all.push((entry.path(), entry.metadata().unwrap().atime()));
        }
    }
    all.sort();
    all
}

#[test]
fn looking_changes_no_access_time() {
    let (dir, cache_dir) = scene(20);
    let fixture = Cache::new("tags");
    run(Command::new("cp").arg("-a").arg(fixture.path()).arg(dir.path().join("inner")));
    let policy = dir.path().join("policy.toml");
    fs::write(&policy, "[[cache]]\npath = '*'\nolder-than = '1d'\n").unwrap();
    let looks: [&[&str]; 7] = [
        &["scan"],
        &["list"],
        &["list", "--sort", "used"],
        &["stats", "--by", "group"],
        &["check", "--deep"],
        &["prune", "-n", "-v", "--older-than", "1d"],
        &["show", "--id", "sub/dir/f1"],
    ];
    let judge = |what: &str, look: &mut dyn FnMut()| {
        long_ago(dir.path());
        let wanted: Vec<_> = {
            let before = access_times(dir.path());
            long_ago(dir.path());
            before
        };
        look();
        let after = access_times(dir.path());
        // The database's own files are SQLite's, and the policy is read as any file.
        let others = ["cache.db", "policy.toml"];
        let of_ours = |path: &Path| {
            let name = path.file_name().unwrap().to_string_lossy();
            !others.iter().any(|other| name.starts_with(other))
        };
        for (path, was) in wanted.iter().filter(|(path, _)| of_ours(path)) {
            let (_, is) = after.iter().find(|(after, _)| after == path).expect("it is still there");
            assert!(was.abs_diff(*is) < 600, "{what}: {}", path.display());
        }
    };
    for words in looks {
        judge(&format!("{words:?}"), &mut || assert_eq!(cache(words, &cache_dir).0, 0, "{words:?}"));
    }
    judge("scan of all", &mut || assert_eq!(cache(&["scan"], dir.path()).0, 0));
    judge("policy", &mut || {
        let mut all = command();
        all.args(["cache", "prune", "-n", "--policy"]).arg(&policy);
        assert!(all.stdout(Stdio::null()).status().unwrap().success());
    });
}

/// Killed at any moment: what was to stay is there, nothing else is, and the next run ends the work and leaves no trash.
#[test]
fn being_killed_leaves_what_was_to_stay() {
    let dir = scratch();
    let cache_dir = dir.path().join("cache");
    let fill = || {
        let _ = fs::remove_dir_all(&cache_dir);
        write(&cache_dir.join("CACHEDIR.TAG"), TAG);
        for i in 0..4000 {
            let text = if i % 4 == 0 { "a longer text that stays" } else { "short" };
            write(&cache_dir.join(format!("d{}/f{i}", i % 40)), text);
        }
    };
    // Big ones go; the small ones, which are three of four, stay.
    let removing = || {
        let mut command = command();
        command.args(["cache", "prune", "-y", "-q", "--larger-than", "10", "--grace", "0s"]).arg(&cache_dir);
        command.spawn().unwrap()
    };
    let short = || {
        let dirs = fs::read_dir(&cache_dir).unwrap().map(|dir| dir.unwrap().path());
        let files = dirs.filter(|dir| dir.is_dir()).flat_map(|dir| fs::read_dir(dir).unwrap());
        files.filter(|file| fs::read(file.as_ref().unwrap().path()).unwrap() == b"short").count()
    };
    fill();
    let begun = Instant::now();
    assert!(removing().wait().unwrap().success());
    let takes = begun.elapsed();
    let mut in_the_middle = 0;
    for round in 0..8 {
        fill();
        let share = f64::from(RandomState::new().hash_one(round) as u32) / f64::from(u32::MAX);
        let mut child = removing();
        // Any moment will do: this is no waiting for something.
        thread::sleep(takes.mul_f64(share));
        let _ = child.kill();
        in_the_middle += usize::from(!child.wait().unwrap().success());
        assert_eq!(short(), 3000, "killed at {share} of {takes:?}");
        assert!(removing().wait().unwrap().success());
        assert_eq!(short(), 3000);
        let names = fs::read_dir(&cache_dir).unwrap().map(|name| name.unwrap().file_name());
        let odd: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".hotcold")).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
    assert!(in_the_middle > 0, "no moment was in the middle");
}

/// Runs a shell program in a namespace of mounts of its own, in which `$fs` is a directory and `$hotcold` the tool.
fn with_mounts(dir: &Path, program: &str) -> Option<String> {
    let hotcold = command();
    let shell = |text: &str| {
        let mut shell = Command::new("unshare");
        shell.args(["-rm", "sh", "-ec", text]).env("fs", dir).env("hotcold", hotcold.get_program());
        shell.stdin(Stdio::null()).output()
    };
    let can = shell("mount -t tmpfs tmpfs \"$fs\"").is_ok_and(|output| output.status.success());
    if !met(can, "mounting in a namespace of one's own") {
        return None;
    }
    let output = shell(program).unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    Some(format!("{out}{err}"))
}

#[test]
fn no_mount_is_crossed() {
    let dir = scratch();
    let program = format!(
        "mkdir -p \"$fs\"/cache/a/mounted; cd \"$fs\"/cache; printf '{TAG}' > CACHEDIR.TAG; echo x > a/f
         mount -t tmpfs tmpfs a/mounted; mkdir a/mounted/inner; echo precious > a/mounted/f
         printf '{TAG}' > a/mounted/inner/CACHEDIR.TAG; echo precious > a/mounted/inner/f
         \"$hotcold\" cache scan . ; \"$hotcold\" cache clear -y --grace 0s .
         cat a/mounted/f a/mounted/inner/f; ls a"
    );
    let Some(out) = with_mounts(dir.path(), &program) else { return };
    assert!(out.contains("1 cache takes"), "{out}");
    assert!(out.contains("Removed 1 entry, freed 2 B"), "{out}");
    assert!(out.ends_with("precious\nprecious\nmounted\n"), "{out}");
}

/// A file system without room for even a directory, and one that cannot be changed.
#[test]
fn full_and_read_only_file_systems() {
    let dir = scratch();
    let program = format!(
        "mount -t tmpfs -o nr_inodes=60 tmpfs \"$fs\"; mkdir -p \"$fs\"/cache/sub; cd \"$fs\"/cache
         printf '{TAG}' > CACHEDIR.TAG; i=0
         while ( echo text > sub/f$i ) 2> /dev/null; do i=$((i + 1)); done
         mkdir no-room 2> /dev/null && exit 9
         \"$hotcold\" cache clear -y --grace 0s \"$fs\"/cache; ls \"$fs\"/cache
         mkdir sub; echo text > sub/f; mount -o remount,ro \"$fs\"
         \"$hotcold\" cache clear -y --grace 0s \"$fs\"/cache || echo code $?; ls sub"
    );
    let Some(out) = with_mounts(dir.path(), &program) else { return };
    assert!(
        out.contains("Removed 5") && out.contains(" entries, freed 2") && out.contains("CACHEDIR.TAG\n"),
        "{out}"
    );
    assert!(out.contains("code 1\nf\n") && out.ends_with("cache`: read-only file system\n"), "{out}");
}
