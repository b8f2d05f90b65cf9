//! Several recordings as one. Pure.
//!
//! Samples keep their moments: times count from the start of the earliest recording, so that windows of time still work. What all recordings
//! agree on stays; what they do not agree on is not known of the whole.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use rustc_hash::FxHashMap;

use super::{
    Error,
    aggregate::diff::same_measure,
    calls::{CallGraph, CallGraphBuilder, Counted},
    model::{
        Builder, Frame, FrameId, Function, FunctionId, Host, Module, ModuleId, Process, ProcessId, Profile,
        Recording, Sample, StackId, StrId, Thread, ThreadId, Waiting,
    },
};
use crate::units;

/// Puts recordings together. Equal processes (id and name) are one, so are their threads.
///
/// # Errors
/// [`Error::MixedClocks`] where some have CPU time and others elapsed time, [`Error::MixedUnits`] where some have no time at all.
pub fn merge(profiles: &[Profile]) -> Result<Profile, Error> {
    same_measure(profiles.iter().map(|profile| &profile.recording))?;
    let recordings: Vec<&Recording> = profiles.iter().map(|profile| &profile.recording).collect();
    let clock = Times::of(&recordings);
    let mut builder = Builder::new();
    for profile in profiles {
        add(&mut builder, profile, &clock);
    }
    Ok(builder.build(recording(&recordings, &clock)))
}

/// Puts recordings of calls together: the numbers of equal functions and edges are added up.
///
/// # Errors
/// As [`merge`], and [`Error::MixedKinds`] where some count calls and others samples.
pub fn merge_calls(graphs: &[CallGraph]) -> Result<CallGraph, Error> {
    same_measure(graphs.iter().map(|graph| &graph.recording))?;
    let counted = graphs.first().map_or(Counted::default(), |graph| graph.counted);
    if graphs.iter().any(|graph| graph.counted != counted) {
        return Err(Error::MixedKinds);
    }
    let recordings: Vec<&Recording> = graphs.iter().map(|graph| &graph.recording).collect();
    let mut builder = CallGraphBuilder::default();
    graphs.iter().for_each(|graph| builder.absorb(graph));
    Ok(builder.build(recording(&recordings, &Times::of(&recordings)), counted))
}

/// The common time line.
struct Times {
    start: Option<SystemTime>,
    bucket_ns: u64,
}

impl Times {
    fn of(recordings: &[&Recording]) -> Self {
        let start = recordings.iter().filter_map(|r| r.started).min();
        let longest = recordings.iter().map(|r| r.bucket_ns).max().unwrap_or(0);
        let mut times = Self { start, bucket_ns: longest };
        let end =
            recordings.iter().map(|r| times.offset_ns(r).saturating_add(r.duration_ns)).max().unwrap_or(0);
        // Recordings that lie years apart still have to fit.
        times.bucket_ns = longest.max(end / u64::from(u32::MAX - 1));
        times
    }

    /// Nanoseconds from the common start to that of a recording; 0 where it does not know it.
    fn offset_ns(&self, recording: &Recording) -> u64 {
        let offset =
            recording.started.zip(self.start).and_then(|(own, first)| own.duration_since(first).ok());
        offset.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }

    fn bucket(&self, recording: &Recording, bucket: u32) -> u32 {
        let at =
            u64::from(bucket).saturating_mul(recording.bucket_ns).saturating_add(self.offset_ns(recording));
        at.checked_div(self.bucket_ns).map_or(bucket, |bucket| u32::try_from(bucket).unwrap_or(u32::MAX))
    }
}

fn add(b: &mut Builder, profile: &Profile, clock: &Times) {
    let strings: Vec<StrId> = profile.strings.iter().map(|text| b.string(text)).collect();
    let string = |id: StrId| strings[id.index()];
    let module = |m: &Module| Module { path: string(m.path), build_id: string(m.build_id) };
    let modules: Vec<ModuleId> = profile.modules.iter().map(|m| b.module(module(m))).collect();
    let function = |f: &Function| Function {
        name: string(f.name),
        system_name: string(f.system_name),
        file: string(f.file),
        module: f.module.map(|m| modules[m.index()]),
        ..*f
    };
    let functions: Vec<FunctionId> = profile.functions.iter().map(|f| b.function(function(f))).collect();
    let frame = |f: &Frame| Frame { function: functions[f.function.index()], ..*f };
    let frames: Vec<FrameId> = profile.frames.iter().map(|f| b.frame(frame(f))).collect();
    let mut stacks: Vec<StackId> = Vec::with_capacity(profile.stacks.len());
    for node in profile.stacks.nodes() {
        let parent = node.parent.map(|parent| stacks[parent.index()]);
        stacks.push(b.stack(parent, frames[node.frame.index()]));
    }
    let process = |p: &Process| Process { name: string(p.name), ..*p };
    let processes: Vec<ProcessId> = profile.processes.iter().map(|p| b.process(process(p))).collect();
    let thread = |t: &Thread| Thread { process: processes[t.process.index()], name: string(t.name), ..*t };
    let threads: Vec<ThreadId> = profile.threads.iter().map(|t| b.thread(thread(t))).collect();
    for sample in &profile.samples {
        b.sample(Sample {
            bucket: clock.bucket(&profile.recording, sample.bucket),
            thread: threads[sample.thread.index()],
            stack: stacks[sample.stack.index()],
            ..*sample
        });
    }
    for waiting in &profile.waits {
        b.waiting(Waiting {
            bucket: clock.bucket(&profile.recording, waiting.bucket),
            thread: threads[waiting.thread.index()],
            stack: stacks[waiting.stack.index()],
            ..*waiting
        });
    }
}

