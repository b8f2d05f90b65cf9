//! Profiles for tests: any valid one, and two of them compared by what they say instead of by their ids.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, UNIX_EPOCH},
};

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::profile::model::*;

/// (name, system name, file, first line, (module path, build id), origin, language)
pub(super) type CanonFunction = (String, String, String, u32, Option<(String, String)>, Origin, Language);
/// (function, line, inlined)
type CanonFrame = (CanonFunction, u32, bool);
/// (pid, parent pid, name)
pub(super) type CanonProcess = (u32, u32, String);
/// (process, tid, name)
pub(super) type CanonThread = (CanonProcess, u32, String);

/// What a profile says, without ids.
#[derive(Debug, PartialEq)]
pub(super) struct Canon {
    pub(super) recording: Recording,
    pub(super) modules: BTreeSet<(String, String)>,
    pub(super) functions: BTreeSet<CanonFunction>,
    pub(super) processes: BTreeSet<CanonProcess>,
    pub(super) threads: BTreeSet<CanonThread>,
    /// (bucket, thread, frames innermost first, whether the lock was held) -> (count, weight)
    pub(super) samples: BTreeMap<CanonStack, (u64, u64)>,
    /// (bucket, thread, frames innermost first, what for) -> nanoseconds
    waits: BTreeMap<(u32, CanonThread, Vec<CanonFrame>, Wait), u64>,
}

type CanonStack = (u32, CanonThread, Vec<CanonFrame>, Gil);

pub(super) fn canon(p: &Profile) -> Canon {
    let text = |id| p.str(id).to_owned();
    let module = |m: &Module| (text(m.path), text(m.build_id));
    let function = |f: &Function| {
        let in_module = f.module.map(|m| module(&p.modules[m.index()]));
        (text(f.name), text(f.system_name), text(f.file), f.start_line, in_module, f.origin, f.language)
    };
    let frame = |id: FrameId| {
        let f = &p.frames[id.index()];
        (function(&p.functions[f.function.index()]), f.line, f.inlined)
    };
    let process = |x: &Process| (x.pid, x.parent_pid, text(x.name));
    let thread = |t: &Thread| (process(&p.processes[t.process.index()]), t.tid, text(t.name));
    let mut samples = BTreeMap::new();
    for s in &p.samples {
        let stack = p.stacks.frames(s.stack).map(frame).collect();
        let key = (s.bucket, thread(&p.threads[s.thread.index()]), stack, s.gil);
        assert_eq!(samples.insert(key, (s.count, s.weight_ns)), None, "a sample stands twice");
    }
    let mut waits = BTreeMap::new();
    for w in &p.waits {
        let stack = p.stacks.frames(w.stack).map(frame).collect();
        let key = (w.bucket, thread(&p.threads[w.thread.index()]), stack, w.wait);
        assert_eq!(waits.insert(key, w.ns), None, "a time of waiting stands twice");
    }
    Canon {
        recording: p.recording.clone(),
        modules: p.modules.iter().map(module).collect(),
        functions: p.functions.iter().map(function).collect(),
        processes: p.processes.iter().map(process).collect(),
        threads: p.threads.iter().map(thread).collect(),
        samples,
        waits,
    }
}

/// Few distinct texts, so that equal names in different places happen; among them odd ones.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "",
            "a",
            "b",
            "/bin/a",
            "x.py",
            "[kernel]",
            "0",
            "17",
            "#hotcold.recording/1 {}"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..5, 0..=i64::MAX as u64]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..4, any::<u32>()]
}

fn recording() -> impl Strategy<Value = Recording> {
    let started =
        proptest::option::of((1_u64..=i64::MAX as u64).prop_map(|ns| UNIX_EPOCH + Duration::from_nanos(ns)));
    (
        (vec(text(), 0..4), started, number(), text(), any::<bool>(), number(), 0_u64..4_000_000_000),
        (number(), number(), number(), number(), number(), number()),
        (
            any::<bool>(),
            proptest::option::of(number()),
            proptest::option::of(number()),
            any::<bool>(),
            text(),
            any::<bool>(),
        ),
        (any::<u32>(), text(), vec(text(), 0..4), unit()),
    )
        .prop_map(|(a, b, c, d)| Recording {
            command: a.0,
            started: a.1,
            duration_ns: a.2,
            backend: a.3,
            backend_reason: c.4,
            clock: if a.4 || d.3.0 != Unit::Nanoseconds { Clock::Cpu } else { Clock::Wall },
            unit: d.3.0,
            event: d.3.1.to_owned(),
            tallied: c.5,
            rate_hz: a.5,
            bucket_ns: a.6,
            lost_samples: b.0,
            user_stacks: b.1,
            rooted_stacks: b.2,
            truncated_stacks: b.3,
            completed_stacks: b.4,
            approx_python: b.5,
            waiting: c.5 && d.3.0 == Unit::Nanoseconds,
            kernel_frames: c.0,
            kernel_time: c.3,
            user_cpu_ns: c.1,
            system_cpu_ns: c.2,
            host: Host { cpus: d.0, kernel: d.1 },
            notes: d.2,
        })
}

