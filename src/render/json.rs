//! The machine-readable contract of `docs/json.md`. These types are separate from the domain's so that neither bends the other.

mod annotate;
mod diff;

use std::io::{self, Write};

use serde::Serialize;

use super::{
    checkpoint::{Facts, times},
    header::{rate_got_hz, visible_ns},
};
use crate::profile::{
    aggregate::{
        By, Call, CallTree, Place, Row, Subject, Table, Times, Totals, TracedEdges, TracedRow, TracedTable,
        WaitTotals, Waited,
        edges::{Direction, Edge, Edges},
        gil_shares, wait_totals,
    },
    calls::{CallGraph, Calls, Counted},
    model::{Clock, Profile, Recording, Unit, Wait},
};

pub use annotate::annotate;
pub use diff::diff;

const SCHEMA: &str = "hotcold.profile.report/1";
const CHECKPOINT_SCHEMA: &str = "hotcold.profile.checkpoint/1";

/// The document of one profile.
#[derive(Serialize)]
pub struct Report<'a> {
    schema: &'static str,
    #[serde(flatten)]
    quality: Quality<'a>,
    rows_left_out: usize,
    #[serde(flatten)]
    rows: Rows<'a>,
}

#[derive(Serialize)]
struct Checkpoint<'a> {
    schema: &'static str,
    checkpoint: u64,
    last: bool,
    skipped_checkpoints: u64,
    from_at: Option<String>,
    to_at: Option<String>,
    interval: &'a Report<'a>,
    whole: &'a Report<'a>,
}

#[derive(Serialize)]
struct Quality<'a> {
    /// What `ncalls` counts; only of recordings of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<&'static str>,
    command: &'a [String],
    started_at: Option<String>,
    backend: &'a str,
    backend_reason: Option<&'a str>,
    clock: &'static str,
    unit: &'static str,
    event: Option<&'a str>,
    rate_hz: Option<u64>,
    duration_s: f64,
    rate_got_hz: Option<f64>,
    samples: Option<u64>,
    lost_samples: Option<u64>,
    truncated_stacks: Option<u64>,
    completed_stacks: Option<u64>,
    rooted_share: Option<f64>,
    approx_python: Option<u64>,
    gil_held_share: Option<f64>,
    gil_waiting_share: Option<f64>,
    unseen_kernel_s: Option<f64>,
    total_s: f64,
    cpu_s: Option<f64>,
    coverage: Option<f64>,
    /// Only where waiting was recorded.
    #[serde(flatten)]
    waiting: Option<Waiting>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Waiting {
    wait_s: f64,
    waits: Kinds,
    idle_threads: u64,
    idle_wait_s: f64,
}

/// Seconds by what was waited for.
#[derive(Serialize)]
struct Kinds {
    lock: f64,
    io: f64,
    sleep: f64,
    child: f64,
    gil: f64,
    other: f64,
}

#[derive(Serialize)]
struct RowWaiting {
    wait_s: f64,
    cumwait_s: f64,
    /// Of cumwait.
    waits: Kinds,
}

