//! How much room a directory takes, and what each file of it adds up to, in one pass on several threads.

use std::{
    ffi::OsStr,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxHashSet;

use crate::cache::{
    crew::{self, Names, Node, Work},
    look::{About, Dir, Kind},
};

/// Directories inside each other that are looked into.
const DEEPEST: u32 = 256;

/// A directory in which something was met.
pub(in crate::cache::store) struct Place<'a> {
    pub(in crate::cache::store) dir: &'a Dir,
    /// Below the root.
    pub(in crate::cache::store) path: &'a Path,
    /// Whether any name in it is one that was asked for.
    pub(in crate::cache::store) has_sign: bool,
}

/// What is done with every file.
pub(in crate::cache::store) trait Survey: Sync {
    /// What a thread adds up.
    type Sum: Send;

    /// Nothing yet.
    fn sum(&self) -> Self::Sum;

    /// Whether a name says that its directory may be another's.
    fn is_sign(&self, _name: &OsStr) -> bool {
        false
    }

    /// Whether files in a directory and below it count; asked where they do in the one above it.
    fn counts(&self, _place: &Place<'_>) -> bool {
        false
    }

    /// Adds a file.
    fn add(&self, _sum: &mut Self::Sum, _place: &Place<'_>, _name: &OsStr, _about: &About) {}
}

/// What a survey has found.
pub(in crate::cache::store) struct Surveyed<S> {
    /// Bytes that the file system has given out for everything, the directory itself included: what has several names counts once.
    pub(in crate::cache::store) disk_bytes: u64,
    /// What the threads have added up.
    pub(in crate::cache::store) sums: Vec<S>,
    /// What could not be looked at.
    pub(in crate::cache::store) missed: Vec<(PathBuf, io::Error)>,
}

/// Bytes that the file system has given out for everything below `dir`. Directories that cannot be read count as themselves; other file
/// systems are not entered.
pub(in crate::cache::store) fn disk_usage(dir: &Dir) -> u64 {
    struct Nothing;
    impl Survey for Nothing {
        type Sum = ();
        fn sum(&self) {}
    }
    survey(dir, &Nothing).disk_bytes
}

/// Looks at everything below `dir`.
pub(in crate::cache::store) fn survey<V: Survey>(dir: &Dir, survey: &V) -> Surveyed<V::Sum> {
    let own = dir.itself().map_or(0, |about| about.allocated);
    let mut surveyed = Surveyed { disk_bytes: own, sums: Vec::new(), missed: Vec::new() };
    let Ok(dir) = dir.below(Path::new("")) else { return surveyed };
    let start = Node { dir, path: PathBuf::new(), depth: DEEPEST, data: true };
    let walk = Walk { survey, linked: Mutex::default() };
    for own in crew::walk(vec![start], &walk, &|| Own { bytes: 0, sum: survey.sum(), missed: Vec::new() }) {
        surveyed.disk_bytes = surveyed.disk_bytes.saturating_add(own.bytes);
        surveyed.sums.push(own.sum);
        surveyed.missed.extend(own.missed);
    }
    surveyed
}

struct Own<S> {
    bytes: u64,
    sum: S,
    missed: Vec<(PathBuf, io::Error)>,
}

struct Walk<'a, V> {
    survey: &'a V,
    /// Files with several names that have been counted.
    linked: Mutex<FxHashSet<u64>>,
}

impl<V: Survey> Work<bool> for Walk<'_, V> {
    type Own = Own<V::Sum>;

    fn one(&self, own: &mut Self::Own, mut node: Node<bool>) -> Option<(Node<bool>, Names)> {
        let (dir, path) = (&node.dir, node.path.as_path());
        let mut place = Place { dir, path, has_sign: false };
        // Whose files they are has to be known before the first of them counts.
        if node.data {
            let _ = dir.names(&mut |name, _| {
                place.has_sign = self.survey.is_sign(name);
                if place.has_sign { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            node.data = self.survey.counts(&place);
        }
        let mut names = Names::default();
        let listed = dir.names_once(&mut |name, kind| {
            match dir.about(name) {
                Ok(about) => {
                    let again = about.links > 1
                        && kind != Kind::Dir
                        && !self.linked.lock().unwrap_or_else(PoisonError::into_inner).insert(about.inode);
                    own.bytes = own.bytes.saturating_add(if again { 0 } else { about.allocated });
                    if node.data {
                        self.survey.add(&mut own.sum, &place, name, &about);
                    }
                }
                Err(error) => own.missed.push((path.join(name), error)),
            }
            if kind == Kind::Dir {
                names.push(name);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = listed {
            own.missed.push((node.path, error));
            return None;
        }
        Some((node, names))
    }

    fn missed(&self, own: &mut Self::Own, path: PathBuf, error: io::Error) {
        if error.raw_os_error() != Some(libc::EXDEV) {
            own.missed.push((path, error));
        }
    }
}
