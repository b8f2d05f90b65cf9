//! Caches as text and JSON.

pub mod json;
pub mod list;
pub mod stats;
