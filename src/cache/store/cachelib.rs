//! The directories of cachelib's `FileSystemCache`, which is also Flask-Caching's: `HASH`, four bytes of expiry and a pickle; and one more
//! file that counts the others.
//!
//! What is in the directory counts for the owner, so that our trash has a name that it overlooks, and the count is put right afterwards.
//!
//! Source of the format: cachelib 0.17 and Flask-Caching 2.5, as read and run; `fixtures/stores/web.py` makes such caches.

use std::{
    ffi::OsStr,
    fs,
    io::{Read, Write},
    ops::ControlFlow,
    path::Path,
};

use super::{
    Access, Kind, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Expiry, Facts, Kept, State, Timestamp},
    safe_delete::Root,
};

/// The file that counts: SHA-256 and MD5 of `__wz_cache_count`.
const COUNTS: [&str; 2] =
    ["79bc207ee04a581ab2348ca1f3494e64cd0ec36128735b8c6bc85ddd8fe1938c", "2029240f6d1128be89ddc32729463129"];
/// What the names of files end with that are being written.
const UNFINISHED: &str = ".__wz_cache";
/// Bytes of expiry before the pickle.
const EXPIRY: usize = 4;
/// Files whose beginning is looked at to find out what a directory is.
const MOST_NAMES: usize = 300;
/// A count is longer only where it is none.
const MOST_COUNT: u64 = 256;
/// Bytes of a value that are shown.
const MOST_VALUE: u64 = 64 << 20;

/// Directories of `FileSystemCache`.
#[derive(Debug)]
pub(super) struct Cachelib;

impl Kind for Cachelib {
    fn name(&self) -> &'static str {
        "cachelib"
    }

    fn sign(&self, name: &[u8]) -> bool {
        COUNTS.iter().any(|count| name == count.as_bytes())
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let Some(count) = COUNTS.iter().find(|count| read_count(&look, count).is_some()) else {
            return Ok(Verdict::No);
        };
        let (mut seen, mut strange) = (0, None);
        let _ = look.names(&mut |name, _| {
            seen += 1;
            if is_entry(name) && !look.head(name, 6).is_ok_and(|head| expiry(&head).is_some()) {
                strange = Some(name.to_string_lossy().into_owned());
            }
            if seen < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let short: String = count.chars().take(8).collect();
        Ok(match strange {
            Some(name) => Verdict::Unsure(format!("`{name}` beside cachelib's count is no entry of it")),
            None => Verdict::Yes(format!("{short}… is cachelib's count of its files")),
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts { expiry: Kept::Yes, ..file_facts(&ground, "cachelib") };
        Ok(FileStore::boxed(Files { facts }, ground, access))
    }
}

fn is_entry(name: &OsStr) -> bool {
    let hash = matches!(name.len(), 32 | 64)
        && name.as_encoded_bytes().iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hash && !COUNTS.iter().any(|count| name == *count)
}

/// When an entry expires: seconds since 1970 in this machine's byte order, before a pickle.
fn expiry(head: &[u8]) -> Option<Expiry> {
    let (seconds, pickle) = head.split_first_chunk::<EXPIRY>()?;
    if !matches!(pickle, [0x80, 2..=5, ..]) {
        return None;
    }
    Some(match u32::from_ne_bytes(*seconds) {
        0 => Expiry::Never,
        seconds => Timestamp::from_seconds(f64::from(seconds)).map_or(Expiry::NotRecorded, Expiry::At),
    })
}

/// The count, and the bytes before it: it is stored like an entry, a pickled number.
fn read_count(dir: &Dir, name: &str) -> Option<(u64, Vec<u8>)> {
    let bytes = dir.head(name, MOST_COUNT).ok()?;
    let (before, pickle) = bytes.split_at_checked(EXPIRY)?;
    Some((unpickle(pickle)?, before.to_owned()))
}

/// A small whole number as any protocol pickles it.
fn unpickle(pickle: &[u8]) -> Option<u64> {
    let body = match pickle {
        [0x80, 4..=5, 0x95, rest @ ..] => rest.get(8..)?,
        [0x80, 2..=5, rest @ ..] => rest,
        _ => return None,
    };
    let number = match *body {
        [b'K', a, b'.'] => i64::from(a),
        [b'M', a, b, b'.'] => i64::from(u16::from_le_bytes([a, b])),
        [b'J', a, b, c, d, b'.'] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => return None,
    };
    u64::try_from(number).ok()
}

fn pickled(number: u64) -> Vec<u8> {
    let number = i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes();
    [&b"\x80\x02J"[..], &number, b"."].concat()
}

/// The files of one directory.
struct Files {
    facts: Facts,
}

impl Layout for Files {
    fn kind(&self) -> &'static str {
        "cachelib"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let _ = ground.names(&ground.dir, Path::new(""), &mut |name, _| {
            self.find(ground, Path::new(name)).map_or(ControlFlow::Continue(()), &mut *visit)
        });
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let name = path.as_os_str();
        let about =
            ground.dir.about(name).ok().filter(|about| is_entry(name) && about.kind == look::Kind::File)?;
        let mut item = Item::of_file(path, about);
        item.entry.value_type = DataType::Pickle;
        match ground.dir.head(name, 6) {
            Err(error) => ground.note(path, &error),
            Ok(head) => match expiry(&head) {
                Some(expiry) => item.entry.expiry = expiry,
                None => item.is(State::Corrupt, "no pickle after the expiry"),
            },
        }
        Some(item)
    }

    fn trash(&self) -> (&'static str, &'static str) {
        ("", UNFINISHED)
    }

    /// Lowers the count by what is gone: one that is too high has the owner drop entries too early. Written like the owner does, to a file
    /// of another name that then takes its place; of two changes at once one may be lost, with the owner as with us.
    fn removed(&self, ground: &Ground, _root: &Root, entries: u64) {
        for name in COUNTS {
            let Some((count, before)) = read_count(&ground.dir, name) else { continue };
            let bytes = [before, pickled(count.saturating_sub(entries))].concat();
            let temporary = ground.path.join(format!("hotcold-{}{UNFINISHED}", std::process::id()));
            let written = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
                .and_then(|mut file| file.write_all(&bytes))
                .and_then(|()| fs::rename(&temporary, ground.path.join(name)));
            if let Err(error) = written {
                ground.note(Path::new(name), &error);
                let _ = fs::remove_file(&temporary);
            }
        }
    }

    fn value(&self, ground: &Ground, item: &Item) -> std::io::Result<Value> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let mut bytes = Vec::new();
        ground.dir.file(path)?.take(MOST_VALUE).read_to_end(&mut bytes)?;
        Ok(Value::Inline(bytes.get(EXPIRY..).unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_python_writes_them() {
        for (pickle, number) in [
            (&b"\x80\x04K\x05."[..], Some(5)),
            (b"\x80\x04\x95\x04\0\0\0\0\0\0\0M\x2c\x01.", Some(300)),
            (b"\x80\x02J\x70\x11\x01\x00.", Some(70_000)),
            (b"\x80\x02J\xff\xff\xff\xff.", None),
            (b"\x80\x04]", None),
            (b"", None),
        ] {
            assert_eq!(unpickle(pickle), number);
        }
        assert_eq!(unpickle(&pickled(1234)), Some(1234));
    }
}
