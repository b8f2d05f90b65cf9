//! What a recording says, without the ids that it says it by.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, UNIX_EPOCH},
};

use hotcold::profile::{
    calls::{CallGraph, Calls, Counted, Measurements},
    model::{Function, Gil, Language, Module, Origin, Profile, Recording, StrId, Wait},
};

/// (path, build id)
type DescribedModule = (String, String);
/// (name, system name, file, first line, module, origin, language)
type DescribedFunction = (String, String, String, u32, Option<DescribedModule>, Origin, Language);
/// (function, line, inlined)
type DescribedFrame = (DescribedFunction, u32, bool);
/// (pid, parent pid, process name, tid, name)
type DescribedThread = (u32, u32, String, u32, String);
/// (bucket, thread, frames innermost first)
type Place = (u32, DescribedThread, Vec<DescribedFrame>);
/// Calls, primitive calls, tottime, cumtime.
type Numbers = [u64; 4];

/// A recording, to be compared with another one.
#[derive(Debug, PartialEq)]
pub enum Described {
    /// Of stacks.
    Sampled {
        /// How it was recorded.
        recording: Recording,
        /// Every thread, those without samples too.
        threads: BTreeSet<DescribedThread>,
        /// Samples and nanoseconds.
        samples: BTreeMap<(Place, Gil), (u64, u64)>,
        /// Nanoseconds.
        waits: BTreeMap<(Place, Wait), u64>,
    },
    /// Of calls.
    Traced {
        /// How it was recorded.
        recording: Recording,
        /// What is counted.
        counted: Counted,
        /// Numbers of functions.
        functions: BTreeMap<DescribedFunction, Numbers>,
        /// Numbers by callee and caller.
        edges: BTreeMap<(DescribedFunction, DescribedFunction), Numbers>,
    },
}

impl Described {
    /// What this one says.
    pub fn of(measurements: &Measurements) -> Self {
        match measurements {
            Measurements::Sampled(profile) => sampled(profile),
            Measurements::Traced(graph) => traced(graph),
        }
    }
}

fn sampled(profile: &Profile) -> Described {
    let frame = |id: hotcold::profile::model::FrameId| {
        let frame = &profile.frames[id.index()];
        let function = &profile.functions[frame.function.index()];
        (described(function, &profile.strings, &profile.modules), frame.line, frame.inlined)
    };
    let threads: Vec<DescribedThread> = (profile.threads.iter())
        .map(|thread| {
            let process = &profile.processes[thread.process.index()];
            let names = [process.name, thread.name].map(|id| profile.str(id).to_owned());
            let [process_name, name] = names;
            (process.pid, process.parent_pid, process_name, thread.tid, name)
        })
        .collect();
    let mut samples = BTreeMap::new();
    for sample in &profile.samples {
        let stack = profile.stacks.frames(sample.stack).map(frame).collect();
        let key = ((sample.bucket, threads[sample.thread.index()].clone(), stack), sample.gil);
        let before = samples.insert(key, (number(sample.count), number(sample.weight_ns)));
        assert_eq!(before, None, "samples of one stack stand twice");
    }
    let mut waits = BTreeMap::new();
    for wait in &profile.waits {
        let stack = profile.stacks.frames(wait.stack).map(frame).collect();
        let key = ((wait.bucket, threads[wait.thread.index()].clone(), stack), wait.wait);
        assert_eq!(waits.insert(key, number(wait.ns)), None, "a time of waiting stands twice");
    }
    Described::Sampled {
        recording: recording(&profile.recording),
        threads: threads.into_iter().collect(),
        samples,
        waits,
    }
}

fn traced(graph: &CallGraph) -> Described {
    let names: Vec<DescribedFunction> =
        graph.functions.iter().map(|function| described(function, &graph.strings, &graph.modules)).collect();
    Described::Traced {
        recording: recording(&graph.recording),
        counted: graph.counted,
        functions: names.iter().cloned().zip(graph.calls.iter().map(numbers)).collect(),
        edges: (graph.edges.iter())
            .map(|edge| {
                let key = (names[edge.callee.index()].clone(), names[edge.caller.index()].clone());
                (key, numbers(&edge.calls))
            })
            .collect(),
    }
}

fn described(function: &Function, strings: &[String], modules: &[Module]) -> DescribedFunction {
    let text = |id: StrId| strings[id.index()].clone();
    let module = function.module.map(|module| {
        let module = &modules[module.index()];
        (text(module.path), text(module.build_id))
    });
    let Function { start_line, origin, language, .. } = *function;
    let [name, system_name, file] = [function.name, function.system_name, function.file].map(text);
    (name, system_name, file, start_line, module, origin, language)
}

fn numbers(calls: &Calls) -> Numbers {
    [calls.total, calls.primitive, calls.tottime_ns, calls.cumtime_ns].map(number)
}

/// No file holds a larger number.
fn number(n: u64) -> u64 {
    n.min(i64::MAX as u64)
}

fn recording(recording: &Recording) -> Recording {
    let storable = UNIX_EPOCH..=UNIX_EPOCH + Duration::from_nanos(i64::MAX as u64);
    Recording {
        started: recording.started.filter(|time| storable.contains(time) && *time > UNIX_EPOCH),
        duration_ns: number(recording.duration_ns),
        ..recording.clone()
    }
}
