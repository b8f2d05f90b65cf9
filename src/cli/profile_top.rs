//! `hotcold profile top`.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::{ExitCode, ExitStatus},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use anyhow::bail;

use super::{
    Streams,
    args::Global,
    exit,
    live_terminal::{Screen, Suspends},
    profile_run::{FAILED, code_of, failure_code, outlived_note},
    program_output::{Caught, keep_off_the_terminal},
    record_options::{BackendChoice, NativeFrames, duration, is_stdout, rate},
    table_options::{self, TableOptions},
    top_screen::{Messenger, News, Requests, View},
    top_worker::{Done, Job, Named, Plan, Worker},
    view_options::ViewArgs,
};
use crate::{
    profile::{
        DEFAULT_FILE,
        raw::RawProfile,
        session::{self, Checkpoints, Options, Program, Reason, Recorded, Redirect, Request},
        symbolize,
    },
    render::{
        Style,
        checkpoint::Facts,
        top::{self, State},
    },
    signals,
};

const EXAMPLES: &str = "\
Examples:
  hotcold profile top -p 4711                         what process 4711 is busy with; q ends the view
  hotcold profile top -- ./my-program --its-own-flag
  hotcold profile top -p 4711 --wall                  w shows what it waits for
  hotcold profile top -p 4711 --interval 10s | tee log
";

/// Watch a program at work: where its time goes now, and since the start
///
/// Shows functions with their share of the last seconds and their time since the start; keys choose lines, threads, waiting,
/// the order, a filter, and save the recording; ? explains them. The program of -p runs on when the view ends. One that was
/// started goes with the view: q asks and then sends SIGTERM, Ctrl-C reaches it as ever, and its exit code is passed on. It gets
/// no input from the terminal, and what it would write there is printed when the view has ended, up to the last 64 KiB.
/// Where standard output is no terminal, a table is printed every --interval: on standard output, and for a program that was started
/// on standard error, as its streams are its own then.
#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Process to watch, with its threads and children
    #[arg(
        short,
        long,
        value_name = "PID",
        value_parser = clap::value_parser!(u32).range(1..),
        required_unless_present = "program",
        conflicts_with = "program"
    )]
    pid: Option<u32>,
    /// Program to run, and its arguments; all that follows PROGRAM is the program's own
    #[arg(trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
    /// Look every D
    ///
    /// Looks that take long are made less often, so that they take no more than a thirtieth of a processor.
    #[arg(long, value_name = "D", value_parser = interval, default_value = "1s")]
    interval: Duration,
    /// Length of the last seconds
    #[arg(long, value_name = "D", value_parser = duration, default_value = "10s")]
    window: Duration,
    /// End the view after this long; a program that was started goes on
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// End after N tables
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "program")]
    count: Option<u64>,
    /// Rows of a table that is printed; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// File that the key o saves to
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE, env = "HOTCOLD_OUTPUT", hide_env_values = true)]
    output: PathBuf,
    /// Append to a file what the program would write to the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "pid")]
    program_output: Option<PathBuf>,
    /// Samples per second of CPU time
    #[arg(short, long, value_name = "HZ", default_value_t = 997, value_parser = rate(), env = "HOTCOLD_RATE", hide_env_values = true)]
    rate: u64,
    /// Record waiting, too: for locks, I/O, time, children
    #[arg(long)]
    wall: bool,
    /// What to record with: auto, perf or ptrace
    #[arg(
        long,
        value_name = "BACKEND",
        default_value = "auto",
        hide_possible_values = true,
        env = "HOTCOLD_BACKEND",
        hide_env = true
    )]
    backend: BackendChoice,
    /// Interpreter's functions at first: all, merged or none
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "merged",
        hide_possible_values = true,
        env = "HOTCOLD_NATIVE_FRAMES",
        hide_env = true
    )]
    native_frames: NativeFrames,
    #[command(flatten)]
    part: ViewArgs,
}

const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < SHORTEST_INTERVAL { Err("less than 100ms".to_owned()) } else { Ok(interval) }
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    if let Err(error) = args.check() {
        exit::report(&error, streams);
        return Ok(exit::usage());
    }
    let watched = Top::new(args, global, streams);
    match args.pid {
        Some(pid) => watched?.attach(pid, args, streams),
        None => match watched.and_then(|top| top.launch(args, streams)) {
            Ok(code) => Ok(code),
            Err(error) => {
                exit::report(&error, streams);
                Ok(ExitCode::from(failure_code(&error)))
            }
        },
    }
}

