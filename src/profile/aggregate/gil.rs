//! How the threads of Python programs shared their interpreter's lock.

use super::Totals;
use crate::profile::{
    interval::RECENT,
    model::{Gil, Profile, Sample, Wait},
};

/// Shares of the samples of Python threads, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GilShares {
    /// Of those whose thread held the lock.
    pub held: f64,
    /// Of those whose thread was waiting for it.
    pub waiting: f64,
}

/// How many samples held the lock or waited for it; `None` where nobody could see. Waiting is told by the functions that take
/// the lock, and on a CPU clock there is only as much of it as waiting takes CPU time.
pub fn gil_shares(profile: &Profile) -> Option<GilShares> {
    shares(profile, |_| true)
}

/// The same of the last seconds of a recording that goes on, which are the time bucket [`RECENT`].
pub fn recent_gil_shares(profile: &Profile) -> Option<GilShares> {
    shares(profile, |sample| sample.bucket == RECENT)
}

fn shares(profile: &Profile, wanted: impl Fn(&Sample) -> bool) -> Option<GilShares> {
    if profile.samples.iter().all(|sample| sample.gil == Gil::Unknown) {
        return None;
    }
    let taking = takes_lock(profile);
    let (mut held, mut waiting, mut known) = (0_u64, 0_u64, 0_u64);
    for sample in profile.samples.iter().filter(|s| s.gil != Gil::Unknown && wanted(s)) {
        known = known.saturating_add(sample.count);
        if sample.gil == Gil::Held {
            held = held.saturating_add(sample.count);
        } else if taking.get(sample.stack.index()).copied().unwrap_or(false) {
            waiting = waiting.saturating_add(sample.count);
        }
    }
    let known = Totals { samples: known, ns: known, ..Totals::default() };
    (known.samples > 0).then(|| GilShares { held: known.share(held), waiting: known.share(waiting) })
}

/// The profile with those waits for a lock told apart that are for an interpreter's global one.
#[must_use]
pub fn tell_gil_waits(mut profile: Profile) -> Profile {
    if profile.waits.iter().any(|waiting| waiting.wait == Wait::Lock) {
        let taking = takes_lock(&profile);
        for waiting in profile.waits.iter_mut().filter(|waiting| waiting.wait == Wait::Lock) {
            if taking.get(waiting.stack.index()).copied().unwrap_or(false) {
                waiting.wait = Wait::Gil;
            }
        }
    }
    profile
}

/// CPython's functions that return when they have the lock.
const TAKING: [&str; 5] = [
    "take_gil",
    "PyEval_RestoreThread",
    "PyEval_AcquireThread",
    "PyEval_AcquireLock",
    "_PyThreadState_Attach",
];

/// Whether each stack waits for the lock.
fn takes_lock(profile: &Profile) -> Vec<bool> {
    let takes: Vec<bool> = (profile.functions.iter())
        .map(|f| {
            let name = profile.str(f.system_name);
            // Compilers set parts of a function apart under its name and a suffix.
            TAKING.contains(&name.split('.').next().unwrap_or(name))
        })
        .collect();
    let mut stacks: Vec<bool> = Vec::with_capacity(profile.stacks.len());
    for node in profile.stacks.nodes() {
        let below = node.parent.is_some_and(|parent| stacks[parent.index()]);
        stacks.push(below || takes[profile.frames[node.frame.index()].function.index()]);
    }
    stacks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::sketch::profile;

    #[test]
    fn who_runs_without_the_lock_waits_for_it_only_where_it_takes_it() {
        let mut p =
            profile("py:a 6\npy:b;PyEval_RestoreThread;take_gil.cold;futex 1\npy:b;sqlite3_step 3\nmain 5");
        assert_eq!(gil_shares(&p), None);
        for (sample, gil) in p.samples.iter_mut().zip([Gil::Held, Gil::Released, Gil::Released]) {
            sample.gil = gil;
        }
        assert_eq!(gil_shares(&p), Some(GilShares { held: 0.6, waiting: 0.1 }));
    }
}
