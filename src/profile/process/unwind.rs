//! From registers and a copy of the stack to return addresses.
//!
//! A dump ends after at most 64 KB, and before that at the first page of the stack that has never been touched (a large buffer
//! does it). What lies above is read from the process itself, provided that the return addresses at the top of the dump are
//! still in their places: then the outer calls are still the ones that were sampled.

use std::cell::Cell;

use framehop::{FrameAddress, Unwinder as _};

use super::{
    arch::{Cache, Unwinder},
    elf::Bytes,
    memory,
};
use crate::profile::record::Sample;

/// How an unwinding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It reached a frame without a caller.
    Root,
    /// The dump ended too early.
    CutDump,
    /// The unwind information led nowhere.
    Lost,
}

/// Deeper stacks than this are taken for a loop.
const MOST_FRAMES: usize = 1 << 17;
/// As far above the dump as the largest usual stack goes.
const MOST_REMOTE: usize = 64 << 20;
const CHUNK: usize = 256 << 10;
/// How many of the outermost known return addresses must still be in place. The last one stands for all above it: it is at the
/// same depth in the same caller; those below come and go.
const WITNESSES: usize = 1;
/// Work that completing stacks may take for each second that is recorded, in bytes read (a frame is as good as
/// [`FRAME_COST`]): well below a processor's time, so that endless recursion costs outer frames and not samples.
const ALLOWANCE_PER_SECOND: u64 = 3 << 30;
const MOST_ALLOWANCE: u64 = ALLOWANCE_PER_SECOND / 10;
const FRAME_COST: u64 = 1024;
/// How much of the stack is searched for an interpreter's state.
const MOST_WORDS: u64 = 1024;

/// Unwinds samples, reusing its buffers.
#[derive(Default)]
pub(super) struct StackWalker {
    cache: Cache,
    /// Addresses of the last sample, innermost first: the instruction, then for each caller the last byte of its call.
    pub(super) addresses: Vec<u64>,
    slots: Vec<(u64, u64)>,
    remote: Vec<u8>,
    /// How much of the stack above a dump the last completed sample needed.
    reach: usize,
    allowance: u64,
    last_ns: u64,
}

impl std::fmt::Debug for StackWalker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackWalker").field("addresses", &self.addresses.len()).finish_non_exhaustive()
    }
}

impl StackWalker {
    /// Fills `addresses` from the dump alone.
    pub(super) fn walk(&mut self, unwinder: &Unwinder<Bytes>, sample: &Sample<'_>) -> Outcome {
        self.remote.clear();
        self.run(unwinder, sample)
    }

    /// Fills `addresses` from the dump and, above it, from the process's memory; `None` when the stack there is not the
    /// sampled one any more, or when completing stacks has taken too much time of late. Call after [`walk`](Self::walk) of the same sample came back with a cut dump.
    pub(super) fn walk_on(&mut self, unwinder: &Unwinder<Bytes>, sample: &Sample<'_>) -> Option<Outcome> {
        let sp = sample.registers?.sp;
        let top = sp.checked_add(sample.stack.len() as u64)?;
        self.earn(sample.time_ns);
        if self.allowance == 0 {
            return None;
        }
        self.still_there(sample.pid)?;
        loop {
            let have = self.remote.len();
            if have >= MOST_REMOTE {
                return Some(Outcome::CutDump);
            }
            // Most samples need about as much as the one before; then the stack is walked once more and not several times.
            let more = if have == 0 { CHUNK.max(self.reach) } else { CHUNK.max(have) };
            self.remote.resize(have + more, 0);
            let n = memory::read(sample.pid, top + have as u64, &mut self.remote[have..]).unwrap_or(0);
            self.remote.truncate(have + n);
            let outcome = self.run(unwinder, sample);
            let cost = n as u64 + FRAME_COST * self.addresses.len() as u64;
            self.allowance = self.allowance.saturating_sub(cost);
            if outcome != Outcome::CutDump || n < more {
                if outcome == Outcome::Root {
                    self.reach = have + n;
                }
                return Some(outcome);
            }
        }
    }

