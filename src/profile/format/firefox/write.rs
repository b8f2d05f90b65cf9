//! Writing processed profiles.

use std::{
    io::{self, Write},
    time::UNIX_EPOCH,
};

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::profile::{
    aggregate::{Totals, UNKNOWN},
    model::{FunctionId, ModuleId, Origin, Profile, Sample, StackId, ThreadId, Unit},
};

/// Version of the format.
const VERSION: u32 = 55;
/// A resource that is a library.
const LIBRARY: u32 = 1;
/// Names and colours of the categories; functions of each origin have one.
const CATEGORIES: [(&str, &str); 4] =
    [("Native", "yellow"), ("Kernel", "blue"), ("Python", "green"), ("Other", "grey")];

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let meta = serde_json::to_string(&meta(profile))?;
    let libs: Vec<Value> = profile
        .modules
        .iter()
        .map(|module| lib(profile.str(module.path), profile.str(module.build_id)))
        .collect();
    write!(out, "{{\"meta\":{meta},\"libs\":{},\"threads\":[", serde_json::to_string(&libs)?)?;
    let mut first = true;
    for thread in 0..profile.threads.len() {
        let id = ThreadId(thread as u32);
        let samples: Vec<&Sample> = profile.samples.iter().filter(|sample| sample.thread == id).collect();
        if samples.is_empty() {
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            write!(out, ",")?;
        }
        serde_json::to_writer(&mut *out, &thread_json(profile, id, &samples))?;
    }
    write!(out, "],\"pages\":[],\"profilerOverhead\":[],\"counters\":[]}}")
}

fn meta(profile: &Profile) -> Value {
    let recording = &profile.recording;
    let totals = Totals::of(profile);
    let started = recording.started.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let product = recording.command.first().and_then(|path| path.rsplit('/').next()).unwrap_or("hotcold");
    let category =
        |(name, colour): &(&str, &str)| json!({"name": name, "color": colour, "subcategories": ["Other"]});
    json!({
        "categories": CATEGORIES.iter().map(category).collect::<Vec<_>>(),
        "debug": false,
        "extensions": {"length": 0, "baseURL": [], "id": [], "name": []},
        "interval": match recording.unit {
            Unit::Nanoseconds => totals.ns.checked_div(totals.samples).unwrap_or(0) as f64 / 1e6,
            Unit::Bytes | Unit::Count => 1.0,
        },
        "preprocessedProfileVersion": VERSION,
        "processType": 0,
        "product": product,
        "arguments": recording.command.join(" "),
        "importedFrom": "hotcold",
        "sampleUnits": {"time": "ms", "eventDelay": "ms", "threadCPUDelta": "ns"},
        "startTime": started.map_or(0.0, |time| time.as_secs_f64() * 1e3),
        "symbolicated": true,
        "pausedRanges": [],
        "version": 24,
        "usesOnlyOneStackType": true,
        "sourceCodeIsNotOnSearchfox": true,
        "markerSchema": [],
    })
}

fn lib(path: &str, build_id: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    // An id as Breakpad has it is 33 digits long; without one nothing is looked up.
    let breakpad: String =
        build_id.to_uppercase().chars().chain(std::iter::repeat('0')).take(32).chain(['0']).collect();
    let code = Some(build_id).filter(|id| !id.is_empty());
    json!({
        "name": name, "path": path, "debugName": name, "debugPath": path,
        "breakpadId": breakpad, "codeId": code, "arch": null,
    })
}

/// The tables of a thread. Its own, so that only what it uses is in them.
#[derive(Default)]
struct Tables {
    strings: Vec<String>,
    string_ids: FxHashMap<String, u32>,
    stacks: Vec<(Option<u32>, u32)>,
    stack_ids: FxHashMap<StackId, u32>,
    frames: Vec<FrameRow>,
    frame_ids: FxHashMap<u32, u32>,
    functions: Vec<FunctionRow>,
    function_ids: FxHashMap<FunctionId, u32>,
    resources: Vec<(u32, u32)>,
    resource_ids: FxHashMap<ModuleId, u32>,
}

struct FrameRow {
    function: u32,
    line: Option<u32>,
    inlined: bool,
    category: u32,
}

