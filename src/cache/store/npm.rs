//! npm's cache: what was asked for in `index-v5`, one file for each key, and the content by its hash in `content-v2`.
//!
//! The last line of an index file counts. Several keys may share content, so that it goes with the last of them. npm writes content before
//! it writes the index, and does without either.
//!
//! Source of the format: cacache of npm 9 to 11, as read and run.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::{OsStr, OsString},
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use md5::Md5;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{
    Access, Kind, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, Leftovers, Link, file_facts},
    hashes,
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept, Label, Object, State, Time, TimeSource, Timestamp},
};

const INDEX: &str = "index-v5";
const CONTENT: &str = "content-v2";
/// Bytes of an index file of which the last are read.
const MOST_INDEX: u64 = 4 << 20;
/// What is younger may be just being stored.
const GRACE: Duration = Duration::from_secs(3600);

/// npm's caches, and others of cacache.
#[derive(Debug)]
pub(super) struct Npm;

impl Kind for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name == INDEX.as_bytes() || name == CONTENT.as_bytes()
    }

    fn inside(&self) -> &'static [&'static str] {
        &["_cacache"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        if !look.has(CONTENT) {
            return Ok(Verdict::No);
        }
        let mut found = Verdict::No;
        let Ok(index) = look.sub(OsStr::new(INDEX)) else { return Ok(found) };
        let _ = files(&index, Path::new(""), 2, &mut |dir, path| {
            let Some(line) =
                dir.file(path.file_name().unwrap_or_default()).ok().and_then(|file| last(file).ok()?)
            else {
                return ControlFlow::Continue(());
            };
            found = Verdict::Yes(format!("{INDEX} holds {}", shortened(&line.key)));
            ControlFlow::Break(())
        });
        Ok(found)
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts {
            expiry: Kept::No("npm asks again for what is old; it does not drop it".to_owned()),
            stale: Kept::Yes,
            groups: Kept::Yes,
            ..file_facts(&ground, "npm")
        };
        Ok(FileStore::boxed(Cacache { facts, needed: RefCell::default() }, ground, access))
    }
}

fn shortened(key: &str) -> String {
    let end: String = key.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
    if end.len() < key.len() { format!("…{end}") } else { end }
}

/// Receives a directory and the path of a file in it.
type Found<'a> = dyn FnMut(&Dir, &Path) -> ControlFlow<()> + 'a;

/// Visits the files so many levels of directories below.
fn files(dir: &Dir, at: &Path, levels: usize, found: &mut Found<'_>) -> ControlFlow<()> {
    let mut names: Vec<OsString> = Vec::new();
    let wanted = if levels == 0 { look::Kind::File } else { look::Kind::Dir };
    let _ = dir.names(&mut |name, kind| {
        let hex = name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
        if kind == wanted && hex && (levels == 0 || name.len() == 2) {
            names.push(name.to_owned());
        }
        ControlFlow::Continue(())
    });
    names.sort_unstable();
    for name in names {
        let path = at.join(&name);
        if levels == 0 {
            found(dir, &path)?;
        } else if let Ok(sub) = dir.sub(&name) {
            files(&sub, &path, levels - 1, found)?;
        }
    }
    ControlFlow::Continue(())
}

/// What a line of the index says.
#[derive(Deserialize)]
struct Line {
    key: String,
    /// Hash and algorithm of the content: `sha512-BASE64`; none of what was removed.
    integrity: Option<String>,
    /// Milliseconds since 1970.
    time: Option<f64>,
    size: Option<u64>,
}

/// The last line of an index file that is whole, where it does not say that the key is gone.
fn last(file: impl Read) -> io::Result<Option<Line>> {
    let mut text = Vec::new();
    file.take(MOST_INDEX).read_to_end(&mut text)?;
    let whole = |line: &[u8]| {
        let (hash, json) = line.split_at_checked(line.iter().position(|&b| b == b'\t')?)?;
        let json = json.get(1..)?;
        (hashes::hex(&Sha1::digest(json)).as_bytes() == hash)
            .then(|| serde_json::from_slice::<Line>(json).ok())?
    };
    let line = text.split(|&b| b == b'\n').rev().find_map(whole);
    Ok(line.filter(|line| line.integrity.is_some()))
}

