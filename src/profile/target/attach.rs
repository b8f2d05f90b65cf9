//! Programs that are running already: their process tree and threads, from `/proc`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A running process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Process id.
    pub pid: u32,
    /// Its parent's.
    pub parent_pid: u32,
    /// Command name.
    pub name: String,
    /// Thread ids and names.
    pub threads: Vec<(u32, String)>,
}

/// These processes, as far as they still run, and all their descendants, parents first.
pub fn running_tree(roots: &[u32]) -> Vec<Running> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut parents = BTreeMap::new();
    for pid in numbers_in("/proc") {
        if let Some(parent) = parent_of(pid) {
            children.entry(parent).or_default().push(pid);
            parents.insert(pid, parent);
        }
    }
    let mut seen = BTreeSet::new();
    let mut tree = Vec::new();
    let mut waiting: Vec<u32> = roots.iter().rev().copied().collect();
    while let Some(pid) = waiting.pop() {
        let Some(&parent_pid) = parents.get(&pid).filter(|_| seen.insert(pid)) else { continue };
        waiting.extend(children.get(&pid).into_iter().flatten().rev());
        let name = comm(&format!("/proc/{pid}/comm"));
        tree.push(Running { pid, parent_pid, name, threads: threads_of(pid) });
    }
    tree
}

/// The threads of a process; none when it is gone.
pub fn threads_of(pid: u32) -> Vec<(u32, String)> {
    let task = format!("/proc/{pid}/task");
    numbers_in(&task).into_iter().map(|tid| (tid, comm(&format!("{task}/{tid}/comm")))).collect()
}

/// How many threads a process has; none when it is gone.
pub fn thread_count(pid: u32) -> usize {
    numbers_in(&format!("/proc/{pid}/task")).len()
}

fn numbers_in(dir: &str) -> Vec<u32> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut numbers: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn comm(path: &str) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_itself_and_its_threads() {
        let pid = std::process::id();
        let tree = running_tree(&[pid]);
        assert_eq!(tree[0].pid, pid);
        assert!(thread_count(pid) >= 1);
        assert!(tree[0].threads.iter().any(|(tid, _)| *tid == pid));
        assert_eq!(running_tree(&[u32::MAX]), []);
    }
}
