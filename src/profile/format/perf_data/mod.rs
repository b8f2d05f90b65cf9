//! The files of `perf record`, as described in
//! <https://github.com/torvalds/linux/blob/master/tools/perf/Documentation/perf.data-file-format.txt>, from a disk or a pipe.
//!
//! They hold addresses and no names: what they say was mapped is looked for on this machine, and named where it is the same file, by inode or
//! build id. Copies of stacks (`--call-graph dwarf`) are unwound as our own are; callers that the kernel found (`-g`) are taken as
//! they are. Kernel addresses have names where the kernel that runs now is the one that was recorded. Of several events the one with most samples is
//! read, unless another is asked for.

mod counters;
mod guard;
mod identity;
mod read;

#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use super::{Failure, Format, Unwritable, whole};
use crate::profile::calls::Measurements;

/// The format of `perf record`.
#[derive(Debug)]
pub struct PerfData;

/// What a file begins with.
const MAGIC: &[u8] = b"PERFILE2";

impl Format for PerfData {
    fn name(&self) -> &'static str {
        "perf-data"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["data", "perf-data"]
    }

    fn is_written(&self) -> bool {
        false
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        beginning.starts_with(MAGIC)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes, None).map(Measurements::Sampled)
    }

    fn read_event(&self, input: &mut dyn BufRead, event: &str) -> Result<Measurements, Failure> {
        let bytes = whole(input, self.most_bytes())?;
        read::read(&bytes, Some(event)).map(Measurements::Sampled).map_err(Failure::Content)
    }

    fn write(&self, _measurements: &Measurements, _out: &mut dyn Write) -> Result<(), Unwritable> {
        Err(Unwritable::ReadOnly)
    }
}
