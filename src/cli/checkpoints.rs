//! What happens at a checkpoint, beside the recording: name what was recorded so far, save it, print the interval's table and
//! the whole's. All of it on another thread, so that sampling goes on.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use indicatif::ProgressBar;

use super::{
    Streams, exit,
    table_options::{self, TableOptions},
};
use crate::{
    profile::{
        Error,
        format::{log::Log, pprof, save::Output},
        interval::Mark,
        model::Profile,
        raw::RawProfile,
        session::{Checkpoints, Reason},
        symbolize::{self, Symbolizer},
    },
    progress::{Progress, Silent},
    render::{Style, checkpoint::Facts},
};

/// What the parsers and demanglers that run on it have on the main thread.
const STACK: usize = 8 << 20;

/// Names a growing recording and saves it.
pub(super) struct Saver {
    symbolizer: Symbolizer,
    output: Option<Output>,
    mark: Mark,
}

impl Saver {
    pub(super) fn new(output: Option<Output>, symbols: symbolize::Options) -> Self {
        Self { symbolizer: Symbolizer::new(symbols), output, mark: Mark::default() }
    }

    /// The recording with names.
    pub(super) fn name(&mut self, raw: &RawProfile, progress: &dyn Progress) -> Profile {
        self.symbolizer.symbolize(raw, progress)
    }

    /// What was recorded since the last interval was asked for.
    fn interval(&mut self, raw: RawProfile) -> Profile {
        let raw = self.mark.advance(raw);
        self.symbolizer.symbolize(&raw, &Silent)
    }

    /// Saves the finished recording; where to, and how many bytes.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn save(&mut self, profile: &Profile) -> Result<Option<(&Output, u64)>, Error> {
        let Some(output) = &mut self.output else { return Ok(None) };
        let bytes = pprof::write(profile);
        output.commit(&bytes)?;
        Ok(Some((output, bytes.len() as u64)))
    }

    /// Saves a recording that goes on, where a later one can take its place.
    fn refresh(&mut self, profile: &mut Profile) -> Result<(), Error> {
        if !self.output.as_ref().is_some_and(Output::can_refresh) {
            return Ok(());
        }
        profile.recording.notes.push("it was saved while it went on: the end may be missing".to_owned());
        let saved = self.save(profile).map(|_| ());
        profile.recording.notes.pop();
        saved
    }
}

/// Where the tables of the intervals go.
pub(super) enum Place {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// A file that is added to.
    Log(Log),
}

/// Prints the tables of the intervals.
pub(super) struct Journal {
    place: Place,
    options: TableOptions,
    style: Style,
    screen: Screen,
    written: u64,
}

impl Journal {
    pub(super) fn new(place: Place, options: TableOptions, style: Style, screen: Screen) -> Self {
        Self { place, options, style, screen, written: 0 }
    }

    fn write(&mut self, interval: &Profile, whole: &Profile, facts: Facts) -> anyhow::Result<()> {
        self.written += 1;
        let facts = Facts { number: self.written, ..facts };
        let mut text = Vec::new();
        table_options::print_checkpoint(&mut text, interval, whole, facts, &self.options, self.style)?;
        match &mut self.place {
            Place::Log(log) => log.append(&text)?,
            Place::Err => self.screen.show(&mut io::stderr(), &text)?,
            Place::Out => self.screen.show(&mut io::stdout(), &text)?,
        }
        Ok(())
    }
}

/// Writing past the line of progress.
#[derive(Clone)]
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    warns: bool,
}

impl Screen {
    pub(super) fn new(bar: Option<ProgressBar>, streams: &Streams) -> Self {
        Self { bar, warns: streams.shows_warnings() }
    }

    fn show(&self, stream: &mut dyn Write, text: &[u8]) -> io::Result<()> {
        let mut write = || stream.write_all(text).and_then(|()| stream.flush());
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn warn(&self, text: &str) {
        if self.warns {
            // Nobody to tell if standard error is gone.
            let _ = self.show(&mut io::stderr(), format!("warning: {text}\n").as_bytes());
        }
    }
}

/// Takes checkpoints on threads of their own.
pub(super) struct Background {
    saver: Arc<Mutex<Saver>>,
    journal: Option<Arc<Mutex<Journal>>>,
    screen: Screen,
    running: Vec<JoinHandle<()>>,
    skipped: u64,
}

impl Background {
    pub(super) fn new(saver: Saver, journal: Option<Journal>, screen: Screen) -> Self {
        let journal = journal.map(|journal| Arc::new(Mutex::new(journal)));
        Self { saver: Arc::new(Mutex::new(saver)), journal, screen, running: Vec::new(), skipped: 0 }
    }

