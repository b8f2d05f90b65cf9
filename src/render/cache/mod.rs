//! What the cache commands print.

pub mod check;
