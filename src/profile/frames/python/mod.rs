//! CPython 3.9 to 3.15: what its threads are running, read from its memory while it runs.
//!
//! Nothing is believed because it is there: the structures' offsets are those of a known version, and they are tried on the
//! running interpreter before they are used (`interpreter`); what they lead to is read with a bound on everything, and
//! compared with what the sample itself shows (`fit`).

mod code;
mod fit;
pub mod functions;
mod interpreter;
pub mod lines;
mod objects;
mod offsets;
mod reader;
#[cfg(test)]
mod tests;

pub use functions::{Functions, PythonFunction};
pub use interpreter::{Interpreter, Readiness, Refusal, Symbols, Version, examine};
pub use reader::Reader;
