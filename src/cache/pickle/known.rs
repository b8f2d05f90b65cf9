//! Classes whose pickled form can be shown as Python shows the object itself.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    allow::{Trust, trust},
    heap::{Call, Global, Heap, Node, Value},
    notation, numeric,
    print::{self, Form, Part, Piece, Walk},
    temporal,
};

/// A class or function as a value.
pub(super) fn global(global: &Global) -> Piece {
    let Global { module, name, .. } = global;
    match (module.as_str(), name.as_str(), trust(module, name)) {
        ("builtins", "Ellipsis" | "NotImplemented", _) => Piece::Name(name.clone()),
        ("builtins", "classmethod" | "property" | "staticmethod" | "super" | "type", _)
        | ("builtins", _, Trust::Callable) => Piece::Name(format!("<class '{name}'>")),
        ("builtins", _, Trust::Mention) => Piece::Name(format!("<built-in function {name}>")),
        (_, _, Trust::Callable) if !name.starts_with('_') && name != "encode" => {
            Piece::Name(format!("<class '{module}.{name}'>"))
        }
        _ => callee(global),
    }
}

/// A class or function before its arguments: without its module where that is Python itself.
pub(super) fn callee(global: &Global) -> Piece {
    if global.module == "builtins" || prints_short(&global.module, &global.name) {
        return Piece::Name(global.name.clone());
    }
    Piece::Name(format!("{}.{}", global.module, global.name))
}

/// Classes whose own `repr` leaves out the module.
fn prints_short(module: &str, name: &str) -> bool {
    let module = matches!(
        module,
        "collections" | "decimal" | "fractions" | "ipaddress" | "pathlib" | "pathlib._local" | "uuid"
    );
    module && !name.contains('.')
}

/// What a call made.
pub(super) fn call(heap: &Heap, id: u32, call: &Call) -> Vec<Piece> {
    known(heap, id, call).unwrap_or_else(|| print::generic(heap, id, call))
}

fn known(heap: &Heap, id: u32, call: &Call) -> Option<Vec<Piece>> {
    let function = heap.global(call.function)?;
    let args = heap.tuple(call.args).filter(|_| call.kwargs.is_none())?;
    match (function.module.as_str(), function.name.as_str()) {
        ("builtins", name) => builtin(heap, call, name, args),
        ("_codecs", "encode") => Some(vec![Piece::Bytes(heap.bytes(Value::Node(id))?.into_owned())]),
        ("collections", name) => collection(heap, id, call, name, args),
        ("copyreg", "_reconstructor") => reconstructed(heap, id, call, args),
        ("datetime", name) => temporal::pieces(heap, name, args),
        ("fractions", "Fraction") => fraction(heap, args),
        ("ipaddress", name @ ("IPv4Address" | "IPv6Address")) => address(heap, name, args),
        ("pathlib" | "pathlib._local", name) => path(heap, name, args),
        ("re", "_compile") => pattern(heap, args),
        ("uuid", "UUID") => uuid(heap, call),
        ("zoneinfo", "ZoneInfo._unpickle") => {
            let [key, ..] = args else { return None };
            Some(vec![Piece::Fixed("zoneinfo.ZoneInfo(key="), Piece::Value(*key), Piece::Fixed(")")])
        }
        (module, name) if module.starts_with("numpy") || module.starts_with("pandas") => {
            numeric::pieces(heap, call, module, name, args)
        }
        _ => None,
    }
}

