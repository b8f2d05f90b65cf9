//! Reading processed profiles.

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, Visitor},
};

use crate::profile::{
    aggregate::UNKNOWN,
    format::{
        foreign::{COUNT_NS, Described, Import, LARGEST, TIMES_NOTE},
        json_text::{AtMost, nanoseconds, parse},
    },
    model::{Clock, FrameId, Profile, Recording, StackId, Unit},
};

const OUTSIDE: &str = "damaged: an index points outside its table";
const MOST_THREADS: usize = 1 << 16;
const MOST_LIBS: usize = 1 << 20;
const MOST_STRINGS: usize = 1 << 24;

#[derive(Deserialize)]
struct Document {
    meta: Meta,
    #[serde(default)]
    libs: AtMost<Lib, MOST_LIBS>,
    #[serde(default)]
    threads: AtMost<Thread, MOST_THREADS>,
    /// Tables of all threads, in later versions.
    shared: Option<Thread>,
}

#[derive(Deserialize)]
struct Meta {
    /// Milliseconds between samples.
    #[serde(default)]
    interval: f64,
    /// Milliseconds since 1970.
    #[serde(default, rename = "startTime")]
    start: f64,
    #[serde(default)]
    product: String,
    #[serde(default, rename = "preprocessedProfileVersion")]
    processed: Option<f64>,
    #[serde(default, rename = "sampleUnits")]
    units: Option<Units>,
    #[serde(default)]
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Units {
    #[serde(default, rename = "threadCPUDelta")]
    cpu: String,
}

#[derive(Deserialize)]
struct Lib {
    #[serde(default)]
    path: String,
    #[serde(default)]
    name: String,
}

/// A thread, and everything that its samples point into, unless it is shared.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Thread {
    name: String,
    process_name: Option<String>,
    pid: Id,
    tid: Id,
    samples: Samples,
    stack_table: Option<Stacks>,
    frame_table: Option<Frames>,
    func_table: Option<Functions>,
    resource_table: Option<Resources>,
    string_array: Option<AtMost<String, MOST_STRINGS>>,
    string_table: Option<AtMost<String, MOST_STRINGS>>,
    sources: Option<Sources>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Samples {
    stack: Vec<Option<u32>>,
    time: Vec<f64>,
    #[serde(rename = "timeDeltas")]
    deltas: Vec<f64>,
    weight: Option<Vec<Option<f64>>>,
    #[serde(rename = "weightType")]
    weight_type: Option<String>,
    #[serde(rename = "threadCPUDelta")]
    cpu: Option<Vec<Option<f64>>>,
    /// Only of profiles that were not processed.
    schema: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stacks {
    frame: Vec<u32>,
    prefix: Vec<Option<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Frames {
    func: Vec<u32>,
    line: Vec<Option<f64>>,
    #[serde(rename = "inlineDepth")]
    inline_depth: Vec<Option<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Functions {
    name: Vec<u32>,
    file_name: Vec<Option<u32>>,
    source: Vec<Option<u32>>,
    line_number: Vec<Option<f64>>,
    resource: Vec<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resources {
    lib: Vec<Option<i64>>,
    name: Vec<u32>,
}

/// Source files, which functions point to in later versions.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sources {
    filename: Vec<u32>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Profile, String> {
    let document: Document = parse(bytes)?;
    let unprocessed = |thread: &Thread| thread.samples.schema.is_some();
    if document.meta.processed.is_none() || document.threads.iter().any(unprocessed) {
        return Err("a profile of Firefox that was not processed; save it from profiler.firefox.com".into());
    }
    let cpu_ns = document.meta.units.as_ref().and_then(|units| match units.cpu.as_str() {
        "ns" => Some(1.0),
        "µs" | "us" => Some(1e3),
        _ => None,
    });
    let mut weights = Weights {
        interval_ns: nanoseconds(document.meta.interval, 1e6),
        cpu_ns: cpu_ns.filter(|_| document.threads.iter().any(tells_cpu)),
        bytes: false,
    };
    if weights.interval_ns == 0 {
        weights.interval_ns = COUNT_NS;
    }
    let whole: f64 = document.threads.iter().map(|thread| weights.whole(&thread.samples)).sum();
    let numbers = whole * weights.interval_ns as f64 > LARGEST;
    if numbers {
        weights.interval_ns = 1;
    }
    let mut import = Import::default();
    let shared = document.shared.unwrap_or_default();
    for thread in &*document.threads {
        read_thread(&mut import, thread, &shared, &document.libs, &mut weights)?;
    }
    let mut notes = Vec::new();
    if weights.bytes {
        notes.push("its values are bytes, not time in nanoseconds".to_owned());
    }
    if numbers {
        notes.push(TIMES_NOTE.to_owned());
    }
    let started = Duration::try_from_secs_f64(document.meta.start / 1e3).ok().filter(|time| !time.is_zero());
    let command = match document.meta.arguments {
        Some(arguments) => arguments.split_whitespace().map(str::to_owned).collect(),
        None => {
            vec![document.meta.product.clone()].into_iter().filter(|product| !product.is_empty()).collect()
        }
    };
    let recording = Recording {
        command,
        started: started.and_then(|time| UNIX_EPOCH.checked_add(time)),
        duration_ns: import.span_ns(),
        clock: if weights.cpu_ns.is_some() || weights.bytes { Clock::Cpu } else { Clock::Wall },
        unit: if weights.bytes { Unit::Bytes } else { Unit::Nanoseconds },
        event: if weights.bytes { "memory".to_owned() } else { String::new() },
        rate_hz: if numbers { 0 } else { 1_000_000_000_u64.checked_div(weights.interval_ns).unwrap_or(0) },
        tallied: numbers,
        notes,
        ..Recording::default()
    };
    import.finish("firefox profile", recording)
}

fn tells_cpu(thread: &Thread) -> bool {
    thread.samples.cpu.iter().flatten().flatten().any(|delta| *delta > 0.0)
}

/// What a sample stands for.
struct Weights {
    interval_ns: u64,
    /// Nanoseconds of a unit of CPU time, where threads tell it.
    cpu_ns: Option<f64>,
    /// Whether some samples were of bytes.
    bytes: bool,
}

impl Weights {
    /// What the numbers of samples of a thread add up to, where its samples stand for intervals.
    fn whole(&self, samples: &Samples) -> f64 {
        let other =
            self.cpu_ns.is_some() || matches!(samples.weight_type.as_deref(), Some("bytes" | "tracing-ms"));
        let weights = samples.weight.iter().flatten().flatten();
        if other { 0.0 } else { weights.filter(|weight| **weight > 0.0).sum() }
    }

    /// Number of samples and nanoseconds.
    fn get(&mut self, samples: &Samples, i: usize) -> (u64, u64) {
        let at =
            |list: &Option<Vec<Option<f64>>>| list.as_ref().and_then(|list| list.get(i).copied().flatten());
        let weight = at(&samples.weight).unwrap_or(1.0);
        match samples.weight_type.as_deref() {
            Some("bytes") => {
                self.bytes = true;
                (1, nanoseconds(weight.abs(), 1.0))
            }
            Some("tracing-ms") => (1, nanoseconds(weight, 1e6)),
            _ => match self.cpu_ns {
                // Samples of a thread that did not run say what it waited in.
                Some(unit) => (nanoseconds(weight, 1.0), nanoseconds(at(&samples.cpu).unwrap_or(0.0), unit)),
                None => {
                    let count = nanoseconds(weight, 1.0);
                    (count, count.saturating_mul(self.interval_ns))
                }
            },
        }
    }
}

fn read_thread(
    import: &mut Import,
    thread: &Thread,
    shared: &Thread,
    libs: &[Lib],
    weights: &mut Weights,
) -> Result<(), String> {
    let stacks = View::of(thread, shared).stacks(import, libs)?;
    let process = thread.process_name.as_deref().unwrap_or_default();
    let id = import.thread((thread.pid.0, process), (thread.tid.0, &thread.name))?;
    let samples = &thread.samples;
    let mut elapsed = 0.0;
    for (i, stack) in samples.stack.iter().enumerate() {
        elapsed = match (samples.time.get(i), samples.deltas.get(i)) {
            (Some(&time), _) => time,
            (None, Some(delta)) => elapsed + delta,
            (None, None) => 0.0,
        };
        let (count, weight_ns) = weights.get(samples, i);
        if count == 0 || weight_ns == 0 {
            continue;
        }
        let stack = match stack {
            Some(stack) => *stacks.get(*stack as usize).ok_or(OUTSIDE)?,
            None => import.no_stack()?,
        };
        import.sample(nanoseconds(elapsed, 1e6), id, stack, count, weight_ns);
    }
    Ok(())
}

/// The tables that a thread uses, each its own or the shared one.
struct View<'t> {
    stacks: Option<&'t Stacks>,
    frames: Option<&'t Frames>,
    functions: Option<&'t Functions>,
    resources: Option<&'t Resources>,
    sources: Option<&'t Sources>,
    strings: &'t [String],
}

impl<'t> View<'t> {
    fn of(own: &'t Thread, shared: &'t Thread) -> Self {
        let strings = [&own.string_array, &own.string_table, &shared.string_array, &shared.string_table];
        Self {
            stacks: own.stack_table.as_ref().or(shared.stack_table.as_ref()),
            frames: own.frame_table.as_ref().or(shared.frame_table.as_ref()),
            functions: own.func_table.as_ref().or(shared.func_table.as_ref()),
            resources: own.resource_table.as_ref().or(shared.resource_table.as_ref()),
            sources: own.sources.as_ref().or(shared.sources.as_ref()),
            strings: strings.into_iter().find_map(Option::as_deref).unwrap_or_default(),
        }
    }

    /// The stack of each row of the table of stacks; a row's callers must stand before it.
    fn stacks(&self, import: &mut Import, libs: &[Lib]) -> Result<Vec<StackId>, String> {
        let Some(table) = self.stacks else { return Ok(Vec::new()) };
        let frames = self.frames(import, libs)?;
        let mut stacks: Vec<StackId> = Vec::new();
        for (&frame, prefix) in table.frame.iter().zip(&table.prefix) {
            let caller = match prefix {
                Some(prefix) => {
                    Some(*stacks.get(*prefix as usize).ok_or("damaged: a stack stands before its caller")?)
                }
                None => None,
            };
            let frame = frames.get(frame as usize).ok_or(OUTSIDE)?;
            stacks.push(import.stack(caller, *frame)?);
        }
        Ok(stacks)
    }

    fn frames(&self, import: &mut Import, libs: &[Lib]) -> Result<Vec<FrameId>, String> {
        let (Some(frames), Some(functions)) = (self.frames, self.functions) else { return Ok(Vec::new()) };
        let mut ids = Vec::with_capacity(functions.name.len());
        for (i, &name) in functions.name.iter().enumerate() {
            let name = match self.text(name)? {
                "" => UNKNOWN,
                name => name,
            };
            let source = functions.source.get(i).copied().flatten().zip(self.sources);
            let file = match (functions.file_name.get(i).copied().flatten(), source) {
                (Some(file), _) => self.text(file)?,
                (None, Some((source, sources))) => {
                    self.text(*sources.filename.get(source as usize).ok_or(OUTSIDE)?)?
                }
                (None, None) => "",
            };
            let start_line = functions.line_number.get(i).copied().flatten().unwrap_or(0.0) as u32;
            let module = functions.resource.get(i).map_or(Ok(""), |resource| self.module(*resource, libs))?;
            ids.push(import.function(Described { name, file, start_line, module, origin: None })?);
        }
        let frame = |(i, function): (usize, &u32)| {
            let function = *ids.get(*function as usize).ok_or(OUTSIDE)?;
            let line = frames.line.get(i).copied().flatten().unwrap_or(0.0) as u32;
            let inlined = frames.inline_depth.get(i).copied().flatten().unwrap_or(0) > 0;
            import.frame(function, line, inlined)
        };
        frames.func.iter().enumerate().map(frame).collect()
    }

    /// Path of a library, or the name of another resource; empty for none.
    fn module<'a>(&'a self, resource: i64, libs: &'a [Lib]) -> Result<&'a str, String> {
        let (Ok(resource), Some(table)) = (usize::try_from(resource), self.resources) else { return Ok("") };
        let lib =
            table.lib.get(resource).copied().flatten().and_then(|lib| libs.get(usize::try_from(lib).ok()?));
        match lib {
            Some(lib) if lib.path.is_empty() => Ok(&lib.name),
            Some(lib) => Ok(&lib.path),
            None => table.name.get(resource).map_or(Ok(""), |name| self.text(*name)),
        }
    }

    fn text(&self, index: u32) -> Result<&'t str, String> {
        self.strings.get(index as usize).map(String::as_str).ok_or_else(|| OUTSIDE.to_owned())
    }
}

/// A process or thread id: a number, or a text with a second number behind a dot, such as `7.1`; 0 for anything else.
#[derive(Clone, Copy, Default)]
struct Id(u32);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Told;
        impl<'de> Visitor<'de> for Told {
            type Value = u32;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_u64<E>(self, number: u64) -> Result<u32, E> {
                Ok(u32::try_from(number).unwrap_or(0))
            }

            fn visit_i64<E>(self, _: i64) -> Result<u32, E> {
                Ok(0)
            }

            fn visit_f64<E>(self, _: f64) -> Result<u32, E> {
                Ok(0)
            }

            fn visit_str<E>(self, text: &str) -> Result<u32, E> {
                Ok(text.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0))
            }

            fn visit_unit<E>(self) -> Result<u32, E> {
                Ok(0)
            }
        }
        deserializer.deserialize_any(Told).map(Self)
    }
}
