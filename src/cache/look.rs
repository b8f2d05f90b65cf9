//! Looking at files without leaving a trace: no access time changes, no link is followed, no mount is crossed.

use std::{
    ffi::{CStr, OsStr, OsString},
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{
        AtFlags, CWD, FileType, Mode, OFlags, RawDir, StatVfsMountFlags, Statx, StatxFlags, fstatvfs, openat,
        readlinkat, statx,
    },
    io::Errno,
};

use super::{
    confine::{Confinement, bare, split},
    model::{Time, TimeSource, Timestamp},
};

/// Room for names, read at a time.
const NAMES: usize = 32 * 1024;
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOCTTY);

/// A directory held open to be looked at.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    confinement: Arc<Confinement>,
}

/// What something in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A link, which is never followed.
    Link,
    /// Anything else: a socket, a pipe, a device.
    Other,
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Dir,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

/// What the file system says about a file.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it is.
    pub kind: Kind,
    /// Which file system.
    pub device: u64,
    /// Which file of it.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
    /// Bytes given out for it.
    pub allocated: u64,
    /// How many names it has.
    pub links: u64,
    /// Whose it is.
    pub owner: u32,
    /// Its permissions and the sticky bit.
    pub mode: u16,
    /// When it was written, seconds and nanoseconds since 1970.
    pub modified: (i64, u32),
    /// When it was read.
    pub accessed: (i64, u32),
    /// When it was written, renamed, linked, or its permissions changed.
    pub changed: (i64, u32),
    /// When it was made, where the file system keeps that.
    pub born: Option<(i64, u32)>,
}

/// How much room a file system has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Which file system.
    pub device: u64,
    /// Its size in bytes.
    pub total: u64,
    /// Bytes that programs without privileges may still use.
    pub free: u64,
}

/// Which file it is and whether it was written: what is compared before something is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified: (i64, u32),
}

impl About {
    /// What `name` in `dir` is.
    pub(super) fn at(dir: impl AsFd, name: &[u8]) -> Result<Self, Errno> {
        let mask = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        Ok(Self::of(&statx(dir, name, AtFlags::SYMLINK_NOFOLLOW, mask)?))
    }

    fn of(found: &Statx) -> Self {
        let kind = FileType::from_raw_mode(u32::from(found.stx_mode)).into();
        let born = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
        Self {
            kind,
            device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            size: found.stx_size,
            allocated: found.stx_blocks.saturating_mul(512),
            links: u64::from(found.stx_nlink),
            owner: found.stx_uid,
            mode: found.stx_mode & 0o7777,
            modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
            accessed: (found.stx_atime.tv_sec, found.stx_atime.tv_nsec),
            changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec),
            born: born.then_some((found.stx_btime.tv_sec, found.stx_btime.tv_nsec)),
        }
    }

    /// Bytes that removing its last name frees: not more than it holds, and nothing for what is not there.
    pub fn frees(&self) -> u64 {
        self.size.min(self.allocated)
    }

    /// When it was written.
    pub fn written(&self) -> Time {
        Time { at: moment(self.modified), source: TimeSource::Mtime }
    }

    /// When it was last used, as far as the file system tells: read, written or made.
    pub fn used(&self) -> Time {
        let mut used = Time { at: moment(self.accessed), source: TimeSource::Atime };
        let born = self.born.map(|at| Time { at: moment(at), source: TimeSource::Btime });
        for time in [Some(self.written()), born].into_iter().flatten() {
            if time.at > used.at {
                used = time;
            }
        }
        used
    }

    /// When somebody last did something to it or made it.
    pub fn touched(&self) -> Timestamp {
        let times = [Some(self.modified), Some(self.changed), self.born];
        times.into_iter().flatten().map(moment).max().unwrap_or_default()
    }

    /// To recognise it.
    pub fn identity(&self) -> Identity {
        let modified = if self.kind == Kind::Dir { (0, 0) } else { self.modified };
        let size = if self.kind == Kind::Dir { 0 } else { self.size };
        Identity { device: self.device, inode: self.inode, size, modified }
    }

    /// Whether it is to stay by the convention of those who clean temporary directories.
    pub fn is_sticky(&self) -> bool {
        self.kind == Kind::File && self.mode & 0o1000 != 0
    }
}

fn moment((seconds, nanoseconds): (i64, u32)) -> Timestamp {
    Timestamp::from_seconds(seconds as f64 + f64::from(nanoseconds) / 1e9).unwrap_or_default()
}

