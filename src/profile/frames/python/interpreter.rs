//! Finds the interpreter of a process and proves that its structures are laid out as expected before anything else uses them.

use std::ops::Range;

use super::offsets::{self, COOKIE, Description, Offsets};
use crate::profile::frames::memory::{Memory, word, word_at};

/// A Python version without its patch level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u8,
    /// Second number.
    pub minor: u8,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What the symbol table of a file with an interpreter in it tells. Addresses as the file counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// `_PyRuntime`.
    pub runtime: u64,
    /// `Py_Version`, from 3.11 on.
    pub version: Option<u64>,
    /// Second number of the version where there is no `Py_Version`.
    pub minor: u8,
    /// `PyCode_Type`.
    pub code_type: u64,
    /// The functions that run byte code, sorted.
    pub evaluation: Vec<Range<u64>>,
}

impl Symbols {
    /// Whether the function around this address runs byte code.
    pub fn evaluates(&self, address: u64) -> bool {
        self.evaluation.iter().any(|range| range.contains(&address))
    }
}

/// An interpreter whose layout was proved.
#[derive(Clone, Debug)]
pub struct Interpreter {
    pub(super) offsets: Offsets,
    pub(super) runtime: u64,
    pub(super) code_type: u64,
    /// Its version.
    pub version: Version,
}

/// Why an interpreter cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A version without a table.
    Unknown(Version),
    /// Older than any with a table, without saying how old.
    TooOld,
    /// Python 2.
    Python2,
    /// It is part of a program without symbols.
    Stripped,
    /// PyPy.
    PyPy,
    /// It runs without a global lock.
    FreeThreaded(Version),
    /// Its memory is not laid out as that version's is.
    Different(Version),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(version) => write!(f, "Python {version} is not one of 3.9 to 3.15"),
            Self::TooOld => write!(f, "it is older than Python 3.9"),
            Self::Python2 => write!(f, "it is Python 2"),
            Self::Stripped => write!(f, "it has an interpreter without symbols"),
            Self::PyPy => write!(f, "PyPy is recorded as native code"),
            Self::FreeThreaded(version) => write!(f, "it is a free-threaded build of Python {version}"),
            Self::Different(version) => {
                write!(f, "it says that it is Python {version}, but its memory is laid out differently")
            }
        }
    }
}

/// Whether an interpreter can be read.
#[derive(Debug)]
pub enum Readiness {
    /// It can.
    Ready(Box<Interpreter>),
    /// It runs nothing yet.
    Starting,
    /// It cannot.
    Refused(Refusal),
}

/// Looks at the interpreter with these symbols, loaded `bias` above the addresses of its file.
pub fn examine(memory: &dyn Memory, symbols: &Symbols, bias: u64) -> Readiness {
    let runtime = symbols.runtime.wrapping_add(bias);
    let Some(version) = version(memory, symbols, bias) else { return Readiness::Starting };
    let offsets = match offsets::description(version) {
        Some(description) => match described(memory, runtime, version, &description) {
            Ok(offsets) => offsets,
            Err(readiness) => return readiness,
        },
        None => match offsets::fixed(version) {
            Some(offsets) => offsets,
            None => return Readiness::Refused(Refusal::Unknown(version)),
        },
    };
    let code_type = symbols.code_type.wrapping_add(bias);
    let interpreter = Interpreter { offsets, runtime, code_type, version };
    match interpreter.proved(memory) {
        Some(true) => Readiness::Ready(Box::new(interpreter)),
        Some(false) => Readiness::Refused(Refusal::Different(version)),
        None => Readiness::Starting,
    }
}

fn version(memory: &dyn Memory, symbols: &Symbols, bias: u64) -> Option<Version> {
    let Some(at) = symbols.version else {
        return Some(Version { major: 3, minor: symbols.minor });
    };
    let hex = word(memory, at.wrapping_add(bias))? as u32;
    let version = version_of(u64::from(hex));
    // The dynamic linker has not filled it in yet.
    (hex != 0).then_some(version)
}

/// `PY_VERSION_HEX`.
fn version_of(hex: u64) -> Version {
    Version { major: (hex >> 24) as u8, minor: (hex >> 16) as u8 }
}

fn described(
    memory: &dyn Memory,
    runtime: u64,
    version: Version,
    description: &Description,
) -> Result<Offsets, Readiness> {
    let different = Readiness::Refused(Refusal::Different(version));
    let mut bytes = vec![0; COOKIE.len() + description.words * 8];
    if !memory.read(runtime, &mut bytes) {
        return Err(Readiness::Starting);
    }
    if bytes.get(..COOKIE.len()) != Some(COOKIE.as_slice()) {
        return Err(if bytes.iter().all(|&byte| byte == 0) { Readiness::Starting } else { different });
    }
    let words: Vec<u64> = (0..description.words as u64).map_while(|i| word_at(&bytes, 8 + 8 * i)).collect();
    let has = |at: usize| words.get(at).copied().unwrap_or(0);
    if version_of(has(offsets::VERSION)) != version {
        return Err(different);
    }
    if has(offsets::FREE_THREADED) != 0 {
        return Err(Readiness::Refused(Refusal::FreeThreaded(version)));
    }
    description.offsets(&words).ok_or(different)
}

impl Interpreter {
    /// Whether threads point back to their interpreter and frames to code objects; `None` while there are none.
    fn proved(&self, memory: &dyn Memory) -> Option<bool> {
        let interpreter = word(memory, self.runtime.wrapping_add(self.offsets.interpreters))?;
        if interpreter == 0 {
            return None;
        }
        let thread = word(memory, interpreter.wrapping_add(self.offsets.threads))?;
        if thread == 0 {
            return None;
        }
        if word(memory, thread.wrapping_add(self.offsets.thread.interpreter)) != Some(interpreter) {
            return Some(false);
        }
        let frame = self.innermost(memory, thread)?;
        self.has_code(memory, frame)
    }

    /// Whether one of the innermost frames has a code object; `None` without a frame that should have one.
    fn has_code(&self, memory: &dyn Memory, mut frame: u64) -> Option<bool> {
        const ENOUGH: usize = 4;
        for _ in 0..ENOUGH {
            if frame == 0 {
                return None;
            }
            let code = untagged(word(memory, frame.wrapping_add(self.offsets.frame.code))?);
            if self.is_code(memory, code) {
                return Some(true);
            }
            frame = word(memory, frame.wrapping_add(self.offsets.frame.previous))?;
        }
        Some(false)
    }

    /// Whether an address is that of a code object.
    pub(super) fn is_code(&self, memory: &dyn Memory, address: u64) -> bool {
        word(memory, address.wrapping_add(offsets::OB_TYPE)) == Some(self.code_type)
    }

    /// The innermost frame of a thread; 0 where it runs nothing.
    fn innermost(&self, memory: &dyn Memory, thread: u64) -> Option<u64> {
        let place = word(memory, thread.wrapping_add(self.offsets.thread.frame))?;
        match self.offsets.thread.indirect {
            Some(offset) if place != 0 => word(memory, place.wrapping_add(offset)),
            _ => Some(place),
        }
    }
}

/// A reference without the marks that 3.14 and later put into its lowest bits; objects are aligned to more than that.
pub(super) fn untagged(reference: u64) -> u64 {
    reference & !7
}
