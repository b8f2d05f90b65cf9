//! The parts of a function that a compiler has set apart, in a file without a full symbol table. Pure.
//!
//! Code of one function never jumps into the middle of another one, so whatever jumps into the middle of a function, many
//! times, is a part of it.

use std::ops::Range;

/// So many jumps are no accident of bytes that look like one.
const ENOUGH_JUMPS: usize = 8;

/// The pieces of code that belong to the function at `known`. `text` is code that begins at the address `base`; `starts` are
/// the addresses, sorted, at which a piece with unwind information of its own begins.
pub(super) fn parts(text: &[u8], base: u64, known: &Range<u64>, starts: &[u64]) -> Vec<Range<u64>> {
    let mut from: Vec<usize> = jumps(text, base)
        .filter(|(_, target)| known.contains(target) && *target != known.start)
        .filter_map(|(source, _)| starts.partition_point(|&start| start <= source).checked_sub(1))
        .collect();
    from.sort_unstable();
    let end_of_text = base.saturating_add(text.len() as u64);
    from.chunk_by(|a, b| a == b)
        .filter(|jumps| jumps.len() >= ENOUGH_JUMPS)
        .filter_map(|jumps| {
            let piece = *jumps.first()?;
            Some(*starts.get(piece)?..starts.get(piece + 1).copied().unwrap_or(end_of_text))
        })
        .collect()
}

/// Everything that may be a near jump: `jmp rel32` and `jcc rel32` of x86-64, with its own address and its target's.
fn jumps(text: &[u8], base: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
    (0..text.len()).filter_map(move |at| {
        let operand = match text.get(at..)? {
            [0xe9, ..] => at + 1,
            [0x0f, 0x80..=0x8f, ..] => at + 2,
            _ => return None,
        };
        let distance = i32::from_le_bytes(text.get(operand..operand + 4)?.try_into().ok()?);
        let next = base.wrapping_add(operand as u64 + 4);
        Some((base.wrapping_add(at as u64), next.wrapping_add_signed(i64::from(distance))))
    })
}

/// The addresses in the search table of an `.eh_frame_hdr` that lies at `address`; empty in any but the usual format (Linux
/// Standard Base, "Exception Frames").
pub(super) fn piece_starts(header: &[u8], address: u64) -> Vec<u64> {
    /// Version 1; 4-byte pointer from here, 4-byte count, 4-byte pairs that count from the section's start.
    const USUAL: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
    const TABLE: usize = 12;
    if header.get(..USUAL.len()) != Some(USUAL.as_slice()) {
        return Vec::new();
    }
    let entries = header.get(TABLE..).unwrap_or_default().chunks_exact(8);
    let start = |entry: &[u8]| {
        let offset = i32::from_le_bytes(entry.get(..4)?.try_into().ok()?);
        Some(address.wrapping_add_signed(i64::from(offset)))
    };
    let mut starts: Vec<u64> = entries.filter_map(start).collect();
    starts.sort_unstable();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A piece at 0x1000 with `n` jumps to `target`, padded to 0x100 bytes.
    fn jumping(n: usize, target: u64) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..n {
            let next = 0x1000 + text.len() as u64 + 5;
            text.push(0xe9);
            text.extend((target.wrapping_sub(next) as i32).to_le_bytes());
        }
        text.resize(0x100, 0x90);
        text
    }

    #[test]
    fn what_jumps_into_the_middle_of_a_function_is_a_part_of_it() {
        let known = 0x1200..0x1400;
        let starts = [0x1000, 0x1080, 0x1200];
        assert_eq!(parts(&jumping(8, 0x1210), 0x1000, &known, &starts).first(), Some(&(0x1000..0x1080)));
        assert_eq!(parts(&jumping(7, 0x1210), 0x1000, &known, &starts), []);
        assert_eq!(parts(&jumping(8, 0x1200), 0x1000, &known, &starts), [], "whoever calls it");
        assert_eq!(parts(&jumping(8, 0x1210), 0x1000, &known, &[]), []);
    }

    #[test]
    fn the_search_table_is_read() {
        let mut header = vec![1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 2, 0, 0, 0];
        header.extend(16_i32.to_le_bytes());
        header.extend([0; 4]);
        header.extend((-16_i32).to_le_bytes());
        header.extend([0; 4]);
        assert_eq!(piece_starts(&header, 0x100), [0xf0, 0x110]);
        assert!(piece_starts(&header[..8], 0x100).is_empty());
        assert!(piece_starts(b"\x01\x00\x03\x3b", 0).is_empty());
    }
}
