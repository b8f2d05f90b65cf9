//! What happens between the end of a recording and the prompt: name, save, draw, print. The outputs are opened before the
//! recording begins, so that a mistyped path does not cost one.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::ProgressBar;

use super::{
    Streams,
    args::Global,
    checkpoints::{Background, Journal, Place, Saver, Screen},
    record_options::RecordArgs,
    table_options::{self, TableArgs, TableOptions},
};
use crate::{
    profile::{
        format::{log::Log, save::Output},
        model::{Profile, Recording},
        raw::RawProfile,
        symbolize,
    },
    render::{
        Style,
        flamegraph::{self, Flamegraph},
    },
    units,
};

/// The outputs of a recording, ready to be written.
pub(super) struct Answer {
    /// Those of the recording while it goes on; they share the place where it is saved.
    pub(super) checkpoints: Background,
    flamegraph: Option<Output>,
    table: Table,
    options: TableOptions,
}

/// Where the table goes.
pub(super) enum Table {
    /// Standard output.
    Out,
    /// Standard error, as standard output is the program's.
    Err,
    /// A file.
    File(Output),
}

impl Table {
    /// Where the user wants it, else `otherwise`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn chosen(record: &RecordArgs, otherwise: Self) -> anyhow::Result<Self> {
        Ok(match &record.table_to {
            None => otherwise,
            Some(path) if path == Path::new("-") => Self::Out,
            Some(path) => Self::File(Output::create_derived(path)?),
        })
    }

    /// How to write it.
    pub(super) fn style(&self, streams: &Streams) -> Style {
        match self {
            Self::Out => table_options::style_out(streams),
            Self::Err => table_options::style_err(streams),
            Self::File(_) => table_options::style_file(),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written; who closes the pipe has read enough.
    pub(super) fn write(&mut self, text: &[u8], streams: &mut Streams) -> anyhow::Result<()> {
        let written = match self {
            Self::Out => streams.out.write_all(text).and_then(|()| streams.out.flush()),
            Self::Err => streams.err.write_all(text),
            Self::File(output) => return Ok(output.commit(text)?),
        };
        match written {
            // The program ended no differently for it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }
}

impl Answer {
    /// Opens the outputs; the table goes to `table_to` unless the user names a file. `line` is the progress that checkpoints
    /// are printed past.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub(super) fn prepare(
        record: &RecordArgs,
        table: &TableArgs,
        global: &Global,
        table_to: Table,
        line: Option<ProgressBar>,
        streams: &Streams,
    ) -> anyhow::Result<Self> {
        let derived = |path: &PathBuf| Output::create_derived(path);
        let screen = Screen::new(line, streams);
        let journal = match (record.every, &record.log) {
            (None, _) => None,
            (_, Some(path)) => Some((Place::Log(Log::open(path)?), table_options::style_file())),
            _ if matches!(table_to, Table::Out) => Some((Place::Out, table_options::style_out(streams))),
            _ => Some((Place::Err, table_options::style_err(streams))),
        };
        let journal = journal
            .map(|(place, style)| Journal::new(place, table.options(global.json), style, screen.clone()));
        let recording = if record.no_save { None } else { Some(Output::create(&record.output)?) };
        // JSON for a log alone leaves standard error to people.
        let symbols = symbolize::Options { native_frames: record.native_frames.into(), ..Default::default() };
        let json = global.json && (record.table_to.is_some() || matches!(table_to, Table::Out));
        Ok(Self {
            checkpoints: Background::new(Saver::new(recording, symbols), journal, screen),
            flamegraph: record.flamegraph.as_ref().map(derived).transpose()?,
            table: Table::chosen(record, table_to)?,
            options: table.options(json),
        })
    }

    /// Writes all of them. The recording comes first: whatever fails later can be had from it.
    ///
    /// # Errors
    /// The first output that could not be written; the table is printed all the same where that is possible.
    pub(super) fn give(mut self, raw: RawProfile, streams: &mut Streams) -> anyhow::Result<()> {
        let progress = super::progress::working(streams);
        let mut saver = self.checkpoints.finish();
        let profile = saver.name(&raw, &*progress);
        progress.finish();
        let saved = save(&mut saver, &profile, streams);
        drop(saver);
        let saved = saved.and(self.checkpoints.log_the_last(raw, &profile));
        if profile.samples.is_empty() && profile.waits.is_empty() {
            streams.warn(&no_samples(&profile));
            // A script waits for its document all the same.
            let printed = if self.options.json() { self.print(&profile, streams) } else { Ok(()) };
            return saved.and(printed);
        }
        let drawn = self.draw(&profile, streams);
        let printed = self.print(&profile, streams);
        saved.and(drawn).and(printed)
    }

    fn draw(&mut self, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
        let Some(output) = &mut self.flamegraph else { return Ok(()) };
        let mut svg = Vec::new();
        flamegraph::write(&mut svg, &self.options.part().of(profile), &Flamegraph::default())?;
        output.commit(&svg)?;
        streams.tell(&format!("wrote the flamegraph to {}", output.path().display()));
        Ok(())
    }

    fn print(&mut self, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
        let mut text = Vec::new();
        table_options::print(&mut text, profile, &self.options, self.table.style(streams))?;
        self.table.write(&text, streams)
    }
}

fn save(saver: &mut Saver, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
    if let Some((output, size)) = saver.save(profile)? {
        let size = units::bytes(size);
        streams.tell(&format!("saved the recording to {} ({size})", output.path().display()));
    }
    Ok(())
}

/// So many samples do not fail to come by chance.
const CERTAIN_SAMPLES: u64 = 30;

/// Samples that the CPU time used is worth.
fn likely_samples(recording: &Recording) -> u64 {
    let cpu_ns = recording.visible_cpu_ns().unwrap_or(0);
    (u128::from(cpu_ns) * u128::from(recording.rate_hz) / 1_000_000_000) as u64
}

fn no_samples(profile: &Profile) -> String {
    let recording = &profile.recording;
    let time = |ns: Option<u64>| units::duration(Duration::from_nanos(ns.unwrap_or(0)));
    let user = time(recording.user_cpu_ns);
    match recording.unseen_kernel_ns() {
        Some(unseen) if unseen > 0 => {
            let unseen = time(Some(unseen));
            format!(
                "no samples: {user} of user CPU time, and {unseen} in the kernel that this user may not sample"
            )
        }
        _ if likely_samples(recording) > CERTAIN_SAMPLES => {
            let all = time(recording.visible_cpu_ns());
            format!(
                "no samples of {all} of CPU time: the kernel shows users no program that has privileges of its own, as `sudo` has, or \
                 that they may execute but not read; root can record it"
            )
        }
        _ => {
            let all = time(recording.visible_cpu_ns());
            format!("no samples: the program used {all} of CPU time; a higher --rate or more work gives some")
        }
    }
}
