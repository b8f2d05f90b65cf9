//! One integration-test binary.

#[path = "../support/mod.rs"]
mod support;

mod completions;
mod doctor;
mod harness;
mod help;
mod man;
mod flamegraph;
mod report;
