//! `hotcold cache clear`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    cache_removal::{self, RemovalArgs},
};
use crate::cache::{
    model::Timestamp,
    plan::{self, Verb},
    select::Filter,
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache clear .cache
  hotcold cache clear -y .cache           without asking
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the cache, or its file where it is one
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    removal: RemovalArgs,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    cache_removal::each(&[&args.dir], &args.removal, global, streams, &|dir, job| {
        let store = job.open(dir, &[])?;
        let plan = match args.removal.grace.or(store.grace()) {
            None => plan::everything(&*store, now)?,
            grace => plan::by_rule(&*store, Verb::Clear, Filter { grace, ..Filter::default() }, now)?,
        };
        job.run(&*store, &plan)
    })
}
