//! The save format: gzipped pprof, `profile.proto` of <https://github.com/google/pprof/blob/main/proto/profile.proto>,
//! readable by `go tool pprof`, Pyroscope, Parca and speedscope. The message types are those of the `pprof` crate.
//!
//! # How a [`Profile`] is written
//!
//! | model | pprof |
//! |---|---|
//! | `Recording::clock` | second sample type: `cpu` or `wall`, in `nanoseconds`; also the default sample type and `period_type` |
//! | `unit`, `event` | where it is no time, the second sample type is `event` in `bytes` or `count` instead |
//! | `rate_hz` | `period` = 10⁹ / rate, rounded (0 where not known) |
//! | `started`, `duration_ns` | `time_nanos` (0 where not known, or outside 1970 to 2262), `duration_nanos` |
//! | `Module` | `Mapping`, id = position + 1, without addresses; the program itself stands first, as pprof tools expect |
//! | `Function` | `Function`, id = position + 1; its module is the mapping of the locations it stands in |
//! | `Frame`s | one `Location` per physical frame: the consecutive inlined frames, innermost first, and the frame they were inlined into |
//! | stack | `Sample::location_id`, innermost first |
//! | `Sample` | `value` = \[count, weight_ns\], and labels |
//! | bucket | label `time`: start of the bucket since the start of the recording, in `nanoseconds` (`go tool pprof -tagfocus=10s:20s`) |
//! | `Sample::gil` | label `gil`: `held` or `released`; left out where not known |
//! | thread | labels `thread` (its name), `tid`, `pid`, `process` (its name); texts, an empty one is left out |
//! | waiting | a third sample type, `wait` in `nanoseconds`, where it was recorded; a `Sample` = \[0, 0, ns\] of its own with a label `waits_for` |
//!
//! A number over `i64::MAX` (nanoseconds: 292 years) is written as `i64::MAX`. Stacks without samples are not written, and
//! ids may change.
//!
//! What has no field goes into comments, one line a subject: a name with its version, a space, a JSON object. They begin
//! with `#`, which `go tool pprof` does not print in its headers. Fields may be added within a version.
//!
//! * `#hotcold.recording/1`: the rest of [`Recording`](crate::profile::model::Recording), fields of the same names
//!   (`cpus` and `kernel` stand for `host`). Its presence makes a file one of ours.
//! * `#hotcold.threads/1`: `processes`, each \[pid, parent pid, name\], and `threads`, each \[position in `processes`, tid,
//!   name\]: parents have no label, and threads without samples no place at all. Where two threads have the same labels,
//!   their samples have one more, `hotcold_thread`: the position in `threads`.
//! * `#hotcold.functions/1`: `check`, the CRC-32 of the location and function messages as they stand in the file; function
//!   ids by origin (`kernel`, `python`, `marker`; others are native) and by `languages`; `modules`, pairs of a function id
//!   and its mapping id (0: none) where the locations do not tell; `open_inlines`, ids of locations whose last line is an
//!   inlined frame too. A tool that rewrites the file gives functions other ids, so that the check fails; then the same is
//!   guessed as for a foreign file.
//!
//! # How a [`CallGraph`] is written
//!
//! It has no stacks, so each edge is a sample of two locations, callee and caller, and each function a sample of its own location. The sample
//! types are `calls`, `primitive_calls` (of a recording whose counts are samples `samples`, `primitive_samples`), all `count`, and
//! `tottime`, `cumtime`, both `nanoseconds`; the default is `tottime`, and the clock is the period's type alone. An edge has its own numbers, and the function alone has its numbers less
//! those of its edges, which may be negative: so in every tool the samples of a function add up to its calls and its tottime, also
//! after several files have been merged. What another tool adds up for callers is of one level only. The sample types make a file a
//! recording of calls. The comments are the same.
//!
//! # What is read
//!
//! Every pprof file, plain or gzipped. A foreign one has the backend `pprof`, one time bucket, inlined functions like all others (as
//! other pprof tools show them), and notes about what it could not say and which labels were left out. `read/values.rs` chooses the sample type, `read/threads.rs` knows the labels of other tools,
//! `read/guess.rs` tells origins and languages from names. Everything is hostile: no number of the file is a size of ours, ids
//! are looked up, and the limits in `read/mod.rs` bound what a small file can blow up to.

