//! The stack of one interpreter's threads at a sample.
//!
//! The program runs on while it is read, so: the innermost frame is read again at the end, and a difference is a reason to
//! begin again; a frame must lead to a code object; and what the sample itself shows of the innermost call (the address of
//! its next instruction is in a register, or saved on the native stack) decides which function that was. Every chain that is
//! followed has an end, whatever is in the memory.

use rustc_hash::FxHashMap;

use super::{
    code::{Codes, Met},
    fit::{Calls, Homes},
    functions::Functions,
    interpreter::{Interpreter, untagged},
    objects,
    offsets::{self, ACTIVE, Entry, FIRST_SHIM, Offsets, Position},
};
use crate::profile::{
    frames::{
        Interpreted, Moment,
        memory::{Memory, half_at, word, word_at},
    },
    model::Gil,
    raw::RawFrame,
};

/// How often a stack that changed meanwhile is read again.
const MOST_TRIES: usize = 4;
/// Frames of a thread; also the end of a chain that is a circle.
const MOST_FRAMES: usize = 4096;
/// So many pages are read for them, where they do not lie together.
const MOST_PAGES: usize = 1024;
const PAGE: u64 = 4096;
const MOST_THREADS: usize = 4096;
const MOST_INTERPRETERS: usize = 64;
/// Frames are copied from the end of their memory; this much covers a hundred calls or more.
const WINDOW: u64 = 16 << 10;
/// After a stack that was much work and had no end, so many samples make do with its innermost frames: a program must not be
/// able to keep us busy.
const REST: u32 = 16;
const MOST_FRAMES_RESTING: usize = 64;
const MOST_PAGES_RESTING: usize = 16;
/// `struct pthread` is about this long, and the kernel's thread id is in it.
const PTHREAD: usize = 1024;

/// Reads the stacks of one process.
#[derive(Debug)]
pub struct Reader {
    pub(super) interpreter: Interpreter,
    threads: FxHashMap<u32, u64>,
    /// The code at the outer end of each thread's frames.
    roots: FxHashMap<u32, u64>,
    pub(super) codes: Codes,
    pub(super) calls: Calls,
    pub(super) homes: Homes,
    state: Vec<u8>,
    window: Piece,
    page: Piece,
    captured: Vec<Captured>,
    complete: bool,
    pub(super) stable: bool,
    tid_place: Option<u64>,
    resting: u32,
    gil: Gil,
}

/// What a stack without an end has cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    Little,
    Much,
}

/// A frame as it was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Captured {
    address: u64,
    code: u64,
    globals: u64,
    position: u64,
    /// Whether it is the outermost one of its evaluation function.
    entry: bool,
}

/// Copied memory in which frames lie.
#[derive(Debug, Default)]
struct Piece {
    base: u64,
    bytes: Vec<u8>,
    /// How many more frames there can be in it; fewer than none where they go round in a circle.
    room: i64,
}

impl Piece {
    fn copy(&mut self, memory: &dyn Memory, base: u64, end: u64, frame_size: u64) {
        let len = end.saturating_sub(base);
        self.base = base;
        self.room = (len / frame_size.max(1)) as i64;
        self.bytes.resize(len as usize, 0);
        if !memory.read(base, &mut self.bytes) {
            self.bytes.clear();
        }
    }

    /// The bytes of a frame.
    fn frame(&mut self, address: u64, size: u64) -> Option<&[u8]> {
        let start = usize::try_from(address.checked_sub(self.base)?).ok()?;
        let bytes = self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)?;
        self.room -= 1;
        Some(bytes)
    }
}

enum Chain {
    Read,
    /// It has no end, or none that is worth reading; the innermost frames were read.
    Endless(Effort),
    /// It made no sense, most likely because it changed.
    Torn,
}

impl Reader {
    /// A reader of an interpreter that was examined.
    pub fn new(interpreter: Interpreter) -> Self {
        Self {
            interpreter,
            threads: FxHashMap::default(),
            roots: FxHashMap::default(),
            codes: Codes::default(),
            calls: Calls::default(),
            homes: Homes::default(),
            state: Vec::new(),
            window: Piece::default(),
            page: Piece::default(),
            captured: Vec::new(),
            complete: true,
            stable: true,
            tid_place: None,
            resting: 0,
            gil: Gil::Unknown,
        }
    }

