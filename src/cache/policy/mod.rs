//! Policies: rules for many caches, and room that is to be kept free, in one file.
//!
//! `parse` makes a [`Policy`] of the file's text, `find` looks up which caches it means, [`plan::plan`] decides for all of them what goes,
//! `room` across caches what goes for free space. Nothing is touched before all of that is done.

pub mod file;
pub mod find;
mod parse;
pub mod plan;
mod room;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    plan::Room,
    select::{Filter, Pattern},
};

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which caches are meant; of several sections that mean the same one the first counts.
    pub sections: Vec<Section>,
    /// Rules of sections without rules of their own, by the kind of cache.
    pub kinds: BTreeMap<String, Rules>,
    /// Rules of everything else.
    pub defaults: Option<Rules>,
    /// Where room is to be kept free.
    pub keep_free: Vec<KeepFree>,
}

/// Caches of which the same holds.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Their directories.
    pub paths: Vec<PathPattern>,
    /// Their rules, where they have some of their own.
    pub rules: Option<Rules>,
    /// Nothing of them ever goes.
    pub keep: bool,
    /// Source files of the programs that use them.
    pub apps: Vec<PathBuf>,
}

/// What goes of a cache, and what may stay.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What goes.
    pub filter: Filter,
    /// How much may stay.
    pub room: Room,
}

impl Rules {
    /// Whether they make anything go.
    pub fn is_some(&self) -> bool {
        self.filter.has_rule() || self.has_limit()
    }

    fn has_limit(&self) -> bool {
        self.room.bytes.is_some() || self.room.entries.is_some()
    }
}

/// How much of a file system is to be free.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepFree {
    /// Somewhere on it.
    pub path: PathBuf,
    /// How much.
    pub amount: Amount,
}

/// A part of a file system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// Such a part of all, from 0 to 1.
    Share(f64),
}

impl Amount {
    /// In bytes, of a file system of `total` bytes.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Share(share) => (total as f64 * share) as u64,
        }
    }
}

/// An absolute path, any part of which may be a shell pattern.
#[derive(Clone, Debug)]
pub struct PathPattern {
    /// As it was typed.
    pub text: String,
    /// What comes before the first pattern.
    pub start: PathBuf,
    /// The parts from there on.
    pub rest: Vec<Pattern>,
}

impl PathPattern {
    /// Reads `text`: `~` is `home`, and what is relative is so to `base`.
    ///
    /// # Errors
    /// A few words for what cannot be a path.
    pub fn new(text: &str, home: Option<&Path>, base: &Path) -> Result<Self, String> {
        let start = |path: &str| absolute(path, home, base);
        let parts: Vec<&str> = text.split('/').collect();
        if parts.contains(&"**") {
            return Err("`**` is not known: name each level with `*`".to_owned());
        }
        let first = parts.iter().position(|part| part.contains(['*', '?', '['])).unwrap_or(parts.len());
        let (before, after) = parts.split_at(first);
        let rest = after.iter().filter(|part| !part.is_empty());
        if rest.clone().any(|part| *part == "..") {
            return Err("`..` cannot stand behind a pattern".to_owned());
        }
        let before = match before.join("/") {
            // The root itself.
            before if before.is_empty() && text.starts_with('/') => "/".to_owned(),
            before if before.is_empty() && first < parts.len() => ".".to_owned(),
            before => before,
        };
        Ok(Self {
            text: text.to_owned(),
            start: start(&before)?,
            rest: rest.map(|part| Pattern::new(part)).collect::<Result<_, _>>()?,
        })
    }
}

/// A path as people write it in a policy.
fn absolute(text: &str, home: Option<&Path>, base: &Path) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("an empty path".to_owned());
    }
    if text.contains('\0') {
        return Err("a path with a zero byte".to_owned());
    }
    match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = home.ok_or("`~` is not known: there is no home directory")?;
            let rest = rest.trim_start_matches('/');
            Ok(if rest.is_empty() { home.to_owned() } else { home.join(rest) })
        }
        Some(_) => Err("the home of another user: write it out".to_owned()),
        None if text == "." => Ok(base.to_owned()),
        None => Ok(base.join(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_where_the_policy_is_and_at_home() {
        let read = |text: &str| {
            let path = PathPattern::new(text, Some(Path::new("/home/a")), Path::new("/etc")).unwrap();
            let rest: Vec<String> = path.rest.iter().map(|part| part.as_str().to_owned()).collect();
            (path.start.display().to_string(), rest.join("/"))
        };
        let is = |start: &str, rest: &str| (start.to_owned(), rest.to_owned());
        assert_eq!(read("/srv/cache"), is("/srv/cache", ""));
        assert_eq!(read("~"), is("/home/a", ""));
        assert_eq!(read("~/.cache/*"), is("/home/a/.cache", "*"));
        assert_eq!(read("/*/x"), is("/", "*/x"));
        assert_eq!(read("x/[ab]*/c/"), is("/etc/x", "[ab]*/c"));
        assert_eq!(read("*"), is("/etc", "*"));
        assert_eq!(read("."), is("/etc", ""));
        for wrong in ["", "~bob/x", "/a/**/b", "/a/*/../b"] {
            assert!(PathPattern::new(wrong, None, Path::new("/")).is_err(), "{wrong}");
        }
        assert!(PathPattern::new("~/x", None, Path::new("/")).is_err());
    }

    #[test]
    fn a_share_is_one_of_all() {
        assert_eq!([Amount::Bytes(7).of(100), Amount::Share(0.25).of(100)], [7, 25]);
    }
}
