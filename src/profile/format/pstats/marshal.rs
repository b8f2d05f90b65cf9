//! Python's marshal format, as far as profiles need it. The format is CPython's `Python/marshal.c`, whose versions 0 to 6 (CPython 2.7
//! to 3.15) spell numbers, text, tuples and dictionaries alike; what else may stand in it (code objects, sets, …) is refused. Up to version 2,
//! which Python 2 writes, only interned strings are referred to, by numbers of their own.
//!
//! Every object stands once in [`Marshalled`]'s tables however often it is referred to, so that references cannot blow a small file up.

/// Bit of a type code that gives the object the next reference number.
const FLAG_REF: u8 = 0x80;
/// Objects inside of objects; a profile has five.
const MAX_DEPTH: usize = 16;
/// Objects of a file.
const MAX_OBJECTS: usize = 1 << 24;

const CUT_SHORT: &str = "cut short";
const NO_REFERENCE: &str = "damaged: a reference leads nowhere";

/// Position of an object in its file's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(u32);

/// An object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Object<'a> {
    /// `None`, `True` and others without content.
    Constant,
    /// A number that fits.
    Int(i64),
    /// A whole number that does not.
    HugeInt,
    Float(f64),
    /// Text in UTF-8, in which CPython keeps lone surrogates, or bytes.
    Text(&'a [u8]),
    /// A tuple or list.
    Items(Span),
    /// A dictionary: keys and values in turn.
    Dict(Span),
}

/// A part of the table of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

/// An object with all that it refers to.
#[derive(Debug)]
pub(super) struct Marshalled<'a> {
    objects: Vec<Object<'a>>,
    items: Vec<Id>,
    root: Id,
}

impl<'a> Marshalled<'a> {
    /// The object at the beginning of `bytes`. As in Python, what follows is not looked at.
    ///
    /// # Errors
    /// What is wrong with the bytes, in a few words.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader {
            rest: bytes,
            objects: Vec::new(),
            items: Vec::new(),
            references: Vec::new(),
            interned: Vec::new(),
        };
        let root = reader.object(0)?.ok_or_else(damaged)?;
        Ok(Self { objects: reader.objects, items: reader.items, root })
    }

    pub(super) fn root(&self) -> Object<'a> {
        self.get(self.root)
    }

    pub(super) fn get(&self, id: Id) -> Object<'a> {
        self.objects.get(id.0 as usize).copied().unwrap_or(Object::Constant)
    }

    /// The items of a tuple.
    pub(super) fn items(&self, span: Span) -> &[Id] {
        let start = span.start as usize;
        self.items.get(start..start + span.len as usize).unwrap_or_default()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    objects: Vec<Object<'a>>,
    items: Vec<Id>,
    /// Objects by reference number; `None` while their content is being read.
    references: Vec<Option<Id>>,
    /// Strings that Python 2 has interned, by their number.
    interned: Vec<Id>,
}

