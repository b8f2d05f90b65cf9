//! `hotcold profile merge`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, args::Global, select_options::SelectArgs};
use crate::{
    profile::{
        Error,
        calls::{CallGraph, Measurements},
        format::{pprof, save::Output},
        merge::{merge, merge_calls},
        model::Profile,
    },
    units,
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile merge a.pb.gz b.pb.gz c.pb.gz -o all.pb.gz
  hotcold profile merge day/*.pb.gz -o - | hotcold profile report -
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recordings to put together; `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Save the merged recording to FILE; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    select: SelectArgs,
}

pub(super) fn run(args: &Args, _global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let (mut profiles, mut graphs): (Vec<Profile>, Vec<CallGraph>) = (Vec::new(), Vec::new());
    for path in &args.files {
        match args.select.load(path)? {
            Measurements::Sampled(profile) => profiles.push(profile),
            Measurements::Traced(graph) => graphs.push(graph),
        }
        streams.tell(&format!("read {}", path.display()));
    }
    let merged = match (profiles.is_empty(), graphs.is_empty()) {
        (_, true) => Measurements::Sampled(merge(&profiles)?),
        (true, _) => Measurements::Traced(merge_calls(&graphs)?),
        _ => return Err(Error::MixedKinds.into()),
    };
    let write = |w: &mut dyn Write| match &merged {
        Measurements::Sampled(profile) => pprof::write_to(profile, w),
        Measurements::Traced(graph) => pprof::write_calls_to(graph, w),
    };
    if args.output == Path::new("-") {
        write(&mut streams.out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = Output::create(&args.output)?;
    output.commit_with(&mut |w| write(w))?;
    let many = units::plural(args.files.len() as u64, "recording", "recordings");
    streams.note(&format!("merged {many} into {}", args.output.display()));
    Ok(ExitCode::SUCCESS)
}
