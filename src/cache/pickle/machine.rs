//! The pickle machine without its powers: every opcode moves values about, none imports or calls anything.
//!
//! Source of the opcodes: `pickletools` of CPython 3.14, protocols 0 to 5. Where Python would stop with an error, so does this; where
//! it is unsure, reading goes on, so that the audit sees what a laxer reader would run.

use std::collections::BTreeMap;

use super::{
    Damage, Limits,
    audit::Audit,
    heap::{Call, Global, Heap, Items, Node, Span, Value},
};

pub(super) struct Machine<'a> {
    pub(super) heap: Heap<'a>,
    pub(super) audit: Audit,
    pub(super) protocol: u8,
    pub(super) opcodes: u64,
    /// Bytes read so far.
    pub(super) at: usize,
    limits: Limits,
    /// Bytes of memory spent.
    spent: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Vec<Value>,
    /// Memo places that do not follow the ones before.
    far_memo: BTreeMap<u64, Value>,
}

type Step<T> = Result<T, &'static str>;

const ENDS_EARLY: &str = "the data ends early";
const UNDERFLOW: &str = "an opcode needs more values than there are";
const TOO_BIG: &str = "more objects than are read";

impl<'a> Machine<'a> {
    pub(super) fn new(input: &'a [u8], limits: Limits) -> Self {
        Self {
            heap: Heap { input, nodes: Vec::new() },
            audit: Audit::new(limits.findings),
            protocol: 0,
            opcodes: 0,
            at: 0,
            limits,
            spent: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
            far_memo: BTreeMap::new(),
        }
    }

    /// Reads to the end of the pickle and returns what it describes.
    pub(super) fn run(&mut self) -> Result<Value, Damage> {
        if u32::try_from(self.heap.input.len()).is_err() {
            return Err(Damage { offset: 0, what: "it is larger than 4 GiB" });
        }
        loop {
            let offset = self.at;
            match self.step() {
                Ok(None) => {}
                Ok(Some(value)) => return Ok(value),
                Err(what) => return Err(Damage { offset: offset as u64, what }),
            }
        }
    }

