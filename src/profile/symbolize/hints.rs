//! Tells which missing debug information matters for a recording, and what to do about it.

use std::collections::HashMap;

use super::{
    kernel::KernelSymbols,
    module::{Knowledge, ModuleSymbols},
};
use crate::profile::{
    model::Language,
    raw::{FileState, ModuleFile, RawFrame, RawProfile},
};

/// At most this many notes.
const MAX_NOTES: usize = 5;
/// A module matters if one in so many samples ends in it.
const ONE_IN: u64 = 100;

/// Notes for a recording, the one that concerns most samples first.
pub(super) fn notes(
    raw: &RawProfile,
    modules: &[Option<ModuleSymbols>],
    kernel: Option<&KernelSymbols>,
) -> Vec<String> {
    let leaves = Leaves::count(raw);
    let mut found: Vec<(u64, String)> = Vec::new();
    for (&module, &samples) in &leaves.modules {
        let known = modules.get(module as usize).and_then(Option::as_ref);
        let Some((file, known)) = raw.modules.get(module as usize).zip(known) else { continue };
        if samples.saturating_mul(ONE_IN) >= leaves.total {
            found.extend(about_module(file, known).map(|text| (samples, text)));
        }
    }
    if leaves.kernel > 0 && kernel.is_some_and(|k| k.hidden) {
        found.push((leaves.kernel, KERNEL_HIDDEN.to_owned()));
    }
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut notes: Vec<String> = Vec::new();
    for (_, text) in found {
        if !notes.contains(&text) && !raw.recording.notes.contains(&text) {
            notes.push(text);
        }
    }
    notes.truncate(MAX_NOTES);
    notes
}

const KERNEL_HIDDEN: &str = "kernel functions have no names: /proc/kallsyms hides their addresses; run as root, or grant \
CAP_SYSLOG, or set kernel.kptr_restrict to 0";

/// Where the samples' innermost frames are.
#[derive(Default)]
struct Leaves {
    total: u64,
    modules: HashMap<u32, u64>,
    kernel: u64,
}

impl Leaves {
    fn count(raw: &RawProfile) -> Self {
        let mut leaves = Self::default();
        for sample in &raw.samples {
            leaves.total += sample.count;
            match raw.stacks.nodes().get(sample.stack.index()).map(|n| n.frame) {
                Some(RawFrame::Native { module, .. } | RawFrame::Unmatched { module, .. }) => {
                    *leaves.modules.entry(module).or_default() += sample.count;
                }
                Some(RawFrame::Kernel(_)) => leaves.kernel += sample.count,
                _ => {}
            }
        }
        leaves
    }
}

fn about_module(file: &ModuleFile, known: &ModuleSymbols) -> Option<String> {
    let path = &file.path;
    if file.state == FileState::Virtual {
        return None;
    }
    let what = match known.knowledge {
        Knowledge::DebugInfo => return None,
        Knowledge::Unreadable => {
            return Some(format!("cannot read `{path}`: its functions are shown as addresses"));
        }
        Knowledge::Changed => {
            return Some(format!(
                "`{path}` changed since it was mapped: its functions are shown as addresses; record again"
            ));
        }
        Knowledge::Stripped => "is stripped: functions that it does not export are shown as addresses",
        Knowledge::Symbols => "has no debug information: lines and inlined calls are missing",
        Knowledge::Lines => "has no debug information: inlined calls are missing",
    };
    Some(format!("`{path}` {what}; {}", remedy(path, known)))
}

fn remedy(path: &str, known: &ModuleSymbols) -> &'static str {
    let stripped = known.knowledge == Knowledge::Stripped;
    match (stripped, distribution_package(path)) {
        _ if known.is_go => "build it without `-ldflags=-s -w`",
        (_, Some(remedy)) => remedy,
        (false, _) if known.speaks(Language::Rust) => {
            "set `debug = \"line-tables-only\"` in its Cargo profile"
        }
        (false, None) => "compile it with `-g`",
        (true, None) => {
            "compile it with `-g` and do not strip it (for Rust: `debug = \"line-tables-only\"`, `strip = false`)"
        }
    }
}

/// What to install for a file that a distribution's package owns.
fn distribution_package(path: &str) -> Option<&'static str> {
    const DIRS: [&str; 8] =
        ["/usr/lib/", "/usr/lib64/", "/usr/bin/", "/usr/sbin/", "/lib/", "/lib64/", "/bin/", "/sbin/"];
    const GLIBC: [&str; 4] = ["libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"];
    let (dir, name) = path.rsplit_once('/')?;
    if !DIRS.iter().any(|d| path.starts_with(d)) {
        return None;
    }
    // Only Debian and its children have directories by architecture.
    if dir.ends_with("-linux-gnu") && GLIBC.contains(&name) {
        return Some("install libc6-dbg");
    }
    Some("install its -dbg or -dbgsym package")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_only_where_certain() {
        let of = distribution_package;
        assert_eq!(of("/usr/lib/x86_64-linux-gnu/libc.so.6"), Some("install libc6-dbg"));
        assert_eq!(of("/usr/lib64/libc.so.6"), Some("install its -dbg or -dbgsym package"));
        assert_eq!(of("/usr/local/lib/libfoo.so"), None);
        assert_eq!(of("/home/me/prog"), None);
        assert_eq!(of("prog"), None);
    }
}
