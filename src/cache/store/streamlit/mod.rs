//! What Streamlit's `st.cache_data(persist="disk")` keeps: `~/.streamlit/cache/FUNCTION-ARGUMENTS.memo`, a pickled `CachedResult` each.
//!
//! Source of the format: streamlit 1.67, as read and run; `fixtures/stores/streamlit.py` makes such caches.

mod source;

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::{Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Access, Kind, Store,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts, name_label},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, About, Dir},
    model::{DataType, Facts, Kept, State},
    pickle::{Limits, Pickle},
    safe_delete::Care,
};

/// How the file of an entry begins, but for the length of the frame and the module's name.
const PICKLE: &[u8] = b"\x80\x04\x95";
/// Within so many bytes stand the module and the name of the class.
const HEAD: usize = 96;
/// Names that are looked at to find out what a directory is.
const MOST_NAMES: usize = 300;
/// What is shown of the hash of a call's arguments.
const SHORT_HASH: usize = 8;
/// Streamlit writes in place: what is younger may be in the middle of being written.
const GRACE: Duration = Duration::from_secs(60);
/// Bytes of a pickle that are read to verify it.
const MOST_VERIFIED: u64 = 256 << 20;

/// Streamlit's cache directories.
#[derive(Debug)]
pub(super) struct Streamlit;

