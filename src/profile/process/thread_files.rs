//! The files of `/proc/PID/task/TID` that tell what a thread is about and what it has used.

use std::{fs::File, os::unix::fs::FileExt};

/// What the scheduler has counted of a thread: `/proc/PID/task/TID/schedstat`, as the kernel's `sched-stats.rst` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::profile) struct Scheduled {
    /// Time on a processor in nanoseconds; of a thread that is running, up to the last clock tick.
    pub(in crate::profile) cpu_ns: u64,
    /// Time ready to run without a processor, in nanoseconds.
    pub(in crate::profile) delay_ns: u64,
    /// How often it was put on a processor.
    pub(in crate::profile) turns: u64,
}

/// What a thread is about: `/proc/PID/task/TID/syscall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::profile) enum Doing {
    /// It runs, or would if there was a processor for it.
    Running,
    /// It waits in a system call, or elsewhere in the kernel.
    Blocked(Blocked),
}

/// Where a thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::profile) struct Blocked {
    /// Number of the system call; `None` for a page fault or the like.
    pub(in crate::profile) call: Option<u64>,
    /// Its arguments.
    pub(in crate::profile) arguments: [u64; 6],
    /// Its stack pointer.
    pub(in crate::profile) sp: u64,
    /// Its instruction pointer.
    pub(in crate::profile) ip: u64,
}

/// A thread's files, kept open: opening takes longer than reading.
#[derive(Debug)]
pub(in crate::profile) struct ThreadFiles {
    dir: String,
    syscall: Option<File>,
    schedstat: Option<File>,
    stat: Option<File>,
    sched: Option<File>,
}

impl ThreadFiles {
    pub(in crate::profile) fn new(pid: u32, tid: u32) -> Self {
        Self {
            dir: format!("/proc/{pid}/task/{tid}"),
            syscall: None,
            schedstat: None,
            stat: None,
            sched: None,
        }
    }

    /// What it is about right now; `None` when it is gone or may not be looked at.
    pub(in crate::profile) fn doing(&mut self) -> Option<Doing> {
        let mut buffer = [0; 256];
        match read(&self.dir, "syscall", &mut self.syscall, &mut buffer) {
            Some(text) => parse_syscall(text),
            None => self.state(),
        }
    }

    /// Whether it stands still because somebody has stopped it, by a signal or as its tracer.
    pub(in crate::profile) fn is_stopped(&self) -> bool {
        self.state_letter().is_some_and(|letter| matches!(letter, 'T' | 't'))
    }

    fn state_letter(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("{}/stat", self.dir)).ok()?;
        stat.rsplit_once(')')?.1.trim_start().chars().next()
    }

    /// Without that file, which not every kernel has: the state letter.
    fn state(&self) -> Option<Doing> {
        let running = self.state_letter()? == 'R';
        let nowhere = Blocked { call: None, arguments: [0; 6], sp: 0, ip: 0 };
        Some(if running { Doing::Running } else { Doing::Blocked(nowhere) })
    }

    /// What it has used; `None` where the scheduler does not count.
    pub(in crate::profile) fn scheduled(&mut self) -> Option<Scheduled> {
        let mut buffer = [0; 96];
        read(&self.dir, "schedstat", &mut self.schedstat, &mut buffer).and_then(parse_schedstat)
    }

    /// The processor that it runs on, or was last on.
    pub(in crate::profile) fn processor(&mut self) -> Option<u32> {
        let mut buffer = [0; 1024];
        read(&self.dir, "stat", &mut self.stat, &mut buffer).and_then(parse_processor)
    }

    /// When the scheduler last looked at what it uses: of a thread that has no processor, the moment when it lost it; of one that
    /// has just got one, the moment when it did. On the clock of that processor; `None` where the kernel does not tell.
    pub(in crate::profile) fn exec_start_ns(&mut self) -> Option<u64> {
        let mut buffer = [0; 512];
        read(&self.dir, "sched", &mut self.sched, &mut buffer).and_then(parse_exec_start)
    }

    /// Its name.
    pub(in crate::profile) fn name(&self) -> Option<String> {
        let bytes = std::fs::read(format!("{}/comm", self.dir)).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }
}

fn read<'b>(dir: &str, name: &str, file: &mut Option<File>, buffer: &'b mut [u8]) -> Option<&'b str> {
    // Where no more files may be open, each look opens its own.
    let (n, opened) = match file {
        Some(file) => (file.read_at(buffer, 0).ok()?, None),
        None => {
            let file = File::open(format!("{dir}/{name}")).ok()?;
            (file.read_at(buffer, 0).ok()?, Some(file))
        }
    };
    if opened.is_some() {
        *file = opened;
    }
    std::str::from_utf8(buffer.get(..n)?).ok().filter(|text| !text.is_empty())
}

