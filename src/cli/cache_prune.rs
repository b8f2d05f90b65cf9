//! `hotcold cache prune`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{
    Streams,
    args::Global,
    cache_filters::{self, FilterArgs},
    cache_open, cache_policy,
    cache_removal::{self, RemovalArgs},
    exit,
};
use crate::cache::{
    locate,
    model::{Eviction, Timestamp},
    plan::{self, Room, Verb},
    select::Filter,
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache prune .cache --max-size 500MB            down to a size, by the cache's own policy
  hotcold cache prune .cache --unused-for 30d            where uses are recorded
  hotcold cache prune .cache --tag users --older-than 7d -n
  hotcold cache prune .cache --max-entries 10000 --by used -y
  hotcold cache prune --policy caches.toml -n            many caches by one file, here only to see what would go
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directories of caches
    #[arg(value_name = "DIR", required_unless_present = "policy")]
    dirs: Vec<PathBuf>,
    /// Instead of DIR and rules: a TOML file with the rules for many caches
    ///
    /// Each `[[cache]]` has a `path` (one or a list; parts may be shell patterns) and rules named as the flags here: older-than, unused-for,
    /// larger-than, expired, include, tag, key, group, max-size, max-entries, by, grace; or `keep = true`. A section without rules has those
    /// of `[kind.NAME]`, else of `[defaults]`; of several that mean a cache the first counts. `[[filesystem]]` with `path` and
    /// `keep-free = "20GiB"` or `"10%"` removes more from these caches, those entries first that were not used for longest. The file is checked
    /// whole before anything is touched, and only one run by it goes on at a time. With -y -q for cron.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "dirs", "expired", "include", "older_than", "unused_for", "larger_than", "tag", "key", "group",
            "max_size", "max_entries", "by", "adopt", "apps", "grace",
        ]
    )]
    policy: Option<PathBuf>,
    #[command(flatten)]
    filters: FilterArgs,
    /// Remove more until the cache counts at most S, such as 500MB or 1GiB
    ///
    /// Counted is what its own size limit counts: the pages of the database and the value files.
    #[arg(long, value_name = "S", value_parser = cache_filters::size, help_heading = "How many")]
    max_size: Option<u64>,
    /// Remove more until at most N entries are left
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
    /// Treat DIR as a cache from now on, though it is not known as one: writes a marker file into it
    ///
    /// Every file in it may then be removed. Home directories, mount points, repositories and directories with credentials are refused.
    #[arg(long, help_heading = "Removing")]
    adopt: bool,
    #[command(flatten)]
    sources: cache_open::SourceArgs,
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
    if let Some(policy) = &args.policy {
        return cache_policy::run(policy, &args.removal, global, now, streams);
    }
    let filter = args.filters.filter();
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
        let store = match args.adopt {
            true => job.open_adopted(dir, &args.sources.apps)?,
            false => job.open(dir, &args.sources.apps)?,
        };
        let grace = args.removal.grace.or(store.grace());
        let filter = Filter { grace, spare_pinned: true, ..filter.clone() };
        let order = match args.by {
            By::Policy => None,
            By::Used => Some(Eviction::LeastRecentlyUsed),
            By::Stored => Some(Eviction::LeastRecentlyStored),
            By::Hits => Some(Eviction::LeastFrequentlyUsed),
        };
        let plan = if limited {
            let room = Room { bytes: args.max_size, entries: args.max_entries, order };
            plan::to_fit(&*store, &filter, room, now)?
        } else {
            plan::by_rule(&*store, Verb::Prune, filter, now)?
        };
        let code = job.run(&*store, &plan)?;
        let acted = !args.removal.dry_run && (code == ExitCode::SUCCESS || code == exit::partly());
        if args.adopt && acted {
            locate::adopt(dir, &cache_open::places())?;
        }
        if let Some(most) = args.max_size.filter(|_| acted) {
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
