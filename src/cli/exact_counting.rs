//! `hotcold profile run --exact`: where the calls go. The outputs are opened before the program starts.

use std::{ffi::OsString, time::SystemTime};

use super::{
    Streams,
    after_recording::Table,
    args::Global,
    record_options::RecordArgs,
    table_options::{self, TableArgs, TableOptions},
};
use crate::{
    profile::{
        calls::CallGraph,
        format::{self, Format, pprof, pstats, save::Output},
        session::{Counting, ExactOptions, count},
    },
    units,
};

/// The outputs, ready to be written.
pub(super) struct Answer {
    recording: Option<Output>,
    table: Table,
    options: TableOptions,
}

impl Answer {
    /// Opens the outputs.
    ///
    /// # Errors
    /// When one of them cannot be written, and when the table is asked for what calls do not tell.
    pub(super) fn prepare(record: &RecordArgs, table: &TableArgs, global: &Global) -> anyhow::Result<Self> {
        Ok(Self {
            recording: if record.no_save { None } else { Some(Output::create(&record.output)?) },
            table: Table::chosen(record, Table::Err)?,
            options: table.options(global.json),
        })
    }

    /// Writes all of them. The recording comes first: whatever fails later can be had from it.
    ///
    /// # Errors
    /// The first output that could not be written.
    pub(super) fn give(mut self, counting: &Counting, streams: &mut Streams) -> anyhow::Result<()> {
        if counting.interpreters == 0 {
            streams.warn(&nobody_counted(&counting.graph));
            // A script waits for its document all the same.
            return if self.options.json() { self.print(&counting.graph, streams) } else { Ok(()) };
        }
        self.save(&counting.graph, streams)?;
        self.print(&counting.graph, streams)
    }

    fn save(&mut self, graph: &CallGraph, streams: &mut Streams) -> anyhow::Result<()> {
        let Some(output) = &mut self.recording else { return Ok(()) };
        let mut bytes = Vec::new();
        // Whoever names the file as cProfile's are named gets one like cProfile's.
        match format::by_extension(output.path()) {
            Some(format) if format.name() == pstats::Pstats.name() => pstats::write_to(graph, &mut bytes)?,
            _ => pprof::write_calls_to(graph, &mut bytes)?,
        }
        output.commit(&bytes)?;
        let size = units::bytes(bytes.len() as u64);
        streams.tell(&format!("saved the recording to {} ({size})", output.path().display()));
        Ok(())
    }

    fn print(&mut self, graph: &CallGraph, streams: &mut Streams) -> anyhow::Result<()> {
        let mut text = Vec::new();
        table_options::print_calls(&mut text, graph, &self.options, self.table.style(streams))?;
        self.table.write(&text, streams)
    }
}

/// Runs the program to its end.
///
/// # Errors
/// Those of [`count`].
pub(super) fn run(program: &[OsString], record: &RecordArgs) -> anyhow::Result<Counting> {
    let options = ExactOptions {
        wait_children: record.wait_children,
        environment: std::env::vars_os().collect(),
        now: SystemTime::now(),
    };
    Ok(count(program, &options)?)
}

fn nobody_counted(graph: &CallGraph) -> String {
    let why = "no Python was reached: the program runs none, or starts it with -I, -E, -S or an environment of its own";
    let notes = graph.recording.notes.join("; ");
    if notes.is_empty() { format!("no calls: {why}") } else { notes }
}
