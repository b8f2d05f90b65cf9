//! Indexes, triggers and settings, compared with what DiskCache makes.

use super::{
    Subject,
    finding::{Finding, Fix},
};
use crate::cache::{model::Setting, store::diskcache::schema::INDEXES};

/// Statements that make what may be missing, by the name in lower case. Triggers with quotes that every SQLite understands.
const STATEMENTS: [(&str, &str); 11] = [
    ("cache_key_raw", "CREATE UNIQUE INDEX Cache_key_raw ON Cache(key, raw)"),
    ("cache_expire_time", "CREATE INDEX Cache_expire_time ON Cache (expire_time)"),
    ("cache_store_time", "CREATE INDEX Cache_store_time ON Cache (store_time)"),
    ("cache_access_time", "CREATE INDEX Cache_access_time ON Cache (access_time)"),
    ("cache_access_count", "CREATE INDEX Cache_access_count ON Cache (access_count)"),
    ("cache_tag_rowid", "CREATE INDEX Cache_tag_rowid ON Cache(tag, rowid)"),
    (
        "settings_count_insert",
        "CREATE TRIGGER Settings_count_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN UPDATE Settings SET value = value + 1 WHERE key = 'count'; END",
    ),
    (
        "settings_count_delete",
        "CREATE TRIGGER Settings_count_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN UPDATE Settings SET value = value - 1 WHERE key = 'count'; END",
    ),
    (
        "settings_size_insert",
        "CREATE TRIGGER Settings_size_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN UPDATE Settings SET value = value + NEW.size WHERE key = 'size'; END",
    ),
    (
        "settings_size_update",
        "CREATE TRIGGER Settings_size_update AFTER UPDATE ON Cache FOR EACH ROW BEGIN UPDATE Settings SET value = value + NEW.size - OLD.size WHERE key = 'size'; END",
    ),
    (
        "settings_size_delete",
        "CREATE TRIGGER Settings_size_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN UPDATE Settings SET value = value - OLD.size WHERE key = 'size'; END",
    ),
];

/// Looks at what there is besides the rows.
pub(super) fn look(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let schema = subject.schema;
    for trigger in &schema.foreign_triggers {
        let detail = "this trigger is not DiskCache's, and runs whenever a program changes the cache";
        findings.push(Finding::problem("foreign-trigger", subject.place(trigger), detail));
    }
    for other in &schema.foreign_others {
        findings.push(Finding::note("foreign-schema", subject.place(other), "it is not DiskCache's"));
    }
    for unknown in &schema.unknown {
        findings.push(Finding::note("unknown-schema", subject.place("cache.db"), unknown.as_str()));
    }
    for trigger in schema.missing_triggers() {
        missing("missing-trigger", trigger, "without this trigger the counters go wrong", subject, findings);
    }
    let (wanted, left_over) = indexes(subject);
    for index in wanted {
        missing(
            "missing-index",
            index,
            "without this index programs that use the cache are slow",
            subject,
            findings,
        );
    }
    for index in left_over {
        let detail = "an index that an earlier eviction policy left behind; it costs time at every write";
        findings.push(Finding::note("left-over-index", subject.place(spelled(index)), detail));
    }
    settings(subject, findings);
}

fn missing(
    what: &'static str,
    name: &'static str,
    why: &str,
    subject: &Subject<'_>,
    findings: &mut Vec<Finding>,
) {
    let sql = STATEMENTS.iter().find(|(known, _)| *known == name).map(|(_, sql)| *sql);
    let finding = Finding::problem(what, subject.place(spelled(name)), why);
    findings.push(match sql {
        Some(sql) => finding.fixed_by(Fix::Create { sql }),
        None => finding,
    });
}

