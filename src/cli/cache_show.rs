//! `hotcold cache show`.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, args::Global, cache_open, table_options::style_out};
use crate::{
    cache::{
        Error,
        model::{Entry, EntryId, Timestamp},
        preview::{self, Preview},
        select::{Filter, KeyRule},
        store::{Access, Query, Store, Value},
    },
    profile::format::save::Output,
    render::cache::{
        list,
        show::{self, Show},
    },
};

const EXAMPLES: &str = "\
Examples:
  hotcold cache show .cache user:42                     the entry with the string key user:42
  hotcold cache show .cache --id 7                      any entry, by its id in the list
  hotcold cache show .cache \"app.fetch('x', page=2)\"    a key as the list shows it
  hotcold cache show .cache --id 7 --raw -o value.bin   the stored bytes of the value
";

/// Characters of a value that are shown.
const BUDGET: usize = 2000;
/// The same with `--full`. A small pickle can describe an object whose text is endless.
const FULL_BUDGET: usize = 4 << 20;
/// Entries with the same key that an error names.
const MOST_NAMED: usize = 5;

/// Show one entry and its value
///
/// The value is shown as text where it is text, JSON, a number, or a pickled Python object, which is never unpickled: classes are named,
/// nothing is imported or called.
#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the cache, or its file where it is one
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Key of the entry: a string as it is, any other as `cache list` shows it
    #[arg(value_name = "KEY", required_unless_present = "id", conflicts_with = "id")]
    key: Option<String>,
    /// Id of the entry, the first column of `cache list`
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: Option<String>,
    /// Show up to four million characters of the value instead of two thousand
    #[arg(long, conflicts_with = "raw")]
    full: bool,
    /// Write the stored bytes of the value to the file that -o names
    #[arg(long, requires = "output")]
    raw: bool,
    /// File for --raw, replaced as a whole; `-` for standard output
    #[arg(short, long, value_name = "FILE", requires = "raw")]
    output: Option<PathBuf>,
    #[command(flatten)]
    sources: cache_open::SourceArgs,
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let store = cache_open::open(&args.dir, Access::Look, &args.sources.apps, streams)?;
    let entry = match (&args.id, &args.key) {
        (Some(id), _) => by_id(&*store, id)?,
        (None, key) => by_key(&*store, key.as_deref().unwrap_or_default(), now)?,
    };
    if let Some(output) = &args.output {
        write_raw(store.value(&entry.id)?, output, &args.dir, streams)?;
        return Ok(ExitCode::SUCCESS);
    }
    let details = store.details(&entry.id)?;
    let value = look(&*store, &entry, if args.full { FULL_BUDGET } else { BUDGET }, &args.dir);
    let root = args.dir.to_string_lossy();
    let shown = Show {
        kind: store.kind(),
        root: &root,
        entry: &entry,
        details: &details,
        value: value.as_ref().ok(),
        now,
    };
    if global.json {
        show::json(&shown, &mut streams.out)?;
    } else {
        show::text(&shown, style_out(streams), &mut streams.out)?;
    }
    // What is known has been said; that the value cannot be read is a failure all the same.
    value.map(|_| ExitCode::SUCCESS).map_err(Into::into)
}

fn look(store: &dyn Store, entry: &Entry, budget: usize, dir: &Path) -> Result<Preview, Error> {
    let value = store.value(&entry.id)?;
    preview::preview(value, entry.value_type, budget).map_err(|source| unreadable(entry, dir, source))
}

fn unreadable(entry: &Entry, dir: &Path, source: io::Error) -> Error {
    let path = entry.path.as_deref().map_or_else(|| dir.to_owned(), |path| dir.join(path));
    Error::Read { path, source }
}

fn by_id(store: &dyn Store, id: &str) -> Result<Entry, Error> {
    let missing = || Error::NoSuchEntry { what: id.to_owned(), noun: "id" };
    let id: EntryId = store.parse_id(id).ok_or_else(missing)?;
    let mut found = None;
    store.lookup(&mut std::iter::once(id), &mut |entry| {
        found = Some(entry.clone());
        ControlFlow::Break(())
    })?;
    found.ok_or_else(missing)
}

/// The entry with the string key `key`; where there is none, the one whose key is listed so.
fn by_key(store: &dyn Store, key: &str, now: Timestamp) -> Result<Entry, Error> {
    // Stores find strings by their index; for other spellings every key is looked at.
    let rules = vec![KeyRule::Text(key.to_owned())];
    let filter = Filter { exact_keys: rules, ..Filter::default() };
    if let Some(entry) = only_one(store, &filter, key, now, |entry| filter.matches(entry, now))? {
        return Ok(entry);
    }
    let mut listed = String::new();
    let is_listed_so = |entry: &Entry| {
        listed.clear();
        list::notation(&mut listed, &entry.key);
        !entry.key.cut && (listed == key || entry.key.text == key)
    };
    let found = only_one(store, &Filter::default(), key, now, is_listed_so)?;
    found.ok_or_else(|| Error::NoSuchEntry { what: key.to_owned(), noun: "key" })
}

/// The entry that `is_meant`, if there is one.
///
/// # Errors
/// [`Error::Ambiguous`] where there are several.
fn only_one(
    store: &dyn Store,
    filter: &Filter,
    key: &str,
    now: Timestamp,
    mut is_meant: impl FnMut(&Entry) -> bool,
) -> Result<Option<Entry>, Error> {
    let (mut found, mut ids) = (None, Vec::new());
    store.entries(Query::stored(filter, now), &mut |entry| {
        if is_meant(entry) {
            ids.push(entry.id.to_string());
            found.get_or_insert_with(|| entry.clone());
        }
        if ids.len() < MOST_NAMED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    if ids.len() > 1 { Err(Error::Ambiguous { what: key.to_owned(), ids }) } else { Ok(found) }
}

/// Copies the stored bytes without holding them in memory.
fn write_raw(value: Value, output: &Path, dir: &Path, streams: &mut Streams) -> anyhow::Result<()> {
    let mut unread = None;
    let mut copy = |w: &mut dyn Write| match &value {
        Value::Inline(bytes) => w.write_all(bytes),
        Value::Text(text) => w.write_all(text.as_bytes()),
        Value::File(file, _) => copy_file(file, w, &mut unread),
    };
    let done = if output == Path::new("-") {
        copy(&mut streams.out).map_err(anyhow::Error::from)
    } else {
        Output::create_derived(output)?.commit_with(&mut copy).map_err(anyhow::Error::from)
    };
    match unread {
        Some(source) => Err(Error::Read { path: dir.to_owned(), source }.into()),
        None => done,
    }
}

/// Copies a file; an error of reading it is kept apart from those of writing.
fn copy_file(mut file: &std::fs::File, w: &mut dyn Write, unread: &mut Option<io::Error>) -> io::Result<()> {
    use std::io::Read;

    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => w.write_all(&buffer[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                *unread = Some(e);
                return Err(io::Error::other("the value cannot be read"));
            }
        }
    }
}
