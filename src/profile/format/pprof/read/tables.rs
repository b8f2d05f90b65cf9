//! The tables of a file: everything but its locations and samples.

use std::borrow::Cow;

use pprof::protos::{self as proto, Message};

use super::{
    CUT_SHORT, Limits, NOT_PPROF, OUTSIDE,
    ids::Ids,
    limit,
    scan::Scanned,
    wire::{Broken, Field, field, fields},
};

/// More sample types or comments than this are no profile.
const MAX_HEADER_LISTS: usize = 4096;
/// Longest path on Linux.
const MAX_SHORT: usize = 4096;

pub(super) struct Tables<'a> {
    /// Sample types, times, period, comments; its big tables are empty.
    pub(super) header: proto::Profile,
    strings: Vec<&'a [u8]>,
    pub(super) mappings: Vec<proto::Mapping>,
    pub(super) mapping_ids: Ids,
    pub(super) functions: Vec<proto::Function>,
    pub(super) function_ids: Ids,
    /// CRC-32 of the location and function fields.
    pub(super) check: u32,
}

impl<'a> Tables<'a> {
    /// The tables of a file; an error for one in which anything is wrong, samples included.
    pub(super) fn of(scanned: &'a Scanned, limits: &Limits) -> Result<Self, String> {
        let mut tables = Self {
            header: proto::Profile::default(),
            strings: Vec::new(),
            mappings: Vec::new(),
            mapping_ids: Ids::default(),
            functions: Vec::new(),
            function_ids: Ids::default(),
            check: 0,
        };
        let mut crc = flate2::Crc::new();
        let read = fields(&scanned.rest)
            .try_for_each(|field| tables.add(field.map_err(broken)?, &mut crc, limits))
            .and_then(|()| scanned.fault.clone().map_or(Ok(()), Err));
        read.map_err(|reason| if tables.looks_like_pprof() { reason } else { NOT_PPROF.into() })?;
        tables.check = crc.sum();
        match (tables.header.sample_type.as_slice(), tables.strings.first()) {
            (_, Some(&b"")) if !tables.header.sample_type.is_empty() => Ok(tables),
            ([_, ..], None) => Err(CUT_SHORT.into()),
            _ => Err(NOT_PPROF.into()),
        }
    }

    fn looks_like_pprof(&self) -> bool {
        !self.header.sample_type.is_empty() || self.strings.first().is_some_and(|s| s.is_empty())
    }

    fn add(&mut self, f: Field<'a>, crc: &mut flate2::Crc, limits: &Limits) -> Result<(), String> {
        match f.number {
            field::LOCATION => crc.update(f.raw),
            field::STRING => {
                limit(self.strings.len(), limits.strings, "strings")?;
                self.strings.push(f.bytes);
            }
            field::MAPPING => {
                limit(self.mappings.len(), limits.entries, "mappings")?;
                let mapping: proto::Mapping = decode(f.bytes)?;
                self.mapping_ids.add(mapping.id)?;
                self.mappings.push(mapping);
            }
            field::FUNCTION => {
                limit(self.functions.len(), limits.entries, "functions")?;
                crc.update(f.raw);
                let function: proto::Function = decode(f.bytes)?;
                self.function_ids.add(function.id)?;
                self.functions.push(function);
            }
            _ => {
                self.header.merge(f.raw).map_err(|_| damaged())?;
                limit(self.header.sample_type.len(), MAX_HEADER_LISTS, "sample types")?;
                limit(self.header.comment.len(), MAX_HEADER_LISTS, "comments")?;
            }
        }
        Ok(())
    }

    /// The string with this index.
    pub(super) fn bytes(&self, index: i64) -> Result<&'a [u8], String> {
        let found = usize::try_from(index).ok().and_then(|i| self.strings.get(i));
        Ok(found.ok_or(OUTSIDE)?)
    }

    /// The string with this index, what is not UTF-8 replaced.
    pub(super) fn text(&self, index: i64) -> Result<Cow<'a, str>, String> {
        self.bytes(index).map(String::from_utf8_lossy)
    }

    /// As [`text`](Self::text) for names that something is told by; empty where it is too long to tell anything.
    pub(super) fn short(&self, index: i64) -> Result<Cow<'a, str>, String> {
        let bytes = self.bytes(index)?;
        Ok(if bytes.len() > MAX_SHORT { "".into() } else { String::from_utf8_lossy(bytes) })
    }

    pub(super) fn string_count(&self) -> usize {
        self.strings.len()
    }

    /// Position of a mapping; `None` for the id 0.
    pub(super) fn mapping(&self, id: u64) -> Result<Option<usize>, String> {
        if id == 0 { Ok(None) } else { self.mapping_ids.position(id).map(Some) }
    }
}

pub(super) fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, String> {
    M::decode(bytes).map_err(|_| damaged())
}

pub(super) fn damaged() -> String {
    "damaged: an entry of a table cannot be decoded".into()
}

pub(super) fn broken(reason: Broken) -> String {
    match reason {
        Broken::CutShort => CUT_SHORT.into(),
        Broken::Malformed => "damaged: it is no sequence of pprof fields".into(),
    }
}
