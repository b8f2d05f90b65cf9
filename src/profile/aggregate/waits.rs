//! Waiting beside CPU time: sums for rows, threads that are merely idle, and both as one kind of time.

use rustc_hash::{FxHashMap, FxHashSet};

use super::sums::{Weights, per_key};
use crate::profile::model::{
    Frame, FrameId, Function, FunctionId, Language, Origin, Profile, Sample, StackId, StrId, ThreadId, Wait,
    Waiting,
};

/// Name of the row that stands for threads which do nothing but wait for work.
pub const IDLE: &str = "[idle threads]";

/// Times of waiting by what was waited for, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited([u64; Wait::ALL.len()]);

impl Waited {
    /// Adds a time.
    pub fn add(&mut self, wait: Wait, ns: u64) {
        for (sum, kind) in self.0.iter_mut().zip(Wait::ALL) {
            if kind == wait {
                *sum = sum.saturating_add(ns);
            }
        }
    }

    fn add_all(&mut self, other: Self) {
        other.iter().for_each(|(wait, ns)| self.add(wait, ns));
    }

    /// The sum of all.
    pub fn total_ns(&self) -> u64 {
        self.0.iter().fold(0, |sum, &ns| sum.saturating_add(ns))
    }

    /// Each kind with its time, also those without any.
    pub fn iter(&self) -> impl Iterator<Item = (Wait, u64)> + '_ {
        Wait::ALL.into_iter().zip(self.0)
    }

    /// The kinds that make up this share or more of it (0 to 1), the longest first.
    pub fn main(&self, share: f64) -> Vec<Wait> {
        let least = self.total_ns() as f64 * share;
        let mut kinds: Vec<_> = self.iter().filter(|&(_, ns)| ns > 0 && ns as f64 >= least).collect();
        kinds.sort_by_key(|&(wait, ns)| (std::cmp::Reverse(ns), wait));
        kinds.into_iter().map(|(wait, _)| wait).collect()
    }
}

/// The waiting of a whole profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitTotals {
    /// Without that of idle threads.
    pub waited: Waited,
    /// Threads that are idle.
    pub idle_threads: u64,
    /// Their waiting, in nanoseconds.
    pub idle_ns: u64,
}

/// The threads of pools that do nothing but wait for work: two or more that have waited in one and the same place for all
/// but no time.
#[derive(Clone, Debug, Default)]
pub(super) struct Idle(FxHashSet<ThreadId>);

/// Share of its waiting that an idle thread spends in one place.
const ONE_PLACE: f64 = 0.98;
/// Share of its time that it may work at most.
const MOST_WORK: f64 = 0.01;

impl Idle {
    /// None.
    pub(super) fn nobody() -> Self {
        Self::default()
    }

    pub(super) fn of(profile: &Profile) -> Self {
        let mut work: FxHashMap<ThreadId, u64> = FxHashMap::default();
        for sample in &profile.samples {
            let sum = work.entry(sample.thread).or_default();
            *sum = sum.saturating_add(sample.weight_ns);
        }
        let mut places: FxHashMap<(ThreadId, StackId, Wait), u64> = FxHashMap::default();
        let mut waits: FxHashMap<ThreadId, u64> = FxHashMap::default();
        for waiting in &profile.waits {
            let place = places.entry((waiting.thread, waiting.stack, waiting.wait)).or_default();
            *place = place.saturating_add(waiting.ns);
            let sum = waits.entry(waiting.thread).or_default();
            *sum = sum.saturating_add(waiting.ns);
        }
        let is_first = |id: ThreadId| {
            let thread = profile.threads.get(id.index());
            let process = thread.and_then(|thread| profile.processes.get(thread.process.index()));
            thread.zip(process).is_none_or(|(thread, process)| thread.tid == process.pid)
        };
        let mut pools: FxHashMap<StackId, Vec<ThreadId>> = FxHashMap::default();
        for ((thread, stack, wait), ns) in places {
            let waited = waits.get(&thread).copied().unwrap_or(0) as f64;
            let worked = work.get(&thread).copied().unwrap_or(0) as f64;
            let for_work = matches!(wait, Wait::Lock | Wait::Io | Wait::Other);
            let idle = for_work
                && !is_first(thread)
                && ns as f64 >= waited * ONE_PLACE
                && worked <= (waited + worked) * MOST_WORK;
            if idle {
                pools.entry(stack).or_default().push(thread);
            }
        }
        Self(pools.into_values().filter(|threads| threads.len() > 1).flatten().collect())
    }

    pub(super) fn has(&self, thread: ThreadId) -> bool {
        self.0.contains(&thread)
    }
}

