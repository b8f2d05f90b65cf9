//! One pass over a file while it is decompressed: samples are cut up and numbered, and only the tables are kept as they stand.

use std::io::{self, Read};

use super::{
    CUT_SHORT, Limits,
    cut::Cut,
    limit,
    numbered::Numbered,
    tables::broken,
    wire::{Broken, field, fields},
};
use crate::profile::format::too_large;

/// Bytes that are read at a time, at least.
const CHUNK: usize = 256 << 10;

/// A file without its repetitions.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// All fields but the samples, as they stand in the file.
    pub(super) rest: Vec<u8>,
    pub(super) samples: Samples,
    /// What is wrong with what follows, if anything is.
    pub(super) fault: Option<String>,
}

/// All samples of a file.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Distinct lists of location ids, packed.
    pub(super) locations: Numbered,
    /// Distinct lists of labels.
    pub(super) labels: Numbered,
    rows: Vec<Row>,
    /// Values of all rows, packed.
    values: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    locations: u32,
    labels: u32,
    /// Where its values end.
    end: u32,
}

/// A sample: numbers of its lists, and its packed values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'a> {
    pub(super) locations: u32,
    pub(super) labels: u32,
    pub(super) values: &'a [u8],
}

impl Samples {
    fn add(&mut self, cut: &Cut, limits: &Limits) -> Result<(), String> {
        limit(self.rows.len(), limits.samples, "samples")?;
        self.values.extend_from_slice(&cut.values);
        let end = u32::try_from(self.values.len()).map_err(|_| too_large(limits.bytes))?;
        let (locations, labels) = (self.locations.number(&cut.locations), self.labels.number(&cut.labels));
        self.rows.push(Row { locations, labels, end });
        Ok(())
    }

    /// The samples in the order of the file.
    pub(super) fn iter(&self) -> impl Iterator<Item = Numbers<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |&Row { locations, labels, end }| {
            let values = self.values.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            Numbers { locations, labels, values }
        })
    }
}

/// Reads a file to its end, or to what is wrong in it.
///
/// # Errors
/// When it is too large or cannot be decompressed.
pub(super) fn scan(input: &mut dyn Read, limits: &Limits) -> Result<Scanned, String> {
    let mut window = Window::of(input, limits.bytes);
    let (mut samples, mut cut) = (Samples::default(), Cut::default());
    let fault = loop {
        let field = match fields(window.ahead()).next() {
            None | Some(Err(Broken::CutShort)) if !window.ended => {
                window.fill()?;
                continue;
            }
            None => break None,
            Some(Err(fault)) => break Some(broken(fault)),
            Some(Ok(field)) => field,
        };
        let length = field.raw.len();
        if field.number != field::STRING && field.bytes.len() > limits.message {
            let length = crate::units::bytes(field.bytes.len() as u64);
            break Some(format!("it holds a message of {length}"));
        }
        if field.number != field::SAMPLE {
            window.keep(length);
            continue;
        }
        if let Err(fault) = cut.set(field.bytes).and_then(|()| samples.add(&cut, limits)) {
            break Some(fault);
        }
        window.skip(length);
    };
    Ok(Scanned { rest: window.into_kept(), samples, fault })
}

/// A part of the input, behind what was kept of all before it.
struct Window<'i> {
    input: &'i mut dyn Read,
    /// Kept bytes, a gap, and bytes ahead.
    buffer: Vec<u8>,
    kept: usize,
    start: usize,
    end: usize,
    ended: bool,
    /// Bytes that there may still be.
    allowed: u64,
    max: u64,
}

impl<'i> Window<'i> {
    fn of(input: &'i mut dyn Read, max: u64) -> Self {
        Self { input, buffer: Vec::new(), kept: 0, start: 0, end: 0, ended: false, allowed: max, max }
    }

