//! The policy's file, which is also the lock: a run keeps it as long as it lasts, so that there is nothing to be made on a disk that is full,
//! and cron, shells and root agree about where it is.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FlockOperation, Mode, OFlags, flock, openat},
    io::Errno,
};

use super::{Policy, parse};
use crate::cache::Error;

/// Most bytes of a policy.
const MOST_BYTES: u64 = 1 << 20;

/// A policy that has been read. Nobody else runs by it before this is dropped, if that was asked for.
#[derive(Debug)]
pub struct Opened {
    /// What it says.
    pub policy: Policy,
    _file: File,
}

/// Reads the policy at `path`; `~` in it is `home`. With `alone`, no other run by it may go on.
///
/// # Errors
/// [`Error::Read`], [`Error::Policy`], [`Error::Running`].
pub fn open(path: &Path, home: Option<&Path>, alone: bool) -> Result<Opened, Error> {
    let read = |source: io::Error| Error::Read { path: path.to_owned(), source };
    // Somebody's pipe would keep us waiting.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let mut file = File::from(openat(CWD, path, flags, Mode::empty()).map_err(|error| read(error.into()))?);
    let about = file.metadata().map_err(read)?;
    if !about.is_file() {
        return Err(read(io::Error::other("not a regular file")));
    }
    if about.len() > MOST_BYTES {
        return Err(read(io::Error::other("too large for a policy")));
    }
    if alone {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(Error::Running { path: path.to_owned() }),
            Err(error) => return Err(read(error.into())),
        }
    }
    let mut text = String::new();
    (&mut file).take(MOST_BYTES).read_to_string(&mut text).map_err(read)?;
    let full = std::path::absolute(path).map_err(read)?;
    let base = full.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let policy = parse::parse(&text, home, &base).map_err(|wrong| {
        let (line, column) = wrong.place(&text);
        Error::Policy { path: path.to_owned(), line, column, reason: wrong.reason }
    })?;
    Ok(Opened { policy, _file: file })
}
