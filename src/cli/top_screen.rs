//! The live view on a terminal: a thread that draws and takes keys, beside the recording.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use signal_hook::consts::{SIGCONT, SIGKILL, SIGTERM, SIGTSTP, SIGWINCH};

use super::{
    live_terminal::{self, Screen, Suspends},
    top_worker::{Done, Job, Named},
};
use crate::{
    profile::session::Request,
    render::{
        Style,
        top::{self, Key, State, Wish},
    },
};

/// Something that the view has to take in.
pub(super) enum News {
    /// The worker has done something.
    Done(Done),
    /// We are about to be stopped; to be answered when the terminal is left.
    Suspend(Sender<()>),
    /// We go on.
    Resume,
    /// The recording is over.
    End,
}

/// Tells the view something.
#[derive(Clone)]
pub(super) struct Messenger {
    news: Sender<News>,
    bell: Arc<UnixStream>,
}

impl Messenger {
    /// Whether there is still somebody to tell.
    pub(super) fn tell(&self, news: News) -> bool {
        let told = self.news.send(news).is_ok();
        // A full pipe will wake it all the same.
        let _ = (&*self.bell).write(&[1]);
        told
    }

    /// Has the view leave the terminal; returns when it has.
    pub(super) fn suspend(&self) {
        let (left, wait) = mpsc::channel();
        if self.tell(News::Suspend(left)) {
            // It may have ended meanwhile, which leaves the terminal as well.
            let _ = wait.recv();
        }
    }
}

/// What the view asks of the recording.
pub(super) type Requests = Arc<Mutex<VecDeque<Request>>>;

/// The view, before it has a screen.
pub(super) struct View {
    state: State,
    style: Style,
    news: Receiver<News>,
    bell: UnixStream,
    stops: Arc<AtomicBool>,
    continues: Arc<AtomicBool>,
    requests: Requests,
    /// The program is none of ours, so that we can be stopped without it.
    attached: bool,
    named: Option<Box<Named>>,
}

impl View {
    /// Prepares a view; signals are taken in from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn new(state: State, attached: bool, style: Style) -> io::Result<(Self, Messenger, Requests)> {
        let (bell, ring) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ring.set_nonblocking(true)?;
        let (stops, continues) = (Arc::default(), Arc::default());
        for (signal, flag) in [(SIGTSTP, Some(&stops)), (SIGCONT, Some(&continues)), (SIGWINCH, None)] {
            if signal == SIGTSTP && is_ignored(signal) {
                continue;
            }
            if let Some(flag) = flag {
                signal_hook::flag::register(signal, Arc::clone(flag))?;
            }
            signal_hook::low_level::pipe::register(signal, ring.try_clone()?)?;
        }
        let (tell, news) = mpsc::channel();
        let requests = Requests::default();
        let view = Self {
            state,
            style,
            news,
            bell,
            stops,
            continues,
            requests: Arc::clone(&requests),
            attached,
            named: None,
        };
        Ok((view, Messenger { news: tell, bell: Arc::new(ring) }, requests))
    }

    /// Shows what it is told until the recording is over or the user wants to end. `give` hands jobs to the worker.
    ///
    /// # Errors
    /// When the terminal cannot be read or written any more.
    pub(super) fn run(mut self, screen: Screen, give: &dyn Fn(Job)) -> io::Result<()> {
        let mut keys = screen.has_keys();
        let mut screen = Some(screen);
        loop {
            if let Some(screen) = &screen {
                self.draw(screen)?;
            }
            let pressed = self.wait(keys && screen.is_some())?;
            if pressed.as_ref().is_some_and(Vec::is_empty) {
                // Nobody can press anything any more: the terminal is gone.
                self.ask(Request::End);
                return Ok(());
            }
            if self.stops.swap(false, Ordering::Relaxed) && self.attached {
                screen = None;
                self.ask(Request::Suspend);
            }
            if self.continues.swap(false, Ordering::Relaxed) && screen.take().is_some() {
                screen = Some(Screen::open(Suspends::Yes)?);
            }
            while let Ok(news) = self.news.try_recv() {
                match news {
                    News::Done(done) => self.take(done),
                    News::Suspend(left) => {
                        screen = None;
                        // Whoever waits may have ended.
                        let _ = left.send(());
                    }
                    News::Resume => {
                        self.stops.store(false, Ordering::Relaxed);
                        self.continues.store(false, Ordering::Relaxed);
                        let opened = Screen::open(Suspends::Yes)?;
                        keys = opened.has_keys();
                        screen = Some(opened);
                    }
                    News::End => return Ok(()),
                }
            }
            for key in live_terminal::keys(&pressed.unwrap_or_default()) {
                self.press(key, give);
            }
        }
    }

    fn draw(&self, screen: &Screen) -> io::Result<()> {
        let (columns, rows) = Screen::size();
        let style = Style { width: Some(columns), ..self.style };
        let look = self.named.as_ref().map(|named| named.look());
        screen.draw(&top::screen(look.as_ref(), &self.state, usize::from(rows), style))
    }

    /// Waits for keys, news or signals. The bytes of the keys; none of them when no more can come.
    fn wait(&self, keys: bool) -> io::Result<Option<Vec<u8>>> {
        let stdin = io::stdin();
        let mut files = [PollFd::new(&self.bell, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        let files = if keys { &mut files[..] } else { &mut files[..1] };
        match poll(files, None) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let pressed = files.get(1).is_some_and(|file| !file.revents().is_empty());
        while let Ok(1..) = (&self.bell).read(&mut [0; 64]) {}
        if !pressed {
            return Ok(None);
        }
        let mut bytes = [0; 256];
        match rustix::io::read(&stdin, &mut bytes) {
            Ok(n) => Ok(Some(bytes[..n].to_vec())),
            Err(Errno::INTR | Errno::AGAIN) => Ok(None),
            Err(_) => Ok(Some(Vec::new())),
        }
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Told(text) => self.state.message = text,
            // One that was on its way when the view was paused.
            Done::Named { newer: true, .. } if self.state.paused && self.named.is_some() => {}
            Done::Named { named, .. } => self.named = Some(named),
        }
    }

    fn press(&mut self, key: Key, give: &dyn Fn(Job)) {
        let (_, rows) = Screen::size();
        let all = self.named.as_ref().map_or(0, |named| top::row_count(&named.look(), &self.state));
        let wish = self.state.press(key, top::page(usize::from(rows)), all);
        match wish {
            None => {}
            Some(Wish::Quit) => self.ask(Request::End),
            Some(Wish::EndProgram { hard }) => {
                self.ask(Request::Signal(if hard { SIGKILL } else { SIGTERM }))
            }
            Some(Wish::Save) => {
                "saving".clone_into(&mut self.state.message);
                self.ask(Request::Snapshot);
            }
            Some(Wish::Pause) => give(Job::Pause(self.state.paused)),
            Some(Wish::Rename) => give(Job::Rename(self.state.native_frames)),
        }
    }

    fn ask(&self, request: Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push_back(request);
    }
}

fn is_ignored(signal: i32) -> bool {
    // Bit masks in hexadecimal, the lowest bit for signal 1.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
