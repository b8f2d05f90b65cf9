//! Real programs, compiled here, symbolized.

mod debug_files;
mod hostile;
mod languages;
mod pipeline;
mod stripped;

use std::{fs::File, path::Path, process::Command};

use object::{Object, ObjectSymbol};
use tempfile::TempDir;

use super::*;
use crate::{
    profile::{
        model::{Function, Recording},
        raw::{FileState, ModuleFile, RawFrame, RawProcess, RawSample, RawThread},
    },
    progress::Silent,
};

/// Runs a tool in `dir`; `false` with a message if this machine does not have it, which `HOTCOLD_REQUIRE_ALL=1` forbids.
fn run(dir: &Path, tool: &str, args: &[&str]) -> bool {
    match Command::new(tool).args(args).current_dir(dir).output() {
        Ok(out) => {
            assert!(out.status.success(), "{tool} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
            true
        }
        Err(error) => {
            use std::io::Write;
            let required = std::env::var_os("HOTCOLD_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!required, "`{tool}` is required by HOTCOLD_REQUIRE_ALL: {error}");
            writeln!(std::io::stderr(), "skipped: `{tool}`: {error}").unwrap();
            false
        }
    }
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/symbols/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Compiles a fixture to `prog` in a new directory.
fn compile(tool: &str, source: &str, args: &[&str]) -> Option<TempDir> {
    let dir = TempDir::new().unwrap();
    let source = fixture(source);
    let args = [args, &[source.as_str(), "-o", "prog"]].concat();
    run(dir.path(), tool, &args).then_some(dir)
}

/// Address range of the symbol whose name contains `part`, from the program's symbol table.
fn symbol(program: &Path, part: &str) -> std::ops::Range<u64> {
    let bytes = std::fs::read(program).unwrap();
    let object = object::File::parse(bytes.as_slice()).unwrap();
    let found = object
        .symbols()
        .find(|s| s.name().is_ok_and(|n| n.contains(part)) && s.size() > 0)
        .unwrap_or_else(|| panic!("no symbol like {part}"));
    found.address()..found.address() + found.size()
}

/// A module as the recorder would have opened it.
fn module(path: &Path) -> ModuleFile {
    ModuleFile {
        path: path.to_str().unwrap().to_owned(),
        root: String::new(),
        file: File::open(path).ok(),
        state: FileState::Present,
        image: None,
        build_id: Vec::new(),
    }
}

/// A recording with one sample a stack; frames outermost first.
fn recording(modules: Vec<ModuleFile>, stacks: &[&[RawFrame]]) -> RawProfile {
    let mut raw = RawProfile {
        recording: Recording { bucket_ns: 1_000_000_000, ..Recording::default() },
        modules: modules.into_iter().map(std::sync::Arc::new).collect(),
        processes: vec![RawProcess { pid: 7, parent_pid: 1, name: "prog".into() }],
        threads: vec![RawThread { process: 0, tid: 7, name: "main".into() }],
        ..RawProfile::default()
    };
    for frames in stacks {
        let stack = raw.stacks.intern(frames.iter().copied()).unwrap();
        raw.samples.push(RawSample {
            bucket: 0,
            thread: 0,
            stack,
            gil: crate::profile::model::Gil::Unknown,
            count: 1,
            weight_ns: 10,
        });
    }
    raw
}

fn at(address: u64) -> RawFrame {
    RawFrame::Native { module: 0, address }
}

/// No files of this machine.
fn nowhere() -> Options {
    Options { debug_dirs: Vec::new(), kallsyms: "/nonexistent".into(), threads: 2, ..Options::default() }
}

/// Symbolizes single addresses of one module.
fn resolve(module: ModuleFile, options: &Options, addresses: impl IntoIterator<Item = u64>) -> Profile {
    let frames: Vec<[RawFrame; 1]> = addresses.into_iter().map(|a| [at(a)]).collect();
    let stacks: Vec<&[RawFrame]> = frames.iter().map(<[RawFrame; 1]>::as_slice).collect();
    symbolize(&recording(vec![module], &stacks), options, &Silent)
}

/// The frames of every sample, outermost first, as `name (inlined) file:line`.
fn shown(profile: &Profile) -> Vec<Vec<String>> {
    let frame = |id: crate::profile::model::FrameId| {
        let frame = profile.frames[id.index()];
        let function = function(profile, id);
        let inlined = if frame.inlined { " (inlined)" } else { "" };
        let file = profile.str(function.file).rsplit('/').next().unwrap();
        format!("{}{inlined} {file}:{}", profile.str(function.name), frame.line)
    };
    let stack = |s: &crate::profile::model::Sample| {
        let mut frames: Vec<String> = profile.stacks.frames(s.stack).map(frame).collect();
        frames.reverse();
        frames
    };
    profile.samples.iter().map(stack).collect()
}

fn function(profile: &Profile, frame: crate::profile::model::FrameId) -> Function {
    profile.functions[profile.frames[frame.index()].function.index()]
}

/// The only function with this name.
fn named<'a>(profile: &'a Profile, name: &str) -> &'a Function {
    let found: Vec<_> = profile.functions.iter().filter(|f| profile.str(f.name) == name).collect();
    let all: Vec<_> = profile.functions.iter().map(|f| profile.str(f.name)).collect();
    assert_eq!(found.len(), 1, "{name} in {all:?}");
    found[0]
}
