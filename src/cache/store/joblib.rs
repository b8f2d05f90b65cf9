//! What Python's `joblib.Memory` keeps: for each function a directory with `func_code.py`, in it one for each call, named by the hash of the
//! arguments, with `output.pkl` and `metadata.json`.
//!
//! An item without the one of these files makes programs fail, some of them for ever, so that it goes in two steps: `output.pkl` first, on
//! which a program computes the call again; and what is left only after everybody who had seen it has long opened it.
//!
//! Source of the format: joblib 1.6, as read and run; `fixtures/stores/joblib_store.py` makes such stores.

use std::{
    ffi::OsStr,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Access, Kind, Problem, Store, Value,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept, State, Time, TimeSource, Timestamp},
};

const CODE: &str = "func_code.py";
const OUTPUT: &str = "output.pkl";
const METADATA: &str = "metadata.json";
/// How `func_code.py` begins.
const FIRST_LINE: &[u8] = b"# first line:";
/// How the `.gitignore` of a store begins.
const MARK: &[u8] = b"# Created by joblib automatically";
/// Directories above a function: modules, classes, functions around it.
const DEEPEST: usize = 16;
/// The same while finding out what a directory is, and how many names of each are looked at then.
const DEEPEST_PROBED: usize = 6;
const MOST_PROBED: usize = 300;
/// Bytes of `metadata.json` that are read.
const METADATA_BYTES: u64 = 1 << 20;
/// Characters of a call that are shown.
const CALL: usize = 500;
/// Longer than anybody takes from seeing `output.pkl` to opening it, and than a result that is in demand takes to be there again. The
/// library itself fails where several threads compute a call for which there is no `metadata.json` yet.
const PAUSE: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(60);

/// Stores of `joblib.Memory`.
#[derive(Debug)]
pub(super) struct Joblib;

impl Kind for Joblib {
    fn name(&self) -> &'static str {
        "joblib"
    }

    fn sign(&self, name: &[u8]) -> bool {
        matches!(name, b"joblib" | b".gitignore")
    }

    fn inside(&self) -> &'static [&'static str] {
        &["joblib"]
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let marked = |dir: &Dir| dir.head(".gitignore", 64).is_ok_and(|head| head.starts_with(MARK));
        let named = dir.file_name() == Some(OsStr::new("joblib"));
        let by_parent = named && dir.parent().and_then(|up| Dir::open(up).ok()).is_some_and(|up| marked(&up));
        if !(named || marked(&look)) {
            return Ok(Verdict::No);
        }
        // With a location that was a string, everything is one level down.
        let skip = if named { "" } else { "joblib" };
        Ok(match first_function(&look, Path::new(""), skip, DEEPEST_PROBED) {
            Some(path) if by_parent || marked(&look) => {
                Verdict::Yes(format!("{} in a directory marked by joblib", path.join(CODE).display()))
            }
            Some(path) => Verdict::Yes(format!("{} is joblib's", path.join(CODE).display())),
            None => Verdict::No,
        })
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let facts = Facts {
            expiry: Kept::No(
                "joblib does not record when results expire: expires_after is in the code".to_owned(),
            ),
            groups: Kept::Yes,
            ..file_facts(&ground, "joblib")
        };
        Ok(FileStore::boxed(Items { facts }, ground, access))
    }
}

fn is_function(dir: &Dir) -> bool {
    dir.head(CODE, 64).is_ok_and(|head| head.starts_with(FIRST_LINE))
}

