//! Lines of a text that need not fit into memory.

use std::io::{self, Read};

/// No line of a recording is longer; what is would fill the memory.
const LONGEST: usize = 64 << 20;
/// Bytes that are read at a time, at least.
const CHUNK: usize = 1 << 18;

/// A reader's lines, without their ends, `\n` or `\r\n`.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer is still to be given out.
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Lines<R> {
    /// The lines of a text.
    pub(super) fn of(input: R) -> Self {
        Self { input, buffer: vec![0; 2 * CHUNK], start: 0, end: 0, ended: false }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// Those of the reader, and [`io::ErrorKind::InvalidData`] for a line that is too long.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = self.start;
        let line_end = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                break searched + at;
            }
            if self.ended {
                if self.start == self.end {
                    return Ok(None);
                }
                break self.end;
            }
            searched = self.end - self.start;
            self.fill()?;
            searched += self.start;
        };
        let start = std::mem::replace(&mut self.start, (line_end + 1).min(self.end));
        let line = &self.buffer[start..line_end];
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Moves what is left to the beginning of the buffer and reads more behind it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line has no end"));
        }
        if self.buffer.len() - self.end < CHUNK {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(n) => {
                    self.end += n;
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn all(input: impl Read) -> Vec<Vec<u8>> {
        let mut lines = Lines::of(input);
        let mut out = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            out.push(line.to_vec());
        }
        out
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(text in "[ab\n\r]{0,60}", step in 1_usize..9) {
            let expected: Vec<Vec<u8>> = text.split_inclusive('\n').map(|line| {
                let line = line.strip_suffix('\n').unwrap_or(line);
                line.strip_suffix('\r').unwrap_or(line).as_bytes().to_vec()
            }).collect();
            prop_assert_eq!(all(Slow(text.as_bytes(), step)), expected);
        }
    }

    #[test]
    fn long_lines_are_read_and_endless_ones_are_not() {
        let long = [vec![b'x'; 3 * CHUNK], b"\nshort".to_vec()].concat();
        let lines = all(&long[..]);
        assert_eq!((lines[0].len(), lines[1].as_slice()), (3 * CHUNK, &b"short"[..]));
        let error = Lines::of(io::repeat(b'x')).next().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