/// The waiting of the whole; `None` of a recording that has none.
pub(super) fn totals(profile: &Profile, idle: &Idle) -> Option<WaitTotals> {
    if !profile.recording.waiting {
        return None;
    }
    let mut totals = WaitTotals { idle_threads: idle.0.len() as u64, ..WaitTotals::default() };
    for waiting in &profile.waits {
        if idle.has(waiting.thread) {
            totals.idle_ns = totals.idle_ns.saturating_add(waiting.ns);
        } else {
            totals.waited.add(waiting.wait, waiting.ns);
        }
    }
    Some(totals)
}

/// What [`super::rows`] leaves out unless it is asked for.
pub fn wait_totals(profile: &Profile, show_idle: bool) -> Option<WaitTotals> {
    totals(profile, &idle(profile, show_idle))
}

pub(super) fn idle(profile: &Profile, show: bool) -> Idle {
    if show || profile.waits.is_empty() { Idle::nobody() } else { Idle::of(profile) }
}

/// Waiting in each key itself, and in it and all that it called. The arguments are those of [`per_key`].
pub(super) fn waits_per_key(
    profile: &Profile,
    idle: &Idle,
    leaf: &[u32],
    key: &[u32],
    keys: usize,
) -> Vec<(Waited, Waited)> {
    let mut sums = vec![(Waited::default(), Waited::default()); keys];
    for kind in Wait::ALL {
        let mut of_kind = profile.waits.iter().filter(|w| w.wait == kind && !idle.has(w.thread)).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        let weights = Weights::of_waits(profile, of_kind);
        for (sum, found) in sums.iter_mut().zip(per_key(&profile.stacks, &weights, leaf, key, keys)) {
            sum.0.add(kind, found.self_ns);
            sum.1.add(kind, found.total_ns);
        }
    }
    sums
}

/// Waiting of each thread.
pub(super) fn waits_per_thread(profile: &Profile) -> Vec<Waited> {
    let mut sums = vec![Waited::default(); profile.threads.len()];
    for waiting in &profile.waits {
        if let Some(sum) = sums.get_mut(waiting.thread.index()) {
            sum.add(waiting.wait, waiting.ns);
        }
    }
    sums
}

/// Waiting of each process.
pub(super) fn waits_per_process(profile: &Profile, idle: &Idle) -> Vec<Waited> {
    let mut sums = vec![Waited::default(); profile.processes.len()];
    let of_threads = waits_per_thread(profile);
    for (i, (thread, waited)) in profile.threads.iter().zip(of_threads).enumerate() {
        if !idle.has(ThreadId(i as u32))
            && let Some(sum) = sums.get_mut(thread.process.index())
        {
            sum.add_all(waited);
        }
    }
    sums
}

/// What the innermost box of a waiting stack says.
pub fn wait_label(wait: Wait) -> &'static str {
    match wait {
        Wait::Lock => "[waits for a lock]",
        Wait::Io => "[waits for I/O]",
        Wait::Sleep => "[sleeps]",
        Wait::Child => "[waits for a child]",
        Wait::Gil => "[waits for the GIL]",
        Wait::Other => "[waits]",
    }
}

/// Nanoseconds that a sample of [`wall`] counts for.
pub const WALL_UNIT_NS: u64 = 1_000;

/// The profile with waiting as samples like others, under a frame of its own that says what is waited for; a sample is a microsecond of
/// time. Idle threads are left out unless they are asked for.
pub fn wall(profile: &Profile, show_idle: bool) -> Profile {
    let idle = idle(profile, show_idle);
    let mut out = profile.clone();
    let mut labels: FxHashMap<Wait, FrameId> = FxHashMap::default();
    for sample in &mut out.samples {
        sample.count = sample.weight_ns / WALL_UNIT_NS;
    }
    for Waiting { bucket, thread, stack, wait, ns } in std::mem::take(&mut out.waits) {
        if idle.has(thread) {
            continue;
        }
        let frame = *labels.entry(wait).or_insert_with(|| label_frame(&mut out, wait));
        let stack = out.stacks.push(Some(stack), frame);
        let count = ns / WALL_UNIT_NS;
        out.samples.push(Sample { bucket, thread, stack, gil: Default::default(), count, weight_ns: ns });
    }
    out
}

