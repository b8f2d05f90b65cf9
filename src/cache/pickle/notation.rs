//! Text, bytes and numbers as Python's `repr` writes them, cut to a budget.
//!
//! Rules: `unicode_repr`, `bytes_repr` and `float_repr` of CPython, which have not changed since 3.1 but for the Unicode version
//! that says which characters can be printed.

/// Text that stops growing at a budget of characters.
#[derive(Debug)]
pub struct Cut {
    text: String,
    left: usize,
    is_cut: bool,
}

impl Cut {
    /// No text yet; at most `budget` characters, the mark `…` of a cut not counted.
    pub fn new(budget: usize) -> Self {
        Self { text: String::new(), left: budget, is_cut: false }
    }

    /// Appends what fits.
    pub fn push(&mut self, text: &str) {
        if text.len() <= self.left && text.is_ascii() {
            self.left -= text.len();
            self.text.push_str(text);
            return;
        }
        for c in text.chars() {
            self.push_char(c);
        }
    }

    fn push_char(&mut self, c: char) {
        if self.left == 0 {
            self.is_cut = true;
            return;
        }
        self.left -= 1;
        self.text.push(c);
    }

    /// Says that something was left out here for another reason than the budget.
    pub(super) fn leave_out(&mut self) {
        self.push("…");
        self.is_cut = true;
    }

    /// Whether nothing more is taken.
    pub fn is_full(&self) -> bool {
        self.left == 0 && self.is_cut
    }

    /// The text, with `…` at its end where the budget ended it.
    pub fn finish(mut self) -> Shown {
        if self.is_full() && !self.text.ends_with('…') {
            self.text.push('…');
        }
        Shown { text: self.text, cut: self.is_cut }
    }
}

/// Something in Python's notation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The text; characters that could drive a terminal are escaped as Python escapes them.
    pub text: String,
    /// Whether something was left out; the text then has a `…` in that place.
    pub cut: bool,
}

/// A `str`, given as UTF-8 in which surrogates may stand (as `surrogatepass` writes them), in at most `budget` characters.
/// What is no UTF-8 is shown as `bytes`.
pub fn text(utf8: &[u8], budget: usize) -> Shown {
    let mut out = Cut::new(budget);
    write_text(&mut out, utf8);
    out.finish()
}

/// A `bytes` in at most `budget` characters.
pub fn bytes(bytes: &[u8], budget: usize) -> Shown {
    let mut out = Cut::new(budget);
    write_bytes(&mut out, bytes);
    out.finish()
}

/// A `float`: the fewest digits that read back as the same number.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// A `complex`.
pub(super) fn complex(real: f64, imaginary: f64) -> String {
    let short = |x: f64| float(x).trim_end_matches(".0").to_owned();
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", short(imaginary));
    }
    let imaginary = short(imaginary);
    let sign = if imaginary.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{imaginary}j)", short(real))
}

pub(super) fn write_text(out: &mut Cut, utf8: &[u8]) {
    let valid = std::str::from_utf8(utf8).is_ok() || utf8_chars(utf8).all(|c| c != Err(NO_CHARACTER));
    if !valid {
        out.push("<no UTF-8: ");
        write_bytes(out, utf8);
        return out.push(">");
    }
    let quote = quote_for(utf8);
    out.push_char(quote);
    for c in utf8_chars(utf8) {
        if out.is_full() {
            return;
        }
        match c {
            Ok(c) => push_escaped(out, c, Some(quote)),
            Err(surrogate) => out.push(&format!("\\u{surrogate:04x}")),
        }
    }
    out.push_char(quote);
}

pub(super) fn write_bytes(out: &mut Cut, bytes: &[u8]) {
    let quote = quote_for(bytes);
    out.push_char('b');
    out.push_char(quote);
    for &byte in bytes {
        if out.is_full() {
            return;
        }
        match byte {
            0x20..0x7f => push_escaped(out, char::from(byte), Some(quote)),
            b'\t' | b'\n' | b'\r' => push_escaped(out, char::from(byte), None),
            _ => out.push(&format!("\\x{byte:02x}")),
        }
    }
    out.push_char(quote);
}

