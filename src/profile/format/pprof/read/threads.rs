//! Which thread a sample belongs to, by its labels.

use std::collections::{BTreeSet, HashMap};

use pprof::protos as proto;

use super::{
    super::{gil, label},
    Draft, File, OUTSIDE, Own, Tables, guess,
};
use crate::profile::model::{Builder, Gil, Process, ProcessId, StrId, Thread, ThreadId, Wait};

/// Meaning of a label key, of ours and of other tools (pprof-rs: `thread`; Parca: `thread_id`, `thread_name`, `comm`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    ThreadName,
    Tid,
    Pid,
    ProcessName,
    Time,
    Gil,
    WaitsFor,
    Position,
    Other,
}

/// So many labels are told that were left out.
const MOST_TOLD: usize = 8;
/// Longest label key that can be one of these.
const MAX_KEY: usize = 64;

fn key(text: &[u8]) -> Key {
    if text.len() > MAX_KEY {
        return Key::Other;
    }
    let text = String::from_utf8_lossy(text).to_ascii_lowercase().replace([' ', '-'], "_");
    match text.as_str() {
        label::THREAD | "thread_name" => Key::ThreadName,
        label::TID | "thread_id" => Key::Tid,
        label::PID | "process_id" => Key::Pid,
        label::PROCESS | "process_name" | "comm" => Key::ProcessName,
        label::TIME => Key::Time,
        label::GIL => Key::Gil,
        label::WAITS_FOR => Key::WaitsFor,
        label::THREAD_POSITION => Key::Position,
        _ => Key::Other,
    }
}

/// Labels of a sample that tell its thread; texts as indices into the file's strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    thread: i64,
    process: i64,
    tid: u32,
    pid: u32,
    position: Option<u32>,
}

/// What the labels of a sample tell.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) thread: ThreadId,
    /// Start of its time bucket.
    pub(super) time: u64,
    pub(super) gil: Gil,
    /// Of a time of waiting: what for.
    pub(super) wait: Option<Wait>,
}

/// (pid, tid, thread name, process name)
type Names = (u32, u32, StrId, StrId);

pub(super) struct Threads<'t, 'a> {
    tables: &'t Tables<'a>,
    keys: HashMap<i64, Key>,
    known: HashMap<Place, ThreadId>,
    /// Threads of our own files by position, and by what their labels say.
    own: Vec<ThreadId>,
    own_by_names: HashMap<Names, ThreadId>,
    /// What a process without a name is called.
    program: String,
    /// Keys of labels that nothing is made of.
    unread: BTreeSet<i64>,
}

impl<'t, 'a> Threads<'t, 'a> {
    pub(super) fn of(file: &File<'t, 'a>, builder: &mut Builder) -> Result<Self, String> {
        let File { tables, own, .. } = *file;
        let mut threads = Self {
            tables,
            keys: HashMap::new(),
            known: HashMap::new(),
            own: Vec::new(),
            own_by_names: HashMap::new(),
            program: String::new(),
            unread: BTreeSet::new(),
        };
        if own.recording.is_none() {
            let path = tables.mappings.first().map_or(Ok("".into()), |m| tables.short(m.filename))?;
            threads.program = guess::base(&path).to_owned();
        }
        threads.add_own(own, builder)?;
        Ok(threads)
    }

    fn add_own(&mut self, own: &Own, builder: &mut Builder) -> Result<(), String> {
        let Some(line) = &own.threads else { return Ok(()) };
        let mut processes: Vec<(ProcessId, u32, StrId)> = Vec::new();
        for (pid, parent_pid, name) in &line.processes {
            let name = builder.string(name);
            processes.push((
                builder.process(Process { pid: *pid, parent_pid: *parent_pid, name }),
                *pid,
                name,
            ));
        }
        for (process, tid, name) in &line.threads {
            let &(process, pid, process_name) = processes.get(*process as usize).ok_or(OUTSIDE)?;
            let name = builder.string(name);
            let thread = builder.thread(Thread { process, tid: *tid, name });
            self.own.push(thread);
            self.own_by_names.entry((pid, *tid, name, process_name)).or_insert(thread);
        }
        Ok(())
    }

