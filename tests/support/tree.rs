//! A directory as a value, to see that nothing in it was changed.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

/// What is known of one file: everything but its access time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    mode: u32,
    size: u64,
    modified_ns: i128,
    inode: u64,
    content: u64,
}

impl Node {
    /// Whether a copy holds the same; directories are what is in them.
    pub(crate) fn same_content(&self, other: &Self) -> bool {
        (self.mode, self.size, self.content) == (other.mode, other.size, other.content)
    }
}

/// Everything below a directory, by path relative to it.
pub(crate) type Tree = BTreeMap<PathBuf, Node>;

/// Reads everything below `root` without following links.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut found = Tree::new();
    walk(root, root, &mut found);
    found
}

fn walk(root: &Path, dir: &Path, found: &mut Tree) {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    for entry in entries {
        let path = entry.expect("an entry is readable").path();
        let meta = fs::symlink_metadata(&path).expect("a file has metadata");
        let kind = meta.file_type();
        let mut hasher = DefaultHasher::new();
        if kind.is_file() {
            fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).hash(&mut hasher);
        } else if kind.is_symlink() {
            fs::read_link(&path).expect("a link has a target").hash(&mut hasher);
        } else if kind.is_dir() {
            walk(root, &path, found);
        } else {
            assert!(kind.is_fifo() || kind.is_char_device(), "{}", path.display());
        }
        let name = path.strip_prefix(root).expect("below the root").to_owned();
        // A directory is what is in it: SQLite makes and removes files beside a database.
        let (mut modified_ns, mut size) = (0, 0);
        if !kind.is_dir() {
            modified_ns = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
            size = meta.len();
        }
        found.insert(
            name,
            Node { mode: meta.mode(), size, modified_ns, inode: meta.ino(), content: hasher.finish() },
        );
    }
}

/// The names whose node is not the same in both, or that only one of them has.
pub(crate) fn differences(before: &Tree, after: &Tree) -> Vec<String> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| name.display().to_string())
        .collect()
}
