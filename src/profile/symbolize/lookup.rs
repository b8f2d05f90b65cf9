//! Collects the addresses that have no names yet and resolves them, several files at a time.

use std::{
    io, mem,
    path::Path,
    sync::{Mutex, PoisonError, mpsc},
    thread::{self, Scope},
    vec,
};

use super::{Options, Symbolizer, guard, kernel::KernelSymbols, module::ModuleSymbols};
use crate::{
    profile::raw::{ModuleFile, RawFrame, RawProfile},
    progress::Progress,
};

/// Parsers recurse as deep as debug information and names are nested; address space for stacks costs nothing.
const STACK: usize = 256 << 20;

/// A module with addresses to resolve.
struct Work<'a> {
    module: &'a ModuleFile,
    slot: &'a mut Option<ModuleSymbols>,
    addresses: Vec<u64>,
}

impl Symbolizer {
    /// Resolves what the recording has that is not resolved yet.
    pub(super) fn look_up(&mut self, raw: &RawProfile, progress: &dyn Progress) {
        let wanted = wanted(raw);
        self.modules.resize_with(raw.modules.len(), || None);
        let mut work: Vec<Work<'_>> = Vec::new();
        for ((module, slot), mut addresses) in raw.modules.iter().zip(&mut self.modules).zip(wanted.native) {
            slot.take_if(|known| !known.is_for(module));
            if let Some(known) = slot {
                addresses.retain(|&a| !known.knows(a));
            }
            if !addresses.is_empty() {
                work.push(Work { module, slot, addresses });
            }
        }
        // The longest first, so that no thread is left alone with it at the end.
        work.sort_by_key(|w| w.addresses.len());
        work.reverse();
        let kernel = (wanted.kernel && self.kernel.is_none()).then_some(&mut self.kernel);
        resolve(work, kernel, &self.options, progress);
    }
}

/// The distinct addresses of a recording.
struct Wanted {
    /// By module, sorted.
    native: Vec<Vec<u64>>,
    kernel: bool,
}

fn wanted(raw: &RawProfile) -> Wanted {
    let mut wanted = Wanted { native: vec![Vec::new(); raw.modules.len()], kernel: false };
    for node in raw.stacks.nodes() {
        match node.frame {
            RawFrame::Native { module, address } | RawFrame::Interpreter { module, address } => {
                if let Some(addresses) = wanted.native.get_mut(module as usize) {
                    addresses.push(address);
                }
            }
            RawFrame::Kernel(_) => wanted.kernel = true,
            _ => {}
        }
    }
    for addresses in &mut wanted.native {
        addresses.sort_unstable();
        addresses.dedup();
    }
    wanted
}

fn resolve(
    work: Vec<Work<'_>>,
    kernel: Option<&mut Option<KernelSymbols>>,
    options: &Options,
    progress: &dyn Progress,
) {
    let total = work.len();
    let queue = Mutex::new(work.into_iter());
    let (done, finished) = mpsc::channel();
    thread::scope(|scope| {
        if let Some(slot) = kernel {
            let path: &Path = &options.kallsyms;
            let read = move || *slot = guard::quietly(|| KernelSymbols::read(path));
            // A thread that cannot be started leaves the slot empty: kernel frames are then shown by address.
            let _started = spawn(scope, read);
        }
        let started = (0..options.threads.clamp(1, total.max(1)))
            .filter(|_| {
                let (done, queue) = (done.clone(), &queue);
                total > 0 && spawn(scope, move || drain(queue, options, &done)).is_ok()
            })
            .count();
        if started == 0 {
            drain(&queue, options, &done);
        }
        mem::drop(done);
        for (n, ()) in finished.iter().enumerate() {
            progress.update(&format!("naming functions: {} of {total} files", n + 1));
        }
    });
}

fn spawn<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    work: impl FnOnce() + Send + 'scope,
) -> io::Result<()> {
    thread::Builder::new().name("symbolize".into()).stack_size(STACK).spawn_scoped(scope, work).map(|_| ())
}

fn drain(queue: &Mutex<vec::IntoIter<Work<'_>>>, options: &Options, done: &mpsc::Sender<()>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(Work { module, slot, addresses }) = next else { return };
        let known = slot.get_or_insert_with(|| ModuleSymbols::load(module, options));
        known.resolve(&addresses);
        // Nobody listens any more only when the caller is gone.
        let _sent = done.send(());
    }
}
