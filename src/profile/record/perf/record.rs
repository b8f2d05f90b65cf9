//! One record of a ring, parsed into an [`Event`].

use std::borrow::Cow;

use linux_perf_event_reader::{
    ContextSwitchRecord, CpuMode, Endianness, EventRecord, Mmap2FileId, PerfEventAttr, RawData, RawDataU64,
    RawEventRecord, RecordParseInfo, RecordType, SampleRecord, TaskWasPreempted,
    constants::{PERF_CONTEXT_KERNEL, PERF_CONTEXT_MAX},
};

use super::{attr::Attr, dither::Dither, lineage::Lineages, monotonic_ns, ring::Record};
use crate::profile::{
    process::arch::perf_registers,
    record::{Event, Mapping, Sample, StackDump, Switch},
};

const LOST_SAMPLES: RecordType = RecordType(13);
const PROT_EXEC: u32 = libc::PROT_EXEC as u32;

/// Parses the records of events with one attribute.
#[derive(Debug)]
pub(super) struct Parser {
    info: Option<RecordParseInfo>,
    kernel: Vec<u64>,
}

impl Parser {
    pub(super) fn new(attr: &Attr) -> Self {
        let bytes = attr.bytes();
        let attr = PerfEventAttr::parse::<_, byteorder::LittleEndian>(bytes.as_slice());
        let info = attr.ok().map(|(attr, _)| RecordParseInfo::new(&attr, Endianness::LittleEndian));
        Self { info, kernel: Vec::new() }
    }

    /// When the record was written.
    pub(super) fn time(&self, record: &Record<'_>) -> u64 {
        self.raw(record).and_then(|raw| raw.timestamp()).unwrap_or(0)
    }

    /// Hands the record to `sink`, unless it is of no interest or does not count.
    pub(super) fn parse(
        &mut self,
        record: &Record<'_>,
        lineages: &mut Lineages,
        dither: &mut Dither,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let Some(raw) = self.raw(record) else { return };
        match raw.parse() {
            Ok(EventRecord::Sample(sample)) => {
                if let (Some(event), Some(time)) = (sample.id, sample.timestamp) {
                    dither.sampled(event, sample.stream_id != Some(event), time);
                }
                self.sample(&sample, lineages, sink);
            }
            Ok(EventRecord::Mmap2(map)) if map.protection & PROT_EXEC != 0 => {
                let inode = match map.file_id {
                    Mmap2FileId::InodeAndVersion(id) => Some((id.major, id.minor, id.inode)),
                    Mmap2FileId::BuildId(_) => None,
                };
                sink(Event::Map(Mapping {
                    pid: id(map.pid),
                    start: map.address,
                    len: map.length,
                    offset: map.page_offset,
                    inode,
                    path: text(&map.path),
                }));
            }
            Ok(EventRecord::Comm(comm)) if comm.is_execve => {
                sink(Event::Exec { pid: id(comm.pid), name: text(&comm.name) });
            }
            Ok(EventRecord::Comm(comm)) => {
                sink(Event::ThreadName { pid: id(comm.pid), tid: id(comm.tid), name: text(&comm.name) });
            }
            Ok(EventRecord::Fork(fork)) => sink(Event::Fork {
                pid: id(fork.pid),
                parent_pid: id(fork.ppid),
                tid: id(fork.tid),
                parent_tid: id(fork.ptid),
            }),
            Ok(EventRecord::Exit(exit)) => {
                lineages.forget(id(exit.tid));
                sink(Event::Exit { pid: id(exit.pid), tid: id(exit.tid) });
            }
            Ok(EventRecord::ContextSwitch(switch)) => {
                let Ok(common) = raw.common_data() else { return };
                let (Some(pid), Some(tid), Some(time_ns)) = (common.pid, common.tid, common.timestamp) else {
                    return;
                };
                // Every event of a thread tells of it.
                if common.id.is_none_or(|event| !lineages.counts(id(tid), event)) {
                    return;
                }
                let what = match switch {
                    ContextSwitchRecord::In { .. } => Switch::On,
                    ContextSwitchRecord::Out { preempted: TaskWasPreempted::No, .. } => Switch::Off,
                    ContextSwitchRecord::Out { preempted: TaskWasPreempted::Yes, .. } => Switch::Preempted,
                };
                sink(Event::Switch { pid: id(pid), tid: id(tid), time_ns, what });
            }
            // Counts records of every kind; all but a handful are samples.
            Ok(EventRecord::Lost(lost)) => sink(Event::Lost(lost.count)),
            Ok(EventRecord::Throttle(_)) => sink(Event::Throttled),
            Ok(EventRecord::Raw(raw)) if raw.record_type == LOST_SAMPLES => {
                let mut data = raw.data;
                sink(Event::Lost(data.read_u64::<byteorder::LittleEndian>().unwrap_or(0)));
            }
            _ => {}
        }
    }

