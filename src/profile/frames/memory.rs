//! Another process's memory as the readers see it, so that they can be tried on one that is made up.

use crate::profile::process::memory;

/// Memory that can be read and may change at any time.
pub trait Memory {
    /// Fills the buffer with what lies at an address; whether all of it could be read.
    fn read(&self, address: u64, buffer: &mut [u8]) -> bool;
    /// Reads one word at each of these addresses; whether all could be read.
    fn words(&self, addresses: &[u64], words: &mut [u64]) -> bool;
}

/// A running process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMemory(pub u32);

impl ProcessMemory {
    /// Whether this user may not read it, whatever lies at the address.
    pub fn is_closed(self, address: u64) -> bool {
        let read = memory::read(self.0, address, &mut [0; 8]);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }
}

/// The kernel takes this many pieces in one call.
const MOST_PIECES: usize = 1024;

impl Memory for ProcessMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> bool {
        memory::read(self.0, address, buffer).is_ok_and(|n| n == buffer.len())
    }

    fn words(&self, addresses: &[u64], words: &mut [u64]) -> bool {
        let same = addresses.len() == words.len();
        let mut pieces = addresses.chunks(MOST_PIECES).zip(words.chunks_mut(MOST_PIECES));
        same && pieces.all(|(from, to)| memory::read_words(self.0, from, to).is_ok())
    }
}

/// One word.
pub(super) fn word(memory: &dyn Memory, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    memory.read(address, &mut bytes).then(|| u64::from_le_bytes(bytes))
}

/// The word at an offset of a copy; `None` past its end.
pub(super) fn word_at(bytes: &[u8], offset: u64) -> Option<u64> {
    let at = usize::try_from(offset).ok()?;
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// The 32-bit number at an offset of a copy; `None` past its end.
pub(super) fn half_at(bytes: &[u8], offset: u64) -> Option<u32> {
    let at = usize::try_from(offset).ok()?;
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