impl Kinds {
    fn of(waited: &Waited) -> Self {
        let of = |kind| waited.iter().find(|(wait, _)| *wait == kind).map_or(0.0, |(_, ns)| seconds(ns));
        Self {
            lock: of(Wait::Lock),
            io: of(Wait::Io),
            sleep: of(Wait::Sleep),
            child: of(Wait::Child),
            gil: of(Wait::Gil),
            other: of(Wait::Other),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Rows<'a> {
    Functions(Vec<PlaceRow<'a>>),
    Lines(Vec<PlaceRow<'a>>),
    Modules(Vec<ModuleRow<'a>>),
    Threads(Vec<ThreadRow<'a>>),
    Processes(Vec<ProcessRow<'a>>),
    Tree(Vec<CallRow<'a>>),
    Edges(Vec<EdgeRow<'a>>),
}

#[derive(Serialize)]
struct PlaceFields<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    module: Option<&'a str>,
}

#[derive(Serialize)]
struct Numbers {
    samples: Option<u64>,
    tottime_s: f64,
    tottime_error_s: Option<f64>,
    cumtime_s: f64,
    /// Only where waiting was recorded.
    #[serde(flatten)]
    waiting: Option<RowWaiting>,
}

#[derive(Serialize)]
struct Ncalls {
    total: u64,
    primitive: u64,
}

#[derive(Serialize)]
struct PlaceRow<'a> {
    #[serde(flatten)]
    place: PlaceFields<'a>,
    #[serde(flatten)]
    numbers: Numbers,
    /// Samples do not count calls.
    ncalls: Option<Ncalls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inlined: Option<Vec<PlaceRow<'a>>>,
}

#[derive(Serialize)]
struct ModuleRow<'a> {
    name: &'a str,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
struct ThreadRow<'a> {
    name: &'a str,
    tid: u32,
    pid: u32,
    process: &'a str,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
struct ProcessRow<'a> {
    name: &'a str,
    pid: u32,
    parent_pid: Option<u32>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
struct CallRow<'a> {
    parent: Option<usize>,
    #[serde(flatten)]
    place: PlaceFields<'a>,
    inlined: bool,
    recursion: u32,
    samples: u64,
    tottime_s: f64,
    cumtime_s: f64,
}

#[derive(Serialize)]
struct EdgeRow<'a> {
    caller: Option<PlaceFields<'a>>,
    callee: PlaceFields<'a>,
    #[serde(flatten)]
    numbers: Numbers,
    ncalls: Option<Ncalls>,
}

/// Writes a report.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *w, report)?;
    writeln!(w)
}

/// Writes a checkpoint with the reports of `interval` and of the whole so far.
///
/// # Errors
/// Those of the writer.
pub fn checkpoint(
    w: &mut dyn Write,
    facts: Facts,
    interval: &Profile,
    reports: [&Report<'_>; 2],
) -> io::Result<()> {
    let (from_at, to_at) = times(&interval.recording);
    let document = Checkpoint {
        schema: CHECKPOINT_SCHEMA,
        checkpoint: facts.number,
        last: facts.last,
        skipped_checkpoints: facts.skipped,
        from_at,
        to_at,
        interval: reports[0],
        whole: reports[1],
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}

/// The report of a table. `inlines` says whether inlined functions were asked for: then every function has a list of them.
pub fn table<'a>(profile: &'a Profile, table: &'a Table<'a>, inlines: bool) -> Report<'a> {
    let (rows, unit, waiting) = (&table.rows, table.totals.unit, table.waits.is_some());
    let places = || rows.iter().filter_map(|row| place_row(row, unit, inlines, waiting)).collect();
    let rows = match table.by {
        By::Function => Rows::Functions(places()),
        By::Line => Rows::Lines(rows.iter().filter_map(|row| place_row(row, unit, false, waiting)).collect()),
        By::Module => Rows::Modules(
            (rows.iter())
                .map(|row| ModuleRow {
                    name: row.subject.name(),
                    numbers: numbers(&row.times, unit, waiting),
                })
                .collect(),
        ),
        By::Thread => Rows::Threads(rows.iter().filter_map(|row| thread_row(row, unit, waiting)).collect()),
        By::Process => {
            Rows::Processes(rows.iter().filter_map(|row| process_row(row, unit, waiting)).collect())
        }
    };
    report(profile, table.waits, table.left_out, rows)
}

/// The report of a call tree: a flat list in preorder, each call with the position of its caller. Nested objects would be as
/// deep as the stacks, which readers of JSON refuse.
pub fn tree<'p>(profile: &'p Profile, tree: &'p CallTree<'p>) -> Report<'p> {
    let call_row = |call: &'p Call<'p>| {
        let Call { parent, place, inlined, samples, recursion, .. } = *call;
        let unit = tree.totals.unit;
        let (tottime_s, cumtime_s) = (unit.amount(call.tottime_ns), unit.amount(call.cumtime_ns));
        CallRow { parent, place: place_fields(place), inlined, recursion, samples, tottime_s, cumtime_s }
    };
    let rows = Rows::Tree(tree.calls.iter().map(call_row).collect());
    report(profile, wait_totals(profile, false), tree.left_out, rows)
}

/// The report of callers or callees: a list of edges, those of one function after those of the other.
pub fn edges<'p>(profile: &'p Profile, edges: &[Edges<'p>]) -> Report<'p> {
    let row = |edge: &Edge<'p>| EdgeRow {
        caller: edge.caller.map(place_fields),
        callee: place_fields(edge.callee),
        numbers: numbers(&edge.times, profile.recording.unit, false),
        ncalls: None,
    };
    let functions = edges.iter().flat_map(|edges| &edges.functions);
    let rows = Rows::Edges(functions.flat_map(|function| &function.edges).map(row).collect());
    report(profile, wait_totals(profile, false), 0, rows)
}

/// The report of a recording of calls.
pub fn calls<'a>(graph: &'a CallGraph, table: &'a TracedTable<'a>) -> Report<'a> {
    let rows = Rows::Functions(table.rows.iter().map(|row| traced_row(row, table.unit)).collect());
    Report { schema: SCHEMA, quality: traced_quality(graph), rows_left_out: table.left_out, rows }
}

