//! The process table: follows what the recorded processes map, execute, fork and end, and turns their samples into stacks.

mod chain;

use std::collections::BTreeMap;

use framehop::{Module, Unwinder as _};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    arch::Unwinder,
    elf::Bytes,
    maps::parse_maps,
    modules::Modules,
    python::{Python, PythonTotals, Stack},
    samples::{Rows, Samples},
    thread_names::ThreadNames,
    unwind::{Outcome, StackWalker},
};
use crate::profile::{
    model::{Gil, Recording, Wait},
    raw::{RawFrame, RawProcess, RawProfile, RawThread},
    record::{Event, Mapping, Needs, Sample},
    stack::{StackId, StackTree},
};

/// So many cut stacks are a reason to ask for longer dumps, and for hearing of them earlier: what is completed from memory
/// should not have gone on for long.
const CUT_ENOUGH: u64 = 4;

/// Everything known of the recorded processes, and their samples.
pub struct ProcessTable {
    start_ns: u64,
    filter: bool,
    /// Whether events tell what is mapped; if not we look.
    maps_are_told: bool,
    processes: Vec<RawProcess>,
    threads: Vec<RawThread>,
    live: FxHashMap<u32, Live>,
    live_threads: FxHashMap<u32, u32>,
    modules: Modules,
    walker: StackWalker,
    frames: Vec<RawFrame>,
    stacks: StackTree<RawFrame>,
    samples: Samples,
    counts: Counts,
    python: PythonTotals,
    thread_names: ThreadNames,
}

/// What was counted while recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Samples.
    pub samples: u64,
    /// Nanoseconds they stand for.
    pub weight_ns: u64,
    /// Samples that could not be delivered.
    pub lost: u64,
    /// Samples with a user stack.
    pub user_stacks: u64,
    /// … of these, complete.
    pub rooted: u64,
    /// … of these, cut.
    pub truncated: u64,
    /// … of these, completed from the process's memory.
    pub completed: u64,
    /// Samples whose dump did not reach the root, whether completed or not.
    pub cut_dumps: u64,
    /// How often the kernel slowed sampling down.
    pub throttled: u64,
}

/// Who was seen, and where.
#[derive(Clone, Copy, Debug)]
pub(in crate::profile) struct Seen {
    /// Number of the thread.
    pub(in crate::profile) thread: u32,
    /// Its stack.
    pub(in crate::profile) stack: StackId,
    gil: Gil,
}

/// What unwinding came to.
#[derive(Clone, Copy, Debug)]
struct Walked {
    outcome: Outcome,
    /// Whether the dump did not reach the root.
    cut: bool,
    /// Whether memory above it did.
    completed: bool,
}

/// When to look at what a process maps.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    last_ns: u64,
    /// After looks that found nothing new, until unknown code is worth another one.
    pause_ns: u64,
}

impl Looks {
    /// Code that was loaded in the place of other code is seen so late at most.
    const EVERY_NS: u64 = 1_000_000_000;
    const SHORTEST_PAUSE_NS: u64 = 2_000_000;

    fn is_due(&mut self, now_ns: u64, unknown: bool) -> bool {
        let pause = if unknown { self.pause_ns } else { Self::EVERY_NS };
        let due = now_ns.saturating_sub(self.last_ns) >= pause;
        if due {
            self.last_ns = now_ns;
        }
        due
    }

    fn came_to(&mut self, changed: bool) {
        let longer = (self.pause_ns * 2).clamp(Self::SHORTEST_PAUSE_NS, Self::EVERY_NS);
        self.pause_ns = if changed { 0 } else { longer };
    }
}