    /// What these labels of a sample tell.
    pub(super) fn get(&mut self, labels: &[proto::Label], draft: &mut Draft<'_, '_>) -> Result<Told, String> {
        let mut place = Place::default();
        let (mut time, mut gil, mut wait) = (0, Gil::Unknown, None);
        for label in labels {
            match self.key(label.key)? {
                Key::ThreadName if label.str != 0 => place.thread = label.str,
                Key::ThreadName | Key::Tid => place.tid = self.number(label)?,
                Key::Pid => place.pid = self.number(label)?,
                Key::ProcessName => place.process = label.str,
                Key::Time => time = u64::try_from(label.num).unwrap_or(0),
                Key::Gil => gil = self.gil(label.str)?,
                Key::WaitsFor => wait = Some(self.wait(label.str)?),
                Key::Position => place.position = u32::try_from(label.num).ok(),
                Key::Other if self.unread.len() < MOST_TOLD => {
                    self.unread.insert(label.key);
                }
                Key::Other => {}
            }
        }
        if let Some(&thread) = self.known.get(&place) {
            return Ok(Told { thread, time, gil, wait });
        }
        let thread = self.thread(place, draft)?;
        self.known.insert(place, thread);
        Ok(Told { thread, time, gil, wait })
    }

    /// Says which labels were left out.
    pub(super) fn note(&self) -> Result<Option<String>, String> {
        let names = self.unread.iter().map(|&key| Ok(format!("`{}`", self.tables.short(key)?)));
        let names: Vec<String> = names.collect::<Result<_, String>>()?;
        let (one, many) = ("the label", "the labels");
        let noun = if names.len() == 1 { one } else { many };
        Ok((!names.is_empty()).then(|| format!("{noun} {} left out", names.join(", "))))
    }

    /// Kinds of later versions are some other kind.
    fn wait(&self, text: i64) -> Result<Wait, String> {
        let text = std::str::from_utf8(self.tables.bytes(text)?).unwrap_or_default();
        Ok(Wait::of_name(text).unwrap_or(Wait::Other))
    }

    fn gil(&self, text: i64) -> Result<Gil, String> {
        let text = self.tables.bytes(text)?;
        Ok(match text {
            _ if text == gil::HELD.as_bytes() => Gil::Held,
            _ if text == gil::RELEASED.as_bytes() => Gil::Released,
            _ => Gil::Unknown,
        })
    }

    fn thread(&self, place: Place, draft: &mut Draft<'_, '_>) -> Result<ThreadId, String> {
        if let Some(&thread) = place.position.and_then(|i| self.own.get(i as usize)) {
            return Ok(thread);
        }
        let name = draft.string(place.thread)?;
        let process = match place.process {
            0 => draft.builder.string(&self.program),
            index => draft.string(index)?,
        };
        if let Some(&thread) = self.own_by_names.get(&(place.pid, place.tid, name, process)) {
            return Ok(thread);
        }
        let process = draft.builder.process(Process { pid: place.pid, parent_pid: 0, name: process });
        Ok(draft.builder.thread(Thread { process, tid: place.tid, name }))
    }

    fn key(&mut self, index: i64) -> Result<Key, String> {
        if let Some(&known) = self.keys.get(&index) {
            return Ok(known);
        }
        let key = key(self.tables.bytes(index)?);
        self.keys.insert(index, key);
        Ok(key)
    }

    /// A number that other tools may write as text; 0 for what is none.
    fn number(&self, label: &proto::Label) -> Result<u32, String> {
        if label.str == 0 {
            return Ok(u32::try_from(label.num).unwrap_or(0));
        }
        let text = self.tables.bytes(label.str)?;
        Ok(std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0))
    }
}
