//! Files that lie.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;

/// A small real program and a few addresses of it.
fn victim() -> &'static Option<(Vec<u8>, Vec<u64>)> {
    static VICTIM: OnceLock<Option<(Vec<u8>, Vec<u64>)>> = OnceLock::new();
    VICTIM.get_or_init(|| {
        let dir = compile("cc", "inline.c", &["-g", "-O2"])?;
        let program = dir.path().join("prog");
        let addresses = ["outer", "plain", "main"].iter().flat_map(|s| symbol(&program, s)).collect();
        Some((std::fs::read(&program).unwrap(), addresses))
    })
}

fn resolve_image(image: Vec<u8>, addresses: &[u64]) -> Profile {
    let image = ModuleFile {
        path: "/prog".into(),
        root: String::new(),
        file: None,
        state: FileState::Present,
        image: Some(image),
        build_id: Vec::new(),
    };
    resolve(image, &nowhere(), addresses.iter().copied())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_bits_never_panic_and_no_sample_is_lost(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
        cut in any::<prop::sample::Index>(),
        cuts: bool,
    ) {
        let Some((bytes, addresses)) = victim() else { return Ok(()) };
        let mut image = bytes.clone();
        for (place, value) in &flips {
            *place.get_mut(&mut image) = *value;
        }
        if cuts {
            image.truncate(cut.index(image.len()));
        }
        let profile = resolve_image(image, addresses);
        prop_assert_eq!(profile.sample_count(), addresses.len() as u64);
    }

    #[test]
    fn garbage_is_shown_as_addresses(mut bytes: Vec<u8>, elf: bool, address: u64) {
        if elf {
            bytes.splice(..0, *b"\x7fELF\x02\x01\x01");
        }
        prop_assert_eq!(shown(&resolve_image(bytes, &[address])), [[format!("prog+{address:#x} :0")]]);
    }
}

#[test]
fn addresses_outside_of_code_have_no_names() {
    let Some((bytes, _)) = victim() else { return };
    for address in [0, 1, 0x10, u64::MAX] {
        assert_eq!(shown(&resolve_image(bytes.clone(), &[address])), [[format!("prog+{address:#x} :0")]]);
    }
}

#[test]
fn a_fifo_in_place_of_a_debug_file_does_not_block() {
    let Some(dir) = compile("cc", "inline.c", &["-g", "-O2", "-Wl,--build-id=none"]) else { return };
    let path = dir.path();
    let plain = symbol(&path.join("prog"), "plain").start;
    if !run(path, "objcopy", &["--only-keep-debug", "prog", "prog.debug"]) {
        return;
    }
    run(path, "objcopy", &["--strip-all", "--add-gnu-debuglink=prog.debug", "prog"]);
    std::fs::remove_file(path.join("prog.debug")).unwrap();
    run(path, "mkfifo", &["prog.debug"]);
    let profile = resolve(module(&path.join("prog")), &nowhere(), [plain]);
    assert_eq!(shown(&profile), [[format!("prog+{plain:#x} :0")]]);
}

#[test]
fn names_that_are_no_text_are_escaped() {
    let Some((bytes, addresses)) = victim() else { return };
    let mut image = bytes.clone();
    let places: Vec<usize> = (0..image.len() - 6).filter(|&i| image[i..].starts_with(b"plain\0")).collect();
    places.iter().for_each(|&i| image[i] = 0xff);
    let profile = resolve_image(image, addresses);
    named(&profile, "\\xfflain");
}
