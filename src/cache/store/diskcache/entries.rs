//! Streaming entries. They are read a page at a time, so that no read transaction stays open while somebody reads our output: a long one
//! keeps the owner's log from being reused.

use std::{cmp::Ordering, ops::ControlFlow};

use rusqlite::{ToSql, types::ValueRef};

use super::{
    DiskStore, Part,
    keys::Encoding,
    prefix,
    rows::{self, Columns},
};
use crate::cache::{
    Error,
    model::{DataType, Entry, EntryId, Eviction},
    select::{Filter, KeyRule},
    store::{Query, Visit, Walk},
};

/// Entries that are held at a time.
const PAGE: usize = 256;

/// Streams what may match `query`.
pub(super) fn stream(store: &DiskStore, query: Query<'_>, visit: &mut Visit<'_>) -> Result<(), Error> {
    if let Some(ids) = named(store, query.filter)? {
        return lookup(store, &mut ids.into_iter(), visit);
    }
    match query.walk {
        Walk::Stored => {
            let mut page = Vec::new();
            for part in &store.parts {
                let rows = prefix::rows(part, query.filter).map_err(|error| part.error(error))?;
                let flow = match rows {
                    Some(rows) => each(part, &rows, visit)?,
                    None => scan(part, query, &mut page, visit)?,
                };
                if flow.is_break() {
                    break;
                }
            }
            Ok(())
        }
        Walk::ByKey => in_order(store, "key, raw", &by_key, visit),
        Walk::ByEviction(eviction) => {
            let column = match eviction {
                Eviction::LeastRecentlyUsed => "access_time, rowid",
                Eviction::LeastFrequentlyUsed => "access_count, rowid",
                Eviction::LeastRecentlyStored | Eviction::None => "store_time, rowid",
            };
            in_order(store, column, &by_eviction, visit)
        }
    }
}

