//! One tool, two pipelines.
//!
//! A profile goes `target -> record -> process (unwind) -> symbolize -> aggregate -> render`, and through `format`
//! to and from files. A cache goes `locate -> store -> plan -> act -> render`.
//!
//! Imports point one way: `main -> cli -> render -> {profile, cache} -> {units, progress, signals}`.
//! `profile` and `cache` never import each other. `tests/architecture.rs` enforces this.

pub mod cache;
pub mod cli;
pub mod profile;
pub mod progress;
pub mod render;
pub mod signals;
pub mod units;
