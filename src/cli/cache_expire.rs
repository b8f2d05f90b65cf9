//! `hotcold cache expire`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    cache_filters, cache_open,
    cache_removal::{self, RemovalArgs},
};
use crate::cache::{
    model::Timestamp,
    plan::{self, Verb},
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
    /// Remove more: `unsure` is what is left over by all appearance
    ///
    /// Such as a revision that no branch points at any more, or the result of a function that is no longer in the sources.
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    include: Option<cache_filters::Include>,
    #[command(flatten)]
    sources: cache_open::SourceArgs,
    #[command(flatten)]
    removal: RemovalArgs,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    cache_removal::each(&args.dirs, &args.removal, global, streams, &|dir, job| {
        let store = job.open(dir, &args.sources.apps)?;
        let grace = args.removal.grace.or(store.grace());
        let unsure = args.include.is_some();
        let filter = Filter { grace, unsure, spare_pinned: true, ..Filter::only_expired() };
        let plan = plan::by_rule(&*store, Verb::Expire, filter, now)?;
        job.run(&*store, &plan)
    })
}
