//! The stacks of two sides as the boxes of one flamegraph.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::super::{
    UNKNOWN,
    flame::{DEEPER, MAX_DEPTH},
};
use crate::profile::model::{Origin, Profile};

/// A box of both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffBox<'p> {
    /// How many boxes are below it.
    pub depth: usize,
    /// Function name.
    pub name: &'p str,
    /// Where the function comes from.
    pub origin: Origin,
    /// Mean time of an old recording in the box and everything on it, in nanoseconds, scaled as asked.
    pub old_ns: f64,
    /// The same of the new side.
    pub new_ns: f64,
    /// Part of `new_ns` with nothing on it, or in boxes too narrow to be drawn.
    pub rest_ns: f64,
    /// Standard deviation that the counts give the difference, in nanoseconds.
    pub noise_ns: f64,
}

/// Boxes in preorder, siblings by name. Old times are multiplied with `scale`. Boxes below `least_ns` on the new side are not drawn: a picture
/// has the widths of the new side, so that what is gone is not in it.
pub fn boxes<'p>(old: &[&'p Profile], new: &[&'p Profile], scale: f64, least_ns: f64) -> Vec<DiffBox<'p>> {
    let mut trie = Trie::default();
    trie.add(old, scale, true);
    trie.add(new, 1.0, false);
    trie.sum_up();
    trie.preorder(least_ns)
}

type Label<'p> = (&'p str, Origin);

#[derive(Default)]
struct Node {
    parent: Option<u32>,
    depth: usize,
    label: u32,
    old_ns: f64,
    new_ns: f64,
    variance: f64,
}

/// Stacks of all profiles by the labels that are drawn. Parents stand before children.
#[derive(Default)]
struct Trie<'p> {
    labels: Vec<Label<'p>>,
    label_ids: FxHashMap<Label<'p>, u32>,
    nodes: Vec<Node>,
    node_ids: FxHashMap<(Option<u32>, u32), u32>,
}

impl<'p> Trie<'p> {
    fn add(&mut self, profiles: &[&'p Profile], scale: f64, is_old: bool) {
        let runs = profiles.len().max(1) as f64;
        for profile in profiles {
            let labels: Vec<u32> = profile
                .frames
                .iter()
                .map(|frame| {
                    let function = &profile.functions[frame.function.index()];
                    let name = match profile.str(function.name) {
                        "" => UNKNOWN,
                        name => name,
                    };
                    self.label((name, function.origin))
                })
                .collect();
            let mut here: Vec<u32> = Vec::with_capacity(profile.stacks.len());
            for node in profile.stacks.nodes() {
                let parent = node.parent.map(|parent| here[parent.index()]);
                here.push(self.node(parent, labels[node.frame.index()]));
            }
            for sample in &profile.samples {
                let Some(node) = here.get(sample.stack.index()).and_then(|&n| self.nodes.get_mut(n as usize))
                else {
                    continue;
                };
                let ns = sample.weight_ns as f64 * scale / runs;
                *(if is_old { &mut node.old_ns } else { &mut node.new_ns }) += ns;
                node.variance += ns * ns / sample.count.max(1) as f64;
            }
        }
    }

    fn label(&mut self, label: Label<'p>) -> u32 {
        let next = self.labels.len() as u32;
        *self.label_ids.entry(label).or_insert_with(|| {
            self.labels.push(label);
            next
        })
    }

    fn node(&mut self, parent: Option<u32>, label: u32) -> u32 {
        let depth = parent.map_or(0, |p| self.nodes[p as usize].depth + 1);
        if depth > MAX_DEPTH {
            return parent.unwrap_or(0);
        }
        let label = if depth == MAX_DEPTH { self.label((DEEPER, Origin::Marker)) } else { label };
        let next = self.nodes.len() as u32;
        *self.node_ids.entry((parent, label)).or_insert_with(|| {
            self.nodes.push(Node { parent, depth, label, ..Node::default() });
            next
        })
    }

    fn sum_up(&mut self) {
        for i in (0..self.nodes.len()).rev() {
            let Node { parent, old_ns, new_ns, variance, .. } = self.nodes[i];
            if let Some(parent) = parent {
                let parent = &mut self.nodes[parent as usize];
                parent.old_ns += old_ns;
                parent.new_ns += new_ns;
                parent.variance += variance;
            }
        }
    }

    fn preorder(&self, least_ns: f64) -> Vec<DiffBox<'p>> {
        let mut children: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
        for (i, node) in (0_u32..).zip(&self.nodes) {
            if node.new_ns > 0.0 && (node.parent.is_none() || node.new_ns >= least_ns) {
                children.entry(node.parent).or_default().push(i);
            }
        }
        // From the last name to the first: the stack turns them around.
        for list in children.values_mut() {
            list.sort_by(|&a, &b| self.label_of(b).cmp(&self.label_of(a)));
        }
        let mut todo = children.get(&None).cloned().unwrap_or_default();
        let mut out = Vec::new();
        while let Some(i) = todo.pop() {
            let node = &self.nodes[i as usize];
            let above = children.get(&Some(i)).map_or(&[][..], Vec::as_slice);
            let drawn: f64 = above.iter().map(|&child| self.nodes[child as usize].new_ns).sum();
            let (name, origin) = self.label_of(i);
            out.push(DiffBox {
                depth: node.depth,
                name,
                origin,
                old_ns: node.old_ns,
                new_ns: node.new_ns,
                rest_ns: (node.new_ns - drawn).max(0.0),
                noise_ns: node.variance.sqrt(),
            });
            todo.extend_from_slice(above);
        }
        out
    }

    fn label_of(&self, node: u32) -> Label<'p> {
        self.labels[self.nodes[node as usize].label as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::{SAMPLE_NS, profile};

    fn outline(old: &str, new: &str, least: f64) -> Vec<String> {
        let (old, new) = ([profile(old)], [profile(new)]);
        let ms = |ns: f64| (ns / SAMPLE_NS as f64).round();
        boxes(&old.each_ref(), &new.each_ref(), 1.0, least * SAMPLE_NS as f64)
            .iter()
            .map(|b| {
                format!(
                    "{}{} {}->{} {}",
                    " ".repeat(b.depth),
                    b.name,
                    ms(b.old_ns),
                    ms(b.new_ns),
                    ms(b.rest_ns)
                )
            })
            .collect()
    }

    #[test]
    fn boxes_have_both_times() {
        assert_eq!(
            outline("main;a 10\nmain;b 5\nmain;gone 2", "main;b 7\nmain;a 10\nmain;c 1\nmain 3", 0.0),
            ["main 17->21 3", " a 10->10 10", " b 5->7 7", " c 0->1 1"]
        );
        assert_eq!(outline("x 1", "main;a 10\nmain;b 1", 2.0), ["main 0->11 1", " a 0->10 10"]);
    }

    #[test]
    fn deep_stacks_end() {
        let deep = vec!["f"; MAX_DEPTH * 2].join(";");
        let boxes = outline("x 1", &format!("{deep} 4"), 0.0);
        assert_eq!(boxes.len(), MAX_DEPTH + 1);
        assert!(boxes.last().unwrap().trim_start().starts_with(DEEPER));
    }
}