fn builtin(heap: &Heap, call: &Call, name: &str, args: &[Value]) -> Option<Vec<Piece>> {
    match (name, args) {
        ("set" | "frozenset", [list @ Value::Node(node)]) if call.items.is_empty() => {
            let Node::List(items) = heap.node(*list)? else { return None };
            if items.is_empty() {
                return Some(vec![Piece::Name(format!("{name}()"))]);
            }
            let walk = Piece::Walk(Walk::new(*node, Part::Elements, Form::List));
            let (open, close) = if name == "set" { ("{", "}") } else { ("frozenset({", "})") };
            Some(vec![Piece::Fixed(open), walk, Piece::Fixed(close)])
        }
        ("bytes", []) => Some(vec![Piece::Fixed("b''")]),
        ("bytearray", args) => {
            let bytes = match args {
                [] => Vec::new(),
                [bytes] => heap.bytes(*bytes)?.into_owned(),
                [text, encoding] => heap.latin1(*text, *encoding)?,
                _ => return None,
            };
            Some(vec![Piece::Fixed("bytearray("), Piece::Bytes(bytes), Piece::Fixed(")")])
        }
        ("complex", [Value::Float(real), Value::Float(imaginary)]) => {
            Some(vec![Piece::Text(notation::complex(*real, *imaginary))])
        }
        ("range", [start, stop, Value::Int(1)]) => Some(vec![
            Piece::Fixed("range("),
            Piece::Value(*start),
            Piece::Fixed(", "),
            Piece::Value(*stop),
            Piece::Fixed(")"),
        ]),
        ("type", [Value::None]) => Some(vec![Piece::Fixed("<class 'NoneType'>")]),
        ("getattr", [class, member]) => {
            let (class, member) = (heap.global(*class)?, heap.name(*member)?);
            Some(vec![callee(class), Piece::Fixed("."), Piece::Name(member.into_owned())])
        }
        _ => None,
    }
}

fn collection(heap: &Heap, id: u32, call: &Call, name: &str, args: &[Value]) -> Option<Vec<Piece>> {
    let pairs = Piece::Walk(Walk::new(id, Part::Pairs, Form::Dict));
    match (name, args) {
        ("OrderedDict", []) if !call.pairs.is_empty() => {
            Some(vec![Piece::Fixed("OrderedDict({"), pairs, Piece::Fixed("})")])
        }
        ("OrderedDict", []) => Some(vec![Piece::Fixed("OrderedDict()")]),
        ("Counter", [empty]) if matches!(heap.node(*empty), Some(Node::Dict(items)) if items.is_empty()) => {
            Some(vec![Piece::Fixed("Counter()")])
        }
        ("defaultdict", [] | [_]) => {
            let factory = args.first().copied().unwrap_or(Value::None);
            let open = [Piece::Fixed("defaultdict("), Piece::Value(factory), Piece::Fixed(", {")];
            Some(open.into_iter().chain([pairs, Piece::Fixed("})")]).collect())
        }
        ("deque", args) => {
            let mut pieces = vec![Piece::Fixed("deque([")];
            let given = match args.first() {
                Some(list @ Value::Node(node)) => {
                    let (Node::List(items) | Node::Tuple(items)) = heap.node(*list)? else { return None };
                    pieces.push(Piece::Walk(Walk::new(*node, Part::Elements, Form::List)));
                    !items.is_empty()
                }
                Some(_) => return None,
                None => false,
            };
            let added = Walk::new(id, Part::Elements, Form::List);
            if !call.items.is_empty() {
                pieces.push(Piece::Walk(if given { added.after_comma() } else { added }));
            }
            pieces.push(Piece::Fixed("]"));
            match args.get(1) {
                Some(Value::None) | None => {}
                Some(longest) => pieces.extend([Piece::Fixed(", maxlen="), Piece::Value(*longest)]),
            }
            pieces.push(Piece::Fixed(")"));
            Some(pieces)
        }
        _ => None,
    }
}

/// How protocols 0 and 1 write objects: `_reconstructor(class, base, value of the base)`.
fn reconstructed(heap: &Heap, id: u32, call: &Call, args: &[Value]) -> Option<Vec<Piece>> {
    let [class, _, value] = args else { return None };
    let class = heap.global(*class)?;
    if (class.module.as_str(), class.name.as_str()) == ("uuid", "UUID") {
        return uuid(heap, call);
    }
    let callee = callee(class);
    let value = match value {
        Value::None => Vec::new(),
        value => vec![Piece::Value(*value)],
    };
    Some(print::object(heap, id, call, callee, value))
}

fn fraction(heap: &Heap, args: &[Value]) -> Option<Vec<Piece>> {
    let [text] = args else { return None };
    let text = heap.name(*text)?;
    let (numerator, denominator) = text.split_once('/').unwrap_or((&text, "1"));
    Some(vec![Piece::Name(format!("Fraction({numerator}, {denominator})"))])
}

