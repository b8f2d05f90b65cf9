//! `ptrace(2)`, for machines that refuse perf events: every thread of the program is traced, and those that run are stopped
//! for as long as it takes to copy their registers and stack. A thread of our own does the tracing (`tracer`) and hands over
//! what it has seen (`queue`).
//!
//! Nothing tells what a process maps, so that the receiver has to look for itself ([`Setup::maps_are_told`]).

mod calls;
mod once;
mod place;
mod privileges;
mod prompt;
mod queue;
mod refusal;
mod restart;
mod tracee;
mod tracer;
mod weight;

use std::{
    io,
    os::fd::RawFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

pub use once::look_at_running;
pub use refusal::Refusal;

use queue::Queue;
use tracer::{Control, Targets, Tracer};

use super::{Backend, Event, Needs, Setup, perf::monotonic_ns};
use crate::profile::target::{Change, Child};

/// Bytes of stack that are copied at first, and when stacks turn out to be cut.
const FIRST_DUMP: usize = 32 * 1024;
const LONGEST_DUMP: usize = 256 * 1024;

/// Threads that are traced. Dropping it lets all of them go; none is stopped for that.
#[derive(Debug)]
pub struct Ptrace {
    queue: Arc<Queue>,
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
    rate_hz: u64,
}

impl Ptrace {
    /// Traces a child of ours that is about to execute the program. From now on it must be waited for through
    /// [`Backend::change`] alone. SIGCHLD must be held back, and be read by nobody else.
    ///
    /// # Errors
    /// Why it cannot be traced.
    pub fn launched(pid: u32, rate_hz: u64) -> Result<Self, Refusal> {
        Self::start(Targets::Launch(pid), rate_hz)
    }

    /// Traces processes that run already, with all their threads and what they will start. A note is made of those that cannot
    /// be traced.
    ///
    /// # Errors
    /// Why the first of them cannot be traced.
    pub fn running(pids: Vec<u32>, rate_hz: u64) -> Result<Self, Refusal> {
        Self::start(Targets::Running(pids), rate_hz)
    }

    fn start(targets: Targets, rate_hz: u64) -> Result<Self, Refusal> {
        let queue = Arc::new(Queue::new().map_err(Refusal::Other)?);
        let control = Arc::new(Control { stop: AtomicBool::new(false), dump: AtomicUsize::new(FIRST_DUMP) });
        let (tell, told) = mpsc::sync_channel(1);
        let (for_thread, control_of_thread) = (Arc::clone(&queue), Arc::clone(&control));
        let work = move || {
            let mut tracer = Tracer::new(for_thread, control_of_thread, rate_hz);
            let attached = tracer.attach(&targets);
            let go_on = attached.is_ok();
            // Whoever started us waits for this.
            let _ = tell.send(attached);
            if go_on {
                tracer.run();
            }
        };
        let thread = std::thread::Builder::new().name("tracer".to_owned()).spawn(work);
        let mut ptrace = Self { queue, control, thread: Some(thread.map_err(Refusal::Other)?), rate_hz };
        match told.recv() {
            Ok(Ok(())) => Ok(ptrace),
            Ok(Err(refusal)) => {
                ptrace.end();
                Err(refusal)
            }
            Err(_) => Err(Refusal::Other(io::ErrorKind::Other.into())),
        }
    }

    fn end(&mut self) {
        self.control.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it has panicked the tracees are free all the same.
            let _ = thread.join();
        }
    }
}

impl Backend for Ptrace {
    fn name(&self) -> &'static str {
        "ptrace"
    }

    fn setup(&self) -> Setup {
        Setup {
            kernel_frames: false,
            kernel_time: true,
            ring_bytes: 0,
            rate_hz: self.rate_hz,
            maps_are_told: false,
            switches_are_told: false,
        }
    }

    fn descriptors(&self) -> Vec<RawFd> {
        vec![self.queue.descriptor()]
    }

    fn enable(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn pump(&mut self, _all: bool, sink: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        self.queue.drain(monotonic_ns(), sink);
        Ok(())
    }

    fn ask_for(&mut self, needs: Needs, _tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()> {
        if needs.longest_dumps {
            self.control.dump.store(LONGEST_DUMP, Ordering::Relaxed);
        }
        Ok(())
    }

    fn tend(&mut self, _tasks: &mut dyn FnMut() -> Vec<u32>) -> io::Result<()> {
        Ok(())
    }

    fn stop(&mut self) {
        self.end();
    }

    fn change(&mut self, child: &Child) -> Change {
        match self.queue.take_change() {
            Some(change) => change,
            // Nobody else waits for it any more.
            None if self.thread.is_none() => child.change(),
            None => Change::None,
        }
    }

    fn waits_for_children(&self) -> bool {
        self.thread.is_some()
    }

    fn notes(&self) -> Vec<String> {
        self.queue.notes()
    }
}

impl Drop for Ptrace {
    fn drop(&mut self) {
        self.end();
    }
}
