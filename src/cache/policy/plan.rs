//! What goes from each cache that a policy means, decided for all of them before anything is touched.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use rustc_hash::FxHashSet;

use super::{
    Policy, Rules,
    find::{self, Hit},
    room::Coldest,
};
use crate::{
    cache::{
        Error,
        locate::Found,
        look::Dir,
        model::{Entry, EntryId, Timestamp},
        plan::{self, Held, Plan, Planned, Verb, What},
        select::Filter,
        store::{Access, Query, Store},
    },
    progress::Progress,
    units,
};

/// What is planned for all caches.
#[derive(Default)]
pub struct Outcome {
    /// For each cache, in the order of the policy.
    pub caches: Vec<CachePlan>,
    /// For each file system of which something is to be kept free.
    pub volumes: Vec<Volume>,
    /// What should be a cache or a file system and is none, or cannot be looked at.
    pub failed: Vec<(PathBuf, Error)>,
}

/// What is planned for one cache.
pub struct CachePlan {
    /// Which it is.
    pub found: Found,
    /// Its kind, as its store names it.
    pub kind: &'static str,
    /// Source files of the programs that use it.
    pub apps: Vec<PathBuf>,
    /// What goes: by its rules, and then for free space.
    pub plans: Vec<Plan>,
    /// Entries that go only for free space.
    pub for_room: u64,
    /// Entries that stay.
    pub kept: u64,
    /// Why nothing of it may go, where that is nobody's mistake.
    pub left_alone: Option<String>,
    /// Why nothing can be planned.
    pub error: Option<Error>,
    /// What a reader must know to understand what it says.
    pub warnings: Vec<String>,
    /// What could not be looked at.
    pub unseen: Vec<String>,
}

impl CachePlan {
    fn new(hit: &Hit, policy: &Policy) -> Self {
        Self {
            kind: hit.found.kind(),
            found: hit.found.clone(),
            apps: policy.sections.get(hit.section).map(|section| section.apps.clone()).unwrap_or_default(),
            plans: Vec::new(),
            for_room: 0,
            kept: 0,
            left_alone: None,
            error: None,
            warnings: Vec::new(),
            unseen: Vec::new(),
        }
    }

    /// How many entries go.
    pub fn entries(&self) -> u64 {
        self.plans.iter().map(|plan| plan.entries).sum()
    }

    /// Bytes that their going frees.
    pub fn bytes(&self) -> u64 {
        self.plans.iter().fold(0, |sum, plan| sum.saturating_add(plan.bytes))
    }

    /// Visits every entry that goes.
    ///
    /// # Errors
    /// Those of opening and reading the cache.
    pub fn each(&self, visit: &mut dyn FnMut(&dyn Store, &Entry)) -> Result<(), Error> {
        if self.entries() == 0 {
            return Ok(());
        }
        let store = self.found.open(Access::Look, &self.apps)?;
        self.plans.iter().try_for_each(|plan| plan::each(&*store, plan, &mut |entry| visit(&*store, entry)))
    }
}

/// A file system of which something is to be kept free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Somewhere on it.
    pub path: PathBuf,
    device: u64,
    /// How many bytes are to be free.
    pub wanted: u64,
    /// How many were when the plan was made.
    pub free: u64,
    /// Bytes that the plan frees.
    pub planned: u64,
}

