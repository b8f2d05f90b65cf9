//! Everything a recording holds, as one JSON document for scripts; its fields stand in `docs/json.md`. It is written and not read: our own
//! files are pprof.

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, Unwritable};
use crate::profile::{
    calls::{CallGraph, Counted, Measurements},
    model::{Clock, Function, Gil, Language, Module, Origin, Profile, Recording},
};

const SCHEMA: &str = "hotcold.profile/1";

/// The format of scripts.
#[derive(Debug)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn is_read(&self) -> bool {
        false
    }

    fn holds_command(&self) -> bool {
        true
    }

    fn detect(&self, _beginning: &[u8]) -> bool {
        false
    }

    fn read(&self, _bytes: &[u8]) -> Result<Measurements, String> {
        Err("this JSON is written and not read".into())
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        match measurements {
            Measurements::Sampled(profile) => write_sampled(profile, out)?,
            Measurements::Traced(graph) => write_traced(graph, out)?,
        }
        Ok(writeln!(out)?)
    }
}

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    kind: &'static str,
    recording: RecordingFields<'a>,
}

#[derive(Serialize)]
struct RecordingFields<'a> {
    command: &'a [String],
    started_at: Option<String>,
    duration_s: f64,
    backend: &'a str,
    backend_reason: &'a str,
    clock: &'static str,
    unit: &'static str,
    event: Option<&'a str>,
    rate_hz: Option<u64>,
    bucket_s: f64,
    lost_samples: u64,
    user_stacks: u64,
    rooted_stacks: u64,
    truncated_stacks: u64,
    completed_stacks: u64,
    approx_python: u64,
    waiting: bool,
    kernel_frames: bool,
    kernel_time: bool,
    user_cpu_s: Option<f64>,
    system_cpu_s: Option<f64>,
    cpus: Option<u32>,
    kernel: &'a str,
    notes: &'a [String],
}

#[derive(Serialize)]
struct FunctionFields<'a> {
    name: &'a str,
    system_name: &'a str,
    file: &'a str,
    line: Option<u32>,
    module: Option<u32>,
    origin: &'static str,
    language: Option<&'static str>,
}

#[derive(Serialize)]
struct CountedFunction<'a> {
    #[serde(flatten)]
    function: FunctionFields<'a>,
    ncalls: u64,
    primitive_calls: u64,
    tottime_s: f64,
    cumtime_s: f64,
}

#[derive(Serialize)]
struct EdgeFields {
    caller: u32,
    callee: u32,
    ncalls: u64,
    primitive_calls: u64,
    tottime_s: f64,
    cumtime_s: f64,
}

#[derive(Serialize)]
struct ModuleFields<'a> {
    path: &'a str,
    build_id: &'a str,
}

#[derive(Serialize)]
struct FrameFields {
    function: u32,
    line: Option<u32>,
    inlined: bool,
}

#[derive(Serialize)]
struct StackFields {
    caller: Option<u32>,
    frame: u32,
}

#[derive(Serialize)]
struct ProcessFields<'a> {
    pid: u32,
    parent_pid: Option<u32>,
    name: &'a str,
}

#[derive(Serialize)]
struct ThreadFields<'a> {
    process: u32,
    tid: u32,
    name: &'a str,
}

#[derive(Serialize)]
struct SampleFields {
    bucket: u32,
    thread: u32,
    stack: u32,
    gil_held: Option<bool>,
    samples: u64,
    weight_ns: u64,
}

#[derive(Serialize)]
struct WaitFields {
    bucket: u32,
    thread: u32,
    stack: u32,
    wait: &'static str,
    weight_ns: u64,
}

fn write_sampled(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    head(out, "samples", &profile.recording)?;
    list(out, "modules", profile.modules.iter().map(|m| module(m, |id| profile.str(id))))?;
    list(out, "functions", profile.functions.iter().map(|f| function(f, |id| profile.str(id))))?;
    let frame = |f: &crate::profile::model::Frame| FrameFields {
        function: f.function.0,
        line: known(f.line),
        inlined: f.inlined,
    };
    list(out, "frames", profile.frames.iter().map(frame))?;
    let nodes = profile.stacks.nodes().iter();
    list(out, "stacks", nodes.map(|n| StackFields { caller: n.parent.map(|p| p.0), frame: n.frame.0 }))?;
    let processes = profile.processes.iter();
    let process = |p: &crate::profile::model::Process| (p.pid, known(p.parent_pid), p.name);
    let processes = processes.map(process);
    list(
        out,
        "processes",
        processes.map(|(pid, parent_pid, name)| ProcessFields { pid, parent_pid, name: profile.str(name) }),
    )?;
    let threads = profile.threads.iter();
    list(
        out,
        "threads",
        threads.map(|t| ThreadFields { process: t.process.0, tid: t.tid, name: profile.str(t.name) }),
    )?;
    let sample = |s: &crate::profile::model::Sample| SampleFields {
        bucket: s.bucket,
        thread: s.thread.0,
        stack: s.stack.0,
        gil_held: match s.gil {
            Gil::Unknown => None,
            Gil::Held => Some(true),
            Gil::Released => Some(false),
        },
        samples: s.count,
        weight_ns: s.weight_ns,
    };
    list(out, "samples", profile.samples.iter().map(sample))?;
    let waiting = |w: &crate::profile::model::Waiting| WaitFields {
        bucket: w.bucket,
        thread: w.thread.0,
        stack: w.stack.0,
        wait: w.wait.name(),
        weight_ns: w.ns,
    };
    list(out, "waits", profile.waits.iter().map(waiting))?;
    write!(out, "}}")
}

