//! Being scheduled promptly: those who stand still wait for us, and a late look meets threads where they have lost their
//! processor and not where they run.

use std::num::NonZeroU64;

/// Before ordinary processes.
const PRIORITY: i32 = -10;
/// The shortest that the kernel grants, `__setparam_fair` of its `sched/syscalls.c`.
const SLICE_NS: u64 = 100_000;
const TIMER_SLACK_NS: Option<NonZeroU64> = NonZeroU64::new(1_000);

/// Makes the calling thread one that is woken on time and soon has a processor. Who may not ask for that goes without.
pub(super) fn be_prompt() {
    let _ = rustix::thread::set_current_timer_slack(TIMER_SLACK_NS);
    if !ask_for(PRIORITY) {
        // Everybody may ask for short turns, which come sooner (since Linux 6.12).
        ask_for(rustix::process::getpriority_process(None).unwrap_or(0));
    }
}

fn ask_for(nice: i32) -> bool {
    let attr = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER.cast_unsigned(),
        sched_flags: 0,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: SLICE_NS,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `attr.size` bytes of `attr`, which outlives the call; 0 is the calling thread.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) };
    result == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_our_own_is_woken_on_time() {
        let slack = std::thread::spawn(|| {
            be_prompt();
            rustix::thread::current_timer_slack().unwrap()
        });
        assert_eq!(slack.join().unwrap(), 1_000);
        assert_ne!(rustix::thread::current_timer_slack().unwrap(), 1_000, "the others are as they were");
    }
}
