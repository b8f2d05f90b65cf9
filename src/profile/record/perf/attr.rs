//! `struct perf_event_attr` and the constants of `linux/perf_event.h` that sampling needs.

use crate::profile::process::arch::PERF_REGISTERS;

/// The kernel's `struct perf_event_attr`, version 7 (128 bytes).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attr {
    kind: u32,
    size: u32,
    config: u64,
    period_or_frequency: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clock_id: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    sample_max_stack: u16,
    reserved_2: u16,
    aux_sample_size: u32,
    reserved_3: u32,
    sig_data: u64,
}

const TYPE_SOFTWARE: u32 = 1;
const COUNT_SW_CPU_CLOCK: u64 = 0;

mod sample {
    pub(super) const IP: u64 = 1 << 0;
    pub(super) const TID: u64 = 1 << 1;
    pub(super) const TIME: u64 = 1 << 2;
    pub(super) const CALLCHAIN: u64 = 1 << 5;
    pub(super) const PERIOD: u64 = 1 << 8;
    pub(super) const STREAM_ID: u64 = 1 << 9;
    pub(super) const REGS_USER: u64 = 1 << 12;
    pub(super) const STACK_USER: u64 = 1 << 13;
    pub(super) const IDENTIFIER: u64 = 1 << 16;
}

mod flag {
    pub(super) const DISABLED: u64 = 1 << 0;
    pub(super) const INHERIT: u64 = 1 << 1;
    pub(super) const EXCLUDE_KERNEL: u64 = 1 << 5;
    pub(super) const EXCLUDE_HV: u64 = 1 << 6;
    pub(super) const MMAP: u64 = 1 << 8;
    pub(super) const COMM: u64 = 1 << 9;
    pub(super) const FREQUENCY: u64 = 1 << 10;
    pub(super) const ENABLE_ON_EXEC: u64 = 1 << 12;
    pub(super) const TASK: u64 = 1 << 13;
    pub(super) const WATERMARK: u64 = 1 << 14;
    pub(super) const SAMPLE_ID_ALL: u64 = 1 << 18;
    pub(super) const EXCLUDE_CALLCHAIN_KERNEL: u64 = 1 << 21;
    pub(super) const EXCLUDE_CALLCHAIN_USER: u64 = 1 << 22;
    pub(super) const MMAP2: u64 = 1 << 23;
    pub(super) const COMM_EXEC: u64 = 1 << 24;
    pub(super) const USE_CLOCK_ID: u64 = 1 << 25;
    pub(super) const CONTEXT_SWITCH: u64 = 1 << 26;
}

/// The longest stack dump that fits a record, whose size field has 16 bits. The kernel shortens it by what else is in there.
pub(super) const LONGEST_DUMP: u32 = 65_528;

impl Attr {
    /// Samples the CPU clock `rate_hz` times a second with `dump_bytes` of user stack, switched off until it is enabled.
    pub(super) fn cpu_clock(rate_hz: u64, dump_bytes: u32) -> Self {
        use sample::{CALLCHAIN, IDENTIFIER, IP, PERIOD, REGS_USER, STACK_USER, STREAM_ID, TID, TIME};
        Self {
            kind: TYPE_SOFTWARE,
            size: size_of::<Self>() as u32,
            config: COUNT_SW_CPU_CLOCK,
            period_or_frequency: rate_hz,
            sample_type: IDENTIFIER
                | IP
                | TID
                | TIME
                | STREAM_ID
                | PERIOD
                | CALLCHAIN
                | REGS_USER
                | STACK_USER,
            // User frames come from the dump: the kernel's own frame-pointer walk loses callers of default builds.
            flags: flag::DISABLED
                | flag::FREQUENCY
                | flag::EXCLUDE_HV
                | flag::EXCLUDE_CALLCHAIN_USER
                | flag::SAMPLE_ID_ALL
                | flag::USE_CLOCK_ID
                | flag::WATERMARK,
            sample_regs_user: PERF_REGISTERS,
            sample_stack_user: dump_bytes,
            clock_id: libc::CLOCK_MONOTONIC,
            ..Self::default()
        }
    }

    /// Follows threads and children.
    pub(super) fn inherit(self) -> Self {
        self.with(flag::INHERIT)
    }

    /// Starts when the process executes a program.
    pub(super) fn enable_on_exec(self) -> Self {
        self.with(flag::ENABLE_ON_EXEC)
    }

    /// Records mappings, names, forks and exits beside the samples.
    pub(super) fn side_events(self) -> Self {
        self.with(flag::MMAP | flag::MMAP2 | flag::COMM | flag::COMM_EXEC | flag::TASK)
    }

    /// Records each time that a thread is put on a processor or taken off it.
    pub(super) fn switches(self) -> Self {
        self.with(flag::CONTEXT_SWITCH)
    }

    /// Leaves the kernel out, as an unprivileged user must.
    pub(super) fn user_only(self) -> Self {
        self.with(flag::EXCLUDE_KERNEL | flag::EXCLUDE_CALLCHAIN_KERNEL)
    }

    /// Wakes the reader when this many bytes wait.
    pub(super) fn wake_at(mut self, bytes: u32) -> Self {
        self.wakeup = bytes;
        self
    }

    /// Wakes the reader after so many samples, also where they go to the ring of an event with another threshold: a number of
    /// bytes counts for the ring, a number of samples for the event.
    pub(super) fn wake_after(mut self, samples: u32) -> Self {
        self.flags &= !flag::WATERMARK;
        self.wakeup = samples;
        self
    }

    /// The structure as it lies in memory, in the machine's byte order.
    pub(super) fn bytes(&self) -> [u8; size_of::<Self>()] {
        // SAFETY: the structure is `repr(C)` and has no padding (the fields' sizes add up to its size), so every byte of it
        // is initialized.
        unsafe { std::mem::transmute_copy(self) }
    }

    fn with(mut self, flags: u64) -> Self {
        self.flags |= flags;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(size_of::<Attr>(), 128);
        assert_eq!(std::mem::offset_of!(Attr, flags), 40);
        assert_eq!(std::mem::offset_of!(Attr, sample_regs_user), 80);
        assert_eq!(std::mem::offset_of!(Attr, sample_stack_user), 88);
        assert_eq!(std::mem::offset_of!(Attr, sig_data), 120);
    }
}
