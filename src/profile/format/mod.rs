//! Reading and writing recordings as files, one file or folder per format.
//!
//! [`load`] and [`load_from`] find out by content what a file is. The save format is [`pprof`]; [`save`] puts its bytes on
//! disk so that neither a crash nor a full disk leaves half a recording behind. A new format is a type that implements [`Format`]
//! and a line in [`FORMATS`].

pub mod callgrind;
pub mod csv;
pub mod firefox;
pub mod folded;
mod foreign;
mod guess;
pub mod json;
mod json_text;
mod known;
mod lines;
pub mod log;
pub mod perf_data;
pub mod perf_script;
pub mod pprof;
pub mod pstats;
pub mod save;
pub mod speedscope;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Write},
    path::Path,
};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

use super::{Error, calls::Measurements};

/// Most bytes a recording may have, as a file and decompressed; what is larger is refused instead of filling the memory.
pub const MAX_BYTES: u64 = 1 << 30;

/// Bytes that are looked at before the rest of the input is read.
const SNIFF_BYTES: u64 = 4096;
/// Bytes of a reason, about.
const LONGEST_REASON: usize = 300;
/// So many events are named where one is not there.
const MOST_NAMED: usize = 16;
/// What gzip data begins with.
const GZIP: &[u8] = b"\x1f\x8b";

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

    /// Most bytes of its files, where they are read as a whole.
    fn most_bytes(&self) -> u64 {
        MAX_BYTES
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

    /// The same from a stream. Formats that are read piece by piece need not have it in memory, so that it may be of any size;
    /// of others no more than [`most_bytes`](Self::most_bytes) are read.
    ///
    /// # Errors
    /// [`Failure`].
    fn read_from(&self, input: &mut dyn BufRead) -> Result<Measurements, Failure> {
        self.read(&whole(input, self.most_bytes())?).map_err(Failure::Content)
    }

    /// The recording of one of several events (`cycles`; `alloc_space`) that a file may have, by the name that it gives it.
    ///
    /// # Errors
    /// [`Failure`]; also when the file has no such event.
    fn read_event(&self, input: &mut dyn BufRead, event: &str) -> Result<Measurements, Failure> {
        let _ = input;
        let name = self.name();
        Err(format!("a recording of the format {name} has one event, there is no `{event}` to choose").into())
    }

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

/// Why a recording was not read.
#[derive(Debug)]
pub enum Failure {
    /// The reader failed.
    Io(io::Error),
    /// What is wrong with the content, in a few words.
    Content(String),
}

impl Failure {
    /// In a few words, where the reader is memory and cannot fail.
    fn content(self) -> String {
        match self {
            Self::Io(error) => error.to_string(),
            Self::Content(reason) => reason,
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Content(reason)
    }
}

/// Why a recording was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The format is made of stacks, and the recording has none.
    #[error("it has calls and no stacks")]
    NoStacks,
    /// The format is read and not written.
    #[error("it is not written")]
    ReadOnly,
    /// The writer failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// All formats; those that can be told by their content before those that only look alike.
pub static FORMATS: &[&dyn Format] = &[
    &perf_data::PerfData,
    &pprof::Pprof,
    &pstats::Pstats,
    &perf_script::PerfScript,
    &speedscope::Speedscope,
    &firefox::Firefox,
    &callgrind::Callgrind,
    &folded::Folded,
    &json::Json,
    &csv::Csv,
];

/// The format of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// The format that a file's name ends like, zipped or not, the longest ending first: `a.speedscope.json` is no `json`.
pub fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    by_ending(&name).or_else(|| by_ending(name.strip_suffix(".gz")?))
}

fn by_ending(name: &str) -> Option<&'static dyn Format> {
    let endings =
        FORMATS.iter().flat_map(|format| format.extensions().iter().map(move |ending| (*format, ending)));
    endings
        .filter(|(_, ending)| name.strip_suffix(*ending).is_some_and(|stem| stem.ends_with('.')))
        .max_by_key(|(_, ending)| ending.len())
        .map(|(format, _)| format)
}

/// Whether a file of this name is to be zipped; pprof files always are by themselves.
pub fn is_zipped(path: &Path, format: &dyn Format) -> bool {
    format.name() != "pprof" && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
}

