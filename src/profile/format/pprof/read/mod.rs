//! pprof bytes as [`Measurements`]. Tables may stand in any order and behind the samples: these are cut up and numbered while the file is
//! decompressed, the tables are gone through twice, for the locations once everything else is known, and then the numbers get their meaning.

mod calls;
mod cut;
mod draft;
mod functions;
mod ids;
mod inflate;
mod numbered;
mod own;
mod samples;
mod scan;
mod tables;
mod threads;
mod values;
mod wire;

use std::{
    io::Read,
    time::{Duration, UNIX_EPOCH},
};

use flate2::read::MultiGzDecoder;

use self::{
    draft::Draft,
    functions::Functions,
    own::Own,
    scan::{Scanned, scan},
    tables::Tables,
    values::Values,
};
use super::extra::RecordingLine;
use crate::profile::{
    calls::Measurements,
    format::{SNIFF_BYTES, guess, limit},
    model::{Clock, Recording, Unit},
};

/// An index or id of the file that leads nowhere.
const OUTSIDE: &str = "damaged: an index points outside its table";
const CUT_SHORT: &str = "cut short";
const NOT_PPROF: &str = "not a pprof file";
const GZIP: &[u8] = b"\x1f\x8b";

/// Bounds on what a file may make of itself, so that a small one cannot fill the memory. Far over what recordings need.
pub(super) struct Limits {
    /// Bytes after decompression.
    pub(super) bytes: u64,
    /// Bytes of one message (a sample, a location with its inlined frames, …).
    pub(super) message: usize,
    /// Strings.
    pub(super) strings: usize,
    /// Entries of each other table.
    pub(super) entries: usize,
    /// Samples.
    pub(super) samples: usize,
    /// Distinct stacks, callers' stacks included.
    pub(super) stacks: usize,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self {
        bytes: crate::profile::format::MAX_BYTES,
        message: 16 << 20,
        strings: 1 << 24,
        entries: 1 << 22,
        samples: 1 << 25,
        stacks: 1 << 24,
    };
}

/// What all parts of reading look at.
struct File<'f, 'a> {
    scanned: &'f Scanned,
    tables: &'f Tables<'a>,
    own: &'f Own,
    limits: &'f Limits,
}

/// Whether the bytes may be pprof. A gzipped file is looked into; one that ends too early to tell is taken for one of ours.
pub(super) fn detect(beginning: &[u8]) -> bool {
    if !beginning.starts_with(GZIP) && beginning != &GZIP[..1] {
        return wire::begins_like_pprof(beginning);
    }
    let mut plain = Vec::new();
    // The beginning ends in the middle of its stream.
    let ended = MultiGzDecoder::new(beginning).take(SNIFF_BYTES).read_to_end(&mut plain).is_ok();
    if plain.is_empty() { !ended } else { wire::begins_like_pprof(&plain) }
}

/// Reads a file; of its values those with this name, or the usual ones.
pub(super) fn read(bytes: &[u8], event: Option<&str>, limits: &Limits) -> Result<Measurements, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if !detect(bytes) {
        return Err(NOT_PPROF.into());
    }
    let scanned = if bytes.starts_with(&GZIP[..1]) {
        inflate::inflated(bytes, |plain| scan(plain, limits))?
    } else {
        scan(&mut &*bytes, limits)?
    };
    let tables = Tables::of(&scanned, limits)?;
    let (mut own, mut notes) = Own::of(&tables)?;
    let values = Values::of(&tables, event, own.recording.is_some())?;
    if let Some(line) = own.recording.as_mut().filter(|_| values.unit != Unit::Nanoseconds) {
        line.waiting = false;
    }
    let file = File { scanned: &scanned, tables: &tables, own: &own, limits };
    let mut draft = Draft::new(&tables);
    let functions = Functions::of(&file, &mut draft)?;
    if let Some(counted) = calls::counted(&tables)? {
        let rows = calls::read(&file, &functions, &mut draft)?;
        let builder = draft.builder;
        let (clock, unit) = (calls::clock(&tables)?, calls::unit(&tables)?);
        let measure = Measure { clock, unit, event: String::new(), tallied: false, rate_hz: 0 };
        let recording = recording(&tables, own.recording, measure, notes);
        let profile = builder.build(recording);
        return Ok(Measurements::Traced(calls::graph(profile, &rows, counted)));
    }
    let read = samples::read(&file, &values, &functions, &mut draft)?;
    let foreign = own.recording.is_none();
    if foreign {
        notes.extend(values.notes.iter().cloned());
    }
    notes.extend(read);
    let builder = draft.builder;
    let rate_hz = values.rate_hz();
    let (clock, unit, tallied) = (values.clock, values.unit, values.tallied);
    let measure = Measure { clock, unit, event: values.event, tallied, rate_hz };
    let mut profile = builder.build(recording(&tables, own.recording, measure, notes));
    if foreign {
        guess::complete(&mut profile, "pprof");
    }
    Ok(Measurements::Sampled(profile))
}

/// What a file's sample types say of the recording.
struct Measure {
    clock: Clock,
    unit: Unit,
    event: String,
    tallied: bool,
    rate_hz: u64,
}

fn recording(
    tables: &Tables<'_>,
    own: Option<RecordingLine>,
    measure: Measure,
    notes: Vec<String>,
) -> Recording {
    let Measure { clock, unit, event, tallied, rate_hz } = measure;
    let started = u64::try_from(tables.header.time_nanos).ok().filter(|&ns| ns > 0);
    let started = started.and_then(|ns| UNIX_EPOCH.checked_add(Duration::from_nanos(ns)));
    let duration_ns = u64::try_from(tables.header.duration_nanos).unwrap_or(0);
    let is_time = unit == Unit::Nanoseconds;
    let told = own.as_ref().map_or("", RecordingLine::event);
    let fields = Recording {
        started,
        duration_ns,
        clock: if is_time { clock } else { Clock::default() },
        unit,
        event: match (is_time, event) {
            (true, _) => String::new(),
            (false, event) if !event.is_empty() => event,
            (false, _) if told.is_empty() => "value".to_owned(),
            (false, _) => told.to_owned(),
        },
        ..Recording::default()
    };
    match own {
        Some(line) => {
            let mut recording = line.into_recording(fields);
            recording.notes.extend(notes);
            recording
        }
        None => Recording { tallied, rate_hz, bucket_ns: duration_ns, notes, ..fields },
    }
}
