//! Reading callgrind's files, a line at a time.

use std::io::{self, Read};

use rustc_hash::FxHashMap;

use super::SAMPLES_MARK;
use crate::profile::{
    aggregate::UNKNOWN,
    calls::{CallGraph, CallGraphBuilder, Calls, Counted},
    format::{Failure, foreign, guess, limit, lines::Lines, no_event},
    model::{Function, FunctionId, Module, Origin, Recording, Unit},
};

const MOST_NAMES: usize = 1 << 20;
const MOST_EDGES: usize = 1 << 24;
/// Bytes of all names.
const MOST_TEXT: usize = 1 << 29;
/// Lines of which none need be of this format.
const PATIENCE: u64 = 1_000;
/// So many events are named that are not read.
const MOST_TOLD: usize = 8;
/// Costs on a line.
const MOST_EVENTS: usize = 64;

pub(super) fn detect(beginning: &[u8]) -> bool {
    let mut lines = beginning.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return false };
    let header = |line: &[u8]| {
        [&b"events:"[..], b"positions:", b"version:", b"creator:"].iter().any(|key| line.starts_with(key))
    };
    if first == b"# callgrind format" {
        return true;
    }
    header(first)
        && (beginning.len() > first.len() + 2)
        && lines
            .take(20)
            .any(|line| line.starts_with(b"events:") || line.starts_with(b"fl=") || line.starts_with(b"fn="))
}

/// Reads the costs of the event `asked`, or of the usual one.
pub(super) fn read(input: impl Read, asked: Option<&str>) -> Result<CallGraph, Failure> {
    let mut reader = Reader { asked: asked.map(str::to_owned), ..Reader::default() };
    let mut lines = Lines::of(input);
    while let Some(line) = lines.next().map_err(failure)? {
        reader.line(line)?;
        if !reader.known && reader.others > PATIENCE {
            break;
        }
    }
    if !reader.known {
        return Err(Failure::Content("no file of callgrind: it names no events".into()));
    }
    Ok(reader.finish()?)
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::Content(error.to_string()),
        _ => Failure::Io(error),
    }
}

/// Names that are written out once and then go by a number.
#[derive(Debug, Default)]
struct Names(FxHashMap<u64, String>);

impl Names {
    /// The name of `(1) name`, `(1)` or `name`.
    fn resolve(&mut self, text: &str, bytes: &mut usize) -> Result<String, String> {
        let numbered = text.strip_prefix('(').and_then(|rest| {
            let (number, name) = rest.split_once(')')?;
            Some((number.parse::<u64>().ok()?, name.trim()))
        });
        match numbered {
            Some((number, "")) => Ok(self.0.get(&number).cloned().unwrap_or_default()),
            Some((number, name)) => {
                limit(self.0.len(), MOST_NAMES, "names")?;
                *bytes = bytes.saturating_add(name.len());
                limit(*bytes, MOST_TEXT, "bytes of names")?;
                self.0.insert(number, name.to_owned());
                Ok(name.to_owned())
            }
            None => Ok(text.to_owned()),
        }
    }
}

/// Where costs belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    object: String,
    file: String,
    function: String,
}

#[derive(Debug)]
struct Event {
    column: usize,
    unit_ns: f64,
    name: String,
    is_time: bool,
    /// Names of the events that are not read.
    others: Vec<String>,
}

