//! Recording, symbolizing, aggregating and saving stack samples.

pub mod aggregate;
pub mod calls;
pub mod doctor;
pub mod error;
pub mod format;
pub mod frames;
pub mod interval;
pub mod merge;
pub mod model;
pub mod process;
pub mod raw;
pub mod record;
pub mod select;
pub mod session;
pub mod source;
pub mod stack;
pub mod symbolize;
pub mod target;
pub mod view;

pub use error::Error;

/// Where a recording is saved, and read from, unless the user says otherwise.
pub const DEFAULT_FILE: &str = "hotcold.pb.gz";
