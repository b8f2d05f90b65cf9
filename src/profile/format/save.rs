//! Where a recording is saved: checked before the program starts, replaced as a whole when there is something to save.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::profile::Error;

/// Symbolic links followed before a chain of them counts as a loop, as in the kernel.
const MAX_LINKS: u32 = 40;

/// A file to be written once or several times, each time as a whole.
///
/// A regular file (also one that does not exist yet, or that a symbolic link names) is replaced atomically by one that only
/// its owner can read; what stood there before the first [`commit`](Self::commit) is kept under its name plus `.old`.
/// Anything else (a pipe, a device) is written in place. Nothing stands in the directory between commits: a recorder that
/// is killed leaves no temporary file.
#[derive(Debug)]
pub struct Output {
    /// As the user named it; what errors say.
    path: PathBuf,
    place: Place,
    kind: Kind,
    committed: bool,
}

/// Writes the content of a file.
pub type Content<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A recording: private, and the previous one is kept.
    Recording,
    /// Something made of a recording, which can be made again.
    Derived,
}

#[derive(Debug)]
enum Place {
    /// Put a new file under this name, which is no link.
    Replace { directory: PathBuf, target: PathBuf },
    /// Write into what is there.
    InPlace { file: File, regular: bool },
}

impl Output {
    /// Makes sure that `path` can be written, without changing what is there. A pipe without a reader is waited for.
    ///
    /// # Errors
    /// [`Error::Write`] where `path` is a directory, its directory is missing or must not be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::of_kind(path, Kind::Recording)
    }

    /// Like [`create`](Self::create), for what can be made again from a recording: others may read it, as far as the umask
    /// allows, and what stood there before is not kept.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_derived(path: &Path) -> Result<Self, Error> {
        Self::of_kind(path, Kind::Derived)
    }

    fn of_kind(path: &Path, kind: Kind) -> Result<Self, Error> {
        let place = open(path).map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), place, kind, committed: false })
    }

    /// The path as given to [`create`](Self::create).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a later commit takes the place of an earlier one; a pipe or a device cannot take back what it was given,
    /// so commit to it only once.
    pub fn can_refresh(&self) -> bool {
        !matches!(self.place, Place::InPlace { regular: false, .. })
    }

    /// Writes `bytes` as the whole content. On an error a file that would be replaced stays as it was, and another try is
    /// allowed.
    ///
    /// # Errors
    /// [`Error::Write`] where the disk is full, the directory went away or the reader of a pipe did.
    pub fn commit(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.commit_with(&mut |w| w.write_all(bytes))
    }

    /// Like [`commit`](Self::commit), with what `write` writes as the content, which need not be in memory at once.
    ///
    /// # Errors
    /// As [`commit`](Self::commit); with what `write` returns as the cause where it fails.
    pub fn commit_with(&mut self, write: Content<'_>) -> Result<(), Error> {
        let done = match &mut self.place {
            Place::Replace { directory, target } => {
                let keep_old = self.kind == Kind::Recording && !self.committed;
                replace(directory, target, write, self.kind, keep_old)
            }
            Place::InPlace { file, regular } => write_in_place(file, *regular, write),
        };
        done.map_err(|source| Error::Write { path: self.path.clone(), source })?;
        self.committed = true;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Place> {
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    if existing.as_ref().is_some_and(fs::Metadata::is_dir)
        || path.as_os_str().as_encoded_bytes().ends_with(b"/")
    {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    match (existing, without_links(path)?) {
        (Some(metadata), None) => in_place(path, metadata.is_file()),
        (Some(metadata), _) if !metadata.is_file() => in_place(path, false),
        (_, Some(target)) => replaceable(&target),
        (None, None) => Err(io::ErrorKind::NotFound.into()),
    }
}

fn in_place(path: &Path, regular: bool) -> io::Result<Place> {
    Ok(Place::InPlace { file: OpenOptions::new().write(true).open(path)?, regular })
}

/// `target` as an absolute name in a directory that takes new files.
fn replaceable(target: &Path) -> io::Result<Place> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = fs::canonicalize(parent).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => io::Error::new(e.kind(), "its directory does not exist"),
        _ => e,
    })?;
    // An unnamed file: proves that the directory takes files and leaves nothing to clean up.
    tempfile::tempfile_in(&directory).map_err(plain)?;
    let target = directory.join(name);
    Ok(Place::Replace { directory, target })
}

