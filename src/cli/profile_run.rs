//! `hotcold profile run`.

use std::{
    ffi::OsString, os::unix::process::ExitStatusExt, process::ExitCode, process::ExitStatus, time::SystemTime,
};

use super::{
    Streams,
    after_recording::{Answer, Table},
    args::Global,
    exact_counting, exit,
    progress::RunProgress,
    record_options::RecordArgs,
    table_options::TableArgs,
};
use crate::profile::{
    Error,
    session::{self, Program, Recorded, Redirect},
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile run -- ./my-program --its-own-flag  table on standard error, recording saved
  hotcold profile run --flamegraph my.svg ./my-program
  cat words | hotcold profile run sort | head         its input and output stay its own
  hotcold profile run --table-to t.json --json make test
  hotcold profile run --every 30s --log hot.log ./my-server
  hotcold profile run --exact -- python app.py        counts calls, as cProfile does
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Program to run, and its arguments; all that follows PROGRAM is the program's own
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
    /// Count the calls of Python programs exactly, instead of sampling
    ///
    /// Every CPython (3.9 or later) that the program starts runs its own profiler, cProfile, in all its threads, and the table has
    /// ncalls and percall. The times are perturbed: every call takes longer, so that small functions look larger than they are.
    /// Interpreters started with -I, -E or -S are not reached, and a process that is killed leaves nothing.
    #[arg(
        long,
        conflicts_with_all = ["duration", "every", "system_wide", "flamegraph", "tree", "by", "inlines"]
    )]
    exact: bool,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    table: TableArgs,
}

/// hotcold itself failed, not the program.
pub(super) const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let checked = args.record.check_run(global.json);
    let checked = if args.exact { checked.and_then(|()| args.table.check_calls()) } else { checked };
    if let Err(error) = checked {
        exit::report(&error, streams);
        return Ok(exit::usage());
    }
    let done = if args.exact { count(args, global, streams) } else { record(args, global, streams) };
    match done {
        Ok(code) => Ok(code),
        Err(error) => {
            exit::report(&error, streams);
            Ok(ExitCode::from(failure_code(&error)))
        }
    }
}

fn record(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let mut progress = RunProgress::new(streams);
    let mut answer = Answer::prepare(&args.record, &args.table, global, Table::Err, None, streams)?;
    let options = args.record.options(SystemTime::now());
    let report = &mut |status| progress.update(status);
    let recorded =
        session::run(&args.program, &Redirect::default(), &options, report, &mut answer.checkpoints);
    let Recorded { raw, program, outlived, .. } = recorded?;
    // Whatever goes wrong from here on, the program is not left behind.
    let answered = answer.give(raw, streams);
    if !outlived.is_empty() {
        streams.note(&outlived_note(&outlived));
    }
    if let Err(error) = &answered {
        exit::report(error, streams);
    }
    let status = match program {
        Program::Ended(ended) => ended.status,
        Program::Running(program) => program.wait().status,
        Program::Left { .. } => ExitStatus::default(),
    };
    Ok(ExitCode::from(if answered.is_err() { FAILED } else { code_of(status) }))
}

fn count(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let answer = exact_counting::Answer::prepare(&args.record, &args.table, global)?;
    let counting = exact_counting::run(&args.program, &args.record)?;
    let answered = answer.give(&counting, streams);
    if !counting.outlived.is_empty() {
        streams.note(&outlived_note(&counting.outlived));
    }
    if let Err(error) = &answered {
        exit::report(error, streams);
    }
    Ok(ExitCode::from(if answered.is_err() { FAILED } else { code_of(counting.ended.status) }))
}

/// The program's own code; 128 and the signal's number when a signal ended it, as shells tell it.
pub(super) fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED)
}

/// The code of what has kept a program from running, or its recording from being shown.
pub(super) fn failure_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Error>() {
        Some(Error::Launch { missing: true, .. }) => NOT_FOUND,
        Some(Error::Launch { .. }) => NOT_EXECUTABLE,
        _ => FAILED,
    }
}

/// A line about processes that were left.
pub(super) fn outlived_note(pids: &[u32]) -> String {
    let list: Vec<String> = pids.iter().map(u32::to_string).collect();
    let (noun, verb) = match pids {
        [_] => ("a process", "runs and is"),
        _ => ("processes", "run and are"),
    };
    let list = list.join(", ");
    format!("{noun} of the program still {verb} not recorded any more: {list}; --wait-children waits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_becomes_128_and_its_number() {
        for (raw, code) in [(0, 0), (3 << 8, 3), (11, 139), (15, 143), (9, 137)] {
            assert_eq!(code_of(ExitStatus::from_raw(raw)), code);
        }
    }
}
