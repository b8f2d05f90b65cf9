//! `hotcold profile report`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    recording,
    select_options::SelectArgs,
    table_options::{self, TableArgs, TableOptions, View},
};
use crate::profile::{aggregate::edges::Direction, calls::Measurements};

const EXAMPLES: &str = "\
Examples:
  hotcold profile report                              the functions with the most time of their own
  hotcold profile report --sort cumtime --limit 50
  hotcold profile report --tree --filter parse old.pb.gz
  hotcold profile report --tree --inverted            the same functions with their callers below them
  hotcold profile report --callers malloc             who called it, and the time in it for each of them
  hotcold profile report --since 10s --until 20s --thread worker
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
    /// Turn the call tree around: callers stand below what they call
    #[arg(long, requires = "tree", help_heading = "Table options")]
    inverted: bool,
    /// Give each call a line, also where one call has all the time of another
    #[arg(long, requires = "tree", help_heading = "Table options")]
    no_fold: bool,
    /// Print who called FUNCTION, with the time in it for each caller
    ///
    /// FUNCTION is a full name, the last part of one (`push` for `Vec<T>::push`) or a regular expression. Below each function that it
    /// names stand its callers: tottime is the time in the function itself while that caller had called it, cumtime includes
    /// all it called.
    #[arg(long, value_name = "FUNCTION", conflicts_with_all = ["tree", "by"], help_heading = "Table options")]
    callers: Option<String>,
    /// Print what FUNCTION called, with the time of each
    #[arg(long, value_name = "FUNCTION", conflicts_with_all = ["tree", "by"], help_heading = "Table options")]
    callees: Option<String>,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let (name, options) = (args.file.display().to_string(), args.options(global));
    let style = table_options::style_out(streams);
    match recording::load(&args.file, None)? {
        Measurements::Sampled(profile) => {
            table_options::require_samples(&profile, &name)?;
            let profile = args.select.apply(profile)?;
            table_options::print(&mut streams.out, &profile, &options, style)?;
        }
        Measurements::Traced(graph) => {
            args.select.require_nothing(&args.file)?;
            table_options::require_calls(&graph, &name)?;
            table_options::print_calls(&mut streams.out, &graph, &options, style)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn options(&self, global: &Global) -> TableOptions {
        let options = self.table.options(global.json);
        let callers = self.callers.iter().map(|name| (Direction::Callers, name.clone()));
        let callees = self.callees.iter().map(|name| (Direction::Callees, name.clone()));
        let edges: Vec<_> = callers.chain(callees).collect();
        if !edges.is_empty() {
            return options.with(View::Edges(edges));
        }
        if self.table.tree() {
            return options.with(View::Tree { inverted: self.inverted, fold: !self.no_fold });
        }
        options
    }
}