impl Dir {
    /// Opens `path`; here alone a link is followed, as somebody has typed it.
    ///
    /// # Errors
    /// Those of the system: not there, not a directory, no permission.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = quietly(flags, |flags| openat(CWD, path, flags, Mode::empty()))?;
        let device = rustix::fs::fstat(&fd)?.st_dev;
        Ok(Self { fd, confinement: Arc::new(Confinement::new(device)) })
    }

    /// The directory that is open as `dir`, from which nothing leads out.
    pub(super) fn at(dir: BorrowedFd<'_>, confinement: &Arc<Confinement>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = quietly(flags, |flags| openat(dir, c".", flags, Mode::empty()))?;
        Ok(Self { fd, confinement: Arc::clone(confinement) })
    }

    /// Opens a directory in it by its bare name.
    ///
    /// # Errors
    /// Those of the system; whatever would lead elsewhere.
    pub fn sub(&self, name: &OsStr) -> io::Result<Self> {
        let step = |flags| self.confinement.step(self.fd.as_fd(), name.as_bytes(), flags);
        Ok(Self { fd: quietly(OFlags::RDONLY, step)?, confinement: Arc::clone(&self.confinement) })
    }

    /// Opens a directory some levels below it; itself for an empty path.
    ///
    /// # Errors
    /// As [`Dir::sub`].
    pub fn below(&self, path: &Path) -> io::Result<Self> {
        let mut dir = Self { fd: self.fd.try_clone()?, confinement: Arc::clone(&self.confinement) };
        for name in path.as_os_str().as_bytes().split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            dir = dir.sub(OsStr::from_bytes(name))?;
        }
        Ok(dir)
    }

    /// Visits every name in it but `.` and `..`, in the order of the file system.
    ///
    /// # Errors
    /// Those of the system.
    pub fn names(&self, visit: &mut dyn FnMut(&OsStr, Kind) -> ControlFlow<()>) -> io::Result<()> {
        // A descriptor of its own, so that nobody else's reading is disturbed.
        let again = quietly(OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, |flags| {
            openat(&self.fd, c".", flags, Mode::empty())
        })?;
        self.names_from(&again, visit)
    }

    /// The same of a directory that has just been opened and is asked only once.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn names_once(
        &self,
        visit: &mut dyn FnMut(&OsStr, Kind) -> ControlFlow<()>,
    ) -> io::Result<()> {
        self.names_from(&self.fd, visit)
    }

    fn names_from(
        &self,
        fd: &OwnedFd,
        visit: &mut dyn FnMut(&OsStr, Kind) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut room = Vec::with_capacity(NAMES);
        let mut entries = RawDir::new(fd, room.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => self.kind_of(name),
                kind => kind.into(),
            };
            if visit(OsStr::from_bytes(name.to_bytes()), kind).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Some file systems do not tell with the names.
    fn kind_of(&self, name: &CStr) -> Kind {
        let name = OsStr::from_bytes(name.to_bytes());
        self.about(name).map_or(Kind::Other, |about| about.kind)
    }

    /// What `name` in it is; `name` may be a path of several levels, of which none but the last may be a link.
    ///
    /// # Errors
    /// Those of the system.
    pub fn about(&self, name: impl AsRef<OsStr>) -> io::Result<About> {
        let (directories, last) = split(name.as_ref().as_bytes());
        if !directories.is_empty() {
            return self.below(Path::new(OsStr::from_bytes(directories)))?.about(OsStr::from_bytes(last));
        }
        Ok(About::at(&self.fd, bare(last)?)?)
    }

    /// What it is itself.
    ///
    /// # Errors
    /// Those of the system.
    pub fn itself(&self) -> io::Result<About> {
        let mask = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        Ok(About::of(&statx(&self.fd, c"", AtFlags::EMPTY_PATH, mask)?))
    }

    /// Whether there is something called `name`.
    pub fn has(&self, name: impl AsRef<OsStr>) -> bool {
        self.about(name).is_ok()
    }

    /// Opens a regular file in it for reading, as [`Dir::about`] finds it. What is not ours, so that reading it would change its access time,
    /// is not opened.
    ///
    /// # Errors
    /// Those of the system; `InvalidInput` for what is no regular file.
    pub fn file(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        let (directories, last) = split(name.as_ref().as_bytes());
        if !directories.is_empty() {
            return self.below(Path::new(OsStr::from_bytes(directories)))?.file(OsStr::from_bytes(last));
        }
        let name = bare(last)?;
        let open = |flags| openat(&self.fd, name, flags, Mode::empty());
        let file = match open(FILE | OFlags::NOATIME) {
            Err(Errno::PERM) if self.keeps_no_access_times() => open(FILE),
            result => result,
        };
        let file = File::from(file?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(Errno::INVAL.into()) }
    }

    /// At most `most` bytes from the beginning of a file.
    ///
    /// # Errors
    /// As [`Dir::file`].
    pub fn head(&self, name: impl AsRef<OsStr>, most: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.file(name)?.take(most).read_to_end(&mut head)?;
        Ok(head)
    }

    /// Where a link leads, as it is written in it.
    ///
    /// # Errors
    /// Those of the system; `InvalidInput` for what is no link.
    pub fn link(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.fd, bare(name.as_bytes())?, Vec::new())?.into_bytes())
    }

    /// Whether the file system is mounted so that reading leaves no trace, which also means that nobody knows what is in use.
    pub fn keeps_no_access_times(&self) -> bool {
        let quiet = StatVfsMountFlags::NOATIME | StatVfsMountFlags::RDONLY;
        fstatvfs(&self.fd).is_ok_and(|about| about.f_flag.intersects(quiet))
    }

    /// Whether nothing on its file system can be changed.
    pub fn is_read_only(&self) -> bool {
        fstatvfs(&self.fd).is_ok_and(|about| about.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// How much room its file system has.
    ///
    /// # Errors
    /// Those of the system.
    pub fn space(&self) -> io::Result<Space> {
        let about = fstatvfs(&self.fd)?;
        let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
        Ok(Space {
            device: rustix::fs::fstat(&self.fd)?.st_dev,
            total: bytes(about.f_blocks),
            free: bytes(about.f_bavail),
        })
    }

    /// The descriptor, for what only it can do, such as locks.
    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }
}

