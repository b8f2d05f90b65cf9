//! `perf_event_open`: the CPU clock of every thread of a process tree, one event and one ring for each processor, with a copy
//! of the user stack in every sample.
//!
//! An inherited event cannot be mapped for all processors at once, hence one for each. Events of more threads, and later ones
//! with longer dumps, write into the same rings; which event a sample comes from tells whether it counts (`lineage`).

mod attr;
mod counter;
mod dither;
mod lineage;
mod record;
mod ring;

use std::{io, os::fd::AsRawFd, os::fd::RawFd};

use attr::{Attr, LONGEST_DUMP};
use counter::{Counter, Scope};
use dither::Dither;
use lineage::Lineages;
use record::Parser;
use ring::Ring;

use super::{Backend, Event, Needs, Setup};

/// Bytes of stack that are copied at first; longer dumps are asked for when stacks turn out to be cut.
const FIRST_DUMP: u32 = 32 * 1024;
const LARGEST_RING: usize = 8 << 20;
/// For all processors together; on a large machine each gets less.
const LARGEST_TOTAL: usize = 256 << 20;
/// A ring must hold some dumps, or it overflows before anybody can wake up.
const SMALLEST_RING: usize = 1 << 20;

/// How often to look for threads that are not watched yet.
///
/// A thread born while we look inherits the events of its maker if that one had them already; if not, the next look finds it.
/// One that has them twice is counted once, by lineage. A program that forks all the time shows new ones at every look.
pub const MOST_LOOKS: usize = 3;

/// More events than this are opened because they have to be, and not just to have better ones.
const MOST_RENEWED: usize = 1024;

/// What to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch<'a> {
    /// A process that is about to execute the program; recording starts when it does.
    Launch(u32),
    /// These running threads and all that they will start.
    Threads(&'a [u32]),
    /// Everything that runs on the machine; the receiver picks what it wants.
    Everything,
}

/// Why perf events cannot be used.
#[derive(Debug)]
pub enum Refusal {
    /// The system does not let this user watch that process (EACCES): `kernel.perf_event_paranoid`, other user.
    NotAllowed(io::Error),
    /// A filter blocks the call (EPERM): a container's seccomp profile.
    Blocked(io::Error),
    /// The kernel has no such event.
    Unsupported(io::Error),
    /// The process or thread has ended.
    Gone,
    /// There is not enough lockable memory for even the smallest rings.
    RingMemory(io::Error),
    /// Anything else, such as too many open files.
    Other(io::Error),
}

/// The open events and rings of one recording.
#[derive(Debug)]
pub struct Perf {
    rings: Vec<CpuRing>,
    attr: Attr,
    extra: Vec<Counter>,
    /// The events that the rings belong to are switched off, others have taken over.
    renewed: bool,
    lineages: Lineages,
    dither: Dither,
    system_wide: bool,
    kernel_frames: bool,
    needs: Needs,
    rate_hz: u64,
    switches: bool,
}

#[derive(Debug)]
struct CpuRing {
    cpu: u32,
    ring: Ring,
    counter: Counter,
    parser: Parser,
}

