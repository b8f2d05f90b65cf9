//! Rows of a recording that goes on: its last seconds beside all of it.

use std::cmp::Ordering;

use super::{
    By, IDLE, Place, Subject, UNKNOWN,
    keys::{self, Keys},
    sums::{NONE, Weights, per_key},
    waits::{Idle, idle},
};
use crate::profile::{
    interval::RECENT,
    model::{Origin, Profile, Sample, StackId, Waiting},
};

/// Which kind of time rows are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spent {
    /// Time on a processor.
    #[default]
    Cpu,
    /// Time of waiting.
    Waiting,
}

/// Nanoseconds of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// Whose innermost frame is the row.
    pub self_ns: u64,
    /// With the row anywhere in the stack.
    pub total_ns: u64,
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveRow<'p> {
    /// What it stands for.
    pub subject: Subject<'p>,
    /// Within the last seconds.
    pub recent: Spans,
    /// Since the start.
    pub whole: Spans,
}

/// All rows, in no order.
#[derive(Clone, Debug)]
pub struct LiveTable<'p> {
    /// The rows.
    pub rows: Vec<LiveRow<'p>>,
    /// All time within the last seconds, without that of idle threads.
    pub recent_ns: u64,
    /// All time since the start, without that of idle threads.
    pub whole_ns: u64,
}

/// A column to order rows by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveSort {
    /// Self time of the last seconds.
    #[default]
    RecentSelf,
    /// Cumulative time of the last seconds.
    RecentTotal,
    /// Self time since the start.
    WholeSelf,
    /// Cumulative time since the start.
    WholeTotal,
    /// Name.
    Name,
}

impl LiveSort {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 5] =
        [Self::RecentSelf, Self::RecentTotal, Self::WholeSelf, Self::WholeTotal, Self::Name];
}

/// The rows of a profile whose time bucket [`RECENT`] holds the last seconds.
pub fn live(profile: &Profile, by: By, spent: Spent) -> LiveTable<'_> {
    let idle = if spent == Spent::Waiting { idle(profile, false) } else { Idle::nobody() };
    let parts = Parts { profile, spent, idle: &idle };
    let mut rows = match by {
        By::Line => places(&parts, &keys::by_line(profile)),
        By::Module => places(&parts, &keys::by_module(profile)),
        By::Function => functions(&parts),
        By::Thread => threads(&parts),
        By::Process => processes(&parts),
    };
    rows.retain(|row| row.whole.total_ns > 0);
    let sum = |recent| parts.of(recent).fold(0, |sum: u64, (_, _, ns)| sum.saturating_add(ns));
    let (recent_ns, earlier_ns) = (sum(true), sum(false));
    rows.extend(idle_row(&parts, by));
    LiveTable { rows, recent_ns, whole_ns: recent_ns.saturating_add(earlier_ns) }
}

/// Puts rows in order, those with the most time first, names from a to z; `reversed` the other way around. The row of idle
/// threads stands last where it is about time.
pub fn sort_live(rows: &mut [LiveRow<'_>], by: LiveSort, reversed: bool) {
    rows.sort_by(|a, b| {
        let times = [
            b.recent.self_ns.cmp(&a.recent.self_ns),
            b.recent.total_ns.cmp(&a.recent.total_ns),
            b.whole.self_ns.cmp(&a.whole.self_ns),
            b.whole.total_ns.cmp(&a.whole.total_ns),
        ];
        // Equal in what was asked for, the others decide, from the first.
        let first = match by {
            LiveSort::RecentSelf => times[0],
            LiveSort::RecentTotal => times[1],
            LiveSort::WholeSelf => times[2],
            LiveSort::WholeTotal => times[3],
            LiveSort::Name => Ordering::Equal,
        };
        let rest = if by == LiveSort::Name {
            Ordering::Equal
        } else {
            times.into_iter().fold(Ordering::Equal, Ordering::then)
        };
        let order = first.then(rest).then_with(|| a.subject.compare(&b.subject));
        let idle = is_idle(a).cmp(&is_idle(b));
        idle.then(if reversed { order.reverse() } else { order })
    });
}

fn is_idle(row: &LiveRow<'_>) -> bool {
    row.subject.name() == IDLE
}

/// What is looked at.
struct Parts<'a, 'p> {
    profile: &'p Profile,
    spent: Spent,
    idle: &'a Idle,
}

impl Parts<'_, '_> {
    /// Thread, stack and nanoseconds of the last seconds, or of what was before.
    fn of(&self, recent: bool) -> Box<dyn Iterator<Item = (usize, StackId, u64)> + '_> {
        let within = move |bucket: u32| (bucket == RECENT) == recent;
        match self.spent {
            Spent::Cpu => {
                let samples = self.profile.samples.iter().filter(move |sample| within(sample.bucket));
                let part = |&Sample { thread, stack, weight_ns, .. }: &_| (thread.index(), stack, weight_ns);
                Box::new(samples.map(part))
            }
            Spent::Waiting => {
                let waits = self.profile.waits.iter();
                let waits = waits.filter(move |w| within(w.bucket) && !self.idle.has(w.thread));
                Box::new(waits.map(|&Waiting { thread, stack, ns, .. }| (thread.index(), stack, ns)))
            }
        }
    }

    fn weights(&self, recent: bool) -> Weights {
        Weights::sum(self.profile, self.of(recent).map(|(_, stack, ns)| (stack, 0, ns)))
    }
}

