//! Opening the cache that a command names, and telling what is strange about it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, exit};
use crate::{
    cache::{
        Error,
        locate::{self, Found, Places},
        store::{Access, Store},
    },
    render::text::escape,
    units,
};

/// Programs whose sources say what entries belong to.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct SourceArgs {
    /// A source file of the app that uses the cache: names entries by function, and tells which are left over
    ///
    /// For Streamlit. Give it once for each app; those of other apps seem left over.
    #[arg(long = "app", value_name = "FILE", hide_short_help = true)]
    pub(super) apps: Vec<PathBuf>,
}

/// Finds out what `dir` is and opens it; warnings go to standard error.
///
/// # Errors
/// Those of [`locate::locate`] and of opening what it finds.
pub(super) fn open(
    dir: &Path,
    access: Access,
    sources: &[PathBuf],
    streams: &mut Streams,
) -> Result<Box<dyn Store>, Error> {
    open_found(&locate::locate(dir, &places())?, access, sources, streams)
}

/// Opens what was found; warnings go to standard error.
///
/// # Errors
/// Those of opening it.
pub(super) fn open_found(
    found: &Found,
    access: Access,
    sources: &[PathBuf],
    streams: &mut Streams,
) -> Result<Box<dyn Store>, Error> {
    streams.tell(&format!("{}: {} ({})", found.root.display(), found.kind(), found.evidence));
    let store = found.open(access, sources)?;
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

/// What the environment says about this machine.
pub(super) fn places() -> Places {
    let real = |path: PathBuf| path.canonicalize().ok();
    let from = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = from("HOME").and_then(real);
    let homes = [from("XDG_CACHE_HOME"), home.as_ref().map(|home| home.join(".cache"))];
    let mut cache_homes: Vec<PathBuf> = homes.into_iter().flatten().filter_map(real).collect();
    cache_homes.dedup();
    let homes = home.iter().cloned().chain(people().into_iter().filter_map(real)).collect();
    Places { home, homes, cache_homes }
}

/// The home directories of people, as `/etc/passwd` has them; those of services are directories like others.
fn people() -> Vec<PathBuf> {
    const FIRST: u32 = 1000;
    const NOBODY: u32 = 65534;
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let user: u32 = fields.get(2)?.parse().ok()?;
        let is_person = user == 0 || (user >= FIRST && user != NOBODY);
        fields.get(5).filter(|home| is_person && !home.is_empty()).map(PathBuf::from)
    };
    users.lines().filter_map(home).collect()
}

/// Warns of what could not be looked at; whether there is anything.
pub(super) fn tell_unseen(store: &dyn Store, streams: &mut Streams) -> bool {
    let unseen = store.unseen();
    for text in &unseen {
        let text = if streams.terminal.err { escape(text) } else { text.into() };
        streams.warn(&text);
    }
    !unseen.is_empty()
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
