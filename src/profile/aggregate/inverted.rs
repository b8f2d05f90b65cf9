//! The call tree from the other end: the functions with time of their own at the root, their callers below them.

use std::{cmp::Reverse, collections::BinaryHeap};

use rustc_hash::FxHashMap;

use super::{
    Call, CallTree, Selection, Totals,
    flame::MAX_DEPTH,
    keys::{self, Keys},
    tree::Merged,
};
use crate::profile::model::Profile;

/// Calls that a tree has at most, whatever the selection says: a hostile profile has more paths than memory has room.
const MAX_CALLS: usize = 1 << 20;

/// The inverted call tree: each root is a function with the time in itself, what stands below it are its callers, with the part of that
/// time that was spent while they called it. `tottime_ns` and `samples` of anything but a root are 0.
///
/// The heaviest paths are followed first and none beyond what the selection asks for, so that the work goes with what is shown. What is left
/// out is counted where it meets what is shown; its own callers are not.
pub fn inverted_tree<'p>(profile: &'p Profile, selection: &Selection) -> CallTree<'p> {
    let totals = Totals::of(profile);
    let walk = Walk::of(profile, selection);
    let limit = selection.limit.unwrap_or(MAX_CALLS).min(MAX_CALLS);
    let mut heap = BinaryHeap::new();
    let mut queue = Queue { waiting: Vec::new(), totals, least: selection.min_share, left_out: 0 };
    queue.add(walk.roots(), None, 0, &mut heap);
    let mut merged = Merged::default();
    while let Some((_, Reverse(next))) = heap.pop() {
        if merged.calls.len() == limit {
            queue.left_out += heap.len() + 1;
            break;
        }
        let Some(group) = queue.waiting.get_mut(next).and_then(Option::take) else { continue };
        let position = merged.calls.len();
        merged.add(walk.call(&group));
        if group.depth + 1 < MAX_DEPTH {
            queue.add(walk.callers(&group), Some(position), group.depth + 1, &mut heap);
        }
    }
    CallTree { calls: merged.preorder(), left_out: queue.left_out, totals, inverted: true }
}

/// Groups that wait for their turn, the heaviest first and of equal ones the first that was found.
struct Queue {
    waiting: Vec<Option<Group>>,
    totals: Totals,
    least: f64,
    left_out: usize,
}

impl Queue {
    fn add(
        &mut self,
        groups: Vec<Group>,
        parent: Option<usize>,
        depth: usize,
        heap: &mut BinaryHeap<(u64, Reverse<usize>)>,
    ) {
        for group in groups {
            if self.totals.share(group.ns) < self.least {
                self.left_out += 1;
                continue;
            }
            heap.push((group.ns, Reverse(self.waiting.len())));
            self.waiting.push(Some(Group { parent, depth, ..group }));
        }
    }
}

/// Weight at a node of the stack tree.
#[derive(Clone, Copy)]
struct At {
    node: u32,
    ns: u64,
    samples: u64,
}

/// Samples whose stacks are alike from the leaf to here.
struct Group {
    parent: Option<usize>,
    depth: usize,
    key: u32,
    inlined: bool,
    recursion: u32,
    ns: u64,
    samples: u64,
    /// Where the stacks have come to, the outermost of directly recursive calls.
    at: Vec<At>,
}

struct Walk<'p> {
    profile: &'p Profile,
    keys: Keys<'p>,
    /// Node that a node is part of; see [`keys::real_nodes`].
    real: Vec<u32>,
    inlines: bool,
    own: Vec<At>,
}

impl<'p> Walk<'p> {
    fn of(profile: &'p Profile, selection: &Selection) -> Self {
        let real = keys::real_nodes(profile);
        let through = selection.filter.as_ref().map(|filter| keys::through(profile, filter));
        let mut own: Vec<At> = (0..real.len() as u32).map(|node| At { node, ns: 0, samples: 0 }).collect();
        for sample in &profile.samples {
            let i = sample.stack.index();
            if through.as_ref().is_some_and(|through| !through.get(i).copied().unwrap_or(false)) {
                continue;
            }
            if let Some(at) = own.get_mut(i) {
                at.ns = at.ns.saturating_add(sample.weight_ns);
                at.samples = at.samples.saturating_add(sample.count);
            }
        }
        own.retain(|at| at.ns > 0 || at.samples > 0);
        Self { profile, keys: keys::by_function(profile), real, inlines: selection.inlines, own }
    }

    fn roots(&self) -> Vec<Group> {
        self.group(self.own.iter().map(|at| At { node: self.function(at.node), ..*at }))
    }

    fn callers(&self, group: &Group) -> Vec<Group> {
        self.group(group.at.iter().filter_map(|at| Some(At { node: self.caller(at.node)?, ..*at })))
    }

    /// The node that counts as the function of a node.
    fn function(&self, node: u32) -> u32 {
        if self.inlines { node } else { self.real[node as usize] }
    }

    fn caller(&self, node: u32) -> Option<u32> {
        let parent = self.profile.stacks.nodes()[node as usize].parent?;
        Some(self.function(parent.0))
    }

    fn key(&self, node: u32) -> (u32, bool) {
        let frame = self.profile.stacks.nodes()[node as usize].frame;
        (self.keys.of_frame[frame.index()], self.real[node as usize] != node)
    }

    /// One group for each function, in the order they are met.
    fn group(&self, all: impl Iterator<Item = At>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers: FxHashMap<(u32, bool), usize> = FxHashMap::default();
        for mut at in all {
            let key = self.key(at.node);
            let mut recursion = 1;
            while let Some(caller) = self.caller(at.node).filter(|&caller| self.key(caller) == key) {
                at.node = caller;
                recursion += 1;
            }
            let number = *numbers.entry(key).or_insert(groups.len());
            if number == groups.len() {
                let (key, inlined) = key;
                let (ns, samples, parent, depth, nodes) = (0, 0, None, 0, Vec::new());
                groups.push(Group { parent, depth, key, inlined, recursion, ns, samples, at: nodes });
            }
            let Some(group) = groups.get_mut(number) else { continue };
            group.recursion = group.recursion.max(recursion);
            group.ns = group.ns.saturating_add(at.ns);
            group.samples = group.samples.saturating_add(at.samples);
            group.at.push(at);
        }
        groups.iter_mut().for_each(|group| merge(&mut group.at));
        groups
    }

    fn call(&self, group: &Group) -> Call<'p> {
        let root = group.parent.is_none();
        Call {
            parent: group.parent,
            place: self.keys.places[group.key as usize],
            inlined: group.inlined,
            samples: if root { group.samples } else { 0 },
            tottime_ns: if root { group.ns } else { 0 },
            cumtime_ns: group.ns,
            recursion: group.recursion,
        }
    }
}

/// One entry a node: stacks that have met go on as one.
fn merge(nodes: &mut Vec<At>) {
    nodes.sort_unstable_by_key(|at| at.node);
    nodes.dedup_by(|next, kept| {
        let same = next.node == kept.node;
        if same {
            kept.ns = kept.ns.saturating_add(next.ns);
            kept.samples = kept.samples.saturating_add(next.samples);
        }
        same
    });
}
