//! How much room a cache's directory really takes, and which value files nobody needs.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs, io,
    ops::ControlFlow,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustc_hash::FxHashSet;

use super::value_name::{ValueName, is_shelf};
use crate::cache::look::{Dir, Kind};

/// Directories inside each other beyond this are not looked into.
const DEEPEST: usize = 64;
/// Younger files than this, in seconds, may be just being written.
const GRACE: f64 = 3600.0;
/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;

/// What a directory takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Bytes that the file system has given out, directories included.
    pub(super) disk_bytes: u64,
    /// Value files that no row names.
    pub(super) orphans: u64,
    /// Their bytes.
    pub(super) orphan_bytes: u64,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.disk_bytes += other.disk_bytes;
        self.orphans += other.orphans;
        self.orphan_bytes += other.orphan_bytes;
    }
}

/// Measures everything below `dir` on its file system; `named` has the value files that rows name, `now` is in seconds since 1970.
/// Directories that cannot be read count as nothing.
pub(super) fn measure(dir: &Path, named: &FxHashSet<ValueName>, now: f64) -> Usage {
    let Ok(root) = fs::symlink_metadata(dir) else { return Usage::default() };
    let walk = Walk { named, now, device: root.dev(), linked: Mutex::default() };
    let mut usage = Usage { disk_bytes: root.blocks() * 512, ..Usage::default() };
    let mut tops = Vec::new();
    let _ = each(dir, |held, name, kind| match kind {
        Kind::Dir => tops.push(dir.join(name)),
        _ => usage.add(walk.file(held, name, None)),
    });
    let next = AtomicUsize::new(0);
    let work = || {
        let mut usage = Usage::default();
        while let Some(top) = tops.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Only two directories deep are value files.
            let shelf = top.file_name().and_then(|name| is_shelf(name.as_bytes()));
            usage.add(walk.directory(top, shelf, DEEPEST));
        }
        usage
    };
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_THREADS);
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads.min(tops.len())).map(|_| scope.spawn(work)).collect();
        for part in handles.into_iter().filter_map(|handle| handle.join().ok()) {
            usage.add(part);
        }
    });
    usage
}

/// Visits what is in a directory, which is held open and whose access time stays.
fn each(dir: &Path, mut visit: impl FnMut(&Dir, &OsStr, Kind)) -> io::Result<()> {
    let held = Dir::open(dir)?;
    held.names(&mut |name, kind| {
        visit(&held, name, kind);
        ControlFlow::Continue(())
    })
}

struct Walk<'a> {
    named: &'a FxHashSet<ValueName>,
    now: f64,
    device: u64,
    /// Files with several names that have been counted.
    linked: Mutex<HashSet<u64>>,
}

impl Walk<'_> {
    /// A directory and what is in it; `shelf` is its name, where it may hold directories of value files.
    fn directory(&self, dir: &Path, shelf: Option<[u8; 2]>, depth: usize) -> Usage {
        let Some(about) = fs::symlink_metadata(dir).ok().filter(|about| about.dev() == self.device) else {
            return Usage::default();
        };
        let mut usage = Usage { disk_bytes: about.blocks() * 512, ..Usage::default() };
        if depth == 0 {
            return usage;
        }
        let _ = each(dir, |held, name, kind| {
            usage.add(match (kind == Kind::Dir, shelf, is_shelf(name.as_bytes())) {
                (true, Some(outer), Some(inner)) => self.shelf(&dir.join(name), outer, inner),
                (true, ..) => self.directory(&dir.join(name), None, depth - 1),
                (false, ..) => self.file(held, name, None),
            });
        });
        usage
    }

    fn shelf(&self, dir: &Path, outer: [u8; 2], inner: [u8; 2]) -> Usage {
        let mut usage = Usage::default();
        if let Ok(about) = fs::symlink_metadata(dir) {
            usage.disk_bytes = about.blocks() * 512;
        }
        let _ = each(dir, |held, name, kind| {
            if kind == Kind::Dir {
                usage.add(self.directory(&dir.join(name), None, DEEPEST));
            } else {
                let value = ValueName::from_parts(outer, inner, name.as_bytes());
                usage.add(self.file(held, name, value));
            }
        });
        usage
    }

    fn file(&self, dir: &Dir, name: &OsStr, value: Option<ValueName>) -> Usage {
        // SQLite's shared memory is there while somebody, such as we, has the database open.
        if name.as_bytes().ends_with(b"-shm") {
            return Usage::default();
        }
        let Ok(about) = dir.about(name) else { return Usage::default() };
        let mut usage = Usage { disk_bytes: about.allocated, ..Usage::default() };
        if about.links > 1 {
            let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
            if !linked.insert(about.inode) {
                return Usage::default();
            }
        }
        let orphan = value.is_some_and(|value| !self.named.contains(&value));
        if orphan && about.kind == Kind::File && self.now - about.modified.0 as f64 > GRACE {
            (usage.orphans, usage.orphan_bytes) = (1, about.allocated);
        }
        usage
    }
}
