//! Code objects, read once and looked at again whenever they are met: their memory can be given to another one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{
    functions::{Functions, PythonFunction},
    interpreter::{Interpreter, Version},
    lines,
    objects::{is_alive, item, text},
    offsets::{Instructions, OB_SIZE, Offsets},
};
use crate::profile::frames::memory::{Memory, half_at, word, word_at};

/// A code object as it was when it was read.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// Its own address.
    pub(super) object: u64,
    /// Number among the recording's functions.
    pub(super) function: u32,
    first_line: u32,
    lines: Vec<u8>,
    /// Where its instructions begin and end.
    pub(super) instructions: u64,
    pub(super) end: u64,
    name: u64,
    table: u64,
}

/// A code object in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Met {
    /// Its address.
    pub(super) code: u64,
    /// The names of the module that it belongs to.
    pub(super) globals: u64,
}

/// The code objects of one process.
#[derive(Debug, Default)]
pub(super) struct Codes {
    known: FxHashMap<u64, Code>,
    /// Start of instructions to the address of the object.
    by_instruction: BTreeMap<u64, u64>,
    bytes: usize,
}

/// Code objects of earlier versions know their bare names only.
const FIRST_WITH_QUALIFIED_NAMES: Version = Version { major: 3, minor: 11 };
const LARGEST_TABLE: u64 = 1 << 20;
const LARGEST_CODE: u64 = 64 << 20;
/// All tables of one process; beyond that the cache starts anew.
const MOST_BYTES: usize = 64 << 20;

impl Codes {
    /// The code object at an address, if it has been read.
    pub(super) fn get(&self, address: u64) -> Option<&Code> {
        self.known.get(&address)
    }

    /// The code object whose instructions an address lies in.
    pub(super) fn at_instruction(&self, address: u64) -> Option<&Code> {
        let (_, object) = self.by_instruction.range(..=address).next_back()?;
        // One past the last instruction is where the next one would be read from.
        self.known.get(object).filter(|code| address <= code.end)
    }

    /// Makes sure that all these are known and still the same. Those that are not code objects are left out.
    pub(super) fn refresh(
        &mut self,
        memory: &dyn Memory,
        interpreter: &Interpreter,
        objects: &[Met],
        functions: &mut Functions,
    ) {
        let offsets = interpreter.offsets.code;
        let addresses = objects.iter().map(|met| met.code);
        let known: Vec<u64> = addresses.filter(|a| self.known.contains_key(a)).collect();
        let places: Vec<u64> = known
            .iter()
            .flat_map(|a| [a.wrapping_add(offsets.name), a.wrapping_add(offsets.lines)])
            .collect();
        let mut words = vec![0; places.len()];
        let readable = memory.words(&places, &mut words);
        for (&address, now) in known.iter().zip(words.chunks(2)) {
            let same = self.known.get(&address).is_some_and(|code| [code.name, code.table] == *now);
            if !(readable && same) {
                self.forget(address);
            }
        }
        for &met in objects {
            if !self.known.contains_key(&met.code)
                && let Some(code) = read(memory, interpreter, met, functions)
            {
                self.keep(met.code, code);
            }
        }
    }

    fn keep(&mut self, address: u64, code: Code) {
        self.bytes += code.lines.len() + size_of::<Code>();
        if self.bytes > MOST_BYTES {
            *self = Self { bytes: code.lines.len() + size_of::<Code>(), ..Self::default() };
        }
        self.by_instruction.insert(code.instructions, address);
        self.known.insert(address, code);
    }

    fn forget(&mut self, address: u64) {
        if let Some(code) = self.known.remove(&address) {
            self.by_instruction.remove(&code.instructions);
            self.bytes = self.bytes.saturating_sub(code.lines.len() + size_of::<Code>());
        }
    }
}

impl Code {
    /// The line of the instruction at a byte offset; 0 where it has none.
    pub(super) fn line(&self, offsets: &Offsets, offset: i64) -> u32 {
        lines::line(offsets.code.format, self.first_line, &self.lines, offset)
    }

    /// Whether these instructions are its own, or the one after its last.
    pub(super) fn has_instruction(&self, address: u64) -> bool {
        (self.instructions..=self.end).contains(&address)
    }
}

fn read(memory: &dyn Memory, interpreter: &Interpreter, met: Met, functions: &mut Functions) -> Option<Code> {
    let address = met.code;
    if address == 0 || !interpreter.is_code(memory, address) {
        return None;
    }
    let offsets = interpreter.offsets;
    let mut object = vec![0; usize::try_from(offsets.code.size).ok()?.max(64)];
    if !memory.read(address, &mut object) || !is_alive(&object) {
        return None;
    }
    let (name, table) = (word_at(&object, offsets.code.name)?, word_at(&object, offsets.code.lines)?);
    let first_line = half_at(&object, offsets.code.first_line)?;
    let file_object = word_at(&object, offsets.code.file)?;
    let (file, plain_name) = (text(memory, &offsets, file_object)?, text(memory, &offsets, name)?);
    // 3.12 gives the frame around the others code of its own before it marks the frame as what it is.
    if file == "<shim>" {
        return None;
    }
    // An import gives code other file names after it was made, and the memory of the first ones to whatever comes next.
    let mut again = [0; 2];
    let places = [offsets.code.name, offsets.code.file].map(|at| address.wrapping_add(at));
    if !memory.words(&places, &mut again) || again != [name, file_object] {
        return None;
    }
    let function = functions.intern(PythonFunction {
        name: plain_name,
        file,
        first_line,
        module: item(memory, &offsets, met.globals, "__name__").unwrap_or_default(),
        qualified: interpreter.version >= FIRST_WITH_QUALIFIED_NAMES,
    });
    let lines = bytes(memory, &offsets, table)?;
    let (instructions, len) = match offsets.code.instructions {
        Instructions::Inside(offset) => {
            (address.checked_add(offset)?, word_at(&object, OB_SIZE)?.checked_mul(2)?)
        }
        Instructions::Object(offset) => {
            let bytes = word_at(&object, offset)?;
            let len = word(memory, bytes.checked_add(offsets.text.bytes_size)?)?;
            (bytes.checked_add(offsets.text.bytes)?, len)
        }
    };
    let end = instructions.checked_add(len).filter(|_| len <= LARGEST_CODE)?;
    Some(Code { object: address, function, first_line, lines, instructions, end, name, table })
}

fn bytes(memory: &dyn Memory, offsets: &Offsets, object: u64) -> Option<Vec<u8>> {
    let size = word(memory, object.checked_add(offsets.text.bytes_size)?)?;
    let mut bytes = vec![0; usize::try_from(size).ok().filter(|_| size <= LARGEST_TABLE)?];
    let read = bytes.is_empty() || memory.read(object.checked_add(offsets.text.bytes)?, &mut bytes);
    read.then_some(bytes)
}
