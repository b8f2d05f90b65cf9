//! Finds the caches below directories: what each is, how big, how much of it is of no more use.
//!
//! Directories are read by several threads, files are not looked at unless a name says that there may be a cache. Nothing changes, no link
//! is followed, no mount crossed; of what was found only the sums are kept.

use std::{
    ffi::OsStr,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{Sender, channel},
    thread,
};

use rustc_hash::FxHashSet;

use super::{
    Error,
    crew::{self, Names, Node, Work},
    locate::{self, Found, Places, Verdict},
    look::{Dir, Kind},
    model::{Summary, Timestamp},
    store::{self, Access, plain},
};
use crate::{progress::Progress, units};

/// Directories inside each other that are looked into; each may be held open.
const DEEPEST: u32 = 200;
/// Things that are told of because they could not be looked at; of more only the number.
const MOST_UNSEEN: usize = 20;
/// How often progress is told: after so many directories.
const STEP: u64 = 1000;

/// A cache that was found.
#[derive(Debug)]
pub struct Seen {
    /// What kind it is.
    pub kind: &'static str,
    /// Its directory.
    pub root: PathBuf,
    /// What proves it, in a few words.
    pub evidence: String,
    /// What is in it, or why that cannot be said.
    pub summary: Result<Summary, Error>,
    /// What of it could not be looked at, a line of text each.
    unseen: Vec<String>,
}

impl Seen {
    /// Bytes of no more use: certainly, and by all appearance. They come first.
    fn rank(&self) -> (u64, u64, u64) {
        let Ok(summary) = &self.summary else { return (0, 0, 0) };
        let stale = summary.stale;
        (summary.expired_bytes.saturating_add(stale.sure_bytes), stale.likely_bytes, summary.disk_bytes)
    }
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The caches, those first of which most can be freed.
    pub caches: Vec<Seen>,
    /// What looks like a cache, and why it is none.
    pub refused: Vec<(PathBuf, String)>,
    /// What could not be looked at, a line of text each; of many the first and how many more.
    pub unseen: Vec<String>,
    /// Directories that were read.
    pub directories: u64,
}

/// What the threads tell.
enum Event {
    Directories(u64),
    Cache(Box<Seen>),
    Refused(PathBuf, String),
    Unseen(PathBuf, io::Error),
}

/// A directory to be looked at, and whether it is inside of a directory of files that has been found to be a cache.
type Job = Node<bool>;

/// Looks for caches in `roots` and below.
///
/// # Errors
/// [`Error::Read`] if none of the roots can be read.
pub fn scan(
    roots: &[PathBuf],
    places: &Places,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let (mut starts, mut outcome, mut error) = (Vec::new(), Outcome::default(), None);
    let mut known = FxHashSet::default();
    let mut unseen = 0_u64;
    for path in outermost(roots) {
        match Dir::open(&path).and_then(|dir| Ok((dir.itself()?, dir))) {
            Ok((about, dir)) if known.insert((about.device, about.inode)) => {
                starts.push(Job { dir, path, depth: DEEPEST, data: false });
            }
            Ok(_) => {}
            Err(source) => {
                let failed = Error::Read { path, source };
                tell(&mut outcome, &mut unseen, describe(&failed));
                error.get_or_insert(failed);
            }
        }
    }
    if let (true, Some(error)) = (starts.is_empty(), error) {
        return Err(error);
    }
    let search = Search { places, now };
    let (sender, events) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let make = || Own { events: sender.clone(), directories: 0 };
            for own in crew::walk(starts, &search, &make) {
                let _ = own.events.send(Event::Directories(own.directories));
            }
        });
        for event in events {
            match event {
                Event::Directories(n) => outcome.directories += n,
                Event::Cache(mut seen) => {
                    for text in std::mem::take(&mut seen.unseen) {
                        tell(&mut outcome, &mut unseen, text);
                    }
                    outcome.caches.push(*seen);
                }
                Event::Refused(path, why) => outcome.refused.push((path, why)),
                Event::Unseen(path, source) => {
                    tell(&mut outcome, &mut unseen, describe(&Error::Read { path, source }));
                }
            }
            let found = units::plural(outcome.caches.len() as u64, "cache", "caches");
            progress.update(&format!("{} directories, {found}", units::count(outcome.directories)));
        }
    });
    progress.finish();
    if unseen > MOST_UNSEEN as u64 {
        outcome.unseen.push(format!("{} more could not be read", units::count(unseen - MOST_UNSEEN as u64)));
    }
    outcome.caches.sort_by(|a, b| b.rank().cmp(&a.rank()).then_with(|| a.root.cmp(&b.root)));
    outcome.refused.sort();
    Ok(outcome)
}

/// The roots without those that are below others; what does not exist is left for whoever opens it.
fn outermost(roots: &[PathBuf]) -> Vec<PathBuf> {
    let real: Vec<PathBuf> =
        roots.iter().map(|root| root.canonicalize().unwrap_or_else(|_| root.clone())).collect();
    let inner = |i: usize| {
        real.iter()
            .enumerate()
            .any(|(j, other)| j != i && real[i].starts_with(other) && (real[i] != *other || j < i))
    };
    (0..real.len()).filter(|&i| !inner(i)).map(|i| roots[i].clone()).collect()
}

