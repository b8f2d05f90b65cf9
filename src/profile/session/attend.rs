//! The program's life beside its recording: signals passed on, stops shared, the end told.

use std::{
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

use crate::{
    profile::target::{Change, Child, Ended},
    signals::{Signals, stop_self},
};

/// A child that outlives its recording.
#[derive(Debug)]
pub struct StillRunning {
    child: Child,
    signals: Signals,
}

impl StillRunning {
    pub(super) fn new(child: Child, signals: Signals) -> Self {
        Self { child, signals }
    }

    /// Waits for the program to end, passing on what is sent to it.
    pub fn wait(self) -> Ended {
        loop {
            let fds = [self.signals.descriptor().as_raw_fd(), self.child.descriptor().as_raw_fd()];
            poll(&fds, Duration::from_secs(60));
            if let Some(ended) = attend(&self.child, &self.signals, &mut Child::change, &mut stop_self).ended
            {
                return ended;
            }
        }
    }
}

/// What has happened to the program.
pub(super) struct Attended {
    pub(super) ended: Option<Ended>,
    /// It was sent a signal, through us, that ends most programs.
    pub(super) told_to_end: bool,
}

/// Passes on to the child what was sent to us, stops when it stops, and tells when it has ended. `change` asks for that, and
/// `stop` stops us until we are continued.
pub(super) fn attend(
    child: &Child,
    signals: &Signals,
    change: &mut dyn FnMut(&Child) -> Change,
    stop: &mut dyn FnMut(),
) -> Attended {
    let mut told_to_end = false;
    while let Some(signal) = signals.next() {
        told_to_end |= matches!(signal.number, libc::SIGTERM | libc::SIGHUP);
        match signal.number {
            libc::SIGCHLD => {}
            // The terminal has sent it to the program, too.
            _ if signal.from_terminal => {}
            number => child.signal(number),
        }
    }
    let ended = match change(child) {
        Change::Ended(ended) => Some(ended),
        Change::Stopped => {
            // Whoever waits for us shall see what it would have seen of the program itself.
            stop();
            child.signal(libc::SIGCONT);
            None
        }
        Change::None => None,
    };
    Attended { ended, told_to_end }
}

/// Waits until one of these is readable or time is up; those that hung up.
pub(super) fn poll(fds: &[RawFd], timeout: Duration) -> Vec<RawFd> {
    use rustix::event::{PollFd, PollFlags, Timespec};
    // SAFETY: the descriptors belong to events and signals that the caller holds open during the call.
    let borrowed = fds.iter().map(|&fd| unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) });
    let borrowed: Vec<_> = borrowed.collect();
    let mut polled: Vec<_> = borrowed.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
    let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
    // An interrupted poll is as good as one that timed out.
    let _ = rustix::event::poll(&mut polled, Some(&timeout));
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    fds.iter().zip(&polled).filter(|(_, p)| p.revents().intersects(gone)).map(|(&fd, _)| fd).collect()
}
