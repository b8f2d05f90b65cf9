//! The rows of a table.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use super::{
    By, IDLE, Place, Selection, Sort, Totals, WaitTotals, Waited,
    error_bar::share_error,
    keys::{self, Keys},
    sums::{NONE, Sum, Weights, per_key},
    waits::{self, Idle, waits_per_key, waits_per_process, waits_per_thread},
};
use crate::profile::{
    Error,
    model::{Origin, Profile, ThreadId},
};

/// The numbers of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// Samples whose innermost frame is the row.
    pub samples: u64,
    /// Their weight in nanoseconds.
    pub tottime_ns: u64,
    /// 95 % error of `tottime_ns` in nanoseconds: [`share_error`] of the samples, times the total; `None` where there were none.
    pub tottime_error_ns: Option<f64>,
    /// Weight in nanoseconds of the samples with the row anywhere in the stack, once per sample.
    pub cumtime_ns: u64,
    /// Waiting whose innermost frame is the row.
    pub wait: Waited,
    /// Waiting with the row anywhere in the stack.
    pub cumwait: Waited,
}

impl Times {
    /// Time in the row itself, on a processor and waiting.
    pub fn self_ns(&self) -> u64 {
        self.tottime_ns.saturating_add(self.wait.total_ns())
    }

    /// Time in the row and everything it called, on a processor and waiting.
    pub fn all_ns(&self) -> u64 {
        self.cumtime_ns.saturating_add(self.cumwait.total_ns())
    }
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'p> {
    /// A function or a line of one; of a module only `name` and `module` are set, both to its path.
    Place(Place<'p>),
    /// A thread.
    Thread {
        /// Thread name.
        name: &'p str,
        /// Kernel thread id.
        tid: u32,
        /// Id of its process.
        pid: u32,
        /// Name of its process.
        process: &'p str,
    },
    /// A process.
    Process {
        /// Command name.
        name: &'p str,
        /// Process id.
        pid: u32,
        /// Process id of its parent; 0 where not known.
        parent_pid: u32,
    },
}

impl Subject<'_> {
    /// Name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::Place(place) => place.name,
            Self::Thread { name, .. } | Self::Process { name, .. } => name,
        }
    }

    /// By name, then by all that tells two rows of one name apart.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name()).then_with(|| self.rest().cmp(&other.rest()))
    }

    /// Everything that tells two rows of one name apart, for a stable order.
    fn rest(&self) -> (&str, u32, u32, &str) {
        match *self {
            Self::Place(place) => (place.file, place.line, 0, place.module),
            Self::Thread { tid, pid, process, .. } => (process, pid, tid, ""),
            Self::Process { pid, parent_pid, .. } => ("", pid, parent_pid, ""),
        }
    }

    fn matches(&self, filter: &regex::Regex) -> bool {
        match self {
            Self::Place(place) => place.matches(filter),
            Self::Thread { name, process, .. } => filter.is_match(name) || filter.is_match(process),
            Self::Process { name, .. } => filter.is_match(name),
        }
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'p> {
    /// What it stands for.
    pub subject: Subject<'p>,
    /// Its numbers.
    pub times: Times,
    /// Functions inlined into this one, whose time is part of this row's; empty unless asked for.
    pub inlined: Vec<Row<'p>>,
}

/// The rows that were selected, and how much was not.
#[derive(Clone, Debug)]
pub struct Table<'p> {
    /// What a row stands for.
    pub by: By,
    /// The rows in order.
    pub rows: Vec<Row<'p>>,
    /// Rows that match the filter and are not in `rows`.
    pub left_out: usize,
    /// Those of them that are below the selection's share rather than beyond its limit.
    pub too_small: usize,
    /// The tottime of all that were left out, in nanoseconds.
    pub left_out_ns: u64,
    /// The whole profile.
    pub totals: Totals,
    /// Its waiting; `None` where that was not recorded.
    pub waits: Option<WaitTotals>,
}

impl Table<'_> {
    /// `ns` as a share (0 to 1) of all time, waiting included where it was recorded.
    pub fn share(&self, ns: u64) -> f64 {
        share(self.totals, self.waits, ns)
    }
}

fn share(totals: Totals, waits: Option<WaitTotals>, ns: u64) -> f64 {
    let waited = waits.map_or(0, |waits| waits.waited.total_ns());
    Totals { ns: totals.ns.saturating_add(waited), ..totals }.share(ns)
}

