//! Drawing entries in the order of their rows on several threads, each with a connection of its own. The rows are given out in blocks,
//! and what becomes of the blocks is handed over in their order.
//!
//! As in [`entries`], no read transaction stays open while somebody reads our output: a page of a block is read to its end before it is
//! sent, and waits with others where a channel holds it.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use rusqlite::ToSql;

use super::{
    DiskStore, Part, entries,
    open::Opened,
    prefix,
    rows::{self, Columns},
};
use crate::cache::{
    Error,
    model::{Entry, EntryId},
    store::{Access, BATCH, Draw, Drawers, Query, Take, Walk, draw_in_turn},
};

/// Row numbers that are worth more than one thread.
const WORTH_THREADS: u64 = 20_000;
/// Most threads that read.
const MOST_THREADS: usize = 4;
/// Rows that a block should have.
const BLOCK: u64 = 1024;
/// Batches of a thread that wait to be handed over.
const WAITING: usize = 16;

/// What [`DiskStore::draw`] does.
pub(super) fn draw(
    store: &DiskStore,
    query: Query<'_>,
    drawers: &Drawers<'_>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    if query.walk != Walk::Stored || query.filter.names_some() {
        return draw_in_turn(|visit| entries::stream(store, query, visit), drawers, take).map(|_| ());
    }
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let mut room = Vec::new();
    for part in &store.parts {
        let rows = prefix::rows(part, query.filter).map_err(|error| part.error(error))?;
        if let Some(rows) = rows {
            let flow = draw_in_turn(|visit| entries::each(part, &rows, visit).map(|_| ()), drawers, take)?;
            if flow.is_break() {
                break;
            }
            continue;
        }
        let flow = match Claims::new(part).filter(|_| threads > 1) {
            Some((claims, owners)) => {
                let crew = Crew { dir: &part.dir, shard: part.shard, query, drawers, claims: &claims };
                crew.draw(threads, owners, take)?
            }
            None => draw_in_turn(
                |visit| entries::scan(part, query, &mut room, visit).map(|_| ()),
                drawers,
                take,
            )?,
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
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
    /// Those of a part that is worth several threads, and who takes them on.
    fn new(part: &Part) -> Option<(Mutex<Self>, Receiver<usize>)> {
        // A private copy has no name any more under which it could be opened again.
        if part.database.mode == Opened::Copy {
            return None;
        }
        let sql = "SELECT (SELECT min(rowid) FROM Cache), (SELECT max(rowid) FROM Cache)";
        let ends = part.database.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        // Where that fails, or there are no rows, going through them in turn tells.
        let (first, last): (i64, i64) = ends.ok()?;
        let span = last.abs_diff(first);
        if span < WORTH_THREADS {
            return None;
        }
        // The owner's count may be wrong; the width follows what is found.
        let count = part.settings.number("count").unwrap_or(0).clamp(1, span);
        let width = (span / count).saturating_mul(BLOCK);
        let (owner, owners) = channel();
        let claims = Self { next: Some(i64::MIN), first, last, width, owners: Some(owner) };
        Some((Mutex::new(claims), owners))
    }

    /// The next block, its ends included, which may have few rows or many.
    fn take(&mut self, owner: usize) -> Option<(i64, i64)> {
        let from = self.next?;
        let to =
            if from > self.last { i64::MAX } else { from.max(self.first).saturating_add_unsigned(self.width) };
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

/// A piece of a block; nothing after its end.
type Piece = Result<Option<Vec<u8>>, Error>;

/// The threads that work on one part.
#[derive(Clone, Copy)]
struct Crew<'a, 'd> {
    dir: &'a Path,
    shard: Option<u32>,
    query: Query<'a>,
    drawers: &'a Drawers<'d>,
    claims: &'a Mutex<Claims>,
}

impl Crew<'_, '_> {
    fn draw(
        self,
        threads: usize,
        owners: Receiver<usize>,
        take: &mut Take<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        thread::scope(|scope| {
            let mut pieces = Vec::new();
            for number in 0..threads {
                let (done, piece) = sync_channel(WAITING);
                pieces.push(piece);
                scope.spawn(move || self.work(number, &done));
            }
            gather(&pieces, &owners, take)
        })
    }

    fn claim(&self, number: usize) -> Option<(i64, i64)> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).take(number)
    }

    /// One thread: block after block, as long as somebody wants the pieces.
    fn work(&self, number: usize, done: &SyncSender<Piece>) {
        let mut hand = match Hand::new(*self) {
            Ok(hand) => hand,
            Err(error) => {
                if self.claim(number).is_some() {
                    let _ = done.send(Err(error));
                }
                return;
            }
        };
        while let Some(block) = self.claim(number) {
            let sent = match hand.block(block, done) {
                Ok(true) => done.send(Ok(None)),
                Ok(false) => return,
                Err(error) => done.send(Err(error)),
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// Takes the pieces in the order of the blocks.
fn gather(
    pieces: &[Receiver<Piece>],
    owners: &Receiver<usize>,
    take: &mut Take<'_>,
) -> Result<ControlFlow<()>, Error> {
    for owner in owners {
        let Some(pieces) = pieces.get(owner) else { continue };
        while let Ok(piece) = pieces.recv() {
            let Some(bytes) = piece? else { break };
            if take(&bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// What one thread works with.
struct Hand<'a, 'd> {
    crew: Crew<'a, 'd>,
    part: Part,
    draw: Draw<'d>,
    entry: Entry,
    columns: Columns,
}

impl<'a, 'd> Hand<'a, 'd> {
    fn new(crew: Crew<'a, 'd>) -> Result<Self, Error> {
        let part = Part::open(crew.dir.to_owned(), crew.shard, Access::Look)?;
        rows::limit(&part.database.connection, true).map_err(|error| part.error(error))?;
        let columns = if crew.query.full { Columns::Full } else { Columns::Few };
        Ok(Self { crew, part, draw: (crew.drawers)(), entry: Entry::new(EntryId::Row(0)), columns })
    }

    /// Sends a block in pieces; whether they were wanted.
    fn block(&mut self, (from, to): (i64, i64), done: &SyncSender<Piece>) -> Result<bool, Error> {
        let mut next = Some(from);
        let mut rows = 0;
        while let Some(from) = next {
            let mut page = Page { next: from, to, ended: false, rows: 0, bytes: Vec::with_capacity(BATCH) };
            let result = self.page(&mut page);
            rows += page.rows;
            next = Some(page.next).filter(|_| !page.ended);
            if !page.bytes.is_empty() && done.send(Ok(Some(page.bytes))).is_err() {
                return Ok(false);
            }
            result?;
        }
        self.crew.claims.lock().unwrap_or_else(PoisonError::into_inner).learn(rows);
        Ok(true)
    }

    /// Draws a page. If it has something long, the rest of it is read with more care.
    fn page(&mut self, page: &mut Page) -> Result<(), Error> {
        let result = match self.read(page, self.columns) {
            Err(error) if rows::is_too_long(&error) => self.read_with_care(page),
            result => result,
        };
        result.map_err(|error| self.part.error(error))
    }

    fn read_with_care(&mut self, page: &mut Page) -> rusqlite::Result<()> {
        rows::limit(&self.part.database.connection, false)?;
        let result = self.read(page, Columns::Bounded);
        rows::limit(&self.part.database.connection, true)?;
        result
    }

    fn read(&mut self, page: &mut Page, columns: Columns) -> rusqlite::Result<()> {
        let Self { crew, part, draw, entry, .. } = self;
        let only = if crew.query.filter.expired { " AND expire_time < ?2" } else { "" };
        let selected = columns.sql(part.eviction);
        let sql =
            format!("SELECT {selected} FROM Cache NOT INDEXED WHERE rowid >= ?1{only} ORDER BY rowid");
        let mut statement = part.database.connection.prepare_cached(&sql)?;
        let now = crew.query.now.seconds();
        let parameters: &[&dyn ToSql] = if only.is_empty() { &[&page.next] } else { &[&page.next, &now] };
        let mut found = statement.query(parameters)?;
        while let Some(row) = found.next()? {
            let number: i64 = row.get(0)?;
            if number > page.to {
                break;
            }
            rows::fill(entry, row, columns, part)?;
            draw(entry, &mut page.bytes);
            page.rows += 1;
            match number.checked_add(1) {
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