    fn step(&mut self) -> Step<Option<Value>> {
        let offset = self.at as u64;
        let opcode = self.u8()?;
        self.opcodes += 1;
        if self.opcodes > self.limits.opcodes {
            return Err("more opcodes than are read");
        }
        match opcode {
            b'.' => return self.pop().map(Some),
            0x80 => self.protocol()?,
            0x95 => self.frame()?,
            b'(' => self.mark()?,
            b'0' => self.discard()?,
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push(top)?;
            }
            b'p' | b'q' | b'r' | 0x94 => self.put(opcode)?,
            b'g' | b'h' | b'j' => self.get(opcode)?,
            b'a' | b'e' | b's' | b'u' | 0x90 => self.extend(opcode)?,
            b'c' | 0x93 | b'i' | b'o' | b'R' | 0x81 | 0x92 | b'b' | 0x82..=0x84 | b'P' | b'Q' => {
                self.object(opcode, offset)?;
            }
            b')' | b't' | 0x85..=0x87 | b']' | b'l' | b'}' | b'd' | 0x8f | 0x91 => self.container(opcode)?,
            0x97 => self.node(Node::Buffer)?,
            0x98 => drop(self.top()?),
            _ => {
                let value = self.atom(opcode)?;
                self.push(value)?;
            }
        }
        Ok(None)
    }

    fn protocol(&mut self) -> Step<()> {
        self.protocol = self.u8()?;
        if self.protocol > 5 { Err("the protocol is not known") } else { Ok(()) }
    }

    fn frame(&mut self) -> Step<()> {
        let len = self.length(8)?;
        if len > self.rest() { Err("a frame is longer than the data") } else { Ok(()) }
    }

    fn atom(&mut self, opcode: u8) -> Step<Value> {
        Ok(match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::from(self.u8()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'I' => self.decimal_or_bool()?,
            b'L' => self.decimal_long()?,
            0x8a => self.long(1)?,
            0x8b => self.long(4)?,
            b'F' => self.decimal_float()?,
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            b'V' => Value::EscapedText(self.line()?),
            b'X' => Value::Text(self.counted(4)?),
            0x8c => Value::Text(self.counted(1)?),
            0x8d => Value::Text(self.counted(8)?),
            b'S' => self.literal()?,
            b'T' => Value::OldText(self.counted(4)?),
            b'U' => Value::OldText(self.counted(1)?),
            b'B' => Value::Bytes(self.counted(4)?),
            b'C' => Value::Bytes(self.counted(1)?),
            0x8e => Value::Bytes(self.counted(8)?),
            0x96 => Value::Bytearray(self.counted(8)?),
            _ => return Err("an opcode is not known"),
        })
    }

    fn container(&mut self, opcode: u8) -> Step<()> {
        let node = match opcode {
            b')' => Node::Tuple(Items::default()),
            b't' => Node::Tuple(self.marked()?),
            0x85..=0x87 => Node::Tuple(self.last(usize::from(opcode - 0x84))?),
            b']' => Node::List(Items::default()),
            b'l' => Node::List(self.marked()?),
            b'}' => Node::Dict(Items::default()),
            b'd' => Node::Dict(self.marked()?),
            0x8f => Node::Set(Items::default()),
            _ => Node::FrozenSet(self.marked()?),
        };
        if matches!(&node, Node::Dict(items) if items.kept.len() % 2 == 1) {
            return Err("a dict has a key without a value");
        }
        self.node(node)
    }

    fn object(&mut self, opcode: u8, offset: u64) -> Step<()> {
        match opcode {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let global = self.import(module, name, offset);
                self.node(global)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(module), Some(name)) = (self.heap.name(module), self.heap.name(name)) else {
                    return Err("a class is named by something other than text");
                };
                let global = self.global(&module, &name, offset, "STACK_GLOBAL");
                self.node(global)
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let args = self.marked()?;
                let global = self.import(module, name, offset);
                self.call_new(global, args, offset, "INST")
            }
            b'o' => {
                let items = self.pop_mark()?;
                let (&class, args) = items.split_first().ok_or(UNDERFLOW)?;
                let args = Items { kept: args.to_vec(), dropped: 0 };
                self.node(Node::Tuple(args))?;
                let args = self.pop()?;
                self.call(class, args, None, offset, "OBJ")
            }
            b'R' => {
                let (args, function) = (self.pop()?, self.pop()?);
                self.call(function, args, None, offset, "REDUCE")
            }
            0x81 => {
                let (args, class) = (self.pop()?, self.pop()?);
                self.call(class, args, None, offset, "NEWOBJ")
            }
            0x92 => {
                let (kwargs, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.call(class, args, Some(kwargs), offset, "NEWOBJ_EX")
            }
            b'b' => self.build(offset),
            b'P' => {
                let id = self.line()?;
                self.node(Node::Persistent(Value::EscapedText(id)))
            }
            b'Q' => {
                let id = self.pop()?;
                self.node(Node::Persistent(id))
            }
            _ => {
                let code = self.length(if opcode == 0x84 { 4 } else { usize::from(opcode - 0x81) })?;
                self.audit.extension(code, offset);
                self.node(Node::Extension(u32::try_from(code).unwrap_or(u32::MAX)))
            }
        }
    }

    fn import(&mut self, module: Span, name: Span, offset: u64) -> Node {
        let text = |span| String::from_utf8_lossy(self.heap.slice(span)).into_owned();
        let (module, name) = (text(module), text(name));
        self.global(&module, &name, offset, "GLOBAL")
    }

    fn global(&mut self, module: &str, name: &str, offset: u64, opcode: &'static str) -> Node {
        // Names from outside can be as long as the file; each is held once for every opcode that imports it.
        self.spent = self.spent.saturating_add(module.len() + name.len());
        let (module, name) = python3_name(module, name);
        self.audit.import(module, name, offset, opcode);
        Node::Global(Global { module: module.to_owned(), name: name.to_owned(), state_reported: false })
    }

    fn call_new(&mut self, class: Node, args: Items, offset: u64, opcode: &'static str) -> Step<()> {
        self.node(class)?;
        let class = self.pop()?;
        self.node(Node::Tuple(args))?;
        let args = self.pop()?;
        self.call(class, args, None, offset, opcode)
    }

    fn call(
        &mut self,
        function: Value,
        args: Value,
        kwargs: Option<Value>,
        offset: u64,
        opcode: &'static str,
    ) -> Step<()> {
        self.audit.call(&self.heap, function, args, offset, opcode);
        let call =
            Call { function, args, kwargs, state: None, items: Items::default(), pairs: Items::default() };
        self.spend(size_of::<Call>())?;
        self.node(Node::Call(Box::new(call)))
    }

    fn build(&mut self, offset: u64) -> Step<()> {
        let state = self.pop()?;
        let Value::Node(id) = self.top()? else { return Err("a plain value is given a state") };
        let (function, args) = match self.heap.nodes.get_mut(id as usize) {
            Some(Node::Call(call)) => {
                call.state = Some(state);
                (call.function, call.args)
            }
            // The attributes of a class, function or module would be set.
            Some(Node::Global(_)) => {
                self.audit.change(&self.heap, Value::Node(id), offset, "BUILD");
                return Ok(());
            }
            Some(Node::Persistent(_) | Node::Extension(_)) => return Ok(()),
            _ => return Err("a plain value is given a state"),
        };
        self.audit.state(&mut self.heap, function, args, offset);
        Ok(())
    }

    /// APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS.
    fn extend(&mut self, opcode: u8) -> Step<()> {
        let new = match opcode {
            b'a' => self.pop_last(1)?,
            b's' => self.pop_last(2)?,
            _ => self.pop_mark()?,
        };
        let is_pairs = matches!(opcode, b's' | b'u');
        if is_pairs && new.len() % 2 == 1 {
            return Err("a dict is given a key without a value");
        }
        let offset = self.at as u64 - 1;
        let target = self.top()?;
        let Value::Node(id) = target else { return Err("a plain value is given elements") };
        let keep = self.limits.kept_items;
        let grown = match self.heap.nodes.get_mut(id as usize) {
            Some(Node::List(items)) if matches!(opcode, b'a' | b'e') => items.extend(new, keep),
            Some(Node::Dict(items)) if is_pairs => items.extend(new, keep),
            Some(Node::Set(items)) if opcode == 0x90 => items.extend(new, keep),
            Some(Node::Call(call)) if is_pairs => call.pairs.extend(new, keep),
            Some(Node::Call(call)) => call.items.extend(new, keep),
            // A method of a class or an element of a module's list would be used.
            Some(Node::Global(_)) => {
                self.audit.change(&self.heap, target, offset, "APPEND");
                0
            }
            Some(Node::Persistent(_) | Node::Extension(_)) => 0,
            _ => return Err("elements are given to something that takes none"),
        };
        self.spend(grown * size_of::<Value>())
    }

    fn mark(&mut self) -> Step<()> {
        self.marks.push(self.stack.len());
        self.spend(size_of::<usize>())
    }

    fn discard(&mut self) -> Step<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn put(&mut self, opcode: u8) -> Step<()> {
        let place = match opcode {
            b'p' => self.decimal_place()?,
            b'q' => self.length(1)? as u64,
            b'r' => self.length(4)? as u64,
            _ => (self.memo.len() + self.far_memo.len()) as u64,
        };
        let value = self.top()?;
        let next = self.memo.len() as u64;
        if place == next {
            self.far_memo.remove(&place);
            self.memo.push(value);
        } else if let Some(slot) = usize::try_from(place).ok().and_then(|place| self.memo.get_mut(place)) {
            *slot = value;
        } else {
            self.far_memo.insert(place, value);
            self.spend(2 * size_of::<Value>())?;
        }
        self.spend(size_of::<Value>())
    }

    fn get(&mut self, opcode: u8) -> Step<()> {
        let place = match opcode {
            b'g' => self.decimal_place()?,
            b'h' => self.length(1)? as u64,
            _ => self.length(4)? as u64,
        };
        let near = usize::try_from(place).ok().and_then(|place| self.memo.get(place));
        let value = near.or_else(|| self.far_memo.get(&place)).copied();
        self.push(value.ok_or("a memo place is read that was not written")?)
    }

    fn push(&mut self, value: Value) -> Step<()> {
        self.stack.push(value);
        // What is popped again costs nothing in the end.
        let live = self.stack.len().saturating_mul(size_of::<Value>());
        if self.spent.saturating_add(live) > self.limits.memory { Err(TOO_BIG) } else { Ok(()) }
    }

    fn spend(&mut self, bytes: usize) -> Step<()> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > self.limits.memory { Err(TOO_BIG) } else { Ok(()) }
    }

    /// Puts an object into the arena and on the stack.
    fn node(&mut self, node: Node) -> Step<()> {
        let id = u32::try_from(self.heap.nodes.len()).map_err(|_| TOO_BIG)?;
        self.heap.nodes.push(node);
        self.spend(size_of::<Node>())?;
        self.push(Value::Node(id))
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Step<Value> {
        if self.stack.len() <= self.floor() {
            return Err(UNDERFLOW);
        }
        self.stack.pop().ok_or(UNDERFLOW)
    }

    fn top(&self) -> Step<Value> {
        if self.stack.len() <= self.floor() {
            return Err(UNDERFLOW);
        }
        self.stack.last().copied().ok_or(UNDERFLOW)
    }

    /// The values above the last mark, which is removed.
    fn pop_mark(&mut self) -> Step<Vec<Value>> {
        let mark = self.marks.pop().ok_or("there is no mark")?;
        Ok(self.stack.drain(mark.min(self.stack.len())..).collect())
    }

    fn pop_last(&mut self, n: usize) -> Step<Vec<Value>> {
        let start =
            self.stack.len().checked_sub(n).filter(|start| *start >= self.floor()).ok_or(UNDERFLOW)?;
        Ok(self.stack.drain(start..).collect())
    }

    fn marked(&mut self) -> Step<Items> {
        let values = self.pop_mark()?;
        self.limited(values)
    }

    fn last(&mut self, n: usize) -> Step<Items> {
        let values = self.pop_last(n)?;
        self.limited(values)
    }

    fn limited(&mut self, values: Vec<Value>) -> Step<Items> {
        let mut items = Items::default();
        let grown = items.extend(values, self.limits.kept_items);
        self.spend(grown * size_of::<Value>())?;
        Ok(items)
    }

    fn rest(&self) -> usize {
        self.heap.input.len() - self.at
    }

    fn take(&mut self, len: usize) -> Step<Span> {
        if len > self.rest() {
            return Err(ENDS_EARLY);
        }
        let span = Span { start: self.at as u32, len: len as u32 };
        self.at += len;
        Ok(span)
    }

    fn u8(&mut self) -> Step<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let span = self.take(N)?;
        self.heap.slice(span).try_into().map_err(|_| ENDS_EARLY)
    }

    /// A little-endian number of up to 8 bytes.
    fn length(&mut self, bytes: usize) -> Step<usize> {
        let span = self.take(bytes)?;
        let number = self.heap.slice(span).iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| ENDS_EARLY)
    }

    fn counted(&mut self, length_bytes: usize) -> Step<Span> {
        let len = self.length(length_bytes)?;
        self.take(len)
    }

    /// The bytes to the end of the line.
    fn line(&mut self) -> Step<Span> {
        let rest = self.heap.input.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|b| *b == b'\n').ok_or(ENDS_EARLY)?;
        let span = self.take(len)?;
        self.at += 1;
        Ok(span)
    }

    fn decimal_place(&mut self) -> Step<u64> {
        let span = self.line()?;
        let text = std::str::from_utf8(self.heap.slice(span)).ok();
        text.and_then(|text| text.trim().parse().ok()).ok_or("a memo place is no number")
    }

    fn decimal_or_bool(&mut self) -> Step<Value> {
        let span = self.line()?;
        match self.heap.slice(span) {
            b"00" => Ok(Value::Bool(false)),
            b"01" => Ok(Value::Bool(true)),
            _ => self.decimal(span),
        }
    }

    fn decimal_long(&mut self) -> Step<Value> {
        let mut span = self.line()?;
        if self.heap.slice(span).last() == Some(&b'L') {
            span.len -= 1;
        }
        self.decimal(span)
    }

    fn decimal(&self, span: Span) -> Step<Value> {
        let bytes = self.heap.slice(span);
        if let Some(n) = std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()) {
            return Ok(Value::Int(n));
        }
        let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
        let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        if valid { Ok(Value::Digits(span)) } else { Err("a number is none") }
    }

    fn decimal_float(&mut self) -> Step<Value> {
        let span = self.line()?;
        let text = std::str::from_utf8(self.heap.slice(span)).ok();
        text.and_then(|text| text.trim().parse().ok()).map(Value::Float).ok_or("a number is none")
    }

    fn long(&mut self, length_bytes: usize) -> Step<Value> {
        let span = self.counted(length_bytes)?;
        let bytes = self.heap.slice(span);
        if bytes.len() > 8 {
            return Ok(Value::BigInt(span));
        }
        let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [sign; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(whole)))
    }

    fn literal(&mut self) -> Step<Value> {
        let line = self.line()?;
        let text = self.heap.slice(line);
        let (lead, text) = (text.len() - text.trim_ascii_start().len(), text.trim_ascii());
        let quoted = matches!(text, [b'\'', .., b'\''] | [b'"', .., b'"']);
        if !quoted {
            return Err("a text has no quotes");
        }
        let start = line.start + lead as u32 + 1;
        Ok(Value::Literal(Span { start, len: text.len() as u32 - 2 }))
    }
}