struct FunctionRow {
    name: u32,
    file: Option<u32>,
    line: Option<u32>,
    resource: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadJson {
    process_type: &'static str,
    process_startup_time: f64,
    process_shutdown_time: Option<f64>,
    register_time: f64,
    unregister_time: Option<f64>,
    paused_ranges: [(); 0],
    name: String,
    is_main_thread: bool,
    process_name: String,
    pid: String,
    tid: u32,
    samples: Value,
    markers: Value,
    stack_table: Value,
    frame_table: Value,
    func_table: Value,
    resource_table: Value,
    native_symbols: Value,
    string_array: Vec<String>,
    show_markers_in_timeline: bool,
}

fn thread_json(profile: &Profile, id: ThreadId, samples: &[&Sample]) -> ThreadJson {
    let thread = &profile.threads[id.index()];
    let process = &profile.processes[thread.process.index()];
    let mut tables = Tables::default();
    let stacks: Vec<u32> = samples.iter().map(|sample| tables.stack(profile, sample.stack)).collect();
    let count = samples.len();
    let is_time = profile.recording.unit == Unit::Nanoseconds;
    let weight = |sample: &&Sample| if is_time { sample.count } else { sample.weight_ns };
    let mut rows = json!({
        "length": count,
        "weightType": if profile.recording.unit == Unit::Bytes { "bytes" } else { "samples" },
        "stack": stacks,
        "time": times(profile, samples),
        "weight": samples.iter().map(weight).collect::<Vec<_>>(),
    });
    if is_time {
        rows["threadCPUDelta"] = samples.iter().map(|sample| sample.weight_ns).collect();
    }
    ThreadJson {
        process_type: "default",
        process_startup_time: 0.0,
        process_shutdown_time: None,
        register_time: 0.0,
        unregister_time: None,
        paused_ranges: [],
        name: profile.str(thread.name).to_owned(),
        is_main_thread: thread.tid == process.pid,
        process_name: profile.str(process.name).to_owned(),
        pid: process.pid.to_string(),
        tid: thread.tid,
        samples: rows,
        markers: json!({
            "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
        }),
        stack_table: tables.stack_table(),
        frame_table: tables.frame_table(),
        func_table: tables.function_table(),
        resource_table: tables.resource_table(),
        native_symbols: json!({"length": 0, "address": [], "functionSize": [], "libIndex": [], "name": []}),
        string_array: tables.strings,
        show_markers_in_timeline: false,
    }
}

/// Milliseconds since the start. A recording knows the second; within it the samples stand one after the other as long as they took.
fn times(profile: &Profile, samples: &[&Sample]) -> Vec<f64> {
    let bucket_ns = profile.recording.bucket_ns.max(1) as f64;
    let mut sums: FxHashMap<u32, (f64, f64)> = FxHashMap::default();
    for sample in samples {
        sums.entry(sample.bucket).or_default().0 += sample.weight_ns as f64;
    }
    let time = |sample: &&Sample| {
        let (whole, before) = sums.entry(sample.bucket).or_default();
        let within = if *whole > 0.0 { *before / whole.max(bucket_ns) } else { 0.0 };
        *before += sample.weight_ns as f64;
        (f64::from(sample.bucket) + within) * bucket_ns / 1e6
    };
    samples.iter().map(time).collect()
}

impl Tables {
    fn string(&mut self, text: &str) -> u32 {
        if let Some(&known) = self.string_ids.get(text) {
            return known;
        }
        let id = self.strings.len() as u32;
        self.strings.push(text.to_owned());
        self.string_ids.insert(text.to_owned(), id);
        id
    }

    /// Row of a stack; those of its callers come before it.
    fn stack(&mut self, profile: &Profile, stack: StackId) -> u32 {
        let mut missing = Vec::new();
        let mut next = Some(stack);
        let mut prefix = None;
        while let Some(id) = next {
            if let Some(&known) = self.stack_ids.get(&id) {
                prefix = Some(known);
                break;
            }
            missing.push(id);
            next = profile.stacks.node(id).parent;
        }
        for id in missing.into_iter().rev() {
            let frame = self.frame(profile, profile.stacks.node(id).frame.0);
            self.stacks.push((prefix, frame));
            let row = self.stacks.len() as u32 - 1;
            self.stack_ids.insert(id, row);
            prefix = Some(row);
        }
        prefix.unwrap_or(0)
    }

