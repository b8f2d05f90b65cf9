//! `hotcold profile convert`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::builder::PossibleValuesParser;
use regex::Regex;

use super::{Streams, args::Global, exit, recording, select_options::SelectArgs, table_options};
use crate::profile::{
    Error,
    calls::Measurements,
    format::{self, Format, How, Unwritable, save::Output},
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile convert hotcold.pb.gz -o out.prof   for python -m pstats, snakeviz, gprof2dot
  hotcold profile convert perf.data -o a.speedscope.json  what perf recorded, for speedscope.app
  hotcold profile convert out.prof -o calls.pb.gz     what cProfile saved, for pprof tools
  hotcold profile convert hotcold.pb.gz -o part.pb.gz --since 10s --until 20s --focus parse
  hotcold profile convert - -o - --to folded < hotcold.pb.gz | flamegraph.pl > my.svg
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recording to read; `-` for standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// File to write; `-` for standard output
    ///
    /// Its ending chooses the format unless --output-format does; a file of any format that ends in .gz is zipped.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Format of IN [default: what its content tells]
    #[arg(long, value_name = "FORMAT", visible_alias = "from", value_parser = PossibleValuesParser::new(format::read_names()))]
    input_format: Option<String>,
    /// Format of OUT [default: what its ending tells; pprof to standard output]
    #[arg(long, value_name = "FORMAT", visible_alias = "to", value_parser = PossibleValuesParser::new(format::written_names()))]
    output_format: Option<String>,
    /// Write only stacks with a frame whose function, file or module matches
    #[arg(long, value_name = "REGEX", value_parser = table_options::regex)]
    filter: Option<Regex>,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, _global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let format = match output_format(args) {
        Ok(format) => format,
        Err(error) => {
            exit::report(&error, streams);
            return Ok(exit::usage());
        }
    };
    let from = args.input_format.as_deref().and_then(format::by_name);
    let measurements = recording::load(&args.input, How { format: from, event: args.select.event() })?;
    let measurements = args.select.with_filter(args.filter.as_ref()).apply_to(measurements, &args.input)?;
    let bytes = converted(args, &measurements, format)?;
    if is_stdout(&args.output) {
        streams.out.write_all(&bytes)?;
    } else {
        let bytes = if format::is_zipped(&args.output, format) { format::zip(&bytes) } else { bytes };
        output(&args.output, format)?.commit(&bytes)?;
        streams.note(&format!("wrote {} to {}", format.name(), args.output.display()));
    }
    // What could not be read of another tool's file is not in ours either.
    let recording = measurements.recording();
    for note in recording.notes.iter().filter(|_| !is_own(&recording.backend)) {
        streams.note(note);
    }
    if let Some(lost) = format.loses(&measurements) {
        streams.note(lost);
    }
    Ok(ExitCode::SUCCESS)
}

fn output_format(args: &Args) -> anyhow::Result<&'static dyn Format> {
    if let Some(name) = &args.output_format {
        return Ok(format::by_name(name).ok_or(Error::UnknownFormat { path: args.output.clone() })?);
    }
    if is_stdout(&args.output) {
        return Ok(&format::pprof::Pprof);
    }
    match format::by_extension(&args.output) {
        Some(format) if format.is_written() => Ok(format),
        _ => Err(Error::UnknownFormat { path: args.output.clone() }.into()),
    }
}

fn converted(args: &Args, measurements: &Measurements, format: &dyn Format) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    format.write(measurements, &mut bytes).map_err(|reason| match reason {
        Unwritable::NoStacks => Error::NoStacks { path: args.input.clone(), what: "write stacks" },
        Unwritable::ReadOnly => Error::UnknownFormat { path: args.output.clone() },
        Unwritable::Io(source) => Error::Write { path: args.output.clone(), source },
    })?;
    Ok(bytes)
}

/// Command lines hold secrets, so what has one is as private as a recording.
fn output(path: &Path, format: &dyn Format) -> Result<Output, Error> {
    if format.holds_command() { Output::create(path) } else { Output::create_derived(path) }
}

fn is_own(backend: &str) -> bool {
    matches!(backend, "perf" | "ptrace" | "cProfile")
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}
