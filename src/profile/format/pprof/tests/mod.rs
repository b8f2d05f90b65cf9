//! The save format as a whole.

mod canon;
mod foreign;
mod hostile;
mod own;
