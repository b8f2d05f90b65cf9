//! A part of a recording: a window of time, some threads or processes, the stacks through a frame or those without it. Pure.
//!
//! What is left is a profile of its own: its totals, and the shares that refer to them, are those of the part. The CPU time that the
//! kernel charged is known of the whole alone, so a part has no coverage; the other facts of quality stay those of the whole.

use std::time::{Duration, SystemTime};

use regex::Regex;

use super::{
    Error,
    aggregate::{Totals, keys::through},
    model::{Process, Profile, Recording, Thread},
};
use crate::units;

/// Which samples to keep; the default keeps all.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Nothing sampled before.
    pub since: Option<Moment>,
    /// Nothing sampled at or after.
    pub until: Option<Moment>,
    /// One of these threads; any where empty.
    pub threads: Vec<Who>,
    /// One of these processes; any where empty.
    pub processes: Vec<Who>,
    /// Only stacks with a frame whose function, file or module matches.
    pub focus: Option<Regex>,
    /// Only stacks without such a frame.
    pub ignore: Option<Regex>,
}

/// A moment of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after its start.
    After(Duration),
    /// At this time.
    At(SystemTime),
}

/// A thread or a process.
#[derive(Clone, Debug)]
pub enum Who {
    /// The one with this id, or of exactly this name.
    Id(u32),
    /// Those whose name matches.
    Name(Regex),
}

impl Who {
    fn is(&self, id: u32, name: &str) -> bool {
        match self {
            Self::Id(wanted) => id == *wanted || name == wanted.to_string(),
            Self::Name(regex) => regex.is_match(name),
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(regex) => f.write_str(regex.as_str()),
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::After(time) => write!(f, "{}", humantime::format_duration(*time)),
            Self::At(time) => write!(f, "{}", humantime::format_rfc3339_seconds(*time)),
        }
    }
}

impl Scope {
    /// Whether every sample is kept.
    pub fn is_everything(&self) -> bool {
        let Self { since, until, threads, processes, focus, ignore } = self;
        since.is_none()
            && until.is_none()
            && threads.is_empty()
            && processes.is_empty()
            && focus.is_none()
            && ignore.is_none()
    }

    /// As it is typed.
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let mut add = |name: &str, value: String| parts.push(format!("--{name} {value}"));
        self.since.iter().for_each(|t| add("since", t.to_string()));
        self.until.iter().for_each(|t| add("until", t.to_string()));
        self.threads.iter().for_each(|who| add("thread", who.to_string()));
        self.processes.iter().for_each(|who| add("process", who.to_string()));
        self.focus.iter().for_each(|regex| add("focus", regex.to_string()));
        self.ignore.iter().for_each(|regex| add("ignore", regex.to_string()));
        parts.join(" ")
    }
}

/// The part of `profile` that `scope` describes, with a note that says so. Times are kept in buckets; a bucket that the window begins or
/// ends in belongs to it.
///
/// # Errors
/// [`Error::NoTimes`] where a window is asked of a recording without times, [`Error::NoneSelected`] where no sample is left.
pub fn select(mut profile: Profile, scope: &Scope) -> Result<Profile, Error> {
    if scope.is_everything() {
        return Ok(profile);
    }
    let whole = Totals::of(&profile);
    let window = Window::of(&profile, scope)?;
    let threads: Vec<bool> =
        profile.threads.iter().map(|thread| is_wanted_thread(&profile, thread, scope)).collect();
    let focus = scope.focus.as_ref().map(|regex| through(&profile, regex));
    let ignore = scope.ignore.as_ref().map(|regex| through(&profile, regex));
    let is = |list: &[bool], i: usize| list.get(i).copied().unwrap_or(false);
    profile.samples.retain(|sample| {
        let stack = sample.stack.index();
        window.contains(sample.bucket)
            && is(&threads, sample.thread.index())
            && focus.as_ref().is_none_or(|list| is(list, stack))
            && ignore.as_ref().is_none_or(|list| !is(list, stack))
    });
    profile.waits.retain(|waiting| {
        let stack = waiting.stack.index();
        window.contains(waiting.bucket)
            && is(&threads, waiting.thread.index())
            && focus.as_ref().is_none_or(|list| is(list, stack))
            && ignore.as_ref().is_none_or(|list| !is(list, stack))
    });
    let left = Totals::of(&profile);
    if profile.samples.is_empty() && profile.waits.is_empty() {
        return Err(Error::NoneSelected { selection: scope.text() });
    }
    let steps = match scope.since.is_some() || scope.until.is_some() {
        true => format!(
            " (times are known in steps of {})",
            units::duration(Duration::from_nanos(profile.recording.bucket_ns))
        ),
        false => String::new(),
    };
    let note = format!(
        "only {}{steps}: {} of {} samples, {:.1}% of the time; the facts above are those of the whole recording",
        scope.text(),
        units::count(left.samples),
        units::count(whole.samples),
        whole.share(left.ns) * 100.0
    );
    profile.recording = Recording {
        user_cpu_ns: None,
        system_cpu_ns: None,
        approx_python: 0,
        notes: [std::mem::take(&mut profile.recording.notes), vec![note]].concat(),
        ..profile.recording
    };
    Ok(profile)
}

fn is_wanted_thread(profile: &Profile, thread: &Thread, scope: &Scope) -> bool {
    let any = |list: &[Who], id: u32, name| list.is_empty() || list.iter().any(|who| who.is(id, name));
    let process: &Process = &profile.processes[thread.process.index()];
    any(&scope.threads, thread.tid, profile.str(thread.name))
        && any(&scope.processes, process.pid, profile.str(process.name))
}

/// A window in buckets.
struct Window {
    first: u64,
    end: u64,
}

