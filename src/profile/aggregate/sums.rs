//! Sums over the stack tree: self and cumulative time per key, each node visited once.

use crate::profile::model::{FrameId, Profile, Sample, StackId, StackTree, Waiting};

/// Marks a node that belongs to no row.
pub(super) const NONE: u32 = u32::MAX;

/// Numbers per node of the stack tree.
pub(super) struct Weights {
    /// Samples whose stack ends in the node.
    pub(super) samples: Vec<u64>,
    /// Their weight in nanoseconds.
    pub(super) self_ns: Vec<u64>,
    /// Weight of the node and everything above it.
    pub(super) total_ns: Vec<u64>,
}

impl Weights {
    pub(super) fn of(profile: &Profile) -> Self {
        Self::with(profile, |sample| sample.weight_ns)
    }

    /// The same in samples instead of nanoseconds.
    pub(super) fn in_samples(profile: &Profile) -> Self {
        Self::with(profile, |sample| sample.count)
    }

    /// Times of waiting, without numbers of samples.
    pub(super) fn of_waits<'p>(profile: &'p Profile, waits: impl Iterator<Item = &'p Waiting>) -> Self {
        Self::sum(profile, waits.map(|waiting| (waiting.stack, 0, waiting.ns)))
    }

    fn with(profile: &Profile, weight: impl Fn(&Sample) -> u64) -> Self {
        Self::sum(profile, profile.samples.iter().map(|sample| (sample.stack, sample.count, weight(sample))))
    }

    /// The sums of these stacks, numbers of samples and nanoseconds.
    pub(super) fn sum(profile: &Profile, parts: impl Iterator<Item = (StackId, u64, u64)>) -> Self {
        let nodes = profile.stacks.nodes();
        let (mut samples, mut self_ns) = (vec![0_u64; nodes.len()], vec![0_u64; nodes.len()]);
        for (stack, samples_here, ns_here) in parts {
            let i = stack.index();
            if let (Some(count), Some(ns)) = (samples.get_mut(i), self_ns.get_mut(i)) {
                *count = count.saturating_add(samples_here);
                *ns = ns.saturating_add(ns_here);
            }
        }
        let mut total_ns = self_ns.clone();
        for (i, node) in nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                total_ns[parent.index()] = total_ns[parent.index()].saturating_add(total_ns[i]);
            }
        }
        Self { samples, self_ns, total_ns }
    }
}

/// The sums of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) samples: u64,
    pub(super) self_ns: u64,
    pub(super) total_ns: u64,
}

/// Sums per key. `leaf[node]` is the key that the samples ending in the node belong to, `key[node]` the key that is on the stack there;
/// [`NONE`] for neither. Keys are below `keys`.
pub(super) fn per_key(
    tree: &StackTree<FrameId>,
    weights: &Weights,
    leaf: &[u32],
    key: &[u32],
    keys: usize,
) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); keys];
    for (i, &k) in leaf.iter().enumerate() {
        if k != NONE {
            let sum = &mut sums[k as usize];
            sum.samples = sum.samples.saturating_add(weights.samples[i]);
            sum.self_ns = sum.self_ns.saturating_add(weights.self_ns[i]);
        }
    }
    // A key counts where it appears for the first time on the way from the root: its subtree holds every sample below it once.
    let mut on_stack = vec![0_u32; keys];
    depth_first(tree, |node, entered| {
        let k = key[node];
        if k == NONE {
            return;
        }
        let depth = &mut on_stack[k as usize];
        if !entered {
            *depth -= 1;
            return;
        }
        if *depth == 0 {
            let sum = &mut sums[k as usize];
            sum.total_ns = sum.total_ns.saturating_add(weights.total_ns[node]);
        }
        *depth += 1;
    });
    sums
}

/// Calls `visit(node, true)` on the way in and `visit(node, false)` on the way out. Iterative: a stack may be deeper than ours.
fn depth_first(tree: &StackTree<FrameId>, mut visit: impl FnMut(usize, bool)) {
    let nodes = tree.nodes();
    let (mut first_child, mut sibling) = (vec![NONE; nodes.len()], vec![NONE; nodes.len()]);
    let mut first_root = NONE;
    for (i, node) in nodes.iter().enumerate().rev() {
        let first = node.parent.map_or(&mut first_root, |p| &mut first_child[p.index()]);
        sibling[i] = std::mem::replace(first, i as u32);
    }
    let mut next = first_root;
    while next != NONE {
        let mut node = next as usize;
        visit(node, true);
        next = first_child[node];
        while next == NONE {
            visit(node, false);
            next = sibling[node];
            match nodes[node].parent {
                Some(parent) if next == NONE => node = parent.index(),
                _ => break,
            }
        }
    }
}