fn parse_schedstat(text: &str) -> Option<Scheduled> {
    let mut fields = text.split_whitespace().map(str::parse);
    let mut next = || fields.next()?.ok();
    let (cpu_ns, delay_ns, turns) = (next()?, next()?, next()?);
    // Three zeros stand for "not counted".
    (turns > 0).then_some(Scheduled { cpu_ns, delay_ns, turns })
}

/// `se.exec_start : MILLISECONDS.NANOSECONDS` of `/proc/PID/sched`, as the kernel's `sched/debug.c` writes it.
fn parse_exec_start(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("se.exec_start"))?;
    let (whole, rest) = line.trim_start().strip_prefix(':')?.trim().split_once('.')?;
    let (whole, rest) = (whole.parse::<u64>().ok()?, rest.parse::<u64>().ok()?);
    whole.checked_mul(1_000_000)?.checked_add(rest)
}

/// The 39th field of `/proc/PID/stat`, `proc_pid_stat(5)`; the second one may have anything in it, but ends with the last parenthesis.
fn parse_processor(text: &str) -> Option<u32> {
    text.rsplit_once(')')?.1.split_ascii_whitespace().nth(36)?.parse().ok()
}

/// `running`, `-1 SP PC`, or `NR A0 A1 A2 A3 A4 A5 SP PC`.
fn parse_syscall(text: &str) -> Option<Doing> {
    let text = text.trim_end();
    if text == "running" {
        return Some(Doing::Running);
    }
    let mut fields = text.split(' ');
    let call = fields.next()?.parse::<i64>().ok()?;
    let mut hex = || u64::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok();
    let mut arguments = [0; 6];
    if call >= 0 {
        for argument in &mut arguments {
            *argument = hex()?;
        }
    }
    let (sp, ip) = (hex()?, hex()?);
    Some(Doing::Blocked(Blocked { call: u64::try_from(call).ok(), arguments, sp, ip }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_text_is_read() {
        assert_eq!(parse_syscall("running\n"), Some(Doing::Running));
        let Some(Doing::Blocked(blocked)) = parse_syscall("202 0x1 0x80 0x3 0x0 0x0 0x6 0x7ffd10 0x7f00a1\n")
        else {
            panic!("blocked")
        };
        assert_eq!((blocked.call, blocked.sp, blocked.ip), (Some(202), 0x7f_fd10, 0x7f_00a1));
        assert_eq!(blocked.arguments, [1, 0x80, 3, 0, 0, 6]);
        let Some(Doing::Blocked(fault)) = parse_syscall("-1 0x10 0x20\n") else { panic!("blocked") };
        assert_eq!((fault.call, fault.sp), (None, 0x10));
        assert_eq!(parse_syscall("202 0x1"), None);
        assert_eq!(parse_syscall(""), None);
        assert_eq!(
            parse_schedstat("58950 1556141 2\n"),
            Some(Scheduled { cpu_ns: 58950, delay_ns: 1_556_141, turns: 2 })
        );
        assert_eq!(parse_schedstat("0 0 0\n"), None);
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        assert_eq!(parse_processor(&format!("1 (a) b) R {}", fields.join(" "))), Some(39));
        assert_eq!(parse_processor("1 (a) R 4"), None);
        let sched = "cat (26173, #threads: 1)\n-----\nse.exec_start                  :      26030417.043864\nse.vruntime :  7.0\n";
        assert_eq!(parse_exec_start(sched), Some(26_030_417_043_864));
        assert_eq!(parse_exec_start("cat (1, #threads: 1)\nse.exec_start : 5\n"), None);
    }

    #[test]
    fn a_thread_that_waits_is_told_from_one_that_runs() {
        let (send, receive) = std::sync::mpsc::channel();
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            send.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            let _ = wait.recv();
        });
        let tid = receive.recv().unwrap().unsigned_abs();
        let pid = std::process::id();
        let mut files = ThreadFiles::new(pid, tid);
        while !matches!(files.doing(), Some(Doing::Blocked(blocked)) if blocked.sp != 0) {
            std::thread::yield_now();
        }
        assert!(files.scheduled().is_none_or(|scheduled| scheduled.cpu_ns > 0));
        assert!(files.name().is_some());
        drop(end);
        thread.join().unwrap();
        let mut own = ThreadFiles::new(pid, rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs());
        assert!(own.doing().is_some());
        assert_eq!(ThreadFiles::new(u32::MAX, u32::MAX).doing(), None);
    }
}
