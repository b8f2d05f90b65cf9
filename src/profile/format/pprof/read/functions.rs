//! Modules, functions and frames of a file, and its locations as runs of frames.

use pprof::protos as proto;
use rustc_hash::FxHashMap;

use super::{
    Draft, File, OUTSIDE, Tables, guess,
    ids::Ids,
    limit,
    own::OwnFunctions,
    tables::{broken, decode},
    wire::{field, fields},
};
use crate::profile::model::{Frame, FrameId, Function, FunctionId, Module, ModuleId};

/// The locations of a file.
#[derive(Default)]
pub(super) struct Functions {
    ids: Ids,
    /// Where a location's frames begin in `frames`; they end where the next location's begin.
    starts: Vec<usize>,
    frames: Vec<FrameId>,
}

impl Functions {
    pub(super) fn of<'f, 'a>(file: &File<'f, 'a>, draft: &mut Draft<'f, 'a>) -> Result<Self, String> {
        let mut maker = Maker::new(file, draft)?;
        let mut all = Self::default();
        let limits = file.limits;
        for f in fields(&file.scanned.rest) {
            let f = f.map_err(broken)?;
            if f.number == field::LOCATION {
                limit(all.starts.len(), limits.entries, "locations")?;
                let location: proto::Location = decode(f.bytes)?;
                limit(all.frames.len() + location.line.len(), limits.stacks, "frames")?;
                all.ids.add(location.id)?;
                all.starts.push(all.frames.len());
                maker.location(&location, &mut all.frames)?;
            }
        }
        maker.unused()?;
        Ok(all)
    }

    /// Position of the location with this id.
    pub(super) fn position(&self, id: u64) -> Result<usize, String> {
        self.ids.position(id)
    }

    /// Frames of a location, innermost first; at least one.
    pub(super) fn frames(&self, position: usize) -> &[FrameId] {
        let start = self.starts.get(position).copied().unwrap_or(self.frames.len());
        let end = self.starts.get(position + 1).copied().unwrap_or(self.frames.len());
        self.frames.get(start..end).unwrap_or_default()
    }
}

/// Makes entries of the model out of entries of the file.
struct Maker<'m, 'f, 'a> {
    tables: &'f Tables<'a>,
    /// What we wrote about functions; `None` for a foreign file.
    own: Option<&'f OwnFunctions>,
    /// Whether inlined functions are told apart: to other pprof tools they are functions like all others.
    knows_inlined: bool,
    draft: &'m mut Draft<'f, 'a>,
    modules: Vec<ModuleId>,
    /// By position of function and mapping: a foreign function may stand in several mappings.
    functions: FxHashMap<(usize, Option<usize>), FunctionId>,
}

impl<'m, 'f, 'a> Maker<'m, 'f, 'a> {
    fn new(file: &File<'f, 'a>, draft: &'m mut Draft<'f, 'a>) -> Result<Self, String> {
        let mut maker = Self {
            tables: file.tables,
            own: file.own.functions.as_ref(),
            knows_inlined: file.own.recording.is_some(),
            draft,
            modules: Vec::new(),
            functions: FxHashMap::default(),
        };
        for mapping in &file.tables.mappings {
            let module = Module {
                path: maker.draft.string(mapping.filename)?,
                build_id: maker.draft.string(mapping.build_id)?,
            };
            let module = maker.draft.builder.module(module);
            maker.modules.push(module);
        }
        Ok(maker)
    }

    fn location(&mut self, location: &proto::Location, frames: &mut Vec<FrameId>) -> Result<(), String> {
        let mapping = self.tables.mapping(location.mapping_id)?;
        let open = self.own.is_some_and(|own| own.open_inlines.contains(&location.id));
        for (i, line) in location.line.iter().enumerate() {
            let inlined = self.knows_inlined && (open || i + 1 < location.line.len());
            let function = self.line_function(line, location, mapping)?;
            let line = u32::try_from(line.line).unwrap_or(0);
            frames.push(self.draft.builder.frame(Frame { function, line, inlined }));
        }
        if location.line.is_empty() {
            let function = self.address(location, mapping)?;
            frames.push(self.draft.builder.frame(Frame { function, line: 0, inlined: false }));
        }
        Ok(())
    }

