//! Signals that reach us while we work: taken in as data, never by a handler, and none of them changes what a program that we
//! start inherits.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// A signal that was sent to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub number: i32,
    /// Whether the terminal sent it, so that the program has got it too.
    pub from_terminal: bool,
}

/// The signals that would end us, held back and readable from a descriptor for as long as this value lives.
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
    original: Original,
}

/// The signal settings that we were started with and that a program of ours shall have.
#[derive(Clone, Copy)]
pub(crate) struct Original {
    mask: libc::sigset_t,
    child_action: libc::sigaction,
}

impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Original")
    }
}

/// All that would end us by default and that people and programs send on purpose.
const HELD_BACK: [i32; 7] =
    [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2, libc::SIGCHLD];

impl Signals {
    /// Holds back SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2, each unless it was ignored when we were started (as under `nohup`),
    /// and SIGCHLD.
    ///
    /// # Errors
    /// When the kernel cannot provide a descriptor for them.
    pub fn hold_back() -> io::Result<Self> {
        let set = held_back();
        let mut original = Original { mask: empty_set(), child_action: no_action() };
        // SAFETY: all pointers are to our own initialized variables.
        let fd = unsafe {
            // A parent that ignores SIGCHLD would leave us without the program's exit status.
            libc::sigaction(libc::SIGCHLD, &raw const original.child_action, &raw mut original.child_action);
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, &raw mut original.mask);
            libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that nobody else owns.
        Ok(Self { descriptor: unsafe { OwnedFd::from_raw_fd(fd) }, original })
    }

    /// Whether the descriptor tells of SIGCHLD, as it does at first; otherwise SIGCHLD is for another thread of ours.
    pub fn hear_of_children(&self, hear: bool) {
        let mut set = held_back();
        if !hear {
            // SAFETY: an initialized set and a valid signal number.
            unsafe { libc::sigdelset(&raw mut set, libc::SIGCHLD) };
        }
        // SAFETY: the descriptor is one of signals; what it tells of is replaced. It cannot fail then.
        unsafe { libc::signalfd(self.descriptor.as_raw_fd(), &raw const set, 0) };
    }

    /// Becomes readable when a signal has come.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// The next signal, if one has come.
    pub fn next(&self) -> Option<Received> {
        // SAFETY: plain numbers, for which all zeros is a value.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: reads at most `size` bytes into a variable of that size.
        let n = unsafe { libc::read(self.descriptor.as_raw_fd(), (&raw mut info).cast(), size) };
        let number = info.ssi_signo as i32;
        (n == size as isize).then_some(Received { number, from_terminal: info.ssi_code == libc::SI_KERNEL })
    }

    pub(crate) fn original(&self) -> Original {
        self.original
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Those that have come already were meant for the work that is over.
        while self.next().is_some() {}
        // SAFETY: restores what `hold_back` has saved.
        unsafe {
            libc::sigaction(libc::SIGCHLD, &raw const self.original.child_action, std::ptr::null_mut());
            libc::sigprocmask(libc::SIG_SETMASK, &raw const self.original.mask, std::ptr::null_mut());
        }
    }
}

impl Original {
    /// Gives a new child the settings that we were started with.
    ///
    /// # Safety
    /// Only in a child just forked.
    pub(crate) unsafe fn restore_in_child(&self) {
        // SAFETY: async-signal-safe calls with pointers to initialized values.
        unsafe {
            libc::sigaction(libc::SIGCHLD, &raw const self.child_action, std::ptr::null_mut());
            if !PIPE_WAS_IGNORED.load(Ordering::Relaxed) {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            }
            libc::sigprocmask(libc::SIG_SETMASK, &raw const self.mask, std::ptr::null_mut());
        }
    }
}

/// Ends this process by a signal's default action, so that whoever waits for us sees what happened. Returns if the signal's
/// default is not to end a process.
pub fn die_of(number: i32) {
    let mut set = empty_set();
    // SAFETY: valid signal number and initialized set.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::sigaddset(&raw mut set, number);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::raise(number);
    }
}

/// Stops this process as if the program had been stopped in its place; returns when it is continued.
pub fn stop_self() {
    // SAFETY: a plain system call on ourselves.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Rust's start-up code ignores SIGPIPE before anything of ours runs, so what it was before has to be looked up earlier still.
static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

extern "C" fn remember_pipe() {
    PIPE_WAS_IGNORED.store(is_ignored(libc::SIGPIPE), Ordering::Relaxed);
}

// SAFETY: the linker collects these pointers and the loader calls them, with the C calling convention, before `main`; the
// function needs nothing that is not ready then.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER_PIPE: extern "C" fn() = remember_pipe;

fn is_ignored(number: i32) -> bool {
    let mut action = no_action();
    // SAFETY: only asks; the pointer is to our own variable.
    unsafe { libc::sigaction(number, std::ptr::null(), &raw mut action) };
    action.sa_sigaction == libc::SIG_IGN
}

/// The signals to hold back.
fn held_back() -> libc::sigset_t {
    let mut set = empty_set();
    for number in HELD_BACK {
        if number == libc::SIGCHLD || !is_ignored(number) {
            // SAFETY: an initialized set and a valid signal number.
            unsafe { libc::sigaddset(&raw mut set, number) };
        }
    }
    set
}

/// The default action.
fn no_action() -> libc::sigaction {
    // SAFETY: plain numbers; all zeros is SIG_DFL with an empty mask and no flags.
    unsafe { std::mem::zeroed() }
}

fn empty_set() -> libc::sigset_t {
    // SAFETY: `sigemptyset` initializes the set, whatever was there before.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        set
    }
}
