//! How long-running domain code reports progress without knowing about terminals.

/// Receives how far a piece of work has come.
pub trait Progress {
    /// The work as of now, in a short line of text made by the caller.
    fn update(&self, line: &str);
    /// The work has ended; whatever is shown disappears.
    fn finish(&self);
}

/// Reports nothing; for tests, `--quiet`, and output that is not a terminal.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn update(&self, _line: &str) {}
    fn finish(&self) {}
}
