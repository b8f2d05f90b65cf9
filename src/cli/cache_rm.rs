//! `hotcold cache rm`.

use std::{path::PathBuf, process::ExitCode};

use super::{Streams, args::Global};
use crate::cache::{locate, model::Timestamp, store::Access};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Directory of the cache
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(
    args: &Args,
    _global: &Global,
    _now: Timestamp,
    _streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    locate::open(&args.dir, Access::Look)?;
    Ok(ExitCode::FAILURE)
}
