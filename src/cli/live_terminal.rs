//! A terminal as a live view needs it: a screen of its own and keys as they are pressed. As it was before, however it ends.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
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

use crate::render::top::Key;

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

/// Whether Ctrl-Z may stop us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspends {
    /// The terminal sends SIGTSTP, upon which the screen must be closed.
    Yes,
    /// Stopped we would leave the terminal as it is.
    No,
}

/// How the terminal was before a screen was opened, for a panic: unwinding may come too late for what it has to say.
static BEFORE: Mutex<Option<Option<Termios>>> = Mutex::new(None);
/// Somebody has panicked, and the terminal is not ours any more.
static LEFT: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The screen, for as long as this value lives.
pub(super) struct Screen {
    keys: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it cannot be set or written to.
    pub(super) fn open(suspends: Suspends) -> io::Result<Self> {
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                LEFT.store(true, Ordering::Relaxed);
                leave();
                report(panic);
            }));
        });
        let stdin = io::stdin();
        let before = if stdin.is_terminal() { Some(tcgetattr(&stdin)?) } else { None };
        *lock(&BEFORE) = Some(before.clone());
        let screen = Self { keys: before.is_some() };
        if let Some(mut keys) = before {
            keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            keys.special_codes[SpecialCodeIndex::VMIN] = 1;
            keys.special_codes[SpecialCodeIndex::VTIME] = 0;
            if suspends == Suspends::No {
                keys.special_codes[SpecialCodeIndex::VSUSP] = 0;
            }
            tcsetattr(&stdin, OptionalActions::Now, &keys)?;
        }
        // A screen of our own, without a cursor.
        let mut out = io::stdout().lock();
        out.write_all(b"\x1b[?1049h\x1b[?25l")?;
        out.flush()?;
        Ok(screen)
    }

    /// Whether keys can be pressed.
    pub(super) fn has_keys(&self) -> bool {
        self.keys
    }

    /// Columns and rows, as of now.
    pub(super) fn size() -> (u16, u16) {
        let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or((80, 24), |size| (size.ws_col, size.ws_row))
    }

    /// Replaces what is shown.
    ///
    /// # Errors
    /// When the terminal cannot be written to, or somebody has panicked.
    pub(super) fn draw(&self, lines: &[String]) -> io::Result<()> {
        if LEFT.load(Ordering::Relaxed) {
            return Err(io::Error::other("the view has failed"));
        }
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
        leave();
    }
}

/// Puts the terminal right, if it is not so already.
fn leave() {
    let Some(before) = lock(&BEFORE).take() else { return };
    let mut out = io::stdout().lock();
    let _ = out.write_all(b"\x1b[?25h\x1b[?1049l").and_then(|()| out.flush());
    if let Some(before) = before {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The keys that a terminal has sent.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    let mut keys = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (key, length) = match first {
            '\x1b' => sequence(rest),
            '\r' | '\n' => (Key::Enter, 1),
            '\x7f' | '\x08' => (Key::Backspace, 1),
            // Those that end a terminal's input or a program, where the terminal does not do so itself.
            '\x03' | '\x04' => (Key::Char('q'), 1),
            c if c.is_control() => (Key::Other, 1),
            c => (Key::Char(c), c.len_utf8()),
        };
        keys.push(key);
        rest = rest.get(length..).unwrap_or_default();
    }
    keys
}

/// The key at the beginning of `text`, which is an escape character, and its length.
fn sequence(text: &str) -> (Key, usize) {
    let mut chars = text.char_indices().skip(1);
    if !matches!(chars.next(), Some((_, '[' | 'O'))) {
        return (Key::Escape, 1);
    }
    let end = chars.find(|(_, c)| ('@'..='~').contains(c)).map_or(text.len(), |(i, c)| i + c.len_utf8());
    let key = match text.get(2..end).unwrap_or_default() {
        "A" => Key::Up,
        "B" => Key::Down,
        "H" | "1~" | "7~" => Key::Home,
        "F" | "4~" | "8~" => Key::End,
        "5~" => Key::PageUp,
        "6~" => Key::PageDown,
        _ => Key::Other,
    };
    (key, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "for the test below"]
    #[should_panic(expected = "on purpose")]
    fn panics_on_a_screen() {
        let _screen = Screen::open(Suspends::No).unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_is_told_on_the_ordinary_screen() {
        let output = tempfile::NamedTempFile::new().unwrap();
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--ignored", "--nocapture", "--exact", "cli::live_terminal::tests::panics_on_a_screen"]);
        again.stdin(std::process::Stdio::null());
        // Both add to it.
        let file = std::fs::File::options().append(true).open(output.path()).unwrap();
        again.stdout(file.try_clone().unwrap()).stderr(file);
        assert!(again.status().unwrap().success());
        let text = String::from_utf8(std::fs::read(output.path()).unwrap()).unwrap();
        let places = ["\x1b[?1049h", "\x1b[?1049l", "on purpose"].map(|part| text.find(part));
        assert!(places[0].is_some() && places.is_sorted(), "{text:?}");
        assert_eq!(text.matches("\x1b[?1049l").count(), 1);
    }

    #[test]
    fn terminals_keys_are_understood() {
        let expected = [Key::Char('s'), Key::Up, Key::PageDown, Key::Home, Key::Enter, Key::Escape];
        assert_eq!(keys(b"s\x1b[A\x1b[6~\x1bOH\r\x1b"), expected);
        assert_eq!(
            keys("\u{e9}\x1b[1;5Cq\x7f".as_bytes()),
            [Key::Char('\u{e9}'), Key::Other, Key::Char('q'), Key::Backspace]
        );
        assert_eq!(keys(b"\x1b[\xff"), [Key::Other]);
    }
}
