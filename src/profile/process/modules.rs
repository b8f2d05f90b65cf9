//! Mapped files, opened when they are first seen, so that a program that is deleted or rebuilt meanwhile can still be named.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    sync::Arc,
};

use rustc_hash::FxHashMap;

use super::{elf::Elf, maps::parse_maps, memory};
use crate::profile::{
    raw::{FileState, ModuleFile},
    record::Mapping,
};

/// All files that were mapped, each once.
#[derive(Debug, Default)]
pub(super) struct Modules {
    files: Vec<Arc<ModuleFile>>,
    elves: Vec<Elf>,
    index: FxHashMap<Key, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    inode: Option<(u32, u32, u64)>,
    path: String,
}

impl Modules {
    /// The module of a mapping; `None` when there is no file behind it.
    pub(super) fn of(&mut self, mapping: &Mapping<'_>) -> Option<u32> {
        let path: &str = &mapping.path;
        if path != "[vdso]" && (!path.starts_with('/') || path.starts_with("//anon")) {
            return None;
        }
        let key = Key { inode: mapping.inode, path: path.to_owned() };
        if let Some(&id) = self.index.get(&key) {
            return Some(id);
        }
        let (mut file, elf) = if path == "[vdso]" { vdso() } else { open(mapping) };
        file.build_id.clone_from(&elf.build_id);
        let id = u32::try_from(self.files.len()).ok()?;
        self.files.push(Arc::new(file));
        self.elves.push(elf);
        self.index.insert(key, id);
        Some(id)
    }

    pub(super) fn elf(&self, id: u32) -> &Elf {
        &self.elves[id as usize]
    }

    /// All files so far, in the order of their numbers.
    pub(super) fn files(&self) -> &[Arc<ModuleFile>] {
        &self.files
    }

    /// The module's path as its process saw it.
    pub(super) fn path(&self, id: u32) -> &str {
        &self.files[id as usize].path
    }
}

/// Opens the file of a mapping, making sure that it is the one that was mapped and not one that has taken its name.
fn open(mapping: &Mapping<'_>) -> (ModuleFile, Elf) {
    let deleted = mapping.path.strip_suffix(" (deleted)");
    let path = deleted.unwrap_or(&mapping.path).to_owned();
    let root = format!("/proc/{}/root", mapping.pid);
    // Its own root first, for containers; ours for when the process has ended already. Then the links that lead to the
    // mapped file itself, whatever its name means by now.
    let end = mapping.start.wrapping_add(mapping.len);
    let by_name = [(format!("{root}{path}"), root.as_str(), true), (path.clone(), "", true)];
    let by_link = [
        (format!("/proc/{}/exe", mapping.pid), "", false),
        (format!("/proc/{}/map_files/{:x}-{end:x}", mapping.pid, mapping.start), "", false),
    ];
    // What stands under the name of a deleted file may have the same code and other names.
    let places = if deleted.is_some() { [&by_link, &by_name] } else { [&by_name, &by_link] };
    let mut state = FileState::Unreadable;
    let mut found = None;
    for (place, root, named) in places.into_iter().flatten() {
        let Ok(file) = open_for_reading(place) else { continue };
        // The inode number of a deleted file is soon that of its successor.
        let matches = if *named && deleted.is_some() { same_code } else { is_the_mapped };
        if matches(&file, mapping) {
            let state = if *named { FileState::Present } else { gone_state(&by_name[0].0, &by_name[1].0) };
            found = Some((file, (*root).to_owned(), state));
            break;
        }
        if *named {
            state = FileState::Replaced;
        }
    }
    if found.is_none() && state == FileState::Unreadable && deleted.is_some() {
        state = FileState::Deleted;
    }
    let elf = found.as_ref().and_then(|(file, ..)| Elf::read(file)).unwrap_or_default();
    let (file, root, state) = match found {
        Some((file, root, state)) => (Some(file), root, state),
        None => (None, String::new(), state),
    };
    (ModuleFile { path, root, file, state, image: None, build_id: Vec::new() }, elf)
}

/// Opens what may be anything by now: a pipe must not be waited for, nor a terminal become ours.
fn open_for_reading(place: &str) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(place)
}

