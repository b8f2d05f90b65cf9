//! Standard streams as a value, so that a command can be run inside a test.

use std::io::{self, IsTerminal, Write};

use super::args::{ColorChoice, Global};

/// One fact for each of the two output streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerStream<T> {
    /// Standard output.
    pub out: T,
    /// Standard error.
    pub err: T,
}

/// Where the answer goes (`out`) and where everything about getting it goes (`err`).
pub struct Streams {
    /// Standard output, buffered; flushed at the end of a command.
    pub out: Box<dyn Write>,
    /// Standard error.
    pub err: Box<dyn Write>,
    /// Which of them is a terminal.
    pub terminal: PerStream<bool>,
    /// Which of them gets colour.
    pub colour: PerStream<bool>,
    /// Columns of the terminal that a table may use; `None` in a pipe.
    pub width: PerStream<Option<u16>>,
    quiet: u8,
    verbose: bool,
}

impl Streams {
    /// The streams of this process.
    pub fn real() -> Self {
        let terminal = PerStream { out: io::stdout().is_terminal(), err: io::stderr().is_terminal() };
        let width = PerStream {
            out: terminal.out.then(|| columns(&io::stdout())).flatten(),
            err: terminal.err.then(|| columns(&io::stderr())).flatten(),
        };
        let mut streams = Self {
            out: Box::new(io::BufWriter::new(StandardOutput(io::stdout()))),
            err: Box::new(io::stderr()),
            terminal,
            colour: PerStream::default(),
            width,
            quiet: 0,
            verbose: false,
        };
        streams.choose_colour(ColorChoice::Auto);
        streams
    }

    pub(super) fn configure(&mut self, global: &Global) {
        self.quiet = global.quiet;
        self.verbose = global.verbose;
        self.choose_colour(global.color);
    }

    fn choose_colour(&mut self, choice: ColorChoice) {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let forced = set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0");
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let decide = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if forced => true,
            ColorChoice::Auto => terminal && !dumb,
        };
        self.colour = PerStream { out: decide(self.terminal.out), err: decide(self.terminal.err) };
    }

    /// A line about the work, dropped by `-q`.
    pub(super) fn note(&mut self, text: &str) {
        if self.quiet == 0 {
            let _ = writeln!(self.err, "note: {text}");
        }
    }

    /// A line about something that makes the answer less than it should be, dropped by `-qq`.
    pub(super) fn warn(&mut self, text: &str) {
        if self.shows_warnings() {
            let _ = writeln!(self.err, "warning: {text}");
        }
    }

    /// Whether [`warn`](Self::warn) says anything.
    pub(super) fn shows_warnings(&self) -> bool {
        self.quiet < 2
    }

    /// A line for `-v`.
    pub(super) fn tell(&mut self, text: &str) {
        if self.verbose {
            let _ = writeln!(self.err, "{text}");
        }
    }

    /// Whether only failures are worth a line.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Whether progress may be drawn on standard error.
    pub(super) fn shows_progress(&self) -> bool {
        self.terminal.err && self.quiet == 0
    }
}

/// Standard output, named by the errors of writing to it.
struct StandardOutput(io::Stdout);

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(CannotWrite::wrap)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(CannotWrite::wrap)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct CannotWrite(#[source] io::Error);

impl CannotWrite {
    fn wrap(error: io::Error) -> io::Error {
        io::Error::new(error.kind(), Self(error))
    }
}

fn columns(stream: &impl std::os::fd::AsFd) -> Option<u16> {
    rustix::termios::tcgetwinsize(stream).ok().map(|size| size.ws_col).filter(|&columns| columns > 0)
}
