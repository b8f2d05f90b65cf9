//! `hotcold profile report`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    recording,
    table_options::{self, TableArgs},
};
use crate::profile::calls::Measurements;

const EXAMPLES: &str = "\
Examples:
  hotcold profile report                              the functions with the most time of their own
  hotcold profile report --sort cumtime --limit 50
  hotcold profile report --tree --filter parse old.pb.gz
  hotcold profile report --by line --json | jq '.lines[0]'
  hotcold profile report --sort ncalls out.prof       what Python's cProfile saved
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recording to read, also one that Python's cProfile saved; `-` for standard input
    #[arg(value_name = "FILE", default_value = crate::profile::DEFAULT_FILE)]
    file: PathBuf,
    #[command(flatten)]
    table: TableArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let (name, options) = (args.file.display().to_string(), args.table.options(global.json));
    let style = table_options::style_out(streams);
    match recording::load(&args.file, None)? {
        Measurements::Sampled(profile) => {
            table_options::require_samples(&profile, &name)?;
            table_options::print(&mut streams.out, &profile, &options, style)?;
        }
        Measurements::Traced(graph) => {
            table_options::require_calls(&graph, &name)?;
            table_options::print_calls(&mut streams.out, &graph, &options, style)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