    /// Copies the frames of a thread, as early as possible after the sample. Whether the thread is one of Python's and runs
    /// anything.
    pub fn capture(&mut self, memory: &dyn Memory, tid: u32) -> bool {
        self.captured.clear();
        self.gil = Gil::Unknown;
        let resting = self.resting > 0;
        self.resting = self.resting.saturating_sub(1);
        let Some(thread) = self.thread(memory, tid) else { return false };
        self.gil = self.holds_lock(memory, thread);
        let mut endless = 0;
        for tries_left in (0..MOST_TRIES).rev() {
            self.captured.clear();
            (self.complete, self.stable) = (true, false);
            let Some((place, innermost)) = self.innermost(memory) else { return false };
            let read = self.chain(memory, innermost, resting);
            let again = word(memory, place);
            let same = again == Some(innermost);
            match read {
                Chain::Read if same && (self.ends_as_before(tid) || tries_left == 0) => {
                    self.keep_root(tid);
                    self.stable = true;
                    break;
                }
                Chain::Read => {}
                Chain::Endless(effort) if same && (resting || endless > 0) => {
                    self.complete = false;
                    if effort == Effort::Much {
                        self.resting = REST;
                    }
                    break;
                }
                // One that changed while it was read can look like it, too.
                Chain::Endless(_) => {
                    endless += 1;
                    self.captured.clear();
                }
                Chain::Torn => self.captured.clear(),
            }
            if again.is_none() || !self.copy_thread(memory, thread) {
                break;
            }
        }
        !self.captured.is_empty()
    }

    /// Whether the frames have the same outer end as the last time. Up to 3.10 a frame that returns forgets its caller while it may
    /// still be taken for the innermost one, and is that again with the next call.
    fn ends_as_before(&self, tid: u32) -> bool {
        let root = self.captured.last().map(|frame| frame.code);
        let forgetful = self.each_call_has_its_evaluation();
        !forgetful || self.roots.get(&tid).is_none_or(|known| Some(*known) == root)
    }

    fn keep_root(&mut self, tid: u32) {
        if self.roots.len() >= MOST_THREADS {
            self.roots.clear();
        }
        self.roots.extend(self.captured.last().map(|frame| (tid, frame.code)));
    }

    /// Whether the thread that was captured last held the global lock then.
    pub fn gil(&self) -> Gil {
        self.gil
    }

    /// What the program calls the thread whose frames were given last. `main` says whether it is the process's first one.
    pub fn thread_name(&self, memory: &dyn Memory, main: bool, functions: &Functions) -> Option<String> {
        let offsets = &self.interpreter.offsets;
        let outermost = self.captured.iter().rfind(|frame| frame.code != 0).filter(|_| self.complete)?;
        let function = functions.get(self.codes.get(outermost.code)?.function)?;
        if !(function.name.ends_with("_bootstrap") && function.module == "threading") {
            return main.then(|| "MainThread".to_owned());
        }
        let first_local = untagged(word(memory, outermost.address.checked_add(offsets.frame.locals)?)?);
        let name = objects::attribute(memory, offsets, first_local, "_name")?;
        // The frame may have gone meanwhile.
        let code = word(memory, outermost.address.checked_add(offsets.frame.code)?)?;
        (untagged(code) == outermost.code).then_some(name)
    }

    fn holds_lock(&self, memory: &dyn Memory, thread: u64) -> Gil {
        let held = match self.interpreter.offsets.gil {
            offsets::Gil::Status(at) => half_at(&self.state, at).map(|status| status & ACTIVE != 0),
            offsets::Gil::Current(at) => {
                word(memory, self.interpreter.runtime.wrapping_add(at)).map(|current| current == thread)
            }
        };
        match held {
            Some(true) => Gil::Held,
            Some(false) => Gil::Released,
            None => Gil::Unknown,
        }
    }

    /// The frames that were captured, compared with what the sample tells.
    pub fn frames(
        &mut self,
        memory: &dyn Memory,
        moment: Moment<'_>,
        functions: &mut Functions,
    ) -> Option<Interpreted> {
        if self.captured.is_empty() {
            return None;
        }
        let met = |frame: &Captured| Met { code: frame.code, globals: frame.globals };
        let mut objects: Vec<Met> = self.captured.iter().map(met).collect();
        objects.sort_unstable();
        objects.dedup_by_key(|met| met.code);
        self.codes.refresh(memory, &self.interpreter, &objects, functions);
        let mut out = Interpreted { sure: self.complete, ..Interpreted::default() };
        let (mut group, mut origins) = (0, Vec::with_capacity(self.captured.len()));
        for frame in &self.captured {
            if frame.code != 0 {
                match self.codes.get(frame.code) {
                    Some(code) => {
                        let line =
                            code.line(&self.interpreter.offsets, self.offset(frame, code.instructions));
                        out.frames.push(RawFrame::Python { function: code.function, line });
                        origins.push(frame.code);
                        group += 1;
                    }
                    None => out.sure = false,
                }
            }
            if frame.entry {
                out.groups.push(std::mem::take(&mut group));
            }
        }
        if group > 0 {
            out.groups.push(group);
        }
        out.sure &= self.fit(moment, origins, &mut out);
        Some(out)
    }