/// The rows of a profile.
///
/// # Errors
/// [`Error::NoCalls`] for [`Sort::Ncalls`]: samples do not count calls.
pub fn rows<'p>(profile: &'p Profile, selection: &Selection) -> Result<Table<'p>, Error> {
    if selection.sort == Sort::Ncalls {
        return Err(Error::NoCalls);
    }
    let totals = Totals::of(profile);
    let idle = waits::idle(profile, selection.idle);
    let waits = waits::totals(profile, &idle);
    let mut rows = match selection.by {
        By::Function => functions(profile, totals, &idle, selection.inlines),
        By::Line => places(profile, totals, &idle, &keys::by_line(profile)),
        By::Module => places(profile, totals, &idle, &keys::by_module(profile)),
        By::Thread => threads(profile, totals, &idle),
        By::Process => processes(profile, totals, &idle),
    };
    if waits.is_some_and(|waits| waits.idle_threads > 0) {
        rows.push(idle_row(profile, &idle, selection.by));
    }
    if let Some(filter) = &selection.filter {
        let hit = |row: &Row| row.subject.matches(filter);
        rows.retain(|row| hit(row) || row.inlined.iter().any(hit));
    }
    sort(&mut rows, selection.sort);
    for row in &mut rows {
        sort(&mut row.inlined, selection.sort);
    }
    let (matching, matching_ns) = (rows.len(), tottime(&rows));
    rows.retain(|row| share(totals, waits, weighed(row, selection.sort)) >= selection.min_share);
    let too_small = matching - rows.len();
    rows.truncate(selection.limit.unwrap_or(usize::MAX));
    Ok(Table {
        by: selection.by,
        left_out: matching - rows.len(),
        too_small,
        left_out_ns: matching_ns.saturating_sub(tottime(&rows)),
        rows,
        totals,
        waits,
    })
}

/// One row for all idle threads, which stands last where rows are ordered by time: it says nothing about the program's speed.
fn idle_row<'p>(profile: &'p Profile, idle: &Idle, by: By) -> Row<'p> {
    let mut wait = Waited::default();
    for waiting in profile.waits.iter().filter(|waiting| idle.has(waiting.thread)) {
        wait.add(waiting.wait, waiting.ns);
    }
    let subject = match by {
        By::Function | By::Line | By::Module => {
            Subject::Place(Place { name: IDLE, origin: Origin::Marker, ..Place::default() })
        }
        By::Thread => Subject::Thread { name: IDLE, tid: 0, pid: 0, process: "" },
        By::Process => Subject::Process { name: IDLE, pid: 0, parent_pid: 0 },
    };
    let times = Times { wait, cumwait: wait, ..Times::default() };
    Row { subject, times, inlined: Vec::new() }
}

fn is_idle_row(row: &Row) -> bool {
    row.subject.name() == IDLE && row.times.samples == 0 && row.times.cumtime_ns == 0
}

fn tottime(rows: &[Row]) -> u64 {
    let rows = rows.iter().filter(|row| !is_idle_row(row));
    rows.fold(0, |sum: u64, row| sum.saturating_add(row.times.self_ns()))
}

fn weighed(row: &Row, sort: Sort) -> u64 {
    if sort == Sort::Cumtime { row.times.all_ns() } else { row.times.self_ns() }
}

fn functions<'p>(profile: &'p Profile, totals: Totals, idle: &Idle, inlines: bool) -> Vec<Row<'p>> {
    let keys = keys::by_function(profile);
    let real = keys::real_nodes(profile);
    let frame_key: Vec<u32> = node_keys(profile, &keys);
    let leaf: Vec<u32> = real.iter().map(|&node| frame_key[node as usize]).collect();
    let key: Vec<u32> = (real.iter().enumerate())
        .map(|(i, &node)| if node as usize == i { frame_key[i] } else { NONE })
        .collect();
    let weights = Weights::of(profile);
    let sums = per_key(&profile.stacks, &weights, &leaf, &key, keys.places.len());
    let waits = waits_per_key(profile, idle, &leaf, &key, keys.places.len());
    let mut children = vec![Vec::new(); keys.places.len()];
    if inlines {
        for (outer, row) in inlined(profile, totals, &keys, &real, &frame_key, &weights) {
            children[outer as usize].push(row);
        }
    }
    (keys.places.iter().zip(sums).zip(waits).zip(children))
        .filter_map(|(((&place, sum), waits), inlined)| {
            Some(Row { inlined, ..row(place, sum, waits, totals)? })
        })
        .collect()
}

/// Rows for the functions inlined into each function, with the key of the latter.
fn inlined<'p>(
    profile: &'p Profile,
    totals: Totals,
    keys: &Keys<'p>,
    real: &[u32],
    frame_key: &[u32],
    weights: &Weights,
) -> Vec<(u32, Row<'p>)> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut numbers: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let key: Vec<u32> = (real.iter().enumerate())
        .map(|(i, &node)| {
            if node as usize == i {
                return NONE;
            }
            let pair = (frame_key[node as usize], frame_key[i]);
            *numbers.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                pairs.len() as u32 - 1
            })
        })
        .collect();
    let sums = per_key(&profile.stacks, weights, &key, &key, pairs.len());
    (pairs.iter().zip(sums))
        .filter_map(|(&(outer, inner), sum)| {
            Some((outer, row(keys.places[inner as usize], sum, Default::default(), totals)?))
        })
        .collect()
}

