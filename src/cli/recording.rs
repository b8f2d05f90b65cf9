//! Reading a recording that the user names.

use std::{io, path::Path};

use crate::profile::{Error, format, model::Profile};

/// Reads a recording; `-` is standard input.
///
/// # Errors
/// Those of [`format::load`].
pub(super) fn load(path: &Path) -> Result<Profile, Error> {
    if path == Path::new("-") { format::load_from(io::stdin().lock(), path) } else { format::load(path) }
}
