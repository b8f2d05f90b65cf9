//! What tables, indexes and triggers a `cache.db` has, compared with what DiskCache and its forks make.

use rusqlite::Connection;

/// The columns of `Cache`.
pub(super) const COLUMNS: [&str; 12] = [
    "rowid",
    "key",
    "raw",
    "store_time",
    "expire_time",
    "access_time",
    "access_count",
    "tag",
    "size",
    "mode",
    "filename",
    "value",
];

/// Columns that versions before 3.0 have as well; they count writes, and nothing that is removed needs them.
const OLD_COLUMNS: [&str; 1] = ["version"];

/// The library's triggers, without quotes and runs of blanks, which differ between versions.
const TRIGGERS: [(&str, &str); 5] = [
    (
        "settings_count_insert",
        "create trigger settings_count_insert after insert on cache for each row begin update settings set value = value + 1 where key = count; end",
    ),
    (
        "settings_count_delete",
        "create trigger settings_count_delete after delete on cache for each row begin update settings set value = value - 1 where key = count; end",
    ),
    (
        "settings_size_insert",
        "create trigger settings_size_insert after insert on cache for each row begin update settings set value = value + new.size where key = size; end",
    ),
    (
        "settings_size_update",
        "create trigger settings_size_update after update on cache for each row begin update settings set value = value + new.size - old.size where key = size; end",
    ),
    (
        "settings_size_delete",
        "create trigger settings_size_delete after delete on cache for each row begin update settings set value = value - old.size where key = size; end",
    ),
];

/// The library's indexes on `Cache`, in lower case, with the columns they cover.
pub(super) const INDEXES: [(&str, &str); 6] = [
    ("cache_key_raw", "key,raw"),
    ("cache_expire_time", "expire_time"),
    ("cache_store_time", "store_time"),
    ("cache_access_time", "access_time"),
    ("cache_access_count", "access_count"),
    ("cache_tag_rowid", "tag,rowid"),
];

/// The schema of a `cache.db` that has the two tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    /// Names of the library's indexes that are there, in lower case, and cover what they should.
    pub(super) indexes: Vec<&'static str>,
    /// Names of the library's triggers that are there as the library makes them, in lower case.
    pub(super) triggers: Vec<&'static str>,
    /// Triggers that the library does not make, or not like this.
    pub(super) foreign_triggers: Vec<String>,
    /// Views, and indexes on the two tables that the library does not make.
    pub(super) foreign_others: Vec<String>,
    /// Whether the table `Cache` has [`COLUMNS`] in this order and no others.
    pub(super) is_in_order: bool,
    /// Why it must not be changed: an addition that a writer would have to understand.
    pub(super) unknown: Vec<String>,
}

impl Schema {
    /// Whether an index is there, named in lower case.
    pub(super) fn has_index(&self, name: &str) -> bool {
        self.indexes.contains(&name)
    }

    /// Names of the library's triggers that are missing.
    pub(super) fn missing_triggers(&self) -> impl Iterator<Item = &'static str> {
        TRIGGERS.iter().map(|t| t.0).filter(|name| !self.triggers.contains(name))
    }
}

/// Why a database is no DiskCache.
#[derive(Debug)]
pub(super) enum NotOurs {
    /// It has not the two tables, in a few words.
    Other(String),
    /// It could not be read.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for NotOurs {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads the schema.
///
/// # Errors
/// [`NotOurs`].
pub(super) fn read(connection: &Connection) -> Result<Schema, NotOurs> {
    require_table(connection, "Settings", &["key", "value"], false)?;
    let mut columns = require_table(connection, "Cache", &COLUMNS, true)?;
    let mut schema = Schema { is_in_order: columns == COLUMNS, ..Schema::default() };
    columns.retain(|column| !COLUMNS.iter().chain(&OLD_COLUMNS).any(|known| known == column));
    let extra = columns;
    if !extra.is_empty() {
        schema.unknown.push(format!("the table `Cache` has unknown columns: {}", extra.join(", ")));
    }
    let mut statement = connection
        .prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |i| {
            row.get_ref(i).map(|v| String::from_utf8_lossy(v.as_bytes().unwrap_or_default()).into_owned())
        };
        let (kind, name, table, sql) = (text(0)?, text(1)?, text(2)?, text(3)?);
        schema.add(connection, &kind, &name, &table, &sql)?;
    }
    Ok(schema)
}

impl Schema {
    fn add(
        &mut self,
        connection: &Connection,
        kind: &str,
        name: &str,
        table: &str,
        sql: &str,
    ) -> rusqlite::Result<()> {
        let lower = name.to_ascii_lowercase();
        let ours = ["cache", "settings"].contains(&table.to_ascii_lowercase().as_str());
        match kind {
            "trigger" => match TRIGGERS.iter().find(|t| t.0 == lower && t.1 == normal(sql)) {
                Some(known) => self.triggers.push(known.0),
                None => self.foreign_triggers.push(name.to_owned()),
            },
            "index" if ours && !lower.starts_with("sqlite_autoindex_") => {
                match INDEXES.iter().find(|i| i.0 == lower) {
                    Some(known) if covers(connection, name)? == known.1 => self.indexes.push(known.0),
                    _ => self.foreign_others.push(format!("index {name}")),
                }
            }
            "view" => self.foreign_others.push(format!("view {name}")),
            _ => {}
        }
        Ok(())
    }
}