    /// Byte offset of a frame's instruction in its code.
    fn offset(&self, frame: &Captured, instructions: u64) -> i64 {
        match self.interpreter.offsets.frame.kind {
            Position::Index { unit } => i64::from(frame.position as u32 as i32).saturating_mul(unit),
            // 3.11 and 3.12 point at the instruction before the first until that one runs.
            Position::Address => frame.position.wrapping_sub(instructions) as i64,
        }
    }

    /// Follows the frames from the innermost one.
    fn chain(&mut self, memory: &dyn Memory, innermost: u64, resting: bool) -> Chain {
        let offsets = self.interpreter.offsets;
        let size = offsets.frame.size;
        let (most_frames, most_pages) =
            if resting { (MOST_FRAMES_RESTING, MOST_PAGES_RESTING) } else { (MOST_FRAMES, MOST_PAGES) };
        self.copy_window(memory, innermost);
        self.page = Piece { bytes: std::mem::take(&mut self.page.bytes), ..Piece::default() };
        self.page.bytes.clear();
        let (mut at, mut pages) = (innermost, 0);
        while at != 0 {
            let circle = self.window.room < 0 || self.page.room < 0;
            if circle || self.captured.len() >= most_frames || pages > most_pages {
                let much = circle || pages > MOST_PAGES / 4;
                return Chain::Endless(if much { Effort::Much } else { Effort::Little });
            }
            let decoded = match self.window.frame(at, size) {
                Some(bytes) => decode(&offsets, at, bytes),
                None => {
                    pages += self.copy_page(memory, at, size);
                    self.page.frame(at, size).and_then(|bytes| decode(&offsets, at, bytes))
                }
            };
            let Some((captured, previous)) = decoded else { return Chain::Torn };
            // From 3.14 on there is one more frame of no code around everything.
            let around_all = captured.code == 0
                && previous == 0
                && self.captured.last().is_none_or(|inner| inner.entry && inner.code == 0);
            if !around_all {
                self.captured.push(captured);
            }
            at = previous;
        }
        Chain::Read
    }

    /// Copies the memory in which the newest frames lie.
    fn copy_window(&mut self, memory: &dyn Memory, innermost: u64) {
        let offsets = self.interpreter.offsets;
        let chunk = offsets.thread.chunk.and_then(|offset| word_at(&self.state, offset)).unwrap_or(0);
        let end = innermost.saturating_add(offsets.frame.size);
        // The innermost frame may be a generator's, which lies elsewhere.
        let near = chunk != 0 && innermost > chunk && innermost - chunk < 1 << 20;
        let (start, end) = match (chunk, near) {
            (0, _) => (0, 0),
            (_, true) => (chunk.max(end.saturating_sub(WINDOW)), end),
            (_, false) => (chunk, chunk.saturating_add(PAGE)),
        };
        self.window.copy(memory, start, end, offsets.frame.size);
    }

    /// Has the page at hand that a frame lies in, at least to the frame's end: its callers are often near it. How many pages
    /// had to be read.
    fn copy_page(&mut self, memory: &dyn Memory, frame: u64, size: u64) -> usize {
        let start = frame & !(PAGE - 1);
        let end = start.saturating_add(PAGE).max(frame.saturating_add(size));
        let held = self.page.base == start && end - start <= self.page.bytes.len() as u64;
        if !held {
            self.page.copy(memory, start, end, size);
        }
        usize::from(!held)
    }

    /// Where the innermost frame's address stands, and the address.
    fn innermost(&self, memory: &dyn Memory) -> Option<(u64, u64)> {
        let thread = word_at(&self.state, self.state.len() as u64 - 8)?;
        let offsets = self.interpreter.offsets.thread;
        let value = word_at(&self.state, offsets.frame)?;
        match offsets.indirect {
            Some(offset) => {
                let place = value.checked_add(offset)?;
                Some((place, word(memory, place)?))
            }
            None => Some((thread.checked_add(offsets.frame)?, value)),
        }
    }

