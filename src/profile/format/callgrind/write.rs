//! Writing callgrind's files.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use rustc_hash::FxHashMap;

use super::SAMPLES_MARK;
use crate::profile::{
    aggregate::{UNKNOWN, own_lines},
    calls::{CallGraph, Counted, Edge},
    model::{FunctionId, Profile, Recording, Unit},
};

/// Writes a graph; `lines` has the lines of the functions' own time.
pub(super) fn write(graph: &CallGraph, lines: Option<&Profile>, out: &mut dyn Write) -> io::Result<()> {
    let total = graph.total().tottime_ns;
    writeln!(out, "# callgrind format\nversion: 1\ncreator: hotcold {}", env!("CARGO_PKG_VERSION"))?;
    if !graph.recording.command.is_empty() {
        writeln!(out, "cmd: {}", one_line(&graph.recording.command.join(" ")))?;
    }
    if graph.counted == Counted::Samples {
        writeln!(out, "{SAMPLES_MARK}")?;
    }
    writeln!(out, "positions: line\nevents: {}\nsummary: {total}", event(&graph.recording))?;
    let by_line = lines.map(own_lines).unwrap_or_default();
    let mut of_caller: BTreeMap<FunctionId, Vec<&Edge>> = BTreeMap::new();
    for edge in &graph.edges {
        of_caller.entry(edge.caller).or_default().push(edge);
    }
    let mut names = Names { graph, known: FxHashMap::default() };
    for (i, (function, calls)) in graph.iter().enumerate() {
        let id = FunctionId(i as u32);
        let edges = of_caller.get(&id).map(Vec::as_slice).unwrap_or_default();
        if calls.tottime_ns == 0 && edges.is_empty() {
            continue;
        }
        writeln!(out)?;
        names.write(out, ["ob", "fl", "fn"], id)?;
        let place = (
            graph.str(function.name),
            graph.str(function.file),
            function.start_line,
            graph.module_path(function),
        );
        match by_line.get(&place) {
            Some(lines) => {
                for (line, ns) in lines {
                    writeln!(out, "{line} {ns}")?;
                }
            }
            None => writeln!(out, "{} {}", function.start_line, calls.tottime_ns)?,
        }
        for edge in edges {
            names.write(out, ["cob", "cfi", "cfn"], edge.callee)?;
            let target = graph.functions[edge.callee.index()].start_line;
            writeln!(out, "calls={} {target}", edge.calls.total)?;
            writeln!(out, "{} {}", function.start_line, edge.calls.cumtime_ns)?;
        }
    }
    writeln!(out, "\ntotals: {total}")
}

/// The name of the costs, which has no blanks.
fn event(recording: &Recording) -> String {
    let event = one_line(&recording.event).replace(char::is_whitespace, "_");
    match recording.unit {
        Unit::Nanoseconds => "ns".to_owned(),
        Unit::Count => event,
        Unit::Bytes if event.to_lowercase().contains("bytes") => event,
        Unit::Bytes => format!("{event}_bytes"),
    }
}

/// What was named already goes by its number; each kind of name counts for itself.
struct Names<'g> {
    graph: &'g CallGraph,
    known: FxHashMap<(usize, String), usize>,
}

impl Names<'_> {
    /// Names object, file and function with these keys.
    fn write(&mut self, out: &mut dyn Write, keys: [&str; 3], id: FunctionId) -> io::Result<()> {
        let graph = self.graph;
        let function = &graph.functions[id.index()];
        let texts = [graph.module_path(function), graph.str(function.file), graph.str(function.name)];
        for (kind, (key, text)) in keys.into_iter().zip(texts).enumerate() {
            let text = match (kind, one_line(text)) {
                (2, text) if text.is_empty() => UNKNOWN.to_owned(),
                (_, text) if text.is_empty() => "???".to_owned(),
                (_, text) => text,
            };
            let count = self.known.len();
            match self.known.get(&(kind, text.clone())) {
                Some(number) => writeln!(out, "{key}=({number})")?,
                None => {
                    writeln!(out, "{key}=({}) {text}", count + 1)?;
                    self.known.insert((kind, text), count + 1);
                }
            }
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ").trim().to_owned()
}
