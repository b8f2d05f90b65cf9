//! `hotcold profile dump`.

use std::{process::ExitCode, time::SystemTime};

use super::{Streams, args::Global, progress, record_options::NativeFrames, table_options};
use crate::{
    profile::{session, symbolize},
    render::dump,
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile dump -p 4711                        what each thread is doing, and what it waits for
  hotcold profile dump -p 4711 --json | jq '.threads[] | {tid, state, waits_for}'
";

/// Print the stacks of all threads of a process, now and once
///
/// Threads that wait are not stopped; those that run are, for as long as it takes to copy their stacks.
#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Process to look at
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: u32,
    /// Functions of an interpreter to show: all, merged or none
    #[arg(long, value_name = "WHICH", default_value = "merged", hide_possible_values = true)]
    native_frames: NativeFrames,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let raw = session::dump(args.pid, SystemTime::now())?;
    let options = symbolize::Options { native_frames: args.native_frames.into(), ..Default::default() };
    let progress = progress::working(streams);
    let profile = symbolize::symbolize(&raw, &options, &*progress);
    progress.finish();
    if global.json {
        dump::json(&mut streams.out, &profile)?;
    } else {
        let style = table_options::style_out(streams);
        dump::text(&mut streams.out, &profile, style)?;
    }
    Ok(ExitCode::SUCCESS)
}
