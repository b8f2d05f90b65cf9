//! Dates and times, which Python packs into bytes.

use super::{
    heap::{Heap, Value},
    print::Piece,
};

/// An object of the `datetime` module from the arguments of its class.
pub(super) fn pieces(heap: &Heap, class: &str, args: &[Value]) -> Option<Vec<Piece>> {
    match class {
        "datetime" | "date" | "time" => moment(heap, class, args),
        "timedelta" => timedelta(heap, args).map(|text| vec![Piece::Text(text)]),
        "timezone" => timezone(heap, args),
        _ => None,
    }
}

fn moment(heap: &Heap, class: &str, args: &[Value]) -> Option<Vec<Piece>> {
    let (packed, zone) = match args {
        [packed] => (packed, None),
        [packed, zone] => (packed, Some(*zone).filter(|zone| !matches!(zone, Value::None))),
        _ => return None,
    };
    let mut bytes = [0_u8; 10];
    let packed = heap.bytes(*packed)?;
    let (len, fold_at) = match class {
        "datetime" => (10, Some(2)),
        "time" => (6, Some(0)),
        _ => (4, None),
    };
    if packed.len() != len {
        return None;
    }
    bytes[..len].copy_from_slice(&packed);
    // The highest bit of the month, or of the hour, says that the clock stood there for the second time.
    let folded = fold_at.is_some_and(|at| bytes[at] & 0x80 != 0);
    if let Some(at) = fold_at {
        bytes[at] &= 0x7f;
    }
    let date = |b: &[u8; 10]| format!("{}, {}, {}", u16::from_be_bytes([b[0], b[1]]), b[2], b[3]);
    let fields = match class {
        "date" => date(&bytes),
        "datetime" => format!("{}, {}", date(&bytes), clock(&bytes[4..])?),
        _ => clock(&bytes[..6])?,
    };
    let mut pieces = vec![Piece::Text(format!("datetime.{class}({fields}"))];
    if folded {
        pieces.push(Piece::Fixed(", fold=1"));
    }
    if let Some(zone) = zone {
        pieces.extend([Piece::Fixed(", tzinfo="), Piece::Value(zone)]);
    }
    pieces.push(Piece::Fixed(")"));
    Some(pieces)
}

/// Hour and minute, then what is not zero.
fn clock(bytes: &[u8]) -> Option<String> {
    let &[hour, minute, second, a, b, c] = bytes else { return None };
    let micros = u32::from_be_bytes([0, a, b, c]);
    Some(match (second, micros) {
        (0, 0) => format!("{hour}, {minute}"),
        (second, 0) => format!("{hour}, {minute}, {second}"),
        (second, micros) => format!("{hour}, {minute}, {second}, {micros}"),
    })
}

fn timedelta(heap: &Heap, args: &[Value]) -> Option<String> {
    let [days, seconds, micros] = args else { return None };
    let fields =
        [("days", heap.int(*days)?), ("seconds", heap.int(*seconds)?), ("microseconds", heap.int(*micros)?)];
    let set: Vec<String> =
        fields.iter().filter(|(_, n)| *n != 0).map(|(name, n)| format!("{name}={n}")).collect();
    let fields = if set.is_empty() { "0".to_owned() } else { set.join(", ") };
    Some(format!("datetime.timedelta({fields})"))
}

fn timezone(heap: &Heap, args: &[Value]) -> Option<Vec<Piece>> {
    let offset = heap.call(*args.first()?)?;
    let zero = heap.tuple(offset.args)?.iter().all(|n| heap.int(*n) == Some(0));
    if args.len() == 1 && zero {
        return Some(vec![Piece::Fixed("datetime.timezone.utc")]);
    }
    let mut pieces = vec![Piece::Fixed("datetime.timezone("), Piece::Value(args[0])];
    if let Some(name) = args.get(1) {
        pieces.extend([Piece::Fixed(", "), Piece::Value(*name)]);
    }
    pieces.push(Piece::Fixed(")"));
    Some(pieces)
}
