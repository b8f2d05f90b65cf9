//! What the removing commands share: plan, summary, dry run, confirmation, act, outcome.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use super::{Streams, args::Global, cache_filters, cache_open, exit, progress, table_options};
use crate::{
    cache::{
        Error, act, locate,
        plan::{self, Plan, Verb},
        store::{Access, Pace, Reclaimed, Store},
    },
    render::{
        cache::{
            list,
            removal::{self, Place},
        },
        text::escape,
    },
    signals::{Signals, die_of},
    units,
};

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Removing")]
pub(super) struct RemovalArgs {
    /// Only tell what would be removed; with -v or --json every entry
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Spare what was stored less than D ago [default: what is safe for that kind of cache]
    #[arg(long, value_name = "D", value_parser = cache_filters::duration)]
    pub(super) grace: Option<Duration>,
    /// Wait at most D for a cache that is locked
    #[arg(
        long,
        value_name = "D",
        value_parser = cache_filters::duration,
        default_value = "10s",
        env = "HOTCOLD_LOCK_TIMEOUT",
        hide_env_values = true
    )]
    lock_timeout: Duration,
    /// Give free space inside the database back to the file system
    ///
    /// Most caches do so by themselves. Where they do not, the database is written anew, which needs its size in free space and the cache
    /// for itself: it is refused while other programs have it open.
    #[arg(long)]
    pub(super) vacuum: bool,
    /// Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at
    ///
    /// What is staged, stashed or not pushed stays nevertheless.
    #[arg(long, hide_short_help = true)]
    pub(super) only_copies: bool,
    /// Do not slow down for other users of the cache
    #[arg(long, conflicts_with = "polite")]
    fast: bool,
    /// Slow down even if no other user is seen, such as one in a container
    #[arg(long)]
    polite: bool,
}

impl RemovalArgs {
    pub(super) fn pace(&self) -> Pace {
        match (self.fast, self.polite) {
            (true, _) => Pace::Fast,
            (_, true) => Pace::Polite,
            _ => Pace::Auto,
        }
    }

    pub(super) fn access(&self) -> Access {
        // A dry run also tells about a cache that must not be changed.
        if self.dry_run { Access::Look } else { Access::Change { lock_timeout: self.lock_timeout } }
    }
}

