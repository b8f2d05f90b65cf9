//! Reading a recording that the user names.

use std::{io, path::Path};

use crate::profile::{
    Error,
    calls::Measurements,
    format::{self, How},
    model::Profile,
};

/// Reads a recording; `-` is standard input.
///
/// # Errors
/// Those of [`format::load`].
pub(super) fn load(path: &Path, how: How<'_>) -> Result<Measurements, Error> {
    if path == Path::new("-") {
        format::load_from(io::stdin().lock(), path, how)
    } else {
        format::load(path, how)
    }
}

/// Reads a recording of stacks, without which one cannot `what` (draw a flamegraph).
///
/// # Errors
/// As [`load`], and [`Error::NoStacks`].
pub(super) fn load_stacks(path: &Path, event: Option<&str>, what: &'static str) -> Result<Profile, Error> {
    match load(path, How { format: None, event })? {
        Measurements::Sampled(profile) => Ok(profile),
        Measurements::Traced(_) => Err(Error::NoStacks { path: path.to_owned(), what }),
    }
}
