//! Finding entries by the beginning of their keys with the help of the index.

use rusqlite::{
    Connection, Params,
    types::{ToSqlOutput, ValueRef},
};

use super::{Part, keys::Encoding};
use crate::cache::select::{Filter, Pattern};

/// The index helps if it leaves at most this share of the rows, since finding one by its number costs more than the next one.
const SHARE: u64 = 4;

/// The rows, in order, of which some may have a key that `filter` asks for; `None` where looking at all of them is as good.
///
/// # Errors
/// SQLite's.
pub(super) fn rows(part: &Part, filter: &Filter) -> rusqlite::Result<Option<Vec<i64>>> {
    // A replacement character in what is shown may stand for a byte that is no text.
    let prefixes: Vec<&str> = filter.keys.iter().map(Pattern::literal_prefix).collect();
    let useful = |prefix: &&str| !prefix.is_empty() && !prefix.contains('\u{fffd}');
    let indexed = part.schema.has_index("cache_key_raw") && part.encoding == Encoding::Plain;
    if prefixes.is_empty() || !indexed || !prefixes.iter().all(useful) {
        return Ok(None);
    }
    // Wrong counters cost time at worst.
    let most = part.settings.number("count").unwrap_or(0) / SHARE;
    let mut found = Found { connection: &part.database.connection, rows: Vec::new(), most };
    // What is no text is matched as it is shown, which the index does not know.
    let mut all = true;
    for other in ["key IS NULL", "key < ''", "key >= x''"] {
        all = all && found.add(other, ())?;
    }
    for prefix in prefixes {
        let end = after(prefix);
        all = all && found.add("key >= ?1 AND key < ?2", (text(prefix.as_bytes()), text(&end)))?;
    }
    if !all {
        return Ok(None);
    }
    found.rows.sort_unstable();
    found.rows.dedup();
    Ok(Some(found.rows))
}

/// Text that comes right behind everything that begins with `prefix`, which is not empty. It need not be UTF-8, of which no byte is 0xff.
fn after(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last = last.saturating_add(1);
    }
    bytes
}

fn text(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(bytes))
}

struct Found<'a> {
    connection: &'a Connection,
    rows: Vec<i64>,
    most: u64,
}

impl Found<'_> {
    /// Adds the rows of a range; whether they are not too many.
    fn add(&mut self, range: &str, parameters: impl Params) -> rusqlite::Result<bool> {
        let sql = format!("SELECT rowid FROM Cache INDEXED BY Cache_key_raw WHERE {range}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            if self.rows.len() as u64 >= self.most {
                return Ok(false);
            }
            self.rows.push(row.get(0)?);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_so() {
        for prefix in ["a", "user:", "z~", "ü", "日", "\u{10ffff}", "\u{7f}"] {
            let after = after(prefix);
            for more in ["", "\0", "zzz", "\u{10ffff}"] {
                let key = format!("{prefix}{more}");
                assert!(key.as_bytes() >= prefix.as_bytes() && key.as_bytes() < after.as_slice(), "{key:?}");
            }
        }
        assert!(b"user;".as_slice() >= after("user:").as_slice());
    }
}