/// A process that has not ended.
struct Live {
    number: u32,
    mappings: BTreeMap<u64, Mapped>,
    unwinder: Unwinder<Bytes>,
    threads: FxHashSet<u32>,
    /// Samples of before its first exec are those of the recorder's own code.
    started: bool,
    reread: bool,
    looks: Looks,
    python: Python,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapped {
    end: u64,
    what: Code,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    File { module: u32, bias: u64 },
    Unmatched { module: u32, start: u64, offset: u64 },
    Anonymous,
}

impl ProcessTable {
    /// An empty table for a recording that starts at `start_ns`. With `filter`, processes that were not added and are not
    /// descendants of one that was are left out. `maps_are_told` says whether an event tells of every mapping; otherwise
    /// `/proc/PID/maps` is read when code is met that is not known, and now and then.
    pub fn new(start_ns: u64, filter: bool, maps_are_told: bool) -> Self {
        Self {
            start_ns,
            filter,
            maps_are_told,
            processes: Vec::new(),
            threads: Vec::new(),
            live: FxHashMap::default(),
            live_threads: FxHashMap::default(),
            modules: Modules::default(),
            walker: StackWalker::default(),
            frames: Vec::new(),
            stacks: StackTree::default(),
            samples: Samples::default(),
            counts: Counts::default(),
            python: PythonTotals::default(),
            thread_names: ThreadNames::default(),
        }
    }

    /// A process that is about to execute the program.
    pub fn add_launched(&mut self, pid: u32, name: &str) {
        self.add_process(pid, 0, name, false);
    }