impl Args {
    fn check(&self) -> anyhow::Result<()> {
        if is_stdout(&self.output) {
            bail!("cannot save a recording to standard output: it is the view's; name a file");
        }
        Ok(())
    }

    fn options(&self) -> Options {
        Options {
            rate_hz: self.rate,
            duration: self.duration,
            system_wide: false,
            wait_children: false,
            every: Some(self.interval),
            wall: self.wall,
            backend: self.backend.into(),
            now: SystemTime::now(),
        }
    }

    fn plan(&self, json: bool) -> Plan {
        let native_frames = self.native_frames.into();
        Plan {
            symbols: symbolize::Options { native_frames, ..Default::default() },
            part: self.part.view(),
            // Documents are about what lies between two of them.
            window: if json { Duration::ZERO } else { self.window },
            output: self.output.clone(),
        }
    }

    fn state(&self) -> State {
        State::new(self.wall, self.pid.is_none(), self.native_frames.into())
    }
}

/// A recording that is watched.
struct Top {
    plan: Plan,
    worker: Option<Worker>,
    shown: Shown,
    caught: Option<Caught>,
    requests: Requests,
    /// Looks left out since the last one.
    skipped: Arc<AtomicU64>,
    /// What has kept us from showing anything.
    error: Option<anyhow::Error>,
}

/// Where it is shown.
enum Shown {
    /// On the terminal, once recording has begun.
    NotYet(Box<View>, Messenger),
    Screen(Messenger, Option<JoinHandle<io::Result<()>>>),
    /// As tables.
    Tables(Option<Tables>),
}

/// Prints tables.
struct Tables {
    state: State,
    limit: Option<usize>,
    style: Style,
    /// With JSON.
    json: Option<TableOptions>,
    to_stderr: bool,
    written: u64,
    count: Option<u64>,
    skipped: Arc<AtomicU64>,
    requests: Requests,
}

impl Top {
    fn new(args: &Args, global: &Global, streams: &Streams) -> anyhow::Result<Self> {
        let started = args.pid.is_none();
        let skipped = Arc::<AtomicU64>::default();
        let on_screen = streams.terminal.out && !global.json;
        let (shown, requests) = if on_screen {
            let style = table_options::style_out(streams);
            let (view, messenger, requests) = View::new(args.state(), !started, style)?;
            (Shown::NotYet(Box::new(view), messenger), requests)
        } else {
            let requests = Requests::default();
            let style =
                if started { table_options::style_err(streams) } else { table_options::style_out(streams) };
            let tables = Tables {
                state: args.state(),
                limit: Some(args.limit).filter(|&limit| limit > 0),
                style,
                json: global.json.then(TableOptions::json_of_all),
                to_stderr: started,
                written: 0,
                count: args.count,
                skipped: Arc::clone(&skipped),
                requests: Requests::clone(&requests),
            };
            (Shown::Tables(Some(tables)), requests)
        };
        let plan = args.plan(global.json);
        Ok(Self { plan, worker: None, shown, caught: None, requests, skipped, error: None })
    }