fn recording(all: &[&Recording], times: &Times) -> Recording {
    let sum = |of: fn(&Recording) -> u64| all.iter().fold(0_u64, |sum, r| sum.saturating_add(of(r)));
    // Where the kernel was sampled in some alone, what was charged cannot be compared with what was seen.
    let alike = common(all, |r| r.kernel_time).is_some();
    let charged = |of: fn(&Recording) -> Option<u64>| {
        let add = |sum: u64, r: &&Recording| Some(sum.saturating_add(of(r)?));
        if alike { all.iter().try_fold(0, add) } else { None }
    };
    let host = common(all, |r| r.host.clone());
    Recording {
        command: common(all, |r| r.command.clone()).unwrap_or_default(),
        started: times.start,
        duration_ns: covered(all, times),
        backend: common(all, |r| r.backend.clone()).unwrap_or_default(),
        backend_reason: common(all, |r| r.backend_reason.clone()).unwrap_or_default(),
        clock: common(all, |r| r.clock).unwrap_or_default(),
        unit: common(all, |r| r.unit).unwrap_or_default(),
        event: common(all, |r| r.event.clone()).unwrap_or_default(),
        tallied: all.iter().any(|r| r.tallied),
        rate_hz: common(all, |r| r.rate_hz).unwrap_or(0),
        bucket_ns: times.bucket_ns,
        lost_samples: sum(|r| r.lost_samples),
        user_stacks: sum(|r| r.user_stacks),
        rooted_stacks: sum(|r| r.rooted_stacks),
        truncated_stacks: sum(|r| r.truncated_stacks),
        completed_stacks: sum(|r| r.completed_stacks),
        approx_python: sum(|r| r.approx_python),
        waiting: all.iter().any(|r| r.waiting),
        kernel_frames: all.iter().all(|r| r.kernel_frames),
        kernel_time: all.iter().all(|r| r.kernel_time),
        user_cpu_ns: charged(|r| r.user_cpu_ns),
        system_cpu_ns: charged(|r| r.system_cpu_ns),
        host: Host { ..host.unwrap_or_default() },
        notes: notes(all),
    }
}

/// The value that all recordings have.
fn common<T: PartialEq>(all: &[&Recording], of: impl Fn(&Recording) -> T) -> Option<T> {
    let first = of(all.first()?);
    all.iter().all(|r| of(r) == first).then_some(first)
}

/// Time during which something was recorded: recordings that went on at the same time count once.
fn covered(all: &[&Recording], times: &Times) -> u64 {
    let span = |r: &&Recording| {
        let start = times.offset_ns(r);
        (start, start.saturating_add(r.duration_ns))
    };
    let (mut unknown, mut known): (Vec<&Recording>, Vec<(u64, u64)>) = (Vec::new(), Vec::new());
    for recording in all {
        match recording.started {
            Some(_) => known.push(span(recording)),
            None => unknown.push(recording),
        }
    }
    known.sort_unstable();
    let (mut sum, mut end) = (0_u64, 0_u64);
    for (start, stop) in known {
        sum = sum.saturating_add(stop.saturating_sub(start.max(end)));
        end = end.max(stop);
    }
    unknown.iter().fold(sum, |sum, r| sum.saturating_add(r.duration_ns))
}

