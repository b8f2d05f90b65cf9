//! The call tree: who called what, merged by function.

use rustc_hash::FxHashMap;

use super::{
    Place, Selection, Totals, keys,
    sums::{NONE, Weights},
};
use crate::profile::model::Profile;

/// A function called from a certain path.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'p> {
    /// Position of the caller in [`CallTree::calls`]; `None` for a root.
    pub parent: Option<usize>,
    /// The function.
    pub place: Place<'p>,
    /// Whether it was inlined into its caller; only where inlined functions were asked for.
    pub inlined: bool,
    /// Samples whose innermost frame is this call.
    pub samples: u64,
    /// Their weight in nanoseconds.
    pub tottime_ns: u64,
    /// Weight of this call and everything it called, in nanoseconds.
    pub cumtime_ns: u64,
    /// How deep the function called itself directly, which is shown as one call; 1 without recursion.
    pub recursion: u32,
}

/// Calls in preorder: a caller stands before what it called, siblings by falling cumtime.
#[derive(Clone, Debug)]
pub struct CallTree<'p> {
    /// The calls that were selected; a call stands here only with all its callers.
    pub calls: Vec<Call<'p>>,
    /// Calls that match the filter and are not in `calls`.
    pub left_out: usize,
    /// The whole profile.
    pub totals: Totals,
    /// Whether callers stand below what they called; see [`inverted_tree`](super::inverted_tree).
    pub inverted: bool,
}

/// The call tree of a profile. A function that calls itself directly is one call, so that a deep recursion is one line.
pub fn call_tree<'p>(profile: &'p Profile, selection: &Selection) -> CallTree<'p> {
    let totals = Totals::of(profile);
    let mut merged = Merged::of(profile, selection.inlines);
    if let Some(filter) = &selection.filter {
        merged.keep(|place| place.matches(filter));
    }
    let matching = merged.kept.iter().filter(|kept| **kept).count();
    merged.prune(totals, selection);
    let calls = merged.preorder();
    CallTree { left_out: matching - calls.len(), calls, totals, inverted: false }
}

/// Nodes with one id per (caller's node, function); callers come before what they called.
#[derive(Default)]
pub(super) struct Merged<'p> {
    pub(super) calls: Vec<Call<'p>>,
    kept: Vec<bool>,
}

impl<'p> Merged<'p> {
    fn of(profile: &'p Profile, inlines: bool) -> Self {
        let keys = keys::by_function(profile);
        let real = keys::real_nodes(profile);
        let weights = Weights::of(profile);
        let mut merged = Self::default();
        let mut ids: FxHashMap<(u32, u32, bool), u32> = FxHashMap::default();
        // Per node of the profile's tree: its merged node, the key there, and how often that key stands there in a row.
        let mut here: Vec<(u32, u32, u32)> = Vec::with_capacity(real.len());
        for (i, node) in profile.stacks.nodes().iter().enumerate() {
            let (parent, parent_key, depth) = node.parent.map_or((NONE, NONE, 0), |p| here[p.index()]);
            let inlined = real[i] as usize != i;
            let key = keys.of_frame[node.frame.index()];
            let place = if inlined && !inlines {
                (parent, parent_key, depth)
            } else if key == parent_key && parent != NONE {
                (parent, key, depth + 1)
            } else {
                let id = *ids.entry((parent, key, inlined)).or_insert_with(|| {
                    merged.push(
                        (parent != NONE).then_some(parent as usize),
                        keys.places[key as usize],
                        inlined,
                    )
                });
                (id, key, 1)
            };
            here.push(place);
            let call = &mut merged.calls[place.0 as usize];
            call.recursion = call.recursion.max(place.2);
            call.samples = call.samples.saturating_add(weights.samples[i]);
            call.tottime_ns = call.tottime_ns.saturating_add(weights.self_ns[i]);
        }
        merged.add_up();
        merged
    }

    fn push(&mut self, parent: Option<usize>, place: Place<'p>, inlined: bool) -> u32 {
        self.add(Call { parent, place, inlined, samples: 0, tottime_ns: 0, cumtime_ns: 0, recursion: 1 });
        self.calls.len() as u32 - 1
    }

    /// Adds a call, which is kept; its parent must be there already.
    pub(super) fn add(&mut self, call: Call<'p>) {
        self.calls.push(call);
        self.kept.push(true);
    }

    fn add_up(&mut self) {
        for i in (0..self.calls.len()).rev() {
            let call = &mut self.calls[i];
            call.cumtime_ns = call.cumtime_ns.saturating_add(call.tottime_ns);
            let (parent, ns) = (call.parent, call.cumtime_ns);
            if let Some(parent) = parent {
                let total = &mut self.calls[parent].cumtime_ns;
                *total = total.saturating_add(ns);
            }
        }
    }

    /// Keeps the calls that match, everything they called and everything that led to them.
    fn keep(&mut self, matches: impl Fn(&Place) -> bool) {
        for i in 0..self.calls.len() {
            let call = &self.calls[i];
            self.kept[i] = matches(&call.place) || call.parent.is_some_and(|p| self.kept[p]);
        }
        for i in (0..self.calls.len()).rev() {
            if let (true, Some(parent)) = (self.kept[i], self.calls[i].parent) {
                self.kept[parent] = true;
            }
        }
    }

    /// Drops what is below the share, then all but the heaviest calls. No call is heavier than its caller, and of equal ones the
    /// caller comes first, so that what remains is connected.
    fn prune(&mut self, totals: Totals, selection: &Selection) {
        for (kept, call) in self.kept.iter_mut().zip(&self.calls) {
            *kept &= totals.share(call.cumtime_ns) >= selection.min_share;
        }
        let Some(limit) = selection.limit else { return };
        let mut heaviest: Vec<usize> = (0..self.calls.len()).filter(|&i| self.kept[i]).collect();
        heaviest.sort_by_key(|&i| (std::cmp::Reverse(self.calls[i].cumtime_ns), i));
        for &i in heaviest.iter().skip(limit) {
            self.kept[i] = false;
        }
    }

    /// The kept calls, parents before children, siblings by falling cumtime.
    pub(super) fn preorder(self) -> Vec<Call<'p>> {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.calls.len()];
        let mut roots = Vec::new();
        for (i, call) in self.calls.iter().enumerate().filter(|&(i, _)| self.kept[i]) {
            call.parent.map_or(&mut roots, |p| &mut children[p]).push(i);
        }
        let mut todo = roots;
        self.lightest_first(&mut todo);
        let mut position = vec![0; self.calls.len()];
        let mut out: Vec<Call> = Vec::new();
        while let Some(i) = todo.pop() {
            position[i] = out.len();
            let call = &self.calls[i];
            out.push(Call { parent: call.parent.map(|p| position[p]), ..call.clone() });
            self.lightest_first(&mut children[i]);
            todo.append(&mut children[i]);
        }
        out
    }

    fn lightest_first(&self, ids: &mut [usize]) {
        ids.sort_by(|&a, &b| {
            let (a, b) = (&self.calls[a], &self.calls[b]);
            let name = |c: &Call<'p>| (c.place.name, c.place.file, c.place.line, c.place.module, c.inlined);
            a.cumtime_ns.cmp(&b.cumtime_ns).then_with(|| name(b).cmp(&name(a)))
        });
    }
}
