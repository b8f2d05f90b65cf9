//! Carries out a plan, the very one that was shown.

use super::{
    Error,
    model::EntryId,
    plan::{Plan, What},
    store::{Pace, Removal, RemovalWatcher, Store, Target},
};
use crate::{progress::Progress, units};

/// Most entries that an outcome names; of the others it keeps the number.
const NAMED: usize = 1000;

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Entries that are gone.
    pub removed: u64,
    /// Bytes that went with them.
    pub freed_bytes: u64,
    /// Entries that stay because they are not what they were, and why.
    pub refused: Notes,
    /// Entries of which something could not be removed, and why.
    pub failed: Notes,
    /// What ended the work before its time.
    pub error: Option<Error>,
}

/// What is to be said of some entries.
#[derive(Debug, Default)]
pub struct Notes {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<(EntryId, String)>,
}

impl Notes {
    fn add(&mut self, id: &EntryId, text: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((id.clone(), text.to_owned()));
        }
    }
}

/// Carries out `plan` as long as `go_on` agrees.
pub fn act(
    store: &dyn Store,
    plan: &Plan,
    pace: Pace,
    go_on: &mut dyn FnMut() -> bool,
    progress: &dyn Progress,
) -> Outcome {
    let target = match &plan.what {
        What::Everything => Target::Everything,
        What::Rule(filter) => Target::Rule(filter),
        What::List { entries, spare_used } => Target::List { entries, spare_used: *spare_used },
    };
    let mut watcher = Watcher { outcome: Outcome::default(), planned: plan.entries, go_on, progress };
    let result = store.remove(&Removal { target, now: plan.now, pace }, &mut watcher);
    let mut outcome = watcher.outcome;
    outcome.error = result.err();
    progress.finish();
    outcome
}

struct Watcher<'a> {
    outcome: Outcome,
    planned: u64,
    go_on: &'a mut dyn FnMut() -> bool,
    progress: &'a dyn Progress,
}

impl RemovalWatcher for Watcher<'_> {
    fn go_on(&mut self) -> bool {
        (self.go_on)()
    }

    fn removed(&mut self, entries: u64, bytes: u64) {
        self.outcome.removed += entries;
        self.outcome.freed_bytes = self.outcome.freed_bytes.saturating_add(bytes);
        let Outcome { removed, freed_bytes, .. } = self.outcome;
        self.progress.update(&format!(
            "removed {} of {}, {} freed",
            units::count(removed),
            units::plural(self.planned.max(removed), "entry", "entries"),
            units::bytes(freed_bytes)
        ));
    }

    fn refused(&mut self, id: &EntryId, why: &str) {
        self.outcome.refused.add(id, why);
    }

    fn failed(&mut self, id: &EntryId, error: &str) {
        self.outcome.failed.add(id, error);
    }
}
