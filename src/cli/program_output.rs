//! Where the output of a program goes while a live view has the terminal that it would go to.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IsTerminal, Write},
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
};

use crate::profile::session::Redirect;

/// So much of it is kept until the view has ended.
const KEPT: usize = 64 << 10;

/// A program's output, caught.
#[derive(Clone, Debug)]
pub(super) struct Caught(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pipe: OwnedFd,
    tail: Mutex<Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    dropped: u64,
    /// Output goes where it belongs by now.
    passes: bool,
}

/// Keeps a program off the terminal: it reads nothing from where our keys come from, and what it would write there is written to
/// `file`, or caught.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep_off_the_terminal(file: Option<&Path>) -> io::Result<(Redirect, Option<Caught>)> {
    let stdin = if io::stdin().is_terminal() { Some(File::open("/dev/null")?.into()) } else { None };
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let (sink, caught): (OwnedFd, _) = match file {
        // Both streams add to it.
        Some(path) => (File::options().append(true).create(true).open(path)?.into(), None),
        None => {
            let (pipe, sink) = pipe_with(PipeFlags::CLOEXEC)?;
            rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK)?;
            (sink, Some(Caught(Arc::new(Inner { pipe, tail: Mutex::default() }))))
        }
    };
    let wanted = |terminal: bool| if terminal { sink.try_clone().map(Some) } else { Ok(None) };
    Ok((Redirect { stdin, stdout: wanted(out)?, stderr: wanted(err)? }, caught))
}

impl Caught {
    /// Reads from now on, so that the program never waits for us.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(&self) -> io::Result<()> {
        let inner = Arc::clone(&self.0);
        let work = move || {
            loop {
                let mut files = [PollFd::new(&inner.pipe, PollFlags::IN)];
                match poll(&mut files, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(_) => return,
                }
                if !inner.read() {
                    return;
                }
            }
        };
        thread::Builder::new().name("output".to_owned()).spawn(work).map(|_| ())
    }

    /// Writes what was caught to standard output, and from now on all that comes. Gives the number of bytes that were not kept.
    pub(super) fn release(&self) -> u64 {
        self.0.read();
        let mut tail = self.0.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.passes = true;
        let bytes = std::mem::take(&mut tail.bytes);
        pass(bytes.as_slices().0);
        pass(bytes.as_slices().1);
        std::mem::take(&mut tail.dropped)
    }
}

impl Inner {
    /// Takes what there is; whether more may come.
    fn read(&self) -> bool {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = [0; 16 << 10];
        loop {
            match rustix::io::read(&self.pipe, &mut buffer) {
                Ok(0) => return false,
                Ok(n) => tail.take(&buffer[..n]),
                Err(Errno::AGAIN) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

impl Tail {
    fn take(&mut self, bytes: &[u8]) {
        if self.passes {
            pass(bytes);
            return;
        }
        self.bytes.extend(bytes);
        let beyond = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..beyond);
        self.dropped += beyond as u64;
    }
}

fn pass(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    // Who does not read it does not want it.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_the_rest_counted() {
        let mut tail = Tail::default();
        tail.take(&vec![b'a'; KEPT - 1]);
        tail.take(b"xyz");
        assert_eq!((tail.bytes.len(), tail.dropped), (KEPT, 2));
        assert_eq!(tail.bytes.iter().rev().take(3).collect::<Vec<_>>(), [&b'z', &b'y', &b'x']);
    }

    #[test]
    fn all_that_was_written_is_taken_until_the_end() {
        let (pipe, sink) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK).unwrap();
        let inner = Inner { pipe, tail: Mutex::default() };
        assert!(inner.read());
        File::from(sink).write_all(b"abc").unwrap();
        assert!(!inner.read());
        assert_eq!(inner.tail.lock().unwrap().bytes, b"abc");
    }
}
