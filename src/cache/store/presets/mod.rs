//! Directories that need no code of their own: a table says what proves one, which files or directories make an entry, and who removes them.
//!
//! What is deleted is what its program takes for one thing: a kernel's directory with all its stages, a browser's build. Where a program keeps
//! count of what is in its directory, it is only looked at, and the program's own command is named.

mod playwright;
mod registry;
mod table;
mod torch;

use std::{
    ffi::{OsStr, OsString},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

pub(super) use table::{CARGO, CCACHE, INDUCTOR, PLAYWRIGHT, SCCACHE, TORCH_HUB, TRITON, WANDB};

use super::{
    Access, Kind, Store,
    files::{EachItem, FileStore, Ground, Item, Layout, file_facts},
};
use crate::cache::{
    Error,
    locate::Verdict,
    look::{self, Dir},
    model::{DataType, Facts, Kept},
    safe_delete::Care,
};

/// What is younger may be just being made.
const GRACE: Duration = Duration::from_secs(3600);
/// Bytes of a file that are looked at to find out what it is.
const HEAD: u64 = 4096;
/// Names of a directory that are looked at to find out what it is.
const MOST_NAMES: usize = 300;

/// One part of a path below the root.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// This name.
    Is(&'static str),
    /// A name of which this is true.
    Like(fn(&str) -> bool),
}

impl Step {
    fn fits(self, name: &OsStr) -> bool {
        match self {
            Self::Is(wanted) => name == wanted,
            Self::Like(like) => name.to_str().is_some_and(like),
        }
    }
}

/// Which things make entries.
#[derive(Clone, Copy, Debug)]
struct Unit {
    /// Their paths.
    path: &'static [Step],
    /// A directory with everything in it, or a file.
    kind: look::Kind,
}

/// A file that proves what the directory is.
#[derive(Clone, Copy)]
struct Proof {
    path: &'static [Step],
    /// Whether the file at this path, which begins like this, is what it should be.
    is: fn(&Dir, &Path, &[u8]) -> bool,
    /// What it is: `is a kernel of Triton`.
    says: &'static str,
}

/// Adds to an entry what only its program's other files tell.
type Judge = Box<dyn Fn(&Ground, &mut Item)>;

/// A kind of directory.
#[derive(Clone, Copy)]
pub(super) struct Preset {
    name: &'static str,
    /// The program's name, for people.
    program: &'static str,
    /// Where it is in a directory that is known by the program's name.
    inside: &'static [&'static str],
    sign: fn(&[u8]) -> bool,
    proofs: &'static [Proof],
    units: &'static [Unit],
    /// Why nothing is removed here, and the command that does.
    owners_tool: Option<&'static str>,
    /// What is wrong with the content of a file.
    verify: fn(&Ground, &Path) -> Option<String>,
    judge: Option<fn(&Ground) -> Judge>,
    /// Whether `judge` tells what is left over, and when entries were used.
    knows_stale: bool,
    knows_use: bool,
    /// Why an entry must not be touched now.
    refuses: fn(&Ground) -> Option<String>,
}

impl Kind for Preset {
    fn name(&self) -> &'static str {
        self.name
    }

    fn sign(&self, name: &[u8]) -> bool {
        (self.sign)(name)
    }

    fn inside(&self) -> &'static [&'static str] {
        self.inside
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let look = Dir::open(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
        let proof = self.proofs.iter().find_map(|proof| proof.find(&look));
        Ok(proof.map_or(Verdict::No, Verdict::Yes))
    }

    fn open(&self, dir: &Path, access: Access) -> Result<Box<dyn Store>, Error> {
        let ground = Ground::open(dir)?;
        let mut facts = Facts { groups: Kept::Yes, ..file_facts(&ground, self.program) };
        if self.knows_stale {
            facts.stale = Kept::Yes;
        }
        if self.knows_use {
            facts.accessed = Kept::Yes;
        }
        let judge = self.judge.map(|judge| judge(&ground));
        Ok(FileStore::boxed(Tree { preset: *self, facts, judge }, ground, access))
    }
}

