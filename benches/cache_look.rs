//! Looking at large caches, against Python's DiskCache and a bare scan by SQLite.
//!
//! `cargo bench --bench cache_look -- [--entries 1000000] [--files 200000] [--repeats 5]`
//!
//! Each figure is a ratio of two medians of the same run, in which both took turns; whole processes are timed, from start to end. What they
//! print goes to `/dev/null`. The caches are made once by Python and kept below `target/`.

#[path = "common/caches.rs"]
mod caches;
mod common;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use caches::{NOW, ask, big, library, medians, peak, seconds, verdict};
use common::{Options, hotcold, say};

fn look(words: &[&str], dir: &Path) -> Command {
    let mut command = hotcold();
    command.args(["cache", words[0], "--now", NOW]).args(&words[1..]).arg(dir).stdout(Stdio::null());
    command
}

/// A bare scan by the same SQLite that hotcold has, of the columns that a list shows.
fn bare_scan(dir: &Path) -> f64 {
    let begun = std::time::Instant::now();
    let db = rusqlite::Connection::open_with_flags(
        dir.join("cache.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .expect("the cache opens");
    let sql = "SELECT rowid, key, raw, store_time, expire_time, access_time, access_count, tag, size, mode, filename,
        octet_length(value) FROM Cache ORDER BY rowid";
    let mut statement = db.prepare(sql).expect("a statement");
    let mut rows = statement.query([]).expect("rows");
    let mut sum = 0_usize;
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..12 {
            let value = row.get_ref(column).expect("a value");
            sum += value.as_bytes().map_or(1, <[u8]>::len);
        }
    }
    assert!(sum > 0);
    begun.elapsed().as_secs_f64()
}

const SQL_LOOP: &str = "
c = diskcache.Cache(d)
n = 0
for key, raw, expire, tag, size in c._sql('SELECT key, raw, expire_time, tag, size FROM Cache ORDER BY rowid'):
    n += 1
print(n)";
const ITERATION: &str = "
c = diskcache.Cache(d)
n = 0
for key in c:
    value, expire, tag = c.get(key, expire_time=True, tag=True)
    n += 1
print(n)";
const CHECK: &str = "print(len(diskcache.Cache(d).check()))";

fn main() {
    let options = Options::from_env();
    let Some(python) = library() else { return };
    let (entries, files, repeats) =
        (options.get("--entries", 1_000_000), options.get("--files", 200_000), options.get("--repeats", 5));
    let dir = big(&python, entries, false);
    let mut list = || seconds(&mut look(&["list"], &dir));
    let mut json = || seconds(&mut look(&["list", "--json"], &dir));
    let mut sql = || seconds(&mut ask(&python, SQL_LOOP, &dir));
    let mut bare = || bare_scan(&dir);
    let mut stats = || seconds(&mut look(&["stats"], &dir));
    let [list, json, sql, bare, stats] =
        medians(repeats, [&mut list, &mut json, &mut sql, &mut bare, &mut stats]);
    let detail = |mine: f64, other: f64| format!("{mine:.2} s against {other:.2} s");
    verdict("list against the library's SQL loop", sql / list, 3.0, true, &detail(list, sql));
    let iteration = seconds(&mut ask(&python, ITERATION, &dir));
    verdict("list against the library's iteration", iteration / list, 12.0, true, &detail(list, iteration));
    verdict("list against a bare scan", list / bare, 2.5, false, &detail(list, bare));
    say(format!("     list --json takes {json:.2} s"));
    verdict("stats against a bare scan", stats / bare, 1.5, false, &detail(stats, bare));
    let check = |dir: &Path| {
        let mut mine = || seconds(&mut look(&["check"], dir));
        let mut theirs = || seconds(&mut ask(&python, CHECK, dir));
        medians(repeats, [&mut mine, &mut theirs])
    };
    let [mine, theirs] = check(&dir);
    verdict("check against the library's", theirs / mine, 2.0, true, &detail(mine, theirs));
    let memory = peak(&mut look(&["list"], &dir));
    verdict("memory of list in MiB", memory, 40.0, false, &format!("{entries} entries"));
    let sorted = peak(&mut look(&["list", "--sort", "size"], &dir));
    let each = (sorted - memory) * 1048576.0 / entries as f64;
    verdict("bytes an entry of list --sort size", each, 64.0, false, &format!("{sorted:.0} MiB in all"));
    let plan = |most: usize| peak(&mut look(&["prune", "-n", "--max-entries", &most.to_string()], &dir));
    let (all, none) = (plan(0), plan(entries));
    let each = (all - none) * 1048576.0 / entries as f64;
    verdict("bytes an entry of a plan", each, 64.0, false, &format!("{all:.0} MiB in all"));

    let dir = big(&python, files, true);
    let [mine, theirs] = check(&dir);
    verdict("check of value files against the library's", theirs / mine, 2.0, true, &detail(mine, theirs));
}
