//! What hotcold itself uses while it records.

use std::{fs, path::Path, process::Child, thread, time::Duration};

/// What a process has used so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu_s: f64,
    /// Peak resident memory.
    pub(crate) peak_kib: u64,
}

/// CPU time of all threads in nanoseconds' resolution, and peak resident memory; `None` where the process is gone.
fn usage(pid: u32) -> Option<Usage> {
    let proc = Path::new("/proc").join(pid.to_string());
    let mut ns = 0;
    for thread in fs::read_dir(proc.join("task")).ok()?.flatten() {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        ns += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    let status = fs::read_to_string(proc.join("status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(Usage { cpu_s: ns as f64 * 1e-9, peak_kib: peak.split_whitespace().next()?.parse().ok()? })
}

/// The last reading before the program has told its times, which is its end.
pub(crate) fn watch(child: &mut Child, truth: &Path) -> Usage {
    let mut last = Usage::default();
    while child.try_wait().expect("a child").is_none() {
        let now = usage(child.id());
        if fs::metadata(truth).is_ok_and(|m| m.len() > 0) {
            break;
        }
        last = now.unwrap_or(last);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().expect("a child").success(), "hotcold failed");
    last
}
