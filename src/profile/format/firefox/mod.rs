//! The processed profiles of the Firefox Profiler, which samply writes and <https://profiler.firefox.com> opens, zipped or not:
//! <https://github.com/firefox-devtools/profiler/blob/main/docs-developer/processed-profile-format.md>.
//!
//! Written is version 55 of the format, with a table of strings, functions, frames and stacks for each thread. Read are all versions
//! that have such tables, of threads or shared by them. The weight of a sample is the CPU time since the one before where threads tell it, else
//! the sampling interval. Frames without names, as in files that samply saved without symbols, stay addresses.

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::io::Write;

use super::{Format, Unwritable, json_text};
use crate::profile::calls::Measurements;

/// The format of the Firefox Profiler.
#[derive(Debug)]
pub struct Firefox;

impl Format for Firefox {
    fn name(&self) -> &'static str {
        "firefox"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["firefox.json", "profile.json"]
    }

    fn most_bytes(&self) -> u64 {
        json_text::MOST_BYTES
    }

    fn holds_command(&self) -> bool {
        true
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        json_text::first_key_is(beginning, &["meta", "libs", "threads", "pages", "counters"])
    }

    fn read(&self, bytes: &[u8]) -> Result<Measurements, String> {
        read::read(bytes).map(Measurements::Sampled)
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        match measurements {
            Measurements::Sampled(profile) => Ok(write::write(profile, out)?),
            Measurements::Traced(_) => Err(Unwritable::NoStacks),
        }
    }
}
