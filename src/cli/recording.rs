//! Reading a recording that the user names.

use std::{io, path::Path};

use crate::profile::{
    Error,
    calls::Measurements,
    format::{self, Format},
    model::Profile,
};

/// Reads a recording; `-` is standard input. The format is told by the content unless it is given.
///
/// # Errors
/// Those of [`format::load`].
pub(super) fn load(path: &Path, format: Option<&dyn Format>) -> Result<Measurements, Error> {
    if path == Path::new("-") {
        format::load_from(io::stdin().lock(), path, format)
    } else {
        format::load(path, format)
    }
}

/// Reads a recording of stacks, without which one cannot `what` (draw a flamegraph).
///
/// # Errors
/// As [`load`], and [`Error::NoStacks`].
pub(super) fn load_stacks(path: &Path, what: &'static str) -> Result<Profile, Error> {
    match load(path, None)? {
        Measurements::Sampled(profile) => Ok(profile),
        Measurements::Traced(_) => Err(Error::NoStacks { path: path.to_owned(), what }),
    }
}
