//! The records of a file as the events of a recording.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap, io::Cursor, path::PathBuf};

use linux_perf_data::{PerfFile, PerfFileReader, PerfFileRecord, PerfRecordIter};
use linux_perf_event_reader::{
    CpuMode, EventRecord, HardwareEventId, Mmap2FileId, PerfEventType, RawData, RawDataU64, RawEventRecord,
    RecordType, SampleRecord, SamplingPolicy, SoftwareCounterType,
    constants::{PERF_CONTEXT_KERNEL, PERF_CONTEXT_MAX, PERF_CONTEXT_USER},
};

use super::{
    counters,
    guard::{self, Layout},
    identity::{Identities, is_this_kernel},
};
use crate::{
    profile::{
        format::{foreign, no_event},
        model::{Host, Profile, Recording, Unit},
        process::{ProcessTable, arch::perf_registers},
        raw::RawProfile,
        record::{Event, Mapping, Sample, StackDump},
        symbolize::{self, symbolize},
    },
    progress::Silent,
    units,
};

/// Added to process and thread ids while they are worked on: the recorded ones may be those of other processes now, which must not be looked into.
/// No id is as large.
const ELSEWHERE: u32 = 1 << 30;
/// What an event is called whose name the file does not have.
const UNNAMED: &str = "event";
/// Largest process id there can be.
const MOST_PID: u32 = 1 << 22;
const PROT_EXEC: u32 = libc::PROT_EXEC as u32;

/// Reads the samples of the event `asked`, or of the one that has most.
pub(super) fn read(bytes: &[u8], asked: Option<&str>) -> Result<Profile, String> {
    let layout = guard::check(bytes)?;
    let (mut file, mut records) = open(bytes, layout)?;
    let event = match asked {
        Some(asked) => Some(named(&file, asked)?),
        None if file.event_attributes().len() > 1 => busiest(bytes, layout)?,
        None => None,
    };
    let mut import = Import::new(&file, event, guard::counts_lost(bytes, layout));
    let mut cut = None;
    loop {
        match records.next(&mut file) {
            Ok(Some(PerfFileRecord::EventRecord { attr_index, record })) => {
                import.record(attr_index, &record)
            }
            Ok(Some(PerfFileRecord::UserRecord(_))) => {}
            Ok(None) => break,
            // A recorder that was killed leaves a file like this; what there is of it is worth having.
            Err(error) if import.samples > 0 => {
                cut = Some(damaged(&error));
                break;
            }
            Err(error) => return Err(damaged(&error)),
        }
    }
    let profile = import.finish(&file, cut);
    foreign::whole(profile.sample_count())?;
    foreign::whole(profile.total_ns())?;
    Ok(profile)
}

fn open(bytes: &[u8], layout: Layout) -> Result<(PerfFile, Records<'_>), String> {
    let opened = match layout {
        Layout::File => PerfFileReader::parse_file(Cursor::new(bytes))
            .map(|r| (r.perf_file, Records::File(r.record_iter))),
        Layout::Pipe => {
            PerfFileReader::parse_pipe(bytes).map(|r| (r.perf_file, Records::Pipe(r.record_iter)))
        }
    };
    opened.map_err(|error| damaged(&error))
}

/// The event with this name, with or without its modifiers: `cycles`, `cycles:u`.
fn named(file: &PerfFile, asked: &str) -> Result<usize, String> {
    let names = || file.event_attributes().iter().map(|event| event.name().unwrap_or(UNNAMED));
    let exact = names().position(|name| name == asked);
    let plain = || names().position(|name| name.split(':').next() == Some(asked));
    exact.or_else(plain).ok_or_else(|| no_event(asked, names()))
}

/// The event with most samples; the first of several.
fn busiest(bytes: &[u8], layout: Layout) -> Result<Option<usize>, String> {
    let (mut file, mut records) = open(bytes, layout)?;
    let mut samples: BTreeMap<usize, u64> = BTreeMap::new();
    // As far as it can be read: whoever reads it for good tells what is wrong with the rest.
    while let Ok(Some(record)) = records.next(&mut file) {
        if let PerfFileRecord::EventRecord { attr_index, record } = record
            && record.record_type == RecordType::SAMPLE
        {
            *samples.entry(attr_index).or_default() += 1;
        }
    }
    Ok(samples.into_iter().max_by_key(|&(event, samples)| (samples, Reverse(event))).map(|(event, _)| event))
}

