//! From a sample to the stack that it shows.

use super::{ProcessTable, Seen};
use crate::profile::{
    model::Gil,
    process::{python::Stack, unwind::Outcome},
    raw::RawFrame,
    record::Sample,
};

/// What unwinding came to.
#[derive(Clone, Copy, Debug)]
struct Walked {
    outcome: Outcome,
    /// Whether the dump did not reach the root.
    cut: bool,
    /// Whether memory above it did.
    completed: bool,
}

impl ProcessTable {
    /// The stack that a sample shows.
    pub(super) fn see(&mut self, sample: &Sample<'_>) -> Option<Seen> {
        let thread = self.thread(sample.pid, sample.tid)?;
        let live = self.live.get_mut(&sample.pid).filter(|live| live.started)?;
        live.python.capture(&self.modules, sample, &mut self.python);
        let live = &*live;
        let unknown = sample.registers.is_some_and(|r| live.code_at(r.ip).is_none());
        if self.maps_are_told {
            if unknown && !live.reread {
                self.reread_maps(sample.pid);
            }
            self.unwind(sample);
        } else {
            self.unwind_looking(sample, unknown);
        }
        let stack = match self.stacks.intern(self.frames.iter().rev().copied()) {
            Some(stack) => stack,
            None => self.unknown_stack(),
        };
        let gil = self.live.get(&sample.pid).map_or(Gil::Unknown, |live| live.python.gil());
        self.name_thread(sample, thread);
        Some(Seen { thread, stack, gil })
    }

    fn name_thread(&mut self, sample: &Sample<'_>, thread: u32) {
        if !self.thread_names.is_due(thread) {
            return;
        }
        let live = self.live.get(&sample.pid);
        if let Some(name) = live.and_then(|live| live.python.thread_name(sample, &self.python)) {
            self.thread_names.set(thread, name);
        }
    }

    /// Unwinds a sample of a process of which nobody tells what it maps.
    fn unwind_looking(&mut self, sample: &Sample<'_>, unknown: bool) {
        self.look_if_due(sample.pid, sample.time_ns, unknown);
        let mut walked = self.walk(sample);
        // What it has called through may be new, too.
        let is_lost = walked.is_some_and(|walked| walked.outcome == Outcome::Lost);
        if is_lost && !unknown && self.look_if_due(sample.pid, sample.time_ns, true) {
            walked = self.walk(sample);
        }
        self.finish(sample, walked);
    }

    /// Fills `frames`, innermost first.
    fn unwind(&mut self, sample: &Sample<'_>) {
        let walked = self.walk(sample);
        self.finish(sample, walked);
    }

    /// Fills `frames` with the machine's own; `None` where there are none but the kernel's.
    fn walk(&mut self, sample: &Sample<'_>) -> Option<Walked> {
        self.frames.clear();
        self.frames.extend(sample.kernel.iter().enumerate().map(|(i, &address)| {
            // All but the first are return addresses.
            RawFrame::Kernel(if i == 0 { address } else { address.wrapping_sub(1) })
        }));
        // In the middle of an exec there are registers but no stack that they belong to.
        if sample.registers.is_none() || (sample.stack.is_empty() && !sample.kernel.is_empty()) {
            return None;
        }
        let live = self.live.get_mut(&sample.pid)?;
        let mut outcome = self.walker.walk(&live.unwinder, sample);
        let mut walked = Walked { outcome, cut: outcome == Outcome::CutDump, completed: false };
        if walked.cut
            && let Some(better) = self.walker.walk_on(&live.unwinder, sample)
        {
            outcome = better;
            walked.completed = better == Outcome::Root;
        }
        for &address in &self.walker.addresses {
            let frame = match live.code_at(address) {
                Some(mapped) => mapped.frame(address),
                None if self.frames.is_empty() => RawFrame::Unknown,
                None => {
                    // No code there: unwinding went astray, and what it found from here on is not true.
                    outcome = Outcome::Lost;
                    break;
                }
            };
            self.frames.push(frame);
            if let RawFrame::Native { module, address } = frame
                && self.modules.elf(module).roots.iter().any(|root| root.contains(&address))
            {
                outcome = Outcome::Root;
                break;
            }
        }
        Some(Walked { outcome, ..walked })
    }

    /// Counts what unwinding came to, and puts interpreted frames in.
    fn finish(&mut self, sample: &Sample<'_>, walked: Option<Walked>) {
        let Some(Walked { outcome, cut, completed }) = walked else { return };
        let Some(live) = self.live.get_mut(&sample.pid) else { return };
        let rooted = outcome == Outcome::Root;
        self.counts.cut_dumps += u64::from(cut);
        self.counts.user_stacks += 1;
        if rooted {
            self.counts.rooted += 1;
            self.counts.completed += u64::from(completed);
        } else {
            self.counts.truncated += 1;
            self.frames.push(RawFrame::Truncated);
        }
        let walker = &self.walker;
        let stack = Stack {
            frames: &mut self.frames,
            kernel: sample.kernel.len(),
            complete: rooted,
            words_inside: &|frame, inner, words| walker.words_inside(sample, frame, inner, words),
        };
        live.python.merge(&self.modules, sample, stack, &mut self.python);
    }
}
