//! Objects of NumPy and pandas: scalars as numbers, arrays and tables as a summary.

use super::{
    heap::{Call, Heap, Node, Value},
    notation,
    print::Piece,
};

pub(super) fn pieces(
    heap: &Heap,
    call: &Call,
    module: &str,
    name: &str,
    args: &[Value],
) -> Option<Vec<Piece>> {
    match name {
        "scalar" => scalar(heap, args),
        "dtype" if module == "numpy" => {
            let dtype = dtype_of(heap, call)?;
            Some(vec![Piece::Name(format!("dtype('{}')", dtype.name()))])
        }
        "_reconstruct" => {
            let [_, shape, dtype, _, data] = heap.tuple(call.state?)? else { return None };
            array(heap, *shape, *dtype, *data)
        }
        "_frombuffer" => {
            let [data, dtype, shape, ..] = args else { return None };
            array(heap, *shape, *dtype, *data)
        }
        "DataFrame" | "Series" => table(heap, call, name),
        "_nat_unpickle" => Some(vec![Piece::Fixed("NaT")]),
        "_new_Index" | "_new_DatetimeIndex" | "_new_PeriodIndex" => {
            let [class, fields] = args else { return None };
            let class = heap.global(*class)?.name.clone();
            let length = heap.item(*fields, "data").and_then(|data| array_length(heap, data))?;
            Some(vec![Piece::Name(format!("<pandas.{class} of {length} values>"))])
        }
        "_unpickle_timestamp" => timestamp(heap, args),
        _ => None,
    }
}

/// What is known of the type of an element.
struct Dtype {
    /// As NumPy abbreviates it, without byte order: `f8`.
    code: String,
    big_endian: bool,
}

impl Dtype {
    fn name(&self) -> String {
        let bits = self.code[1..].parse::<u32>().ok().map(|bytes| bytes * 8);
        match (self.code.as_bytes()[0], bits) {
            (b'f', Some(bits)) => format!("float{bits}"),
            (b'i', Some(bits)) => format!("int{bits}"),
            (b'u', Some(bits)) => format!("uint{bits}"),
            (b'c', Some(bits)) => format!("complex{bits}"),
            (b'b', Some(8)) => "bool".to_owned(),
            (b'O', _) => "object".to_owned(),
            _ => self.code.clone(),
        }
    }
}

fn dtype(heap: &Heap, value: Value) -> Option<Dtype> {
    dtype_of(heap, heap.call(value)?)
}

fn dtype_of(heap: &Heap, call: &Call) -> Option<Dtype> {
    let function = heap.global(call.function)?;
    let code = heap.name(*heap.tuple(call.args)?.first()?)?.into_owned();
    let plain = (2..20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if function.name != "dtype" || !plain {
        return None;
    }
    let order = call.state.and_then(|state| heap.tuple(state)).and_then(|state| state.get(1).copied());
    let big_endian = order.and_then(|order| heap.name(order)).is_some_and(|order| order == ">");
    Some(Dtype { code, big_endian })
}

fn scalar(heap: &Heap, args: &[Value]) -> Option<Vec<Piece>> {
    let [kind, bytes] = args else { return None };
    let dtype = dtype(heap, *kind)?;
    let mut bytes = heap.bytes(*bytes)?.into_owned();
    if dtype.big_endian {
        bytes.reverse();
    }
    let number = match (dtype.code.as_str(), bytes.as_slice()) {
        ("f8", b) => notation::float(f64::from_le_bytes(b.try_into().ok()?)),
        // The shortest digits for 32 bits, not those of the number widened to 64.
        ("f4", b) => {
            let narrow = f32::from_le_bytes(b.try_into().ok()?);
            if narrow.is_finite() {
                notation::float(narrow.to_string().parse().ok()?)
            } else {
                notation::float(narrow.into())
            }
        }
        ("b1", [0]) => "False".to_owned(),
        ("b1", [_]) => "True".to_owned(),
        (code, b) if code.starts_with('i') && !b.is_empty() && b.len() <= 8 => notation::big_int(b),
        (code, b) if code.starts_with('u') && !b.is_empty() && b.len() <= 8 => {
            notation::big_int(&[b, &[0]].concat())
        }
        _ => return Some(vec![Piece::Text(format!("<numpy scalar dtype={}>", dtype.name()))]),
    };
    Some(vec![Piece::Text(format!("np.{}({number})", dtype.name()))])
}

fn array(heap: &Heap, shape: Value, kind: Value, data: Value) -> Option<Vec<Piece>> {
    let kind = dtype(heap, kind).map_or_else(|| "?".to_owned(), |dtype| dtype.name());
    let size = match data {
        Value::Bytearray(span) => Some(span.len as usize),
        data => heap.bytes(data).map(|bytes| bytes.len()),
    };
    let size = size.map_or_else(String::new, |size| format!(", {size} bytes"));
    let start = format!("<numpy.ndarray dtype={kind} shape=");
    Some(vec![Piece::Text(start), Piece::Value(shape), Piece::Text(size), Piece::Fixed(">")])
}

/// A table: the lengths of its axes and the names of the columns.
fn table(heap: &Heap, call: &Call, name: &str) -> Option<Vec<Piece>> {
    let manager = ["_mgr", "_data"].iter().find_map(|key| heap.item(call.state?, key))?;
    let axes = axes(heap, heap.call(manager)?)?;
    let lengths: Vec<Option<u64>> = axes.iter().map(|axis| axis_length(heap, *axis)).collect();
    let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    if name == "Series" {
        return Some(vec![Piece::Text(format!("<pandas.Series of {} values>", count(*lengths.first()?)))]);
    }
    let [columns, rows] = lengths[..] else { return None };
    let mut pieces =
        vec![Piece::Text(format!("<pandas.DataFrame of {} rows x {} columns", count(rows), count(columns)))];
    if let Some(names) = axis_data(heap, axes[0]).and_then(|data| array_elements(heap, data)) {
        pieces.extend([Piece::Fixed(": "), Piece::Value(names)]);
    }
    pieces.push(Piece::Fixed(">"));
    Some(pieces)
}

/// The axes of a block manager, which stand among its arguments or at the start of its state.
fn axes<'h>(heap: &'h Heap, manager: &Call) -> Option<&'h [Value]> {
    let from_args = heap.tuple(manager.args).and_then(|args| heap.list(*args.get(1)?));
    from_args.or_else(|| heap.list(*heap.tuple(manager.state?)?.first()?))
}

