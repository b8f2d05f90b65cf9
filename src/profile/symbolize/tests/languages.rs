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
    for args in [&["-g", "-O2"][..], &["-gdwarf-4", "-O2"], &["-g", "-O2", "-gz"], &["-g", "-O2", "-static"]] {
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
    assert!(profile.functions.iter().any(|f| profile.str(f.name).contains("lambda")), "{:?}", shown(&profile));
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
    let mangling = format!("-Csymbol-mangling-version={mangling}");
    let debug = format!("-Cdebuginfo={debug}");
    // Only the nightly compiler still knows the legacy mangling.
    let args = [mangling.as_str(), &debug, "-Zunstable-options", "-Copt-level=3", "--edition=2024"];
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
    let walk = named(&profile, "<mangled::deep::Tree>::walk".trim_matches('x'));
    assert_eq!((walk.start_line, walk.language), (8, Language::Rust));
    named(&profile, "mangled::generic::<u32>");
    let step = shown(&profile).into_iter().find(|s| s.len() > 1 && s[1].starts_with("mangled::deep::step"));
    assert!(step.is_some_and(|s| s[1].contains(" (inlined) mangled.rs:1")), "{:?}", shown(&profile));
}
