//! Whether somebody has a file open or mapped.
//!
//! The kernel gives a write lease only on a file that nobody else has open or mapped, whoever that is; it takes some microseconds and needs
//! no look at other processes. Where the file system has no leases, the tables of all processes that may be read are searched, once.

use std::{
    cell::OnceCell,
    ffi::OsStr,
    fs, io,
    ops::ControlFlow,
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    sync::{Arc, Once, atomic::AtomicBool},
};

use rustc_hash::FxHashSet;
use rustix::{
    fs::{Mode, OFlags, openat},
    io::Errno,
};

use crate::cache::look::{About, Dir, Kind};

/// Directories inside each other that are looked into.
const DEEPEST: usize = 64;

/// Answers for many files.
#[derive(Debug, Default)]
pub(super) struct InUse {
    /// Which files processes have open or mapped, by device and inode, where leases cannot tell.
    open: OnceCell<FxHashSet<(u64, u64)>>,
}

/// The answer for one file.
#[derive(Debug)]
pub(super) enum Use {
    /// Nobody uses it, nor opens it as long as the lease is held.
    Free(Option<Lease>),
    /// Somebody does.
    Busy,
}

/// Keeps others waiting who open the file, so it is held for microseconds; gone when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    _file: OwnedFd,
}

impl InUse {
    /// Whether anybody uses `name` in `dir`.
    pub(super) fn of(&self, dir: BorrowedFd<'_>, name: &[u8]) -> Result<Use, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOATIME;
        let file = match openat(dir, name, flags, Mode::empty()) {
            // It is somebody else's or not for our eyes.
            Err(Errno::PERM | Errno::ACCESS) => return self.by_tables(dir, name),
            result => result?,
        };
        match lease(&file) {
            Ok(()) => Ok(Use::Free(Some(Lease { _file: file }))),
            Err(Errno::AGAIN) => Ok(Use::Busy),
            Err(_) => {
                drop(file);
                self.by_tables(dir, name)
            }
        }
    }

    /// Whether anybody uses a file in `dir` or below it.
    pub(super) fn anything_below(&self, dir: &Dir) -> bool {
        self.below(dir, DEEPEST)
    }

    fn below(&self, dir: &Dir, depth: usize) -> bool {
        let (mut busy, mut inner) = (false, Vec::new());
        let _ = dir.names(&mut |name, kind| {
            match kind {
                Kind::File => busy = matches!(self.of(dir_fd(dir), name.as_bytes()), Ok(Use::Busy)),
                Kind::Dir => inner.push(name.to_owned()),
                Kind::Link | Kind::Other => {}
            }
            if busy { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // What cannot be looked into is taken for used.
        let used = |name: &OsStr| depth == 0 || dir.sub(name).map_or(true, |sub| self.below(&sub, depth - 1));
        busy || inner.iter().any(|name| used(name))
    }

    fn by_tables(&self, dir: BorrowedFd<'_>, name: &[u8]) -> Result<Use, Errno> {
        let about = About::at(dir, name)?;
        let open = self.open.get_or_init(tables);
        let busy = open.contains(&(about.device, about.inode));
        Ok(if busy { Use::Busy } else { Use::Free(None) })
    }
}

fn dir_fd(dir: &Dir) -> BorrowedFd<'_> {
    use std::os::fd::AsFd;

    dir.fd().as_fd()
}

/// Takes a write lease.
fn lease(file: &OwnedFd) -> Result<(), Errno> {
    survive_breaking();
    // SAFETY: fcntl with F_SETLEASE takes a number and touches no memory; the descriptor is open.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) };
    if result == 0 {
        Ok(())
    } else {
        Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    }
}

/// Whoever opens a leased file has the kernel send us SIGIO, which ends a process that has nothing to say to it.
fn survive_breaking() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = signal_hook::flag::register(libc::SIGIO, Arc::new(AtomicBool::new(false)));
    });
}

/// Every file that a process has open or mapped, as far as we may look.
fn tables() -> FxHashSet<(u64, u64)> {
    let mut found = FxHashSet::default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = std::process::id().to_string();
    for process in processes.filter(|process| {
        let name = process.file_name();
        name.as_bytes().first().is_some_and(u8::is_ascii_digit) && name != *own
    }) {
        let process = process.path();
        for link in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
            found.extend(fs::metadata(link.path()).map(|about| (about.dev(), about.ino())));
        }
        let maps = fs::read(process.join("maps")).unwrap_or_default();
        found.extend(maps.split(|&byte| byte == b'\n').filter_map(mapped));
    }
    found
}

/// The file of a line of `/proc/PID/maps`: `start-end perms offset major:minor inode path`.
fn mapped(line: &[u8]) -> Option<(u64, u64)> {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace().skip(3);
    let (major, minor) = words.next()?.split_once(':')?;
    let number = |text| u32::from_str_radix(text, 16).ok();
    let inode = words.next()?.parse().ok().filter(|&inode| inode > 0)?;
    Some((rustix::fs::makedev(number(major)?, number(minor)?), inode))
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::fd::AsFd};

    use super::*;

    #[test]
    fn open_and_mapped_files_are_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "text").unwrap();
        let look = Dir::open(dir.path()).unwrap();
        let in_use = InUse::default();
        let busy = || matches!(in_use.of(look.fd().as_fd(), b"file"), Ok(Use::Busy));
        assert!(!busy() && !in_use.anything_below(&look));
        let open = File::open(&path).unwrap();
        assert!(busy() && in_use.anything_below(&look));
        // SAFETY: nobody writes to the file.
        let map = unsafe { memmap2::Mmap::map(&open).unwrap() };
        drop(open);
        assert!(busy(), "mapped, with its descriptor closed");
        drop(map);
        assert!(!busy());
        assert!(matches!(in_use.of(look.fd().as_fd(), b"none"), Err(Errno::NOENT)));
    }

    #[test]
    fn tables_of_other_processes_tell_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "text").unwrap();
        let about = fs::metadata(&path).unwrap();
        let mut cat = std::process::Command::new("sleep");
        let mut child = cat.arg("60").stdin(File::open(&path).unwrap()).spawn().unwrap();
        assert!(tables().contains(&(about.dev(), about.ino())));
        child.kill().unwrap();
        child.wait().unwrap();
        let line = b"7f00-7f01 r--p 00000000 fe:01 1234                       /lib/x.so";
        assert_eq!(mapped(line), Some((rustix::fs::makedev(0xfe, 1), 1234)));
        assert_eq!(mapped(b"7f00-7f01 rw-p 00000000 00:00 0"), None);
    }
}
