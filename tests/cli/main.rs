//! One integration-test binary.

// Helpers of tests are tests; clippy knows only the functions marked as such.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod backend;
mod cache_check;
mod cache_fixtures;
mod cache_hostile;
mod cache_list;
mod cache_looking;
mod cache_removal;
mod cache_show;
mod cache_stats;
mod cache_watch;
mod checkpoints;
mod completions;
mod doctor;
mod dump;
mod flamegraph;
mod harness;
mod help;
mod man;
mod pickle;
mod python;
mod record;
mod report;
mod run;
mod wall;

// The same once more on a machine that refuses perf events: their results do not depend on what records.
#[allow(clippy::duplicate_mod)]
#[path = "python.rs"]
mod python_without_perf;
#[allow(clippy::duplicate_mod)]
#[path = "record.rs"]
mod record_without_perf;
#[allow(clippy::duplicate_mod)]
#[path = "run.rs"]
mod run_without_perf;
#[allow(clippy::duplicate_mod)]
#[path = "wall.rs"]
mod wall_without_perf;
