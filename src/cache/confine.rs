//! Going down a tree step by step without ever being led out of it.
//!
//! Every directory is opened relative to the one above, by `openat2` that must stay beneath it, follow no link and cross no mount.
//! Where the kernel has no `openat2`, or a sandbox forbids it, the same is had from `O_NOFOLLOW` and the device number.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2},
    io::Errno,
};

const CONFINED: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_XDEV)
    .union(ResolveFlags::NO_MAGICLINKS);

/// What holds for every step below a directory.
#[derive(Debug)]
pub(super) struct Confinement {
    device: u64,
    has_openat2: AtomicBool,
}

impl Confinement {
    /// To the file system of `device`.
    pub(super) fn new(device: u64) -> Self {
        Self { device, has_openat2: AtomicBool::new(true) }
    }

    /// The file system that is not left.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// As on a kernel without `openat2`.
    #[cfg(test)]
    pub(super) fn without_openat2(&self) {
        self.has_openat2.store(false, Ordering::Relaxed);
    }

    /// Opens a directory by its bare name, with `flags` beside those that confine.
    pub(super) fn step(&self, from: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let name = bare(name)?;
        let flags = flags | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if self.has_openat2.load(Ordering::Relaxed) {
            match openat2(from, name, flags, Mode::empty(), CONFINED) {
                Err(Errno::NOSYS) => self.has_openat2.store(false, Ordering::Relaxed),
                // A sandbox forbids it, or `O_NOATIME` is not ours to ask for.
                Err(Errno::PERM) if !flags.contains(OFlags::NOATIME) => {
                    self.has_openat2.store(false, Ordering::Relaxed);
                }
                // Somebody renames directories while the kernel looks: it could not be sure, so try again or give up.
                Err(Errno::AGAIN) => return openat2(from, name, flags, Mode::empty(), CONFINED),
                result => return result,
            }
        }
        let dir = openat(from, name, flags, Mode::empty())?;
        let about = fstat(&dir)?;
        if about.st_dev != self.device {
            return Err(Errno::XDEV);
        }
        // With `O_PATH` and `O_NOFOLLOW` a link itself may be opened.
        if FileType::from_raw_mode(about.st_mode) != FileType::Directory {
            return Err(Errno::NOTDIR);
        }
        Ok(dir)
    }
}

/// A bare name, which leads nowhere else.
pub(super) fn bare(name: &[u8]) -> Result<&[u8], Errno> {
    let bare = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0);
    if bare { Ok(name) } else { Err(Errno::INVAL) }
}

/// A path's directories and its last name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}
