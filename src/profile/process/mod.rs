//! The recorded processes: what they have mapped, how their stacks unwind, and what was seen of them.

pub mod arch;
mod elf;
mod maps;
pub(in crate::profile) mod memory;
mod modules;
mod parts;
mod python;
mod python_symbols;
pub(in crate::profile) mod samples;
pub(in crate::profile) mod table;
pub(in crate::profile) mod thread_files;
mod thread_names;
mod unwind;

pub use maps::{parse_maps, read_maps};
pub use table::ProcessTable;
