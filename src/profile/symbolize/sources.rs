//! The files that know about one module's code, and what they say about an address.

use std::{path::Path, sync::Arc};

use super::{
    Options,
    debug_file::{self, DebugFile, Places},
    demangle,
    dwarf::{Dwarf, DwarfFrame},
    extents::Extents,
    go_functions::GoFunctions,
    guard, mini_debug_info,
    module::{Knowledge, NamedFunction},
    naming,
    object_file::{Facts, ObjectFile},
    plt::Stubs,
    split_dwarf::SplitPlaces,
    symbols::{self, Containing, Table},
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
    /// Symbols that the module's file holds in compressed form.
    mini: Option<ObjectFile>,
    dwarf: Option<Dwarf>,
}

/// What stands at an address.
#[derive(Debug)]
pub(super) enum Found {
    /// Functions with the line in each, outermost first; at least one.
    Functions(Vec<(NamedFunction, u32)>),
    /// Something without a name. As far as is known, its function begins at this address.
    Nameless(u64),
}

/// What the files list, parsed for one round of look-ups.
struct Lists<'a> {
    extents: Option<Extents<'a>>,
    stubs: Stubs<'a>,
    go: Option<GoFunctions<'a>>,
}

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
        let split = split_places(&places, found.as_ref());
        let debug = found.map(|f| (Arc::new(f.object), f.facts));
        let is_listed =
            facts.has_symbol_table || debug.as_ref().is_some_and(|(_, facts)| facts.has_symbol_table);
        let find_mini = || guard::quietly(|| mini_debug_info::find(&main.parse()?)).flatten();
        let mini = if is_listed { None } else { find_mini() };
        let mut sources = Self { main: Arc::new(main), facts, debug, supplement, mini, dwarf: None };
        sources.dwarf = guard::quietly(|| sources.load_dwarf(split)).flatten();
        Ok(sources)
    }

    fn load_dwarf(&self, split: SplitPlaces) -> Option<Dwarf> {
        let (object, facts) = self.debug.as_ref().map_or((&self.main, &self.facts), |(o, f)| (o, f));
        if facts.has_dwarf { Dwarf::load(object, self.supplement.as_ref(), split) } else { None }
    }

    /// How much the files know.
    pub(super) fn knowledge(&self) -> Knowledge {
        let has_table = |(_, facts): &(_, Facts)| facts.has_symbol_table;
        if self.dwarf.is_some() {
            Knowledge::DebugInfo
        } else if self.facts.is_go && self.main.parse().is_some_and(|o| GoFunctions::of(&o).is_some()) {
            Knowledge::Lines
        } else if self.facts.has_symbol_table
            || self.mini.is_some()
            || self.debug.as_ref().is_some_and(has_table)
        {
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
            && self.dwarf.as_ref().is_none_or(Dwarf::is_intact)
    }

    /// What stands at each of the sorted addresses.
    pub(super) fn name_all(&self, addresses: &[u64]) -> Vec<Found> {
        let Some(main) = self.main.parse() else { return Vec::new() };
        let symbols = guard::quietly(|| self.symbols(&main, addresses)).unwrap_or_default();
        let symbols = symbols.into_iter().chain(std::iter::repeat_with(|| None));
        let lists = Lists {
            extents: guard::quietly(|| Extents::of(&main)).flatten(),
            stubs: guard::quietly(|| Stubs::of(&main, addresses)).unwrap_or_default(),
            go: guard::quietly(|| GoFunctions::of(&main)).flatten().filter(|_| self.facts.is_go),
        };
        let name = |address, symbol: Option<Containing<'_>>| {
            guard::quietly(|| self.name(address, symbol.as_ref(), &lists, self.dwarf.as_ref()))
                .or_else(|| guard::quietly(|| self.name(address, symbol.as_ref(), &lists, None)))
                .unwrap_or(Found::Nameless(address))
        };
        addresses.iter().zip(symbols).map(|(&address, symbol)| name(address, symbol)).collect()
    }

    /// The symbols around the addresses by the best tables there are: the file's own, that of its debug file, or what stripping has
    /// left and its exported ones.
    fn symbols<'a>(&'a self, main: &object::File<'a>, addresses: &[u64]) -> Vec<Option<Containing<'a>>> {
        let debug = self.debug.as_ref().filter(|(_, facts)| facts.has_symbol_table);
        let debug = debug.and_then(|(object, _)| object.parse());
        let mini = self.mini.as_ref().and_then(ObjectFile::parse);
        let tables = match (&debug, &mini) {
            _ if self.facts.has_symbol_table => vec![Table::Full(main)],
            (Some(debug), _) => vec![Table::Full(debug)],
            (None, Some(mini)) => vec![Table::Full(mini), Table::Exported(main)],
            (None, None) => vec![Table::Exported(main)],
        };
        symbols::containing(&tables, &self.facts, addresses)
    }

    fn name(
        &self,
        address: u64,
        symbol: Option<&Containing<'_>>,
        lists: &Lists<'_>,
        dwarf: Option<&Dwarf>,
    ) -> Found {
        // Code lies in executable sections; names found elsewhere would be those of removed functions.
        let Some(section) = self.facts.code_around(address) else { return Found::Nameless(address) };
        let symbol = symbol.filter(|symbol| symbol.sized || !lists.is_beyond(symbol, address));
        let mut frames = dwarf.map(|d| d.frames(address)).unwrap_or_default();
        let real = frames.pop();
        let begins_here = || {
            let range = symbol.map_or_else(|| section.clone(), |s| s.start..s.end);
            dwarf.is_some_and(|d| d.begins_within(address, &range))
        };
        let Some(chosen) = naming::choose(real.as_ref(), symbol, self.facts.is_go, begins_here) else {
            return lists.name(address);
        };
        let mut function = NamedFunction {
            name: chosen.name,
            system_name: chosen.system_name,
            language: if self.facts.is_go { Language::Go } else { chosen.language },
            ..NamedFunction::default()
        };
        let Some(real) = real.filter(|_| chosen.trust_dwarf) else {
            return Found::Functions(vec![(function, 0)]);
        };
        let line = place(&mut function, &real);
        let mut named = vec![(function, line)];
        named.extend(frames.iter().rev().filter_map(inlined));
        Found::Functions(named)
    }
}

impl Lists<'_> {
    /// Whether a symbol that does not tell its length cannot reach up to an address, because another function begins between.
    fn is_beyond(&self, symbol: &Containing<'_>, address: u64) -> bool {
        let extent = self.extents.as_ref().and_then(|extents| extents.around(address));
        extent.is_some_and(|extent| extent.start > symbol.start)
    }

    /// What stands at an address of which neither debug information nor symbols know.
    fn name(&self, address: u64) -> Found {
        if let Some(named) = self.go.as_ref().and_then(|go| go.name(address)) {
            return Found::Functions(vec![named]);
        }
        if self.stubs.contains(address) {
            // One entry for unwinding is for all stubs.
            let stub = self.stubs.name(address);
            return stub.map_or(Found::Nameless(address), |stub| Found::Functions(vec![(stub, 0)]));
        }
        let extent = self.extents.as_ref().and_then(|extents| extents.around(address));
        Found::Nameless(extent.map_or(address, |extent| extent.start))
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

/// Where units of the program may have been split off to: beside it, or beside its debug file.
fn split_places(places: &Places<'_>, debug: Option<&DebugFile>) -> SplitPlaces {
    let mut programs = places.under_roots(&[places.module.to_owned()]);
    programs.extend(debug.map(|debug| debug.path.clone()));
    SplitPlaces { roots: places.roots().map(str::to_owned).collect(), programs }
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