/// Makes rows of the sums of the last seconds and of what was before.
fn row<'p>(subject: Subject<'p>, recent: Spans, earlier: Spans) -> LiveRow<'p> {
    let whole = Spans {
        self_ns: recent.self_ns.saturating_add(earlier.self_ns),
        total_ns: recent.total_ns.saturating_add(earlier.total_ns),
    };
    LiveRow { subject, recent, whole }
}

fn functions<'p>(parts: &Parts<'_, 'p>) -> Vec<LiveRow<'p>> {
    let keys = keys::by_function(parts.profile);
    let real = keys::real_nodes(parts.profile);
    let frame_key = node_keys(parts, &keys);
    let leaf: Vec<u32> = real.iter().map(|&node| frame_key[node as usize]).collect();
    let own = |(i, &node): (usize, &u32)| if node as usize == i { frame_key[i] } else { NONE };
    let key: Vec<u32> = real.iter().enumerate().map(own).collect();
    of_keys(parts, &keys, &leaf, &key)
}

fn places<'p>(parts: &Parts<'_, 'p>, keys: &Keys<'p>) -> Vec<LiveRow<'p>> {
    let key = node_keys(parts, keys);
    of_keys(parts, keys, &key, &key)
}

fn node_keys(parts: &Parts<'_, '_>, keys: &Keys<'_>) -> Vec<u32> {
    parts.profile.stacks.nodes().iter().map(|node| keys.of_frame[node.frame.index()]).collect()
}

fn of_keys<'p>(parts: &Parts<'_, 'p>, keys: &Keys<'p>, leaf: &[u32], key: &[u32]) -> Vec<LiveRow<'p>> {
    let sums = |recent| {
        let weights = parts.weights(recent);
        per_key(&parts.profile.stacks, &weights, leaf, key, keys.places.len())
    };
    let both = sums(true).into_iter().zip(sums(false));
    (keys.places.iter().zip(both))
        .map(|(&place, (recent, earlier))| {
            // A marker is nobody's caller.
            let marker = place.origin == Origin::Marker;
            let spans = |self_ns: u64, total_ns: u64| Spans {
                self_ns,
                total_ns: if marker { self_ns } else { total_ns },
            };
            let (recent, earlier) =
                (spans(recent.self_ns, recent.total_ns), spans(earlier.self_ns, earlier.total_ns));
            row(Subject::Place(place), recent, earlier)
        })
        .collect()
}

fn threads<'p>(parts: &Parts<'_, 'p>) -> Vec<LiveRow<'p>> {
    let profile = parts.profile;
    let sums = |recent| {
        let of_thread = |(thread, _, ns): (usize, StackId, u64)| (thread, ns);
        sum(parts.of(recent).map(of_thread), profile.threads.len())
    };
    (profile.threads.iter().zip(sums(true).into_iter().zip(sums(false))))
        .map(|(thread, (recent, earlier))| {
            let process = profile.processes.get(thread.process.index());
            let subject = Subject::Thread {
                name: profile.str(thread.name),
                tid: thread.tid,
                pid: process.map_or(0, |process| process.pid),
                process: process.map_or(UNKNOWN, |process| profile.str(process.name)),
            };
            row(subject, recent, earlier)
        })
        .collect()
}

fn processes<'p>(parts: &Parts<'_, 'p>) -> Vec<LiveRow<'p>> {
    let profile = parts.profile;
    let process_of = |thread: usize| profile.threads.get(thread).map_or(usize::MAX, |t| t.process.index());
    let sums = |recent| {
        let of_process = |(thread, _, ns): (usize, StackId, u64)| (process_of(thread), ns);
        sum(parts.of(recent).map(of_process), profile.processes.len())
    };
    (profile.processes.iter().zip(sums(true).into_iter().zip(sums(false))))
        .map(|(process, (recent, earlier))| {
            let (name, pid, parent_pid) = (profile.str(process.name), process.pid, process.parent_pid);
            row(Subject::Process { name, pid, parent_pid }, recent, earlier)
        })
        .collect()
}

