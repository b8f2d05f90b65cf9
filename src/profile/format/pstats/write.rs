//! A [`CallGraph`] as a marshalled dictionary.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{NO_FILE, SAMPLES_MARK, marshal::Writer};
use crate::profile::{
    calls::{CallGraph, Calls, Counted},
    model::{Function, Language, Origin},
};

/// File, line and name: what `pstats` tells functions apart by.
type Key<'g> = (&'g str, u32, &'g str);

/// Numbers of a function, and of each of its callers.
#[derive(Default)]
struct Entry<'g> {
    calls: Calls,
    callers: BTreeMap<Key<'g>, Calls>,
}

pub(super) fn write(graph: &CallGraph) -> Vec<u8> {
    let entries = entries(graph);
    let mut file = File::default();
    file.writer.begin_dict();
    if graph.counted == Counted::Samples {
        file.key((NO_FILE, 0, SAMPLES_MARK));
        file.counts([0, 0], Calls::default(), 5);
        file.writer.begin_dict();
        file.writer.end_dict();
    }
    for (&key, entry) in &entries {
        file.key(key);
        file.counts([entry.calls.primitive, entry.calls.total], entry.calls, 5);
        file.writer.begin_dict();
        for (&caller, &calls) in &entry.callers {
            file.key(caller);
            file.counts([calls.total, calls.primitive], calls, 4);
        }
        file.writer.end_dict();
    }
    file.writer.end_dict();
    file.writer.into_bytes()
}

/// Functions of one key are one; functions that nothing is known of but that they exist are left out.
fn entries(graph: &CallGraph) -> BTreeMap<Key<'_>, Entry<'_>> {
    let keys: Vec<Key<'_>> = graph.functions.iter().map(|function| key(graph, function)).collect();
    let mut entries: BTreeMap<Key<'_>, Entry<'_>> = BTreeMap::new();
    for (&key, &calls) in keys.iter().zip(&graph.calls) {
        if calls != Calls::default() {
            let entry = entries.entry(key).or_default();
            entry.calls = entry.calls.plus(calls);
        }
    }
    for edge in &graph.edges {
        let (Some(&callee), Some(&caller)) = (keys.get(edge.callee.index()), keys.get(edge.caller.index()))
        else {
            continue;
        };
        let sum = entries.entry(callee).or_default().callers.entry(caller).or_default();
        *sum = sum.plus(edge.calls);
    }
    entries
}

/// A function without a source file is told by its module, as far as it has one.
fn key<'g>(graph: &'g CallGraph, function: &Function) -> Key<'g> {
    let name = if function.language == Language::Python { function.system_name } else { function.name };
    let (name, file) = (graph.str(name), graph.str(function.file));
    match graph.module_path(function) {
        _ if function.origin == Origin::Python || !file.is_empty() => (file, function.start_line, name),
        "" => (NO_FILE, 0, name),
        module => (module, 0, name),
    }
}

/// A file being written. Keys and texts stand in it once.
#[derive(Default)]
struct File<'g> {
    writer: Writer,
    keys: FxHashMap<Key<'g>, u32>,
    texts: FxHashMap<&'g str, u32>,
}

impl<'g> File<'g> {
    fn key(&mut self, key: Key<'g>) {
        if let Some(&known) = self.keys.get(&key) {
            return self.writer.reference(known);
        }
        let (file, line, name) = key;
        let number = self.writer.begin_named_tuple(3);
        self.text(file);
        self.writer.int(u64::from(line));
        self.text(name);
        self.keys.insert(key, number);
    }

    fn text(&mut self, text: &'g str) {
        if let Some(&known) = self.texts.get(text) {
            return self.writer.reference(known);
        }
        let number = self.writer.named_text(text);
        self.texts.insert(text, number);
    }

    /// Both counts and both times, as the first of a tuple of `len` objects.
    fn counts(&mut self, counts: [u64; 2], calls: Calls, len: u8) {
        self.writer.begin_tuple(len);
        for count in counts {
            self.writer.int(count);
        }
        for ns in [calls.tottime_ns, calls.cumtime_ns] {
            self.writer.float(ns as f64 / 1e9);
        }
    }
}
