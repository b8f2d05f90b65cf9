//! Samples whose callers somebody else has found, as in the files of other recorders.

use super::ProcessTable;
use crate::profile::{raw::RawFrame, record::Sample};

impl ProcessTable {
    /// Takes in a sample with its user frames as addresses, innermost first; every one but the first is a return address. Registers
    /// and stack of the sample are not looked at.
    pub fn handle_chain(&mut self, sample: &Sample<'_>, user: &[u64]) {
        let Some(thread) = self.thread(sample.pid, sample.tid) else { return };
        let Some(live) = self.live.get(&sample.pid) else { return };
        self.counts.samples += 1;
        self.counts.weight_ns = self.counts.weight_ns.saturating_add(sample.weight_ns);
        self.frames.clear();
        let call = |i: usize, address: u64| if i == 0 { address } else { address.wrapping_sub(1) };
        let kernel = sample.kernel.iter().enumerate();
        self.frames.extend(kernel.map(|(i, &address)| RawFrame::Kernel(call(i, address))));
        for (i, &address) in user.iter().enumerate() {
            let address = call(i, address);
            let frame = live.code_at(address).map_or(RawFrame::Unknown, |mapped| mapped.frame(address));
            // Where frame pointers led astray, one frame says so as well as many.
            if frame != RawFrame::Unknown || self.frames.last() != Some(&RawFrame::Unknown) {
                self.frames.push(frame);
            }
        }
        let stack = match self.stacks.intern(self.frames.iter().rev().copied()) {
            Some(stack) => stack,
            None => self.stacks.push(None, RawFrame::Unknown),
        };
        let time = sample.time_ns.saturating_sub(self.start_ns);
        self.samples.add(time, thread, stack, crate::profile::model::Gil::Unknown, sample.weight_ns);
    }
}