fn places<'p>(profile: &'p Profile, totals: Totals, idle: &Idle, keys: &Keys<'p>) -> Vec<Row<'p>> {
    let key = node_keys(profile, keys);
    let sums = per_key(&profile.stacks, &Weights::of(profile), &key, &key, keys.places.len());
    let waits = waits_per_key(profile, idle, &key, &key, keys.places.len());
    let all = keys.places.iter().zip(sums).zip(waits);
    all.filter_map(|((&place, sum), waits)| row(place, sum, waits, totals)).collect()
}

fn node_keys(profile: &Profile, keys: &Keys) -> Vec<u32> {
    profile.stacks.nodes().iter().map(|node| keys.of_frame[node.frame.index()]).collect()
}

/// A row unless it has no samples and no waiting. A marker is nobody's caller: see the module's text.
fn row<'p>(
    place: Place<'p>,
    mut sum: Sum,
    (wait, mut cumwait): (Waited, Waited),
    totals: Totals,
) -> Option<Row<'p>> {
    if place.origin == Origin::Marker {
        sum.total_ns = sum.self_ns;
        cumwait = wait;
    }
    let seen = sum.samples > 0 || sum.total_ns > 0 || cumwait.total_ns() > 0;
    let times = Times { wait, cumwait, ..times(sum, totals) };
    seen.then(|| Row { subject: Subject::Place(place), times, inlined: Vec::new() })
}

pub(super) fn times(sum: Sum, totals: Totals) -> Times {
    Times {
        samples: sum.samples,
        tottime_ns: sum.self_ns,
        tottime_error_ns: (!totals.tallied)
            .then(|| share_error(sum.samples, totals.samples) * totals.ns as f64),
        cumtime_ns: sum.total_ns,
        ..Times::default()
    }
}

fn threads<'p>(profile: &'p Profile, totals: Totals, idle: &Idle) -> Vec<Row<'p>> {
    let sums = per_thread(profile).into_iter().zip(waits_per_thread(profile));
    (profile.threads.iter().zip(sums).enumerate())
        .filter(|(i, _)| !idle.has(ThreadId(*i as u32)))
        .map(|(_, thread)| thread)
        .filter(|(_, (sum, wait))| sum.samples > 0 || sum.self_ns > 0 || wait.total_ns() > 0)
        .map(|(thread, (sum, wait))| {
            let process = &profile.processes[thread.process.index()];
            let subject = Subject::Thread {
                name: profile.str(thread.name),
                tid: thread.tid,
                pid: process.pid,
                process: profile.str(process.name),
            };
            let times = Times { wait, cumwait: wait, ..times(sum, totals) };
            Row { subject, times, inlined: Vec::new() }
        })
        .collect()
}

fn processes<'p>(profile: &'p Profile, totals: Totals, idle: &Idle) -> Vec<Row<'p>> {
    let mut sums = vec![Sum::default(); profile.processes.len()];
    for (thread, sum) in profile.threads.iter().zip(per_thread(profile)) {
        add(&mut sums[thread.process.index()], sum.samples, sum.self_ns);
    }
    let waits = waits_per_process(profile, idle);
    (profile.processes.iter().zip(sums.into_iter().zip(waits)))
        .filter(|(_, (sum, wait))| sum.samples > 0 || sum.self_ns > 0 || wait.total_ns() > 0)
        .map(|(process, (sum, wait))| {
            let subject = Subject::Process {
                name: profile.str(process.name),
                pid: process.pid,
                parent_pid: process.parent_pid,
            };
            let times = Times { wait, cumwait: wait, ..times(sum, totals) };
            Row { subject, times, inlined: Vec::new() }
        })
        .collect()
}

fn per_thread(profile: &Profile) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); profile.threads.len()];
    for sample in &profile.samples {
        if let Some(sum) = sums.get_mut(sample.thread.index()) {
            add(sum, sample.count, sample.weight_ns);
        }
    }
    sums
}

fn add(sum: &mut Sum, samples: u64, ns: u64) {
    sum.samples = sum.samples.saturating_add(samples);
    sum.self_ns = sum.self_ns.saturating_add(ns);
    sum.total_ns = sum.self_ns;
}

fn sort(rows: &mut [Row], by: Sort) {
    rows.sort_by(|a, b| {
        let (x, y) = (&a.times, &b.times);
        let time = y.self_ns().cmp(&x.self_ns());
        let tottime = y.tottime_ns.cmp(&x.tottime_ns);
        let cumtime = y.all_ns().cmp(&x.all_ns());
        let samples = y.samples.cmp(&x.samples);
        let idle = is_idle_row(a).cmp(&is_idle_row(b));
        let numbers = match by {
            Sort::Name => Ordering::Equal,
            Sort::Cumtime => idle.then(cumtime).then(time).then(samples),
            Sort::Samples => samples.then(tottime).then(cumtime),
            Sort::Wait => idle.then(y.wait.total_ns().cmp(&x.wait.total_ns())).then(cumtime).then(samples),
            Sort::Tottime => tottime.then(cumtime).then(samples),
            Sort::Time | Sort::Ncalls => idle.then(time).then(cumtime).then(samples),
        };
        numbers.then_with(|| a.subject.compare(&b.subject))
    });
}
