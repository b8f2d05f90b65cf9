//! A recording before its addresses have names: what recording hands to symbolizing.

use std::{fs::File, sync::Arc};

use super::{
    frames::python::PythonFunction,
    model::{Gil, Recording, Wait},
    stack::{StackId, StackTree},
};

/// One frame as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RawFrame {
    /// Code of a mapped file.
    Native {
        /// Position in [`RawProfile::modules`].
        module: u32,
        /// Address as the file's own symbol table counts (stated virtual memory address). Of a caller: the last byte of its
        /// call instruction, so that looking it up finds the call and not what follows.
        address: u64,
    },
    /// Code of a mapped file whose segments could not be matched with the mapping: it must not be given a name.
    Unmatched {
        /// Position in [`RawProfile::modules`].
        module: u32,
        /// Offset in the file.
        offset: u64,
    },
    /// Code of a mapped file that an interpreted call went through: the evaluation function, or what it was called by. Stands
    /// outside of the frames that it runs, and can be left out because they say the same.
    Interpreter {
        /// Position in [`RawProfile::modules`].
        module: u32,
        /// As in `Native`.
        address: u64,
    },
    /// A Python function.
    Python {
        /// Position in [`RawProfile::python`].
        function: u32,
        /// The line being executed; 0 where not known.
        line: u32,
    },
    /// Kernel code at this address.
    Kernel(u64),
    /// Executable memory without a file behind it: code made at run time.
    Anonymous,
    /// Outside everything that is mapped executable.
    Unknown,
    /// Stands for the missing outer frames of a cut stack; always the outermost frame.
    Truncated,
}

/// Whether the file that was mapped could be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The very file that was mapped is open.
    Present,
    /// Its name was deleted; open all the same where [`ModuleFile::file`] says so.
    Deleted,
    /// Another file stands under its name now; open all the same where [`ModuleFile::file`] says so.
    Replaced,
    /// It could not be opened.
    Unreadable,
    /// Not a file: `[vdso]`.
    Virtual,
}

/// A file that was mapped executable by a recorded process.
#[derive(Debug)]
pub struct ModuleFile {
    /// Path as the process saw it.
    pub path: String,
    /// Directory under which `path` was looked up (`/proc/PID/root`), empty for the recorder's own root.
    pub root: String,
    /// The file, opened when it was first seen; always the one that was mapped, never its successor.
    pub file: Option<File>,
    /// What became of it.
    pub state: FileState,
    /// Contents where there is no file: the image of the `[vdso]`.
    pub image: Option<Vec<u8>>,
    /// GNU build id; empty where it has none.
    pub build_id: Vec<u8>,
}

/// A process as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawProcess {
    /// Process id.
    pub pid: u32,
    /// Process id of its parent; 0 where not known.
    pub parent_pid: u32,
    /// Command name as of its last exec.
    pub name: String,
}

/// A thread as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawThread {
    /// Position in [`RawProfile::processes`].
    pub process: u32,
    /// Kernel thread id.
    pub tid: u32,
    /// Thread name.
    pub name: String,
}

/// Samples of one thread with one stack within one time bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawSample {
    /// Time bucket, as in [`super::model::Sample`].
    pub bucket: u32,
    /// Position in [`RawProfile::threads`].
    pub thread: u32,
    /// Its stack.
    pub stack: StackId,
    /// Whether the thread held its interpreter's global lock.
    pub gil: Gil,
    /// How many samples.
    pub count: u64,
    /// Nanoseconds they stand for.
    pub weight_ns: u64,
}

/// Time that one thread has waited with one stack within one time bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawWaiting {
    /// Time bucket, as in [`super::model::Sample`].
    pub bucket: u32,
    /// Position in [`RawProfile::threads`].
    pub thread: u32,
    /// Its stack.
    pub stack: StackId,
    /// What it waited for.
    pub wait: Wait,
    /// For how long, in nanoseconds.
    pub ns: u64,
}

/// A whole recording without names.
#[derive(Debug, Default)]
pub struct RawProfile {
    /// How it was recorded.
    pub recording: Recording,
    /// Mapped files; shared, so that a snapshot of a growing recording has the same open files.
    pub modules: Vec<Arc<ModuleFile>>,
    /// Python functions.
    pub python: Vec<PythonFunction>,
    /// Stacks.
    pub stacks: StackTree<RawFrame>,
    /// Processes.
    pub processes: Vec<RawProcess>,
    /// Threads.
    pub threads: Vec<RawThread>,
    /// Samples.
    pub samples: Vec<RawSample>,
    /// Times of waiting.
    pub waits: Vec<RawWaiting>,
}
