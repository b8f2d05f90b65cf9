//! A terminal as a live view needs it: a screen of its own and keys as they are pressed. As it was before, however it ends.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr},
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};

/// The signals that end a live view, taken in so that the terminal can be put right first.
#[derive(Debug)]
pub(super) struct Ends {
    received: Vec<(i32, Arc<AtomicBool>)>,
    resized: Arc<AtomicBool>,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The time is over.
    Tick,
    /// The terminal has another size.
    Resized,
    /// The user wants to end: `q` or Ctrl-C.
    Quit,
    /// Somebody wants us to end by this signal.
    Signal(i32),
}

impl Ends {
    /// Takes signals in from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn new() -> io::Result<Self> {
        let received = [SIGINT, SIGTERM, SIGHUP].into_iter().map(|signal| {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
            Ok((signal, flag))
        });
        let received = received.collect::<io::Result<_>>()?;
        let resized = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGWINCH, Arc::clone(&resized))?;
        Ok(Self { received, resized })
    }

    /// Waits until `until` unless something ends it before.
    pub(super) fn wait(&self, until: Instant, keys: bool) -> Event {
        let stdin = io::stdin();
        let mut keys = keys;
        loop {
            for (signal, flag) in &self.received {
                if flag.load(Ordering::Relaxed) {
                    return if *signal == SIGINT { Event::Quit } else { Event::Signal(*signal) };
                }
            }
            if self.resized.swap(false, Ordering::Relaxed) {
                return Event::Resized;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Event::Tick;
            }
            let mut files = [PollFd::new(&stdin, PollFlags::IN)];
            let files = if keys { &mut files[..] } else { &mut [] };
            match poll(files, Some(&timespec(left))) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => match read_key(&stdin) {
                    Some(b'q' | b'Q' | 0x03 | 0x04) => return Event::Quit,
                    Some(_) => {}
                    // Nobody can press anything any more.
                    None => keys = false,
                },
                Err(_) => std::thread::sleep(left),
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

fn read_key(stdin: &io::Stdin) -> Option<u8> {
    let mut key = [0];
    match rustix::io::read(stdin, &mut key) {
        Ok(1) => Some(key[0]),
        Err(Errno::INTR | Errno::AGAIN) => Some(0),
        _ => None,
    }
}

/// The screen, for as long as this value lives.
pub(super) struct Screen {
    before: Option<Termios>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it cannot be set or written to.
    pub(super) fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = if stdin.is_terminal() { Some(tcgetattr(&stdin)?) } else { None };
        let screen = Self { before };
        if let Some(before) = &screen.before {
            let mut keys = before.clone();
            keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            keys.special_codes[SpecialCodeIndex::VMIN] = 1;
            keys.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Stopped by Ctrl-Z we would leave the terminal as it is now.
            keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
            tcsetattr(&stdin, OptionalActions::Now, &keys)?;
        }
        // A screen of our own, without a cursor.
        io::stdout().write_all(b"\x1b[?1049h\x1b[?25l")?;
        Ok(screen)
    }

    /// Whether keys can be pressed.
    pub(super) fn has_keys(&self) -> bool {
        self.before.is_some()
    }

    /// Columns and rows, as of now.
    pub(super) fn size() -> (u16, u16) {
        let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or((80, 24), |size| (size.ws_col, size.ws_row))
    }

    /// Replaces what is shown.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut text = String::from("\x1b[H");
        for (i, line) in lines.iter().enumerate() {
            text.push_str(if i > 0 { "\r\n" } else { "" });
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(b"\x1b[?25h\x1b[?1049l").and_then(|()| out.flush());
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
