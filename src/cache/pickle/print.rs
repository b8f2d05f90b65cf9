//! A pickle as Python would print the object, without recursion and within a budget.
//!
//! Containers that contain themselves are shown as Python shows them, `[...]`; what stands deeper than [`DEEPEST`] is a `…`.

use super::{
    heap::{Call, Heap, Items, Node, Value},
    known,
    notation::{self, Cut, Shown},
};

/// Containers inside of each other that are shown.
pub(super) const DEEPEST: usize = 40;

/// One piece of what is still to be written.
#[derive(Debug)]
pub(super) enum Piece {
    Fixed(&'static str),
    Text(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A `str`.
    Quoted(String),
    /// A name, escaped but without quotes.
    Name(String),
    Value(Value),
    Walk(Walk),
    /// What stands in for something that is not shown.
    Omission,
    /// The end of a container.
    Leave,
}

/// A container half written.
#[derive(Debug)]
pub(super) struct Walk {
    node: u32,
    part: Part,
    form: Form,
    at: usize,
    end: Option<usize>,
    /// Whether something stands before it, so that a comma is needed.
    comma: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The elements of a container, or what was appended to an object.
    Elements,
    /// What was set in an object.
    Pairs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `a, b`
    List,
    /// `a: b, c: d`
    Dict,
    /// `a=b, c=d`
    Keywords,
}

impl Walk {
    pub(super) fn new(node: u32, part: Part, form: Form) -> Self {
        Self { node, part, form, at: 0, end: None, comma: false }
    }

    pub(super) fn after_comma(mut self) -> Self {
        self.comma = true;
        self
    }

    /// From this element on.
    pub(super) fn from(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    /// Up to but not with this element.
    pub(super) fn until(mut self, end: usize) -> Self {
        self.end = Some(end);
        self
    }
}

/// The object in Python's notation.
pub(super) fn value(heap: &Heap, value: Value, budget: usize) -> Shown {
    pieces(heap, vec![Piece::Value(value)], budget)
}

/// Pieces one after the other.
pub(super) fn pieces(heap: &Heap, pieces: Vec<Piece>, budget: usize) -> Shown {
    let mut printer = Printer { heap, out: Cut::new(budget), todo: Vec::new(), path: Vec::new() };
    printer.then(pieces);
    while let Some(piece) = printer.todo.pop() {
        if printer.out.is_full() {
            break;
        }
        printer.write(piece);
    }
    printer.out.finish()
}

struct Printer<'h> {
    heap: &'h Heap<'h>,
    out: Cut,
    todo: Vec<Piece>,
    /// The containers that are being written, outermost first.
    path: Vec<u32>,
}

impl Printer<'_> {
    fn then(&mut self, pieces: Vec<Piece>) {
        self.todo.extend(pieces.into_iter().rev());
    }

    fn write(&mut self, piece: Piece) {
        match piece {
            Piece::Fixed(text) => self.out.push(text),
            Piece::Text(text) => self.out.push(&text),
            Piece::Bytes(bytes) => notation::write_bytes(&mut self.out, &bytes),
            Piece::Quoted(text) => notation::write_text(&mut self.out, text.as_bytes()),
            Piece::Name(name) => notation::write_name(&mut self.out, &name),
            Piece::Value(value) => self.write_value(value),
            Piece::Walk(walk) => self.step(walk),
            Piece::Omission => self.out.leave_out(),
            Piece::Leave => drop(self.path.pop()),
        }
    }

    fn write_value(&mut self, value: Value) {
        let out = &mut self.out;
        match value {
            Value::None => out.push("None"),
            Value::Bool(true) => out.push("True"),
            Value::Bool(false) => out.push("False"),
            Value::Int(n) => out.push(&n.to_string()),
            Value::Float(x) => out.push(&notation::float(x)),
            Value::BigInt(span) => out.push(&notation::big_int(self.heap.slice(span))),
            Value::Digits(span) => out.push(&notation::digits(self.heap.slice(span))),
            Value::Bytes(span) => notation::write_bytes(out, self.heap.slice(span)),
            Value::Bytearray(span) => {
                out.push("bytearray(");
                notation::write_bytes(out, self.heap.slice(span));
                out.push(")");
            }
            Value::Text(_) | Value::EscapedText(_) | Value::OldText(_) | Value::Literal(_) => {
                match (self.heap.text_bytes(value), self.heap.bytes(value)) {
                    (Some(text), _) => notation::write_text(out, &text),
                    (None, Some(bytes)) => notation::write_bytes(out, &bytes),
                    (None, None) => self.out.leave_out(),
                }
            }
            Value::Node(id) => self.write_node(id),
        }
    }

    fn write_node(&mut self, id: u32) {
        let Some(node) = self.heap.nodes.get(id as usize) else { return self.out.leave_out() };
        let (open, close) = brackets(node);
        if let Node::Global(global) = node {
            return self.then(vec![known::global(global)]);
        }
        if self.path.contains(&id) {
            // Python writes so of containers; objects of other kinds do what they like.
            return self.out.push(&format!("{open}...{close}"));
        }
        if self.path.len() >= DEEPEST {
            return self.out.leave_out();
        }
        self.path.push(id);
        self.todo.push(Piece::Leave);
        let walk = |form| Piece::Walk(Walk::new(id, Part::Elements, form));
        let pieces = match node {
            Node::Set(items) if items.is_empty() => vec![Piece::Fixed("set()")],
            Node::FrozenSet(items) if items.is_empty() => vec![Piece::Fixed("frozenset()")],
            Node::Tuple(items) if items.kept.len() == 1 && items.dropped == 0 => {
                vec![Piece::Fixed("("), walk(Form::List), Piece::Fixed(",)")]
            }
            Node::Dict(_) => vec![Piece::Fixed(open), walk(Form::Dict), Piece::Fixed(close)],
            Node::Tuple(_) | Node::List(_) | Node::Set(_) | Node::FrozenSet(_) => {
                vec![Piece::Fixed(open), walk(Form::List), Piece::Fixed(close)]
            }
            Node::Call(call) => known::call(self.heap, id, call),
            Node::Persistent(name) => {
                vec![Piece::Fixed("<persistent id "), Piece::Value(*name), Piece::Fixed(">")]
            }
            Node::Extension(code) => vec![Piece::Text(format!("<extension {code}>"))],
            Node::Buffer => vec![Piece::Fixed("<buffer beside the pickle>")],
            Node::Global(_) => Vec::new(),
        };
        self.then(pieces);
    }

    /// Writes one element and leaves the rest for later.
    fn step(&mut self, mut walk: Walk) {
        let Some(items) = self.items(walk.node, walk.part) else { return };
        if walk.end.is_some_and(|end| walk.at >= end) {
            return;
        }
        let Some(&first) = items.kept.get(walk.at) else {
            if items.dropped > 0 {
                self.out.push(if walk.comma { ", " } else { "" });
                self.then(vec![Piece::Omission]);
            }
            return;
        };
        let mut pieces = vec![Piece::Fixed(if walk.comma { ", " } else { "" })];
        if walk.form == Form::List {
            pieces.push(Piece::Value(first));
            walk.at += 1;
        } else {
            let second = items.kept.get(walk.at + 1).copied().unwrap_or(Value::None);
            match self.heap.name(first).filter(|name| walk.form == Form::Keywords && is_identifier(name)) {
                Some(name) => pieces.extend([Piece::Name(name.into_owned()), Piece::Fixed("=")]),
                None => pieces.extend([Piece::Value(first), Piece::Fixed(": ")]),
            }
            pieces.push(Piece::Value(second));
            walk.at += 2;
        }
        walk.comma = true;
        pieces.push(Piece::Walk(walk));
        self.then(pieces);
    }

    fn items(&self, node: u32, part: Part) -> Option<&Items> {
        Some(match (self.heap.nodes.get(node as usize)?, part) {
            (Node::Call(call), Part::Pairs) => &call.pairs,
            (Node::Call(call), Part::Elements) => &call.items,
            (
                Node::Tuple(items)
                | Node::List(items)
                | Node::Dict(items)
                | Node::Set(items)
                | Node::FrozenSet(items),
                _,
            ) => items,
            _ => return None,
        })
    }
}

fn brackets(node: &Node) -> (&'static str, &'static str) {
    match node {
        Node::Tuple(_) => ("(", ")"),
        Node::List(_) => ("[", "]"),
        Node::Dict(_) | Node::Set(_) => ("{", "}"),
        Node::FrozenSet(_) => ("frozenset({", "})"),
        _ => ("<", ">"),
    }
}

/// Whether Python takes the text as a keyword's name.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// The call as the pickle has it: what is called with what, then what is done to the result.
pub(super) fn generic(heap: &Heap, id: u32, call: &Call) -> Vec<Piece> {
    let callee = match heap.global(call.function) {
        Some(global) => known::callee(global),
        None => Piece::Value(call.function),
    };
    let args = match (heap.node(call.args), call.args) {
        (Some(Node::Tuple(items)), _) if items.is_empty() => Vec::new(),
        (Some(Node::Tuple(_)), Value::Node(args)) => {
            vec![Piece::Walk(Walk::new(args, Part::Elements, Form::List))]
        }
        _ => vec![Piece::Fixed("*"), Piece::Value(call.args)],
    };
    object(heap, id, call, callee, args)
}

/// An object with its arguments, its attributes as if they were keyword arguments, and what was put into it.
pub(super) fn object(heap: &Heap, id: u32, call: &Call, callee: Piece, args: Vec<Piece>) -> Vec<Piece> {
    let mut comma = !args.is_empty();
    let mut pieces = vec![callee, Piece::Fixed("(")];
    pieces.extend(args);
    for attributes in [call.kwargs, keywords_of(heap, call.state)].into_iter().flatten() {
        let Value::Node(node) = attributes else { continue };
        let Some(Node::Dict(items)) = heap.node(attributes) else { continue };
        let walk = Walk::new(node, Part::Elements, Form::Keywords);
        pieces.push(Piece::Walk(if comma { walk.after_comma() } else { walk }));
        comma |= !items.is_empty();
    }
    pieces.push(Piece::Fixed(")"));
    if let Some(state) = call.state.filter(|state| keywords_of(heap, Some(*state)).is_none()) {
        pieces.extend([Piece::Fixed(" <state "), Piece::Value(state), Piece::Fixed(">")]);
    }
    if !call.items.is_empty() {
        let walk = Piece::Walk(Walk::new(id, Part::Elements, Form::List));
        pieces.extend([Piece::Fixed(" <elements ["), walk, Piece::Fixed("]>")]);
    }
    if !call.pairs.is_empty() {
        let walk = Piece::Walk(Walk::new(id, Part::Pairs, Form::Dict));
        pieces.extend([Piece::Fixed(" <items {"), walk, Piece::Fixed("}>")]);
    }
    pieces
}

/// A state that is a dict of attributes; `(None, {…})` where the class has slots.
fn keywords_of(heap: &Heap, state: Option<Value>) -> Option<Value> {
    let state = state?;
    if matches!(heap.node(state), Some(Node::Dict(_))) {
        return Some(state);
    }
    match heap.tuple(state)? {
        [Value::None, slots] if matches!(heap.node(*slots), Some(Node::Dict(_))) => Some(*slots),
        _ => None,
    }
}

impl Items {
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.dropped == 0
    }
}