/// Visits those of `ids` that exist.
pub(super) fn lookup(
    store: &DiskStore,
    ids: &mut dyn Iterator<Item = EntryId>,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let mut entry = Entry::new(EntryId::Row(0));
    for id in ids {
        let Some((part, row)) = store.row(&id) else { continue };
        if read(part, row, &mut entry)? && visit(&entry).is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads one row; whether it is there.
pub(super) fn read(part: &Part, row: i64, entry: &mut Entry) -> Result<bool, Error> {
    read_row(part, row, entry).map_err(|error| part.error(error))
}

/// As [`read`], with SQLite's own error.
pub(super) fn read_row(part: &Part, row: i64, entry: &mut Entry) -> rusqlite::Result<bool> {
    let columns = Columns::Bounded.sql(part.eviction);
    let sql = format!("SELECT {columns} FROM Cache WHERE rowid = ?1");
    let mut statement = part.database.connection.prepare_cached(&sql)?;
    let mut rows = statement.query([row])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    rows::fill(entry, row, Columns::Bounded, part)?;
    Ok(true)
}

/// Visits those of `rows` that are there.
pub(super) fn each(part: &Part, rows: &[i64], visit: &mut Visit<'_>) -> Result<ControlFlow<()>, Error> {
    let mut entry = Entry::new(EntryId::Row(0));
    for &row in rows {
        if read(part, row, &mut entry)? && visit(&entry).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Streams a part in the order of its rows, with `page` as the room for entries.
pub(super) fn scan(
    part: &Part,
    query: Query<'_>,
    page: &mut Vec<Entry>,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, Error> {
    let mut last = None;
    loop {
        let filled = fill(part, query, last, page).map_err(|error| part.error(error))?;
        for entry in page.iter().take(filled) {
            if visit(entry).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if filled < PAGE {
            return Ok(ControlFlow::Continue(()));
        }
        last = page.last().map(|entry| row_of(&entry.id));
    }
}

/// Fills `page` with what follows the row `last`; how many there are.
fn fill(part: &Part, query: Query<'_>, last: Option<i64>, page: &mut Vec<Entry>) -> rusqlite::Result<usize> {
    let expired = query.filter.expired;
    let after = if last.is_some() { "rowid > ?1" } else { "?1 IS NULL" };
    // The order of rows is wanted even where an index would find the expired ones: it is the same every time.
    let only = if expired { " AND expire_time < ?2" } else { "" };
    let columns = Columns::Bounded.sql(part.eviction);
    let sql =
        format!("SELECT {columns} FROM Cache NOT INDEXED WHERE {after}{only} ORDER BY rowid LIMIT {PAGE}");
    let mut statement = part.database.connection.prepare_cached(&sql)?;
    let now = query.now.seconds();
    let parameters: &[&dyn ToSql] = if expired { &[&last, &now] } else { &[&last] };
    let mut rows = statement.query(parameters)?;
    let mut filled = 0;
    while let Some(row) = rows.next()? {
        if filled == page.len() {
            page.push(Entry::new(EntryId::Row(0)));
        }
        if let Some(entry) = page.get_mut(filled) {
            rows::fill(entry, row, Columns::Bounded, part)?;
        }
        filled += 1;
    }
    Ok(filled)
}

/// The row that an id of this store names.
pub(super) fn row_of(id: &EntryId) -> i64 {
    match *id {
        EntryId::Row(row) | EntryId::Part(_, row) => row,
        EntryId::Name(_) => 0,
    }
}

/// Streams all parts in an order that SQLite makes within each, merged by `compare`. Holds eight bytes an entry.
fn in_order(
    store: &DiskStore,
    columns: &str,
    compare: &dyn Fn(&Entry, &Entry) -> Ordering,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let mut heads = Vec::new();
    for part in &store.parts {
        let mut head = Head { part, rows: rows_by(part, columns)?.into_iter(), entry: None };
        head.advance()?;
        heads.push(head);
    }
    loop {
        let first = heads.iter_mut().filter(|head| head.entry.is_some()).min_by(|a, b| {
            a.entry.as_ref().zip(b.entry.as_ref()).map_or(Ordering::Equal, |(a, b)| compare(a, b))
        });
        let Some(head) = first else { return Ok(()) };
        if head.entry.as_ref().is_some_and(|entry| visit(entry).is_break()) {
            return Ok(());
        }
        head.advance()?;
    }
}

/// The next entry of a part.
struct Head<'a> {
    part: &'a Part,
    rows: std::vec::IntoIter<i64>,
    entry: Option<Entry>,
}

impl Head<'_> {
    fn advance(&mut self) -> Result<(), Error> {
        let mut entry = self.entry.take().unwrap_or_else(|| Entry::new(EntryId::Row(0)));
        for row in self.rows.by_ref() {
            if read(self.part, row, &mut entry)? {
                self.entry = Some(entry);
                return Ok(());
            }
        }
        Ok(())
    }
}

fn rows_by(part: &Part, columns: &str) -> Result<Vec<i64>, Error> {
    let read = || {
        let mut statement =
            part.database.connection.prepare(&format!("SELECT rowid FROM Cache ORDER BY {columns}"))?;
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()
    };
    read().map_err(|error| part.error(error))
}

/// SQLite's order of keys: NULL, numbers, text, bytes. Pickles come in the order in which they are shown.
fn by_key(a: &Entry, b: &Entry) -> Ordering {
    let class = |entry: &Entry| match entry.key.data_type {
        DataType::None => 0,
        DataType::Integer | DataType::Float => 1,
        DataType::Text => 2,
        _ => 3,
    };
    let number = |entry: &Entry| entry.key.text.parse::<f64>().ok();
    let numbers = number(a).zip(number(b)).filter(|_| class(a) == 1 && class(b) == 1);
    let texts = || a.key.text.cmp(&b.key.text);
    class(a).cmp(&class(b)).then_with(|| numbers.map_or_else(texts, |(a, b)| a.total_cmp(&b)))
}

fn by_eviction(a: &Entry, b: &Entry) -> Ordering {
    let time = |entry: &Entry| entry.accessed.or(entry.created).map(|time| time.at);
    a.hits.cmp(&b.hits).then_with(|| time(a).cmp(&time(b)))
}

/// The entries that a filter names, where they can be found without looking at all of them.
fn named(store: &DiskStore, filter: &Filter) -> Result<Option<Vec<EntryId>>, Error> {
    let plain = store.parts.iter().all(|part| part.encoding == Encoding::Plain);
    let findable = filter.exact_keys.iter().all(|rule| matches!(rule, KeyRule::Text(_)));
    if !filter.names_some() || !(filter.exact_keys.is_empty() || plain && findable) {
        return Ok(None);
    }
    let mut found = filter.ids.clone();
    for part in &store.parts {
        for rule in &filter.exact_keys {
            let KeyRule::Text(text) = rule else { continue };
            let rows = rows_with_key(part, text).map_err(|error| part.error(error))?;
            found.extend(rows.into_iter().map(|row| part.id(row)));
        }
    }
    // An entry that is named twice is one entry.
    found.sort();
    found.dedup();
    Ok(Some(found))
}

fn rows_with_key(part: &Part, text: &str) -> rusqlite::Result<Vec<i64>> {
    let mut statement = part.database.connection.prepare_cached("SELECT rowid FROM Cache WHERE key = ?1")?;
    let mut rows = statement.query([text])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if let ValueRef::Integer(row) = row.get_ref(0)? {
            found.push(row);
        }
    }
    Ok(found)
}
