//! Finds debug information that was split off its file, and believes it only when it proves to belong to it.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::object_file::{Facts, ObjectFile};

/// A file with debug information for another one.
pub(super) struct DebugFile {
    pub(super) object: ObjectFile,
    pub(super) facts: Facts,
    pub(super) path: PathBuf,
}

/// Where to look: first under the root of the recorded process (a container's), then under our own.
#[derive(Clone, Debug)]
pub(super) struct Places<'a> {
    /// `/proc/PID/root`, or empty.
    pub(super) root: &'a str,
    /// Path of the mapped file as its process saw it.
    pub(super) module: &'a Path,
    /// Directories of separate debug files, such as `/usr/lib/debug`.
    pub(super) debug_dirs: &'a [PathBuf],
}

impl Places<'_> {
    /// The roots, the first first; an empty one is our own.
    pub(super) fn roots(&self) -> impl Iterator<Item = &str> {
        [self.root, ""].into_iter().take(if self.root.is_empty() { 1 } else { 2 })
    }

    /// Absolute paths under each root.
    pub(super) fn under_roots(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        let at = |root: &str, path: &Path| {
            let mut whole = PathBuf::from(root);
            whole.push(path.strip_prefix("/").unwrap_or(path));
            if root.is_empty() { path.to_owned() } else { whole }
        };
        self.roots().flat_map(|root| paths.iter().map(move |p| at(root, p))).collect()
    }
}

/// The separate debug file of a file, by build id or by debug link.
pub(super) fn find(facts: &Facts, places: &Places<'_>) -> Option<DebugFile> {
    by_build_id(&facts.build_id, places).or_else(|| by_debug_link(facts, places))
}

/// The file that `debug` shares information with.
pub(super) fn find_supplement(
    debug: &Facts,
    debug_path: Option<&DebugFile>,
    places: &Places<'_>,
) -> Option<ObjectFile> {
    let (name, build_id) = debug.alt_link.as_ref()?;
    let name = Path::new(OsStr::from_bytes(name));
    let beside = debug_path.map_or(places.module, |d| &d.path).parent()?;
    // A path of our own file system needs no root put before it again.
    let mut candidates = vec![beside.join(name)];
    if name.is_absolute() {
        candidates = places.under_roots(&[name.to_owned()]);
    }
    let proven = |f: &DebugFile| !build_id.is_empty() && f.facts.build_id == *build_id;
    candidates
        .iter()
        .find_map(|p| open(p).filter(proven))
        .or_else(|| by_build_id(build_id, places))
        .map(|f| f.object)
}

fn by_build_id(build_id: &[u8], places: &Places<'_>) -> Option<DebugFile> {
    let (first, rest) = build_id.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let tail = format!(".build-id/{first:02x}/{}.debug", hex(rest));
    let paths: Vec<PathBuf> = places.debug_dirs.iter().map(|d| d.join(&tail)).collect();
    let belongs = |f: &DebugFile| f.facts.build_id == build_id && f.is_useful();
    places.under_roots(&paths).iter().find_map(|p| open(p).filter(belongs))
}

fn by_debug_link(facts: &Facts, places: &Places<'_>) -> Option<DebugFile> {
    let (name, crc) = facts.debug_link.as_ref()?;
    // A link is a bare file name; anything else would lead out of the directories it is looked for in.
    if name.is_empty() || name.contains(&b'/') || name.as_slice() == b".." {
        return None;
    }
    let name = Path::new(OsStr::from_bytes(name));
    let dir = places.module.parent()?;
    let mut paths = vec![dir.join(name), dir.join(".debug").join(name)];
    let below = dir.strip_prefix("/").unwrap_or(dir);
    paths.extend(places.debug_dirs.iter().map(|d| d.join(below).join(name)));
    let belongs = |f: &DebugFile| f.is_useful() && proven(f, &facts.build_id, *crc);
    places.under_roots(&paths).iter().find_map(|p| open(p).filter(belongs))
}

/// Equal build ids prove it; without them the checksum of the whole file must do.
fn proven(file: &DebugFile, build_id: &[u8], crc: u32) -> bool {
    if !build_id.is_empty() && !file.facts.build_id.is_empty() {
        return build_id == file.facts.build_id;
    }
    let mut sum = flate2::Crc::new();
    sum.update(file.object.bytes());
    sum.sum() == crc
}

impl DebugFile {
    fn is_useful(&self) -> bool {
        self.facts.has_dwarf || self.facts.has_symbol_table
    }
}

fn open(path: &Path) -> Option<DebugFile> {
    let object = ObjectFile::open(path).ok()?;
    let facts = Facts::read(&object.parse()?);
    Some(DebugFile { object, facts, path: path.to_owned() })
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
