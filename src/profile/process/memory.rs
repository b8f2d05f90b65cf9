//! Reading another process's memory without stopping it.

use std::io;

use crate::profile::target::threads_of;

/// Copies memory of a process from `address` on, as far as it is readable; the part of `buffer` that was filled.
pub(in crate::profile) fn read(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    match read_by(pid, address, buffer) {
        // Its first thread has ended before the others, or the whole process.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
            let mut others = threads_of(pid).into_iter().filter(|&(tid, _)| tid != pid);
            others.find_map(|(tid, _)| read_by(tid, address, buffer).ok()).ok_or(error)
        }
        result => result,
    }
}

fn read_by(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    // The kernel takes only so many pieces at a time.
    for part in buffer.chunks_mut(MOST_AT_ONCE) {
        match read_part(pid, address.wrapping_add(have as u64), part) {
            Ok(n) => have += n,
            Err(error) if have == 0 => return Err(error),
            Err(_) => break,
        }
        if have % MOST_AT_ONCE != 0 {
            break;
        }
    }
    Ok(have)
}

fn read_part(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    // Split at page borders: a partial read stops between pieces only, and what lies before a hole is wanted.
    read_pieces(pid, &pages(address, buffer.len()), buffer)
}

/// Reads one word at each of these addresses, all of them or none.
pub(in crate::profile) fn read_words(pid: u32, addresses: &[u64], words: &mut [u64]) -> io::Result<()> {
    let len = addresses.len().min(words.len());
    let pieces: Vec<libc::iovec> = addresses[..len].iter().map(|&address| piece(address, 8)).collect();
    let n = read_pieces(pid, &pieces, &mut words[..len])?;
    if n == len * 8 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Copies pieces of a process's memory one after the other into `buffer`, up to the first that cannot be read; bytes copied.
fn read_pieces<T: Plain>(pid: u32, pieces: &[libc::iovec], buffer: &mut [T]) -> io::Result<usize> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: std::mem::size_of_val(buffer) };
    // SAFETY: the local piece is exactly `buffer`, which may hold any bytes; the remote ones are checked by the kernel against
    // the other process.
    let n = unsafe {
        libc::process_vm_readv(pid, &raw const local, 1, pieces.as_ptr(), pieces.len() as libc::c_ulong, 0)
    };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// What any bytes are a value of.
trait Plain {}
impl Plain for u8 {}
impl Plain for u64 {}

fn piece(address: u64, len: usize) -> libc::iovec {
    libc::iovec { iov_base: address as *mut libc::c_void, iov_len: len }
}

const PAGE: u64 = 4096;
/// So much lies in at most 1024 pages, the number of pieces that the kernel takes in one call.
const MOST_AT_ONCE: usize = 1023 * PAGE as usize;

fn pages(address: u64, len: usize) -> Vec<libc::iovec> {
    let mut pieces = Vec::new();
    let (mut at, mut left) = (address, len as u64);
    while left > 0 {
        let len = (PAGE - at % PAGE).min(left);
        pieces.push(piece(at, len as usize));
        at = at.wrapping_add(len);
        left -= len;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_end_of_what_is_mapped() {
        let data: Vec<u8> = (0..20_000_u32).map(|i| i as u8).collect();
        let mut buffer = vec![0; 10_000];
        let n = read(std::process::id(), data.as_ptr() as u64 + 5, &mut buffer).unwrap();
        assert_eq!(n, buffer.len());
        assert_eq!(buffer, data[5..10_005]);
        assert!(read(std::process::id(), 8, &mut buffer).is_err());
        let long = vec![7; 3 * MOST_AT_ONCE];
        let mut copy = vec![0; long.len() - 3];
        assert_eq!(read(std::process::id(), long.as_ptr() as u64 + 3, &mut copy).unwrap(), copy.len());
        assert_eq!(copy, long[3..]);
        let words = [3_u64, 4];
        let mut copy = [0; 2];
        let addresses = [&raw const words[1] as u64, &raw const words[0] as u64];
        read_words(std::process::id(), &addresses, &mut copy).unwrap();
        assert_eq!(copy, [4, 3]);
        assert!(read_words(std::process::id(), &[addresses[0], 8], &mut copy).is_err());
        assert_eq!(pages(4090, 4100).iter().map(|p| p.iov_len).collect::<Vec<_>>(), [6, 4094]);
    }
}
