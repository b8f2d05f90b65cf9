//! Plain data that flows between the stages. No I/O.
//!
//! A [`Profile`] is what a recording says once its addresses have names: interned tables (strings, modules, functions,
//! frames, stacks, processes, threads) and samples that point into them by typed ids. Build one with [`Builder`].

use std::{collections::HashMap, hash::Hash, time::SystemTime};

pub use super::stack::{StackId, StackTree};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// Position in the profile's table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A string of [`Profile::strings`].
    StrId,
    /// A mapped file of [`Profile::modules`].
    ModuleId,
    /// A function of [`Profile::functions`].
    FunctionId,
    /// A frame of [`Profile::frames`].
    FrameId,
    /// A process of [`Profile::processes`].
    ProcessId,
    /// A thread of [`Profile::threads`].
    ThreadId,
}

/// A file with code in it, or the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Module {
    /// Path as the process saw it, `[kernel]`, `[vdso]`, …; with ` (deleted)` or ` (replaced)` where that was so.
    pub path: StrId,
    /// GNU build id in lower-case hex, or empty.
    pub build_id: StrId,
}

/// Where a function's code comes from; what flamegraph colours and filters go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Machine code of a program or library.
    #[default]
    Native,
    /// The operating system's kernel.
    Kernel,
    /// Python source.
    Python,
    /// Not a function: tells something about the stack, such as `[truncated]`.
    Marker,
}

/// Source language, as far as the debug information or the name's mangling tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Not known.
    #[default]
    Unknown,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// Python.
    Python,
}

/// A function. Two functions of one name in different files or modules are different functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Name for people: demangled; `module+0x1f` where no symbol covers the address.
    pub name: StrId,
    /// Name as the symbol table has it; same as `name` where nothing was mangled.
    pub system_name: StrId,
    /// Source file, or empty.
    pub file: StrId,
    /// First line of the function's definition; 0 where not known.
    pub start_line: u32,
    /// Where its code was loaded from.
    pub module: Option<ModuleId>,
    /// Where its code comes from.
    pub origin: Origin,
    /// What it was written in.
    pub language: Language,
}

/// A place in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function.
    pub function: FunctionId,
    /// Line in the function's file (for a caller, the line of the call); 0 where not known.
    pub line: u32,
    /// Whether the function was inlined into the next outer frame of the stack.
    pub inlined: bool,
}

/// A process of the recorded tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Process id at the time of the recording.
    pub pid: u32,
    /// Process id of the process that forked it; 0 where not known.
    pub parent_pid: u32,
    /// Command name as of its last exec.
    pub name: StrId,
}

/// A thread of the recorded tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thread {
    /// The process it belongs to.
    pub process: ProcessId,
    /// Kernel thread id.
    pub tid: u32,
    /// Thread name.
    pub name: StrId,
}

/// Whether a sampled thread held its Python interpreter's global lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gil {
    /// It is no thread of an interpreter, or nobody could see.
    #[default]
    Unknown,
    /// It held the lock.
    Held,
    /// It ran without the lock, or waited for it.
    Released,
}

/// Samples of one thread with one stack within one time bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// Time bucket: starts `bucket * Recording::bucket_ns` after the start of the recording.
    pub bucket: u32,
    /// The sampled thread.
    pub thread: ThreadId,
    /// Its stack.
    pub stack: StackId,
    /// Whether the thread held its interpreter's global lock.
    pub gil: Gil,
    /// How many samples.
    pub count: u64,
    /// Nanoseconds on the recording's clock that they stand for; so many of [`Recording::unit`] where that is another one.
    pub weight_ns: u64,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wait {
    /// A lock, a condition, or whatever else another thread gives.
    Lock,
    /// A file, a pipe, the network, a page of memory that has to be read.
    Io,
    /// A time.
    Sleep,
    /// A process that it has started.
    Child,
    /// Its Python interpreter's global lock.
    Gil,
    /// Something else, or nobody could see.
    Other,
}

impl Wait {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Lock, Self::Io, Self::Sleep, Self::Child, Self::Gil, Self::Other];

    /// A word for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Io => "I/O",
            Self::Sleep => "sleep",
            Self::Child => "child",
            Self::Gil => "GIL",
            Self::Other => "other",
        }
    }

    /// The kind of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wait| wait.name() == name)
    }
}

/// Time that one thread has waited with one stack within one time bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Time bucket, as of a sample.
    pub bucket: u32,
    /// The thread.
    pub thread: ThreadId,
    /// Its stack.
    pub stack: StackId,
    /// What it waited for.
    pub wait: Wait,
    /// For how long, in nanoseconds.
    pub ns: u64,
}

/// What a recording's time is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Time on a processor.
    #[default]
    Cpu,
    /// Elapsed time, waiting included.
    Wall,
}

/// What the weights of samples and the numbers of functions are. Most recordings have time; those of other tools may have something else,
/// which then stands wherever the names of fields and columns say time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds on the recording's clock.
    #[default]
    Nanoseconds,
    /// Bytes, such as those that a heap profile counts.
    Bytes,
    /// A number of what [`Recording::event`] names.
    Count,
}