fn path(heap: &Heap, class: &str, parts: &[Value]) -> Option<Vec<Piece>> {
    let separator = if class.contains("Windows") { '\\' } else { '/' };
    let mut path = String::new();
    for part in parts {
        if !path.is_empty() && !path.ends_with(separator) {
            path.push(separator);
        }
        path.push_str(&heap.text(*part)?);
    }
    if path.is_empty() {
        path.push('.');
    }
    // Paths are shown with forward slashes, those of Windows too.
    let path = path.replace(separator, "/");
    let text = Piece::Quoted(path);
    Some(vec![Piece::Name(format!("{class}(")), text, Piece::Fixed(")")])
}

fn pattern(heap: &Heap, args: &[Value]) -> Option<Vec<Piece>> {
    const NAMES: [(i64, &str); 6] = [
        (2, "re.IGNORECASE"),
        (4, "re.LOCALE"),
        (8, "re.MULTILINE"),
        (16, "re.DOTALL"),
        (64, "re.VERBOSE"),
        (256, "re.ASCII"),
    ];
    let [pattern, flags] = args else { return None };
    let flags = heap.int(*flags)?;
    let named: Vec<&str> = NAMES.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect();
    let flags = if named.is_empty() { String::new() } else { format!(", {}", named.join("|")) };
    Some(vec![Piece::Fixed("re.compile("), Piece::Value(*pattern), Piece::Text(flags), Piece::Fixed(")")])
}

fn uuid(heap: &Heap, call: &Call) -> Option<Vec<Piece>> {
    let number = unsigned(heap, heap.item(call.state?, "int")?)?;
    let hex = format!("{number:032x}");
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Some(vec![Piece::Text(format!("UUID('{}')", groups.join("-")))])
}

fn address(heap: &Heap, class: &str, args: &[Value]) -> Option<Vec<Piece>> {
    let number = unsigned(heap, *args.first()?)?;
    let text = match class {
        "IPv4Address" => Ipv4Addr::from_bits(u32::try_from(number).ok()?).to_string(),
        _ => Ipv6Addr::from_bits(number).to_string(),
    };
    Some(vec![Piece::Name(format!("{class}(")), Piece::Quoted(text), Piece::Fixed(")")])
}

/// A number of up to 128 bits.
fn unsigned(heap: &Heap, value: Value) -> Option<u128> {
    match value {
        Value::Int(n) => u128::try_from(n).ok(),
        Value::Digits(span) => std::str::from_utf8(heap.slice(span)).ok()?.parse().ok(),
        Value::BigInt(span) => {
            let bytes = heap.slice(span);
            let (number, sign) = bytes.split_at_checked(16).unwrap_or((bytes, &[]));
            let negative = sign.is_empty() && number.last().is_some_and(|b| b & 0x80 != 0);
            let fits = !negative && sign.iter().all(|b| *b == 0);
            fits.then(|| number.iter().rev().fold(0, |n, byte| n << 8 | u128::from(*byte)))
        }
        _ => None,
    }
}

/// The name of the class of what a call made, as far as it can be known without calling.
pub(super) fn made_type(heap: &Heap, call: &Call) -> String {
    let Some(function) = heap.global(call.function) else { return "object".to_owned() };
    let first = || heap.tuple(call.args).and_then(|args| heap.global(*args.first()?));
    let class = match (function.module.as_str(), function.name.as_str()) {
        ("copyreg", _) | ("builtins", "getattr") => first().unwrap_or(function),
        ("_codecs", "encode") => return "bytes".to_owned(),
        ("re", "_compile") => return "re.Pattern".to_owned(),
        (module, "_unpickle_timestamp") if module.starts_with("pandas") => {
            return "pandas.Timestamp".to_owned();
        }
        (_, "_reconstruct" | "_new_Index" | "_new_DatetimeIndex" | "_new_PeriodIndex") => {
            first().unwrap_or(function)
        }
        (_, "_frombuffer") => return "numpy.ndarray".to_owned(),
        (_, "scalar") => return "numpy scalar".to_owned(),
        _ => function,
    };
    let name = if class.module == "builtins" {
        class.name.clone()
    } else {
        format!("{}.{}", class.module, class.name)
    };
    name.chars().take(200).collect()
}
