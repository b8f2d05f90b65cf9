//! Hashes of whole files.

use std::io::{self, Read};

use sha2::Digest;

/// Bytes that are read at a time.
const ROOM: usize = 256 * 1024;

/// The hash of everything that `file` gives.
///
/// # Errors
/// Those of reading.
pub(super) fn of(mut digest: impl Digest, file: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut room = vec![0; ROOM];
    loop {
        match file.read(&mut room)? {
            0 => return Ok(digest.finalize().to_vec()),
            n => digest.update(room.get(..n).unwrap_or_default()),
        }
    }
}

/// In hexadecimal digits.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
