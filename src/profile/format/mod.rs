//! Reading and writing recordings as files, one file or folder per format.
//!
//! [`load`] and [`load_from`] find out by content what a file is. The save format is [`pprof`]; [`save`] puts its bytes on
//! disk so that neither a crash nor a full disk leaves half a recording behind. A new format is a type that implements [`Format`]
//! and a line in [`FORMATS`].

pub mod folded;
pub mod log;
pub mod pprof;
pub mod pstats;
pub mod save;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use super::{Error, calls::Measurements};

/// Most bytes a recording may have, as a file and decompressed; what is larger is refused instead of filling the memory.
pub const MAX_BYTES: u64 = 1 << 30;

/// Bytes that are looked at before the rest of the input is read.
const SNIFF_BYTES: u64 = 4096;

/// A file format of recordings.
pub trait Format: Sync + std::fmt::Debug {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Endings of its files' names, without a dot before them: `pb.gz`. The first is the usual one.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether [`read`](Self::read) reads it.
    fn is_read(&self) -> bool {
        true
    }

    /// Whether [`write`](Self::write) writes it.
    fn is_written(&self) -> bool {
        true
    }

    /// Whether its files say what the program was started with, which may hold secrets.
    fn holds_command(&self) -> bool {
        false
    }

    /// Whether a file that begins with these bytes is of this format, as far as they tell. They may be the whole file.
    fn detect(&self, beginning: &[u8]) -> bool;

    /// The recording in these bytes. What they are is not trusted: memory and time are bounded.
    ///
    /// # Errors
    /// What is wrong with the bytes, in a few words.
    fn read(&self, bytes: &[u8]) -> Result<Measurements, String>;

    /// Writes a recording; equal recordings give equal bytes.
    ///
    /// # Errors
    /// [`Unwritable`].
    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable>;

    /// What people should know that the format cannot say of a recording; part of a sentence.
    fn loses(&self, measurements: &Measurements) -> Option<&'static str> {
        let _ = measurements;
        None
    }
}

/// Why a recording was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The format is made of stacks, and the recording has none.
    #[error("it has calls and no stacks")]
    NoStacks,
    /// The writer failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// All formats; those that can be told by their content before those that only look alike.
pub static FORMATS: &[&dyn Format] = &[&pprof::Pprof, &pstats::Pstats, &folded::Folded];

/// The format of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// The format that a file's name ends like, the longest ending first: `a.json.gz` is no `gz`.
pub fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let endings =
        FORMATS.iter().flat_map(|format| format.extensions().iter().map(move |ending| (*format, ending)));
    endings
        .filter(|(_, ending)| name.strip_suffix(*ending).is_some_and(|stem| stem.ends_with('.')))
        .max_by_key(|(_, ending)| ending.len())
        .map(|(format, _)| format)
}

/// Names of the formats that are read.
pub fn read_names() -> Vec<&'static str> {
    FORMATS.iter().filter(|format| format.is_read()).map(|format| format.name()).collect()
}

/// Names of the formats that are written.
pub fn written_names() -> Vec<&'static str> {
    FORMATS.iter().filter(|format| format.is_written()).map(|format| format.name()).collect()
}

/// Reads the recording in a file, whose format is told by its content unless it is given. A recording without samples is no
/// error here.
///
/// # Errors
/// [`Error::Read`] where the file cannot be opened or read, [`Error::NotARecording`] where its content is at fault.
pub fn load(path: &Path, format: Option<&dyn Format>) -> Result<Measurements, Error> {
    let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    load_from(file, path, format)
}

/// Reads a recording to the end of `reader`; `name` is what errors call it.
///
/// # Errors
/// As [`load`].
pub fn load_from(
    mut reader: impl Read,
    name: &Path,
    format: Option<&dyn Format>,
) -> Result<Measurements, Error> {
    let not_a_recording = |reason| Error::NotARecording { path: name.to_owned(), reason };
    let (format, bytes) = match read_limited(&mut reader, format, MAX_BYTES) {
        Ok(Input::Whole(format, bytes)) => (format, bytes),
        Ok(Input::Refused(reason)) => return Err(not_a_recording(reason)),
        Err(source) => return Err(Error::Read { path: name.to_owned(), source }),
    };
    format.read(&bytes).map_err(not_a_recording)
}

enum Input<'f> {
    Whole(&'f dyn Format, Vec<u8>),
    Refused(String),
}

/// Reads everything, unless its beginning already tells that it is no recording (an endless device, a large video).
fn read_limited<'f>(
    reader: &mut impl Read,
    format: Option<&'f dyn Format>,
    limit: u64,
) -> io::Result<Input<'f>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(SNIFF_BYTES).read_to_end(&mut bytes)?;
    let format = match format.map_or_else(|| detect(&bytes), Ok) {
        Ok(format) => format,
        Err(reason) => return Ok(Input::Refused(reason)),
    };
    reader.by_ref().take(limit.saturating_sub(bytes.len() as u64) + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Input::Refused(too_large(limit)));
    }
    Ok(Input::Whole(format, bytes))
}

/// The format of a file that begins like this.
fn detect(beginning: &[u8]) -> Result<&'static dyn Format, String> {
    if beginning.is_empty() {
        return Err("the file is empty".into());
    }
    let found = FORMATS.iter().copied().find(|format| format.is_read() && format.detect(beginning));
    found.ok_or_else(|| match beginning {
        [b'P', b'E', b'R', b'F', b'I', b'L', b'E', b'2', ..] => "a recording of `perf record`".into(),
        _ => "not a recording of a known format".into(),
    })
}

fn too_large(limit: u64) -> String {
    format!("it holds more than {}", crate::units::bytes(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_input_is_refused_after_its_first_bytes() {
        let error = load_from(io::repeat(0), Path::new("/dev/zero"), None).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `/dev/zero`: not a recording of a known format");
    }

    #[test]
    fn more_bytes_than_the_limit_are_refused() {
        let mut plausible = b"\x0a\x04\x08\x01\x10\x02".chain(io::repeat(0x32));
        let Input::Refused(reason) = read_limited(&mut plausible, None, 1 << 20).unwrap() else {
            panic!("an endless input was read")
        };
        assert_eq!(reason, "it holds more than 1.0 MiB");
    }

    #[test]
    fn a_missing_file_a_directory_and_an_empty_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let missing = load(&dir.path().join("none.pb.gz"), None).unwrap_err();
        assert!(
            matches!(missing, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        let directory = load(dir.path(), None).unwrap_err();
        assert!(
            matches!(directory, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::IsADirectory)
        );
        let empty = load_from(io::empty(), Path::new("x.pb.gz"), None).unwrap_err();
        assert_eq!(empty.to_string(), "cannot read `x.pb.gz`: the file is empty");
    }

    #[test]
    fn formats_are_found_by_name_and_by_the_longest_ending() {
        let of = |name: &str| by_extension(Path::new(name)).map(|format| format.name());
        assert_eq!(
            ["a.pb.gz", "A.PROF", "x/a.folded", "a.gz", "pb.gz", "a", "-"].map(of),
            [Some("pprof"), Some("pstats"), Some("folded"), None, None, None, None]
        );
        for format in FORMATS {
            assert_eq!(by_name(format.name()).map(|format| format.name()), Some(format.name()));
            assert!(format.is_read() || format.is_written(), "{format:?}");
        }
    }
}