impl Perf {
    /// Opens events for what is to be watched, with as many privileges as the user has: kernel frames if allowed, user
    /// frames alone otherwise; rings as large as may be locked; the rate asked for or the highest that the kernel accepts. With
    /// `switches`, every [`Switch`](super::Switch) is recorded, too.
    ///
    /// # Errors
    /// Why it cannot be done at all.
    pub fn open(watch: Watch<'_>, rate_hz: u64, switches: bool) -> Result<Self, Refusal> {
        let tasks: Vec<Scope> = match watch {
            Watch::Launch(pid) => vec![Scope::Thread(pid)],
            Watch::Threads(tids) => tids.iter().copied().map(Scope::Thread).collect(),
            Watch::Everything => vec![Scope::Everyone],
        };
        let rate_hz = rate_hz.min(allowed_rate().unwrap_or(rate_hz));
        let mut attr = Attr::cpu_clock(rate_hz, FIRST_DUMP).side_events();
        if watch != Watch::Everything {
            attr = attr.inherit();
        }
        if matches!(watch, Watch::Launch(_)) {
            attr = attr.enable_on_exec();
        }
        if switches {
            attr = attr.switches();
        }
        let cpus = online_cpus().map_err(Refusal::Other)?;
        let mut perf = match Self::open_all(attr, &tasks, &cpus, rate_hz) {
            Err(Refusal::NotAllowed(_)) => {
                let perf = Self::open_all(attr.user_only(), &tasks, &cpus, rate_hz)?;
                Self { kernel_frames: false, ..perf }
            }
            result => result?,
        };
        perf.switches = switches;
        Ok(perf)
    }

    fn open_all(attr: Attr, tasks: &[Scope], cpus: &[u32], rate_hz: u64) -> Result<Self, Refusal> {
        let share = (LARGEST_TOTAL / cpus.len().max(1)).max(SMALLEST_RING);
        // The kernel wants a power of two.
        let mut bytes = LARGEST_RING.min(1 << share.ilog2());
        loop {
            match Self::open_rings(attr, tasks, cpus, rate_hz, bytes) {
                Err(Refusal::RingMemory(_)) if bytes > SMALLEST_RING => bytes /= 2,
                result => return result,
            }
        }
    }

    fn open_rings(
        attr: Attr,
        tasks: &[Scope],
        cpus: &[u32],
        rate_hz: u64,
        bytes: usize,
    ) -> Result<Self, Refusal> {
        let attr = attr.wake_at((bytes / 8) as u32);
        let mut perf = Self {
            rings: Vec::new(),
            attr,
            extra: Vec::new(),
            renewed: false,
            lineages: Lineages::default(),
            dither: Dither::new(rate_hz, fastrand::Rng::new()),
            system_wide: tasks == [Scope::Everyone],
            kernel_frames: true,
            needs: Needs::default(),
            rate_hz,
            switches: false,
        };
        for &task in tasks {
            match perf.open_task(task, cpus, bytes) {
                // Threads come and go; it is enough that one of them is there.
                Err(Refusal::Gone) if tasks.len() > 1 => {}
                result => result?,
            }
        }
        if perf.rings.is_empty() { Err(Refusal::Gone) } else { Ok(perf) }
    }

    fn open_task(&mut self, task: Scope, cpus: &[u32], bytes: usize) -> Result<(), Refusal> {
        let lineage = self.lineages.add();
        for &cpu in cpus {
            let counter = match Counter::open(&self.attr, task, cpu) {
                // A processor that went offline has nothing to tell.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => continue,
                result => result.map_err(refusal)?,
            };
            self.lineages.register(counter.id(), lineage);
            counter.set_period(self.dither.add(counter.id())).map_err(Refusal::Other)?;
            match self.rings.iter().find(|ring| ring.cpu == cpu) {
                Some(ring) => {
                    counter.redirect_to(&ring.counter).map_err(Refusal::Other)?;
                    self.extra.push(counter);
                }
                None => {
                    let ring = Ring::map(&counter, bytes).map_err(|error| match error.raw_os_error() {
                        Some(libc::EPERM | libc::ENOMEM | libc::EAGAIN) => Refusal::RingMemory(error),
                        _ => Refusal::Other(error),
                    })?;
                    self.rings.push(CpuRing { cpu, ring, counter, parser: Parser::new(&self.attr) });
                }
            }
        }
        Ok(())
    }

