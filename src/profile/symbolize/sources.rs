//! The files that know about one module's code, and what they say about an address.

use std::{path::Path, sync::Arc};

use super::{
    Options,
    debug_file::{self, Places},
    demangle,
    dwarf::{Dwarf, DwarfFrame},
    guard,
    module::{Knowledge, NamedFunction},
    naming,
    object_file::{Facts, ObjectFile},
    symbols::{self, Containing},
};
use crate::profile::{
    model::Language,
    raw::{FileState, ModuleFile},
};

/// A module's own file, its separate debug file and what that shares with others.
pub(super) struct Sources {
    main: Arc<ObjectFile>,
    facts: Facts,
    debug: Option<(Arc<ObjectFile>, Facts)>,
    supplement: Option<Arc<ObjectFile>>,
    dwarf: Option<Dwarf>,
}

/// Functions at an address with the line in each, outermost first; empty where nothing is known.
pub(super) type Named = Vec<(NamedFunction, u32)>;

impl Sources {
    /// Opens the module's file and looks for its debug information. An error says why there is nothing to read.
    pub(super) fn load(module: &ModuleFile, options: &Options) -> Result<Self, Knowledge> {
        let main = open(module).ok_or(Knowledge::Unreadable)?;
        let facts = main.parse().map(|o| Facts::read(&o)).ok_or(Knowledge::Unreadable)?;
        // The kernel hands out at most 20 bytes of a build id.
        let short = |id: &[u8]| id.iter().take(20).copied().collect::<Vec<_>>();
        if !module.build_id.is_empty() && short(&module.build_id) != short(&facts.build_id) {
            return Err(Knowledge::Changed);
        }
        let places =
            Places { root: &module.root, module: Path::new(&module.path), debug_dirs: &options.debug_dirs };
        let found =
            if facts.has_dwarf || module.image.is_some() { None } else { debug_file::find(&facts, &places) };
        let dwarf_facts = found.as_ref().map_or(&facts, |f| &f.facts);
        let supplement = debug_file::find_supplement(dwarf_facts, found.as_ref(), &places).map(Arc::new);
        let debug = found.map(|f| (Arc::new(f.object), f.facts));
        let mut sources = Self { main: Arc::new(main), facts, debug, supplement, dwarf: None };
        sources.dwarf = guard::quietly(|| sources.load_dwarf()).flatten();
        Ok(sources)
    }

    fn load_dwarf(&self) -> Option<Dwarf> {
        let (object, facts) = self.debug.as_ref().map_or((&self.main, &self.facts), |(o, f)| (o, f));
        if facts.has_dwarf { Dwarf::load(object, self.supplement.as_ref()) } else { None }
    }

    /// How much the files know.
    pub(super) fn knowledge(&self) -> Knowledge {
        if self.dwarf.is_some() {
            Knowledge::DebugInfo
        } else if self.symbol_table().1.has_symbol_table {
            Knowledge::Symbols
        } else {
            Knowledge::Stripped
        }
    }

    /// Whether the file was made by the Go tool chain.
    pub(super) fn is_go(&self) -> bool {
        self.facts.is_go
    }

    /// Whether nobody changed the files while they were read.
    pub(super) fn are_intact(&self) -> bool {
        let others = self.debug.iter().map(|(object, _)| object).chain(&self.supplement);
        std::iter::once(&self.main).chain(others).all(|object| object.is_intact())
    }

    /// What stands at each of the sorted addresses.
    pub(super) fn name_all(&self, addresses: &[u64]) -> Vec<Named> {
        let (object, facts) = self.symbol_table();
        let parsed = object.parse();
        let symbols = parsed
            .as_ref()
            .and_then(|o| guard::quietly(|| symbols::containing(o, facts, addresses)))
            .unwrap_or_default();
        let symbols = symbols.into_iter().chain(std::iter::repeat_with(|| None));
        let name = |address, symbol: Option<Containing<'_>>| {
            guard::quietly(|| self.name(address, symbol.as_ref(), self.dwarf.as_ref()))
                .or_else(|| guard::quietly(|| self.name(address, symbol.as_ref(), None)))
                .unwrap_or_default()
        };
        addresses.iter().zip(symbols).map(|(&address, symbol)| name(address, symbol)).collect()
    }

    /// The best symbol table: the file's own, that of its debug file, or its exported symbols.
    fn symbol_table(&self) -> (&ObjectFile, &Facts) {
        match &self.debug {
            Some((object, facts)) if !self.facts.has_symbol_table && facts.has_symbol_table => {
                (object, facts)
            }
            _ => (&self.main, &self.facts),
        }
    }

    fn name(&self, address: u64, symbol: Option<&Containing<'_>>, dwarf: Option<&Dwarf>) -> Named {
        // Code lies in executable sections; names found elsewhere would be those of removed functions.
        let Some(section) = self.facts.code_around(address) else { return Vec::new() };
        let mut frames = dwarf.map(|d| d.frames(address)).unwrap_or_default();
        let real = frames.pop();
        let begins_here = || {
            let range = symbol.map_or_else(|| section.clone(), |s| s.start..s.end);
            dwarf.is_some_and(|d| d.begins_within(address, &range))
        };
        let Some(chosen) = naming::choose(real.as_ref(), symbol, self.facts.is_go, begins_here) else {
            return Vec::new();
        };
        let mut function = NamedFunction {
            name: chosen.name,
            system_name: chosen.system_name,
            language: if self.facts.is_go { Language::Go } else { chosen.language },
            ..NamedFunction::default()
        };
        let Some(real) = real.filter(|_| chosen.trust_dwarf) else { return vec![(function, 0)] };
        let line = place(&mut function, &real);
        let mut named = vec![(function, line)];
        named.extend(frames.iter().rev().filter_map(inlined));
        named
    }
}

fn inlined(frame: &DwarfFrame) -> Option<(NamedFunction, u32)> {
    if frame.name.is_empty() {
        return None;
    }
    let (name, from_mangling) = demangle::demangle(&frame.name);
    let language = if frame.language == Language::Unknown { from_mangling } else { frame.language };
    let system_name = demangle::printable(&frame.name);
    let mut function = NamedFunction { name, system_name, language, ..NamedFunction::default() };
    let line = place(&mut function, frame);
    Some((function, line))
}

/// Sets file and first line of a function; returns the line at work, 0 where that belongs to another file.
fn place(function: &mut NamedFunction, frame: &DwarfFrame) -> u32 {
    // With line tables only there is no declaration, but the code's own file is the function's as well.
    let (file, start_line) = match (&frame.declared, &frame.file) {
        (Some((file, line)), _) => (file, *line),
        (None, Some(file)) => (file, 0),
        (None, None) => return 0,
    };
    let line = if frame.file.as_ref() == Some(file) { frame.line } else { 0 };
    function.file = demangle::path(file).into_owned();
    function.start_line = start_line;
    line
}

fn open(module: &ModuleFile) -> Option<ObjectFile> {
    if let Some(image) = &module.image {
        return Some(ObjectFile::from_image(image.clone()));
    }
    if module.state == FileState::Unreadable {
        return None;
    }
    ObjectFile::new(module.file.as_ref()?.try_clone().ok()?).ok()
}
