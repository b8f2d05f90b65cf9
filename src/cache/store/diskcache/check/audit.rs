//! Pickles that do more than rebuild plain data. Python runs them when it reads the cache (CVE-2025-69872); here they are only read.

use rusqlite::types::ValueRef;

use super::{
    super::value_name::ValueName,
    Subject,
    finding::Finding,
    values::{MOST_BYTES, read_file},
};
use crate::cache::pickle::{Limits, Pickle};

/// How far a pickle is looked into.
const LIMITS: Limits = Limits { opcodes: 20_000_000, memory: 64 << 20, kept_items: 1000, findings: 8 };

const PICKLES: &str = "SELECT rowid, CASE raw WHEN 0 THEN key END, CASE mode WHEN 4 THEN value END,
    CASE mode WHEN 4 THEN filename END FROM Cache NOT INDEXED WHERE raw = 0 OR mode = 4";

/// Lists them: as problems those that would run code, as notes those that only import classes that are not known.
pub(super) fn list(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> rusqlite::Result<()> {
    let mut statement = subject.db.prepare(PICKLES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let rowid: i64 = row.get(0)?;
        let mut judge = |what: &str, bytes: &[u8]| findings.extend(judged(subject, rowid, what, bytes));
        if let ValueRef::Blob(key) = row.get_ref(1)? {
            judge("key", key);
        }
        match (row.get_ref(2)?, row.get_ref(3)?) {
            (ValueRef::Blob(value), _) => judge("value", value),
            (_, ValueRef::Text(name)) => {
                let Some(name) = ValueName::parse(name) else { continue };
                // What cannot be read is told elsewhere.
                if let Ok(Some(bytes)) = read_file(subject.dir, name) {
                    judge("value", &bytes);
                } else {
                    let detail =
                        format!("the value was not audited: more than {MOST_BYTES} bytes, or unreadable");
                    findings.push(Finding::row("not-audited", subject.part, rowid, detail));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn judged(subject: &Subject<'_>, rowid: i64, what: &str, bytes: &[u8]) -> Option<Finding> {
    let pickle = Pickle::read(bytes, LIMITS);
    if pickle.findings.is_empty() {
        return None;
    }
    let mut told: Vec<String> =
        pickle.findings.iter().map(|found| format!("{} {}", found.action.verb(), found.name)).collect();
    told.dedup();
    if pickle.findings_left_out > 0 {
        told.push(format!("{} more", pickle.findings_left_out));
    }
    let detail = format!("reading the {what} {}", told.join(", "));
    Some(if pickle.runs_code {
        Finding::row("code-in-pickle", subject.part, rowid, detail)
    } else {
        let mut finding = Finding::row("import-in-pickle", subject.part, rowid, detail);
        finding.problem.note = true;
        finding
    })
}