/// The first directory of a function that is found.
fn first_function(dir: &Dir, at: &Path, skip: &str, depth: usize) -> Option<PathBuf> {
    if is_function(dir) {
        return Some(at.to_owned());
    }
    let mut inner = Vec::new();
    let _ = dir.names(&mut |name, kind| {
        if kind == look::Kind::Dir && name != skip && !is_hash(name) {
            inner.push(name.to_owned());
        }
        if inner.len() < MOST_PROBED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let depth = depth.checked_sub(1)?;
    inner.iter().find_map(|name| first_function(&dir.sub(name).ok()?, &at.join(name), "", depth))
}

fn is_hash(name: &OsStr) -> bool {
    name.len() == 32 && name.as_encoded_bytes().iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What joblib may put beside its two files while it writes them.
fn is_own(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    [OUTPUT, METADATA].iter().any(|own| {
        name.strip_prefix(own.as_bytes())
            .is_some_and(|rest| rest.is_empty() || matches!(rest, [b'.' | b'_', ..]))
    })
}

/// The items of a store.
struct Items {
    facts: Facts,
}

impl Items {
    fn walk(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        depth: usize,
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        let function = is_function(dir);
        for name in ground.dirs(dir, at) {
            let path = at.join(&name);
            if function && is_hash(&name) {
                if let Some(item) =
                    ground.sub(dir, &name, &path).and_then(|sub| self.item(ground, &path, &sub))
                {
                    visit(item)?;
                }
            } else if depth > 0
                && let Some(sub) = ground.sub(dir, &name, &path)
            {
                self.walk(ground, (&sub, &path), depth - 1, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn item(&self, ground: &Ground, path: &Path, dir: &Dir) -> Option<Item> {
        let mut item = Item::new(path);
        let (mut foreign, mut temporary) = (None, false);
        let _ = ground.names(dir, path, &mut |name, _| {
            temporary |= is_own(name) && name != OUTPUT && name != METADATA;
            if !is_own(name) {
                foreign = Some(name.to_owned());
            }
            ControlFlow::Continue(())
        });
        item.add_tree(ground, path.to_owned(), dir);
        item.entry.group = path.parent().map(|function| function.to_string_lossy().into_owned());
        let (output, metadata) = (dir.about(OUTPUT).ok(), metadata(dir));
        if let Some(at) =
            metadata.as_ref().and_then(|data| data["time"].as_f64()).and_then(Timestamp::from_seconds)
        {
            item.entry.created = Some(Time { at, source: TimeSource::Recorded });
        }
        if let Some(about) = output {
            item.entry.accessed = Some(about.used());
            item.lead_with(path.join(OUTPUT), about);
        }
        item.entry.value_type = value_type(dir);
        if let Some(name) = foreign {
            item.is(State::Pinned, format!("`{}` in it is not joblib's", name.to_string_lossy()));
        } else if output.is_none() && temporary {
            item.is(State::Partial, "no result, only what was being written");
        } else if output.is_none() && metadata.is_some() {
            item.is(State::Stale { sure: true }, "the result is gone");
        } else if output.is_some() && !dir.has(METADATA) {
            item.is(State::Corrupt, "without metadata.json, programs with expires_after fail on it");
        }
        Some(item)
    }
}

fn metadata(dir: &Dir) -> Option<serde_json::Value> {
    serde_json::from_slice(&dir.head(METADATA, METADATA_BYTES).ok()?).ok()
}

/// A plain pickle can be shown; others are compressed.
fn value_type(dir: &Dir) -> DataType {
    match dir.head(OUTPUT, 2) {
        Ok(head) if head.starts_with(b"\x80") => DataType::Pickle,
        Ok(_) => DataType::Bytes,
        Err(_) => DataType::None,
    }
}

impl Layout for Items {
    fn kind(&self) -> &'static str {
        "joblib"
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        let _ = self.walk(ground, (&ground.dir, Path::new("")), DEEPEST, visit);
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let function = ground.dir.below(path.parent()?).ok()?;
        let name = path.file_name().filter(|name| is_hash(name) && is_function(&function))?;
        self.item(ground, path, &function.sub(name).ok()?)
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn pause(&self) -> Option<Duration> {
        Some(PAUSE)
    }

    fn refuses(&self, _ground: &Ground, item: &Item) -> Option<String> {
        let note = || item.entry.note.as_deref().unwrap_or("it is held on purpose").to_owned();
        (item.entry.state == State::Pinned).then(note)
    }

    fn aftermath(&self) -> Option<&'static str> {
        Some("references to removed results, made by call_and_shelve, no longer lead anywhere")
    }

    fn value(&self, ground: &Ground, item: &Item) -> std::io::Result<Value> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new("")).join(OUTPUT);
        let file = ground.dir.file(&path)?;
        let length = file.metadata()?.len();
        Ok(Value::File(file, length))
    }

    fn details(&self, ground: &Ground, item: &Item) -> Vec<(&'static str, String)> {
        let path = item.entry.path.as_deref().unwrap_or(Path::new(""));
        let Some(data) = ground.dir.below(path).ok().and_then(|dir| metadata(&dir)) else {
            return Vec::new();
        };
        let mut details = Vec::new();
        if let Some(arguments) = data["input_args"].as_object() {
            let function = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
            let arguments = arguments.iter().map(|(name, value)| {
                format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            });
            let call = format!("{function}({})", arguments.collect::<Vec<_>>().join(", "));
            let short: String = call.chars().take(CALL).collect();
            details.push(("call", if short.len() < call.len() { format!("{short}…") } else { short }));
        }
        if let Some(seconds) = data["duration"].as_f64().and_then(|s| Duration::try_from_secs_f64(s).ok()) {
            details.push(("took", crate::units::duration(seconds)));
        }
        details
    }

    fn strays(&self, ground: &Ground, _now: Timestamp, found: &mut dyn FnMut(Problem)) {
        let top = Path::new("");
        for name in ground.dirs(&ground.dir, top) {
            let path = top.join(&name);
            let Some(sub) = ground.sub(&ground.dir, &name, &path) else { continue };
            if first_function(&sub, &path, "", DEEPEST_PROBED).is_none() {
                found(Problem {
                    what: "foreign-directory",
                    place: path.to_string_lossy().into_owned(),
                    detail: "it is not joblib's; Memory.clear() would remove it all the same".to_owned(),
                    note: true,
                    fixable: false,
                    fixed: false,
                    bytes: 0,
                });
            }
        }
    }
}
