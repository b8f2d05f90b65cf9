//! Puts names in place of addresses: a [`RawProfile`] becomes a [`Profile`].

use std::collections::HashMap;

use super::{
    NativeFrames,
    debug_file::hex,
    demangle,
    kernel::{KERNEL, KernelSymbols},
    module::{ModuleSymbols, NamedFunction},
    plumbing,
    python_source::PythonSources,
};
use crate::profile::{
    aggregate::tell_gil_waits,
    frames::python::{PythonFunction, functions::module_name},
    model::{
        Builder, Frame, FrameId, Function, FunctionId, Language, Module, ModuleId, Origin, Process, Profile,
        Recording, Sample, StrId, Thread, Waiting,
    },
    raw::{FileState, RawFrame, RawProfile},
    stack::StackId,
};

/// Where names come from.
pub(super) struct Known<'a> {
    /// What was looked up in the modules of the recording.
    pub(super) modules: &'a [Option<ModuleSymbols>],
    /// The kernel's symbols.
    pub(super) kernel: Option<&'a KernelSymbols>,
    /// Python's sources.
    pub(super) sources: &'a mut PythonSources,
}

/// Builds the profile from what is known of its modules.
pub(super) fn build(
    raw: &RawProfile,
    known: Known<'_>,
    recording: Recording,
    native_frames: NativeFrames,
) -> Profile {
    let Known { modules, kernel, sources } = known;
    let mut naming = Naming {
        raw,
        modules,
        kernel,
        sources,
        native_frames,
        start_lines: start_lines(modules),
        out: Builder::new(),
        frames: HashMap::new(),
    };
    let mut stacks: Vec<Option<StackId>> = Vec::with_capacity(raw.stacks.len());
    let mut below_python: Vec<bool> = Vec::with_capacity(raw.stacks.len());
    for node in raw.stacks.nodes() {
        let mut stack = node.parent.and_then(|p| stacks.get(p.index()).copied().flatten());
        let below = node.parent.is_some_and(|p| below_python.get(p.index()).copied().unwrap_or(false));
        let native =
            matches!(node.frame, RawFrame::Native { .. } | RawFrame::Unmatched { .. } | RawFrame::Anonymous);
        if !(native && below && native_frames == NativeFrames::None) {
            for frame in naming.frames(node.frame) {
                stack = Some(naming.out.stack(stack, frame));
            }
        }
        below_python.push(below || matches!(node.frame, RawFrame::Python { .. }));
        stacks.push(stack);
    }
    let mut out = naming.out;
    let threads = threads(raw, &mut out);
    for sample in &raw.samples {
        let thread = threads.get(sample.thread as usize).copied().flatten();
        let stack = stacks.get(sample.stack.index()).copied().flatten();
        if let Some((thread, stack)) = thread.zip(stack) {
            let (count, weight_ns) = (sample.count, sample.weight_ns);
            out.sample(Sample { bucket: sample.bucket, thread, stack, gil: sample.gil, count, weight_ns });
        }
    }
    for waiting in &raw.waits {
        let thread = threads.get(waiting.thread as usize).copied().flatten();
        let stack = stacks.get(waiting.stack.index()).copied().flatten();
        if let Some((thread, stack)) = thread.zip(stack) {
            let (bucket, wait, ns) = (waiting.bucket, waiting.wait, waiting.ns);
            out.waiting(Waiting { bucket, thread, stack, wait, ns });
        }
    }
    tell_gil_waits(out.build(recording))
}

fn threads(raw: &RawProfile, out: &mut Builder) -> Vec<Option<crate::profile::model::ThreadId>> {
    let processes: Vec<_> = raw
        .processes
        .iter()
        .map(|p| {
            let name = out.string(&p.name);
            out.process(Process { pid: p.pid, parent_pid: p.parent_pid, name })
        })
        .collect();
    let thread = |t: &crate::profile::raw::RawThread| {
        let name = out.string(&t.name);
        let process = *processes.get(t.process as usize)?;
        Some(out.thread(Thread { process, tid: t.tid, name }))
    };
    raw.threads.iter().map(thread).collect()
}

