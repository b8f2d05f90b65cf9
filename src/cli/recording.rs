//! Reading recordings and writing what is made of them, for every command: the seam to `profile::format`.

use std::{fs::File, io, io::Read, path::Path};

use crate::profile::{Error, model::Profile};

/// Reads a recording; `-` is standard input.
pub(super) fn load(path: &Path) -> Result<Profile, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut head = [0; 2];
    if path == Path::new("-") {
        io::stdin().read(&mut head).map_err(failed)?;
    } else {
        File::open(path).and_then(|mut file| file.read(&mut head)).map_err(failed)?;
    }
    Err(Error::NotARecording { path: path.to_owned(), reason: "this build reads no format".into() })
}

/// Writes a file in one piece: it appears complete or not at all.
pub(super) fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
