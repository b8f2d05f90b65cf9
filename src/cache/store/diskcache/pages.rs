//! Rows of `Cache` from the pages of the file itself, for those who go through all of them: several times as fast as SQLite's machine.
//!
//! SQLite says whether that may be done: a read transaction of its own is open meanwhile, and all that it shows has to be in the database,
//! nothing in a log. As long as it is open nobody changes the pages, neither by a checkpoint, which is refused the lock of such a reader,
//! nor by a transaction with a rollback journal. Whatever looks odd is left to SQLite, which knows more or tells what is wrong.
//!
//! Source of the format: <https://sqlite.org/fileformat2.html>.

use std::{
    fs::{self, File},
    ops::ControlFlow,
    os::unix::fs::{FileExt, MetadataExt},
    sync::atomic::{AtomicUsize, Ordering},
};

use rusqlite::types::ValueRef;

use super::{
    Part,
    open::{self, Database, Opened},
    rows::Number,
    schema::COLUMNS,
};

/// Most files that are held open; each stays so until we end.
const MOST_FILES: usize = 64;
/// Pages below each other; SQLite does not go deeper either.
const DEEPEST: usize = 20;
/// Bytes of the file's header.
const HEADER: usize = 100;

/// The file of a database, open beside SQLite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages(&'static File);

/// How far a look at the rows came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// To the end.
    All,
    /// To where whoever looked had enough.
    Enough,
    /// To something that SQLite has to be asked about.
    Odd,
}

impl Pages {
    /// The file of `database`, if it may be read like this.
    pub(super) fn of(database: &Database) -> Option<Self> {
        static HELD: AtomicUsize = AtomicUsize::new(0);

        if database.mode == Opened::Copy || HELD.load(Ordering::Relaxed) >= MOST_FILES {
            return None;
        }
        let file = open::open_quietly(&database.path).ok()?;
        let about = file.metadata().ok()?;
        if database.identity != Some((about.dev(), about.ino())) {
            return None;
        }
        HELD.fetch_add(1, Ordering::Relaxed);
        // Closing it would take away the locks that SQLite has on it in this process.
        Some(Self(Box::leak(Box::new(file))))
    }

    /// Visits the rows of `part` from one number to another, both included, in their order.
    pub(super) fn scan(
        self,
        part: &Part,
        from: i64,
        to: i64,
        visit: &mut impl FnMut(&Row<'_>) -> ControlFlow<()>,
    ) -> Scanned {
        let connection = &part.database.connection;
        let Ok(_snapshot) = connection.unchecked_transaction() else { return Scanned::Odd };
        let sql = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'Cache' COLLATE NOCASE";
        let root = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, u32>(0)));
        let Ok(root) = root else { return Scanned::Odd };
        if !is_in_file(&part.database) {
            return Scanned::Odd;
        }
        let walk = Walk::new(self.0, root, from);
        walk.and_then(|mut walk| walk.visit(to, visit)).unwrap_or(Scanned::Odd)
    }
}

/// Whether a read transaction that has begun sees nothing but what the file holds.
fn is_in_file(database: &Database) -> bool {
    // What readers see of a log is not cut off while they look.
    database.mode == Opened::Immutable
        || match fs::symlink_metadata(open::beside(&database.path, "-wal")) {
            Ok(about) => about.len() == 0,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
}

/// A way through the tree of a table. Nothing in it is believed: wherever it leads elsewhere than a whole tree would, the way ends.
struct Walk<'f> {
    file: &'f File,
    page_size: usize,
    /// Bytes of a page that the tree uses.
    usable: usize,
    levels: Vec<Level>,
    /// The number of the last row. The next one is higher, so that no page is visited twice.
    last: Option<i64>,
}

/// A page on the way.
struct Level {
    bytes: Vec<u8>,
    /// Where its own header begins.
    start: usize,
    is_leaf: bool,
    cells: usize,
    /// The next cell. In an inner page the one after the last stands for the rightmost page below.
    next: usize,
}