/// The bytes zipped; equal ones give equal ones.
pub fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Names of the formats that are read.
pub fn read_names() -> Vec<&'static str> {
    FORMATS.iter().filter(|format| format.is_read()).map(|format| format.name()).collect()
}

/// Names of the formats that are written.
pub fn written_names() -> Vec<&'static str> {
    FORMATS.iter().filter(|format| format.is_written()).map(|format| format.name()).collect()
}

/// How a recording is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct How<'a> {
    /// Its format; `None` to tell it by the content.
    pub format: Option<&'a dyn Format>,
    /// Which of its events; `None` for the one that its format's documentation names.
    pub event: Option<&'a str>,
}

/// Reads the recording in a file. A recording without samples is no error here.
///
/// # Errors
/// [`Error::Read`] where the file cannot be opened or read, [`Error::NotARecording`] where its content is at fault.
pub fn load(path: &Path, how: How<'_>) -> Result<Measurements, Error> {
    let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    load_from(file, path, how)
}

/// Reads a recording to the end of `reader`; `name` is what errors call it.
///
/// # Errors
/// As [`load`].
pub fn load_from(mut reader: impl Read, name: &Path, how: How<'_>) -> Result<Measurements, Error> {
    let mut beginning = Vec::new();
    let read = reader.by_ref().take(SNIFF_BYTES).read_to_end(&mut beginning).map_err(Failure::Io);
    let measurements = read.and_then(|_| {
        let (format, zipped) = find(&beginning, how.format)?;
        let whole = Cursor::new(&beginning).chain(reader);
        let read = |input: &mut dyn BufRead| match how.event {
            Some(event) => format.read_event(input, event),
            None => format.read_from(input),
        };
        if zipped {
            return unzipped(read, whole);
        }
        read(&mut BufReader::new(whole))
    });
    measurements.map_err(|failure| match failure {
        Failure::Io(source) => Error::Read { path: name.to_owned(), source },
        Failure::Content(reason) => Error::NotARecording { path: name.to_owned(), reason: one_line(&reason) },
    })
}

/// The format of an input that begins like this, and whether it is to be unzipped first. An input that is none (an endless device, a
/// large video) is refused before the rest of it is read.
fn find<'f>(beginning: &[u8], asked: Option<&'f dyn Format>) -> Result<(&'f dyn Format, bool), String> {
    if !beginning.starts_with(GZIP) {
        return Ok((asked.map_or_else(|| detect(beginning), Ok)?, false));
    }
    // pprof files usually are; their reader does it by itself.
    let raw = asked.is_none_or(|format| format.name() == "pprof");
    if raw && (asked.is_some() || pprof::Pprof.detect(beginning)) {
        return Ok((&pprof::Pprof, false));
    }
    let mut plain = Vec::new();
    // The beginning ends in the middle of its stream.
    let _ = MultiGzDecoder::new(beginning).take(SNIFF_BYTES).read_to_end(&mut plain);
    Ok((asked.map_or_else(|| detect(&plain), Ok)?, true))
}

/// What is wrong may be told with the file's own words, which may be long and have line ends.
fn one_line(reason: &str) -> String {
    let mut line = String::new();
    for c in reason.chars() {
        if line.len() > LONGEST_REASON {
            line.push('…');
            break;
        }
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

fn unzipped(
    read: impl Fn(&mut dyn BufRead) -> Result<Measurements, Failure>,
    zipped: impl Read,
) -> Result<Measurements, Failure> {
    let reading = read(&mut BufReader::new(MultiGzDecoder::new(BufReader::new(zipped))));
    reading.map_err(|failure| match failure {
        Failure::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => Failure::Content("cut short".into()),
        Failure::Io(e) if e.raw_os_error().is_none() => {
            Failure::Content("damaged: its gzip data cannot be decompressed".into())
        }
        failure => failure,
    })
}

/// The format of a file that begins like this.
fn detect(beginning: &[u8]) -> Result<&'static dyn Format, String> {
    if beginning.is_empty() {
        return Err("the file is empty".into());
    }
    let found = FORMATS.iter().copied().find(|format| format.is_read() && format.detect(beginning));
    found.ok_or_else(|| "not a recording of a known format".into())
}

/// All of an input that has at most so many bytes.
fn whole(input: &mut dyn BufRead, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes).map_err(Failure::Io)?;
    if bytes.len() as u64 > most {
        return Err(Failure::Content(too_large(most)));
    }
    Ok(bytes)
}