    /// Watches more threads, as far as they still run.
    ///
    /// # Errors
    /// Why it cannot be done; the earlier ones are watched on.
    pub fn watch_more(&mut self, tids: &[u32]) -> Result<(), Refusal> {
        let cpus: Vec<u32> = self.rings.iter().map(|ring| ring.cpu).collect();
        let bytes = self.setup().ring_bytes;
        for &tid in tids {
            match self.open_task(Scope::Thread(tid), &cpus, bytes) {
                Err(Refusal::Gone) => {}
                result => result?,
            }
        }
        Ok(())
    }

    fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.rings.iter().map(|ring| &ring.counter).chain(&self.extra)
    }

    /// Opens new events for these threads, which take over from the earlier ones.
    fn renew(&mut self, tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()> {
        let dump = if self.needs.longest_dumps { LONGEST_DUMP } else { FIRST_DUMP };
        // What exceeds even the longest dumps is read from the process's memory, which should not have gone on for long.
        let samples = match self.needs {
            Needs { prompt: true, .. } => 1,
            Needs { longest_dumps: true, .. } => 4,
            Needs { .. } => 16,
        };
        let mut attr = Attr::cpu_clock(self.rate_hz, dump).side_events().wake_after(samples);
        if !self.kernel_frames {
            attr = attr.user_only();
        }
        if self.switches {
            attr = attr.switches();
        }
        self.lineages.next_generation();
        let mut opened = Vec::new();
        if self.system_wide {
            self.open_beside(&attr, Scope::Everyone, &mut opened)?;
        } else {
            let attr = attr.inherit();
            let mut done = std::collections::HashSet::new();
            for _ in 0..MOST_LOOKS {
                let new: Vec<u32> = tasks().into_iter().filter(|tid| done.insert(*tid)).collect();
                if new.is_empty() {
                    break;
                }
                for tid in new {
                    match self.open_beside(&attr, Scope::Thread(tid), &mut opened) {
                        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                        result => result?,
                    }
                }
            }
        }
        if opened.is_empty() {
            return Ok(());
        }
        opened.iter().try_for_each(Counter::enable)?;
        self.dither.clear();
        for counter in &opened {
            // Refused for a thread that has ended.
            let _ = counter.set_period(self.dither.add(counter.id()));
        }
        // Only now: for a moment both tick, and lineage decides; the other way round a fork or a mapping could be missed.
        self.stop();
        // The rings belong to the first ones, which have to stay.
        self.extra = opened;
        self.renewed = true;
        Ok(())
    }

    /// Gives another period to the events that have sampled for a while with the one they have.
    fn vary_periods(&mut self) {
        let first = self.rings.iter().map(|ring| &ring.counter).filter(|_| !self.renewed);
        for counter in first.chain(&self.extra) {
            if self.dither.is_due(counter.id())
                && let Some(period) = self.dither.next(counter.id(), monotonic_ns())
            {
                // One that is refused goes on as before: its thread has ended.
                let _ = counter.set_period(period);
            }
        }
    }

    /// Opens switched-off events for a thread on every processor that write into its ring.
    fn open_beside(&mut self, attr: &Attr, task: Scope, opened: &mut Vec<Counter>) -> io::Result<()> {
        let lineage = self.lineages.add();
        for ring in &self.rings {
            let counter = Counter::open(attr, task, ring.cpu)?;
            counter.redirect_to(&ring.counter)?;
            self.lineages.register(counter.id(), lineage);
            opened.push(counter);
        }
        Ok(())
    }
}

impl Backend for Perf {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn setup(&self) -> Setup {
        let ring_bytes = self.rings.first().map_or(0, |ring| ring.ring.size());
        let kernel_frames = self.kernel_frames;
        Setup {
            kernel_frames,
            kernel_time: kernel_frames,
            ring_bytes,
            rate_hz: self.rate_hz,
            maps_are_told: true,
            switches_are_told: self.switches,
        }
    }

    fn enable(&mut self) -> io::Result<()> {
        self.counters().try_for_each(Counter::enable)
    }

    fn descriptors(&self) -> Vec<RawFd> {
        self.rings.iter().map(|ring| ring.counter.as_raw_fd()).collect()
    }

