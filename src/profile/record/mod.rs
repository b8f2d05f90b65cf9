//! Where samples come from: a [`Backend`] turns what the kernel offers into [`Event`]s.

pub mod exact;
pub mod perf;
pub mod ptrace;

use std::{borrow::Cow, io, os::fd::RawFd};

use super::{
    process::arch::Registers,
    target::{Change, Child},
};

/// Why nothing can be recorded.
#[derive(Debug)]
pub enum Refusal {
    /// Perf events were asked for, and are refused.
    Perf(perf::Refusal),
    /// ptrace was asked for, and is refused.
    Ptrace(ptrace::Refusal),
    /// Both are refused.
    Both(perf::Refusal, ptrace::Refusal),
}

/// Something that happened in the recorded processes, in time order.
#[derive(Debug)]
pub enum Event<'a> {
    /// A thread was seen running.
    Sample(Sample<'a>),
    /// A process mapped executable memory.
    Map(Mapping<'a>),
    /// A process started another program; its old mappings and threads are gone.
    Exec {
        /// Process id.
        pid: u32,
        /// Its new command name.
        name: Cow<'a, str>,
    },
    /// A thread was given a name.
    ThreadName {
        /// Process id.
        pid: u32,
        /// Thread id.
        tid: u32,
        /// The name.
        name: Cow<'a, str>,
    },
    /// A process or thread came to be.
    Fork {
        /// Process id; equal to `parent_pid` for a new thread.
        pid: u32,
        /// Process that made it.
        parent_pid: u32,
        /// Thread id.
        tid: u32,
        /// Thread that made it.
        parent_tid: u32,
    },
    /// A thread ended.
    Exit {
        /// Process id.
        pid: u32,
        /// Thread id.
        tid: u32,
    },
    /// A thread has left its processor, or has got one.
    Switch {
        /// Process id.
        pid: u32,
        /// Thread id.
        tid: u32,
        /// When, in nanoseconds of `CLOCK_MONOTONIC`.
        time_ns: u64,
        /// Which of them.
        what: Switch,
    },
    /// A thread was made to stand still to be sampled, which is no waiting of its own.
    Stopped {
        /// Thread id.
        tid: u32,
        /// For how long, in nanoseconds.
        ns: u64,
    },
    /// This many samples could not be delivered.
    Lost(u64),
    /// The kernel slowed sampling down because it took too long.
    Throttled,
}

/// How a thread is put on a processor and taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It goes on.
    On,
    /// It waits for something.
    Off,
    /// It would go on if another one had not got the processor.
    Preempted,
}

/// A thread, caught running.
#[derive(Debug)]
pub struct Sample<'a> {
    /// When, in nanoseconds of `CLOCK_MONOTONIC`.
    pub time_ns: u64,
    /// How long ago that was when it was handed over, in nanoseconds.
    pub age_ns: u64,
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// Nanoseconds of the recording's clock that it stands for.
    pub weight_ns: u64,
    /// Kernel addresses, innermost first; every one but the first is a return address.
    pub kernel: &'a [u64],
    /// User registers; `None` where the thread has no user half.
    pub registers: Option<Registers>,
    /// Its stack, from the stack pointer upwards.
    pub stack: StackDump<'a>,
}

/// A copy of the top of a stack, in at most two pieces because it may wrap around the end of a ring.
#[derive(Clone, Copy, Debug, Default)]
pub struct StackDump<'a> {
    first: &'a [u8],
    second: &'a [u8],
}

impl<'a> StackDump<'a> {
    /// A dump of these bytes.
    pub fn new(first: &'a [u8], second: &'a [u8]) -> Self {
        Self { first, second }
    }

