//! What the tracer has seen, on its way to who unwinds it: in order, and within bounds.

use std::{
    borrow::Cow,
    os::fd::{AsRawFd, OwnedFd, RawFd},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::event::{EventfdFlags, eventfd};

use super::super::{Event, Sample, StackDump};
use crate::profile::{process::arch::Registers, target::Change};

/// Stacks that wait take no more than this; what comes on top is counted as lost.
const MOST_BYTES: usize = 64 << 20;
/// Buffers that are kept for the next samples.
const MOST_SPARE: usize = 64;

/// The tracer's side puts records in, the session's side takes them out.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    bell: OwnedFd,
}

#[derive(Debug, Default)]
struct Waiting {
    records: Vec<Record>,
    bytes: usize,
    lost: u64,
    spare: Vec<Vec<u8>>,
    child: Option<Change>,
    notes: Vec<String>,
}

/// Something that happened, with its own copy of everything.
#[derive(Debug)]
pub(super) enum Record {
    Sample(Caught),
    Exec { pid: u32, name: String },
    ThreadName { pid: u32, tid: u32, name: String },
    Fork { pid: u32, parent_pid: u32, tid: u32, parent_tid: u32 },
    Exit { pid: u32, tid: u32 },
    Stopped { tid: u32, ns: u64 },
}

/// A thread that was stopped while it ran.
#[derive(Debug)]
pub(super) struct Caught {
    pub(super) time_ns: u64,
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) weight_ns: u64,
    pub(super) registers: Registers,
    pub(super) stack: Vec<u8>,
}

impl Queue {
    pub(super) fn new() -> std::io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { waiting: Mutex::default(), bell })
    }

    /// Becomes readable when there is something to take.
    pub(super) fn descriptor(&self) -> RawFd {
        self.bell.as_raw_fd()
    }

    /// Adds a record.
    pub(super) fn put(&self, record: Record) {
        let mut waiting = self.lock();
        if let Record::Sample(caught) = &record {
            if waiting.bytes + caught.stack.len() > MOST_BYTES {
                waiting.lost += 1;
                return;
            }
            waiting.bytes += caught.stack.len();
        }
        waiting.records.push(record);
        drop(waiting);
        self.ring();
    }

    /// Samples that could not be taken.
    pub(super) fn lose(&self, samples: u64) {
        self.lock().lost += samples;
    }

    /// What has become of the program that we have started.
    pub(super) fn put_change(&self, change: Change) {
        self.lock().child = Some(change);
        self.ring();
    }

    /// The same, once.
    pub(super) fn take_change(&self) -> Option<Change> {
        self.lock().child.take()
    }

    /// Something to be said of the recording; the same thing is said once.
    pub(super) fn note(&self, note: String) {
        let mut waiting = self.lock();
        if !waiting.notes.contains(&note) {
            waiting.notes.push(note);
        }
    }

    /// What was noted.
    pub(super) fn notes(&self) -> Vec<String> {
        self.lock().notes.clone()
    }

    /// A buffer for a stack.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Hands everything that waits to `sink`; `now_ns` is the time.
    pub(super) fn drain(&self, now_ns: u64, sink: &mut dyn FnMut(Event<'_>)) {
        // Emptied before the records are taken, so that what comes later rings again.
        let _ = rustix::io::read(&self.bell, &mut [0_u8; 8]);
        let (records, lost) = {
            let mut waiting = self.lock();
            waiting.bytes = 0;
            (std::mem::take(&mut waiting.records), std::mem::take(&mut waiting.lost))
        };
        if lost > 0 {
            sink(Event::Lost(lost));
        }
        let mut spare = Vec::new();
        for record in records {
            if let Some(buffer) = hand_over(record, now_ns, sink) {
                spare.push(buffer);
            }
        }
        let mut waiting = self.lock();
        let room = MOST_SPARE.saturating_sub(waiting.spare.len());
        waiting.spare.extend(spare.into_iter().take(room));
    }

    fn ring(&self) {
        // It is full when nobody has listened for long, and rings all the same then.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// A side that panicked has left a list that is whole all the same.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives back the buffer of a sample.
fn hand_over(record: Record, now_ns: u64, sink: &mut dyn FnMut(Event<'_>)) -> Option<Vec<u8>> {
    match record {
        Record::Sample(caught) => {
            sink(Event::Sample(Sample {
                time_ns: caught.time_ns,
                age_ns: now_ns.saturating_sub(caught.time_ns),
                pid: caught.pid,
                tid: caught.tid,
                weight_ns: caught.weight_ns,
                kernel: &[],
                registers: Some(caught.registers),
                stack: StackDump::new(&caught.stack, &[]),
            }));
            return Some(caught.stack);
        }
        Record::Exec { pid, name } => sink(Event::Exec { pid, name: Cow::Owned(name) }),
        Record::ThreadName { pid, tid, name } => {
            sink(Event::ThreadName { pid, tid, name: Cow::Owned(name) });
        }
        Record::Fork { pid, parent_pid, tid, parent_tid } => {
            sink(Event::Fork { pid, parent_pid, tid, parent_tid });
        }
        Record::Exit { pid, tid } => sink(Event::Exit { pid, tid }),
        Record::Stopped { tid, ns } => sink(Event::Stopped { tid, ns }),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(stack: Vec<u8>) -> Record {
        let registers = Registers { ip: 1, sp: 2, fp: 3, general: [0; 15] };
        Record::Sample(Caught { time_ns: 5, pid: 1, tid: 1, weight_ns: 7, registers, stack })
    }

    #[test]
    fn what_is_put_comes_out_in_order_and_its_buffer_is_used_again() {
        let queue = Queue::new().unwrap();
        queue.put(Record::Exec { pid: 1, name: "a".into() });
        queue.put(caught(Vec::with_capacity(4321)));
        let mut seen = Vec::new();
        queue.drain(8, &mut |event| {
            seen.push(match event {
                Event::Exec { name, .. } => name.into_owned(),
                Event::Sample(sample) => format!("{} old", sample.age_ns),
                other => panic!("{other:?}"),
            });
        });
        assert_eq!(seen, ["a", "3 old"]);
        assert_eq!(queue.buffer().capacity(), 4321);
        queue.drain(9, &mut |event| panic!("{event:?}"));
    }

    #[test]
    fn too_much_is_lost_and_counted() {
        let queue = Queue::new().unwrap();
        queue.put(caught(vec![0; MOST_BYTES]));
        queue.put(caught(vec![0; 1]));
        let (mut samples, mut lost) = (0, 0);
        queue.drain(0, &mut |event| match event {
            Event::Lost(n) => lost += n,
            _ => samples += 1,
        });
        assert_eq!((samples, lost), (1, 1));
    }
}
