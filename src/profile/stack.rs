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
    index: Index<F>,
}

/// Nodes by caller and frame. Most stacks call on in one way only, so that a node's first child is found without hashing, and what was just
/// made has none: the table of the others is a fraction of the tree, and is not asked for long.
#[derive(Clone, Debug)]
struct Index<F> {
    /// First child of each node, [`NONE`] where it has none. Shorter than the tree where nothing was looked for since it was copied.
    first_children: Vec<u32>,
    /// Roots, and all children but the first ones.
    others: FxHashMap<StackNode<F>, StackId>,
}

const NONE: u32 = u32::MAX;

impl<F> Default for Index<F> {
    fn default() -> Self {
        Self { first_children: Vec::new(), others: FxHashMap::default() }
    }
}

impl<F: Copy + Eq + Hash> Index<F> {
    /// Enters the next node.
    fn add(&mut self, node: StackNode<F>, id: StackId) {
        self.first_children.push(NONE);
        let first = node.parent.and_then(|parent| self.first_children.get_mut(parent.index()));
        match first {
            Some(first) if *first == NONE => *first = id.0,
            _ => drop(self.others.insert(node, id)),
        }
    }

    fn get(&self, nodes: &[StackNode<F>], node: StackNode<F>) -> Option<StackId> {
        if let Some(parent) = node.parent {
            let first = self.first_children.get(parent.index()).copied()?;
            // None at all where this is none.
            if nodes.get(first as usize)?.frame == node.frame {
                return Some(StackId(first));
            }
        }
        self.others.get(&node).copied()
    }
}

impl<F> Default for StackTree<F> {
    fn default() -> Self {
        Self { nodes: Vec::new(), index: Index::default() }
    }
}

impl<F: Copy + Eq + Hash> StackTree<F> {
    /// The stack of `parent` with `frame` called on top of it.
    pub fn push(&mut self, parent: Option<StackId>, frame: F) -> StackId {
        let node = StackNode { parent, frame };
        if self.index.first_children.len() < self.nodes.len() {
            self.index_all();
        }
        self.index.get(&self.nodes, node).unwrap_or_else(|| {
            let id = StackId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
            self.nodes.push(node);
            self.index.add(node, id);
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
        Self { nodes: self.nodes.clone(), index: Index::default() }
    }

    fn index_all(&mut self) {
        self.index = Index::default();
        for (&node, id) in self.nodes.iter().zip((0..).map(StackId)) {
            self.index.add(node, id);
        }
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

    proptest::proptest! {
        #[test]
        fn each_stack_has_one_id(stacks in proptest::collection::vec(proptest::collection::vec(0_u8..4, 1..6), 1..40)) {
            let mut tree = StackTree::default();
            let mut ids = std::collections::HashMap::new();
            for (i, stack) in stacks.iter().enumerate() {
                if i == stacks.len() / 2 {
                    tree = tree.snapshot();
                }
                let id = tree.intern(stack.iter().copied()).unwrap();
                proptest::prop_assert_eq!(*ids.entry(stack.clone()).or_insert(id), id);
                let frames: Vec<u8> = tree.frames(id).collect();
                proptest::prop_assert!(frames.iter().eq(stack.iter().rev()));
            }
            let prefixes: std::collections::HashSet<&[u8]> =
                stacks.iter().flat_map(|stack| (1..=stack.len()).map(|end| &stack[..end])).collect();
            proptest::prop_assert_eq!(tree.len(), prefixes.len());
        }
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
