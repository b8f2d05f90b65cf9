//! One repository: its refs, its revisions, and their blobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{BLOBS, INCOMPLETE, SNAPSHOTS, join, without_refs};
use crate::cache::{
    look::{About, Dir, Kind, resolve},
    model::{DataType, Label, Object, State, Time, Timestamp},
    store::{
        Problem,
        files::{Ground, Item, Leftovers, Link},
    },
};

/// Directories inside each other that a snapshot or a ref may have.
const DEEPEST: usize = 32;
/// A ref is a commit and perhaps a line end.
const REF_BYTES: u64 = 256;
/// Used this long after the branch went on, an old revision is still in use: access times are a day coarse.
const USED_SINCE: f64 = 86_400.0;

/// A repository as it was read.
pub(super) struct Repo {
    /// Its directory's name.
    pub(super) name: OsString,
    /// By commit.
    pub(super) revisions: BTreeMap<String, Revision>,
    /// Downloads that have not ended.
    pub(super) incomplete: BTreeMap<String, About>,
    /// Ref and commit.
    refs: Vec<(String, String, About)>,
}

/// A revision.
pub(super) struct Revision {
    /// Its directory.
    about: About,
    /// What it consists of, each once.
    pub(super) blobs: Vec<Blob>,
    /// Files whose blob is missing.
    missing: Vec<String>,
    /// Names and sizes of its files.
    files: Vec<(String, u64)>,
    /// Further directories and files that belong to it, if they are there.
    beside: Vec<(PathBuf, About)>,
}

/// The content of a file.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    /// Tells it apart.
    pub(super) inode: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// What a snapshot links to, below the root; `None` for a file that is in the snapshot itself.
    pub(super) path: Option<PathBuf>,
    /// The file in the store that repositories share, below the root.
    pub(super) payload: Option<PathBuf>,
    about: About,
}

impl Repo {
    pub(super) fn read(ground: &Ground, name: &OsStr) -> Option<Self> {
        let at = Path::new(name);
        let dir = ground.sub(&ground.dir, name, at)?;
        let mut repo = Self {
            name: name.to_owned(),
            revisions: BTreeMap::new(),
            incomplete: BTreeMap::new(),
            refs: Vec::new(),
        };
        if let Ok(refs) = dir.sub(OsStr::new("refs")) {
            repo.read_refs(ground, &refs, &at.join("refs"), "", DEEPEST);
        }
        let snapshots = dir.sub(OsStr::new(SNAPSHOTS)).ok()?;
        let path = at.join(SNAPSHOTS);
        for commit in ground.dirs(&snapshots, &path) {
            let (Some(text), at) = (commit.to_str(), path.join(&commit)) else { continue };
            let Some(sub) = ground.sub(&snapshots, &commit, &at) else { continue };
            let Ok(about) = sub.itself() else { continue };
            let mut revision = Revision {
                about,
                blobs: Vec::new(),
                missing: Vec::new(),
                files: Vec::new(),
                beside: Vec::new(),
            };
            revision.read(ground, &sub, &at, "", DEEPEST);
            for beside in [format!("trees/{text}.json"), format!(".no_exist/{text}")] {
                if let Ok(about) = dir.about(&beside) {
                    revision.beside.push((Path::new(name).join(beside), about));
                }
            }
            repo.revisions.insert(text.to_owned(), revision);
        }
        if let Ok(blobs) = dir.sub(OsStr::new(BLOBS)) {
            let _ = ground.names(&blobs, &at.join(BLOBS), &mut |name, _| {
                let text = name.to_str().filter(|text| text.ends_with(INCOMPLETE));
                if let (Some(text), Ok(about)) = (text, blobs.about(name)) {
                    repo.incomplete.insert(text.to_owned(), about);
                }
                ControlFlow::Continue(())
            });
        }
        Some(repo)
    }