/// Where content of this integrity is; of several hashes the first counts.
fn content_of(integrity: &str) -> Option<PathBuf> {
    let (algorithm, rest) = integrity.split_whitespace().next()?.split_once('-')?;
    let hash = hashes::hex(&unbase64(rest.split('?').next()?)?);
    let rest = hash.get(4..).filter(|rest| !rest.is_empty() && is_algorithm(algorithm))?;
    Some([CONTENT, algorithm, hash.get(..2)?, hash.get(2..4)?, rest].iter().collect())
}

fn is_algorithm(name: &str) -> bool {
    matches!(name, "sha512" | "sha384" | "sha256" | "sha1" | "md5")
}

/// Bytes from base64 with padding.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    Some(out)
}

/// Index and content.
struct Cacache {
    facts: Facts,
    /// How many keys need each content.
    needed: RefCell<Option<HashMap<PathBuf, u64>>>,
}

impl Cacache {
    /// How many keys need `content`.
    fn needed(&self, ground: &Ground, content: &Path) -> u64 {
        let mut needed = self.needed.borrow_mut();
        needed.get_or_insert_with(|| count(ground)).get(content).copied().unwrap_or(0)
    }

    /// A key, with the content that nobody else needs.
    fn key(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let about = ground.dir.about(path).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(path, about);
        item.entry.value_type = DataType::Bytes;
        let line = ground.dir.file(path).and_then(last).map_err(|error| ground.note(path, &error)).ok()?;
        let Some(line) = line else {
            item.is(State::Stale { sure: true }, "npm has removed what it led to");
            return Some(item);
        };
        if let Some(at) = line.time.and_then(|time| Timestamp::from_seconds(time / 1000.0)) {
            item.entry.created = Some(Time { at, source: TimeSource::Recorded });
        }
        let content = content_of(line.integrity.as_deref()?);
        let there = content.and_then(|content| Some((ground.dir.about(&content).ok()?, content)));
        match there {
            Some((about, content)) => {
                if line.size.is_some_and(|size| size != about.size) {
                    item.is(State::Corrupt, "its content is not as long as the index says");
                }
                match self.needed(ground, &content) {
                    ..=1 => item.add(content, about),
                    links => {
                        item.entry.shared.push(Object { id: about.inode, bytes: about.frees(), links });
                        item.links.push(Link { path: Some(content), payload: None, inode: about.inode });
                    }
                }
            }
            None => item.is(State::Stale { sure: true }, "the content that it leads to is gone"),
        }
        let url = line.key.find("http").and_then(|at| line.key.get(at..));
        item.entry.group = url.and_then(|url| url.split('/').nth(2)).map(str::to_owned);
        let text = url.unwrap_or(&line.key).to_owned();
        item.entry.key = Label { data_type: DataType::Name, text, ..Label::default() };
        Some(item)
    }

    /// Content that no key leads to.
    fn content(&self, ground: &Ground, path: &Path) -> Option<Item> {
        if self.needed(ground, path) > 0 {
            return None;
        }
        let about = ground.dir.about(path).ok().filter(|about| about.kind == look::Kind::File)?;
        let mut item = Item::of_file(path, about);
        item.entry.value_type = DataType::Bytes;
        item.is(State::Stale { sure: true }, "nothing in the index leads to it");
        Some(item)
    }
}

/// How many keys need each content.
fn count(ground: &Ground) -> HashMap<PathBuf, u64> {
    let mut needed = HashMap::new();
    let Ok(index) = ground.dir.sub(OsStr::new(INDEX)) else { return needed };
    let _ = files(&index, Path::new(""), 2, &mut |dir, path| {
        let line = dir.file(path.file_name().unwrap_or_default()).and_then(last).ok().flatten();
        if let Some(content) = line.and_then(|line| content_of(&line.integrity?)) {
            *needed.entry(content).or_default() += 1;
        }
        ControlFlow::Continue(())
    });
    needed
}

