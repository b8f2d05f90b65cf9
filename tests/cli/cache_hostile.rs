//! Caches that are damaged in every way, or made to do harm: one clear message or a marked row, and never more than that.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

use super::support::{
    command,
    diskcache::{Cache, NOW},
    scratch,
    tree::{differences, tree},
};

const LOOKS: [&[&str]; 9] = [
    &["list", "--json"],
    &["list", "--sort", "key"],
    &["list", "--key", "k1*"],
    &["stats"],
    &["stats", "--by", "group"],
    &["check", "--deep", "--audit"],
    &["watch", "--count", "1"],
    &["show", "--id", "1"],
    &["expire", "-n", "-v"],
];

/// Everything else: all that changes a cache.
const CHANGES: [&[&str]; 8] = [
    &["expire"],
    &["expire", "--vacuum"],
    &["prune", "-y", "--larger-than", "1"],
    &["prune", "-y", "--max-entries", "3"],
    &["prune", "-y", "--key", "k*"],
    &["rm", "-y", "--id", "1"],
    &["clear", "-y"],
    &["check", "--fix", "--grace", "0s"],
];

/// Runs every command on a cache whose `cache.db` has these bytes.
fn every_command(cache: &Cache, bytes: &[u8], what: &str) {
    for words in LOOKS.into_iter().chain(CHANGES) {
        for name in ["cache.db-wal", "cache.db-shm", "cache.db-journal"] {
            let _ = fs::remove_file(cache.join(name));
        }
        fs::write(cache.join("cache.db"), bytes).expect("it is there");
        let output = look(words, &cache.path());
        fine(&output, &format!("{what}, {words:?}"));
    }
}

/// Most memory that a look may take, in bytes.
const MEMORY: u64 = 1 << 30;

fn look(words: &[&str], dir: &Path) -> Output {
    let mut command = command();
    command.args(["cache"]).args(words).args(["--now", NOW]).arg(dir);
    limited(&mut command)
}

/// Runs a command in limited memory; one that does not end by itself fails the test.
fn limited(command: &mut Command) -> Output {
    use std::os::unix::process::CommandExt;

    let limit = libc::rlimit { rlim_cur: MEMORY, rlim_max: MEMORY };
    // SAFETY: setrlimit is async-signal-safe and touches only the new process.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_AS, &raw const limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("hotcold starts");
    assert!(begun.elapsed() < Duration::from_secs(60), "{command:?}");
    output
}

/// It ended by itself, with at most one message.
fn fine(output: &Output, what: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1 | 3)), "{what}: {:?} {err}", output.status);
    let errors = err.lines().filter(|line| line.starts_with("error: ")).count();
    // What was removed before the damage was met is done in part.
    let told = if code == Some(3) { errors <= 1 } else { errors == usize::from(code == Some(1)) };
    assert!(told && !err.contains("panicked"), "{what}: {code:?} {err}");
}

#[test]
fn a_database_cut_at_every_page() {
    let cache = Cache::new("tags");
    let path = cache.join("cache.db");
    let whole = fs::read(&path).expect("it is there");
    for end in (0..whole.len()).step_by(4096) {
        fs::write(&path, &whole[..end]).expect("it is there");
        assert_ne!(look(&["check"], &cache.path()).status.code(), Some(0), "{end} bytes");
        every_command(&cache, &whole[..end], &format!("{end} bytes"));
    }
}

#[test]
fn random_bytes_in_a_database() {
    let cache = Cache::new("tags");
    let path = cache.join("cache.db");
    let whole = fs::read(&path).expect("it is there");
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..60 {
        let mut bytes = whole.clone();
        // Single bytes, a page, and a run over several pages in turn; the header is left alone half of the time.
        let least = if round % 2 == 0 { 100 } else { 0 };
        let start = least + (next() as usize) % (bytes.len() - least);
        let length = [8, 4096, 20_000][round % 3].min(bytes.len() - start);
        for byte in &mut bytes[start..start + length] {
            *byte = next() as u8;
        }
        every_command(&cache, &bytes, &format!("round {round}, {length} bytes at {start}"));
    }
}

