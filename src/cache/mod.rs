//! Caches on disk: what is in them, what of it has gone cold, and how it goes away safely.
//!
//! `locate` finds out what a directory is and opens it as a [`store::Store`], which streams [`model::Entry`]s. `select` says
//! which entries are meant, `plan` what would go, `act` makes it so. Only a store knows its kind's files; only the others know why
//! an entry should go. The clock is a parameter everywhere.

pub mod act;
mod confine;
mod crew;
mod error;
pub mod listing;
pub mod locate;
pub mod look;
pub mod meter;
pub mod model;
pub mod pickle;
pub mod plan;
pub mod policy;
pub mod preview;
pub mod safe_delete;
pub mod scan;
pub mod select;
pub mod store;

pub use error::Error;

#[cfg(test)]
pub(crate) mod sketch;