impl Unit {
    /// A word for files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "seconds",
            Self::Bytes => "bytes",
            Self::Count => "count",
        }
    }

    /// A weight as [`name`](Self::name) says: in seconds, in bytes, or the number itself.
    pub fn amount(self, weight: u64) -> f64 {
        match self {
            Self::Nanoseconds => weight as f64 / 1e9,
            Self::Bytes | Self::Count => weight as f64,
        }
    }
}

/// The machine a recording was made on, as far as it matters for reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Processors online.
    pub cpus: u32,
    /// Kernel release.
    pub kernel: String,
}

/// How a recording was made and how far it can be trusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Program and arguments.
    pub command: Vec<String>,
    /// When it started.
    pub started: Option<SystemTime>,
    /// Wall time from start to end, in nanoseconds.
    pub duration_ns: u64,
    /// What recorded it: `perf`, or the name of another tool.
    pub backend: String,
    /// Why it was not recorded by something better, in a few words; empty where it was, or where it was asked for.
    pub backend_reason: String,
    /// What the weights are, where they are time.
    pub clock: Clock,
    /// What the weights are numbers of.
    pub unit: Unit,
    /// What is weighed where it is no time, as the file calls it: `inuse_space`, `cycles`; else empty.
    pub event: String,
    /// Whether its counts are of what the program itself has noted (objects of a heap, contentions of a lock) and not of samples, so that
    /// nothing follows from them about errors.
    pub tallied: bool,
    /// Samples asked for per second of the clock; 0 where not known.
    pub rate_hz: u64,
    /// Length of a time bucket in nanoseconds.
    pub bucket_ns: u64,
    /// Samples the kernel could not deliver.
    pub lost_samples: u64,
    /// Samples with a user stack; what `rooted_stacks` and `truncated_stacks` are shares of.
    pub user_stacks: u64,
    /// Samples whose stack reaches the thread's root.
    pub rooted_stacks: u64,
    /// Samples whose stack is cut.
    pub truncated_stacks: u64,
    /// Samples whose stack was completed from the process's memory; counted in `rooted_stacks` where they reach the root.
    pub completed_stacks: u64,
    /// Samples whose Python and native frames could not be matched one to one.
    pub approx_python: u64,
    /// Whether waiting was recorded, too.
    pub waiting: bool,
    /// Whether kernel frames were recorded.
    pub kernel_frames: bool,
    /// Whether time spent in the kernel is part of the samples, be it as kernel frames or as time of those who called it.
    pub kernel_time: bool,
    /// User CPU time the kernel charged to the recorded processes; `None` where it could not be read.
    pub user_cpu_ns: Option<u64>,
    /// System CPU time the kernel charged to the recorded processes; `None` where it could not be read.
    pub system_cpu_ns: Option<u64>,
    /// The machine.
    pub host: Host,
    /// Things the reader of the recording should know, a line each.
    pub notes: Vec<String>,
}

impl Recording {
    /// What the weights are, in a few words.
    pub fn measure(&self) -> String {
        match (self.unit, self.clock) {
            (Unit::Nanoseconds, Clock::Cpu) => "CPU time".to_owned(),
            (Unit::Nanoseconds, Clock::Wall) => "elapsed time".to_owned(),
            (Unit::Bytes, _) => format!("`{}` in bytes", self.event),
            (Unit::Count, _) => format!("`{}`", self.event),
        }
    }

    /// CPU nanoseconds that samples could see: user and system time, or user time alone where the kernel was not sampled.
    pub fn visible_cpu_ns(&self) -> Option<u64> {
        let user = self.user_cpu_ns?;
        if self.kernel_time { Some(user.saturating_add(self.system_cpu_ns?)) } else { Some(user) }
    }

    /// System time that no sample could see; `None` where samples have it or where it is not known.
    pub fn unseen_kernel_ns(&self) -> Option<u64> {
        if self.kernel_time { None } else { self.system_cpu_ns }
    }

    /// Share (0 to 1) of user stacks that reach their thread's root; `None` without user stacks.
    pub fn rooted_share(&self) -> Option<f64> {
        (self.user_stacks > 0).then(|| self.rooted_stacks as f64 / self.user_stacks as f64)
    }
}

/// A recording with names. Ids point into its tables; every table holds each distinct value once.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// How it was recorded.
    pub recording: Recording,
    /// Strings by [`StrId`].
    pub strings: Vec<String>,
    /// Modules by [`ModuleId`].
    pub modules: Vec<Module>,
    /// Functions by [`FunctionId`].
    pub functions: Vec<Function>,
    /// Frames by [`FrameId`].
    pub frames: Vec<Frame>,
    /// Stacks by [`StackId`].
    pub stacks: StackTree<FrameId>,
    /// Processes by [`ProcessId`].
    pub processes: Vec<Process>,
    /// Threads by [`ThreadId`].
    pub threads: Vec<Thread>,
    /// Samples, one for each (bucket, thread, stack, gil), in that order.
    pub samples: Vec<Sample>,
    /// Times of waiting, one for each (bucket, thread, stack, wait), in that order; empty unless they were recorded.
    pub waits: Vec<Waiting>,
}