impl Layout for Cacache {
    fn kind(&self) -> &'static str {
        Npm.name()
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        if let Ok(index) = ground.dir.sub(OsStr::new(INDEX)) {
            let flow = files(&index, Path::new(INDEX), 2, &mut |_, path| {
                self.key(ground, path).map_or(ControlFlow::Continue(()), &mut *visit)
            });
            if flow.is_break() {
                return Ok(());
            }
        }
        let Ok(content) = ground.dir.sub(OsStr::new(CONTENT)) else { return Ok(()) };
        for algorithm in ground.dirs(&content, Path::new(CONTENT)) {
            let path = Path::new(CONTENT).join(&algorithm);
            let Some(dir) = ground.sub(&content, &algorithm, &path) else { continue };
            let flow = files(&dir, &path, 2, &mut |_, path| {
                self.content(ground, path).map_or(ControlFlow::Continue(()), &mut *visit)
            });
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let names: Vec<&OsStr> = path.iter().collect();
        match names.as_slice() {
            [first, _, _, _] if *first == INDEX => self.key(ground, path),
            [first, _, _, _, _] if *first == CONTENT => self.content(ground, path),
            _ => None,
        }
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn shares(&self) -> bool {
        true
    }

    fn leftovers(&self, ground: &Ground, item: &Item, round: usize) -> Option<Leftovers> {
        let content = item.links.first().filter(|_| round == 0)?.path.as_deref()?;
        let mut needed = self.needed.borrow_mut();
        let keys = needed.get_or_insert_with(|| count(ground)).get_mut(content)?;
        *keys = keys.saturating_sub(1);
        let mut left = Leftovers::default();
        if let (0, Ok(about)) = (*keys, ground.dir.about(content)) {
            left.bytes = about.frees();
            left.parts.push((content.to_owned(), about));
        }
        Some(left)
    }

    fn value(&self, ground: &Ground, item: &Item) -> io::Result<Value> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let line = ground.dir.file(path).and_then(last)?;
        let content = line.and_then(|line| content_of(&line.integrity?)).unwrap_or_else(|| path.to_owned());
        let file = ground.dir.file(&content)?;
        let length = file.metadata()?.len();
        Ok(Value::File(file, length))
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        let path = item.entry.path.as_deref()?;
        let content = match path.starts_with(INDEX) {
            true => content_of(&ground.dir.file(path).and_then(last).ok()??.integrity?)?,
            false => path.to_owned(),
        };
        let names: Vec<_> = content.iter().map(|name| name.to_string_lossy()).collect();
        let [_, algorithm, digits @ ..] = names.as_slice() else { return None };
        let mut file = ground.dir.file(&content).map_err(|error| ground.note(&content, &error)).ok()?;
        let found = match &**algorithm {
            "sha512" => hashes::of(Sha512::new(), &mut file),
            "sha384" => hashes::of(Sha384::new(), &mut file),
            "sha256" => hashes::of(Sha256::new(), &mut file),
            "sha1" => hashes::of(Sha1::new(), &mut file),
            "md5" => hashes::of(Md5::new(), &mut file),
            _ => return None,
        };
        let found = found.map_err(|error| ground.note(&content, &error)).ok()?;
        (hashes::hex(&found) != digits.concat())
            .then(|| "its content has not the hash that the index says".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_line_counts() {
        let line = |json: &str| format!("\n{}\t{json}", hashes::hex(&Sha1::digest(json)));
        let one = line(r#"{"key":"k","integrity":"sha1-AAECAw==","time":1500,"size":4}"#);
        let gone = line(r#"{"key":"k","integrity":null,"time":2}"#);
        let read = |text: String| last(text.as_bytes()).unwrap().map(|line| line.key);
        assert_eq!(read(one.clone()), Some("k".to_owned()));
        assert_eq!(read(format!("{one}\n0123\t{{\"key\":\"x\"")), Some("k".to_owned()));
        assert_eq!(read(format!("{one}{gone}")), None);
        assert_eq!(read("nothing".to_owned()), None);
        assert_eq!(content_of("sha1-AAECAw=="), Some("content-v2/sha1/00/01/0203".into()));
        for integrity in ["", "sha1", "sha1-", "../x-AAECAw==", "sha1-*", "sha1-AAE="] {
            assert_eq!(content_of(integrity), None, "{integrity}");
        }
    }
}
