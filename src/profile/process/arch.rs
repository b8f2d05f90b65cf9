//! The registers that unwinding needs and the unwinder that goes with them, for the one architecture this build is for.
//! Another architecture is another arm of this module.

#[cfg(not(target_arch = "x86_64"))]
compile_error!(
    "hotcold records on x86-64 only; `profile/process/arch.rs` is the place to add another architecture"
);

pub(super) use framehop::x86_64::{CacheX86_64 as Cache, UnwindRegsX86_64, UnwinderX86_64 as Unwinder};

/// The registers that unwinding starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Instruction pointer.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Frame pointer.
    pub fp: u64,
    /// All general registers but the stack pointer; an interpreter keeps its state in some of them. Zero where not known.
    pub general: [u64; 15],
}

impl Registers {
    pub(super) fn unwinding(self) -> UnwindRegsX86_64 {
        UnwindRegsX86_64::new(self.ip, self.sp, self.fp)
    }
}

/// `perf_event_attr.sample_regs_user`: the general registers and ip in the numbering of `asm/perf_regs.h`.
pub const PERF_REGISTERS: u64 = FIRST_EIGHT | 1 << IP | R8_TO_R15;
/// ax, bx, cx, dx, si, di, bp, sp.
const FIRST_EIGHT: u64 = 0xff;
const R8_TO_R15: u64 = 0xff << 16;
const BP: u64 = 6;
const SP: u64 = 7;
const IP: u64 = 8;

/// Reads [`PERF_REGISTERS`] from a perf sample, whose registers are asked for by number.
pub fn perf_registers(value: impl Fn(u64) -> Option<u64>) -> Option<Registers> {
    let mut general = [0; 15];
    for (register, number) in general.iter_mut().zip((0..SP).chain(16..24)) {
        *register = value(number).unwrap_or(0);
    }
    Some(Registers { ip: value(IP)?, sp: value(SP)?, fp: value(BP)?, general })
}

/// Reads the registers of a traced thread.
pub fn ptrace_registers(r: &libc::user_regs_struct) -> Registers {
    let general = [
        r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15,
    ];
    Registers { ip: r.rip, sp: r.rsp, fp: r.rbp, general }
}
