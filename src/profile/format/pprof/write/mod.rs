//! A [`Profile`] as pprof bytes. Samples are encoded in portions, so that writing needs little memory beside the profile.

mod calls;
mod locations;
mod strings;
mod threads;

use std::{
    io::{self, Write},
    time::UNIX_EPOCH,
};

use flate2::{Compression, GzBuilder, write::GzEncoder};
use pprof::protos::{self as proto, Message};

use self::{locations::Locations, strings::Strings, threads::ThreadLabels};
use super::{
    extra::{self, FunctionsLine, RecordingLine},
    gil, label, unit,
};
use crate::profile::{
    calls::CallGraph,
    model::{Gil, Profile, Recording, Sample, Unit},
};

pub(super) use calls::TOTTIME;

/// Samples encoded at a time.
const PORTION: usize = 1024;

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let weight = weight(&profile.recording);
    let types = [(unit::SAMPLES, unit::COUNT), weight, (unit::WAIT, unit::NANOSECONDS)];
    // Where waiting was not recorded it is not 0.
    let types = if profile.recording.waiting { &types[..] } else { &types[..2] };
    let count_and_weight = |sample: &Sample, values: &mut Vec<i64>| {
        values.extend([clamp(sample.count), clamp(sample.weight_ns)]);
        values.resize(types.len(), 0);
    };
    let columns = Columns { types, default: 1, values: &count_and_weight };
    write_columns(profile, &columns, out)
}

/// Name and unit of the weights.
fn weight(recording: &Recording) -> (&str, &'static str) {
    let name = match recording.unit {
        Unit::Nanoseconds => unit::clock(recording.clock),
        _ => recording.event.as_str(),
    };
    (name, unit::of(recording.unit))
}

/// Calls as samples of one function, or of a function and its caller; described in [the format](super).
pub(super) fn write_calls(graph: &CallGraph, out: &mut dyn Write) -> io::Result<()> {
    let calls = calls::Columns::of(graph);
    let values = |sample: &Sample, values: &mut Vec<i64>| values.extend(calls.values(sample));
    let columns = Columns {
        types: &calls::types(graph.counted, graph.recording.unit),
        default: calls::TOTTIME,
        values: &values,
    };
    write_columns(&calls.profile, &columns, out)
}

fn write_columns<'p>(profile: &'p Profile, columns: &Columns<'p>, out: &mut dyn Write) -> io::Result<()> {
    // Level 1: stacks are so repetitive that higher levels take several times as long for a tenth of the size.
    let gz = GzBuilder::new().mtime(0).write(out, Compression::fast());
    let mut writer = Writer { gz, buffer: Vec::new(), strings: Strings::new() };
    writer.profile(profile, columns)?;
    writer.gz.finish()?.flush()
}

/// What stands in a sample.
struct Columns<'c> {
    /// Names and units.
    types: &'c [(&'c str, &'static str)],
    /// The one that readers show at first; it is a time.
    default: usize,
    /// Appends a value for each type.
    values: &'c dyn Fn(&Sample, &mut Vec<i64>),
}

struct Writer<'p, W: Write> {
    gz: GzEncoder<W>,
    buffer: Vec<u8>,
    strings: Strings<'p>,
}

impl<'p, W: Write> Writer<'p, W> {
    fn profile(&mut self, profile: &'p Profile, columns: &Columns<'p>) -> io::Result<()> {
        let locations = Locations::of(profile);
        let labels = ThreadLabels::of(profile, &mut self.strings);
        let header = self.header(&profile.recording, columns);
        self.emit(&header)?;
        let mappings = self.mappings(profile);
        self.emit(&proto::Profile { mapping: mappings, ..Default::default() })?;
        let check = self.functions(profile, &locations)?;
        self.samples(profile, &locations, &labels, columns)?;
        if profile.recording.waiting {
            self.waits(profile, &locations, &labels)?;
        }
        let comments = [
            extra::line(extra::RECORDING, &RecordingLine::of(&profile.recording)),
            extra::line(extra::THREADS, &threads::line(profile)),
            extra::line(extra::FUNCTIONS, &functions_line(profile, &locations, check)),
        ];
        let comment = (self.strings.len()..).take(comments.len()).collect();
        let strings = std::mem::replace(&mut self.strings, Strings::new());
        let string_table = strings.into_table().chain(comments).collect();
        self.emit(&proto::Profile { comment, string_table, ..Default::default() })
    }

    /// Messages written one after the other are one message with all their fields.
    fn emit(&mut self, part: &proto::Profile) -> io::Result<()> {
        encode(part, &mut self.buffer);
        self.gz.write_all(&self.buffer)
    }

    fn header(&mut self, recording: &'p Recording, columns: &Columns<'p>) -> proto::Profile {
        let types: Vec<_> = columns.types.iter().map(|(ty, unit)| self.value_type(ty, unit)).collect();
        let (clock, unit) = weight(recording);
        let clock = self.value_type(clock, unit);
        let started = recording.started.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        proto::Profile {
            sample_type: types,
            default_sample_type: self.strings.id(columns.types.get(columns.default).map_or("", |(ty, _)| ty)),
            period_type: Some(clock),
            period: clamp(
                (1_000_000_000 + recording.rate_hz / 2).checked_div(recording.rate_hz).unwrap_or(0),
            ),
            time_nanos: started.and_then(|t| i64::try_from(t.as_nanos()).ok()).unwrap_or(0),
            duration_nanos: clamp(recording.duration_ns),
            ..Default::default()
        }
    }

