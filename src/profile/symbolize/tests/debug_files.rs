//! Stripped programs, and debug information that was split off.

use super::*;

/// A program whose debug information is in `prog.debug` beside it, linked by name, and the address of `plain`.
fn split(link: &str) -> Option<(TempDir, u64)> {
    let dir = compile("cc", "inline.c", &["-g", "-O2", link])?;
    let path = dir.path();
    let plain = symbol(&path.join("prog"), "plain").start;
    run(path, "objcopy", &["--only-keep-debug", "prog", "prog.debug"]).then_some(())?;
    run(path, "objcopy", &["--strip-all", "--add-gnu-debuglink=prog.debug", "prog"]);
    Some((dir, plain))
}

const BUILD_ID: &str = "-Wl,--build-id=sha1";
const NO_BUILD_ID: &str = "-Wl,--build-id=none";

fn names_plain(profile: &Profile) -> bool {
    shown(profile) == [["plain inline.c:15"]] || shown(profile) == [["plain inline.c:14"]]
}

fn is_nameless(profile: &Profile, address: u64) -> bool {
    shown(profile) == [[format!("prog+{address:#x} :0")]]
}

#[test]
fn a_stripped_program_shows_addresses_and_says_why() {
    let Some(dir) = compile("cc", "inline.c", &["-O2", "-s"]) else { return };
    let program = dir.path().join("prog");
    let text = Facts::of(&program).code[0].start;
    let profile = resolve(module(&program), &nowhere(), [text]);
    assert!(is_nameless(&profile, text), "{:?}", shown(&profile));
    let path = program.display();
    assert_eq!(
        profile.recording.notes,
        [format!(
            "`{path}` is stripped: functions that it does not export are shown as addresses; compile it with `-g` and do \
             not strip it (for Rust: `debug = \"line-tables-only\"`, `strip = false`)"
        )]
    );
}

#[test]
fn a_program_without_debug_information_is_named_by_its_symbols() {
    let Some(dir) = compile("cc", "inline.c", &["-O2"]) else { return };
    let program = dir.path().join("prog");
    let plain = symbol(&program, "plain");
    let profile = resolve(module(&program), &nowhere(), [plain.start, plain.end - 1]);
    assert_eq!(shown(&profile), [["plain :0"]], "one function, one frame");
    assert_eq!(profile.samples[0].count, 2);
    assert_eq!(
        profile.recording.notes,
        [format!(
            "`{}` has no debug information: lines and inlined calls are missing; compile it with `-g`",
            program.display()
        )]
    );
}

#[test]
fn a_linked_debug_file_is_found_in_its_three_places() {
    let Some((dir, plain)) = split(NO_BUILD_ID) else { return };
    let program = dir.path().join("prog");
    let found = |options: &Options| names_plain(&resolve(module(&program), options, [plain]));
    assert!(found(&nowhere()), "beside it");
    std::fs::create_dir(dir.path().join(".debug")).unwrap();
    std::fs::rename(dir.path().join("prog.debug"), dir.path().join(".debug/prog.debug")).unwrap();
    assert!(found(&nowhere()), "in .debug");
    let global = dir.path().join("global");
    let below = global.join(dir.path().strip_prefix("/").unwrap());
    std::fs::create_dir_all(&below).unwrap();
    std::fs::rename(dir.path().join(".debug/prog.debug"), below.join("prog.debug")).unwrap();
    assert!(!found(&nowhere()));
    assert!(found(&Options { debug_dirs: vec![global], ..nowhere() }), "in the global directory");
}

#[test]
fn a_debug_file_of_another_build_is_refused() {
    for link in [BUILD_ID, NO_BUILD_ID] {
        let Some((dir, plain)) = split(link) else { return };
        let other = compile("cc", "cold.c", &["-g", link]).unwrap();
        std::fs::copy(other.path().join("prog"), dir.path().join("prog.debug")).unwrap();
        let profile = resolve(module(&dir.path().join("prog")), &nowhere(), [plain]);
        assert!(is_nameless(&profile, plain), "{link}");
    }
}

#[test]
fn a_debug_file_is_found_by_build_id_first_under_the_process_root() {
    let Some((dir, plain)) = split(BUILD_ID) else { return };
    let id = debug_file::hex(&Facts::of(&dir.path().join("prog")).build_id);
    let container = dir.path().join("container");
    let place = container.join("usr/lib/debug/.build-id").join(&id[..2]);
    std::fs::create_dir_all(&place).unwrap();
    std::fs::rename(dir.path().join("prog.debug"), place.join(format!("{}.debug", &id[2..]))).unwrap();
    let in_container = |root: &Path| ModuleFile {
        path: "/app/prog".into(),
        root: root.to_str().unwrap().to_owned(),
        ..module(&dir.path().join("prog"))
    };
    let options = Options { debug_dirs: vec!["/usr/lib/debug".into()], ..nowhere() };
    assert!(names_plain(&resolve(in_container(&container), &options, [plain])));
    assert!(is_nameless(&resolve(in_container(dir.path()), &options, [plain]), plain));
    let own = Options { debug_dirs: vec![container.join("usr/lib/debug")], ..nowhere() };
    assert!(names_plain(&resolve(in_container(Path::new("")), &own, [plain])), "under our own root");
}

#[test]
fn a_file_that_was_replaced_is_named_from_what_is_still_open() {
    let Some(dir) = compile("cc", "inline.c", &["-g", "-O2"]) else { return };
    let program = dir.path().join("prog");
    let plain = symbol(&program, "plain").start;
    let build_id = Facts::of(&program).build_id;
    let old = ModuleFile { state: FileState::Replaced, build_id: build_id.clone(), ..module(&program) };
    std::fs::remove_file(&program).unwrap();
    let successor = compile("cc", "cold.c", &["-g"]).unwrap();
    std::fs::copy(successor.path().join("prog"), &program).unwrap();
    let profile = resolve(old, &nowhere(), [plain]);
    assert!(names_plain(&profile));
    let path = profile.module_path(named(&profile, "plain"));
    assert_eq!(path, format!("{} (replaced)", program.display()));
    let wrong = ModuleFile { build_id, ..module(&program) };
    assert!(is_nameless(&resolve(wrong, &nowhere(), [plain]), plain), "the successor names nothing");
}

#[test]
fn a_file_rewritten_in_place_gives_no_more_names() {
    let Some(dir) = compile("cc", "inline.c", &["-g", "-O2"]) else { return };
    let program = dir.path().join("prog");
    let (plain, outer) = (symbol(&program, "plain").start, symbol(&program, "outer").start);
    let mut symbolizer = Symbolizer::new(nowhere());
    let first = symbolizer.symbolize(&recording(vec![module(&program)], &[&[at(plain)]]), &Silent);
    assert!(names_plain(&first));
    File::options().write(true).open(&program).unwrap().set_len(600).unwrap();
    let raw = recording(vec![module(&program)], &[&[at(plain)], &[at(outer)]]);
    let second = symbolizer.symbolize(&raw, &Silent);
    let expected = [shown(&first)[0].clone(), vec![format!("prog+{outer:#x} :0")]];
    assert_eq!(shown(&second), expected, "what was resolved before stays");
    assert!(
        second.recording.notes[0].contains("changed since it was mapped"),
        "{:?}",
        second.recording.notes
    );
}

impl object_file::Facts {
    pub(super) fn of(path: &Path) -> Self {
        let object = object_file::ObjectFile::open(path).unwrap();
        Self::read(&object.parse().unwrap())
    }
}

use object_file::Facts;