    fn frame(&mut self, profile: &Profile, id: u32) -> u32 {
        if let Some(&known) = self.frame_ids.get(&id) {
            return known;
        }
        let frame = profile.frames[id as usize];
        let category = match profile.functions[frame.function.index()].origin {
            Origin::Native => 0,
            Origin::Kernel => 1,
            Origin::Python => 2,
            Origin::Marker => 3,
        };
        let function = self.function(profile, frame.function);
        let line = (frame.line > 0).then_some(frame.line);
        self.frames.push(FrameRow { function, line, inlined: frame.inlined, category });
        let row = self.frames.len() as u32 - 1;
        self.frame_ids.insert(id, row);
        row
    }

    fn function(&mut self, profile: &Profile, id: FunctionId) -> u32 {
        if let Some(&known) = self.function_ids.get(&id) {
            return known;
        }
        let function = profile.functions[id.index()];
        let name = match profile.str(function.name) {
            "" => UNKNOWN,
            name => name,
        };
        let name = self.string(name);
        let file =
            Some(profile.str(function.file)).filter(|file| !file.is_empty()).map(|file| self.string(file));
        let resource = function.module.map_or(-1, |module| i64::from(self.resource(profile, module)));
        let line = (function.start_line > 0).then_some(function.start_line);
        self.functions.push(FunctionRow { name, file, line, resource });
        let row = self.functions.len() as u32 - 1;
        self.function_ids.insert(id, row);
        row
    }

    fn resource(&mut self, profile: &Profile, id: ModuleId) -> u32 {
        if let Some(&known) = self.resource_ids.get(&id) {
            return known;
        }
        let path = profile.str(profile.modules[id.index()].path);
        let name = self.string(path.rsplit('/').next().unwrap_or(path));
        self.resources.push((id.0, name));
        let row = self.resources.len() as u32 - 1;
        self.resource_ids.insert(id, row);
        row
    }

    fn stack_table(&self) -> Value {
        let (prefix, frame): (Vec<_>, Vec<_>) = self.stacks.iter().copied().unzip();
        json!({"length": self.stacks.len(), "prefix": prefix, "frame": frame})
    }

    fn frame_table(&self) -> Value {
        let all = &self.frames;
        let nothing = vec![Value::Null; all.len()];
        json!({
            "length": all.len(),
            "address": vec![-1; all.len()],
            "inlineDepth": all.iter().map(|frame| u32::from(frame.inlined)).collect::<Vec<_>>(),
            "category": all.iter().map(|frame| frame.category).collect::<Vec<_>>(),
            "subcategory": vec![0; all.len()],
            "func": all.iter().map(|frame| frame.function).collect::<Vec<_>>(),
            "nativeSymbol": nothing,
            "innerWindowID": vec![0; all.len()],
            "line": all.iter().map(|frame| frame.line).collect::<Vec<_>>(),
            "column": nothing,
        })
    }

    fn function_table(&self) -> Value {
        let all = &self.functions;
        json!({
            "length": all.len(),
            "name": all.iter().map(|function| function.name).collect::<Vec<_>>(),
            "isJS": vec![false; all.len()],
            "relevantForJS": vec![false; all.len()],
            "resource": all.iter().map(|function| function.resource).collect::<Vec<_>>(),
            "fileName": all.iter().map(|function| function.file).collect::<Vec<_>>(),
            "lineNumber": all.iter().map(|function| function.line).collect::<Vec<_>>(),
            "columnNumber": vec![Value::Null; all.len()],
        })
    }

    fn resource_table(&self) -> Value {
        let all = &self.resources;
        json!({
            "length": all.len(),
            "lib": all.iter().map(|(lib, _)| *lib).collect::<Vec<_>>(),
            "name": all.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
            "host": vec![Value::Null; all.len()],
            "type": vec![LIBRARY; all.len()],
        })
    }
}
