//! Frames that the machine code alone does not show: those of programs that an interpreter runs.
//!
//! A source (so far [`python`]) copies the interpreter's own stack at a sample, without stopping anything, and [`merge`] puts
//! its frames next to the interpreter's evaluation functions.

pub mod memory;
pub mod merge;
pub mod python;

use crate::profile::raw::RawFrame;

/// The interpreted frames of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpreted {
    /// Frames, innermost first.
    pub frames: Vec<RawFrame>,
    /// How many frames each native evaluation function stands for, innermost first; they add up to the number of frames.
    pub groups: Vec<usize>,
    /// Whether these are the frames at the moment of the sample, as far as can be told.
    pub sure: bool,
}

/// What the sample itself tells of the interpreter's state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment<'a> {
    /// The registers; empty where they are not known.
    pub registers: &'a [u64],
    /// The stack of the innermost evaluation function, from its outer end downwards, and of what it has called.
    pub stack: &'a [u64],
    /// The same of the evaluation functions further out, innermost first, each down to the next one: as many as matter.
    pub callers: &'a [Vec<u64>],
    /// How many evaluation functions are on its stack; 0 where that is not known.
    pub evaluations: usize,
    /// Whether next to no time has passed since.
    pub fresh: bool,
    /// Whether it ran machine code that the interpreter has made of byte code, which leaves no trace of where that is.
    pub compiled: bool,
}
