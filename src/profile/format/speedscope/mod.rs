//! Speedscope's own format, <https://www.speedscope.app/file-format-schema.json>; also what py-spy, rbspy, Tachyon and others write.
//!
//! Each thread is a profile of the file, its samples in the order of their times. Read are sampled profiles and evented ones, whose
//! time between two events belongs to the stack that was open. A profile without a unit has numbers of samples.

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::{Format, Unwritable, json_text};
use crate::profile::calls::Measurements;

/// The format of speedscope.
#[derive(Debug)]
pub struct Speedscope;

/// What a document can begin with.
const FIRST_KEYS: &[&str] =
    &["$schema", "shared", "profiles", "exporter", "name", "activeProfileIndex", "version"];

impl Format for Speedscope {
    fn name(&self) -> &'static str {
        "speedscope"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["speedscope.json", "speedscope"]
    }

    fn most_bytes(&self) -> u64 {
        json_text::MOST_BYTES
    }

    fn detect(&self, beginning: &[u8]) -> bool {
        json_text::first_key_is(beginning, FIRST_KEYS)
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

/// A place in a function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct FrameJson {
    #[serde(default)]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Some tools write numbers with a fraction, or -1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<f64>,
}
