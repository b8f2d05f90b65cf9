//! `hotcold cache rm`.

use std::{ops::ControlFlow, path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    cache_removal::{self, Job, RemovalArgs},
    exit,
};
use crate::{
    cache::{
        Error,
        model::{EntryId, Timestamp},
        plan,
        select::{Filter, KeyRule},
        store::{Query, Store},
    },
    render::text::escape,
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache rm .cache user:1 user:2          string keys
  hotcold cache rm .cache --id 42                any key, by the first column of `list`
  hotcold cache list .cache --key 'tmp/*' --json | jq -r .id | xargs printf -- '--id=%s ' | xargs hotcold cache rm .cache -y
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the cache
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// String keys of entries; others are named with --id
    #[arg(value_name = "KEY", required_unless_present = "id")]
    keys: Vec<String>,
    /// An entry by the id that `list` shows
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Vec<String>,
    #[command(flatten)]
    removal: RemovalArgs,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    cache_removal::on(&args.dir, &args.removal, global, streams, &|dir, job| {
        let store = job.open(dir, &[])?;
        let filter = Filter {
            ids: ids(&*store, &args.id)?,
            exact_keys: args.keys.iter().cloned().map(KeyRule::Text).collect(),
            ..Filter::default()
        };
        let missing = tell_missing(&*store, &filter, now, job)?;
        let filter = Filter { grace: args.removal.grace.or(store.grace()), ..filter };
        let code = job.run(&*store, &plan::named(&*store, &filter, now)?)?;
        Ok(if missing && code == ExitCode::SUCCESS { exit::partly() } else { code })
    })
}

fn ids(store: &dyn Store, texts: &[String]) -> Result<Vec<EntryId>, Error> {
    let id = |text: &String| {
        store.parse_id(text).ok_or_else(|| Error::NoSuchEntry { what: text.clone(), noun: "id" })
    };
    texts.iter().map(id).collect()
}

/// Whether some of the entries that are named do not exist, which is told.
///
/// # Errors
/// [`Error::NoSuchEntry`] if none of them does.
fn tell_missing(
    store: &dyn Store,
    filter: &Filter,
    now: Timestamp,
    job: &mut Job<'_>,
) -> Result<bool, Error> {
    let mut ids = filter.ids.clone();
    let mut keys = filter.exact_keys.clone();
    let mut found = false;
    store.entries(Query::stored(filter, now), &mut |entry| {
        if filter.matches(entry, now) {
            found = true;
            ids.retain(|id| *id != entry.id);
            keys.retain(|rule| !rule.matches(&entry.key));
        }
        ControlFlow::Continue(())
    })?;
    let keys = keys.into_iter().map(|(KeyRule::Text(text) | KeyRule::Shown(text))| (text, "key"));
    let mut missing: Vec<(String, &'static str)> =
        keys.chain(ids.into_iter().map(|id| (id.to_string(), "id"))).collect();
    if let (false, Some((what, noun))) = (found, missing.first().cloned()) {
        return Err(Error::NoSuchEntry { what, noun });
    }
    let any = !missing.is_empty();
    for (what, noun) in missing.drain(..) {
        job.streams.warn(&format!("there is no {noun} `{}`", escape(&what)));
    }
    Ok(any)
}
