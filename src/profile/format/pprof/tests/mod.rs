//! The save format as a whole.

mod calls;
mod canon;
mod foreign;
mod hostile;
mod own;

use crate::profile::{calls::Measurements, model::Profile};

/// As [`super::read`], for files of stacks.
fn read(bytes: &[u8]) -> Result<Profile, String> {
    match super::read(bytes)? {
        Measurements::Sampled(profile) => Ok(profile),
        Measurements::Traced(_) => panic!("calls instead of stacks"),
    }
}