fn gone_state(in_its_root: &str, in_ours: &str) -> FileState {
    let exists = |path: &str| std::fs::metadata(path).is_ok();
    if exists(in_its_root) || exists(in_ours) { FileState::Replaced } else { FileState::Deleted }
}

fn is_the_mapped(file: &File, mapping: &Mapping<'_>) -> bool {
    let Ok(meta) = file.metadata() else { return false };
    if !meta.is_file() {
        return false;
    }
    // Some file systems (overlay, btrfs) tell another device, and at times another inode, in mappings than in stat.
    mapping.inode.is_none_or(|(_, _, inode)| inode == 0 || inode == meta.ino()) || same_code(file, mapping)
}

/// Whether the process has in memory what the file has at that place.
fn same_code(file: &File, mapping: &Mapping<'_>) -> bool {
    const ENOUGH: u64 = 4 << 20;
    let len = mapping.len.min(ENOUGH) as usize;
    let (mut mapped, mut stored) = (vec![0; len], vec![0; len]);
    let Ok(n) = memory::read(mapping.pid, mapping.start, &mut mapped) else { return false };
    let Ok(m) = file.read_at(&mut stored, mapping.offset) else { return false };
    // The file may end before the mapping's last page does.
    n == len && m > 0 && mapped[..m] == stored[..m] && mapped[m..].iter().all(|&byte| byte == 0)
}

/// The kernel maps the same image into every process, so ours will do.
fn vdso() -> (ModuleFile, Elf) {
    let image = own_vdso();
    let elf = image.as_deref().and_then(Elf::of_image).unwrap_or_default();
    let file = ModuleFile {
        path: "[vdso]".to_owned(),
        root: String::new(),
        file: None,
        state: FileState::Virtual,
        image,
        build_id: Vec::new(),
    };
    (file, elf)
}

fn own_vdso() -> Option<Vec<u8>> {
    let mut text = String::new();
    File::open("/proc/self/maps").ok()?.read_to_string(&mut text).ok()?;
    let mapping = parse_maps(0, &text).into_iter().find(|mapping| mapping.path == "[vdso]")?;
    let mut image = vec![0; usize::try_from(mapping.len).ok().filter(|&len| len <= 1 << 20)?];
    File::open("/proc/self/mem").ok()?.read_exact_at(&mut image, mapping.start).ok()?;
    Some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vdso_has_code_and_unwind_information() {
        let (file, elf) = vdso();
        assert_eq!(file.state, FileState::Virtual);
        assert!(!elf.segments.is_empty());
        assert!(elf.unwind_info().eh_frame.is_some());
    }

    #[test]
    fn a_successor_of_the_mapped_file_is_not_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prog");
        std::fs::copy("/proc/self/exe", &path).unwrap();
        let inode = std::fs::metadata(&path).unwrap().ino();
        let mapping = |inode| Mapping {
            pid: std::process::id(),
            start: 0,
            len: 0x1000,
            offset: 0,
            inode: Some((0, 0, inode)),
            path: path.to_str().unwrap().into(),
        };
        let (file, elf) = open(&mapping(inode));
        assert_eq!(file.state, FileState::Present);
        assert!(!elf.segments.is_empty());
        let (file, elf) = open(&mapping(inode + 1_000_000));
        assert_eq!(file.state, FileState::Replaced);
        assert!(file.file.is_none() && elf.segments.is_empty());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(open(&mapping(inode)).0.state, FileState::Unreadable);
    }

    #[test]
    fn an_inode_number_that_was_used_again_proves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prog");
        std::fs::write(&path, "the successor").unwrap();
        let mapping = Mapping {
            pid: std::process::id(),
            start: 0,
            len: 0x1000,
            offset: 0,
            inode: Some((0, 0, std::fs::metadata(&path).unwrap().ino())),
            path: format!("{} (deleted)", path.display()).into(),
        };
        let (file, _) = open(&mapping);
        assert_eq!((file.state, file.file.is_none()), (FileState::Replaced, true));
    }

    #[test]
    fn a_pipe_under_the_name_of_a_mapped_file_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prog");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        let mapping = Mapping {
            pid: std::process::id(),
            start: 0,
            len: 0x1000,
            offset: 0,
            inode: Some((0, 0, 1)),
            path: path.to_str().unwrap().into(),
        };
        assert!(open(&mapping).0.file.is_none());
    }
}
