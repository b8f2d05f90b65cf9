//! Turns domain values into text. Writes to an `io::Write` it is given; opens nothing, decides nothing.

pub mod annotate;
pub mod cache;
pub mod calls;
pub mod checkpoint;
pub mod diff;
pub mod doctor;
pub mod dump;
pub mod edges;
pub mod flamegraph;
pub mod header;
pub mod html;
pub mod json;
pub mod table;
pub mod text;
pub mod top;
pub mod tree;

#[cfg(test)]
mod tests;

/// What the reader of the text can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Columns to fit into; `None` for names in full, as in a pipe.
    pub width: Option<u16>,
    /// Whether escape sequences for colours are understood.
    pub colour: bool,
    /// Whether text from outside must be kept from driving the terminal.
    pub escape: bool,
    /// Whether characters outside ASCII can be drawn.
    pub unicode: bool,
}

impl Style {
    fn plus_minus(self) -> &'static str {
        if self.unicode { "±" } else { "+/-" }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
