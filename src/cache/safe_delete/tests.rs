//! Links, mounts, races: whatever is outside stays as it is, with `openat2` and without.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;

/// A cache with `files` files in `sub/dir`, and as many precious ones beside it.
fn scene(files: usize) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (cache, victim) = (dir.path().join("cache"), dir.path().join("victim"));
    for (place, text) in [(cache.join("sub/dir"), "old"), (victim.join("dir"), "precious")] {
        fs::create_dir_all(&place).unwrap();
        for i in 0..files {
            fs::write(place.join(format!("f{i}")), text).unwrap();
        }
    }
    (dir, cache, victim)
}

fn names(dir: &str, files: usize) -> Vec<String> {
    (0..files).map(|i| format!("{dir}/f{i}")).collect()
}

fn remove(root: &Root, files: &[String]) -> Tally {
    root.remove_all(&files.iter().map(String::as_str).collect::<Vec<_>>())
}

/// With `openat2`, and as on a kernel without it.
fn roots(path: &Path) -> [Root; 2] {
    let without = Root::open(path).unwrap();
    without.confinement.without_openat2();
    [Root::open(path).unwrap(), without]
}

fn precious(victim: &Path) -> usize {
    let files = fs::read_dir(victim.join("dir")).unwrap();
    files.filter(|f| fs::read_to_string(f.as_ref().unwrap().path()).unwrap() == "precious").count()
}

#[test]
fn files_go_and_directories_that_become_empty_with_them() {
    for n in [3, 2 * WORTH_A_THREAD] {
        for way in 0..2 {
            let (_dir, cache, _) = scene(n);
            fs::write(cache.join("cache.db"), "kept").unwrap();
            let root = &roots(&cache)[way];
            let mut files = names("sub/dir", n);
            files.push("sub/other/gone".into());
            let tally = remove(root, &files);
            assert_eq!((tally.removed, tally.failed.len()), (n as u64, 0));
            assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
            assert_eq!(remove(root, &files).removed, 0, "they are gone");
        }
    }
}

#[test]
fn a_directory_with_something_else_stays() {
    let (_dir, cache, _) = scene(2);
    fs::write(cache.join("sub/README"), "").unwrap();
    remove(&Root::open(&cache).unwrap(), &names("sub/dir", 2));
    assert_eq!(fs::read_dir(cache.join("sub")).unwrap().count(), 1);
}

#[test]
fn nothing_leads_outside() {
    for way in 0..2 {
        let (dir, cache, victim) = scene(1);
        symlink(&victim, cache.join("link")).unwrap();
        let absolute = victim.join("dir/f0").to_str().unwrap().to_owned();
        let paths = ["../victim/dir/f0", "sub/../../victim/dir/f0", "link/dir/f0", "./sub/dir/f0", &absolute];
        for path in paths {
            let root = &roots(&cache)[way];
            let tally = root.remove_all(&[path]);
            assert_eq!((tally.removed, tally.failed.len()), (0, 1), "{path}");
            assert!(root.identify(path).is_err(), "{path}");
            let other = Identity { device: 0, inode: 0, size: 0, modified: (0, 0) };
            assert!(root.remove_if_same(path, other).is_err(), "{path}");
        }
        assert_eq!(precious(&victim), 1);
        drop(dir);
    }
}

#[test]
fn a_link_goes_but_not_what_it_names() {
    let (_dir, cache, victim) = scene(1);
    symlink(victim.join("dir/f0"), cache.join("sub/dir/link")).unwrap();
    assert_eq!(Root::open(&cache).unwrap().remove_all(&["sub/dir/link", "sub"]).removed, 1);
    assert_eq!(precious(&victim), 1);
    assert!(cache.join("sub/dir/f0").exists());
}

#[test]
fn other_file_systems_are_not_entered() {
    let root = Path::new("/");
    for root in roots(root) {
        let error = root.identify("proc/version").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EXDEV));
    }
}

/// A directory of the cache and a link to precious files change places as fast as they can.
#[test]
fn a_directory_swapped_for_a_link_costs_no_precious_file() {
    const FILES: usize = 2000;
    for way in 0..2 {
        let (dir, cache, victim) = scene(FILES);
        let evil = dir.path().join("evil");
        symlink(&victim, &evil).unwrap();
        let root = &roots(&cache)[way];
        let stop = AtomicBool::new(false);
        let swaps = thread::scope(|scope| {
            let attacker = scope.spawn(|| {
                let mut swaps = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let done =
                        renameat_with(CWD, cache.join("sub"), CWD, &evil, RenameFlags::EXCHANGE).is_ok();
                    swaps += u32::from(done);
                }
                swaps
            });
            // One path at a time: each looks up the directory anew.
            for path in names("sub/dir", FILES) {
                remove(root, &[path]);
            }
            for path in names("sub/dir", FILES) {
                if let Ok(seen) = root.identify(&path) {
                    let _ = root.remove_if_same(&path, seen);
                }
            }
            stop.store(true, Ordering::Relaxed);
            attacker.join().unwrap()
        });
        assert!(swaps > 0);
        assert_eq!(precious(&victim), FILES);
    }
}

