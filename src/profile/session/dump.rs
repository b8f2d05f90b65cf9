//! The stacks of all threads of a process, now and once.

use std::time::SystemTime;

use super::{
    host::{command_line, host, raise_file_limit},
    waits::{kind::kind, look::look},
};
use crate::{
    profile::{
        error::Error,
        model::{Recording, Wait},
        process::{
            ProcessTable, memory, read_maps,
            thread_files::{Blocked, Doing, ThreadFiles},
        },
        raw::RawProfile,
        record::{
            Refusal, Sample, StackDump,
            perf::{self, monotonic_ns},
            ptrace::{self, look_at_running},
        },
        target::{Running, running_tree},
    },
    signals::Signals,
};

/// How often a thread is looked at that does something else meanwhile, before it is stopped.
const MOST_TRIES: usize = 3;
/// Bytes of stack that are copied of a thread that runs.
const DUMP: usize = 256 << 10;

/// Looks at all threads of a process. Those that wait are not stopped, the others for a moment. Each thread has one sample if it
/// ran, and otherwise one time of waiting, whose length says nothing.
///
/// # Errors
/// [`Error::Gone`] without such a process, [`Error::Refused`] when it may not be looked at.
pub fn dump(pid: u32, now: SystemTime) -> Result<RawProfile, Error> {
    let mut tree = running_tree(&[pid]);
    tree.truncate(1);
    let Some(process) = tree.pop() else { return Err(Error::Gone { pid }) };
    let refused = |refusal| Error::refused(pid, Refusal::Ptrace(refusal));
    let failed = |error| Error::refused(pid, Refusal::Perf(perf::Refusal::Other(error)));
    let signals = Signals::hold_back().map_err(failed)?;
    signals.hear_of_children(false);
    raise_file_limit();
    // What is traced is let go when the thread that traces ends.
    let looked = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("tracer".to_owned());
        let thread = thread.spawn_scoped(scope, || Dump::of(&process, now).take());
        thread.map(|thread| thread.join().unwrap_or(Err(ptrace::Refusal::Gone)))
    });
    drop(signals);
    match looked.map_err(failed)? {
        Err(ptrace::Refusal::Gone) => Err(Error::Gone { pid }),
        result => result.map_err(refused),
    }
}

struct Dump<'p> {
    process: &'p Running,
    table: ProcessTable,
    time_ns: u64,
    recording: Recording,
    buffer: Vec<u8>,
    is_stopped: bool,
}

impl<'p> Dump<'p> {
    fn of(process: &'p Running, now: SystemTime) -> Self {
        let time_ns = monotonic_ns();
        let mut table = ProcessTable::new(time_ns, false, false);
        let maps = read_maps(process.pid);
        table.add_running(process.pid, process.parent_pid, &process.name, &process.threads, &maps);
        let recording = Recording {
            command: command_line(process.pid, Some(&process.name)),
            started: Some(now),
            waiting: true,
            host: host(),
            ..Recording::default()
        };
        Self { process, table, time_ns, recording, buffer: Vec::new(), is_stopped: false }
    }

    fn take(mut self) -> Result<RawProfile, ptrace::Refusal> {
        let pid = self.process.pid;
        let mut running = Vec::new();
        for &(tid, _) in &self.process.threads {
            if !self.look_at_waiting(tid) {
                running.push(tid);
            }
        }
        let mut seen = Vec::new();
        let (table, buffer, time_ns) = (&mut self.table, &mut self.buffer, self.time_ns);
        look_at_running(pid, &running, &mut |tid, registers| {
            seen.push(tid);
            buffer.resize(DUMP, 0);
            let n = memory::read(pid, registers.sp, buffer).unwrap_or(0);
            buffer.truncate(n);
            table.handle(crate::profile::record::Event::Sample(Sample {
                time_ns,
                age_ns: 0,
                pid,
                tid,
                weight_ns: 0,
                kernel: &[],
                registers: Some(registers),
                stack: StackDump::new(buffer, &[]),
            }));
        })?;
        // Those that are stuck in the kernel are there all the same.
        for tid in running.into_iter().filter(|tid| !seen.contains(tid)) {
            let stack = self.table.unknown_stack();
            if let Some(thread) = self.table.number_of(pid, tid) {
                self.table.add_waiting(self.time_ns, thread, stack, Wait::Other, 1);
            }
        }
        if self.is_stopped {
            let note = "the process stands still: a signal or a debugger has stopped it".to_owned();
            self.recording.notes.push(note);
        }
        self.recording.duration_ns = monotonic_ns().saturating_sub(self.time_ns);
        Ok(self.table.into_profile(self.recording))
    }

    /// Whether the thread waited while it was looked at.
    fn look_at_waiting(&mut self, tid: u32) -> bool {
        let pid = self.process.pid;
        let mut files = ThreadFiles::new(pid, tid);
        for _ in 0..MOST_TRIES {
            let Some(Doing::Blocked(blocked @ Blocked { sp: 1.., .. })) = files.doing() else { return false };
            self.is_stopped |= files.is_stopped();
            let seen =
                look(&mut self.table, (pid, tid), &mut files, &blocked, self.time_ns, &mut self.buffer);
            if let Some(seen) = seen {
                self.table.add_waiting(self.time_ns, seen.thread, seen.stack, kind(&blocked), 1);
                return true;
            }
        }
        false
    }
}
