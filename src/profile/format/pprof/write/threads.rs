//! Threads and processes as sample labels and as a comment line.

use pprof::protos as proto;
use rustc_hash::FxHashMap;

use super::{
    super::{extra::ThreadsLine, label},
    Strings,
};
use crate::profile::model::{Profile, ThreadId};

/// The labels of each thread.
pub(super) struct ThreadLabels(Vec<Vec<proto::Label>>);

impl ThreadLabels {
    pub(super) fn of<'p>(profile: &'p Profile, strings: &mut Strings<'p>) -> Self {
        let mut seen: FxHashMap<[i64; 4], usize> = FxHashMap::default();
        let mut all: Vec<Vec<proto::Label>> = Vec::with_capacity(profile.threads.len());
        for (position, thread) in profile.threads.iter().enumerate() {
            let process = profile.processes[thread.process.index()];
            let values = [
                (label::THREAD, strings.id(profile.str(thread.name))),
                (label::TID, strings.number(thread.tid)),
                (label::PID, strings.number(process.pid)),
                (label::PROCESS, strings.id(profile.str(process.name))),
            ];
            let mut labels = Vec::new();
            for (key, str) in values.into_iter().filter(|(_, text)| *text != 0) {
                labels.push(proto::Label { key: strings.id(key), str, ..Default::default() });
            }
            if let Some(&first) = seen.get(&values.map(|(_, text)| text)) {
                let key = strings.id(label::THREAD_POSITION);
                for (labels, position) in [(&mut all[first], first), (&mut labels, position)] {
                    mark(labels, key, position);
                }
            } else {
                seen.insert(values.map(|(_, text)| text), position);
            }
            all.push(labels);
        }
        Self(all)
    }

    pub(super) fn get(&self, thread: ThreadId) -> &[proto::Label] {
        &self.0[thread.index()]
    }
}

fn mark(labels: &mut Vec<proto::Label>, key: i64, position: usize) {
    if labels.iter().all(|label| label.key != key) {
        labels.push(proto::Label { key, num: position as i64, ..Default::default() });
    }
}

/// All processes and threads, those without samples too.
pub(super) fn line(profile: &Profile) -> ThreadsLine {
    let process = |p: &crate::profile::model::Process| (p.pid, p.parent_pid, profile.str(p.name).to_owned());
    let thread = |t: &crate::profile::model::Thread| (t.process.0, t.tid, profile.str(t.name).to_owned());
    ThreadsLine {
        processes: profile.processes.iter().map(process).collect(),
        threads: profile.threads.iter().map(thread).collect(),
    }
}
