//! Rows and trees of a [`Profile`]. Pure: the same profile gives the same result, in the same order.
//!
//! Every sum is made over the stack tree with one array per number, never by walking each sample's stack.
//!
//! * *tottime* of a function is the weight of the samples whose innermost frame is the function. An inlined frame is not
//!   a function of its own: its time belongs to the function it was inlined into, as the symbol table has it, and is shown
//!   apart as that function's child row where [`Selection::inlines`] asks for it. In [`By::Line`] the innermost frame counts as
//!   it is, because a line has no such ambiguity.
//! * *cumtime* is the weight of the samples with the row anywhere in the stack, once per sample even under recursion.
//! * A marker such as `[truncated]` stands for frames that are missing. It is not the caller of what is above it, so its cumtime is
//!   its tottime and it has a row only where it is a leaf.

pub mod annotate;
mod call_graph;
pub mod diff;
pub mod edges;
pub mod error_bar;
pub mod excerpt;
pub mod flame;
mod gil;
mod inverted;
pub(in crate::profile) mod keys;
mod lines;
pub mod live;
mod named;
mod rows;
#[cfg(test)]
pub(crate) mod sketch;
mod sums;
#[cfg(test)]
mod tests;
mod traced;
mod traced_edges;
pub mod tree;
mod waits;
mod weighed;

use regex::Regex;

pub use call_graph::{call_graph, call_lines};
pub use gil::{GilShares, gil_shares, recent_gil_shares, tell_gil_waits};
pub use inverted::inverted_tree;
pub use lines::{FunctionKey, own_lines};
pub use rows::{Row, Subject, Table, Times, rows};
pub use traced::{TracedRow, TracedTable, traced_rows};
pub use traced_edges::{TracedEdges, traced_edges};
pub use tree::{Call, CallTree, call_tree};
pub use waits::{IDLE, WALL_UNIT_NS, WaitTotals, Waited, wait_label, wait_totals, wall};
pub use weighed::weighed;

use super::model::{Origin, Profile, Unit};

/// Shown where the module or name of a row is not known.
pub const UNKNOWN: &str = "[unknown]";

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// A function.
    #[default]
    Function,
    /// A source line of a function.
    Line,
    /// A file with code in it, or the kernel.
    Module,
    /// A thread.
    Thread,
    /// A process.
    Process,
}

/// What rows are ordered by: numbers from high to low, names from a to z. Ties fall to the other numbers and then to the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Time in the row itself, on a processor and waiting; where waiting was not recorded the same as [`Sort::Tottime`].
    #[default]
    Time,
    /// Time on a processor in the row itself.
    Tottime,
    /// Time of waiting in the row itself.
    Wait,
    /// Time in the row and everything it called.
    Cumtime,
    /// Number of calls, which only exact recordings know.
    Ncalls,
    /// Number of samples.
    Samples,
    /// Name.
    Name,
}

/// Which rows to show. The totals that shares refer to are always those of the whole profile.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What a row stands for; a call tree is always by function.
    pub by: By,
    /// Order of the rows; a call tree is always ordered by cumtime.
    pub sort: Sort,
    /// At most this many rows, or in a call tree the calls with the most time; `None` for all.
    pub limit: Option<usize>,
    /// Leave out rows with less than this share (0 to 1) of the total: of cumtime when sorted by it and in a call tree, else of
    /// tottime.
    pub min_share: f64,
    /// Keep rows whose function, file or module matches; in a call tree, the stacks that contain a match.
    pub filter: Option<Regex>,
    /// Show inlined functions as children of the function they were inlined into.
    pub inlines: bool,
    /// Show what idle threads wait for, which otherwise is one row.
    pub idle: bool,
}

/// The whole profile in two numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of samples.
    pub samples: u64,
    /// What they stand for, in nanoseconds.
    pub ns: u64,
    /// What stands for nanoseconds, here and in everything that is a share of it.
    pub unit: Unit,
    /// Whether what is counted are no samples: [`Recording::tallied`](crate::profile::model::Recording::tallied).
    pub tallied: bool,
}

impl Totals {
    /// The totals of a profile.
    pub fn of(profile: &Profile) -> Self {
        let (unit, tallied) = (profile.recording.unit, profile.recording.tallied);
        let none = Self { unit, tallied, ..Self::default() };
        profile.samples.iter().fold(none, |sum, s| Self {
            samples: sum.samples.saturating_add(s.count),
            ns: sum.ns.saturating_add(s.weight_ns),
            ..sum
        })
    }

    /// `ns` as a share (0 to 1) of the whole; 0 of an empty profile.
    pub fn share(&self, ns: u64) -> f64 {
        if self.ns == 0 { 0.0 } else { ns as f64 / self.ns as f64 }
    }
}

/// A function, or a place in one, with everything a reader can tell it apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place<'p> {
    /// Function name for people.
    pub name: &'p str,
    /// Source file, or empty.
    pub file: &'p str,
    /// The line, or the first line of the function; 0 where not known.
    pub line: u32,
    /// Path of the module, or empty.
    pub module: &'p str,
    /// Where the code comes from.
    pub origin: Origin,
}

impl Place<'_> {
    /// Whether the function, the file or the module matches.
    pub fn matches(&self, filter: &Regex) -> bool {
        filter.is_match(self.name) || filter.is_match(self.file) || filter.is_match(self.module)
    }
}