/// The columns of an index, in order, separated by commas.
fn covers(connection: &Connection, index: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached("SELECT coalesce(name, CASE cid WHEN -1 THEN 'rowid' END, '?') FROM pragma_index_info(?1) ORDER BY seqno")?;
    let names: Vec<String> = statement.query_map([index], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names.join(",").to_ascii_lowercase())
}

/// SQL in lower case, without quotes around words, with single blanks.
fn normal(sql: &str) -> String {
    let plain: String = sql.chars().filter(|c| !matches!(c, '"' | '\'' | '`')).collect();
    let plain = plain.to_ascii_lowercase().replace("if not exists ", "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ").replace("; end", ";end").replace(";end", "; end")
}

/// Checks that `name` is a plain table with these columns; all that it has.
fn require_table(
    connection: &Connection,
    name: &str,
    columns: &[&str],
    with_rowid: bool,
) -> Result<Vec<String>, NotOurs> {
    let other = |text: String| Err(NotOurs::Other(text));
    let kind = connection.query_row(
        "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
        [name],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
    );
    match kind {
        Ok((kind, false)) if kind == "table" => {}
        Ok((kind, _)) => return other(format!("`{name}` of cache.db is a {kind} of another make")),
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            return other(format!("cache.db has no table `{name}`"));
        }
        Err(error) => return Err(error.into()),
    }
    let mut statement =
        connection.prepare("SELECT lower(name), upper(type), pk, hidden FROM pragma_table_xinfo(?1)")?;
    let mut rows = statement.query([name])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (column, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (key, hidden): (i64, i64) = (row.get(2)?, row.get(3)?);
        // A generated column is computed by the file, and a `rowid` that is none would not name a row.
        let bad_rowid = with_rowid && column == "rowid" && !(key == 1 && kind == "INTEGER");
        if hidden != 0 || bad_rowid {
            return other(format!("column `{column}` of `{name}` is of another make"));
        }
        found.push(column);
    }
    match columns.iter().find(|column| !found.iter().any(|f| f == *column)) {
        Some(missing) => other(format!("the table `{name}` of cache.db has no column `{missing}`")),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(sql: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    const TABLES: &str = "CREATE TABLE Settings (key TEXT NOT NULL UNIQUE, value);
        CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
        access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB);";

    #[test]
    fn both_spellings_of_a_trigger_are_known() {
        for quote in ["\"", "'"] {
            let trigger = format!(
                "CREATE TRIGGER Settings_count_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN
                 UPDATE Settings SET value = value + 1 WHERE key = {quote}count{quote}; END"
            );
            let schema = read(&made(&format!("{TABLES}{trigger}"))).unwrap();
            assert_eq!(schema.triggers, ["settings_count_insert"]);
            assert_eq!(schema.missing_triggers().count(), 4);
        }
    }

    #[test]
    fn what_is_not_of_the_library_is_told() {
        let more = "CREATE VIEW v AS SELECT 1; CREATE INDEX i ON Cache(size);
            CREATE INDEX Cache_tag_rowid ON Cache(tag, rowid) WHERE tag IS NOT NULL; CREATE INDEX Cache_store_time ON Cache(size);
            CREATE TRIGGER Settings_count_delete AFTER DELETE ON Cache BEGIN DELETE FROM Settings; END;";
        let schema = read(&made(&format!("{TABLES}{more}"))).unwrap();
        assert_eq!(schema.foreign_others, ["view v", "index i", "index Cache_store_time"]);
        assert_eq!(schema.foreign_triggers, ["Settings_count_delete"]);
        assert_eq!(schema.indexes, ["cache_tag_rowid"]);
        assert!(schema.unknown.is_empty());
    }

    #[test]
    fn other_tables_are_refused() {
        let cases = [
            ("CREATE TABLE Cache(x)".to_owned(), "cache.db has no table `Settings`"),
            (
                TABLES
                    .replace("CREATE TABLE Cache", "CREATE VIEW Cache AS SELECT 1 AS x; CREATE TABLE Other"),
                "`Cache` of cache.db is a view of another make",
            ),
            (TABLES.replace("value BLOB", "val BLOB"), "the table `Cache` of cache.db has no column `value`"),
            (TABLES.replace("tag BLOB", "tag BLOB AS (key)"), "column `tag` of `Cache` is of another make"),
        ];
        for (sql, text) in cases {
            assert!(matches!(read(&made(&sql)), Err(NotOurs::Other(why)) if why == text), "{text}");
        }
        let schema = read(&made(&TABLES.replace("value BLOB", "value BLOB, more"))).unwrap();
        assert_eq!(schema.unknown, ["the table `Cache` has unknown columns: more"]);
    }
}