    fn line_function(
        &mut self,
        line: &proto::Line,
        location: &proto::Location,
        mapping: Option<usize>,
    ) -> Result<FunctionId, String> {
        if line.function_id == 0 {
            return self.address(location, mapping);
        }
        let position = self.tables.function_ids.position(line.function_id)?;
        match self.function(position, mapping)? {
            Some(function) => Ok(function),
            None => self.address(location, mapping),
        }
    }

    /// The function at this position of the file's table; `None` for a foreign one without a name.
    fn function(&mut self, position: usize, mapping: Option<usize>) -> Result<Option<FunctionId>, String> {
        if let Some(&known) = self.functions.get(&(position, mapping)) {
            return Ok(Some(known));
        }
        let entry = self.tables.functions.get(position).ok_or(OUTSIDE)?;
        let function = match self.own {
            Some(own) => Some(self.own_function(entry, own, mapping)?),
            None => self.foreign_function(entry, mapping)?,
        };
        Ok(function.map(|function| {
            let id = self.draft.builder.function(function);
            self.functions.insert((position, mapping), id);
            id
        }))
    }

    fn own_function(
        &mut self,
        entry: &proto::Function,
        own: &OwnFunctions,
        mapping: Option<usize>,
    ) -> Result<Function, String> {
        let mapping = match own.modules.get(&entry.id) {
            Some(&id) => self.tables.mapping(id)?,
            None => mapping,
        };
        Ok(Function {
            name: self.draft.string(entry.name)?,
            system_name: self.draft.string(entry.system_name)?,
            file: self.draft.string(entry.filename)?,
            start_line: u32::try_from(entry.start_line).unwrap_or(0),
            module: self.module(mapping),
            origin: own.origins.get(&entry.id).copied().unwrap_or_default(),
            language: own.languages.get(&entry.id).copied().unwrap_or_default(),
        })
    }

    fn foreign_function(
        &mut self,
        entry: &proto::Function,
        mapping: Option<usize>,
    ) -> Result<Option<Function>, String> {
        let unnamed = self.tables.bytes(entry.name)?.is_empty();
        let unmangled = self.tables.bytes(entry.system_name)?.is_empty();
        if unnamed && unmangled {
            return Ok(None);
        }
        let shown = if unnamed { entry.system_name } else { entry.name };
        let mangled = if unmangled { entry.name } else { entry.system_name };
        let file = self.tables.short(entry.filename)?;
        let origin = guess::origin(&self.tables.short(shown)?, &file, &self.path(mapping)?);
        Ok(Some(Function {
            name: self.draft.string(shown)?,
            system_name: self.draft.string(mangled)?,
            file: self.draft.string(entry.filename)?,
            start_line: u32::try_from(entry.start_line).unwrap_or(0),
            module: self.module(mapping),
            origin,
            language: guess::language(&self.tables.short(mangled)?, &file),
        }))
    }

    /// A function for an address without a name.
    fn address(&mut self, location: &proto::Location, mapping: Option<usize>) -> Result<FunctionId, String> {
        let path = self.path(mapping)?;
        let base = mapping.and_then(|m| self.tables.mappings.get(m));
        let offset = base
            .and_then(|m| location.address.checked_sub(m.memory_start)?.checked_add(m.file_offset))
            .unwrap_or(location.address);
        let text = guess::address_name(&path, offset);
        let module = self.module(mapping);
        let builder = &mut self.draft.builder;
        let (name, file) = (builder.string(&text), builder.string(""));
        Ok(builder.function(Function {
            name,
            system_name: name,
            file,
            start_line: 0,
            module,
            origin: guess::origin(&text, "", &path),
            language: Default::default(),
        }))
    }

    fn module(&self, mapping: Option<usize>) -> Option<ModuleId> {
        self.modules.get(mapping?).copied()
    }

    fn path(&self, mapping: Option<usize>) -> Result<std::borrow::Cow<'a, str>, String> {
        let mapping = mapping.and_then(|m| self.tables.mappings.get(m));
        mapping.map_or(Ok("".into()), |m| self.tables.short(m.filename))
    }

    /// Functions of ours that stand in no location.
    fn unused(&mut self) -> Result<(), String> {
        if self.own.is_none() {
            return Ok(());
        }
        let mut used = vec![false; self.tables.functions.len()];
        for (position, _) in self.functions.keys() {
            if let Some(used) = used.get_mut(*position) {
                *used = true;
            }
        }
        for (position, _) in used.iter().enumerate().filter(|(_, used)| !**used) {
            self.function(position, None)?;
        }
        Ok(())
    }
}
