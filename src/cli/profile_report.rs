//! `hotcold profile report`.

use std::{path::PathBuf, process::ExitCode};

use super::{Streams, args::Global};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Recording to read
    #[arg(value_name = "FILE", default_value = "hotcold.pb.gz")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, _global: &Global, _streams: &mut Streams) -> anyhow::Result<ExitCode> {
    anyhow::bail!("cannot read `{}`", args.file.display())
}