/// How many bytes of the file system of `path` are free.
///
/// # Errors
/// [`Error::Read`].
pub fn free(path: &Path) -> Result<u64, Error> {
    let space = Dir::open(path).and_then(|dir| dir.space());
    space.map(|space| space.free).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Decides what goes.
pub fn plan(policy: &Policy, found: find::Outcome, now: Timestamp, progress: &dyn Progress) -> Outcome {
    let mut outcome = Outcome { failed: found.failed, ..Outcome::default() };
    outcome.volumes = volumes(policy, &mut outcome.failed);
    let mut coldest: Vec<Coldest> = outcome
        .volumes
        .iter()
        .map(|volume| Coldest::new(volume.wanted.saturating_sub(volume.free)))
        .collect();
    let mut held = Vec::new();
    for (i, hit) in found.caches.iter().enumerate() {
        progress.update(&format!("looking at cache {} of {}", i + 1, found.caches.len()));
        let mut one = CachePlan::new(hit, policy);
        let mut room =
            Room { volumes: &mut outcome.volumes, coldest: &mut coldest, held: Held::default(), number: i };
        match one.decide(policy, hit, now, &mut room) {
            Ok(()) => {}
            // A rule for many caches need not fit each of them.
            Err(error @ Error::NotKept { .. }) if !(hit.typed && is_own(policy, hit)) => {
                one.left_alone = Some(error.to_string());
            }
            Err(error) => one.error = Some(error),
        }
        held.push(room.held);
        outcome.caches.push(one);
    }
    for (volume, coldest) in outcome.volumes.iter_mut().zip(coldest) {
        let need = volume.wanted.saturating_sub(volume.free).saturating_sub(volume.planned);
        let mut lists: Vec<Vec<Planned>> = outcome.caches.iter().map(|_| Vec::new()).collect();
        for (cache, planned) in coldest.choose(need, &mut held) {
            volume.planned = volume.planned.saturating_add(planned.bytes);
            lists[cache].push(planned);
        }
        for (one, list) in outcome.caches.iter_mut().zip(lists) {
            one.add(list, now);
        }
    }
    progress.finish();
    outcome
}

/// Whether the rules for a cache stand in its own section.
fn is_own(policy: &Policy, hit: &Hit) -> bool {
    policy.sections.get(hit.section).is_some_and(|section| section.rules.is_some())
}

/// The file systems of which something is to be kept free, each once.
fn volumes(policy: &Policy, failed: &mut Vec<(PathBuf, Error)>) -> Vec<Volume> {
    let mut volumes: Vec<Volume> = Vec::new();
    for keep in &policy.keep_free {
        let space = match Dir::open(&keep.path).and_then(|dir| dir.space()) {
            Ok(space) => space,
            Err(source) => {
                failed.push((keep.path.clone(), Error::Read { path: keep.path.clone(), source }));
                continue;
            }
        };
        let wanted = keep.amount.of(space.total);
        match volumes.iter_mut().find(|volume| volume.device == space.device) {
            Some(volume) => volume.wanted = volume.wanted.max(wanted),
            None => {
                let (path, free, device) = (keep.path.clone(), space.free, space.device);
                volumes.push(Volume { path, device, wanted, free, planned: 0 });
            }
        }
    }
    volumes
}

/// What is known so far of what goes for free space.
struct Room<'a> {
    volumes: &'a mut [Volume],
    coldest: &'a mut [Coldest],
    /// Who needs what the entries of this cache share.
    held: Held,
    /// Which cache it is.
    number: usize,
}

impl CachePlan {
    /// Plans by the rules, and offers the rest for free space.
    fn decide(
        &mut self,
        policy: &Policy,
        hit: &Hit,
        now: Timestamp,
        room: &mut Room<'_>,
    ) -> Result<(), Error> {
        let Some(section) = policy.sections.get(hit.section) else { return Ok(()) };
        let kind = policy.kinds.get(self.found.kind());
        let rules = section.rules.as_ref().or(kind).or(policy.defaults.as_ref());
        if section.keep {
            self.left_alone = Some("the policy keeps it".to_owned());
            return Ok(());
        }
        let store = self.found.open(Access::Look, &self.apps)?;
        self.kind = store.kind();
        self.warnings = store.warnings().to_vec();
        let decided = self.by_rules(&*store, rules, now).and_then(|()| self.offer(&*store, rules, now, room));
        self.unseen = store.unseen();
        decided
    }