fn axis_fields(heap: &Heap, axis: Value) -> Option<Value> {
    heap.tuple(heap.call(axis)?.args)?.get(1).copied()
}

fn axis_data(heap: &Heap, axis: Value) -> Option<Value> {
    heap.item(axis_fields(heap, axis)?, "data")
}

fn axis_length(heap: &Heap, axis: Value) -> Option<u64> {
    if let Some(data) = axis_data(heap, axis) {
        return array_length(heap, data);
    }
    let field = |name| heap.int(heap.item(axis_fields(heap, axis)?, name)?);
    let (start, stop, step) = (field("start")?, field("stop")?, field("step")?);
    let span = if step < 0 { start.checked_sub(stop)? } else { stop.checked_sub(start)? };
    let step = i64::try_from(step.unsigned_abs()).ok().filter(|step| *step > 0)?;
    u64::try_from(span.max(0)).ok().map(|span| span.div_ceil(step as u64))
}

/// The NumPy array in which an array of pandas keeps its values.
fn numpy_array<'h>(heap: &'h Heap<'_>, array: Value) -> Option<&'h Call> {
    let is_numpy = |call: &&Call| {
        heap.global(call.function).is_some_and(|g| matches!(g.name.as_str(), "_reconstruct" | "_frombuffer"))
    };
    let call = heap.call(array)?;
    if is_numpy(&call) {
        return Some(call);
    }
    heap.tuple(call.state?)?.iter().filter_map(|part| heap.call(*part)).find(is_numpy)
}

fn array_length(heap: &Heap, array: Value) -> Option<u64> {
    let call = numpy_array(heap, array)?;
    let shape = match call.state.and_then(|state| heap.tuple(state)) {
        Some([_, shape, ..]) => *shape,
        _ => *heap.tuple(call.args)?.get(2)?,
    };
    let [length] = heap.tuple(shape)? else { return None };
    heap.int(*length).and_then(|n| u64::try_from(n).ok())
}

/// The list of objects in an array of objects.
fn array_elements(heap: &Heap, array: Value) -> Option<Value> {
    let [_, _, _, _, data] = heap.tuple(numpy_array(heap, array)?.state?)? else { return None };
    matches!(heap.node(*data), Some(Node::List(_))).then_some(*data)
}

/// `_unpickle_timestamp(value, freq, tz, unit)`.
fn timestamp(heap: &Heap, args: &[Value]) -> Option<Vec<Piece>> {
    let [value, _, zone, ..] = args else { return None };
    // Units as NumPy numbers them: 7 seconds, 8 milli-, 9 micro-, 10 nanoseconds.
    let nanos = match args.get(3).and_then(|unit| heap.int(*unit)).unwrap_or(10) {
        7 => 1_000_000_000,
        8 => 1_000_000,
        9 => 1_000,
        10 => 1,
        _ => return None,
    };
    let since_epoch = u64::try_from(heap.int(*value)?.checked_mul(nanos)?).ok()?;
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(since_epoch);
    let text = humantime::format_rfc3339(time).to_string();
    let text = text.trim_end_matches('Z').replace('T', " ");
    let mut pieces = vec![Piece::Text(format!("Timestamp('{text}'"))];
    if !matches!(zone, Value::None) {
        pieces.extend([Piece::Fixed(", tz="), Piece::Value(*zone)]);
    }
    pieces.push(Piece::Fixed(")"));
    Some(pieces)
}
