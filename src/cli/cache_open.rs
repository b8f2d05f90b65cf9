//! Opening the cache that a command names, and telling what is strange about it.

use std::path::Path;

use super::Streams;
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
