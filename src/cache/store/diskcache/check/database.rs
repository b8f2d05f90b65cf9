//! The database as a file: pages, the log beside it, and where it lies.

use std::{collections::BTreeMap, fs, path::Path};

use super::{
    Subject,
    finding::{Finding, Fix},
    network, sqlite,
};

/// So many lines of SQLite's are shown.
const MOST_LINES: usize = 100;

/// Whether SQLite finds its pages in order; `deep` compares every index with its table.
pub(super) fn pages(subject: &Subject<'_>, deep: bool, findings: &mut Vec<Finding>) -> bool {
    let lines = match lines(subject, deep) {
        Ok(lines) => lines,
        Err(error) => vec![sqlite(&error)],
    };
    let mut indexes: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut sound = true;
    for line in lines.iter().flat_map(|line| line.lines()) {
        match line {
            "ok" => {}
            // A heading.
            line if line.starts_with("***") => {}
            line => match index_of(line) {
                Some(index) => indexes.entry(index.to_owned()).or_insert((0, line.to_owned())).0 += 1,
                None => {
                    sound = false;
                    findings.push(Finding::problem("damaged-page", subject.place("cache.db"), line));
                }
            },
        }
    }
    // With damaged pages beneath them a new index would be as wrong.
    for (index, (count, line)) in indexes.into_iter().filter(|_| sound) {
        let more = if count > 1 { format!(" (and {} more like this)", count - 1) } else { String::new() };
        let finding = Finding::problem("damaged-index", subject.place(&index), format!("{line}{more}"));
        findings.push(finding.fixed_by(Fix::Reindex { index }));
    }
    sound
}

fn lines(subject: &Subject<'_>, deep: bool) -> rusqlite::Result<Vec<String>> {
    let pragma = if deep { "integrity_check" } else { "quick_check" };
    let mut statement = subject.db.prepare(&format!("PRAGMA {pragma}({MOST_LINES})"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_bytes().unwrap_or_default();
        found.push(String::from_utf8_lossy(text).into_owned());
    }
    Ok(found)
}

/// The index that a line is about, if building it anew helps.
fn index_of(line: &str) -> Option<&str> {
    if let Some(index) = line.strip_prefix("wrong # of entries in index ") {
        return Some(index);
    }
    let (row, index) = line.strip_prefix("row ")?.split_once(" missing from index ")?;
    row.chars().all(|c| c.is_ascii_digit() || c == '-').then_some(index)
}

/// Network file systems, on which SQLite's locks and its log do not work.
pub(super) fn file_system(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = network::name(subject.dir) else { return };
    let detail = format!("{name} is a network file system, on which SQLite's log loses and damages data");
    findings.push(Finding::problem("network-file-system", subject.place("cache.db"), detail));
}

/// A log that a killed writer has left.
pub(super) fn log(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let path = subject.dir.join("cache.db-wal");
    let Ok(about) = fs::symlink_metadata(&path) else { return };
    if !about.is_file() {
        let detail = "the log's name belongs to something that is no file";
        findings.push(Finding::problem("foreign-log", subject.place("cache.db-wal"), detail));
    } else if about.len() > 0 && !is_used(subject.dir) {
        let detail =
            "nobody has the cache open, and the log was left by a program that was killed; its rows are read";
        let finding = Finding::note("left-over-log", subject.place("cache.db-wal"), detail);
        findings.push(finding.with_bytes(about.len()).fixed_by(Fix::Checkpoint));
    }
}

/// Whether another process has the database open, as far as the kernel's list of locks tells.
fn is_used(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let Ok(about) = fs::metadata(dir.join("cache.db-shm")) else { return false };
    let Ok(locks) = fs::read_to_string("/proc/locks") else { return true };
    let own = std::process::id().to_string();
    let inode = format!(":{}", about.ino());
    locks.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (kind, pid, file) = (fields.next(), fields.nth(2), fields.next());
        kind == Some("POSIX") && pid != Some(&own) && file.is_some_and(|file| file.ends_with(&inode))
    })
}

#[cfg(test)]
mod tests {
    use super::index_of;

    #[test]
    fn only_what_a_new_index_mends_is_about_an_index() {
        assert_eq!(index_of("wrong # of entries in index Cache_expire_time"), Some("Cache_expire_time"));
        assert_eq!(index_of("row 17 missing from index Cache_key_raw"), Some("Cache_key_raw"));
        assert_eq!(index_of("Tree 4 page 9: btreeInitPage() returns error code 11"), None);
        assert_eq!(index_of("non-unique entry in index Cache_key_raw"), None);
    }
}