mod extra;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};

use super::{Failure, Format, Unwritable, whole};
use crate::profile::{
    calls::{CallGraph, Measurements},
    model::Profile,
};

/// The save format.
#[derive(Debug)]
pub struct Pprof;

impl Format for Pprof {
    fn name(&self) -> &'static str {
        "pprof"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pb.gz", "pb", "pprof"]
    }

    fn holds_command(&self) -> bool {
        true
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        read::detect(beginning)
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read(bytes)
    }

    fn read_event(&self, input: &mut dyn BufRead, event: &str) -> Result<Measurements, Failure> {
        let bytes = whole(input, self.most_bytes())?;
        read::read(&bytes, Some(event), &read::Limits::DEFAULT).map_err(Failure::Content)
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        match measurements {
            Measurements::Sampled(profile) => write_to(profile, out)?,
            Measurements::Traced(graph) => write_calls_to(graph, out)?,
        }
        Ok(())
    }
}

/// Label keys of our own files.
mod label {
    pub(super) const THREAD: &str = "thread";
    pub(super) const TID: &str = "tid";
    pub(super) const PID: &str = "pid";
    pub(super) const PROCESS: &str = "process";
    pub(super) const TIME: &str = "time";
    pub(super) const GIL: &str = "gil";
    pub(super) const WAITS_FOR: &str = "waits_for";
    pub(super) const THREAD_POSITION: &str = "hotcold_thread";
}

/// Values of the label `gil`.
mod gil {
    pub(super) const HELD: &str = "held";
    pub(super) const RELEASED: &str = "released";
}

/// Sample types and units.
mod unit {
    use crate::profile::{
        calls::Counted,
        model::{Clock, Unit},
    };

    pub(super) const SAMPLES: &str = "samples";
    pub(super) const COUNT: &str = "count";
    pub(super) const CPU: &str = "cpu";
    pub(super) const WALL: &str = "wall";
    pub(super) const WAIT: &str = "wait";
    pub(super) const NANOSECONDS: &str = "nanoseconds";
    pub(super) const BYTES: &str = "bytes";
    pub(super) const TOTTIME: &str = "tottime";
    pub(super) const CUMTIME: &str = "cumtime";

    /// The unit of weights.
    pub(super) fn of(unit: Unit) -> &'static str {
        match unit {
            Unit::Nanoseconds => NANOSECONDS,
            Unit::Bytes => BYTES,
            Unit::Count => COUNT,
        }
    }

    pub(super) fn clock(clock: Clock) -> &'static str {
        match clock {
            Clock::Cpu => CPU,
            Clock::Wall => WALL,
        }
    }

    /// Of a recording of calls: all, and the primitive ones.
    pub(super) fn counts(counted: Counted) -> [&'static str; 2] {
        match counted {
            Counted::Calls => ["calls", "primitive_calls"],
            Counted::Samples => [SAMPLES, "primitive_samples"],
        }
    }
}

/// The profile as gzipped pprof; equal profiles give equal bytes.
pub fn write(profile: &Profile) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = write_to(profile, &mut bytes);
    bytes
}

/// As [`write()`], to a stream.
///
/// # Errors
/// Those of `out`.
pub fn write_to(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    write::write(profile, out)
}

/// Writes a recording of calls, as gzipped pprof.
///
/// # Errors
/// Those of `out`.
pub fn write_calls_to(graph: &CallGraph, out: &mut dyn Write) -> io::Result<()> {
    write::write_calls(graph, out)
}

/// The recording in these bytes, gzipped or plain.
///
/// # Errors
/// What is wrong with the bytes, in a few words.
pub fn read(bytes: &[u8]) -> Result<Measurements, String> {
    read::read(bytes, None, &read::Limits::DEFAULT)
}
