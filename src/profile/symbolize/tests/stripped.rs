//! What stripped programs still tell of themselves, and debug information that several programs share.

use std::collections::BTreeSet;

use super::*;

fn strip(dir: &Path) {
    run(dir, "strip", &["prog"]);
}

#[test]
fn a_stripped_programs_function_is_named_by_where_it_begins() {
    let Some(dir) = compile("cc", "inline.c", &["-O2"]) else { return };
    let program = dir.path().join("prog");
    let (outer, plain) = (symbol(&program, "outer"), symbol(&program, "plain"));
    strip(dir.path());
    let addresses = [outer.start, outer.start + 1, outer.end - 1, plain.start];
    let mut profile = resolve(module(&program), &nowhere(), addresses);
    profile.samples.sort_by_key(|sample| sample.count);
    let names = [plain.start, outer.start].map(|start| vec![format!("prog+{start:#x} :0")]);
    assert_eq!(shown(&profile), names);
    assert_eq!(profile.samples[1].count, 3, "one function");
}

#[test]
fn symbols_left_in_compressed_form_are_read() {
    let Some(dir) = compile("cc", "inline.c", &["-O2"]) else { return };
    let program = dir.path().join("prog");
    let (outer, plain) = (symbol(&program, "outer"), symbol(&program, "plain"));
    let here = dir.path();
    run(here, "objcopy", &["--only-keep-debug", "prog", "mini"]);
    run(here, "objcopy", &["--strip-all", "--keep-symbol=plain", "mini"]);
    if !run(here, "xz", &["mini"]) {
        return;
    }
    strip(here);
    run(here, "objcopy", &["--add-section", ".gnu_debugdata=mini.xz", "prog"]);
    let profile = resolve(module(&program), &nowhere(), [plain.start + 1]);
    assert_eq!(shown(&profile), [["plain :0"]]);
    assert!(profile.recording.notes[0].contains("has no debug information"), "{:?}", profile.recording.notes);
    let profile = resolve(module(&program), &nowhere(), [outer.start + 1]);
    assert_eq!(shown(&profile), [[format!("prog+{:#x} :0", outer.start)]], "it is not in there");
    std::fs::write(here.join("mini.xz"), "no xz at all").unwrap();
    run(here, "objcopy", &["--update-section", ".gnu_debugdata=mini.xz", "prog"]);
    let profile = resolve(module(&program), &nowhere(), [plain.start]);
    assert_eq!(shown(&profile), [[format!("prog+{:#x} :0", plain.start)]]);
}

#[test]
fn symbols_that_grow_beyond_measure_are_not_unpacked() {
    let dir = TempDir::new().unwrap();
    let zeros = vec![0; 1 << 20];
    std::fs::write(dir.path().join("zeros"), &zeros).unwrap();
    if !run(dir.path(), "xz", &["zeros"]) {
        return;
    }
    let packed = std::fs::read(dir.path().join("zeros.xz")).unwrap();
    assert_eq!(mini_debug_info::unpack(&packed, 1 << 20), Some(zeros));
    assert_eq!(mini_debug_info::unpack(&packed, (1 << 20) - 1), None);
    assert_eq!(mini_debug_info::unpack(&packed[..packed.len() / 2], 1 << 20), None);
}

/// Addresses of the stubs in a program by their names, as `objdump` has them.
fn stubs(dir: &Path) -> Vec<(u64, String)> {
    let out = Command::new("objdump").args(["-d", "prog"]).current_dir(dir).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let label = |line: &str| {
        let (address, name) = line.strip_suffix(">:")?.split_once(" <")?;
        name.ends_with("@plt").then(|| (u64::from_str_radix(address, 16).unwrap(), name.to_owned()))
    };
    text.lines().filter_map(label).collect()
}