/// What is said of an event that a file does not have; `names` are those it has.
fn no_event<'a>(event: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    format!("it has no event `{event}`, only {}", names.join(", "))
}

/// Fails where a table would pass its limit.
fn limit(len: usize, max: usize, things: &str) -> Result<(), String> {
    if len < max {
        return Ok(());
    }
    Err(format!("it holds more than {} {things}", crate::units::count(max as u64)))
}

fn too_large(limit: u64) -> String {
    format!("it holds more than {}", crate::units::bytes(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_input_is_refused_after_its_first_bytes() {
        let error = load_from(io::repeat(0), Path::new("/dev/zero"), How::default()).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `/dev/zero`: not a recording of a known format");
    }

    #[test]
    fn zipped_text_is_read_and_a_cut_one_is_not() {
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // No stack like another, so that it takes more bytes than are looked at.
        (0..20_000).for_each(|i| writeln!(zipped, "main;f{i} {i}").unwrap());
        let bytes = zipped.finish().unwrap();
        let load = |bytes: &[u8]| load_from(bytes, Path::new("x.gz"), How::default());
        let Measurements::Sampled(profile) = load(&bytes).unwrap() else { panic!("stacks") };
        assert_eq!(profile.samples.len(), 19_999);
        let cut = load(&bytes[..bytes.len() / 2]).unwrap_err();
        assert_eq!(cut.to_string(), "cannot read `x.gz`: cut short");
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2..].fill(0xff);
        let damaged = load(&damaged).unwrap_err().to_string();
        assert!(damaged.starts_with("cannot read `x.gz`: "), "{damaged}");
    }

    #[test]
    fn a_reason_is_a_line_whatever_the_file_says() {
        let document = |kind: &str| {
            format!("{{\"$schema\":\"\",\"shared\":{{}},\"profiles\":[{{\"type\":\"{kind}\"}}]}}")
        };
        let reason = |kind: &str| {
            load_from(document(kind).as_bytes(), Path::new("x"), How::default()).unwrap_err().to_string()
        };
        assert_eq!(
            reason(r"a\nb\u001b"),
            r"cannot read `x`: it has a profile of an unknown type, `a\nb\u{1b}`"
        );
        assert!(reason(&"long".repeat(1000)).len() < 2 * LONGEST_REASON);
    }

    #[test]
    fn a_missing_file_a_directory_and_an_empty_file_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let missing = load(&dir.path().join("none.pb.gz"), How::default()).unwrap_err();
        assert!(
            matches!(missing, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        let directory = load(dir.path(), How::default()).unwrap_err();
        assert!(
            matches!(directory, Error::Read { ref source, .. } if source.kind() == io::ErrorKind::IsADirectory)
        );
        let empty = load_from(io::empty(), Path::new("x.pb.gz"), How::default()).unwrap_err();
        assert_eq!(empty.to_string(), "cannot read `x.pb.gz`: the file is empty");
    }

    #[test]
    fn formats_are_found_by_name_and_by_the_longest_ending() {
        let of = |name: &str| by_extension(Path::new(name)).map(|format| format.name());
        assert_eq!(
            ["a.pb.gz", "A.PROF", "x/a.folded.gz", "a.speedscope.json", "a.json"].map(of),
            ["pprof", "pstats", "folded", "speedscope", "json"].map(Some)
        );
        assert_eq!(["a.gz", "pb.gz", "a", "-"].map(of), [None; 4]);
        assert_eq!(
            ["a.pb.gz", "a.folded.gz", "a.folded"]
                .map(|name| is_zipped(Path::new(name), by_extension(Path::new(name)).unwrap())),
            [false, true, false]
        );
        for format in FORMATS {
            assert_eq!(by_name(format.name()).map(|format| format.name()), Some(format.name()));
            assert!(format.is_read() || format.is_written(), "{format:?}");
        }
    }
}
