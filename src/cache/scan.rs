//! Finds the caches below directories: what each is, how big, how much of it is of no more use.
//!
//! Directories are read by several threads, files are not looked at unless a name says that there may be a cache. Nothing changes, no link
//! is followed, no mount crossed; of what was found only the sums are kept.

use std::{
    ffi::{OsStr, OsString},
    io,
    ops::ControlFlow,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread,
};

use rustc_hash::FxHashSet;

use super::{
    Error,
    locate::{self, Found, Places, Verdict},
    look::{Dir, Kind},
    model::{Summary, Timestamp},
    store::{self, Access, plain},
};
use crate::{progress::Progress, units};

/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;
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

/// A directory to be looked at.
struct Job {
    dir: Dir,
    path: PathBuf,
    depth: u32,
    /// Whether it is inside of a directory of files that has been found to be a cache.
    inside: bool,
}

/// Directories in a directory, which are opened when it is their turn: many are waiting, few are open.
struct Inner {
    parent: Arc<Job>,
    /// Each with a zero byte behind it.
    names: Vec<u8>,
}

impl Inner {
    /// The next one.
    fn next(&mut self) -> Option<OsString> {
        self.names.pop()?;
        let start = self.names.iter().rposition(|&byte| byte == 0).map_or(0, |at| at + 1);
        Some(OsString::from_vec(self.names.split_off(start)))
    }
}

/// What is to be done.
enum Todo {
    Root(Job),
    Inner(Arc<Job>, OsString),
}

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
                starts.push(Job { dir, path, depth: DEEPEST, inside: false });
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
    let waiting = Waiting { roots: starts, inner: Vec::new(), working: 0 };
    let crew = Crew { places, now, waiting: Mutex::new(waiting), more: Condvar::new() };
    let (sender, events) = channel();
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_THREADS);
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let crew = &crew;
            scope.spawn(move || crew.work(&sender));
        }
        drop(sender);
        for event in events {
            match event {
                Event::Directories(n) => outcome.directories += n,
                Event::Cache(seen) => outcome.caches.push(*seen),
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

/// Several threads with directories to look at.
struct Crew<'a> {
    places: &'a Places,
    now: Timestamp,
    waiting: Mutex<Waiting>,
    more: Condvar,
}

/// What is to be done: first what lies deepest, so that little is waiting.
struct Waiting {
    roots: Vec<Job>,
    inner: Vec<Inner>,
    /// How many are being looked at.
    working: usize,
}

impl Waiting {
    fn next(&mut self) -> Option<Todo> {
        while let Some(last) = self.inner.last_mut() {
            if let Some(name) = last.next() {
                return Some(Todo::Inner(Arc::clone(&last.parent), name));
            }
            self.inner.pop();
        }
        self.roots.pop().map(Todo::Root)
    }
}

impl Crew<'_> {
    fn work(&self, events: &Sender<Event>) {
        let mut directories = 0;
        while let Some(todo) = self.next() {
            directories += 1;
            if directories == STEP {
                let _ = events.send(Event::Directories(directories));
                directories = 0;
            }
            let job = match todo {
                Todo::Root(job) => Some(job),
                Todo::Inner(parent, name) => self.open(&parent, &name, events),
            };
            let inner = job.and_then(|job| self.one(job, events));
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.working -= 1;
            let ended = inner.is_none() && waiting.working == 0;
            if let Some(inner) = inner {
                waiting.inner.push(inner);
                self.more.notify_all();
            } else if ended {
                self.more.notify_all();
            }
        }
        let _ = events.send(Event::Directories(directories));
    }

    fn next(&self) -> Option<Todo> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(todo) = waiting.next() {
                waiting.working += 1;
                return Some(todo);
            }
            if waiting.working == 0 {
                self.more.notify_all();
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self, parent: &Job, name: &OsStr, events: &Sender<Event>) -> Option<Job> {
        let path = parent.path.join(name);
        match parent.dir.sub(name) {
            Ok(dir) => Some(Job { dir, path, depth: parent.depth - 1, inside: parent.inside }),
            Err(error) => {
                // Another file system, or gone meanwhile, which is as it should be.
                let expected = [Some(libc::EXDEV), Some(libc::ENOENT)].contains(&error.raw_os_error());
                if !expected {
                    let _ = events.send(Event::Unseen(path, error));
                }
                None
            }
        }
    }

    /// Looks at one directory; those in it that are to be looked at.
    fn one(&self, mut job: Job, events: &Sender<Event>) -> Option<Inner> {
        let (mut names, mut sign, mut tagged) = (Vec::new(), false, false);
        let own = job.path.file_name().unwrap_or_default();
        sign |= store::has_sign(own.as_encoded_bytes());
        let listed = job.dir.names_once(&mut |name, kind| {
            let bytes = name.as_encoded_bytes();
            sign = sign || store::has_sign(bytes);
            tagged = tagged || plain::is_mark(name);
            if kind == Kind::Dir && !is_opaque(name) {
                names.extend_from_slice(bytes);
                names.push(0);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = listed {
            let _ = events.send(Event::Unseen(job.path, error));
            return None;
        }
        match self.identify(&job, sign, tagged) {
            Ok(Verdicts::None) => {}
            Ok(Verdicts::Refused(why)) => {
                let _ = events.send(Event::Refused(job.path.clone(), why));
            }
            Ok(Verdicts::Cache(found)) => {
                let files = found.is_plain();
                let _ = events.send(Event::Cache(Box::new(self.summarize(found))));
                if !files {
                    return None;
                }
                // Other caches in it are looked at on their own.
                job.inside = true;
            }
            Err(error) => {
                let _ = events.send(Event::Unseen(job.path.clone(), io::Error::other(error.to_string())));
            }
        }
        let more = job.depth > 0 && !names.is_empty();
        more.then(|| Inner { parent: Arc::new(job), names })
    }

    fn identify(&self, job: &Job, sign: bool, tagged: bool) -> Result<Verdicts, Error> {
        let mut unsure = None;
        if sign && let Some(found) = locate::known(&job.path, &mut unsure)? {
            return Ok(Verdicts::Cache(found));
        }
        let place =
            job.path.parent().is_some_and(|parent| self.places.cache_homes.iter().any(|h| h == parent));
        if !job.inside && (tagged || place) {
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
        let (kind, summary) = match opened {
            Ok(store) => (store.kind(), store.summary(self.now, None)),
            Err(error) => (found.kind(), Err(error)),
        };
        Seen { kind, root: found.root, evidence: found.evidence, summary }
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
    [".cache", ".streamlit", ".triton", ".npm", ".cargo/registry"]
        .iter()
        .map(|name| home.join(name))
        .collect()
}