#[derive(Debug, Default)]
struct Reader {
    graph: CallGraphBuilder,
    objects: Names,
    files: Names,
    functions: Names,
    text: usize,
    ids: FxHashMap<Place, FunctionId>,
    here: Place,
    current: Option<FunctionId>,
    /// Of the next call: its object, file and function, as far as they were named.
    callee_object: Option<String>,
    callee_file: Option<String>,
    callee: Option<String>,
    /// Calls whose cost is on the next line.
    calls: Option<u64>,
    positions: usize,
    event: Option<Event>,
    /// The event that is to be read.
    asked: Option<String>,
    own: FxHashMap<FunctionId, u64>,
    edges: FxHashMap<(FunctionId, FunctionId), (u64, u64)>,
    command: Vec<String>,
    tool: String,
    /// Whether calls are counted in samples.
    samples: bool,
    /// Whether anything of the format was seen.
    known: bool,
    others: u64,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        let line = String::from_utf8_lossy(line.trim_ascii());
        let line = &*line;
        match line.as_bytes().first() {
            None | Some(b'#') => return Ok(()),
            Some(b'0'..=b'9' | b'+' | b'-' | b'*') => return self.costs(line),
            _ => {}
        }
        if let Some((key, value)) =
            line.split_once('=').filter(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase()))
        {
            return self.specification(key, value.trim());
        }
        match line.split_once(':') {
            Some((key, value)) => self.header(key, value.trim())?,
            None => self.others += 1,
        }
        Ok(())
    }

    fn header(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "desc" => self.samples |= SAMPLES_MARK.strip_prefix("desc: ") == Some(value),
            "events" => {
                self.known = true;
                self.event = Some(event(value, self.asked.as_deref())?);
            }
            "positions" => self.positions = value.split_ascii_whitespace().count(),
            "cmd" => self.command = value.split_ascii_whitespace().map(str::to_owned).collect(),
            "creator" => value.clone_into(&mut self.tool),
            "version" | "pid" | "part" | "summary" | "totals" | "event" | "thread" | "timerange" => {}
            _ => self.others += 1,
        }
        Ok(())
    }

    fn specification(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "ob" => self.here.object = self.objects.resolve(value, &mut self.text)?,
            "fl" => self.here.file = self.files.resolve(value, &mut self.text)?,
            // Costs of other files are those of inlined code: they belong to the function that they stand in.
            "fi" | "fe" => _ = self.files.resolve(value, &mut self.text)?,
            "fn" => {
                self.here.function = self.functions.resolve(value, &mut self.text)?;
                self.current = Some(self.function(self.here.clone())?);
            }
            "cob" => self.callee_object = Some(self.objects.resolve(value, &mut self.text)?),
            "cfi" | "cfl" => self.callee_file = Some(self.files.resolve(value, &mut self.text)?),
            "cfn" => self.callee = Some(self.functions.resolve(value, &mut self.text)?),
            "calls" => {
                let count = value.split_ascii_whitespace().next().and_then(|count| count.parse().ok());
                self.calls = Some(count.ok_or("damaged: a number of calls is none")?);
            }
            "jump" | "jcnd" | "rec" | "frfn" => {}
            _ => self.others += 1,
        }
        Ok(())
    }

    fn costs(&mut self, line: &str) -> Result<(), String> {
        let Some(event) = &self.event else {
            self.others += 1;
            return Ok(());
        };
        let column = self.positions.max(1) + event.column;
        let cost =
            line.split_ascii_whitespace().nth(column).map_or(Some(0.0), |cost| cost.parse::<f64>().ok());
        let cost = cost.ok_or("damaged: a cost is no number")?;
        // A cast saturates and makes 0 of what is below it.
        let ns = (cost * event.unit_ns).round() as u64;
        let Some(current) = self.current else {
            self.others += 1;
            return Ok(());
        };
        match self.calls.take() {
            Some(count) => self.call(current, count, ns),
            None => {
                let sum = self.own.entry(current).or_default();
                *sum = sum.saturating_add(ns);
                Ok(())
            }
        }
    }

    fn call(&mut self, caller: FunctionId, count: u64, ns: u64) -> Result<(), String> {
        let Some(function) = self.callee.take() else { return Err("damaged: a call of nothing".into()) };
        let place = Place {
            object: self.callee_object.take().unwrap_or_else(|| self.here.object.clone()),
            file: self.callee_file.take().unwrap_or_else(|| self.here.file.clone()),
            function,
        };
        let callee = self.function(place)?;
        // No calls that took no time are none.
        if count == 0 && ns == 0 {
            return Ok(());
        }
        limit(self.edges.len(), MOST_EDGES, "calls between functions")?;
        let sum = self.edges.entry((caller, callee)).or_default();
        *sum = (sum.0.saturating_add(count), sum.1.saturating_add(ns));
        Ok(())
    }

    fn function(&mut self, place: Place) -> Result<FunctionId, String> {
        if let Some(&known) = self.ids.get(&place) {
            return Ok(known);
        }
        limit(self.ids.len(), MOST_NAMES, "functions")?;
        self.text = self.text.saturating_add(place.function.len() + place.file.len() + place.object.len());
        limit(self.text, MOST_TEXT, "bytes of names")?;
        let known = |text: &'_ str| if matches!(text, "???" | "(unknown)") { "" } else { text }.to_owned();
        let (name, file, object) = (known(&place.function), known(&place.file), known(&place.object));
        let name = if name.is_empty() { UNKNOWN } else { &name };
        let (id, file_id) = (self.graph.string(name), self.graph.string(&file));
        let module = match object.as_str() {
            "" => None,
            object => {
                let (path, build_id) = (self.graph.string(object), self.graph.string(""));
                Some(self.graph.module(Module { path, build_id }))
            }
        };
        let origin = match guess::origin(name, &file, &object) {
            Origin::Marker => Origin::Native,
            origin => origin,
        };
        let language = guess::language(name, &file);
        let function = self.graph.function(Function {
            name: id,
            system_name: id,
            file: file_id,
            start_line: 0,
            module,
            origin,
            language,
        });
        self.ids.insert(place, function);
        Ok(function)
    }

    fn finish(mut self) -> Result<CallGraph, String> {
        let whole = foreign::whole(self.own.values().fold(0_u64, |sum, ns| sum.saturating_add(*ns)))?;
        // The costs of calls are parts of each other; their numbers are added up.
        foreign::whole(self.edges.values().fold(0_u64, |sum, (count, _)| sum.saturating_add(*count)))?;
        self.edges.values().try_for_each(|&(_, ns)| foreign::whole(ns).map(drop))?;
        let mut inclusive = self.own.clone();
        let mut incoming: FxHashMap<FunctionId, Calls> = FxHashMap::default();
        for (&(caller, callee), &(count, ns)) in &self.edges {
            let to_itself = caller == callee;
            let sum = incoming.entry(callee).or_default();
            sum.total = sum.total.saturating_add(count);
            if !to_itself {
                sum.primitive = sum.primitive.saturating_add(count);
                sum.cumtime_ns = sum.cumtime_ns.saturating_add(ns);
                let sum = inclusive.entry(caller).or_default();
                *sum = sum.saturating_add(ns);
            }
        }
        // Places that are written in different ways may be one: `???` is no file, as none is.
        let mut ids: Vec<FunctionId> = self.ids.values().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let own = self.own.get(&id).copied().unwrap_or(0);
            let all = inclusive.get(&id).copied().unwrap_or(0).min(whole.max(own));
            let called = incoming.get(&id).copied().unwrap_or_default();
            // Nobody called it: it is where the program began.
            let (total, primitive) = match (called.total, all) {
                (0, 1..) => (1, 1),
                (total, _) => (total, called.primitive),
            };
            self.graph.add(id, Calls { total, primitive, tottime_ns: own, cumtime_ns: all });
        }
        for ((caller, callee), (count, ns)) in std::mem::take(&mut self.edges) {
            let own = self.own.get(&callee).copied().unwrap_or(0);
            let all = incoming.get(&callee).map_or(0, |calls| calls.cumtime_ns);
            let part = if all == 0 || caller == callee { 0.0 } else { ns as f64 / all as f64 };
            let primitive = if caller == callee { 0 } else { count };
            let tottime_ns = ((own as f64 * part) as u64).min(ns);
            self.graph.add_edge(
                caller,
                callee,
                Calls { total: count, primitive, tottime_ns, cumtime_ns: ns },
            );
        }
        let mut recording = Recording { command: self.command, backend: self.tool, ..Recording::default() };
        if recording.backend.is_empty() {
            recording.backend = "callgrind".into();
        }
        if let Some(event) = self.event {
            if !event.is_time {
                recording.notes.push(format!("its values are `{}`, not time in nanoseconds", event.name));
            }
            if !event.others.is_empty() {
                let others = event.others.join("`, `");
                recording.notes.push(format!("of its events `{}` is shown; `{others}` left out", event.name));
            }
            if !event.is_time {
                (recording.unit, recording.event) = (event.unit(), event.name);
            }
        }
        let counted = if self.samples { Counted::Samples } else { Counted::Calls };
        Ok(self.graph.build(recording, counted))
    }
}

