//! The statistics that Python's cProfile writes and its `pstats` reads: a marshalled dictionary, as made by `create_stats` of
//! CPython's `Lib/cProfile.py` (3.15: `Lib/profiling/tracing`).
//!
//! | part | content |
//! |---|---|
//! | key | (file, line, name) of a function; a built-in function has `~`, 0 and `<built-in method …>` |
//! | value | (primitive calls, calls, tottime, cumtime, callers), times in seconds |
//! | callers | a dictionary from (file, line, name) to (calls, primitive calls, tottime, cumtime): the counts stand the other way round |
//!
//! The pure Python `profile` module writes a mere count for each caller, and so does the sampling profiler of CPython 3.15, whose
//! dictionary also has the key `("__sampled__",)`: its counts are samples.
//!
//! Times become whole nanoseconds. A built-in function is shown as `pstats` shows it, `{built-in method …}`, and a module's code as
//! `<module NAME>`; the name of the file is kept as [`Function::system_name`](crate::profile::model::Function::system_name).
//!
//! A file has no place for anything else. Where the numbers are samples, a function that was never called says so: see
//! [`SAMPLES_MARK`]; `pstats` of CPython before 3.15 cannot read the other mark.

mod marshal;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::{Format, Unwritable};
use crate::profile::calls::{CallGraph, Counted, Measurements};

/// Name of the function, without file and calls, that says that all numbers of calls are numbers of samples.
pub const SAMPLES_MARK: &str = "<samples in place of calls; written by hotcold>";
/// File of a function that has none.
const NO_FILE: &str = "~";

/// Most bytes of a file; what it refers to takes many times its text in memory.
const MOST_BYTES: u64 = 256 << 20;

/// The format of cProfile.
#[derive(Debug)]
pub struct Pstats;

impl Format for Pstats {
    fn name(&self) -> &'static str {
        "pstats"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["prof", "pstats", "pstat", "cprof"]
    }

    fn most_bytes(&self) -> u64 {
        MOST_BYTES
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        read::detect(beginning)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes).map(Measurements::Traced)
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        let sampled;
        let graph: &CallGraph = match measurements {
            Measurements::Traced(graph) => graph,
            Measurements::Sampled(profile) => {
                sampled = crate::profile::aggregate::call_graph(profile);
                &sampled
            }
        };
        write_to(graph, out).map_err(Unwritable::Io)
    }

    fn loses(&self, measurements: &Measurements) -> Option<&'static str> {
        let sampled = match measurements {
            Measurements::Sampled(_) => true,
            Measurements::Traced(graph) => graph.counted == Counted::Samples,
        };
        sampled
            .then_some("its numbers of calls are numbers of samples, because pstats has room for calls alone")
    }
}

/// Writes what `python -m pstats` reads.
///
/// # Errors
/// Those of `out`.
pub fn write_to(graph: &CallGraph, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&write::write(graph))
}

/// The calls in what cProfile wrote.
///
/// # Errors
/// What is wrong with the bytes, in a few words.
pub fn read(bytes: &[u8]) -> Result<CallGraph, String> {
    read::read(bytes)
}
