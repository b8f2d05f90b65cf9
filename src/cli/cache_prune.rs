//! `hotcold cache prune`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{
    Streams,
    args::Global,
    cache_filters::{self, FilterArgs},
    cache_removal::{self, RemovalArgs},
    exit,
};
use crate::cache::{
    model::{Eviction, Timestamp},
    plan::{Limits, Verb, Wish},
    select::Filter,
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache prune .cache --max-size 500MB            down to a size, by the cache's own policy
  hotcold cache prune .cache --unused-for 30d            where uses are recorded
  hotcold cache prune .cache --tag users --older-than 7d -n
  hotcold cache prune .cache --max-entries 10000 --by used -y
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directories of caches
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    #[command(flatten)]
    filters: FilterArgs,
    /// Remove only until the cache counts at most S, such as 500MB or 1GiB
    ///
    /// Counted is what its own size limit counts: the pages of the database and the value files.
    #[arg(long, value_name = "S", value_parser = cache_filters::size, help_heading = "How many")]
    max_size: Option<u64>,
    /// Remove only until at most N entries are left
    #[arg(long, value_name = "N", help_heading = "How many")]
    max_entries: Option<u64>,
    /// Who goes first for a limit: policy, used, stored or hits
    ///
    /// What has expired always goes first; then by the cache's own eviction policy, those not used for longest, those stored first, or those
    /// used least often. The cache must record it.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "policy",
        hide_possible_values = true,
        help_heading = "How many"
    )]
    by: By,
    #[command(flatten)]
    removal: RemovalArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Policy,
    Used,
    Stored,
    Hits,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let filter = Filter { grace: args.removal.grace, ..args.filters.filter() };
    let limited = args.max_size.is_some() || args.max_entries.is_some();
    if !(limited || filter.has_rule()) {
        writeln!(streams.err, "error: cannot prune without a rule\n")?;
        writeln!(
            streams.err,
            "hint: name what goes, such as `--older-than 30d`, or what may stay, such as `--max-size 500MB`"
        )?;
        return Ok(exit::usage());
    }
    cache_removal::each(&args.dirs, &args.removal, global, streams, &|dir, job| {
        let store = job.open(dir)?;
        let order = match args.by {
            By::Policy => store.eviction(),
            By::Used => Eviction::LeastRecentlyUsed,
            By::Stored => Eviction::LeastRecentlyStored,
            By::Hits => Eviction::LeastFrequentlyUsed,
        };
        let limits = limited.then_some(Limits { bytes: args.max_size, entries: args.max_entries, order });
        let wish = Wish { verb: Verb::Prune, filter: filter.clone(), limits };
        let code = job.run(&*store, &wish, now)?;
        if let Some(most) = args.max_size.filter(|_| !args.removal.dry_run) {
            let left = store.pulse(now)?.bytes;
            if left > most {
                job.streams.note(&format!(
                    "the cache still counts {}: the rest is not in entries that may go, or free space inside the database",
                    crate::units::bytes(left)
                ));
            }
        }
        Ok(code)
    })
}
