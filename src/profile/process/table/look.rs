//! What processes map: as events tell it, or as `/proc/PID/maps` shows it where no event does.

use rustc_hash::FxHashSet;

use super::{
    ProcessTable,
    live::{Code, Mapped},
};
use crate::profile::{
    process::maps::{parse_maps, read_maps},
    record::Mapping,
};

/// When to look at what a process maps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looks {
    last_ns: u64,
    /// After looks that found nothing new, until unknown code is worth another one.
    pause_ns: u64,
}

impl Looks {
    /// Code that was loaded in the place of other code is seen so late at most.
    const EVERY_NS: u64 = 1_000_000_000;
    const SHORTEST_PAUSE_NS: u64 = 2_000_000;

    /// Whether it is time for a look; `unknown` says that there is code to be looked for.
    fn is_due(&mut self, now_ns: u64, unknown: bool) -> bool {
        let pause = if unknown { self.pause_ns } else { Self::EVERY_NS };
        let due = now_ns.saturating_sub(self.last_ns) >= pause;
        if due {
            self.last_ns = now_ns;
        }
        due
    }

    /// What the look has come to.
    fn came_to(&mut self, changed: bool) {
        let longer = (self.pause_ns * 2).clamp(Self::SHORTEST_PAUSE_NS, Self::EVERY_NS);
        self.pause_ns = if changed { 0 } else { longer };
    }
}

impl ProcessTable {
    /// Takes over a mapping.
    pub(super) fn map(&mut self, mapping: &Mapping<'_>) {
        if self.thread(mapping.pid, mapping.pid).is_none() || mapping.len == 0 {
            return;
        }
        let what = self.code(mapping);
        let Some(live) = self.live.get_mut(&mapping.pid) else { return };
        let end = mapping.start.saturating_add(mapping.len);
        live.unmap(mapping.start, end, &self.modules);
        live.add(mapping.start, Mapped { end, what }, &self.modules);
        if let Code::File { module, bias } = what {
            live.python.mapped(&self.modules, module, bias, &mut self.python);
        }
    }

    fn code(&mut self, mapping: &Mapping<'_>) -> Code {
        let Some(module) = self.modules.of(mapping) else { return Code::Anonymous };
        match self.modules.elf(module).bias(mapping.start, mapping.len, mapping.offset) {
            Some(bias) => Code::File { module, bias },
            None => Code::Unmatched { module, start: mapping.start, offset: mapping.offset },
        }
    }

    /// Code that no event told of: once for each program that a process executes, look for ourselves.
    pub(super) fn reread_maps(&mut self, pid: u32) {
        if let Some(live) = self.live.get_mut(&pid) {
            live.reread = true;
        }
        let text = read_maps(pid);
        for mapping in parse_maps(pid, &text) {
            self.map(&mapping);
        }
    }

    /// Has a look at `/proc/PID/maps` if it is time for one; whether that showed anything new.
    pub(super) fn look_if_due(&mut self, pid: u32, now_ns: u64, unknown: bool) -> bool {
        let due = self.live.get_mut(&pid).is_some_and(|live| live.looks.is_due(now_ns, unknown));
        due && self.look_at_maps(pid)
    }

    /// Takes over what `/proc/PID/maps` shows; whether that was anything new.
    fn look_at_maps(&mut self, pid: u32) -> bool {
        let text = read_maps(pid);
        let mappings = parse_maps(pid, &text);
        let mut changed = false;
        for mapping in &mappings {
            let mapped = Mapped { end: mapping.start.saturating_add(mapping.len), what: self.code(mapping) };
            let known = self.live.get(&pid).and_then(|live| live.mappings.get(&mapping.start));
            if known != Some(&mapped) {
                self.map(mapping);
                changed = true;
            }
        }
        let Some(live) = self.live.get_mut(&pid).filter(|_| !mappings.is_empty()) else { return changed };
        let starts: FxHashSet<u64> = mappings.iter().map(|mapping| mapping.start).collect();
        let gone: Vec<(u64, u64)> = (live.mappings.iter())
            .filter(|(start, _)| !starts.contains(start))
            .map(|(&start, mapped)| (start, mapped.end))
            .collect();
        for (start, end) in gone {
            live.unmap(start, end, &self.modules);
            changed = true;
        }
        live.looks.came_to(changed);
        changed
    }
}
