//! What happens between the end of a recording and the prompt: name, save, draw, print. The outputs are opened before the
//! recording begins, so that a mistyped path does not cost one.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Streams,
    args::Global,
    record_options::RecordArgs,
    table_options::{self, TableArgs, TableOptions},
};
use crate::{
    profile::{
        format::{pprof, save::Output},
        model::Profile,
        raw::RawProfile,
        symbolize,
    },
    render::flamegraph::{self, Flamegraph},
    units,
};

/// The outputs of a recording, ready to be written.
pub(super) struct Answer {
    recording: Option<Output>,
    flamegraph: Option<Output>,
    table: Table,
    options: TableOptions,
    symbols: symbolize::Options,
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

impl Answer {
    /// Opens the outputs; the table goes to `table_to` unless the user names a file.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub(super) fn prepare(
        record: &RecordArgs,
        table: &TableArgs,
        global: &Global,
        table_to: Table,
    ) -> anyhow::Result<Self> {
        let derived = |path: &PathBuf| Output::create_derived(path);
        Ok(Self {
            recording: if record.no_save { None } else { Some(Output::create(&record.output)?) },
            flamegraph: record.flamegraph.as_ref().map(derived).transpose()?,
            table: match &record.table_to {
                None => table_to,
                Some(path) if path == Path::new("-") => Table::Out,
                Some(path) => Table::File(derived(path)?),
            },
            options: table.options(global.json),
            symbols: symbolize::Options { native_frames: record.native_frames.into(), ..Default::default() },
        })
    }

    /// Writes all of them. The recording comes first: whatever fails later can be had from it.
    ///
    /// # Errors
    /// The first output that could not be written; the table is printed all the same where that is possible.
    pub(super) fn give(mut self, raw: &RawProfile, streams: &mut Streams) -> anyhow::Result<()> {
        let progress = super::progress::working(streams);
        let profile = symbolize::symbolize(raw, &self.symbols, &*progress);
        progress.finish();
        let saved = self.save(&profile, streams);
        if profile.samples.is_empty() {
            streams.warn(&no_samples(&profile));
            return saved;
        }
        let drawn = self.draw(&profile, streams);
        let printed = self.print(&profile, streams);
        saved.and(drawn).and(printed)
    }

    fn save(&mut self, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
        let Some(output) = &mut self.recording else { return Ok(()) };
        let bytes = pprof::write(profile);
        output.commit(&bytes)?;
        let size = units::bytes(bytes.len() as u64);
        streams.tell(&format!("saved the recording to {} ({size})", output.path().display()));
        Ok(())
    }

    fn draw(&mut self, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
        let Some(output) = &mut self.flamegraph else { return Ok(()) };
        let mut svg = Vec::new();
        flamegraph::write(&mut svg, profile, &Flamegraph::default())?;
        output.commit(&svg)?;
        streams.tell(&format!("wrote the flamegraph to {}", output.path().display()));
        Ok(())
    }

    fn print(&mut self, profile: &Profile, streams: &mut Streams) -> anyhow::Result<()> {
        let style = match self.table {
            Table::Out => table_options::style_out(streams),
            Table::Err => table_options::style_err(streams),
            Table::File(_) => table_options::style_file(),
        };
        let mut text = Vec::new();
        table_options::print(&mut text, profile, &self.options, style)?;
        match &mut self.table {
            Table::Out => streams.out.write_all(&text)?,
            Table::Err => streams.err.write_all(&text)?,
            Table::File(output) => output.commit(&text)?,
        }
        Ok(())
    }
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
        _ => {
            let all = time(recording.visible_cpu_ns());
            format!("no samples: the program used {all} of CPU time; a higher --rate or more work gives some")
        }
    }
}
