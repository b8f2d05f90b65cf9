//! The stored bytes of a value.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::{Component, Path},
};

use rusqlite::{OptionalExtension, types::ValueRef};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

use super::{DiskStore, Part};
use crate::cache::{
    Error,
    model::{EntryId, Label},
    store::Value,
};

/// Longest value inside the database that is read whole; SQLite's own limit is not far above.
const LONGEST: usize = 1 << 30;

/// Reads the value of an entry.
pub(super) fn value(store: &DiskStore, id: &EntryId) -> Result<Value, Error> {
    let missing = || Error::NoSuchEntry { what: id.to_string(), noun: "id" };
    let (part, row) = store.row(id).ok_or_else(missing)?;
    let found = stored(part, row).map_err(|error| part.error(error))?;
    match found.ok_or_else(missing)? {
        Stored::Value(value) => Ok(value),
        Stored::File(name) => file(part, &name),
    }
}

enum Stored {
    Value(Value),
    File(Vec<u8>),
}

fn stored(part: &Part, row: i64) -> rusqlite::Result<Option<Stored>> {
    let sql = "SELECT iif(octet_length(filename) > 4096, NULL, filename), iif(octet_length(value) > ?2, NULL, value) \
               FROM Cache WHERE rowid = ?1";
    let longest = i64::try_from(LONGEST).unwrap_or(i64::MAX);
    let read = |row: &rusqlite::Row<'_>| {
        if let ValueRef::Text(name) | ValueRef::Blob(name) = row.get_ref(0)? {
            return Ok(Stored::File(name.to_vec()));
        }
        let value = row.get_ref(1)?;
        Ok(Stored::Value(match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Inline(bytes.to_vec()),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {
                let mut label = Label::default();
                super::keys::plain(&mut label, value);
                Value::Text(label.text)
            }
        }))
    };
    part.database.connection.prepare_cached(sql)?.query_row((row, longest), read).optional()
}

/// Opens a value file below the part's directory.
fn file(part: &Part, name: &[u8]) -> Result<Value, Error> {
    // Caches that were written on Windows have its separators.
    let name: Vec<u8> = name.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
    let name = Path::new(OsStr::from_bytes(&name));
    let read = |source: io::Error| Error::Read { path: part.dir.join(name), source };
    let (file, length) = open_below(&part.dir, name).map_err(read)?;
    Ok(Value::File(file, length))
}

/// Opens a regular file below `dir`, without following a link or waiting for a pipe; and its length.
pub(super) fn open_below(dir: &Path, name: &Path) -> io::Result<(File, u64)> {
    if name.components().any(|c| !matches!(c, Component::Normal(_))) {
        return Err(io::Error::other("the name points outside of the cache"));
    }
    let root = openat(CWD, dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = File::from(
        openat2(&root, name, flags | OFlags::NOATIME, Mode::empty(), within)
            .or_else(|_| openat2(&root, name, flags, Mode::empty(), within))?,
    );
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok((file, about.len()))
}
