//! Texts, dictionaries and attributes of another process's objects, each read with a bound.

use super::offsets::{
    Attributes, DICT_KEYS, DICT_VALUES, Keys, OB_TYPE, Offsets, TYPE_BASIC_SIZE, TYPE_DICT_OFFSET, TYPE_FLAGS,
};
use crate::profile::frames::memory::{Memory, half_at, word, word_at};

/// Longer texts are cut.
const LONGEST_TEXT: u64 = 2048;
/// Entries of a dictionary that are looked at: what is wanted is among the first ones.
const MOST_ENTRIES: u64 = 64;
/// A table of more bytes than this is none.
const LARGEST_INDEX: u32 = 30;
/// `Py_TPFLAGS_INLINE_VALUES` and `Py_TPFLAGS_MANAGED_DICT`.
const INLINE_VALUES: u64 = 1 << 2;
const MANAGED_DICT: u64 = 1 << 4;
/// From 3.13 on there are sizes and marks in front of an instance's values.
const VALUES_HEAD: u64 = 8;
const LARGEST_INSTANCE: u64 = 4096;

/// Whether an object is one, by its first word: who holds it is counted there, 1 at least, in 32 bits; from 3.14 on the 16 topmost have
/// marks. Of one whose memory was given back there is 0, or a link to other such memory.
pub(super) fn is_alive(object: &[u8]) -> bool {
    word_at(object, 0).is_some_and(|word| word & 0xffff_ffff != 0 && (word >> 32) & 0xffff == 0)
}

/// A string object's text; `None` for what is none, or none any more.
pub(super) fn text(memory: &dyn Memory, offsets: &Offsets, object: u64) -> Option<String> {
    let mut head = [0; 64];
    if object == 0 || !memory.read(object, head.get_mut(..40)?) {
        return None;
    }
    if !is_alive(&head) {
        return None;
    }
    let length = word_at(&head, offsets.text.length)?.min(LONGEST_TEXT);
    let state = half_at(&head, offsets.text.state)?;
    // Two bits of interning, three of the characters' width, then whether the text follows, then whether it is ASCII.
    let (width, compact, ascii) = ((state >> 2) & 7, state & 1 << 5 != 0, state & 1 << 6 != 0);
    if !compact || !matches!(width, 1 | 2 | 4) {
        return None;
    }
    let start = object.checked_add(if ascii { offsets.text.ascii } else { offsets.text.compact })?;
    let mut bytes = vec![0; usize::try_from(length.checked_mul(u64::from(width))?).ok()?];
    if !bytes.is_empty() && !memory.read(start, &mut bytes) {
        return None;
    }
    let character = |unit: &[u8]| {
        let mut word = [0; 4];
        word.iter_mut().zip(unit).for_each(|(to, &from)| *to = from);
        char::from_u32(u32::from_le_bytes(word)).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    Some(bytes.chunks(width as usize).map(character).collect())
}

/// The text that a dictionary has under a key.
pub(super) fn item(memory: &dyn Memory, offsets: &Offsets, dict: u64, key: &str) -> Option<String> {
    text(memory, offsets, item_object(memory, offsets, dict, key)?)
}

/// The text that an instance of a Python class has as an attribute.
pub(super) fn attribute(memory: &dyn Memory, offsets: &Offsets, object: u64, name: &str) -> Option<String> {
    let class = word(memory, object.checked_add(OB_TYPE)?)?;
    let flags = word(memory, class.checked_add(TYPE_FLAGS)?)?;
    let managed = flags & MANAGED_DICT != 0;
    // Two words before the object are the garbage collector's.
    let before = |words: u64| word(memory, object.checked_sub(8 * words)?);
    let value = match offsets.object.attributes {
        _ if !managed => {
            let offset = word(memory, class.checked_add(TYPE_DICT_OFFSET)?)?;
            let place = object.checked_add(offset).filter(|_| (1..LARGEST_INSTANCE).contains(&offset))?;
            item_object(memory, offsets, word(memory, place)?, name)?
        }
        Attributes::Dict => return None,
        Attributes::Pointers => match (before(4)?, before(3)?) {
            (0, dict) => item_object(memory, offsets, dict, name)?,
            (values, _) => shared(memory, offsets, class, values, name)?,
        },
        Attributes::Marked => match before(3)? {
            values if values & 1 == 1 => shared(memory, offsets, class, values.checked_add(1)?, name)?,
            dict => item_object(memory, offsets, dict, name)?,
        },
        Attributes::Inline => match before(3)? {
            0 if flags & INLINE_VALUES != 0 => {
                let size = word(memory, class.checked_add(TYPE_BASIC_SIZE)?)?;
                let values = object.checked_add(size).filter(|_| size < LARGEST_INSTANCE)?;
                shared(memory, offsets, class, values.checked_add(VALUES_HEAD)?, name)?
            }
            dict => item_object(memory, offsets, dict, name)?,
        },
    };
    text(memory, offsets, value)
}

/// The value of an instance's attribute, of which the class has the names.
fn shared(memory: &dyn Memory, offsets: &Offsets, class: u64, values: u64, name: &str) -> Option<u64> {
    let keys = word(memory, class.checked_add(offsets.object.cached_keys)?)?;
    let position = find(memory, offsets, keys, name)?.position;
    word(memory, values.checked_add(8 * position)?)
}

fn item_object(memory: &dyn Memory, offsets: &Offsets, dict: u64, key: &str) -> Option<u64> {
    if dict == 0 {
        return None;
    }
    let keys = word(memory, dict.checked_add(DICT_KEYS)?)?;
    let found = find(memory, offsets, keys, key)?;
    match word(memory, dict.checked_add(DICT_VALUES)?)? {
        0 => Some(found.value),
        values => {
            let head = if offsets.object.attributes == Attributes::Inline { VALUES_HEAD } else { 0 };
            word(memory, values.checked_add(head + 8 * found.position)?)
        }
    }
}

struct Found {
    /// Number among the entries.
    position: u64,
    /// The value in the entry; the values of a split dictionary stand elsewhere.
    value: u64,
}

fn find(memory: &dyn Memory, offsets: &Offsets, keys: u64, name: &str) -> Option<Found> {
    let mut head = [0; 40];
    if keys == 0 || !memory.read(keys, &mut head) {
        return None;
    }
    let (entries, count, key_at, stride) = match offsets.object.keys {
        Keys::Plain => {
            let slots = word_at(&head, 8)?;
            let width = match slots {
                ..=0xff => 1,
                0x100..=0xffff => 2,
                0x1_0000..=0xffff_ffff => 4,
                _ => return None,
            };
            (keys.checked_add(40)?.checked_add(slots * width)?, word_at(&head, 32)?, 8, 24)
        }
        Keys::Compact => {
            let bits = u32::from(*head.get(9)?);
            let general = *head.get(10)? == 0;
            let index = (bits <= LARGEST_INDEX).then(|| 1_u64 << bits)?;
            let (key_at, stride) = if general { (8, 24) } else { (0, 16) };
            (keys.checked_add(32)?.checked_add(index)?, word_at(&head, 24)?, key_at, stride)
        }
    };
    let count = count.min(MOST_ENTRIES);
    let mut bytes = vec![0; (count * stride) as usize];
    if bytes.is_empty() || !memory.read(entries, &mut bytes) {
        return None;
    }
    (0..count).find_map(|position| {
        let at = position * stride + key_at;
        let matches = text(memory, offsets, word_at(&bytes, at)?)? == name;
        Some(Found { position, value: word_at(&bytes, at + 8)? }).filter(|_| matches)
    })
}
