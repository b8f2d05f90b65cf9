//! Reading speedscope's documents.

use serde::Deserialize;

use super::FrameJson;
use crate::profile::{
    aggregate::UNKNOWN,
    format::{
        foreign::{COUNT_NOTE, COUNT_NS, Described, Import, LARGEST, TIMES_NOTE},
        json_text::{AtMost, nanoseconds, parse},
        limit,
    },
    model::{self, FrameId, Profile, Recording, StackId},
};

/// Deepest stack: events that only open would otherwise take memory without end.
const DEEPEST: usize = 1 << 16;
const MOST_PROFILES: usize = 1 << 16;
const MOST_FRAMES: usize = 1 << 22;
const MOST_SAMPLES: usize = 1 << 25;

#[derive(Deserialize)]
struct Document {
    shared: Option<Shared>,
    #[serde(default)]
    profiles: AtMost<ProfileJson, MOST_PROFILES>,
    name: Option<String>,
    exporter: Option<String>,
}

#[derive(Deserialize)]
struct Shared {
    #[serde(default)]
    frames: AtMost<FrameJson, MOST_FRAMES>,
}

/// A profile of either kind; the fields of the other are missing.
#[derive(Deserialize)]
struct ProfileJson {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    unit: String,
    #[serde(default, rename = "startValue")]
    start: f64,
    #[serde(default)]
    samples: AtMost<Box<[u32]>, MOST_SAMPLES>,
    #[serde(default)]
    weights: Vec<f64>,
    #[serde(default)]
    events: Vec<EventJson>,
}

#[derive(Deserialize)]
struct EventJson {
    #[serde(rename = "type")]
    kind: String,
    at: f64,
    frame: u32,
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, String> {
    let document: Document = parse(bytes)?;
    let Some(shared) = document.shared else {
        return Err("not a document of speedscope: it has no frames".into());
    };
    let unit = unit(&document.profiles)?;
    let mut import = Import::default();
    let frames = frames(&mut import, &shared.frames)?;
    for (number, profile) in (1_u32..).zip(&*document.profiles) {
        let name = if profile.name.is_empty() { format!("profile {number}") } else { profile.name.clone() };
        let thread = import.thread((0, ""), (0, &name))?;
        let mut target = Target { import: &mut import, frames: &frames, unit, thread, start: profile.start };
        match profile.kind.as_str() {
            "sampled" => target.sampled(profile)?,
            "evented" => target.evented(profile)?,
            kind => return Err(format!("it has a profile of an unknown type, `{kind}`")),
        }
    }
    let mut notes = Vec::new();
    match unit {
        Unit::Samples => notes.push(COUNT_NOTE.to_owned()),
        Unit::Numbers => notes.push(TIMES_NOTE.to_owned()),
        Unit::Bytes => notes.push("its values are bytes, not time in nanoseconds".to_owned()),
        Unit::Time(_) => {}
    }
    let tool = document.exporter.as_deref().filter(|tool| !tool.is_empty()).unwrap_or("speedscope");
    let command = document.name.filter(|name| !name.is_empty()).into_iter().collect();
    let mut recording = Recording {
        command,
        duration_ns: import.span_ns(),
        tallied: unit == Unit::Numbers,
        notes,
        ..Recording::default()
    };
    if unit == Unit::Bytes {
        (recording.unit, recording.event) = (model::Unit::Bytes, "memory".to_owned());
    }
    import.finish(tool, recording)
}

/// What the numbers of a document are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    /// Times of so many nanoseconds.
    Time(f64),
    Samples,
    /// Numbers without a unit, too large for samples.
    Numbers,
    Bytes,
}

impl Unit {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "nanoseconds" => Self::Time(1.0),
            "microseconds" => Self::Time(1e3),
            "milliseconds" => Self::Time(1e6),
            "seconds" => Self::Time(1e9),
            "none" | "" => Self::Samples,
            "bytes" => Self::Bytes,
            _ => return None,
        })
    }

    fn ns(self) -> f64 {
        match self {
            Self::Time(ns) => ns,
            Self::Samples => COUNT_NS as f64,
            Self::Numbers | Self::Bytes => 1.0,
        }
    }
}

