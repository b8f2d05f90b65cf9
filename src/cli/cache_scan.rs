//! `hotcold cache scan`.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::ExitCode,
};

use super::{Streams, args::Global, cache_open, exit, progress, table_options};
use crate::{
    cache::{model::Timestamp, scan},
    render::{
        cache::scan::{json, text},
        text::escape,
    },
};

/// Find caches, and tell how big and how stale they are
///
/// Looks at everything below the directories, by default the places where programs keep caches and the current directory; other file
/// systems are not entered. What a directory is, its content must prove; what only looks like a cache is not listed, -v tells why. Those
/// come first of which most can be freed.
#[derive(clap::Args, Debug)]
#[command(before_long_help = "\
Examples:
  hotcold cache scan                            the caches of this user and this project
  hotcold cache scan / -q                       of this file system
  hotcold cache scan --long                     with what proves each of them
  hotcold cache scan --json | jq -r '.caches[] | [.disk_bytes, .kind, .root] | @tsv'
")]
pub(super) struct Args {
    /// Directories to look in
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Show what proves each cache too
    #[arg(short, long)]
    long: bool,
    /// Show at most N caches
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Variables that name directories of caches.
const PLACES: [&str; 14] = [
    "XDG_CACHE_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "CARGO_HOME",
    "CCACHE_DIR",
    "SCCACHE_DIR",
    "npm_config_cache",
    "TORCH_HOME",
    "TRITON_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "WANDB_CACHE_DIR",
    "PLAYWRIGHT_BROWSERS_PATH",
];

/// Where TorchInductor keeps what it compiles for a user.
fn inductor(user: &OsStr) -> PathBuf {
    let mut name = OsString::from("torchinductor_");
    name.push(user);
    std::env::temp_dir().join(name)
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let places = cache_open::places();
    let dirs = if args.dirs.is_empty() {
        let named = PLACES.iter().filter_map(std::env::var_os).map(PathBuf::from);
        let known = places.home.iter().flat_map(|home| scan::well_known(home));
        let inductor = std::env::var_os("USER").map(|user| inductor(&user));
        named.chain(known).chain(inductor).filter(|dir| dir.is_dir()).chain([PathBuf::from(".")]).collect()
    } else {
        args.dirs.clone()
    };
    let progress = progress::working(streams);
    let mut outcome = scan::scan(&dirs, &places, now, &*progress)?;
    for text in &outcome.unseen {
        let text = if streams.terminal.err { escape(text) } else { text.as_str().into() };
        streams.warn(&text);
    }
    for (path, why) in &outcome.refused {
        streams.tell(&format!("{} is no cache: {}", escape(&path.to_string_lossy()), escape(why)));
    }
    if let Some(limit) = args.limit {
        outcome.caches.truncate(limit);
    }
    if global.json {
        json(&mut streams.out, &outcome.caches)?;
    } else if outcome.caches.is_empty() {
        streams.note("no cache was found");
    } else {
        let style = table_options::style_out(streams);
        text(&mut streams.out, &outcome.caches, now, args.long, style)?;
    }
    let failed = outcome.caches.iter().any(|seen| seen.summary.is_err());
    Ok(if outcome.unseen.is_empty() && !failed { ExitCode::SUCCESS } else { exit::partly() })
}
