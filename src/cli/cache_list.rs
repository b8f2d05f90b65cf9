//! `hotcold cache list`.

use std::{io::Write, ops::ControlFlow, path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{Streams, args::Global, cache_filters::FilterArgs, table_options};
use crate::{
    cache::{
        listing::{self, Listing},
        model::Timestamp,
        select::Order,
        store::{Access, Draw},
    },
    render::cache::list::{self, List},
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache list .cache                             every entry
  hotcold cache list .cache --sort size --limit 20      what takes the most room
  hotcold cache list .cache --expired --tag users
  hotcold cache list .cache --key 'user:*' --unused-for 30d
  hotcold cache list .cache --json | jq -r .id
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the cache, or its file where it is one
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Order by size, age, used, expires or key instead of as stored
    ///
    /// The biggest first, the oldest, those not used for longest, those that expire first, keys from a to z.
    #[arg(long, value_name = "COLUMN", hide_possible_values = true)]
    sort: Option<Sort>,
    /// Show at most N entries
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Show the value's type and file too
    #[arg(short, long)]
    long: bool,
    #[command(flatten)]
    sources: super::cache_open::SourceArgs,
    #[command(flatten)]
    filters: FilterArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    Size,
    Age,
    Used,
    Expires,
    Key,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Size => Self::Size,
            Sort::Age => Self::Age,
            Sort::Used => Self::Used,
            Sort::Expires => Self::Expires,
            Sort::Key => Self::Key,
        }
    }
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let store = super::cache_open::open(&args.dir, Access::Look, &args.sources.apps, streams)?;
    let listing = Listing {
        filter: args.filters.filter(),
        order: args.sort.map_or(Order::Stored, Order::from),
        limit: args.limit,
    };
    let style = table_options::style_out(streams);
    let table = List::new(store.facts(), now, args.long, style);
    // A table in a pipe shows less, and is what is made of a million entries.
    let full = global.json || args.long || style.width.is_some() || !listing.filter.groups.is_empty();
    let (mut shown, mut written) = (false, Ok(()));
    // Writing into memory does not fail.
    let drawers = || -> Draw<'_> {
        if global.json {
            return Box::new(move |entry, bytes| drop(list::json(bytes, entry, now)));
        }
        let mut table = table.clone();
        Box::new(move |entry, bytes| drop(table.row(bytes, entry)))
    };
    listing::draw(&*store, &listing, now, full, &drawers, &mut |bytes| {
        let out = &mut streams.out;
        let header = if shown || global.json { Ok(()) } else { table.header(out) };
        written = header.and_then(|()| out.write_all(bytes));
        shown = true;
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    let unseen = super::cache_open::tell_unseen(&*store, streams);
    if !shown && !global.json {
        let none = if listing.filter.has_rule() { "no entry matches" } else { "the cache is empty" };
        streams.note(none);
    }
    Ok(if unseen { super::exit::partly() } else { ExitCode::SUCCESS })
}
