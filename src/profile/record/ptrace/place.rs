//! Where the tracer itself runs: on the processor whose thread is to be seen next.
//!
//! A thread that is told to stop from another processor goes on until word has reached it, a microsecond or more, and if a
//! system call begins meanwhile, it stops there: that is how the short ones among them come to have a share that they do not
//! deserve. A tracer that sleeps on the processor of the thread, and is woken there, displaces it in the middle of whatever it
//! does.

use rustix::thread::{CpuSet, gettid, sched_getaffinity, sched_setaffinity};

use crate::profile::process::thread_files::ThreadFiles;

/// The calling thread's place.
#[derive(Debug)]
pub(super) struct Place {
    /// Where it could run at first.
    anywhere: Option<CpuSet>,
    here: Option<u32>,
    own: ThreadFiles,
}

impl Place {
    /// Of the calling thread.
    pub(super) fn new() -> Self {
        let tid = gettid().as_raw_nonzero().get().unsigned_abs();
        Self {
            anywhere: sched_getaffinity(None).ok(),
            here: None,
            own: ThreadFiles::new(std::process::id(), tid),
        }
    }

    /// Whether the calling thread may choose its place.
    pub(super) fn is_free(&self) -> bool {
        self.anywhere.is_some()
    }

    /// Takes the calling thread to a processor, or anywhere that it could be at first. Where that is refused it does not try again.
    pub(super) fn go_to(&mut self, processor: Option<u32>) {
        let Some(anywhere) = self.anywhere.filter(|_| processor != self.here) else { return };
        let set = match processor {
            Some(processor) => one(processor),
            None => Some(anywhere),
        };
        self.here = processor;
        if set.is_none_or(|set| sched_setaffinity(None, &set).is_err()) {
            let _ = sched_setaffinity(None, &anywhere);
            (self.anywhere, self.here) = (None, None);
        }
    }

    /// When the calling thread has got its processor, by the scheduler's own clock, if it has not been on it for long.
    pub(super) fn got_ns(&mut self) -> Option<u64> {
        self.own.exec_start_ns()
    }
}

fn one(processor: u32) -> Option<CpuSet> {
    let processor = usize::try_from(processor).ok().filter(|&processor| processor < CpuSet::MAX_CPU)?;
    let mut set = CpuSet::new();
    set.set(processor);
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calling_thread_goes_where_it_is_wanted_and_is_left_alone_where_it_may_not() {
        let thread = || {
            let mut place = Place::new();
            let before = sched_getaffinity(None).unwrap();
            let processor = (0..CpuSet::MAX_CPU).find(|&processor| before.is_set(processor)).unwrap() as u32;
            place.go_to(Some(processor));
            assert_eq!(rustix::thread::sched_getcpu(), processor as usize);
            assert_eq!(sched_getaffinity(None).unwrap().count(), 1);
            place.go_to(None);
            assert_eq!(sched_getaffinity(None).unwrap(), before);
            for absent in [CpuSet::MAX_CPU as u32 - 1, u32::MAX] {
                let mut place = Place::new();
                place.go_to(Some(absent));
                assert!(!place.is_free());
                assert_eq!(sched_getaffinity(None).unwrap(), before);
            }
        };
        std::thread::spawn(thread).join().unwrap();
    }
}
