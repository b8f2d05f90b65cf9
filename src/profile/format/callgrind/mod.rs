//! The format of Valgrind's callgrind and of KCachegrind, <https://valgrind.org/docs/manual/cl-format.html>; also what Xdebug writes.
//!
//! It knows functions, the calls between them and costs, and no stacks: a file is a recording of calls. Read is one event: a time where there
//! is one, else the first, unless another is asked for. The inclusive cost of a function is its own and that of all calls it made but to itself, at most
//! the whole; its own cost is shared out among its callers as their calls cost. Written are nanoseconds, of sampled profiles by line, and numbers of samples for numbers of calls.

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use super::{Failure, Format, Unwritable};
use crate::profile::{
    aggregate,
    calls::{Counted, Measurements},
};

/// A line of ours: calls are counted in samples.
const SAMPLES_MARK: &str = "desc: calls are samples";

/// The format of callgrind.
#[derive(Debug)]
pub struct Callgrind;

impl Format for Callgrind {
    fn name(&self) -> &'static str {
        "callgrind"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["callgrind", "cachegrind", "callgrind.out"]
    }

    fn holds_command(&self) -> bool {
        true
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        read::detect(beginning)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes, None).map(Measurements::Traced).map_err(Failure::content)
    }

    fn read_from(&self, input: &mut dyn BufRead) -> Result<Measurements, Failure> {
        read::read(input, None).map(Measurements::Traced)
    }

    fn read_event(&self, input: &mut dyn BufRead, event: &str) -> Result<Measurements, Failure> {
        read::read(input, Some(event)).map(Measurements::Traced)
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        match measurements {
            Measurements::Traced(graph) => write::write(graph, None, out)?,
            Measurements::Sampled(profile) => {
                write::write(&aggregate::call_graph(profile), Some(profile), out)?;
            }
        }
        Ok(())
    }

    fn loses(&self, measurements: &Measurements) -> Option<&'static str> {
        let samples = match measurements {
            Measurements::Sampled(_) => true,
            Measurements::Traced(graph) => graph.counted == Counted::Samples,
        };
        samples.then_some("the numbers of calls in it are numbers of samples")
    }
}
