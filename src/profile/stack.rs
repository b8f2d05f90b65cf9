//! Stacks as a prefix tree: a stack is a node, its parent is the caller's stack.
//!
//! Stacks of one program share almost all of their outer frames, so a recording of millions of samples needs a few
//! thousand nodes, and the tree is the call tree itself.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;

/// A node of a [`StackTree`]: the stack that ends in this node's frame. Ids are dense and parents come before children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(pub u32);

impl StackId {
    /// Position in per-node arrays.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One frame on top of its caller's stack; `parent` is `None` for a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackNode<F> {
    /// The caller's stack.
    pub parent: Option<StackId>,
    /// The innermost frame of this stack.
    pub frame: F,
}

// One number for the parent: a recording is read at the speed of this hash.
impl<F: Hash> Hash for StackNode<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.parent.map_or(0, |parent| u64::from(parent.0) + 1));
        self.frame.hash(state);
    }
}

/// All distinct stacks of a recording over frames of type `F`.
#[derive(Clone, Debug)]
pub struct StackTree<F> {
    nodes: Vec<StackNode<F>>,
    index: FxHashMap<StackNode<F>, StackId>,
}

impl<F> Default for StackTree<F> {
    fn default() -> Self {
        Self { nodes: Vec::new(), index: FxHashMap::default() }
    }
}

impl<F: Copy + Eq + Hash> StackTree<F> {
    /// The stack of `parent` with `frame` called on top of it.
    pub fn push(&mut self, parent: Option<StackId>, frame: F) -> StackId {
        let node = StackNode { parent, frame };
        if self.index.len() < self.nodes.len() {
            self.index_all();
        }
        *self.index.entry(node).or_insert_with(|| {
            let id = StackId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
            self.nodes.push(node);
            id
        })
    }

    /// The stack of these frames, outermost first; `None` for no frames.
    pub fn intern(&mut self, outermost_first: impl IntoIterator<Item = F>) -> Option<StackId> {
        let mut stack = None;
        for frame in outermost_first {
            stack = Some(self.push(stack, frame));
        }
        stack
    }

    /// A copy for reading, with the same ids: made in a fraction of the time and memory of a clone, because the index that
    /// [`push`](Self::push) needs is left out until then.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { nodes: self.nodes.clone(), index: FxHashMap::default() }
    }

    fn index_all(&mut self) {
        let ids = (0..).map(StackId);
        self.index = self.nodes.iter().copied().zip(ids).collect();
    }

    /// The node of a stack.
    ///
    /// # Panics
    /// If `id` comes from another tree.
    pub fn node(&self, id: StackId) -> StackNode<F> {
        self.nodes[id.index()]
    }

    /// All nodes in id order: every parent stands before its children.
    pub fn nodes(&self) -> &[StackNode<F>] {
        &self.nodes
    }

    /// How many distinct stacks there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no stack was seen.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The frames of a stack, innermost first.
    pub fn frames(&self, id: StackId) -> impl Iterator<Item = F> + '_ {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let node = self.node(next?);
            next = node.parent;
            Some(node.frame)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_are_one_node_and_parents_come_first() {
        let mut tree = StackTree::default();
        let a = tree.intern([1, 2, 3]).unwrap();
        let b = tree.intern([1, 2, 4]).unwrap();
        assert_eq!(tree.intern([1, 2, 3]), Some(a));
        assert_ne!(a, b);
        assert_eq!(tree.len(), 4);
        assert_eq!(tree.frames(b).collect::<Vec<_>>(), [4, 2, 1]);
        for (i, node) in tree.nodes().iter().enumerate() {
            assert!(node.parent.is_none_or(|p| p.index() < i));
        }
        assert_eq!(tree.intern(std::iter::empty()), None);
    }

    #[test]
    fn a_snapshot_is_the_same_tree_and_can_grow_on_its_own() {
        let mut tree = StackTree::default();
        let stack = tree.intern([1, 2, 3]).unwrap();
        let mut copy = tree.snapshot();
        tree.intern([1, 2, 4]);
        assert_eq!(copy.nodes(), &tree.nodes()[..3]);
        assert_eq!(copy.intern([1, 2, 3]), Some(stack));
        assert_eq!(copy.intern([1, 2, 5]), Some(StackId(3)));
        assert_eq!(copy.frames(StackId(3)).collect::<Vec<_>>(), [5, 2, 1]);
    }
}