    /// A process that is running already, with the names of its threads and its `/proc/PID/maps`.
    pub fn add_running(
        &mut self,
        pid: u32,
        parent_pid: u32,
        name: &str,
        threads: &[(u32, String)],
        maps: &str,
    ) {
        if !self.live.contains_key(&pid) {
            self.add_process(pid, parent_pid, name, true);
        }
        for (tid, name) in threads {
            let thread = self.thread(pid, *tid);
            if let Some(thread) = thread.and_then(|number| self.threads.get_mut(number as usize)) {
                thread.name.clone_from(name);
            }
        }
        for mapping in parse_maps(pid, maps) {
            self.map(&mapping);
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What samples must be like: longer dumps where stacks are being cut, prompt ones where an interpreter is read.
    pub fn needs(&self) -> Needs {
        Needs { longest_dumps: self.counts.cut_dumps >= CUT_ENOUGH, prompt: self.python.seen }
    }

    /// Process ids of the processes that have not ended.
    pub fn live_processes(&self) -> Vec<u32> {
        let mut pids: Vec<u32> =
            self.live.iter().filter(|(_, live)| live.started).map(|(&pid, _)| pid).collect();
        pids.sort_unstable();
        pids
    }

    /// Takes in what happened next.
    pub fn handle(&mut self, event: Event<'_>) {
        match event {
            Event::Sample(sample) => self.sample(&sample),
            Event::Map(mapping) => self.map(&mapping),
            Event::Exec { pid, name } => self.exec(pid, &name),
            Event::ThreadName { pid, tid, name } => {
                if let Some(number) = self.thread(pid, tid) {
                    self.threads[number as usize].name = name.into_owned();
                }
            }
            Event::Fork { pid, parent_pid, tid, parent_tid } => self.fork(pid, parent_pid, tid, parent_tid),
            Event::Exit { pid, tid } => self.exit(pid, tid),
            Event::Switch { .. } | Event::Stopped { .. } => {}
            Event::Lost(n) => self.counts.lost += n,
            Event::Throttled => self.counts.throttled += 1,
        }
    }

    /// The recording, ready for symbolizing; `recording` is what else is known of it.
    pub fn into_profile(self, mut recording: Recording) -> RawProfile {
        self.tell_counts(&mut recording);
        let rows = self.samples.into_rows();
        RawProfile {
            recording,
            modules: self.modules.files().to_vec(),
            python: self.python.functions.into_list(),
            stacks: self.stacks,
            processes: self.processes,
            threads: self.thread_names.over(self.threads),
            samples: rows.samples,
            waits: rows.waits,
        }
    }

    /// The recording up to now. Numbers of modules, stacks, processes and threads mean the same in every later one.
    pub fn snapshot(&self, recording: Recording) -> RawProfile {
        self.so_far(recording, self.samples.snapshot())
    }

    /// The same in one time bucket, which is made in a time that does not grow with the length of the recording.
    pub fn sums(&mut self, recording: Recording) -> RawProfile {
        let rows = self.samples.sums();
        self.so_far(recording, rows)
    }

    fn so_far(&self, mut recording: Recording, rows: Rows) -> RawProfile {
        self.tell_counts(&mut recording);
        RawProfile {
            recording,
            modules: self.modules.files().to_vec(),
            python: self.python.functions.list().to_vec(),
            stacks: self.stacks.snapshot(),
            processes: self.processes.clone(),
            threads: self.thread_names.over(self.threads.clone()),
            samples: rows.samples,
            waits: rows.waits,
        }
    }

    fn tell_counts(&self, recording: &mut Recording) {
        recording.bucket_ns = self.samples.bucket_ns();
        recording.lost_samples = self.counts.lost;
        recording.user_stacks = self.counts.user_stacks;
        recording.rooted_stacks = self.counts.rooted;
        recording.truncated_stacks = self.counts.truncated;
        recording.completed_stacks = self.counts.completed;
        recording.approx_python = self.python.approximate;
        recording.notes.extend(self.python.notes.iter().cloned());
    }

    fn add_process(&mut self, pid: u32, parent_pid: u32, name: &str, started: bool) {
        let number = self.processes.len() as u32;
        self.processes.push(RawProcess { pid, parent_pid, name: name.to_owned() });
        self.live.insert(pid, Live::new(number, started));
        self.thread(pid, pid);
    }

    /// The number of a thread, which is added if it is new; `None` for a process that is not recorded.
    fn thread(&mut self, pid: u32, tid: u32) -> Option<u32> {
        if !self.live.contains_key(&pid) {
            if self.filter {
                return None;
            }
            self.add_process(pid, 0, "", true);
        }
        let live = self.live.get_mut(&pid)?;
        // Another process's thread had the number before if its end was not delivered.
        let known = self.live_threads.get(&tid).copied();
        let is_its_own = |&number: &u32| self.threads[number as usize].process == live.number;
        if let Some(number) = known.filter(is_its_own) {
            return Some(number);
        }
        live.threads.insert(tid);
        let number = self.threads.len() as u32;
        let name = self.processes[live.number as usize].name.clone();
        self.threads.push(RawThread { process: live.number, tid, name });
        self.live_threads.insert(tid, number);
        Some(number)
    }

    fn exec(&mut self, pid: u32, name: &str) {
        let Some(number) = self.thread(pid, pid) else { return };
        let Some(live) = self.live.get_mut(&pid) else { return };
        live.mappings.clear();
        live.unwinder = Unwinder::new();
        live.started = true;
        live.reread = false;
        live.looks = Looks::default();
        live.python = Python::default();
        // The other threads ended without notice; the one that is left has the process's number now.
        for tid in live.threads.drain().filter(|&tid| tid != pid) {
            self.live_threads.remove(&tid);
        }
        live.threads.insert(pid);
        self.thread_names.forget(number);
        let process = &mut self.processes[live.number as usize];
        process.name = name.to_owned();
        self.threads[number as usize].name = name.to_owned();
    }

    fn fork(&mut self, pid: u32, parent_pid: u32, tid: u32, parent_tid: u32) {
        let name = self.thread(parent_pid, parent_tid).map(|n| self.threads[n as usize].name.clone());
        let Some(name) = name else { return };
        if pid != parent_pid && !self.live.contains_key(&pid) {
            let Some(parent) = self.live.get(&parent_pid) else { return };
            let (mappings, unwinder, started) =
                (parent.mappings.clone(), parent.unwinder.clone(), parent.started);
            let python = parent.python.of_child();
            let process_name = self.processes[parent.number as usize].name.clone();
            self.add_process(pid, parent_pid, &process_name, started);
            if let Some(child) = self.live.get_mut(&pid) {
                child.mappings = mappings;
                child.unwinder = unwinder;
                child.python = python;
            }
        }
        if let Some(number) = self.thread(pid, tid) {
            self.threads[number as usize].name = name;
        }
    }

    fn exit(&mut self, pid: u32, tid: u32) {
        self.live_threads.remove(&tid);
        if let Some(live) = self.live.get_mut(&pid) {
            live.threads.remove(&tid);
            if live.threads.is_empty() {
                self.live.remove(&pid);
            }
        }
    }

    fn map(&mut self, mapping: &Mapping<'_>) {
        if self.thread(mapping.pid, mapping.pid).is_none() || mapping.len == 0 {
            return;
        }
        let what = self.code(mapping);
        let Some(live) = self.live.get_mut(&mapping.pid) else { return };
        let end = mapping.start.saturating_add(mapping.len);
        live.unmap(mapping.start, end, &self.modules);
        live.add(mapping.start, Mapped { end, what }, &self.modules);
        if let Code::File { module, bias } = what {
            live.python.mapped(&self.modules, module, bias, &mut self.python);
        }
    }

    fn code(&mut self, mapping: &Mapping<'_>) -> Code {
        let Some(module) = self.modules.of(mapping) else { return Code::Anonymous };
        match self.modules.elf(module).bias(mapping.start, mapping.len, mapping.offset) {
            Some(bias) => Code::File { module, bias },
            None => Code::Unmatched { module, start: mapping.start, offset: mapping.offset },
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let Some(Seen { thread, stack, gil }) = self.see(sample) else { return };
        self.counts.samples += 1;
        self.counts.weight_ns = self.counts.weight_ns.saturating_add(sample.weight_ns);
        let time = sample.time_ns.saturating_sub(self.start_ns);
        self.samples.add(time, thread, stack, gil, sample.weight_ns);
    }

    /// The stack of a thread that waits, read while it does: the quality of samples is not what it counts for.
    pub(in crate::profile) fn see_waiting(&mut self, sample: &Sample<'_>) -> Option<Seen> {
        let (counts, approximate) = (self.counts, self.python.approximate);
        let seen = self.see(sample);
        (self.counts, self.python.approximate) = (counts, approximate);
        seen
    }

    /// A thread has waited so long, until `time_ns`.
    pub(in crate::profile) fn add_waiting(
        &mut self,
        time_ns: u64,
        thread: u32,
        stack: StackId,
        wait: Wait,
        ns: u64,
    ) {
        let time = time_ns.saturating_sub(self.start_ns);
        self.samples.add_waiting(time, thread, stack, wait, ns);
    }

    /// The stack of which nothing is known.
    pub(in crate::profile) fn unknown_stack(&mut self) -> StackId {
        self.stacks.push(None, RawFrame::Unknown)
    }

    /// Process and thread ids of all threads that have not ended.
    pub(in crate::profile) fn running_threads(&self) -> Vec<(u32, u32)> {
        let started = self.live.iter().filter(|(_, live)| live.started);
        started.flat_map(|(&pid, live)| live.threads.iter().map(move |&tid| (pid, tid))).collect()
    }

    /// The number of a thread, which is added if it is new; `None` for a process that is not recorded.
    pub(in crate::profile) fn number_of(&mut self, pid: u32, tid: u32) -> Option<u32> {
        self.thread(pid, tid)
    }

    /// The stack that a sample shows.
    fn see(&mut self, sample: &Sample<'_>) -> Option<Seen> {
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

    /// Code that no event told of: once for each program that a process executes, look for ourselves.
    fn reread_maps(&mut self, pid: u32) {
        if let Some(live) = self.live.get_mut(&pid) {
            live.reread = true;
        }
        let text = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        for mapping in parse_maps(pid, &text) {
            self.map(&mapping);
        }
    }

    /// Unwinds a sample of a process of which nobody tells what it maps.
    fn unwind_looking(&mut self, sample: &Sample<'_>, unknown: bool) {
        let due = |table: &mut Self, unknown: bool| {
            table.live.get_mut(&sample.pid).is_some_and(|live| live.looks.is_due(sample.time_ns, unknown))
        };
        if due(self, unknown) {
            self.look_at_maps(sample.pid);
        }
        let walked = self.walk(sample);
        // What it has called through may be new, too.
        let lost = walked.is_some_and(|walked| walked.outcome == Outcome::Lost);
        let again = lost && !unknown && due(self, true) && self.look_at_maps(sample.pid);
        let walked = if again { self.walk(sample) } else { walked };
        self.finish(sample, walked);
    }

    /// Takes over what `/proc/PID/maps` shows; whether that was anything new.
    fn look_at_maps(&mut self, pid: u32) -> bool {
        let text = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let mappings = parse_maps(pid, &text);
        let mut changed = false;
        for mapping in &mappings {
            let mapped = Mapped { end: mapping.start.saturating_add(mapping.len), what: self.code(mapping) };
            let known = self.live.get(&pid).and_then(|live| live.mappings.get(&mapping.start));
            if known != Some(&mapped) {
                self.map(mapping);
                changed = true;
            }
        }
        let Some(live) = self.live.get_mut(&pid).filter(|_| !mappings.is_empty()) else { return changed };
        let starts: FxHashSet<u64> = mappings.iter().map(|mapping| mapping.start).collect();
        let gone: Vec<(u64, u64)> = (live.mappings.iter())
            .filter(|(start, _)| !starts.contains(start))
            .map(|(&start, mapped)| (start, mapped.end))
            .collect();
        for (start, end) in gone {
            live.unmap(start, end, &self.modules);
            changed = true;
        }
        live.looks.came_to(changed);
        changed
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
            words_inside: &|frame, words| walker.words_inside(sample, frame, words),
        };
        live.python.merge(&self.modules, sample, stack, &mut self.python);
    }
}

impl Live {
    fn new(number: u32, started: bool) -> Self {
        Self {
            number,
            mappings: BTreeMap::new(),
            unwinder: Unwinder::new(),
            threads: FxHashSet::default(),
            started,
            reread: false,
            looks: Looks::default(),
            python: Python::default(),
        }
    }

    fn code_at(&self, address: u64) -> Option<Mapped> {
        let (_, mapped) = self.mappings.range(..=address).next_back()?;
        (address < mapped.end).then_some(*mapped)
    }

    fn add(&mut self, start: u64, mapped: Mapped, modules: &Modules) {
        self.mappings.insert(start, mapped);
        if let Code::File { module, bias } = mapped.what {
            let elf = modules.elf(module);
            let base = bias.wrapping_add(elf.base);
            self.unwinder.add_module(Module::new(String::new(), start..mapped.end, base, elf.unwind_info()));
        }
    }

    /// Forgets what a new mapping replaces; the rest of a partly replaced one stays.
    fn unmap(&mut self, start: u64, end: u64, modules: &Modules) {
        let before = self.mappings.range(..start).next_back().filter(|(_, m)| m.end > start).map(|(&s, _)| s);
        let replaced: Vec<u64> =
            before.into_iter().chain(self.mappings.range(start..end).map(|(&s, _)| s)).collect();
        for old_start in replaced {
            let Some(old) = self.mappings.remove(&old_start) else { continue };
            self.unwinder.remove_module(old_start);
            if old_start < start {
                self.add(old_start, Mapped { end: start, ..old }, modules);
            }
            if old.end > end {
                self.add(end, old, modules);
            }
        }
    }
}

impl Mapped {
    fn frame(self, address: u64) -> RawFrame {
        match self.what {
            Code::File { module, bias } => RawFrame::Native { module, address: address.wrapping_sub(bias) },
            Code::Unmatched { module, start, offset } => {
                RawFrame::Unmatched { module, offset: address.wrapping_sub(start).wrapping_add(offset) }
            }
            Code::Anonymous => RawFrame::Anonymous,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::profile::record::StackDump;

    fn table() -> ProcessTable {
        let mut table = ProcessTable::new(0, true, true);
        table.add_launched(10, "program");
        table
    }

    fn exec(table: &mut ProcessTable, pid: u32, name: &str) {
        table.handle(Event::Exec { pid, name: Cow::Borrowed(name) });
    }

    fn map(table: &mut ProcessTable, pid: u32, start: u64, len: u64) {
        let path = Cow::Borrowed("//anon");
        table.handle(Event::Map(Mapping { pid, start, len, offset: 0, inode: None, path }));
    }

    fn sample(table: &mut ProcessTable, pid: u32, tid: u32, kernel: &[u64]) {
        let stack = StackDump::default();
        table.handle(Event::Sample(Sample {
            time_ns: 5,
            age_ns: 0,
            pid,
            tid,
            weight_ns: 7,
            kernel,
            registers: None,
            stack,
        }));
    }

    #[test]
    fn only_the_programs_own_tree_counts_and_only_after_its_exec() {
        let mut table = table();
        sample(&mut table, 10, 10, &[1]);
        exec(&mut table, 10, "sort");
        sample(&mut table, 10, 10, &[1]);
        sample(&mut table, 99, 99, &[1]);
        table.handle(Event::Fork { pid: 99, parent_pid: 98, tid: 99, parent_tid: 98 });
        table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
        table.handle(Event::Fork { pid: 11, parent_pid: 11, tid: 12, parent_tid: 11 });
        sample(&mut table, 11, 12, &[1]);
        assert_eq!(table.counts().samples, 2);
        assert_eq!(table.live_processes(), [10, 11]);
        table.handle(Event::Exit { pid: 11, tid: 11 });
        assert_eq!(table.live_processes(), [10, 11], "a process lives as long as its last thread");
        table.handle(Event::Exit { pid: 11, tid: 12 });
        assert_eq!(table.live_processes(), [10]);
        let profile = table.into_profile(Recording::default());
        assert_eq!(
            profile.processes.iter().map(|p| (p.pid, p.parent_pid)).collect::<Vec<_>>(),
            [(10, 0), (11, 10)]
        );
        assert_eq!(profile.processes[0].name, "sort");
        assert_eq!(profile.samples.len(), 2);
    }

    #[test]
    fn events_told_twice_change_nothing() {
        let mut table = table();
        exec(&mut table, 10, "a");
        for _ in 0..2 {
            table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
            table.handle(Event::ThreadName { pid: 11, tid: 11, name: Cow::Borrowed("worker") });
        }
        let profile = table.into_profile(Recording::default());
        assert_eq!((profile.processes.len(), profile.threads.len()), (2, 2));
        assert_eq!(profile.threads[1].name, "worker");
    }

    #[test]
    fn a_new_mapping_replaces_what_it_covers_and_no_more() {
        let mut table = table();
        exec(&mut table, 10, "a");
        map(&mut table, 10, 0x1000, 0x3000);
        map(&mut table, 10, 0x2000, 0x1000);
        let live = &table.live[&10];
        let spans: Vec<_> = live.mappings.iter().map(|(&start, m)| (start, m.end)).collect();
        assert_eq!(spans, [(0x1000, 0x2000), (0x2000, 0x3000), (0x3000, 0x4000)]);
        assert!(live.code_at(0x3fff).is_some() && live.code_at(0x4000).is_none());
        exec(&mut table, 10, "b");
        assert!(table.live[&10].mappings.is_empty());
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let mut table = table();
        exec(&mut table, 10, "a");
        for _ in 0..2 {
            table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
            sample(&mut table, 11, 11, &[1]);
            table.handle(Event::Exit { pid: 11, tid: 11 });
        }
        assert_eq!(table.into_profile(Recording::default()).processes.len(), 3);
    }

    #[test]
    fn a_thread_number_used_again_is_a_thread_of_its_own_process() {
        let mut table = table();
        exec(&mut table, 10, "a");
        table.handle(Event::Fork { pid: 10, parent_pid: 10, tid: 12, parent_tid: 10 });
        // The end of 12 is lost.
        table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
        sample(&mut table, 11, 12, &[1]);
        let profile = table.into_profile(Recording::default());
        let thread = &profile.threads[profile.samples[0].thread as usize];
        assert_eq!(profile.processes[thread.process as usize].pid, 11);
    }
}
