//! One integration-test binary.

// Helpers of tests are tests; clippy knows only the functions marked as such.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod completions;
mod doctor;
mod flamegraph;
mod harness;
mod help;
mod man;
mod python;
mod record;
mod report;
mod run;