impl<'f> Walk<'f> {
    /// A way that begins with the first row from `from` on.
    fn new(file: &'f File, root: u32, from: i64) -> Option<Self> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return None,
        };
        let usable = page_size.checked_sub(usize::from(header[20])).filter(|usable| *usable >= 480)?;
        // Text in UTF-8.
        if header[56..60] != [0, 0, 0, 1] {
            return None;
        }
        let mut walk = Self { file, page_size, usable, levels: Vec::new(), last: None };
        walk.descend(root, from)?;
        Some(walk)
    }

    /// Goes from `page` down to the leaf that has `from`, or what follows it.
    fn descend(&mut self, page: u32, from: i64) -> Option<()> {
        let mut page = page;
        loop {
            let level = self.read(page)?;
            self.levels.push(level);
            let level = self.levels.last_mut()?;
            // The first cell whose rows do not all come before.
            let (mut low, mut high) = (0, level.cells);
            while low < high {
                let middle = usize::midpoint(low, high);
                if level.row_of(middle)? < from { low = middle + 1 } else { high = middle }
            }
            level.next = low;
            if level.is_leaf {
                return Some(());
            }
            page = level.below()?;
        }
    }

    fn read(&self, page: u32) -> Option<Level> {
        if page == 0 || self.levels.len() >= DEEPEST {
            return None;
        }
        let mut bytes = vec![0; self.page_size];
        self.fill(page, &mut bytes)?;
        Level::new(bytes, page, self.levels.is_empty())
    }

    fn fill(&self, page: u32, bytes: &mut [u8]) -> Option<()> {
        let offset = u64::from(page - 1).checked_mul(self.page_size as u64)?;
        self.file.read_exact_at(bytes, offset).ok()
    }

    fn visit(&mut self, to: i64, visit: &mut impl FnMut(&Row<'_>) -> ControlFlow<()>) -> Option<Scanned> {
        loop {
            let level = self.levels.last_mut()?;
            while level.next < level.cells {
                let cell = level.cell(level.next)?;
                level.next += 1;
                let row = Row::new(level.bytes.get(..self.usable)?, cell, self.usable)?;
                if row.rowid > to {
                    return Some(Scanned::All);
                }
                if self.last.is_some_and(|last| last >= row.rowid) {
                    return None;
                }
                self.last = Some(row.rowid);
                if visit(&row).is_break() {
                    return Some(Scanned::Enough);
                }
            }
            if !self.advance()? {
                return Some(Scanned::All);
            }
        }
    }

    /// Goes on to the next leaf; whether there is one.
    fn advance(&mut self) -> Option<bool> {
        let mut room = self.levels.pop()?.bytes;
        loop {
            let Some(level) = self.levels.last_mut() else { return Some(false) };
            if level.next >= level.cells {
                self.levels.pop();
                continue;
            }
            level.next += 1;
            let mut page = level.below()?;
            loop {
                if page == 0 || self.levels.len() >= DEEPEST {
                    return None;
                }
                room.resize(self.page_size, 0);
                self.fill(page, &mut room)?;
                let level = Level::new(std::mem::take(&mut room), page, false)?;
                self.levels.push(level);
                let level = self.levels.last()?;
                if level.is_leaf {
                    return Some(true);
                }
                page = level.below()?;
            }
        }
    }
}

impl Level {
    fn new(bytes: Vec<u8>, page: u32, is_root: bool) -> Option<Self> {
        let start = if page == 1 { HEADER } else { 0 };
        let is_leaf = match bytes.get(start)? {
            0x05 => false,
            0x0d => true,
            _ => return None,
        };
        let cells = usize::from(u16_at(&bytes, start + 3)?);
        // Only an empty table has a page without any.
        if cells == 0 && !(is_leaf && is_root) {
            return None;
        }
        Some(Self { bytes, start, is_leaf, cells, next: 0 })
    }

