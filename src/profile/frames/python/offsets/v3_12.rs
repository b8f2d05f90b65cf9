//! CPython 3.12. Source: its `Include/internal/pycore_frame.h`, `cpython/pystate.h`, `cpython/code.h`.

use super::{
    Attributes, CodeOffsets, Entry, Format, FrameOffsets, Gil, Instructions, Keys, ObjectOffsets, Offsets,
    Position, TEXT, ThreadOffsets,
};

pub(super) const OFFSETS: Offsets = Offsets {
    interpreters: 40,
    next_interpreter: 0,
    threads: 72,
    thread: ThreadOffsets {
        next: 8,
        interpreter: 16,
        pthread: 136,
        native_id: Some(144),
        frame: 56,
        indirect: Some(0),
        chunk: Some(232),
    },
    frame: FrameOffsets {
        previous: 8,
        code: 0,
        globals: 24,
        locals: 72,
        position: 56,
        kind: Position::Address,
        entry: Entry::Shim(70),
        size: 72,
    },
    code: CodeOffsets {
        file: 112,
        name: 128,
        first_line: 68,
        lines: 136,
        format: Format::Locations,
        instructions: Instructions::Inside(192),
        size: 192,
    },
    text: TEXT,
    object: ObjectOffsets { cached_keys: 880, keys: Keys::Compact, attributes: Attributes::Marked },
    gil: Gil::Status(24),
};