impl<'a> Reader<'a> {
    /// The next object; `None` for the mark at the end of a dictionary.
    fn object(&mut self, depth: usize) -> Result<Option<Id>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it holds objects more than {MAX_DEPTH} deep"));
        }
        let code = self.byte()?;
        let kind = code & !FLAG_REF;
        if kind == b'0' {
            return Ok(None);
        }
        if kind == b'r' {
            let number = self.number()?;
            let known = usize::try_from(number).ok().and_then(|i| self.references.get(i)).copied();
            return known.flatten().map(Some).ok_or_else(|| NO_REFERENCE.into());
        }
        if kind == b'R' {
            let number = self.number()?;
            let known = usize::try_from(number).ok().and_then(|i| self.interned.get(i)).copied();
            return known.map(Some).ok_or_else(|| NO_REFERENCE.into());
        }
        // Its number counts from before its content, which may have numbers of its own.
        let reference = (code & FLAG_REF != 0).then(|| {
            self.references.push(None);
            self.references.len() - 1
        });
        let object = self.content(kind, depth)?;
        if self.objects.len() >= MAX_OBJECTS {
            return Err(format!("it holds more than {} objects", crate::units::count(MAX_OBJECTS as u64)));
        }
        let id = Id(self.objects.len() as u32);
        self.objects.push(object);
        if kind == b't' {
            self.interned.push(id);
        }
        if let Some(slot) = reference.and_then(|number| self.references.get_mut(number)) {
            *slot = Some(id);
        }
        Ok(Some(id))
    }

    fn content(&mut self, kind: u8, depth: usize) -> Result<Object<'a>, String> {
        Ok(match kind {
            b'N' | b'T' | b'F' | b'S' | b'.' => Object::Constant,
            b'i' => Object::Int(i64::from(self.number()?)),
            b'I' => Object::Int(i64::from_le_bytes(self.array()?)),
            b'l' => self.long()?,
            b'g' => Object::Float(f64::from_le_bytes(self.array()?)),
            b'f' => self.float_text()?,
            b's' | b't' | b'u' | b'a' | b'A' => {
                let len = self.length()?;
                Object::Text(self.take(len)?)
            }
            b'z' | b'Z' => {
                let len = usize::from(self.byte()?);
                Object::Text(self.take(len)?)
            }
            b')' => {
                let len = usize::from(self.byte()?);
                Object::Items(self.sequence(len, depth)?)
            }
            b'(' | b'[' => {
                let len = self.length()?;
                Object::Items(self.sequence(len, depth)?)
            }
            b'{' => Object::Dict(self.dict(depth)?),
            _ => return Err("not a pstats file: it holds objects other than numbers and names".into()),
        })
    }

    fn sequence(&mut self, len: usize, depth: usize) -> Result<Span, String> {
        // An object takes a byte at least; what is promised beyond that is not there.
        if len > self.rest.len() {
            return Err(CUT_SHORT.into());
        }
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(self.object(depth + 1)?.ok_or_else(damaged)?);
        }
        self.keep(&items)
    }

    fn dict(&mut self, depth: usize) -> Result<Span, String> {
        let mut items = Vec::new();
        while let Some(key) = self.object(depth + 1)? {
            items.extend([key, self.object(depth + 1)?.ok_or_else(damaged)?]);
        }
        self.keep(&items)
    }

    fn keep(&mut self, items: &[Id]) -> Result<Span, String> {
        let start = self.items.len();
        self.items.extend_from_slice(items);
        // References take five bytes each and make no object, so the items have a limit of their own.
        match (u32::try_from(self.items.len()), u32::try_from(start)) {
            (Ok(end), Ok(start)) => Ok(Span { start, len: end - start }),
            _ => Err("it holds more than 4,294,967,295 items".into()),
        }
    }

    /// Digits of 15 bits, the lowest first; the sign is that of their number.
    fn long(&mut self) -> Result<Object<'a>, String> {
        let count = self.number()?;
        let digits = self.take(
            usize::try_from(count.unsigned_abs()).ok().and_then(|n| n.checked_mul(2)).ok_or(CUT_SHORT)?,
        )?;
        let mut value = 0_i64;
        for digit in digits.chunks_exact(2).rev() {
            let digit = i64::from(u16::from_le_bytes([digit[0], digit[1]]));
            if digit >> 15 != 0 {
                return Err(damaged());
            }
            match value.checked_mul(1 << 15).and_then(|value| value.checked_add(digit)) {
                Some(next) => value = next,
                None => return Ok(Object::HugeInt),
            }
        }
        Ok(Object::Int(if count < 0 { -value } else { value }))
    }

    /// A number as text, from before there was a binary form.
    fn float_text(&mut self) -> Result<Object<'a>, String> {
        let len = usize::from(self.byte()?);
        let text = std::str::from_utf8(self.take(len)?).ok();
        text.and_then(|text| text.parse().ok()).map(Object::Float).ok_or_else(damaged)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<i32, String> {
        self.array().map(i32::from_le_bytes)
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(self.number()?).map_err(|_| damaged())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(taken)
    }
}

pub(super) fn damaged() -> String {
    "damaged: it is no sequence of marshalled objects".into()
}

/// Writes objects in version 3 of the format, which CPython 3.4 and later read.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    references: u32,
}

/// Longest text and tuple with a length of one byte.
const SHORT: usize = 255;

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn begin_dict(&mut self) {
        self.bytes.push(b'{');
    }

    pub(super) fn end_dict(&mut self) {
        self.bytes.push(b'0');
    }

    /// Begins a tuple of so many objects, at most 255.
    pub(super) fn begin_tuple(&mut self, len: u8) {
        self.bytes.extend([b')', len]);
    }

    /// As [`begin_tuple`](Self::begin_tuple), for a tuple that is referred to later, by the number returned.
    pub(super) fn begin_named_tuple(&mut self, len: u8) -> u32 {
        self.bytes.extend([b')' | FLAG_REF, len]);
        self.next_reference()
    }

    /// An object that was written before.
    pub(super) fn reference(&mut self, number: u32) {
        self.bytes.push(b'r');
        self.bytes.extend(number.to_le_bytes());
    }

    pub(super) fn int(&mut self, value: u64) {
        if let Ok(value) = i32::try_from(value) {
            self.bytes.push(b'i');
            self.bytes.extend(value.to_le_bytes());
            return;
        }
        let digits: Vec<u16> = std::iter::successors(Some(value), |value| Some(value >> 15))
            .take_while(|value| *value > 0)
            .map(|value| (value & 0x7fff) as u16)
            .collect();
        self.bytes.push(b'l');
        self.bytes.extend((digits.len() as u32).to_le_bytes());
        self.bytes.extend(digits.iter().flat_map(|digit| digit.to_le_bytes()));
    }

    pub(super) fn float(&mut self, value: f64) {
        self.bytes.push(b'g');
        self.bytes.extend(value.to_le_bytes());
    }

    /// Text that is referred to later, by the number returned.
    pub(super) fn named_text(&mut self, text: &str) -> u32 {
        let short = u8::try_from(text.len()).ok().filter(|_| text.is_ascii() && text.len() <= SHORT);
        if let Some(len) = short {
            self.bytes.extend([b'z' | FLAG_REF, len]);
        } else {
            // Its length has 31 bits; nothing that is that long is a name.
            let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
            self.bytes.push(b'u' | FLAG_REF);
            self.bytes.extend(len.to_le_bytes());
        }
        self.bytes.extend(text.as_bytes());
        self.next_reference()
    }

    fn next_reference(&mut self) -> u32 {
        self.references += 1;
        self.references - 1
    }
}
