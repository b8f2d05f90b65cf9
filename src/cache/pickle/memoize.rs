//! Keys that DiskCache's `memoize` makes: `(name, *args, None, k1, v1, …, *types)`.
//!
//! Source: `args_to_key` of diskcache 5.6.3; up to 5.0 `ENOVAL` (`diskcache.core.Constant`) stood in place of `None`. A call that is
//! being computed by `memoize_stampede` has `ENOVAL` behind its key.

use super::{
    heap::{Heap, Value},
    notation::Shown,
    print::{self, Form, Part, Piece, Walk},
};

/// A key that tells a function and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memoized {
    /// Module and qualified name.
    pub function: String,
    /// The call in Python's notation, with the words `being computed` where the key only marks that.
    pub call: Shown,
}

pub(super) fn read(heap: &Heap, root: Value, budget: usize) -> Option<Memoized> {
    let Value::Node(tuple) = root else { return None };
    let mut items = heap.tuple(root)?;
    let function = heap.name(*items.first()?).filter(|name| is_function(name))?.into_owned();
    let mut in_progress = false;
    if let [rest @ .., last] = items
        && is_no_value(heap, *last)
        && rest.iter().any(|value| matches!(value, Value::None))
    {
        (items, in_progress) = (rest, true);
    }
    // An argument can be None too: the first one behind which pairs follow is taken. Where two readings fit, they are the same key.
    let (split, pairs) = (1..items.len())
        .filter(|at| matches!(items[*at], Value::None) || is_no_value(heap, items[*at]))
        .find_map(|at| Some((at, keywords(heap, at - 1, items.get(at + 1..)?)?)))?;
    let mut pieces = vec![Piece::Name(function.clone()), Piece::Fixed("(")];
    for (i, value) in items[1..split].iter().enumerate() {
        pieces.extend([Piece::Fixed(if i > 0 { ", " } else { "" }), Piece::Value(*value)]);
    }
    if pairs > 0 {
        let walk =
            Walk::new(tuple, Part::Elements, Form::Keywords).from(split + 1).until(split + 1 + 2 * pairs);
        pieces.push(Piece::Walk(if split > 1 { walk.after_comma() } else { walk }));
    }
    pieces.push(Piece::Fixed(if in_progress { "), being computed" } else { ")" }));
    Some(Memoized { function, call: print::pieces(heap, pieces, budget) })
}

/// The number of keyword arguments in what stands behind the separator: pairs in order of their names, then the types of all arguments
/// or of none.
fn keywords(heap: &Heap, positional: usize, rest: &[Value]) -> Option<usize> {
    let mut pairs = 0;
    let mut last = String::new();
    for pair in rest.chunks_exact(2) {
        match heap.name(pair[0]).filter(|name| print::is_identifier(name) && *last < **name) {
            Some(name) => last = name.into_owned(),
            None => break,
        }
        pairs += 1;
    }
    let types = &rest[2 * pairs..];
    let all_types = types.len() == positional + pairs && types.iter().all(|value| is_type(heap, *value));
    (types.is_empty() || all_types).then_some(pairs)
}

fn is_type(heap: &Heap, value: Value) -> bool {
    let none_type =
        heap.call(value).and_then(|call| heap.global(call.function)).is_some_and(|g| g.name == "type");
    heap.global(value).is_some() || none_type
}

/// `ENOVAL`.
fn is_no_value(heap: &Heap, value: Value) -> bool {
    let class = heap.call(value).and_then(|call| heap.global(call.function));
    class.is_some_and(|g| g.name == "Constant" && g.module.starts_with("diskcache"))
}

/// A module and a name in it; a name alone could be any text.
fn is_function(name: &str) -> bool {
    let part = |part: &str| print::is_identifier(part) || matches!(part, "<locals>" | "<lambda>");
    name.contains('.') && name.split('.').all(part)
}