    fn by_rules(&mut self, store: &dyn Store, rules: Option<&Rules>, now: Timestamp) -> Result<(), Error> {
        if let Some(why) = store.only_copies() {
            self.left_alone = Some(why.to_owned());
            return Ok(());
        }
        let Some(rules) = rules else {
            self.kept = match store.totals(&Filter::default(), now)? {
                Some(totals) => totals.of,
                None => store.pulse(now)?.entries,
            };
            return Ok(());
        };
        let filter = Filter { grace: rules.filter.grace.or(store.grace()), ..rules.filter.clone() };
        let plan = if rules.has_limit() {
            plan::to_fit(store, &filter, rules.room, now)?
        } else {
            plan::by_rule(store, Verb::Prune, filter, now)?
        };
        self.kept = plan.kept;
        self.plans.push(plan);
        Ok(())
    }

    /// What is left may have to go for free space.
    fn offer(
        &mut self,
        store: &dyn Store,
        rules: Option<&Rules>,
        now: Timestamp,
        room: &mut Room<'_>,
    ) -> Result<(), Error> {
        let root = &self.found.root;
        let own = Dir::open(root).and_then(|dir| dir.itself());
        let own = own.map_err(|source| Error::Read { path: root.clone(), source })?;
        let Some(i) = room.volumes.iter().position(|volume| volume.device == own.device) else {
            return Ok(());
        };
        let (volume, coldest) = (&mut room.volumes[i], &mut room.coldest[i]);
        if volume.free >= volume.wanted || self.left_alone.is_some() {
            return Ok(());
        }
        room.held = Held::of(store, now)?;
        let goes = Going::of(&self.plans);
        let keeps_uses = store.facts().accessed.is_yes();
        let grace = rules.and_then(|rules| rules.filter.grace).or(store.grace());
        let rest = Filter { grace, spare_pinned: true, ..Filter::default() };
        let all = Filter::default();
        store.entries(Query::stored(&all, now), &mut |entry| {
            // What lies in a database leaves its room there.
            if entry.path.is_none() {
                return ControlFlow::Continue(());
            }
            let used = entry.accessed.filter(|_| keeps_uses).or(entry.created);
            if goes.takes(entry, now) {
                volume.planned = volume.planned.saturating_add(room.held.lose(entry));
            } else if let (true, Some(used)) = (rest.matches(entry, now), used) {
                coldest.offer(room.number, entry, used.at, now);
            }
            ControlFlow::Continue(())
        })
    }

    /// These go as well.
    fn add(&mut self, entries: Vec<Planned>, now: Timestamp) {
        if entries.is_empty() {
            return;
        }
        self.for_room = entries.len() as u64;
        self.kept = self.kept.saturating_sub(self.for_room);
        let bytes = entries.iter().fold(0_u64, |sum, planned| sum.saturating_add(planned.bytes));
        let what = What::List { entries, spare_used: true };
        self.plans.push(Plan {
            verb: Verb::Prune,
            now,
            what,
            entries: self.for_room,
            bytes,
            kept: self.kept,
        });
    }
}

/// What goes already.
struct Going<'a> {
    rules: Vec<&'a Filter>,
    ids: FxHashSet<&'a EntryId>,
}

impl<'a> Going<'a> {
    fn of(plans: &'a [Plan]) -> Self {
        let mut going = Self { rules: Vec::new(), ids: FxHashSet::default() };
        for plan in plans {
            match &plan.what {
                What::Rule(filter) => going.rules.push(filter),
                What::List { entries, .. } => going.ids.extend(entries.iter().map(|planned| &planned.id)),
                What::Everything => {}
            }
        }
        going
    }

    fn takes(&self, entry: &Entry, now: Timestamp) -> bool {
        self.ids.contains(&entry.id) || self.rules.iter().any(|filter| filter.matches(entry, now))
    }
}

impl Volume {
    /// Whether less than what is wanted will be free by the plan.
    pub fn falls_short(&self) -> bool {
        self.free.saturating_add(self.planned) < self.wanted
    }

    /// A line of text: how much is free, and how much is wanted.
    pub fn describe(&self, free: u64) -> String {
        format!("{} free, {} wanted", units::bytes(free), units::bytes(self.wanted))
    }
}
