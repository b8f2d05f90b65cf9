//! Removals that are killed just before each change they would make to the file system, and what the owners of the caches find then.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    cache_stores::cache as run_cache,
    support::{
        command,
        library::run,
        require::require,
        scratch,
        stores::{fixtures, program, python, said},
        tree::tree,
    },
};

/// The calls by which hotcold, or SQLite for it, changes a file system.
const CHANGES: [&str; 7] = ["mkdirat", "renameat2", "unlinkat", "unlink", "pwrite64", "ftruncate", "write"];

/// A cache as its owner made it.
struct Made {
    /// Everything that its owner needs is below it.
    top: PathBuf,
    /// The cache, below `top`.
    cache: &'static str,
    /// What the owner writes itself, so that it may differ afterwards: the ends of paths.
    owners: &'static [&'static str],
}

/// Clears `made` on fresh copies, killed before the first change of each kind, the second and so on, with growing steps; has `judge` ask
/// the owner each time, and for each kind once more after another run has ended the work. How often it was killed.
fn killed_at_changes(made: &Made, judge: &mut dyn FnMut(&Path)) -> usize {
    let dir = scratch();
    let original = tree(&made.top);
    let mut killed = 0;
    for call in CHANGES {
        let mut number = 1;
        loop {
            let copy = dir.path().join("copy");
            let _ = fs::remove_dir_all(&copy);
            run(Command::new("cp").arg("-a").arg(&made.top).arg(&copy));
            let cache = copy.join(made.cache);
            if !clear_killed_at(call, number, &cache) {
                break;
            }
            killed += 1;
            let at = format!("{call} {number}");
            for (path, node) in tree(&copy) {
                let name = path.to_string_lossy();
                let ours = name.contains(".hotcold-")
                    || original.get(&path).is_some_and(|was| was.same_content(&node));
                assert!(ours || made.owners.iter().any(|end| name.ends_with(end)), "{at}: {name}");
            }
            judge(&copy);
            let (code, _, err) = run_cache(&["clear", "-y", "-q", "--grace", "0s"], &cache);
            if number == 1 {
                judge(&copy);
            }
            // Nothing tells any more what a directory was in which everything has gone to the trash; what is there is swept when it has
            // become a cache again.
            let unknown = code == 1 && err.contains("nothing in it is known as a cache");
            if !unknown {
                assert_eq!(code, 0, "{at}: {err}");
                let is_ours = |path: &PathBuf| path.to_string_lossy().contains(".hotcold-");
                let left: Vec<PathBuf> = tree(&copy).into_keys().filter(is_ours).collect();
                assert!(left.is_empty(), "{at}: {left:?}");
            }
            number += 1 + number / 2;
        }
    }
    killed
}

/// Whether a removal was killed: it makes at least so many calls of this name in one of its threads.
fn clear_killed_at(call: &str, number: usize, cache: &Path) -> bool {
    let hotcold = command();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:signal=KILL:when={number}")]);
    strace.arg(hotcold.get_program()).args(["cache", "clear", "-y", "-qq", "--grace", "0s"]).arg(cache);
    let status = strace.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    // strace ends as its program did.
    let was_killed = status.signal() == Some(libc::SIGKILL) || status.code() == Some(128 + libc::SIGKILL);
    assert!(was_killed || status.success(), "{call} {number}: {status}");
    was_killed
}

fn needed() -> bool {
    require("strace")
}

#[test]
fn joblib_computes_what_is_gone() {
    let dir = scratch();
    let (true, Some(mut make)) = (needed(), program("joblib", "joblib_store.py")) else { return };
    run(make.arg("make").arg(dir.path()));
    fs::remove_dir_all(dir.path().join("packed")).unwrap();
    fs::remove_dir_all(dir.path().join("path")).unwrap();
    let made = Made { top: dir.path().to_owned(), cache: "str/joblib", owners: &[] };
    let killed = killed_at_changes(&made, &mut |copy| {
        let called = said(program("joblib", "joblib_store.py").unwrap().arg("call").arg(copy.join("str")));
        assert_eq!(called, 8);
    });
    assert!(killed > 10, "{killed}");
}