enum Records<'b> {
    File(PerfRecordIter<Cursor<&'b [u8]>>),
    Pipe(PerfRecordIter<&'b [u8]>),
}

impl Records<'_> {
    fn next(&mut self, file: &mut PerfFile) -> Result<Option<PerfFileRecord<'_>>, linux_perf_data::Error> {
        match self {
            Self::File(records) => records.next_record(file),
            Self::Pipe(records) => records.next_record(file),
        }
    }
}

fn damaged(error: &linux_perf_data::Error) -> String {
    format!("damaged: {}", error.to_string().to_lowercase().trim_end_matches('.'))
}

struct Import {
    table: ProcessTable,
    identities: Identities,
    /// The event that is read.
    event: Option<usize>,
    /// Whether numbers of lost samples stand beside counter values.
    counts_lost: bool,
    /// Whether any sample had counter values.
    counters: bool,
    weights: Vec<Weight>,
    span: Option<(u64, u64)>,
    samples: u64,
    of_other_events: BTreeMap<usize, u64>,
    kernel_frames: bool,
    kernel_text: u64,
    kernel: Vec<u64>,
    user: Vec<u64>,
}

/// What the samples of an event stand for.
#[derive(Clone, Debug)]
struct Weight {
    name: String,
    is_time: bool,
    /// Whether it goes with time, so that samples taken at a rate tell how much of that it was.
    goes_with_time: bool,
    /// Where samples do not tell.
    usual: u64,
    rate_hz: u64,
}

impl Import {
    fn new(file: &PerfFile, event: Option<usize>, counts_lost: bool) -> Self {
        let build_ids =
            file.build_ids().unwrap_or_default().into_values().map(|dso| (dso.path, dso.build_id));
        let weights = file.event_attributes().iter().map(|event| {
            let is_time = matches!(
                event.attr.type_,
                PerfEventType::Software(SoftwareCounterType::CpuClock | SoftwareCounterType::TaskClock)
            );
            let (usual, rate_hz) = match event.attr.sampling_policy {
                SamplingPolicy::Frequency(hz) if hz > 0 => (1_000_000_000 / hz, hz),
                SamplingPolicy::Period(period) if is_time => {
                    (period.get(), 1_000_000_000_u64.checked_div(period.get()).unwrap_or(0))
                }
                SamplingPolicy::Period(period) => (period.get(), 0),
                _ => (1, 0),
            };
            let name = event.name().unwrap_or(UNNAMED).to_owned();
            let is_cycles = matches!(
                event.attr.type_,
                PerfEventType::Hardware(HardwareEventId::CpuCycles | HardwareEventId::RefCpuCycles, _)
            );
            let goes_with_time = is_time || is_cycles || name.contains("cycles");
            Weight { name, is_time, goes_with_time, usual, rate_hz }
        });
        Self {
            table: ProcessTable::new(0, false, true),
            identities: Identities::new(build_ids),
            event,
            counts_lost,
            counters: false,
            weights: weights.collect(),
            span: None,
            samples: 0,
            of_other_events: BTreeMap::new(),
            kernel_frames: false,
            kernel_text: 0,
            kernel: Vec::new(),
            user: Vec::new(),
        }
    }

    fn record(&mut self, event: usize, record: &RawEventRecord<'_>) {
        if record.record_type == RecordType::SAMPLE {
            self.counters |= counters::are_in(record);
            let readable = counters::without(record, self.counts_lost);
            if let Some(Ok(EventRecord::Sample(sample))) = readable.as_ref().map(RawEventRecord::parse) {
                self.sample(event, &sample);
            }
            return;
        }
        match record.parse() {
            Ok(EventRecord::Mmap2(map)) => {
                let inode = match map.file_id {
                    Mmap2FileId::InodeAndVersion(id) => Some((id.major, id.minor, id.inode)),
                    Mmap2FileId::BuildId(_) => None,
                };
                if map.protection & PROT_EXEC != 0 && map.cpu_mode != CpuMode::Kernel {
                    self.map(map.pid, (map.address, map.length, map.page_offset), inode, &map.path);
                }
            }
            Ok(EventRecord::Mmap(map)) if map.cpu_mode == CpuMode::Kernel || map.pid == -1 => {
                // The kernel itself; its offset is the address that its symbols count from.
                let path = map.path.as_slice();
                if path.starts_with(b"[kernel.kallsyms]_") && self.kernel_text == 0 {
                    self.kernel_text = map.page_offset;
                }
            }
            Ok(EventRecord::Mmap(map)) if map.is_executable => {
                self.map(map.pid, (map.address, map.length, map.page_offset), None, &map.path);
            }
            Ok(EventRecord::Comm(comm)) => {
                let (Some(pid), Some(tid)) = (id(comm.pid), id(comm.tid)) else { return };
                let name = text(&comm.name);
                self.table.handle(match comm.is_execve {
                    true => Event::Exec { pid, name },
                    false => Event::ThreadName { pid, tid, name },
                });
            }
            Ok(EventRecord::Fork(fork)) => {
                let ids = (id(fork.pid), id(fork.ppid), id(fork.tid), id(fork.ptid));
                if let (Some(pid), Some(parent_pid), Some(tid), Some(parent_tid)) = ids {
                    self.table.handle(Event::Fork { pid, parent_pid, tid, parent_tid });
                }
            }
            Ok(EventRecord::Exit(exit)) => {
                if let (Some(pid), Some(tid)) = (id(exit.pid), id(exit.tid)) {
                    self.table.handle(Event::Exit { pid, tid });
                }
            }
            Ok(EventRecord::Lost(lost)) => self.table.handle(Event::Lost(lost.count)),
            _ => {}
        }
    }

