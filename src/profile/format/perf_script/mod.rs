//! The text that `perf script` prints: a line that says who was sampled when, below it a line a frame, innermost first, and an empty line.
//!
//! ```text
//! shares 20566/20567 [001] 22089.170334:    1003009 cpu-clock:pppH:
//!         55d0c4e3e1a9 hot+0x19 (/usr/bin/shares)
//!   shares.c:78
//! ```
//!
//! Thread or process ids, the processor, the period and frames' places (`-F +srcline`) may be missing. Of several events the one
//! with most samples is read, unless another is asked for. The numbers of `cpu-clock` and `task-clock` are time; those of other events are
//! what the event counts, and a note says so. Read in a memory that goes with the distinct frames and stacks.

mod header;
mod read;

use std::io::{BufRead, Write};

use super::{Failure, Format, Unwritable};
use crate::profile::calls::Measurements;

/// The format of `perf script`.
#[derive(Debug)]
pub struct PerfScript;

impl Format for PerfScript {
    fn name(&self) -> &'static str {
        "perf-script"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["perf", "perf-script"]
    }

    fn is_written(&self) -> bool {
        false
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        read::detect(beginning)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes, None).map(Measurements::Sampled).map_err(Failure::content)
    }

    fn read_from(&self, input: &mut dyn BufRead) -> Result<Measurements, Failure> {
        read::read(input, None).map(Measurements::Sampled)
    }

    fn read_event(&self, input: &mut dyn BufRead, event: &str) -> Result<Measurements, Failure> {
        read::read(input, Some(event)).map(Measurements::Sampled)
    }

    fn write(&self, _measurements: &Measurements, _out: &mut dyn Write) -> Result<(), Unwritable> {
        Err(Unwritable::ReadOnly)
    }
}
