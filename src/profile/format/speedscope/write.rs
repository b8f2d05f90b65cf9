//! Writing speedscope's documents. Samples go out one at a time, so that they are not in memory twice.

use std::io::{self, Write};

use serde::Serialize;

use super::FrameJson;
use crate::profile::{
    aggregate::UNKNOWN,
    model::{Profile, Sample, ThreadId, Unit},
};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    exporter: String,
    name: &'a str,
    #[serde(rename = "activeProfileIndex")]
    active: u32,
    shared: Shared,
}

#[derive(Serialize)]
struct Shared {
    frames: Vec<FrameJson>,
}

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let name = profile.recording.command.join(" ");
    let head = Head {
        schema: SCHEMA,
        exporter: format!("hotcold@{}", env!("CARGO_PKG_VERSION")),
        name: &name,
        active: 0,
        shared: Shared { frames: frames(profile) },
    };
    // The head is an object that is still open.
    let head = serde_json::to_string(&head)?;
    write!(out, "{},\"profiles\":[", head.strip_suffix('}').unwrap_or(&head))?;
    let each = is_each_written(profile);
    let mut first = true;
    for thread in 0..profile.threads.len() {
        let id = ThreadId(thread as u32);
        let samples = || profile.samples.iter().filter(move |sample| sample.thread == id);
        if samples().next().is_none() {
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            write!(out, ",")?;
        }
        write_thread(profile, id, each, samples, out)?;
    }
    write!(out, "]}}")
}

fn frames(profile: &Profile) -> Vec<FrameJson> {
    let frame = |frame: &crate::profile::model::Frame| {
        let function = &profile.functions[frame.function.index()];
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        FrameJson {
            name: text(profile.str(function.name)).unwrap_or_else(|| UNKNOWN.to_owned()),
            file: text(profile.str(function.file)),
            line: (frame.line > 0).then_some(f64::from(frame.line)),
        }
    };
    profile.frames.iter().map(frame).collect()
}

/// `thread (tid), process (pid)`, or what of it is known.
fn title(thread: (&str, u32), process: (&str, u32)) -> String {
    let known = |&(name, id): &(&str, u32)| !name.is_empty() || id > 0;
    let text = |(name, id): (&str, u32)| if id > 0 { format!("{name} ({id})") } else { name.to_owned() };
    [thread, process].into_iter().filter(known).map(text).collect::<Vec<_>>().join(", ")
}

/// Writes the samples of a thread, each as often as it was taken or once with all their weight.
fn write_thread<'p, I: Iterator<Item = &'p Sample>>(
    profile: &Profile,
    id: ThreadId,
    each: bool,
    samples: impl Fn() -> I,
    out: &mut dyn Write,
) -> io::Result<()> {
    let thread = &profile.threads[id.index()];
    let process = &profile.processes[thread.process.index()];
    let (name, process_name) = (profile.str(thread.name), profile.str(process.name));
    let title = title((name, thread.tid), (process_name, process.pid));
    let unit = match profile.recording.unit {
        Unit::Nanoseconds => "nanoseconds",
        Unit::Bytes => "bytes",
        Unit::Count => "none",
    };
    let total = samples().fold(0_u64, |sum, sample| sum.saturating_add(sample.weight_ns));
    write!(
        out,
        "{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{unit}\",\"startValue\":0,\"endValue\":{total},\"samples\":[",
        serde_json::to_string(&title)?
    )?;
    let copies = |sample: &Sample| if each { sample.count.max(1) } else { 1 };
    let mut stack = Vec::new();
    let mut comma = "";
    for sample in samples() {
        stack.clear();
        stack.extend(profile.stacks.frames(sample.stack).map(|frame| frame.0));
        stack.reverse();
        let text = serde_json::to_string(&stack)?;
        for _ in 0..copies(sample) {
            write!(out, "{comma}{text}")?;
            comma = ",";
        }
    }
    write!(out, "],\"weights\":[")?;
    comma = "";
    for sample in samples() {
        let copies = copies(sample);
        for copy in 0..copies {
            // What does not divide is with the first of them.
            let rest = if copy == 0 { sample.weight_ns % copies } else { 0 };
            write!(out, "{comma}{}", sample.weight_ns / copies + rest)?;
            comma = ",";
        }
    }
    write!(out, "]}}")
}

/// The format has no numbers of samples: whoever wants to know it counts them, which is what errors are told by. Of very many
/// those with the same stack are one.
const MOST_COPIES: u64 = 1 << 20;

fn is_each_written(profile: &Profile) -> bool {
    profile.recording.unit == Unit::Nanoseconds && profile.sample_count() <= MOST_COPIES
}