/// The report of callers or callees in a recording of calls.
pub fn call_edges<'a>(graph: &'a CallGraph, edges: &[TracedEdges<'a>]) -> Report<'a> {
    let mut rows = Vec::new();
    for edges in edges {
        for function in &edges.functions {
            rows.extend(function.edges.iter().map(|other| {
                let (caller, callee) = match edges.direction {
                    Direction::Callers => (other.place, function.function.place),
                    Direction::Callees => (function.function.place, other.place),
                };
                let (numbers, ncalls) = traced_numbers(other.calls, edges.unit);
                let (caller, callee) = (Some(place_fields(caller)), place_fields(callee));
                EdgeRow { caller, callee, numbers, ncalls: Some(ncalls) }
            }));
        }
    }
    Report { schema: SCHEMA, quality: traced_quality(graph), rows_left_out: 0, rows: Rows::Edges(rows) }
}

fn traced_quality(graph: &CallGraph) -> Quality<'_> {
    Quality {
        counted: Some(match graph.counted {
            Counted::Calls => "calls",
            Counted::Samples => "samples",
        }),
        samples: None,
        lost_samples: None,
        truncated_stacks: None,
        completed_stacks: None,
        approx_python: None,
        unseen_kernel_s: None,
        cpu_s: None,
        coverage: None,
        ..quality(&graph.recording, Totals { ns: graph.total().tottime_ns, ..Totals::default() })
    }
}

fn traced_row<'a>(row: &'a TracedRow<'a>, unit: Unit) -> PlaceRow<'a> {
    let (numbers, ncalls) = traced_numbers(row.calls, unit);
    PlaceRow { place: place_fields(row.place), numbers, ncalls: Some(ncalls), inlined: None }
}

fn traced_numbers(calls: Calls, unit: Unit) -> (Numbers, Ncalls) {
    let Calls { total, primitive, tottime_ns, cumtime_ns } = calls;
    let (tottime_s, cumtime_s) = (unit.amount(tottime_ns), unit.amount(cumtime_ns));
    (
        Numbers { samples: None, tottime_s, tottime_error_s: None, cumtime_s, waiting: None },
        Ncalls { total, primitive },
    )
}

fn report<'a>(
    profile: &'a Profile,
    waits: Option<WaitTotals>,
    left_out: usize,
    rows: Rows<'a>,
) -> Report<'a> {
    let totals = Totals::of(profile);
    let gil = gil_shares(profile);
    let quality = Quality {
        gil_held_share: gil.map(|shares| shares.held),
        gil_waiting_share: gil.map(|shares| shares.waiting),
        waiting: waits.map(|waits| Waiting {
            wait_s: seconds(waits.waited.total_ns()),
            waits: Kinds::of(&waits.waited),
            idle_threads: waits.idle_threads,
            idle_wait_s: seconds(waits.idle_ns),
        }),
        ..quality(&profile.recording, totals)
    };
    Report { schema: SCHEMA, quality, rows_left_out: left_out, rows }
}

