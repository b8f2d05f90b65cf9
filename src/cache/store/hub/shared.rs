//! The store that repositories share: `blobs/ab/HASH` with a list of the links to it, `HASH.refs`, and a lock, `HASH.lock`.

use std::{
    io::Read,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::cache::{
    look::Kind,
    store::files::{Ground, Leftovers, Link},
};

/// The file that says that the store is the library's, and what it says.
const MARKER: &str = "blobs/.huggingface-shared-blobs";
const VERSION: &[u8] = b"1\n";
/// Bytes of a list that are read; a longer one keeps its payload.
const MOST_LISTED: u64 = 16 << 20;

/// The payload behind a link, if the library's own list says that nobody links to it any more; its lock is held meanwhile. A payload
/// without a list that can be read stays, as with the library.
pub(super) fn leftovers(ground: &Ground, link: &Link) -> Option<Leftovers> {
    let payload = link.payload.as_deref()?;
    let mut left = Leftovers::default();
    let Some(lock) = unneeded(ground, payload) else { return Some(left) };
    let list = beside(payload, ".refs");
    for path in [payload.to_owned(), list] {
        let about = ground.dir.about(&path).ok().filter(|about| about.kind == Kind::File)?;
        if path == payload {
            left.bytes = about.frees();
        }
        left.parts.push((path, about));
    }
    left.lock = Some(lock);
    Some(left)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Its lock, if nobody needs a payload.
fn unneeded(ground: &Ground, payload: &Path) -> Option<OwnedFd> {
    if ground.dir.head(MARKER, 16).ok()? != VERSION {
        return None;
    }
    let lock = ground.dir.file(beside(payload, ".lock")).ok()?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    let mut list = String::new();
    let read =
        ground.dir.file(beside(payload, ".refs")).ok()?.take(MOST_LISTED + 1).read_to_string(&mut list);
    if read.ok()? as u64 > MOST_LISTED {
        return None;
    }
    // A listed link that leads elsewhere by now keeps the payload too: better a leak than a loss.
    let needed = list.lines().filter(|line| !line.is_empty()).any(|line| ground.dir.has(line));
    (!needed).then(|| lock.into())
}
