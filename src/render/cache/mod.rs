//! Caches as text and JSON.

pub mod check;
pub mod json;
pub mod list;
pub mod policy;
pub mod removal;
pub mod scan;
pub mod show;
pub mod stats;
pub mod watch;
