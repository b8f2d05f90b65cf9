//! The whole grammar: which commands there are, and the flags that all of them share. Types only: no behaviour, no I/O.

use clap::{Parser, Subcommand, ValueEnum};

use crate::cache::model::Timestamp;

/// Show where a program runs hot, and which cached data has gone cold
#[derive(Parser, Debug)]
#[command(version, name = "hotcold", max_term_width = 100, arg_required_else_help = true)]
pub struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that mean the same in every command.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print no notes and no progress; twice: no warnings either
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) quiet: u8,
    /// Tell what is opened, found and skipped
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "HOTCOLD_COLOR",
        hide_env_values = true
    )]
    pub(super) color: ColorChoice,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Record and read CPU profiles
    #[command(subcommand, arg_required_else_help = true)]
    Profile(Box<Profile>),
    /// Look into caches and remove what has gone cold
    ///
    /// A cache is a directory of Python's DiskCache: with a cache.db in it, or with 000/cache.db, 001/cache.db and so on as a FanoutCache or
    /// Django has it.
    #[command(arg_required_else_help = true)]
    Cache(Box<CacheArgs>),
    Doctor(super::doctor::Args),
    /// Print a shell completion script
    Completions(super::completions::Args),
    /// Write the manual pages
    Man(super::man::Args),
}

#[derive(Subcommand, Debug)]
pub(super) enum Profile {
    /// Run a program and print where it spends its time
    Run(super::profile_run::Args),
    /// Record a program that is running already
    Attach(super::profile_attach::Args),
    /// Print where a recording spent its time
    Report(super::profile_report::Args),
    /// Print source lines with the time of each
    Annotate(super::profile_annotate::Args),
    /// Tell what has changed between recordings
    Diff(super::profile_diff::Args),
    /// Draw a recording as a flamegraph
    Flamegraph(super::profile_flamegraph::Args),
    /// Put recordings together
    Merge(super::profile_merge::Args),
    /// Write a recording in another format
    Convert(super::convert::Args),
    Top(super::profile_top::Args),
    Dump(super::profile_dump::Args),
}

const CACHE_EXAMPLES: &str = "\
Examples:
  hotcold cache stats ~/.cache/app                           what fills it, and what could go
  hotcold cache list ~/.cache/app --sort size --limit 20
  hotcold cache expire ~/.cache/app                          remove what its program has declared expired
  hotcold cache prune ~/.cache/app --max-size 500MB -n       what would go; without -n it asks first
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = CACHE_EXAMPLES)]
pub(super) struct CacheArgs {
    /// The moment that counts as now, for tests: RFC 3339, or seconds since 1970
    #[arg(long, global = true, hide = true, value_name = "TIME", value_parser = super::cache_clock::time, env = "HOTCOLD_NOW", hide_env = true)]
    pub(super) now: Option<Timestamp>,
    #[command(subcommand)]
    pub(super) command: Cache,
}

#[derive(Subcommand, Debug)]
pub(super) enum Cache {
    Scan(super::cache_scan::Args),
    /// Tell what fills a cache, and how to shrink it
    Stats(super::cache_stats::Args),
    /// List the entries of a cache
    List(super::cache_list::Args),
    Show(super::cache_show::Args),
    Check(super::cache_check::Args),
    /// Remove what has expired
    Expire(super::cache_expire::Args),
    /// Remove entries by rule
    Prune(super::cache_prune::Args),
    /// Remove the entries that are named
    Rm(super::cache_rm::Args),
    /// Remove every entry and keep the cache usable
    Clear(super::cache_clear::Args),
    Watch(super::cache_watch::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn is_consistent() {
        Args::command().debug_assert();
    }
}