    /// The thread's state, whose copy is in `state` then.
    fn thread(&mut self, memory: &dyn Memory, tid: u32) -> Option<u64> {
        if let Some(&thread) = self.threads.get(&tid)
            && self.copy_thread(memory, thread)
            && self.is_of(memory, tid)
        {
            return Some(thread);
        }
        self.threads.remove(&tid);
        let found = self.find_thread(memory, tid)?;
        if self.threads.len() >= MOST_THREADS {
            self.threads.clear();
        }
        self.threads.insert(tid, found);
        Some(found)
    }

    fn find_thread(&mut self, memory: &dyn Memory, tid: u32) -> Option<u64> {
        let offsets = self.interpreter.offsets;
        let mut interpreter = word(memory, self.interpreter.runtime.wrapping_add(offsets.interpreters))?;
        let mut budget = MOST_THREADS;
        for _ in 0..MOST_INTERPRETERS {
            if interpreter == 0 {
                break;
            }
            let mut thread = word(memory, interpreter.wrapping_add(offsets.threads))?;
            while thread != 0 && budget > 0 {
                budget -= 1;
                if !self.copy_thread(memory, thread) {
                    return None;
                }
                if self.is_of(memory, tid) {
                    return Some(thread);
                }
                thread = word_at(&self.state, offsets.thread.next)?;
            }
            interpreter = word(memory, interpreter.wrapping_add(offsets.next_interpreter))?;
        }
        None
    }

    /// Copies a thread's state; its own address stands behind it.
    fn copy_thread(&mut self, memory: &dyn Memory, thread: u64) -> bool {
        let offsets = self.interpreter.offsets.thread;
        let status = match self.interpreter.offsets.gil {
            offsets::Gil::Status(at) => Some(at),
            offsets::Gil::Current(_) => None,
        };
        let last = [offsets.next, offsets.interpreter, offsets.pthread, offsets.frame]
            .into_iter()
            .chain(offsets.native_id)
            .chain(offsets.chunk)
            .chain(status)
            .max()
            .unwrap_or(0);
        let len = last as usize + 8;
        self.state.resize(len, 0);
        let read = memory.read(thread, &mut self.state);
        self.state.extend(thread.to_le_bytes());
        read
    }

    /// Whether the copied state is that of a thread.
    fn is_of(&mut self, memory: &dyn Memory, tid: u32) -> bool {
        let offsets = self.interpreter.offsets.thread;
        if let Some(native_id) = offsets.native_id {
            return word_at(&self.state, native_id) == Some(u64::from(tid));
        }
        let Some(pthread) = word_at(&self.state, offsets.pthread) else { return false };
        if let Some(place) = self.tid_place {
            return word(memory, pthread.wrapping_add(place)).is_some_and(|word| word as u32 == tid);
        }
        // Where the C library keeps the thread id differs from one to the other.
        let mut bytes = [0; PTHREAD];
        if !memory.read(pthread, &mut bytes) {
            return false;
        }
        let places = (0..PTHREAD as u64).step_by(4);
        self.tid_place = places.into_iter().find(|&place| half_at(&bytes, place) == Some(tid));
        self.tid_place.is_some()
    }
}

fn decode(offsets: &Offsets, address: u64, bytes: &[u8]) -> Option<(Captured, u64)> {
    let frame = offsets.frame;
    let byte = |at: u64| bytes.get(usize::try_from(at).ok()?).copied();
    let (shim, entry) = match frame.entry {
        Entry::Always => (false, true),
        Entry::Flag(at) => (false, byte(at)? != 0),
        Entry::Shim(at) => {
            let shim = byte(at)? >= FIRST_SHIM;
            (shim, shim)
        }
    };
    let code = if shim { 0 } else { untagged(word_at(bytes, frame.code)?) };
    let position = match frame.kind {
        Position::Index { .. } => u64::from(half_at(bytes, frame.position)?),
        Position::Address => word_at(bytes, frame.position)?,
    };
    // A frame without code that is none of the interpreter's own is being made or torn down.
    if !shim && code == 0 {
        return None;
    }
    let globals = word_at(bytes, frame.globals)?;
    Some((Captured { address, code, globals, position, entry }, word_at(bytes, frame.previous)?))
}
