//! CPython 3.11. Source: its `Include/internal/pycore_frame.h`, `cpython/pystate.h`, `cpython/code.h`.

use super::{
    Attributes, CodeOffsets, Entry, Format, FrameOffsets, Gil, Instructions, Keys, ObjectOffsets, Offsets,
    Position, TEXT_WITH_WSTR, ThreadOffsets,
};

pub(super) const OFFSETS: Offsets = Offsets {
    interpreters: 40,
    next_interpreter: 0,
    threads: 16,
    thread: ThreadOffsets {
        next: 8,
        interpreter: 16,
        pthread: 152,
        native_id: Some(160),
        frame: 56,
        indirect: Some(8),
        chunk: Some(296),
    },
    frame: FrameOffsets {
        previous: 48,
        code: 32,
        globals: 8,
        locals: 72,
        position: 56,
        kind: Position::Address,
        entry: Entry::Flag(68),
        size: 72,
    },
    code: CodeOffsets {
        file: 112,
        name: 128,
        first_line: 72,
        lines: 136,
        format: Format::Locations,
        instructions: Instructions::Inside(184),
        size: 184,
    },
    text: TEXT_WITH_WSTR,
    object: ObjectOffsets { cached_keys: 872, keys: Keys::Compact, attributes: Attributes::Pointers },
    gil: Gil::Current(576),
};