impl Proof {
    /// What proves that `root` is one.
    fn find(&self, root: &Dir) -> Option<String> {
        let mut found = None;
        let _ = below(root, Path::new(""), self.path, look::Kind::File, &mut |dir, path| {
            let name = path.file_name().unwrap_or_default();
            if dir.head(name, HEAD).is_ok_and(|head| (self.is)(root, path, &head)) {
                found = Some(format!("{} {}", short(path), self.says));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }
}

/// A path of which long names are shortened.
fn short(path: &Path) -> String {
    let parts = path.iter().map(|part| {
        let part = part.to_string_lossy();
        if part.chars().count() <= 24 {
            part.into_owned()
        } else {
            part.chars().take(8).chain(['…']).collect()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Receives a directory and the path of something in it.
type Found<'a> = dyn FnMut(&Dir, &Path) -> ControlFlow<()> + 'a;

/// Visits what is at a path of these steps, at most some names of each directory.
fn below(dir: &Dir, at: &Path, steps: &[Step], wanted: look::Kind, found: &mut Found<'_>) -> ControlFlow<()> {
    let Some((step, rest)) = steps.split_first() else { return ControlFlow::Continue(()) };
    let kind = if rest.is_empty() { wanted } else { look::Kind::Dir };
    let (mut names, mut seen): (Vec<OsString>, _) = (Vec::new(), 0);
    let _ = dir.names(&mut |name, what| {
        seen += 1;
        if what == kind && step.fits(name) {
            names.push(name.to_owned());
        }
        if seen < MOST_NAMES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    for name in names {
        let path = at.join(&name);
        if rest.is_empty() {
            found(dir, &path)?;
        } else if let Ok(sub) = dir.sub(&name) {
            below(&sub, &path, rest, wanted, found)?;
        }
    }
    ControlFlow::Continue(())
}

/// An open directory of a preset.
struct Tree {
    preset: Preset,
    facts: Facts,
    judge: Option<Judge>,
}

impl Tree {
    fn walk(
        &self,
        ground: &Ground,
        (dir, at): (&Dir, &Path),
        (steps, kind): (&[Step], look::Kind),
        visit: &mut EachItem<'_>,
    ) -> ControlFlow<()> {
        let Some((step, rest)) = steps.split_first() else { return ControlFlow::Continue(()) };
        let mut inner = Vec::new();
        ground.names(dir, at, &mut |name, what| {
            if !step.fits(name) {
                return ControlFlow::Continue(());
            }
            if rest.is_empty() {
                let item = (what == kind).then(|| self.item(ground, dir, &at.join(name), kind)).flatten();
                return item.map_or(ControlFlow::Continue(()), &mut *visit);
            }
            if what == look::Kind::Dir {
                inner.push(name.to_owned());
            }
            ControlFlow::Continue(())
        })?;
        inner.sort_unstable();
        for name in inner {
            let path = at.join(&name);
            if let Some(sub) = ground.sub(dir, &name, &path) {
                self.walk(ground, (&sub, &path), (rest, kind), visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The entry at `path`, which is in `dir`.
    fn item(&self, ground: &Ground, dir: &Dir, path: &Path, kind: look::Kind) -> Option<Item> {
        let name = path.file_name()?;
        let mut item = match kind {
            look::Kind::Dir => {
                let mut item = Item::new(path);
                item.add_tree(ground, path.to_owned(), &ground.sub(dir, name, path)?);
                item
            }
            _ => {
                let about = dir.about(name).map_err(|error| ground.note(path, &error)).ok()?;
                Item::of_file(path, (about.kind == kind).then_some(about)?)
            }
        };
        item.entry.value_type = DataType::Bytes;
        let first = path.iter().next().filter(|first| *first != path.as_os_str());
        item.entry.group = first.map(|first| first.to_string_lossy().into_owned());
        if let Some(judge) = &self.judge {
            judge(ground, &mut item);
        }
        Some(item)
    }
}

impl Layout for Tree {
    fn kind(&self) -> &'static str {
        self.preset.name
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn each(&self, ground: &Ground, visit: &mut EachItem<'_>) -> Result<(), Error> {
        for unit in self.preset.units {
            let root = (&ground.dir, Path::new(""));
            if self.walk(ground, root, (unit.path, unit.kind), visit).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, ground: &Ground, path: &Path) -> Option<Item> {
        let names: Vec<&OsStr> = path.iter().collect();
        let fits = |unit: &&Unit| {
            unit.path.len() == names.len() && unit.path.iter().zip(&names).all(|(step, name)| step.fits(name))
        };
        self.preset.units.iter().filter(fits).find_map(|unit| {
            let dir = ground.dir.below(path.parent()?).ok()?;
            let about = dir.about(path.file_name()?).ok()?;
            (about.kind == unit.kind).then(|| self.item(ground, &dir, path, unit.kind))?
        })
    }

    fn grace(&self) -> Option<Duration> {
        Some(GRACE)
    }

    fn shares(&self) -> bool {
        true
    }

    fn care(&self) -> Care {
        Care::SpareUsed
    }

    fn owners_tool(&self) -> Option<&'static str> {
        self.preset.owners_tool
    }

    fn refuses(&self, ground: &Ground, _item: &Item) -> Option<String> {
        (self.preset.refuses)(ground)
    }

    fn verify(&self, ground: &Ground, item: &Item) -> Option<String> {
        (self.preset.verify)(ground, item.entry.path.as_deref()?)
    }
}
