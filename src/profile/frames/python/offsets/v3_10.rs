//! CPython 3.10. Source: its `Include/cpython/frameobject.h`, `pystate.h`, `code.h`.

use super::{
    Attributes, CodeOffsets, Entry, Format, FrameOffsets, Gil, Instructions, Keys, ObjectOffsets, Offsets,
    Position, TEXT_WITH_WSTR, ThreadOffsets,
};

pub(super) const OFFSETS: Offsets = Offsets {
    interpreters: 32,
    next_interpreter: 0,
    threads: 8,
    thread: ThreadOffsets {
        next: 8,
        interpreter: 16,
        pthread: 176,
        native_id: None,
        frame: 24,
        indirect: None,
        chunk: None,
    },
    frame: FrameOffsets {
        previous: 24,
        code: 32,
        globals: 48,
        locals: 352,
        position: 96,
        kind: Position::Index { unit: 2 },
        entry: Entry::Always,
        size: 104,
    },
    code: CodeOffsets {
        file: 104,
        name: 112,
        first_line: 40,
        lines: 120,
        format: Format::Ranges,
        instructions: Instructions::Object(48),
        size: 128,
    },
    text: TEXT_WITH_WSTR,
    object: ObjectOffsets { cached_keys: 872, keys: Keys::Plain, attributes: Attributes::Dict },
    gil: Gil::Current(568),
};