/// The names in the directory at `path` and what they are, in no order.
///
/// # Errors
/// Those of reading a directory.
pub fn names_in(path: &Path) -> io::Result<Vec<(OsString, Kind)>> {
    let mut names = Vec::new();
    Dir::open(path)?.names(&mut |name, kind| {
        names.push((name.to_owned(), kind));
        ControlFlow::Continue(())
    })?;
    Ok(names)
}

/// Opens a directory without changing its access time where that is ours to ask; that of others is of no interest.
fn quietly(flags: OFlags, open: impl Fn(OFlags) -> Result<OwnedFd, Errno>) -> Result<OwnedFd, Errno> {
    match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => open(flags),
        result => result,
    }
}

/// Where a relative link in the directory `at` leads, below the root; `None` if it leads out of it.
pub(super) fn resolve(at: &Path, target: &[u8]) -> Option<PathBuf> {
    let mut path: Vec<&OsStr> = at.iter().collect();
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" if path.is_empty() => return None,
            b"" | b"." => {}
            b".." => {
                path.pop()?;
            }
            part => path.push(OsStr::from_bytes(part)),
        }
    }
    (!target.starts_with(b"/") && !path.is_empty()).then(|| path.iter().collect())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, time::UNIX_EPOCH};

    use super::*;

    #[test]
    fn looking_leaves_no_trace_and_leads_nowhere() {
        let top = tempfile::tempdir().unwrap();
        let (root, other) = (top.path().join("root"), top.path().join("other"));
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(root.join("a/b/f"), "text").unwrap();
        fs::write(other.join("f"), "precious").unwrap();
        symlink(&other, root.join("link")).unwrap();
        symlink(other.join("f"), root.join("file")).unwrap();
        for path in [root.join("a/b/f"), root.join("a/b"), root.clone()] {
            let long_ago = fs::FileTimes::new().set_accessed(UNIX_EPOCH).set_modified(UNIX_EPOCH);
            File::open(&path).unwrap().set_times(long_ago).unwrap();
        }
        let dir = Dir::open(&root).unwrap();
        let mut names = Vec::new();
        dir.names(&mut |name, kind| {
            names.push((name.to_owned(), kind));
            ControlFlow::Continue(())
        })
        .unwrap();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            names,
            [("a".into(), Kind::Dir), ("file".into(), Kind::Link), ("link".into(), Kind::Link)]
        );
        assert_eq!(dir.head("a/b/f", 2).unwrap(), b"te");
        let about = dir.about("a/b/f").unwrap();
        assert_eq!((about.size, about.kind, about.written().at.seconds()), (4, Kind::File, 0.0));
        assert!(about.used().source == TimeSource::Btime && about.touched().seconds() > 1e9);
        assert!(dir.sub(OsStr::new("link")).is_err() && dir.file("file").is_err());
        for path in ["link/f", "../other/f", "a/../../other/f", "/etc/passwd", "a/b"] {
            assert!(dir.file(path).is_err(), "{path}");
        }
        for path in ["a/b/f", "a/b", "a"] {
            let about = dir.about(path).unwrap();
            assert!(path == "a" || about.accessed == (0, 0), "{path}");
        }
        assert!(Dir::open(Path::new("/")).unwrap().sub(OsStr::new("proc")).is_err());
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let at = Path::new("models--a/snapshots/c");
        let to = |target: &str| resolve(at, target.as_bytes());
        assert_eq!(to("../../blobs/b"), Some("models--a/blobs/b".into()));
        assert_eq!(to("../../../blobs/ab/x"), Some("blobs/ab/x".into()));
        for target in ["/etc/passwd", "../../../../x", "../../..", ""] {
            assert!(to(target).is_none_or(|path| path == at), "{target}");
        }
    }
}
