//! A table of functions for spreadsheets, as RFC 4180 has it. Times are in seconds; of what is no time the titles tell.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::{Format, Unwritable};
use crate::profile::{
    aggregate::{Place, Selection, Subject, rows, traced_rows},
    calls::Measurements,
    model::Unit,
};

/// The format of spreadsheets.
#[derive(Debug)]
pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn is_read(&self) -> bool {
        false
    }

    fn detect(&self, _beginning: &[u8]) -> bool {
        false
    }

    fn read(&self, _bytes: &[u8]) -> Result<Measurements, String> {
        Err("tables are written and not read".into())
    }

    fn write(&self, measurements: &Measurements, out: &mut dyn Write) -> Result<(), Unwritable> {
        let all = Selection::default();
        let unsorted = |error: crate::profile::Error| io::Error::other(error.to_string());
        match measurements {
            Measurements::Sampled(profile) => {
                let unit = profile.recording.unit;
                write!(out, "function,file,line,module,samples,{}\r\n", titles(unit))?;
                for row in rows(profile, &all).map_err(unsorted)?.rows {
                    let Subject::Place(place) = row.subject else { continue };
                    write_place(out, place)?;
                    let t = row.times;
                    let (tottime, cumtime) = (amount(t.tottime_ns, unit), amount(t.cumtime_ns, unit));
                    write!(out, ",{},{tottime},{cumtime}\r\n", t.samples)?;
                }
            }
            Measurements::Traced(graph) => {
                let unit = graph.recording.unit;
                write!(out, "function,file,line,module,ncalls,primitive_calls,{}\r\n", titles(unit))?;
                for row in traced_rows(graph, &all).map_err(unsorted)?.rows {
                    write_place(out, row.place)?;
                    let c = row.calls;
                    let (tottime, cumtime) = (amount(c.tottime_ns, unit), amount(c.cumtime_ns, unit));
                    write!(out, ",{},{},{tottime},{cumtime}\r\n", c.total, c.primitive)?;
                }
            }
        }
        Ok(())
    }
}

fn write_place(out: &mut dyn Write, place: Place<'_>) -> io::Result<()> {
    write!(out, "{},{},", field(place.name), field(place.file))?;
    if place.line > 0 {
        write!(out, "{}", place.line)?;
    }
    write!(out, ",{}", field(place.module))
}

/// Quoted where it has to be.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

fn titles(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "tottime_s,cumtime_s",
        Unit::Bytes => "self_bytes,cum_bytes",
        Unit::Count => "self,cum",
    }
}

fn amount(weight: u64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => format!("{}.{:09}", weight / 1_000_000_000, weight % 1_000_000_000),
        Unit::Bytes | Unit::Count => weight.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::profile;

    #[test]
    fn names_with_commas_and_quotes_stay_one_field() {
        let p = profile("main@a.c:1;f(int,\"x\")@b,c.c:3 2");
        let mut out = Vec::new();
        Csv.write(&Measurements::Sampled(p), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "function,file,line,module,samples,tottime_s,cumtime_s\r\n\
             \"f(int,\"\"x\"\")\",\"b,c.c\",,/usr/bin/app,2,0.002000000,0.002000000\r\n\
             main,a.c,,/usr/bin/app,0,0.000000000,0.002000000\r\n"
        );
    }
}
