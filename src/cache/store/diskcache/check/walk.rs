//! The value files of a cache, looked at by several threads, each directory opened below the one above and no link followed.

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use super::super::value_name::{ValueName, is_shelf};

/// A value file that a row names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) name: ValueName,
    pub(super) rowid: i64,
    /// Bytes that the row says; negative where it says nothing of use.
    pub(super) size: i64,
    /// How the value is stored.
    pub(super) mode: i64,
}

/// What was found. Paths are relative to the cache.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Which of the named files are there, as regular files or not.
    pub(super) seen: Vec<AtomicBool>,
    /// Those of another size: index among the named, bytes.
    pub(super) wrong_size: Vec<(usize, u64)>,
    /// Those that are no regular files: index, what they are.
    pub(super) not_a_file: Vec<(usize, &'static str)>,
    /// Files named as value files are, that nobody names.
    pub(super) unknown: Vec<Unknown>,
    /// Directories for value files that are empty.
    pub(super) empty: Vec<String>,
    /// Whatever else is there.
    pub(super) foreign: Vec<Foreign>,
    /// What could not be read, and why.
    pub(super) unreadable: Vec<(String, io::Error)>,
}

/// A value file without a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown {
    pub(super) name: ValueName,
    pub(super) bytes: u64,
    /// The later of its times of modification and of change, in seconds since 1970.
    pub(super) touched: f64,
}

/// Something that DiskCache has not made.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    pub(super) path: String,
    pub(super) kind: FileType,
}

const PLAIN: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;

/// Looks at everything below `dir` that could be a value file; `named` is sorted by name.
pub(super) fn walk(dir: &Path, named: &[Named]) -> io::Result<Found> {
    let root = rustix::fs::open(dir, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut found = Found::default();
    found.seen.resize_with(named.len(), AtomicBool::default);
    let mut shelves = Vec::new();
    let mut buffer = Vec::with_capacity(BUFFER);
    let listed = open_at(root.as_fd(), c".")?;
    entries(&listed, &mut buffer, |name, kind| {
        let bytes = name.to_bytes();
        match (is_shelf(bytes), resolve(root.as_fd(), name, kind)) {
            (Some(shelf), FileType::Directory) => shelves.push(shelf),
            (_, kind) if !bytes.starts_with(b"cache.db") || kind != FileType::RegularFile => {
                found.foreign.push(Foreign { path: name.to_string_lossy().into_owned(), kind });
            }
            _ => {}
        }
    })?;
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_THREADS);
    let seen = std::mem::take(&mut found.seen);
    let work = || {
        let mut walker = Walker {
            root: root.as_fd(),
            named,
            seen: &seen,
            found: Found::default(),
            buffer: Vec::with_capacity(BUFFER),
        };
        while let Some(&shelf) = shelves.get(next.fetch_add(1, Ordering::Relaxed)) {
            walker.outer(shelf);
        }
        walker.found
    };
    let parts: Vec<Found> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads.min(shelves.len())).map(|_| scope.spawn(work)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    for part in parts {
        found.wrong_size.extend(part.wrong_size);
        found.not_a_file.extend(part.not_a_file);
        found.unknown.extend(part.unknown);
        found.empty.extend(part.empty);
        found.foreign.extend(part.foreign);
        found.unreadable.extend(part.unreadable);
    }
    found.seen = seen;
    found.sort();
    Ok(found)
}

impl Found {
    /// The same order in every run.
    fn sort(&mut self) {
        self.wrong_size.sort_unstable();
        self.not_a_file.sort_unstable();
        self.unknown.sort_unstable_by_key(|file| file.name);
        // A directory goes before the one that it stands in.
        self.empty.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.foreign.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.unreadable.sort_by(|a, b| a.0.cmp(&b.0));
    }
}

const BUFFER: usize = 32 * 1024;

struct Walker<'a> {
    root: BorrowedFd<'a>,
    named: &'a [Named],
    seen: &'a [AtomicBool],
    found: Found,
    buffer: Vec<u8>,
}

