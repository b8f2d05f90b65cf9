//! How much room a directory takes.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rustc_hash::FxHashSet;

use crate::cache::look::{Dir, Kind};

/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;
/// Directories inside each other that are looked into; each may be held open.
const DEEPEST: u32 = 256;

/// Bytes that the file system has given out for everything below `dir`, itself included: what has several names counts once. Directories
/// that cannot be read count as themselves; other file systems are not entered.
pub(in crate::cache::store) fn disk_usage(dir: &Dir) -> u64 {
    let own = dir.itself().map_or(0, |about| about.allocated);
    let Ok(dir) = dir.below(Path::new("")) else { return own };
    let crew = Crew {
        waiting: Mutex::new((vec![(dir, DEEPEST)], 0)),
        more: Condvar::new(),
        bytes: AtomicU64::new(own),
        linked: Mutex::default(),
    };
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_THREADS);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| crew.work());
        }
        crew.work();
    });
    crew.bytes.into_inner()
}

/// Several threads with directories to look at.
struct Crew {
    /// What is to be done, the last one first so that few are open, and how many are being done.
    waiting: Mutex<(Vec<(Dir, u32)>, usize)>,
    more: Condvar,
    bytes: AtomicU64,
    linked: Mutex<FxHashSet<u64>>,
}

impl Crew {
    fn work(&self) {
        loop {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let (dir, depth) = loop {
                if let Some(next) = waiting.0.pop() {
                    waiting.1 += 1;
                    break next;
                }
                if waiting.1 == 0 {
                    self.more.notify_all();
                    return;
                }
                waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            };
            drop(waiting);
            self.one(&dir, depth);
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.1 -= 1;
            if waiting.1 == 0 && waiting.0.is_empty() {
                self.more.notify_all();
            }
        }
    }

    fn one(&self, dir: &Dir, depth: u32) {
        let (mut bytes, mut inner) = (0_u64, Vec::new());
        let _ = dir.names(&mut |name, kind| {
            if let Ok(about) = dir.about(name) {
                let again = about.links > 1
                    && kind != Kind::Dir
                    && !self.linked.lock().unwrap_or_else(PoisonError::into_inner).insert(about.inode);
                bytes += if again { 0 } else { about.allocated };
            }
            if kind == Kind::Dir && depth > 0 {
                inner.push(name.to_owned());
            }
            ControlFlow::Continue(())
        });
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        for name in inner {
            let Ok(sub) = dir.sub(&name) else { continue };
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // Where others have enough to do it is done at once, so that not too many are open.
            if waiting.0.len() < 2 * MOST_THREADS {
                waiting.0.push((sub, depth - 1));
                self.more.notify_one();
            } else {
                drop(waiting);
                self.one(&sub, depth - 1);
            }
        }
    }
}
