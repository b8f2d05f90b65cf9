//! Which backend records: perf events where they are allowed, ptrace where they are not.

use std::collections::HashSet;

use super::{Options, host::raise_file_limit};
use crate::profile::{
    record::{
        Backend, Refusal,
        perf::{self, MOST_LOOKS, Perf, Watch},
        ptrace::{self, Ptrace},
    },
    target::{Running, running_tree},
};

/// Which backend to record with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best that works.
    #[default]
    Auto,
    /// Perf events.
    Perf,
    /// ptrace.
    Ptrace,
}

/// A backend that works.
pub(super) struct Chosen {
    pub(super) backend: Box<dyn Backend>,
    /// Why it is not a better one; empty where there is none or where it was asked for.
    pub(super) why: String,
}

/// A backend for a child that is about to execute the program.
pub(super) fn for_launched(pid: u32, options: &Options) -> Result<Chosen, Refusal> {
    let watch = if options.system_wide { Watch::Everything } else { Watch::Launch(pid) };
    choose(
        options,
        || Ok(Box::new(Perf::open(watch, options.rate_hz, options.wall)?)),
        || Ok(Box::new(Ptrace::launched(pid, options.rate_hz)?)),
    )
}

/// A backend for processes that run already; the first one must be recorded.
pub(super) fn for_running(tree: &[Running], options: &Options) -> Result<Chosen, Refusal> {
    choose(
        options,
        || Ok(Box::new(watch_tree(tree, options)?)),
        || {
            let pids = tree.iter().map(|process| process.pid).collect();
            Ok(Box::new(Ptrace::running(pids, options.rate_hz)?))
        },
    )
}

fn choose(
    options: &Options,
    perf: impl FnOnce() -> Result<Box<dyn Backend>, perf::Refusal>,
    ptrace: impl FnOnce() -> Result<Box<dyn Backend>, ptrace::Refusal>,
) -> Result<Chosen, Refusal> {
    raise_file_limit();
    let asked = |backend| Chosen { backend, why: String::new() };
    match options.backend {
        Choice::Perf => perf().map(asked).map_err(Refusal::Perf),
        Choice::Ptrace if options.system_wide => Err(Refusal::Ptrace(ptrace::Refusal::SystemWide)),
        Choice::Ptrace => ptrace().map(asked).map_err(Refusal::Ptrace),
        Choice::Auto => match perf() {
            Ok(backend) => Ok(asked(backend)),
            Err(refusal) if options.system_wide || matches!(refusal, perf::Refusal::Gone) => {
                Err(Refusal::Perf(refusal))
            }
            Err(refusal) => match ptrace() {
                Ok(backend) => Ok(Chosen { backend, why: why_not(&refusal).to_owned() }),
                Err(also) => Err(Refusal::Both(refusal, also)),
            },
        },
    }
}

/// In a few words, as they stand in parentheses behind the backend's name.
fn why_not(refusal: &perf::Refusal) -> &'static str {
    match refusal {
        perf::Refusal::NotAllowed(_) => "perf events are not allowed",
        perf::Refusal::Blocked(_) => "perf events are blocked",
        perf::Refusal::Unsupported(_) => "the kernel has no perf events",
        perf::Refusal::RingMemory(_) => "too little lockable memory for perf events",
        perf::Refusal::Gone | perf::Refusal::Other(_) => "perf events are refused",
    }
}

/// Opens events for all threads of these processes, and of those that they start meanwhile.
fn watch_tree(tree: &[Running], options: &Options) -> Result<Perf, perf::Refusal> {
    if options.system_wide {
        return Perf::open(Watch::Everything, options.rate_hz, options.wall);
    }
    let threads = |tree: &[Running]| -> Vec<u32> {
        tree.iter().flat_map(|process| &process.threads).map(|(tid, _)| *tid).collect()
    };
    let tids = threads(tree);
    let mut perf = Perf::open(Watch::Threads(&tids), options.rate_hz, options.wall)?;
    let mut seen: HashSet<u32> = tids.into_iter().collect();
    let roots: Vec<u32> = tree.iter().map(|process| process.pid).collect();
    for _ in 1..MOST_LOOKS {
        let mut new = threads(&running_tree(&roots));
        new.retain(|tid| seen.insert(*tid));
        if new.is_empty() {
            break;
        }
        perf.watch_more(&new)?;
    }
    Ok(perf)
}
