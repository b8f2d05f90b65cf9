//! Reading and writing profiles as files, one file or folder per format.
//!
//! [`load`] and [`load_from`] find out by content what a file is. The save format is [`pprof`]; [`save`] puts its bytes on
//! disk so that neither a crash nor a full disk leaves half a recording behind.

pub mod log;
pub mod pprof;
pub mod save;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{Error, model::Profile};

/// Most bytes a recording may have, as a file and decompressed; what is larger is refused instead of filling the memory.
pub const MAX_BYTES: u64 = 1 << 30;

/// Bytes that are looked at before the rest of the input is read.
const SNIFF_BYTES: u64 = 4096;

/// Reads the recording in a file. A recording without samples is no error here.
///
/// # Errors
/// [`Error::Read`] where the file cannot be opened or read, [`Error::NotARecording`] where its content is at fault.
pub fn load(path: &Path) -> Result<Profile, Error> {
    let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    load_from(file, path)
}

/// Reads a recording to the end of `reader`; `name` is what errors call it.
///
/// # Errors
/// As [`load`].
pub fn load_from(mut reader: impl Read, name: &Path) -> Result<Profile, Error> {
    let bytes = match read_limited(&mut reader, MAX_BYTES) {
        Ok(Input::Whole(bytes)) => bytes,
        Ok(Input::Refused(reason)) => return Err(Error::NotARecording { path: name.to_owned(), reason }),
        Err(source) => return Err(Error::Read { path: name.to_owned(), source }),
    };
    pprof::read(&bytes).map_err(|reason| Error::NotARecording { path: name.to_owned(), reason })
}

enum Input {
    Whole(Vec<u8>),
    Refused(String),
}

/// Reads everything, unless its beginning already tells that it is no recording (an endless device, a large video).
fn read_limited(reader: &mut impl Read, limit: u64) -> io::Result<Input> {
    let mut bytes = Vec::new();
    reader.by_ref().take(SNIFF_BYTES).read_to_end(&mut bytes)?;
    if let Err(reason) = pprof::sniff(&bytes) {
        return Ok(Input::Refused(reason));
    }
    reader.by_ref().take(limit.saturating_sub(bytes.len() as u64) + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Input::Refused(too_large(limit)));
    }
    Ok(Input::Whole(bytes))
}

fn too_large(limit: u64) -> String {
    format!("it holds more than {}", crate::units::bytes(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_input_is_refused_after_its_first_bytes() {
        let error = load_from(io::repeat(0), Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `/dev/zero`: not a pprof file");
    }

    #[test]
    fn more_bytes_than_the_limit_are_refused() {
        let mut plausible = b"\x0a\x04\x08\x01\x10\x02".chain(io::repeat(0x32));
        let Input::Refused(reason) = read_limited(&mut plausible, 1 << 20).unwrap() else {
            panic!("an endless input was read")
        };
        assert_eq!(reason, "it holds more than 1.0 MiB");
    }

    #[test]
    fn a_missing_file_a_directory_and_an_empty_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let missing = load(&dir.path().join("none.pb.gz")).unwrap_err();
        assert!(
            matches!(missing, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        let directory = load(dir.path()).unwrap_err();
        assert!(
            matches!(directory, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::IsADirectory)
        );
        let empty = load_from(io::empty(), Path::new("x.pb.gz")).unwrap_err();
        assert_eq!(empty.to_string(), "cannot read `x.pb.gz`: the file is empty");
    }
}
