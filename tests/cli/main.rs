//! One integration-test binary.

// Helpers of tests are tests; clippy knows only the functions marked as such.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod annotate;
mod backend;
mod cache_attack;
mod cache_check;
mod cache_datasets;
mod cache_fixtures;
mod cache_hostile;
mod cache_hub;
mod cache_joblib;
mod cache_killed;
mod cache_kinds;
mod cache_lfs;
mod cache_list;
mod cache_looking;
mod cache_npm;
mod cache_pip;
mod cache_plain;
mod cache_policy;
mod cache_presets;
mod cache_removal;
mod cache_requests;
mod cache_scan;
mod cache_show;
mod cache_stats;
mod cache_stores;
mod cache_streamlit;
mod cache_usage;
mod cache_uv;
mod cache_watch;
mod cache_web;
mod checkpoints;
mod completions;
mod diff;
mod doctor;
mod dump;
mod exact;
mod flamegraph;
mod formats;
mod harness;
mod help;
mod html;
mod man;
mod pickle;
mod pstats;
mod python;
mod python_names;
mod record;
mod report;
mod run;
mod streamlit;
mod top;
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
#[path = "top.rs"]
mod top_without_perf;
#[allow(clippy::duplicate_mod)]
#[path = "wall.rs"]
mod wall_without_perf;
