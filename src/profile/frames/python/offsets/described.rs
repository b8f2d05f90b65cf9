//! Offsets as an interpreter describes them itself, from 3.13 on.

use super::{
    Attributes, CodeOffsets, Entry, Format, FrameOffsets, Gil, Instructions, Keys, ObjectOffsets, Offsets,
    Position, TextOffsets, ThreadOffsets,
};

/// What the description begins with.
pub(in super::super) const COOKIE: &[u8; 8] = b"xdebugpy";

/// Which word of the description is which offset. Words are counted after the cookie.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Description {
    /// How many there are to read.
    pub(in super::super) words: usize,
    pub(super) interpreters: usize,
    pub(super) next_interpreter: usize,
    pub(super) threads: usize,
    pub(super) thread_next: usize,
    pub(super) thread_interpreter: usize,
    pub(super) thread_frame: usize,
    pub(super) thread_pthread: usize,
    pub(super) thread_native_id: usize,
    pub(super) thread_chunk: usize,
    pub(super) thread_status: usize,
    pub(super) frame_previous: usize,
    pub(super) frame_code: usize,
    pub(super) frame_position: usize,
    pub(super) frame_owner: usize,
    pub(super) frame_locals: usize,
    pub(super) code_file: usize,
    pub(super) code_name: usize,
    pub(super) code_lines: usize,
    pub(super) code_first_line: usize,
    pub(super) code_instructions: usize,
    pub(super) bytes_size: usize,
    pub(super) bytes: usize,
    pub(super) text_state: usize,
    pub(super) text_length: usize,
    pub(super) text_ascii: usize,
    /// Not described: [`ObjectOffsets::cached_keys`] itself.
    pub(super) cached_keys: u64,
}

/// Neither is where a frame keeps its globals: behind its code and its function, in all of these versions.
const GLOBALS_AFTER_CODE: u64 = 24;

/// Position of the version, as in `PY_VERSION_HEX`.
pub(in super::super) const VERSION: usize = 0;
/// Position of whether the interpreter runs without a global lock.
pub(in super::super) const FREE_THREADED: usize = 1;

/// No structure is as large as this; an interpreter's is some hundred kilobytes.
const LARGEST: u64 = 1 << 24;
/// Frames, threads, code objects and strings are small.
const LARGEST_OBJECT: u64 = 4096;

impl Description {
    /// The offsets; `None` where one of them cannot be true.
    pub(in super::super) fn offsets(&self, words: &[u64]) -> Option<Offsets> {
        let large = |at: usize| words.get(at).copied().filter(|&offset| offset < LARGEST);
        let small = |at: usize| large(at).filter(|&offset| offset < LARGEST_OBJECT);
        let (previous, code) = (small(self.frame_previous)?, small(self.frame_code)?);
        let (position, owner) = (small(self.frame_position)?, small(self.frame_owner)?);
        let instructions = small(self.code_instructions)?;
        let (file, name) = (small(self.code_file)?, small(self.code_name)?);
        let (first_line, lines) = (small(self.code_first_line)?, small(self.code_lines)?);
        let ascii = small(self.text_ascii)?;
        Some(Offsets {
            interpreters: large(self.interpreters)?,
            next_interpreter: large(self.next_interpreter)?,
            threads: large(self.threads)?,
            thread: ThreadOffsets {
                next: small(self.thread_next)?,
                interpreter: small(self.thread_interpreter)?,
                pthread: small(self.thread_pthread)?,
                native_id: Some(small(self.thread_native_id)?),
                frame: small(self.thread_frame)?,
                indirect: None,
                chunk: Some(small(self.thread_chunk)?),
            },
            frame: FrameOffsets {
                previous,
                code,
                globals: code + GLOBALS_AFTER_CODE,
                locals: small(self.frame_locals)?,
                position,
                kind: Position::Address,
                entry: Entry::Shim(owner),
                size: [previous, code + GLOBALS_AFTER_CODE, position, owner].into_iter().max()? + 8,
            },
            code: CodeOffsets {
                file,
                name,
                first_line,
                lines,
                format: Format::Locations,
                instructions: Instructions::Inside(instructions),
                size: [file, name, first_line, lines].into_iter().max()? + 8,
            },
            text: TextOffsets {
                length: small(self.text_length)?,
                state: small(self.text_state)?,
                ascii,
                // `utf8_length` and `utf8` follow in a string that is not ASCII.
                compact: ascii + 16,
                bytes_size: small(self.bytes_size)?,
                bytes: small(self.bytes)?,
            },
            object: ObjectOffsets {
                cached_keys: self.cached_keys,
                keys: Keys::Compact,
                attributes: Attributes::Inline,
            },
            gil: Gil::Status(small(self.thread_status)?),
        })
    }
}