    fn value_type(&mut self, ty: &'p str, unit: &'static str) -> proto::ValueType {
        proto::ValueType { ty: self.strings.id(ty), unit: self.strings.id(unit) }
    }

    fn mappings(&mut self, profile: &'p Profile) -> Vec<proto::Mapping> {
        let main = main_module(profile);
        let others = (0..profile.modules.len()).filter(|&i| Some(i) != main);
        main.into_iter()
            .chain(others)
            .map(|i| {
                let module = &profile.modules[i];
                proto::Mapping {
                    id: id(i),
                    filename: self.strings.id(profile.str(module.path)),
                    build_id: self.strings.id(profile.str(module.build_id)),
                    // Else `go tool pprof` tries to look addresses up that are not in the file.
                    has_functions: true,
                    has_filenames: true,
                    has_line_numbers: true,
                    has_inline_frames: true,
                    ..Default::default()
                }
            })
            .collect()
    }

    /// Writes locations and functions and returns the CRC-32 of their bytes.
    fn functions(&mut self, profile: &'p Profile, locations: &Locations) -> io::Result<u32> {
        let function = profile.functions.iter().enumerate().map(|(i, f)| proto::Function {
            id: id(i),
            name: self.strings.id(profile.str(f.name)),
            system_name: self.strings.id(profile.str(f.system_name)),
            filename: self.strings.id(profile.str(f.file)),
            start_line: i64::from(f.start_line),
        });
        let part = proto::Profile {
            function: function.collect(),
            location: locations.messages(profile),
            ..Default::default()
        };
        self.emit(&part)?;
        let mut crc = flate2::Crc::new();
        crc.update(&self.buffer);
        Ok(crc.sum())
    }

    fn samples(
        &mut self,
        profile: &'p Profile,
        locations: &Locations,
        labels: &ThreadLabels,
        columns: &Columns<'_>,
    ) -> io::Result<()> {
        let time_key = self.strings.id(label::TIME);
        let nanoseconds = self.strings.id(unit::NANOSECONDS);
        let gil_key = self.strings.id(label::GIL);
        let (held, released) = (self.strings.id(gil::HELD), self.strings.id(gil::RELEASED));
        // At least 1, so that buckets without a length keep their numbers.
        let bucket_ns = profile.recording.bucket_ns.max(1);
        let mut part = proto::Profile::default();
        for portion in profile.samples.chunks(PORTION) {
            part.sample.resize_with(portion.len(), proto::Sample::default);
            for (sample, message) in portion.iter().zip(&mut part.sample) {
                locations.stack(sample.stack, &mut message.location_id);
                message.value.clear();
                (columns.values)(sample, &mut message.value);
                message.label.clear();
                message.label.extend_from_slice(labels.get(sample.thread));
                message.label.push(proto::Label {
                    key: time_key,
                    num: clamp(u64::from(sample.bucket).saturating_mul(bucket_ns)),
                    num_unit: nanoseconds,
                    ..Default::default()
                });
                let gil = match sample.gil {
                    Gil::Unknown => continue,
                    Gil::Held => held,
                    Gil::Released => released,
                };
                message.label.push(proto::Label { key: gil_key, str: gil, ..Default::default() });
            }
            self.emit(&part)?;
        }
        Ok(())
    }

    fn waits(
        &mut self,
        profile: &'p Profile,
        locations: &Locations,
        labels: &ThreadLabels,
    ) -> io::Result<()> {
        let (time_key, wait_key) = (self.strings.id(label::TIME), self.strings.id(label::WAITS_FOR));
        let nanoseconds = self.strings.id(unit::NANOSECONDS);
        let bucket_ns = profile.recording.bucket_ns.max(1);
        for portion in profile.waits.chunks(PORTION) {
            let mut part = proto::Profile::default();
            for waiting in portion {
                let mut message =
                    proto::Sample { value: vec![0, 0, clamp(waiting.ns)], ..Default::default() };
                locations.stack(waiting.stack, &mut message.location_id);
                message.label.extend_from_slice(labels.get(waiting.thread));
                let wait = self.strings.id(waiting.wait.name());
                message.label.push(proto::Label { key: wait_key, str: wait, ..Default::default() });
                message.label.push(proto::Label {
                    key: time_key,
                    num: clamp(u64::from(waiting.bucket).saturating_mul(bucket_ns)),
                    num_unit: nanoseconds,
                    ..Default::default()
                });
                part.sample.push(message);
            }
            self.emit(&part)?;
        }
        Ok(())
    }
}

fn functions_line(profile: &Profile, locations: &Locations, check: u32) -> FunctionsLine {
    let mut line = FunctionsLine::default();
    line.check = check;
    line.modules = locations.unclear_modules(profile);
    line.open_inlines = locations.open_inlines();
    for (i, function) in profile.functions.iter().enumerate() {
        line.add(id(i), function.origin, function.language);
    }
    line
}

fn encode(part: &proto::Profile, buffer: &mut Vec<u8>) {
    buffer.clear();
    // A vector grows; encoding into it cannot fail.
    let _ = part.encode(buffer);
}

/// The module of the program itself, as far as the command tells.
fn main_module(profile: &Profile) -> Option<usize> {
    let program = profile.recording.command.first()?;
    let name = program.rsplit('/').next().filter(|name| !name.is_empty())?;
    profile.modules.iter().position(|m| profile.str(m.path).rsplit('/').next() == Some(name))
}

/// pprof ids begin with 1.
fn id(position: usize) -> u64 {
    position as u64 + 1
}

fn clamp(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
