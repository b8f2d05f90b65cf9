//! Which functions are of the program's own tree: neither the language's own library, nor installed packages, nor the system.
//!
//! Told by paths alone, so that a recording from another machine is told apart in the same way.

use std::collections::HashSet;

use crate::profile::model::{Function, Origin, Profile};

/// The functions of a profile by whether they are the project's.
pub(super) struct Project {
    /// By function id.
    pub(super) functions: Vec<bool>,
}

impl Project {
    pub(super) fn of(profile: &Profile) -> Self {
        let installed: HashSet<&str> =
            profile.functions.iter().filter_map(|f| library_prefix(profile.str(f.file))).collect();
        let mut functions: Vec<bool> =
            profile.functions.iter().map(|f| is_own(profile, f, &installed)).collect();
        // Code without a file, such as the methods of a dataclass, is where its module is.
        let modules: HashSet<&str> = (profile.functions.iter().zip(&functions))
            .filter(|(f, own)| **own && f.origin == Origin::Python)
            .map(|(f, _)| profile.module_path(f))
            .filter(|module| !module.is_empty())
            .collect();
        for (function, own) in profile.functions.iter().zip(&mut functions) {
            let made = function.origin == Origin::Python && profile.str(function.file).starts_with('<');
            let module = profile.module_path(function);
            *own |= made && (module == PROGRAM || modules.contains(module));
        }
        Self { functions }
    }
}

/// What a program given on the command line or from standard input calls itself.
const PROGRAM: &str = "__main__";
const PACKAGES: [&str; 2] = ["/site-packages/", "/dist-packages/"];
/// Where no program of one's own is. `/usr/src` and `/usr/local/src` have no libraries; nobody works there.
const SYSTEM: [&str; 8] =
    ["/usr/", "/lib/", "/lib64/", "/lib32/", "/bin/", "/sbin/", "/nix/store/", "/gnu/store/"];
/// Where compilers keep the sources of libraries.
const SOURCES: [&str; 5] =
    ["/rustc/", "/.cargo/registry/", "/.cargo/git/", "/.rustup/toolchains/", "/go/pkg/mod/"];

fn is_own(profile: &Profile, function: &Function, installed: &HashSet<&str>) -> bool {
    let (file, module) = (profile.str(function.file), profile.module_path(function));
    match function.origin {
        Origin::Python => {
            let script = file.rsplit_once("/bin/").filter(|(_, name)| !name.contains('/'));
            let is_installed = script.is_some_and(|(prefix, _)| installed.contains(prefix));
            !(file.is_empty() || file.starts_with('<') || is_library(file) || is_installed)
        }
        Origin::Native => {
            let name = module.rsplit('/').next().unwrap_or(module);
            let interpreter = ["python", "libpython"].iter().any(|known| name.starts_with(known));
            let elsewhere = |path: &str| SYSTEM.iter().any(|dir| path.starts_with(dir)) || is_library(path);
            let source = SOURCES.iter().any(|dir| file.contains(dir)) || file.starts_with("/usr/");
            !(module.is_empty() || module.starts_with('[') || interpreter || elsewhere(module) || source)
        }
        Origin::Kernel | Origin::Marker => false,
    }
}

/// Whether a path lies in Python's own library or among installed packages.
fn is_library(path: &str) -> bool {
    PACKAGES.iter().any(|dir| path.contains(dir)) || library_prefix(path).is_some() || is_zipped(path)
}

/// What stands before `/lib/python3.X/` of a path.
fn library_prefix(path: &str) -> Option<&str> {
    ["/lib/python3.", "/lib64/python3."].iter().find_map(|part| {
        let at = path.find(part)?;
        let version = path.get(at + part.len()..)?;
        let digits = version.find(|c: char| !c.is_ascii_digit())?;
        // `python3.13t` is another build of 3.13.
        let rest = version.get(digits..)?.trim_start_matches('t');
        (digits > 0 && rest.starts_with('/')).then(|| path.get(..at)).flatten()
    })
}

/// Whether a path lies in a library of one file, `python311.zip`.
fn is_zipped(path: &str) -> bool {
    path.split('/').any(|part| {
        let version = part.strip_prefix("python3").and_then(|rest| rest.strip_suffix(".zip"));
        version.is_some_and(|version| !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::model::{Builder, Language, Module, Recording};

    /// (origin, file, module) of functions, and whether they are the project's.
    fn own(functions: &[(Origin, &str, &str)]) -> Vec<bool> {
        let mut b = Builder::new();
        for (i, (origin, file, module)) in functions.iter().enumerate() {
            let (path, build_id) = (b.string(module), b.string(""));
            let module = (!module.is_empty()).then(|| b.module(Module { path, build_id }));
            let (name, file) = (b.string(&i.to_string()), b.string(file));
            b.function(Function {
                name,
                system_name: name,
                file,
                start_line: 1,
                module,
                origin: *origin,
                language: Language::Unknown,
            });
        }
        Project::of(&b.build(Recording::default())).functions
    }

    #[test]
    fn python_files_are_told_by_where_they_are() {
        use Origin::Python;
        let cases = [
            ("/home/a/shop/app.py", true),
            ("app.py", true),
            ("/home/a/lib/tools/b.py", true),
            ("/home/a/bin/report", true),
            ("/usr/lib/python3.11/json/decoder.py", false),
            ("/opt/py/lib/python3.13t/json/decoder.py", false),
            ("/usr/lib/python311.zip/json/decoder.py", false),
            ("/v/lib/python3.12/site-packages/streamlit/web/cli.py", false),
            ("/usr/lib/python3/dist-packages/yaml/__init__.py", false),
            ("/v/bin/streamlit", false),
            ("<frozen importlib._bootstrap>", false),
            ("<string>", false),
            ("", false),
        ];
        let functions = cases.map(|(file, _)| (Python, file, ""));
        assert_eq!(own(&functions), cases.map(|(_, own)| own));
    }

    #[test]
    fn code_without_a_file_is_where_its_module_is() {
        use Origin::Python;
        let functions = [
            (Python, "/home/a/shop.py", "shop"),
            (Python, "<string>", "shop"),
            (Python, "<string>", "numpy"),
            (Python, "<string>", "__main__"),
            (Python, "<template>", ""),
        ];
        assert_eq!(own(&functions), [true, true, false, true, false]);
    }

    #[test]
    fn native_code_is_told_by_its_file_and_its_source() {
        use Origin::{Kernel, Marker, Native};
        let functions = [
            (Native, "/home/a/src/main.rs", "/home/a/target/app"),
            (Native, "/rustc/0123/library/std/src/rt.rs", "/home/a/target/app"),
            (Native, "/root/.cargo/registry/src/x/serde/lib.rs", "/home/a/target/app"),
            (Native, "", "/usr/lib/libc.so.6"),
            (Native, "", "/home/a/.pyenv/versions/3.12.1/bin/python3.12"),
            (Native, "", "/v/lib/python3.12/site-packages/numpy/core.so"),
            (Native, "", "/home/a/shop/_fast.cpython-312-x86_64-linux-gnu.so"),
            (Kernel, "", "[kernel]"),
            (Marker, "", ""),
        ];
        assert_eq!(own(&functions), [true, false, false, false, false, false, true, false, false]);
    }
}