/// What the name of an event has in it that counts memory.
const BYTES: &str = "bytes";

impl Event {
    fn unit(&self) -> Unit {
        if self.name.to_lowercase().contains(BYTES) { Unit::Bytes } else { Unit::Count }
    }
}

/// The event to read of these: the one that is asked for, or a time, or the first.
fn event(names: &str, asked: Option<&str>) -> Result<Event, String> {
    let names: Vec<&str> = names.split_ascii_whitespace().take(MOST_EVENTS).collect();
    let column = match asked {
        Some(asked) => names
            .iter()
            .position(|name| *name == asked)
            .ok_or_else(|| no_event(asked, names.iter().copied()))?,
        None => names.iter().position(|name| unit_ns(name).is_some()).unwrap_or(0),
    };
    let name = names.get(column).copied().unwrap_or("cost").to_owned();
    let unit_ns = unit_ns(&name);
    let others = names.iter().enumerate().filter(|(i, _)| *i != column);
    let others = others.map(|(_, name)| (*name).to_owned()).take(MOST_TOLD).collect();
    Ok(Event { column, unit_ns: unit_ns.unwrap_or(1.0), name, is_time: unit_ns.is_some(), others })
}

/// Nanoseconds of an event's unit, where it is a time: `ns`, `Nanoseconds`, Xdebug's `Time_(10ns)`.
fn unit_ns(name: &str) -> Option<f64> {
    let lower = name.to_lowercase();
    let unit = match lower.strip_prefix("time_(").and_then(|rest| rest.strip_suffix(')')) {
        Some(unit) => unit,
        None => &lower,
    };
    let digits = unit.len() - unit.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = unit.split_at(digits);
    let number: f64 = if number.is_empty() { 1.0 } else { number.parse().ok()? };
    let factor = match unit {
        "ns" | "nanoseconds" | "nanosecond" => 1.0,
        "us" | "µs" | "microseconds" => 1e3,
        "ms" | "milliseconds" => 1e6,
        _ => return None,
    };
    Some(number * factor)
}
