//! Recording, symbolizing, aggregating and saving stack samples.

pub mod aggregate;
pub mod doctor;
pub mod error;
pub mod format;
pub mod model;
pub mod raw;
pub mod stack;
pub mod symbolize;

pub use error::Error;
