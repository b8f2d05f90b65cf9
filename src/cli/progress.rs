//! What a person sees while something takes its time: a line on a terminal, nothing anywhere else.

use std::{
    io::{self, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Streams;
use crate::{
    profile::session::Status,
    progress::{Progress, Silent},
    units,
};

/// Progress while a program runs that may write to the same terminal. Whole lines at growing intervals are all that does not get
/// in its way, and none while it has the terminal to itself as editors do. A line that is kept up to date would wipe out a
/// question that the program asks.
pub(super) enum RunProgress {
    /// Nobody is watching.
    Silent,
    /// The next line is due then.
    Lines(Duration),
}

const FIRST_LINE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl RunProgress {
    pub(super) fn new(streams: &Streams) -> Self {
        if streams.shows_progress() { Self::Lines(FIRST_LINE) } else { Self::Silent }
    }

    pub(super) fn update(&mut self, status: Status) {
        if let Self::Lines(due) = self
            && status.elapsed >= *due
        {
            *due = status.elapsed + status.elapsed.min(LONGEST_PAUSE);
            let stderr = io::stderr();
            if takes_lines(&stderr) {
                let _ = writeln!(stderr.lock(), "hotcold: {}", describe(status));
            }
        }
    }
}

/// Progress while a process is recorded whose output goes elsewhere.
pub(super) struct AttachProgress {
    bar: Option<ProgressBar>,
    what: String,
}

impl AttachProgress {
    pub(super) fn new(streams: &Streams, pid: u32) -> Self {
        let what = format!("recording process {pid}, Ctrl-C ends it");
        Self { bar: streams.shows_progress().then(bar), what }
    }

    /// The line on the screen, for those who write past it.
    pub(super) fn line(&self) -> Option<ProgressBar> {
        self.bar.clone()
    }

    pub(super) fn update(&mut self, status: Status) {
        if let Some(bar) = &self.bar {
            show(bar, &self.what, status);
        }
    }

    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Progress for work that is all ours.
pub(super) fn working(streams: &Streams) -> Box<dyn Progress> {
    if streams.shows_progress() { Box::new(Working(bar())) } else { Box::new(Silent) }
}

struct Working(ProgressBar);

impl Progress for Working {
    fn update(&self, line: &str) {
        if self.0.elapsed() >= NOT_WORTH_SHOWING {
            self.0.set_message(line.to_owned());
            self.0.tick();
        }
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

const NOT_WORTH_SHOWING: Duration = Duration::from_secs(1);

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    // Twice a second: enough to see that it lives, and cheap beside a program that is being measured.
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(2)).with_style(style)
}

fn show(bar: &ProgressBar, what: &str, status: Status) {
    if status.elapsed >= NOT_WORTH_SHOWING {
        bar.set_message(format!("{what}: {}", describe(status)));
        bar.tick();
    }
}

fn describe(status: Status) -> String {
    let elapsed = units::duration(Duration::from_secs(status.elapsed.as_secs()));
    let samples = units::plural(status.samples, "sample", "samples");
    format!("{elapsed}, {samples}, {} lost", units::count(status.lost))
}

/// Whether a line may be written to the terminal: programs that draw on it switch line editing off, and a shell that runs a
/// job of its own may have the terminal stop whoever else writes to it.
fn takes_lines(terminal: &io::Stderr) -> bool {
    use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp};
    let in_foreground = tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp());
    in_foreground
        && tcgetattr(terminal).is_ok_and(|settings| settings.local_modes.contains(LocalModes::ICANON))
}
