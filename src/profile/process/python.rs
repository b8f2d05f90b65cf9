//! The Python interpreter of one recorded process: found by what it has mapped, read at its samples.

use std::{collections::BTreeSet, fs::File, io::Read};

use super::modules::Modules;
use crate::profile::{
    frames::{
        Interpreted, Moment,
        memory::ProcessMemory,
        merge::{Fit, NativeFrame, merge},
        python::{Functions, Reader, Readiness, Refusal, examine},
    },
    model::Gil,
    raw::RawFrame,
    record::Sample,
};

/// What is known of a process's interpreter.
#[derive(Debug, Default)]
pub(super) struct Python {
    place: Option<Place>,
    state: State,
    captured: bool,
    gil: Gil,
    /// Whether it turns byte code into machine code.
    compiles: bool,
    /// Whether it was said that its memory is closed.
    told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    module: u32,
    bias: u64,
}

#[derive(Debug, Default)]
enum State {
    /// Not proved yet, after so many attempts that spoke against it.
    #[default]
    Unproved,
    Doubted(u32),
    Ready(Box<Reader>),
    Refused,
}

/// A structure that is being filled in looks wrong for a moment.
const MOST_DOUBTS: u32 = 50;
/// After so long a thread is somewhere else, even if its innermost frame is the same.
const STALE_NS: u64 = 5_000_000;

const LARGEST_ENVIRONMENT: u64 = 1 << 20;

/// Within this time few calls end.
const FRESH_NS: u64 = 200_000;

/// Of what was read late so many calls may be others than those of the sample; they are taken from the stack then.
const MOST_EVALUATIONS_READ: usize = 16;

/// What Python's part in a recording comes to.
#[derive(Debug, Default)]
pub(super) struct PythonTotals {
    pub(super) functions: Functions,
    pub(super) approximate: u64,
    pub(super) notes: BTreeSet<String>,
    /// Whether there was an interpreter that can be read.
    pub(super) seen: bool,
    interpreted: Interpreted,
    native: Vec<NativeFrame>,
    merged: Vec<RawFrame>,
    /// Which user frames are evaluation functions.
    places: Vec<usize>,
    /// What lies on the stack inside of them, as far as the next.
    words: Vec<Vec<u64>>,
}

impl PythonTotals {
    fn read_words(&mut self, most: usize, words_inside: &WordsInside<'_>) {
        self.words.resize_with(self.places.len().min(most), Vec::new);
        let mut inner = None;
        for (&place, words) in self.places.iter().zip(&mut self.words) {
            words.clear();
            words_inside(place, inner, words);
            inner = Some(place);
        }
    }
}

impl Python {
    /// A child has the same interpreter at the same place, but memory of its own.
    pub(super) fn of_child(&self) -> Self {
        let state = if matches!(self.state, State::Refused) { State::Refused } else { State::Unproved };
        Self { place: self.place, state, ..Self::default() }
    }

    /// The process has mapped this module.
    pub(super) fn mapped(&mut self, modules: &Modules, module: u32, bias: u64, totals: &mut PythonTotals) {
        let Some(python) = modules.elf(module).python.as_ref().filter(|_| self.place.is_none()) else {
            return;
        };
        self.place = Some(Place { module, bias });
        totals.seen |= python.is_ok();
    }

    /// Copies what the sampled thread is running, before anything else takes time.
    pub(super) fn capture(&mut self, modules: &Modules, sample: &Sample<'_>, totals: &mut PythonTotals) {
        (self.captured, self.gil) = (false, Gil::Unknown);
        let Some(place) = self.place else { return };
        let memory = ProcessMemory(sample.pid);
        if matches!(self.state, State::Unproved | State::Doubted(_)) {
            self.prove(modules, place, &memory, totals);
        }
        if let State::Ready(reader) = &mut self.state {
            self.captured = reader.capture(&memory, sample.tid);
            self.gil = reader.gil();
        }
        if !self.captured && !self.told && memory.is_closed(place.bias) {
            self.told = true;
            totals.notes.insert(format!(
                "no Python frames for process {}: it keeps its memory from this user",
                sample.pid
            ));
        }
    }

    /// Whether the thread that was captured last held its interpreter's lock.
    pub(super) fn gil(&self) -> Gil {
        self.gil
    }

    /// What the program calls the sampled thread, whose stack has just been merged.
    pub(super) fn thread_name(&self, sample: &Sample<'_>, totals: &PythonTotals) -> Option<String> {
        let State::Ready(reader) = &self.state else { return None };
        let memory = ProcessMemory(sample.pid);
        let name = reader.thread_name(&memory, sample.tid == sample.pid, &totals.functions);
        name.filter(|name| self.captured && !name.is_empty())
    }

    fn prove(&mut self, modules: &Modules, place: Place, memory: &ProcessMemory, totals: &mut PythonTotals) {
        let Some(found) = &modules.elf(place.module).python else { return };
        let readiness = match found {
            Ok(symbols) => examine(memory, symbols, place.bias),
            Err(refusal) => Readiness::Refused(*refusal),
        };
        let doubts = if let State::Doubted(doubts) = self.state { doubts } else { 0 };
        self.state = match readiness {
            Readiness::Ready(interpreter) => {
                self.compiles = asks_for_jit(memory.0);
                State::Ready(Box::new(Reader::new(*interpreter)))
            }
            Readiness::Starting => return,
            Readiness::Refused(Refusal::Different(_)) if doubts < MOST_DOUBTS => State::Doubted(doubts + 1),
            Readiness::Refused(refusal) => {
                let path = modules.path(place.module);
                totals.notes.insert(format!("no Python frames for {path}: {refusal}"));
                State::Refused
            }
        };
    }

