//! What compilers of C, C++ and Rust make of names, lines and inlining.

use super::*;
use crate::profile::model::{Language, Origin};

#[test]
fn c_with_debug_information_has_names_files_and_lines() {
    let Some(dir) = compile("cc", "inline.c", &["-g", "-O0"]) else { return };
    let program = dir.path().join("prog");
    let profile = resolve(module(&program), &nowhere(), [symbol(&program, "plain").start]);
    assert_eq!(shown(&profile), [["plain inline.c:14"]]);
    let plain = named(&profile, "plain");
    assert_eq!(profile.str(plain.file), fixture("inline.c"));
    assert_eq!((plain.start_line, plain.language, plain.origin), (14, Language::C, Origin::Native));
    assert_eq!(profile.module_path(plain), program.to_str().unwrap());
    assert!(profile.recording.notes.is_empty());
}

#[test]
fn inlined_c_stands_inside_the_real_function() {
    for args in [&["-g", "-O2"][..], &["-gdwarf-4", "-O2"], &["-g", "-O2", "-gz"], &["-g", "-O2", "-static"]]
    {
        let Some(dir) = compile("cc", "inline.c", args) else { return };
        let program = dir.path().join("prog");
        let profile = resolve(module(&program), &nowhere(), symbol(&program, "outer"));
        let stacks = shown(&profile);
        assert!(stacks.iter().all(|s| s[0].starts_with("outer inline.c:1")), "{args:?} {stacks:?}");
        assert!(
            stacks.contains(&vec!["outer inline.c:11".into(), "inner (inlined) inline.c:6".into()]),
            "{args:?} {stacks:?}"
        );
        assert_eq!((named(&profile, "outer").start_line, named(&profile, "inner").start_line), (10, 4));
    }
}

#[test]
fn cold_parts_bear_the_name_of_their_function() {
    for debug in ["-g", "-g0"] {
        let Some(dir) = compile("cc", "cold.c", &["-O2", debug]) else { return };
        let program = dir.path().join("prog");
        let profile = resolve(module(&program), &nowhere(), [symbol(&program, "careful.cold").start]);
        let careful = named(&profile, "careful");
        assert_eq!(profile.str(careful.system_name), "careful.cold");
        assert_eq!(careful.start_line, if debug == "-g" { 10 } else { 0 });
    }
}

#[test]
fn cpp_names_are_demangled() {
    let Some(dir) = compile("g++", "shapes.cpp", &["-g", "-O1"]) else { return };
    let program = dir.path().join("prog");
    let starts = ["4area", "5twice", "ENKUl"].map(|s| symbol(&program, s).start);
    let profile = resolve(module(&program), &nowhere(), starts);
    let area = named(&profile, "geometry::Shape::area(int, int)");
    assert_eq!(profile.str(area.system_name), "_ZN8geometry5Shape4areaEii");
    assert_eq!((area.start_line, area.language), (6, Language::Cpp));
    assert_eq!(named(&profile, "geometry::twice<long>(long)").start_line, 12);
    assert!(
        profile.functions.iter().any(|f| profile.str(f.name).contains("lambda")),
        "{:?}",
        shown(&profile)
    );
}

#[test]
fn both_manglings_of_rust_are_demangled() {
    for mangling in ["legacy", "v0"] {
        for debug in ["line-tables-only", "2"] {
            rust(mangling, debug);
        }
    }
}

fn rust(mangling: &str, debug: &str) {
    let version = format!("-Csymbol-mangling-version={mangling}");
    let information = format!("-Cdebuginfo={debug}");
    // Choosing the legacy mangling by name is an unstable option.
    let args = [version.as_str(), &information, "-Zunstable-options", "-Copt-level=3", "--edition=2024"];
    let dir = TempDir::new().unwrap();
    let source = fixture("mangled.rs");
    let args = [&args[..], &[source.as_str(), "-o", "prog"]].concat();
    let out = match Command::new("rustc").args(&args).env("RUSTC_BOOTSTRAP", "1").current_dir(&dir).output() {
        Ok(out) => out,
        Err(_) => return,
    };
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let program = dir.path().join("prog");
    let walk = symbol(&program, "4walk");
    let profile = resolve(module(&program), &nowhere(), walk.chain([symbol(&program, "7generic").start]));
    let (walk, generic) = match mangling {
        "legacy" => ("mangled::deep::Tree::walk", "mangled::generic"),
        _ => ("<mangled::deep::Tree>::walk", "mangled::generic::<u32>"),
    };
    let walk = named(&profile, walk);
    let begins = if debug == "2" { [8, 24] } else { [0, 0] };
    assert_eq!((walk.start_line, walk.language), (begins[0], Language::Rust));
    assert_eq!(profile.str(walk.file), fixture("mangled.rs"));
    assert_eq!(named(&profile, generic).start_line, begins[1]);
    // With line tables only, the compiler writes no paths of inlined functions.
    let step = if debug == "2" { "mangled::deep::step" } else { "step" };
    let expected =
        ["mangled::deep::Tree::walk mangled.rs:9".to_owned(), format!("{step} (inlined) mangled.rs:1")];
    let expected = expected.map(|s| {
        if version.ends_with("v0") { s.replace("mangled::deep::Tree", "<mangled::deep::Tree>") } else { s }
    });
    let as_expected = |s: &Vec<String>| s.len() == 2 && s[0] == expected[0] && s[1].starts_with(&expected[1]);
    assert!(shown(&profile).iter().any(as_expected), "{mangling} {debug} {:?}", shown(&profile));
    assert!(
        shown(&profile)
            .iter()
            .flatten()
            .all(|f| !f.starts_with(&format!("{step} ")) || f.contains(" mangled.rs:"))
    );
}
