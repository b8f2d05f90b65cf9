//! An entry and its files.

use std::{
    ffi::OsString,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use super::{Ground, Value};
use crate::cache::{
    look::{About, Dir, Kind},
    model::{DataType, Entry, EntryId, Label, Object, Stamp, State, Time},
};

/// Directories inside each other that an entry may have.
const DEEPEST: usize = 64;

/// An entry and what it consists of.
#[derive(Clone, Debug)]
pub(in crate::cache::store) struct Item {
    /// The entry.
    pub(in crate::cache::store) entry: Entry,
    /// What goes with it, in this order. The first tells whether it is still there.
    pub(in crate::cache::store) parts: Vec<Part>,
    /// What it refers to and may share with others, where a kind needs to know more of it than [`Entry::shared`] says; in the same order.
    pub(in crate::cache::store) links: Vec<Link>,
}

/// Something that an entry refers to.
#[derive(Clone, Debug)]
pub(in crate::cache::store) struct Link {
    /// Where it is, below the root; `None` inside the entry itself.
    pub(in crate::cache::store) path: Option<PathBuf>,
    /// Where that leads.
    pub(in crate::cache::store) payload: Option<PathBuf>,
    /// Which file it is in the end.
    pub(in crate::cache::store) inode: u64,
}

/// A file, or a directory with everything in it.
#[derive(Clone, Debug)]
pub(in crate::cache::store) struct Part {
    /// Below the root.
    pub(in crate::cache::store) path: PathBuf,
    /// As it was seen.
    pub(in crate::cache::store) about: About,
}

impl Item {
    /// The entry named by `path`, with nothing in it yet.
    pub(in crate::cache::store) fn new(path: &Path) -> Self {
        let mut entry = Entry::new(id_of(path));
        entry.key = name_label(path);
        entry.path = Some(path.to_owned());
        Self { entry, parts: Vec::new(), links: Vec::new() }
    }

    /// The entry that is the one file at `path`.
    pub(in crate::cache::store) fn of_file(path: &Path, about: About) -> Self {
        let mut item = Self::new(path);
        item.add(path.to_owned(), about);
        item
    }

    /// Adds a file or a directory that goes with it. Of a directory the content counts, see [`Item::add_tree`].
    pub(in crate::cache::store) fn add(&mut self, path: PathBuf, about: About) {
        self.count(&about);
        self.parts.push(Part { path, about });
    }

    /// Has a file go first that is in a directory which goes with it.
    pub(in crate::cache::store) fn lead_with(&mut self, path: PathBuf, about: About) {
        self.parts.insert(0, Part { path, about });
    }

    /// Adds a directory with everything in it.
    pub(in crate::cache::store) fn add_tree(&mut self, ground: &Ground, path: PathBuf, dir: &Dir) {
        match dir.itself() {
            Ok(about) => {
                self.count(&about);
                self.inside(ground, &path, dir, DEEPEST);
                self.parts.push(Part { path, about });
            }
            Err(error) => ground.note(&path, &error),
        }
    }

    fn inside(&mut self, ground: &Ground, path: &Path, dir: &Dir, depth: usize) {
        let _ = ground.names(dir, path, &mut |name, kind| {
            match (kind, dir.about(name)) {
                (Kind::Dir, _) if depth > 0 => {
                    let at = path.join(name);
                    if let Some(sub) = ground.sub(dir, name, &at) {
                        self.inside(ground, &at, &sub, depth - 1);
                    }
                }
                (_, Ok(about)) => self.count(&about),
                (_, Err(error)) => ground.note(&path.join(name), &error),
            }
            std::ops::ControlFlow::Continue(())
        });
    }

    /// Takes what is known of a file into the entry's sizes, times and stamp.
    fn count(&mut self, about: &About) {
        self.stamp_with(about);
        let entry = &mut self.entry;
        if about.kind == Kind::Dir {
            return;
        }
        let later = |old: Option<Time>, new: Time| Some(old.filter(|old| old.at >= new.at).unwrap_or(new));
        entry.created = later(entry.created, about.written());
        entry.accessed = later(entry.accessed, about.used());
        let used = entry.accessed.map_or(0, |time| time.at.seconds().to_bits());
        entry.stamp = Stamp { usage: (used ^ used >> 32) as u32, ..entry.stamp };
        count_file(entry, about);
    }

    /// Adds something that goes with it, without counting it.
    pub(in crate::cache::store) fn part(&mut self, path: PathBuf, about: About) {
        self.parts.push(Part { path, about });
    }

    /// Takes a file into the stamp.
    pub(in crate::cache::store) fn stamp_with(&mut self, about: &About) {
        let entry = &mut self.entry;
        let touched = about.touched();
        entry.touched = Some(entry.touched.map_or(touched, |at| at.max(touched)));
        let mut hasher = DefaultHasher::new();
        (entry.stamp.content, about.identity()).hash(&mut hasher);
        entry.stamp.content = hasher.finish();
    }

    /// Gives it a condition, and says why.
    pub(in crate::cache::store) fn is(&mut self, state: State, why: impl Into<String>) {
        self.entry.state = state;
        self.entry.note = Some(why.into());
    }
}

/// Counts a file's bytes, which are its own or shared with its other names.
pub(in crate::cache::store) fn count_file(entry: &mut Entry, about: &About) {
    if about.links > 1 {
        // Once for each name, of which each counts.
        entry.shared.push(Object { id: object_id(about), bytes: about.frees(), links: about.links });
    } else {
        entry.own_bytes = entry.own_bytes.saturating_add(about.frees());
    }
}

/// Tells a file apart from all others of its file system.
pub(in crate::cache::store) fn object_id(about: &About) -> u64 {
    about.inode
}

/// A path as an id: itself, where it is UTF-8 without a backslash; else with `\\` and `\xff`.
pub(in crate::cache::store) fn id_of(path: &Path) -> EntryId {
    let bytes = path.as_os_str().as_bytes();
    if let (Some(text), false) = (path.to_str(), bytes.contains(&b'\\')) {
        return EntryId::Name(text.into());
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    EntryId::Name(out.into())
}

/// The path that an id names; `None` if it cannot name any.
pub(in crate::cache::store) fn path_of(id: &EntryId) -> Option<PathBuf> {
    let EntryId::Name(text) = id else { return None };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = &**text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(rest.get(..at)?.as_bytes());
        rest = rest.get(at + 1..)?;
        if let Some(after) = rest.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = after;
        } else {
            bytes.push(u8::from_str_radix(rest.strip_prefix('x')?.get(..2)?, 16).ok()?);
            rest = rest.get(3..)?;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    (!bytes.is_empty()).then(|| PathBuf::from(OsString::from_vec(bytes)))
}

/// A path as a key.
pub(in crate::cache::store) fn name_label(path: &Path) -> Label {
    let bytes = path.to_str().is_none().then(|| path.as_os_str().as_bytes().to_vec());
    Label { data_type: DataType::Name, text: path.to_string_lossy().into_owned(), bytes, ..Label::default() }
}

/// The first regular file of an entry, for showing it.
pub(super) fn first_file(ground: &Ground, item: &Item) -> io::Result<Value> {
    match item.parts.iter().find(|part| part.about.kind == Kind::File) {
        Some(part) => Ok(Value::File(ground.dir.file(&part.path)?, part.about.size)),
        None => Ok(Value::Text(String::new())),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_names_the_path_it_was_made_of(bytes in prop::collection::vec(1_u8.., 1..20)) {
            let path = Path::new(OsStr::from_bytes(&bytes));
            let back = path_of(&id_of(path));
            prop_assert_eq!(back.as_deref().map(Path::as_os_str), Some(path.as_os_str()));
        }

        #[test]
        fn any_text_is_an_id_or_none(text in ".{0,10}") {
            let _ = path_of(&EntryId::Name(text.into()));
        }
    }
}
