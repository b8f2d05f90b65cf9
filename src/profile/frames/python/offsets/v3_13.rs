//! CPython 3.13. Source: `_Py_DebugOffsets` in its `Include/internal/pycore_runtime.h`.

use super::Description;

/// Positions in the description, in words after its cookie; `cached_keys` is not in it.
pub(super) const DESCRIPTION: Description = Description {
    words: 70,
    interpreters: 4,
    next_interpreter: 7,
    threads: 8,
    thread_next: 20,
    thread_interpreter: 21,
    thread_frame: 22,
    thread_pthread: 23,
    thread_native_id: 24,
    thread_chunk: 25,
    thread_status: 26,
    frame_previous: 28,
    frame_code: 29,
    frame_position: 30,
    frame_owner: 32,
    frame_locals: 31,
    code_file: 34,
    code_name: 36,
    code_lines: 37,
    code_first_line: 38,
    code_instructions: 42,
    bytes_size: 64,
    bytes: 65,
    text_state: 67,
    text_length: 68,
    text_ascii: 69,
    cached_keys: 880,
};
