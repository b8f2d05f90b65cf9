//! From a position in byte code to a line, in the three formats that CPython has used. Pure.
//!
//! Sources: `Objects/lnotab_notes.txt` of CPython 3.9 and 3.10, `InternalDocs/code_objects.md` (3.11 and later).

/// How a code object stores its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Up to 3.9: pairs of an unsigned step in byte code and a signed step in lines.
    Lnotab,
    /// 3.10: the same pairs as ranges, in which -128 stands for "no line".
    Ranges,
    /// From 3.11: a locations table of variable-length entries.
    Locations,
}

/// The line of the instruction at a byte offset; 0 where it has none or the table is broken. `first` is the line that the
/// code object begins at.
pub fn line(format: Format, first: u32, table: &[u8], offset: i64) -> u32 {
    let line = match format {
        Format::Lnotab => lnotab(first, table, offset),
        Format::Ranges => ranges(first, table, offset),
        Format::Locations => locations(first, table, offset),
    };
    line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
}

fn lnotab(first: u32, table: &[u8], offset: i64) -> Option<i64> {
    let (mut line, mut at) = (i64::from(first), 0_i64);
    for pair in table.chunks_exact(2) {
        let &[step, lines] = pair else { break };
        at += i64::from(step);
        if at > offset {
            break;
        }
        line += i64::from(lines as i8);
    }
    Some(line)
}

fn ranges(first: u32, table: &[u8], offset: i64) -> Option<i64> {
    const NO_LINE: i8 = -128;
    let (mut line, mut end) = (i64::from(first), 0_i64);
    for pair in table.chunks_exact(2) {
        let &[step, lines] = pair else { break };
        let lines = lines as i8;
        if lines != NO_LINE {
            line += i64::from(lines);
        }
        end += i64::from(step);
        if offset < end {
            return (lines != NO_LINE).then_some(line);
        }
    }
    None
}

fn locations(first: u32, table: &[u8], offset: i64) -> Option<i64> {
    const NO_LOCATION: u8 = 15;
    let mut bytes = table.iter().copied();
    let (mut line, mut end) = (i64::from(first), 0_i64);
    while let Some(head) = bytes.next() {
        let kind = (head >> 3) & 15;
        match kind {
            // Short forms: columns in one byte.
            0..=9 => _ = bytes.next(),
            // One-line forms: a line step of 0 to 2, columns in two bytes.
            10..=12 => {
                line += i64::from(kind) - 10;
                bytes.nth(1);
            }
            // No columns.
            13 => line += signed(&mut bytes),
            // Long form: line step, end line, two columns.
            14 => {
                line += signed(&mut bytes);
                (0..3).for_each(|_| _ = number(&mut bytes));
            }
            _ => {}
        }
        end += (i64::from(head & 7) + 1) * 2;
        if offset < end {
            return (kind != NO_LOCATION).then_some(line);
        }
    }
    None
}

/// Six bits a byte, the lowest first; the seventh says that more follow.
fn number(bytes: &mut impl Iterator<Item = u8>) -> u32 {
    let (mut value, mut shift) = (0_u32, 0_u32);
    for byte in bytes {
        value |= u32::from(byte & 63).checked_shl(shift).unwrap_or(0);
        shift = shift.saturating_add(6);
        if byte & 64 == 0 {
            break;
        }
    }
    value
}

fn signed(bytes: &mut impl Iterator<Item = u8>) -> i64 {
    let value = i64::from(number(bytes));
    if value & 1 == 1 { -(value >> 1) } else { value >> 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lnotab_as_its_notes_say() {
        // The example of lnotab_notes.txt: lines 1, 2, 7, 207, 300 (steps over 127 lines are split).
        let table: &[u8] = &[0, 1, 6, 1, 44, 5, 0, 0, 50, 127, 0, 73, 250, 93];
        let at = |offset| line(Format::Lnotab, 1, table, offset);
        assert_eq!(
            [at(0), at(5), at(6), at(49), at(50), at(99), at(100), at(349), at(350)],
            [2, 2, 3, 3, 8, 8, 208, 208, 301]
        );
        assert_eq!(line(Format::Lnotab, 9, &[4, 0xff], 4), 8, "lines may go back");
    }

    #[test]
    fn ranges_know_instructions_without_a_line() {
        let table: &[u8] = &[6, 0, 2, 0x80, 4, 0xfe, 0, 5, 8, 1];
        let at = |offset| line(Format::Ranges, 10, table, offset);
        assert_eq!([at(0), at(5), at(6), at(8), at(11), at(12), at(20)], [10, 10, 0, 8, 8, 14, 0]);
    }

    #[test]
    fn locations_of_all_kinds() {
        // Kind 0 (1 unit), 11 (+1 line, 2 units), 15 (none, 1 unit), 13 (-3 lines, 1 unit), 14 (+70 lines, 1 unit).
        let table: &[u8] = &[
            0x80,
            0,
            0x80 | 11 << 3 | 1,
            0,
            0,
            0xf8,
            0x80 | 13 << 3,
            7,
            0x80 | 14 << 3,
            64 | 12,
            2,
            0,
            1,
            1,
        ];
        let at = |offset| line(Format::Locations, 20, table, offset);
        assert_eq!([at(0), at(2), at(5), at(6), at(8), at(10), at(12)], [20, 21, 21, 0, 18, 88, 0]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(table in prop::collection::vec(any::<u8>(), 0..200), first: u32, offset: i64) {
            for format in [Format::Lnotab, Format::Ranges, Format::Locations] {
                line(format, first, &table, offset);
            }
        }
    }
}