    /// Where a cell begins.
    fn cell(&self, i: usize) -> Option<usize> {
        let header = if self.is_leaf { 8 } else { 12 };
        Some(usize::from(u16_at(&self.bytes, self.start + header + 2 * i)?))
    }

    /// The number of a leaf's row, or the highest below an inner page's cell.
    fn row_of(&self, i: usize) -> Option<i64> {
        let mut at = self.cell(i)?;
        if self.is_leaf {
            varint(&self.bytes, &mut at)?;
        } else {
            at += 4;
        }
        varint(&self.bytes, &mut at).map(u64::cast_signed)
    }

    /// The page below the next cell.
    fn below(&self) -> Option<u32> {
        let at = if self.next == self.cells { self.start + 8 } else { self.cell(self.next)? };
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// A row on its page.
pub(super) struct Row<'p> {
    pub(super) rowid: i64,
    /// What of it is on the page.
    local: &'p [u8],
    kinds: [u64; COLUMNS.len()],
    starts: [usize; COLUMNS.len()],
}

/// How long SQLite finds a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Length {
    /// So many bytes.
    Bytes(u64),
    /// As many as this number has when SQLite writes it.
    Of(f64),
    /// It is NULL.
    Null,
}

impl<'p> Row<'p> {
    fn new(page: &'p [u8], cell: usize, usable: usize) -> Option<Self> {
        let mut at = cell;
        let size = usize::try_from(varint(page, &mut at)?).ok()?;
        let rowid = varint(page, &mut at)?.cast_signed();
        let local = page.get(at..at.checked_add(local(size, usable))?)?;
        let mut at = 0;
        let header = usize::try_from(varint(local, &mut at)?).ok()?;
        let heading = local.get(..header)?;
        let (mut kinds, mut starts) = ([0; COLUMNS.len()], [0; COLUMNS.len()]);
        let mut start = header;
        for (kind, begin) in kinds.iter_mut().zip(&mut starts) {
            *kind = varint(heading, &mut at)?;
            *begin = start;
            start = start.checked_add(width(*kind)?)?;
        }
        // Columns that were added to the table would be of a meaning that is not known here.
        (at == header && start == size).then_some(Self { rowid, local, kinds, starts })
    }

    /// A column; `None` if it is not all on this page, or of no kind.
    pub(super) fn value(&self, column: usize) -> Option<ValueRef<'p>> {
        let (kind, start) = (*self.kinds.get(column)?, *self.starts.get(column)?);
        let bytes = self.local.get(start..start.checked_add(width(kind)?)?)?;
        Some(match kind {
            0 => ValueRef::Null,
            1..=6 => ValueRef::Integer(whole(bytes)),
            7 => match f64::from_be_bytes(bytes.try_into().ok()?) {
                x if x.is_nan() => ValueRef::Null,
                x => ValueRef::Real(x),
            },
            8 => ValueRef::Integer(0),
            9 => ValueRef::Integer(1),
            _ if kind % 2 == 0 => ValueRef::Blob(bytes),
            _ => ValueRef::Text(bytes),
        })
    }

    /// A column that should be a number.
    pub(super) fn number(&self, column: usize) -> Option<Number> {
        self.value(column).map(Number::from)
    }

    /// Whether a column is NULL.
    pub(super) fn is_null(&self, column: usize) -> bool {
        self.kinds.get(column) == Some(&0)
    }

    /// What SQLite's `octet_length` says of a column, which may be on other pages.
    pub(super) fn length(&self, column: usize) -> Option<Length> {
        let kind = *self.kinds.get(column)?;
        Some(match kind {
            12.. => Length::Bytes(width(kind)? as u64),
            _ => match self.value(column)? {
                ValueRef::Integer(n) => Length::Bytes(digits(n)),
                ValueRef::Real(x) => Length::Of(x),
                _ => Length::Null,
            },
        })
    }
}

