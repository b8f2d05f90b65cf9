//! Drawing entries in the order of their rows on several threads, each with a connection of its own. The rows are given out in blocks,
//! and what becomes of the blocks is handed over in their order.
//!
//! As in [`entries`], no read transaction stays open while somebody reads our output: a page of a block is read to its end before it is
//! sent, and waits with others where a channel holds it. The room that its bytes took comes back and is used again.

use std::{
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use rusqlite::ToSql;

use super::{
    DiskStore, Part, entries,
    pages::Scanned,
    prefix,
    rows::{self, Columns},
    twins::Twins,
};
use crate::cache::{
    Error,
    model::{Entry, EntryId},
    store::{BATCH, Draw, Drawers, Query, Take, Walk, draw_in_turn},
};

/// Rows that a block should have.
const BLOCK: u64 = 1024;
/// Batches of a thread that wait to be handed over.
const WAITING: usize = 16;

/// What `DiskStore::draw` does.
pub(super) fn draw(
    store: &DiskStore,
    query: Query<'_>,
    drawers: &Drawers<'_>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    if query.walk != Walk::Stored || query.filter.names_some() {
        return draw_in_turn(|visit| entries::stream(store, query, visit), drawers, take).map(|_| ());
    }
    for part in &store.parts {
        if draw_part(part, query, drawers, take)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn draw_part(
    part: &Part,
    query: Query<'_>,
    drawers: &Drawers<'_>,
    take: &mut Take<'_>,
) -> Result<ControlFlow<()>, Error> {
    if let Some(rows) = prefix::rows(part, query.filter).map_err(|error| part.error(error))? {
        return draw_in_turn(|visit| entries::each(part, &rows, visit).map(|_| ()), drawers, take);
    }
    let Some(Twins { parts, first, last }) = Twins::of(part) else {
        let mut room = Vec::new();
        return draw_in_turn(|visit| entries::scan(part, query, &mut room, visit).map(|_| ()), drawers, take);
    };
    let (owner, owners) = channel();
    // The owner's count may be wrong; the width follows what is found.
    let count = part.settings.number("count").unwrap_or(0).max(1);
    let width = (last.abs_diff(first) / count).saturating_mul(BLOCK).max(BLOCK);
    let claims = Mutex::new(Claims { next: Some(i64::MIN), first, last, width, owners: Some(owner) });
    let crew = Crew { query, drawers, claims: &claims };
    thread::scope(|scope| {
        let mut pieces = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let (done, piece) = sync_channel(WAITING);
            let (spare, room) = channel();
            pieces.push((piece, spare));
            scope.spawn(move || crew.work(part, number, done, room));
        }
        gather(&pieces, &owners, take)
    })
}

/// The rows of a part that nobody has taken on yet.
struct Claims {
    /// Where they begin; `None` when there are none left.
    next: Option<i64>,
    /// The lowest and the highest row when the work began. What is above them by now is one block.
    first: i64,
    last: i64,
    /// Row numbers of a block.
    width: u64,
    /// Is told who takes on each block; gone when the last one is taken.
    owners: Option<Sender<usize>>,
}

impl Claims {
    /// The next block, its ends included, which may have few rows or many.
    fn take(&mut self, owner: usize) -> Option<(i64, i64)> {
        let from = self.next?;
        let to = if from > self.last {
            i64::MAX
        } else {
            from.max(self.first).saturating_add_unsigned(self.width)
        };
        self.next = to.checked_add(1);
        // Where it is not heard, nobody wants anything any more.
        self.owners.as_ref()?.send(owner).ok()?;
        if self.next.is_none() {
            self.owners = None;
        }
        Some((from, to))
    }

    /// Learns how many rows a block had.
    fn learn(&mut self, rows: u64) {
        if rows < BLOCK / 4 {
            self.width = self.width.saturating_mul(2);
        } else if rows > BLOCK * 4 {
            self.width = (self.width / 2).max(BLOCK);
        }
    }
}

/// Takes the pieces in the order of the blocks.
fn gather(
    pieces: &[(Receiver<Piece>, Sender<Vec<u8>>)],
    owners: &Receiver<usize>,
    take: &mut Take<'_>,
) -> Result<ControlFlow<()>, Error> {
    for owner in owners {
        let Some((pieces, spare)) = pieces.get(owner) else { continue };
        while let Ok(piece) = pieces.recv() {
            let Some(bytes) = piece? else { break };
            if take(&bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            // Who has ended needs no room.
            let _ = spare.send(bytes);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// A piece of a block; nothing after its end.
type Piece = Result<Option<Vec<u8>>, Error>;

/// What the threads that work on one part share.
#[derive(Clone, Copy)]
struct Crew<'a, 'd> {
    query: Query<'a>,
    drawers: &'a Drawers<'d>,
    claims: &'a Mutex<Claims>,
}

impl Crew<'_, '_> {
    /// One thread: block after block, as long as somebody wants the pieces.
    fn work(self, part: Part, number: usize, done: SyncSender<Piece>, room: Receiver<Vec<u8>>) {
        let columns = if self.query.full { Columns::Full } else { Columns::Few };
        let (draw, entry) = ((self.drawers)(), Entry::new(EntryId::Row(0)));
        let mut hand = Hand { crew: self, part, draw, entry, columns, done, room };
        loop {
            let block = self.claims.lock().unwrap_or_else(PoisonError::into_inner).take(number);
            let Some(block) = block else { return };
            let sent = match hand.block(block) {
                Ok(true) => hand.done.send(Ok(None)),
                Ok(false) => return,
                Err(error) => hand.done.send(Err(error)),
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// What one thread works with.
struct Hand<'a, 'd> {
    crew: Crew<'a, 'd>,
    part: Part,
    draw: Draw<'d>,
    entry: Entry,
    columns: Columns,
    done: SyncSender<Piece>,
    /// Vectors that are not needed any more.
    room: Receiver<Vec<u8>>,
}

impl Hand<'_, '_> {
    /// Sends a block in pieces; whether they were wanted.
    fn block(&mut self, (from, to): (i64, i64)) -> Result<bool, Error> {
        let mut next = Some(from);
        let mut rows = 0;
        while let Some(from) = next {
            let mut bytes = self.room.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
            bytes.clear();
            let mut page = Page { next: from, to, ended: false, rows: 0, bytes };
            let result = self.page(&mut page);
            rows += page.rows;
            next = Some(page.next).filter(|_| !page.ended);
            // What was drawn before an error is told before it.
            if !page.bytes.is_empty() && self.done.send(Ok(Some(page.bytes))).is_err() {
                return Ok(false);
            }
            result?;
        }
        self.crew.claims.lock().unwrap_or_else(PoisonError::into_inner).learn(rows);
        Ok(true)
    }

    /// Draws a page. If it has something long, the rest of it is read with more care.
    fn page(&mut self, page: &mut Page) -> Result<(), Error> {
        let limit = |part: &Part, on| rows::limit(&part.database.connection, on);
        if self.columns == Columns::Few {
            let read = limit(&self.part, false).and_then(|()| self.read_file(page));
            if read.map_err(|error| self.part.error(error))? {
                return Ok(());
            }
        }
        let result = limit(&self.part, true).and_then(|()| self.read(page, self.columns));
        let result = match result {
            Err(error) if rows::is_too_long(&error) => {
                limit(&self.part, false).and_then(|()| self.read(page, Columns::Bounded))
            }
            result => result,
        };
        result.map_err(|error| self.part.error(error))
    }

    /// Draws a page from the pages of the file; whether SQLite need not be asked for the rest of it.
    fn read_file(&mut self, page: &mut Page) -> rusqlite::Result<bool> {
        let Self { part, draw, entry, .. } = self;
        let Some(pages) = part.pages() else { return Ok(false) };
        let mut failed = None;
        let scanned = pages.scan(part, page.next, page.to, &mut |row| {
            let filled = rows::fill_from_page(entry, row, part);
            // What is long is read with more care, and is there: it is the same snapshot.
            let filled = filled.and_then(|all| Ok(all || entries::read_row(part, row.rowid, entry)?));
            match filled {
                Ok(true) => draw(entry, &mut page.bytes),
                Ok(false) => {}
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            page.rows += 1;
            match row.rowid.checked_add(1) {
                Some(next) => page.next = next,
                None => page.ended = true,
            }
            if page.ended || page.bytes.len() >= BATCH {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        page.ended |= scanned == Scanned::All;
        failed.map_or(Ok(scanned != Scanned::Odd), Err)
    }

    fn read(&mut self, page: &mut Page, columns: Columns) -> rusqlite::Result<()> {
        let Self { crew, part, draw, entry, .. } = self;
        let only = if crew.query.filter.expired { " AND expire_time < ?3" } else { "" };
        let selected = columns.sql(part.eviction);
        let sql = format!(
            "SELECT {selected} FROM Cache NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2{only} ORDER BY rowid"
        );
        let mut statement = part.database.connection.prepare_cached(&sql)?;
        let now = crew.query.now.seconds();
        let parameters: [&dyn ToSql; 3] = [&page.next, &page.to, &now];
        let mut found = statement.query(if only.is_empty() { &parameters[..2] } else { &parameters })?;
        while let Some(row) = found.next()? {
            rows::fill(entry, row, columns, part)?;
            draw(entry, &mut page.bytes);
            page.rows += 1;
            match entries::row_of(&entry.id).checked_add(1) {
                Some(next) => page.next = next,
                None => break,
            }
            if page.bytes.len() >= BATCH {
                return Ok(());
            }
        }
        page.ended = true;
        Ok(())
    }
}

/// Rows that are drawn in one read transaction.
struct Page {
    /// The row after those that have been drawn.
    next: i64,
    /// The last row of the block.
    to: i64,
    /// Whether the block has no more.
    ended: bool,
    rows: u64,
    bytes: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{self, NOW, scattered},
        *,
    };
    use crate::cache::{
        model::Timestamp,
        select::Filter,
        store::{Access, Store},
    };

    fn print(entry: &Entry, bytes: &mut Vec<u8>) {
        let Entry { id, key, path, value_type, stamp, .. } = entry;
        bytes.extend(format!("{id} {key:?} {path:?} {value_type:?} {stamp:?}\n").into_bytes());
    }

    fn drawn(store: &DiskStore, query: Query<'_>) -> String {
        let mut all = Vec::new();
        let take = &mut |bytes: &[u8]| {
            all.extend_from_slice(bytes);
            ControlFlow::Continue(())
        };
        store.draw(query, &|| Box::new(print), take).unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn several_threads_draw_what_one_visits() {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), true);
        // What is too long to be read whole, in every column that can have it.
        let long = "UPDATE Cache SET key = hex(zeroblob(40000)) || rowid WHERE rowid IN (7, 4000, 1000000);
            UPDATE Cache SET tag = zeroblob(70000) WHERE rowid IN (8, 9223372036854775807);
            UPDATE Cache SET filename = hex(zeroblob(4000)) WHERE rowid IN (9, 10, 1000000);
            UPDATE Cache SET key = NULL WHERE rowid = 11; UPDATE Cache SET key = x'00ff' WHERE rowid = 12";
        connection.execute_batch(long).unwrap();
        let store = fixture::open(dir.path(), Access::Look);
        let now = Timestamp::from_seconds(NOW).unwrap();
        for filter in [Filter::default(), Filter::only_expired()] {
            let query = Query::stored(&filter, now);
            let mut visited = Vec::new();
            store
                .entries(query, &mut |entry| {
                    print(entry, &mut visited);
                    ControlFlow::Continue(())
                })
                .unwrap();
            let visited = String::from_utf8(visited).unwrap();
            assert!(visited.lines().count() > 2000);
            assert_eq!(drawn(&store, query), visited);
        }
    }

    #[test]
    fn the_pages_of_the_file_give_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), true);
        let long = "UPDATE Cache SET key = hex(zeroblob(40000)) || rowid WHERE rowid IN (7, 4000, 1000000);
            UPDATE Cache SET tag = zeroblob(70000) WHERE rowid IN (8, 9223372036854775807);
            UPDATE Cache SET key = hex(zeroblob(4000)) || rowid WHERE rowid IN (9, 10, 1000000);
            UPDATE Cache SET key = NULL WHERE rowid = 11; UPDATE Cache SET value = 0.1 WHERE rowid = 12";
        connection.execute_batch(long).unwrap();
        let store = fixture::open(dir.path(), Access::Look);
        let print = |entry: &Entry, bytes: &mut Vec<u8>| {
            let Entry { id, key, created, expiry, tags, .. } = entry;
            let size = entry.size_bytes();
            bytes.extend(format!("{id} {key:?} {created:?} {expiry:?} {tags:?} {size}\n").into_bytes());
        };
        let (filter, now) = (Filter::default(), Timestamp::from_seconds(NOW).unwrap());
        let query = Query { filter: &filter, now, walk: Walk::Stored, full: false };
        let drawn = || {
            let mut all = Vec::new();
            let take = &mut |bytes: &[u8]| {
                all.extend_from_slice(bytes);
                ControlFlow::Continue(())
            };
            store.draw(query, &|| Box::new(print), take).unwrap();
            String::from_utf8(all).unwrap()
        };
        // All is in the log, which only SQLite reads; then nothing is.
        let by_sqlite = drawn();
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0);
        assert_eq!(drawn(), by_sqlite);
        assert!(by_sqlite.lines().count() > 5000);
    }

    #[test]
    fn whoever_has_enough_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        scattered(dir.path(), true);
        let store = fixture::open(dir.path(), Access::Look);
        let (filter, now) = (Filter::default(), Timestamp::from_seconds(NOW).unwrap());
        let mut times = 0;
        let take = &mut |_: &[u8]| {
            times += 1;
            ControlFlow::Break(())
        };
        store.draw(Query::stored(&filter, now), &|| Box::new(print), take).unwrap();
        assert_eq!(times, 1);
    }

    #[test]
    fn blocks_cover_every_row_number_once_however_they_are_spread() {
        let (owner, owners) = channel();
        let mut claims =
            Claims { next: Some(i64::MIN), first: -10, last: i64::MAX, width: 1, owners: Some(owner) };
        let mut next = Some(i64::MIN);
        let mut blocks = 0;
        while let Some((from, to)) = claims.take(0) {
            assert!(Some(from) == next && from <= to);
            next = to.checked_add(1);
            claims.learn(0);
            blocks += 1;
        }
        assert_eq!(next, None);
        assert!(blocks < 100, "{blocks}");
        assert_eq!(owners.iter().count(), blocks);
    }
}
