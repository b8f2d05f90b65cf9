//! The memory that the kernel and we share: it writes records at the head, we read them at the tail.

use std::{
    io,
    os::fd::AsRawFd,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use super::counter::Counter;

/// Offsets in the control page, `struct perf_event_mmap_page`.
const DATA_HEAD: usize = 1024;
const DATA_TAIL: usize = 1032;
const HEADER: usize = 8;

/// A mapped ring. Positions count bytes since the beginning and never wrap.
#[derive(Debug)]
pub(super) struct Ring {
    base: NonNull<u8>,
    page: usize,
    size: usize,
    tail: u64,
}

/// One record: its header's fields and its body in at most two pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// `PERF_RECORD_…`.
    pub(super) kind: u32,
    /// `PERF_RECORD_MISC_…`.
    pub(super) misc: u16,
    /// The body up to where the ring wraps.
    pub(super) first: &'a [u8],
    /// The body after that.
    pub(super) second: &'a [u8],
}

impl Ring {
    /// Maps `bytes` (a power of two of at least a page) of ring memory for an event.
    ///
    /// # Errors
    /// EPERM when the user may not lock that much memory.
    pub(super) fn map(counter: &Counter, bytes: usize) -> io::Result<Self> {
        let page = rustix::param::page_size();
        // SAFETY: a new shared mapping of the event's descriptor at an address of the kernel's choice.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                page + bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                counter.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, page, size: bytes, tail: 0 })
    }

    /// Bytes of ring memory.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Where the kernel will write next.
    pub(super) fn head(&self) -> u64 {
        // Acquire: the records before the head are complete once we have seen it.
        self.control(DATA_HEAD).load(Ordering::Acquire)
    }

    /// The record at the tail, if the kernel has completed one before `head`.
    ///
    /// # Errors
    /// When its size cannot be true; the ring is of no use after that.
    pub(super) fn peek(&self, head: u64) -> io::Result<Option<Record<'_>>> {
        let waiting = head.saturating_sub(self.tail);
        if waiting == 0 {
            return Ok(None);
        }
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's ring holds a broken record");
        let data = self.data();
        let at = (self.tail % self.size as u64) as usize;
        // Records are multiples of eight bytes, so a header never wraps.
        let header: [u8; HEADER] =
            data.get(at..at + HEADER).and_then(|h| h.try_into().ok()).ok_or_else(broken)?;
        let [k0, k1, k2, k3, m0, m1, s0, s1] = header;
        let size = usize::from(u16::from_le_bytes([s0, s1]));
        if size < HEADER || size as u64 > waiting {
            return Err(broken());
        }
        let (first, second) = pieces(data, at + HEADER, size - HEADER);
        let kind = u32::from_le_bytes([k0, k1, k2, k3]);
        Ok(Some(Record { kind, misc: u16::from_le_bytes([m0, m1]), first, second }))
    }

    /// Gives the record at the tail, `body` bytes long after its header, back to the kernel.
    pub(super) fn advance(&mut self, body: usize) {
        self.tail += (HEADER + body) as u64;
        // Release: our reads of the record come before the kernel may overwrite it.
        self.control(DATA_TAIL).store(self.tail, Ordering::Release);
    }

    fn data(&self) -> &[u8] {
        // SAFETY: the mapping holds `size` bytes after the control page. The kernel writes only between head and tail + size,
        // and callers look only at bytes between tail and a head they have read before.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(self.page), self.size) }
    }

    fn control(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: both offsets are aligned u64 fields of the control page, which is mapped as long as `self` lives and which
        // the kernel accesses atomically.
        unsafe { AtomicU64::from_ptr(self.base.as_ptr().add(offset).cast()) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: exactly what `map` mapped; nothing borrowed from it outlives `self`.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.page + self.size) };
    }
}

/// `len` bytes of a circular buffer from `at` on.
fn pieces(data: &[u8], at: usize, len: usize) -> (&[u8], &[u8]) {
    let at = at % data.len();
    let until_end = data.len() - at;
    if len <= until_end { (&data[at..at + len], &[]) } else { (&data[at..], &data[..len - until_end]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_may_wrap_anywhere() {
        let data: Vec<u8> = (0..16).collect();
        assert_eq!(pieces(&data, 4, 8), (&data[4..12], &[][..]));
        assert_eq!(pieces(&data, 12, 8), (&data[12..], &data[..4]));
        assert_eq!(pieces(&data, 16, 8), (&data[..8], &[][..]));
    }
}