    /// Puts Python frames into a stack (innermost first) of which the first `kernel` frames are the kernel's; `complete` says
    /// whether it reaches its root, `words` collects what lies on the stack inside of the user frame with that number.
    pub(super) fn merge(
        &mut self,
        modules: &Modules,
        sample: &Sample<'_>,
        stack: Stack<'_>,
        totals: &mut PythonTotals,
    ) {
        let Some(place) = self.place.filter(|_| !matches!(self.state, State::Refused)) else { return };
        let Some(Ok(symbols)) = &modules.elf(place.module).python else { return };
        let evaluates = |frame: RawFrame| matches!(frame, RawFrame::Native { module, address } if module == place.module && symbols.evaluates(address));
        let first = stack.frames.iter().position(|&frame| evaluates(frame));
        let State::Ready(reader) = &mut self.state else {
            totals.approximate += u64::from(first.is_some());
            return;
        };
        if !self.captured {
            totals.approximate += u64::from(first.is_some());
            return;
        }
        let compiled = self.compiles && without_compiled(stack.frames, place.module);
        if compiled {
            let path = modules.path(place.module);
            totals.notes.insert(format!("functions that the JIT of {path} has compiled are approximate"));
        }
        totals.places.clear();
        let places = stack.frames.iter().enumerate().filter(|&(_, &frame)| evaluates(frame));
        totals.places.extend(places.map(|(at, _)| at.saturating_sub(stack.kernel)));
        let useful = match (compiled, reader.each_call_has_its_evaluation()) {
            (true, _) => 0,
            (false, true) => MOST_EVALUATIONS_READ,
            (false, false) => 1,
        };
        totals.read_words(useful, stack.words_inside);
        let memory = ProcessMemory(sample.pid);
        let evaluations = totals.places.len();
        let registers = sample.registers.filter(|_| evaluations > 0).map(|registers| registers.general);
        let (innermost, callers) = totals.words.split_first().map_or((&[][..], &[][..]), |(w, c)| (w, c));
        let moment = Moment {
            registers: registers.as_ref().map_or(&[], |registers| registers.as_slice()),
            stack: innermost,
            callers,
            evaluations: if stack.complete { evaluations } else { 0 },
            fresh: sample.age_ns < FRESH_NS,
            compiled,
        };
        let Some(interpreted) = reader.frames(&memory, moment, &mut totals.functions) else { return };
        totals.interpreted = interpreted;
        let stale = sample.age_ns >= STALE_NS;
        if stale && !totals.interpreted.sure {
            // The native stack says at least nothing that is not true.
            totals.approximate += 1;
            return;
        }
        totals.interpreted.sure &= !stale;
        totals.native.clear();
        let native = stack.frames.iter().map(|&frame| NativeFrame { frame, evaluates: evaluates(frame) });
        totals.native.extend(native);
        let fit = merge(&totals.native, stack.complete, &totals.interpreted, &mut totals.merged);
        totals.approximate += u64::from(fit == Fit::Approximate);
        std::mem::swap(stack.frames, &mut totals.merged);
    }
}

/// Whether the process was started with the interpreter's JIT on. It is off by default in the builds that have it, from 3.13
/// on; such a build is Debian's.
fn asks_for_jit(pid: u32) -> bool {
    let mut environment = Vec::new();
    let read = File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| file.take(LARGEST_ENVIRONMENT).read_to_end(&mut environment));
    let variables = environment.split(|&byte| byte == 0);
    read.is_ok()
        && variables
            .filter_map(|variable| variable.strip_prefix(b"PYTHON_JIT="))
            .any(|value| !value.is_empty() && value != b"0")
}

/// Leaves out machine code that the interpreter has made of byte code: such code was called by the interpreter itself, or
/// nothing is known of what called it. Whether there was any.
fn without_compiled(frames: &mut Vec<RawFrame>, interpreter: u32) -> bool {
    let before = frames.len();
    let mut inside_interpreter = true;
    // From the outermost frame on.
    let mut kept: Vec<RawFrame> = Vec::with_capacity(before);
    for &frame in frames.iter().rev() {
        if frame == RawFrame::Anonymous && inside_interpreter {
            continue;
        }
        inside_interpreter = match frame {
            RawFrame::Truncated => true,
            RawFrame::Native { module, .. } => module == interpreter,
            _ => false,
        };
        kept.push(frame);
    }
    if kept.len() < before {
        kept.reverse();
        *frames = kept;
    }
    frames.len() < before
}

/// Collects the words that lie on the stack inside of the user frame with this number, down to another one or to its end.
type WordsInside<'a> = dyn Fn(usize, Option<usize>, &mut Vec<u64>) + 'a;

/// A stack on its way to being merged.
pub(super) struct Stack<'a> {
    /// Frames, innermost first.
    pub(super) frames: &'a mut Vec<RawFrame>,
    /// How many of them are the kernel's.
    pub(super) kernel: usize,
    /// Whether it reaches its root.
    pub(super) complete: bool,
    pub(super) words_inside: &'a WordsInside<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_that_the_interpreter_has_made_is_left_out() {
        use RawFrame::{Anonymous, Truncated};
        const PYTHON: u32 = 0;
        let native = |module| RawFrame::Native { module, address: 1 };
        let cases = [
            (vec![native(1), Anonymous, Anonymous, native(PYTHON)], vec![native(1), native(PYTHON)]),
            (vec![Anonymous, Truncated], vec![Truncated]),
            // A compiled extension's, called by that.
            (vec![Anonymous, native(1), native(PYTHON)], vec![Anonymous, native(1), native(PYTHON)]),
        ];
        for (mut frames, expected) in cases {
            let before = frames.clone();
            assert_eq!(without_compiled(&mut frames, PYTHON), before != expected);
            assert_eq!(frames, expected);
        }
    }
}
