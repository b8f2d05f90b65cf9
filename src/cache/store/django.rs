//! Django's file-based cache: `HASH.djcache`, a pickled moment of expiry and a compressed pickle.
//!
//! Source of the format: Django 5.2, as read and run; `fixtures/stores/web.py` makes such caches.

use std::{ffi::OsStr, io::Read, ops::ControlFlow, path::Path};

use flate2::read::ZlibDecoder;

use super::{
    Access, Kind, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Expiry, Facts, Kept, State, Timestamp},
};

const SUFFIX: &str = ".djcache";
/// Bytes in which the expiry stands.
const HEAD: u64 = 32;
/// Names that are looked at to find out what a directory is.
const MOST_NAMES: usize = 300;
/// Bytes of a value that are unpacked.
const MOST_VALUE: u64 = 64 << 20;

/// Directories of `FileBasedCache`.
#[derive(Debug)]
pub(super) struct Django;

impl Kind for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name.ends_with(SUFFIX.as_bytes())
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let (mut seen, mut found) = (0, None);
        let _ = look.names(&mut |name, _| {
            seen += 1;
            if is_entry(name) && look.head(name, HEAD).is_ok_and(|head| expiry(&head).is_some()) {
                found = Some(format!("{} begins with a moment of expiry", name.to_string_lossy()));
            }
            if found.is_none() && seen < MOST_NAMES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        Ok(found.map_or(Verdict::No, Verdict::Yes))
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts { expiry: Kept::Yes, ..file_facts(&ground, "Django's file-based cache") };
        Ok(FileStore::boxed(Files { facts }, ground, access))
    }
}

fn is_entry(name: &OsStr) -> bool {
    let hash = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The pickled moment at the beginning of a file, and how long that is: protocol 2 or later, a float or None.
fn expiry(head: &[u8]) -> Option<(Expiry, usize)> {
    let body = match head {
        [0x80, 4..=5, 0x95, ..] => 11,
        [0x80, 2..=5, ..] => 2,
        _ => return None,
    };
    match head.get(body..)? {
        [b'N', b'.', ..] => Some((Expiry::Never, body + 2)),
        [b'G', rest @ ..] => {
            let bytes: [u8; 8] = rest.get(..8)?.try_into().ok()?;
            let at = Timestamp::from_seconds(f64::from_be_bytes(bytes))?;
            (rest.get(8) == Some(&b'.')).then_some((Expiry::At(at), body + 10))
        }
        _ => None,
    }
}

/// The files of one directory.
struct Files {
    facts: Facts,
}

impl Layout for Files {
    fn kind(&self) -> &'static str {
        "django"
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
        match ground.dir.head(name, HEAD) {
            Err(error) => ground.note(path, &error),
            Ok(head) => match expiry(&head) {
                Some((expiry, _)) => item.entry.expiry = expiry,
                None => item.is(State::Corrupt, "it does not begin with a moment of expiry"),
            },
        }
        Some(item)
    }

    fn value(&self, ground: &Ground, item: &Item) -> std::io::Result<Value> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let mut bytes = Vec::new();
        ground.dir.file(path)?.take(MOST_VALUE).read_to_end(&mut bytes)?;
        let start = expiry(&bytes).map_or(0, |(_, length)| length);
        let packed = bytes.get(start..).unwrap_or_default();
        let mut value = Vec::new();
        // What cannot be unpacked is shown as it is.
        match ZlibDecoder::new(packed).take(MOST_VALUE).read_to_end(&mut value) {
            Ok(_) => Ok(Value::Inline(value)),
            Err(_) => Ok(Value::Inline(packed.to_owned())),
        }
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        let path = item.entry.path.as_deref()?;
        let mut bytes = Vec::new();
        let file = ground.dir.file(path).and_then(|file| file.take(MOST_VALUE + 1).read_to_end(&mut bytes));
        if file.map_err(|error| ground.note(path, &error)).ok()? as u64 > MOST_VALUE {
            return None;
        }
        let (_, start) = expiry(&bytes)?;
        let copied = std::io::copy(&mut ZlibDecoder::new(bytes.get(start..)?), &mut std::io::sink());
        copied.is_err().then(|| "its compressed value is damaged".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_every_protocol_are_read() {
        let at = Expiry::At(Timestamp::from_seconds(1.5).unwrap());
        let number = 1.5_f64.to_be_bytes();
        let framed = [&b"\x80\x05\x95\x0a\0\0\0\0\0\0\0G"[..], &number, b".x"].concat();
        assert_eq!(expiry(&framed), Some((at, 21)));
        assert_eq!(expiry(&[&b"\x80\x02G"[..], &number, b".x"].concat()), Some((at, 12)));
        assert_eq!(expiry(b"\x80\x05N.x"), Some((Expiry::Never, 4)));
        for bytes in [&b""[..], b"\x80", b"\x80\x05", b"\x80\x05G123", b"text", b"\x80\x05\x95"] {
            assert_eq!(expiry(bytes), None);
        }
    }
}