fn write_traced(graph: &CallGraph, out: &mut dyn Write) -> io::Result<()> {
    let kind = match graph.counted {
        Counted::Calls => "calls",
        Counted::Samples => "samples of calls",
    };
    head(out, kind, &graph.recording)?;
    let amount = |weight| graph.recording.unit.amount(weight);
    list(out, "modules", graph.modules.iter().map(|m| module(m, |id| graph.str(id))))?;
    let counted = graph.iter().map(|(f, calls)| CountedFunction {
        function: function(f, |id| graph.str(id)),
        ncalls: calls.total,
        primitive_calls: calls.primitive,
        tottime_s: amount(calls.tottime_ns),
        cumtime_s: amount(calls.cumtime_ns),
    });
    list(out, "functions", counted)?;
    let edge = |e: &crate::profile::calls::Edge| EdgeFields {
        caller: e.caller.0,
        callee: e.callee.0,
        ncalls: e.calls.total,
        primitive_calls: e.calls.primitive,
        tottime_s: amount(e.calls.tottime_ns),
        cumtime_s: amount(e.calls.cumtime_ns),
    };
    list(out, "edges", graph.edges.iter().map(edge))?;
    write!(out, "}}")
}

/// The beginning of the document, an object that is still open.
fn head(out: &mut dyn Write, kind: &'static str, recording: &Recording) -> io::Result<()> {
    let head = serde_json::to_string(&Head { schema: SCHEMA, kind, recording: fields(recording) })?;
    write!(out, "{}", head.strip_suffix('}').unwrap_or(&head))
}

/// A field with a list, an element at a time.
fn list<T: Serialize>(out: &mut dyn Write, name: &str, all: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    for (i, item) in all.enumerate() {
        if i > 0 {
            writeln!(out, ",")?;
        }
        serde_json::to_writer(&mut *out, &item)?;
    }
    write!(out, "]")
}

fn fields(r: &Recording) -> RecordingFields<'_> {
    RecordingFields {
        command: &r.command,
        started_at: r.started.map(|time| humantime::format_rfc3339_millis(time).to_string()),
        duration_s: seconds(r.duration_ns),
        backend: &r.backend,
        backend_reason: &r.backend_reason,
        clock: match r.clock {
            Clock::Cpu => "cpu",
            Clock::Wall => "wall",
        },
        unit: r.unit.name(),
        event: Some(r.event.as_str()).filter(|event| !event.is_empty()),
        rate_hz: (r.rate_hz > 0).then_some(r.rate_hz),
        bucket_s: seconds(r.bucket_ns),
        lost_samples: r.lost_samples,
        user_stacks: r.user_stacks,
        rooted_stacks: r.rooted_stacks,
        truncated_stacks: r.truncated_stacks,
        completed_stacks: r.completed_stacks,
        approx_python: r.approx_python,
        waiting: r.waiting,
        kernel_frames: r.kernel_frames,
        kernel_time: r.kernel_time,
        user_cpu_s: r.user_cpu_ns.map(seconds),
        system_cpu_s: r.system_cpu_ns.map(seconds),
        cpus: known(r.host.cpus),
        kernel: &r.host.kernel,
        notes: &r.notes,
    }
}

fn module<'a>(m: &Module, text: impl Fn(crate::profile::model::StrId) -> &'a str) -> ModuleFields<'a> {
    ModuleFields { path: text(m.path), build_id: text(m.build_id) }
}

fn function<'a>(f: &Function, text: impl Fn(crate::profile::model::StrId) -> &'a str) -> FunctionFields<'a> {
    FunctionFields {
        name: text(f.name),
        system_name: text(f.system_name),
        file: text(f.file),
        line: known(f.start_line),
        module: f.module.map(|m| m.0),
        origin: match f.origin {
            Origin::Native => "native",
            Origin::Kernel => "kernel",
            Origin::Python => "python",
            Origin::Marker => "marker",
        },
        language: match f.language {
            Language::Unknown => None,
            Language::C => Some("c"),
            Language::Cpp => Some("c++"),
            Language::Rust => Some("rust"),
            Language::Go => Some("go"),
            Language::Python => Some("python"),
        },
    }
}

fn known(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::profile::aggregate::{call_graph, sketch::profile};

    #[test]
    fn all_of_a_recording_is_in_it() {
        let p = profile("main@a.c:1;work@a.c:3 2\nmain@a.c:1;k:read 1");
        let mut out = Vec::new();
        Json.write(&Measurements::Sampled(p.clone()), &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["schema"], "hotcold.profile/1");
        let stack = &value["stacks"][value["samples"][0]["stack"].as_u64().unwrap() as usize];
        let frame = &value["frames"][stack["frame"].as_u64().unwrap() as usize];
        assert_eq!(value["functions"][frame["function"].as_u64().unwrap() as usize]["name"], "work");
        assert_eq!((&frame["line"], &value["samples"][0]["weight_ns"]), (&3.into(), &2_000_000.into()));
        let mut out = Vec::new();
        Json.write(&Measurements::Traced(call_graph(&p)), &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&value["kind"], &value["edges"][0]["tottime_s"]),
            (&"samples of calls".into(), &0.002.into())
        );
    }
}
