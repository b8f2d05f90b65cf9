//! The comment lines that hold what pprof has no field for; described in [the format](super).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::profile::model::{Host, Language, Origin, Recording, Unit};

/// First words of the lines; a later version of a line changes its number.
const PREFIX: &str = "#hotcold.";
pub(super) const RECORDING: &str = "#hotcold.recording/1";
pub(super) const THREADS: &str = "#hotcold.threads/1";
pub(super) const FUNCTIONS: &str = "#hotcold.functions/1";

/// What a comment turned out to be.
pub(super) enum Line {
    Recording(Box<RecordingLine>),
    Threads(ThreadsLine),
    Functions(FunctionsLine),
    Foreign,
}

impl Line {
    pub(super) fn parse(comment: &[u8]) -> Result<Self, String> {
        if !comment.starts_with(PREFIX.as_bytes()) {
            return Ok(Self::Foreign);
        }
        let name = comment.split(|&b| b == b' ').next().unwrap_or(comment);
        let json = comment.get(name.len()..).unwrap_or_default();
        if name == RECORDING.as_bytes() {
            parse(RECORDING, json).map(|line| Self::Recording(Box::new(line)))
        } else if name == THREADS.as_bytes() {
            parse(THREADS, json).map(Self::Threads)
        } else if name == FUNCTIONS.as_bytes() {
            parse(FUNCTIONS, json).map(Self::Functions)
        } else {
            Err("written by another version of hotcold".into())
        }
    }
}

fn parse<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|_| format!("damaged: its line `{name}` is not as written"))
}

/// A line as it stands in the file.
pub(super) fn line<T: Serialize>(name: &str, value: &T) -> String {
    // Plain structs of numbers, texts and lists always become JSON.
    let json = serde_json::to_string(value).unwrap_or_default();
    format!("{name} {json}")
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RecordingLine {
    command: Vec<String>,
    backend: String,
    backend_reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    event: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tallied: bool,
    rate_hz: u64,
    pub(super) bucket_ns: u64,
    lost_samples: u64,
    user_stacks: u64,
    rooted_stacks: u64,
    truncated_stacks: u64,
    completed_stacks: u64,
    approx_python: u64,
    pub(super) waiting: bool,
    kernel_frames: bool,
    kernel_time: Option<bool>,
    user_cpu_ns: Option<u64>,
    system_cpu_ns: Option<u64>,
    cpus: u32,
    kernel: String,
    notes: Vec<String>,
}

impl RecordingLine {
    pub(super) fn of(recording: &Recording) -> Self {
        // No `..`: a new field of the model must find its place here.
        let Recording {
            command,
            started: _,
            duration_ns: _,
            backend,
            backend_reason,
            clock: _,
            unit: _,
            event,
            tallied,
            rate_hz,
            bucket_ns,
            lost_samples,
            user_stacks,
            rooted_stacks,
            truncated_stacks,
            completed_stacks,
            approx_python,
            waiting,
            kernel_frames,
            kernel_time,
            user_cpu_ns,
            system_cpu_ns,
            host,
            notes,
        } = recording.clone();
        Self {
            command,
            backend,
            backend_reason,
            event,
            tallied,
            rate_hz,
            bucket_ns,
            lost_samples,
            user_stacks,
            rooted_stacks,
            truncated_stacks,
            completed_stacks,
            approx_python,
            waiting,
            kernel_frames,
            kernel_time: Some(kernel_time),
            user_cpu_ns,
            system_cpu_ns,
            cpus: host.cpus,
            kernel: host.kernel,
            notes,
        }
    }

    /// What was weighed, where the sample types cannot tell: `tottime` is the name of any time.
    pub(super) fn event(&self) -> &str {
        &self.event
    }

    /// The recording of this line with what has `fields` of its own. Numbers are kept where two of them can be added.
    pub(super) fn into_recording(self, fields: Recording) -> Recording {
        let sane = |n: u64| n.min(i64::MAX as u64);
        Recording {
            command: self.command,
            backend: self.backend,
            backend_reason: self.backend_reason,
            tallied: self.tallied,
            rate_hz: sane(self.rate_hz),
            bucket_ns: sane(self.bucket_ns),
            lost_samples: sane(self.lost_samples),
            user_stacks: sane(self.user_stacks),
            rooted_stacks: sane(self.rooted_stacks),
            truncated_stacks: sane(self.truncated_stacks),
            completed_stacks: sane(self.completed_stacks),
            approx_python: sane(self.approx_python),
            waiting: self.waiting && fields.unit == Unit::Nanoseconds,
            kernel_frames: self.kernel_frames,
            // Files of before it was told: only perf events recorded then.
            kernel_time: self.kernel_time.unwrap_or(self.kernel_frames),
            user_cpu_ns: self.user_cpu_ns.map(sane),
            system_cpu_ns: self.system_cpu_ns.map(sane),
            host: Host { cpus: self.cpus, kernel: self.kernel },
            notes: self.notes,
            ..fields
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ThreadsLine {
    /// pid, parent pid, name
    pub(super) processes: Vec<(u32, u32, String)>,
    /// position in `processes`, tid, name
    pub(super) threads: Vec<(u32, u32, String)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FunctionsLine {
    /// CRC-32 of the location and function messages.
    pub(super) check: u32,
    kernel: Vec<u64>,
    python: Vec<u64>,
    marker: Vec<u64>,
    languages: BTreeMap<String, Vec<u64>>,
    /// function id, mapping id or 0
    pub(super) modules: Vec<(u64, u64)>,
    pub(super) open_inlines: Vec<u64>,
}

const LANGUAGES: [(Language, &str); 5] = [
    (Language::C, "c"),
    (Language::Cpp, "c++"),
    (Language::Rust, "rust"),
    (Language::Go, "go"),
    (Language::Python, "python"),
];

impl FunctionsLine {
    /// Notes what the function of this id is.
    pub(super) fn add(&mut self, id: u64, origin: Origin, language: Language) {
        match origin {
            Origin::Native => {}
            Origin::Kernel => self.kernel.push(id),
            Origin::Python => self.python.push(id),
            Origin::Marker => self.marker.push(id),
        }
        if let Some((_, name)) = LANGUAGES.iter().find(|(l, _)| *l == language) {
            self.languages.entry((*name).to_owned()).or_default().push(id);
        }
    }

    /// Function ids with an origin other than native.
    pub(super) fn origins(&self) -> impl Iterator<Item = (u64, Origin)> + '_ {
        [(&self.kernel, Origin::Kernel), (&self.python, Origin::Python), (&self.marker, Origin::Marker)]
            .into_iter()
            .flat_map(|(ids, origin)| ids.iter().map(move |&id| (id, origin)))
    }

    /// Function ids with a known language; languages of later versions are left out.
    pub(super) fn languages(&self) -> impl Iterator<Item = (u64, Language)> + '_ {
        LANGUAGES
            .iter()
            .filter_map(|(language, name)| Some((*language, self.languages.get(*name)?)))
            .flat_map(|(language, ids)| ids.iter().map(move |&id| (id, language)))
    }
}
