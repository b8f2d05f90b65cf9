//! Turns domain values into text. Writes to an `io::Write` it is given; opens nothing, decides nothing.

pub mod doctor;
pub mod text;
