//! Pickles shown as data: read by a machine that imports nothing and calls nothing.
//!
//! Python runs a pickle as a program, and reading one from a directory that others can write to is running their code. Here the same
//! opcodes only move descriptions about: [`Pickle::read`] makes a graph of what would be built, [`Pickle::text`] prints it in Python's
//! notation, [`Pickle::findings`] tells what would have been imported and called. Whatever the bytes are, memory and time stay below
//! [`Limits`].

mod allow;
mod audit;
mod heap;
mod known;
mod machine;
mod memoize;
pub mod notation;
mod numeric;
mod print;
mod temporal;
#[cfg(test)]
mod tests;

pub use audit::{Action, Finding};
pub use memoize::Memoized;
pub use notation::Shown;

use heap::{Heap, Node, Value};

/// How far a pickle is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most opcodes.
    pub opcodes: u64,
    /// Most bytes of memory, the input not counted; about that.
    pub memory: usize,
    /// Elements of one container that are kept to be shown; the others are counted.
    pub kept_items: usize,
    /// Findings that are kept; the others are counted.
    pub findings: usize,
}

impl Limits {
    /// For one of many keys in a list.
    pub const KEY: Self = Self { opcodes: 100_000, memory: 1 << 20, kept_items: 1000, findings: 4 };
    /// For one value that somebody asked for.
    pub const VALUE: Self =
        Self { opcodes: 100_000_000, memory: 256 << 20, kept_items: 20_000, findings: 100 };
}

/// Why a pickle could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct Damage {
    /// Byte of the opcode that could not be done.
    pub offset: u64,
    /// In a few words.
    pub what: &'static str,
}

/// A Python object without parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// An `int` of 64 bits.
    Integer(i64),
    /// A `float`.
    Float(f64),
    /// A `str`; unescaped.
    Text(String),
}

/// A pickle that was read.
#[derive(Debug)]
pub struct Pickle<'a> {
    heap: Heap<'a>,
    root: Result<Value, Damage>,
    /// The protocol it names, 0 where it names none (as protocol 1).
    pub protocol: u8,
    /// Opcodes that were read.
    pub opcodes: u64,
    /// Bytes behind the end of the pickle, which Python ignores.
    pub trailing: u64,
    /// What Python would import, call or change outside of the allow-list, in order; of a damaged pickle what stands before the damage,
    /// which Python runs as well.
    pub findings: Vec<Finding>,
    /// Findings beyond [`Limits::findings`].
    pub findings_left_out: u64,
    /// Whether one of all findings runs code ([`Finding::runs_code`]).
    pub runs_code: bool,
}

impl<'a> Pickle<'a> {
    /// Reads a pickle of protocols 0 to 5. Never fails: see [`Pickle::damage`].
    pub fn read(bytes: &'a [u8], limits: Limits) -> Self {
        let mut machine = machine::Machine::new(bytes, limits);
        let root = machine.run();
        let trailing = if root.is_ok() { (bytes.len() - machine.at) as u64 } else { 0 };
        Self {
            heap: machine.heap,
            root,
            protocol: machine.protocol,
            opcodes: machine.opcodes,
            trailing,
            findings: machine.audit.findings,
            findings_left_out: machine.audit.left_out,
            runs_code: machine.audit.runs_code,
        }
    }

    /// Why it could not be read to its end; `None` for a whole pickle.
    pub fn damage(&self) -> Option<Damage> {
        self.root.err()
    }

    /// The object in Python's notation in about `budget` characters; an empty text for a damaged pickle.
    pub fn text(&self, budget: usize) -> Shown {
        self.root.map_or_else(|_| Shown::default(), |root| print::value(&self.heap, root, budget))
    }

    /// The function and its arguments, for a key that `memoize` made.
    pub fn memoized(&self, budget: usize) -> Option<Memoized> {
        memoize::read(&self.heap, self.root.ok()?, budget)
    }

    /// The elements of a tuple of two plain values.
    pub fn pair(&self) -> Option<(Plain, Plain)> {
        match *self.heap.tuple(self.root.ok()?)? {
            [first, second] => self.plain(first).zip(self.plain(second)),
            _ => None,
        }
    }

    /// The plain value under text keys of dicts in each other.
    pub fn field(&self, keys: &[&str]) -> Option<Plain> {
        let value = keys.iter().try_fold(self.root.ok()?, |dict, key| self.heap.item(dict, key))?;
        self.plain(value)
    }

    fn plain(&self, value: Value) -> Option<Plain> {
        match value {
            Value::Int(n) => Some(Plain::Integer(n)),
            Value::Float(x) => Some(Plain::Float(x)),
            value => self.heap.name(value).map(|text| Plain::Text(text.into_owned())),
        }
    }

    /// The name of the object's class: `dict`, `datetime.datetime`, `app.models.Point`. Empty for a damaged pickle; unescaped.
    pub fn type_name(&self) -> String {
        let Ok(root) = self.root else { return String::new() };
        match root {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::BigInt(_) | Value::Digits(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) | Value::EscapedText(_) => "str",
            Value::OldText(_) | Value::Literal(_) if self.heap.text_bytes(root).is_some() => "str",
            Value::OldText(_) | Value::Literal(_) | Value::Bytes(_) => "bytes",
            Value::Bytearray(_) => "bytearray",
            Value::Node(_) => match self.heap.node(root) {
                Some(Node::Tuple(_)) => "tuple",
                Some(Node::List(_)) => "list",
                Some(Node::Dict(_)) => "dict",
                Some(Node::Set(_)) => "set",
                Some(Node::FrozenSet(_)) => "frozenset",
                Some(Node::Call(call)) => return known::made_type(&self.heap, call),
                Some(Node::Global(_)) => "class or function",
                _ => "object",
            },
        }
        .to_owned()
    }
}
