//! A [`CallGraph`] as samples.

use super::super::unit;
use crate::profile::{
    calls::{CallGraph, Calls, Counted},
    model::{
        Frame, FrameId, Gil, Process, ProcessId, Profile, Sample, StackId, StackTree, StrId, Thread,
        ThreadId, Unit,
    },
};

/// Position of the time in the function itself.
pub(in crate::profile::format::pprof) const TOTTIME: usize = 2;

/// Sample types in the order of a sample's values.
pub(super) fn types(counted: Counted, unit: Unit) -> [(&'static str, &'static str); 4] {
    let [total, primitive] = unit::counts(counted);
    [
        (total, unit::COUNT),
        (primitive, unit::COUNT),
        (unit::TOTTIME, unit::of(unit)),
        (unit::CUMTIME, unit::of(unit)),
    ]
}

/// The graph as a profile whose samples have other values than others.
pub(super) struct Columns {
    pub(super) profile: Profile,
    /// By stack.
    values: Vec<[i64; 4]>,
}

impl Columns {
    /// A stack of a caller and its callee has what the edge has; that of a function alone has what its callers leave of it.
    pub(super) fn of(graph: &CallGraph) -> Self {
        let frame = |i: usize| FrameId(u32::try_from(i).unwrap_or(u32::MAX));
        let mut stacks = StackTree::default();
        let mut values: Vec<[i64; 4]> = Vec::new();
        for (i, calls) in graph.calls.iter().enumerate() {
            stacks.push(None, frame(i));
            values.push(numbers(*calls));
        }
        for edge in &graph.edges {
            let edge_values = numbers(edge.calls);
            if let Some(alone) = values.get_mut(edge.callee.index()) {
                for (left, part) in alone.iter_mut().zip(edge_values) {
                    *left = left.saturating_sub(part);
                }
            }
            // Functions alone came first, so their stacks have their numbers.
            stacks.push(Some(StackId(edge.caller.0)), frame(edge.callee.index()));
            values.push(edge_values);
        }
        let samples = (values.iter().enumerate())
            .filter(|(_, values)| **values != [0; 4])
            .map(|(i, _)| Sample {
                bucket: 0,
                thread: ThreadId(0),
                stack: StackId(i as u32),
                gil: Gil::Unknown,
                count: 0,
                weight_ns: 0,
            })
            .collect();
        Self { profile: Self::profile(graph, stacks, samples), values }
    }

    fn profile(graph: &CallGraph, stacks: StackTree<FrameId>, samples: Vec<Sample>) -> Profile {
        let frames = graph.functions.iter().enumerate().map(|(i, function)| Frame {
            function: crate::profile::model::FunctionId(i as u32),
            line: function.start_line,
            inlined: false,
        });
        let mut strings = graph.strings.clone();
        let nameless = StrId(u32::try_from(strings.len()).unwrap_or(u32::MAX));
        strings.push(String::new());
        Profile {
            recording: graph.recording.clone(),
            strings,
            modules: graph.modules.clone(),
            functions: graph.functions.clone(),
            frames: frames.collect(),
            stacks,
            processes: vec![Process { pid: 0, parent_pid: 0, name: nameless }],
            threads: vec![Thread { process: ProcessId(0), tid: 0, name: nameless }],
            samples,
            waits: Vec::new(),
        }
    }

    /// Values of a sample of [`Self::profile`].
    pub(super) fn values(&self, sample: &Sample) -> [i64; 4] {
        self.values.get(sample.stack.index()).copied().unwrap_or_default()
    }
}

fn numbers(calls: Calls) -> [i64; 4] {
    [calls.total, calls.primitive, calls.tottime_ns, calls.cumtime_ns].map(super::clamp)
}
