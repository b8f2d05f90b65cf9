//! A process that runs: the code that it has mapped, and how its stacks are unwound.

use std::collections::BTreeMap;

use framehop::{Module, Unwinder as _};
use rustc_hash::FxHashSet;

use super::look::Looks;
use crate::profile::{
    process::{arch::Unwinder, elf::Bytes, modules::Modules, python::Python},
    raw::RawFrame,
};

/// A process that has not ended.
pub(super) struct Live {
    pub(super) number: u32,
    pub(super) mappings: BTreeMap<u64, Mapped>,
    pub(super) unwinder: Unwinder<Bytes>,
    pub(super) threads: FxHashSet<u32>,
    /// Samples of before its first exec are those of the recorder's own code.
    pub(super) started: bool,
    pub(super) reread: bool,
    pub(super) looks: Looks,
    pub(super) python: Python,
}

/// A stretch of executable memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mapped {
    pub(super) end: u64,
    pub(super) what: Code,
}

/// Where code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// An executable segment of a file.
    File { module: u32, bias: u64 },
    /// A file of which no executable segment fits.
    Unmatched { module: u32, start: u64, offset: u64 },
    /// Code that was made at run time.
    Anonymous,
}

impl Live {
    /// The process of this number, which has mapped nothing yet.
    pub(super) fn new(number: u32, started: bool) -> Self {
        Self {
            number,
            mappings: BTreeMap::new(),
            unwinder: Unwinder::new(),
            threads: FxHashSet::default(),
            started,
            reread: false,
            looks: Looks::default(),
            python: Python::default(),
        }
    }

    /// What a child of it starts with; the child's number and threads are still to be told.
    pub(super) fn fork(&self) -> Self {
        Self {
            mappings: self.mappings.clone(),
            unwinder: self.unwinder.clone(),
            python: self.python.of_child(),
            ..Self::new(self.number, self.started)
        }
    }

    /// Begins with what its parent has given it.
    pub(super) fn take_over(&mut self, given: Self) {
        let threads = std::mem::take(&mut self.threads);
        *self = Self { number: self.number, threads, ..given };
    }

    /// The code at an address.
    pub(super) fn code_at(&self, address: u64) -> Option<Mapped> {
        let (_, mapped) = self.mappings.range(..=address).next_back()?;
        (address < mapped.end).then_some(*mapped)
    }

    /// Adds a stretch of code that overlaps no other.
    pub(super) fn add(&mut self, start: u64, mapped: Mapped, modules: &Modules) {
        self.mappings.insert(start, mapped);
        if let Code::File { module, bias } = mapped.what {
            let elf = modules.elf(module);
            let base = bias.wrapping_add(elf.base);
            self.unwinder.add_module(Module::new(String::new(), start..mapped.end, base, elf.unwind_info()));
        }
    }

    /// Forgets what a new mapping replaces; the rest of a partly replaced one stays.
    pub(super) fn unmap(&mut self, start: u64, end: u64, modules: &Modules) {
        let before = self.mappings.range(..start).next_back().filter(|(_, m)| m.end > start).map(|(&s, _)| s);
        let replaced: Vec<u64> =
            before.into_iter().chain(self.mappings.range(start..end).map(|(&s, _)| s)).collect();
        for old_start in replaced {
            let Some(old) = self.mappings.remove(&old_start) else { continue };
            self.unwinder.remove_module(old_start);
            if old_start < start {
                self.add(old_start, Mapped { end: start, ..old }, modules);
            }
            if old.end > end {
                self.add(end, old, modules);
            }
        }
    }
}

impl Mapped {
    /// The frame of an address in it.
    pub(super) fn frame(self, address: u64) -> RawFrame {
        match self.what {
            Code::File { module, bias } => RawFrame::Native { module, address: address.wrapping_sub(bias) },
            Code::Unmatched { module, start, offset } => {
                RawFrame::Unmatched { module, offset: address.wrapping_sub(start).wrapping_add(offset) }
            }
            Code::Anonymous => RawFrame::Anonymous,
        }
    }
}