/// Text without quotes, as names are written; the same characters are escaped.
pub(super) fn write_name(out: &mut Cut, name: &str) {
    for c in name.chars() {
        if out.is_full() {
            return;
        }
        push_escaped(out, c, None);
    }
}

/// A double quote only where it saves escaping.
fn quote_for(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' }
}

fn push_escaped(out: &mut Cut, c: char, quote: Option<char>) {
    match c {
        '\\' => out.push("\\\\"),
        '\n' => out.push("\\n"),
        '\r' => out.push("\\r"),
        '\t' => out.push("\\t"),
        c if Some(c) == quote => {
            out.push_char('\\');
            out.push_char(c);
        }
        c if is_printable(c) => out.push_char(c),
        c => out.push(&match u32::from(c) {
            n if n <= 0xff => format!("\\x{n:02x}"),
            n if n <= 0xffff => format!("\\u{n:04x}"),
            n => format!("\\U{n:08x}"),
        }),
    }
}

/// Python's `str.isprintable`: no control, format, surrogate, private, unassigned or separator characters but the space.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // The standard library has this very table behind `escape_debug`, which only treats the first character of a text in another way.
    let mut buffer = [b'a'; 5];
    let end = 1 + c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..end]).is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
}

/// Stands for a byte that belongs to no character.
const NO_CHARACTER: u32 = 0x1_0000;

/// Characters of UTF-8 with surrogates; `Err` is a surrogate or [`NO_CHARACTER`].
fn utf8_chars(mut bytes: &[u8]) -> impl Iterator<Item = Result<char, u32>> {
    std::iter::from_fn(move || {
        let (&first, _) = bytes.split_first()?;
        let len = match first {
            0..0x80 => 1,
            0xc2..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0..0xf5 => 4,
            _ => 0,
        };
        let head = bytes.get(..len).filter(|head| !head.is_empty());
        let c = head.and_then(|head| std::str::from_utf8(head).ok()).and_then(|text| text.chars().next());
        if let Some(c) = c {
            bytes = &bytes[len..];
            return Some(Ok(c));
        }
        if let Some(&[0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf]) = bytes.get(..3) {
            bytes = &bytes[3..];
            return Some(Err(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f)));
        }
        bytes = &bytes[1..];
        Some(Err(NO_CHARACTER))
    })
}

/// Longest number that is written out: 4300 digits, as Python itself refuses more.
const LONGEST_INT_BYTES: usize = 1786;

/// An `int` in two's complement, little-endian, of any length.
pub(super) fn big_int(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut magnitude: Vec<u8> = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in &mut magnitude {
            let (negated, overflow) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (negated, overflow);
        }
    }
    let significant = magnitude.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    magnitude.truncate(significant);
    if significant > LONGEST_INT_BYTES {
        return format!("<int of {significant} bytes>");
    }
    let digits = decimal(&magnitude);
    if negative { format!("-{digits}") } else { digits }
}

/// Decimal text of a little-endian magnitude.
fn decimal(magnitude: &[u8]) -> String {
    const BASE: u64 = 1_000_000_000;
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
    let mut words: Vec<u32> = magnitude.chunks(4).map(word).collect();
    let mut groups = Vec::new();
    while words.iter().any(|word| *word != 0) {
        let mut remainder = 0_u64;
        for word in words.iter_mut().rev() {
            let value = remainder << 32 | u64::from(*word);
            *word = (value / BASE) as u32;
            remainder = value % BASE;
        }
        groups.push(remainder);
    }
    let Some(first) = groups.pop() else { return "0".to_owned() };
    groups.iter().rev().fold(first.to_string(), |text, group| format!("{text}{group:09}"))
}

/// An `int` given as decimal text.
pub(super) fn digits(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    match digits.len() {
        0 => "0".to_owned(),
        // Python refuses more.
        n if n > 4300 => format!("<int of {n} digits>"),
        _ => format!("{sign}{digits}"),
    }
}