/// Characters of a whole number in decimal.
fn digits(n: i64) -> u64 {
    u64::from(n.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1 + u64::from(n < 0)
}

/// Bytes of a record of `size` bytes that are on the page of its cell.
fn local(size: usize, usable: usize) -> usize {
    let most = usable - 35;
    if size <= most {
        return size;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let ends = least + (size - least) % (usable - 4);
    if ends <= most { ends } else { least }
}

/// Bytes of a value of a kind.
fn width(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}

/// A whole number of 1 to 8 bytes.
fn whole(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { -1 } else { 0 };
    bytes.iter().fold(sign, |n, byte| n << 8 | i64::from(*byte))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

/// SQLite's number of 1 to 9 bytes at `at`, which moves behind it.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let first = *bytes.get(*at)?;
    *at += 1;
    if first < 0x80 {
        return Some(u64::from(first));
    }
    let mut n = u64::from(first & 0x7f);
    for i in 1..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if i == 8 {
            return Some(n << 8 | u64::from(byte));
        }
        n = n << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(n)
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write, path::Path};

    use rusqlite::Connection;

    use super::{
        super::{
            DATABASE,
            fixture::{self, scattered},
            rows,
        },
        *,
    };
    use crate::cache::store::Access;

    /// Rows as SQLite hands them out.
    fn told(connection: &Connection, from: i64, to: i64) -> String {
        let sql =
            "SELECT rowid, key, raw, store_time, expire_time, access_time, access_count, tag, size, mode,
            filename IS NULL, octet_length(value) FROM Cache WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid";
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([from, to]).unwrap();
        let mut text = String::new();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..10 {
                let value = match row.get_ref(column).unwrap() {
                    ValueRef::Real(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{}", x as i64),
                    ValueRef::Real(x) => format!("{x}"),
                    ValueRef::Integer(n) => format!("{n}"),
                    other => format!("{other:?}"),
                };
                let _ = write!(text, "{value} ");
            }
            let _ =
                writeln!(text, "{:?} {:?}", row.get::<_, bool>(10), row.get::<_, Option<i64>>(11).unwrap());
        }
        text
    }

    /// The same from the pages.
    fn read(part: &Part, from: i64, to: i64) -> Option<String> {
        let mut text = String::new();
        let scanned = part.pages()?.scan(part, from, to, &mut |row| {
            let _ = write!(text, "{} ", row.rowid);
            for column in 1..10 {
                // An integer in a column of reals is one to SQLite.
                let value = match row.value(column).unwrap_or(ValueRef::Text(b"elsewhere")) {
                    ValueRef::Real(x) => format!("{x}"),
                    ValueRef::Integer(n) => format!("{n}"),
                    other => format!("{other:?}"),
                };
                let _ = write!(text, "{value} ");
            }
            let length = match rows::length_of(part, row.length(11).unwrap()).unwrap() {
                Number::Integer(n) => Some(n),
                _ => None,
            };
            let _ = writeln!(text, "{:?} {length:?}", Ok::<_, rusqlite::Error>(row.is_null(10)));
            ControlFlow::Continue(())
        });
        (scanned == Scanned::All).then_some(text)
    }

    fn part(dir: &Path) -> Part {
        fixture::open(dir, Access::Look).parts.remove(0)
    }

    #[test]
    fn rows_are_those_of_sqlite() {
        for (page_size, with_log) in [(1024, false), (4096, true), (4096, false), (65_536, true)] {
            let dir = tempfile::tempdir().unwrap();
            let connection = scattered(dir.path(), with_log);
            let odd = format!(
                "UPDATE Cache SET key = 1.5, tag = x'00ff', value = 0.1 WHERE rowid = 3;
                 UPDATE Cache SET key = -9e99, tag = 'ä', value = 1e300 WHERE rowid = 4;
                 UPDATE Cache SET store_time = 'soon', expire_time = x'01', raw = 'r', size = 1.5 WHERE rowid = 5;
                 UPDATE Cache SET store_time = 0.25, access_time = 7, access_count = -1, value = -128 WHERE rowid = 6;
                 UPDATE Cache SET value = zeroblob(100000), mode = 9223372036854775807 WHERE rowid = 7;
                 UPDATE Cache SET value = -9223372036854775807 - 1, size = -70000 WHERE rowid = 8;
                 PRAGMA journal_mode=delete; PRAGMA page_size={page_size}; VACUUM; PRAGMA journal_mode={}",
                if with_log { "wal" } else { "delete" }
            );
            connection.execute_batch(&odd).unwrap();
            let part = part(dir.path());
            for (from, to) in
                [(i64::MIN, i64::MAX), (2, 9), (4990, 2_000_000), (0, 0), (5000, 5001), (i64::MAX, i64::MAX)]
            {
                let all = told(&connection, from, to);
                assert_eq!(read(&part, from, to).as_ref(), Some(&all), "{page_size} {from} {to}");
            }
        }
    }

    #[test]
    fn what_stands_in_a_log_is_left_to_sqlite() {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), true);
        let part = part(dir.path());
        assert_eq!(read(&part, 1, 9), None, "all that was written is in the log");
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0);
        assert_eq!(read(&part, 1, 9), Some(told(&connection, 1, 9)));
        connection.execute("UPDATE Cache SET key = 'new' WHERE rowid = 5", []).unwrap();
        assert_eq!(read(&part, 1, 9), None);
    }

    #[test]
    fn who_writes_meanwhile_is_not_kept_from_it_and_not_seen() {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), true);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let (part, before) = (part(dir.path()), told(&connection, i64::MIN, i64::MAX).lines().count());
        let mut rows = 0;
        let scanned = part.pages().unwrap().scan(&part, i64::MIN, i64::MAX, &mut |_| {
            rows += 1;
            if rows == 10 {
                connection.execute("DELETE FROM Cache WHERE rowid > 100", []).unwrap();
                let pages = |column| {
                    let row = connection
                        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(column));
                    row.unwrap()
                };
                assert!(pages(1) > 0 && pages(2) == 0, "nothing is checkpointed beneath a reader");
            }
            ControlFlow::Continue(())
        });
        assert_eq!((scanned, rows), (Scanned::All, before));
    }

    #[test]
    fn no_byte_leads_astray() {
        let dir = tempfile::tempdir().unwrap();
        let connection = scattered(dir.path(), false);
        connection.execute_batch("PRAGMA page_size=512; VACUUM").unwrap();
        let path = dir.path().join(DATABASE);
        let whole = fs::read(&path).unwrap();
        let file = Box::leak(Box::new(File::options().read(true).write(true).open(&path).unwrap()));
        let root: u32 = connection
            .query_row("SELECT rootpage FROM sqlite_master WHERE name = 'Cache'", [], |row| row.get(0))
            .unwrap();
        let most = told(&connection, i64::MIN, i64::MAX).lines().count();
        let mut random = 88_172_645_463_325_252_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random as usize
        };
        for _ in 0..600 {
            let bytes: Vec<(usize, u8)> = (0..4)
                .map(|_| {
                    // Headers of pages more often than the rest.
                    let at = next() % whole.len();
                    (if next() % 2 == 0 { at / 512 * 512 + at % 16 } else { at }, next() as u8)
                })
                .collect();
            for (at, byte) in &bytes {
                file.write_all_at(&[*byte], *at as u64).unwrap();
            }
            let mut rows = 0;
            let mut visit = |row: &Row<'_>| {
                rows += 1;
                for column in 0..COLUMNS.len() + 1 {
                    let _ = (row.value(column), row.length(column), row.is_null(column));
                }
                ControlFlow::Continue(())
            };
            if let Some(mut walk) = Walk::new(file, root, i64::MIN) {
                let _ = walk.visit(i64::MAX, &mut visit);
            }
            assert!(rows <= most * 20, "{rows}");
            for (at, _) in &bytes {
                file.write_all_at(&whole[*at..=*at], *at as u64).unwrap();
            }
        }
    }
}
