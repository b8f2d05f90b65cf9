//! The command line: parse, call the domain, render, choose the exit code.

mod after_recording;
pub mod args;
mod checkpoints;
mod completions;
mod doctor;
mod exit;
mod man;
mod profile_attach;
mod profile_flamegraph;
mod profile_report;
mod profile_run;
mod progress;
mod record_options;
mod recording;
mod streams;
mod table_options;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::Parser;

pub use streams::Streams;

/// Runs one command line and returns what the process should exit with.
pub fn run(args: impl IntoIterator<Item = OsString>, streams: &mut Streams) -> ExitCode {
    let args = match args::Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return usage(&error, streams),
    };
    streams.configure(&args.global);
    let result = match &args.command {
        args::Command::Profile(command) => match &**command {
            args::Profile::Run(a) => profile_run::run(a, &args.global, streams),
            args::Profile::Attach(a) => profile_attach::run(a, &args.global, streams),
            args::Profile::Report(a) => profile_report::run(a, &args.global, streams),
            args::Profile::Flamegraph(a) => profile_flamegraph::run(a, &args.global, streams),
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

/// Help and version are answers (stdout, 0); anything else is wrong usage (stderr, 2).
fn usage(error: &clap::Error, streams: &mut Streams) -> ExitCode {
    let text = error.render();
    let styled = |colour: bool| if colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        let _ = streams.err.write_all(styled(streams.colour.err).as_bytes());
        return exit::usage();
    }
    let result =
        streams.out.write_all(styled(streams.colour.out).as_bytes()).and_then(|()| streams.out.flush());
    exit::code(result.map(|()| ExitCode::SUCCESS).map_err(Into::into), streams)
}
