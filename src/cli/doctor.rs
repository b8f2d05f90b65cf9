//! `hotcold doctor`.

use std::process::ExitCode;

use super::{Streams, args::Global};
use crate::{
    profile::doctor::{ThisMachine, evaluate, gather},
    render::doctor::{self, Style},
};

/// Tell what can be profiled here, what cannot, and the command that changes it
///
/// Every check really tries: perf events are opened, rings are mapped, a child is traced. Nothing of it lasts, and
/// nothing is changed. The exit code is 0 where programs can be profiled and 1 where they cannot.
#[derive(clap::Args, Debug)]
#[command(before_long_help = "\
Examples:
  hotcold doctor
  hotcold doctor --json | jq '.checks[] | select(.ok | not) | .fix'")]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let diagnosis = evaluate(&gather(&ThisMachine));
    if global.json {
        doctor::json(&diagnosis, &mut streams.out)?;
    } else {
        let style = Style { colour: streams.colour.out, escape: streams.terminal.out };
        doctor::text(&diagnosis, style, &mut streams.out)?;
    }
    Ok(if diagnosis.can_profile() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