    fn pump(&mut self, all: bool, sink: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        // What is later than this moment waits for the next round: another ring may hold something earlier that was written
        // after we had looked there.
        let until = if all { u64::MAX } else { monotonic_ns() };
        let heads: Vec<u64> = self.rings.iter().map(|ring| ring.ring.head()).collect();
        let mut next: Vec<Option<u64>> = Vec::with_capacity(heads.len());
        for (ring, &head) in self.rings.iter().zip(&heads) {
            next.push(ring.time(head)?);
        }
        while let Some((i, _)) = earliest(&next).filter(|&(_, time)| time <= until) {
            let ring = &mut self.rings[i];
            let Some(record) = ring.ring.peek(heads[i])? else { break };
            let body = record.first.len() + record.second.len();
            ring.parser.parse(&record, &mut self.lineages, &mut self.dither, sink);
            ring.ring.advance(body);
            next[i] = ring.time(heads[i])?;
        }
        self.vary_periods();
        Ok(())
    }

    fn ask_for(&mut self, needs: Needs, tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()> {
        let needs = needs.and(self.needs);
        if std::mem::replace(&mut self.needs, needs) == needs {
            return Ok(());
        }
        self.renew(tasks)
    }

    fn tend(&mut self, tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()> {
        if !self.dither.wants_renewal() {
            return Ok(());
        }
        self.dither.renewed();
        let tids = tasks();
        if tids.len() * self.rings.len() > MOST_RENEWED { Ok(()) } else { self.renew(tasks) }
    }

    fn stop(&mut self) {
        for counter in self.counters() {
            // Nothing can be done about a refusal, and nothing depends on it: what comes later is not read.
            let _ = counter.disable();
        }
    }
}

impl CpuRing {
    /// Time of the next record before `head`.
    fn time(&self, head: u64) -> io::Result<Option<u64>> {
        Ok(self.ring.peek(head)?.map(|record| self.parser.time(&record)))
    }
}

fn earliest(next: &[Option<u64>]) -> Option<(usize, u64)> {
    next.iter().enumerate().filter_map(|(i, time)| Some((i, (*time)?))).min_by_key(|&(_, time)| time)
}

fn refusal(error: io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(libc::EACCES) => Refusal::NotAllowed(error),
        Some(libc::EPERM) => Refusal::Blocked(error),
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL) => Refusal::Unsupported(error),
        Some(libc::ESRCH) => Refusal::Gone,
        _ => Refusal::Other(error),
    }
}

/// Nanoseconds of the clock that samples are stamped with.
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The highest rate that the kernel accepts at the moment; it lowers it by itself when sampling takes too long.
fn allowed_rate() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate").ok()?;
    text.trim().parse().ok().filter(|&rate| rate > 0)
}

/// Numbers of the processors that are online; they need not be consecutive.
fn online_cpus() -> io::Result<Vec<u32>> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online");
    match text.ok().and_then(|text| cpu_list(&text)) {
        Some(cpus) => Ok(cpus),
        None => Ok((0..std::thread::available_parallelism()?.get() as u32).collect()),
    }
}

/// Reads the kernel's list format, `0-3,8`.
fn cpu_list(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cpus.extend(first.parse::<u32>().ok()?..=last.parse().ok()?);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_lists_are_read_as_the_kernel_writes_them() {
        assert_eq!(cpu_list("0-1\n"), Some(vec![0, 1]));
        assert_eq!(cpu_list("0,2-4,7"), Some(vec![0, 2, 3, 4, 7]));
        assert_eq!(cpu_list("0"), Some(vec![0]));
        assert_eq!(cpu_list("x"), None);
    }

    #[test]
    fn the_earliest_ring_goes_first() {
        assert_eq!(earliest(&[Some(5), None, Some(3)]), Some((2, 3)));
        assert_eq!(earliest(&[None]), None);
    }
}
