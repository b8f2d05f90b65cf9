//! Who is recorded, and what a process has mapped.

use std::borrow::Cow;

use super::*;
use crate::profile::record::{Mapping, StackDump};

fn table() -> ProcessTable {
    let mut table = ProcessTable::new(0, true, true);
    table.add_launched(10, "program");
    table
}

fn exec(table: &mut ProcessTable, pid: u32, name: &str) {
    table.handle(Event::Exec { pid, name: Cow::Borrowed(name) });
}

fn map(table: &mut ProcessTable, pid: u32, start: u64, len: u64) {
    let path = Cow::Borrowed("//anon");
    table.handle(Event::Map(Mapping { pid, start, len, offset: 0, inode: None, path }));
}

fn sample(table: &mut ProcessTable, pid: u32, tid: u32, kernel: &[u64]) {
    let stack = StackDump::default();
    table.handle(Event::Sample(Sample {
        time_ns: 5,
        age_ns: 0,
        pid,
        tid,
        weight_ns: 7,
        kernel,
        registers: None,
        stack,
    }));
}

#[test]
fn only_the_programs_own_tree_counts_and_only_after_its_exec() {
    let mut table = table();
    sample(&mut table, 10, 10, &[1]);
    exec(&mut table, 10, "sort");
    sample(&mut table, 10, 10, &[1]);
    sample(&mut table, 99, 99, &[1]);
    table.handle(Event::Fork { pid: 99, parent_pid: 98, tid: 99, parent_tid: 98 });
    table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
    table.handle(Event::Fork { pid: 11, parent_pid: 11, tid: 12, parent_tid: 11 });
    sample(&mut table, 11, 12, &[1]);
    assert_eq!(table.counts().samples, 2);
    assert_eq!(table.live_processes(), [10, 11]);
    table.handle(Event::Exit { pid: 11, tid: 11 });
    assert_eq!(table.live_processes(), [10, 11], "a process lives as long as its last thread");
    table.handle(Event::Exit { pid: 11, tid: 12 });
    assert_eq!(table.live_processes(), [10]);
    let profile = table.into_profile(Recording::default());
    assert_eq!(
        profile.processes.iter().map(|p| (p.pid, p.parent_pid)).collect::<Vec<_>>(),
        [(10, 0), (11, 10)]
    );
    assert_eq!(profile.processes[0].name, "sort");
    assert_eq!(profile.samples.len(), 2);
}

#[test]
fn events_told_twice_change_nothing() {
    let mut table = table();
    exec(&mut table, 10, "a");
    for _ in 0..2 {
        table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
        table.handle(Event::ThreadName { pid: 11, tid: 11, name: Cow::Borrowed("worker") });
    }
    let profile = table.into_profile(Recording::default());
    assert_eq!((profile.processes.len(), profile.threads.len()), (2, 2));
    assert_eq!(profile.threads[1].name, "worker");
}

#[test]
fn a_new_mapping_replaces_what_it_covers_and_no_more() {
    let mut table = table();
    exec(&mut table, 10, "a");
    map(&mut table, 10, 0x1000, 0x3000);
    map(&mut table, 10, 0x2000, 0x1000);
    let live = &table.live[&10];
    let spans: Vec<_> = live.mappings.iter().map(|(&start, m)| (start, m.end)).collect();
    assert_eq!(spans, [(0x1000, 0x2000), (0x2000, 0x3000), (0x3000, 0x4000)]);
    assert!(live.code_at(0x3fff).is_some() && live.code_at(0x4000).is_none());
    exec(&mut table, 10, "b");
    assert!(table.live[&10].mappings.is_empty());
}

#[test]
fn a_number_used_again_is_another_process() {
    let mut table = table();
    exec(&mut table, 10, "a");
    for _ in 0..2 {
        table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
        sample(&mut table, 11, 11, &[1]);
        table.handle(Event::Exit { pid: 11, tid: 11 });
    }
    assert_eq!(table.into_profile(Recording::default()).processes.len(), 3);
}

#[test]
fn a_thread_number_used_again_is_a_thread_of_its_own_process() {
    let mut table = table();
    exec(&mut table, 10, "a");
    table.handle(Event::Fork { pid: 10, parent_pid: 10, tid: 12, parent_tid: 10 });
    // The end of 12 is lost.
    table.handle(Event::Fork { pid: 11, parent_pid: 10, tid: 11, parent_tid: 10 });
    sample(&mut table, 11, 12, &[1]);
    let profile = table.into_profile(Recording::default());
    let thread = &profile.threads[profile.samples[0].thread as usize];
    assert_eq!(profile.processes[thread.process as usize].pid, 11);
}
