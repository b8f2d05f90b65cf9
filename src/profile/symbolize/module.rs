//! One mapped file: opened once, its addresses resolved once.

use std::{collections::HashMap, os::unix::fs::MetadataExt};

use rustc_hash::FxHashMap;

use super::{
    Options, guard,
    sources::{Found, Sources},
};
use crate::profile::{model::Language, raw::ModuleFile};

/// A function of a module, with names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NamedFunction {
    pub(super) name: String,
    pub(super) system_name: String,
    pub(super) file: String,
    pub(super) start_line: u32,
    pub(super) language: Language,
}

impl NamedFunction {
    /// What stands for code that has no name: `module+0xaddress`, with the address where its function begins if that is known.
    pub(super) fn nameless(module_path: &str, address: u64) -> Self {
        let basename = module_path.rsplit('/').next().filter(|b| !b.is_empty()).unwrap_or("?");
        let name = format!("{basename}+{address:#x}");
        Self { system_name: name.clone(), name, ..Self::default() }
    }
}

/// A function at work at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Position in [`ModuleSymbols::functions`].
    pub(super) function: usize,
    pub(super) line: u32,
    pub(super) inlined: bool,
}

/// How much is known about a module's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// The file could not be read.
    Unreadable,
    /// The file is not what was mapped any more.
    Changed,
    /// At most exported functions have names.
    Stripped,
    /// Functions have names, but no lines.
    Symbols,
    /// Functions and lines, but no inlined calls.
    Lines,
    /// Functions, lines and inlined calls.
    DebugInfo,
}

/// What was found out about a module so far.
pub(super) struct ModuleSymbols {
    identity: Identity,
    sources: Option<Sources>,
    functions: Vec<NamedFunction>,
    index: HashMap<NamedFunction, usize>,
    resolved: FxHashMap<u64, Vec<Call>>,
    pub(super) knowledge: Knowledge,
    /// Whether the file was made by the Go tool chain.
    pub(super) is_go: bool,
}

/// Tells whether a module of a later call is the same as before.
#[derive(PartialEq, Eq)]
struct Identity {
    path: String,
    root: String,
    build_id: Vec<u8>,
    inode: Option<(u64, u64)>,
}

impl Identity {
    fn of(module: &ModuleFile) -> Self {
        Self {
            path: module.path.clone(),
            root: module.root.clone(),
            build_id: module.build_id.clone(),
            inode: module.file.as_ref().and_then(|f| f.metadata().ok()).map(|m| (m.dev(), m.ino())),
        }
    }
}

impl ModuleSymbols {
    /// Opens what there is to read about a module.
    pub(super) fn load(module: &ModuleFile, options: &Options) -> Self {
        let loaded = guard::quietly(|| Sources::load(module, options)).unwrap_or(Err(Knowledge::Unreadable));
        let knowledge = loaded.as_ref().map_or_else(|k| *k, Sources::knowledge);
        let sources = loaded.ok();
        Self {
            identity: Identity::of(module),
            is_go: sources.as_ref().is_some_and(Sources::is_go),
            sources,
            functions: Vec::new(),
            index: HashMap::new(),
            resolved: FxHashMap::default(),
            knowledge,
        }
    }

    /// Whether it was loaded for this very module.
    pub(super) fn is_for(&self, module: &ModuleFile) -> bool {
        self.identity == Identity::of(module)
    }

    /// Whether an address was resolved already.
    pub(super) fn knows(&self, address: u64) -> bool {
        self.resolved.contains_key(&address)
    }

    /// What is at work at a resolved address, outermost first: the real function, then those inlined into it.
    pub(super) fn calls(&self, address: u64) -> &[Call] {
        self.resolved.get(&address).map_or(&[], Vec::as_slice)
    }

    /// The functions that calls point to.
    pub(super) fn functions(&self) -> &[NamedFunction] {
        &self.functions
    }

    /// Whether any function found in it was written in `language`.
    pub(super) fn speaks(&self, language: Language) -> bool {
        self.functions.iter().any(|f| f.language == language)
    }

    /// Resolves sorted addresses. If the file turns out to have changed meanwhile, they get no names.
    pub(super) fn resolve(&mut self, addresses: &[u64]) {
        let mut found = self.sources.as_ref().map(|s| s.name_all(addresses)).unwrap_or_default();
        if self.sources.as_ref().is_some_and(|s| !s.are_intact()) {
            self.sources = None;
            self.knowledge = Knowledge::Changed;
            found.clear();
        }
        let mut found = found.into_iter();
        for &address in addresses {
            let functions = match found.next().unwrap_or(Found::Nameless(address)) {
                Found::Functions(functions) => functions,
                Found::Nameless(start) => vec![(NamedFunction::nameless(&self.identity.path, start), 0)],
            };
            let mut calls = Vec::with_capacity(functions.len());
            for (function, line) in functions {
                calls.push(Call { function: self.intern(function), line, inlined: !calls.is_empty() });
            }
            self.resolved.insert(address, calls);
        }
    }

    fn intern(&mut self, function: NamedFunction) -> usize {
        if let Some(&id) = self.index.get(&function) {
            return id;
        }
        self.functions.push(function.clone());
        self.index.insert(function, self.functions.len() - 1);
        self.functions.len() - 1
    }
}
