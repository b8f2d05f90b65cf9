//! Stopping threads once, for a single look at them.

use std::time::{Duration, Instant};

use super::{
    calls::{self, Stop},
    refusal::Refusal,
    restart::keep_waiting,
};
use crate::profile::process::arch::Registers;

/// A thread that has not stopped for so long is left out.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stops these threads of a process, hands each to `look` with its registers while it stands still, and lets it go on. They
/// are let go for good when the calling thread ends. SIGCHLD must be held back, and be read by nobody else.
///
/// # Errors
/// Why none of them can be stopped.
pub fn look_at_running(pid: u32, tids: &[u32], look: &mut dyn FnMut(u32, Registers)) -> Result<(), Refusal> {
    let mut awaited = Vec::new();
    for &tid in tids {
        match calls::seize(tid) {
            Ok(()) => awaited.push(tid),
            Err(error) => match Refusal::of(pid, error) {
                Refusal::Gone | Refusal::Zombie => {}
                refusal => return Err(refusal),
            },
        }
    }
    awaited.retain(|&tid| calls::interrupt(tid).is_ok());
    let end = Instant::now() + PATIENCE;
    while !awaited.is_empty() && Instant::now() < end {
        while let Some((tid, change)) = calls::next_change() {
            let is_awaited = awaited.contains(&tid);
            awaited.retain(|&other| other != tid);
            let calls::Change::Stopped(stop) = change else { continue };
            if is_awaited && let Ok(registers) = calls::registers(tid) {
                look(tid, calls::unwinding(&registers));
                if stop == Stop::Trap {
                    keep_waiting(tid, registers);
                }
            }
            // One that was killed meanwhile has told so.
            let _ = match stop {
                Stop::Group(_) => calls::listen(tid),
                Stop::Signal(signal) => calls::resume(tid, signal),
                _ => calls::resume(tid, 0),
            };
        }
        calls::wait_for_change(Duration::from_millis(5));
    }
    Ok(())
}