    /// Waits for what is under way; then the one who names and saves.
    pub(super) fn finish(&mut self) -> MutexGuard<'_, Saver> {
        for thread in self.running.drain(..) {
            // One that panicked has told so; the recording is saved anew anyway.
            let _ = thread.join();
        }
        lock(&self.saver)
    }

    /// Adds the last interval to a log; on a screen the final table takes its place.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(super) fn log_the_last(&mut self, raw: RawProfile, whole: &Profile) -> anyhow::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let mut journal = lock(journal);
        if !matches!(journal.place, Place::Log(_)) {
            return Ok(());
        }
        let interval = lock(&self.saver).interval(raw);
        journal.write(&interval, whole, Facts { skipped: self.skipped, last: true, ..Facts::default() })
    }
}

impl Checkpoints for Background {
    fn is_busy(&mut self) -> bool {
        self.running.retain(|thread| !thread.is_finished());
        !self.running.is_empty()
    }

    fn skip(&mut self) {
        self.skipped += 1;
    }

    fn take(&mut self, raw: RawProfile, reason: Reason) {
        let (saver, screen) = (Arc::clone(&self.saver), self.screen.clone());
        let journal = self.journal.clone().filter(|_| reason == Reason::Due);
        let skipped = if journal.is_some() { std::mem::take(&mut self.skipped) } else { 0 };
        let work = move || {
            if let Err(error) = work(raw, &saver, journal.as_deref(), skipped, &screen) {
                screen.warn(&exit::text(&error));
            }
        };
        match thread::Builder::new().name("checkpoint".into()).stack_size(STACK).spawn(work) {
            Ok(thread) => self.running.push(thread),
            Err(_) => self.skipped += 1,
        }
    }
}

fn work(
    raw: RawProfile,
    saver: &Mutex<Saver>,
    journal: Option<&Mutex<Journal>>,
    skipped: u64,
    screen: &Screen,
) -> anyhow::Result<()> {
    let mut saver = lock(saver);
    let mut whole = saver.name(&raw, &Silent);
    let saved = saver.refresh(&mut whole);
    let Some(journal) = journal else { return Ok(saved?) };
    let interval = saver.interval(raw);
    // A reader that takes its time must not be in the way of saving.
    drop(saver);
    if skipped > 0 {
        screen.warn(&skipped_warning(skipped));
    }
    lock(journal).write(&interval, &whole, Facts { skipped, ..Facts::default() })?;
    Ok(saved?)
}

fn skipped_warning(skipped: u64) -> String {
    let checkpoints = crate::units::plural(skipped, "checkpoint", "checkpoints");
    format!("skipped {checkpoints}: the one before took longer than --every")
}

/// A thread that panicked while it had the lock leaves nothing that matters half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_under_way_is_seen_and_waited_for() {
        let screen = Screen { bar: None, warns: false };
        let mut background = Background::new(Saver::new(None, symbolize::Options::default()), None, screen);
        assert!(!background.is_busy());
        let saver = Arc::clone(&background.saver);
        let held = lock(&saver);
        background.take(RawProfile::default(), Reason::Ending);
        assert!(background.is_busy(), "it waits for the one that saves");
        background.skip();
        drop(held);
        drop(background.finish());
        assert!(!background.is_busy());
        assert_eq!(
            skipped_warning(background.skipped),
            "skipped 1 checkpoint: the one before took longer than --every"
        );
    }

    #[test]
    fn a_recording_that_goes_on_is_told_from_a_finished_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pb.gz");
        let mut saver = Saver::new(Some(Output::create(&path).unwrap()), symbolize::Options::default());
        let mut profile = saver.name(&RawProfile::default(), &Silent);
        saver.refresh(&mut profile).unwrap();
        let notes =
            || crate::profile::format::load(&path, Default::default()).unwrap().recording().notes.len();
        assert_eq!((notes(), profile.recording.notes.len()), (1, 0));
        saver.save(&profile).unwrap();
        assert_eq!(notes(), 0);
        let device = Output::create("/dev/full".as_ref()).unwrap();
        assert!(
            Saver::new(Some(device), symbolize::Options::default()).refresh(&mut profile).is_ok(),
            "a device is written once, at the end"
        );
    }
}