fn label_frame(profile: &mut Profile, wait: Wait) -> FrameId {
    let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let mut string = |text: &str| {
        profile.strings.push(text.to_owned());
        StrId(number(profile.strings.len() - 1))
    };
    let (name, file) = (string(wait_label(wait)), string(""));
    let (origin, language) = (Origin::Marker, Language::Unknown);
    profile.functions.push(Function {
        name,
        system_name: name,
        file,
        start_line: 0,
        module: None,
        origin,
        language,
    });
    let function = FunctionId(number(profile.functions.len() - 1));
    profile.frames.push(Frame { function, line: 0, inlined: false });
    FrameId(number(profile.frames.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{
        aggregate::{By, Selection, rows, sketch::profile},
        model::{Builder, Process, Thread},
    };

    /// `main` works for 2 ms, waits in `take` for a lock and in `main` for time.
    fn waiting() -> Profile {
        let mut p = profile("main 2\nmain;take 0");
        p.recording.waiting = true;
        let (main, take) = (StackId(0), StackId(1));
        let waiting = |stack, wait, ns| Waiting { bucket: 0, thread: ThreadId(0), stack, wait, ns };
        p.waits = vec![waiting(take, Wait::Lock, 3_000_000), waiting(main, Wait::Sleep, 1_000_000)];
        p
    }

    #[test]
    fn waiting_stands_beside_cpu_time_and_is_the_callers_too() {
        let p = waiting();
        let table = rows(&p, &Selection::default()).unwrap();
        let row = |name: &str| table.rows.iter().find(|row| row.subject.name() == name).unwrap().times;
        let (main, take) = (row("main"), row("take"));
        assert_eq!(
            (main.tottime_ns, main.wait.total_ns(), main.cumwait.total_ns()),
            (2_000_000, 1_000_000, 4_000_000)
        );
        assert_eq!((take.tottime_ns, take.wait.total_ns()), (0, 3_000_000));
        assert_eq!(take.wait.main(0.2), [Wait::Lock]);
        assert_eq!(main.cumwait.main(0.2), [Wait::Lock, Wait::Sleep]);
        assert_eq!(table.rows[0].subject.name(), "main", "3 ms of any kind, and more below it");
        let totals = table.waits.unwrap();
        assert_eq!((totals.waited.total_ns(), totals.idle_threads), (4_000_000, 0));
    }

    #[test]
    fn all_of_it_is_one_kind_of_time_for_pictures() {
        let p = wall(&waiting(), false);
        assert_eq!(p.samples.iter().map(|s| s.count).sum::<u64>(), 6_000);
        let names: Vec<Vec<&str>> = (p.samples.iter())
            .map(|s| {
                p.stacks
                    .frames(s.stack)
                    .map(|f| p.str(p.functions[p.frames[f.index()].function.index()].name))
                    .collect()
            })
            .collect();
        assert!(names.contains(&vec!["[waits for a lock]", "take", "main"]), "{names:?}");
        assert!(names.contains(&vec!["[sleeps]", "main"]), "{names:?}");
    }

    #[test]
    fn threads_of_a_pool_that_only_wait_are_one_row() {
        let mut b = Builder::new();
        let (name, file) = (b.string("next_job"), b.string(""));
        let function = b.function(Function {
            name,
            system_name: name,
            file,
            start_line: 0,
            module: None,
            origin: Origin::Native,
            language: Language::C,
        });
        let frame = b.frame(Frame { function, line: 0, inlined: false });
        let stack = b.stack(None, frame);
        let process = b.process(Process { pid: 1, parent_pid: 0, name });
        for tid in 1..=4 {
            let thread = b.thread(Thread { process, tid, name });
            let (bucket, wait) = (0, Wait::Lock);
            b.waiting(Waiting { bucket, thread, stack, wait, ns: 1_000_000_000 });
            // The fourth one has work to do now and then.
            let weight_ns = if tid == 4 { 500_000_000 } else { 1_000 };
            b.sample(Sample { bucket, thread, stack, gil: Default::default(), count: 1, weight_ns });
        }
        let mut p = b.build(Default::default());
        p.recording.waiting = true;
        let folded = rows(&p, &Selection::default()).unwrap();
        assert_eq!(folded.waits.map(|w| (w.idle_threads, w.idle_ns)), Some((2, 2_000_000_000)));
        let idle = folded.rows.iter().find(|row| row.subject.name() == IDLE).unwrap();
        assert_eq!(idle.times.wait.total_ns(), 2_000_000_000);
        let threads = rows(&p, &Selection { by: By::Thread, ..Selection::default() }).unwrap();
        assert_eq!(threads.rows.len(), 3);
        let shown = rows(&p, &Selection { idle: true, ..Selection::default() }).unwrap();
        assert_eq!((shown.rows.len(), shown.rows[0].times.wait.total_ns()), (1, 4_000_000_000));
    }
}