    /// What was read and is not looked at yet.
    fn ahead(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Forgets so many of the bytes ahead.
    fn skip(&mut self, length: usize) {
        self.start += length;
    }

    /// Keeps so many of the bytes ahead.
    fn keep(&mut self, length: usize) {
        if self.kept < self.start {
            self.buffer.copy_within(self.start..self.start + length, self.kept);
        }
        self.kept += length;
        self.start += length;
    }

    /// Reads more.
    fn fill(&mut self) -> Result<(), String> {
        self.buffer.copy_within(self.start..self.end, self.kept);
        self.end -= self.start - self.kept;
        self.start = self.kept;
        if self.buffer.len() - self.end < CHUNK {
            self.buffer.resize((self.buffer.len() * 2).max(2 * CHUNK), 0);
        }
        let read = loop {
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => CUT_SHORT.to_owned(),
            _ => "damaged: its gzip data cannot be decompressed".to_owned(),
        })?;
        self.ended = read == 0;
        self.end += read;
        self.allowed = self.allowed.checked_sub(read as u64).ok_or_else(|| too_large(self.max))?;
        Ok(())
    }

    fn into_kept(mut self) -> Vec<u8> {
        self.buffer.truncate(self.kept);
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use pprof::protos::{self as proto, Message as _};

    use super::*;

    /// Gives few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let (given, rest) = self.0.split_at(self.1.min(self.0.len()).min(out.len()));
            out[..given.len()].copy_from_slice(given);
            self.0 = rest;
            Ok(given.len())
        }
    }

    fn file() -> proto::Profile {
        let sample =
            |n: u64| proto::Sample { location_id: vec![n % 3, 9], value: vec![n as i64], label: vec![] };
        proto::Profile {
            sample_type: vec![proto::ValueType { ty: 1, unit: 2 }],
            sample: (0..10).map(sample).collect(),
            string_table: ["", "samples", "count"].map(str::to_owned).to_vec(),
            ..Default::default()
        }
    }

    #[test]
    fn samples_are_numbered_and_the_tables_kept() {
        let file = file();
        // Tables between the samples, too.
        let bytes = [file.encode_to_vec(), file.encode_to_vec()].concat();
        let tables = proto::Profile { sample: Vec::new(), ..file }.encode_to_vec();
        for step in [1, 7, bytes.len()] {
            let scanned = scan(&mut Slow(&bytes, step), &Limits::DEFAULT).unwrap();
            assert_eq!((scanned.fault, scanned.rest), (None, tables.repeat(2)));
            let rows: Vec<_> = scanned.samples.iter().map(|s| (s.locations, s.values.to_vec())).collect();
            let expected = (0..20_u8).map(|n| (u32::from(n % 10 % 3), vec![n % 10]));
            assert_eq!(rows, expected.collect::<Vec<_>>());
            assert_eq!((scanned.samples.locations.len(), scanned.samples.labels.len()), (3, 1));
            assert_eq!(scanned.samples.locations.get(2), [2, 9]);
        }
    }

    #[test]
    fn what_comes_before_a_fault_is_there() {
        let whole = file().encode_to_vec();
        let fault = |bytes: &[u8]| scan(&mut Slow(bytes, 5), &Limits::DEFAULT).unwrap().fault;
        assert_eq!(fault(&whole[..whole.len() - 1]).unwrap(), CUT_SHORT);
        assert_eq!(fault(&[&whole[..], &[0x12, 2, 8, 1], &[0]].concat()).unwrap(), broken(Broken::Malformed));
        let bad_sample = scan(&mut Slow(&[&whole[..], &[0x12, 1, 8]].concat(), 5), &Limits::DEFAULT).unwrap();
        assert_eq!(bad_sample.fault.unwrap(), "damaged: an entry of a table cannot be decoded");
        assert_eq!(bad_sample.samples.iter().count(), 10);
        let limits = Limits { bytes: 20, ..Limits::DEFAULT };
        assert_eq!(scan(&mut &whole[..], &limits).unwrap_err(), "it holds more than 20 B");
    }
}