/// What makes two functions of a module the same.
type Same<'a> = (usize, &'a str, &'a str, &'a str);

/// First line of each function. Where a function stands alone it is known more often than where it is inlined; the
/// smallest known one is taken for both, so that they are one function.
fn start_lines(modules: &[Option<ModuleSymbols>]) -> HashMap<Same<'_>, u32> {
    let mut lines = HashMap::new();
    for (module, known) in modules.iter().enumerate() {
        for function in known.iter().flat_map(ModuleSymbols::functions).filter(|f| f.start_line > 0) {
            let line = lines.entry(same(module, function)).or_insert(function.start_line);
            *line = function.start_line.min(*line);
        }
    }
    lines
}

fn same(module: usize, f: &NamedFunction) -> Same<'_> {
    (module, &f.name, &f.system_name, &f.file)
}

struct Naming<'a> {
    raw: &'a RawProfile,
    modules: &'a [Option<ModuleSymbols>],
    kernel: Option<&'a KernelSymbols>,
    sources: &'a mut PythonSources,
    native_frames: NativeFrames,
    start_lines: HashMap<Same<'a>, u32>,
    out: Builder,
    frames: HashMap<RawFrame, Vec<FrameId>>,
}

impl Naming<'_> {
    /// The frames that a recorded one stands for, outermost first.
    fn frames(&mut self, raw: RawFrame) -> Vec<FrameId> {
        if let Some(known) = self.frames.get(&raw) {
            return known.clone();
        }
        let frames = match raw {
            RawFrame::Native { module, address } => self.native(module, address),
            RawFrame::Unmatched { module, offset } => self.nameless(module, offset),
            RawFrame::Interpreter { module, address } => self.interpreter(module, address),
            RawFrame::Python { function, line } => self.python(function, line),
            RawFrame::Kernel(address) => self.kernel(address),
            RawFrame::Anonymous => self.marker("[anonymous code]", Origin::Native),
            RawFrame::Unknown => self.marker("[unknown]", Origin::Marker),
            RawFrame::Truncated => self.marker("[truncated]", Origin::Marker),
        };
        self.frames.insert(raw, frames.clone());
        frames
    }

    fn native(&mut self, module: u32, address: u64) -> Vec<FrameId> {
        let index = module as usize;
        let Some(known) = self.modules.get(index).and_then(Option::as_ref) else {
            return self.nameless(module, address);
        };
        let id = self.module(module);
        let mut frames = Vec::new();
        for call in known.calls(address) {
            let Some(function) = known.functions().get(call.function) else { continue };
            let start_line = self.start_lines.get(&same(index, function)).copied().unwrap_or(0);
            let function = self.function(function, start_line, id, Origin::Native);
            frames.push(self.out.frame(Frame { function, line: call.line, inlined: call.inlined }));
        }
        frames
    }

    /// Frames that an interpreted call went through; none where they say nothing that the interpreted frames do not say.
    fn interpreter(&mut self, module: u32, address: u64) -> Vec<FrameId> {
        if self.native_frames == NativeFrames::All {
            return self.native(module, address);
        }
        let file = self.raw.modules.get(module as usize).map_or("", |file| &file.path);
        let known = self.modules.get(module as usize).and_then(Option::as_ref);
        let names = known.map(|known| known.calls(address)).unwrap_or_default();
        let outer = names.first().and_then(|call| known?.functions().get(call.function));
        if self.native_frames == NativeFrames::None
            || outer.is_none_or(|f| plumbing::is(file, &f.system_name))
        {
            return Vec::new();
        }
        self.native(module, address)
    }

    fn python(&mut self, function: u32, line: u32) -> Vec<FrameId> {
        let Some(python) = self.raw.python.get(function as usize) else {
            return self.marker("[unknown]", Origin::Marker);
        };
        let module_name = self.module_of(python);
        let (path, build_id) = (self.out.string(&module_name), self.out.string(""));
        let module = self.out.module(Module { path, build_id });
        // Every module has one of that name.
        let name = match python.name.as_str() {
            "<module>" => format!("<module {module_name}>"),
            name if python.qualified => name.to_owned(),
            name => {
                let qualified = self.sources.qualified(&python.file, name, python.first_line);
                qualified.unwrap_or_else(|| name.to_owned())
            }
        };
        let function = NamedFunction {
            name,
            system_name: python.name.clone(),
            file: python.file.clone(),
            language: Language::Python,
            ..NamedFunction::default()
        };
        let function = self.function(&function, python.first_line, Some(module), Origin::Python);
        vec![self.out.frame(Frame { function, line, inlined: false })]
    }

    /// What the module calls itself, unless it is the program and therefore calls itself nothing: then its place tells.
    fn module_of(&mut self, python: &PythonFunction) -> String {
        let told = python.module.as_str();
        let file = python.file.as_str();
        let no_file = file.starts_with('<') && !file.starts_with("<frozen ");
        let is_program = matches!(told, "" | "__main__" | "__mp_main__");
        if !told.is_empty() && (no_file || !is_program && !file.starts_with('<')) {
            return told.to_owned();
        }
        self.sources.package_module(file).unwrap_or_else(|| module_name(file))
    }

    fn nameless(&mut self, module: u32, address: u64) -> Vec<FrameId> {
        let Some(file) = self.raw.modules.get(module as usize) else {
            return self.marker("[unknown]", Origin::Marker);
        };
        let function = NamedFunction::nameless(&file.path, address);
        let module = self.module(module);
        self.alone(&function, module, Origin::Native)
    }

    fn kernel(&mut self, address: u64) -> Vec<FrameId> {
        let symbol = self.kernel.and_then(|k| k.find(address));
        let module = symbol.as_ref().map_or(KERNEL, |s| &s.module).to_owned();
        let mut function = NamedFunction::nameless(KERNEL, address);
        if let Some(symbol) = symbol {
            let (name, system_name) = (symbol.name, symbol.system_name);
            function = NamedFunction { name, system_name, language: Language::C, ..NamedFunction::default() };
        } else if self.kernel.is_none_or(|k| k.hidden) {
            // Addresses would only look like different functions.
            let name = KERNEL.to_owned();
            function = NamedFunction { system_name: name.clone(), name, ..NamedFunction::default() };
        }
        let path = self.out.string(&module);
        let build_id = self.out.string("");
        let module = self.out.module(Module { path, build_id });
        self.alone(&function, Some(module), Origin::Kernel)
    }

    fn marker(&mut self, name: &str, origin: Origin) -> Vec<FrameId> {
        let name = name.to_owned();
        let function = NamedFunction { system_name: name.clone(), name, ..NamedFunction::default() };
        self.alone(&function, None, origin)
    }

    fn alone(&mut self, function: &NamedFunction, module: Option<ModuleId>, origin: Origin) -> Vec<FrameId> {
        let function = self.function(function, 0, module, origin);
        vec![self.out.frame(Frame { function, line: 0, inlined: false })]
    }

    fn function(
        &mut self,
        function: &NamedFunction,
        start_line: u32,
        module: Option<ModuleId>,
        origin: Origin,
    ) -> FunctionId {
        let mut string = |text: &str| -> StrId { self.out.string(text) };
        let (name, system_name) = (string(&function.name), string(&function.system_name));
        let (file, language) = (string(&function.file), function.language);
        self.out.function(Function { name, system_name, file, start_line, module, origin, language })
    }

    fn module(&mut self, module: u32) -> Option<ModuleId> {
        let file = self.raw.modules.get(module as usize)?;
        let suffix = match file.state {
            FileState::Deleted => " (deleted)",
            FileState::Replaced => " (replaced)",
            FileState::Present | FileState::Unreadable | FileState::Virtual => "",
        };
        let path = self.out.string(&format!("{}{suffix}", demangle::path(&file.path)));
        let build_id = self.out.string(&hex(&file.build_id));
        Some(self.out.module(Module { path, build_id }))
    }
}
