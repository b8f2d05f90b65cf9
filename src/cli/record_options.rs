//! The flags that say how to record; shared by `run` and `attach`.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::bail;

use crate::profile::{
    DEFAULT_FILE,
    session::{Choice, Options},
    symbolize,
};

/// How to record and where to put it.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Recording")]
pub(super) struct RecordArgs {
    /// File to save the recording to
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE, env = "HOTCOLD_OUTPUT", hide_env_values = true)]
    pub(super) output: PathBuf,
    /// Do not save the recording
    #[arg(long)]
    pub(super) no_save: bool,
    /// Samples per second of CPU time
    ///
    /// Rates below 500 miss programs that run for a few milliseconds; see the coverage in the header of the table.
    #[arg(short, long, value_name = "HZ", default_value_t = 997, value_parser = rate(), env = "HOTCOLD_RATE", hide_env_values = true)]
    pub(super) rate: u64,
    /// Stop recording after this long, for example 10s or 2m
    ///
    /// The table is printed then. A program that was started by hotcold goes on, and hotcold waits for it.
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    pub(super) duration: Option<Duration>,
    /// Print a table every TIME while the program runs, and save that much
    ///
    /// Each time there is a table of the interval and one of the whole so far, with --json a line of JSON with both. Recording
    /// goes on meanwhile; a checkpoint that comes due while the one before is being written is skipped. TIME is a second or more.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(super) every: Option<Duration>,
    /// Append the tables of --every to a file
    ///
    /// It gets the last interval, too, when the recording ends.
    #[arg(long, value_name = "FILE", requires = "every")]
    pub(super) log: Option<PathBuf>,
    /// Watch all processors instead of the program's threads (root)
    ///
    /// Finds processes that live for a few milliseconds without bias. Only the program's own processes are kept.
    #[arg(long, hide_short_help = true)]
    pub(super) system_wide: bool,
    /// Record waiting, too: for locks, I/O, time, children
    ///
    /// The table has the time on a processor and the time of waiting side by side, for each function and what it waits for. Nothing
    /// is stopped for it.
    #[arg(long, conflicts_with = "system_wide")]
    pub(super) wall: bool,
    /// What to record with: auto, perf or ptrace
    ///
    /// `perf` uses the kernel's perf events. `ptrace` stops each running thread for a moment, which works where perf events are
    /// refused: in containers, and for ordinary users of many distributions. `auto` takes the best that works. HOTCOLD_BACKEND sets it.
    ///
    /// Nobody else can trace what ptrace records: no debugger, and not the program itself.
    #[arg(
        long,
        value_name = "BACKEND",
        default_value = "auto",
        hide_possible_values = true,
        env = "HOTCOLD_BACKEND",
        hide_env = true
    )]
    pub(super) backend: BackendChoice,
    /// Go on recording children that outlive the program
    #[arg(long, hide_short_help = true)]
    pub(super) wait_children: bool,
    /// Interpreter's functions: all, merged or none
    ///
    /// Where Python frames are known, the functions that run them say nothing new. What the Python code calls, such as SQLite,
    /// is shown unless none is asked for. HOTCOLD_NATIVE_FRAMES sets it.
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "merged",
        hide_possible_values = true,
        env = "HOTCOLD_NATIVE_FRAMES",
        hide_env = true
    )]
    pub(super) native_frames: NativeFrames,
    /// Draw a flamegraph, too
    #[arg(long, value_name = "SVG")]
    pub(super) flamegraph: Option<PathBuf>,
    /// Print the table to a file
    #[arg(long, value_name = "FILE")]
    pub(super) table_to: Option<PathBuf>,
}

/// What to record with.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(super) enum BackendChoice {
    /// The best that works
    Auto,
    /// Perf events
    Perf,
    /// Stopping each running thread for a moment
    Ptrace,
}

impl From<BackendChoice> for Choice {
    fn from(choice: BackendChoice) -> Self {
        match choice {
            BackendChoice::Auto => Self::Auto,
            BackendChoice::Perf => Self::Perf,
            BackendChoice::Ptrace => Self::Ptrace,
        }
    }
}

/// What to show of an interpreter's own functions.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(super) enum NativeFrames {
    /// Everything
    All,
    /// Python functions and the native ones that they call
    Merged,
    /// Python functions alone
    None,
}

impl From<NativeFrames> for symbolize::NativeFrames {
    fn from(native_frames: NativeFrames) -> Self {
        match native_frames {
            NativeFrames::All => Self::All,
            NativeFrames::Merged => Self::Merged,
            NativeFrames::None => Self::None,
        }
    }
}

const FASTEST: u64 = 20_000;

/// Samples per second.
pub(super) fn rate() -> impl clap::builder::TypedValueParser<Value = u64> {
    clap::value_parser!(u64).range(1..=FASTEST)
}

/// A time that is not nothing.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("it must be longer than nothing".into()) } else { Ok(duration) }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < Duration::from_secs(1) { Err("it must be a second or longer".into()) } else { Ok(interval) }
}

impl RecordArgs {
    /// Refuses what cannot be meant when standard output is the program's, before anything is started.
    pub(super) fn check_run(&self, json: bool) -> anyhow::Result<()> {
        if is_stdout(&self.output) && !self.no_save {
            bail!("cannot save the recording to standard output: it is the program's; name a file");
        }
        if self.flamegraph.as_deref().is_some_and(is_stdout) {
            bail!("cannot draw the flamegraph to standard output: it is the program's; name a file");
        }
        self.check_log()?;
        if json && self.table_to.is_none() && self.log.is_none() {
            bail!("--json needs --table-to FILE: standard output is the program's");
        }
        Ok(())
    }

    /// Refuses to put two things into one standard output.
    pub(super) fn check_attach(&self) -> anyhow::Result<()> {
        self.check_log()?;
        if is_stdout(&self.output) || self.flamegraph.as_deref().is_some_and(is_stdout) {
            bail!("cannot write to standard output: it is the table's; name a file");
        }
        Ok(())
    }

    fn check_log(&self) -> anyhow::Result<()> {
        if self.log.as_deref().is_some_and(is_stdout) {
            bail!("cannot append to standard output: name a file");
        }
        Ok(())
    }

    /// How to record; `now` is the time it starts at.
    pub(super) fn options(&self, now: SystemTime) -> Options {
        Options {
            rate_hz: self.rate,
            duration: self.duration,
            system_wide: self.system_wide,
            wait_children: self.wait_children,
            every: self.every,
            wall: self.wall,
            backend: self.backend.into(),
            now,
        }
    }
}

/// Whether it stands for standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}
