//! Opening the cache that a command names, and telling what is strange about it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, exit};
use crate::{
    cache::{
        Error, locate,
        store::{Access, Store},
    },
    render::text::escape,
    units,
};

/// Finds out what `dir` is and opens it; warnings go to standard error.
///
/// # Errors
/// Those of [`locate::open`].
pub(super) fn open(dir: &Path, access: Access, streams: &mut Streams) -> Result<Box<dyn Store>, Error> {
    let found = locate::locate(dir)?;
    streams.tell(&format!("{}: {} ({})", dir.display(), found.kind.name(), found.evidence));
    let store = found.open(access)?;
    for warning in store.warnings() {
        let text = if streams.terminal.err { escape(warning) } else { warning.into() };
        streams.warn(&text);
    }
    if !store.nested().is_empty() {
        let n = units::plural(store.nested().len() as u64, "cache", "caches");
        let first: Vec<String> =
            store.nested().iter().take(5).map(|path| escape(&path.to_string_lossy()).into_owned()).collect();
        let more = if store.nested().len() > first.len() { ", …" } else { "" };
        streams.tell(&format!("{n} inside, which are looked at on their own: {}{more}", first.join(", ")));
    }
    Ok(store)
}

/// Does `work` for each of several caches; one that fails does not stop the rest. It learns whether it is the first.
///
/// # Errors
/// That of the only cache, or of the first that closed a pipe. With several caches an error is reported, and the exit code tells whether all
/// or some of them failed.
pub(super) fn each(
    dirs: &[PathBuf],
    streams: &mut Streams,
    mut work: impl FnMut(&Path, bool, &mut Streams) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let mut failed = 0;
    for (i, dir) in dirs.iter().enumerate() {
        match work(dir, i == 0, streams) {
            Ok(()) => {}
            Err(error) if dirs.len() == 1 || exit::is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                exit::report(&error, streams);
                failed += 1;
            }
        }
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        n if n == dirs.len() => ExitCode::FAILURE,
        _ => exit::partly(),
    })
}