/// Does it in one directory, of which something was named.
pub(super) fn on(
    dir: &Path,
    args: &RemovalArgs,
    global: &Global,
    streams: &mut Streams,
    one: &dyn Fn(&Path, &mut Job<'_>) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    one(dir, &mut Job { args, global, streams })
}

/// Does it in each directory; one that fails does not stop the rest, and one without anything in it is no failure.
pub(super) fn each<P: AsRef<Path>>(
    dirs: &[P],
    args: &RemovalArgs,
    global: &Global,
    streams: &mut Streams,
    one: &dyn Fn(&Path, &mut Job<'_>) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let mut codes = Vec::new();
    for dir in dirs {
        let mut job = Job { args, global, streams: &mut *streams };
        let code = match one(dir.as_ref(), &mut job) {
            // What was emptied before, and is no cache any more until it is filled again.
            Err(error) if is_empty_directory(&error) => {
                let name = escape(&dir.as_ref().to_string_lossy()).into_owned();
                streams.note(&format!("`{name}` is empty: there is nothing to remove"));
                ExitCode::SUCCESS
            }
            Err(error) if dirs.len() > 1 && !exit::is_broken_pipe(&error) => {
                exit::report(&error, streams);
                ExitCode::FAILURE
            }
            result => result?,
        };
        if code == exit::usage() {
            return Ok(code);
        }
        codes.push(code);
    }
    let first = codes.first().copied().unwrap_or(ExitCode::SUCCESS);
    Ok(if codes.iter().all(|code| *code == first) { first } else { exit::partly() })
}

fn is_empty_directory(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(Error::is_of_empty)
}

/// A removal from one directory.
pub(super) struct Job<'a> {
    pub(super) args: &'a RemovalArgs,
    pub(super) global: &'a Global,
    pub(super) streams: &'a mut Streams,
}

impl Job<'_> {
    /// Opens the cache as this job needs it.
    pub(super) fn open(&mut self, dir: &Path, sources: &[PathBuf]) -> Result<Box<dyn Store>, Error> {
        cache_open::open(dir, self.args.access(), sources, self.streams)
    }

    /// The same for a directory that is known as a cache only because it was said so.
    pub(super) fn open_adopted(&mut self, dir: &Path, sources: &[PathBuf]) -> Result<Box<dyn Store>, Error> {
        let found = locate::locate_adopted(dir, &cache_open::places())?;
        cache_open::open_found(&found, self.args.access(), sources, self.streams)
    }

    /// From the plan to the outcome.
    pub(super) fn run(&mut self, store: &dyn Store, plan: &Plan) -> anyhow::Result<ExitCode> {
        let place = Place { kind: store.kind(), root: store.root(), size_counts: store.size_counts() };
        if let Some(why) = store.owners_tool() {
            let path = store.root().to_owned();
            return Err(Error::ReadOnly { path, reason: why.to_owned() }.into());
        }
        if self.args.dry_run {
            return self.dry_run(store, place, plan);
        }
        if let Some(why) = store.only_copies().filter(|_| plan.entries > 0) {
            if plan.verb == Verb::Clear {
                let path = store.root().to_owned();
                return Err(Error::Unsupported { verb: "clear", path, reason: why.to_owned() }.into());
            }
            if !self.args.only_copies {
                let root = escape(&store.root().to_string_lossy()).into_owned();
                let err = &mut self.streams.err;
                writeln!(err, "error: cannot remove from `{root}`: {why}\n")?;
                writeln!(err, "hint: `--dry-run -v` names what would go; `--only-copies` removes it")?;
                return Ok(exit::usage());
            }
        }
        if self.needs_a_yes(plan) {
            match self.ask(place, plan)? {
                Answer::Yes => {}
                Answer::No => return Ok(ExitCode::FAILURE),
                Answer::Nobody => return Ok(exit::usage()),
            }
        }
        self.carry_out(store, place, plan)
    }

    /// What the owner has declared dead needs no confirmation.
    fn needs_a_yes(&self, plan: &Plan) -> bool {
        plan.verb != Verb::Expire && plan.entries > 0 && !self.args.yes
    }

    /// With `--json` the ids are told too, with `-v` every entry.
    fn dry_run(&mut self, store: &dyn Store, place: Place<'_>, plan: &Plan) -> anyhow::Result<ExitCode> {
        let out = &mut self.streams.out;
        if self.global.json {
            let mut ids = Vec::new();
            plan::each(store, plan, &mut |entry| ids.push(entry.id.clone()))?;
            removal::json(out, place, plan, Some(&ids), None)?;
            return Ok(ExitCode::SUCCESS);
        }
        let style = table_options::style_out(self.streams);
        let out = &mut self.streams.out;
        if self.global.verbose && plan.entries > 0 {
            let mut table = list::List::new(store.facts(), plan.now, false, style);
            let mut written = table.header(out);
            plan::each(store, plan, &mut |entry| {
                if written.is_ok() {
                    written = table.row(out, entry);
                }
            })?;
            written?;
        }
        removal::would(out, place, plan, style)?;
        if self.streams.terminal.err && plan.entries > 0 {
            self.streams.out.flush()?;
            let name = if self.global.verbose { "" } else { "-v names every entry; " };
            let asks = self.needs_a_yes(plan);
            let then = if asks { "you are asked".to_owned() } else { removal::they_go(plan.entries) };
            self.streams.note(&format!("{name}without -n {then}"));
        }
        Ok(if cache_open::tell_unseen(store, self.streams) { exit::partly() } else { ExitCode::SUCCESS })
    }

    fn ask(&mut self, place: Place<'_>, plan: &Plan) -> io::Result<Answer> {
        let root = escape(&place.root.to_string_lossy()).into_owned();
        ask(self.streams, &removal::share(plan), &root)
    }

    fn carry_out(&mut self, store: &dyn Store, place: Place<'_>, plan: &Plan) -> anyhow::Result<ExitCode> {
        let progress = progress::working(self.streams);
        let mut watch = Watch::new();
        let outcome = act::act(store, plan, self.args.pace(), &mut || watch.go_on(), &*progress);
        let go_on = watch.go_on();
        let reclaimed =
            if self.args.vacuum && go_on && outcome.error.is_none() { Some(store.reclaim()) } else { None };
        let ended_by = watch.end();
        let reclaimed = reclaimed.transpose()?;
        let removed = outcome.removed;
        let code = self.tell(place, plan, outcome, reclaimed)?;
        if let Some(aftermath) = store.aftermath().filter(|_| removed > 0) {
            self.streams.note(aftermath);
        }
        let unseen = cache_open::tell_unseen(store, self.streams);
        let code = if unseen && code == ExitCode::SUCCESS { exit::partly() } else { code };
        if let Some(signal) = ended_by {
            self.streams.out.flush()?;
            die_of(signal);
        }
        Ok(code)
    }

    fn tell(
        &mut self,
        place: Place<'_>,
        plan: &Plan,
        mut outcome: act::Outcome,
        reclaimed: Option<Reclaimed>,
    ) -> anyhow::Result<ExitCode> {
        let bytes = reclaimed.as_ref().map(|reclaimed| reclaimed.bytes);
        if self.global.json {
            removal::json(&mut self.streams.out, place, plan, None, Some((&outcome, bytes)))?;
        } else if !self.streams.is_quiet() && (outcome.error.is_none() || outcome.removed > 0) {
            removal::done(&mut self.streams.out, plan, &outcome)?;
            if let Some(bytes) = bytes.filter(|bytes| *bytes > 0) {
                writeln!(self.streams.out, "Gave {} of the database back", units::bytes(bytes))?;
            }
        }
        for (id, text) in outcome.failed.first.iter().take(20) {
            self.streams.warn(&format!("entry {}: {}", escape(&id.to_string()), escape(text)));
        }
        for (id, text) in outcome.refused.first.iter().take(20) {
            self.streams.tell(&format!("entry {} stays: {}", escape(&id.to_string()), escape(text)));
        }
        if let Some(why) = reclaimed.and_then(|reclaimed| reclaimed.refused) {
            self.streams.warn(&format!("cannot give space back: {why}"));
        }
        let in_part = outcome.failed.count > 0 || (plan.verb == Verb::Remove && outcome.refused.count > 0);
        match outcome.error.take() {
            Some(error) if outcome.removed == 0 => Err(error.into()),
            Some(error) => {
                exit::report(&error.into(), self.streams);
                Ok(exit::partly())
            }
            None if in_part => Ok(exit::partly()),
            None => Ok(ExitCode::SUCCESS),
        }
    }
}

