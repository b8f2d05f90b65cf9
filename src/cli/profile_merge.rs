//! `hotcold profile merge`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Streams, args::Global, recording, select_options::SelectArgs, table_options};
use crate::{
    profile::{
        format::{pprof, save::Output},
        merge::merge,
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
    let mut profiles: Vec<Profile> = Vec::new();
    for path in &args.files {
        let profile = recording::load_stacks(path, "merge the samples")?;
        table_options::require_samples(&profile, &path.display().to_string())?;
        profiles.push(args.select.apply(profile)?);
        streams.tell(&format!("read {}", path.display()));
    }
    let merged = merge(&profiles)?;
    if args.output == Path::new("-") {
        pprof::write_to(&merged, &mut streams.out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = Output::create(&args.output)?;
    output.commit_with(&mut |w| pprof::write_to(&merged, w))?;
    let many = units::plural(profiles.len() as u64, "recording", "recordings");
    streams.note(&format!("merged {many} into {}", args.output.display()));
    Ok(ExitCode::SUCCESS)
}
