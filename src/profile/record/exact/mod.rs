//! Counting calls exactly: every CPython that a program starts runs its own profiler, which Python calls cProfile.
//!
//! Nothing is sampled, so this is no [`Backend`](super::Backend). A private directory stands first in `PYTHONPATH` and holds a
//! `sitecustomize` module, which every interpreter imports when it starts (not with `-I`, `-E` or `-S`). Each process leaves
//! files in `out/` there: `PID.NUMBER.started` with its command line when it starts, `PID.NUMBER.prof` with its calls when it ends,
//! `PID.NUMBER.idle` with those that a worker of a pool had made when it last waited for work, which becomes `PID.NUMBER.busy` with the next,
//! `PID.NUMBER.displaced` where the program put a profiler of its own in the place of ours, `PID.refused` with the reason where it is left alone. The number tells apart what one process runs one after the other.
//! What the files say is the program's word, so they are read like any file from outside.

mod collect;

use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

pub use collect::{Collected, Unheard};

/// What the interpreters import, and what that imports.
const MODULES: [(&str, &str); 2] = [
    ("sitecustomize.py", include_str!("sitecustomize.py")),
    ("hotcold_exact.py", include_str!("hotcold_exact.py")),
];
const OUT: &str = "out";
/// Separates the directories of `PYTHONPATH`.
const SEPARATOR: u8 = b':';

/// The directory that interpreters are led to; gone with this value.
#[derive(Debug)]
pub struct Hook {
    directory: tempfile::TempDir,
}

impl Hook {
    /// Makes the directory, for our user alone: command lines hold secrets.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn install() -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("hotcold-exact-").permissions(Permissions::from_mode(0o700));
        let mut directory = builder.tempdir()?;
        if directory.path().as_os_str().as_bytes().contains(&SEPARATOR) {
            directory = builder.tempdir_in("/tmp")?;
        }
        for (name, text) in MODULES {
            fs::write(directory.path().join(name), text)?;
        }
        let hook = Self { directory };
        DirBuilder::new().mode(0o700).create(hook.out())?;
        Ok(hook)
    }

    /// `PYTHONPATH` with the directory in front of what it was.
    pub fn python_path(&self, before: Option<&OsStr>) -> OsString {
        let mut path = self.directory.path().as_os_str().to_owned();
        if let Some(before) = before.filter(|before| !before.is_empty()) {
            path.push(OsStr::from_bytes(&[SEPARATOR]));
            path.push(before);
        }
        path
    }

    /// Process ids of those that started and have written nothing yet, and still run.
    pub fn running(&self) -> Vec<u32> {
        collect::running(&self.out())
    }

    /// Everything that was written.
    pub fn collect(&self) -> Collected {
        collect::collect(&self.out())
    }

    fn out(&self) -> PathBuf {
        Path::join(self.directory.path(), OUT)
    }
}
