//! What pip and CacheControl keep: HTTP responses as `a/b/c/d/e/HASH`, with the content beside it as `HASH.body`, and pip's own wheels.
//!
//! The URL is nowhere, only its hash; a wheel says what it is by the directory in its archive.
//!
//! Source of the format: pip 23 to 26 and CacheControl 0.14, as read and run; `fixtures/stores/cachecontrol.py` makes such caches.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    Access, Kind, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts, name_label},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept, State},
};

/// How a stored response begins, but for the version.
const RESPONSE: &[u8] = b"cc=";
/// Levels of directories above a response.
const LEVELS: usize = 5;
/// The same above a directory of wheels.
const WHEEL_LEVELS: usize = 3;
/// Digits of the hash of a URL: SHA-224.
const HASH: usize = 56;
/// pip's directories of responses.
const HTTP: [&str; 2] = ["http-v2", "http"];
const WHEELS: &str = "wheels";
/// What the note of a wheel ends with.
const WHEEL: &str = " (wheel)";
/// Bytes at the end of an archive in which its directory is looked for, and of the directory that are read.
const ARCHIVE_END: u64 = 66_000;
const MOST_DIRECTORY: u64 = 4 << 20;

/// pip's cache.
#[derive(Debug)]
pub(super) struct Pip;

/// A `FileCache` of CacheControl.
#[derive(Debug)]
pub(super) struct CacheControl;