/// Asks on the terminal whether so much may be removed from there.
pub(super) fn ask(streams: &mut Streams, amount: &str, from: &str) -> io::Result<Answer> {
    let err = &mut streams.err;
    let stdin = io::stdin();
    if !(stdin.is_terminal() && streams.terminal.err) {
        writeln!(err, "error: cannot ask whether to remove {amount}: no terminal\n")?;
        writeln!(err, "hint: `--yes` removes without asking, `--dry-run` only tells")?;
        return Ok(Answer::Nobody);
    }
    write!(err, "Remove {amount} from {from}? [y/N] ")?;
    err.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    let yes = matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
    Ok(if yes { Answer::Yes } else { Answer::No })
}

/// Keeps signals back, so that what has begun comes to a clean end.
pub(super) struct Watch {
    signals: Option<Signals>,
    ended_by: Option<i32>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { signals: Signals::hold_back().ok(), ended_by: None }
    }

    /// Whether none has come that ends a process.
    pub(super) fn go_on(&mut self) -> bool {
        while let Some(signal) = self.signals.as_ref().and_then(Signals::next) {
            if signal.number != libc::SIGCHLD {
                self.ended_by = Some(signal.number);
            }
        }
        self.ended_by.is_none()
    }

    /// The one that has.
    pub(super) fn end(self) -> Option<i32> {
        self.ended_by
    }
}

pub(super) enum Answer {
    Yes,
    No,
    Nobody,
}