#[test]
fn a_log_of_random_bytes() {
    let cache = Cache::new("wal_left");
    let path = cache.join("cache.db-wal");
    let whole = fs::read(&path).expect("it is there");
    for end in [1, 31, 32, 40, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole[..end].to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 0xff;
        }
        fs::write(&path, &bytes).expect("it is there");
        for words in LOOKS {
            fine(&look(words, &cache.path()), &format!("{end} bytes, {words:?}"));
        }
    }
}

#[test]
fn rows_of_impossible_types() {
    let cache = Cache::new("wrong_types");
    let rows = cache.truth["rows"].as_u64().expect("it is there");
    let output = look(&["list", "--json"], &cache.path());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count() as u64, rows);
    for words in LOOKS {
        fine(&look(words, &cache.path()), &format!("{words:?}"));
    }
}

#[test]
fn nothing_outside_is_read_or_shown() {
    let cache = Cache::new("hostile");
    let before = tree(cache.base());
    for words in LOOKS {
        let output = look(words, &cache.path());
        fine(&output, &format!("{words:?}"));
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(!shown.contains("must survive"), "{words:?}");
    }
    for id in 1..=60 {
        let mut show = command();
        show.args(["cache", "show", "--now", NOW]).arg(cache.path()).args(["--id", &id.to_string()]);
        let output = limited(&mut show);
        fine(&output, &format!("show {id}"));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("must survive"), "{id}");
    }
    let changed = differences(&before, &tree(cache.base()));
    assert!(changed.iter().all(|name| name.ends_with("-shm") || name.ends_with("-wal")), "{changed:?}");
    assert!(!Path::new("PWNED").exists() && !cache.join("PWNED").exists());
}

#[test]
fn a_key_of_100_megabytes() {
    let cache = Cache::new("empty");
    let connection = Connection::open(cache.join("cache.db")).expect("it is there");
    let insert =
        "INSERT INTO Cache(key, raw, store_time, access_time, mode, value) VALUES (?1, ?2, 1.0, 1.0, 1, 1)";
    connection.execute(insert, params!["k".repeat(100 << 20), 1]).expect("it is there");
    connection.execute(insert, params![vec![b']'; 100 << 20], 0]).expect("it is there");
    drop(connection);
    for words in LOOKS {
        let output = look(words, &cache.path());
        fine(&output, &format!("{words:?}"));
        assert!(output.stdout.len() < 1 << 20, "{words:?}: {}", output.stdout.len());
    }
}

#[test]
fn tables_that_are_none() {
    for name in ["view_as_cache", "not_a_cache", "zero_byte", "corrupt_header"] {
        let cache = Cache::new(name);
        let before = tree(&cache.path());
        for words in LOOKS {
            let output = look(words, &cache.path());
            assert_eq!(output.status.code(), Some(1), "{name} {words:?}");
            fine(&output, name);
        }
        assert_eq!(differences(&before, &tree(&cache.path())), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_is_no_cache_at_all() {
    let dir = scratch();
    let file = dir.path().join("file");
    fs::write(&file, "text").expect("it is there");
    let database = dir.path().join("fifo");
    fs::create_dir(&database).expect("it is there");
    let made = Command::new("mkfifo").arg(database.join("cache.db")).status().expect("it is there");
    assert!(made.success());
    let linked = dir.path().join("linked");
    fs::create_dir(&linked).expect("it is there");
    std::os::unix::fs::symlink("/dev/zero", linked.join("cache.db")).expect("it is there");
    for path in [dir.path().to_owned(), file, database, linked, dir.path().join("not there")] {
        for words in LOOKS {
            let output = look(words, &path);
            assert_eq!(output.status.code(), Some(1), "{} {words:?}", path.display());
            fine(&output, &path.display().to_string());
        }
    }
}