fn tell(outcome: &mut Outcome, unseen: &mut u64, text: String) {
    *unseen += 1;
    if outcome.unseen.len() < MOST_UNSEEN {
        outcome.unseen.push(text);
    }
}

/// An error and its cause in one line.
fn describe(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let end = cause.find(" (os error").unwrap_or(cause.len());
    format!("{error}: {}", cause.get(..end).unwrap_or(&cause).to_lowercase())
}

/// A search for caches.
struct Search<'a> {
    places: &'a Places,
    now: Timestamp,
}

/// What each thread has.
struct Own {
    events: Sender<Event>,
    /// Directories that have not been told of.
    directories: u64,
}

impl Work<bool> for Search<'_> {
    type Own = Own;

    fn one(&self, own: &mut Own, mut job: Job) -> Option<(Job, Names)> {
        own.directories += 1;
        if own.directories == STEP {
            let _ = own.events.send(Event::Directories(own.directories));
            own.directories = 0;
        }
        let (mut names, mut tagged, mut files) = (Names::default(), false, false);
        let mut sign = store::has_sign(job.path.file_name().unwrap_or_default().as_encoded_bytes());
        let listed = job.dir.names_once(&mut |name, kind| {
            sign = sign || store::has_sign(name.as_encoded_bytes());
            tagged = tagged || plain::is_mark(name);
            files = files || kind == Kind::File && store::has_file_sign(name.as_encoded_bytes());
            if kind == Kind::Dir && !is_opaque(name) {
                names.push(name);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = listed {
            let _ = own.events.send(Event::Unseen(job.path, error));
            return None;
        }
        if files {
            // Where there is nothing else, the directory is not taken for a cache of its own.
            job.data |= self.files_in(own, &job);
        }
        match self.identify(&job, sign, tagged) {
            Ok(Verdicts::None) => {}
            Ok(Verdicts::Refused(why)) => {
                let _ = own.events.send(Event::Refused(job.path.clone(), why));
            }
            Ok(Verdicts::Cache(found)) => {
                let files = found.is_plain();
                let seen = self.summarize(found);
                // What is left of a directory of files without the caches in it may be nothing.
                if !(files && seen.summary.as_ref().is_ok_and(|summary| summary.entries == 0)) {
                    let _ = own.events.send(Event::Cache(Box::new(seen)));
                }
                if !files {
                    return None;
                }
                // Other caches in it are looked at on their own.
                job.data = true;
            }
            Err(error) => {
                let error = io::Error::other(error.to_string());
                let _ = own.events.send(Event::Unseen(job.path.clone(), error));
            }
        }
        Some((job, names))
    }

    fn missed(&self, own: &mut Own, path: PathBuf, error: io::Error) {
        // Another file system, or gone meanwhile, which is as it should be.
        if ![Some(libc::EXDEV), Some(libc::ENOENT)].contains(&error.raw_os_error()) {
            let _ = own.events.send(Event::Unseen(path, error));
        }
    }
}

impl Search<'_> {
    /// Looks for files that are caches by themselves; whether they are all there is.
    fn files_in(&self, own: &Own, job: &Job) -> bool {
        let mut unsure = None;
        match locate::FileCaches::in_dir(&job.path, &mut unsure) {
            Ok(files) => {
                let alone = files.alone && !files.found.is_empty();
                for found in files.found {
                    let _ = own.events.send(Event::Cache(Box::new(self.summarize(found))));
                }
                alone
            }
            Err(error) => {
                let _ = own.events.send(Event::Unseen(job.path.clone(), io::Error::other(error.to_string())));
                false
            }
        }
    }

    fn identify(&self, job: &Job, sign: bool, tagged: bool) -> Result<Verdicts, Error> {
        let mut unsure = None;
        if sign && let Some(found) = locate::known(&job.path, &mut unsure)? {
            return Ok(Verdicts::Cache(found));
        }
        let place =
            job.path.parent().is_some_and(|parent| self.places.cache_homes.iter().any(|h| h == parent));
        if !job.data && (tagged || place) {
            match plain::probe(&job.path, self.places)? {
                Verdict::Yes(evidence) => return Ok(Verdicts::Cache(Found::plain(&job.path, evidence))),
                Verdict::Unsure(why) => unsure = unsure.or(Some(why)),
                Verdict::No => {}
            }
        }
        Ok(unsure.map_or(Verdicts::None, Verdicts::Refused))
    }

    fn summarize(&self, found: Found) -> Seen {
        let opened = found.open(Access::Look, &[]);
        let (kind, summary, unseen) = match opened {
            Ok(store) => (store.kind(), store.summary(self.now, None), store.unseen()),
            Err(error) => (found.kind(), Err(error), Vec::new()),
        };
        Seen { kind, root: found.root, evidence: found.evidence, summary, unseen }
    }
}

enum Verdicts {
    None,
    Refused(String),
    Cache(Found),
}

/// Directories of which no cache is ever a part of its own.
fn is_opaque(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(super::safe_delete::TRASH.as_bytes()) || name == b"objects"
}

/// Where caches are looked for without being named, as far as it exists: relative to a home directory.
pub fn well_known(home: &Path) -> Vec<PathBuf> {
    [".cache", ".streamlit", ".triton", ".npm", ".cargo/registry", ".ccache"]
        .iter()
        .map(|name| home.join(name))
        .collect()
}
