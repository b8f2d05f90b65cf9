//! Stacks merged into the boxes of a flamegraph.

use std::collections::BTreeMap;

use regex::Regex;

use super::{UNKNOWN, keys};
use crate::profile::{
    model::{FrameId, Function, Origin, Profile},
    stack::StackNode,
};

/// Frames beyond this depth are drawn as one [`DEEPER`] box: nobody reads them, and a picture has to end somewhere.
pub const MAX_DEPTH: usize = 1_000;
/// Name of the box that stands for everything deeper than [`MAX_DEPTH`].
pub const DEEPER: &str = "[deeper frames]";

/// A box: samples that share the frames from the root to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlameBox<'p> {
    /// How many boxes are below it.
    pub depth: usize,
    /// Function name.
    pub name: &'p str,
    /// Decides the colour.
    pub origin: Origin,
    /// Samples of the box and everything on it.
    pub samples: u64,
    /// Samples with nothing on it, and of boxes too narrow to be drawn.
    pub rest: u64,
}

/// What to draw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape<'f> {
    /// Leaf functions at the root, their callers on top.
    pub inverted: bool,
    /// Only stacks with a frame whose function, file or module matches.
    pub filter: Option<&'f Regex>,
    /// Boxes with fewer samples are not drawn; their samples remain in the box below. The lowest boxes are always there, so that
    /// the total is.
    pub min_samples: u64,
}

/// Boxes in preorder, siblings by name; empty where no sample matches.
///
/// Inlined functions are boxes of their own, and functions of one name and origin are one: a picture shows nothing else to tell
/// them apart by. Each box is split into those on it one level at a time, so that time and memory go with what is drawn.
pub fn boxes<'p>(profile: &'p Profile, shape: Shape) -> Vec<FlameBox<'p>> {
    let labels = Labels::of(profile);
    let walk = Walk::of(profile, shape);
    let mut todo = walk.split(walk.start(), 0, &labels);
    let mut boxes = Vec::new();
    todo.reverse();
    while let Some(group) = todo.pop() {
        let (name, origin) = if group.depth < MAX_DEPTH { group.label } else { (DEEPER, Origin::Marker) };
        let mut on_top = if group.depth < MAX_DEPTH {
            walk.split(walk.step(&group), group.depth + 1, &labels)
        } else {
            Vec::new()
        };
        on_top.retain(|next| next.samples >= shape.min_samples);
        let drawn = on_top.iter().fold(0_u64, |sum, next| sum.saturating_add(next.samples));
        boxes.push(FlameBox {
            depth: group.depth,
            name,
            origin,
            samples: group.samples,
            rest: group.samples.saturating_sub(drawn),
        });
        todo.extend(on_top.into_iter().rev());
    }
    boxes
}

type Label<'p> = (&'p str, Origin);

/// A label per frame.
struct Labels<'p>(Vec<Label<'p>>);

impl<'p> Labels<'p> {
    fn of(profile: &'p Profile) -> Self {
        let label = |f: &Function| match profile.str(f.name) {
            "" => (UNKNOWN, f.origin),
            name => (name, f.origin),
        };
        Self(profile.frames.iter().map(|f| label(&profile.functions[f.function.index()])).collect())
    }
}

/// Nodes of the stack tree whose samples go through one box, each with its samples.
struct Group<'p> {
    label: Label<'p>,
    depth: usize,
    samples: u64,
    nodes: Vec<(usize, u64)>,
}

/// How to get from nodes to those drawn on top of them: to the nodes called, or to the callers.
struct Walk<'p> {
    nodes: &'p [StackNode<FrameId>],
    /// Samples ending in each node.
    own: Vec<u64>,
    /// The nodes called and the samples of each node with all it called; empty when inverted.
    called: Vec<Vec<usize>>,
    total: Vec<u64>,
    inverted: bool,
}

impl<'p> Walk<'p> {
    fn of(profile: &'p Profile, shape: Shape) -> Self {
        let nodes = profile.stacks.nodes();
        let own = own_samples(profile, shape.filter);
        let (mut called, mut total) = (Vec::new(), Vec::new());
        if !shape.inverted {
            called = vec![Vec::new(); nodes.len()];
            total = own.clone();
            for (i, node) in nodes.iter().enumerate().rev() {
                if let (Some(parent), 1..) = (node.parent, total[i]) {
                    called[parent.index()].push(i);
                    total[parent.index()] = total[parent.index()].saturating_add(total[i]);
                }
            }
        }
        Self { nodes, own, called, total, inverted: shape.inverted }
    }

    /// The nodes of the lowest boxes.
    fn start(&self) -> Vec<(usize, u64)> {
        let (samples, root): (&[u64], _) =
            if self.inverted { (&self.own, false) } else { (&self.total, true) };
        let wanted = |i: usize| samples[i] > 0 && !(root && self.nodes[i].parent.is_some());
        (0..self.nodes.len()).filter(|&i| wanted(i)).map(|i| (i, samples[i])).collect()
    }

    /// The nodes one level up.
    fn step(&self, group: &Group) -> Vec<(usize, u64)> {
        let mut next = Vec::new();
        for &(node, samples) in &group.nodes {
            if self.inverted {
                next.extend(self.nodes[node].parent.map(|parent| (parent.index(), samples)));
            } else {
                next.extend(self.called[node].iter().map(|&child| (child, self.total[child])));
            }
        }
        next
    }

    /// One group for each label, in the order of the labels.
    fn split<'l>(&self, nodes: Vec<(usize, u64)>, depth: usize, labels: &Labels<'l>) -> Vec<Group<'l>> {
        let mut groups: BTreeMap<Label<'l>, Group<'l>> = BTreeMap::new();
        for (node, samples) in nodes {
            let label = labels.0[self.nodes[node].frame.index()];
            let empty = || Group { label, depth, samples: 0, nodes: Vec::new() };
            let group = groups.entry(label).or_insert_with(empty);
            group.samples = group.samples.saturating_add(samples);
            group.nodes.push((node, samples));
        }
        groups.into_values().collect()
    }
}

/// Samples ending in each node, of stacks that contain a match.
fn own_samples(profile: &Profile, filter: Option<&Regex>) -> Vec<u64> {
    let nodes = profile.stacks.nodes();
    let mut own = vec![0_u64; nodes.len()];
    for sample in &profile.samples {
        if let Some(sum) = own.get_mut(sample.stack.index()) {
            *sum = sum.saturating_add(sample.count);
        }
    }
    if let Some(filter) = filter {
        for (sum, through) in own.iter_mut().zip(keys::through(profile, filter)) {
            *sum *= u64::from(through);
        }
    }
    own
}
