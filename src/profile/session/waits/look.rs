//! The stack of a thread that waits, read while it does and without stopping it: where it stands is told by
//! `/proc/PID/task/TID/syscall`, and nothing moves there.

use crate::profile::{
    process::{
        ProcessTable,
        arch::Registers,
        memory,
        table::Seen,
        thread_files::{Blocked, Doing, ThreadFiles},
    },
    record::{Sample, StackDump},
};

/// Bytes of stack that are copied at first; what lies above is read where it is needed.
const DUMP: usize = 16 << 10;

/// Reads the stack of a thread that waits; `None` when it did not until the end, or when it is not to be read. `buffer` is for the
/// copy.
pub(in crate::profile::session) fn look(
    table: &mut ProcessTable,
    (pid, tid): (u32, u32),
    files: &mut ThreadFiles,
    blocked: &Blocked,
    time_ns: u64,
    buffer: &mut Vec<u8>,
) -> Option<Seen> {
    if blocked.sp == 0 {
        return None;
    }
    buffer.resize(DUMP, 0);
    let n = memory::read(pid, blocked.sp, buffer).ok()?;
    buffer.truncate(n);
    // The frame pointer is not told. Those who wait are in functions that do without one.
    let registers = Registers { ip: blocked.ip, sp: blocked.sp, fp: 0, general: [0; 15] };
    let sample = Sample {
        time_ns,
        age_ns: 0,
        pid,
        tid,
        weight_ns: 0,
        kernel: &[],
        registers: Some(registers),
        stack: StackDump::new(buffer, &[]),
    };
    let seen = table.see_waiting(&sample)?;
    (files.doing() == Some(Doing::Blocked(*blocked))).then_some(seen)
}
