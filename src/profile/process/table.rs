//! The process table: follows what the recorded processes map, execute, fork and end, and turns their samples into stacks.

mod chain;
mod live;
mod look;
mod see;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use self::live::Live;
use super::{
    maps::parse_maps,
    modules::Modules,
    python::PythonTotals,
    samples::{Rows, Samples},
    thread_names::ThreadNames,
    unwind::StackWalker,
};
use crate::profile::{
    model::{Gil, Recording, Wait},
    raw::{RawFrame, RawProcess, RawProfile, RawThread},
    record::{Event, Needs, Sample},
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
        // The other threads ended without notice; the one that is left has the process's number now.
        for tid in live.threads.iter().filter(|&&tid| tid != pid) {
            self.live_threads.remove(tid);
        }
        *live = Live::new(live.number, true);
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
            let child = parent.fork();
            let process_name = self.processes[parent.number as usize].name.clone();
            self.add_process(pid, parent_pid, &process_name, child.started);
            if let Some(live) = self.live.get_mut(&pid) {
                live.take_over(child);
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
}