fn sum(times: impl Iterator<Item = (usize, u64)>, rows: usize) -> Vec<Spans> {
    let mut sums = vec![Spans::default(); rows];
    for (row, ns) in times {
        if let Some(spans) = sums.get_mut(row) {
            let all = spans.self_ns.saturating_add(ns);
            *spans = Spans { self_ns: all, total_ns: all };
        }
    }
    sums
}

/// One row for the threads of pools that only wait for work.
fn idle_row<'p>(parts: &Parts<'_, 'p>, by: By) -> Option<LiveRow<'p>> {
    let subject = match by {
        By::Function | By::Line | By::Module => {
            Subject::Place(Place { name: IDLE, origin: Origin::Marker, ..Place::default() })
        }
        By::Thread => Subject::Thread { name: IDLE, tid: 0, pid: 0, process: "" },
        By::Process => Subject::Process { name: IDLE, pid: 0, parent_pid: 0 },
    };
    let waits = parts.profile.waits.iter().filter(|waiting| parts.idle.has(waiting.thread));
    let mut spans = [Spans::default(); 2];
    for waiting in waits {
        let span = &mut spans[usize::from(waiting.bucket == RECENT)];
        let all = span.self_ns.saturating_add(waiting.ns);
        *span = Spans { self_ns: all, total_ns: all };
    }
    let [earlier, recent] = spans;
    Some(row(subject, recent, earlier)).filter(|row| row.whole.total_ns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{
        aggregate::sketch::profile,
        model::{ThreadId, Wait},
    };

    /// `old` was hot before, `new` is now.
    fn two_parts() -> Profile {
        let mut p = profile("main;old 6\nmain;new 2\nmain;old;old 1");
        p.samples[1].bucket = RECENT;
        p
    }

    fn names<'p>(table: &LiveTable<'p>) -> Vec<&'p str> {
        let name = |row: &LiveRow<'p>| match row.subject {
            Subject::Place(place) => place.name,
            Subject::Thread { name, .. } | Subject::Process { name, .. } => name,
        };
        table.rows.iter().map(name).collect()
    }

    #[test]
    fn the_last_seconds_stand_beside_all() {
        let p = two_parts();
        let mut table = live(&p, By::Function, Spent::Cpu);
        sort_live(&mut table.rows, LiveSort::RecentSelf, false);
        assert_eq!(names(&table), ["new", "main", "old"]);
        assert_eq!((table.recent_ns, table.whole_ns), (2_000_000, 9_000_000));
        let old = table.rows[2];
        assert_eq!(
            (old.recent, old.whole.self_ns, old.whole.total_ns),
            (Spans::default(), 7_000_000, 7_000_000)
        );
        let main = table.rows[1];
        assert_eq!(
            (main.recent.total_ns, main.whole.total_ns, main.whole.self_ns),
            (2_000_000, 9_000_000, 0)
        );
    }

    #[test]
    fn every_column_orders() {
        let p = two_parts();
        let mut table = live(&p, By::Function, Spent::Cpu);
        let mut order = |sort, reversed| {
            sort_live(&mut table.rows, sort, reversed);
            names(&table)
        };
        assert_eq!(order(LiveSort::RecentTotal, false), ["new", "main", "old"]);
        assert_eq!(order(LiveSort::WholeSelf, false), ["old", "new", "main"]);
        assert_eq!(order(LiveSort::WholeTotal, false), ["main", "old", "new"]);
        assert_eq!(order(LiveSort::Name, false), ["main", "new", "old"]);
        assert_eq!(order(LiveSort::Name, true), ["old", "new", "main"]);
    }

    #[test]
    fn waiting_and_threads_have_rows_too() {
        let mut p = two_parts();
        let (thread, wait) = (ThreadId(0), Wait::Lock);
        p.waits = vec![Waiting { bucket: RECENT, thread, stack: StackId(1), wait, ns: 7 }];
        let table = live(&p, By::Function, Spent::Waiting);
        assert_eq!(names(&table), ["main", "old"]);
        assert_eq!((table.recent_ns, table.rows[1].recent.self_ns), (7, 7));
        let table = live(&p, By::Thread, Spent::Cpu);
        assert_eq!((names(&table), table.rows[0].recent.self_ns), (vec!["app"], 2_000_000));
        assert_eq!(live(&p, By::Process, Spent::Cpu).rows[0].whole.self_ns, 9_000_000);
        assert_eq!(live(&Profile::default(), By::Line, Spent::Cpu).rows, []);
    }
}
