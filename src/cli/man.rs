//! `hotcold man`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::CommandFactory;

use super::{Streams, args};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Directory to write hotcold.1, hotcold-profile-run.1, … into
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot create `{}`", args.dir.display()))?;
    clap_mangen::generate_to(args::Args::command(), &args.dir)
        .with_context(|| format!("cannot write the manual pages to `{}`", args.dir.display()))?;
    streams.tell(&format!("wrote the manual pages to {}", args.dir.display()));
    Ok(ExitCode::SUCCESS)
}
