//! Reading recordings and writing what is made of them, for every command.

use std::{io, path::Path};

use crate::profile::{
    Error,
    format::{self, save::Output},
    model::Profile,
};

/// Reads a recording; `-` is standard input.
pub(super) fn load(path: &Path) -> Result<Profile, Error> {
    if path == Path::new("-") { format::load_from(io::stdin().lock(), path) } else { format::load(path) }
}

/// Writes a file in one piece: it appears complete or not at all.
pub(super) fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Output::create(path)?.commit(bytes)
}
