//! Removes entries, in the order the library expects: rows first, files after the commit, so that being killed leaves files without
//! rows at worst. Every row is looked at again under the lock. The library's triggers are off; what they would count is counted here,
//! in the same transaction.

mod count;
mod files;
mod lock;
mod log;
mod scout;
mod sweep;

use std::collections::BTreeMap;

use super::{
    DiskStore, Part, entries,
    open::Database,
    pace::{self, Pacer},
};
use crate::cache::{
    Error,
    model::{Entry, EntryId},
    plan::Planned,
    safe_delete::Root,
    select::Filter,
    store::{Access, Query, Reclaimed, Removal, RemovalWatcher, Target},
};
pub(super) use count::{Counted, totals};
use files::Files;
use lock::Lock;
use log::Log;
use scout::Scout;
use sweep::Sweep;

/// `auto_vacuum` of a database that gives free pages back with every transaction.
const FULL: u64 = 1;

/// What `DiskStore::remove` does.
pub(super) fn remove(
    store: &DiskStore,
    removal: &Removal<'_>,
    watcher: &mut dyn RemovalWatcher,
) -> Result<(), Error> {
    for part in &store.parts {
        refuse_foreign_triggers(part)?;
    }
    let Access::Change { lock_timeout } = store.access else { return Ok(()) };
    let mut rows = candidates(store, removal)?;
    for part in &store.parts {
        if !watcher.go_on() {
            break;
        }
        let root = Root::open(&part.dir).map_err(|source| Error::Write { path: part.dir.clone(), source })?;
        part.database.require_in_place()?;
        let lock = Lock { part, timeout: lock_timeout };
        let pacer = Pacer::new(part, removal.pace);
        let files = Files::new(part, &root);
        let mut sweep = Sweep { part, lock, pacer, files, watcher };
        let result = match removal.target {
            Target::Everything => sweep.everything(),
            Target::Rule(filter) if is_indexed(part, filter) => sweep.expired(removal.now),
            Target::Rule(filter) => {
                let rows = rows.remove(&part.shard).unwrap_or_default();
                sweep.rows(rows.into_iter().map(|row| (row, ())), &mut |(), entry| {
                    let still = filter.matches(entry, removal.now);
                    if still { None } else { Some("it does not match any more") }
                })
            }
            Target::List { entries, spare_used } => sweep.planned(entries, spare_used),
        };
        // What has lost its row goes, however the rest ended.
        sweep.files.flush(sweep.watcher);
        result?;
    }
    Ok(())
}

/// The rows that may match a rule that no index answers, by part.
fn candidates(store: &DiskStore, removal: &Removal<'_>) -> Result<BTreeMap<Option<u32>, Vec<i64>>, Error> {
    let mut found: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    let Target::Rule(filter) = removal.target else { return Ok(found) };
    if store.parts.iter().all(|part| is_indexed(part, filter)) {
        return Ok(found);
    }
    let query = Query::stored(filter, removal.now);
    entries::stream(store, query, &mut |entry| {
        if filter.matches(entry, removal.now) {
            let (shard, row) = match entry.id {
                EntryId::Part(shard, row) => (Some(shard), row),
                EntryId::Row(row) => (None, row),
                EntryId::Name(_) => return std::ops::ControlFlow::Continue(()),
            };
            found.entry(shard).or_default().push(row);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Whether the rule is about expiry alone and an index finds what has expired.
fn is_indexed(part: &Part, filter: &Filter) -> bool {
    let only = filter.expired
        && filter.grace.is_none()
        && filter.older_than.is_none()
        && filter.unused_for.is_none()
        && filter.larger_than.is_none()
        && filter.tags.is_empty()
        && filter.keys.is_empty()
        && filter.groups.is_empty()
        && !filter.names_some();
    only && part.schema.has_index("cache_expire_time")
}

/// A trigger that somebody has added wants to see what is removed, and ours would not be seen.
fn refuse_foreign_triggers(part: &Part) -> Result<(), Error> {
    let Some(name) = part.schema.foreign_triggers.first() else { return Ok(()) };
    let reason = format!("it has the trigger `{name}`, which DiskCache does not make");
    Err(Error::ReadOnly { path: part.database.path.clone(), reason })
}

/// Whether a database has free pages that it does not give back by itself.
pub(super) fn keeps_space(store: &DiskStore) -> bool {
    store.parts.iter().any(|part| {
        let number = |pragma: &str| {
            let sql = format!("PRAGMA {pragma}");
            part.database.connection.query_row(&sql, [], |row| row.get::<_, u64>(0)).ok()
        };
        number("auto_vacuum").is_some_and(|mode| mode != FULL)
            && number("freelist_count").is_some_and(|n| n > 0)
    })
}

/// Gives the free pages of the databases back to the file system.
pub(super) fn reclaim(store: &DiskStore) -> Result<Reclaimed, Error> {
    let Access::Change { lock_timeout } = store.access else { return Ok(Reclaimed::default()) };
    let mut reclaimed = Reclaimed::default();
    for part in &store.parts {
        let connection = &part.database.connection;
        let error = |error| Lock { part, timeout: lock_timeout }.error(error);
        let number = |pragma: &str| part.database.number(pragma).map_err(error);
        let (page, before) = (number("page_size")?, number("page_count")?);
        if number("freelist_count")? > 0 {
            match number("auto_vacuum")? {
                2 => connection.execute_batch("PRAGMA incremental_vacuum").map_err(error)?,
                _ if pace::others(part) != Some(false) => {
                    reclaimed.refused = Some("other processes have the cache open".to_owned());
                    continue;
                }
                _ => part.database.vacuum().map_err(error)?,
            }
        }
        part.database.checkpoint().map_err(error)?;
        reclaimed.bytes += before.saturating_sub(number("page_count")?).saturating_mul(page);
    }
    Ok(reclaimed)
}

/// What a planned entry stays for; `None` if it is as it was.
fn changed(planned: &Planned, entry: &Entry, spare_used: bool) -> Option<&'static str> {
    if planned.stamp.content != entry.stamp.content {
        return Some("it has changed since");
    }
    (spare_used && planned.stamp.usage != entry.stamp.usage).then_some("it was used since")
}

#[cfg(test)]
mod tests;
