//! A terminal to run the tool on, whose screen a test can read and whose keys it can press.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZero,
    os::{
        fd::{AsRawFd, FromRawFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use super::process::wait_until;

/// A program that runs on a terminal of its own, as its session's leader.
pub(crate) struct Terminal {
    keyboard: File,
    child: Child,
    shown: Arc<Mutex<Shown>>,
    reader: JoinHandle<()>,
}

struct Shown {
    raw: Vec<u8>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Runs `command` with all three streams on a new terminal.
    pub(crate) fn spawn(command: &mut Command, columns: u16, rows: u16) -> Self {
        let (master, slave) = open(columns, rows);
        let clone = |file: &File| file.try_clone().expect("a file can be cloned");
        command.env("TERM", "xterm-256color").env_remove("COLUMNS");
        command.stdin(clone(&slave)).stdout(clone(&slave)).stderr(slave);
        // SAFETY: setsid and ioctl are async-signal-safe and touch only the new process.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("the program starts");
        // The parent's copies of the terminal's other end, so that its end is seen.
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let some = |n| NonZero::new(n).expect("a terminal has cells");
        let screen = vt100::Parser::new(some(rows), some(columns), 0);
        let shown = Arc::new(Mutex::new(Shown { raw: Vec::new(), screen }));
        let keyboard = clone(&master);
        let reader = thread::spawn({
            let shown = Arc::clone(&shown);
            move || read(master, &shown)
        });
        Self { keyboard, child, shown, reader }
    }

    /// Process id of the program.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What stands on the screen now, without the blanks at line ends.
    pub(crate) fn screen(&self) -> String {
        self.shown.lock().expect("the reader lives").screen.screen().contents()
    }

    /// Everything the program has written, escape sequences included.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.shown.lock().expect("the reader lives").raw.clone()
    }

    /// Waits until `text` stands on the screen.
    pub(crate) fn wait_for(&self, text: &str) {
        wait_until(&format!("`{text}` on the screen"), || self.screen().contains(text).then_some(()));
    }

    /// Presses keys: `b"\x03"` is Ctrl-C, `b"\x1a"` Ctrl-Z, `b"\x04"` Ctrl-D.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("the terminal takes keys");
    }

    /// Gives the terminal another size, of which the kernel tells the program by SIGWINCH.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the descriptor is open and the kernel only reads the size.
        let done = unsafe { libc::ioctl(self.keyboard.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(done, 0, "a terminal can be resized");
        let some = |n| NonZero::new(n).expect("a terminal has cells");
        self.shown.lock().expect("the reader lives").screen.set_size(some(rows), some(columns));
    }

    /// Waits for the program's end; its status and the screen it left.
    pub(crate) fn finish(mut self) -> (ExitStatus, String) {
        let status = wait_until("the program to end", || self.child.try_wait().expect("a child"));
        let Self { keyboard, reader, shown, .. } = self;
        drop(keyboard);
        reader.join().expect("the reader ends");
        let screen = shown.lock().expect("the reader has ended").screen.screen().contents();
        (status, screen)
    }
}

/// Until every process that had the terminal open is gone, which the kernel tells as an error.
fn read(mut master: File, shown: &Mutex<Shown>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = master.read(&mut buffer) {
        let mut shown = shown.lock().expect("no reader panics");
        shown.raw.extend_from_slice(&buffer[..n]);
        shown.screen.process(&buffer[..n]);
    }
}

fn open(columns: u16, rows: u16) -> (File, File) {
    let (mut master, mut slave) = (-1, -1);
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel fills both descriptors; the null pointers ask for the default name and settings.
    let made = unsafe {
        libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &raw const size)
    };
    assert_eq!(made, 0, "a terminal can be made");
    // SAFETY: openpty has just made both descriptors for us, nobody else owns them.
    let files = unsafe { (File::from_raw_fd(master), File::from_raw_fd(slave)) };
    for file in [&files.0, &files.1] {
        // SAFETY: fcntl with F_SETFD takes a number; the descriptor is open.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    files
}
