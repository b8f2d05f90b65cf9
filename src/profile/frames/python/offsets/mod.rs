//! Where things lie in CPython's structures; one table for each version, in bytes.
//!
//! The tables up to 3.12 are `offsetof` over that version's own headers on x86-64; from 3.13 on the interpreter carries them
//! itself (`_Py_DebugOffsets` at the start of `_PyRuntime`), and the table says where in that structure each one stands.

mod described;
mod v3_10;
mod v3_11;
mod v3_12;
mod v3_13;
mod v3_14;
mod v3_15;
mod v3_9;

use super::{interpreter::Version, lines::Format};
pub(super) use described::{COOKIE, Description, FREE_THREADED, VERSION};

/// What a reader needs to know of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offsets {
    /// `_PyRuntime` to the first interpreter.
    pub(super) interpreters: u64,
    /// An interpreter to the next one.
    pub(super) next_interpreter: u64,
    /// An interpreter to its newest thread.
    pub(super) threads: u64,
    pub(super) thread: ThreadOffsets,
    pub(super) frame: FrameOffsets,
    pub(super) code: CodeOffsets,
    pub(super) text: TextOffsets,
    pub(super) object: ObjectOffsets,
    pub(super) gil: Gil,
}

/// `PyThreadState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ThreadOffsets {
    pub(super) next: u64,
    pub(super) interpreter: u64,
    /// What `pthread_self()` says.
    pub(super) pthread: u64,
    /// The kernel's thread id, where it is kept.
    pub(super) native_id: Option<u64>,
    /// To the innermost frame, or to what points to it.
    pub(super) frame: u64,
    /// Where that is not the thread itself (3.11, 3.12): offset of the pointer in the structure that `frame` leads to.
    pub(super) indirect: Option<u64>,
    /// The newest piece of memory for frames, where frames are not objects.
    pub(super) chunk: Option<u64>,
}

/// A frame: `PyFrameObject` up to 3.10, `_PyInterpreterFrame` since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameOffsets {
    pub(super) previous: u64,
    pub(super) code: u64,
    /// Dictionary of the module that the function belongs to.
    pub(super) globals: u64,
    /// The first local variable, of a function with arguments the first of them.
    pub(super) locals: u64,
    pub(super) position: u64,
    pub(super) kind: Position,
    pub(super) entry: Entry,
    /// Bytes to copy to have all of these.
    pub(super) size: u64,
}

/// What a frame says about where it is in its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Number (32 bits) of its byte, or of its unit of so many bytes.
    Index { unit: i64 },
    /// Address of the instruction.
    Address,
}

/// How one sees that a frame was the first in a call of the evaluation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Each frame has a call of its own.
    Always,
    /// A byte that is not zero.
    Flag(u64),
    /// A frame without code lies outside of it; a byte of at least [`FIRST_SHIM`] tells it.
    Shim(u64),
}

/// `FRAME_OWNED_BY_CSTACK` of 3.12 and 3.13, `FRAME_OWNED_BY_INTERPRETER` since.
pub(super) const FIRST_SHIM: u8 = 3;

/// `PyCodeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeOffsets {
    pub(super) file: u64,
    /// Qualified name from 3.11 on, else the bare name.
    pub(super) name: u64,
    pub(super) first_line: u64,
    pub(super) lines: u64,
    pub(super) format: Format,
    pub(super) instructions: Instructions,
    /// Bytes to copy to have all of these.
    pub(super) size: u64,
}

/// Where a code object's byte code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    /// At this offset in the object itself, in two bytes for each of its `ob_size`.
    Inside(u64),
    /// In a bytes object, to which a pointer at this offset leads.
    Object(u64),
}

/// `PyASCIIObject`, `PyCompactUnicodeObject` and `PyBytesObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextOffsets {
    pub(super) length: u64,
    pub(super) state: u64,
    pub(super) ascii: u64,
    pub(super) compact: u64,
    pub(super) bytes_size: u64,
    pub(super) bytes: u64,
}

/// Dictionaries and the attributes of instances of Python classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ObjectOffsets {
    /// A class to the names of its instances' attributes: `PyHeapTypeObject.ht_cached_keys`.
    pub(super) cached_keys: u64,
    pub(super) keys: Keys,
    pub(super) attributes: Attributes,
}

/// `PyDictKeysObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Up to 3.10: the size of the table as a number, every entry with its hash.
    Plain,
    /// From 3.11 on: sizes as powers of two, entries of texts without a hash.
    Compact,
}

/// Where an instance keeps its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attributes {
    /// Up to 3.10: in a dictionary.
    Dict,
    /// 3.11: in values or in a dictionary, pointers to both stand before the object.
    Pointers,
    /// 3.12: one pointer before the object, whose lowest bit says that it leads to values.
    Marked,
    /// From 3.13 on: a pointer to a dictionary before the object, else values behind it.
    Inline,
}

/// How one sees which thread holds the global lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gil {
    /// Up to 3.11: `_PyRuntime` to the thread's address.
    Current(u64),
    /// A word of the thread with [`ACTIVE`] among its bits.
    Status(u64),
}

/// `_status.active`.
pub(super) const ACTIVE: u32 = 1 << 4;

/// `PyTypeObject`, the same in all versions.
pub(super) const TYPE_BASIC_SIZE: u64 = 32;
pub(super) const TYPE_FLAGS: u64 = 168;
pub(super) const TYPE_DICT_OFFSET: u64 = 288;
/// `PyDictObject`, the same in all versions.
pub(super) const DICT_KEYS: u64 = 32;
pub(super) const DICT_VALUES: u64 = 40;

/// The same in all versions: `ob_type` of every object, `ob_size` of those that have one.
pub(super) const OB_TYPE: u64 = 8;
pub(super) const OB_SIZE: u64 = 16;

/// Strings up to 3.11 have a pointer that later ones do not.
const TEXT_WITH_WSTR: TextOffsets =
    TextOffsets { length: 16, state: 32, ascii: 48, compact: 72, bytes_size: 16, bytes: 32 };
const TEXT: TextOffsets =
    TextOffsets { length: 16, state: 32, ascii: 40, compact: 56, bytes_size: 16, bytes: 32 };

/// The table of a version whose interpreter does not describe itself.
pub(super) fn fixed(version: Version) -> Option<Offsets> {
    match version {
        Version { major: 3, minor: 9 } => Some(v3_9::OFFSETS),
        Version { major: 3, minor: 10 } => Some(v3_10::OFFSETS),
        Version { major: 3, minor: 11 } => Some(v3_11::OFFSETS),
        Version { major: 3, minor: 12 } => Some(v3_12::OFFSETS),
        _ => None,
    }
}

/// Where a version that describes itself keeps which offset.
pub(super) fn description(version: Version) -> Option<Description> {
    match version {
        Version { major: 3, minor: 13 } => Some(v3_13::DESCRIPTION),
        Version { major: 3, minor: 14 } => Some(v3_14::DESCRIPTION),
        Version { major: 3, minor: 15 } => Some(v3_15::DESCRIPTION),
        _ => None,
    }
}