fn quality(r: &Recording, totals: Totals) -> Quality<'_> {
    Quality {
        counted: None,
        command: &r.command,
        started_at: r.started.map(|time| humantime::format_rfc3339_millis(time).to_string()),
        backend: &r.backend,
        backend_reason: Some(r.backend_reason.as_str()).filter(|reason| !reason.is_empty()),
        clock: match r.clock {
            Clock::Cpu => "cpu",
            Clock::Wall => "wall",
        },
        unit: r.unit.name(),
        event: Some(r.event.as_str()).filter(|event| !event.is_empty()),
        rate_hz: (r.rate_hz > 0).then_some(r.rate_hz),
        duration_s: seconds(r.duration_ns),
        rate_got_hz: rate_got_hz(r, totals),
        samples: Some(totals.samples),
        lost_samples: Some(r.lost_samples),
        truncated_stacks: Some(r.truncated_stacks),
        completed_stacks: Some(r.completed_stacks),
        rooted_share: r.rooted_share(),
        approx_python: Some(r.approx_python),
        gil_held_share: None,
        gil_waiting_share: None,
        unseen_kernel_s: r.unseen_kernel_ns().map(seconds),
        total_s: r.unit.amount(totals.ns),
        cpu_s: r.visible_cpu_ns().map(seconds),
        coverage: visible_ns(r).map(|cpu| totals.ns as f64 / cpu as f64),
        waiting: None,
        notes: &r.notes,
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn numbers(times: &Times, unit: Unit, waiting: bool) -> Numbers {
    Numbers {
        samples: Some(times.samples),
        tottime_s: unit.amount(times.tottime_ns),
        // Whole nanoseconds: the digits beyond say nothing and make documents differ.
        tottime_error_s: times.tottime_error_ns.map(|ns| unit.amount(ns.round() as u64)),
        cumtime_s: unit.amount(times.cumtime_ns),
        waiting: waiting.then(|| RowWaiting {
            wait_s: seconds(times.wait.total_ns()),
            cumwait_s: seconds(times.cumwait.total_ns()),
            waits: Kinds::of(&times.cumwait),
        }),
    }
}

fn place_fields(place: Place<'_>) -> PlaceFields<'_> {
    let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
    PlaceFields {
        name: place.name,
        file: known(place.file),
        line: (place.line > 0).then_some(place.line),
        module: known(place.module),
    }
}

fn place_row<'a>(row: &'a Row, unit: Unit, inlines: bool, waiting: bool) -> Option<PlaceRow<'a>> {
    let Subject::Place(place) = row.subject else { return None };
    let children = || row.inlined.iter().filter_map(|child| place_row(child, unit, false, false)).collect();
    let inlined = inlines.then(children);
    Some(PlaceRow {
        place: place_fields(place),
        numbers: numbers(&row.times, unit, waiting),
        ncalls: None,
        inlined,
    })
}

fn thread_row<'a>(row: &'a Row, unit: Unit, waiting: bool) -> Option<ThreadRow<'a>> {
    let Subject::Thread { name, tid, pid, process } = row.subject else { return None };
    Some(ThreadRow { name, tid, pid, process, numbers: numbers(&row.times, unit, waiting) })
}

fn process_row<'a>(row: &'a Row, unit: Unit, waiting: bool) -> Option<ProcessRow<'a>> {
    let Subject::Process { name, pid, parent_pid } = row.subject else { return None };
    let parent_pid = (parent_pid > 0).then_some(parent_pid);
    Some(ProcessRow { name, pid, parent_pid, numbers: numbers(&row.times, unit, waiting) })
}