    /// The 8 bytes at `offset` from the stack pointer.
    pub fn word(&self, offset: u64) -> Option<u64> {
        let at = usize::try_from(offset).ok()?;
        let end = at.checked_add(8)?;
        if let Some(bytes) = self.first.get(at..end) {
            return Some(u64::from_le_bytes(bytes.try_into().ok()?));
        }
        if let Some(at) = at.checked_sub(self.first.len()) {
            return Some(u64::from_le_bytes(self.second.get(at..at + 8)?.try_into().ok()?));
        }
        // The ring's end need not be a multiple of a word away.
        let mut word = [0; 8];
        for (i, byte) in word.iter_mut().enumerate() {
            let at = at + i;
            *byte = *self.first.get(at).or_else(|| self.second.get(at - self.first.len()))?;
        }
        Some(u64::from_le_bytes(word))
    }

    /// Bytes copied.
    pub fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    /// Whether nothing was copied.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Executable memory of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// Process id.
    pub pid: u32,
    /// First address.
    pub start: u64,
    /// Bytes.
    pub len: u64,
    /// Offset in the file.
    pub offset: u64,
    /// Device (major, minor) and inode of the file, where known.
    pub inode: Option<(u32, u32, u64)>,
    /// The file's path as the kernel tells it, or a name such as `[vdso]` or `//anon`.
    pub path: Cow<'a, str>,
}

/// How a backend was set up in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Whether samples carry kernel frames.
    pub kernel_frames: bool,
    /// Whether the time that is spent in the kernel is part of the samples; without kernel frames, of those who have called it.
    pub kernel_time: bool,
    /// Bytes of ring memory for each processor.
    pub ring_bytes: usize,
    /// Samples per second; less than was asked for where the system allows no more.
    pub rate_hz: u64,
    /// Whether an event tells of everything that a process maps.
    pub maps_are_told: bool,
    /// Whether an event tells of every [`Switch`], where that was asked for.
    pub switches_are_told: bool,
}

/// What samples must be like beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Stack dumps as long as they can be.
    pub longest_dumps: bool,
    /// Each sample is to be told of at once, so that the thread's memory can be looked at while it is still much the same.
    pub prompt: bool,
}

impl Needs {
    /// Both needs.
    pub fn and(self, other: Self) -> Self {
        Self { longest_dumps: self.longest_dumps || other.longest_dumps, prompt: self.prompt || other.prompt }
    }
}

/// A source of samples.
pub trait Backend {
    /// What it is called in headers and files.
    fn name(&self) -> &'static str;
    /// How it was set up.
    fn setup(&self) -> Setup;
    /// Descriptors to poll for input; a descriptor that hung up is left out.
    fn descriptors(&self) -> Vec<RawFd>;
    /// Starts sampling, where it does not start by itself with the program.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn enable(&mut self) -> io::Result<()>;
    /// Hands over what has been recorded up to now, in time order; with `all`, up to the very end.
    ///
    /// # Errors
    /// When the kernel's records make no sense.
    fn pump(&mut self, all: bool, sink: &mut dyn FnMut(Event<'_>)) -> io::Result<()>;
    /// Asks for more than before for these threads and all that they will start. Does nothing when nothing is asked for that
    /// was not asked for already. `tasks` is asked again, a few times, until it names no
    /// new thread.
    ///
    /// # Errors
    /// When the kernel refuses; recording goes on as it was, and the same is not tried again.
    fn ask_for(&mut self, needs: Needs, tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()>;
    /// To be called after every pump: where it can be done better by now for these threads and all that they will start.
    ///
    /// # Errors
    /// When the kernel refuses; recording goes on as it was.
    fn tend(&mut self, tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()>;
    /// Stops sampling; what was recorded can still be pumped.
    fn stop(&mut self);
    /// What has become of the program that we have started.
    fn change(&mut self, child: &Child) -> Change {
        child.change()
    }
    /// Whether SIGCHLD is for the backend, and [`change`](Self::change) the only way to wait for the program.
    fn waits_for_children(&self) -> bool {
        false
    }
    /// What the reader of the recording should know, a line each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