#[test]
fn stubs_are_named_for_the_functions_that_they_call() {
    for flags in [
        &["-Wl,-z,lazy", "-fcf-protection=none"][..],
        &["-Wl,-z,now", "-fcf-protection=none"],
        &["-Wl,-z,ibtplt", "-fcf-protection=full"],
        &["-Wl,-z,lazy", "-no-pie"],
    ] {
        let Some(dir) = compile("cc", "calls.c", flags) else { return };
        let stubs = stubs(dir.path());
        let names: BTreeSet<&str> = stubs.iter().map(|(_, name)| name.as_str()).collect();
        assert!(
            ["srand@plt", "rand@plt", "getppid@plt", "atoi@plt"].iter().all(|n| names.contains(n)),
            "{names:?}"
        );
        for (address, name) in &stubs {
            // A jump begins at once or after one instruction; the next stub is 8 bytes away or more.
            for address in [*address, address + 4] {
                let profile = resolve(module(&dir.path().join("prog")), &nowhere(), [address]);
                assert_eq!(shown(&profile), [[format!("{name} :0")]], "{flags:?} {address:#x}");
            }
        }
    }
}

#[test]
fn debug_information_that_programs_share_is_read() {
    let Some(dir) = compile("c++", "dwz_one.cpp", &["-O2", "-g"]) else { return };
    let other = compile("c++", "dwz_two.cpp", &["-O2", "-g"]).unwrap();
    std::fs::copy(other.path().join("prog"), dir.path().join("other")).unwrap();
    let program = dir.path().join("prog");
    let (weigh, unpack) = (symbol(&program, "weigh_everything"), symbol(&program, "unpack_and_count"));
    if !run(dir.path(), "dwz", &["-m", "shared.debug", "-M", "shared.debug", "prog", "other"]) {
        return;
    }
    assert!(Facts::of(&program).alt_link.is_some(), "dwz has moved what both have");
    let lines = |symbol: &std::ops::Range<u64>| {
        let profile = resolve(module(&program), &nowhere(), [symbol.start]);
        shown(&profile)[0][0].clone()
    };
    assert_eq!(lines(&weigh), "warehouse::Shelf::weigh_everything(long) shared.hpp:8");
    assert_eq!(lines(&unpack), "warehouse::Box<long>::unpack_and_count(long) shared.hpp:18");
    std::fs::remove_file(dir.path().join("shared.debug")).unwrap();
    assert!(lines(&weigh).starts_with("warehouse::Shelf::weigh_everything(long)"), "{}", lines(&weigh));
}

/// The program's own `outer` and what was inlined into it, by all its addresses.
fn frames_of_outer(program: &Path) -> BTreeSet<String> {
    let profile = resolve(module(program), &nowhere(), symbol(program, "outer"));
    shown(&profile).into_iter().flatten().map(|frame| frame.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn units_that_were_split_off_are_read_if_they_are_the_programs() {
    // Debian 12's dwp knows nothing of DWARF 5.
    let Some(dir) = compile("cc", "inline.c", &["-gdwarf-4", "-gsplit-dwarf", "-O2"]) else { return };
    let program = dir.path().join("prog");
    let whole = ["inner (inlined) inline.c", "outer inline.c"].map(str::to_owned);
    assert!(
        whole.iter().all(|frame| frames_of_outer(&program).contains(frame)),
        "{:?}",
        frames_of_outer(&program)
    );
    if !run(dir.path(), "dwp", &["-e", "prog", "-o", "prog.dwp"]) {
        return;
    }
    let dwo = dir.path().join("prog-inline.dwo");
    std::fs::remove_file(&dwo).unwrap();
    assert!(whole.iter().all(|frame| frames_of_outer(&program).contains(frame)), "from the package");
    std::fs::remove_file(dir.path().join("prog.dwp")).unwrap();
    let other = compile("cc", "inline.c", &["-gdwarf-4", "-gsplit-dwarf", "-O1", "-DOTHER"]).unwrap();
    std::fs::copy(other.path().join("prog-inline.dwo"), &dwo).unwrap();
    let frames = frames_of_outer(&program);
    assert!(!frames.iter().any(|frame| frame.contains("inner")), "of another build: {frames:?}");
    assert!(frames.iter().all(|frame| frame.starts_with("outer")), "{frames:?}");
}

use object_file::Facts;
