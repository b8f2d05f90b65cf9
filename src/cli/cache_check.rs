//! `hotcold cache check`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use super::{
    Streams, args::Global, cache_filters::duration, cache_open, exit, progress, table_options::style_out,
};
use crate::{
    cache::{
        model::Timestamp,
        store::{Access, CheckOptions},
    },
    render::cache::check::{self, Report},
};

/// Look for damage, and repair it
///
/// Finds what Python's check() finds and more: lost, empty and orphaned value files, wrong sizes and counters, missing indexes and
/// triggers, damaged pages, impossible rows, file names that point outside. A cache may be in use meanwhile. Exits with 3 where
/// problems remain; notes do not count.
#[derive(clap::Args, Debug)]
#[command(before_long_help = "\
Examples:
  hotcold cache check ~/.cache/app
  hotcold cache check --deep --audit DIR
  hotcold cache check --fix DIR")]
pub(super) struct Args {
    /// Directories of caches
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// Read all keys and values too, and compare every index with its table
    ///
    /// Where a name or an index tells the hash of a content, it is compared: Hugging Face, Git LFS, npm, torch.hub, wandb.
    #[arg(long)]
    deep: bool,
    /// Repair what can be repaired without losing anything
    ///
    /// Entries whose value is gone are deleted; sizes, counters and file names are corrected; indexes and triggers are made again;
    /// value files that no entry names are removed once they are older than --grace. Foreign files, caches inside the cache and
    /// values that are just being written stay.
    #[arg(long)]
    fix: bool,
    /// List the pickles that would import or call something when Python reads them
    #[arg(long)]
    audit: bool,
    /// Leave files alone that are younger than D: they may be just being written
    #[arg(long, value_name = "D", value_parser = duration, default_value = "1h", env = "HOTCOLD_GRACE", hide_env_values = true)]
    grace: Duration,
    /// Wait for a locked cache at most D, with --fix
    #[arg(long, value_name = "D", value_parser = duration, default_value = "10s", env = "HOTCOLD_LOCK_TIMEOUT", hide_env_values = true)]
    lock_timeout: Duration,
}

/// So many problems of a kind are shown on a terminal.
const MOST_ON_TERMINAL: usize = 10;

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let (mut failed, mut remain) = (false, false);
    for dir in &args.dirs {
        match one(args, dir, global, now, streams) {
            Ok(remaining) => remain |= remaining > 0,
            // A reader that has gone wants none of the others either.
            Err(error) if error.downcast_ref::<std::io::Error>().is_some() => return Err(error),
            Err(error) => {
                exit::report(&error, streams);
                failed = true;
            }
        }
    }
    Ok(match (failed, remain) {
        (true, _) => ExitCode::FAILURE,
        (_, true) => exit::partly(),
        _ => ExitCode::SUCCESS,
    })
}

/// Checks one cache; how many problems remain.
fn one(
    args: &Args,
    dir: &Path,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<usize> {
    let access = if args.fix { Access::Change { lock_timeout: args.lock_timeout } } else { Access::Look };
    let store = cache_open::open(dir, access, &[], streams)?;
    let options = CheckOptions { deep: args.deep, audit: args.audit, now, grace: args.grace };
    let mut problems = Vec::new();
    let progress = progress::working(streams);
    progress.update("looking for damage");
    let mut found = |problem| problems.push(problem);
    let result =
        if args.fix { store.repair(&options, &mut found) } else { store.check(&options, &mut found) };
    progress.finish();
    result?;
    let report = Report { kind: store.kind(), root: store.root(), problems: &problems, repaired: args.fix };
    if global.json {
        check::json(&report, &mut streams.out)?;
    } else {
        let most = if streams.terminal.out && !global.verbose { MOST_ON_TERMINAL } else { usize::MAX };
        check::text(&report, most, style_out(streams), &mut streams.out)?;
    }
    let unseen = cache_open::tell_unseen(&*store, streams);
    Ok(report.remaining() + usize::from(unseen))
}
