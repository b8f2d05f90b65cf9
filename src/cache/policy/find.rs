//! Which caches a policy means, as they are now.

use std::{
    ffi::{OsStr, OsString},
    io,
    ops::ControlFlow,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustc_hash::FxHashSet;

use super::{PathPattern, Policy};
use crate::cache::{
    Error,
    locate::{Found, Places, locate},
    look::{Dir, Kind},
    select::Pattern,
};

/// What was found.
#[derive(Default)]
pub struct Outcome {
    /// The caches, in the order of the policy, each once.
    pub caches: Vec<Hit>,
    /// What should be a cache and is none, or cannot be looked at.
    pub failed: Vec<(PathBuf, Error)>,
    /// What a pattern matches and is no cache, and why.
    pub skipped: Vec<(PathBuf, Error)>,
}

/// A cache that a policy means.
#[derive(Clone)]
pub struct Hit {
    /// Which section it belongs to.
    pub section: usize,
    /// Whether its path is written out, and not only met by a pattern.
    pub typed: bool,
    /// Which it is.
    pub found: Found,
}

/// Looks up the caches that `policy` means.
pub fn find(policy: &Policy, places: &Places) -> Outcome {
    let (mut outcome, mut known) = (Outcome::default(), FxHashSet::default());
    for (section, path) in policy
        .sections
        .iter()
        .enumerate()
        .flat_map(|(i, section)| section.paths.iter().map(move |path| (i, path)))
    {
        let mut matches = Vec::new();
        expand(path, &mut matches, &mut outcome.failed);
        let typed = path.rest.is_empty();
        for path in matches {
            for located in locate_all(&path, places) {
                match located {
                    Ok(found) => {
                        let real = found.root.canonicalize().unwrap_or_else(|_| found.root.clone());
                        if known.insert(real) {
                            outcome.caches.push(Hit { section, typed, found });
                        }
                    }
                    // Emptied by an earlier run, a directory is no cache until it is filled again.
                    Err(error @ (Error::NotACache { .. } | Error::NotADirectory { .. }))
                        if !typed || error.is_of_empty() =>
                    {
                        outcome.skipped.push((path.clone(), error));
                    }
                    Err(error) => outcome.failed.push((path.clone(), error)),
                }
            }
        }
    }
    outcome
}

/// What `path` is; where it is known to be around several caches, each of them.
fn locate_all(path: &Path, places: &Places) -> Vec<Result<Found, Error>> {
    match locate(path, places) {
        Err(Error::Several { roots, .. }) => roots.iter().map(|root| locate(root, places)).collect(),
        one => vec![one],
    }
}

/// The directories that a pattern matches, sorted. Links are followed only where they are written out.
fn expand(path: &PathPattern, found: &mut Vec<PathBuf>, failed: &mut Vec<(PathBuf, Error)>) {
    if path.rest.is_empty() {
        found.push(path.start.clone());
        return;
    }
    match Dir::open(&path.start) {
        Ok(dir) => descend(&dir, &path.start, &path.rest, found, failed),
        // Nothing matches.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => failed.push(unread(path.start.clone(), source)),
    }
}

fn unread(path: PathBuf, source: io::Error) -> (PathBuf, Error) {
    (path.clone(), Error::Read { path, source })
}

fn descend(
    dir: &Dir,
    at: &Path,
    rest: &[Pattern],
    found: &mut Vec<PathBuf>,
    failed: &mut Vec<(PathBuf, Error)>,
) {
    let Some((pattern, rest)) = rest.split_first() else { return };
    let mut names: Vec<OsString> = Vec::new();
    let listed = dir.names(&mut |name, kind| {
        if kind == Kind::Dir && matches(pattern, name) {
            names.push(name.to_owned());
        }
        ControlFlow::Continue(())
    });
    if let Err(source) = listed {
        failed.push(unread(at.to_owned(), source));
    }
    names.sort_unstable();
    for name in names {
        let path = at.join(&name);
        if rest.is_empty() {
            found.push(path);
            continue;
        }
        match sub(dir, &name, &path) {
            Ok(inner) => descend(&inner, &path, rest, found, failed),
            // Gone meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => failed.push(unread(path, source)),
        }
    }
}

/// Opens a directory of another file system, too: a pattern may lead over mounts.
fn sub(dir: &Dir, name: &OsStr, path: &Path) -> io::Result<Dir> {
    match dir.sub(name) {
        Err(error) if error.raw_os_error() == Some(libc::EXDEV) => Dir::open(path),
        result => result,
    }
}

/// As in a shell, what begins with a dot must be asked for.
fn matches(pattern: &Pattern, name: &OsStr) -> bool {
    let hidden = name.as_bytes().starts_with(b".") && !pattern.as_str().starts_with('.');
    !hidden && pattern.matches(&name.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn patterns_match_directories_and_no_links() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a/x/c", "a/y/c", "a/y/d", "a/.z/c", "a/w"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        fs::write(dir.path().join("a/w/c"), "a file").unwrap();
        symlink("y", dir.path().join("a/link")).unwrap();
        symlink("a", dir.path().join("typed")).unwrap();
        let all = |text: &str| {
            let pattern = PathPattern::new(text, None, dir.path()).unwrap();
            let (mut found, mut failed) = (Vec::new(), Vec::new());
            expand(&pattern, &mut found, &mut failed);
            assert!(failed.is_empty());
            let below = |path: &PathBuf| path.strip_prefix(dir.path()).unwrap().display().to_string();
            found.iter().map(below).collect::<Vec<_>>()
        };
        assert_eq!(all("a/*/c"), ["a/x/c", "a/y/c"]);
        assert_eq!(all("typed/[xw]/*"), ["typed/x/c"]);
        assert_eq!(all("a/.*/c"), ["a/.z/c"]);
        assert_eq!(all("*"), ["a"]);
        assert_eq!(all("none"), ["none"]);
    }
}