    fn sample(
        &mut self,
        sample: &SampleRecord<'_>,
        lineages: &mut Lineages,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let (Some(pid), Some(tid), Some(event)) = (sample.pid, sample.tid, sample.id) else { return };
        if !lineages.counts(id(tid), event) {
            return;
        }
        self.kernel.clear();
        if let Some(chain) = &sample.callchain {
            kernel_addresses(chain, &mut self.kernel);
        }
        if self.kernel.is_empty() && sample.cpu_mode == CpuMode::Kernel {
            self.kernel.extend(sample.ip);
        }
        let registers = sample.user_regs.as_ref().and_then(|regs| perf_registers(|number| regs.get(number)));
        sink(Event::Sample(Sample {
            time_ns: sample.timestamp.unwrap_or(0),
            age_ns: sample.timestamp.map_or(0, |time| monotonic_ns().saturating_sub(time)),
            pid: id(pid),
            tid: id(tid),
            weight_ns: sample.period.unwrap_or(0),
            kernel: &self.kernel,
            registers,
            stack: sample.user_stack.as_ref().map_or_else(StackDump::default, |(raw, len)| dump(raw, *len)),
        }));
    }

    fn raw<'a>(&self, record: &Record<'a>) -> Option<RawEventRecord<'a>> {
        let data = if record.second.is_empty() {
            RawData::Single(record.first)
        } else if record.first.is_empty() {
            RawData::Single(record.second)
        } else {
            RawData::Split(record.first, record.second)
        };
        Some(RawEventRecord {
            record_type: RecordType(record.kind),
            misc: record.misc,
            data,
            parse_info: self.info?,
        })
    }
}

/// The part of a call chain that is kernel code, innermost first.
fn kernel_addresses(chain: &RawDataU64<'_>, into: &mut Vec<u64>) {
    let mut in_kernel = false;
    for address in (0..chain.len()).filter_map(|i| chain.get(i)) {
        if address >= PERF_CONTEXT_MAX {
            in_kernel = address == PERF_CONTEXT_KERNEL;
        } else if in_kernel {
            into.push(address);
        }
    }
}

/// The bytes that were really copied (`len`) of the space that was set aside for them.
fn dump<'a>(raw: &RawData<'a>, len: u64) -> StackDump<'a> {
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(raw.len());
    match *raw {
        RawData::Single(bytes) => StackDump::new(bytes.get(..len).unwrap_or(bytes), &[]),
        RawData::Split(first, _) if len <= first.len() => {
            StackDump::new(first.get(..len).unwrap_or(first), &[])
        }
        RawData::Split(first, second) => {
            StackDump::new(first, second.get(..len - first.len()).unwrap_or(second))
        }
    }
}

/// Ids are `u32` in the kernel's records; the library reads them signed. Threads of the idle task have -1.
fn id(raw: i32) -> u32 {
    raw as u32
}

fn text<'a>(raw: &RawData<'a>) -> Cow<'a, str> {
    match raw.as_slice() {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
