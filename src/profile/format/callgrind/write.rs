//! Writing callgrind's files.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use rustc_hash::FxHashMap;

use super::SAMPLES_MARK;
use crate::profile::{
    aggregate::{UNKNOWN, call_lines, own_lines},
    calls::{CallGraph, Calls, Counted, Edge},
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
    let by_call = lines.map(call_lines).unwrap_or_default();
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
        let place = place(graph, id);
        match by_line.get(&place) {
            Some(lines) => {
                for (line, ns) in lines {
                    writeln!(out, "{line} {ns}")?;
                }
            }
            None => writeln!(out, "{} {}", function.start_line, calls.tottime_ns)?,
        }
        for edge in edges {
            let target = graph.functions[edge.callee.index()].start_line;
            let lines = by_call.get(&(place, self::place(graph, edge.callee)));
            for (line, total, cumtime_ns) in parts(edge.calls, lines, function.start_line) {
                names.write(out, ["cob", "cfi", "cfn"], edge.callee)?;
                writeln!(out, "calls={total} {target}\n{line} {cumtime_ns}")?;
            }
        }
    }
    writeln!(out, "\ntotals: {total}")
}

/// What a function goes by.
fn place(graph: &CallGraph, id: FunctionId) -> (&str, &str, u32, &str) {
    let function = &graph.functions[id.index()];
    let (name, file) = (graph.str(function.name), graph.str(function.file));
    (name, file, function.start_line, graph.module_path(function))
}

/// Calls and time of an edge by line of the caller, shared out as the times of the lines are; all of it at `start` where these are not known.
fn parts(calls: Calls, lines: Option<&BTreeMap<u32, u64>>, start: u32) -> Vec<(u32, u64, u64)> {
    let lines: Vec<(u32, u64)> = lines.into_iter().flatten().map(|(&line, &ns)| (line, ns)).collect();
    let whole: f64 = lines.iter().map(|(_, ns)| *ns as f64).sum();
    if whole == 0.0 {
        return vec![(start, calls.total, calls.cumtime_ns)];
    }
    // What is behind all lines so far, less what was given out, and in the end all that is left.
    let (mut so_far, mut given, mut parts) = (0.0, (0, 0), Vec::new());
    for (i, &(line, ns)) in lines.iter().enumerate() {
        so_far += ns as f64;
        let is_last = i + 1 == lines.len();
        let part = |number: u64, given: u64| match is_last {
            true => number,
            false => ((number as f64 * (so_far / whole)) as u64).clamp(given, number),
        };
        let all = (part(calls.total, given.0), part(calls.cumtime_ns, given.1));
        if all != given {
            let line = if line == 0 { start } else { line };
            parts.push((line, all.0 - given.0, all.1 - given.1));
        }
        given = all;
    }
    parts
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
