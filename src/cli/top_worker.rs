//! Gives names to what was recorded so far, beside the recording and beside the view.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use super::exit;
use crate::{
    profile::{
        format::{pprof, save::Output},
        interval::{RECENT, Window},
        model::{Profile, Recording},
        raw::RawProfile,
        symbolize::{self, NativeFrames, Symbolizer},
        target::thread_count,
        view::View,
    },
    progress::Silent,
    render::top::Look,
    units,
};

/// What the parsers and demanglers that run on it have on the main thread.
const STACK: usize = 8 << 20;
/// A refresh that took long is followed by a pause of so many times that: the view takes no more than a thirtieth of a processor.
const PAUSE: u32 = 29;

/// What is known at one moment, with names.
#[derive(Debug)]
pub(super) struct Named {
    profile: Profile,
    window: Recording,
    pid: u32,
    threads: usize,
}

impl Named {
    pub(super) fn look(&self) -> Look<'_> {
        Look { profile: &self.profile, window: &self.window, pid: self.pid, threads: self.threads }
    }

    /// The last seconds on their own, and the whole.
    pub(super) fn parts(&self) -> (Profile, &Profile) {
        let mut recent = self.profile.clone();
        recent.samples.retain(|sample| sample.bucket == RECENT);
        recent.waits.retain(|waiting| waiting.bucket == RECENT);
        recent.recording = self.window.clone();
        (recent, &self.profile)
    }
}

/// What the worker is to do.
pub(super) enum Job {
    /// Take this in and show it.
    Show(RawProfile),
    /// Show the same with other frames.
    Rename(NativeFrames),
    /// Keep to what is shown until told to go on.
    Pause(bool),
    /// Save this.
    Save(RawProfile),
}

/// What the worker has done.
pub(super) enum Done {
    /// This can be shown; `newer` if it is of a later time than what was shown before.
    Named { named: Box<Named>, newer: bool },
    /// This can be told.
    Told(String),
}

/// How to name and show.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) symbols: symbolize::Options,
    /// Frames and samples that are shown.
    pub(super) part: View,
    /// Length of the last seconds.
    pub(super) window: Duration,
    /// Where recordings are saved.
    pub(super) output: PathBuf,
}

/// The worker, as others see it.
pub(super) struct Worker {
    giver: Giver,
    thread: JoinHandle<()>,
}

/// Hands jobs to the worker.
#[derive(Clone)]
pub(super) struct Giver {
    jobs: mpsc::Sender<Job>,
    load: Arc<Load>,
}

/// How busy it is.
#[derive(Debug, Default)]
struct Load {
    waiting: AtomicUsize,
    rests_until: Mutex<Option<Instant>>,
}

impl Worker {
    /// Starts it; `show` gets what it has done.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(
        pid: u32,
        plan: Plan,
        mut show: impl FnMut(Done) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, to_do) = mpsc::channel();
        let load = Arc::new(Load::default());
        let of_thread = Arc::clone(&load);
        let work = move || {
            let mut desk = Desk::new(pid, plan);
            let mut last_cost = Duration::ZERO;
            while let Ok(job) = to_do.recv() {
                let before = cpu_time();
                if let Some(done) = desk.work(job) {
                    show(done);
                }
                let cost = cpu_time().saturating_sub(before);
                // What is read once, such as a program's source, does not come again.
                let pause = cost.min(std::mem::replace(&mut last_cost, cost)) * PAUSE;
                let mut rests_until = of_thread.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
                *rests_until = Some(Instant::now() + pause);
                of_thread.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        };
        let thread = thread::Builder::new().name("view".to_owned()).stack_size(STACK).spawn(work)?;
        Ok(Self { giver: Giver { jobs, load }, thread })
    }

    /// Whether it has enough to do, or has had so lately.
    pub(super) fn is_busy(&self) -> bool {
        let load = &self.giver.load;
        let rests_until = *load.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        load.waiting.load(Ordering::Relaxed) > 0 || rests_until.is_some_and(|until| Instant::now() < until)
    }

    /// Hands it a job.
    pub(super) fn give(&self, job: Job) {
        self.giver.give(job);
    }

    /// Somebody else to hand it jobs.
    pub(super) fn giver(&self) -> Giver {
        self.giver.clone()
    }

    /// Waits until all is done; others who hand it jobs must be gone.
    pub(super) fn finish(self) {
        drop(self.giver);
        // One that has panicked has told so.
        let _ = self.thread.join();
    }
}

impl Giver {
    /// Hands the worker a job.
    pub(super) fn give(&self, job: Job) {
        self.load.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.jobs.send(job);
    }
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

struct Desk {
    pid: u32,
    plan: Plan,
    symbolizer: Symbolizer,
    window: Window,
    shown: Option<(RawProfile, Recording)>,
    /// What came while the view was paused.
    later: Option<(RawProfile, Recording)>,
    paused: bool,
}

impl Desk {
    fn new(pid: u32, plan: Plan) -> Self {
        let (symbolizer, window) = (Symbolizer::new(plan.symbols.clone()), Window::new(plan.window));
        Self { pid, plan, symbolizer, window, shown: None, later: None, paused: false }
    }

    fn work(&mut self, job: Job) -> Option<Done> {
        let newer = match job {
            Job::Save(raw) => return Some(Done::Told(self.save(&raw))),
            Job::Show(raw) if self.paused => {
                self.later = Some(self.window.advance(raw));
                return None;
            }
            Job::Show(raw) => {
                self.shown = Some(self.window.advance(raw));
                true
            }
            Job::Rename(native_frames) => {
                self.symbolizer.show(native_frames);
                false
            }
            Job::Pause(paused) => {
                self.paused = paused;
                self.shown = Some(self.later.take().filter(|_| !paused)?);
                true
            }
        };
        let (raw, window) = self.shown.as_ref()?;
        let profile = self.symbolizer.symbolize(raw, &Silent);
        let profile = self.plan.part.of(&profile).into_owned();
        let (window, pid, threads) = (window.clone(), self.pid, thread_count(self.pid));
        Some(Done::Named { named: Box::new(Named { profile, window, pid, threads }), newer })
    }

    fn save(&mut self, raw: &RawProfile) -> String {
        let mut profile = self.symbolizer.symbolize(raw, &Silent);
        profile.recording.notes.push("it was saved while it went on: the end may be missing".to_owned());
        let path = &self.plan.output;
        let saved = Output::create(path).and_then(|mut output| output.commit(&pprof::write(&profile)));
        match saved {
            Ok(()) => {
                let samples = units::plural(profile.sample_count(), "sample", "samples");
                format!("saved {samples} to {}", path.display())
            }
            Err(error) => exit::text(&error.into()),
        }
    }
}