#[test]
fn a_file_that_was_replaced_stays() {
    for way in 0..2 {
        let (_dir, cache, _) = scene(2);
        let root = &roots(&cache)[way];
        let seen = root.identify("sub/dir/f0").unwrap();
        fs::write(cache.join("fresh"), "fresh!").unwrap();
        fs::rename(cache.join("fresh"), cache.join("sub/dir/f0")).unwrap();
        assert_eq!(root.remove_if_same("sub/dir/f0", seen).unwrap(), Fate::Changed);
        assert_eq!(fs::read_to_string(cache.join("sub/dir/f0")).unwrap(), "fresh!");
        let seen = root.identify("sub/dir/f1").unwrap();
        assert_eq!(root.remove_if_same("sub/dir/f1", seen).unwrap(), Fate::Removed(3));
        assert_eq!(root.remove_if_same("sub/dir/f1", seen).unwrap(), Fate::Missing);
        assert_eq!(root.remove_if_same("none/f1", seen).unwrap(), Fate::Missing);
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "no trash is left");
    }
}

#[test]
fn a_directory_goes_with_everything_in_it_and_nothing_else() {
    for way in 0..2 {
        let (_dir, cache, victim) = scene(3);
        symlink(victim.join("dir"), cache.join("sub/dir/link")).unwrap();
        fs::create_dir_all(cache.join("sub/dir/deep/er")).unwrap();
        fs::write(cache.join("sub/keep"), "").unwrap();
        let root = &roots(&cache)[way];
        let mut bin = root.bin(Path::new(""), "");
        let seen = root.identify("sub/dir").unwrap();
        let path = Path::new("sub/dir");
        assert_eq!(bin.take_tree(path, seen, Care::Any, Some(b"f1")).unwrap(), Fate::Changed);
        let open = fs::File::open(cache.join("sub/dir/f1")).unwrap();
        assert_eq!(bin.take_tree(path, seen, Care::SpareUsed, None).unwrap(), Fate::InUse);
        drop(open);
        assert_eq!(fs::read_dir(cache.join("sub/dir")).unwrap().count(), 5);
        assert_eq!(bin.take_tree(path, seen, Care::SpareUsed, Some(b"f9")).unwrap(), Fate::Removed(0));
        drop(bin);
        assert_eq!(names_in(&cache), ["sub"], "no trash is left");
        assert_eq!(names_in(&cache.join("sub")), ["keep"]);
        assert_eq!(precious(&victim), 3);
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_open_stays_and_hard_links_and_holes_count_right() {
    let (_dir, cache, _) = scene(4);
    let root = Root::open(&cache).unwrap();
    let f = |n: usize| format!("sub/dir/f{n}");
    let open = fs::File::open(cache.join(f(0))).unwrap();
    fs::hard_link(cache.join(f(1)), cache.join("sub/dir/again")).unwrap();
    fs::hard_link(cache.join(f(2)), cache.join("outside")).unwrap();
    fs::File::create(cache.join(f(3))).unwrap().set_len(1 << 30).unwrap();
    let mut bin = root.bin(Path::new(""), "");
    let mut take = |path: &str| {
        let seen = root.identify(path).unwrap();
        bin.take(Path::new(path), seen, Care::SpareUsed).unwrap()
    };
    assert_eq!(take(&f(0)), Fate::InUse);
    assert_eq!([take(&f(1)), take("sub/dir/again")], [Fate::Removed(0), Fate::Removed(3)]);
    assert_eq!([take(&f(2)), take(&f(3))], [Fate::Removed(0), Fate::Removed(0)]);
    drop(bin);
    drop(open);
    assert_eq!(names_in(&cache.join("sub/dir")), ["f0"]);
}

/// What a killed process has left is what its name says, or it stays.
#[test]
fn the_trash_of_the_dead_is_emptied_of_what_was_doomed() {
    let (_dir, cache, _) = scene(3);
    let root = Root::open(&cache).unwrap();
    let mut bin = root.bin(Path::new("sub"), ".tail");
    for name in ["f0", "f1"] {
        let path = PathBuf::from(format!("sub/dir/{name}"));
        bin.take(&path, root.identify(&path).unwrap(), Care::Any).unwrap();
    }
    let ours = names_in(&cache.join("sub")).into_iter().find(|name| name.starts_with('.')).unwrap();
    assert!(ours.ends_with(".tail"));
    let mut sleeper = std::process::Command::new("true").spawn().unwrap();
    sleeper.wait().unwrap();
    let dead = cache.join(format!("sub/.hotcold-trash-{}-0.tail", sleeper.id()));
    fs::rename(cache.join("sub").join(&ours), &dead).unwrap();
    std::mem::forget(bin);
    let changed = dead.join(&names_in(&dead)[1]);
    fs::write(&changed, "written since").unwrap();
    drop(root.bin(Path::new("sub"), ".tail"));
    assert_eq!(names_in(&dead), [changed.file_name().unwrap().to_str().unwrap()]);
    fs::remove_file(&changed).unwrap();
    drop(root.bin(Path::new("sub"), ".tail"));
    assert!(!dead.exists());
}

#[test]
fn many_files_go_through_the_bin_whole() {
    let (_dir, cache, _) = scene(2000);
    let root = Root::open(&cache).unwrap();
    let mut bin = root.bin(Path::new(""), "");
    for path in names("sub/dir", 2000) {
        let seen = root.identify(&path).unwrap();
        assert_eq!(bin.take(Path::new(&path), seen, Care::Any).unwrap(), Fate::Removed(3));
    }
    drop(bin);
    assert_eq!(names_in(&cache), [""; 0]);
}
