//! `hotcold completions`.

use std::{io::Write, process::ExitCode};

use clap::CommandFactory;

use super::{Streams, args};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Shell to complete for
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    // Into a buffer first: `generate` panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::Args::command(), "hotcold", &mut script);
    streams.out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
