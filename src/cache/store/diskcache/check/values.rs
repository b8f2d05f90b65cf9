//! Values and keys read in full: whether text is text, whether a pickle is whole, whether anything was written at all.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rusqlite::types::ValueRef;

use super::{
    super::{value::open_below, value_name::ValueName},
    Subject,
    finding::Finding,
    rows::Rows,
    sqlite,
    walk::Named,
};
use crate::cache::pickle::{Limits, Pickle};

/// Longest value file that is taken into memory.
pub(super) const MOST_BYTES: u64 = 256 << 20;
/// Enough for everything that is no attack.
const LIMITS: Limits = Limits { opcodes: 100_000_000, memory: 256 << 20, kept_items: 0, findings: 0 };
/// The modes of the library for values in files.
const TEXT: i64 = 3;
const PICKLE: i64 = 4;

/// Reads every value and every key.
pub(super) fn read_all(subject: &Subject<'_>, rows: &Rows, findings: &mut Vec<Finding>) {
    if let Err(error) = in_table(subject, findings) {
        findings.push(Finding::problem("damaged-database", subject.place("cache.db"), sqlite(&error)));
    }
    in_files(subject, &rows.named, findings);
}

fn in_table(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> rusqlite::Result<()> {
    let mut statement = subject.db.prepare("SELECT rowid, raw, key, mode, value FROM Cache NOT INDEXED")?;
    let mut rows = statement.query([])?;
    let (hasher, mut keys) = (RandomState::new(), HashMap::new());
    while let Some(row) = rows.next()? {
        let rowid: i64 = row.get(0)?;
        let mut tell =
            |detail: String| findings.push(Finding::row("damaged-value", subject.part, rowid, detail));
        match (row.get_ref(1)?, row.get_ref(2)?) {
            (ValueRef::Integer(0), ValueRef::Blob(key)) => {
                let pickle = Pickle::read(key, Limits::KEY);
                match pickle.damage() {
                    Some(damage) => tell(format!("the key is no whole pickle: {damage}")),
                    None => {
                        let shown = pickle.text(64 * 1024);
                        if let Some(first) =
                            (!shown.cut).then(|| keys.insert(hasher.hash_one(&shown.text), rowid)).flatten()
                        {
                            let detail = format!(
                                "the same key as that of entry {first}, pickled in another way; Python finds one of them"
                            );
                            let mut finding = Finding::row("duplicate-key", subject.part, rowid, detail);
                            finding.problem.note = true;
                            findings.push(finding);
                        }
                    }
                }
            }
            (_, ValueRef::Text(key)) if std::str::from_utf8(key).is_err() => {
                tell("the key is marked as text and is none".to_owned());
            }
            _ => {}
        }
        let mut tell =
            |detail: String| findings.push(Finding::row("damaged-value", subject.part, rowid, detail));
        match (row.get_ref(3)?, row.get_ref(4)?) {
            (ValueRef::Integer(PICKLE), ValueRef::Blob(value)) => {
                if let Some(damage) = Pickle::read(value, LIMITS).damage() {
                    tell(format!("the value is no whole pickle: {damage}"));
                }
            }
            (_, ValueRef::Text(value)) if std::str::from_utf8(value).is_err() => {
                tell("the value is marked as text and is none".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Value files, by several threads.
fn in_files(subject: &Subject<'_>, named: &[Named], findings: &mut Vec<Finding>) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some(file) = named.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(detail) = fault(subject.dir, file) {
                found.push((file.rowid, detail));
            }
        }
        found
    };
    let threads = thread::available_parallelism().map_or(2, usize::from).min(named.len()).min(8);
    let mut found: Vec<(i64, String)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).flatten().collect()
    });
    found.sort_unstable();
    findings.extend(
        found.into_iter().map(|(rowid, detail)| Finding::row("damaged-value", subject.part, rowid, detail)),
    );
}

/// What is wrong with the content of a file that is there; others are told elsewhere.
fn fault(dir: &Path, file: &Named) -> Option<String> {
    let bytes = match read_file(dir, file.name) {
        Ok(Some(bytes)) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(format!("{} cannot be read: {error}", file.name)),
        Ok(None) => return None,
    };
    if !bytes.is_empty() && bytes.iter().all(|&byte| byte == 0) && file.mode != 2 {
        return Some(format!("{} has only zero bytes, as after a power failure", file.name));
    }
    match file.mode {
        TEXT if std::str::from_utf8(&bytes).is_err() => {
            Some(format!("{} should be text and is none", file.name))
        }
        PICKLE if !bytes.is_empty() => {
            let damage = Pickle::read(&bytes, LIMITS).damage()?;
            Some(format!("{} is no whole pickle: {damage}", file.name))
        }
        _ => None,
    }
}

/// The content of a value file; `None` if it is too long.
pub(super) fn read_file(dir: &Path, name: ValueName) -> io::Result<Option<Vec<u8>>> {
    let (file, length) = open_below(dir, Path::new(&name.to_string()))?;
    if length > MOST_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