/// What all recordings noted, each once, and that they are several.
fn notes(all: &[&Recording]) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut notes: Vec<String> =
        all.iter().flat_map(|r| &r.notes).filter(|note| told.insert(note.as_str())).cloned().collect();
    let mut text = format!("merged from {}", units::plural(all.len() as u64, "recording", "recordings"));
    let mut starts: Vec<SystemTime> = all.iter().filter_map(|r| r.started).collect();
    starts.sort_unstable();
    if let (Some(first), Some(last)) = (starts.first(), starts.last())
        && last.duration_since(*first).is_ok_and(|apart| apart > Duration::ZERO)
    {
        let time = |t: &SystemTime| humantime::format_rfc3339_seconds(*t).to_string();
        text.push_str(&format!(" begun between {} and {}", time(first), time(last)));
    }
    let mut commands: FxHashMap<&str, usize> = FxHashMap::default();
    for name in all.iter().filter_map(|r| r.command.first()) {
        *commands.entry(name).or_default() += 1;
    }
    if commands.len() > 1 {
        text.push_str(&format!(" of {} programs", commands.len()));
    }
    notes.push(text);
    notes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{
        aggregate::{Selection, Subject, Totals, rows, sketch::recorded},
        model::{Clock, Unit},
    };

    fn at(seconds: u64, duration: u64) -> Recording {
        Recording {
            started: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
            duration_ns: duration * 1_000_000_000,
            bucket_ns: 1_000_000_000,
            backend: "perf".into(),
            rate_hz: 997,
            user_cpu_ns: Some(5),
            command: vec!["app".into()],
            ..Recording::default()
        }
    }

    #[test]
    fn samples_keep_their_moments() {
        let (a, b) = (recorded("main;f 3", at(100, 4)), recorded("main;f 2\nmain;g 1", at(130, 6)));
        let merged = merge(&[b, a]).unwrap();
        let samples: Vec<(u32, u64)> = merged.samples.iter().map(|s| (s.bucket, s.count)).collect();
        assert_eq!(samples, [(0, 3), (30, 2), (30, 1)]);
        let r = &merged.recording;
        assert_eq!(r.started, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100)));
        assert_eq!((r.duration_ns, r.rate_hz, r.user_cpu_ns), (10_000_000_000, 997, Some(10)));
        assert_eq!((merged.threads.len(), merged.functions.len()), (1, 3));
        assert_eq!(
            r.notes,
            ["merged from 2 recordings begun between 1970-01-01T00:01:40Z and 1970-01-01T00:02:10Z"]
        );
    }

    #[test]
    fn recordings_at_the_same_time_cover_it_once() {
        let merged = merge(&[recorded("a 1", at(100, 10)), recorded("b 1", at(104, 10))]).unwrap();
        assert_eq!(merged.recording.duration_ns, 14_000_000_000);
    }

    #[test]
    fn what_differs_is_not_known() {
        let other = Recording {
            rate_hz: 99,
            bucket_ns: 4_000_000_000,
            command: vec!["b".into()],
            kernel_frames: true,
            kernel_time: true,
            ..at(102, 4)
        };
        let merged = merge(&[recorded("a 1", at(101, 4)), recorded("b 1", other)]).unwrap();
        let r = &merged.recording;
        assert_eq!((r.rate_hz, r.bucket_ns, r.user_cpu_ns, r.command.len()), (0, 4_000_000_000, None, 0));
        assert!(r.notes[0].ends_with("of 2 programs"), "{:?}", r.notes);
        let wall = Recording { clock: Clock::Wall, ..Recording::default() };
        assert!(matches!(
            merge(&[recorded("a 1", at(1, 1)), recorded("a 1", wall)]),
            Err(Error::MixedClocks)
        ));
    }

    #[test]
    fn time_and_bytes_cannot_be_added() {
        let heap = Recording { unit: Unit::Bytes, event: "inuse_space".into(), ..at(1, 1) };
        let both = [recorded("a 1", at(1, 1)), recorded("a 1", heap.clone())];
        assert_eq!(
            merge(&both).unwrap_err().to_string(),
            "cannot put CPU time and `inuse_space` in bytes together: the recordings measure different things"
        );
        let merged = merge(&[recorded("a 1", heap.clone()), recorded("a 1", heap)]).unwrap();
        assert_eq!((merged.recording.unit, merged.recording.event.as_str()), (Unit::Bytes, "inuse_space"));
    }

    #[test]
    fn recordings_ages_apart_fit() {
        let far = Recording {
            started: SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 33)),
            ..at(0, 1)
        };
        let odd = Recording { bucket_ns: 1, ..at(0, 1) };
        let merged = merge(&[recorded("a 1", odd), recorded("a 1", far)]).unwrap();
        assert_eq!(merged.samples.len(), 2);
        assert!(merged.samples[1].bucket >= u32::MAX - 1_000);
    }

    proptest! {
        #[test]
        fn times_add_up(counts in prop::collection::vec((1_u64..50, 0_u64..50), 1..5)) {
            let profiles: Vec<Profile> = (counts.iter().zip(0..))
                .map(|(&(a, b), i)| recorded(&format!("m;f {a}\nm;g;f {b}"), at(i * 10, 3)))
                .collect();
            let merged = merge(&profiles).unwrap();
            let sum = |of: fn(&Totals) -> u64| profiles.iter().map(|p| of(&Totals::of(p))).sum::<u64>();
            prop_assert_eq!(Totals::of(&merged).samples, sum(|t| t.samples));
            prop_assert_eq!(Totals::of(&merged).ns, sum(|t| t.ns));
            let tottime = |p: &Profile| {
                let rows = rows(p, &Selection::default()).unwrap().rows;
                rows.iter().filter(|r| matches!(r.subject, Subject::Place(p) if p.name == "f")).map(|r| r.times.cumtime_ns).sum::<u64>()
            };
            prop_assert_eq!(tottime(&merged), profiles.iter().map(tottime).sum::<u64>());
        }
    }
}
