//! What a pickle describes, as plain data: values in an arena, text and bytes as places in the input.

use std::borrow::Cow;

/// A place in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) len: u32,
}

/// One Python object. Those without parts are held here, the others in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// An `int` in two's complement, little-endian.
    BigInt(Span),
    /// An `int` beyond 64 bits in decimal digits, checked to be such.
    Digits(Span),
    /// UTF-8 in which surrogates may stand.
    Text(Span),
    /// Latin-1 with `\u` escapes.
    EscapedText(Span),
    /// The inside of a Python 2 string literal.
    Literal(Span),
    /// Bytes of a Python 2 string.
    OldText(Span),
    Bytes(Span),
    Bytearray(Span),
    Node(u32),
}

/// The elements of a container, those beyond a limit only counted.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) kept: Vec<Value>,
    pub(super) dropped: u64,
}

/// An object with parts.
#[derive(Debug)]
pub(super) enum Node {
    Tuple(Items),
    List(Items),
    /// Keys and values in turn.
    Dict(Items),
    Set(Items),
    FrozenSet(Items),
    Global(Global),
    Call(Box<Call>),
    /// What only the program that wrote the pickle can look up.
    Persistent(Value),
    /// A class or function behind a number of `copyreg`'s extension registry.
    Extension(u32),
    /// A buffer handed over beside the pickle.
    Buffer,
}

/// A class or function by name.
#[derive(Debug)]
pub(super) struct Global {
    pub(super) module: String,
    pub(super) name: String,
    /// Whether the audit has said already that its objects are given a state.
    pub(super) state_reported: bool,
}

/// What Python would get from calling something.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Value,
    /// A tuple, unless the pickle is wrong.
    pub(super) args: Value,
    pub(super) kwargs: Option<Value>,
    pub(super) state: Option<Value>,
    /// What is appended or added afterwards.
    pub(super) items: Items,
    /// Keys and values that are set afterwards.
    pub(super) pairs: Items,
}

/// The arena and the input it points into.
#[derive(Debug)]
pub(super) struct Heap<'a> {
    pub(super) input: &'a [u8],
    pub(super) nodes: Vec<Node>,
}