    fn earn(&mut self, now_ns: u64) {
        let passed = now_ns.saturating_sub(self.last_ns).min(1_000_000_000);
        self.last_ns = self.last_ns.max(now_ns);
        let earned = (passed as u128 * ALLOWANCE_PER_SECOND as u128 / 1_000_000_000) as u64;
        self.allowance = (self.allowance + earned).min(MOST_ALLOWANCE);
    }

    /// Whether the outermost return addresses that the dump showed are still where they were.
    fn still_there(&self, pid: u32) -> Option<()> {
        let witnesses = &self.slots[self.slots.len().saturating_sub(WITNESSES)..];
        let mut values = [0; WITNESSES];
        let values = &mut values[..witnesses.len()];
        let slots: Vec<u64> = witnesses.iter().map(|&(slot, _)| slot).collect();
        memory::read_words(pid, &slots, values).ok()?;
        let same = witnesses.iter().map(|&(_, value)| value).eq(values.iter().copied());
        (same && !witnesses.is_empty()).then_some(())
    }

    /// Words between the return address of the frame at `index` and that of the frame `inner`, or else the stack pointer, from
    /// the outer one downwards; at most [`MOST_WORDS`].
    pub(super) fn words_inside(
        &self,
        sample: &Sample<'_>,
        index: usize,
        inner: Option<usize>,
        into: &mut Vec<u64>,
    ) {
        let Some(sp) = sample.registers.map(|registers| registers.sp) else { return };
        // The outermost frame has no return address that was read.
        let Some(&(end, _)) = self.slots.get(index) else { return };
        let start = inner.and_then(|inner| self.slots.get(inner)).map_or(sp, |&(slot, _)| slot);
        let (first, words) = (start.saturating_sub(sp) / 8, end.saturating_sub(sp) / 8);
        let wanted = (first.max(words.saturating_sub(MOST_WORDS))..words).rev();
        into.extend(wanted.map_while(|word| sample.stack.word(word * 8)));
    }

    fn run(&mut self, unwinder: &Unwinder<Bytes>, sample: &Sample<'_>) -> Outcome {
        self.addresses.clear();
        self.slots.clear();
        let Some(registers) = sample.registers else { return Outcome::Lost };
        let reach = (sample.stack.len() + self.remote.len()) as u64;
        let beyond = Cell::new(false);
        // The read that comes last before a frame is the one of its return address.
        let last = Cell::new((0, 0));
        let remote = &self.remote;
        let mut read = |address: u64| {
            let offset = address.checked_sub(registers.sp).ok_or(())?;
            let value = sample.stack.word(offset).or_else(|| {
                let at = usize::try_from(offset).ok()?.checked_sub(sample.stack.len())?;
                Some(u64::from_le_bytes(remote.get(at..at.checked_add(8)?)?.try_into().ok()?))
            });
            match value {
                Some(value) => {
                    last.set((address, value));
                    Ok(value)
                }
                None => {
                    // Far away is not "just above the dump" but a wild pointer.
                    let just_above = offset >= reach.saturating_sub(8) && offset < reach + MOST_REMOTE as u64;
                    beyond.set(beyond.get() || just_above);
                    Err(())
                }
            }
        };
        let mut frames =
            unwinder.iter_frames(registers.ip, registers.unwinding(), &mut self.cache, &mut read);
        let outcome = loop {
            match frames.next() {
                Ok(Some(FrameAddress::InstructionPointer(ip))) => self.addresses.push(ip),
                Ok(Some(FrameAddress::ReturnAddress(address))) => {
                    self.addresses.push(u64::from(address) - 1);
                    self.slots.push(last.get());
                }
                Ok(None) | Err(framehop::Error::ReturnAddressIsNull) => break Outcome::Root,
                Err(_) => break Outcome::Lost,
            }
            if self.addresses.len() >= MOST_FRAMES {
                break Outcome::Lost;
            }
        };
        if !beyond.get() {
            return outcome;
        }
        // Where a rule needs more of the stack than there is, the unwinder falls back to frame pointers, which may seem to
        // lead somewhere, and remembers to do so for that address: neither must stand.
        self.cache = Cache::new();
        Outcome::CutDump
    }
}
