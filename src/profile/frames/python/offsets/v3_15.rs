//! CPython 3.15. Source: `_Py_DebugOffsets` in its `Include/internal/pycore_debug_offsets.h`.

use super::Description;

/// Positions in the description, in words after its cookie; `cached_keys` is not in it.
pub(super) const DESCRIPTION: Description = Description {
    words: 93,
    interpreters: 4,
    next_interpreter: 7,
    threads: 8,
    thread_next: 23,
    thread_interpreter: 24,
    thread_frame: 25,
    thread_pthread: 29,
    thread_native_id: 30,
    thread_chunk: 31,
    thread_status: 32,
    frame_previous: 39,
    frame_code: 40,
    frame_position: 41,
    frame_owner: 43,
    frame_locals: 42,
    code_file: 47,
    code_name: 49,
    code_lines: 50,
    code_first_line: 51,
    code_instructions: 55,
    bytes_size: 86,
    bytes: 87,
    text_state: 89,
    text_length: 90,
    text_ascii: 91,
    cached_keys: 888,
};
