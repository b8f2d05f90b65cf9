//! CPython 3.14. Source: `_Py_DebugOffsets` in its `Include/internal/pycore_debug_offsets.h`.

use super::Description;

/// Positions in the description, in words after its cookie; `cached_keys` is not in it.
pub(super) const DESCRIPTION: Description = Description {
    words: 80,
    interpreters: 4,
    next_interpreter: 7,
    threads: 8,
    thread_next: 23,
    thread_interpreter: 24,
    thread_frame: 25,
    thread_pthread: 26,
    thread_native_id: 27,
    thread_chunk: 28,
    thread_status: 29,
    frame_previous: 31,
    frame_code: 32,
    frame_position: 33,
    frame_owner: 35,
    frame_locals: 34,
    code_file: 39,
    code_name: 41,
    code_lines: 42,
    code_first_line: 43,
    code_instructions: 47,
    bytes_size: 74,
    bytes: 75,
    text_state: 77,
    text_length: 78,
    text_ascii: 79,
    cached_keys: 880,
};