/// The unit of all profiles: what is measured in different ones cannot be added.
fn unit(profiles: &[ProfileJson]) -> Result<Unit, String> {
    let mut units = profiles.iter().map(|profile| {
        Unit::of(&profile.unit)
            .ok_or_else(|| format!("its values are in an unknown unit, `{}`", profile.unit))
    });
    let first = units.next().unwrap_or(Ok(Unit::Samples))?;
    for unit in units {
        if unit? != first {
            return Err("its profiles are in different units".into());
        }
    }
    let whole: f64 = profiles.iter().map(whole).sum();
    Ok(if first == Unit::Samples && whole * COUNT_NS as f64 > LARGEST { Unit::Numbers } else { first })
}

/// What the values of a profile add up to.
fn whole(profile: &ProfileJson) -> f64 {
    let evented = profile.events.iter().map(|event| event.at - profile.start).fold(0.0, f64::max);
    profile.weights.iter().filter(|weight| **weight > 0.0).sum::<f64>() + evented
}

fn frames(import: &mut Import, frames: &[FrameJson]) -> Result<Vec<FrameId>, String> {
    let id = |frame: &FrameJson| {
        let name = if frame.name.is_empty() { UNKNOWN } else { &frame.name };
        let file = frame.file.as_deref().unwrap_or_default();
        let function = import.function(Described { name, file, ..Described::default() })?;
        import.frame(function, frame.line.unwrap_or(0.0) as u32, false)
    };
    frames.iter().map(id).collect()
}

struct Target<'a> {
    import: &'a mut Import,
    frames: &'a [FrameId],
    unit: Unit,
    thread: crate::profile::model::ThreadId,
    start: f64,
}

impl Target<'_> {
    fn sampled(&mut self, profile: &ProfileJson) -> Result<(), String> {
        if profile.samples.len() != profile.weights.len() {
            return Err("damaged: it has not as many weights as samples".into());
        }
        let mut at = self.start;
        for (sample, &weight) in profile.samples.iter().zip(&profile.weights) {
            let mut stack = None;
            limit(sample.len(), DEEPEST, "frames in a stack")?;
            for &frame in sample {
                stack = Some(self.push(stack, frame)?);
            }
            self.add(at, stack, weight)?;
            at += weight.max(0.0);
        }
        Ok(())
    }

    fn evented(&mut self, profile: &ProfileJson) -> Result<(), String> {
        let mut open: Vec<(u32, StackId)> = Vec::new();
        let mut at = profile.start;
        for event in &profile.events {
            if event.at > at {
                let stack = open.last().map(|&(_, stack)| stack);
                // Between two calls from outside nothing is known to run.
                if stack.is_some() {
                    self.add(at, stack, event.at - at)?;
                }
                at = event.at;
            }
            match event.kind.as_str() {
                "O" => {
                    limit(open.len(), DEEPEST, "frames in a stack")?;
                    let stack = self.push(open.last().map(|&(_, stack)| stack), event.frame)?;
                    open.push((event.frame, stack));
                }
                "C" => {
                    // Frames that were left open inside of this one end with it.
                    let Some(depth) = open.iter().rposition(|&(frame, _)| frame == event.frame) else {
                        return Err("damaged: a frame ends that has not begun".into());
                    };
                    open.truncate(depth);
                }
                kind => return Err(format!("damaged: an event of an unknown type, `{kind}`")),
            }
        }
        Ok(())
    }

    fn push(&mut self, caller: Option<StackId>, frame: u32) -> Result<StackId, String> {
        let frame = self.frames.get(frame as usize).ok_or("damaged: a frame that is not in its table")?;
        self.import.stack(caller, *frame)
    }

    fn add(&mut self, at: f64, stack: Option<StackId>, weight: f64) -> Result<(), String> {
        let weight_ns = nanoseconds(weight, self.unit.ns());
        let count = match self.unit {
            Unit::Samples | Unit::Numbers => nanoseconds(weight, 1.0),
            _ => u64::from(weight_ns > 0),
        };
        if count == 0 {
            return Ok(());
        }
        let stack = match stack {
            Some(stack) => stack,
            None => self.import.no_stack()?,
        };
        let time_ns = match self.unit {
            Unit::Time(ns) => nanoseconds(at, ns),
            _ => 0,
        };
        self.import.sample(time_ns, self.thread, stack, count, weight_ns);
        Ok(())
    }
}