    fn map(
        &mut self,
        pid: i32,
        (start, len, offset): (u64, u64, u64),
        inode: Option<(u32, u32, u64)>,
        path: &RawData<'_>,
    ) {
        let Some(pid) = id(pid) else { return };
        let inode = match self.identities.is_same(&path.as_slice()) {
            Some(true) => None,
            // No file has this number: what stands under the name now is another one.
            Some(false) => Some((0, 0, u64::MAX)),
            None => inode,
        };
        self.table.handle(Event::Map(Mapping { pid, start, len, offset, inode, path: text(path) }));
    }

    fn sample(&mut self, event: usize, sample: &SampleRecord<'_>) {
        if *self.event.get_or_insert(event) != event {
            *self.of_other_events.entry(event).or_default() += 1;
            return;
        }
        let (Some(pid), Some(tid)) = (sample.pid.and_then(id), sample.tid.and_then(id)) else { return };
        let time = sample.timestamp.unwrap_or(0);
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        self.samples += 1;
        self.addresses(sample);
        self.kernel_frames |= !self.kernel.is_empty();
        let usual = self.weights.get(event).map_or(0, |weight| weight.usual);
        let registers = sample.user_regs.as_ref().and_then(|regs| perf_registers(|number| regs.get(number)));
        let dump = sample.user_stack.as_ref().map_or(Cow::Borrowed(&[][..]), |(raw, len)| {
            let bytes = raw.as_slice();
            let len = usize::try_from(*len).unwrap_or(usize::MAX).min(bytes.len());
            match bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..len).unwrap_or_default()),
                Cow::Owned(mut bytes) => {
                    bytes.truncate(len);
                    Cow::Owned(bytes)
                }
            }
        });
        let sample = Sample {
            time_ns: time.saturating_sub(first),
            age_ns: u64::MAX,
            pid,
            tid,
            weight_ns: sample.period.unwrap_or(usual),
            kernel: &self.kernel,
            registers,
            stack: StackDump::new(&dump, &[]),
        };
        if registers.is_some() && !dump.is_empty() {
            self.table.handle(Event::Sample(sample));
        } else {
            self.table.handle_chain(&sample, &self.user);
        }
    }

    /// Fills `kernel` and `user`, innermost first.
    fn addresses(&mut self, sample: &SampleRecord<'_>) {
        self.kernel.clear();
        self.user.clear();
        if let Some(chain) = &sample.callchain {
            parts(chain, &mut self.kernel, &mut self.user);
        }
        if self.kernel.is_empty() && self.user.is_empty() {
            let into = if sample.cpu_mode == CpuMode::Kernel { &mut self.kernel } else { &mut self.user };
            into.extend(sample.ip);
        }
    }

    fn finish(self, file: &PerfFile, cut: Option<String>) -> Profile {
        let weight = self.event.and_then(|event| self.weights.get(event));
        let span = self.span.map_or(0, |(first, last)| last - first);
        let release = file.feature_section_data(linux_perf_data::Feature::OSRELEASE).and_then(string);
        let online = file.nr_cpus().ok().flatten().map_or(0, |cpus| cpus.nr_cpus_online);
        let mut recording = Recording {
            command: command(file),
            duration_ns: span,
            backend: "perf record".into(),
            rate_hz: weight.map_or(0, |weight| weight.rate_hz),
            kernel_frames: self.kernel_frames,
            kernel_time: self.kernel_frames,
            host: Host { cpus: online, kernel: release.clone().unwrap_or_default() },
            ..Recording::default()
        };
        recording.notes.extend(cut.map(|reason| format!("only a part could be read: {reason}")));
        for (&event, &samples) in &self.of_other_events {
            let name = self.weights.get(event).map_or("another event", |weight| &weight.name);
            let samples = units::plural(samples, "sample", "samples");
            recording.notes.push(format!("{samples} of `{name}` left out"));
        }
        if self.counters {
            recording.notes.push("what the counters of its groups had counted is left out".into());
        }
        let this_kernel = is_this_kernel(release.as_deref().unwrap_or_default(), self.kernel_text);
        if self.kernel_frames && !this_kernel {
            recording
                .notes
                .push("another kernel was recorded than runs here: its functions have no names".into());
        }
        let mut raw = self.table.into_profile(recording);
        restore_ids(&mut raw);
        if let Some(weight) = weight.filter(|weight| !weight.is_time) {
            scale(&mut raw, weight, self.samples);
        }
        let kallsyms =
            if this_kernel { symbolize::Options::default().kallsyms } else { PathBuf::from("/dev/null") };
        symbolize(&raw, &symbolize::Options { kallsyms, ..Default::default() }, &Silent)
    }
}

