//! `hotcold profile attach`.

use std::{process::ExitCode, time::SystemTime};

use super::{
    Streams,
    after_recording::{Answer, Table},
    args::Global,
    exit,
    progress::AttachProgress,
    record_options::RecordArgs,
    table_options::TableArgs,
};
use crate::profile::session;

const EXAMPLES: &str = "\
Examples:
  hotcold profile attach -p 4711                      until Ctrl-C or the end of process 4711
  hotcold profile attach -p $(pgrep -o my-server) --duration 30s --flamegraph now.svg
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Process to record, with its threads and children
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: u32,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    table: TableArgs,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    if let Err(error) = args.record.check_attach() {
        exit::report(&error, streams);
        return Ok(exit::usage());
    }
    let mut progress = AttachProgress::new(streams, args.pid);
    let line = progress.line();
    let mut answer = Answer::prepare(&args.record, &args.table, global, Table::Out, line, streams)?;
    let options = args.record.options(SystemTime::now());
    let report = &mut |status| progress.update(status);
    let recorded = session::attach(args.pid, &options, report, &mut answer.checkpoints);
    progress.finish();
    answer.give(recorded?.raw, streams)?;
    Ok(ExitCode::SUCCESS)
}