impl Kind for Pip {
    fn name(&self) -> &'static str {
        "pip"
    }

    fn sign(&self, name: &[u8]) -> bool {
        matches!(name, b"http-v2" | b"http" | b"wheels")
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let http =
            HTTP.iter().find_map(|name| Some((name, response(&look.sub(OsStr::new(name)).ok()?, LEVELS)?)));
        if let Some((folder, name)) = http {
            let name: String = name.chars().take(8).collect();
            return Ok(Verdict::Yes(format!("{folder} holds the response {name}…")));
        }
        let wheels = look.sub(OsStr::new(WHEELS)).ok();
        Ok(match wheels.and_then(|wheels| wheel(&wheels, WHEEL_LEVELS + 1)) {
            Some(name) => Verdict::Yes(format!("wheels holds {name}")),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        open("pip", dir, access, &HTTP)
    }
}

impl Kind for CacheControl {
    fn name(&self) -> &'static str {
        "cachecontrol"
    }

    fn sign(&self, name: &[u8]) -> bool {
        matches!(name, [b'0'..=b'9' | b'a'..=b'f'])
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        Ok(match response(&look, LEVELS) {
            Some(name) => Verdict::Yes(format!(
                "{}… is a response of CacheControl",
                name.chars().take(8).collect::<String>()
            )),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        open("cachecontrol", dir, access, &[""])
    }
}

fn open(
    kind: &'static str,
    dir: &Path,
    access: Access,
    folders: &'static [&'static str],
) -> Result<Box<dyn Store>, Error> {
    let ground = Ground::open(dir)?;
    let facts = Facts {
        expiry: Kept::No(format!("what is old is asked for again, not dropped: {kind} keeps it for that")),
        groups: Kept::Yes,
        ..file_facts(&ground, kind)
    };
    Ok(FileStore::boxed(Responses { kind, folders, facts }, ground, access))
}

fn is_hash(name: &OsStr) -> bool {
    name.len() == HASH && name.as_encoded_bytes().iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Directories in `dir` whose names are digits as wanted.
fn digits(dir: &Dir, length: usize) -> Vec<OsString> {
    let mut found = Vec::new();
    let _ = dir.names(&mut |name, kind| {
        let hex = name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
        if kind == look::Kind::Dir && name.len() == length && hex {
            found.push(name.to_owned());
        }
        ControlFlow::Continue(())
    });
    found.sort_unstable();
    found
}

/// The first response that is found.
fn response(dir: &Dir, levels: usize) -> Option<String> {
    if levels > 0 {
        return digits(dir, 1).iter().find_map(|name| response(&dir.sub(name).ok()?, levels - 1));
    }
    let mut found = None;
    let _ = dir.names(&mut |name, _| {
        if is_hash(name) && is_response(dir, name) {
            found = Some(name.to_string_lossy().into_owned());
        }
        if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    found
}

fn is_response(dir: &Dir, name: &OsStr) -> bool {
    dir.head(name, RESPONSE.len() as u64).is_ok_and(|head| head == RESPONSE)
}

/// The first wheel that is found.
fn wheel(dir: &Dir, levels: usize) -> Option<String> {
    match levels {
        0 => {
            let mut found = None;
            let _ = dir.names(&mut |name, _| {
                found = name.to_str().filter(|name| name.ends_with(".whl")).map(str::to_owned);
                if found.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            found
        }
        1 => digits(dir, HASH).iter().find_map(|name| wheel(&dir.sub(name).ok()?, 0)),
        _ => digits(dir, 2).iter().find_map(|name| wheel(&dir.sub(name).ok()?, levels - 1)),
    }
}

/// Responses, and pip's wheels.
struct Responses {
    kind: &'static str,
    folders: &'static [&'static str],
    facts: Facts,
}

impl Responses {
    fn walk(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        levels: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        if levels == 0 {
            return ground.names(dir, at, &mut |name, _| match self.response(dir, at, name) {
                Some(item) => visit(item),
                None => ControlFlow::Continue(()),
            });
        }
        for name in digits(dir, 1) {
            let path = at.join(&name);
            if let Some(sub) = ground.sub(dir, &name, &path) {
                self.walk(ground, (&sub, &path), levels - 1, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn response(&self, dir: &Dir, at: &Path, name: &OsStr) -> Option<Item> {
        if !is_hash(name) {
            return None;
        }
        let about = dir.about(name).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(&at.join(name), about);
        item.entry.value_type = DataType::Bytes;
        item.entry.group = Some("responses".to_owned());
        let body = body_of(name);
        // In older caches the content is in the same file.
        if let Ok(about) = dir.about(&body) {
            item.add(at.join(&body), about);
            item.entry.note = dir.file(&body).ok().and_then(|file| contents(file, about.size));
            name_by_note(&mut item, |note| note.ends_with(WHEEL));
        }
        if !is_response(dir, name) {
            item.is(State::Corrupt, "not a stored response");
        }
        Some(item)
    }

    fn wheels(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        levels: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        for name in digits(dir, if levels == 0 { HASH } else { 2 }) {
            let path = at.join(&name);
            let Some(sub) = ground.sub(dir, &name, &path) else { continue };
            match levels {
                0 => visit(built(ground, &path, &sub))?,
                _ => self.wheels(ground, (&sub, &path), levels - 1, visit)?,
            }
        }
        ControlFlow::Continue(())
    }
}

fn body_of(name: &OsStr) -> OsString {
    let mut body = name.to_owned();
    body.push(".body");
    body
}

/// A directory of wheels that were built for one source.
fn built(ground: &Ground, path: &Path, dir: &Dir) -> Item {
    let mut item = Item::new(path);
    item.add_tree(ground, path.to_owned(), dir);
    item.entry.group = Some(WHEELS.to_owned());
    item.entry.value_type = DataType::Bytes;
    item.entry.note = wheel(dir, 0);
    name_by_note(&mut item, |_| true);
    item
}

/// pip finds what it keeps by hashes of addresses, which are not kept; people know it by what it is.
fn name_by_note(item: &mut Item, is_name: impl Fn(&str) -> bool) {
    if let Some(note) = item.entry.note.as_deref().filter(|note| is_name(note)) {
        item.entry.key = name_label(Path::new(note));
    }
}

/// What a downloaded file is, as far as it says: a wheel by the directory of its archive.
fn contents(mut file: File, size: u64) -> Option<String> {
    let mut head = [0; 4];
    file.read_exact(&mut head).ok()?;
    match &head {
        b"PK\x03\x04" => wheel_name(&mut file, size).ok().flatten(),
        [0x1f, 0x8b, ..] => Some("a compressed archive".to_owned()),
        [b'<', ..] => Some("a page".to_owned()),
        [b'{', ..] => Some("JSON".to_owned()),
        _ => None,
    }
}

/// The project and version of a wheel, from the name of its `.dist-info` in the archive's directory.
fn wheel_name(file: &mut File, size: u64) -> io::Result<Option<String>> {
    let start = size.saturating_sub(ARCHIVE_END);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(ARCHIVE_END).read_to_end(&mut end)?;
    let Some(at) = end.windows(4).rposition(|part| part == b"PK\x05\x06") else { return Ok(None) };
    let number = |at: usize| {
        let bytes = end.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(bytes)))
    };
    let (length, offset) = (number(at + 12), number(at + 16));
    file.seek(SeekFrom::Start(offset))?;
    let mut directory = Vec::new();
    file.take(length.min(MOST_DIRECTORY)).read_to_end(&mut directory)?;
    let mark = b".dist-info/";
    let Some(found) = directory.windows(mark.len()).position(|part| part == mark) else { return Ok(None) };
    let name: Vec<u8> = directory
        .get(..found)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_graphic())
        .copied()
        .collect();
    let name: String = name.iter().rev().map(|&b| char::from(b)).collect();
    // Of an archive's entry, only the name is text.
    let name = name.rsplit('/').next().unwrap_or_default();
    Ok((!name.is_empty()).then(|| format!("{name}{WHEEL}")))
}

impl Layout for Responses {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        for folder in self.folders {
            let at = PathBuf::from(folder);
            let Ok(dir) = ground.dir.below(&at) else { continue };
            if self.walk(ground, (&dir, &at), LEVELS, visit).is_break() {
                return Ok(());
            }
        }
        if let ("pip", Ok(dir)) = (self.kind, ground.dir.sub(OsStr::new(WHEELS))) {
            let _ = self.wheels(ground, (&dir, Path::new(WHEELS)), WHEEL_LEVELS, visit);
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let dir = ground.dir.below(parent).ok()?;
        if self.kind == "pip" && path.starts_with(WHEELS) {
            let levels = path.components().count() == WHEEL_LEVELS + 2;
            return (levels && is_hash(name))
                .then_some(())
                .and_then(|()| Some(built(ground, path, &dir.sub(name).ok()?)));
        }
        let inside = self
            .folders
            .iter()
            .any(|folder| parent.strip_prefix(folder).is_ok_and(|rest| rest.components().count() == LEVELS));
        inside.then(|| self.response(&dir, parent, name)).flatten()
    }

    fn value(&self, ground: &Ground, item: &Item) -> io::Result<Value> {
        let part = item.parts.last().filter(|part| part.about.kind == look::Kind::File);
        match part {
            Some(part) => Ok(Value::File(ground.dir.file(&part.path)?, part.about.size)),
            None => Ok(Value::Text(item.entry.note.clone().unwrap_or_default())),
        }
    }
}
