//! What can be profiled on this machine, what cannot, why, and what changes it.
//!
//! [`gather`] collects [`Facts`] from a [`Machine`] by really trying, [`evaluate`] turns them into a [`Diagnosis`]
//! without touching anything.

mod evaluate;
mod facts;
mod privileges;
pub mod probe;

pub use evaluate::{Abilities, Attach, Backend, Check, Diagnosis, Frames, State, evaluate};
pub use facts::{Attempt, Facts, Kallsyms, LibcDebug, Limit, Machine, Scope, Seccomp, gather};
pub use probe::ThisMachine;
