//! Who called a function and what it called, with the time of each such edge.

use rustc_hash::FxHashMap;

use super::{
    Place, Times, Totals, keys, named,
    rows::times,
    sums::{NONE, Weights, per_key},
};
use crate::profile::{Error, model::Profile};

/// From where to look along the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The functions that called it.
    Callers,
    /// The functions it called.
    Callees,
}

/// One function calling another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge<'p> {
    /// The caller; `None` where the callee is the outermost frame.
    pub caller: Option<Place<'p>>,
    /// The function that was called.
    pub callee: Place<'p>,
    /// Time in the callee while this caller had called it: `tottime_ns` in the callee itself, `cumtime_ns` with all below, once
    /// per sample.
    pub times: Times,
}

/// A function and its edges in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours<'p> {
    /// The function.
    pub function: Place<'p>,
    /// Its own numbers.
    pub times: Times,
    /// Edges by falling cumtime.
    pub edges: Vec<Edge<'p>>,
}

/// The edges of all functions that a user named.
#[derive(Clone, Debug)]
pub struct Edges<'p> {
    /// Which way they lead.
    pub direction: Direction,
    /// The functions by falling cumtime.
    pub functions: Vec<Neighbours<'p>>,
    /// The whole profile.
    pub totals: Totals,
}

/// The callers or callees of the functions that `name` names. Inlined functions are part of the function they were inlined into
/// unless `inlines` is set.
///
/// # Errors
/// [`Error::NoFunction`] where no function is called so.
pub fn edges<'p>(
    profile: &'p Profile,
    name: &str,
    direction: Direction,
    inlines: bool,
) -> Result<Edges<'p>, Error> {
    let totals = Totals::of(profile);
    let keys = keys::by_function(profile);
    let named = named::functions(&keys.places, name);
    let pairs = Pairs::of(profile, &keys, inlines);
    let weights = Weights::of(profile);
    let sum = |key: &[u32], leaf: &[u32], count| per_key(&profile.stacks, &weights, leaf, key, count);
    let whole = sum(&pairs.callee, &pairs.leaf(&pairs.callee), keys.places.len());
    let each = sum(&pairs.edge, &pairs.leaf(&pairs.edge), pairs.list.len());
    let place = |key: u32| keys.places.get(key as usize).copied();
    let neighbours = |&function: &usize| {
        let of_function = |&(caller, callee): &(u32, u32)| match direction {
            Direction::Callers => callee as usize == function,
            Direction::Callees => caller as usize == function,
        };
        let edges = pairs.list.iter().zip(&each).filter(|(pair, _)| of_function(pair));
        let mut edges: Vec<Edge> = edges
            .filter(|(_, sum)| sum.total_ns > 0 || sum.samples > 0)
            .filter_map(|(&(caller, callee), &sum)| {
                Some(Edge { caller: place(caller), callee: place(callee)?, times: times(sum, totals) })
            })
            .collect();
        let name = |e: &Edge<'p>| (e.caller.map(|p| (p.name, p.file, p.line)), e.callee.name, e.callee.line);
        edges.sort_by(|a, b| {
            let (x, y) = (a.times, b.times);
            (y.cumtime_ns, y.tottime_ns).cmp(&(x.cumtime_ns, x.tottime_ns)).then(name(a).cmp(&name(b)))
        });
        let sum = whole.get(function).copied().filter(|sum| sum.total_ns > 0 || sum.samples > 0)?;
        Some(Neighbours { function: place(function as u32)?, times: times(sum, totals), edges })
    };
    let mut functions: Vec<Neighbours> = named.iter().filter_map(neighbours).collect();
    if functions.is_empty() {
        return Err(Error::NoFunction { name: name.to_owned() });
    }
    functions.sort_by_key(|f| std::cmp::Reverse(f.times.cumtime_ns));
    Ok(Edges { direction, functions, totals })
}

/// Per node of the stack tree: which function it is, and which edge leads to it.
struct Pairs {
    /// The distinct edges as keys of caller ([`NONE`] for a root) and callee.
    list: Vec<(u32, u32)>,
    /// Function of the node; [`NONE`] of one that is part of the node below it.
    callee: Vec<u32>,
    /// Position in `list` of the edge to the node, or [`NONE`].
    edge: Vec<u32>,
    /// The node whose function a sample ending in the node belongs to.
    real: Vec<u32>,
}

