//! One integration-test binary.

#[path = "../support/mod.rs"]
mod support;

mod cache_check;
mod cache_fixtures;
mod cache_hostile;
mod cache_list;
mod cache_looking;
mod cache_stats;
mod cache_watch;
mod completions;
mod doctor;
mod flamegraph;
mod harness;
mod help;
mod man;
mod pickle;
mod report;
