//! `hotcold profile annotate`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, args::Global, recording, select_options::SelectArgs, table_options};
use crate::{
    profile::{
        aggregate::annotate,
        source::{Moved, Source, Sources},
    },
    render::{annotate::write, header, json},
    units,
};

/// Functions of one name that are shown unless the user says otherwise.
const FUNCTIONS: usize = 5;

const EXAMPLES: &str = "\
Examples:
  hotcold profile annotate parse_line                 the function's source, with the time of each line
  hotcold profile annotate src/parser.py              the hot lines of a file
  hotcold profile annotate Lexer::next old.pb.gz --context 2
  hotcold profile annotate work --source-dir /build/app=.   the program was built elsewhere
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Function or source file to show
    ///
    /// A function is named by its full name, the last part of it (`push` for `Vec<T>::push`) or a regular expression; a file by its path
    /// or the end of it.
    #[arg(value_name = "FUNCTION|PATH")]
    what: String,
    /// Recording to read; `-` for standard input
    #[arg(value_name = "FILE", default_value = crate::profile::DEFAULT_FILE)]
    file: PathBuf,
    /// Show N lines around each line with time [default: whole functions; of files 3]
    ///
    /// Samples count for the line where the innermost frame stands, inlined or not; cumtime includes what the line called. time% is cumtime
    /// as a share of all that is shown; lines from 10 % are marked.
    #[arg(long, value_name = "N")]
    context: Option<u32>,
    /// Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it
    ///
    /// With DIR alone, as much of the end of the recorded path is used as exists there. Several are tried in their order.
    #[arg(long, value_name = "OLD=NEW|DIR", value_parser = moved)]
    source_dir: Vec<Moved>,
    /// Show at most N functions of one name; 0 for all
    #[arg(long, value_name = "N", default_value_t = FUNCTIONS)]
    limit: usize,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let profile = recording::load_stacks(&args.file, args.select.event(), "annotate the source")?;
    table_options::require_samples(&profile, &args.file.display().to_string())?;
    let profile = args.select.apply(profile)?;
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    let annotation = annotate::annotate(&profile, &args.what, limit)?;
    let sources = Sources { moved: args.source_dir.clone() };
    let find = |section: &annotate::Section| sources.find(section.file, profile.recording.started);
    let found: Vec<Source> = annotation.sections.iter().map(find).collect();
    if global.json {
        json::annotate(&mut streams.out, &profile, &annotation, &found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = table_options::style_out(streams);
    header::write(&mut streams.out, &profile, style)?;
    for (section, source) in annotation.sections.iter().zip(&found) {
        writeln!(streams.out)?;
        write(&mut streams.out, section, source, annotation.totals, args.context, style)?;
    }
    if annotation.left_out > 0 {
        let more =
            units::plural(annotation.left_out as u64, "function or file matches", "functions or files match");
        writeln!(streams.out, "\n{more}, too; --limit 0 shows all")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn moved(text: &str) -> Result<Moved, String> {
    match text.split_once('=') {
        Some(("", _)) => Err("nothing stands before `=`".to_owned()),
        Some((old, new)) => {
            Ok(Moved::From(old.to_owned(), PathBuf::from(if new.is_empty() { "." } else { new })))
        }
        None if Path::new(text).is_dir() => Ok(Moved::Into(PathBuf::from(text))),
        None => Err("not a directory, nor OLD=NEW".to_owned()),
    }
}