impl Window {
    fn of(profile: &Profile, scope: &Scope) -> Result<Self, Error> {
        if scope.since.is_none() && scope.until.is_none() {
            return Ok(Self { first: 0, end: u64::MAX });
        }
        let recording = &profile.recording;
        let one_for_all = recording.bucket_ns >= recording.duration_ns
            && profile.samples.iter().all(|sample| sample.bucket == 0);
        if recording.bucket_ns == 0 || (one_for_all && recording.bucket_ns != BUCKET_NS) {
            return Err(Error::NoTimes);
        }
        let at = |moment| since_start(recording, moment).ok_or(Error::NoTimes);
        let bucket = u128::from(recording.bucket_ns);
        let first = scope.since.map(at).transpose()?.map_or(0, |time| time / bucket);
        let end = scope.until.map(at).transpose()?.map_or(u128::MAX, |time| time.div_ceil(bucket));
        let number = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(Self { first: number(first), end: number(end) })
    }

    fn contains(&self, bucket: u32) -> bool {
        (self.first..self.end).contains(&u64::from(bucket))
    }
}

/// What our own recordings begin with; a short one has a single bucket of this length and knows its times all the same.
const BUCKET_NS: u64 = 1_000_000_000;

/// Nanoseconds from the start to a moment, 0 for one before; `None` where the start is not known.
fn since_start(recording: &Recording, moment: Moment) -> Option<u128> {
    match moment {
        Moment::After(time) => Some(time.as_nanos()),
        Moment::At(time) => Some(time.duration_since(recording.started?).unwrap_or_default().as_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{
        aggregate::sketch::{SAMPLE_NS, recorded},
        model::{Sample, ThreadId},
    };

    /// A sample a second, of `a;b` and `a;c` in turn, in threads `app` and `worker`.
    fn timed() -> Profile {
        let recording = Recording {
            started: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)),
            duration_ns: 4_000_000_000,
            bucket_ns: 1_000_000_000,
            user_cpu_ns: Some(4),
            ..Recording::default()
        };
        let mut p = recorded("a;b 1\na;c 1", recording);
        let worker = Thread { tid: 101, name: p.processes[0].name, ..p.threads[0] };
        p.strings.push("worker".into());
        let name = crate::profile::model::StrId(p.strings.len() as u32 - 1);
        p.threads.push(Thread { name, ..worker });
        let samples = std::mem::take(&mut p.samples);
        for bucket in 0..4 {
            let sample = samples[bucket as usize % 2];
            p.samples.push(Sample { bucket, thread: ThreadId(bucket / 2), weight_ns: SAMPLE_NS, ..sample });
        }
        p
    }

    fn buckets(scope: Scope) -> Vec<u32> {
        select(timed(), &scope).unwrap().samples.iter().map(|s| s.bucket).collect()
    }

    fn regex(text: &str) -> Option<Regex> {
        Some(Regex::new(text).unwrap())
    }

    #[test]
    fn windows_begin_and_end_with_buckets() {
        let after = |ms| Some(Moment::After(Duration::from_millis(ms)));
        let at = |s| Some(Moment::At(SystemTime::UNIX_EPOCH + Duration::from_secs(s)));
        let window = |since, until| buckets(Scope { since, until, ..Scope::default() });
        assert_eq!(window(after(1_000), after(3_000)), [1, 2]);
        assert_eq!(window(after(1_999), after(3_001)), [1, 2, 3]);
        assert_eq!(window(at(0), at(1_002)), [0, 1]);
        assert_eq!(window(at(1_003), None), [3]);
    }

    #[test]
    fn threads_and_processes_by_name_and_id() {
        let threads = |threads| buckets(Scope { threads, ..Scope::default() });
        assert_eq!(threads(vec![Who::Id(101)]), [2, 3]);
        assert_eq!(threads(vec![Who::Name(Regex::new("^w").unwrap())]), [2, 3]);
        assert_eq!(threads(vec![Who::Id(100), Who::Id(101)]), [0, 1, 2, 3]);
        assert_eq!(buckets(Scope { processes: vec![Who::Id(100)], ..Scope::default() }).len(), 4);
        let none = select(timed(), &Scope { processes: vec![Who::Id(7)], ..Scope::default() });
        assert_eq!(none.unwrap_err().to_string(), "no samples match --process 7");
    }

    #[test]
    fn stacks_through_and_without_a_frame() {
        assert_eq!(buckets(Scope { focus: regex("^b$"), ..Scope::default() }), [0, 2]);
        assert_eq!(buckets(Scope { ignore: regex("^b$"), ..Scope::default() }), [1, 3]);
        let both = Scope { focus: regex("^a$"), ignore: regex("^c$"), ..Scope::default() };
        assert_eq!(buckets(both), [0, 2]);
    }

    #[test]
    fn a_part_says_so_and_has_no_coverage() {
        let part = select(timed(), &Scope { threads: vec![Who::Id(101)], ..Scope::default() }).unwrap();
        assert_eq!(part.recording.user_cpu_ns, None);
        assert_eq!(
            part.recording.notes,
            [
                "only --thread 101: 2 of 4 samples, 50.0% of the time; the facts above are those of the whole recording"
            ]
        );
        let whole = select(timed(), &Scope::default()).unwrap();
        assert_eq!((whole.recording.notes.len(), whole.recording.user_cpu_ns), (0, Some(4)));
    }

    #[test]
    fn a_recording_without_times_has_no_windows() {
        let p = recorded("a 1", Recording { duration_ns: 5, bucket_ns: 5, ..Recording::default() });
        let scope = Scope { since: Some(Moment::After(Duration::from_secs(0))), ..Scope::default() };
        assert!(matches!(select(p, &scope), Err(Error::NoTimes)));
    }
}
