//! `hotcold profile report`.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Streams,
    args::Global,
    profile_annotate::moved,
    report_html,
    select_options::SelectArgs,
    table_options::{self, TableArgs, TableOptions, View},
};
use crate::profile::{
    aggregate::{Selection, edges::Direction},
    calls::Measurements,
    source::{Moved, Sources},
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile report                              the functions with the most time of their own
  hotcold profile report --sort cumtime --limit 50
  hotcold profile report --tree --filter parse old.pb.gz
  hotcold profile report --tree --inverted            the same functions with their callers below them
  hotcold profile report --callers malloc             who called it, and the time in it for each of them
  hotcold profile report --since 10s --until 20s --thread worker
  hotcold profile report --by line --json | jq '.lines[0]'
  hotcold profile report --html report.html           a page with table, flamegraph and source lines
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
    #[arg(long, requires = "tree", hide_short_help = true, help_heading = "Table options")]
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
    /// Write a page for browsers instead: table, flamegraph, source lines
    ///
    /// The page is one file that needs no network. Source lines are those of the hottest functions whose files are on this machine.
    #[arg(
        long,
        value_name = "HTML",
        conflicts_with_all = ["tree", "by", "callers", "callees", "inlines"],
        help_heading = "Table options"
    )]
    html: Option<PathBuf>,
    /// Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it
    #[arg(
        long,
        value_name = "OLD=NEW|DIR",
        value_parser = moved,
        requires = "html",
        hide_short_help = true,
        help_heading = "Table options"
    )]
    source_dir: Vec<Moved>,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let options = args.options(global);
    let style = table_options::style_out(streams);
    match args.select.load(&args.file)? {
        Measurements::Sampled(profile) => {
            if let Some(path) = &args.html {
                let sources = Sources { moved: args.source_dir.clone() };
                let shown = options.part().of(&profile);
                report_html::write(path, &shown, &sources, args.all_rows(), streams)?;
                return Ok(ExitCode::SUCCESS);
            }
            table_options::print(&mut streams.out, &profile, &options, style)?;
        }
        Measurements::Traced(graph) => {
            if let Some(path) = &args.html {
                report_html::write_calls(path, &graph, args.all_rows(), streams)?;
                return Ok(ExitCode::SUCCESS);
            }
            table_options::print_calls(&mut streams.out, &graph, &options, style)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The rows of a page, which has room for all.
    fn all_rows(&self) -> Selection {
        self.table.options(true).selection().clone()
    }

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