impl Profile {
    /// Text of a string id.
    pub fn str(&self, id: StrId) -> &str {
        &self.strings[id.index()]
    }

    /// Path of a function's module, or empty.
    pub fn module_path(&self, function: &Function) -> &str {
        function.module.map_or("", |m| self.str(self.modules[m.index()].path))
    }

    /// Number of samples.
    pub fn sample_count(&self) -> u64 {
        self.samples.iter().fold(0, |sum, s| sum.saturating_add(s.count))
    }

    /// What all samples stand for, in nanoseconds.
    pub fn total_ns(&self) -> u64 {
        self.samples.iter().fold(0, |sum, s| sum.saturating_add(s.weight_ns))
    }
}

/// Samples that are collected before equal ones are looked for.
const LEAST_ROOM: usize = 1 << 20;

/// Builds a [`Profile`], giving each distinct value one id.
#[derive(Debug, Default)]
pub struct Builder {
    strings: Table<String>,
    modules: Table<Module>,
    functions: Table<Function>,
    frames: Table<Frame>,
    stacks: StackTree<FrameId>,
    processes: Table<Process>,
    threads: Table<Thread>,
    samples: Vec<Sample>,
    /// How many samples there may be until equal ones are summed.
    room: usize,
    waits: HashMap<(u32, ThreadId, StackId, Wait), u64>,
}

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of a string.
    pub fn string(&mut self, text: &str) -> StrId {
        match self.strings.index.get(text) {
            Some(&id) => StrId(id),
            None => StrId(self.strings.id(text.to_owned())),
        }
    }

    /// The id of a module.
    pub fn module(&mut self, module: Module) -> ModuleId {
        ModuleId(self.modules.id(module))
    }

    /// The id of a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        FunctionId(self.functions.id(function))
    }

    /// The id of a frame.
    pub fn frame(&mut self, frame: Frame) -> FrameId {
        FrameId(self.frames.id(frame))
    }

    /// The id of `frame` on top of `parent`.
    pub fn stack(&mut self, parent: Option<StackId>, frame: FrameId) -> StackId {
        self.stacks.push(parent, frame)
    }

    /// The id of a process.
    pub fn process(&mut self, process: Process) -> ProcessId {
        ProcessId(self.processes.id(process))
    }

    /// The id of a thread.
    pub fn thread(&mut self, thread: Thread) -> ThreadId {
        ThreadId(self.threads.id(thread))
    }

    /// Adds a sample; equal (bucket, thread, stack, gil) are summed.
    pub fn sample(&mut self, sample: Sample) {
        if self.samples.len() >= self.room.max(LEAST_ROOM) {
            self.sum_equal_samples();
            self.room = self.samples.len().saturating_mul(2);
        }
        self.samples.push(sample);
    }

    /// Puts the samples in (bucket, thread, stack, gil) order, each once.
    fn sum_equal_samples(&mut self) {
        // All of them as one number, which is quickly compared.
        let key = |s: &Sample| {
            let [bucket, thread, stack] = [s.bucket, s.thread.0, s.stack.0].map(u128::from);
            bucket << 96 | thread << 64 | stack << 32 | s.gil as u128
        };
        self.samples.sort_unstable_by_key(key);
        self.samples.dedup_by(|next, sum| {
            let equal = key(next) == key(sum);
            if equal {
                sum.count = sum.count.saturating_add(next.count);
                sum.weight_ns = sum.weight_ns.saturating_add(next.weight_ns);
            }
            equal
        });
    }

    /// Adds a time of waiting; equal (bucket, thread, stack, wait) are summed.
    pub fn waiting(&mut self, waiting: Waiting) {
        let key = (waiting.bucket, waiting.thread, waiting.stack, waiting.wait);
        let sum = self.waits.entry(key).or_default();
        *sum = sum.saturating_add(waiting.ns);
    }

    /// The profile, with samples in (bucket, thread, stack, gil) order.
    pub fn build(mut self, recording: Recording) -> Profile {
        self.sum_equal_samples();
        let mut waits: Vec<Waiting> = (self.waits.into_iter())
            .map(|((bucket, thread, stack, wait), ns)| Waiting { bucket, thread, stack, wait, ns })
            .collect();
        waits.sort_unstable_by_key(|w| (w.bucket, w.thread, w.stack, w.wait));
        Profile {
            recording,
            strings: self.strings.items,
            modules: self.modules.items,
            functions: self.functions.items,
            frames: self.frames.items,
            stacks: self.stacks,
            processes: self.processes.items,
            threads: self.threads.items,
            samples: self.samples,
            waits,
        }
    }
}

#[derive(Debug)]
struct Table<T> {
    items: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn id(&mut self, item: T) -> u32 {
        if let Some(&id) = self.index.get(&item) {
            return id;
        }
        let id = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push(item.clone());
        self.index.insert(item, id);
        id
    }
}
