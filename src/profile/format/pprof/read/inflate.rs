//! Decompressing on another thread than what is made of it.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use flate2::read::MultiGzDecoder;

/// Bytes that are handed over at a time.
const CHUNK: usize = 64 << 10;
/// Chunks that may lie ready.
const AHEAD: usize = 16;
/// A thread is not worth its while below so many compressed bytes.
const LEAST: usize = 64 << 10;

/// What `with` makes of the decompressed content.
pub(super) fn inflated<T>(gz: &[u8], with: impl FnOnce(&mut dyn Read) -> T) -> T {
    let mut decoder = MultiGzDecoder::new(gz);
    if gz.len() < LEAST {
        return with(&mut decoder);
    }
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        let work = move || send(MultiGzDecoder::new(gz), &sender);
        match thread::Builder::new().name("inflate".into()).spawn_scoped(scope, work) {
            // With its reader the receiver goes, and with it the thread.
            Ok(_) => with(&mut Chunks { receiver, chunk: Vec::new(), at: 0 }),
            Err(_) => with(&mut decoder),
        }
    })
}

fn send(mut decoder: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = decoder.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        let (ended, failed) = (chunk.len() < CHUNK, read.err());
        if !chunk.is_empty() && sender.send(Ok(chunk)).is_err() {
            return;
        }
        if let Some(error) = failed {
            // Nobody may be interested any more.
            let _ = sender.send(Err(error));
            return;
        }
        if ended {
            return;
        }
    }
}

struct Chunks {
    receiver: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            match self.receiver.recv() {
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(_) => return Ok(0),
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let n = rest.len().min(out.len());
        if let (Some(out), Some(rest)) = (out.get_mut(..n), rest.get(..n)) {
            out.copy_from_slice(rest);
        }
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zipped(bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let mut random = fastrand::Rng::with_seed(7);
        let plain: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(bytes).collect();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&plain).unwrap();
        (plain, gz.finish().unwrap())
    }

    #[test]
    fn content_comes_whole_and_what_is_cut_is_an_error() {
        for size in [0, 1000, CHUNK * 3, CHUNK * 40 + 17] {
            let (plain, gz) = zipped(size);
            let read = |gz: &[u8]| {
                inflated(gz, |input| {
                    let mut out = Vec::new();
                    input.read_to_end(&mut out).map(|_| out)
                })
            };
            assert!(read(&gz).unwrap() == plain);
            assert_eq!(read(&gz[..gz.len() - 9]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn nobody_need_read_to_the_end() {
        let (plain, gz) = zipped(CHUNK * 40);
        let mut first = [0; 10];
        inflated(&gz, |input| input.read_exact(&mut first)).unwrap();
        assert_eq!(first, plain[..10]);
    }
}