/// A unit with what is weighed in it; time more often than not.
fn unit() -> impl Strategy<Value = (Unit, &'static str)> {
    let time = (Unit::Nanoseconds, "");
    let others = [
        (Unit::Bytes, "inuse_space"),
        (Unit::Count, "cycles"),
        (Unit::Count, "samples"),
        (Unit::Bytes, "wait"),
    ];
    proptest::sample::select([[time; 4], others].concat())
}

fn origin() -> impl Strategy<Value = Origin> {
    proptest::sample::select(vec![Origin::Native, Origin::Kernel, Origin::Python, Origin::Marker])
}

fn wait() -> impl Strategy<Value = Wait> {
    proptest::sample::select(Wait::ALL.to_vec())
}

fn language() -> impl Strategy<Value = Language> {
    use Language::*;
    proptest::sample::select(vec![Unknown, C, Cpp, Rust, Go, Python])
}

fn gil() -> impl Strategy<Value = Gil> {
    proptest::sample::select(vec![Gil::Unknown, Gil::Held, Gil::Released])
}

/// Any profile that a [`Builder`] can make, with numbers that sum up.
pub(super) fn profile() -> impl Strategy<Value = Profile> {
    let modules = vec((text(), text()), 0..4);
    let functions =
        vec((text(), text(), text(), small(), any::<Index>(), (any::<bool>(), origin(), language())), 1..8);
    let frames = vec((any::<Index>(), small(), any::<bool>()), 1..12);
    let stacks = vec(vec(any::<Index>(), 1..10), 1..8);
    let processes = vec((small(), small(), text()), 1..4);
    let threads = vec((any::<Index>(), small(), text()), 1..6);
    let samples =
        vec((0_u32..=1 << 31, any::<Index>(), any::<Index>(), gil(), 0_u64..1 << 40, 0_u64..1 << 50), 0..20);
    let waits = vec((0_u32..=1 << 31, any::<Index>(), any::<Index>(), wait(), 0_u64..1 << 50), 0..10);
    (recording(), modules, functions, frames, stacks, processes, (threads, samples, waits)).prop_map(
        |(recording, modules, functions, frames, stacks, processes, (threads, samples, waits))| {
            let mut b = Builder::new();
            let modules: Vec<_> = modules
                .iter()
                .map(|(path, id)| Module { path: b.string(path), build_id: b.string(id) })
                .collect::<Vec<_>>()
                .into_iter()
                .map(|m| b.module(m))
                .collect();
            let mut function_ids = Vec::new();
            for (name, system_name, file, start_line, module, (has_module, origin, language)) in &functions {
                let function = Function {
                    name: b.string(name),
                    system_name: b.string(system_name),
                    file: b.string(file),
                    start_line: *start_line,
                    module: (*has_module && !modules.is_empty()).then(|| *module.get(&modules)),
                    origin: *origin,
                    language: *language,
                };
                function_ids.push(b.function(function));
            }
            let frames: Vec<_> = frames
                .iter()
                .map(|(f, line, inlined)| Frame {
                    function: *f.get(&function_ids),
                    line: *line,
                    inlined: *inlined,
                })
                .map(|frame| b.frame(frame))
                .collect();
            let mut stack_ids = Vec::new();
            for stack in &stacks {
                let mut id = None;
                for frame in stack {
                    id = Some(b.stack(id, *frame.get(&frames)));
                    stack_ids.extend(id);
                }
            }
            let mut process_ids = Vec::new();
            for (pid, parent_pid, name) in &processes {
                let name = b.string(name);
                process_ids.push(b.process(Process { pid: *pid, parent_pid: *parent_pid, name }));
            }
            let mut thread_ids = Vec::new();
            for (process, tid, name) in &threads {
                let name = b.string(name);
                thread_ids.push(b.thread(Thread { process: *process.get(&process_ids), tid: *tid, name }));
            }
            for (bucket, thread, stack, gil, count, weight_ns) in samples {
                b.sample(Sample {
                    bucket,
                    thread: *thread.get(&thread_ids),
                    stack: *stack.get(&stack_ids),
                    gil,
                    count,
                    weight_ns,
                });
            }
            for (bucket, thread, stack, wait, ns) in waits.into_iter().filter(|_| recording.waiting) {
                let (thread, stack) = (*thread.get(&thread_ids), *stack.get(&stack_ids));
                b.waiting(Waiting { bucket, thread, stack, wait, ns });
            }
            b.build(recording)
        },
    )
}
