//! A directory on the root's own file system that only we look into, where what is to go waits for its end.
//!
//! What is in it is named after the identity it was seen with, so that whoever finds the directory of a process that was killed knows
//! what may go: that, and nothing else.

use std::{
    io,
    ops::ControlFlow,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::Ordering,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, RawDir, mkdirat, openat, unlinkat},
    io::Errno,
};

use super::{About, Identity, Root};
use crate::cache::{
    confine::Confinement,
    look::{Dir, Kind},
};

/// How the names of all trash directories begin; a process id and a number follow.
pub(in crate::cache) const PREFIX: &str = ".hotcold-trash-";
/// Directories inside each other that are emptied; each is held open.
const DEEPEST: usize = 256;
/// Room for names, read at a time.
const NAMES: usize = 16 * 1024;

/// A trash directory.
#[derive(Debug)]
pub(super) struct Trash {
    /// The directory it is in.
    parent: OwnedFd,
    name: String,
    pub(super) dir: OwnedFd,
    device: u64,
    /// Names in it: of files, and of directories.
    pub(super) inside: Vec<String>,
}

impl Trash {
    /// Makes one in `parent`.
    pub(super) fn new(root: &Root, parent: BorrowedFd<'_>, suffix: &str) -> io::Result<Self> {
        let pid = std::process::id();
        loop {
            let number = root.trashed.fetch_add(1, Ordering::Relaxed);
            let name = format!("{PREFIX}{pid}-{number}{suffix}");
            match mkdirat(parent, name.as_str(), Mode::RWXU) {
                Ok(()) => {
                    let dir = root.confinement.step(parent, name.as_bytes(), OFlags::RDONLY)?;
                    let parent = parent.try_clone_to_owned()?;
                    let device = root.confinement.device();
                    return Ok(Self { parent, name, dir, device, inside: Vec::new() });
                }
                // Left by somebody who was killed.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A name in it for what was seen like this.
    pub(super) fn name_for(&self, seen: Identity) -> String {
        named(self.inside.len(), seen)
    }

    /// Removes what is in it, and then itself if nothing is left.
    pub(super) fn empty(mut self) {
        let confinement = Confinement::new(self.device);
        for name in self.inside.drain(..) {
            remove(self.dir.as_fd(), name.as_bytes(), &confinement, DEEPEST);
        }
        let _ = unlinkat(&self.parent, self.name.as_str(), AtFlags::REMOVEDIR);
    }
}

fn named(number: usize, seen: Identity) -> String {
    let Identity { device, inode, size, modified: (seconds, nanoseconds) } = seen;
    format!("{number}-{device:x}-{inode:x}-{size:x}-{seconds:x}-{nanoseconds:x}")
}

/// Removes a file or a directory with everything in it, as far as it can be. Nobody else looks here, so that a name is proof enough; mounts
/// are not crossed, links not followed.
fn remove(dir: BorrowedFd<'_>, name: &[u8], confinement: &Confinement, depth: usize) {
    match unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) if depth > 0 => {}
        _ => return,
    }
    if let Ok(inner) = confinement.step(dir, name, OFlags::RDONLY) {
        let mut names = Vec::new();
        let mut room = Vec::with_capacity(NAMES);
        if let Ok(again) = openat(&inner, c".", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
            let mut entries = RawDir::new(again, room.spare_capacity_mut());
            while let Some(Ok(entry)) = entries.next() {
                let name = entry.file_name().to_bytes();
                if !matches!(name, b"." | b"..") {
                    names.push(name.to_owned());
                }
            }
        }
        for name in names {
            remove(inner.as_fd(), &name, confinement, depth - 1);
        }
    }
    let _ = unlinkat(dir, name, AtFlags::REMOVEDIR);
}

/// Empties what processes that are no more have left in `parent`: of each trash directory what still is what its name says.
pub(super) fn sweep(root: &Root, parent: &Dir) {
    let mut left = Vec::new();
    let _ = parent.names(&mut |name, kind| {
        if kind == Kind::Dir && name.to_str().and_then(process).is_some_and(is_gone) {
            left.push(name.to_owned());
        }
        ControlFlow::Continue(())
    });
    for name in left {
        let (Ok(about), Ok(dir)) = (parent.about(&name), parent.sub(&name)) else { continue };
        if about.owner != rustix::process::geteuid().as_raw() || about.mode & 0o077 != 0 {
            continue;
        }
        let mut doomed = Vec::new();
        let _ = dir.names(&mut |name, _| {
            doomed.extend(name.to_str().map(str::to_owned));
            ControlFlow::Continue(())
        });
        for name in doomed {
            let same = About::at(dir.fd(), name.as_bytes()).is_ok_and(|about| {
                let number = name.split('-').next().and_then(|number| number.parse().ok());
                number.is_some_and(|number| named(number, about.identity()) == name)
            });
            if same {
                remove(dir.fd().as_fd(), name.as_bytes(), &root.confinement, DEEPEST);
            }
        }
        let _ = unlinkat(parent.fd(), &*name, AtFlags::REMOVEDIR);
    }
}

/// Whose trash directory it is.
fn process(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(Errno::SRCH))
}