impl<'a> Heap<'a> {
    pub(super) fn slice(&self, span: Span) -> &'a [u8] {
        let start = span.start as usize;
        self.input.get(start..start + span.len as usize).unwrap_or_default()
    }

    pub(super) fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(id) => self.nodes.get(id as usize),
            _ => None,
        }
    }

    pub(super) fn global(&self, value: Value) -> Option<&Global> {
        match self.node(value)? {
            Node::Global(global) => Some(global),
            _ => None,
        }
    }

    pub(super) fn call(&self, value: Value) -> Option<&Call> {
        match self.node(value)? {
            Node::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The elements of a whole tuple.
    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::Tuple(items) if items.dropped == 0 => Some(&items.kept),
            _ => None,
        }
    }

    /// The elements of a whole list.
    pub(super) fn list(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::List(items) if items.dropped == 0 => Some(&items.kept),
            _ => None,
        }
    }

    /// The value of a text key in a dict.
    pub(super) fn item(&self, dict: Value, key: &str) -> Option<Value> {
        let Node::Dict(items) = self.node(dict)? else { return None };
        let pair = items.kept.chunks_exact(2).find(|pair| self.name(pair[0]).is_some_and(|t| t == key))?;
        Some(pair[1])
    }

    /// A `str` without surrogates.
    pub(super) fn text(&self, value: Value) -> Option<Cow<'a, str>> {
        match self.text_bytes(value)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }

    /// A `str` that can be a name: one of reasonable length. Looking at it costs next to nothing, however often a pickle repeats it.
    pub(super) fn name(&self, value: Value) -> Option<Cow<'a, str>> {
        const LONGEST: u32 = 4096;
        match value {
            Value::Text(span) | Value::EscapedText(span) | Value::OldText(span) | Value::Literal(span)
                if span.len <= LONGEST =>
            {
                self.text(value)
            }
            _ => None,
        }
    }

    /// A `str` as UTF-8 with surrogates. Python 2 strings are `str` where they are ASCII, as Python 3 reads them.
    pub(super) fn text_bytes(&self, value: Value) -> Option<Cow<'a, [u8]>> {
        match value {
            Value::Text(span) => Some(Cow::Borrowed(self.slice(span))),
            Value::EscapedText(span) => Some(Cow::Owned(unescape_text(self.slice(span)))),
            Value::OldText(span) => Some(self.slice(span)).filter(|b| b.is_ascii()).map(Cow::Borrowed),
            Value::Literal(span) => {
                Some(unescape_literal(self.slice(span))).filter(|b| b.is_ascii()).map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// The content of a `bytes`, however a protocol spells one.
    pub(super) fn bytes(&self, value: Value) -> Option<Cow<'a, [u8]>> {
        match value {
            Value::Bytes(span) | Value::OldText(span) => Some(Cow::Borrowed(self.slice(span))),
            Value::Literal(span) => Some(Cow::Owned(unescape_literal(self.slice(span)))),
            Value::Node(_) => self.encoded_bytes(value),
            _ => None,
        }
    }

    /// `_codecs.encode(text, 'latin1')`, which is how protocols 0 to 2 write `bytes`, and `bytes()`.
    fn encoded_bytes(&self, value: Value) -> Option<Cow<'a, [u8]>> {
        let call = self.call(value)?;
        let function = self.global(call.function)?;
        match (function.module.as_str(), function.name.as_str(), self.tuple(call.args)?) {
            ("builtins", "bytes", []) => Some(Cow::Borrowed(&[])),
            ("_codecs", "encode", [text, encoding]) => self.latin1(*text, *encoding).map(Cow::Owned),
            _ => None,
        }
    }

    /// The bytes of a text where the encoding is Latin-1.
    pub(super) fn latin1(&self, text: Value, encoding: Value) -> Option<Vec<u8>> {
        let encoding = self.name(encoding)?;
        let text = self.text(text).filter(|_| matches!(&*encoding, "latin1" | "latin-1"))?;
        text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
    }

    pub(super) fn int(&self, value: Value) -> Option<i64> {
        match value {
            Value::Int(n) => Some(n),
            Value::Bool(b) => Some(i64::from(b)),
            _ => None,
        }
    }
}

/// Python's `raw-unicode-escape`: Latin-1 in which only `\uXXXX` and `\UXXXXXXXX` mean something.
fn unescape_text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let mut backslashes = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let digits = match byte {
            b'u' if backslashes % 2 == 1 => 4,
            b'U' if backslashes % 2 == 1 => 8,
            _ => 0,
        };
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
        match bytes.get(at..at + digits).filter(|d| !d.is_empty()).and_then(hex) {
            Some(code) => {
                out.pop();
                push_code_point(&mut out, code);
                at += digits;
            }
            None => push_code_point(&mut out, u32::from(byte)),
        }
    }
    out
}

fn hex(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}

/// UTF-8, of surrogates too.
fn push_code_point(out: &mut Vec<u8>, code: u32) {
    if let Some(c) = char::from_u32(code) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else if code <= 0xffff {
        out.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8]);
    } else {
        out.extend_from_slice("\u{fffd}".as_bytes());
    }
}

/// The inside of a Python 2 string literal.
fn unescape_literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&escape) = bytes.get(at) else {
            out.push(byte);
            break;
        };
        at += 1;
        match escape {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'\\' | b'\'' | b'"' => out.push(escape),
            b'x' => match bytes.get(at..at + 2).and_then(hex) {
                Some(code) => {
                    out.push(code as u8);
                    at += 2;
                }
                None => out.extend([byte, escape]),
            },
            b'0'..=b'7' => {
                let len = bytes[at - 1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let code = bytes[at - 1..at - 1 + len].iter().fold(0_u32, |n, b| n * 8 + u32::from(b - b'0'));
                out.push(code as u8);
                at += len - 1;
            }
            _ => out.extend([byte, escape]),
        }
    }
    out
}