impl Walker<'_> {
    /// A directory `xx`.
    fn outer(&mut self, shelf: [u8; 2]) {
        let path = String::from_utf8_lossy(&shelf).into_owned();
        let mut inner = Vec::new();
        let mut others = Vec::new();
        let listed = with_name(&shelf, |name| open_at(self.root, name)).and_then(|fd| {
            let mut children = 0_usize;
            entries(&fd, &mut self.buffer, |name, kind| {
                children += 1;
                match (is_shelf(name.to_bytes()), resolve(fd.as_fd(), name, kind)) {
                    (Some(shelf), FileType::Directory) => inner.push(shelf),
                    (_, kind) => others.push((name.to_string_lossy().into_owned(), kind)),
                }
            })?;
            Ok((fd, children))
        });
        let (fd, children) = match listed {
            Ok(listed) => listed,
            Err(error) => return self.unreadable(path, error),
        };
        self.found
            .foreign
            .extend(others.into_iter().map(|(name, kind)| Foreign { path: format!("{path}/{name}"), kind }));
        let empty_before = self.found.empty.len();
        for &second in &inner {
            self.inner(fd.as_fd(), shelf, second);
        }
        // It is empty as soon as those in it are gone.
        if self.found.empty.len() - empty_before == children {
            self.found.empty.push(path);
        }
    }

    /// A directory `xx/yy`.
    fn inner(&mut self, outer: BorrowedFd<'_>, first: [u8; 2], second: [u8; 2]) {
        let path = || format!("{}/{}", String::from_utf8_lossy(&first), String::from_utf8_lossy(&second));
        let fd = match with_name(&second, |name| open_at(outer, name)) {
            Ok(fd) => fd,
            Err(error) => return self.unreadable(path(), error),
        };
        let mut children = 0_usize;
        let Self { named, seen, found, buffer, .. } = self;
        let listed = entries(&fd, buffer, |name, _| {
            children += 1;
            let Ok(about) = rustix::fs::statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
            let kind = FileType::from_raw_mode(about.st_mode);
            let Some(value) = ValueName::from_parts(first, second, name.to_bytes()) else {
                let path = format!("{}/{}", path(), name.to_string_lossy());
                return found.foreign.push(Foreign { path, kind });
            };
            let bytes = u64::try_from(about.st_size).unwrap_or(0);
            match named.binary_search_by_key(&value, |known| known.name) {
                Ok(i) => {
                    seen[i].store(true, Ordering::Relaxed);
                    if kind != FileType::RegularFile {
                        found.not_a_file.push((i, describe(kind)));
                    } else if i64::try_from(bytes) != Ok(named[i].size) {
                        found.wrong_size.push((i, bytes));
                    }
                }
                Err(_) if kind == FileType::RegularFile => {
                    let seconds = |s: i64, ns: u64| s as f64 + ns as f64 * 1e-9;
                    let touched = seconds(about.st_mtime, about.st_mtime_nsec)
                        .max(seconds(about.st_ctime, about.st_ctime_nsec));
                    found.unknown.push(Unknown { name: value, bytes, touched });
                }
                Err(_) => found.foreign.push(Foreign { path: value.to_string(), kind }),
            }
        });
        match listed {
            Err(error) => self.unreadable(path(), error),
            Ok(()) if children == 0 => self.found.empty.push(path()),
            Ok(()) => {}
        }
    }

    fn unreadable(&mut self, path: String, error: io::Error) {
        // What went away meanwhile is no problem.
        if error.kind() != io::ErrorKind::NotFound {
            self.found.unreadable.push((path, error));
        }
    }
}

/// A directory below `parent`, to be read. Its access time stays, where this user may ask for that.
fn open_at(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    match rustix::fs::openat(parent, name, PLAIN | OFlags::NOATIME, Mode::empty()) {
        Err(rustix::io::Errno::PERM) => Ok(rustix::fs::openat(parent, name, PLAIN, Mode::empty())?),
        other => Ok(other?),
    }
}

fn with_name<T>(name: &[u8; 2], f: impl FnOnce(&CStr) -> io::Result<T>) -> io::Result<T> {
    let terminated = [name[0], name[1], 0];
    f(CStr::from_bytes_with_nul(&terminated).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?)
}

/// Each entry of a directory but itself and the one above.
fn entries(fd: &OwnedFd, buffer: &mut Vec<u8>, mut each: impl FnMut(&CStr, FileType)) -> io::Result<()> {
    buffer.clear();
    let mut dir = RawDir::new(fd, buffer.spare_capacity_mut());
    while let Some(entry) = dir.next() {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            each(entry.file_name(), entry.file_type());
        }
    }
    Ok(())
}

/// What an entry is, where its directory does not say.
fn resolve(parent: BorrowedFd<'_>, name: &CStr, kind: FileType) -> FileType {
    if kind != FileType::Unknown {
        return kind;
    }
    let about = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
    about.map_or(FileType::Unknown, |about| FileType::from_raw_mode(about.st_mode))
}

/// What stands where a file should, for people.
pub(super) fn describe(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "not a file",
    }
}