/// The name that links lead to, which itself is no link or does not exist. `None` for the links of `/proc` (that is where
/// `/dev/stdout` leads), whose text is no path.
fn without_links(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if path.starts_with("/proc") {
            return Ok(None);
        }
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(Some(path)),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn replace(directory: &Path, target: &Path, write: Content<'_>, kind: Kind, keep: bool) -> io::Result<()> {
    // Command lines, which recordings hold, hold secrets.
    let mode = if kind == Kind::Recording { 0o600 } else { 0o666 };
    let mut new = tempfile::Builder::new()
        .prefix(".hotcold-")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(plain)?;
    write(&mut new).map_err(plain)?;
    let old = if keep { keep_old(target)? } else { None };
    match new.persist(target) {
        Ok(_) => Ok(()),
        Err(failed) => {
            if let Some(old) = old {
                // Best effort: the error that is told is the one that came first.
                let _ = fs::rename(old, target);
            }
            Err(failed.error)
        }
    }
}

/// Gives a regular file that stands under `target` the name `target.old`, which is returned.
fn keep_old(target: &Path) -> io::Result<Option<PathBuf>> {
    if !fs::symlink_metadata(target).is_ok_and(|m| m.is_file()) {
        return Ok(None);
    }
    let mut old = OsString::from(target);
    old.push(".old");
    let old = PathBuf::from(old);
    fs::rename(target, &old).map_err(|e| {
        io::Error::new(e.kind(), format!("the previous recording cannot be kept as `{}`", old.display()))
    })?;
    Ok(Some(old))
}

/// `tempfile` wraps errors to name its own file; what counts is the system's reason, with its number for the wording.
fn plain(error: io::Error) -> io::Error {
    let number = error
        .raw_os_error()
        .or_else(|| error.get_ref()?.source()?.downcast_ref::<io::Error>()?.raw_os_error());
    number.map_or(error, io::Error::from_raw_os_error)
}

fn write_in_place(file: &mut File, regular: bool, write: Content<'_>) -> io::Result<()> {
    if regular {
        file.set_len(0)?;
        file.rewind()?;
    }
    write(file)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use std::{io::Read, os::unix::fs::symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn cause(error: &Error) -> &io::Error {
        match error {
            Error::Write { source, .. } => source,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn nothing_is_seen_before_the_commit_and_only_the_owner_reads_it_after() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pb.gz");
        let mut output = Output::create(&path).unwrap();
        assert!(names(dir.path()).is_empty());
        output.commit(b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["a.pb.gz"]);
    }

    #[test]
    fn the_first_commit_of_a_run_keeps_the_previous_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pb.gz");
        fs::write(&path, "previous").unwrap();
        let mut output = Output::create(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"previous");
        output.commit(b"one").unwrap();
        output.commit(b"two").unwrap();
        assert!(output.can_refresh());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read(dir.path().join("a.pb.gz.old")).unwrap(), b"previous");
        assert_eq!(names(dir.path()), ["a.pb.gz", "a.pb.gz.old"]);
    }

    #[test]
    fn what_can_be_made_again_is_replaced_without_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.svg");
        fs::write(&path, "previous").unwrap();
        Output::create_derived(&path).unwrap().commit(b"new").unwrap();
        assert_eq!(names(dir.path()), ["a.svg"]);
        let plain = dir.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain), "as any program would create it");
    }

    #[test]
    fn a_link_stays_and_the_file_it_names_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        fs::create_dir(&real).unwrap();
        fs::write(real.join("a"), "previous").unwrap();
        symlink("real/a", dir.path().join("link")).unwrap();
        symlink("real/new", dir.path().join("dangling")).unwrap();
        for (link, target) in [("link", "a"), ("dangling", "new")] {
            Output::create(&dir.path().join(link)).unwrap().commit(b"one").unwrap();
            assert!(fs::symlink_metadata(dir.path().join(link)).unwrap().is_symlink());
            assert_eq!(fs::read(real.join(target)).unwrap(), b"one");
        }
        assert_eq!(names(&real), ["a", "a.old", "new"]);
        symlink("loop", dir.path().join("loop")).unwrap();
        assert!(Output::create(&dir.path().join("loop")).is_err());
    }

    #[test]
    fn what_is_no_regular_file_is_written_in_place() {
        let mut null = Output::create(Path::new("/dev/null")).unwrap();
        null.commit(b"gone").unwrap();
        assert!(!null.can_refresh());
        let mut full = Output::create(Path::new("/dev/full")).unwrap();
        let error = full.commit(b"x").unwrap_err();
        assert_eq!(error.to_string(), "cannot write `/dev/full`");
        assert_eq!(cause(&error).kind(), io::ErrorKind::StorageFull);
        assert!(!Path::new("/dev/full.old").exists());
    }

    #[test]
    fn a_named_pipe_gives_its_reader_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        let reader = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut text = String::new();
                File::open(path).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        Output::create(&path).unwrap().commit(b"through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert_eq!(names(dir.path()), ["fifo"]);
    }

    #[test]
    fn a_file_reached_through_proc_is_rewritten_in_place() {
        let mut file = tempfile::tempfile().unwrap();
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        let mut output = Output::create(Path::new(&path)).unwrap();
        output.commit(b"longer").unwrap();
        output.commit(b"two").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two");
    }

    #[test]
    fn places_that_cannot_be_written_are_found_before_the_program_starts() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let cases = [
            (dir.path().to_owned(), "it is a directory"),
            (dir.path().join("new/"), "it is a directory"),
            (dir.path().join("none/a"), "its directory does not exist"),
            (dir.path().join("file/a"), "Not a directory (os error 20)"),
        ];
        for (path, reason) in cases {
            let error = Output::create(&path).unwrap_err();
            assert_eq!(error.to_string(), format!("cannot write `{}`", path.display()));
            assert_eq!(cause(&error).to_string(), reason);
        }
        // A directory that refuses new files whoever asks.
        assert!(Output::create(Path::new("/proc/hotcold.pb.gz")).is_err());
    }

    #[test]
    fn a_failed_commit_leaves_the_previous_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "previous").unwrap();
        fs::create_dir_all(dir.path().join("a.old/in the way")).unwrap();
        let error = Output::create(&path).unwrap().commit(b"new").unwrap_err();
        assert!(cause(&error).to_string().starts_with("the previous recording cannot be kept as "));
        assert_eq!(fs::read(&path).unwrap(), b"previous");
        assert_eq!(names(dir.path()), ["a", "a.old"]);
    }
}