    fn attach(mut self, pid: u32, args: &Args, streams: &mut Streams) -> anyhow::Result<ExitCode> {
        let recorded = session::attach(pid, &args.options(), &mut |_| {}, &mut self);
        self.finish(streams)?;
        let recorded = recorded?;
        if let Program::Left { gone, asked_by } = recorded.program {
            if let Some(signal) = asked_by.filter(|&signal| signal != libc::SIGINT) {
                signals::die_of(signal);
            }
            if gone {
                streams.note(&format!("process {pid} has ended"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn launch(mut self, args: &Args, streams: &mut Streams) -> anyhow::Result<ExitCode> {
        let redirect = match &self.shown {
            Shown::Tables(_) => Redirect::default(),
            _ => {
                let (redirect, caught) = keep_off_the_terminal(args.program_output.as_deref())?;
                self.caught = caught;
                redirect
            }
        };
        let recorded = session::run(&args.program, &redirect, &args.options(), &mut |_| {}, &mut self);
        // Ours of the other end of the pipe, so that its end is seen.
        drop(redirect);
        let finished = self.finish(streams);
        let Recorded { program, outlived, .. } = recorded?;
        if let Err(error) = &finished {
            exit::report(error, streams);
        }
        let status = match program {
            Program::Ended(ended) => ended.status,
            Program::Running(program) => program.wait().status,
            Program::Left { .. } => ExitStatus::default(),
        };
        if let Some(caught) = &self.caught {
            caught.release();
        }
        if !outlived.is_empty() {
            streams.note(&outlived_note(&outlived));
        }
        Ok(ExitCode::from(if finished.is_err() { FAILED } else { code_of(status) }))
    }

    /// Ends what shows the recording, and gives the terminal back.
    fn finish(&mut self, streams: &mut Streams) -> anyhow::Result<()> {
        let mut result = self.error.take().map_or(Ok(()), Err);
        if let Shown::Screen(messenger, thread) = &mut self.shown {
            messenger.tell(News::End);
            match thread.take().map(JoinHandle::join) {
                // Where the terminal is gone there is nobody to tell.
                None | Some(Ok(_)) => {}
                Some(Err(_)) => {
                    result = Err(anyhow::anyhow!("cannot show the recording: the view has failed"))
                }
            }
        }
        if let Some(worker) = self.worker.take() {
            worker.finish();
        }
        if let Some(caught) = &self.caught {
            let dropped = caught.release();
            if dropped > 0 {
                let dropped = crate::units::bytes(dropped);
                streams.note(&format!(
                    "{dropped} of the program's output before this were dropped; --program-output FILE keeps all"
                ));
            }
        }
        result
    }

    fn begin_to_show(&mut self, pid: u32) -> anyhow::Result<()> {
        if let Some(caught) = &self.caught {
            caught.start()?;
        }
        match std::mem::replace(&mut self.shown, Shown::Tables(None)) {
            Shown::NotYet(view, messenger) => {
                let (of_worker, screen) = (messenger.clone(), Screen::open(Suspends::Yes)?);
                let worker = Worker::start(pid, self.plan.clone(), move |done| {
                    of_worker.tell(News::Done(done));
                })?;
                let giver = worker.giver();
                let work = move || view.run(screen, &|job| giver.give(job));
                self.worker = Some(worker);
                let thread = std::thread::Builder::new().name("screen".to_owned()).spawn(work)?;
                self.shown = Shown::Screen(messenger, Some(thread));
            }
            Shown::Tables(Some(mut tables)) => {
                self.worker = Some(Worker::start(pid, self.plan.clone(), move |done| tables.take(&done))?);
            }
            shown => self.shown = shown,
        }
        Ok(())
    }
}

impl Checkpoints for Top {
    fn is_busy(&mut self) -> bool {
        self.worker.as_ref().is_none_or(Worker::is_busy)
    }

    fn skip(&mut self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&mut self, snapshot: RawProfile, reason: Reason) {
        if let Some(worker) = &self.worker {
            worker.give(if reason == Reason::Due { Job::Show(snapshot) } else { Job::Save(snapshot) });
        }
    }

    fn begin(&mut self, pid: u32) {
        if let Err(error) = self.begin_to_show(pid) {
            self.error = Some(error);
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push_back(Request::End);
        }
    }

    fn wants_sums(&self) -> bool {
        true
    }

    fn request(&mut self) -> Option<Request> {
        if let Shown::Screen(_, Some(thread)) = &self.shown
            && thread.is_finished()
        {
            return Some(Request::End);
        }
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn suspend(&mut self) {
        if let Shown::Screen(messenger, _) = &self.shown {
            messenger.suspend();
        }
    }

    fn resume(&mut self) {
        if let Shown::Screen(messenger, _) = &self.shown {
            messenger.tell(News::Resume);
        }
    }
}

impl Tables {
    fn take(&mut self, done: &Done) {
        let Done::Named { named, .. } = done else { return };
        if self.count.is_some_and(|count| self.written >= count) {
            return;
        }
        self.written += 1;
        // Who does not read them any more does not need them; a program that was started runs on all the same.
        let failed = self.write(named).is_err();
        let last = failed && !self.to_stderr || self.count == Some(self.written);
        if last {
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push_back(Request::End);
        }
    }

    fn write(&self, named: &Named) -> anyhow::Result<()> {
        let mut text = Vec::new();
        match &self.json {
            Some(options) => {
                let (recent, whole) = named.parts();
                let skipped = self.skipped.swap(0, Ordering::Relaxed);
                let facts = Facts { number: self.written, skipped, ..Facts::default() };
                table_options::print_checkpoint(&mut text, &recent, whole, facts, options, self.style)?;
            }
            None => top::text(&mut text, &named.look(), &self.state, self.limit, self.style)?,
        }
        if self.to_stderr {
            io::stderr().write_all(&text)?;
        } else {
            let mut out = io::stdout().lock();
            out.write_all(&text)?;
            out.flush()?;
        }
        Ok(())
    }
}