/// A name as the library writes it.
fn spelled(name: &'static str) -> &'static str {
    let sql = STATEMENTS.iter().find(|(known, _)| *known == name).map_or("", |(_, sql)| *sql);
    sql.split([' ', '(']).find(|word| word.eq_ignore_ascii_case(name)).unwrap_or(name)
}

/// The indexes that should be there and are not, and those that need not be there.
fn indexes(subject: &Subject<'_>) -> (Vec<&'static str>, Vec<&'static str>) {
    let policy = match subject.settings.policy().0 {
        "least-recently-stored" => "cache_store_time",
        "least-recently-used" => "cache_access_time",
        "least-frequently-used" => "cache_access_count",
        _ => "",
    };
    let tagged = subject.settings.number("tag_index").is_some_and(|on| on != 0);
    let wanted = |name: &str| match name {
        "cache_key_raw" | "cache_expire_time" => true,
        "cache_tag_rowid" => tagged,
        name => name == policy,
    };
    let there = |name: &str| subject.schema.has_index(name);
    let names = INDEXES.iter().map(|(name, _)| *name);
    let missing = names.clone().filter(|name| wanted(name) && !there(name)).collect();
    let left_over = names.filter(|name| !wanted(name) && there(name)).collect();
    (missing, left_over)
}

fn settings(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    const POLICIES: [&str; 4] =
        ["least-recently-stored", "least-recently-used", "least-frequently-used", "none"];
    let place = || subject.place("Settings");
    let policy = subject.settings.policy().0;
    if !POLICIES.contains(&policy) {
        let detail = format!("the eviction policy is `{policy}`, with which Python cannot open the cache");
        findings.push(Finding::problem("unknown-policy", place(), detail));
    }
    let names: Vec<&str> = subject.settings.0.iter().map(|(name, _)| name.as_str()).collect();
    for pair in names.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            findings.push(Finding::problem("duplicate-setting", place(), format!("`{a}` is there twice")));
        }
    }
    if subject.settings.get("sqlite_auto_vacuum") == Some(&Setting::Integer(0)) {
        let detail = "auto_vacuum is 0: the file never shrinks, and once it is over its limit Python's cull() removes everything";
        findings.push(Finding::note("auto-vacuum-off", place(), detail));
    }
}

/// Whether each index has as many entries as the table has rows, which is much cheaper than comparing them one by one.
pub(super) fn indexes_agree(
    subject: &Subject<'_>,
    rows: i64,
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<()> {
    for (index, columns) in INDEXES.iter().filter(|(name, _)| subject.schema.has_index(name)) {
        if findings.iter().any(
            |f| matches!(&f.fix, Some(Fix::Reindex { index: known }) if known.eq_ignore_ascii_case(index)),
        ) {
            continue;
        }
        let column = columns.split(',').next().unwrap_or(columns);
        let partial: bool = subject.db.query_row(
            "SELECT partial FROM pragma_index_list('Cache') WHERE name = ?1 COLLATE NOCASE",
            [index],
            |row| row.get(0),
        )?;
        let (some, expected) = if partial {
            let sql = format!("SELECT count(*) FROM Cache NOT INDEXED WHERE {column} IS NOT NULL");
            (format!(" WHERE {column} IS NOT NULL"), subject.db.query_row(&sql, [], |row| row.get(0))?)
        } else {
            (String::new(), rows)
        };
        let sql = format!("SELECT count(*) FROM Cache INDEXED BY {index}{some}");
        // A partial index that SQLite cannot use for this has a condition of its own.
        let Ok(count) = subject.db.query_row(&sql, [], |row| row.get::<_, i64>(0)) else { continue };
        if count != expected {
            let detail = format!("the index has {count} entries for {expected} rows");
            let finding = Finding::problem("damaged-index", subject.place(spelled(index)), detail);
            findings.push(finding.fixed_by(Fix::Reindex { index: (*index).to_owned() }));
        }
    }
    Ok(())
}

/// Keys that are there twice, which only a missing index allows.
pub(super) fn duplicate_keys(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> rusqlite::Result<()> {
    const MOST: usize = 100;
    if subject.schema.has_index("cache_key_raw") {
        return Ok(());
    }
    let mut statement = subject.db.prepare(
        "SELECT min(rowid), count(*) FROM Cache WHERE key IS NOT NULL GROUP BY key, raw HAVING count(*) > 1 LIMIT ?1",
    )?;
    let mut rows = statement.query([MOST as i64])?;
    while let Some(row) = rows.next()? {
        let (first, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        let detail = format!("{count} entries have the same key as this one");
        findings.push(Finding::row("duplicate-key", subject.part, first, detail));
    }
    Ok(())
}
