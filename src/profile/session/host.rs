//! The machine and the processes as recordings tell of them.

use crate::profile::model::Host;

/// One event for each thread and processor can be many. The program keeps the limit that it was given: it exists already.
pub(super) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without it there is only less room; opening tells when it does not suffice.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// The machine we run on.
pub(super) fn host() -> Host {
    let cpus = std::thread::available_parallelism().map_or(0, |n| n.get() as u32);
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    Host { cpus, kernel }
}

/// What a process was started with; without that, `name` in brackets as `ps` shows it.
pub(super) fn command_line(pid: u32, name: Option<&str>) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if bytes.is_empty() {
        // A kernel thread, or one that has ended meanwhile.
        return name.iter().map(|name| format!("[{name}]")).collect();
    }
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    text.split(|&byte| byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}
