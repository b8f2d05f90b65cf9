//! Debug information that was split off unit by unit: a `.dwo` file for each (`-gsplit-dwarf`), or all of them in one `.dwp`
//! file beside the program. Read when an address needs it, and believed only with the id that the program names.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use addr2line::{
    LookupContinuation, LookupResult, SplitDwarfLoad,
    gimli::{Dwarf, DwarfPackage, DwoId},
};

use super::{
    debug_sections::{Sections, Slice},
    object_file::ObjectFile,
};

/// Files of units that are opened for one program; the rest goes without.
const MAX_FILES: usize = 4096;

/// Where to look.
#[derive(Clone, Debug, Default)]
pub(super) struct SplitPlaces {
    /// Roots that absolute paths may be below, the first first; an empty one is our own.
    pub(super) roots: Vec<String>,
    /// Paths that the program or its debug file may have, with their root.
    pub(super) programs: Vec<PathBuf>,
}

/// The split off units of one program.
pub(super) struct Split<'a> {
    places: SplitPlaces,
    units: RefCell<HashMap<u64, Option<Arc<Dwarf<Slice<'a>>>>>>,
    package: OnceCell<Option<DwarfPackage<Slice<'a>>>>,
}

impl<'a> Split<'a> {
    /// Nothing is read yet.
    pub(super) fn new(places: SplitPlaces) -> Self {
        Self { places, units: RefCell::default(), package: OnceCell::new() }
    }

    /// Carries a look-up to its end, with the units that it asks for.
    pub(super) fn finish<L>(&self, sections: &'a Sections, mut result: LookupResult<L>) -> L::Output
    where
        L: LookupContinuation<Buf = Slice<'a>>,
    {
        loop {
            match result {
                LookupResult::Output(output) => return output,
                LookupResult::Load { load, continuation } => {
                    result = continuation.resume(self.unit(sections, &load));
                }
            }
        }
    }

    fn unit(
        &self,
        sections: &'a Sections,
        load: &SplitDwarfLoad<Slice<'a>>,
    ) -> Option<Arc<Dwarf<Slice<'a>>>> {
        if let Some(known) = self.units.borrow().get(&load.dwo_id.0) {
            return known.clone();
        }
        let package = self.package.get_or_init(|| self.find_package(sections)).as_ref();
        let packed = package.and_then(|package| package.find_cu(load.dwo_id, &load.parent).ok()?);
        let found = packed.or_else(|| self.find_unit(sections, load)).map(Arc::new);
        self.units.borrow_mut().insert(load.dwo_id.0, found.clone());
        found
    }

    fn find_package(&self, sections: &'a Sections) -> Option<DwarfPackage<Slice<'a>>> {
        let path = |program: &PathBuf| {
            let mut path = program.clone().into_os_string();
            path.push(".dwp");
            PathBuf::from(path)
        };
        let mut places = self.places.programs.iter().map(path);
        places.find_map(|path| sections.package(ObjectFile::open(&path).ok()?))
    }

    fn find_unit(
        &self,
        sections: &'a Sections,
        load: &SplitDwarfLoad<Slice<'a>>,
    ) -> Option<Dwarf<Slice<'a>>> {
        if self.units.borrow().len() >= MAX_FILES {
            return None;
        }
        let text = |slice: Option<Slice<'a>>| slice.and_then(|s| s.to_string().ok()).unwrap_or_default();
        let (directory, path) = (text(load.comp_dir), text(load.path));
        let mut files = self.places.files(Path::new(directory), Path::new(path)).into_iter();
        files.find_map(|file| {
            let mut dwarf = sections.split_unit(ObjectFile::open(&file).ok()?)?;
            is_unit(&dwarf, load.dwo_id).then(|| {
                dwarf.make_dwo(&load.parent);
                dwarf
            })
        })
    }
}

/// Whether the first unit has this id.
fn is_unit(dwarf: &Dwarf<Slice<'_>>, id: DwoId) -> bool {
    let header = dwarf.units().next().ok().flatten();
    header.and_then(|header| dwarf.unit(header).ok()).is_some_and(|unit| unit.dwo_id == Some(id))
}

impl SplitPlaces {
    /// Where a unit's file may be: where the compiler has put it, else beside the program.
    fn files(&self, directory: &Path, path: &Path) -> Vec<PathBuf> {
        let Some(name) = path.file_name() else { return Vec::new() };
        let whole = directory.join(path);
        let below = |root: &String| {
            let mut below = PathBuf::from(root);
            below.push(whole.strip_prefix("/").unwrap_or(&whole));
            if root.is_empty() { whole.clone() } else { below }
        };
        let built = self.roots.iter().filter(|_| whole.is_absolute()).map(below);
        let beside = self.programs.iter().map(|program| program.with_file_name(name));
        built.chain(beside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_file_is_looked_for_where_it_was_made_and_beside_the_program() {
        let places = SplitPlaces {
            roots: vec!["/proc/7/root".into(), String::new()],
            programs: vec!["/bin/prog".into()],
        };
        let files = |directory: &str, path: &str| places.files(Path::new(directory), Path::new(path));
        let at = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(
            files("/src", "out/a.dwo"),
            at(&["/proc/7/root/src/out/a.dwo", "/src/out/a.dwo", "/bin/a.dwo"])
        );
        assert_eq!(files("/src", "/x/a.dwo"), at(&["/proc/7/root/x/a.dwo", "/x/a.dwo", "/bin/a.dwo"]));
        assert_eq!(files("", "a.dwo"), at(&["/bin/a.dwo"]), "no directory of ours is meant");
        assert_eq!(files("/src", ".."), at(&[]));
    }
}
