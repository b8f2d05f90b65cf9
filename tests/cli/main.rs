//! One integration-test binary.

#[path = "../support/mod.rs"]
mod support;

mod completions;
mod flamegraph;
mod report;