#[test]
fn web_frameworks_read_on() {
    let dir = scratch();
    let (true, Some(mut make)) = (needed(), program("web", "web.py")) else { return };
    said(make.arg("make").arg(dir.path()));
    for cache in ["django", "cachelib", "flask"] {
        let made = Made {
            top: dir.path().to_owned(),
            cache,
            owners: &["2029240f6d1128be89ddc32729463129", ".__wz_cache"],
        };
        let killed = killed_at_changes(&made, &mut |copy| {
            let said = said(program("web", "web.py").unwrap().arg("read").arg(copy));
            for other in ["django", "cachelib", "flask"].iter().filter(|other| **other != cache) {
                assert!(said[other].as_array().unwrap().len() >= 2, "{said}");
            }
        });
        assert!(killed >= 5, "{cache}: {killed}");
    }
}

#[test]
fn requests_cache_reads_on() {
    let dir = scratch();
    let (true, Some(mut make)) = (needed(), program("web", "responses.py")) else { return };
    run(make.arg("make").arg(dir.path()));
    for name in ["json.sqlite", "log.sqlite"] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    for (cache, owners) in [
        ("files", &["redirects.sqlite", "lru.db", "-journal"][..]),
        ("http_cache.sqlite", &["http_cache.sqlite", "-journal"]),
    ] {
        let made = Made { top: dir.path().to_owned(), cache, owners };
        let killed = killed_at_changes(&made, &mut |copy| {
            let said = said(program("web", "responses.py").unwrap().arg("read").arg(copy));
            for name in ["files", "http_cache"] {
                assert!(said[name].is_null() || said[name]["bodies"] == true, "{said}");
            }
        });
        assert!(killed >= 5, "{cache}: {killed}");
    }
}

#[test]
fn streamlit_shows_the_page() {
    let dir = scratch();
    let (true, Some(_)) = (needed(), python("streamlit")) else { return };
    let visit = |home: &Path| {
        let mut command = program("streamlit", "visit_streamlit.py").unwrap();
        let visits = said(command.arg(home).arg(fixtures().join("app.py")).arg("visit"));
        assert_eq!(visits[0]["errors"].as_array().unwrap().len(), 0, "{visits}");
    };
    visit(dir.path());
    let made = Made { top: dir.path().to_owned(), cache: ".streamlit/cache", owners: &[] };
    let killed = killed_at_changes(&made, &mut |copy| visit(copy));
    assert!(killed >= 5, "{killed}");
}

#[test]
fn pip_downloads_again() {
    let dir = scratch();
    let pip = |top: &Path| said(program("cachecontrol", "pip_index.py").unwrap().arg(top.join("pip")));
    if !needed() || python("cachecontrol").is_none() {
        return;
    }
    pip(dir.path());
    let made = Made { top: dir.path().to_owned(), cache: "pip", owners: &[] };
    let killed = killed_at_changes(&made, &mut |copy| assert!(pip(copy)["asked"].as_u64().unwrap() <= 1));
    assert!(killed >= 3, "{killed}");
}

#[test]
fn cachecontrol_asks_again() {
    let dir = scratch();
    let ask = |top: &Path| {
        said(program("cachecontrol", "cachecontrol.py").unwrap().arg(top.join("cache")).arg("new"))
    };
    if !needed() || python("cachecontrol").is_none() {
        return;
    }
    let first = ask(dir.path());
    let made = Made { top: dir.path().to_owned(), cache: "cache", owners: &[] };
    let killed = killed_at_changes(&made, &mut |copy| assert_eq!(ask(copy)["sizes"], first["sizes"]));
    assert!(killed >= 3, "{killed}");
}

#[test]
fn uv_installs_again() {
    let dir = scratch();
    let (true, Some(python)) = (needed(), python("uv")) else { return };
    let wheel = dir.path().join("demo_thing-1.2.0-py3-none-any.whl");
    run(Command::new(&python).arg(fixtures().join("wheel.py")).arg(&wheel));
    let uv = |top: &Path, args: &[&str]| {
        let mut command = Command::new(python.with_file_name("uv"));
        run(command.args(args).env("UV_CACHE_DIR", top.join("cache")).current_dir(top));
    };
    let install = |top: &Path| {
        uv(top, &["venv", "-q", "--clear", "env"]);
        let wheel = top.join("demo_thing-1.2.0-py3-none-any.whl");
        uv(
            top,
            &["pip", "install", "-q", "--offline", "--python", "env/bin/python", wheel.to_str().unwrap()],
        );
        run(Command::new(top.join("env/bin/python")).args(["-c", "import demo_thing"]));
    };
    install(dir.path());
    fs::remove_dir_all(dir.path().join("env")).unwrap();
    let made = Made { top: dir.path().to_owned(), cache: "cache", owners: &[] };
    let killed = killed_at_changes(&made, &mut |copy| install(copy));
    assert!(killed >= 3, "{killed}");
}
