//! `hotcold profile report`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    recording,
    table_options::{self, TableArgs},
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile report                              the functions with the most time of their own
  hotcold profile report --sort cumtime --limit 50
  hotcold profile report --tree --filter parse old.pb.gz
  hotcold profile report --by line --json | jq '.lines[0]'
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recording to read; `-` for standard input
    #[arg(value_name = "FILE", default_value = crate::profile::DEFAULT_FILE)]
    file: PathBuf,
    #[command(flatten)]
    table: TableArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let profile = recording::load(&args.file)?;
    table_options::require_samples(&profile, &args.file.display().to_string())?;
    let style = table_options::style_out(streams);
    table_options::print(&mut streams.out, &profile, &args.table.options(global.json), style)?;
    Ok(ExitCode::SUCCESS)
}