impl Kind for Streamlit {
    fn name(&self) -> &'static str {
        "streamlit"
    }

    fn sign(&self, name: &[u8]) -> bool {
        name.ends_with(b".memo")
    }

    fn inside(&self) -> &'static [&'static str] {
        &["cache"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let mut memos = Vec::new();
        let mut seen = 0;
        let _ = look.names(&mut |name, _| {
            seen += 1;
            if function_of(name).is_some() {
                memos.push(name.to_owned());
            }
            if seen < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let proof = memos.iter().find(|name| {
            let head = look.head(name, HEAD as u64).unwrap_or_default();
            Memo::of(&head, u64::MAX) == Memo::Result
        });
        Ok(match proof {
            Some(name) => Verdict::Yes(format!("{} holds a Streamlit CachedResult", name.to_string_lossy())),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        self.open_with_sources(dir, access, &[])
    }

    fn open_with_sources(
        &self,
        dir: &Path,
        access: Access,
        sources: &[PathBuf],
    ) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let names = source::functions(sources)?;
        let named = !sources.is_empty();
        let facts = Facts {
            expiry: Kept::No(
                "Streamlit does not record when entries expire: ttl counts in memory only".to_owned(),
            ),
            stale: match named {
                true => Kept::Yes,
                false => Kept::No("`--app` names the sources that tell which functions are left".to_owned()),
            },
            groups: Kept::Yes,
            ..file_facts(&ground, "Streamlit")
        };
        Ok(FileStore::boxed(Memos { facts, names, named }, ground, access))
    }
}

/// What the beginning of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memo {
    /// A result, complete as far as can be seen.
    Result,
    /// Nothing at all.
    Empty,
    /// The beginning of a result, and then nothing.
    Cut,
    /// Something that Streamlit did not write.
    Foreign,
}

impl Memo {
    fn of(head: &[u8], size: u64) -> Self {
        let has = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
        if size == 0 {
            return Self::Empty;
        }
        if !head.starts_with(PICKLE.get(..head.len().min(PICKLE.len())).unwrap_or_default()) {
            return Self::Foreign;
        }
        if has(b"streamlit.") && has(b"CachedResult") {
            // The first frame says how long it is.
            let frame = head.get(3..11).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
            return if size.saturating_sub(11) < frame { Self::Cut } else { Self::Result };
        }
        if size < HEAD as u64 { Self::Cut } else { Self::Foreign }
    }
}

/// The function's part of a name `FUNCTION-ARGUMENTS.memo`, both 32 digits of a hash.
fn function_of(name: &OsStr) -> Option<&str> {
    hashes(name).map(|(function, _)| function)
}

/// The hashes of the function and of its arguments in the name of a result's file.
fn hashes(name: &OsStr) -> Option<(&str, &str)> {
    let (function, arguments) = name.to_str()?.strip_suffix(".memo")?.split_once('-')?;
    let hash = |text: &str| text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (hash(function) && hash(arguments)).then_some((function, arguments))
}

/// The files of one directory.
struct Memos {
    facts: Facts,
    /// Functions by the hash of their names and source.
    names: HashMap<String, String>,
    /// Whether sources were named.
    named: bool,
}

impl Memos {
    fn item(&self, ground: &Ground, name: &OsStr) -> Option<Item> {
        let (function, arguments) = hashes(name)?;
        let path = Path::new(name);
        let about = ground.dir.about(name).map_err(|error| ground.note(path, &error)).ok()?;
        if about.kind != look::Kind::File {
            return None;
        }
        let mut item = Item::of_file(path, about);
        item.entry.value_type = DataType::Pickle;
        let named = self.names.get(function);
        item.entry.group = Some(named.map_or(function, String::as_str).to_owned());
        if let Some(named) = named {
            // Of the arguments only a hash is kept.
            let arguments = arguments.get(..SHORT_HASH).unwrap_or(arguments);
            item.entry.key = name_label(Path::new(&format!("{named} {arguments}")));
        }
        match condition(ground, name, &about) {
            Ok(Memo::Foreign) => return None,
            Ok(Memo::Empty) => item.is(State::Corrupt, "empty: the app fails to read it until it is removed"),
            Ok(Memo::Cut) => {
                item.is(State::Corrupt, "cut short: the app fails to read it until it is removed")
            }
            Ok(Memo::Result) if self.named && !self.names.contains_key(function) => {
                item.is(State::Stale { sure: false }, "no function of the given sources has this hash");
            }
            Ok(Memo::Result) => {}
            Err(error) => ground.note(path, &error),
        }
        Some(item)
    }
}

/// What the beginning and the end of a file say.
fn condition(ground: &Ground, name: &OsStr, about: &About) -> std::io::Result<Memo> {
    let mut file = ground.dir.file(name)?;
    let mut head = vec![0; HEAD.min(usize::try_from(about.size).unwrap_or(HEAD))];
    file.read_exact(&mut head)?;
    let memo = Memo::of(&head, about.size);
    if memo != Memo::Result {
        return Ok(memo);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(if last == *b"." { Memo::Result } else { Memo::Cut })
}

impl Layout for Memos {
    fn kind(&self) -> &'static str {
        "streamlit"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let _ = ground.names(&ground.dir, Path::new(""), &mut |name, _| match self.item(ground, name) {
            Some(item) => visit(item),
            None => ControlFlow::Continue(()),
        });
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        self.item(ground, path.as_os_str())
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn care(&self) -> Care {
        Care::SpareUsed
    }

    fn aftermath(&self) -> Option<&'static str> {
        Some("a running app still has its entries in memory: restart it")
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        let path = item.entry.path.as_deref()?;
        let mut bytes = Vec::new();
        let file =
            ground.dir.file(path).and_then(|file| file.take(MOST_VERIFIED + 1).read_to_end(&mut bytes));
        match file {
            Err(error) => ground.note(path, &error),
            Ok(read) if read as u64 > MOST_VERIFIED => {}
            Ok(_) => {
                return Pickle::read(&bytes, Limits::VALUE)
                    .damage()
                    .map(|damage| format!("damaged pickle: {damage}"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_from_what_is_not_ours() {
        let mut head =
            b"\x80\x04\x95\x60\0\0\0\0\0\0\0\x8c\x2fstreamlit.runtime.caching.cached_message_replay\x94"
                .to_vec();
        head.extend_from_slice(b"\x8c\x0cCachedResult\x94");
        head.resize(HEAD, 0);
        assert_eq!(Memo::of(&head, 0x60 + 11), Memo::Result);
        assert_eq!(Memo::of(&head, 0x60 + 10), Memo::Cut);
        assert_eq!(Memo::of(&head[..40], 40), Memo::Cut);
        assert_eq!(Memo::of(&head[..2], 2), Memo::Cut);
        assert_eq!(Memo::of(b"", 0), Memo::Empty);
        assert_eq!(Memo::of(b"just some text memo", 19), Memo::Foreign);
        assert_eq!(Memo::of(&[&b"\x80\x04\x95"[..], &[0; 93]].concat(), 500), Memo::Foreign);
    }

    #[test]
    fn names_are_two_hashes() {
        let (a, b) = ("0".repeat(32), "f".repeat(32));
        assert_eq!(function_of(OsStr::new(&format!("{a}-{b}.memo"))), Some(&*a));
        for name in
            [format!("{a}.memo"), format!("{a}-{b}"), format!("{a}-{b}x.memo"), "notes.memo".to_owned()]
        {
            assert_eq!(function_of(OsStr::new(&name)), None, "{name}");
        }
    }
}