impl Pairs {
    fn of(profile: &Profile, keys: &keys::Keys, inlines: bool) -> Self {
        let nodes = profile.stacks.nodes();
        let real = if inlines { (0..nodes.len() as u32).collect() } else { keys::real_nodes(profile) };
        let mut pairs = Self { list: Vec::new(), callee: Vec::new(), edge: Vec::new(), real };
        let mut numbers: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for (i, node) in nodes.iter().enumerate() {
            if pairs.real[i] as usize != i {
                pairs.callee.push(NONE);
                pairs.edge.push(NONE);
                continue;
            }
            let callee = keys.of_frame[node.frame.index()];
            let below = node.parent.map(|parent| pairs.real[parent.index()] as usize);
            let caller = below.map_or(NONE, |below| pairs.callee[below]);
            let next = pairs.list.len() as u32;
            let number = *numbers.entry((caller, callee)).or_insert_with(|| {
                pairs.list.push((caller, callee));
                next
            });
            pairs.callee.push(callee);
            pairs.edge.push(number);
        }
        pairs
    }

    /// What `key` says of the node that a sample ending in each node belongs to.
    fn leaf(&self, key: &[u32]) -> Vec<u32> {
        self.real.iter().map(|&node| key.get(node as usize).copied().unwrap_or(NONE)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::{SAMPLE_NS, profile};

    fn outline(p: &Profile, name: &str, direction: Direction, inlines: bool) -> Vec<String> {
        let edges = edges(p, name, direction, inlines).unwrap();
        let text = |t: Times| format!("{}/{}", t.tottime_ns / SAMPLE_NS, t.cumtime_ns / SAMPLE_NS);
        let mut out = Vec::new();
        for f in &edges.functions {
            out.push(format!("{} {}", f.function.name, text(f.times)));
            for e in &f.edges {
                let other = match direction {
                    Direction::Callers => e.caller.map_or("-", |place| place.name),
                    Direction::Callees => e.callee.name,
                };
                out.push(format!(" {other} {}", text(e.times)));
            }
        }
        out
    }

    const STACKS: &str = "main;parse;read 3\nmain;parse 2\nmain;read 1\nmain;parse;~peek;read 4\nread 5";

    #[test]
    fn callers_have_the_time_in_the_function_while_they_called_it() {
        let p = profile(STACKS);
        assert_eq!(
            outline(&p, "read", Direction::Callers, false),
            ["read 13/13", " parse 7/7", " - 5/5", " main 1/1"]
        );
        assert_eq!(outline(&p, "parse", Direction::Callers, false), ["parse 2/9", " main 2/9"]);
        assert_eq!(
            outline(&p, "read", Direction::Callers, true),
            ["read 13/13", " - 5/5", " peek 4/4", " parse 3/3", " main 1/1"]
        );
    }

    #[test]
    fn callees_have_their_time_while_the_function_called_them() {
        let p = profile(STACKS);
        assert_eq!(outline(&p, "main", Direction::Callees, false), ["main 0/10", " parse 2/9", " read 1/1"]);
        assert!(matches!(edges(&p, "zzz", Direction::Callees, false), Err(Error::NoFunction { .. })));
    }

    #[test]
    fn recursion_is_an_edge_to_itself_counted_once() {
        let p = profile("main;fib;fib;fib 3\nmain;fib 1");
        assert_eq!(outline(&p, "fib", Direction::Callers, false), ["fib 4/4", " main 1/4", " fib 3/3"]);
    }

    #[test]
    fn edges_to_a_function_add_up_to_its_own_time() {
        let p = profile("a;b;c 1\nb;c 2\na;c;b;c 3\n[truncated];c 4");
        let edges = edges(&p, "c", Direction::Callers, false).unwrap();
        let sum: u64 = edges.functions[0].edges.iter().map(|e| e.times.tottime_ns).sum();
        assert_eq!(sum, edges.functions[0].times.tottime_ns);
    }
}
