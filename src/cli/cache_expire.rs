//! `hotcold cache expire`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    cache_removal::{self, RemovalArgs},
};
use crate::cache::{
    model::Timestamp,
    plan::{Verb, Wish},
    select::Filter,
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache expire .cache
  hotcold cache expire -n -v .cache             what would go
  17 3 * * * hotcold cache expire -q /srv/*/cache   from cron: silent unless something fails
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directories of caches
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    #[command(flatten)]
    removal: RemovalArgs,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let filter = Filter { grace: args.removal.grace, ..Filter::only_expired() };
    let wish = Wish { verb: Verb::Expire, filter, limits: None };
    cache_removal::each(&args.dirs, &args.removal, global, streams, &|dir, job| {
        let store = job.open(dir)?;
        job.run(&*store, &wish, now)
    })
}
