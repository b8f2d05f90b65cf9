//! What a foreign file does not say and names tell well enough.

use crate::profile::model::{Language, Origin, Profile};

/// Longest file name on Linux; what is longer is no path.
const MAX_NAME: usize = 255;

/// Where a function's code comes from, by its names.
pub(super) fn origin(name: &str, file: &str, module: &str) -> Origin {
    let bracketed = name.starts_with('[') && name.ends_with(']');
    if is_kernel(module) {
        Origin::Kernel
    } else if bracketed && file.is_empty() && module.is_empty() {
        Origin::Marker
    } else if file.ends_with(".py") {
        Origin::Python
    } else {
        Origin::Native
    }
}

fn is_kernel(module: &str) -> bool {
    let file = base(module);
    module.starts_with("[kernel") || file.starts_with("vmlinux") || file.ends_with(".ko")
}

/// What a function was written in, by its file and its mangled name.
pub(super) fn language(system_name: &str, file: &str) -> Language {
    let extension = base(file).rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "py" => Language::Python,
        "rs" => Language::Rust,
        "go" => Language::Go,
        "c" => Language::C,
        "cc" | "cpp" | "cxx" | "c++" | "C" | "hpp" | "hh" | "hxx" => Language::Cpp,
        _ if is_rust(system_name) => Language::Rust,
        _ if system_name.starts_with("_Z") => Language::Cpp,
        _ => Language::Unknown,
    }
}

/// The v0 mangling, or the older one: C++'s with a hash as its last part.
fn is_rust(system_name: &str) -> bool {
    let Some((rest, hash)) = system_name.rsplit_once("17h") else {
        return system_name.starts_with("_R");
    };
    let is_hash = hash.len() == 17 && hash.ends_with('E');
    rest.starts_with("_ZN") && is_hash && hash.bytes().take(16).all(|b| b.is_ascii_hexdigit())
}

/// Name of a function that no symbol covers.
pub(super) fn address_name(module: &str, offset: u64) -> String {
    match base(module) {
        "" if offset == 0 => "[unknown]".into(),
        "" => format!("{offset:#x}"),
        name => format!("{name}+{offset:#x}"),
    }
}

/// Last part of a path, cut where it is too long for one.
pub(super) fn base(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= MAX_NAME).last();
    name.get(..end.unwrap_or(0)).unwrap_or(name)
}

/// Says what can be told about a foreign recording once it is read.
pub(super) fn complete(profile: &mut Profile, backend: &str) {
    profile.recording.backend = backend.into();
    profile.recording.kernel_frames = profile.functions.iter().any(|f| f.origin == Origin::Kernel);
    profile.recording.kernel_time = profile.recording.kernel_frames;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_by_file_and_module() {
        for (name, file, module, expected) in [
            ("main.main", "/src/main.go", "/bin/x", Origin::Native),
            ("work", "app/work.py", "", Origin::Python),
            ("do_syscall_64", "", "[kernel.kallsyms]", Origin::Kernel),
            ("ext4_read", "", "/lib/modules/6.1/ext4.ko", Origin::Kernel),
            ("[truncated]", "", "", Origin::Marker),
            ("[libc.so.6]", "", "/lib/libc.so.6", Origin::Native),
        ] {
            assert_eq!(origin(name, file, module), expected, "{name}");
        }
    }

    #[test]
    fn languages_are_told_by_extension_and_mangling() {
        for (system_name, file, expected) in [
            ("main.main", "/src/main.go", Language::Go),
            ("_RNvC4demo4main", "", Language::Rust),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "", Language::Rust),
            ("_ZNSt6vectorIiE17h_not_a_hashE", "", Language::Cpp),
            ("_Z3foov", "", Language::Cpp),
            ("qsort", "msort.c", Language::C),
            ("qsort", "", Language::Unknown),
        ] {
            assert_eq!(language(system_name, file), expected, "{system_name} {file}");
        }
    }

    #[test]
    fn an_address_is_named_after_its_module() {
        assert_eq!(address_name("/lib/libc.so.6", 0x1f), "libc.so.6+0x1f");
        assert_eq!(address_name("", 0x1f), "0x1f");
        assert_eq!(address_name("", 0), "[unknown]");
        assert_eq!(address_name(&"é".repeat(1000), 1).len(), 254 + 4);
    }
}
