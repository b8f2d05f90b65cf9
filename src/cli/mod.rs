//! The command line: parse, call the domain, render, choose the exit code.

mod after_recording;
pub mod args;
mod cache_check;
mod cache_clear;
mod cache_clock;
mod cache_expire;
mod cache_filters;
mod cache_list;
mod cache_open;
mod cache_prune;
mod cache_removal;
mod cache_rm;
mod cache_scan;
mod cache_show;
mod cache_stats;
mod cache_watch;
mod checkpoints;
mod completions;
mod convert;
mod doctor;
mod exact_counting;
mod exit;
mod live_terminal;
mod man;
mod profile_annotate;
mod profile_attach;
mod profile_diff;
mod profile_dump;
mod profile_flamegraph;
mod profile_merge;
mod profile_report;
mod profile_run;
mod profile_top;
mod program_output;
mod progress;
mod record_options;
mod recording;
mod report_html;
mod select_options;
mod streams;
mod table_options;
mod top_screen;
mod top_worker;
mod view_options;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::{CommandFactory, Parser, error::ErrorKind};

pub use streams::Streams;

/// Runs one command line and returns what the process should exit with.
pub fn run(args: impl IntoIterator<Item = OsString>, streams: &mut Streams) -> ExitCode {
    let words: Vec<OsString> = args.into_iter().collect();
    let args = match args::Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => return usage(&error, &words, streams),
    };
    streams.configure(&args.global);
    let result = match &args.command {
        args::Command::Cache(a) => cache(a, &args.global, streams),
        args::Command::Profile(command) => match &**command {
            args::Profile::Run(a) => profile_run::run(a, &args.global, streams),
            args::Profile::Attach(a) => profile_attach::run(a, &args.global, streams),
            args::Profile::Report(a) => profile_report::run(a, &args.global, streams),
            args::Profile::Annotate(a) => profile_annotate::run(a, &args.global, streams),
            args::Profile::Diff(a) => profile_diff::run(a, &args.global, streams),
            args::Profile::Flamegraph(a) => profile_flamegraph::run(a, &args.global, streams),
            args::Profile::Merge(a) => profile_merge::run(a, &args.global, streams),
            args::Profile::Convert(a) => convert::run(a, &args.global, streams),
            args::Profile::Top(a) => profile_top::run(a, &args.global, streams),
            args::Profile::Dump(a) => profile_dump::run(a, &args.global, streams),
        },
        args::Command::Doctor(a) => doctor::run(a, &args.global, streams),
        args::Command::Completions(a) => completions::run(a, streams),
        args::Command::Man(a) => man::run(a, streams),
    };
    let result = result.and_then(|code| {
        streams.out.flush()?;
        Ok(code)
    });
    exit::code(result, streams)
}

fn cache(args: &args::CacheArgs, global: &args::Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let now = args.now.unwrap_or_else(cache_clock::now);
    match &args.command {
        args::Cache::Scan(a) => cache_scan::run(a, global, now, streams),
        args::Cache::List(a) => cache_list::run(a, global, now, streams),
        args::Cache::Show(a) => cache_show::run(a, global, now, streams),
        args::Cache::Stats(a) => cache_stats::run(a, global, now, streams),
        args::Cache::Check(a) => cache_check::run(a, global, now, streams),
        args::Cache::Expire(a) => cache_expire::run(a, global, now, streams),
        args::Cache::Prune(a) => cache_prune::run(a, global, now, streams),
        args::Cache::Rm(a) => cache_rm::run(a, global, now, streams),
        args::Cache::Clear(a) => cache_clear::run(a, global, now, streams),
        args::Cache::Watch(a) => cache_watch::run(a, global, now, streams),
    }
}

/// Help and version are answers (stdout, 0); anything else is wrong usage (stderr, 2). A noun alone is told its verbs.
fn usage(error: &clap::Error, words: &[OsString], streams: &mut Streams) -> ExitCode {
    let text = match error.kind() {
        ErrorKind::MissingSubcommand => noun(words).render_help(),
        _ => error.render(),
    };
    let styled = |colour: bool| if colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = streams.err.write_all(styled(streams.colour.err).as_bytes());
        return exit::usage();
    }
    let result =
        streams.out.write_all(styled(streams.colour.out).as_bytes()).and_then(|()| streams.out.flush());
    exit::code(result.map(|()| ExitCode::SUCCESS).map_err(Into::into), streams)
}

/// The command that `words` name without a verb.
fn noun(words: &[OsString]) -> clap::Command {
    let mut command = args::Args::command();
    command.build();
    for word in words.iter().skip(1) {
        if let Some(sub) = command.find_subcommand(word) {
            command = sub.clone();
        }
    }
    command
}
