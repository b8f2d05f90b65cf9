//! `hotcold profile flamegraph`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use regex::Regex;

use super::{
    Streams, args::Global, recording, select_options::SelectArgs, table_options, view_options::ViewArgs,
};
use crate::{
    profile::format::save::Output,
    render::flamegraph::{self, Flamegraph},
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile flamegraph                          write hotcold.svg from hotcold.pb.gz
  hotcold profile flamegraph --inverted -o callers.svg
  hotcold profile flamegraph --since 10s --until 20s --thread worker
  hotcold profile flamegraph --filter '^parse' old.pb.gz -o - > parse.svg
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recording to read; `-` for standard input
    #[arg(value_name = "FILE", default_value = crate::profile::DEFAULT_FILE)]
    file: PathBuf,
    /// Write the picture to SVG; `-` for standard output
    #[arg(short, long, value_name = "SVG", default_value = "hotcold.svg")]
    output: PathBuf,
    /// Put the innermost functions on top and their callers below
    #[arg(long)]
    inverted: bool,
    /// Title of the picture instead of the recorded command
    #[arg(long, value_name = "T")]
    title: Option<String>,
    /// Draw only stacks with a frame whose function, file or module matches
    #[arg(long, value_name = "REGEX", value_parser = table_options::regex)]
    filter: Option<Regex>,
    /// Draw what idle threads wait for, too
    #[arg(long)]
    idle: bool,
    #[command(flatten)]
    part: ViewArgs,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, _global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let profile = recording::load_stacks(&args.file, args.select.event(), "draw a flamegraph")?;
    table_options::require_samples(&profile, &args.file.display().to_string())?;
    let profile = args.select.apply(profile)?;
    let what = Flamegraph {
        title: args.title.clone(),
        inverted: args.inverted,
        filter: args.filter.clone(),
        idle: args.idle,
    };
    let mut svg = Vec::new();
    flamegraph::write(&mut svg, &args.part.view().of(&profile), &what)?;
    if args.output == Path::new("-") {
        streams.out.write_all(&svg)?;
    } else {
        Output::create_derived(&args.output)?.commit(&svg)?;
        streams.note(&format!("wrote the flamegraph to {}", args.output.display()));
    }
    Ok(ExitCode::SUCCESS)
}