impl Items {
    /// Adds what fits below the limit, counts the rest, and returns how many were added.
    fn extend(&mut self, new: Vec<Value>, keep: usize) -> usize {
        let room = keep.saturating_sub(self.kept.len()).min(new.len());
        self.dropped += (new.len() - room) as u64;
        if self.kept.is_empty() && room == new.len() {
            self.kept = new;
            self.kept.shrink_to_fit();
        } else {
            self.kept.extend(new.into_iter().take(room));
        }
        room
    }
}

/// Protocols 0 to 2 spell the standard library as Python 2 did; Python 3 reads those names as its own (`_compat_pickle`).
fn python3_name<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match (module, name) {
        ("__builtin__", "long") => ("builtins", "int"),
        ("__builtin__", "unicode") => ("builtins", "str"),
        ("__builtin__", "unichr") => ("builtins", "chr"),
        ("__builtin__", "xrange") => ("builtins", "range"),
        ("__builtin__", "reduce") => ("functools", "reduce"),
        ("__builtin__", "intern") => ("sys", "intern"),
        ("__builtin__" | "exceptions", name) => ("builtins", name),
        ("copy_reg", name) => ("copyreg", name),
        ("UserDict" | "UserList" | "UserString", name) => ("collections", name),
        ("cPickle", name) => ("pickle", name),
        ("commands", name) => ("subprocess", name),
        other => other,
    }
}