    fn read_refs(&mut self, ground: &Ground, dir: &Dir, at: &Path, prefix: &str, depth: usize) {
        let _ = ground.names(dir, at, &mut |name, kind| {
            let text = format!("{prefix}{}", name.to_string_lossy());
            match kind {
                Kind::Dir if depth > 0 => {
                    if let Some(sub) = ground.sub(dir, name, &at.join(name)) {
                        self.read_refs(ground, &sub, &at.join(name), &format!("{text}/"), depth - 1);
                    }
                }
                Kind::File => {
                    if let (Ok(head), Ok(about)) = (dir.head(name, REF_BYTES), dir.about(name)) {
                        self.refs.push((text, String::from_utf8_lossy(&head).trim().to_owned(), about));
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }

    /// Its name on the Hub: `acme/tiny`.
    fn title(&self) -> String {
        let name = self.name.to_string_lossy();
        name.split_once("--").map_or("", |(_, title)| title).replace("--", "/")
    }

    fn group(&self) -> String {
        let name = self.name.to_string_lossy();
        format!("{}/{}", name.split("--").next().unwrap_or_default(), self.title())
    }

    /// A revision as an entry.
    pub(super) fn item(&self, commit: &str, revision: &Revision) -> Item {
        let path = join(&[&self.name, OsStr::new(SNAPSHOTS), OsStr::new(commit)]);
        let mut item = Item::new(&path);
        let entry = &mut item.entry;
        let text = format!("{}@{commit}", self.title());
        entry.key = Label { data_type: DataType::Name, text, ..Label::default() };
        entry.group = Some(self.group());
        entry.value_type = DataType::Text;
        let mut refs: Vec<&(String, String, About)> = self.refs.iter().filter(|r| r.1 == commit).collect();
        refs.sort_by(|a, b| a.0.cmp(&b.0));
        entry.tags = Some(refs.iter().map(|(name, ..)| Label::text(name)).collect());
        for (name, _, about) in &refs {
            item.lead_with(join(&[&self.name, OsStr::new("refs"), OsStr::new(name)]), *about);
        }
        item.stamp_with(&revision.about);
        let latest = |old: Option<Time>, new: Time| old.filter(|old| old.at >= new.at).or(Some(new));
        let mut written = None;
        for blob in &revision.blobs {
            item.entry.accessed = latest(item.entry.accessed, blob.about.used());
            written = latest(written, blob.about.written());
            item.entry.shared.push(Object { id: blob.inode, bytes: blob.bytes, links: 1 });
            item.stamp_with(&blob.about);
            item.links.push(Link {
                path: blob.path.clone(),
                payload: blob.payload.clone(),
                inode: blob.inode,
            });
        }
        item.entry.created = written.or(Some(revision.about.written()));
        item.part(path, revision.about);
        for (path, about) in &revision.beside {
            item.part(path.clone(), *about);
        }
        if let Some(file) = revision.missing.first() {
            item.is(State::Corrupt, format!("the content of `{file}` is missing"));
        } else if refs.is_empty() {
            let others = self.refs.iter().any(|(_, commit, _)| self.revisions.contains_key(commit));
            let (state, why) = without_refs(others, self.used_since(commit));
            item.is(state, why);
        }
        item
    }

    /// Whether something that only this revision has was used long after the branches went on.
    fn used_since(&self, commit: &str) -> bool {
        let moved = self.refs.iter().map(|(.., about)| about.written().at).max();
        let used = self.alone(commit).iter().map(|blob| blob.about.used().at).max();
        moved.zip(used).is_some_and(|(moved, used): (Timestamp, Timestamp)| used.since(moved) > USED_SINCE)
    }

    /// The blobs that no other revision of the repository has.
    pub(super) fn alone(&self, commit: &str) -> Vec<&Blob> {
        let others: BTreeSet<u64> = self
            .revisions
            .iter()
            .filter(|(other, _)| *other != commit)
            .flat_map(|(_, revision)| revision.blobs.iter().map(|blob| blob.inode))
            .collect();
        let own = self.revisions.get(commit).map(|revision| revision.blobs.as_slice()).unwrap_or_default();
        own.iter().filter(|blob| !others.contains(&blob.inode)).collect()
    }

    /// An interrupted download as an entry.
    pub(super) fn download(&self, name: &str, about: About) -> Item {
        let path = join(&[&self.name, OsStr::new(BLOBS), OsStr::new(name)]);
        let mut item = Item::of_file(&path, about);
        item.entry.group = Some(self.group());
        item.entry.tags = Some(Vec::new());
        item.entry.value_type = DataType::Bytes;
        item.is(State::Partial, "a download that has not ended");
        item
    }

    /// The files of a revision, a line each.
    pub(super) fn files_of(&self, commit: &str) -> String {
        let files = self.revisions.get(commit).map(|revision| revision.files.clone()).unwrap_or_default();
        files.iter().map(|(name, bytes)| format!("{:>10}  {name}\n", crate::units::bytes(*bytes))).collect()
    }

    /// What makes the library refuse the whole repository.
    pub(super) fn strays(&self, found: &mut dyn FnMut(Problem)) {
        for (name, commit, _) in self.refs.iter().filter(|r| !self.revisions.contains_key(&r.1)) {
            // A branch is written before its snapshot while a download goes on.
            let short: String = commit.chars().take(40).collect();
            found(Problem {
                what: "dangling-ref",
                place: format!("{}/refs/{name}", self.name.to_string_lossy()),
                detail: format!("it points at {short}, of which there is no snapshot"),
                note: !self.incomplete.is_empty(),
                fixable: false,
                fixed: false,
                bytes: 0,
            });
        }
    }
}

impl Revision {
    fn read(&mut self, ground: &Ground, dir: &Dir, at: &Path, prefix: &str, depth: usize) {
        let _ = ground.names(dir, at, &mut |name, kind| {
            let text = format!("{prefix}{}", name.to_string_lossy());
            let path = at.join(name);
            match kind {
                Kind::Dir if depth > 0 => {
                    if let Some(sub) = ground.sub(dir, name, &path) {
                        self.read(ground, &sub, &path, &format!("{text}/"), depth - 1);
                    }
                }
                // Where links cannot be made, the files themselves are here.
                Kind::File => {
                    if let Ok(about) = dir.about(name) {
                        self.add(text, Blob::of(about, None, None));
                    }
                }
                Kind::Link => match linked(ground, dir, name, at) {
                    Some(blob) => self.add(text, blob),
                    None => self.missing.push(text),
                },
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }

    fn add(&mut self, name: String, blob: Blob) {
        self.files.push((name, blob.bytes));
        if !self.blobs.iter().any(|known| known.inode == blob.inode) {
            self.blobs.push(blob);
        }
    }
}

impl Blob {
    fn of(about: About, path: Option<PathBuf>, payload: Option<PathBuf>) -> Self {
        Self { inode: about.inode, bytes: about.frees(), path, payload, about }
    }
}

/// What a link of a snapshot leads to, by way of the store that repositories share where it does; nowhere else is looked at.
fn linked(ground: &Ground, dir: &Dir, name: &OsStr, at: &Path) -> Option<Blob> {
    let path = resolve(at, &dir.link(name).ok()?)?;
    let about = ground.dir.about(&path).ok()?;
    match about.kind {
        Kind::File => Some(Blob::of(about, Some(path), None)),
        Kind::Link => {
            let (parent, name) = (path.parent()?, path.file_name()?);
            let target = ground.dir.below(parent).ok()?.link(name).ok()?;
            let payload = resolve(parent, &target)?;
            let about = ground.dir.about(&payload).ok().filter(|about| about.kind == Kind::File)?;
            Some(Blob::of(about, Some(path), Some(payload)))
        }
        _ => None,
    }
}

/// What the going of a revision leaves behind in its repository: blobs that nobody links to, or the whole of it.
pub(super) fn leftovers(ground: &Ground, name: &OsStr, item: &Item) -> Option<Leftovers> {
    let repo = Repo::read(ground, name)?;
    let needed: BTreeSet<&Path> = repo
        .revisions
        .values()
        .flat_map(|revision| revision.blobs.iter().filter_map(|blob| blob.path.as_deref()))
        .collect();
    let mut left = Leftovers::default();
    // Without a revision the library takes the repository for damaged, so it goes as one.
    let whole = repo.revisions.is_empty() && repo.incomplete.is_empty();
    for (link, object) in item.links.iter().zip(&item.entry.shared) {
        let Some(path) = link.path.as_deref() else {
            left.bytes += object.bytes;
            continue;
        };
        let Ok(about) = ground.dir.about(path) else { continue };
        if needed.contains(path) {
            continue;
        }
        if about.kind == Kind::File {
            left.bytes += about.frees();
        }
        if !whole {
            left.parts.push((path.to_owned(), about));
        }
    }
    if whole && let Ok(about) = ground.dir.about(name) {
        left.parts.push((PathBuf::from(name), about));
    }
    Some(left)
}
