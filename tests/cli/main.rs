//! One integration-test binary.

#[path = "../support/mod.rs"]
mod support;

mod cache_fixtures;
mod cache_list;
mod cache_removal;
mod cache_stats;
mod completions;
mod doctor;
mod flamegraph;
mod harness;
mod help;
mod man;
mod pickle;
mod report;
