//! Addresses to functions, files, lines and inlined calls.
//!
//! Each distinct address is looked up once: in the debug information of its file (own or split off), else in a symbol
//! table or what a stripped file still has of one, else its function is shown as `module+0xaddress`. A name is never guessed.
//! All files read here are hostile.

mod debug_file;
mod debug_sections;
mod demangle;
mod dwarf;
mod extents;
mod go_functions;
mod guard;
mod hints;
mod kernel;
mod lookup;
mod mini_debug_info;
mod module;
mod naming;
mod object_file;
mod plt;
mod plumbing;
mod profile;
mod python_source;
mod sources;
mod split_dwarf;
mod symbols;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use self::{kernel::KernelSymbols, module::ModuleSymbols, python_source::PythonSources};
use super::{model::Profile, raw::RawProfile};
use crate::progress::Progress;

/// Where to find names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Directories with separate debug files.
    pub debug_dirs: Vec<PathBuf>,
    /// The kernel's symbol table, in the format of `/proc/kallsyms`.
    pub kallsyms: PathBuf,
    /// How many files to read at a time; 0 counts as 1.
    pub threads: usize,
    /// What to show beside interpreted frames.
    pub native_frames: NativeFrames,
}

/// What to show of the native frames of an interpreter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NativeFrames {
    /// All of them, the evaluation functions too.
    All,
    /// Those that do more than to get from one interpreted frame to the next.
    #[default]
    Merged,
    /// Only interpreted frames where there are any, and kernel frames.
    None,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            debug_dirs: vec!["/usr/lib/debug".into()],
            kallsyms: "/proc/kallsyms".into(),
            threads: 2,
            native_frames: NativeFrames::default(),
        }
    }
}

/// Gives names to recordings, and remembers between calls the files it opened and the addresses it resolved.
///
/// Meant for one growing recording: [`RawProfile::modules`] may grow from call to call; a module that is another file than
/// before is read anew.
#[derive(Default)]
pub struct Symbolizer {
    options: Options,
    modules: Vec<Option<ModuleSymbols>>,
    kernel: Option<KernelSymbols>,
    sources: PythonSources,
}

impl Symbolizer {
    /// A symbolizer that has read nothing yet.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Shows other frames of interpreters from now on.
    pub fn show(&mut self, native_frames: NativeFrames) {
        self.options.native_frames = native_frames;
    }

    /// The recording with names. Never fails: what cannot be read is shown by its address, and a note says so where it
    /// concerns one sample in a hundred.
    pub fn symbolize(&mut self, raw: &RawProfile, progress: &dyn Progress) -> Profile {
        let session = guard::Session::start();
        self.look_up(raw, progress);
        drop(session);
        progress.finish();
        let mut recording = raw.recording.clone();
        recording.notes.extend(hints::notes(raw, &self.modules, self.kernel.as_ref()));
        let known = profile::Known {
            modules: &self.modules,
            kernel: self.kernel.as_ref(),
            sources: &mut self.sources,
        };
        profile::build(raw, known, recording, self.options.native_frames)
    }
}

impl std::fmt::Debug for Symbolizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Symbolizer").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Gives names to one recording; see [`Symbolizer::symbolize`].
pub fn symbolize(raw: &RawProfile, options: &Options, progress: &dyn Progress) -> Profile {
    Symbolizer::new(options.clone()).symbolize(raw, progress)
}
