//! A file that is added to while a recording goes on.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::profile::Error;

/// A file that only grows. A new one can be read by its owner only: what is logged holds command lines.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    regular: bool,
}

impl Log {
    /// Opens the file, which is created if it is not there. A pipe without a reader is waited for.
    ///
    /// # Errors
    /// [`Error::Write`] where that is not possible.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (file, regular) = open(path).map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, regular })
    }

    /// Adds `text`, which ends with a new line, in one write. If another file, or none, stands under the path by now, as after
    /// a rotation of logs, it goes there.
    ///
    /// # Errors
    /// [`Error::Write`] where the disk is full or the reader of a pipe is gone.
    pub fn append(&mut self, text: &[u8]) -> Result<(), Error> {
        self.write(text).map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.regular && !self.is_in_place()? {
            (self.file, self.regular) = open(&self.path)?;
        }
        if self.regular && ends_within_a_line(&self.path)? {
            // A writer that was killed left it so.
            return self.file.write_all(&[b"\n", text].concat());
        }
        self.file.write_all(text)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        Ok(fs::metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())))
    }
}

fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let regular = file.metadata()?.is_file();
    Ok((file, regular))
}

fn ends_within_a_line(path: &Path) -> io::Result<bool> {
    let mut last = [b'\n'];
    // A log that may be written but not read is taken as it should be.
    if let Ok(mut file) = File::open(path)
        && file.seek(SeekFrom::End(-1)).is_ok()
    {
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn lines_are_added_to_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        Log::open(&path).unwrap().append(b"one\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut log = Log::open(&path).unwrap();
        log.append(b"two\n").unwrap();
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"cut of").unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\ncut of\nthree\n");
    }

    #[test]
    fn a_log_that_was_moved_away_starts_again() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("log"), dir.path().join("log.1"));
        let mut log = Log::open(&path).unwrap();
        log.append(b"one\n").unwrap();
        fs::rename(&path, &old).unwrap();
        log.append(b"two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        assert_eq!(fs::read_to_string(&old).unwrap(), "one\n");
    }

    #[test]
    fn a_log_that_cannot_be_written_is_found_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let error = Log::open(dir.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write `{}`", dir.path().display()));
        assert!(Log::open(&dir.path().join("none/log")).is_err());
        assert!(Log::open(Path::new("/dev/full")).unwrap().append(b"x\n").is_err());
    }
}