/// The parts of a call chain; what stands before the first mark is what the sample was taken in.
fn parts(chain: &RawDataU64<'_>, kernel: &mut Vec<u64>, user: &mut Vec<u64>) {
    let mut here = None;
    for address in (0..chain.len()).filter_map(|i| chain.get(i)) {
        match address {
            PERF_CONTEXT_KERNEL => here = Some(true),
            PERF_CONTEXT_USER => here = Some(false),
            PERF_CONTEXT_MAX.. => here = None,
            _ if here.unwrap_or(address >= 1 << 63) => kernel.push(address),
            _ => user.push(address),
        }
    }
}

/// Makes time of what an event counted: samples taken at a rate are so many of the rate's periods, shared out as counted.
fn scale(raw: &mut RawProfile, weight: &Weight, samples: u64) {
    let counted: u128 = raw.samples.iter().map(|row| u128::from(row.weight_ns)).sum();
    if !weight.goes_with_time || weight.rate_hz == 0 || counted == 0 {
        raw.recording.notes.push(format!("its values are `{}`, not time in nanoseconds", weight.name));
        (raw.recording.unit, raw.recording.event) = (Unit::Count, weight.name.clone());
        return;
    }
    let total = u128::from(samples) * 1_000_000_000 / u128::from(weight.rate_hz);
    for row in &mut raw.samples {
        let ns = u128::from(row.weight_ns) * total / counted;
        row.weight_ns = u64::try_from(ns).unwrap_or(u64::MAX);
    }
    raw.recording.notes.push(format!(
        "shares are those of `{}`; times are estimated from {} at {} Hz",
        weight.name,
        units::plural(samples, "sample", "samples"),
        units::count(weight.rate_hz)
    ));
}

fn restore_ids(raw: &mut RawProfile) {
    let restored = |id: u32| id.checked_sub(ELSEWHERE).unwrap_or(id);
    for process in &mut raw.processes {
        (process.pid, process.parent_pid) = (restored(process.pid), restored(process.parent_pid));
    }
    for thread in &mut raw.threads {
        thread.tid = restored(thread.tid);
    }
}

/// An id as it is worked on; `None` for what is none, such as -1 of the kernel's own mappings.
fn id(raw: i32) -> Option<u32> {
    u32::try_from(raw).ok().filter(|id| *id <= MOST_PID).map(|id| id + ELSEWHERE)
}

fn text<'a>(raw: &RawData<'a>) -> Cow<'a, str> {
    match raw.as_slice() {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// A string with its length before it, padded with zeros.
fn string(content: &[u8]) -> Option<String> {
    let len = guard::u32_at(content, 0).ok()? as usize;
    let bytes = content.get(4..4_usize.checked_add(len)?)?;
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned())
}

/// The program that was recorded: what `perf record` was given after `--`, else all that it was given.
fn command(file: &PerfFile) -> Vec<String> {
    let Some(content) = file.feature_section_data(linux_perf_data::Feature::CMDLINE) else {
        return Vec::new();
    };
    let count = guard::u32_at(content, 0).unwrap_or(0);
    let (mut at, mut words) = (4_usize, Vec::new());
    for _ in 0..count {
        let Some(rest) = content.get(at..) else { break };
        let (Some(word), Ok(len)) = (string(rest), guard::u32_at(rest, 0)) else { break };
        words.push(word);
        at = at.saturating_add(4).saturating_add(len as usize);
    }
    match words.iter().position(|word| word == "--") {
        Some(dashes) => words.split_off(dashes + 1),
        None => words,
    }
}
