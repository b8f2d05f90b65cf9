//! `hotcold cache stats`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{Streams, args::Global, cache_open, exit, table_options};
use crate::{
    cache::{
        model::Timestamp,
        store::{self, Access},
    },
    render::cache::stats::{self, Subject},
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache stats .cache
  hotcold cache stats .cache --by tag       which tag takes the room
  hotcold cache stats .cache --by group     which memoized function, queue, Django prefix or recipe
  hotcold cache stats */ --json | jq -c '[.root, .size_bytes, .expired_bytes]'
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directories of caches
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// Add up by tag, group or type of the value
    ///
    /// A group is the function of a memoized call, the queue of an Index, the prefix and version of Django's keys, or the recipe that keeps
    /// the entry: diskcache.RLock, diskcache.Averager, diskcache.throttle.
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    by: Option<By>,
    #[command(flatten)]
    sources: cache_open::SourceArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Tag,
    Group,
    Type,
}

impl From<By> for store::By {
    fn from(by: By) -> Self {
        match by {
            By::Tag => Self::Tag,
            By::Group => Self::Group,
            By::Type => Self::Type,
        }
    }
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let by = args.by.map(store::By::from);
    let mut unseen = false;
    let code = cache_open::each(&args.dirs, streams, |dir, first, streams| {
        let store = cache_open::open(dir, Access::Look, &args.sources.apps, streams)?;
        let summary = store.summary(now, by)?;
        let subject = Subject { kind: store.kind(), root: store.root(), now, by, nested: store.nested() };
        if global.json {
            stats::json(&mut streams.out, subject, &summary)?;
        } else {
            if !first {
                writeln!(streams.out)?;
            }
            let style = table_options::style_out(streams);
            stats::text(&mut streams.out, subject, &summary, style)?;
        }
        unseen |= cache_open::tell_unseen(&*store, streams);
        Ok(())
    })?;
    Ok(if unseen && code == ExitCode::SUCCESS { exit::partly() } else { code })
}
